"""Use cases of negotiations: open, offer, answer, end; what deals ask.

An offer and its answer take turns on the negotiation's row, so that of an acceptance and a
counter-offer at one moment exactly one stands.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit, calendar_store, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.states import move
from app.listings import endings
from app.listings import service as listings
from app.listings.errors import ListingNotOpen, OwnListing
from app.listings.facts import ListingFacts
from app.listings.states import ListingState
from app.listings.states import Negotiation as Way
from app.negotiations import access, brokers, commissions, repository, rules
from app.negotiations.errors import (
    AlreadyNegotiating,
    NegotiationOver,
    NotANegotiator,
    NotNegotiable,
    OfferAnswered,
    OfferExpired,
    OfferSuperseded,
    OwnOffer,
)
from app.negotiations.facts import AgreementFacts
from app.negotiations.models import Answer, Negotiation, Offer
from app.negotiations.schemas import (
    NegotiationView,
    NewNegotiation,
    NewOffer,
    OfferTerms,
    OfferView,
)
from app.negotiations.states import MOVES, NegotiationState, Origin, Side
from app.parties import service as parties

promise_commissions = commissions.promise
conclude_commissions = commissions.conclude
lapse_commissions = commissions.lapse

_NOT_AGREED = "协商期满,双方未达成一致"


async def open_negotiation(
    session: AsyncSession, actor: Actor, new: NewNegotiation, now: datetime
) -> Negotiation:
    """An enterprise, or its broker, opens a negotiation on a published listing.

    It lasts as long as the listing. Raises NotFound, OwnListing, NotANegotiator, NotNegotiable,
    ListingNotOpen, AlreadyNegotiating and BrokerConflict.
    """
    buyer_id = access.trading_party(actor)
    known = await listings.facts_of(session, [new.listing_id])
    listing = known.get(new.listing_id)
    if listing is None or listing.published_at is None:
        raise NotFound(field="body.listing_id")
    if listing.seller_id in {buyer_id, actor.organisation_id}:
        raise OwnListing
    buyer = await parties.facts(session, buyer_id)
    if buyer.kind != "enterprise":
        raise NotANegotiator(kind=buyer.kind)
    closes_at = listing.closes_at
    if listing.state != ListingState.PUBLISHED or closes_at is None or closes_at <= now:
        closed = None if closes_at is None else closes_at.isoformat()
        raise ListingNotOpen(state=listing.state, closes_at=closed)
    if listing.negotiation != Way.OPEN:
        raise NotNegotiable(negotiation=listing.negotiation)
    for other in await repository.open_on_listing(session, listing.id):
        if other.buyer_id == buyer_id:
            raise AlreadyNegotiating(negotiation_id=str(other.id))
    negotiation = _new(listing, buyer_id, Origin.BUYER, closes_at, now)
    negotiation.message = new.message
    await brokers.engage(session, actor, negotiation, Side.BUYER)
    await _begin(session, actor, negotiation)
    return negotiation


async def begin_with_one_bidder(session: AsyncSession, listing_id: UUID, now: datetime) -> None:
    """A listing closed with one qualified bidder: let them agree (rules.md C-16); once only.

    The bidder's earlier talks on the listing end with its period.
    """
    listing = await listings.facts(session, listing_id)
    if await repository.of_one_bidder(session, listing_id) is not None:
        return
    [bidder] = await listings.qualified_bidders(session, listing_id)
    for earlier in await repository.open_on_listing(session, listing_id):
        _change(session, SYSTEM, earlier, "expire")
    rule_set = rules.rule_set_on(local_day(now))
    calendar = await calendar_store.calendar(session)
    until = rules.agree_by(now, rule_set.agree_within_days, calendar)
    await session.flush()
    await _begin(session, SYSTEM, _new(listing, bidder, Origin.ONE_BIDDER, until, now))


def _new(
    listing: ListingFacts, buyer_id: UUID, origin: Origin, until: datetime, now: datetime
) -> Negotiation:
    return Negotiation(
        listing_id=listing.id,
        seller_id=listing.seller_id,
        seller_broker_id=listing.broker_id,
        buyer_id=buyer_id,
        origin=origin.value,
        title=listing.title,
        transfer_mode=listing.transfer_mode,
        license_manner=listing.license_manner,
        floor_fen=listing.price_fen,
        state=NegotiationState.OPEN.value,
        last_sequence=0,
        expires_at=until,
        rule_set=rules.rule_set_on(local_day(now)).code,
    )


async def _begin(session: AsyncSession, actor: Actor, negotiation: Negotiation) -> None:
    session.add(negotiation)
    await session.flush()
    audit.record(
        session,
        actor,
        "negotiation.open",
        "negotiation",
        negotiation.id,
        after={
            "state": negotiation.state,
            "origin": negotiation.origin,
            "listing": negotiation.listing_id,
            "buyer": negotiation.buyer_id,
            "floor_fen": negotiation.floor_fen,
            "expires_at": negotiation.expires_at,
        },
        rule_set=negotiation.rule_set,
        audience=access.audience(negotiation),
    )


async def make_offer(
    session: AsyncSession, actor: Actor, negotiation_id: UUID, new: NewOffer, now: datetime
) -> Offer:
    """Make an offer, or counter the latest one, which it takes the place of.

    Raises IllegalMove, NegotiationOver, BrokerConflict and what `rules` raises.
    """
    negotiation, side = await _acting(session, actor, negotiation_id, "offer", now)
    rules.check_validity(new.valid_until, now, negotiation.expires_at)
    terms = new.terms
    minimum = 0
    if terms.royalty is not None:
        royalty = terms.royalty
        minimum = royalty.minimum_fen
        rules.check_royalty(
            royalty.base, royalty.rate_bp, royalty.unit_fen, minimum, royalty.cap_fen
        )
    rules.check_right(
        negotiation.transfer_mode,
        negotiation.license_manner,
        terms.exclusivity,
        terms.term_months,
    )
    price = rules.Price(terms.upfront_fen, [part.amount_fen for part in terms.instalments], minimum)
    rules.check_floor(price, negotiation.floor_fen)
    negotiation.last_sequence += 1
    negotiation.version += 1
    offer = Offer(
        negotiation_id=negotiation.id,
        sequence=negotiation.last_sequence,
        side=side.value,
        person_id=access.person_of(actor),
        mandate_id=actor.mandate_id,
        terms=terms.model_dump(mode="json"),
        committed_fen=price.committed_fen,
        made_at=now,
        valid_until=new.valid_until,
    )
    # The trigger that lets an offer in looks for its number in the negotiation's row.
    await session.flush()
    session.add(offer)
    await session.flush()
    _record(session, actor, negotiation, "offer", offer=offer.id, committed_fen=price.committed_fen)
    return offer


async def _acting(
    session: AsyncSession, actor: Actor, negotiation_id: UUID, act: str, now: datetime
) -> tuple[Negotiation, Side]:
    """The negotiation, locked, for an act that it allows now, and the actor's side of it."""
    found = await repository.negotiation(session, negotiation_id, lock=True)
    negotiation, side = access.acting(actor, found)
    move(MOVES, NegotiationState(negotiation.state), act)
    if now >= negotiation.expires_at:
        raise NegotiationOver(expires_at=negotiation.expires_at.isoformat())
    await brokers.engage(session, actor, negotiation, side)
    return negotiation, side


async def accept(
    session: AsyncSession, actor: Actor, negotiation_id: UUID, offer_id: UUID, now: datetime
) -> Negotiation:
    """Accept the other side's latest offer: the listing is awarded and a deal is made by a job.

    Raises IllegalMove, NegotiationOver, OfferSuperseded, OfferAnswered, OwnOffer, OfferExpired,
    BrokerConflict, ListingNotOpen and OthersApplied.
    """
    negotiation, side = await _acting(session, actor, negotiation_id, "agree", now)
    offer = await _latest(session, negotiation, side, offer_id)
    if now >= offer.valid_until:
        raise OfferExpired(valid_until=offer.valid_until.isoformat())
    await _answer(session, actor, offer, side, now, accepted=True)
    negotiation.agreed_at = now
    negotiation.agreed_fen = offer.committed_fen
    _change(session, actor, negotiation, "agree", offer=offer.id, committed_fen=offer.committed_fen)
    await session.flush()
    await endings.award_by_agreement(
        session, actor, negotiation.listing_id, negotiation.buyer_id, now
    )
    await jobs.defer(session, "deals.record_negotiation", negotiation_id=str(negotiation.id))
    return negotiation


async def decline(
    session: AsyncSession,
    actor: Actor,
    negotiation_id: UUID,
    offer_id: UUID,
    reason: str,
    now: datetime,
) -> Negotiation:
    """Decline the other side's latest offer; the negotiation goes on.

    Raises IllegalMove, NegotiationOver, OfferSuperseded, OfferAnswered and OwnOffer.
    """
    negotiation, side = await _acting(session, actor, negotiation_id, "decline", now)
    offer = await _latest(session, negotiation, side, offer_id)
    await _answer(session, actor, offer, side, now, accepted=False, reason=reason)
    negotiation.version += 1
    _record(session, actor, negotiation, "decline", offer=offer.id, reason=reason)
    await session.flush()
    return negotiation


async def _latest(
    session: AsyncSession, negotiation: Negotiation, side: Side, offer_id: UUID
) -> Offer:
    offer = await repository.offer(session, negotiation.id, offer_id)
    if offer is None:
        raise NotFound(field="body.offer_id")
    if offer.sequence != negotiation.last_sequence:
        raise OfferSuperseded(latest=negotiation.last_sequence)
    if offer.side == side:
        raise OwnOffer
    if await repository.answer(session, offer.id) is not None:
        raise OfferAnswered
    return offer


async def _answer(
    session: AsyncSession,
    actor: Actor,
    offer: Offer,
    side: Side,
    now: datetime,
    *,
    accepted: bool,
    reason: str = "",
) -> None:
    session.add(
        Answer(
            offer_id=offer.id,
            accepted=accepted,
            side=side.value,
            person_id=access.person_of(actor),
            mandate_id=actor.mandate_id,
            reason=reason,
            answered_at=now,
        )
    )
    await session.flush()


async def end(
    session: AsyncSession, actor: Actor, negotiation_id: UUID, reason: str, now: datetime
) -> Negotiation:
    """A side breaks the negotiation off; a listing with one bidder has then failed."""
    found = await repository.negotiation(session, negotiation_id, lock=True)
    negotiation, _ = access.acting(actor, found)
    _change(session, actor, negotiation, "end", reason=reason)
    negotiation.reason = reason
    await session.flush()
    if negotiation.origin == Origin.ONE_BIDDER:
        await listings.record_failure(session, actor, negotiation.listing_id, reason, now)
    return negotiation


async def expire_due(session: AsyncSession, negotiation_id: UUID, now: datetime) -> None:
    """End a negotiation whose time has passed; does nothing when it is not due.

    If the listing's period was counted anew in between, the negotiation lasts as long as it does.
    """
    negotiation = await repository.negotiation(session, negotiation_id, lock=True, skip_locked=True)
    if (
        negotiation is None
        or negotiation.state != NegotiationState.OPEN
        or negotiation.expires_at > now
    ):
        return
    listing = await listings.facts(session, negotiation.listing_id)
    if (
        negotiation.origin == Origin.BUYER
        and listing.state == ListingState.PUBLISHED
        and listing.closes_at is not None
        and listing.closes_at > now
    ):
        negotiation.expires_at = listing.closes_at
        negotiation.version += 1
        _record(session, SYSTEM, negotiation, "prolong", expires_at=listing.closes_at)
        return
    _change(session, SYSTEM, negotiation, "expire")
    await session.flush()
    if negotiation.origin == Origin.ONE_BIDDER:
        await listings.record_failure(session, SYSTEM, listing.id, _NOT_AGREED, now)


def _change(
    session: AsyncSession, actor: Actor, negotiation: Negotiation, act: str, **facts: object
) -> None:
    """Move a negotiation to its next state and note it; raises IllegalMove."""
    negotiation.state = move(MOVES, NegotiationState(negotiation.state), act).value
    negotiation.version += 1
    _record(session, actor, negotiation, act, **facts)


def _record(
    session: AsyncSession, actor: Actor, negotiation: Negotiation, act: str, **facts: object
) -> None:
    audit.record(
        session,
        actor,
        f"negotiation.{act}",
        "negotiation",
        negotiation.id,
        after={"state": negotiation.state, **facts},
        rule_set=negotiation.rule_set,
        audience=access.audience(negotiation),
    )


async def get(session: AsyncSession, actor: Actor, negotiation_id: UUID) -> Negotiation:
    """One negotiation, if the actor may see it; raises NotFound."""
    return access.visible(actor, await repository.negotiation(session, negotiation_id))


async def negotiation_list(
    session: AsyncSession,
    actor: Actor,
    *,
    state: NegotiationState | None,
    listing_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Negotiation]:
    """Negotiations of the acting party; all of them for overseers."""
    if not access.sees_all(actor) and actor.party_id is None:
        return []
    return await repository.negotiations(
        session,
        party_id=None if access.sees_all(actor) else actor.party_id,
        state=None if state is None else state.value,
        listing_id=listing_id,
        after=after,
        limit=limit,
    )


async def views(
    session: AsyncSession, negotiations: Sequence[Negotiation]
) -> list[NegotiationView]:
    """Negotiations with the names of both sides."""
    ids = {party for one in negotiations for party in (one.seller_id, one.buyer_id)}
    names = await parties.facts_of(session, list(ids)) if ids else {}
    added = {"seller_name", "buyer_name"}
    return [
        NegotiationView(
            **{n: getattr(one, n) for n in NegotiationView.model_fields if n not in added},
            seller_name=names[one.seller_id].name,
            buyer_name=names[one.buyer_id].name,
        )
        for one in negotiations
    ]


async def offer_list(
    session: AsyncSession, actor: Actor, negotiation_id: UUID, *, before: int | None, limit: int
) -> list[OfferView]:
    """A page of offers with their answers, the latest first."""
    negotiation = await get(session, actor, negotiation_id)
    rows = await repository.offers(session, negotiation.id, before=before, limit=limit)
    return [offer_view(offer, answer) for offer, answer in rows]


def offer_view(offer: Offer, answer: Answer | None = None) -> OfferView:
    """An offer as both sides see it."""
    return OfferView(
        id=offer.id,
        sequence=offer.sequence,
        side=Side(offer.side),
        terms=OfferTerms.model_validate(offer.terms),
        committed_fen=offer.committed_fen,
        by_broker=offer.mandate_id is not None,
        made_at=offer.made_at,
        valid_until=offer.valid_until,
        accepted=None if answer is None else answer.accepted,
        answered_at=None if answer is None else answer.answered_at,
        answer_reason=None if answer is None else answer.reason,
    )


async def agreement(session: AsyncSession, negotiation_id: UUID) -> AgreementFacts:
    """What was agreed on; raises NotFound, and ValueError when nothing was."""
    negotiation = await repository.negotiation(session, negotiation_id)
    if negotiation is None:
        raise NotFound
    if negotiation.agreed_at is None or negotiation.agreed_fen is None:
        raise ValueError(f"negotiation {negotiation_id} came to no agreement")
    offer = await repository.accepted_offer(session, negotiation_id)
    return AgreementFacts(
        negotiation_id=negotiation.id,
        listing_id=negotiation.listing_id,
        seller_id=negotiation.seller_id,
        buyer_id=negotiation.buyer_id,
        seller_broker_id=negotiation.seller_broker_id,
        buyer_broker_id=negotiation.buyer_broker_id,
        price_fen=negotiation.agreed_fen,
        terms=offer.terms,
        agreed_at=negotiation.agreed_at,
    )
