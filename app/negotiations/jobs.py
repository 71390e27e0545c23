"""What runs later or on a deadline in the negotiations module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.deadlines import Deadline
from app.kit.jobs import job
from app.negotiations import repository, service


@job("negotiations.begin")
async def begin(session: AsyncSession, now: datetime, *, listing_id: str) -> None:
    """A listing closed with one qualified bidder: let them agree."""
    await service.begin_with_one_bidder(session, UUID(listing_id), now)


DEADLINES: tuple[Deadline, ...] = (
    Deadline("negotiations.expire", repository.due_to_expire, service.expire_due),
)
CALENDAR_JOBS: tuple[str, ...] = ()
