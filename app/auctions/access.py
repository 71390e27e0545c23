"""Who may see an auction and who may bid in it."""

from typing import Any, Protocol
from uuid import UUID

from app.auctions.errors import NotABidder, SellerMayNotBid
from app.auctions.models import Auction
from app.kit.actor import Actor
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound
from app.parties.states import Role

OPENERS = (Role.OPERATOR, Role.REGULATOR)
"""Who may hand in what opens sealed bids, and see how they are opened."""


_OVERSEERS = frozenset({Role.OPERATOR, Role.REGULATOR})


def visible(auction: Auction | None) -> Auction:
    """The auction: auctions are public (法释〔2016〕18号 art. 13), their bidders are not."""
    if auction is None:
        raise NotFound
    return auction


class Sold(Protocol):
    """An auction, as a row of the ORM or as it is locked for bids."""

    seller_id: Any


def audience(auction: Sold) -> Audience:
    """Who may learn of a change: everyone; who bids is not told (法释〔2016〕18号 art. 18)."""
    return Audience(Circle.PUBLIC, frozenset({auction.seller_id}))


def knows_seller(actor: Actor | None, seller_id: UUID) -> bool:
    """Whether the actor may find every auction of this party, also for an anonymous demand."""
    return actor is not None and (actor.party_id == seller_id or bool(actor.roles & _OVERSEERS))


def bidding_party(actor: Actor) -> UUID:
    """In whose name the actor bids; raises RoleRequired and ScopeRequired."""
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    return actor.require_party()


def admitted(actor: Actor, seller_id: UUID, number: int | None) -> int:
    """The bidder's number; raises SellerMayNotBid and NotABidder.

    An agent bids for the client alone: one that works for the seller is refused as the seller is.
    """
    if seller_id in {actor.party_id, actor.organisation_id}:
        raise SellerMayNotBid
    if number is None:
        raise NotABidder
    return number


def operator(actor: Actor) -> Actor:
    """The actor, for an act of the platform on an auction; raises RoleRequired, ScopeRequired."""
    actor.require_role(Role.OPERATOR)
    actor.require_scope("trade")
    return actor


def opener(actor: Actor) -> Actor:
    """The actor, for handing in an opening key or share; raises RoleRequired, ScopeRequired."""
    actor.require_role(*OPENERS)
    actor.require_scope("trade")
    return actor
