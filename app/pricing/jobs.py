"""What runs later in the pricing module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.deadlines import Deadline
from app.kit.jobs import job
from app.pricing import guiding, portfolios, service


@job("pricing.collect_deal")
async def collect_deal(session: AsyncSession, now: datetime, *, deal_id: str) -> None:
    """Bring the comparable price of a deal in step with it."""
    await service.collect_deal(session, UUID(deal_id), now)


@job("pricing.collect_contract")
async def collect_contract(session: AsyncSession, now: datetime, *, registration_id: str) -> None:
    """Bring the comparable price of a contract in step with its registration."""
    await service.collect_contract(session, UUID(registration_id), now)


@job(portfolios.JOB)
async def value_portfolio(session: AsyncSession, now: datetime, *, portfolio_id: str) -> None:
    """Value the next achievements of a portfolio."""
    await portfolios.value_some(session, UUID(portfolio_id), now)


@job(guiding.CALIBRATE)
async def calibrate_sales(session: AsyncSession, now: datetime) -> None:
    """Learn how often listings sold that were stated to with some probability."""
    await guiding.calibrate(session, now)


DEADLINES: tuple[Deadline, ...] = ()
CALENDAR_JOBS: tuple[str, ...] = ()
