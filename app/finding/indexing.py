"""Brings the indexes in step with the market, rebuilds them, and compares them with it.

A trigger notes every change of an object in the transaction of that change. The indexer takes what
waits, the oldest first, reads each object as it is now, and writes or deletes its document: so it
does not matter how often or in which order changes are taken, and the last state wins. One process
at a time writes to an index. No transaction is open while an engine is spoken to.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy import func
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from app.finding import repository, rules, sources
from app.finding.engines import Engines, opened
from app.finding.models import SearchChange
from app.kit import jobs
from app.kit.db import Sessions
from app.kit.settings import Settings
from search.definition import definition
from search.protocol import (
    Difference,
    Document,
    Engine,
    EngineRefused,
    EngineUnavailable,
    Index,
)

BATCH = 500
PAUSE_S = 0.3
AWAY_PAUSE_S = 5.0
MATCH = "finding.match"
_AWAY = (DBAPIError, PoolTimeout, OSError)
log = structlog.get_logger()


@dataclass(frozen=True)
class Comparison:
    """Ids of documents that an index lacks, has in another state, or has and should not."""

    documents: int
    missing: tuple[str, ...]
    stale: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether index and database say the same."""
        return not (self.missing or self.stale or self.extra)


class Indexer:
    """Writes to the indexes of these engines."""

    def __init__(self, sessions: Sessions, engines: Engines) -> None:
        self._sessions = sessions
        self.engines = engines

    async def index_waiting(self) -> int:
        """Take in everything that waits; gives how many changes reached an index.

        Raises EngineUnavailable when an engine is away; what waits for it stays.
        """
        done = 0
        away: EngineUnavailable | None = None
        for engine in self.engines.targets:
            try:
                while taken := await self._index_batch(engine):
                    done += taken
            except EngineUnavailable as error:
                await self._note(engine.name, error=str(error))
                away = error
        if away is not None:
            raise away
        return done

    async def _index_batch(self, engine: Engine) -> int:
        async with self._holding(engine.name, wait=False) as ours:
            if not ours:
                return 0
            if engine.name != self.engines.embedded.name:
                await self._require_index(engine)
            return await self._take(engine.name, engine)

    async def _require_index(self, engine: Engine) -> None:
        """Raise while there is no index: a write would make one by chance, without settings."""
        found = await engine.differences()
        if any(one.setting == "index" for one in found):
            raise EngineUnavailable(f"{engine.name} has no index; run `techmarket search rebuild`")

    async def _take(self, target: str, index: Index) -> int:
        """Write what waits for a target to an index; gives how many changes are done."""
        async with self._sessions() as session:
            changes = await repository.waiting_changes(session, target, BATCH)
            objects = {(one.kind, one.object_id) for one in changes}
            found = await sources.documents(session, objects)
        if not changes:
            return 0
        gone = [rules.document_id(*one) for one in objects if rules.document_id(*one) not in found]
        try:
            await index.write(list(found.values()))
            await index.delete(gone)
        except EngineRefused as refusal:
            return await self._one_by_one(target, index, changes, found, refusal)
        await self._reached(target, changes, list(found))
        return len(changes)

    async def _one_by_one(
        self,
        target: str,
        index: Index,
        changes: Sequence[SearchChange],
        found: dict[str, Document],
        refusal: EngineRefused,
    ) -> int:
        """Keep a document that the engine refuses from holding the others up."""
        log.error("search_batch_refused", target=target, reason=refusal.reason)
        done: list[SearchChange] = []
        for change in changes:
            document = rules.document_id(change.kind, change.object_id)
            try:
                if document in found:
                    await index.write([found[document]])
                else:
                    await index.delete([document])
            except EngineRefused as error:
                log.error("search_document_refused", document=document, reason=error.reason)
                async with self._sessions() as session, session.begin():
                    await repository.failed(session, [change], error.reason)
            else:
                done.append(change)
        await self._reached(target, done, [])
        return len(done)

    async def _reached(
        self, target: str, changes: Sequence[SearchChange], documents: Sequence[str]
    ) -> None:
        async with self._sessions() as session, session.begin():
            known = [] if target.endswith(repository.NEXT) else await self._next(session, target)
            await repository.reached(session, changes, known)
            if not target.endswith(repository.NEXT):
                row = await repository.target(session, target)
                row.reached_at, row.error = func.clock_timestamp(), None
            if target == self.engines.embedded.name and documents:
                await jobs.defer(session, MATCH, documents=[*sorted(documents)])

    async def _next(self, session: AsyncSession, target: str) -> list[str]:
        """Where a change goes when it has reached a target."""
        names = [one.name for one in self.engines.targets]
        after = names[names.index(target) + 1 :][:1]
        if (await repository.target(session, target)).rebuilding:
            after.append(target + repository.NEXT)
        return after

    async def rebuild(self, engine: Engine) -> int:
        """Make the index anew beside the one that answers, and put it in its place.

        Changes that are indexed meanwhile are taken into the new index too before it answers.
        Gives how many documents it has. The caller sees to it that one rebuild runs at a time.
        """
        name, following = engine.name, engine.name + repository.NEXT
        async with self._holding(name + ":rebuild", wait=True):
            async with self._sessions() as session, session.begin():
                await repository.forget(session, following)
                row = await repository.target(session, name)
                row.rebuilding = True
            try:
                count = await self._build(engine, following)
            finally:
                async with self._sessions() as session, session.begin():
                    row = await repository.target(session, name)
                    row.rebuilding = False
                    await repository.forget(session, following)
            await self._note(name, applied=True)
        self.engines.forgive()
        return count

    async def _build(self, engine: Engine, following: str) -> int:
        count = 0
        async with AsyncExitStack() as until_swapped:
            async with engine.rebuilding() as index:
                async for batch in sources.everything(self._sessions):
                    await index.write(batch)
                    count += len(batch)
                while await self._take(following, index):
                    pass
                # From here on until the new index answers, nothing is written to the old one.
                await until_swapped.enter_async_context(self._holding(engine.name, wait=True))
                while await self._take(following, index):
                    pass
            async with self._sessions() as session, session.begin():
                (await repository.target(session, engine.name)).rebuilding = False
                await repository.hand_over(session, following, engine.name)
        return count

    async def compare(self, engine: Engine) -> Comparison:
        """Compare an index with the database, both read in the order of ids."""
        missing: list[str] = []
        stale: list[str] = []
        extra: list[str] = []
        count = 0
        stored = aiter(engine.digests())
        theirs = await anext(stored, None)
        async for batch in sources.everything(self._sessions):
            for document in batch:
                count += 1
                while theirs is not None and theirs[0] < document.id:
                    extra.append(theirs[0])
                    theirs = await anext(stored, None)
                if theirs is None or theirs[0] != document.id:
                    missing.append(document.id)
                    continue
                if theirs[1] != document.digest:
                    stale.append(document.id)
                theirs = await anext(stored, None)
        while theirs is not None:
            extra.append(theirs[0])
            theirs = await anext(stored, None)
        await self._note(engine.name, verified=True)
        return Comparison(count, tuple(missing), tuple(stale), tuple(extra))

    async def verify(self, engine: Engine) -> tuple[list[Difference], Comparison]:
        """Compare settings and documents, and bring what differs in step.

        Gives what was found before. An index that is not by its definition is rebuilt.
        """
        different = await engine.differences()
        if different:
            if any(one.setting == "index" for one in different):
                found = Comparison(0, (), (), ())
            else:
                found = await self.compare(engine)
            await self.rebuild(engine)
            return different, found
        found = await self.compare(engine)
        objects = [rules.object_of(one) for one in (*found.missing, *found.stale, *found.extra)]
        async with self._sessions() as session, session.begin():
            await repository.mark(session, engine.name, objects)
            await repository.retry_now(session, engine.name)
        while await self._index_batch(engine):
            pass
        return different, found

    async def _note(
        self,
        target: str,
        *,
        error: str | None = None,
        applied: bool = False,
        verified: bool = False,
    ) -> None:
        async with self._sessions() as session, session.begin():
            row = await repository.target(session, target)
            row.error = error
            if applied:
                row.applied_at = func.clock_timestamp()
                row.definition_version = definition().version
            if verified:
                row.verified_at = func.clock_timestamp()

    @asynccontextmanager
    async def _holding(self, name: str, *, wait: bool) -> AsyncIterator[bool]:
        """Hold the right to write; it ends with the connection if this process dies."""
        async with self._sessions() as session:
            await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            ours = await repository.lock(session, name, wait=wait)
            try:
                yield ours
            finally:
                if ours:
                    await repository.unlock(session, name)


async def keep_indexing(sessions: Sessions, settings: Settings, stop: asyncio.Event) -> None:
    """Index what changes until `stop` is set; who is away is waited for."""
    async with opened(settings, sessions) as engines:
        indexer = Indexer(sessions, engines)
        while not stop.is_set():
            pause = PAUSE_S
            try:
                await indexer.index_waiting()
            except EngineUnavailable as error:
                log.warning("search_engine_away", error=str(error))
                pause = AWAY_PAUSE_S
            except _AWAY:
                log.warning("search_not_indexed", exc_info=True)
                pause = AWAY_PAUSE_S
            try:
                await asyncio.wait_for(stop.wait(), timeout=pause)
            except TimeoutError:
                continue


async def index_all(sessions: Sessions, settings: Settings) -> int:
    """Index what waits now; for the sample market and for tests. An engine that is away waits."""
    async with opened(settings, sessions) as engines:
        try:
            return await Indexer(sessions, engines).index_waiting()
        except EngineUnavailable:
            return 0
