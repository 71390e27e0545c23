"""SQL of the contracts module."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts.models import (
    Contract,
    ContractAcknowledgement,
    ContractAmendment,
    ContractAmendmentSignature,
    ContractDelayNotice,
    ContractDocument,
    ContractMilestone,
    ContractPayment,
    ContractPaymentAnswer,
    ContractRoyaltyReport,
    ContractSignature,
    ContractSigningRequest,
    ContractText,
    ContractTrial,
)

_FRESH = {"populate_existing": True}


async def contract(
    session: AsyncSession, contract_id: UUID, *, lock: bool = False
) -> Contract | None:
    """One contract."""
    query = select(Contract).where(Contract.id == contract_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def contract_of_deal(session: AsyncSession, deal_id: UUID) -> Contract | None:
    """The contract of a deal."""
    query = select(Contract).where(Contract.deal_id == deal_id)
    return (await session.execute(query)).scalar_one_or_none()


async def contracts_by_id(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Contract]:
    """Contracts with these ids, in no order."""
    return (await session.execute(select(Contract).where(Contract.id.in_(ids)))).scalars().all()


async def contracts(
    session: AsyncSession,
    *,
    party_id: UUID | None,
    state: str | None,
    deal_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Contract]:
    """A page of contracts, the newest first; of one party unless `party_id` is None."""
    query = select(Contract)
    if party_id is not None:
        query = query.where(or_(Contract.seller_id == party_id, Contract.buyer_id == party_id))
    if state is not None:
        query = query.where(Contract.state == state)
    if deal_id is not None:
        query = query.where(Contract.deal_id == deal_id)
    if after is not None:
        query = query.where(Contract.id < after)
    return (await session.execute(query.order_by(Contract.id.desc()).limit(limit))).scalars().all()


async def texts(session: AsyncSession, contract_id: UUID) -> Sequence[ContractText]:
    """All texts that a contract had, the first one first."""
    query = (
        select(ContractText)
        .where(ContractText.contract_id == contract_id)
        .order_by(ContractText.text_version)
    )
    return (await session.execute(query)).scalars().all()


async def text(session: AsyncSession, contract_id: UUID, text_version: int) -> ContractText | None:
    """One text of a contract."""
    query = select(ContractText).where(
        ContractText.contract_id == contract_id, ContractText.text_version == text_version
    )
    return (await session.execute(query)).scalar_one_or_none()


async def signatures(session: AsyncSession, contract_id: UUID) -> Sequence[ContractSignature]:
    """All signatures over any text of a contract, the first one first."""
    query = (
        select(ContractSignature)
        .where(ContractSignature.contract_id == contract_id)
        .order_by(ContractSignature.id)
    )
    return (await session.execute(query)).scalars().all()


async def payments(
    session: AsyncSession, contract_id: UUID
) -> Sequence[tuple[ContractPayment, ContractPaymentAnswer | None]]:
    """Recorded payments with what the other party said of them, in the order of their days."""
    query = (
        select(ContractPayment, ContractPaymentAnswer)
        .outerjoin(ContractPaymentAnswer, ContractPaymentAnswer.payment_id == ContractPayment.id)
        .where(ContractPayment.contract_id == contract_id)
        .order_by(ContractPayment.received_on, ContractPayment.id)
    )
    return [(payment, answer) for payment, answer in (await session.execute(query)).all()]


async def payment(
    session: AsyncSession, contract_id: UUID, payment_id: UUID
) -> tuple[ContractPayment, ContractPaymentAnswer | None] | None:
    """One recorded payment of a contract with its answer."""
    query = (
        select(ContractPayment, ContractPaymentAnswer)
        .outerjoin(ContractPaymentAnswer, ContractPaymentAnswer.payment_id == ContractPayment.id)
        .where(ContractPayment.contract_id == contract_id, ContractPayment.id == payment_id)
    )
    found = (await session.execute(query)).one_or_none()
    return None if found is None else (found[0], found[1])


async def royalty_reports(
    session: AsyncSession, contract_id: UUID
) -> Sequence[ContractRoyaltyReport]:
    """The royalty reports of a contract in the order of their periods."""
    query = (
        select(ContractRoyaltyReport)
        .where(ContractRoyaltyReport.contract_id == contract_id)
        .order_by(ContractRoyaltyReport.sequence)
    )
    return (await session.execute(query)).scalars().all()


async def royalty_report(
    session: AsyncSession, contract_id: UUID, sequence: int
) -> ContractRoyaltyReport | None:
    """One royalty report, locked."""
    query = (
        select(ContractRoyaltyReport)
        .where(
            ContractRoyaltyReport.contract_id == contract_id,
            ContractRoyaltyReport.sequence == sequence,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def acknowledgements(
    session: AsyncSession, contract_id: UUID, text_version: int
) -> Sequence[ContractAcknowledgement]:
    """Warnings that parties acknowledged about one text."""
    query = select(ContractAcknowledgement).where(
        ContractAcknowledgement.contract_id == contract_id,
        ContractAcknowledgement.text_version == text_version,
    )
    return (await session.execute(query)).scalars().all()


async def document(
    session: AsyncSession, contract_id: UUID, text_sha256: str
) -> ContractDocument | None:
    """The newest PDF of a text, with the signatures that it has."""
    query = (
        select(ContractDocument)
        .where(
            ContractDocument.contract_id == contract_id,
            ContractDocument.text_sha256 == text_sha256,
        )
        .order_by(ContractDocument.sequence.desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def signing_request(
    session: AsyncSession, contract_id: UUID, request_id: UUID
) -> ContractSigningRequest | None:
    """A digest that was handed out, with its document."""
    query = select(ContractSigningRequest).where(
        ContractSigningRequest.contract_id == contract_id,
        ContractSigningRequest.id == request_id,
    )
    return (await session.execute(query)).scalar_one_or_none()


async def milestones(session: AsyncSession, contract_id: UUID) -> Sequence[ContractMilestone]:
    """What is to be delivered, in its order."""
    query = (
        select(ContractMilestone)
        .where(ContractMilestone.contract_id == contract_id)
        .order_by(ContractMilestone.sequence)
        .execution_options(**_FRESH)
    )
    return (await session.execute(query)).scalars().all()


async def trial(session: AsyncSession, contract_id: UUID) -> ContractTrial | None:
    """The trial of a contract; its row stands under the contract's lock."""
    query = select(ContractTrial).where(ContractTrial.contract_id == contract_id)
    return (await session.execute(query.execution_options(**_FRESH))).scalar_one_or_none()


async def trial_by_id(session: AsyncSession, trial_id: UUID) -> ContractTrial | None:
    """One trial."""
    query = select(ContractTrial).where(ContractTrial.id == trial_id)
    return (await session.execute(query.execution_options(**_FRESH))).scalar_one_or_none()


async def trials_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Running trials that are over, the earliest first."""
    query = (
        select(ContractTrial.id)
        .where(ContractTrial.state == "running", ContractTrial.ends_at <= now)
        .order_by(ContractTrial.ends_at)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def provisional_trials(session: AsyncSession) -> Sequence[ContractTrial]:
    """Running trials whose end was counted without an official table, locked."""
    query = (
        select(ContractTrial)
        .where(ContractTrial.state == "running", ContractTrial.provisional)
        .order_by(ContractTrial.id)
        .with_for_update()
    )
    return (await session.execute(query)).scalars().all()


async def delay_notices(session: AsyncSession, contract_id: UUID) -> Sequence[ContractDelayNotice]:
    """Demands for delayed obligations, the first one first."""
    query = (
        select(ContractDelayNotice)
        .where(ContractDelayNotice.contract_id == contract_id)
        .order_by(ContractDelayNotice.id)
        .execution_options(**_FRESH)
    )
    return (await session.execute(query)).scalars().all()


async def delay_notice(session: AsyncSession, notice_id: UUID) -> ContractDelayNotice | None:
    """One demand."""
    query = select(ContractDelayNotice).where(ContractDelayNotice.id == notice_id)
    return (await session.execute(query.execution_options(**_FRESH))).scalar_one_or_none()


async def delays_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Open demands whose 30 days have passed, the earliest first."""
    query = (
        select(ContractDelayNotice.id)
        .where(ContractDelayNotice.state == "open", ContractDelayNotice.matures_at <= now)
        .order_by(ContractDelayNotice.matures_at)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def provisional_delays(session: AsyncSession) -> Sequence[ContractDelayNotice]:
    """Open demands whose end was counted without an official table, locked."""
    query = (
        select(ContractDelayNotice)
        .where(ContractDelayNotice.state == "open", ContractDelayNotice.provisional)
        .order_by(ContractDelayNotice.id)
        .with_for_update()
    )
    return (await session.execute(query)).scalars().all()


async def amendments(session: AsyncSession, contract_id: UUID) -> Sequence[ContractAmendment]:
    """All amendments of a contract in their order."""
    query = (
        select(ContractAmendment)
        .where(ContractAmendment.contract_id == contract_id)
        .order_by(ContractAmendment.number)
        .execution_options(**_FRESH)
    )
    return (await session.execute(query)).scalars().all()


async def amendment_signatures(
    session: AsyncSession, amendment_ids: Sequence[UUID]
) -> Sequence[ContractAmendmentSignature]:
    """Signatures over amendments, the first one first."""
    query = (
        select(ContractAmendmentSignature)
        .where(ContractAmendmentSignature.amendment_id.in_(amendment_ids))
        .order_by(ContractAmendmentSignature.id)
    )
    return (await session.execute(query)).scalars().all()
