"""Technical income by realised payment: the verification form 技术性收入核定表 (rules.md 3.3)."""

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service as contracts
from app.kit.actor import Actor
from app.registrations import access, amounts, outcomes, recording, repository
from app.registrations.errors import IncomeStated, NotInForce, PaymentUnknown
from app.registrations.models import Registration, RegistrationIncome
from app.registrations.records import (
    IncomeIn,
    IncomePaper,
    IncomeView,
)
from app.registrations.states import NUMBERED

_ROYALTIES = {"royalty", "royalty_with_upfront"}


async def state(
    session: AsyncSession, actor: Actor, registration_id: UUID, given: IncomeIn
) -> RegistrationIncome:
    """A registrar approves the technical income of one realised payment; one form for each.

    A contract of the platform names a payment that both its parties recorded. Raises NotInForce,
    PaymentUnknown, IncomeStated, RealisedExceedsTotal, NonTechnicalExceeds and
    IncomeExceedsTechnical.
    """
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    if row.number is None or row.state not in NUMBERED:
        raise NotInForce(state=row.state)
    received_on, paid_fen = await _payment(session, row, given)
    earlier = await outcomes.incomes(session, row.id)
    if given.payment_id is not None and given.payment_id in {one.payment_id for one in earlier}:
        raise IncomeStated(field="body.payment_id")
    technical = given.realised_technical_fen
    if technical is None:
        technical = amounts.realised_share(paid_fen, row.total_fen, row.technical_fen)
    found = amounts.income_of(
        paid_fen,
        technical,
        amounts.Deductions(**given.deductions.model_dump()),
        earlier_fen=sum(one.income_fen for one in earlier),
        technical_fen=row.technical_fen,
        running_royalty=row.payment_mode in _ROYALTIES,
        override=given.override_reason,
    )
    income = RegistrationIncome(
        registration_id=row.id,
        sequence=len(earlier) + 1,
        payment_id=given.payment_id,
        received_on=received_on,
        realised_total_fen=found.realised_total_fen,
        realised_technical_fen=found.realised_technical_fen,
        deductions=given.deductions.model_dump(),
        income_fen=found.income_fen,
        exceeds=found.exceeds,
        override_reason=given.override_reason or None,
        stated_by=recording.actor_person(actor),
    )
    session.add(income)
    recording.record(
        session,
        actor,
        row,
        "income",
        None,
        sequence=income.sequence,
        income_fen=income.income_fen,
        exceeds=income.exceeds,
    )
    await session.flush()
    return income


async def _payment(session: AsyncSession, row: Registration, given: IncomeIn) -> tuple[date, int]:
    """Day and amount of the payment."""
    if row.contract_id is not None:
        known = await contracts.payments_received(session, row.contract_id)
        payment = next((one for one in known if one.id == given.payment_id), None)
        if payment is None or given.realised_total_fen not in {None, payment.amount_fen}:
            raise PaymentUnknown(field="body.payment_id", payments=[str(one.id) for one in known])
        return payment.received_on, payment.amount_fen
    if given.payment_id is not None:
        raise PaymentUnknown(field="body.payment_id", payments=[])
    if given.received_on is None or given.realised_total_fen is None:
        missing = "received_on" if given.received_on is None else "realised_total_fen"
        raise PaymentUnknown(field=f"body.{missing}", payments=[])
    return given.received_on, given.realised_total_fen


async def papers(session: AsyncSession, actor: Actor, registration_id: UUID) -> list[IncomePaper]:
    """The forms of a registration with the fields that are printed, for whoever sees it."""
    row = access.visible(actor, await repository.registration(session, registration_id))
    known = await repository.parties_of(session, [row.seller_id, row.buyer_id])
    applicant = known.get(row.applicant_id) or known[row.seller_id]
    return [
        IncomePaper(
            form=IncomeView.model_validate(one),
            number=row.number or "",
            title=row.title,
            applicant_name=applicant.name,
            contract_class=row.contract_class,
            payment_mode=row.payment_mode,
            total_fen=row.total_fen,
            technical_fen=row.technical_fen,
        )
        for one in await outcomes.incomes(session, row.id)
    ]
