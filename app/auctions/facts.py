"""What other modules may know about auctions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class AuctionFacts:
    """An auction as others see it; amounts in fen.

    `price_fen` is the highest bid so far, `winner_id` is known once it is sold, `bid_count` counts
    accepted bids.
    """

    id: UUID
    listing_id: UUID
    seller_id: UUID
    state: str
    start_fen: int
    increment_fen: int
    extension_s: int
    opens_at: datetime
    ends_at: datetime
    price_fen: int | None
    winner_id: UUID | None
    bid_count: int
    decided_at: datetime | None


@dataclass(frozen=True)
class RunnerUp:
    """The bidder who came next in an auction, and that bidder's own highest bid in fen."""

    bidder_id: UUID
    price_fen: int
