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
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Identified, Versioned


class Auction(Identified, Base):
    """One sale by ascending bids; the row is the lock that bids and the close take turns on."""

    __tablename__ = "auction"
    __table_args__ = (
        UniqueConstraint("listing_id"),
        CheckConstraint("state IN ('scheduled','open','sold','failed')", name="state"),
        CheckConstraint(
            "start_fen >= 0 AND increment_fen > 0 AND extension_s >= 0 AND next_sequence >= 1"
            " AND bid_count >= 0",
            name="amounts",
        ),
        CheckConstraint("opens_at < planned_end AND planned_end <= ends_at", name="times"),
        CheckConstraint(
            "(price_fen IS NULL) = (leading_bid_id IS NULL)"
            " AND (price_fen IS NULL) = (leading_number IS NULL)"
            " AND (price_fen IS NULL) = (bid_count = 0)"
            " AND (price_fen IS NULL OR price_fen >= start_fen)",
            name="leader",
        ),
        CheckConstraint(
            "(state = 'sold') = (winner_id IS NOT NULL)"
            " AND (state IN ('sold','failed')) = (decided_at IS NOT NULL)"
            " AND (state <> 'sold' OR price_fen IS NOT NULL)"
            " AND (state <> 'failed' OR price_fen IS NULL)",
            name="result",
        ),
        CheckConstraint("octet_length(chain_head) = 32", name="chain_head"),
        Index("ix_auction_to_open", "opens_at", postgresql_where=text("state = 'scheduled'")),
        Index("ix_auction_to_close", "ends_at", postgresql_where=text("state = 'open'")),
        Index("ix_auction_state_id", "state", "id"),
        Index("ix_auction_ends_at_id", "ends_at", "id"),
        Index("ix_auction_seller_id", "seller_id", "id"),
    )

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"))
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    start_fen: Mapped[int]
    increment_fen: Mapped[int]
    extension_s: Mapped[int]
    first_bid_at_start: Mapped[bool] = mapped_column(server_default=text("true"))
    state: Mapped[str] = mapped_column(server_default=text("'scheduled'"))
    opens_at: Mapped[datetime]
    planned_end: Mapped[datetime]
    ends_at: Mapped[datetime]
    next_sequence: Mapped[int] = mapped_column(server_default=text("1"))
    bid_count: Mapped[int] = mapped_column(server_default=text("0"))
    leading_bid_id: Mapped[UUID | None] = mapped_column(ForeignKey("bid.id", use_alter=True))
    leading_number: Mapped[int | None]
    price_fen: Mapped[int | None]
    winner_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    decided_at: Mapped[datetime | None]
    rule_set: Mapped[str]
    chain_head: Mapped[bytes]


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


class Bid(Identified, Base):
    """One bid, accepted or refused; append-only by trigger.

    `sequence` is the order of the record, `received_at` the time that the bid is judged by, and
    `created_at` the time at which it was written. `ends_at_after` is the end after this bid.
    """

    __tablename__ = "bid"
    __table_args__ = (
        UniqueConstraint("auction_id", "sequence"),
        UniqueConstraint("auction_id", "bidder_id", "request_id"),
        ForeignKeyConstraint(
            ["auction_id", "bidder_id"],
            ["auction_bidder.auction_id", "auction_bidder.bidder_id"],
        ),
        CheckConstraint("amount_fen >= 0 AND sequence >= 1", name="amounts"),
        CheckConstraint("accepted = (refusal IS NULL)", name="outcome"),
        CheckConstraint(
            "refusal IN ('auction_not_open','auction_closed','bid_too_low','bid_off_step')",
            name="refusal",
        ),
        CheckConstraint("octet_length(digest) = 32", name="digest"),
    )

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auction.id"))
    sequence: Mapped[int]
    bidder_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[int]
    amount_fen: Mapped[int]
    received_at: Mapped[datetime]
    request_id: Mapped[str]
    accepted: Mapped[bool]
    refusal: Mapped[str | None]
    required_fen: Mapped[int | None]
    ends_at_after: Mapped[datetime]
    digest: Mapped[bytes]
    device: Mapped[str | None]


class AuctionEvent(Identified, Base):
    """An event of an auction that is not a bid, in the chain with them; append-only by trigger.

    `after_sequence` is the sequence of the last bid before it, `payload` what was hashed, `at` its
    market time: of the scheduling, of the published opening, of the decision.
    """

    __tablename__ = "auction_event"
    __table_args__ = (
        UniqueConstraint("auction_id", "after_sequence", "kind"),
        CheckConstraint("kind IN ('scheduled','opened','sold','failed')", name="kind"),
        CheckConstraint("after_sequence >= 0", name="after_sequence"),
        CheckConstraint("octet_length(digest) = 32", name="digest"),
    )

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auction.id"))
    after_sequence: Mapped[int]
    kind: Mapped[str]
    at: Mapped[datetime]
    payload: Mapped[dict[str, Any]]
    digest: Mapped[bytes]


class BidIntakeRow(Base):
    """Until when (market time) all bids that a process received are in the record."""

    __tablename__ = "bid_intake"

    process_id: Mapped[UUID] = mapped_column(primary_key=True)
    renewed_at: Mapped[datetime]
    recorded_until: Mapped[datetime]


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
