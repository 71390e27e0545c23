"""SQL of the settlements module."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.ids import new_id
from app.settlements.models import (
    Benefit,
    FallenRegistration,
    IdleWatch,
    Income,
    IncomeCost,
    IncomePart,
    IncomePlan,
    IncomePlanEdition,
    IncomePlanMember,
    IncomePlanObjection,
)
from app.settlements.states import (
    BenefitState,
    IdleState,
    IncomeKind,
    IncomeState,
    ObjectionState,
    PlanState,
)


async def serialise(session: AsyncSession, key: str) -> None:
    """Let one transaction after the other pass that names the same key; until its end."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


async def plan(session: AsyncSession, plan_id: UUID, *, lock: bool = False) -> IncomePlan | None:
    """One plan; a locked one is read as it is once the lock is held."""
    query = select(IncomePlan).where(IncomePlan.id == plan_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def unlocked_plan(session: AsyncSession, plan_id: UUID) -> IncomePlan | None:
    """The plan, locked; None when another process holds it."""
    query = (
        select(IncomePlan)
        .where(IncomePlan.id == plan_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def living_plan(
    session: AsyncSession, *, contract_id: UUID | None, achievement_id: UUID, institution_id: UUID
) -> IncomePlan | None:
    """The plan of a contract, or of an own implementation, that is in effect or is to be.

    Neither one that was withdrawn or superseded, nor one that is yet to succeed it.
    """
    query = select(IncomePlan).where(
        IncomePlan.state.not_in([PlanState.WITHDRAWN.value, PlanState.SUPERSEDED.value]),
        or_(IncomePlan.succeeds.is_(None), IncomePlan.state == PlanState.EFFECTIVE.value),
        IncomePlan.contract_id == contract_id
        if contract_id is not None
        else IncomePlan.contract_id.is_(None),
        IncomePlan.achievement_id == achievement_id,
        IncomePlan.institution_id == institution_id,
    )
    return (await session.execute(query)).scalar_one_or_none()


async def successor(session: AsyncSession, plan_id: UUID) -> IncomePlan | None:
    """The plan that succeeds this one, or is to."""
    query = select(IncomePlan).where(
        IncomePlan.succeeds == plan_id, IncomePlan.state != PlanState.WITHDRAWN.value
    )
    return (await session.execute(query)).scalar_one_or_none()


async def plans(
    session: AsyncSession,
    *,
    institution_id: UUID | None,
    drafts: bool,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[IncomePlan]:
    """A page of plans, the newest first."""
    query = select(IncomePlan)
    if institution_id is not None:
        query = query.where(IncomePlan.institution_id == institution_id)
    if not drafts:
        query = query.where(IncomePlan.published_at.is_not(None))
    if state is not None:
        query = query.where(IncomePlan.state == state)
    if after is not None:
        query = query.where(IncomePlan.id < after)
    return (
        (await session.execute(query.order_by(IncomePlan.id.desc()).limit(limit))).scalars().all()
    )


async def plans_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Plans whose list has stood its days, the earliest first."""
    query = (
        select(IncomePlan.id)
        .where(IncomePlan.state == PlanState.PUBLISHED.value, IncomePlan.ends_at <= now)
        .order_by(IncomePlan.ends_at, IncomePlan.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def provisional_plans(session: AsyncSession) -> Sequence[IncomePlan]:
    """Plans whose list ends on a provisional day, locked."""
    query = (
        select(IncomePlan)
        .where(IncomePlan.state == PlanState.PUBLISHED.value, IncomePlan.ends_provisional)
        .order_by(IncomePlan.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalars().all()


async def members(session: AsyncSession, plan_id: UUID) -> Sequence[IncomePlanMember]:
    """The recipients of a plan in their order."""
    query = select(IncomePlanMember).where(IncomePlanMember.plan_id == plan_id)
    return (await session.execute(query.order_by(IncomePlanMember.position))).scalars().all()


async def drop_members(session: AsyncSession, plan_id: UUID) -> None:
    """Take a list away that is to be replaced."""
    await session.execute(delete(IncomePlanMember).where(IncomePlanMember.plan_id == plan_id))


async def editions(session: AsyncSession, plan_id: UUID) -> Sequence[IncomePlanEdition]:
    """What the staff were shown, the first edition first."""
    query = select(IncomePlanEdition).where(IncomePlanEdition.plan_id == plan_id)
    return (await session.execute(query.order_by(IncomePlanEdition.edition))).scalars().all()


async def objections(
    session: AsyncSession, plan_id: UUID, *, open_only: bool = False
) -> Sequence[IncomePlanObjection]:
    """Objections to a list, the first one first."""
    query = select(IncomePlanObjection).where(IncomePlanObjection.plan_id == plan_id)
    if open_only:
        query = query.where(IncomePlanObjection.state == ObjectionState.FILED.value)
    return (await session.execute(query.order_by(IncomePlanObjection.id))).scalars().all()


async def objection(
    session: AsyncSession, plan_id: UUID, objection_id: UUID
) -> IncomePlanObjection | None:
    """One objection; the plan's lock guards it."""
    query = (
        select(IncomePlanObjection)
        .where(IncomePlanObjection.id == objection_id, IncomePlanObjection.plan_id == plan_id)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def costs(session: AsyncSession, plan_id: UUID) -> Sequence[IncomeCost]:
    """The costs of a plan, the first one first."""
    query = select(IncomeCost).where(IncomeCost.plan_id == plan_id).order_by(IncomeCost.id)
    return (await session.execute(query)).scalars().all()


async def take_in_payment(session: AsyncSession, values: dict[str, Any]) -> bool:
    """Note a payment once; False when it is known."""
    query = insert(Income).values(id=new_id(), **values)
    query = query.on_conflict_do_nothing(index_elements=["payment_id"])
    made = await session.execute(query.returning(Income.id))
    return made.scalar_one_or_none() is not None


async def income(session: AsyncSession, income_id: UUID, *, lock: bool = False) -> Income | None:
    """One income; a locked one is read as it is once the lock is held."""
    query = select(Income).where(Income.id == income_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def unlocked_income(session: AsyncSession, income_id: UUID) -> Income | None:
    """The income, locked; None when another process holds it."""
    query = (
        select(Income)
        .where(Income.id == income_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def waiting_payments(session: AsyncSession, contract_id: UUID) -> Sequence[Income]:
    """Payments of a contract that are not distributed, in the order of their days, locked."""
    query = (
        select(Income)
        .where(Income.contract_id == contract_id, Income.state == IncomeState.RECEIVED.value)
        .order_by(Income.received_on, Income.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalars().all()


async def given_before(session: AsyncSession, plan_id: UUID) -> tuple[int, int, int]:
    """What payments under a plan came to, and what went to the staff and to the fund, in fen."""
    query = select(
        func.coalesce(func.sum(Income.amount), 0),
        func.coalesce(func.sum(Income.reward), 0),
        func.coalesce(func.sum(Income.fund), 0),
    ).where(
        Income.plan_id == plan_id,
        Income.kind == IncomeKind.PAYMENT.value,
        Income.state != IncomeState.RECEIVED.value,
    )
    row = (await session.execute(query)).one()
    return int(row[0] or 0), int(row[1] or 0), int(row[2] or 0)


async def parts_given(session: AsyncSession, plan_id: UUID) -> dict[UUID, int]:
    """What every recipient of a plan was given so far, paid or not, by member."""
    given = func.coalesce(func.sum(IncomePart.amount), 0)
    query = (
        select(IncomePart.member_id, given)
        .join(Income, Income.id == IncomePart.income_id)
        .where(Income.plan_id == plan_id)
        .group_by(IncomePart.member_id)
    )
    return {row[0]: int(row[1] or 0) for row in await session.execute(query)}


async def incomes_of_plan(
    session: AsyncSession, plan_id: UUID, contract_id: UUID | None
) -> Sequence[Income]:
    """Income under a plan, and payments of its contract that wait for it, the first one first."""
    mine = Income.plan_id == plan_id
    if contract_id is not None:
        mine = mine | ((Income.contract_id == contract_id) & Income.plan_id.is_(None))
    query = select(Income).where(mine).order_by(Income.received_on, Income.id)
    return (await session.execute(query)).scalars().all()


async def reported(
    session: AsyncSession, plan: IncomePlan, kind: IncomeKind, year: int | None
) -> Income | None:
    """The income of a year, or the shares, reported for a plan or for one that it succeeds."""
    same = select(IncomePlan.id).where(
        IncomePlan.institution_id == plan.institution_id,
        IncomePlan.achievement_id == plan.achievement_id,
        IncomePlan.contract_id.is_not_distinct_from(plan.contract_id),
    )
    query = select(Income).where(
        Income.plan_id.in_(same),
        Income.kind == kind.value,
        Income.year.is_not_distinct_from(year),
    )
    return (await session.execute(query)).scalar_one_or_none()


async def parts(session: AsyncSession, income_ids: Sequence[UUID]) -> Sequence[IncomePart]:
    """The parts of these incomes."""
    query = select(IncomePart).where(IncomePart.income_id.in_(income_ids)).order_by(IncomePart.id)
    return (await session.execute(query)).scalars().all()


async def part(session: AsyncSession, part_id: UUID) -> IncomePart | None:
    """One part; the lock of its income guards it."""
    query = select(IncomePart).where(IncomePart.id == part_id)
    query = query.execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def unpaid_parts(session: AsyncSession, income_id: UUID) -> int:
    """How many parts of an income are not paid."""
    query = select(func.count()).where(
        IncomePart.income_id == income_id, IncomePart.paid_on.is_(None)
    )
    return int((await session.execute(query)).scalar_one())


async def incomes_overdue(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Income whose term of payment is over and not marked so, the earliest first."""
    query = (
        select(Income.id)
        .where(
            Income.state != IncomeState.PAID.value,
            Income.overdue_at.is_(None),
            Income.due_at <= now,
        )
        .order_by(Income.due_at, Income.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def provisional_incomes(session: AsyncSession) -> Sequence[Income]:
    """Income with a provisional term of payment, locked."""
    query = (
        select(Income)
        .where(Income.due_provisional, Income.state != IncomeState.PAID.value)
        .order_by(Income.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalars().all()


async def watch_of(
    session: AsyncSession, achievement_id: UUID, *, lock: bool = False
) -> IdleWatch | None:
    """The watch over an achievement."""
    query = select(IdleWatch).where(IdleWatch.achievement_id == achievement_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def begin_watch(session: AsyncSession, values: dict[str, Any]) -> UUID | None:
    """Watch an achievement once; None when it is watched already."""
    query = insert(IdleWatch).values(id=new_id(), **values)
    query = query.on_conflict_do_nothing(index_elements=["achievement_id"])
    made: UUID | None = (await session.execute(query.returning(IdleWatch.id))).scalar_one_or_none()
    return made


async def unlocked_watch(session: AsyncSession, watch_id: UUID) -> IdleWatch | None:
    """The watch, locked; None when another process holds it."""
    query = (
        select(IdleWatch)
        .where(IdleWatch.id == watch_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def watches_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Watches whose term is over, the earliest first."""
    query = (
        select(IdleWatch.id)
        .where(IdleWatch.state == IdleState.WATCHED.value, IdleWatch.due_at <= now)
        .order_by(IdleWatch.due_at, IdleWatch.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def provisional_watches(session: AsyncSession) -> Sequence[IdleWatch]:
    """Watches with a provisional term, locked."""
    query = (
        select(IdleWatch)
        .where(IdleWatch.state == IdleState.WATCHED.value, IdleWatch.due_provisional)
        .order_by(IdleWatch.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalars().all()


async def watches(
    session: AsyncSession,
    *,
    institution_id: UUID | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[IdleWatch]:
    """A page of watches, the newest first."""
    query = select(IdleWatch)
    for column, value in (
        (IdleWatch.institution_id, institution_id),
        (IdleWatch.state, state),
    ):
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(IdleWatch.id < after)
    return (await session.execute(query.order_by(IdleWatch.id.desc()).limit(limit))).scalars().all()


async def benefit(session: AsyncSession, benefit_id: UUID, *, lock: bool = False) -> Benefit | None:
    """One benefit; a locked one is read as it is once the lock is held."""
    query = select(Benefit).where(Benefit.id == benefit_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def same_benefit(
    session: AsyncSession, registration_id: UUID, party_id: UUID, kind: str, document: str
) -> Benefit | None:
    """A benefit that was recorded for the same document."""
    query = select(Benefit).where(
        Benefit.registration_id == registration_id,
        Benefit.party_id == party_id,
        Benefit.kind == kind,
        Benefit.document == document,
    )
    return (await session.execute(query)).scalar_one_or_none()


async def claimed_benefits(session: AsyncSession, registration_id: UUID) -> Sequence[Benefit]:
    """Benefits that rest on a registration and are not at risk yet, locked."""
    query = (
        select(Benefit)
        .where(
            Benefit.registration_id == registration_id,
            Benefit.state == BenefitState.CLAIMED.value,
        )
        .order_by(Benefit.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalars().all()


async def benefits(
    session: AsyncSession,
    *,
    party_id: UUID | None,
    authority: str | None,
    state: str | None,
    region: str | None,
    registration_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Benefit]:
    """A page of benefits, the newest first."""
    query = select(Benefit)
    for column, value in (
        (Benefit.party_id, party_id),
        (Benefit.authority, authority),
        (Benefit.state, state),
        (Benefit.registration_id, registration_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if region is not None:
        query = query.where(Benefit.region.startswith(region, autoescape=True))
    if after is not None:
        query = query.where(Benefit.id < after)
    return (await session.execute(query.order_by(Benefit.id.desc()).limit(limit))).scalars().all()


async def note_fall(session: AsyncSession, registration_id: UUID, now: datetime) -> None:
    """Note, once, that a registration fell."""
    query = insert(FallenRegistration).values(registration_id=registration_id, fell_at=now)
    await session.execute(query.on_conflict_do_nothing())


async def has_fallen(session: AsyncSession, registration_id: UUID) -> bool:
    """Whether a registration fell."""
    query = select(FallenRegistration).where(FallenRegistration.registration_id == registration_id)
    return (await session.execute(query)).scalar_one_or_none() is not None


async def is_implemented(session: AsyncSession, achievement_id: UUID) -> bool:
    """Whether a plan for the achievement was made: it earns, or is implemented."""
    query = select(
        select(IncomePlan.id)
        .where(
            IncomePlan.achievement_id == achievement_id,
            IncomePlan.state != PlanState.WITHDRAWN.value,
        )
        .exists()
    )
    return bool((await session.execute(query)).scalar_one())
