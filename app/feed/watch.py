"""Waiting for the feed to grow: one look at its end for all who wait in this process."""

import asyncio
from contextlib import suppress

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.feed import service
from app.kit.db import Sessions

TICK_S = 0.05
log = structlog.get_logger()


class Bell:
    """Wakes readers once the feed has grown beyond where they are.

    It looks at the feed's end, an entry of an index, while somebody waits and not otherwise. That
    needs no connection of its own, and a process that was cut off goes on by itself.
    """

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self._waiting: dict[asyncio.Future[None], int] = {}
        self._ringing: asyncio.Task[None] | None = None

    async def wait(self, position: int, timeout_s: float) -> None:
        """Return when the feed has more than `position`, or when the time is over."""
        grown: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[grown] = position
        if self._ringing is None:
            self._ringing = asyncio.create_task(self._ring())
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(grown, timeout_s)
        finally:
            del self._waiting[grown]

    async def _ring(self) -> None:
        try:
            while self._waiting:
                try:
                    async with self.sessions() as session:
                        end = await service.end(session)
                except (DBAPIError, PoolTimeout, OSError):
                    log.warning("feed_end_unknown", exc_info=True)
                else:
                    for grown, position in self._waiting.items():
                        if position < end and not grown.done():
                            grown.set_result(None)
                await asyncio.sleep(TICK_S)
        finally:
            self._ringing = None
