"""What runs later or on a deadline in the auctions module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import control, deciding, opening, scheduling, service
from app.kit.deadlines import Deadline
from app.kit.jobs import job
from app.kit.settings import Settings


@job("auctions.schedule")
async def schedule(session: AsyncSession, now: datetime, *, listing_id: str) -> None:
    """A listing closed with qualified bidders: set up its auction."""
    await scheduling.schedule(session, UUID(listing_id), now)


@job("auctions.open_ephemeral", with_settings=True)
async def open_ephemeral(
    session: AsyncSession, _: datetime, settings: Settings, *, auction_id: str
) -> None:
    """Sealed bids of the sandbox wait for the key that it keeps itself."""
    await opening.open_ephemeral(session, settings, UUID(auction_id))


async def close(session: AsyncSession, auction_id: UUID, _: datetime) -> None:
    """End a phase of one auction; the time is read anew after its locks are held."""
    await deciding.settle(session, auction_id)


DEADLINES: tuple[Deadline, ...] = (
    Deadline("auctions.outage", control.outages, control.make_up),
    Deadline("auctions.open", service.due_to_open, service.open_due),
    Deadline("auctions.close", service.due_to_close, close),
)
CALENDAR_JOBS: tuple[str, ...] = ()
