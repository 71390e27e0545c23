"""What runs beside the feed: the numbering of what was committed."""

import asyncio
from contextlib import suppress

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.feed import service
from app.kit.db import Sessions
from app.kit.deadlines import Deadline

PAUSE_S = 0.05
NUMBERED = Counter("feed_changes_numbered_total", "Changes that got their place in the feed")
LAG = Gauge(
    "feed_numbering_lag_seconds",
    "From noting to numbering, of the oldest change of the last round that had any",
)
log = structlog.get_logger()


async def number_all(sessions: Sessions) -> int:
    """Number all that is committed by now; returns how many changes that were."""
    total = 0
    while True:
        async with sessions() as session, session.begin():
            done = await service.number(session)
        total += done.count
        if done.count > 0:
            NUMBERED.inc(done.count)
            LAG.set(done.oldest_s)
        if not done.full:
            return total


async def keep_numbering(sessions: Sessions, stop: asyncio.Event) -> None:
    """Number what is committed until `stop` is set; a database that is away is waited for."""
    while not stop.is_set():
        try:
            await number_all(sessions)
        except (DBAPIError, PoolTimeout, OSError):
            log.warning("numbering_failed", exc_info=True)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PAUSE_S)


DEADLINES: tuple[Deadline, ...] = ()
CALENDAR_JOBS: tuple[str, ...] = ()
