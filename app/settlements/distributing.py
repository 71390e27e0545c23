"""Use cases of income: taking it in, dividing it by the plan in effect, paying the parts out.

A plan's row is locked first, then its income: whoever divides or pays waits for the others, and
finds what they did. A part is booked as paid under its own key, so that the ledger refuses a second
payment even of a wrong program.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service as contracts
from app.kit import audit, calendar_store, clock, mail
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import CountedDate, end_of_day, local_day, recount
from app.kit.errors import NotFound
from app.kit.states import move
from app.ledger import service as ledger
from app.parties import service as parties
from app.settlements import access, repository, rules, texts
from app.settlements.errors import AlreadyReported, PaidInFuture, PlanNotEffective, RouteMismatch
from app.settlements.models import Income, IncomePart, IncomePlan, IncomePlanMember
from app.settlements.schemas import NewEquity, NewProfit, PartPayment
from app.settlements.states import (
    INCOME_MOVES,
    PART_MOVES,
    IncomeKind,
    IncomeState,
    PartState,
    PlanState,
    Route,
)


async def take_in(session: AsyncSession, contract_id: UUID, now: datetime) -> None:
    """Note payments of a contract that were received, and divide them if a plan is in effect.

    Run again, it does nothing. A company that has no plan owes no list, so nothing waits there.
    """
    contract = await contracts.facts(session, contract_id)
    institution = await parties.facts(session, contract.seller_id)
    plan = await repository.living_plan(
        session,
        contract_id=contract_id,
        achievement_id=contract.achievement_id,
        institution_id=contract.seller_id,
    )
    if plan is not None:
        plan = await repository.plan(session, plan.id, lock=True)
    if plan is not None and plan.state == PlanState.SUPERSEDED:
        # It was succeeded while this waited for it.
        found_next = await repository.successor(session, plan.id)
        assert found_next is not None
        plan = await repository.plan(session, found_next.id, lock=True)
    if plan is None and not institution.is_public_research_unit:
        return
    found = (
        rules.known_rule_set(plan.rule_set)
        if plan is not None
        else rules.rule_set_on(institution.region_code, local_day(now))
    )
    calendar = await calendar_store.calendar(session)
    for payment in await contracts.payments_received(session, contract_id):
        due = rules.payment_due(
            payment.received_on, found, None if plan is None else plan.pay_months, calendar
        )
        await repository.take_in_payment(
            session,
            {
                "institution_id": contract.seller_id,
                "contract_id": contract_id,
                "kind": IncomeKind.PAYMENT.value,
                "payment_id": payment.id,
                "amount": payment.amount_fen,
                "received_on": payment.received_on,
                "rule_set": found.id,
                "due_at": end_of_day(due.day),
                "due_provisional": due.provisional,
                "calendar_version": due.calendar_version,
            },
        )
    if plan is not None and plan.state == PlanState.EFFECTIVE and plan.route == Route.TRANSFER:
        for income in await repository.waiting_payments(session, contract_id):
            await _divide_payment(session, plan, income, now)


async def _divide_payment(
    session: AsyncSession, plan: IncomePlan, income: Income, now: datetime
) -> None:
    """Divide one payment, so that with those before it the whole is divided rightly."""
    divided = rules.distribute(
        income.amount,
        rules.Standing(*await repository.given_before(session, plan.id)),
        await _costs(session, plan),
        rules.known_rule_set(plan.rule_set),
        plan.reward_bp,
        plan.office_fund_bp,
    )
    await _give(session, SYSTEM, plan, income, divided, now)


async def _costs(session: AsyncSession, plan: IncomePlan) -> dict[str, int]:
    """The costs of a plan by kind, in fen, with what was carried over."""
    costs = {rules.CARRIED: plan.carried_fen}
    for cost in await repository.costs(session, plan.id):
        costs[cost.kind] = costs.get(cost.kind, 0) + cost.amount_fen
    return costs


async def left_over(session: AsyncSession, plan: IncomePlan) -> int:
    """What a plan leaves to the one that succeeds it to be made up for, in fen."""
    return rules.carried(
        rules.Standing(*await repository.given_before(session, plan.id)),
        await _costs(session, plan),
        rules.known_rule_set(plan.rule_set),
        plan.reward_bp,
    )


async def _give(
    session: AsyncSession,
    actor: Actor,
    plan: IncomePlan,
    income: Income,
    divided: rules.Distribution,
    now: datetime,
) -> None:
    """Split the reward among the plan's recipients and book it; for equity in shares."""
    members = await repository.members(session, plan.id)
    given = await repository.parts_given(session, plan.id)
    split = rules.split_reward(
        divided.reward_fen,
        [rules.Recipient(one.weight, one.main, given.get(one.id, 0)) for one in members],
    )
    before = {"state": income.state}
    income.plan_id = plan.id
    income.net_fen = None if income.kind == IncomeKind.EQUITY else divided.net_fen
    income.reward, income.fund = divided.reward_fen, divided.fund_fen
    income.retained = divided.retained_fen
    income.state = move(INCOME_MOVES, IncomeState(income.state), "distribute").value
    income.distributed_at = now
    income.version += 1
    await session.flush()
    parts = _parts(income, members, split)
    session.add_all(parts)
    await session.flush()
    if income.kind != IncomeKind.EQUITY:
        await ledger.distribute_income(
            session,
            actor,
            key=str(income.id),
            institution_id=plan.institution_id,
            purpose_id=plan.id,
            parts={part.id: part.amount for part in parts},
            retained_fen=divided.fund_fen + divided.retained_fen,
            now=now,
        )
    audit.record(
        session,
        actor,
        "income.distribute",
        "income",
        income.id,
        before=before,
        after={
            "state": income.state,
            "plan": plan.id,
            "edition": plan.edition,
            "amount": income.amount,
            "net_fen": income.net_fen,
            "reward": income.reward,
            "fund": income.fund,
            "parts": {str(part.member_id): part.amount for part in parts},
        },
        rule_set=plan.rule_set,
    )
    if not parts:
        _end(session, actor, plan, income)
        await session.flush()


def _parts(
    income: Income, members: Sequence[IncomePlanMember], split: Sequence[int]
) -> list[IncomePart]:
    return [
        IncomePart(income_id=income.id, member_id=one.id, amount=amount, state=PartState.DUE.value)
        for one, amount in zip(members, split, strict=True)
        if amount
    ]


def _end(session: AsyncSession, actor: Actor, plan: IncomePlan, income: Income) -> None:
    """Nothing of an income is due any more."""
    before = income.state
    income.state = move(INCOME_MOVES, IncomeState(before), "pay").value
    income.version += 1
    audit.record(
        session,
        actor,
        "income.pay",
        "income",
        income.id,
        before={"state": before},
        after={"state": income.state},
        rule_set=plan.rule_set,
    )


async def _in_effect(
    session: AsyncSession, actor: Actor, plan_id: UUID, route: Route
) -> IncomePlan:
    plan = access.owned(actor, await repository.plan(session, plan_id, lock=True))
    if plan.route != route:
        raise RouteMismatch(transfer_mode=plan.route, expected_route=route.value)
    if plan.state != PlanState.EFFECTIVE:
        raise PlanNotEffective(plan_state=plan.state)
    return plan


async def report_profit(
    session: AsyncSession, actor: Actor, plan_id: UUID, new: NewProfit
) -> Income:
    """Report a year's operating profit of own implementation; its reward is divided at once.

    Each year is rewarded on its own; a loss gives nothing and takes nothing back (TV-A5). Raises
    PlanNotEffective, YearNotInPlan, YearNotOver, AlreadyReported.
    """
    plan = await _in_effect(session, actor, plan_id, Route.OWN_IMPLEMENTATION)
    now = await clock.now(session)
    assert plan.first_year is not None
    assert plan.years is not None
    rules.check_year(new.year, plan.first_year, plan.years, local_day(now))
    known = await repository.reported(session, plan, IncomeKind.PROFIT, new.year)
    if known is not None:
        raise AlreadyReported(field="body.year", income_id=str(known.id))
    reward = rules.own_reward(new.operating_profit_fen, plan.reward_bp)
    profit = max(0, new.operating_profit_fen)
    income = await _reported(session, plan, IncomeKind.PROFIT, new.operating_profit_fen, now)
    income.year = new.year
    income.received_on = date(new.year, 12, 31)
    session.add(income)
    await session.flush()
    divided = rules.Distribution(profit, reward, 0, profit - reward)
    await _give(session, actor, plan, income, divided, now)
    return income


async def report_equity(
    session: AsyncSession, actor: Actor, plan_id: UUID, new: NewEquity
) -> Income:
    """Report the shares for an achievement contributed as capital; the staff's are divided.

    Due with the registration of the shares (A-28). Raises PlanNotEffective, SharesWithoutStaff,
    AlreadyReported, PaidInFuture.
    """
    plan = await _in_effect(session, actor, plan_id, Route.EQUITY)
    now = await clock.now(session)
    today = local_day(now)
    if new.registered_on > today:
        raise PaidInFuture(field="body.registered_on", earliest="", latest=today.isoformat())
    known = await repository.reported(session, plan, IncomeKind.EQUITY, None)
    if known is not None:
        raise AlreadyReported(field="body", income_id=str(known.id))
    technology, staff = rules.staff_shares(new.total_shares, new.technology_bp, plan.reward_bp)
    income = await _reported(session, plan, IncomeKind.EQUITY, technology, now)
    income.received_on = new.registered_on
    income.due_at = end_of_day(max(new.registered_on, today))
    income.due_provisional = False
    session.add(income)
    await session.flush()
    divided = rules.Distribution(technology, staff, 0, technology - staff)
    await _give(session, actor, plan, income, divided, now)
    return income


async def _reported(
    session: AsyncSession, plan: IncomePlan, kind: IncomeKind, amount: int, now: datetime
) -> Income:
    calendar = await calendar_store.calendar(session)
    today = local_day(now)
    due = rules.payment_due(today, rules.known_rule_set(plan.rule_set), plan.pay_months, calendar)
    return Income(
        institution_id=plan.institution_id,
        contract_id=plan.contract_id,
        plan_id=plan.id,
        kind=kind.value,
        amount=amount,
        received_on=today,
        rule_set=plan.rule_set,
        due_at=end_of_day(due.day),
        due_provisional=due.provisional,
        calendar_version=due.calendar_version,
        state=IncomeState.RECEIVED.value,
    )


async def pay(
    session: AsyncSession, actor: Actor, plan_id: UUID, part_id: UUID, paid: PartPayment
) -> IncomePart:
    """Report that a part was paid out; once.

    Raises NotFound, PaidInFuture, and IllegalMove for a part that is paid.
    """
    plan = access.owned(actor, await repository.plan(session, plan_id, lock=True))
    access.require_person(actor)
    part = await repository.part(session, part_id)
    income = None if part is None else await repository.income(session, part.income_id, lock=True)
    if part is None or income is None or income.plan_id != plan.id:
        raise NotFound
    now = await clock.now(session)
    state = move(PART_MOVES, PartState(part.state), "pay")
    today = local_day(now)
    if not income.received_on <= paid.paid_on <= today:
        raise PaidInFuture(
            field="body.paid_on",
            earliest=income.received_on.isoformat(),
            latest=today.isoformat(),
        )
    part.state = state.value
    part.paid_on, part.document, part.paid_by = paid.paid_on, paid.document, actor.person_id
    part.version += 1
    if income.kind != IncomeKind.EQUITY:
        await ledger.pay_income_share(
            session,
            actor,
            institution_id=plan.institution_id,
            purpose_id=plan.id,
            part_id=part.id,
            amount_fen=part.amount,
            now=now,
            note=paid.document,
        )
    audit.record(
        session,
        actor,
        "income_part.pay",
        "income_part",
        part.id,
        before={"state": PartState.DUE},
        after={"state": state, "amount": part.amount, "paid_on": paid.paid_on},
        rule_set=plan.rule_set,
    )
    await session.flush()
    if await repository.unpaid_parts(session, income.id) == 0:
        _end(session, actor, plan, income)
        await session.flush()
    return part


async def mark_overdue(session: AsyncSession, income_id: UUID, now: datetime) -> None:
    """Note, once, that income was not paid out in its term, and tell the institution."""
    income = await repository.unlocked_income(session, income_id)
    if (
        income is None
        or income.state == IncomeState.PAID
        or income.overdue_at is not None
        or income.due_at > now
    ):
        return
    income.overdue_at = now
    income.version += 1
    audit.record(
        session,
        SYSTEM,
        "income.overdue",
        "income",
        income.id,
        before={"overdue_at": None},
        after={"overdue_at": now, "due_at": income.due_at, "state": income.state},
        rule_set=income.rule_set,
    )
    party = await parties.get(session, SYSTEM, income.institution_id)
    if mail.is_address(party.contact):
        last = local_day(income.due_at - timedelta(microseconds=1))
        text = texts.OVERDUE.format(name=party.name, id=income.id, day=last, state=income.state)
        await mail.defer(session, party.contact, texts.OVERDUE_SUBJECT, text)


async def recount_due(session: AsyncSession) -> None:
    """Count provisional terms of payment anew; a term only becomes longer."""
    calendar = await calendar_store.calendar(session)
    for income in await repository.provisional_incomes(session):
        plan = None if income.plan_id is None else await repository.plan(session, income.plan_id)
        old = CountedDate(local_day(income.due_at - timedelta(microseconds=1)), True, "")
        start = income.received_on if income.payment_id else local_day(income.created_at)
        found = rules.known_rule_set(income.rule_set)
        new = recount(
            old,
            rules.payment_due(start, found, None if plan is None else plan.pay_months, calendar),
        )
        if (new.day, new.provisional) == (old.day, True):
            continue
        before = {"due_at": income.due_at}
        income.due_at = end_of_day(new.day)
        income.due_provisional = new.provisional
        income.calendar_version = new.calendar_version
        income.version += 1
        audit.record(
            session,
            SYSTEM,
            "income.recount",
            "income",
            income.id,
            before=before,
            after={"due_at": income.due_at, "due_provisional": income.due_provisional},
            rule_set=income.rule_set,
        )
