"""What runs later in the statistics module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.deadlines import Deadline
from app.kit.jobs import job
from app.statistics import service


@job("statistics.count")
async def count(session: AsyncSession, _now: datetime, *, registration_id: str) -> None:
    """Count a registered contract; nothing happens when it is counted."""
    await service.count(session, UUID(registration_id))


DEADLINES: tuple[Deadline, ...] = ()
CALENDAR_JOBS: tuple[str, ...] = ()
