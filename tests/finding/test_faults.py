"""Indexes are lost, cut off, rebuilt and interrupted while the market is written to."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from app.finding.indexing import Indexer
from app.kit.db import Sessions
from app.kit.settings import Settings
from search.meilisearch import MeilisearchEngine
from search.protocol import Audience, Document, EngineUnavailable, Query
from tests.finding.conftest import Line, indexer_of, on_server
from tests.finding.meilisearch_server import BINARY, NO_BINARY, MeilisearchServer
from tests.finding.stock import change_some, stocked
from tests.search.conftest import MEILISEARCH_URL, NO_SERVER

STOCK = 300
WRITERS = 4
WRITES = 40
needs_server = pytest.mark.skipif(not MEILISEARCH_URL, reason=NO_SERVER)


async def writing(sessions: Sessions, ids: list[UUID], seed: int) -> None:
    """Several writers at once."""
    await asyncio.gather(
        *(change_some(sessions, ids, seed + one, WRITES) for one in range(WRITERS))
    )


async def indexing(indexer: Indexer, stop: asyncio.Event) -> None:
    """Index until told to stop; an engine that is away is tried again."""
    while not stop.is_set():
        try:
            await indexer.index_waiting()
        except EngineUnavailable:
            await asyncio.sleep(0)


async def assert_in_step(indexer: Indexer) -> None:
    """Every index says what the database says, and counts it."""
    await indexer.index_waiting()
    for engine in indexer.engines.targets:
        found = await indexer.compare(engine)
        assert found.equal
        answer = await engine.search(Query(frozenset(Audience), facets=("kind",)))
        counted = {"achievement": found.documents} if found.documents else {}
        assert (answer.total, answer.facets["kind"]) == (found.documents, counted)


async def test_changes_are_indexed_whoever_writes_and_however_often(
    sessions: Sessions, settings: Settings
) -> None:
    ids = await stocked(sessions, STOCK)
    async with indexer_of(sessions, settings) as one, indexer_of(sessions, settings) as two:
        stop = asyncio.Event()
        loops = [asyncio.create_task(indexing(indexer, stop)) for indexer in (one, two)]
        await writing(sessions, ids, 100)
        stop.set()
        await asyncio.gather(*loops)
        await assert_in_step(one)
        assert await one.index_waiting() == 0
        async with sessions() as session:
            assert await session.scalar(text("SELECT count(*) FROM search_change")) == 0
            public = await session.scalar(
                text("SELECT count(*) FROM achievement WHERE state = 'published'")
            )
        assert await one.engines.embedded.count() == public


async def test_an_interrupted_indexer_leaves_nothing_out(
    sessions: Sessions, settings: Settings
) -> None:
    ids = await stocked(sessions, STOCK)
    async with indexer_of(sessions, settings) as indexer:
        for seed in range(5):
            running = asyncio.create_task(indexer.index_waiting())
            await change_some(sessions, ids, seed, 3)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await assert_in_step(indexer)


async def test_data_that_is_lost_under_writes_comes_back(
    sessions: Sessions, settings: Settings
) -> None:
    ids = await stocked(sessions, STOCK)
    async with indexer_of(sessions, settings) as indexer:
        await indexer.index_waiting()
        stop = asyncio.Event()
        loop = asyncio.create_task(indexing(indexer, stop))
        writers = asyncio.create_task(writing(sessions, ids, 200))
        async with sessions() as session, session.begin():
            await session.execute(text("DELETE FROM search.document WHERE id < 'achievement-8'"))
            await session.execute(text("UPDATE search.document SET digest = 'damaged'"))
        await writers
        stop.set()
        await loop
        _, found = await indexer.verify(indexer.engines.embedded)
        assert found.missing or found.stale
        await assert_in_step(indexer)
        _, found = await indexer.verify(indexer.engines.embedded)
        assert found.equal


async def test_a_rebuild_under_writes_misses_nothing(
    sessions: Sessions, settings: Settings
) -> None:
    ids = await stocked(sessions, STOCK)
    async with indexer_of(sessions, settings) as indexer:
        stop = asyncio.Event()
        loop = asyncio.create_task(indexing(indexer, stop))
        writers = asyncio.create_task(writing(sessions, ids, 300))
        for _ in range(2):
            await indexer.rebuild(indexer.engines.embedded)
        await writers
        stop.set()
        await loop
        await assert_in_step(indexer)


async def test_a_server_that_is_away_waits_for_nobody(
    sessions: Sessions, unreachable: Settings
) -> None:
    await stocked(sessions, 3)
    async with indexer_of(sessions, unreachable) as indexer:
        with pytest.raises(EngineUnavailable):
            await indexer.index_waiting()
        assert await indexer.engines.embedded.count() == 3
        async with sessions() as session:
            rows = (
                await session.execute(
                    text("SELECT target, count(*) FROM search_change GROUP BY target")
                )
            ).all()
        assert rows == [("meilisearch", 3)]


@needs_server
async def test_a_server_that_is_cut_off_and_emptied_under_writes(
    sessions: Sessions, settings: Settings
) -> None:
    ids = await stocked(sessions, STOCK)
    line = Line(MEILISEARCH_URL)
    await line.join()
    chosen = on_server(settings, line.url)
    async with indexer_of(sessions, chosen) as indexer:
        server = indexer.engines.meilisearch
        assert server is not None
        await indexer.rebuild(server)
        stop = asyncio.Event()
        loop = asyncio.create_task(indexing(indexer, stop))
        await writing(sessions, ids, 400)
        await line.cut()
        await writing(sessions, ids, 500)
        await line.join()
        await asyncio.gather(writing(sessions, ids, 600), server.erase())
        stop.set()
        await loop
        different, _ = await indexer.verify(server)
        assert [one.setting for one in different] == ["index"]
        await assert_in_step(indexer)
        await server.delete([f"achievement-{one}" for one in ids[:100]])
        _, found = await indexer.verify(server)
        assert found.missing
        await assert_in_step(indexer)
        await server.erase()
    await line.cut()


@pytest.mark.skipif(not BINARY, reason=NO_BINARY)
async def test_a_server_that_is_killed_started_and_emptied_under_writes(
    sessions: Sessions, settings: Settings, tmp_path: Path
) -> None:
    ids = await stocked(sessions, STOCK)
    process = MeilisearchServer(tmp_path)
    await asyncio.to_thread(process.start)
    try:
        async with indexer_of(sessions, on_server(settings, process.url)) as indexer:
            server = indexer.engines.meilisearch
            assert server is not None
            await indexer.rebuild(server)
            stop = asyncio.Event()
            loop = asyncio.create_task(indexing(indexer, stop))

            writers = asyncio.create_task(writing(sessions, ids, 700))
            await asyncio.to_thread(process.kill)
            await writers
            with pytest.raises(EngineUnavailable):
                await server.count()
            await asyncio.to_thread(process.start)
            await writing(sessions, ids, 800)
            stop.set()
            await loop
            await assert_in_step(indexer)
            assert await indexer.index_waiting() == 0, "nothing but what waited was needed"

            stop = asyncio.Event()
            loop = asyncio.create_task(indexing(indexer, stop))
            writers = asyncio.create_task(writing(sessions, ids, 900))
            await asyncio.to_thread(process.kill)
            process.delete_data()
            await asyncio.to_thread(process.start)
            await writers
            stop.set()
            await loop
            with pytest.raises(EngineUnavailable, match="rebuild"):
                await indexer.index_waiting()
            writers = asyncio.create_task(writing(sessions, ids, 1000))
            different, _ = await indexer.verify(server)
            assert [one.setting for one in different] == ["index"]
            await writers
            await assert_in_step(indexer)
            different, found = await indexer.verify(server)
            assert (different, found.equal) == ([], True)

            with pytest.raises(EngineUnavailable):
                await interrupted_rebuild(server, process)
            await asyncio.to_thread(process.start)
            await assert_in_step(indexer)
            assert await indexer.rebuild(server) == found.documents
            await assert_in_step(indexer)
    finally:
        process.kill()


async def interrupted_rebuild(server: MeilisearchEngine, process: MeilisearchServer) -> None:
    """A rebuild whose server is killed before it ends."""
    async with server.rebuilding() as index:
        await index.write([Document("achievement-1", 1, "半途")])
        process.kill()
