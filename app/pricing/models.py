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
    `body` is compared and never shown. A deal that fell is voided and takes no part. `followed_at`
    says that the outcome of the deal was kept as the row is now; it is empty after a change.
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
        Index("ix_comparable_price_to_follow", "id", postgresql_where=text("followed_at IS NULL")),
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
    ip_kind: Mapped[str | None]
    followed_at: Mapped[datetime | None]


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


class MarketModel(Versioned, Base):
    """What was learned from the offers up to `data_cut`; one is in use, the others stay.

    `artefact` holds all that its estimates need, `sha256` is of the document in it; a trigger
    keeps both. `backtest` is how it would have done; `alarm` is why it was found to drift.
    """

    __tablename__ = "market_model"
    __table_args__ = (
        UniqueConstraint("number"),
        CheckConstraint("state IN ('current','drifting','replaced')", name="state"),
        CheckConstraint(
            "(alarm IS NULL) = (alarmed_at IS NULL) AND (state <> 'drifting' OR alarm IS NOT NULL)",
            name="alarm",
        ),
        CheckConstraint("(state = 'replaced') = (replaced_at IS NOT NULL)", name="replaced"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        CheckConstraint("deals > 0 AND failed >= 0 AND number > 0", name="sizes"),
        CheckConstraint("first_day <= last_day", name="days"),
        Index(
            "ix_market_model_in_use",
            text("(true)"),
            unique=True,
            postgresql_where=text("state <> 'replaced'"),
        ),
    )

    number: Mapped[int]
    rule_set: Mapped[str]
    data_cut: Mapped[datetime]
    first_day: Mapped[date]
    last_day: Mapped[date]
    deals: Mapped[int]
    failed: Mapped[int]
    seed: Mapped[int]
    library: Mapped[str]
    sha256: Mapped[bytes]
    artefact: Mapped[bytes] = mapped_column(deferred=True)
    backtest: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(server_default=text("'current'"))
    alarm: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    alarmed_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]


class PriceOutcome(Identified, Base):
    """What was asked, valued and paid for one offer, or that nobody paid its floor; in fen.

    `cleared_fen` is the lump sum that the payments were worth. The model's estimate is of the model
    that was in use when the outcome became known, so it had not seen it; `refused` is why there is
    none. A deal that fell is voided.
    """

    __tablename__ = "price_outcome"
    __table_args__ = (
        UniqueConstraint("comparable_id"),
        UniqueConstraint("auction_id"),
        CheckConstraint("source IN ('contract','auction','imported','failed')", name="source"),
        CheckConstraint(
            "(source = 'failed') = (auction_id IS NOT NULL)"
            " AND (source = 'failed') = (comparable_id IS NULL)",
            name="origin",
        ),
        CheckConstraint("(source = 'failed') = (cleared_fen IS NULL)", name="cleared"),
        CheckConstraint("cleared_fen > 0 AND asked_fen > 0 AND floor_fen > 0", name="amounts"),
        CheckConstraint("trl BETWEEN 1 AND 9", name="trl"),
        CheckConstraint(
            "num_nonnulls(valuation_id, valued_low_fen, valued_fen, valued_high_fen) IN (0, 4)",
            name="valued",
        ),
        CheckConstraint(
            "num_nonnulls(model_id, model_low_fen, model_fen, model_high_fen) IN (0, 4)"
            " AND (model_id IS NULL OR refused IS NULL)",
            name="model",
        ),
        CheckConstraint(
            "valued_low_fen <= valued_fen AND valued_fen <= valued_high_fen"
            " AND model_low_fen <= model_fen AND model_fen <= model_high_fen",
            name="ranges",
        ),
        Index("ix_price_outcome_day", "happened_on", "id"),
        Index("ix_price_outcome_created", "created_at"),
        Index("ix_price_outcome_model", "model_id", "id"),
    )

    source: Mapped[str]
    comparable_id: Mapped[UUID | None] = mapped_column(ForeignKey("comparable_price.id"))
    auction_id: Mapped[UUID | None] = mapped_column(ForeignKey("auction.id"))
    achievement_id: Mapped[UUID | None] = mapped_column(ForeignKey("achievement.id"))
    happened_on: Mapped[date]
    technical_field: Mapped[str]
    section: Mapped[str | None]
    transfer_mode: Mapped[str]
    ip_kind: Mapped[str | None]
    region: Mapped[str]
    seller_kind: Mapped[str | None]
    exclusive: Mapped[bool]
    trl: Mapped[int | None]
    bidders: Mapped[int | None]
    asked_fen: Mapped[int | None]
    floor_fen: Mapped[int | None]
    cleared_fen: Mapped[int | None]
    valuation_id: Mapped[UUID | None] = mapped_column(ForeignKey("valuation.id"))
    valued_low_fen: Mapped[int | None]
    valued_fen: Mapped[int | None]
    valued_high_fen: Mapped[int | None]
    model_id: Mapped[UUID | None] = mapped_column(ForeignKey("market_model.id"))
    model_low_fen: Mapped[int | None]
    model_fen: Mapped[int | None]
    model_high_fen: Mapped[int | None]
    refused: Mapped[str | None]
    voided_at: Mapped[datetime | None]
