"""Use cases of performance: deliveries and acceptance, use before payment, demands for delay."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import access, drafting, payments, repository, rules
from app.contracts.errors import AnswerNeedsReason, NotYourAnswer
from app.contracts.models import (
    Contract,
    ContractDelayNotice,
    ContractMilestone,
    ContractRoyaltyReport,
    ContractTrial,
)
from app.contracts.performance_schemas import (
    Acceptance,
    DelayNoticeView,
    MilestoneView,
    PerformanceView,
    TrialDecision,
    TrialView,
)
from app.contracts.schemas import Terms
from app.contracts.states import (
    DELAY_MOVES,
    MILESTONE_MOVES,
    MOVES,
    TRIAL_MOVES,
    ContractState,
    DelayState,
    MilestoneState,
    TrialState,
)
from app.deals import service as deals
from app.kit import audit, calendar_store
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import end_of_day, local_day
from app.kit.errors import NotFound
from app.kit.states import move

RECOUNT = "contracts.recount"
GRACE_DAYS = 30
"""After a demand, before the contract may be ended (技术合同纠纷解释 15; rules.md V-4)."""
_FILING_MONTHS = 3
_REGISTRATION_DAYS = 30


async def plan(session: AsyncSession, contract: Contract, terms: Terms, day: date) -> None:
    """What is to be performed, from the terms; the contract was signed on that day.

    A licence of a patent is filed within three months of its effect (专利法实施细则 15); a patent
    that is assigned goes over by registration (专利法 10).
    """
    listed = [(one.name, one.indicators, one.due_on) for one in terms.milestones]
    wanted = [
        ("delivery", *one)
        for one in listed or [("交付全部技术资料", terms.indicators[:2000], None)]
    ]
    if contract.sub_class == "license.patent_license":
        calendar = await calendar_store.calendar(session)
        due = calendar.end_of_period(day, months=_FILING_MONTHS).day
        wanted.append(("filing", "专利实施许可合同备案", "", due))
    elif contract.sub_class in {"transfer.patent_right", "transfer.patent_application_right"}:
        due = day + timedelta(days=_REGISTRATION_DAYS)
        wanted.append(("filing", "办理专利权属变更登记", "", due))
    await _add_milestones(session, contract, wanted)
    await _add_reports(session, contract, terms, day)
    if terms.trial is not None:
        days, payment_days = terms.trial.days, terms.payment_days
        session.add(ContractTrial(contract_id=contract.id, days=days, payment_days=payment_days))
    await session.flush()


async def replan(
    session: AsyncSession, contract: Contract, terms: Terms, changed: set[str], day: date
) -> None:
    """What a change makes of the plan: nothing that was delivered or reported is touched."""
    if "milestones" in changed:
        for row in await repository.milestones(session, contract.id):
            if row.state == MilestoneState.PLANNED and row.kind == "delivery":
                await session.delete(row)
        await session.flush()
        wanted = [("delivery", one.name, one.indicators, one.due_on) for one in terms.milestones]
        await _add_milestones(session, contract, wanted)
    if "royalty" in changed:
        for report in await repository.royalty_reports(session, contract.id):
            if report.state == "due":
                await session.delete(report)
        await session.flush()
        signed = day if contract.signed_at is None else local_day(contract.signed_at)
        await _add_reports(session, contract, terms, signed)
    await session.flush()


async def _add_milestones(
    session: AsyncSession, contract: Contract, wanted: list[tuple[str, str, str, date | None]]
) -> None:
    rows = await repository.milestones(session, contract.id)
    kept = {row.name for row in rows}
    last = max((row.sequence for row in rows), default=0)
    fresh = [one for one in wanted if one[1] not in kept]
    for sequence, (kind, name, indicators, due) in enumerate(fresh, start=last + 1):
        session.add(
            ContractMilestone(
                contract_id=contract.id,
                sequence=sequence,
                kind=kind,
                name=name,
                indicators=indicators,
                due_on=due,
            )
        )


async def _add_reports(session: AsyncSession, contract: Contract, terms: Terms, day: date) -> None:
    royalty = terms.royalty
    if royalty is None:
        return
    kept = {row.sequence for row in await repository.royalty_reports(session, contract.id)}
    periods = rules.royalty_periods(
        royalty.first_from or day,
        royalty.period_months,
        royalty.periods,
        royalty.report_days,
        royalty.yearly_rates_bp or [royalty.rate_bp],
    )
    for sequence, period in enumerate(periods, start=1):
        if sequence in kept:
            continue
        session.add(
            ContractRoyaltyReport(
                contract_id=contract.id,
                sequence=sequence,
                period_from=period.first,
                period_to=period.last,
                due_on=period.due,
                rate_bp=period.rate_bp,
            )
        )


async def view(
    session: AsyncSession, actor: Actor, contract_id: UUID, now: datetime
) -> PerformanceView:
    """How a contract is being performed, for those who may see it."""
    contract = access.visible(actor, await repository.contract(session, contract_id))
    today = local_day(now)
    trial = await repository.trial(session, contract.id)
    paid = await payments.recorded(session, actor, contract.id)
    received = sum(one.amount_fen for one in paid if one.confirmed)
    return PerformanceView(
        milestones=[
            _milestone(row, today) for row in await repository.milestones(session, contract.id)
        ],
        trial=None if trial is None else TrialView.model_validate(trial),
        delay_notices=[
            DelayNoticeView.model_validate(row)
            for row in await repository.delay_notices(session, contract.id)
        ],
        payments=paid,
        royalty_reports=await payments.reports(session, actor, contract.id, today),
        received_fen=received,
        exceeds_technical=received > contract.technical_fen,
    )


def _milestone(row: ContractMilestone, today: date) -> MilestoneView:
    late = row.state in {MilestoneState.PLANNED, MilestoneState.REJECTED}
    shown = MilestoneView.model_validate(row)
    overdue = late and row.due_on is not None and today > row.due_on
    return shown.model_copy(update={"overdue": overdue})


async def _signed(session: AsyncSession, actor: Actor, contract_id: UUID) -> tuple[Contract, UUID]:
    found = await repository.contract(session, contract_id, lock=True)
    return access.performed(actor, found, ContractState.SIGNED)


def _told(
    session: AsyncSession, actor: Actor, contract: Contract, act: str, **after: object
) -> None:
    audience = access.audience(contract)
    audit.record(
        session, actor, f"contract.{act}", "contract", contract.id, after=after, audience=audience
    )


async def deliver(
    session: AsyncSession, actor: Actor, contract_id: UUID, sequence: int, note: str, now: datetime
) -> MilestoneView:
    """The seller hands over; the first delivery starts a trial that was agreed on.

    Raises NotYourAnswer to the buyer, and IllegalMove when it was handed over already.
    """
    contract, _ = await _signed(session, actor, contract_id)
    row = await _one(session, contract, sequence)
    if actor.party_id != contract.seller_id:
        raise NotYourAnswer
    row.state = move(MILESTONE_MOVES, MilestoneState(row.state), "deliver").value
    row.delivery, row.delivered_at = note, now
    row.version += 1
    _told(session, actor, contract, "deliver", milestone=row.sequence, state=row.state)
    if row.kind == "delivery":
        await _start_trial(session, actor, contract, now)
    await session.flush()
    return _milestone(row, local_day(now))


async def _one(session: AsyncSession, contract: Contract, sequence: int) -> ContractMilestone:
    rows = await repository.milestones(session, contract.id)
    row = next((one for one in rows if one.sequence == sequence), None)
    if row is None:
        raise NotFound
    return row


async def _start_trial(
    session: AsyncSession, actor: Actor, contract: Contract, now: datetime
) -> None:
    trial = await repository.trial(session, contract.id)
    if trial is None or trial.state != TrialState.AGREED:
        return
    # A query writes what has changed so far, so the state and its moments change together.
    calendar = await calendar_store.calendar(session)
    counted = calendar.end_of_calendar_days(local_day(now), trial.days)
    trial.state = move(TRIAL_MOVES, TrialState(trial.state), "start").value
    trial.started_at, trial.ends_at = now, end_of_day(counted.day)
    trial.provisional, trial.calendar_version = counted.provisional, counted.calendar_version
    trial.version += 1
    _told(session, actor, contract, "start_trial", ends_at=trial.ends_at)


async def answer(
    session: AsyncSession,
    actor: Actor,
    contract_id: UUID,
    sequence: int,
    given: Acceptance,
    now: datetime,
) -> MilestoneView:
    """The buyer accepts a delivery, or rejects it and says what is wrong.

    Raises NotYourAnswer to the seller, AnswerNeedsReason, IllegalMove.
    """
    contract, _ = await _signed(session, actor, contract_id)
    row = await _one(session, contract, sequence)
    if actor.party_id != contract.buyer_id:
        raise NotYourAnswer
    if not given.accepted and not given.note:
        raise AnswerNeedsReason(field="body.note")
    act = "accept" if given.accepted else "reject"
    row.state = move(MILESTONE_MOVES, MilestoneState(row.state), act).value
    row.answer, row.answered_at = given.note, now
    row.version += 1
    _told(session, actor, contract, f"{act}_delivery", milestone=row.sequence, state=row.state)
    await session.flush()
    return _milestone(row, local_day(now))


async def decide_trial(
    session: AsyncSession, actor: Actor, contract_id: UUID, given: TrialDecision, now: datetime
) -> TrialView:
    """The buyer adopts what it tried, and payment falls due, or returns it: the contract ends.

    Raises NotYourAnswer to the seller, AnswerNeedsReason for a return without one, IllegalMove.
    """
    contract, _ = await _signed(session, actor, contract_id)
    trial = await repository.trial(session, contract.id)
    if trial is None:
        raise NotFound
    if actor.party_id != contract.buyer_id:
        raise NotYourAnswer
    if not given.adopt and not given.reason:
        raise AnswerNeedsReason(field="body.reason")
    act = "adopt" if given.adopt else "return"
    _decide(trial, act, given.reason, now)
    _told(session, actor, contract, f"{act}_trial", state=trial.state)
    if not given.adopt:
        after = move(MOVES, ContractState(contract.state), "terminate")
        drafting.enter(session, actor, contract, after, "contract.terminate")
        await deals.end_with_contract(session, actor, contract.deal_id, given.reason, now)
    await session.flush()
    return TrialView.model_validate(trial)


def _decide(trial: ContractTrial, act: str, reason: str, now: datetime) -> None:
    trial.state = move(TRIAL_MOVES, TrialState(trial.state), act).value
    trial.decided_at, trial.reason = now, reason
    if trial.state == TrialState.ADOPTED:
        trial.payment_due_on = local_day(now) + timedelta(days=trial.payment_days)
    trial.version += 1


async def lapse_trial(session: AsyncSession, trial_id: UUID, now: datetime) -> None:
    """The trial's end passed without a word: by the contract's text it is adopted."""
    found = await repository.trial_by_id(session, trial_id)
    if found is None:
        return
    contract = await repository.contract(session, found.contract_id, lock=True)
    trial = await repository.trial_by_id(session, trial_id)
    assert contract is not None
    assert trial is not None
    waiting = trial.state == TrialState.RUNNING and trial.ends_at is not None
    if not waiting or trial.ends_at is None or trial.ends_at > now:
        return
    _decide(trial, "lapse", "", trial.ends_at)
    _told(session, SYSTEM, contract, "lapse_trial", state=trial.state)
    await session.flush()


async def demand(
    session: AsyncSession, actor: Actor, contract_id: UUID, obligation: str, now: datetime
) -> DelayNoticeView:
    """Demand a main obligation that the other side is late with; 30 days are counted from it."""
    contract, person_id = await _signed(session, actor, contract_id)
    calendar = await calendar_store.calendar(session)
    counted = calendar.end_of_calendar_days(local_day(now), GRACE_DAYS)
    notice = ContractDelayNotice(
        contract_id=contract.id,
        party_id=actor.require_party(),
        person_id=person_id,
        mandate_id=actor.mandate_id,
        obligation=obligation,
        given_at=now,
        matures_at=end_of_day(counted.day),
        provisional=counted.provisional,
        calendar_version=counted.calendar_version,
    )
    session.add(notice)
    await session.flush()
    _told(session, actor, contract, "demand", notice=notice.id, matures_at=notice.matures_at)
    return DelayNoticeView.model_validate(notice)


async def cure(
    session: AsyncSession, actor: Actor, contract_id: UUID, notice_id: UUID
) -> DelayNoticeView:
    """Who demanded says that the obligation was performed. Raises NotYourAnswer, IllegalMove."""
    contract, _ = await _signed(session, actor, contract_id)
    notice = await repository.delay_notice(session, notice_id)
    if notice is None or notice.contract_id != contract.id:
        raise NotFound
    if actor.party_id != notice.party_id:
        raise NotYourAnswer
    notice.state = move(DELAY_MOVES, DelayState(notice.state), "cure").value
    notice.version += 1
    _told(session, actor, contract, "cure_delay", notice=notice.id)
    await session.flush()
    return DelayNoticeView.model_validate(notice)


async def mature(session: AsyncSession, notice_id: UUID, now: datetime) -> None:
    """The 30 days passed: who demanded may end the contract."""
    found = await repository.delay_notice(session, notice_id)
    if found is None:
        return
    contract = await repository.contract(session, found.contract_id, lock=True)
    notice = await repository.delay_notice(session, notice_id)
    assert contract is not None
    assert notice is not None
    if notice.state != DelayState.OPEN or notice.matures_at > now:
        return
    notice.state = move(DELAY_MOVES, DelayState(notice.state), "mature").value
    notice.version += 1
    _told(session, SYSTEM, contract, "mature_delay", notice=notice.id)
    await session.flush()


async def recount(session: AsyncSession) -> None:
    """Count provisional ends anew after the official table of a year was loaded."""
    calendar = await calendar_store.calendar(session)
    for trial in await repository.provisional_trials(session):
        assert trial.started_at is not None
        counted = calendar.end_of_calendar_days(local_day(trial.started_at), trial.days)
        trial.ends_at = end_of_day(counted.day)
        trial.provisional, trial.calendar_version = counted.provisional, counted.calendar_version
        trial.version += 1
    for notice in await repository.provisional_delays(session):
        counted = calendar.end_of_calendar_days(local_day(notice.given_at), GRACE_DAYS)
        notice.matures_at = end_of_day(counted.day)
        notice.provisional, notice.calendar_version = counted.provisional, counted.calendar_version
        notice.version += 1
    await session.flush()
