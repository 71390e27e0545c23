"""Wire shapes of the auctions module."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints

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


LARGEST = 2**63 - 1
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Ordinal = Annotated[int, Field(ge=1, le=LARGEST)]
Sha256Hex = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
SignatureHex = Annotated[str, StringConstraints(pattern="^[0-9a-f]{128}$")]


class _OfRecord(WireModel):
    """A part of a record; texts are taken as they are, for their bytes count."""

    model_config = ConfigDict(str_strip_whitespace=False)


class _Link(_OfRecord):
    digest: Sha256Hex = Field(
        description="SHA-256 over the digest before and the canonical JSON of the other members"
    )


class RecordedTerms(_Link):
    """The first event: the auction was set up with these terms, in fen and seconds."""

    kind: Literal["scheduled"]
    after_sequence: Literal[0]
    at: AwareDatetime
    auction_id: UUID
    listing_id: UUID
    rule_set: str
    start_fen: Count
    increment_fen: Ordinal
    extension_s: Count
    first_bid_at_start: bool
    opens_at: AwareDatetime
    ends_at: AwareDatetime = Field(description="the planned end")
    bidders: Ordinal = Field(description="how many bidders were numbered, from 1 on")


class RecordedOpening(_Link):
    """Bidding was opened at the published time."""

    kind: Literal["opened"]
    after_sequence: Count = Field(description="bids that were refused before")
    at: AwareDatetime


class RecordedBid(_Link):
    """A bid and what became of it; see BidView."""

    kind: Literal["bid"]
    sequence: Ordinal
    number: Ordinal
    amount_fen: Count
    received_at: AwareDatetime
    accepted: bool
    refusal: Refusal | None
    required_fen: Count | None
    ends_at_after: AwareDatetime


class RecordedResult(_Link):
    """The last event: sold to a number at a price in fen, or failed."""

    kind: Literal["sold", "failed"]
    after_sequence: Count
    at: AwareDatetime = Field(description="when it was decided")
    number: Ordinal | None
    price_fen: Count | None
    ends_at: AwareDatetime


RecordedEvent = Annotated[
    RecordedTerms | RecordedOpening | RecordedBid | RecordedResult, Field(discriminator="kind")
]


class RecordSignature(_OfRecord):
    """The platform's signature over the auction's id and the head of its chain."""

    algorithm: Literal["Ed25519"]
    key_id: str = Field(description="16 hex digits of the SHA-256 of the public key's 32 bytes")
    public_key: str = Field(description="PEM")
    value: SignatureHex


class AuctionRecord(_OfRecord):
    """The record of a decided auction; `techmarket verify-record` checks it without the platform.

    Bidders are numbers. `docs/guide/record.md` says how every byte of it is made.
    """

    format: Literal["techmarket-auction-record/1"]
    auction_id: UUID
    events: list[RecordedEvent] = Field(min_length=3)
    chain_head: Sha256Hex
    signature: RecordSignature
