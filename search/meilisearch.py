"""The Meilisearch engine: the official data model by an asynchronous client.

Texts are handed over folded (`search.words`), with our own segmentation beside them in `words`, so
that both engines find by the same words. Nothing but this process speaks to the server: the asker's
audience is a filter of every question.

Meilisearch reads ten words of a question. A long text is therefore ranked by many small questions,
one for each of its telling words, sent as one; rare words count for more. The server says which
documents have a word and not how often: those that look best are read and weighed by BM25 here.
"""

import math
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import uuid4

import httpx2
from meilisearch_python_sdk import AsyncClient
from meilisearch_python_sdk.errors import MeilisearchApiError, MeilisearchError
from meilisearch_python_sdk.models.search import SearchParams, SearchResults
from meilisearch_python_sdk.models.settings import MeilisearchSettings

from search.definition import Definition
from search.protocol import (
    MAX_HITS,
    Answer,
    Difference,
    Document,
    EngineRefused,
    EngineUnavailable,
    Facet,
    Hit,
    Query,
    Ranked,
    RankQuery,
    Sort,
    Spans,
)
from search.words import folded, joined, pinyin, words

TIMEOUT_S = 10
TASK_TIMEOUT_MS = 600_000
TASK_PAUSE_MS = 20
TASKS_UNDER_WAY = 8
READ_BATCH = 5000
MAX_FACET_VALUES = 300
KNOWN_WORDS = 200_000
LEADING_WORDS = 32
HITS_OF_A_WORD = 300
WEIGHED = 300
"""A long text finds documents by so many words, so many for each, and so many are weighed."""
PRICE_VALUES = ("price_fen", "closes_at")
_SORTS = {
    Sort.RELEVANCE: None,
    Sort.NEWEST: ["published_at:desc", "id:asc"],
    Sort.PRICE: ["price_fen:asc", "id:asc"],
    Sort.PRICE_DOWN: ["price_fen:desc", "id:asc"],
    Sort.CLOSING: ["closes_at:asc", "id:asc"],
}


@contextmanager
def _translated() -> Iterator[None]:
    """The client's errors as those of the protocol."""
    try:
        yield
    except MeilisearchApiError as error:
        if error.status_code >= 500 or error.code == "index_not_found":
            raise EngineUnavailable(str(error)) from error
        raise EngineRefused(str(error)) from error
    except (MeilisearchError, httpx2.HTTPError, OSError) as error:
        raise EngineUnavailable(str(error)) from error


class MeilisearchIndex:
    """One index of a server."""

    def __init__(
        self, client: AsyncClient, uid: str, definition: Definition, *, bulk: bool = False
    ) -> None:
        self._client = client
        self._uid = uid
        self._index = client.index(uid)
        self._definition = definition
        self._bulk = bulk
        self._under_way: list[int] = []
        self._counted: dict[str, int] = {}
        self._counted_of = -1

    async def write(self, documents: Sequence[Document]) -> None:
        """See `protocol.Index.write`; an index that is being built does not wait for every task."""
        newest: dict[str, Document] = {}
        for document in documents:
            known = newest.get(document.id)
            if known is None or known.version <= document.version:
                newest[document.id] = document
        if not newest:
            return
        with _translated():
            if not self._bulk:
                for one in await self._versions(list(newest)):
                    if one["version"] > newest[one["id"]].version:
                        del newest[one["id"]]
            if newest:
                rows = [row(one) for one in newest.values()]
                task = await self._index.add_documents(rows, primary_key="id")
                await self._done(task.task_uid)

    async def _versions(self, ids: list[str]) -> list[dict[str, Any]]:
        try:
            found = await self._index.get_documents(
                ids=ids, fields=["id", "version"], limit=len(ids)
            )
        except MeilisearchApiError as error:
            if error.code == "index_not_found":
                raise EngineUnavailable(f"there is no index {self._uid}") from error
            raise
        return list(found.results)

    async def delete(self, ids: Sequence[str]) -> None:
        """See `protocol.Index.delete`."""
        if ids:
            with _translated():
                await self._done((await self._index.delete_documents(list(ids))).task_uid)

    async def _done(self, task: int) -> None:
        self._under_way.append(task)
        while len(self._under_way) > (TASKS_UNDER_WAY if self._bulk else 0):
            await finished(self._client, self._under_way.pop(0))

    async def settled(self) -> None:
        """Wait for every task that was given."""
        with _translated():
            while self._under_way:
                await finished(self._client, self._under_way.pop(0))

    async def search(self, query: Query) -> Answer:
        """See `protocol.Index.search`."""
        found = await self._search(query, "all")
        if not found.hits and query.offset == 0 and len(words(folded(query.text))) > 1:
            found = await self._search(query, "frequency")
        facets: dict[str, dict[str, int]] = {}
        for name in query.facets:
            counted = (found.facet_distribution or {}).get(name, {})
            ordered = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
            facets[name] = dict(ordered)
        return Answer(
            hits=tuple(_hit(one) for one in found.hits),
            total=found.estimated_total_hits or 0,
            facets=facets,
        )

    async def _search(self, query: Query, strategy: Any) -> SearchResults[Any]:
        with _translated():
            return await self._index.search(**parameters(query), matching_strategy=strategy)

    async def rank(self, query: RankQuery) -> list[Ranked]:
        """See `protocol.Index.rank`."""
        chosen = self._definition
        counts = chosen.lexicon.weighed(query.title, query.text, chosen.title_weight)
        if not counts or query.pool == ():
            return []
        with _translated():
            documents = await self._count()
            weights = await self._weights(counts, documents)
            telling = sorted(weights, key=lambda word: (-weights[word], word))[: chosen.rank_words]
            candidates = await self._candidates(query, {one: weights[one] for one in telling})
            found = await self._read(candidates)
        average = sum(map(len, found.values())) / max(len(found), 1)
        ranked = [
            Ranked(one, sum(part for _, part in parts), parts)
            for one, held in found.items()
            if (parts := _parts(weights, held, average))
        ]
        return sorted(ranked, key=lambda one: (-one.score, one.id))[: query.limit]

    async def _candidates(self, query: RankQuery, weights: dict[str, float]) -> list[str]:
        """The documents with the most telling words; all of a pool that have one."""
        conditions = narrowed(query)
        pooled = query.pool is not None
        asked = list(weights) if pooled else list(weights)[:LEADING_WORDS]
        most = min(len(query.pool or ()), MAX_HITS) if pooled else HITS_OF_A_WORD
        answers = await self._client.multi_search(
            [self._question(word, conditions, most) for word in asked]
        )
        assert isinstance(answers, list)
        scores: dict[str, float] = {}
        for word, answer in zip(asked, answers, strict=True):
            for hit in answer.hits:
                scores[hit["id"]] = scores.get(hit["id"], 0.0) + weights[word]
        best = sorted(scores, key=lambda one: (-scores[one], one))
        return best[: MAX_HITS if pooled else max(WEIGHED, query.limit)]

    async def _read(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """The words of these documents, as often as they occur."""
        if not ids:
            return {}
        found = await self._index.get_documents(
            ids=list(ids), fields=["id", "words"], limit=len(ids)
        )
        return {one["id"]: one["words"].split() for one in found.results}

    async def _weights(self, counts: dict[str, float], documents: int) -> dict[str, float]:
        """The words that any document has, by how often they are asked times how rare they are."""
        held = await self._holding(list(counts), documents)
        return {
            word: counts[word] * math.log(1 + max(documents - found + 0.5, 0.1) / (found + 0.5))
            for word, found in held.items()
            if found
        }

    async def _holding(self, asked: list[str], documents: int) -> dict[str, int]:
        """How many documents have each word; known numbers serve until a hundredth has changed."""
        changed = abs(documents - self._counted_of) * 100 > documents
        if changed or len(self._counted) > KNOWN_WORDS:
            self._counted, self._counted_of = {}, documents
        missing = [word for word in asked if word not in self._counted]
        if missing:
            answers = await self._client.multi_search(
                [self._question(word, None, 0) for word in missing]
            )
            assert isinstance(answers, list)
            for word, answer in zip(missing, answers, strict=True):
                self._counted[word] = answer.estimated_total_hits or 0
        return {word: self._counted[word] for word in asked}

    def _question(self, word: str, conditions: list[Any] | None, limit: int) -> SearchParams:
        quoted = word.replace('"', " ")
        return SearchParams(
            index_uid=self._uid,
            q=f'"{quoted}"',
            limit=limit,
            filter=conditions,
            attributes_to_retrieve=["id"],
            attributes_to_search_on=["words"],
            matching_strategy="all",
        )

    async def suggest(self, query: Query) -> list[str]:
        """See `protocol.Index.suggest`."""
        if not folded(query.text).strip():
            return []
        with _translated():
            found = await self._index.search(
                folded(query.text),
                limit=query.limit * 3,
                filter=narrowed(query),
                attributes_to_retrieve=["id", "title"],
                attributes_to_search_on=["title", "pinyin"],
                matching_strategy="all",
            )
        first: dict[str, str] = {}
        for one in found.hits:
            first.setdefault(one["title"], one["id"])
        return list(first.values())[: query.limit]

    async def digests(self) -> AsyncIterator[tuple[str, str]]:
        """See `protocol.Index.digests`; the server does not page by a key, so all are gathered."""
        found: dict[str, str] = {}
        offset = 0
        while True:
            with _translated():
                page = await self._index.get_documents(
                    fields=["id", "digest"], offset=offset, limit=READ_BATCH
                )
            found.update((one["id"], one.get("digest", "")) for one in page.results)
            offset += READ_BATCH
            if len(page.results) < READ_BATCH:
                break
        for one in sorted(found):
            yield one, found[one]

    async def count(self) -> int:
        """See `protocol.Index.count`."""
        with _translated():
            return await self._count()

    async def _count(self) -> int:
        return int((await self._index.get_stats()).number_of_documents)


class MeilisearchEngine(MeilisearchIndex):
    """See `protocol.Engine`."""

    name = "meilisearch"

    def __init__(self, client: AsyncClient, uid: str, definition: Definition) -> None:
        super().__init__(client, uid, definition)

    async def failed_tasks(self) -> list[str]:
        """Why the last tasks that failed did so, the newest first."""
        with _translated():
            found = await self._client.get_tasks(
                index_ids=[self._uid], statuses=["failed"], limit=5
            )
        return [
            f"task {one.uid} {one.task_type}: {(one.error or {}).get('message')}"
            for one in found.results
        ]

    async def erase(self) -> None:
        """Take the index away; it is made again by a rebuild."""
        with _translated():
            await self._client.delete_index_if_exists(self._uid)

    async def _exists(self) -> bool:
        try:
            await self._index.fetch_info()
        except MeilisearchApiError as error:
            if error.code != "index_not_found":
                raise
            return False
        return True

    async def differences(self) -> list[Difference]:
        """See `protocol.Engine.differences`."""
        wanted = settings_of(self._definition)
        with _translated():
            if not await self._exists():
                return [Difference("index", None, self._uid)]
            present = (await self._index.get_settings()).model_dump(by_alias=True)
        return [
            Difference(name, present.get(name), value)
            for name, value in wanted.items()
            if not _equal(present.get(name), value)
        ]

    @asynccontextmanager
    async def rebuilding(self) -> AsyncIterator[MeilisearchIndex]:
        """See `protocol.Engine.rebuilding`."""
        async with self._building(f"{self._uid}_next") as index:
            yield index
            await index.settled()
            with _translated():
                if not await self._exists():
                    await self._client.create_index(self._uid, "id")
                swapped = await self._client.swap_indexes([(self._uid, f"{self._uid}_next")])
                await finished(self._client, swapped.task_uid)

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[MeilisearchIndex]:
        """See `protocol.Engine.scratch`."""
        async with self._building(f"{self._uid}_scratch_{uuid4().hex[:8]}") as index:
            yield MeilisearchIndex(self._client, index._uid, self._definition)

    @asynccontextmanager
    async def _building(self, uid: str) -> AsyncIterator[MeilisearchIndex]:
        with _translated():
            await self._client.delete_index_if_exists(uid)
            made = await self._client.create_index(uid, "id")
            settings = MeilisearchSettings.model_validate(settings_of(self._definition))
            await finished(self._client, (await made.update_settings(settings)).task_uid)
        try:
            yield MeilisearchIndex(self._client, uid, self._definition, bulk=True)
        finally:
            with _translated():
                await self._client.delete_index_if_exists(uid)


def connected(url: str, key: str) -> AsyncClient:
    """A client of the server at this address; it connects with the first question."""
    return AsyncClient(url, key or None, timeout=TIMEOUT_S)


async def finished(client: AsyncClient, task: int) -> None:
    """Wait for a task; raises EngineRefused if it failed."""
    result = await client.wait_for_task(
        task, timeout_in_ms=TASK_TIMEOUT_MS, interval_in_ms=TASK_PAUSE_MS
    )
    if result.status != "succeeded":
        reason = (result.error or {}).get("message", result.status)
        raise EngineRefused(f"task {task} {result.task_type}: {reason}")


def settings_of(definition: Definition) -> dict[str, Any]:
    """The definition as the server's settings."""
    return {
        "searchableAttributes": list(definition.searchable),
        "filterableAttributes": list(definition.filterable),
        "sortableAttributes": list(definition.sortable),
        "rankingRules": list(definition.ranking_rules),
        "stopWords": sorted(definition.stop_words),
        "synonyms": {one: sorted(others) for one, others in definition.lexicon.synonyms().items()},
        "typoTolerance": {
            "enabled": definition.typo.enabled,
            "minWordSizeForTypos": {
                "oneTypo": definition.typo.one_from,
                "twoTypos": definition.typo.two_from,
            },
            "disableOnAttributes": sorted(definition.typo.not_on),
        },
        "faceting": {"maxValuesPerFacet": MAX_FACET_VALUES, "sortFacetValuesBy": {"*": "count"}},
        "pagination": {"maxTotalHits": MAX_HITS},
        "localizedAttributes": [{"attributePatterns": ["*"], "locales": ["cmn", "eng"]}],
    }


def row(document: Document) -> dict[str, Any]:
    """A document as the server keeps it."""
    texts = [folded(part) for part in (document.title, *document.keywords, document.summary)]
    found = [word for part in texts for word in words(part)]
    made: dict[str, Any] = {
        "id": document.id,
        "version": document.version,
        "digest": document.digest,
        "kind": str(document.kind),
        "audience": str(document.audience),
        "title": texts[0],
        "keywords": texts[1:-1],
        "summary": texts[-1],
        "pinyin": pinyin(texts[0]),
        "words": " ".join(found),
        "published_at": document.published_at,
    }
    made |= {name: list(values) for name, values in document.facets.items()}
    for name in PRICE_VALUES:
        if (value := getattr(document, name)) is not None:
            made[name] = value
    return made


def narrowed(query: Query | RankQuery) -> list[Any]:
    """What a question is narrowed to, as the server's filter."""
    conditions: list[Any] = [_one_of("audience", sorted(query.audiences))]
    for name, wanted in sorted(query.narrowed.items()):
        conditions.append(_one_of(Facet(name).value, wanted))
    ids = query.pool if isinstance(query, RankQuery) else query.ids
    if ids is not None:
        conditions.append(_one_of("id", ids))
    if isinstance(query, Query):
        for name, operator, value in (
            ("price_fen", ">=", query.price_min_fen),
            ("price_fen", "<=", query.price_max_fen),
            ("published_at", ">=", query.published_after),
        ):
            if value is not None:
                conditions.append(f"{name} {operator} {value}")
    return conditions


def _one_of(name: str, values: Sequence[str]) -> str:
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return f"{name} IN [{', '.join(f'{chr(34)}{value}{chr(34)}' for value in quoted)}]"


def parameters(query: Query) -> dict[str, Any]:
    """A person's question as the server takes it."""
    return {
        "query": folded(query.text),
        "offset": query.offset,
        "limit": query.limit,
        "filter": narrowed(query),
        "facets": list(query.facets) or None,
        "sort": _SORTS[query.sort],
        "attributes_to_retrieve": ["id", "digest", "title", "summary"],
        "show_matches_position": True,
        "show_ranking_score": True,
    }


def _hit(found: dict[str, Any]) -> Hit:
    places = found.get("_matchesPosition") or {}
    return Hit(
        id=found["id"],
        score=found.get("_rankingScore") or 0.0,
        digest=found["digest"],
        spans={
            name: _spans(found.get(name) or "", places.get(name)) for name in ("title", "summary")
        },
    )


def _spans(shown: str, places: list[dict[str, Any]] | None) -> Spans:
    """Places in bytes as places in characters."""
    if not places:
        return ()
    raw = shown.encode()
    marked = []
    for place in places:
        start = len(raw[: place["start"]].decode(errors="ignore"))
        length = len(raw[place["start"] : place["start"] + place["length"]].decode(errors="ignore"))
        marked.append((start, start + length))
    return joined(marked)


def _parts(
    weights: dict[str, float], held: list[str], average: float
) -> tuple[tuple[str, float], ...]:
    """What each word adds by BM25: for being there, less for every further time, and less in a
    long document, which has many words by chance."""
    times = Counter(word for word in held if word in weights)
    longer = 1.2 * (0.25 + 0.75 * len(held) / max(average, 1.0))
    parts = [(word, weights[word] * 2.2 * n / (n + longer)) for word, n in times.items()]
    return tuple(sorted(parts, key=lambda one: (-one[1], one[0])))


def _equal(present: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return (
            isinstance(present, dict)
            and all(_equal(present.get(name), value) for name, value in wanted.items())
            and (not wanted or set(present) <= set(wanted) | _OPTIONAL)
        )
    if isinstance(wanted, list) and wanted and isinstance(wanted[0], str):
        return isinstance(present, list) and (
            present == wanted or sorted(map(str, present)) == sorted(wanted)
        )
    return bool(present == wanted)


_OPTIONAL = {"disableOnWords", "disableOnNumbers"}
