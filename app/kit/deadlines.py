"""Deadlines: a `due_at` column and a tick that finds what is due.

There are no timers in memory. A tick looks for rows whose time has come and handles each in a
transaction of its own; what fell due while the system was down is found by the first tick after
it returns, and handled once, because the handler locks the row and reads it again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock
from app.kit.db import Sessions

BATCH = 100
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 300.0
log = structlog.get_logger()


@dataclass(frozen=True)
class Deadline:
    """A kind of deadline.

    `due(session, now, limit)` gives ids whose time has come, the earliest first. `handle(session,
    id, now)` locks the row (SKIP LOCKED), reads it again and acts; it does nothing when another
    process was first.
    """

    name: str
    due: Callable[[AsyncSession, datetime, int], Awaitable[Sequence[UUID]]]
    handle: Callable[[AsyncSession, UUID, datetime], Awaitable[None]]


@dataclass
class Ticker:
    """Looks for due deadlines, and leaves one that keeps failing alone for a while."""

    sessions: Sessions
    deadlines: Sequence[Deadline]
    _failures: dict[tuple[str, UUID], tuple[int, float]] = field(default_factory=dict)

    async def tick(self) -> int:
        """Handle everything that is due, at most BATCH of each kind; returns how many."""
        async with self.sessions() as session, session.begin():
            now = await clock.now(session)
            due = [
                (deadline, item)
                for deadline in self.deadlines
                for item in await deadline.due(session, now, BATCH)
            ]
        return sum([await self._handle(deadline, item) for deadline, item in due])

    async def run(self, pause_s: float, stop: asyncio.Event) -> None:
        """Tick until `stop` is set; a database that is away is waited for."""
        while not stop.is_set():
            try:
                handled = await self.tick()
            except (DBAPIError, OSError, TimeoutError):
                log.warning("tick_failed", exc_info=True)
                handled = 0
            if handled == 0:
                try:
                    await asyncio.wait_for(stop.wait(), timeout=pause_s)
                except TimeoutError:
                    continue

    async def _handle(self, deadline: Deadline, item: UUID) -> int:
        attempts, retry_at = self._failures.get((deadline.name, item), (0, 0.0))
        if time.monotonic() < retry_at:
            return 0
        try:
            async with self.sessions() as session, session.begin():
                await deadline.handle(session, item, await clock.now(session))
        except Exception:
            log.error("deadline_failed", deadline=deadline.name, id=str(item), exc_info=True)
            backoff = min(FIRST_BACKOFF_S * 2**attempts, LONGEST_BACKOFF_S)
            self._failures[deadline.name, item] = (attempts + 1, time.monotonic() + backoff)
            return 0
        self._failures.pop((deadline.name, item), None)
        return 1
