"""Use cases of plans: draft, publicise the list, object, decide, take effect; costs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.contracts import service as contracts
from app.contracts.states import ContractState
from app.deals import service as deals
from app.kit import audit, calendar_store, clock, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import end_of_day, local_day
from app.kit.errors import NotFound
from app.kit.http import require_version
from app.kit.states import move
from app.parties import service as parties
from app.settlements import access, distributing, recording, repository, rules
from app.settlements.errors import ContractNotSigned, ObjectedAlready, PlanExists, RouteMismatch
from app.settlements.models import (
    IncomeCost,
    IncomePlan,
    IncomePlanEdition,
    IncomePlanMember,
    IncomePlanObjection,
)
from app.settlements.schemas import ListDecision, NewCost, NewPlan, PlanEdit, PlanMember
from app.settlements.states import (
    OBJECTION_MOVES,
    PLAN_MOVES,
    Basis,
    ObjectionState,
    PlanState,
    Route,
)

CONTENT = (
    "basis",
    "basis_note",
    "reward_bp",
    "office_fund_bp",
    "first_year",
    "years",
    "pay_months",
    "objection_procedure",
    "days",
)
_KEPT_WHEN_NULL = frozenset(CONTENT) - {"pay_months"}
_CONTRACTED = frozenset({ContractState.SIGNED, ContractState.TERMINATED})


async def create(session: AsyncSession, actor: Actor, new: NewPlan) -> IncomePlan:
    """Draft a plan for a signed contract of the institution, or for its own implementation.

    Raises NotFound, ContractNotSigned, RouteMismatch, PlanExists, and what `rules.check_plan`
    raises.
    """
    access.require_own_trader(actor)
    institution_id = actor.require_party()
    if new.route is Route.OWN_IMPLEMENTATION:
        about = await _own(session, institution_id, new)
    else:
        about = await _of_contract(session, institution_id, new)
    await repository.serialise(session, f"income_plan:{about['achievement_id']}:{institution_id}")
    known = await repository.living_plan(
        session,
        contract_id=about["contract_id"],
        achievement_id=about["achievement_id"],
        institution_id=institution_id,
    )
    if known is not None:
        raise PlanExists(plan_id=str(known.id))
    institution = await parties.facts(session, institution_id)
    found = rules.rule_set_on(institution.region_code, local_day(await clock.now(session)))
    plan = IncomePlan(
        **about,
        **{name: getattr(new, name) for name in CONTENT if name != "basis"},
        basis=new.basis.value,
        route=new.route.value,
        institution_id=institution_id,
        public_unit=institution.is_public_research_unit,
        rule_set=found.id,
        days_left=new.days,
        state=PlanState.DRAFT.value,
    )
    await judge(session, plan, new.members)
    session.add(plan)
    await session.flush()
    await write_members(session, plan, new.members)
    recording.note(session, actor, "create", plan, None)
    achievement_id = str(plan.achievement_id)
    await jobs.defer(session, "settlements.taken_up", achievement_id=achievement_id)
    return plan


async def _of_contract(session: AsyncSession, institution_id: UUID, new: NewPlan) -> dict[str, Any]:
    if new.contract_id is None or new.achievement_id is not None:
        raise RouteMismatch(
            field="body.contract_id", transfer_mode=new.route.value, expected_route="contract_id"
        )
    contract = await contracts.facts(session, new.contract_id)
    if contract.seller_id != institution_id:
        raise NotFound
    if contract.state not in _CONTRACTED:
        raise ContractNotSigned(field="body.contract_id", contract_state=contract.state)
    deal = await deals.facts(session, contract.deal_id)
    rules.check_route(new.route, deal.transfer_mode)
    return {
        "contract_id": contract.id,
        "achievement_id": contract.achievement_id,
        "title": contract.title,
        "contract_class": contract.contract_class,
    }


async def _own(session: AsyncSession, institution_id: UUID, new: NewPlan) -> dict[str, Any]:
    if new.achievement_id is None or new.contract_id is not None or new.first_year is None:
        raise RouteMismatch(
            field="body.achievement_id",
            transfer_mode=new.route.value,
            expected_route="achievement_id, first_year, years",
        )
    achievement = await achievements.facts(session, new.achievement_id)
    if institution_id not in {achievement.lead_party_id, *achievement.owner_ids}:
        raise NotFound
    return {
        "contract_id": None,
        "achievement_id": achievement.id,
        "title": achievement.title,
        "contract_class": None,
    }


async def judge(session: AsyncSession, plan: IncomePlan, members: list[PlanMember]) -> None:
    """Let the plan's rules decide about it."""
    achievement = await achievements.facts(session, plan.achievement_id)
    today = local_day(await clock.now(session))
    offers = await achievements.offer_facts_of(session, [plan.achievement_id], today)
    rules.check_plan(
        rules.Plan(
            route=Route(plan.route),
            basis=Basis(plan.basis),
            contract_class=plan.contract_class,
            reward_bp=plan.reward_bp,
            office_fund_bp=plan.office_fund_bp,
            years=plan.years,
            days=plan.days,
            members=tuple(
                rules.Member(
                    name=one.name,
                    role=one.role,
                    main=one.main,
                    leader=one.leader,
                    post=one.post,
                    contribution=one.contribution,
                    weight=one.weight,
                )
                for one in members
            ),
        ),
        rules.known_rule_set(plan.rule_set),
        public_unit=plan.public_unit,
        inventors=achievement.completing_persons,
        co_owners=[name for offer in offers for name in offer.co_owners],
    )


async def write_members(session: AsyncSession, plan: IncomePlan, members: list[PlanMember]) -> None:
    """Keep a plan's list in its order."""
    for position, one in enumerate(members):
        session.add(
            IncomePlanMember(
                plan_id=plan.id,
                position=position,
                **one.model_dump(mode="json") | {"person_id": one.person_id},
            )
        )
    await session.flush()


async def edit(
    session: AsyncSession, actor: Actor, plan_id: UUID, change: PlanEdit, expected: int
) -> IncomePlan:
    """Change a draft or a void plan against the version that was read."""
    plan = access.owned(actor, await repository.plan(session, plan_id, lock=True))
    require_version(plan.version, expected)
    move(PLAN_MOVES, PlanState(plan.state), "edit")
    before = plan.standing() | {"reward_bp": plan.reward_bp}
    given = change.model_dump(exclude_unset=True, exclude={"members"}, mode="json")
    with session.no_autoflush:
        for name, value in given.items():
            if value is not None or name not in _KEPT_WHEN_NULL:
                setattr(plan, name, value)
        plan.days_left = plan.days
        await judge(session, plan, await list_of(session, plan, change.members))
    plan.version += 1
    await session.flush()
    if change.members is not None:
        await repository.drop_members(session, plan.id)
        await write_members(session, plan, change.members)
    recording.note(session, actor, "edit", plan, before)
    return plan


async def list_of(
    session: AsyncSession, plan: IncomePlan, given: list[PlanMember] | None = None
) -> list[PlanMember]:
    """The list that was given, else the plan's own."""
    if given is not None:
        return given
    return [
        PlanMember.model_validate(_plain(one)) for one in await repository.members(session, plan.id)
    ]


def _plain(member: IncomePlanMember) -> dict[str, Any]:
    return {name: getattr(member, name) for name in PlanMember.model_fields}


async def publish(session: AsyncSession, actor: Actor, plan_id: UUID) -> IncomePlan:
    """Put the list before the staff; its days count from the day after (A-28)."""
    plan = access.owned(actor, await repository.plan(session, plan_id, lock=True))
    state = move(PLAN_MOVES, PlanState(plan.state), "publish")
    members = await list_of(session, plan)
    await judge(session, plan, members)
    now = await clock.now(session)
    calendar = await calendar_store.calendar(session)
    before = plan.standing()
    plan.edition += 1
    plan.published_at = now
    plan.days_left = plan.days
    plan.closing_note = None
    plan.run(rules.list_period(now, plan.days, calendar))
    plan.state = state.value
    plan.version += 1
    await session.flush()
    content = {name: getattr(plan, name) for name in CONTENT}
    content["members"] = [one.model_dump(mode="json") for one in members]
    session.add(
        IncomePlanEdition(
            plan_id=plan.id,
            edition=plan.edition,
            content=content,
            days=plan.days,
            published_at=now,
        )
    )
    await session.flush()
    recording.note(session, actor, "publish", plan, before)
    return plan


async def withdraw(session: AsyncSession, actor: Actor, plan_id: UUID, reason: str) -> IncomePlan:
    """Take a plan back that is not in effect; once its list was published, with a reason."""
    plan = access.owned(actor, await repository.plan(session, plan_id, lock=True))
    state = move(PLAN_MOVES, PlanState(plan.state), "withdraw")
    if plan.published_at is not None:
        rules.require_reason(reason)
    now = await clock.now(session)
    for objection in await repository.objections(session, plan.id, open_only=True):
        _close(session, actor, "lapse", objection, now, "plan_withdrawn")
    await session.flush()
    plan.closing_note = reason or None
    _enter(session, actor, "withdraw", plan, state)
    await session.flush()
    return plan


async def file_objection(
    session: AsyncSession, actor: Actor, plan_id: UUID, grounds: str
) -> IncomePlanObjection:
    """A person of the institution objects to the list; the count stops.

    Raises NotFound, ListNotOpen and ObjectedAlready.
    """
    plan = access.objecting(actor, await repository.plan(session, plan_id, lock=True))
    now = await clock.now(session)
    rules.require_open(plan.state, plan.ends_at, now)
    for known in await repository.objections(session, plan_id, open_only=True):
        if known.person_id == actor.person_id:
            raise ObjectedAlready(objection_id=str(known.id))
    calendar = await calendar_store.calendar(session)
    term = rules.known_rule_set(plan.rule_set).decision_working_days
    objection = IncomePlanObjection(
        plan_id=plan_id,
        edition=plan.edition,
        person_id=actor.person_id,
        grounds=grounds,
        state=ObjectionState.FILED.value,
        due_at=end_of_day(calendar.end_of_working_days(local_day(now), term).day),
    )
    session.add(objection)
    await session.flush()
    recording.note_objection(session, actor, "file", objection, None)
    state = move(PLAN_MOVES, PlanState(plan.state), "object")
    if plan.state == PlanState.PUBLISHED:
        assert plan.counts_from is not None
        plan.days_left = rules.days_left(plan.counts_from, plan.days_left, now)
        _enter(session, actor, "suspend", plan, state)
        await session.flush()
    return objection


async def decide(
    session: AsyncSession, actor: Actor, plan_id: UUID, objection_id: UUID, decision: ListDecision
) -> IncomePlanObjection:
    """A trader of the institution who is not on the list decides, with reasons.

    Upheld, the plan is void until it is changed; rejected, the count goes on once no other
    objection is open. Raises DecidesOwnShare, ReasonRequired and IllegalMove.
    """
    plan = access.owned(actor, await repository.plan(session, plan_id, lock=True))
    access.require_person(actor)
    recipients = {one.person_id for one in await repository.members(session, plan.id)} - {None}
    found = await repository.objection(session, plan_id, objection_id)
    objection = access.decidable(actor, found, frozenset(recipients))
    rules.require_reason(decision.reason)
    now = await clock.now(session)
    _close(session, actor, decision.act, objection, now, decision.reason)
    await session.flush()
    if decision.act == "uphold":
        for other in await repository.objections(session, plan.id, open_only=True):
            _close(session, actor, "lapse", other, now, "plan_void")
        await session.flush()
        plan.closing_note = decision.reason
        _enter(session, actor, "void", plan, move(PLAN_MOVES, PlanState(plan.state), "void"))
        await session.flush()
    else:
        await _resume(session, actor, plan, now)
    return objection


async def withdraw_objection(
    session: AsyncSession, actor: Actor, plan_id: UUID, objection_id: UUID
) -> IncomePlanObjection:
    """Who objected takes it back; the count goes on once no other objection is open."""
    plan = access.objecting(actor, await repository.plan(session, plan_id, lock=True))
    objection = access.filed(actor, await repository.objection(session, plan_id, objection_id))
    now = await clock.now(session)
    _close(session, actor, "withdraw", objection, now, "")
    await session.flush()
    await _resume(session, actor, plan, now)
    return objection


async def _resume(session: AsyncSession, actor: Actor, plan: IncomePlan, now: datetime) -> None:
    if await repository.objections(session, plan.id, open_only=True):
        return
    calendar = await calendar_store.calendar(session)
    before = plan.standing()
    plan.state = move(PLAN_MOVES, PlanState(plan.state), "resume").value
    period = rules.list_period(now, plan.days_left, calendar)
    plan.run(period)
    plan.version += 1
    await session.flush()
    recording.note(session, actor, "resume", plan, before)


def _close(
    session: AsyncSession,
    actor: Actor,
    act: str,
    objection: IncomePlanObjection,
    now: datetime,
    reason: str,
) -> None:
    before = {"state": objection.state}
    objection.state = move(OBJECTION_MOVES, ObjectionState(objection.state), act).value
    objection.decided_at = now
    objection.reason = reason or None
    if act in {"uphold", "reject"}:
        objection.decided_by = actor.person_id
    objection.version += 1
    recording.note_objection(session, actor, act, objection, before)


def _enter(
    session: AsyncSession, actor: Actor, act: str, plan: IncomePlan, state: PlanState
) -> None:
    """Enter a state in which the count does not run."""
    before = plan.standing()
    plan.state = state.value
    plan.stop()
    plan.version += 1
    recording.note(session, actor, act, plan, before)


async def take_effect(session: AsyncSession, plan_id: UUID, now: datetime) -> None:
    """End the days of a list that stood without an open objection; then its income is divided."""
    plan = await repository.unlocked_plan(session, plan_id)
    if (
        plan is None
        or plan.state != PlanState.PUBLISHED
        or plan.ends_at is None
        or plan.ends_at > now
    ):
        return
    if plan.succeeds is not None:
        await _supersede(session, plan)
    before = plan.standing()
    plan.state = move(PLAN_MOVES, PlanState(plan.state), "take_effect").value
    plan.effective_at = now
    plan.days_left = 0
    plan.version += 1
    await session.flush()
    recording.note(session, SYSTEM, "take_effect", plan, before)
    if plan.contract_id is not None:
        contract_id = str(plan.contract_id)
        await jobs.defer(session, "settlements.income_received", contract_id=contract_id)


async def _supersede(session: AsyncSession, plan: IncomePlan) -> None:
    """End the plan before; what it distributed stays, what it could not make up for goes on."""
    assert plan.succeeds is not None
    earlier = await repository.plan(session, plan.succeeds, lock=True)
    assert earlier is not None
    plan.carried_fen = await distributing.left_over(session, earlier)
    before = earlier.standing()
    earlier.state = move(PLAN_MOVES, PlanState(earlier.state), "supersede").value
    earlier.version += 1
    await session.flush()
    recording.note(session, SYSTEM, "supersede", earlier, before)


async def recount_lists(session: AsyncSession) -> None:
    """Count lists with a provisional end anew; an end only becomes later."""
    calendar = await calendar_store.calendar(session)
    for plan in await repository.provisional_plans(session):
        assert plan.counts_from is not None
        assert plan.ends_at is not None
        before = plan.standing()
        plan.run(rules.recounted(plan.counts_from, plan.ends_at, plan.days_left, calendar))
        if plan.standing() != before:
            plan.version += 1
            recording.note(session, SYSTEM, "recount", plan, before)


async def add_cost(session: AsyncSession, actor: Actor, plan_id: UUID, new: NewCost) -> IncomeCost:
    """Put a cost on record; the plan's formula decides whether it is deducted (A-29).

    A cost counts for income that is distributed after it; raises IllegalMove on a withdrawn or
    superseded plan.
    """
    plan = access.owned(actor, await repository.plan(session, plan_id, lock=True))
    if plan.state in {PlanState.WITHDRAWN, PlanState.SUPERSEDED}:
        move(PLAN_MOVES, PlanState(plan.state), "add_cost")
    cost = IncomeCost(plan_id=plan.id, recorded_by=actor.person_id, **new.model_dump())
    session.add(cost)
    await session.flush()
    audit.record(
        session,
        actor,
        "income_plan.add_cost",
        "income_plan",
        plan.id,
        after={"cost": cost.id, "kind": cost.kind, "amount_fen": cost.amount_fen},
        rule_set=plan.rule_set,
    )
    return cost
