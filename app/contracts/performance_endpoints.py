"""HTTP of performance: deliveries, acceptance, trial, and demands for delayed obligations."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from app.contracts import performance
from app.contracts.errors import AnswerNeedsReason, NotInForce, NotYourAnswer
from app.contracts.performance_schemas import (
    Acceptance,
    DelayNoticeView,
    Delivery,
    MilestoneView,
    NewDelayNotice,
    PerformanceView,
    TrialDecision,
    TrialView,
)
from app.kit import clock
from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import trade_router

work = trade_router("/contracts", "contracts")
routers: tuple[APIRouter, ...] = (work,)

Sequence = Annotated[int, Path(ge=1, le=1000)]
_ACT = (Unauthenticated, RoleRequired, ScopeRequired, NotFound, NotInForce)


@work.get("/{contract_id}/performance", responses=declared(Unauthenticated, NotFound))
async def get_performance(session: Uow, actor: CurrentActor, contract_id: UUID) -> PerformanceView:
    """How a contract is being performed: deliveries, trial, demands, payments, reports."""
    return await performance.view(session, actor, contract_id, await clock.now(session))


@work.post(
    "/{contract_id}/milestones/{sequence}/deliver",
    responses=declared(*_ACT, NotYourAnswer, IllegalMove),
)
async def deliver(
    session: Uow, actor: CurrentActor, contract_id: UUID, sequence: Sequence, given: Delivery
) -> MilestoneView:
    """The seller hands over what a milestone is about."""
    now = await clock.now(session)
    return await performance.deliver(session, actor, contract_id, sequence, given.note, now)


@work.post(
    "/{contract_id}/milestones/{sequence}/answer",
    responses=declared(*_ACT, NotYourAnswer, AnswerNeedsReason, IllegalMove),
)
async def answer_delivery(
    session: Uow, actor: CurrentActor, contract_id: UUID, sequence: Sequence, given: Acceptance
) -> MilestoneView:
    """The buyer accepts a delivery, or rejects it and says what is wrong."""
    now = await clock.now(session)
    return await performance.answer(session, actor, contract_id, sequence, given, now)


@work.post(
    "/{contract_id}/trial/decision",
    responses=declared(*_ACT, NotYourAnswer, AnswerNeedsReason, IllegalMove),
)
async def decide_trial(
    session: Uow, actor: CurrentActor, contract_id: UUID, given: TrialDecision
) -> TrialView:
    """The buyer adopts what it tried, or returns it; a return ends the contract."""
    now = await clock.now(session)
    return await performance.decide_trial(session, actor, contract_id, given, now)


@work.post("/{contract_id}/delay-notices", status_code=201, responses=declared(*_ACT))
async def demand(
    session: Uow, actor: CurrentActor, contract_id: UUID, new: NewDelayNotice
) -> DelayNoticeView:
    """Demand a delayed main obligation; 30 days later the contract may be ended."""
    now = await clock.now(session)
    return await performance.demand(session, actor, contract_id, new.obligation, now)


@work.post(
    "/{contract_id}/delay-notices/{notice_id}/cure",
    responses=declared(*_ACT, NotYourAnswer, IllegalMove),
)
async def cure_delay(
    session: Uow, actor: CurrentActor, contract_id: UUID, notice_id: UUID
) -> DelayNoticeView:
    """Who demanded says that the obligation was performed."""
    return await performance.cure(session, actor, contract_id, notice_id)
