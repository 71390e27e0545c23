"""SQL of the negotiations module."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.negotiations.models import (
    Answer,
    Commission,
    CommissionAgreement,
    DocumentReading,
    DualAgencyConsent,
    NdaSignature,
    Negotiation,
    NegotiationDocument,
    Offer,
)
from app.negotiations.states import NegotiationState, Origin


async def negotiation(
    session: AsyncSession, negotiation_id: UUID, *, lock: bool = False, skip_locked: bool = False
) -> Negotiation | None:
    """One negotiation; a locked one is read anew."""
    query = select(Negotiation).where(Negotiation.id == negotiation_id)
    if lock:
        query = query.with_for_update(skip_locked=skip_locked).execution_options(
            populate_existing=True
        )
    return (await session.execute(query)).scalar_one_or_none()


async def open_on_listing(session: AsyncSession, listing_id: UUID) -> Sequence[Negotiation]:
    """Open negotiations on a listing, locked, by id."""
    query = (
        select(Negotiation)
        .where(
            Negotiation.listing_id == listing_id, Negotiation.state == NegotiationState.OPEN.value
        )
        .order_by(Negotiation.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalars().all()


async def of_one_bidder(session: AsyncSession, listing_id: UUID) -> Negotiation | None:
    """The negotiation that the platform opened on a listing."""
    query = select(Negotiation).where(
        Negotiation.listing_id == listing_id, Negotiation.origin == Origin.ONE_BIDDER.value
    )
    return (await session.execute(query)).scalar_one_or_none()


async def negotiations(
    session: AsyncSession,
    *,
    party_id: UUID | None,
    state: str | None,
    listing_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Negotiation]:
    """A page of negotiations, the newest first; of one party unless `party_id` is None."""
    query = select(Negotiation)
    if party_id is not None:
        query = query.where(
            or_(Negotiation.seller_id == party_id, Negotiation.buyer_id == party_id)
        )
    if state is not None:
        query = query.where(Negotiation.state == state)
    if listing_id is not None:
        query = query.where(Negotiation.listing_id == listing_id)
    if after is not None:
        query = query.where(Negotiation.id < after)
    query = query.order_by(Negotiation.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def due_to_expire(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Open negotiations whose time to agree has passed, the earliest first."""
    query = (
        select(Negotiation.id)
        .where(Negotiation.state == NegotiationState.OPEN.value, Negotiation.expires_at <= now)
        .order_by(Negotiation.expires_at, Negotiation.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def offer(session: AsyncSession, negotiation_id: UUID, offer_id: UUID) -> Offer | None:
    """One offer of a negotiation."""
    query = select(Offer).where(Offer.id == offer_id, Offer.negotiation_id == negotiation_id)
    return (await session.execute(query)).scalar_one_or_none()


async def offers(
    session: AsyncSession, negotiation_id: UUID, *, before: int | None, limit: int
) -> Sequence[tuple[Offer, Answer | None]]:
    """A page of offers with their answers, the latest first."""
    query = (
        select(Offer, Answer)
        .outerjoin(Answer, Answer.offer_id == Offer.id)
        .where(Offer.negotiation_id == negotiation_id)
    )
    if before is not None:
        query = query.where(Offer.sequence < before)
    rows = await session.execute(query.order_by(Offer.sequence.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]


async def answer(session: AsyncSession, offer_id: UUID) -> Answer | None:
    """The answer to an offer."""
    query = select(Answer).where(Answer.offer_id == offer_id)
    return (await session.execute(query)).scalar_one_or_none()


async def accepted_offer(session: AsyncSession, negotiation_id: UUID) -> Offer:
    """The offer that an agreed negotiation agreed on."""
    query = (
        select(Offer)
        .join(Answer, Answer.offer_id == Offer.id)
        .where(Offer.negotiation_id == negotiation_id, Answer.accepted)
    )
    return (await session.execute(query)).scalar_one()


async def nda_signers(
    session: AsyncSession, negotiation_id: UUID, text_version: str
) -> Sequence[UUID]:
    """Who signed this text of the confidentiality agreement, the first one first."""
    query = (
        select(NdaSignature.party_id)
        .where(
            NdaSignature.negotiation_id == negotiation_id,
            NdaSignature.text_version == text_version,
        )
        .order_by(NdaSignature.id)
    )
    return (await session.execute(query)).scalars().all()


async def documents(session: AsyncSession, negotiation_id: UUID) -> Sequence[NegotiationDocument]:
    """Documents of a negotiation, the oldest first."""
    query = (
        select(NegotiationDocument)
        .where(NegotiationDocument.negotiation_id == negotiation_id)
        .order_by(NegotiationDocument.id)
    )
    return (await session.execute(query)).scalars().all()


async def document(
    session: AsyncSession, negotiation_id: UUID, document_id: UUID
) -> NegotiationDocument | None:
    """One document of a negotiation."""
    query = select(NegotiationDocument).where(
        NegotiationDocument.negotiation_id == negotiation_id,
        NegotiationDocument.id == document_id,
    )
    return (await session.execute(query)).scalar_one_or_none()


async def document_by_hash(
    session: AsyncSession, negotiation_id: UUID, owner_id: UUID, sha256: str
) -> NegotiationDocument | None:
    """A party's document with these bytes."""
    query = select(NegotiationDocument).where(
        NegotiationDocument.negotiation_id == negotiation_id,
        NegotiationDocument.owner_id == owner_id,
        NegotiationDocument.sha256 == sha256,
    )
    return (await session.execute(query)).scalar_one_or_none()


async def readings(
    session: AsyncSession, document_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[DocumentReading]:
    """A page of a document's readings, the newest first."""
    query = select(DocumentReading).where(DocumentReading.document_id == document_id)
    if after is not None:
        query = query.where(DocumentReading.id < after)
    query = query.order_by(DocumentReading.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def consents(
    session: AsyncSession, listing_id: UUID, broker_id: UUID
) -> Sequence[DualAgencyConsent]:
    """Consents to a broker's acting for both sides of a listing."""
    query = select(DualAgencyConsent).where(
        DualAgencyConsent.listing_id == listing_id, DualAgencyConsent.broker_id == broker_id
    )
    return (await session.execute(query)).scalars().all()


async def agreement(
    session: AsyncSession, agreement_id: UUID, *, lock: bool = False
) -> CommissionAgreement | None:
    """One commission agreement."""
    query = select(CommissionAgreement).where(CommissionAgreement.id == agreement_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def agreement_in_force(
    session: AsyncSession, broker_id: UUID, client_id: UUID, at: datetime
) -> CommissionAgreement | None:
    """The commission agreement of client and broker that was accepted last by then."""
    query = (
        select(CommissionAgreement)
        .where(
            CommissionAgreement.broker_id == broker_id,
            CommissionAgreement.client_id == client_id,
            CommissionAgreement.accepted_at <= at,
        )
        .order_by(CommissionAgreement.accepted_at.desc(), CommissionAgreement.id.desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def agreements_of(
    session: AsyncSession, organisation_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[CommissionAgreement]:
    """A page of an organisation's commission agreements, the newest first."""
    query = select(CommissionAgreement).where(
        or_(
            CommissionAgreement.broker_id == organisation_id,
            CommissionAgreement.client_id == organisation_id,
        )
    )
    if after is not None:
        query = query.where(CommissionAgreement.id < after)
    query = query.order_by(CommissionAgreement.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def commissions_of(
    session: AsyncSession, organisation_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[Commission]:
    """A page of what an organisation earned or owes, the newest first."""
    query = select(Commission).where(
        or_(Commission.broker_id == organisation_id, Commission.client_id == organisation_id)
    )
    if after is not None:
        query = query.where(Commission.id < after)
    query = query.order_by(Commission.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def commission(session: AsyncSession, commission_id: UUID) -> Commission | None:
    """One commission."""
    query = select(Commission).where(Commission.id == commission_id)
    return (await session.execute(query)).scalar_one_or_none()


async def commissions_of_deal(
    session: AsyncSession, deal_id: UUID, *, lock: bool = False
) -> Sequence[Commission]:
    """The commissions of a deal, the oldest first."""
    query = select(Commission).where(Commission.deal_id == deal_id).order_by(Commission.id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalars().all()
