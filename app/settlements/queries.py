"""Reads of the settlements module, and tax estimates, which write nothing."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.http import Page, PageRequest, cursor_id, make_page
from app.parties.states import Role
from app.settlements import access, duties, repository, rules, tax
from app.settlements.errors import NoRulesThen
from app.settlements.estimate_schemas import (
    ConditionView,
    DeferralQuestion,
    EstimateView,
    IncomeTaxQuestion,
    PersonalIncomeQuestion,
    Question,
    RewardQuestion,
    StampDutyQuestion,
    TaxRulesView,
    VatQuestion,
)
from app.settlements.models import Benefit, Income, IncomeCost, IncomePart, IncomePlan
from app.settlements.schemas import (
    BenefitView,
    CostView,
    DistributionRulesView,
    IdleWatchView,
    IncomeView,
    ListObjectionView,
    MemberView,
    PartView,
    PlanView,
)
from app.settlements.states import Authority, BenefitState, IdleState, PlanState, Route

plans_due = repository.plans_due
incomes_overdue = repository.incomes_overdue
watches_due = repository.watches_due
_COMPUTED = frozenset({"members", "floor_bp", "recommended_bp"})


async def plan(session: AsyncSession, actor: Actor, plan_id: UUID) -> PlanView:
    """One plan with its list, if the actor may see it."""
    return await plan_view(session, access.visible(actor, await repository.plan(session, plan_id)))


async def successor(session: AsyncSession, actor: Actor, plan_id: UUID) -> IncomePlan | None:
    """The plan that succeeds this one, or is to, if the actor may see it."""
    access.visible(actor, await repository.plan(session, plan_id))
    found = await repository.successor(session, plan_id)
    drafted = found is not None and found.published_at is None
    return None if found is None or (drafted and not access.belongs(actor, found)) else found


async def plan_view(session: AsyncSession, row: IncomePlan) -> PlanView:
    """A plan as it is shown."""
    found = rules.known_rule_set(row.rule_set)
    route = Route(row.route)
    floor_bp, _ = rules.floor_of(found, route, row.contract_class)
    own = route is Route.OWN_IMPLEMENTATION
    plain = {name: getattr(row, name) for name in PlanView.model_fields if name not in _COMPUTED}
    members = await repository.members(session, row.id)
    return PlanView.model_validate(
        plain
        | {
            "floor_bp": floor_bp,
            "recommended_bp": found.own_recommended_bp if own else found.recommended_bp,
            "members": [MemberView.model_validate(one) for one in members],
        }
    )


async def plans(
    session: AsyncSession, actor: Actor, state: PlanState | None, request: PageRequest
) -> Page[PlanView]:
    """A page of plans: the own institution's, for overseers all that were published."""
    oversees = access.oversees(actor)
    if not oversees and (actor.organisation_id is None or actor.client_id is not None):
        return Page(items=[], next_cursor=None)
    rows = await repository.plans(
        session,
        institution_id=None if oversees else actor.organisation_id,
        drafts=not oversees,
        state=None if state is None else state.value,
        after=cursor_id(request),
        limit=request.limit + 1,
    )
    items, cursor = make_page(rows, request, lambda row: [row.id])
    return Page(items=[await plan_view(session, row) for row in items], next_cursor=cursor)


async def objections(session: AsyncSession, actor: Actor, plan_id: UUID) -> list[ListObjectionView]:
    """Objections to a list, as much of each as the actor may see."""
    access.visible(actor, await repository.plan(session, plan_id))
    rows = await repository.objections(session, plan_id)
    return [objection_view(actor, row) for row in rows]


def objection_view(actor: Actor, row: Any) -> ListObjectionView:
    """An objection; who made it is told to those concerned."""
    shown = ListObjectionView.model_validate(row)
    if not access.sees_grounds(actor, row):
        shown.person_id = shown.grounds = None
    return shown


async def costs(session: AsyncSession, actor: Actor, plan_id: UUID) -> list[CostView]:
    """The costs of a plan, and which of them its formula deducts."""
    found = access.visible(actor, await repository.plan(session, plan_id))
    return [cost_view(row, found.rule_set) for row in await repository.costs(session, plan_id)]


def cost_view(row: IncomeCost, rule_set: str) -> CostView:
    """A cost as it is shown."""
    return CostView(
        id=row.id,
        kind=row.kind,
        amount_fen=row.amount_fen,
        document=row.document,
        created_at=row.created_at,
        deducted=row.kind in rules.known_rule_set(rule_set).deducted,
    )


async def incomes(session: AsyncSession, actor: Actor, plan_id: UUID) -> list[IncomeView]:
    """What came in under a plan, with its parts, the first one first."""
    found = access.visible(actor, await repository.plan(session, plan_id))
    rows = await repository.incomes_of_plan(session, plan_id, found.contract_id)
    return await income_views(session, plan_id, rows)


async def income_views(
    session: AsyncSession, plan_id: UUID, rows: Sequence[Income]
) -> list[IncomeView]:
    """Income as it is shown."""
    names = {one.id: one.name for one in await repository.members(session, plan_id)}
    parts: dict[UUID, list[PartView]] = {row.id: [] for row in rows}
    for part in await repository.parts(session, list(parts)):
        parts[part.income_id].append(part_view(part, names[part.member_id]))
    return [
        IncomeView.model_validate(
            {name: getattr(row, name) for name in IncomeView.model_fields if name != "parts"}
            | {"parts": parts[row.id]}
        )
        for row in rows
    ]


def part_view(part: IncomePart, name: str) -> PartView:
    """A part as it is shown."""
    return PartView(
        id=part.id,
        member_id=part.member_id,
        name=name,
        amount=part.amount,
        state=part.state,
        paid_on=part.paid_on,
        document=part.document,
    )


async def paid_part(session: AsyncSession, plan_id: UUID, part: IncomePart) -> PartView:
    """A part after its payment."""
    names = {one.id: one.name for one in await repository.members(session, plan_id)}
    return part_view(part, names[part.member_id])


def rule_sets() -> list[DistributionRulesView]:
    """The rules of distribution of every province and time."""
    return [DistributionRulesView.model_validate(found) for found in rules.rule_sets()]


async def watches(
    session: AsyncSession, actor: Actor, state: IdleState | None, request: PageRequest
) -> Page[IdleWatchView]:
    """A page of watched achievements: the own institution's, for overseers everyone's."""
    oversees = access.oversees(actor)
    if not oversees and actor.organisation_id is None:
        return Page(items=[], next_cursor=None)
    rows = await repository.watches(
        session,
        institution_id=None if oversees else actor.organisation_id,
        state=None if state is None else state.value,
        after=cursor_id(request),
        limit=request.limit + 1,
    )
    items, cursor = make_page(rows, request, lambda row: [row.id])
    return Page(items=[IdleWatchView.model_validate(row) for row in items], next_cursor=cursor)


async def benefits(
    session: AsyncSession,
    actor: Actor,
    *,
    authority: Authority | None,
    state: BenefitState | None,
    region: str | None,
    registration_id: UUID | None,
    request: PageRequest,
) -> Page[BenefitView]:
    """A page of benefits: an authority's list for regulators, for others the own ones."""
    sees_all = Role.REGULATOR in actor.roles
    if not sees_all and actor.organisation_id is None:
        return Page(items=[], next_cursor=None)
    rows: Sequence[Benefit] = await repository.benefits(
        session,
        party_id=None if sees_all else actor.organisation_id,
        authority=None if authority is None else authority.value,
        state=None if state is None else state.value,
        region=region,
        registration_id=registration_id,
        after=cursor_id(request),
        limit=request.limit + 1,
    )
    items, cursor = make_page(rows, request, lambda row: [row.id])
    return Page(items=[BenefitView.model_validate(row) for row in items], next_cursor=cursor)


async def estimate(session: AsyncSession, asked: Question) -> EstimateView:
    """Estimate a tax by the rules of the day that is asked about; nothing is kept.

    Raises NoRulesThen for a day before there were any.
    """
    day = asked.as_of or local_day(await clock.now(session))
    try:
        return estimate_view(estimated(asked, day))
    except LookupError:
        raise NoRulesThen(field="body.as_of", day=day.isoformat()) from None


def estimated(asked: Question, day: date) -> tax.Estimate:
    """The estimate that answers a question; raises LookupError before there were rules."""
    values = asked.model_dump(exclude={"kind", "as_of"})
    match asked:
        case IncomeTaxQuestion():
            return tax.income_tax(tax.Transfer(**values), day)
        case VatQuestion():
            return tax.vat(tax.Sale(**values), day)
        case RewardQuestion():
            return tax.reward(tax.Reward(**values), day)
        case DeferralQuestion():
            return tax.equity_deferral(tax.Contribution(**values), day)
        case StampDutyQuestion():
            return duties.stamp_duty(duties.StampedDocument(**values), day)
        case PersonalIncomeQuestion():
            return duties.personal_income(duties.PersonalIncome(**values), day)


def estimate_view(found: tax.Estimate) -> EstimateView:
    """An estimate as it is shown, with what it is not."""
    return EstimateView(
        kind=found.kind,
        disclaimer_zh=tax.DISCLAIMER_ZH,
        disclaimer_en=tax.DISCLAIMER_EN,
        as_of=found.as_of,
        rule_set=found.rule_set,
        verify=list(found.verify),
        eligible=found.eligible,
        conditions=[
            ConditionView(
                id=one.rule.id,
                outcome=one.outcome,
                zh=one.rule.zh,
                en=one.rule.en,
                why_zh=one.why_zh,
                why_en=one.why_en,
                law=one.rule.law,
                article=one.rule.article,
                verify=one.rule.verify,
            )
            for one in found.conditions
        ],
        base_fen=found.base_fen,
        tax_without_fen=found.tax_without_fen,
        tax_fen=found.tax_fen,
        saving_fen=found.saving_fen,
        note_zh=found.note_zh,
        note_en=found.note_en,
    )


def tax_rule_sets() -> list[TaxRulesView]:
    """The rules of the reliefs of every time."""
    return [TaxRulesView.model_validate(found) for found in tax.rule_sets()]
