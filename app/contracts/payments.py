"""Use cases of money under a signed contract: payments received and royalty reports.

A payment counts when one party put it on record and the other one confirmed it. Neither record is
changed afterwards: a payment that was denied is recorded anew.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import access, repository, rules
from app.contracts.errors import (
    AnswerNeedsReason,
    NotYourAnswer,
    PaymentAnswered,
    PaymentInFuture,
    ReportOpen,
    ReportUnknown,
)
from app.contracts.facts import PaymentReceived
from app.contracts.models import (
    Contract,
    ContractPayment,
    ContractPaymentAnswer,
    ContractRoyaltyReport,
)
from app.contracts.performance_schemas import (
    NewPayment,
    PaymentAnswer,
    PaymentView,
    ReportView,
)
from app.contracts.states import REPORT_MOVES, ContractState, PaymentKind, ReportState
from app.kit import audit, jobs
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.states import move


async def record(
    session: AsyncSession, actor: Actor, contract_id: UUID, new: NewPayment, now: datetime
) -> PaymentView:
    """Put a payment on record; it counts once the other party confirms it.

    Raises NotInForce, PaymentInFuture, ReportUnknown and ReportOpen.
    """
    contract, person_id = await _acting(session, actor, contract_id)
    if new.received_on > local_day(now):
        raise PaymentInFuture(field="body.received_on", latest=local_day(now).isoformat())
    if new.royalty_report_id is not None:
        await _require_report(session, contract.id, new)
    payment = ContractPayment(
        contract_id=contract.id,
        royalty_report_id=new.royalty_report_id,
        kind=new.kind.value,
        amount_fen=new.amount_fen,
        received_on=new.received_on,
        invoice_number=new.invoice_number,
        note=new.note,
        party_id=actor.require_party(),
        person_id=person_id,
        mandate_id=actor.mandate_id,
        recorded_at=now,
    )
    session.add(payment)
    await session.flush()
    audit.record(
        session,
        actor,
        "contract.record_payment",
        "contract",
        contract.id,
        after={"payment": payment.id, "kind": payment.kind, "amount_fen": payment.amount_fen},
        audience=access.audience(contract),
    )
    return _view(payment, None)


async def _require_report(session: AsyncSession, contract_id: UUID, new: NewPayment) -> None:
    reports = await repository.royalty_reports(session, contract_id)
    report = next((one for one in reports if one.id == new.royalty_report_id), None)
    if report is None or new.kind is not PaymentKind.ROYALTY:
        raise ReportUnknown(field="body.royalty_report_id")
    if report.state != ReportState.CONFIRMED:
        raise ReportOpen(field="body.royalty_report_id", state=report.state)


async def answer(
    session: AsyncSession,
    actor: Actor,
    contract_id: UUID,
    payment_id: UUID,
    given: PaymentAnswer,
    now: datetime,
) -> PaymentView:
    """Confirm or deny a payment that the other party recorded; once.

    Raises NotYourAnswer to the party that recorded it, PaymentAnswered, AnswerNeedsReason.
    """
    contract, person_id = await _acting(session, actor, contract_id)
    found = await repository.payment(session, contract.id, payment_id)
    if found is None:
        raise NotFound
    payment, answered = found
    if answered is not None:
        raise PaymentAnswered(confirmed=answered.confirmed)
    if payment.party_id == actor.party_id:
        raise NotYourAnswer
    if not given.confirmed and not given.reason:
        raise AnswerNeedsReason(field="body.reason")
    said = ContractPaymentAnswer(
        payment_id=payment.id,
        confirmed=given.confirmed,
        reason=given.reason,
        party_id=actor.require_party(),
        person_id=person_id,
        mandate_id=actor.mandate_id,
        answered_at=now,
    )
    session.add(said)
    await session.flush()
    audit.record(
        session,
        actor,
        "contract.confirm_payment" if given.confirmed else "contract.deny_payment",
        "contract",
        contract.id,
        after={"payment": payment.id, "amount_fen": payment.amount_fen},
        audience=access.audience(contract),
    )
    if given.confirmed:
        await jobs.defer(session, "settlements.income_received", contract_id=str(contract.id))
    return _view(payment, said)


async def _acting(session: AsyncSession, actor: Actor, contract_id: UUID) -> tuple[Contract, UUID]:
    """The contract, locked, signed or ended since, and the person who acts for a party."""
    found = await repository.contract(session, contract_id, lock=True)
    return access.performed(actor, found, ContractState.SIGNED, ContractState.TERMINATED)


def _view(payment: ContractPayment, answered: ContractPaymentAnswer | None) -> PaymentView:
    shown = PaymentView.model_validate(payment)
    if answered is None:
        return shown
    return shown.model_copy(
        update={
            "confirmed": answered.confirmed,
            "answer_reason": answered.reason or None,
            "answered_at": answered.answered_at,
        }
    )


async def recorded(session: AsyncSession, actor: Actor, contract_id: UUID) -> list[PaymentView]:
    """All recorded payments, confirmed or not, for those who may see the contract."""
    contract = access.visible(actor, await repository.contract(session, contract_id))
    return [_view(*found) for found in await repository.payments(session, contract.id)]


async def received(session: AsyncSession, contract_id: UUID) -> list[PaymentReceived]:
    """The payments that both parties say were received, in the order of their days."""
    return [
        PaymentReceived(
            id=payment.id,
            contract_id=payment.contract_id,
            kind=payment.kind,
            amount_fen=payment.amount_fen,
            received_on=payment.received_on,
            invoice_number=payment.invoice_number,
            recorded_at=payment.recorded_at,
        )
        for payment, answered in await repository.payments(session, contract_id)
        if answered is not None and answered.confirmed
    ]


async def reports(
    session: AsyncSession, actor: Actor, contract_id: UUID, today: date
) -> list[ReportView]:
    """The royalty reports of a contract, for those who may see it."""
    contract = access.visible(actor, await repository.contract(session, contract_id))
    found = await repository.royalty_reports(session, contract.id)
    return [report_view(report, today) for report in found]


def report_view(report: ContractRoyaltyReport, today: date) -> ReportView:
    """A report as it is shown; overdue when it is open after its day."""
    waiting = report.state in {ReportState.DUE, ReportState.CONTESTED}
    shown = ReportView.model_validate(report)
    return shown.model_copy(update={"overdue": waiting and today > report.due_on})


async def file_report(
    session: AsyncSession,
    actor: Actor,
    contract_id: UUID,
    sequence: int,
    base_fen: int,
    now: datetime,
) -> ReportView:
    """The buyer reports a period's base; the royalty follows by the rate of that year.

    Raises NotYourAnswer to the seller and IllegalMove when the report is filed or confirmed.
    """
    contract, report = await _report(session, actor, contract_id, sequence)
    if actor.party_id != contract.buyer_id:
        raise NotYourAnswer
    before = report.state
    report.state = move(REPORT_MOVES, ReportState(report.state), "file").value
    report.base_fen = base_fen
    report.royalty_fen = rules.royalty(base_fen, report.rate_bp)
    report.filed_at = now
    return await _enter(session, actor, contract, report, before, "file", now)


async def answer_report(
    session: AsyncSession,
    actor: Actor,
    contract_id: UUID,
    sequence: int,
    objection: str | None,
    now: datetime,
) -> ReportView:
    """The seller confirms a filed report, or contests it with an objection.

    Raises NotYourAnswer to the buyer and IllegalMove when nothing is filed.
    """
    contract, report = await _report(session, actor, contract_id, sequence)
    if actor.party_id != contract.seller_id:
        raise NotYourAnswer
    before = report.state
    act = "confirm" if objection is None else "contest"
    report.state = move(REPORT_MOVES, ReportState(report.state), act).value
    report.contest = objection or ""
    return await _enter(session, actor, contract, report, before, act, now)


async def _report(
    session: AsyncSession, actor: Actor, contract_id: UUID, sequence: int
) -> tuple[Contract, ContractRoyaltyReport]:
    contract, _ = await _acting(session, actor, contract_id)
    report = await repository.royalty_report(session, contract.id, sequence)
    if report is None:
        raise NotFound
    return contract, report


async def _enter(
    session: AsyncSession,
    actor: Actor,
    contract: Contract,
    report: ContractRoyaltyReport,
    before: str,
    act: str,
    now: datetime,
) -> ReportView:
    report.version += 1
    audit.record(
        session,
        actor,
        f"contract.{act}_royalty_report",
        "contract",
        contract.id,
        before={"report": report.sequence, "state": before},
        after={
            "report": report.sequence,
            "state": report.state,
            "base_fen": report.base_fen,
            "royalty_fen": report.royalty_fen,
        },
        audience=access.audience(contract),
    )
    await session.flush()
    return report_view(report, local_day(now))
