"""What runs later or on a deadline in the notices module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.deadlines import Deadline
from app.kit.jobs import job
from app.notices import queries, service


@job(service.RECOUNT)
async def recount(
    session: AsyncSession, now: datetime, *, year: int | None = None, after: str | None = None
) -> None:
    """Count provisional ends anew after the official table of a year was loaded."""
    del now, year  # every provisional end is counted by all tables that are loaded by now
    await service.recount(session, None if after is None else UUID(after))


DEADLINES: tuple[Deadline, ...] = (
    Deadline("notice.take_effect", queries.due, service.take_effect),
    Deadline("notice.objection_overdue", queries.overdue, service.mark_overdue),
)
CALENDAR_JOBS: tuple[str, ...] = (service.RECOUNT,)
