"""What runs later in the pricing module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import jobs
from app.kit.deadlines import Deadline
from app.kit.jobs import job
from app.pricing import accuracy, comparables, guiding, market_models, portfolios, service


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


@job("pricing.collect_auction")
async def collect_auction(session: AsyncSession, now: datetime, *, auction_id: str) -> None:
    """Keep the outcome of an auction that failed."""
    await accuracy.collect_auction(session, UUID(auction_id), now)


@job(comparables.FOLLOW)
async def follow(session: AsyncSession, now: datetime) -> None:
    """Keep the outcomes of deals, look for drift, and have a model trained where one is due."""
    if await accuracy.follow(session, now):
        await jobs.defer(session, comparables.FOLLOW, lock=comparables.FOLLOW)


@job(market_models.JOB)
async def train(session: AsyncSession, now: datetime) -> None:
    """Train a market model, if one is due."""
    await market_models.train(session, now)


DEADLINES: tuple[Deadline, ...] = ()
CALENDAR_JOBS: tuple[str, ...] = ()
