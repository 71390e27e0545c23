"""What runs later or on a deadline in the auctions module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import service
from app.kit.deadlines import Deadline
from app.kit.jobs import job


@job("auctions.schedule")
async def schedule(session: AsyncSession, now: datetime, *, listing_id: str) -> None:
    """A listing closed with qualified bidders: set up its auction."""
    await service.schedule(session, UUID(listing_id), now)


async def close(session: AsyncSession, auction_id: UUID, _: datetime) -> None:
    """Decide one auction; the time is read anew after its locks are held."""
    await service.close_due(session, auction_id)


DEADLINES: tuple[Deadline, ...] = (
    Deadline("auctions.open", service.due_to_open, service.open_due),
    Deadline("auctions.close", service.due_to_close, close),
)
CALENDAR_JOBS: tuple[str, ...] = ()
