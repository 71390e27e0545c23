"""What runs later or on a deadline in the statistics module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.deadlines import Deadline
from app.kit.jobs import job
from app.statistics import repository, service


@job("statistics.recount")
async def recount(session: AsyncSession, _now: datetime, *, registration_id: str) -> None:
    """Count a registration as it stands now; nothing happens when it is counted so."""
    await service.recount(session, UUID(registration_id))


@job("statistics.count")
async def count(session: AsyncSession, _now: datetime, *, registration_id: str) -> None:
    """The name of `statistics.recount` in jobs that an earlier version deferred."""
    await service.recount(session, UUID(registration_id))


DEADLINES: tuple[Deadline, ...] = (
    Deadline("statistics.compact", repository.oldest_pending, service.compact),
    Deadline("statistics.publish", repository.due_period, service.close_or_publish),
)
CALENDAR_JOBS: tuple[str, ...] = ()
