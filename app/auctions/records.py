"""Wire shapes of the signed record of an auction; `docs/guide/record.md` has it for readers."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints

from app.auctions.engine.codes import Code, Kind
from app.kit.http import WireModel

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
    """The first event: the auction was set up with these terms, in fen and seconds.

    Auctions that were set up before there were several formats have the terms as members instead of
    `format` and `terms`.
    """

    kind: Literal["scheduled"]
    after_sequence: Literal[0]
    at: AwareDatetime
    auction_id: UUID
    listing_id: UUID | None = None
    demand_id: UUID | None = None
    rule_set: str
    round: Ordinal = 1
    format: str = "ascending"
    terms: dict[str, Any] | None = None
    public_key: Sha256Hex | None = Field(None, description="what bids and reserve are sealed to")
    start_fen: Count | None = None
    increment_fen: Ordinal | None = None
    extension_s: Count | None = None
    first_bid_at_start: bool | None = None
    opens_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
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
    act: Kind = Kind.BID
    amount_fen: Count | None
    sealed: str | None = Field(None, description="Base64; the sealed box of what the bid says")
    received_at: AwareDatetime
    accepted: bool
    refusal: Code | None
    required_fen: Count | None
    ends_at_after: AwareDatetime


class RecordedPhase(_Link):
    """A further phase began; `turns` are the bidders in the order in which they act."""

    kind: Literal["phase"]
    after_sequence: Count
    at: AwareDatetime
    phase: str
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    turns: list[Ordinal]


class RecordedControl(_Link):
    """An operator paused, resumed or annulled the auction."""

    kind: Literal["paused", "resumed", "annulled"]
    after_sequence: Count
    at: AwareDatetime
    reason: str
    ends_at: AwareDatetime


class RecordedOutage(_Link):
    """No process could take bids from `began_at` to `at`; the end moved by that."""

    kind: Literal["outage"]
    after_sequence: Count
    at: AwareDatetime
    began_at: AwareDatetime
    seconds: Ordinal
    ends_at: AwareDatetime


class RevealedBid(_OfRecord):
    """What a sealed bid said, and how it was judged by that."""

    sequence: Ordinal
    request_id: str
    amount_fen: Count
    quantity: Ordinal
    lots: list[str]
    values: dict[str, int]
    refusal: Code | None


class RecordedUnsealing(_Link):
    """The sealed bids were opened; the key opens every one of them for everybody."""

    kind: Literal["unsealed"]
    after_sequence: Count
    at: AwareDatetime
    opening_key: Sha256Hex
    bids: list[RevealedBid]


class RecordedAward(_OfRecord):
    """What a bidder won, in fen."""

    number: Ordinal
    quantity: Ordinal
    lots: list[str]
    price_fen: Count
    total_fen: Count
    score: int | None


class RecordedReserve(_OfRecord):
    """The secret reserve that was met, and the salt that opens its commitment."""

    reserve_fen: Count
    salt: str


class RecordedResult(_Link):
    """The result: sold, to one number at a price in fen or by awards, or failed."""

    kind: Literal["sold", "failed"]
    after_sequence: Count
    at: AwareDatetime = Field(description="when it was decided")
    number: Ordinal | None
    price_fen: Count | None
    ends_at: AwareDatetime
    awards: list[RecordedAward] | None = None
    reason: str | None = None
    reserve: RecordedReserve | None = None
    proof: dict[str, Any] | None = None


RecordedEvent = Annotated[
    RecordedTerms
    | RecordedOpening
    | RecordedBid
    | RecordedPhase
    | RecordedControl
    | RecordedOutage
    | RecordedUnsealing
    | RecordedResult,
    Field(discriminator="kind"),
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
    events: list[RecordedEvent] = Field(min_length=2)
    chain_head: Sha256Hex
    signature: RecordSignature
