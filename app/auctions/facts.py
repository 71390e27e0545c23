"""What other modules may know about auctions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class AwardFacts:
    """What one bidder won; `total_fen` is what is paid in all, `lots` are achievements' ids.

    `instead_of` is the award of a winner who defaulted, who owes `shortfall_fen` for that.
    """

    id: UUID
    rank: int
    winner_id: UUID
    quantity: int
    lots: tuple[str, ...]
    total_fen: int
    state: str
    instead_of: UUID | None
    shortfall_fen: int | None


@dataclass(frozen=True)
class AuctionFacts:
    """An auction as others see it; amounts in fen.

    `price_fen` is the price now, or what is paid in all; awards are there once it is sold;
    `bid_count` counts accepted bids.
    """

    id: UUID
    listing_id: UUID | None
    demand_id: UUID | None
    seller_id: UUID
    format: str
    state: str
    opens_at: datetime
    ends_at: datetime
    price_fen: int | None
    bid_count: int
    decided_at: datetime | None
    awards: tuple[AwardFacts, ...]
    many_winners: bool


@dataclass(frozen=True)
class RunnerUp:
    """The bidder who came next in an auction, and that bidder's own highest bid in fen."""

    bidder_id: UUID
    price_fen: int
