"""What runs later or on a deadline in the registrations module."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.deadlines import Deadline
from app.kit.jobs import job
from app.registrations import repository, service


@job("registrations.recount")
async def recount(session: AsyncSession, _now: datetime, *, year: int) -> None:
    """Count provisional due days anew after the calendar of a year was loaded."""
    del year  # any provisional day may reach it; those that do not stay as they are
    await service.recount_due(session)


DEADLINES: tuple[Deadline, ...] = (
    Deadline("registrations.overdue", repository.overdue, service.mark_overdue),
)
CALENDAR_JOBS: tuple[str, ...] = ("registrations.recount",)
