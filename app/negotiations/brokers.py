"""Brokers of a negotiation: conflicts of interest, consents, and what they are to earn."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.listings import service as listings
from app.negotiations import access, repository, rules
from app.negotiations.errors import BrokerConflict, CommissionAccepted
from app.negotiations.models import CommissionAgreement, DualAgencyConsent, Negotiation
from app.negotiations.schemas import NewCommissionAgreement, NewConsent
from app.negotiations.states import Side
from app.parties import service as parties


async def engage(session: AsyncSession, actor: Actor, negotiation: Negotiation, side: Side) -> None:
    """Note the broker who acts for a side; raises BrokerConflict for one who acts for the other
    too, unless both sides consented."""
    if actor.client_id is None or actor.organisation_id is None:
        return
    broker_id = actor.organisation_id
    others = {Side.SELLER: negotiation.buyer_broker_id, Side.BUYER: negotiation.seller_broker_id}
    if others[side] == broker_id or broker_id in {negotiation.seller_id, negotiation.buyer_id}:
        given = await repository.consents(session, negotiation.listing_id, broker_id)
        consented = {consent.party_id for consent in given}
        needed = {"seller": negotiation.seller_id, "buyer": negotiation.buyer_id}
        missing = [name for name, party in needed.items() if party not in consented]
        if missing:
            raise BrokerConflict(missing=missing)
    if side is Side.SELLER:
        negotiation.seller_broker_id = broker_id
    else:
        negotiation.buyer_broker_id = broker_id


async def consent(
    session: AsyncSession, actor: Actor, new: NewConsent, now: datetime
) -> DualAgencyConsent:
    """A client consents in writing, by its own people; a second time changes nothing.

    Raises NotTheClient, and NotFound for a listing or broker that it does not know.
    """
    party_id = access.client_itself(actor)
    listing = await listings.facts(session, new.listing_id)
    if listing.published_at is None:
        raise NotFound(field="body.listing_id")
    broker = await parties.facts(session, new.broker_id)
    if broker.kind != "broker":
        raise NotFound(field="body.broker_id")
    for known in await repository.consents(session, new.listing_id, new.broker_id):
        if known.party_id == party_id:
            return known
    given = DualAgencyConsent(
        listing_id=new.listing_id,
        broker_id=new.broker_id,
        party_id=party_id,
        person_id=access.person_of(actor),
        consented_at=now,
    )
    session.add(given)
    await session.flush()
    audit.record(
        session,
        actor,
        "dual_agency.consent",
        "listing",
        new.listing_id,
        after={"broker": new.broker_id, "party": party_id},
    )
    return given


async def propose_commission(
    session: AsyncSession, actor: Actor, new: NewCommissionAgreement
) -> CommissionAgreement:
    """A client proposes a commission to the broker of its mandate.

    Raises NotTheClient, NotFound and CommissionTermsWrong.
    """
    client_id = access.client_itself(actor)
    rules.check_commission(new.rate_bp, new.fixed_fen, new.cap_fen)
    mandate = await parties.mandate_facts(session, new.mandate_id)
    if mandate is None or mandate.client_id != client_id or mandate.revoked_at is not None:
        raise NotFound(field="body.mandate_id")
    agreement = CommissionAgreement(
        **new.model_dump(),
        broker_id=mandate.broker_id,
        client_id=client_id,
        proposed_by=access.person_of(actor),
    )
    session.add(agreement)
    await session.flush()
    audit.record(
        session,
        actor,
        "commission.propose",
        "commission_agreement",
        agreement.id,
        after=new.model_dump() | {"broker": mandate.broker_id},
    )
    return agreement


async def accept_commission(
    session: AsyncSession, actor: Actor, agreement_id: UUID, now: datetime
) -> CommissionAgreement:
    """The broker accepts; from now on it counts for every deal that it brings about."""
    found = await repository.agreement(session, agreement_id, lock=True)
    agreement = access.brokered(actor, found)
    if agreement.accepted_at is not None:
        raise CommissionAccepted
    agreement.accepted_at = now
    agreement.accepted_by = access.person_of(actor)
    audit.record(session, actor, "commission.accept", "commission_agreement", agreement.id)
    await session.flush()
    return agreement


async def agreements(
    session: AsyncSession, actor: Actor, *, after: UUID | None, limit: int
) -> Sequence[CommissionAgreement]:
    """Commission agreements that the acting party gave or got."""
    if actor.party_id is None:
        return []
    return await repository.agreements_of(session, actor.party_id, after=after, limit=limit)
