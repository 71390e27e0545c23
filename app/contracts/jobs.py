"""What runs later in the contracts module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service
from app.kit.deadlines import Deadline
from app.kit.jobs import job


@job("contracts.draft")
async def draft(session: AsyncSession, _now: datetime, *, deal_id: str) -> None:
    """Draft the contract of a deal; nothing happens when it is there."""
    await service.draft(session, UUID(deal_id))


@job("contracts.terminate")
async def terminate(session: AsyncSession, _now: datetime, *, deal_id: str) -> None:
    """The buyer of a contracted deal defaulted: its contract ends."""
    await service.terminate(session, UUID(deal_id))


DEADLINES: tuple[Deadline, ...] = ()
CALENDAR_JOBS: tuple[str, ...] = ()
