"""What runs later in the contracts module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import drafting, performance, repository, service
from app.kit.deadlines import Deadline
from app.kit.jobs import job


@job("contracts.draft")
async def draft(session: AsyncSession, now: datetime, *, deal_id: str) -> None:
    """Draft the contract of a deal; nothing happens when it is there."""
    await drafting.draft(session, UUID(deal_id), now)


@job("contracts.terminate")
async def terminate(session: AsyncSession, _now: datetime, *, deal_id: str) -> None:
    """The buyer of a contracted deal defaulted: its contract ends."""
    await service.terminate(session, UUID(deal_id))


@job(performance.RECOUNT)
async def recount(session: AsyncSession, now: datetime, *, year: int | None = None) -> None:
    """Count provisional ends anew after the official table of a year was loaded."""
    del now, year  # every provisional end is counted by all tables that are loaded by now
    await performance.recount(session)


DEADLINES: tuple[Deadline, ...] = (
    Deadline("contract.lapse_trial", repository.trials_due, performance.lapse_trial),
    Deadline("contract.mature_delay", repository.delays_due, performance.mature),
)
CALENDAR_JOBS: tuple[str, ...] = (performance.RECOUNT,)
