"""Search: faceted questions on each engine against the bare engine, and what a rebuild costs.

    python -m bench.search [documents] [texts.jsonl]

Documents are recombined from real ones: the first half of one patent title and the last of another
(the patents of the sample market, or titles of `texts.jsonl`), and a summary of three sentences
from three texts (members `abstract` or `title`); IPC, field, region, maturity and price are drawn
by a fixed seed. A question is the first two words of a title that are no stop words, with one
filter and all counts; every tenth is without words. Each is asked through our engine and directly,
every other time directly first, after a round that is not measured.

The bare Meilisearch is asked over plain HTTP with the same parameters; the bare embedded engine is
the statements that our engine has sent, by psycopg. Meilisearch is measured where
TECHMARKET_TEST_MEILISEARCH_URL (and _KEY) is set. The figures of 10,000 documents come first; the
growth is p95 against them. Peak memory is that of this process during the whole rebuild, which
streams.
"""

import asyncio
import os
import random
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import psycopg
from meilisearch_python_sdk.models.search import SearchParams
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.kit.db import make_engine, make_sessions
from bench.harness import figure, own_mib, say, scratch_database
from search.definition import definition
from search.embedded import EmbeddedEngine
from search.meilisearch import MeilisearchEngine, connected
from search.meilisearch_wire import Strategy, asked
from search.protocol import Document, Engine, Facet, Query, Sort
from search.words import plain_words

SMALL = 10_000
DOCUMENTS = 1_000_000
BATCH = 2_000
QUESTIONS = 150
PATENTS = Path(__file__).parents[1] / "app/sample/data/patents.jsonl"
FIELDS = ("new_materials", "new_energy_efficiency", "electronic_information", "biology_medicine")
REGIONS = ("110108", "310115", "440305", "320505", "510107", "420111")
PUBLIC = frozenset({"public"})
DAY = 86_400


@dataclass(frozen=True)
class Texts:
    """What documents are recombined from."""

    titles: list[str]
    sentences: list[str]
    ipc: list[str]


def texts(file: str) -> Texts:
    """The texts of the sample market, and those of a file."""
    patents = [orjson.loads(line) for line in PATENTS.read_bytes().splitlines()]
    more = [orjson.loads(line) for line in Path(file).read_bytes().splitlines()] if file else []
    titles = [one["title"] for one in (*patents, *more)]
    bodies = [one.get("abstract") or one["title"] for one in (more or patents)]
    sentences = [part for body in bodies for part in body.replace(";", "。").split("。") if part]
    ipc = [symbol for one in patents for symbol in one.get("ipc", ["H01M"])]
    return Texts(titles, sentences, ipc)


def documents(known: Texts, count: int) -> Iterator[list[Document]]:
    """So many documents, some at a time; the same for every engine."""
    chance = random.Random(1)
    batch: list[Document] = []
    for number in range(count):
        batch.append(recombined(known, chance, number))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def recombined(known: Texts, chance: random.Random, number: int) -> Document:
    """One document."""
    first, last = chance.choice(known.titles), chance.choice(known.titles)
    symbol = chance.choice(known.ipc).replace(" ", "")
    region = chance.choice(REGIONS)
    price = int(10 ** chance.uniform(6, 10))
    return Document(
        id=f"achievement-{number:08d}",
        version=1,
        kind=chance.choice(("achievement", "listing", "demand")),
        title=first[: len(first) // 2] + last[len(last) // 2 :],
        summary="。".join(chance.choice(known.sentences) for _ in range(3)),
        facets={
            "field": (chance.choice(FIELDS),),
            "ipc": (symbol[:1], symbol[:3], symbol[:4]),
            "region": (region[:2] + "0000", region),
            "maturity": (str(chance.randint(1, 9)),),
            "price_band": (f"band_{len(str(price))}",),
            "stage": (chance.choice(("published", "closed", "awarded")),),
        },
        price_fen=price,
        published_at=number * 60,
        closes_at=number * 60 + 30 * DAY,
    )


def questions(known: Texts) -> list[Query]:
    """Faceted questions of people."""
    chance = random.Random(2)
    stops = definition().lexicon.stop_words
    found = []
    for number in range(QUESTIONS):
        title = plain_words(chance.choice(known.titles))
        words = [one for one in title if len(one) > 1 and one not in stops] or ["电池"]
        found.append(
            Query(
                audiences=PUBLIC,
                text="" if number % 10 == 9 else " ".join(words[:2]),
                narrowed={"field": (chance.choice(FIELDS),)},
                facets=tuple(facet.value for facet in Facet),
                sort=Sort.PRICE if number % 5 == 4 else Sort.RELEVANCE,
            )
        )
    return found


Ask = Callable[[Query], Awaitable[None]]


@dataclass(frozen=True)
class Bare:
    """An engine asked directly. `learn` comes after our engine has asked the same, `ask` later."""

    learn: Ask
    ask: Ask


class Recorder:
    """The statements of the last transaction, with their values."""

    def __init__(self, made: AsyncEngine) -> None:
        self.sent: list[tuple[str, Any]] = []
        event.listen(made.sync_engine, "begin", self._forget)
        event.listen(made.sync_engine, "before_cursor_execute", self._note)

    def _forget(self, _: object) -> None:
        self.sent.clear()

    def _note(self, _c: object, _k: object, statement: str, values: Any, *_: object) -> None:
        self.sent.append((statement, values))


@asynccontextmanager
async def bare_postgres(url: str, recorder: Recorder) -> AsyncIterator[Bare]:
    """The statements that the embedded engine has just sent, asked of PostgreSQL directly."""
    known: dict[int, list[tuple[str, Any]]] = {}
    async with await psycopg.AsyncConnection.connect(url) as connection:

        async def ask(query: Query) -> None:
            for statement, values in known[id(query)]:
                cursor = await connection.execute(statement, values)
                await cursor.fetchall()
            await connection.commit()

        async def learn(query: Query) -> None:
            known[id(query)] = list(recorder.sent)
            await ask(query)

        yield Bare(learn, ask)


@asynccontextmanager
async def bare_meilisearch(url: str, key: str, uid: str) -> AsyncIterator[Bare]:
    """Meilisearch by plain HTTP."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    headers["content-type"] = "application/json"
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:

        async def ask(query: Query) -> None:
            strategies: tuple[Strategy, ...] = ("all", "frequency")
            for strategy in strategies:
                body = {"queries": [sent(one) for one in asked(uid, query, strategy)]}
                answer = await client.post("/multi-search", content=orjson.dumps(body))
                answer.raise_for_status()
                if orjson.loads(answer.content)["results"][0]["hits"] or not query.text:
                    return

        yield Bare(ask, ask)


def sent(one: SearchParams) -> dict[str, Any]:
    """A question as it goes to the server."""
    return one.model_dump(by_alias=True, exclude_none=True)


class Peak:
    """The largest resident memory of this process while it runs, sampled in a thread."""

    def __enter__(self) -> "Peak":
        self.mib = own_mib()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            self.mib = max(self.mib, own_mib())


async def rebuilt(engine: Engine, known: Texts, count: int) -> None:
    """Make the index anew with so many documents, and say what it took."""
    started = time.monotonic()
    with Peak() as peak:
        async with engine.rebuilding() as index:
            for batch in documents(known, count):
                await index.write(batch)
    seconds = time.monotonic() - started
    segmented = await asyncio.to_thread(segmenting_rate, known)
    figure(
        f"{engine.name}: indexing at {count:,}",
        count / seconds,
        "documents/s",
        baseline=("making and segmenting documents alone", segmented),
        peak_mib=peak.mib,
    )


def segmenting_rate(known: Texts) -> float:
    """Documents a second that one core makes and segments."""
    started = time.monotonic()
    batch = next(documents(known, BATCH))
    for one in batch:
        plain_words(one.title + one.summary)
    return len(batch) / (time.monotonic() - started)


async def measured(engine: Engine, bare: Bare, wanted: Sequence[Query], count: int) -> float:
    """Ask every question both ways, each first in turn, after a round that is not measured; gives
    our p95 in ms."""
    ours: list[float] = []
    theirs: list[float] = []
    for query in wanted:
        await engine.search(query)
        await bare.learn(query)
    for number, query in enumerate(wanted):
        if number % 2:
            theirs.append(await taken(bare.ask, query))
        ours.append(await taken(engine.search, query))
        if not number % 2:
            theirs.append(await taken(bare.ask, query))
    for share in (0.5, 0.95):
        figure(
            f"{engine.name}: faceted question at {count:,}, p{share * 100:.0f}",
            percentile(ours, share),
            "ms",
            baseline=("bare engine", percentile(theirs, share)),
            higher_is_better=False,
        )
    return percentile(ours, 0.95)


async def taken(ask: Callable[[Query], Awaitable[object]], query: Query) -> float:
    """How long an answer takes, in ms."""
    started = time.monotonic()
    await ask(query)
    return (time.monotonic() - started) * 1000


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


async def both_sizes(engine: Engine, bare: Bare, known: Texts, count: int) -> None:
    """Measure at 10,000 documents and at `count`."""
    wanted = questions(known)
    small = 0.0
    for size in dict.fromkeys((min(SMALL, count), count)):
        await rebuilt(engine, known, size)
        p95 = await measured(engine, bare, wanted, size)
        if small:
            figure(
                f"{engine.name}: p95 from {SMALL:,} to {size:,}",
                p95,
                "ms",
                baseline=(f"p95 at {SMALL:,}", small),
                higher_is_better=False,
            )
        small = small or p95


async def main(url: str, count: int, known: Texts) -> None:
    """Measure every engine that is there."""
    made = make_engine(url, pool_size=4)
    try:
        async with bare_postgres(url, Recorder(made)) as bare:
            embedded = EmbeddedEngine(make_sessions(made), definition())
            await both_sizes(embedded, bare, known, count)
    finally:
        await made.dispose()
    server = os.environ.get("TECHMARKET_TEST_MEILISEARCH_URL", "")
    if not server:
        say("Meilisearch is not measured: TECHMARKET_TEST_MEILISEARCH_URL is not set")
        return
    key = os.environ.get("TECHMARKET_TEST_MEILISEARCH_KEY", "")
    uid = f"bench_{uuid4().hex[:8]}"
    async with connected(server, key) as client, bare_meilisearch(server, key, uid) as bare:
        engine = MeilisearchEngine(client, uid, definition())
        try:
            await both_sizes(engine, bare, known, count)
        finally:
            await engine.erase()


def arguments(given: list[str]) -> tuple[int, str]:
    """How many documents, and the file of texts."""
    return int(given[0]) if given else DOCUMENTS, given[1] if len(given) > 1 else ""


if __name__ == "__main__":
    wanted, more = arguments(sys.argv[1:])
    with scratch_database() as address:
        asyncio.run(main(address, wanted, texts(more)))
