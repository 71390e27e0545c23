"""Tables of the pricing module."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.orm import Mapped, deferred, mapped_column

from app.kit.db import Base, Identified, Versioned


class ComparablePrice(Identified, Base):
    """What was paid for a technology; the price in fen as it was agreed, `payment` how it is paid.

    A deal that is registered later stays one row: its contract takes the place of the auction.
    `body` is compared and never shown. A deal that fell is voided and takes no part.
    """

    __tablename__ = "comparable_price"
    __table_args__ = (
        UniqueConstraint("source_key"),
        CheckConstraint("source IN ('contract','auction','imported')", name="source"),
        CheckConstraint("price_fen > 0", name="price"),
        CheckConstraint("currency = 'CNY'", name="currency"),
        CheckConstraint("trl BETWEEN 1 AND 9", name="trl"),
        CheckConstraint(
            "(source = 'imported') = (deal_id IS NULL)"
            " AND (source = 'imported') = (imported_by IS NOT NULL)"
            " AND (source = 'contract') = (registration_id IS NOT NULL)",
            name="origin",
        ),
        Index(
            "ix_comparable_price_field",
            "technical_field",
            "traded_on",
            postgresql_where=text("voided_at IS NULL"),
        ),
        Index("ix_comparable_price_deal", "deal_id"),
    )

    source: Mapped[str]
    source_key: Mapped[str]
    deal_id: Mapped[UUID | None] = mapped_column(ForeignKey("deal.id"))
    registration_id: Mapped[UUID | None] = mapped_column(ForeignKey("registration.id"))
    achievement_id: Mapped[UUID | None] = mapped_column(ForeignKey("achievement.id"))
    imported_by: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    reference: Mapped[str] = mapped_column(server_default=text("''"))
    title: Mapped[str]
    body: Mapped[str] = mapped_column(server_default=text("''"))
    technical_field: Mapped[str]
    ipc: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    trl: Mapped[int | None]
    transfer_mode: Mapped[str]
    exclusive: Mapped[bool]
    region: Mapped[str]
    seller_kind: Mapped[str | None]
    traded_on: Mapped[date]
    currency: Mapped[str] = mapped_column(server_default=text("'CNY'"))
    price_fen: Mapped[int]
    payment: Mapped[dict[str, Any]]
    voided_at: Mapped[datetime | None]


class Valuation(Versioned, Base):
    """What an achievement is worth on a day, by which approaches; amounts in fen.

    A trigger keeps everything that the value follows from as it was computed: the plan, the
    comparables as they were, the seed and the versions reproduce the result to the fen. Once
    issued, `content` and its digest stand; signatures are rows of their own.
    """

    __tablename__ = "valuation"
    __table_args__ = (
        CheckConstraint("state IN ('draft','issued','signed','discarded')", name="state"),
        CheckConstraint(
            "purpose IN ('trade','finance','reporting','remedy','management')", name="purpose"
        ),
        CheckConstraint(
            "0 <= low_fen AND low_fen <= value_fen AND value_fen <= high_fen", name="range"
        ),
        CheckConstraint(
            "(state IN ('issued','signed')) = (issued_at IS NOT NULL)"
            " AND (issued_at IS NULL) = (content IS NULL)"
            " AND (issued_at IS NULL) = (content_sha256 IS NULL)"
            " AND (issued_at IS NULL) = (document IS NULL)",
            name="issued",
        ),
        CheckConstraint("(state = 'signed') = (signed_at IS NOT NULL)", name="signed"),
        CheckConstraint("appraiser_id <> party_id", name="appraiser"),
        CheckConstraint("signatures_needed BETWEEN 1 AND 9", name="signatures_needed"),
        Index("ix_valuation_party", "party_id", "id"),
        Index("ix_valuation_achievement", "achievement_id", "id"),
        Index("ix_valuation_appraiser", "appraiser_id", "id"),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    achievement_version: Mapped[int]
    title: Mapped[str]
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    purpose: Mapped[str]
    statutory: Mapped[bool]
    valued_on: Mapped[date]
    subject: Mapped[dict[str, Any]]
    plan: Mapped[dict[str, Any]]
    comparables: Mapped[list[dict[str, Any]]]
    result: Mapped[dict[str, Any]]
    low_fen: Mapped[int]
    value_fen: Mapped[int]
    high_fen: Mapped[int]
    rule_set: Mapped[str]
    method_version: Mapped[str]
    data_cut: Mapped[datetime]
    seed: Mapped[int]
    explanation: Mapped[str] = mapped_column(server_default=text("''"))
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    appraiser_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    signatures_needed: Mapped[int] = mapped_column(server_default=text("1"))
    content: Mapped[dict[str, Any] | None]
    content_sha256: Mapped[bytes | None]
    document: Mapped[bytes | None] = deferred(mapped_column())
    issued_at: Mapped[datetime | None]
    issued_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    signed_at: Mapped[datetime | None]


class ValuationSignature(Identified, Base):
    """An appraiser's signature over what a report says; append-only."""

    __tablename__ = "valuation_signature"
    __table_args__ = (UniqueConstraint("valuation_id", "person_id"),)

    valuation_id: Mapped[UUID] = mapped_column(ForeignKey("valuation.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str]
    licence_number: Mapped[str]
    content_sha256: Mapped[bytes]
    signed_at: Mapped[datetime]


class Portfolio(Versioned, Base):
    """Many achievements that are valued one after the other with one plan."""

    __tablename__ = "valuation_portfolio"
    __table_args__ = (
        CheckConstraint("state IN ('running','done','stopped')", name="state"),
        CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended"),
        Index("ix_valuation_portfolio_party", "party_id", "id"),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    title: Mapped[str]
    purpose: Mapped[str]
    valued_on: Mapped[date]
    plan: Mapped[dict[str, Any]]
    seed: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'running'"))
    ended_at: Mapped[datetime | None]


class PortfolioItem(Base):
    """One achievement of a portfolio: what it waits for, its valuation, or why there is none.

    `achievement_id` is as it was asked for; whether it exists is found out when it is valued.
    """

    __tablename__ = "valuation_portfolio_item"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','valued','failed')", name="state"),
        CheckConstraint("(state = 'valued') = (valuation_id IS NOT NULL)", name="valued"),
        CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name="failed"),
        UniqueConstraint("portfolio_id", "achievement_id"),
        Index(
            "ix_valuation_portfolio_item_waiting",
            "portfolio_id",
            "position",
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    portfolio_id: Mapped[UUID] = mapped_column(
        ForeignKey("valuation_portfolio.id"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    achievement_id: Mapped[UUID]
    plan: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    valuation_id: Mapped[UUID | None] = mapped_column(ForeignKey("valuation.id"))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class AuctionGuidance(Identified, Base):
    """What a seller was advised before a round of a listing; append-only by trigger.

    `party_id` is the seller, whoever asked. `inputs` are all that the advice follows from.
    `next_round`: the listing had failed, and the advice is for the one after it.
    """

    __tablename__ = "auction_guidance"
    __table_args__ = (
        CheckConstraint("start_fen > 0", name="start"),
        CheckConstraint("stated_probability BETWEEN 0 AND 1", name="stated_probability"),
        Index("ix_auction_guidance_listing", "listing_id", "id"),
        Index("ix_auction_guidance_party", "party_id", "id"),
    )

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"))
    valuation_id: Mapped[UUID] = mapped_column(ForeignKey("valuation.id"))
    calibration_id: Mapped[UUID | None] = mapped_column(ForeignKey("sale_calibration.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    next_round: Mapped[bool]
    inputs: Mapped[dict[str, Any]]
    advice: Mapped[dict[str, Any]]
    start_fen: Mapped[int]
    stated_probability: Mapped[float]
    rule_set: Mapped[str]
    method_version: Mapped[str]
    data_cut: Mapped[datetime]


class SaleCalibration(Identified, Base):
    """How stated probabilities of a sale are corrected by what happened; append-only by trigger."""

    __tablename__ = "sale_calibration"
    __table_args__ = (
        CheckConstraint("slope > 0", name="slope"),
        CheckConstraint("0 < sold AND sold < outcomes", name="outcomes"),
    )

    intercept: Mapped[float]
    slope: Mapped[float]
    outcomes: Mapped[int]
    sold: Mapped[int]
    error: Mapped[float]
    method_version: Mapped[str]
    data_cut: Mapped[datetime]
