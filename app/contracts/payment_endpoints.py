"""HTTP of payments received and royalty reports."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from app.contracts import payments
from app.contracts.errors import (
    AnswerNeedsReason,
    NotInForce,
    NotYourAnswer,
    PaymentAnswered,
    PaymentInFuture,
    ReportOpen,
    ReportUnknown,
)
from app.contracts.performance_schemas import (
    NewPayment,
    PaymentAnswer,
    PaymentView,
    ReportContest,
    ReportFiling,
    ReportView,
)
from app.kit import clock
from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.calendar import local_day
from app.kit.db import Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import trade_router

money = trade_router("/contracts", "contracts")
routers: tuple[APIRouter, ...] = (money,)

Sequence = Annotated[int, Path(ge=1, le=1000)]
_ACT = (Unauthenticated, RoleRequired, ScopeRequired, NotFound, NotInForce)


@money.get("/{contract_id}/payments", responses=declared(Unauthenticated, NotFound))
async def list_payments(session: Uow, actor: CurrentActor, contract_id: UUID) -> list[PaymentView]:
    """Recorded payments, confirmed by the other party or not, in the order of their days."""
    return await payments.recorded(session, actor, contract_id)


@money.post(
    "/{contract_id}/payments",
    status_code=201,
    responses=declared(*_ACT, PaymentInFuture, ReportUnknown, ReportOpen),
)
async def record_payment(
    session: Uow, actor: CurrentActor, contract_id: UUID, new: NewPayment
) -> PaymentView:
    """Put a payment on record; either party may. It counts once the other one confirms it."""
    return await payments.record(session, actor, contract_id, new, await clock.now(session))


@money.post(
    "/{contract_id}/payments/{payment_id}/answer",
    responses=declared(*_ACT, NotYourAnswer, PaymentAnswered, AnswerNeedsReason),
)
async def answer_payment(
    session: Uow, actor: CurrentActor, contract_id: UUID, payment_id: UUID, given: PaymentAnswer
) -> PaymentView:
    """Confirm or deny a payment that the other party recorded; once."""
    now = await clock.now(session)
    return await payments.answer(session, actor, contract_id, payment_id, given, now)


@money.get("/{contract_id}/royalty-reports", responses=declared(Unauthenticated, NotFound))
async def list_reports(session: Uow, actor: CurrentActor, contract_id: UUID) -> list[ReportView]:
    """The royalty reports of a contract with their due dates, in the order of their periods."""
    today = local_day(await clock.now(session))
    return await payments.reports(session, actor, contract_id, today)


@money.post(
    "/{contract_id}/royalty-reports/{sequence}/file",
    responses=declared(*_ACT, NotYourAnswer, IllegalMove),
)
async def file_report(
    session: Uow,
    actor: CurrentActor,
    contract_id: UUID,
    sequence: Sequence,
    filing: ReportFiling,
) -> ReportView:
    """The buyer reports the base of a period; the royalty follows by the contract's rate."""
    now = await clock.now(session)
    return await payments.file_report(session, actor, contract_id, sequence, filing.base_fen, now)


@money.post(
    "/{contract_id}/royalty-reports/{sequence}/confirm",
    responses=declared(*_ACT, NotYourAnswer, IllegalMove),
)
async def confirm_report(
    session: Uow, actor: CurrentActor, contract_id: UUID, sequence: Sequence
) -> ReportView:
    """The seller confirms a filed report."""
    now = await clock.now(session)
    return await payments.answer_report(session, actor, contract_id, sequence, None, now)


@money.post(
    "/{contract_id}/royalty-reports/{sequence}/contest",
    responses=declared(*_ACT, NotYourAnswer, IllegalMove),
)
async def contest_report(
    session: Uow,
    actor: CurrentActor,
    contract_id: UUID,
    sequence: Sequence,
    contest: ReportContest,
) -> ReportView:
    """The seller contests a filed report; the buyer files it again."""
    now = await clock.now(session)
    return await payments.answer_report(session, actor, contract_id, sequence, contest.reason, now)
