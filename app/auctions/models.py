"""Tables of the auctions module."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.auctions.states import AuctionState, AwardState, EventKind
from app.kit.db import Base, Identified, Versioned


def _one_of(column: str, values: type[AuctionState | AwardState | EventKind]) -> str:
    return f"{column} IN ({','.join(repr(value.value) for value in values)})"


class AuctionPlan(Base):
    """What the seller of a drafted listing chose: a format, its rules, a secret reserve.

    `auction_id` is the id that the auction will have, `public_key` what its secrets are sealed to,
    `custody` how the private half is kept, `reserve_sealed` the reserve with the salt that opens
    its published commitment.
    """

    __tablename__ = "auction_plan"
    __table_args__ = (
        CheckConstraint("(public_key IS NULL) = (custody IS NULL)", name="custody"),
        CheckConstraint(
            "(reserve_sealed IS NULL) = (reserve_commitment IS NULL)"
            " AND (reserve_sealed IS NULL OR public_key IS NOT NULL)",
            name="reserve",
        ),
    )

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"), primary_key=True)
    auction_id: Mapped[UUID]
    format: Mapped[str]
    terms: Mapped[dict[str, Any]]
    reserve_commitment: Mapped[str | None]
    public_key: Mapped[bytes | None]
    custody: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reserve_sealed: Mapped[bytes | None]


class Auction(Identified, Base):
    """One auction; the row is the lock that bids, operators and the close take turns on.

    It sells a listing, or seeks a supplier for a demand: then `seller_id` is the demand's owner,
    who buys, and the lowest valid price wins.

    `format` and `terms` are what the engine decides by, and never change; `standing` is its state
    (engine.standing). What lists and watchers need of it stands in columns of its own: `phase`,
    `ends_at` (the end of the phase), the public price and who leads.
    """

    __tablename__ = "auction"
    __table_args__ = (
        UniqueConstraint("listing_id", "round"),
        UniqueConstraint("demand_id", "round"),
        CheckConstraint("num_nonnulls(listing_id, demand_id) = 1", name="subject"),
        CheckConstraint(_one_of("state", AuctionState), name="state"),
        CheckConstraint(
            "next_sequence >= 1 AND event_count >= 0 AND bid_count >= 0 AND round >= 1",
            name="amounts",
        ),
        CheckConstraint("opens_at < planned_end", name="times"),
        CheckConstraint("(price_fen IS NULL) = (leading_number IS NULL)", name="leader"),
        CheckConstraint(
            "(state IN ('sold','failed','annulled')) = (decided_at IS NOT NULL)", name="result"
        ),
        CheckConstraint("octet_length(chain_head) = 32", name="chain_head"),
        CheckConstraint("(public_key IS NULL) = (custody IS NULL)", name="custody"),
        Index("ix_auction_to_open", "opens_at", postgresql_where=text("state = 'scheduled'")),
        Index("ix_auction_to_close", "ends_at", postgresql_where=text("state = 'open'")),
        Index("ix_auction_state_id", "state", "id"),
        Index("ix_auction_ends_at_id", "ends_at", "id"),
        Index("ix_auction_seller_id", "seller_id", "id"),
    )

    listing_id: Mapped[UUID | None] = mapped_column(ForeignKey("listing.id"))
    demand_id: Mapped[UUID | None] = mapped_column(ForeignKey("demand.id"))
    round: Mapped[int] = mapped_column(server_default=text("1"))
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    format: Mapped[str]
    terms: Mapped[dict[str, Any]]
    rule_set: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'scheduled'"))
    phase: Mapped[str]
    standing: Mapped[dict[str, Any]]
    opens_at: Mapped[datetime]
    planned_end: Mapped[datetime]
    ends_at: Mapped[datetime]
    next_sequence: Mapped[int] = mapped_column(server_default=text("1"))
    event_count: Mapped[int] = mapped_column(server_default=text("0"))
    bid_count: Mapped[int] = mapped_column(server_default=text("0"))
    leading_number: Mapped[int | None]
    price_fen: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    chain_head: Mapped[bytes]
    public_key: Mapped[bytes | None]
    custody: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reserve_sealed: Mapped[bytes | None]


class AuctionBidder(Identified, Base):
    """A qualified bidder and the number that stands for it until the result."""

    __tablename__ = "auction_bidder"
    __table_args__ = (
        UniqueConstraint("auction_id", "bidder_id"),
        UniqueConstraint("auction_id", "number"),
        CheckConstraint("number >= 1", name="number"),
        Index("ix_auction_bidder_bidder_id", "bidder_id"),
    )

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auction.id"))
    bidder_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[int]


class Bid(Base):
    """One bid or other act of a bidder, accepted or refused; append-only by trigger.

    It is its own audit event: `person_id` placed it; when a broker did, `agent_id` is the broker
    and `mandate_id` its mandate. `device` is a keyed digest of where it came from, for screens
    alone.
    `sequence` is the order of the record, `received_at` the time that the bid is judged by, and
    `created_at` the time at which it was written. `ends_at_after`, `price_after_fen` and
    `leader_after` say how the auction stood after it. A sealed bid has no amount; what it says is
    in `sealed`, and in `OpenedBid` once it was opened.
    """

    __tablename__ = "bid"
    __table_args__ = (
        UniqueConstraint("auction_id", "bidder_id", "request_id"),
        ForeignKeyConstraint(
            ["auction_id", "bidder_id"],
            ["auction_bidder.auction_id", "auction_bidder.bidder_id"],
        ),
        CheckConstraint("amount_fen >= 0 AND sequence >= 1", name="amounts"),
        CheckConstraint("accepted = (refusal IS NULL)", name="outcome"),
        CheckConstraint("act IN ('bid','confirm','pass')", name="act"),
        CheckConstraint(
            "(act = 'bid') = (amount_fen IS NOT NULL OR sealed IS NOT NULL)"
            " AND (amount_fen IS NULL OR sealed IS NULL)",
            name="content",
        ),
        CheckConstraint("octet_length(digest) = 32", name="digest"),
    )

    auction_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    bidder_id: Mapped[UUID]
    number: Mapped[int]
    person_id: Mapped[UUID | None]
    agent_id: Mapped[UUID | None]
    mandate_id: Mapped[UUID | None]
    device: Mapped[str | None]
    act: Mapped[str] = mapped_column(server_default=text("'bid'"))
    phase: Mapped[str] = mapped_column(server_default=text("'bidding'"))
    amount_fen: Mapped[int | None]
    sealed: Mapped[bytes | None]
    received_at: Mapped[datetime]
    request_id: Mapped[str]
    accepted: Mapped[bool]
    refusal: Mapped[str | None]
    required_fen: Mapped[int | None]
    ends_at_after: Mapped[datetime]
    price_after_fen: Mapped[int | None]
    leader_after: Mapped[int | None]
    digest: Mapped[bytes]


class OpenedBid(Base):
    """What a sealed bid said, and how it was judged when it was opened; append-only by trigger."""

    __tablename__ = "opened_bid"
    __table_args__ = (
        ForeignKeyConstraint(["auction_id", "sequence"], ["bid.auction_id", "bid.sequence"]),
        CheckConstraint("amount_fen >= 0 AND quantity >= 1", name="amounts"),
    )

    auction_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    amount_fen: Mapped[int]
    quantity: Mapped[int]
    lots: Mapped[list[str]]
    scored: Mapped[dict[str, Any]]
    refusal: Mapped[str | None]


class OpeningShare(Base):
    """An officer's part of an opening key, handed in after the end; append-only by trigger."""

    __tablename__ = "opening_share"

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auction.id"), primary_key=True)
    officer: Mapped[str] = mapped_column(primary_key=True)
    share: Mapped[dict[str, Any]]
    person_id: Mapped[UUID | None]
    handed_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class AuctionEvent(Identified, Base):
    """An event of an auction that is not a bid, in the chain with them; append-only by trigger.

    `place` counts an auction's events from 1, `after_sequence` is the sequence of the last bid
    before it, `payload` what was hashed, `at` its market time.
    """

    __tablename__ = "auction_event"
    __table_args__ = (
        UniqueConstraint("auction_id", "place"),
        CheckConstraint(_one_of("kind", EventKind), name="kind"),
        CheckConstraint("after_sequence >= 0 AND place >= 1", name="after_sequence"),
        CheckConstraint("octet_length(digest) = 32", name="digest"),
    )

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auction.id"))
    place: Mapped[int]
    after_sequence: Mapped[int]
    kind: Mapped[str]
    at: Mapped[datetime]
    payload: Mapped[dict[str, Any]]
    digest: Mapped[bytes]


class AuctionAward(Identified, Base):
    """What one bidder won: units or lots, at a price for one and in total, in fen.

    `rank` counts the awards of an auction; `instead_of` is the award of a winner who defaulted and
    `shortfall_fen` what that one owes for the lower price, besides the `commissions_fen` of his own
    award (拍卖法 art. 39).
    """

    __tablename__ = "auction_award"
    __table_args__ = (
        UniqueConstraint("auction_id", "rank"),
        UniqueConstraint("instead_of"),
        CheckConstraint(_one_of("state", AwardState), name="state"),
        CheckConstraint(
            "rank >= 1 AND quantity >= 1 AND price_fen >= 0 AND total_fen >= 0"
            " AND shortfall_fen >= 0",
            name="amounts",
        ),
        ForeignKeyConstraint(
            ["auction_id", "bidder_id"],
            ["auction_bidder.auction_id", "auction_bidder.bidder_id"],
        ),
    )

    auction_id: Mapped[UUID]
    rank: Mapped[int]
    bidder_id: Mapped[UUID]
    number: Mapped[int]
    quantity: Mapped[int]
    lots: Mapped[list[str]]
    price_fen: Mapped[int]
    total_fen: Mapped[int]
    score: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default=text("'awarded'"))
    instead_of: Mapped[UUID | None] = mapped_column(ForeignKey("auction_award.id"))
    shortfall_fen: Mapped[int | None]
    commissions_fen: Mapped[int | None]


class BidIntakeRow(Base):
    """Until when (market time) all bids that a process received are in the record."""

    __tablename__ = "bid_intake"

    process_id: Mapped[UUID] = mapped_column(primary_key=True)
    renewed_at: Mapped[datetime]
    recorded_until: Mapped[datetime]


class PlatformPulse(Base):
    """When any process could last take bids: on the database's clock and on the market's."""

    __tablename__ = "platform_pulse"
    __table_args__ = (CheckConstraint("one", name="one"),)

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    at: Mapped[datetime]
    market_at: Mapped[datetime]


class PlatformOutage(Identified, Base):
    """A time in which no process could take bids; `handled_at` when every end has moved by it."""

    __tablename__ = "platform_outage"
    __table_args__ = (
        CheckConstraint("began_at < ended_at AND seconds > 0", name="times"),
        Index("ix_platform_outage_open", "id", postgresql_where=text("handled_at IS NULL")),
    )

    began_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    seconds: Mapped[int]
    handled_at: Mapped[datetime | None]


class CollusionFlag(Versioned, Base):
    """What a screen found in a period's auctions: a matter to look into, never a verdict.

    `fingerprint` is the same for the same finding, which is kept once. `evidence` has the facts and
    a sentence in both languages; a regulator decides, and the audit log keeps how it went.
    """

    __tablename__ = "collusion_flag"
    __table_args__ = (
        UniqueConstraint("fingerprint"),
        CheckConstraint(
            "screen IN ('shared_control','shared_device','shared_payer','shared_agent',"
            "'low_variance','relative_distance','close_bids','bid_rotation','cover_bids',"
            "'constant_loser')",
            name="screen",
        ),
        CheckConstraint("state IN ('open','dismissed','referred')", name="state"),
        CheckConstraint("period_from <= period_until", name="period"),
        CheckConstraint(
            "cardinality(auctions) >= 1 AND cardinality(bidders) >= 2", name="concerns"
        ),
        CheckConstraint(
            "(state = 'open') = (reason IS NULL) AND (state = 'open') = (decided_at IS NULL)"
            " AND (state = 'open') = (decided_by IS NULL)",
            name="decision",
        ),
        Index("ix_collusion_flag_state", "state", "id"),
    )

    run_id: Mapped[UUID]
    fingerprint: Mapped[str]
    screen: Mapped[str]
    rule_set: Mapped[str]
    period_from: Mapped[date]
    period_until: Mapped[date]
    market: Mapped[str]
    auctions: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    bidders: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    strength: Mapped[float]
    threshold: Mapped[float]
    evidence: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    reason: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
