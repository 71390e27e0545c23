"""What runs later or on a deadline in the deals module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.deals import service
from app.kit.deadlines import Deadline
from app.kit.jobs import job


@job("deals.record")
async def record(session: AsyncSession, _: datetime, *, auction_id: str) -> None:
    """An auction was sold: record its deal."""
    await service.record_auction(session, UUID(auction_id))


DEADLINES: tuple[Deadline, ...] = ()
CALENDAR_JOBS: tuple[str, ...] = ()
