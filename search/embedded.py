"""The embedded engine: PostgreSQL's full-text index over segmented words, ranked by our own score.

Its tables are in the schema `search` of the market's own database: `document` with the words of
each text as a tsvector (title A, keywords B, summary C, pinyin of the title D), `term` with how
many documents have each word, `facet_set` and `bits` for the counts. PostgreSQL finds; the score is
how often a word occurs, levelled off and weighed by field (`ts_rank` of that word alone), times how
rare the word is, over the document's length: ts_rank itself knows no rarity of words. A rebuild
fills tables beside them and renames.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
from sqlalchemy import TextClause
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from search import embedded_questions as questions
from search import embedded_sql as sql
from search.definition import Definition, counted
from search.embedded_questions import Narrowed, Weighed
from search.embedded_rows import FACETS, PINYIN, quoted, row, set_rows
from search.embedded_words import (
    buckets,
    expression,
    expression_of,
    parts_of,
    rarest,
    rarity,
    telling_words,
    typed_expression,
    typed_words,
    words_of,
)
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
from search.typos import Slips, sounding, within
from search.words import Slot, folded, spans

READ_BATCH = 5000
SCRATCH_ANALYZED = 500
"""A scratch index of so many new documents is looked at anew by the planner."""
MOST_NEAR = 3
"""A word that nothing has may be so many others that are a slip away."""
MOST_BEGINNING = 5000
_NEXT = "_next"
_Columns = dict[str, list[Any]]


class EmbeddedIndex:
    """One set of tables; `suffix` tells those that are being built from those that answer."""

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
        await self._store(*self._prepared(documents))

    def _prepared(self, documents: Sequence[Document]) -> tuple[_Columns, _Columns]:
        """Rows and sets of values, as columns."""
        newest: dict[str, Document] = {}
        for document in documents:
            known = newest.get(document.id)
            if known is None or known.version <= document.version:
                newest[document.id] = document
        rows = [row(newest[one]) for one in sorted(newest)]
        names = rows[0] if rows else ()
        columns = {name: [one[name] for one in rows] for name in names}
        return columns, set_rows(newest.values(), self._definition)

    async def _store(self, columns: _Columns, sets: _Columns) -> None:
        if not columns:
            return
        async with self._begin() as session:
            await session.execute(sql.write_sets(self._suffix), sets)
            await self._replace(session, columns)

    async def _replace(self, session: AsyncSession, columns: _Columns) -> None:
        for statement in sql.count_out(self._suffix):
            await session.execute(statement, {"ids": columns["id"]})
        await session.execute(sql.write(self._suffix), columns)
        for statement in sql.count_in(self._suffix):
            await session.execute(statement, {"ids": columns["id"]})

    async def delete(self, ids: Sequence[str]) -> None:
        """See `protocol.Index.delete`."""
        if not ids:
            return
        async with self._begin() as session:
            await self._take_away(session, list(ids))

    async def _take_away(self, session: AsyncSession, ids: list[str]) -> None:
        for statement in sql.count_out(self._suffix):
            await session.execute(statement, {"ids": ids})
        await session.execute(sql.delete(self._suffix), {"ids": ids})

    async def search(self, query: Query) -> Answer:
        """See `protocol.Index.search`."""
        slots = self._definition.lexicon.slots(folded(query.text))
        async with self._begin() as session:
            await session.execute(questions.TUNED)
            chosen = await self._narrowed(session, query)
            if not slots and not chosen.conditions[1:]:
                return await self._browsed(session, query, chosen)
            found = await self._found(session, query, chosen, slots, "&")
            if found.total == 0 and slots:
                corrected = await self._corrected(session, slots)
                if corrected != slots:
                    found = await self._found(session, query, chosen, corrected, "&")
            if found.total == 0 and len(slots) > 1:
                found = await self._found(session, query, chosen, slots, "|")
        return found

    async def _narrowed(self, session: AsyncSession, query: Query | RankQuery) -> Narrowed:
        pairs = [(name, value) for name, wanted in query.narrowed.items() for value in wanted]
        sets: dict[str, list[int]] = {}
        if pairs:
            asked = {"names": [name for name, _ in pairs], "wanted": [value for _, value in pairs]}
            for name, number in await session.execute(questions.set_numbers(self._suffix), asked):
                sets.setdefault(name, []).append(number)
        return questions.narrowed(query, sets)

    async def _found(
        self,
        session: AsyncSession,
        query: Query,
        chosen: Narrowed,
        slots: Sequence[Slot],
        between: str,
    ) -> Answer:
        wanted = words_of(slots)
        scored: list[Weighed] = []
        if slots and query.sort == Sort.RELEVANCE:
            scored = await self._weighed(session, wanted)
        statement, values = _asked(self._suffix, query, chosen, slots, between, scored)
        values |= questions.scoring(scored, self._definition.weights) if scored else {}
        hits, counts, total = (await session.execute(statement, values)).one()
        return _answer(query, [tuple(one) for one in hits], counts, total, wanted)

    async def _weighed(self, session: AsyncSession, wanted: Sequence[str]) -> list[Weighed]:
        documents = await self._documents(session, wanted)
        return [
            Weighed(one, expression_of(one), rarity(documents[""], documents.get(one, 0)))
            for one in wanted
        ]

    async def _documents(self, session: AsyncSession, wanted: Sequence[str]) -> dict[str, int]:
        rows = await session.execute(questions.known(self._suffix), {"words": ["", *wanted]})
        return {"": 0} | {one.word: one.documents for one in rows}

    async def _browsed(self, session: AsyncSession, query: Query, chosen: Narrowed) -> Answer:
        """What answers a question without words."""
        levels = self._definition.counted
        stored = frozenset(
            name
            for name in chosen.filters
            if len(counted(levels, name, query.narrowed[name])) == len(query.narrowed[name])
        )
        values = chosen.values | {"offset": query.offset, "limit": query.limit}
        page = questions.browse(self._suffix, chosen.passing, query.sort)
        hits = (await session.execute(page, values)).all()
        counts = questions.browse_counts(self._suffix, chosen.filters, stored, _facets(query))
        (_, _, total), *counted_values = (await session.execute(counts, values)).all()
        return _answer(query, hits, counted_values, total, ())

    async def _corrected(self, session: AsyncSession, slots: Sequence[Slot]) -> list[Slot]:
        """The question with words that are a slip away, and Chinese ones that sound the same."""
        result: list[Slot] = []
        for slot in sounding(slots, PINYIN):
            ways = list(slot.alternatives)
            for way in slot.alternatives:
                for slips in Slips.of(way[0] if len(way) == 1 else "", self._definition.typo):
                    ways += [(one,) for one in await self._near(session, slips)]
            result.append(Slot(tuple(dict.fromkeys(ways))))
        return result

    async def _near(self, session: AsyncSession, slips: Slips) -> list[str]:
        rows = await session.execute(
            questions.beginning(self._suffix),
            {
                "start": slips.word[0],
                "end": slips.word[0] + "\uffff",
                "shortest": len(slips.word) - slips.most,
                "longest": len(slips.word) + slips.most,
                "most": MOST_BEGINNING,
            },
        )
        near = [
            (distance, -documents, word)
            for word, documents in rows
            if (distance := within(slips.word, word, slips.most)) is not None
        ]
        return [word for _, _, word in sorted(near)[:MOST_NEAR]]

    async def rank(self, query: RankQuery) -> list[Ranked]:
        """See `protocol.Index.rank`."""
        chosen = self._definition
        counts = chosen.lexicon.weighed(query.title, query.text, chosen.title_weight)
        async with self._begin() as session:
            await session.execute(questions.TUNED)
            documents = await self._documents(session, list(counts))
            telling = telling_words(counts, documents, chosen.rank_words)
            if not telling or query.pool == ():
                return []
            narrowed = await self._narrowed(session, query)
            values = narrowed.values | {
                "words": [one.word for one in telling],
                "asked_words": [one.asked for one in telling],
                "weights": [one.weight for one in telling],
                "limit": query.limit,
            }
            conditions, coarse = narrowed.passing, []
            if query.pool is None:
                finding = rarest([one.word for one in telling], documents, chosen.candidates)
                conditions = (*conditions, "terms @@ CAST(:asked AS tsquery)")
                coarse = buckets(telling)
                values |= {
                    "asked": " | ".join(map(quoted, finding)),
                    "candidates": chosen.candidates,
                    "shortlist": max(questions.SHORTLIST, 2 * query.limit),
                }
            values |= questions.scoring(coarse, chosen.weights)
            statement = questions.rank(self._suffix, conditions, len(coarse))
            rows = (await session.execute(statement, values)).all()
        return [Ranked(one.id, one.score, parts_of(one.words, one.parts)) for one in rows]

    async def suggest(self, query: Query) -> list[str]:
        """See `protocol.Index.suggest`."""
        typed = folded(query.text)
        asked = " & ".join(typed_expression(word) for word in typed_words(typed))
        if not asked:
            return []
        async with self._begin() as session:
            chosen = await self._narrowed(session, query)
            values = chosen.values | {"asked": asked, "start": typed.strip(), "limit": query.limit}
            statement = questions.suggest(self._suffix, chosen.passing)
            return list((await session.execute(statement, values)).scalars())

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


class BuiltIndex(EmbeddedIndex):
    """An index that is being made: words and facets are counted when it is full.

    While PostgreSQL takes one batch, the next is taken apart; `settled` waits for the last.
    """

    _under_way: asyncio.Task[None] | None = None

    async def write(self, documents: Sequence[Document]) -> None:
        """See `protocol.Index.write`."""
        prepared = await asyncio.to_thread(self._prepared, documents)
        await self.settled()
        self._under_way = asyncio.create_task(self._store(*prepared))

    async def delete(self, ids: Sequence[str]) -> None:
        """See `protocol.Index.delete`."""
        await self.settled()
        await super().delete(ids)

    async def settled(self) -> None:
        """Wait for what was handed over."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            await under_way

    async def _replace(self, session: AsyncSession, columns: _Columns) -> None:
        await session.execute(sql.write(self._suffix), columns)

    async def _take_away(self, session: AsyncSession, ids: list[str]) -> None:
        await session.execute(sql.delete(self._suffix), {"ids": ids})


class ScratchIndex(EmbeddedIndex):
    """An index for measurements: the planner looks at every large write."""

    async def write(self, documents: Sequence[Document]) -> None:
        """See `protocol.Index.write`."""
        await super().write(documents)
        if len(documents) >= SCRATCH_ANALYZED:
            async with self._begin() as session:
                for statement in sql.analyze(self._suffix):
                    await session.execute(statement)


class EmbeddedEngine(EmbeddedIndex):
    """See `protocol.Engine`."""

    name = "embedded"

    async def differences(self) -> list[Difference]:
        """See `protocol.Engine.differences`; counts that miss documents are one, too."""
        async with self._begin() as session:
            stored = await session.scalar(sql.comment())
            there = (await session.execute(sql.counted_documents())).one()
        present = orjson.loads(stored) if stored else {}
        wanted = settings_of(self._definition)
        named = wanted if len(present) > 1 else ("version",)
        found = [
            Difference(name, present.get(name), wanted[name])
            for name in named
            if present.get(name) != wanted[name]
        ]
        if not there.documents == there.by_facets == there.by_words:
            found.append(Difference("counts", [there.by_facets, there.by_words], there.documents))
        return found

    @asynccontextmanager
    async def rebuilding(self) -> AsyncIterator[EmbeddedIndex]:
        """See `protocol.Engine.rebuilding`."""
        async with self._building(_NEXT) as suffix:
            index = BuiltIndex(self._sessions, self._definition, suffix)
            try:
                yield index
            finally:
                await index.settled()
            comment = orjson.dumps(settings_of(self._definition)).decode()
            async with self._begin() as session:
                for statement in (*sql.finish(suffix), sql.describe(suffix, comment)):
                    await session.execute(statement)
            async with self._begin() as session:
                for statement in sql.swap(suffix):
                    await session.execute(statement)

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[EmbeddedIndex]:
        """See `protocol.Engine.scratch`."""
        async with self._building("_scratch") as suffix:
            async with self._begin() as session:
                for statement in sql.indexes(suffix):
                    await session.execute(statement)
            yield ScratchIndex(self._sessions, self._definition, suffix)

    @asynccontextmanager
    async def _building(self, suffix: str) -> AsyncIterator[str]:
        async with self._begin() as session:
            for statement in (*sql.drop(suffix), *sql.create(suffix)):
                await session.execute(statement)
        try:
            yield suffix
        finally:
            async with self._begin() as session:
                for statement in sql.drop(suffix):
                    await session.execute(statement)


def settings_of(definition: Definition) -> dict[str, Any]:
    """What of the definition this engine's tables depend on, as it is stored with them."""
    return {
        "version": definition.version,
        "weights": definition.weights,
        "filterable": list(definition.filterable),
        "sortable": list(definition.sortable),
        "counted": definition.counted,
        "synonyms": [list(group) for group in definition.synonyms],
        "stop_words": list(definition.stop_words),
    }


def _asked(
    suffix: str,
    query: Query,
    chosen: Narrowed,
    slots: Sequence[Slot],
    between: str,
    scored: Sequence[Weighed],
) -> tuple[TextClause, dict[str, Any]]:
    values = chosen.values | {"offset": query.offset, "limit": query.limit}
    conditions = chosen.conditions
    if slots:
        conditions = (*conditions, "terms @@ CAST(:asked AS tsquery)")
        values["asked"] = f" {between} ".join(expression(slot) for slot in slots)
    statement = questions.search(
        suffix, conditions, chosen.filters, _facets(query), query.sort, len(scored)
    )
    return statement, values


def _answer(
    query: Query,
    rows: Sequence[Sequence[Any]],
    counts: Sequence[Sequence[Any]],
    total: int,
    wanted: Sequence[str],
) -> Answer:
    facets: dict[str, dict[str, int]] = {name: {} for name in query.facets}
    for facet, value, count in counts:
        facets[facet][value] = count
    hits = (
        Hit(
            name,
            float(score),
            digest,
            {"title": spans(title, wanted), "summary": spans(summary, wanted)},
        )
        for name, digest, title, summary, score in rows
    )
    return Answer(tuple(hits), total, facets)


def _facets(query: Query) -> tuple[str, ...]:
    return tuple(one for one in FACETS if one in query.facets)
