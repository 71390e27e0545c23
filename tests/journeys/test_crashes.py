"""kill -9 of the server and of PostgreSQL in the middle of the trade.

The same walk as the undisturbed one, against a real server that is killed between the steps: what
was acknowledged must be there for the next step, and every deadline must be handled once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path

import httpx
import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.kit import clock
from app.kit.db import make_sessions, sqlalchemy_url
from app.kit.deadlines import Ticker
from app.kit.settings import Settings
from app.worker import DEADLINES
from tests.journeys.trade import walk
from tests.market import Market
from tests.server import POLL_S, LiveServer, free_port, wait_until

SETTLE_TIMEOUT_S = 120.0


class LiveMarket(Market):
    """A market whose deadlines and jobs are handled by the server's own worker."""

    async def settle(self) -> None:
        """Wait until the server has handled everything that is due."""
        never = asyncio.Event()
        async with asyncio.timeout(SETTLE_TIMEOUT_S):
            while not await self._is_settled():
                with suppress(TimeoutError):
                    await asyncio.wait_for(never.wait(), POLL_S)

    async def _is_settled(self) -> bool:
        async with self.sessions() as session:
            # One snapshot: what a job or a tick hands on must be seen in one place or the other.
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            jobs = await session.execute(text("SELECT count(*) FROM procrastinate_jobs"))
            if jobs.scalar_one() > 0:
                return False
            now = await clock.now(session)
            return not [
                deadline.name for deadline in DEADLINES if await deadline.due(session, now, 1)
            ]


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[tuple[LiveServer, LiveMarket]]:
    server = LiveServer(tmp_path, free_port())
    server.start()
    url = server.postgres.url("market")
    # Connections of its own each time: the pooled ones would die with PostgreSQL.
    engine = create_async_engine(sqlalchemy_url(url), poolclass=NullPool)
    sessions = make_sessions(engine)
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        settings = Settings(mode="sandbox", data_dir=tmp_path, _env_file=None)
        yield server, LiveMarket(client, sessions, settings, url, Ticker(sessions, ()))
    await engine.dispose()
    server.stop()


async def test_a_trade_survives_kills_of_the_server_and_of_postgres(
    live: tuple[LiveServer, LiveMarket],
) -> None:
    server, market = live
    victims = cycle(["server", "postgres"])
    killed: list[str] = []

    async def interrupt(step: str) -> None:
        victim = next(victims)
        killed.append(f"{victim} after {step}")
        await asyncio.to_thread(_kill, server, victim)

    _, trade = await walk(market, interrupt)
    assert len(killed) == 9, killed
    async with market.sessions() as session:
        one_each = await session.execute(
            text(
                "SELECT (SELECT count(*) FROM auction), (SELECT count(*) FROM deal),"
                " (SELECT count(*) FROM contract), (SELECT count(*) FROM registration),"
                " (SELECT count(*) FROM statistics_entry)"
            )
        )
        assert tuple(one_each.one()) == (1, 1, 1, 1, 1)
        actions = await session.execute(
            text("SELECT action FROM audit_event WHERE object_id = :id ORDER BY id"),
            {"id": trade.auction["id"]},
        )
        handled = list(actions.scalars())
        bids = await session.execute(text("SELECT sequence, accepted FROM bid ORDER BY sequence"))
        record = [tuple(row) for row in bids]
    assert [action for action in handled if action.startswith("auction.")] == [
        "auction.schedule",
        "auction.open",
        "auction.sell",
    ]
    assert record == [(1, True), (2, False), (3, True), (4, True)]


def _kill(server: LiveServer, victim: str) -> None:
    if victim == "server":
        server.kill()
        server.start()
        return
    before = server.postgres.pid()
    server.kill_postgres()
    wait_until(lambda: server.postgres.pid() not in {None, before}, "PostgreSQL's return")
    server.wait_until_ready()
