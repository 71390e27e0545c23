"""The intake of bids when its connections are all taken for a while."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app.auctions.intake import BidIntake
from app.kit.db import Sessions, make_sessions, sqlalchemy_url
from tests.server import POLL_S

LIMIT_S = 30.0


@dataclass
class Counted:
    """Sessions that count how often they were asked for."""

    sessions: Sessions
    asked: int = 0

    def __call__(self) -> AsyncSession:
        self.asked += 1
        return self.sessions()

    async def more(self, count: int) -> None:
        """Return when so many more were asked for."""
        target = self.asked + count
        async with asyncio.timeout(LIMIT_S):
            while self.asked < target:
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.Event().wait(), POLL_S)


async def test_a_process_that_had_no_free_connection_renews_its_row_again(
    database_url: str, sessions: Sessions
) -> None:
    engine = create_async_engine(
        sqlalchemy_url(database_url), pool_size=1, max_overflow=0, pool_timeout=0.2
    )
    counted, stop = Counted(make_sessions(engine)), asyncio.Event()
    intake = BidIntake(counted)
    running = asyncio.create_task(intake.run(stop))
    await counted.more(2)
    renewed = text("SELECT max(renewed_at) FROM bid_intake")
    async with engine.connect():
        await counted.more(2)  # the first of them has found none by then
        async with sessions() as session:
            before = (await session.execute(renewed)).scalar_one()
    await counted.more(2)
    async with sessions() as session:
        assert (await session.execute(renewed)).scalar_one() > before
    stop.set()
    await running
    await engine.dispose()
