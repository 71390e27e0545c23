"""What runs later or on a deadline in the settlements module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.deadlines import Deadline
from app.kit.jobs import job
from app.settlements import benefits, distributing, idle, queries, service


@job("settlements.income_received")
async def income_received(session: AsyncSession, now: datetime, *, contract_id: str) -> None:
    """Take in what was paid under a contract, and divide it if a plan is in effect."""
    await distributing.take_in(session, UUID(contract_id), now)


@job("settlements.watch_idle")
async def watch_idle(session: AsyncSession, now: datetime, *, achievement_id: str) -> None:
    """Begin the term after which a published achievement counts as idle."""
    await idle.begin(session, UUID(achievement_id), now)


@job("settlements.taken_up")
async def taken_up(session: AsyncSession, _now: datetime, *, achievement_id: str) -> None:
    """End that term: a contract was signed, or the institution implements."""
    await idle.end(session, UUID(achievement_id))


@job("settlements.benefits_at_risk")
async def benefits_at_risk(session: AsyncSession, now: datetime, *, registration_id: str) -> None:
    """Flag every benefit of a registration that fell."""
    await benefits.endanger(session, UUID(registration_id), now)


@job("settlements.recount")
async def recount(session: AsyncSession, _now: datetime, *, year: int | None = None) -> None:
    """Count provisional days anew after the official table of a year was loaded."""
    del year  # every provisional day is counted by all tables that are loaded by now
    await service.recount_lists(session)
    await distributing.recount_due(session)
    await idle.recount_terms(session)


DEADLINES: tuple[Deadline, ...] = (
    Deadline("income_plan.take_effect", queries.plans_due, service.take_effect),
    Deadline("income.overdue", queries.incomes_overdue, distributing.mark_overdue),
    Deadline("idle_watch.alert", queries.watches_due, idle.alert),
)
CALENDAR_JOBS: tuple[str, ...] = ("settlements.recount",)
