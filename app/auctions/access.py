"""Who may see an auction and who may bid in it."""

from uuid import UUID

from app.auctions.errors import NotABidder, SellerMayNotBid
from app.auctions.models import Auction, AuctionBidder
from app.kit.actor import Actor
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound
from app.parties.states import Role


def visible(auction: Auction | None) -> Auction:
    """The auction: auctions are public (法释〔2016〕18号 art. 13), their bidders are not."""
    if auction is None:
        raise NotFound
    return auction


def audience(auction: Auction) -> Audience:
    """Who may learn of a change: everyone; who bids is not told (法释〔2016〕18号 art. 18)."""
    return Audience(Circle.PUBLIC, frozenset({auction.seller_id}))


def bidding_party(actor: Actor) -> UUID:
    """In whose name the actor bids; raises RoleRequired and ScopeRequired."""
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    return actor.require_party()


def admitted(actor: Actor, auction: Auction | None, bidder: AuctionBidder | None) -> AuctionBidder:
    """The bidder's entry; raises NotFound, SellerMayNotBid and NotABidder.

    An agent bids for the client alone: one that works for the seller is refused as the seller is.
    """
    seen = visible(auction)
    if seen.seller_id in {actor.party_id, actor.organisation_id}:
        raise SellerMayNotBid
    if bidder is None:
        raise NotABidder
    return bidder
