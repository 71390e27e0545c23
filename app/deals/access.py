"""Who may see a deal and who may act on it."""

from uuid import UUID

from app.deals.errors import NotAPartyOfDeal
from app.deals.models import Deal, RunnerUpOffer
from app.deals.states import ENDED, DealState
from app.kit.actor import SYSTEM, Actor
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound
from app.parties.states import Role

OVERSEERS = frozenset({Role.OPERATOR, Role.REGULATOR})


def sees_all_of(actor: Actor | None, deal: Deal) -> bool:
    """Whether the actor is a party of the deal or an overseer."""
    if actor is None:
        return False
    return bool(actor.roles & OVERSEERS) or actor.party_id in {deal.seller_id, deal.buyer_id}


def visible(actor: Actor | None, deal: Deal | None) -> Deal:
    """The deal: results are public (法释〔2016〕18号 art. 22); one that ended is its parties'."""
    if deal is None:
        raise NotFound
    if DealState(deal.state) in ENDED and not sees_all_of(actor, deal):
        raise NotFound
    return deal


def audience(seller_id: UUID, buyer_id: UUID) -> Audience:
    """Who may learn of a change: everyone, also that a public result was cancelled."""
    return Audience(Circle.PUBLIC, frozenset({seller_id, buyer_id}))


def owned(actor: Actor, deal: Deal | None) -> Deal:
    """The deal, for an act of its parties or of the platform; raises NotAPartyOfDeal."""
    seen = visible(actor, deal)
    if actor == SYSTEM:
        return seen
    if actor.party_id not in {seen.seller_id, seen.buyer_id}:
        raise NotAPartyOfDeal
    return seen


def parties_of(deal: Deal) -> Audience:
    """The two parties alone, of what is theirs: how the price was settled."""
    return Audience(Circle.PARTIES, frozenset({deal.seller_id, deal.buyer_id}))


def paying(actor: Actor, deal: Deal | None) -> Deal:
    """The deal, for a trader of its buyer; raises NotFound, RoleRequired and ScopeRequired."""
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    if deal is None or actor.party_id != deal.buyer_id:
        raise NotFound
    return deal


def document_of(actor: Actor, deal: Deal | None) -> Deal:
    """The deal, if the actor may have its certificate as a document; raises NotFound."""
    if deal is None or not sees_all_of(actor, deal):
        raise NotFound
    return deal


def require_operator(actor: Actor) -> UUID:
    """The operator's person; raises RoleRequired and ScopeRequired."""
    actor.require_role(Role.OPERATOR)
    actor.require_scope("trade")
    assert actor.person_id is not None
    return actor.person_id


def offered(actor: Actor, deal: Deal | None, offer: RunnerUpOffer | None) -> RunnerUpOffer:
    """The offer to the runner-up, for the seller, that bidder and overseers; raises NotFound."""
    if deal is None or offer is None:
        raise NotFound
    if actor.roles & OVERSEERS or actor.party_id in {deal.seller_id, offer.bidder_id}:
        return offer
    raise NotFound


def runner_up(actor: Actor, deal: Deal | None, offer: RunnerUpOffer | None) -> RunnerUpOffer:
    """The offer, for a trader of the bidder it was made to."""
    found = offered(actor, deal, offer)
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    if actor.party_id != found.bidder_id:
        raise NotFound
    return found
