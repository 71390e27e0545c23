"""The embedded engine: PostgreSQL's full-text index over segmented words, ranked by BM25.

Its tables are in the schema `search` of the market's own database: `document` with the words of
each text as a tsvector (title A, keywords B, summary C, pinyin of the title D), and `term` with
how many documents have each word. PostgreSQL finds; the ranking is BM25 over the words of what was
found (ts_rank knows no rarity of words). A rebuild fills tables beside them and renames.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import TextClause
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from search import embedded_sql as sql
from search.definition import Definition
from search.protocol import (
    Answer,
    Difference,
    Document,
    EngineUnavailable,
    Hit,
    Query,
    Ranked,
    RankQuery,
    Sort,
)
from search.words import Slot, folded, is_han, pinyin, spans, words

PINYIN = "~"
"""Stands before pinyin among the words, so that it is no word of a text."""
READ_BATCH = 5000
_PLACES = 16000
_NEXT = "_next"


class EmbeddedIndex:
    """One pair of tables; `suffix` tells those that are being built from those that answer."""

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], definition: Definition, suffix: str = ""
    ) -> None:
        self._sessions = sessions
        self._definition = definition
        self._suffix = suffix

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncSession]:
        try:
            async with self._sessions() as session, session.begin():
                yield session
        except (DBAPIError, PoolTimeout, OSError) as error:
            raise EngineUnavailable(str(error)) from error

    async def write(self, documents: Sequence[Document]) -> None:
        """See `protocol.Index.write`."""
        newest: dict[str, Document] = {}
        for document in documents:
            known = newest.get(document.id)
            if known is None or known.version <= document.version:
                newest[document.id] = document
        rows = [row(newest[one]) for one in sorted(newest)]
        if not rows:
            return
        async with self._begin() as session:
            columns = {name: [one[name] for one in rows] for name in rows[0]}
            if not self._suffix:
                await session.execute(sql.count_out(self._suffix), {"ids": columns["id"]})
            await session.execute(sql.write(self._suffix), columns)
            if not self._suffix:
                await session.execute(sql.count_in(self._suffix), {"ids": columns["id"]})

    async def delete(self, ids: Sequence[str]) -> None:
        """See `protocol.Index.delete`."""
        if not ids:
            return
        async with self._begin() as session:
            if not self._suffix:
                await session.execute(sql.count_out(self._suffix), {"ids": list(ids)})
            await session.execute(sql.delete(self._suffix), {"ids": list(ids)})

    async def search(self, query: Query) -> Answer:
        """See `protocol.Index.search`."""
        slots = self._definition.lexicon.slots(folded(query.text))
        async with self._begin() as session:
            await session.execute(sql.TUNED)
            found = await self._found(session, query, slots, "&")
            if found.total == 0 and len(slots) > 1:
                found = await self._found(session, query, slots, "|")
        return found

    async def _found(
        self, session: AsyncSession, query: Query, slots: Sequence[Slot], between: str
    ) -> Answer:
        asked = _asked(self._definition, self._suffix, query, slots, between)
        rows = (await session.execute(asked.page, asked.values)).all()
        total = await session.scalar(asked.total, asked.values)
        facets: dict[str, dict[str, int]] = {name: {} for name in query.facets}
        if query.facets:
            for name, value, count in await session.execute(asked.facets, asked.values):
                facets[name][value] = count
        wanted = [word for slot in slots for way in slot.alternatives for word in way]
        hits = (
            Hit(
                one.id,
                one.score,
                one.digest,
                {"title": spans(one.title, wanted), "summary": spans(one.summary, wanted)},
            )
            for one in rows
        )
        return Answer(tuple(hits), int(total or 0), facets)

    async def rank(self, query: RankQuery) -> list[Ranked]:
        """See `protocol.Index.rank`."""
        chosen = self._definition
        counts = chosen.lexicon.weighed(query.title, query.text, chosen.title_weight)
        if not counts:
            return []
        narrowed = sql.narrowed(query)
        async with self._begin() as session:
            await session.execute(sql.TUNED)
            telling = (
                await session.execute(
                    sql.telling(self._suffix),
                    {
                        "words": list(counts),
                        "counts": list(counts.values()),
                        "most": chosen.rank_words,
                    },
                )
            ).all()
            values = narrowed.values | {
                "words": [one.word for one in telling],
                "counts": [one.count for one in telling],
                "limit": query.limit,
            }
            conditions = narrowed.conditions
            if query.pool is None:
                values["asked"] = " | ".join(
                    _quoted(one.word) for one in _rarest(telling, chosen.candidates)
                )
                values["candidates"] = chosen.candidates
                conditions = (*conditions, "terms @@ CAST(:asked AS tsquery)")
                if not values["asked"]:
                    return []
            statement = sql.rank(self._suffix, tuple(conditions), limited=query.pool is None)
            rows = (await session.execute(statement, values | dict(chosen.weights))).all()
        return [Ranked(one.id, one.score, _parts(one.words, one.parts)) for one in rows]

    async def suggest(self, query: Query) -> list[str]:
        """See `protocol.Index.suggest`."""
        typed = folded(query.text)
        chosen = sql.narrowed(query)
        asked = " & ".join(_typed(word) for word in _typed_words(typed))
        if not asked:
            return []
        values = chosen.values | {"asked": asked, "start": typed.strip(), "limit": query.limit}
        async with self._begin() as session:
            rows = await session.execute(sql.suggest(self._suffix, chosen.conditions), values)
            return list(rows.scalars())

    async def digests(self) -> AsyncIterator[tuple[str, str]]:
        """See `protocol.Index.digests`."""
        after = ""
        while True:
            async with self._begin() as session:
                rows = (
                    await session.execute(
                        sql.digests(self._suffix), {"after": after, "limit": READ_BATCH}
                    )
                ).all()
            for one in rows:
                yield one.id, one.digest
            if len(rows) < READ_BATCH:
                return
            after = rows[-1].id

    async def count(self) -> int:
        """See `protocol.Index.count`."""
        async with self._begin() as session:
            return int(await session.scalar(sql.count(self._suffix)) or 0)


class SessionIndex(EmbeddedIndex):
    """The index that answers, asked within the transaction of a caller."""

    def __init__(self, session: AsyncSession, definition: Definition) -> None:
        self._session = session
        self._definition = definition
        self._suffix = ""

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncSession]:
        yield self._session


class EmbeddedEngine(EmbeddedIndex):
    """See `protocol.Engine`."""

    name = "embedded"

    async def differences(self) -> list[Difference]:
        """See `protocol.Engine.differences`."""
        async with self._begin() as session:
            stored = await session.scalar(sql.comment())
        present = orjson.loads(stored) if stored else {}
        wanted = settings_of(self._definition)
        named = wanted if len(present) > 1 else ("version",)
        return [
            Difference(name, present.get(name), wanted[name])
            for name in named
            if present.get(name) != wanted[name]
        ]

    @asynccontextmanager
    async def rebuilding(self) -> AsyncIterator[EmbeddedIndex]:
        """See `protocol.Engine.rebuilding`."""
        async with self._building(_NEXT) as index:
            yield index
            async with self._begin() as session:
                for statement in sql.finish(_NEXT):
                    await session.execute(statement)
                comment = orjson.dumps(settings_of(self._definition)).decode()
                await session.execute(sql.describe(_NEXT, comment))
            async with self._begin() as session:
                for statement in sql.swap(_NEXT):
                    await session.execute(statement)

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[EmbeddedIndex]:
        """See `protocol.Engine.scratch`."""
        async with self._building("_scratch") as index:
            async with self._begin() as session:
                for statement in sql.finish("_scratch"):
                    await session.execute(statement)
            yield ScratchIndex(self._sessions, self._definition, "_scratch")
            del index

    @asynccontextmanager
    async def _building(self, suffix: str) -> AsyncIterator[EmbeddedIndex]:
        async with self._begin() as session:
            for statement in (*sql.drop(suffix), *sql.create(suffix)):
                await session.execute(statement)
        try:
            yield EmbeddedIndex(self._sessions, self._definition, suffix)
        finally:
            async with self._begin() as session:
                for statement in sql.drop(suffix):
                    await session.execute(statement)


class ScratchIndex(EmbeddedIndex):
    """An index for measurements; the words are counted after every write."""

    async def write(self, documents: Sequence[Document]) -> None:
        """See `protocol.Index.write`."""
        await super().write(documents)
        async with self._begin() as session:
            for statement in sql.recount(self._suffix):
                await session.execute(statement)


def settings_of(definition: Definition) -> dict[str, Any]:
    """What of the definition this engine's tables depend on, as it is stored with them."""
    return {
        "version": definition.version,
        "weights": definition.weights,
        "filterable": list(definition.filterable),
        "sortable": list(definition.sortable),
        "synonyms": [list(group) for group in definition.synonyms],
        "stop_words": list(definition.stop_words),
    }


def row(document: Document) -> dict[str, Any]:
    """A document as a row of the table."""
    terms: list[str] = []
    at = 0
    for weight, part in (
        ("A", document.title),
        ("B", "\n".join(document.keywords)),
        ("C", document.summary),
    ):
        for word in words(folded(part)):
            at = min(at + 1, _PLACES)
            terms.append(f"{_quoted(word)}:{at}{weight}")
    length = len(terms)
    terms += [f"{_quoted(PINYIN + one)}:{_PLACES}D" for one in pinyin(folded(document.title))]
    return {
        "id": document.id,
        "version": document.version,
        "audience": str(document.audience),
        "digest": document.digest,
        "title": document.title,
        "summary": document.summary,
        "facets": "\n".join(
            f"{name}:{value}"
            for name, values in {"kind": (str(document.kind),), **document.facets}.items()
            for value in values
        ),
        "price_fen": document.price_fen,
        "published_at": document.published_at,
        "closes_at": document.closes_at,
        "length": length,
        "terms": " ".join(terms),
    }


@dataclass(frozen=True)
class _Asked:
    """A person's question as statements, and their values."""

    page: TextClause
    total: TextClause
    facets: TextClause
    values: dict[str, Any]


def _asked(
    definition: Definition, suffix: str, query: Query, slots: Sequence[Slot], between: str
) -> _Asked:
    chosen = sql.narrowed(query)
    conditions = chosen.conditions
    values = chosen.values | {
        "offset": query.offset,
        "limit": query.limit,
        "facets": list(query.facets),
    }
    if slots:
        conditions = (*conditions, "terms @@ CAST(:asked AS tsquery)")
        values["asked"] = f" {between} ".join(_expression(slot) for slot in slots)
    relevance = bool(slots) and query.sort == Sort.RELEVANCE
    if relevance:
        wanted = [word for slot in slots for way in slot.alternatives for word in way]
        values |= {"words": wanted, "counts": [1.0] * len(wanted)} | definition.weights
    return _Asked(
        sql.search(suffix, conditions, query.sort, relevance),
        sql.total(suffix, conditions),
        sql.facets(suffix, conditions),
        values,
    )


def settled_question(
    definition: Definition, query: Query
) -> list[tuple[TextClause, dict[str, Any]]]:
    """The statements that answer a question, for those who measure PostgreSQL without us."""
    slots = definition.lexicon.slots(folded(query.text))
    asked = _asked(definition, "", query, slots, "&")
    return [
        (sql.TUNED, {}),
        *((one, asked.values) for one in (asked.page, asked.total, asked.facets)),
    ]


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _expression(slot: Slot) -> str:
    ways = [" & ".join(_word(word) for word in way) for way in slot.alternatives]
    return "(" + " | ".join(f"({way})" for way in ways) + ")"


def _word(word: str) -> str:
    """A word, and the beginnings of longer ones that it may be: of letters, also as pinyin."""
    if is_han(word) or len(word) < 2:
        return f"{_quoted(word)}:*" if len(word) == 1 else _quoted(word)
    if word.isascii() and word.isalpha():
        return f"({_quoted(word)}:* | {_quoted(PINYIN + word)}:*)"
    return f"{_quoted(word)}:*"


def _typed_words(typed: str) -> list[str]:
    return words(typed)[:8]


def _typed(word: str) -> str:
    if word.isascii() and word.isalpha():
        return f"({_quoted(word)}:*A | {_quoted(PINYIN + word)}:*D)"
    return f"{_quoted(word)}:*A"


def _rarest(telling: Sequence[Any], budget: int) -> list[Any]:
    """The rarest words until their documents together reach the budget; three at least."""
    chosen: list[Any] = []
    together = 0
    for one in sorted(telling, key=lambda one: (one.documents, one.word)):
        together += one.documents
        if together > budget and len(chosen) >= 3:
            break
        chosen.append(one)
    return chosen


def _parts(found: Sequence[str], parts: Sequence[float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(zip(found, parts, strict=True), key=lambda pair: (-pair[1], pair[0])))
