"""What runs later or on a deadline in the listings module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.kit.deadlines import Deadline
from app.kit.jobs import job
from app.listings import deposits, disclosure, qualification, queries, service


@job(disclosure.RECOUNT)
async def recount(
    session: AsyncSession, now: datetime, *, year: int | None = None, after: str | None = None
) -> None:
    """Count provisional periods anew after the official table of a year was loaded."""
    del now, year  # every provisional period is counted by all tables that are loaded by now
    await disclosure.recount(session, None if after is None else UUID(after))


@job("listings.deposit_received")
async def deposit_received(
    session: AsyncSession, now: datetime, *, purpose_id: str, credited_at: str
) -> None:
    """The ledger has the whole deposit of an application."""
    await deposits.received(session, UUID(purpose_id), datetime.fromisoformat(credited_at), now)


async def expire_achievement(session: AsyncSession, achievement_id: UUID, now: datetime) -> None:
    """End the publication of an achievement, unless it or a package with it is offered live.

    It stands here because achievements know nothing of listings.
    """
    if await queries.any_live(session, await achievements.shown_with(session, achievement_id)):
        await achievements.put_off(session, achievement_id, now)
    else:
        await achievements.expire(session, achievement_id, now)


DEADLINES: tuple[Deadline, ...] = (
    Deadline("listing.close", queries.due, service.close),
    Deadline("achievement.expire", achievements.to_expire, expire_achievement),
    Deadline("listing.end_suspension", queries.suspensions_over, disclosure.end_suspension),
    Deadline(
        "listing.application_overdue", queries.overdue_applications, qualification.mark_overdue
    ),
)
CALENDAR_JOBS: tuple[str, ...] = (disclosure.RECOUNT,)
