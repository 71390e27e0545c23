"""Wire shapes of the auctions module."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.auctions.states import AuctionState, Phase, Refusal
from app.kit.http import Fen, ShortCode, WireModel


class NewBid(WireModel):
    """A bid; the same `request_id` always gets the same answer."""

    amount_fen: Fen = Field(examples=[205_000_000])
    request_id: ShortCode = Field(
        description="Chosen by the bidder, new for every bid",
        examples=["0198c7a2-6f0e-7c55-9a54-3d7f0f2a9f11"],
    )


class BidView(WireModel):
    """A bid of the record; the bidder is a number."""

    auction_id: UUID
    sequence: int = Field(description="place in the record, without gaps, refused bids included")
    number: int = Field(description="the bidder's number")
    amount_fen: int
    received_at: datetime = Field(description="when the platform received it")
    accepted: bool
    refusal: Refusal | None
    required_fen: int | None = Field(description="the smallest valid amount then, when refused")
    ends_at_after: datetime = Field(description="the auction's end after this bid")


class BidPlaced(BidView):
    """The answer to a bid that leads."""

    min_next_fen: int = Field(description="the smallest valid amount after this bid")


class AuctionView(WireModel):
    """An auction as everyone sees it; who the bidders are is not told before the result."""

    id: UUID
    listing_id: UUID
    title: str
    seller_id: UUID
    state: AuctionState
    phase: Phase = Field(description="by the clock; `closing` is between the end and the result")
    rule_set: str
    start_fen: int
    increment_fen: int
    extension_s: int = Field(description="seconds from an accepted bid to the end, at least")
    opens_at: datetime
    planned_end: datetime
    ends_at: datetime
    server_time: datetime
    bidder_count: int
    bid_count: int = Field(description="accepted bids")
    price_fen: int | None = Field(description="the highest bid")
    leading_number: int | None
    min_next_fen: int | None = Field(description="null after the end")
    my_number: int | None = Field(None, description="the caller's own bidder number")
    winner_id: UUID | None = Field(description="null until sold")
    winner_name: str | None = Field(description="null until sold")
    decided_at: datetime | None
