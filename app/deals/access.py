"""Who may see a deal and who may act on it."""

from uuid import UUID

from app.deals.errors import NotAPartyOfDeal
from app.deals.models import Deal
from app.deals.states import DealState
from app.kit.actor import SYSTEM, Actor
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound
from app.parties.states import Role

OVERSEERS = frozenset({Role.OPERATOR, Role.REGULATOR})


def visible(actor: Actor | None, deal: Deal | None) -> Deal:
    """The deal: results are public (法释〔2016〕18号 art. 22); a cancelled one is its parties'."""
    if deal is None:
        raise NotFound
    if deal.state != DealState.CANCELLED:
        return deal
    if actor is None:
        raise NotFound
    if actor.roles & OVERSEERS or actor.party_id in {deal.seller_id, deal.buyer_id}:
        return deal
    raise NotFound


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
