"""What runs later or on a deadline in the deals module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.deals import payments, repository, service, succession
from app.kit.deadlines import Deadline
from app.kit.jobs import job


@job("deals.record")
async def record(session: AsyncSession, _: datetime, *, auction_id: str) -> None:
    """An auction was sold: record its deal."""
    await service.record_auction(session, UUID(auction_id))


@job("deals.annul")
async def annul(session: AsyncSession, now: datetime, *, auction_id: str, reason: str) -> None:
    """A sold auction was annulled: its deals end."""
    await service.annul_auction(session, UUID(auction_id), reason, now)


@job("deals.record_negotiation")
async def record_negotiation(session: AsyncSession, _: datetime, *, negotiation_id: str) -> None:
    """A negotiation came to an agreement: record its deal."""
    await service.record_negotiation(session, UUID(negotiation_id))


@job("deals.deposit_received")
async def take_price(
    session: AsyncSession, now: datetime, *, purpose_id: str, credited_at: str
) -> None:
    """The rest of a price arrived on the platform's account."""
    del credited_at  # a price has no hour: a deal that has ended gives it back whenever it came
    await payments.received(session, UUID(purpose_id), now)


@job("deals.runner_up_paid")
async def take_runner_up(
    session: AsyncSession, now: datetime, *, listing_id: str, bidder_id: str
) -> None:
    """A bidder of an awarded listing paid a new deposit: its deal is concluded."""
    await succession.paid(session, UUID(listing_id), UUID(bidder_id), now)


@job(service.RECOUNT)
async def recount(
    session: AsyncSession, now: datetime, *, year: int | None = None, after: str | None = None
) -> None:
    """Count provisional publicities anew after the official table of a year was loaded."""
    del now, year  # every provisional period is counted by all tables that are loaded by now
    await service.recount(session, None if after is None else UUID(after))


DEADLINES: tuple[Deadline, ...] = (
    Deadline("deals.publicise", repository.due_to_publicise, service.publicise_due),
    Deadline("deals.lapse_runner_up", repository.due_to_lapse, succession.lapse),
    Deadline("deals.lapse_unpaid", repository.unpaid_due, succession.lapse_unpaid),
    Deadline("deals.auction_again", repository.due_to_auction_again, succession.begin_again),
)
CALENDAR_JOBS: tuple[str, ...] = (service.RECOUNT,)
