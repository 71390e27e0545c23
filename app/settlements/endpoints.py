"""HTTP of the settlements module."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import (
    IllegalMove,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unauthenticated,
)
from app.kit.errors import problems as declared
from app.kit.http import BadCursor, IfMatch, Page, Paging, etag, trade_router
from app.kit.idempotency import Idempotent
from app.settlements import benefits as taken
from app.settlements import distributing, idle, queries, service, successors
from app.settlements.errors import (
    AlreadyClaimed,
    AlreadyReported,
    BelowFloor,
    ChiefWithoutEquity,
    ContractNotSigned,
    DecidesOwnShare,
    LeaderUnexplained,
    ListNotOpen,
    ListTooShort,
    MainContributorsTooLittle,
    NamedTwice,
    NoRulesThen,
    NotAnInventor,
    ObjectedAlready,
    OwnsPart,
    PaidInFuture,
    PlanExists,
    PlanNotEffective,
    ReasonRequired,
    RegistrationFell,
    RouteMismatch,
    SharesWithoutStaff,
    TooMuch,
    TransferOfficeTooLittle,
    WatchEnded,
    YearNotInPlan,
    YearNotOver,
    YearsOutOfRange,
)
from app.settlements.estimate_schemas import EstimateView, Question, TaxRulesView
from app.settlements.models import IncomePlan
from app.settlements.schemas import (
    BenefitDecision,
    BenefitView,
    CostView,
    DistributionRulesView,
    IdleStart,
    IdleWatchView,
    IncomeView,
    ListDecision,
    ListObjectionView,
    NewBenefit,
    NewCost,
    NewEquity,
    NewListObjection,
    NewPlan,
    NewProfit,
    PartPayment,
    PartView,
    PlanEdit,
    PlanView,
    PlanWithdrawal,
)
from app.settlements.states import Authority, BenefitState, IdleState, PlanState

plans = trade_router("/income-plans", "settlements")
watches = trade_router("/idle-watches", "settlements")
benefits = trade_router("/benefits", "settlements")
estimates = trade_router("/tax-estimates", "settlements")
routers: tuple[APIRouter, ...] = (plans, watches, benefits, estimates)

ACTING = (Unauthenticated, RoleRequired, ScopeRequired, NotFound)
CONTENT = (
    BelowFloor,
    MainContributorsTooLittle,
    TransferOfficeTooLittle,
    TooMuch,
    LeaderUnexplained,
    ChiefWithoutEquity,
    NotAnInventor,
    OwnsPart,
    NamedTwice,
    ListTooShort,
    YearsOutOfRange,
)


async def _shown(response: Response, session: Uow, plan: IncomePlan) -> PlanView:
    response.headers["ETag"] = etag(plan.version)
    return await queries.plan_view(session, plan)


@plans.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*ACTING, ContractNotSigned, RouteMismatch, PlanExists, *CONTENT),
)
async def create_plan(
    response: Response, session: Uow, actor: CurrentActor, new: NewPlan
) -> PlanView:
    """Draft how the income of a signed contract, or of an own implementation, is shared."""
    plan = await service.create(session, actor, new)
    response.headers["Location"] = f"/api/v1/income-plans/{plan.id}"
    return await _shown(response, session, plan)


@plans.get("", responses=declared(Unauthenticated, BadCursor))
async def list_plans(
    session: Uow, actor: CurrentActor, request: Paging, state: PlanState | None = None
) -> Page[PlanView]:
    """Plans of the own institution, the newest first; for overseers all that were published."""
    return await queries.plans(session, actor, state, request)


@plans.get("/rule-sets")
async def list_distribution_rules() -> list[DistributionRulesView]:
    """The rules of distribution by province and time, their sources, what is to be verified."""
    return queries.rule_sets()


@plans.get("/{plan_id}", responses=declared(Unauthenticated, NotFound))
async def get_plan(
    response: Response, session: Uow, actor: CurrentActor, plan_id: UUID
) -> PlanView:
    """One plan with its list."""
    shown = await queries.plan(session, actor, plan_id)
    response.headers["ETag"] = etag(shown.version)
    return shown


@plans.post(
    "/{plan_id}/successor",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*ACTING, IllegalMove, PlanExists, AlreadyReported, *CONTENT),
)
async def draft_successor(
    response: Response, session: Uow, actor: CurrentActor, plan_id: UUID, change: PlanEdit
) -> PlanView:
    """Draft the plan that is to succeed one in effect: its content with these changes."""
    plan = await successors.draft(session, actor, plan_id, change)
    response.headers["Location"] = f"/api/v1/income-plans/{plan.id}"
    return await _shown(response, session, plan)


@plans.patch(
    "/{plan_id}",
    responses=declared(*ACTING, IllegalMove, PreconditionFailed, PreconditionRequired, *CONTENT),
)
async def edit_plan(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    plan_id: UUID,
    version: IfMatch,
    change: PlanEdit,
) -> PlanView:
    """Change a draft, or a plan that an objection made void."""
    plan = await service.edit(session, actor, plan_id, change, version)
    return await _shown(response, session, plan)


@plans.post("/{plan_id}/publish", responses=declared(*ACTING, IllegalMove, *CONTENT))
async def publish_plan(
    response: Response, session: Uow, actor: CurrentActor, plan_id: UUID
) -> PlanView:
    """Put the list before the staff; its days count from the day after."""
    return await _shown(response, session, await service.publish(session, actor, plan_id))


@plans.post("/{plan_id}/withdraw", responses=declared(*ACTING, IllegalMove, ReasonRequired))
async def withdraw_plan(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    plan_id: UUID,
    withdrawal: PlanWithdrawal,
) -> PlanView:
    """Take a plan back that is not in effect."""
    plan = await service.withdraw(session, actor, plan_id, withdrawal.reason)
    return await _shown(response, session, plan)


@plans.post(
    "/{plan_id}/objections",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        Unauthenticated, RoleRequired, ScopeRequired, NotFound, ListNotOpen, ObjectedAlready
    ),
)
async def object_to_list(
    response: Response, session: Uow, actor: CurrentActor, plan_id: UUID, new: NewListObjection
) -> ListObjectionView:
    """Object to a list within its days; the count stops until the objection is decided."""
    objection = await service.file_objection(session, actor, plan_id, new.grounds)
    response.headers["Location"] = f"/api/v1/income-plans/{plan_id}/objections"
    return queries.objection_view(actor, objection)


@plans.get("/{plan_id}/objections", responses=declared(Unauthenticated, NotFound))
async def list_list_objections(
    session: Uow, actor: CurrentActor, plan_id: UUID
) -> list[ListObjectionView]:
    """Objections and their outcome."""
    return await queries.objections(session, actor, plan_id)


@plans.post(
    "/{plan_id}/objections/{objection_id}/decision",
    responses=declared(*ACTING, IllegalMove, DecidesOwnShare, ReasonRequired),
)
async def decide_list_objection(
    session: Uow, actor: CurrentActor, plan_id: UUID, objection_id: UUID, decision: ListDecision
) -> ListObjectionView:
    """Somebody of the institution who is not on the list decides, with reasons."""
    objection = await service.decide(session, actor, plan_id, objection_id, decision)
    return queries.objection_view(actor, objection)


@plans.post(
    "/{plan_id}/objections/{objection_id}/withdraw",
    responses=declared(Unauthenticated, RoleRequired, ScopeRequired, NotFound, IllegalMove),
)
async def withdraw_list_objection(
    session: Uow, actor: CurrentActor, plan_id: UUID, objection_id: UUID
) -> ListObjectionView:
    """Who objected takes the objection back."""
    objection = await service.withdraw_objection(session, actor, plan_id, objection_id)
    return queries.objection_view(actor, objection)


@plans.post(
    "/{plan_id}/costs",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*ACTING, IllegalMove),
)
async def add_cost(session: Uow, actor: CurrentActor, plan_id: UUID, new: NewCost) -> CostView:
    """Put a cost on record; the answer says whether the plan's formula deducts it."""
    cost = await service.add_cost(session, actor, plan_id, new)
    plan = await queries.plan(session, actor, plan_id)
    return queries.cost_view(cost, plan.rule_set)


@plans.get("/{plan_id}/costs", responses=declared(Unauthenticated, NotFound))
async def list_costs(session: Uow, actor: CurrentActor, plan_id: UUID) -> list[CostView]:
    """The costs of a plan, the first one first."""
    return await queries.costs(session, actor, plan_id)


@plans.get("/{plan_id}/incomes", responses=declared(Unauthenticated, NotFound))
async def list_incomes(session: Uow, actor: CurrentActor, plan_id: UUID) -> list[IncomeView]:
    """What came in, how it was divided, and what of it is paid out."""
    return await queries.incomes(session, actor, plan_id)


@plans.post(
    "/{plan_id}/profits",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        *ACTING, PlanNotEffective, RouteMismatch, YearNotInPlan, YearNotOver, AlreadyReported
    ),
)
async def report_profit(
    session: Uow, actor: CurrentActor, plan_id: UUID, new: NewProfit
) -> IncomeView:
    """Report the operating profit of a year of own implementation; its reward is divided."""
    income = await distributing.report_profit(session, actor, plan_id, new)
    return (await queries.income_views(session, plan_id, [income]))[0]


@plans.post(
    "/{plan_id}/equity",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        *ACTING, PlanNotEffective, RouteMismatch, SharesWithoutStaff, AlreadyReported, PaidInFuture
    ),
)
async def report_equity(
    session: Uow, actor: CurrentActor, plan_id: UUID, new: NewEquity
) -> IncomeView:
    """Report the shares for an achievement contributed as capital; the staff's are divided."""
    income = await distributing.report_equity(session, actor, plan_id, new)
    return (await queries.income_views(session, plan_id, [income]))[0]


@plans.post(
    "/{plan_id}/parts/{part_id}/pay",
    dependencies=[Idempotent],
    responses=declared(*ACTING, IllegalMove, PaidInFuture),
)
async def pay_part(
    session: Uow, actor: CurrentActor, plan_id: UUID, part_id: UUID, paid: PartPayment
) -> PartView:
    """Report that a recipient was paid, with the document that proves it."""
    part = await distributing.pay(session, actor, plan_id, part_id, paid)
    return await queries.paid_part(session, plan_id, part)


@watches.get("", responses=declared(Unauthenticated, BadCursor))
async def list_idle_watches(
    session: Uow, actor: CurrentActor, request: Paging, state: IdleState | None = None
) -> Page[IdleWatchView]:
    """Achievements of the own institution that wait to be taken up; for overseers everyone's."""
    return await queries.watches(session, actor, state, request)


@watches.put("/{achievement_id}", responses=declared(*ACTING, WatchEnded, PaidInFuture))
async def state_idle_start(
    response: Response, session: Uow, actor: CurrentActor, achievement_id: UUID, start: IdleStart
) -> IdleWatchView:
    """State from which day the term runs: registration in the unit, grant, or completion."""
    watch = await idle.state_start(session, actor, achievement_id, start)
    response.headers["ETag"] = etag(watch.version)
    return IdleWatchView.model_validate(watch)


@benefits.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*ACTING, RegistrationFell, AlreadyClaimed, PaidInFuture),
)
async def claim_benefit(session: Uow, actor: CurrentActor, new: NewBenefit) -> BenefitView:
    """State a relief or reward that was taken because a contract is registered."""
    return BenefitView.model_validate(await taken.claim(session, actor, new))


@benefits.get("", responses=declared(Unauthenticated, BadCursor))
async def list_benefits(
    session: Uow,
    actor: CurrentActor,
    request: Paging,
    authority: Authority | None = None,
    state: BenefitState | None = None,
    region: Annotated[str | None, Query(pattern="^[0-9]{2,6}$")] = None,
    registration_id: UUID | None = None,
) -> Page[BenefitView]:
    """An authority's list for regulators, such as `?authority=tax&state=at_risk&region=33`; for
    everyone else the own benefits."""
    return await queries.benefits(
        session,
        actor,
        authority=authority,
        state=state,
        region=region,
        registration_id=registration_id,
        request=request,
    )


@benefits.post("/{benefit_id}/decision", responses=declared(*ACTING, IllegalMove, ReasonRequired))
async def decide_benefit(
    session: Uow, actor: CurrentActor, benefit_id: UUID, decision: BenefitDecision
) -> BenefitView:
    """A regulator confirms a benefit at risk, or notes that it was recovered."""
    return BenefitView.model_validate(await taken.decide(session, actor, benefit_id, decision))


@estimates.get("/rule-sets")
async def list_tax_rules() -> list[TaxRulesView]:
    """The rules of the reliefs by time, their conditions and sources, what is to be verified."""
    return queries.tax_rule_sets()


@estimates.post("", responses=declared(Unauthenticated, ScopeRequired, NoRulesThen))
async def estimate_tax(session: Uow, actor: CurrentActor, asked: Question) -> EstimateView:
    """Estimate a relief, with every condition and why it holds or not; nothing is kept.

    No assessment by a tax authority and no advice.
    """
    actor.require_scope("trade")  # as every POST: a key that only reads sends none
    return await queries.estimate(session, asked)
