"""Wire shapes of the auctions module; those of records are in `records`."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from app.auctions.engine.codes import Code, Direction
from app.auctions.states import AuctionState, AwardState, EventKind, Phase
from app.kit.http import FEN_LIMIT, Fen, Paragraphs, ShortCode, WireModel

Whole = Annotated[int, Field(ge=-FEN_LIMIT, le=FEN_LIMIT, strict=True)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Reason = Annotated[Paragraphs, StringConstraints(min_length=1, max_length=2000)]


class NewBid(WireModel):
    """A bid, or another act of a bidder; the same `request_id` always gets the same answer.

    `amount_fen` is the bid: with proxy bidding the secret maximum, for units the price of one, on a
    falling clock the most that the bidder pays. Sealed bids are encrypted when they arrive.
    """

    act: Literal["bid", "confirm", "pass"] = Field(
        "bid", description="confirm: enter the limited phase; pass: let the own turn go"
    )
    amount_fen: Fen | None = Field(None, examples=[205_000_000])
    request_id: ShortCode = Field(
        description="Chosen by the bidder, new for every bid",
        examples=["0198c7a2-6f0e-7c55-9a54-3d7f0f2a9f11"],
    )
    quantity: Annotated[int, Field(ge=1, le=10**9, strict=True)] = Field(
        1, description="Units, in auctions of units"
    )
    lots: list[Name] = Field([], max_length=20, description="Lots, in auctions of packages")
    values: dict[Name, Whole] = Field({}, max_length=50, description="Scored terms by their code")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.act == "bid") != (self.amount_fen is not None):
            raise ValueError("a bid needs amount_fen, and no other act has one")
        return self


class BidView(WireModel):
    """A bid of the record; the bidder is a number.

    Before the result, nobody sees what a sealed bid or a secret maximum says.
    """

    auction_id: UUID
    sequence: int = Field(description="place in the record, without gaps, refused bids included")
    number: int | None = Field(description="the bidder's number; null while bids are sealed")
    act: str
    phase: str
    amount_fen: int | None = Field(description="null while it is secret")
    received_at: datetime = Field(description="when the platform received it")
    accepted: bool
    refusal: Code | None
    required_fen: int | None = Field(description="the least valid amount then, when refused")
    ends_at_after: datetime = Field(description="the phase's end after this bid")
    price_after_fen: int | None = Field(description="the price after this bid")
    leader_after: int | None = Field(description="the number that leads after this bid")


class BidPlaced(BidView):
    """The answer to an accepted bid."""

    leading: bool = Field(description="whether this bidder leads after this bid")
    min_next_fen: int | None = Field(description="the smallest valid amount after this bid")
    seal_sha256: str | None = Field(description="digest of a sealed bid, as it is in the record")


class NewPlan(WireModel):
    """The format of a listing's auction and its rules; `GET /auctions/formats` has the formats."""

    format: ShortCode = Field(examples=["sealed_once"])
    terms: dict[str, Any] = Field({}, examples=[{"payment": "second_price"}])
    reserve_fen: Fen | None = Field(
        None, description="A secret reserve; sealed at once, only its commitment is published"
    )


class NewCall(WireModel):
    """A call for bids on a demand: a reverse auction among its shortlisted suppliers.

    The start price is the most that the buyer pays, by default the demand's budget; bids below
    `minimum_fen` do not count.
    """

    format: ShortCode = Field("ascending", examples=["ascending", "sealed_once", "multi_round"])
    terms: dict[str, Any] = Field({}, examples=[{"increments": 100_000, "extension_s": 300}])
    reserve_fen: Fen | None = Field(None, description="The most the buyer pays, kept secret")
    opens_after_minutes: Annotated[int, Field(ge=0, le=90 * 24 * 60, strict=True)] = 0
    bidding_minutes: Annotated[int, Field(ge=1, le=30 * 24 * 60, strict=True)] = 24 * 60


class PlanView(WireModel):
    """The plan of a listing's auction, as it is published with the listing."""

    listing_id: UUID
    format: str
    terms: dict[str, Any]
    reserve_commitment: str | None = Field(description="SHA-256 of the secret reserve and a salt")
    public_key: str | None = Field(description="hex; what bids and the reserve are sealed to")


class FormatView(WireModel):
    """A format of auctions; `terms` is the JSON Schema of what a plan may set."""

    code: str
    title: str
    source: str
    sealed: bool
    reserve: bool = Field(description="whether a plan may have a secret reserve")
    phases: list[str]
    terms: dict[str, Any]


class OperatorAct(WireModel):
    """An act of the operator on an auction, and why."""

    reason: Reason


class SupplierDefault(WireModel):
    """The supplier who won a reverse auction does not perform."""

    reason: Reason
    commissions_fen: Fen = Field(0, description="both commissions of the sale, owed in any case")


Hex32 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class AuctionKeyIn(WireModel):
    """An auction's private key, as `techmarket opening-key open` or `rebuild` prints it."""

    kind: Literal["auction_key"]
    auction_id: UUID
    not_before: AwareDatetime
    private_key: Hex32


class ShareIn(WireModel):
    """An officer's share of it, as `techmarket opening-key open-share` prints it."""

    kind: Literal["share"]
    auction_id: UUID
    not_before: AwareDatetime
    officer: Name
    index: Annotated[int, Field(ge=1, le=10**9, strict=True)]
    share: Hex32


KeyIn = Annotated[AuctionKeyIn | ShareIn, Field(discriminator="kind")]


class OpeningView(WireModel):
    """How an auction is opened, and which officers have handed in their shares."""

    auction_id: UUID
    state: AuctionState
    custody: dict[str, Any]
    officers_in: list[str]


class Notice(WireModel):
    """What the operator or an outage did to an auction, as it is told to everybody."""

    kind: EventKind
    at: datetime
    reason: str | None
    ends_at: datetime = Field(description="of the phase, after it")


class AwardView(WireModel):
    """What a bidder won; public with the result (法释〔2016〕18号 art. 22)."""

    rank: int
    number: int
    winner_id: UUID
    winner_name: str
    quantity: int
    lots: list[str]
    price_fen: int = Field(description="for one")
    total_fen: int
    score: int | None
    state: AwardState
    shortfall_fen: int | None = Field(
        description="what the winner who defaulted before owes for the worse price"
    )
    commissions_fen: int | None = Field(
        description="both commissions of the first sale, owed by this winner who defaulted"
    )


class AuctionView(WireModel):
    """An auction as everyone sees it; who the bidders are is not told before the result."""

    id: UUID
    listing_id: UUID | None = Field(description="what is sold; null for a demand")
    demand_id: UUID | None = Field(description="what a supplier is sought for")
    direction: Direction = Field(description="reverse: the lowest valid price wins")
    round: int
    title: str
    seller_id: UUID | None = Field(description="null for the owner of an anonymous demand")
    state: AuctionState
    phase: Phase = Field(description="by the clock; `closing` is between an end and what follows")
    phase_name: str = Field(description="the phase of the format")
    rule_set: str
    format: str
    terms: dict[str, Any] = Field(description="the rules, as `techmarket replay` takes them")
    sealed: bool = Field(description="bids are encrypted until they are opened")
    reserve_commitment: str | None
    start_fen: int | None
    increment_fen: int | None
    extension_s: int = Field(description="seconds from an accepted bid to the end, at least")
    opens_at: datetime
    planned_end: datetime
    ends_at: datetime = Field(description="of the present phase")
    server_time: datetime
    bidder_count: int
    bid_count: int = Field(description="accepted bids")
    price_fen: int | None = Field(description="the price now; once sold, what is paid in all")
    leading_number: int | None
    min_next_fen: int | None = Field(description="the least valid bid; null when there is none")
    turns: list[int] = Field(description="the numbers in the order of their turns")
    my_number: int | None = Field(None, description="the caller's own bidder number")
    winner_id: UUID | None = Field(description="null unless sold to one bidder")
    winner_name: str | None = Field(description="null unless sold to one bidder")
    awards: list[AwardView]
    reason: str | None = Field(description="why it failed or was annulled")
    decided_at: datetime | None
