"""Tables of the deals module."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Identified, Versioned

_LIVE = text("sole AND state NOT IN ('cancelled','defaulted','terminated')")


class Deal(Versioned, Base):
    """A concluded sale: who gets it and at what price.

    `sole` says that it is the only deal of its listing; an auction of units or of packages has one
    for each winner (`award_id`). A buyer who defaulted owes `commissions_fen`, both of the sale,
    and `shortfall_fen` once a second price is known (拍卖法 art. 39). `terms` are those that a
    negotiation agreed on, `succeeds_id` is the defaulted deal whose runner-up this one went to,
    `note` the reason of the last act that needed one. Until `auction_again_at` the other bidders
    of a defaulted deal can pay new deposits for a re-auction. `price_return` says what becomes of a
    price that was paid in when the deal ended.
    """

    __tablename__ = "deal"
    __table_args__ = (
        Index("uq_deal_live_listing", "listing_id", unique=True, postgresql_where=_LIVE),
        Index(
            "uq_deal_first_of_auction",
            "auction_id",
            unique=True,
            postgresql_where=text("succeeds_id IS NULL AND sole"),
        ),
        UniqueConstraint("award_id"),
        UniqueConstraint("negotiation_id"),
        UniqueConstraint("succeeds_id"),
        CheckConstraint(
            "state IN ('concluded','suspended','publicised','contracted','cancelled','defaulted',"
            "'terminated')",
            name="state",
        ),
        CheckConstraint("method IN ('auction','negotiation')", name="method"),
        CheckConstraint("(method = 'auction') = (auction_id IS NOT NULL)", name="auction"),
        CheckConstraint(
            "(method = 'negotiation') = (negotiation_id IS NOT NULL)", name="negotiation"
        ),
        CheckConstraint("price_fen >= 0", name="price"),
        CheckConstraint("seller_id <> buyer_id", name="two_parties"),
        CheckConstraint(
            "(state NOT IN ('contracted','terminated') OR contracted_at IS NOT NULL)"
            " AND (contracted_at IS NULL OR state IN ('contracted','defaulted','terminated'))",
            name="contracted",
        ),
        CheckConstraint("publicity_working_days >= 1", name="publicity"),
        CheckConstraint(
            "(state IN ('cancelled','defaulted','terminated')) = (ended_at IS NOT NULL)",
            name="ended",
        ),
        CheckConstraint(
            "price_return IS NULL OR (price_return IN ('owed','by_hand','resolved')"
            " AND contracted_at IS NOT NULL AND ended_at IS NOT NULL"
            " AND (price_return = 'owed') = (settled_at IS NULL))",
            name="price_return",
        ),
        Index(
            "ix_deal_price_to_return",
            "ended_at",
            postgresql_where=text("price_return = 'by_hand'"),
        ),
        CheckConstraint("auction_again_at IS NULL OR state = 'defaulted'", name="auction_again"),
        CheckConstraint(
            "(settled_at IS NULL) = (seller_commission_fen IS NULL)"
            " AND (settled_at IS NULL OR contracted_at IS NOT NULL)",
            name="settled",
        ),
        Index(
            "ix_deal_to_auction_again",
            "auction_again_at",
            postgresql_where=text("auction_again_at IS NOT NULL"),
        ),
        Index("ix_deal_listing_id", "listing_id"),
        Index("ix_deal_seller_id", "seller_id", "id"),
        Index("ix_deal_buyer_id", "buyer_id", "id"),
        Index("ix_deal_state_id", "state", "id"),
        Index(
            "ix_deal_to_publicise",
            "publicity_ends_at",
            postgresql_where=text("state = 'concluded'"),
        ),
    )

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"))
    auction_id: Mapped[UUID | None] = mapped_column(ForeignKey("auction.id"))
    award_id: Mapped[UUID | None] = mapped_column(ForeignKey("auction_award.id"))
    sole: Mapped[bool] = mapped_column(server_default=text("true"))
    negotiation_id: Mapped[UUID | None] = mapped_column(ForeignKey("negotiation.id"))
    succeeds_id: Mapped[UUID | None] = mapped_column(ForeignKey("deal.id"))
    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    seller_broker_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    buyer_broker_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    price_fen: Mapped[int]
    terms: Mapped[dict[str, Any] | None]
    transfer_mode: Mapped[str]
    license_manner: Mapped[str | None]
    title: Mapped[str]
    method: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'concluded'"))
    note: Mapped[str | None]
    concluded_at: Mapped[datetime]
    publicity_from: Mapped[date]
    publicity_working_days: Mapped[int]
    publicity_ends_at: Mapped[datetime]
    publicity_provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    calendar_version: Mapped[str]
    rule_set: Mapped[str]
    contracted_at: Mapped[datetime | None]
    payment_mode: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    commissions_fen: Mapped[int | None]
    shortfall_fen: Mapped[int | None]
    auction_again_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    seller_commission_fen: Mapped[int | None]
    price_return: Mapped[str | None]

    def period(self) -> dict[str, Any]:
        """The publicity and how it was counted, for the audit log."""
        return {
            "publicity_from": self.publicity_from,
            "publicity_ends_at": self.publicity_ends_at,
            "publicity_provisional": self.publicity_provisional,
            "calendar_version": self.calendar_version,
        }


class RunnerUpOffer(Identified, Base):
    """A defaulted deal, offered to the bidder who came next at that bidder's own highest bid.

    `accepted` stays empty when the offer lapses. Where the bidder's deposit was given back, the
    deal is concluded once a new one is there, until `deposit_due_at`; `concluded_at` or `lapsed_at`
    says how that ended.
    """

    __tablename__ = "runner_up_offer"
    __table_args__ = (
        UniqueConstraint("deal_id"),
        CheckConstraint("price_fen >= 0", name="price"),
        CheckConstraint("accepted IS NULL OR decided_at IS NOT NULL", name="decided"),
        CheckConstraint(
            "deposit_due_at IS NULL OR accepted IS NOT DISTINCT FROM true", name="deposit"
        ),
        CheckConstraint(
            "concluded_at IS NULL OR (accepted IS NOT DISTINCT FROM true AND lapsed_at IS NULL)",
            name="concluded",
        ),
        CheckConstraint("lapsed_at IS NULL OR deposit_due_at IS NOT NULL", name="lapsed"),
        Index(
            "ix_runner_up_offer_open", "valid_until", postgresql_where=text("decided_at IS NULL")
        ),
        Index(
            "ix_runner_up_offer_unpaid",
            "deposit_due_at",
            postgresql_where=text(
                "deposit_due_at IS NOT NULL AND concluded_at IS NULL AND lapsed_at IS NULL"
            ),
        ),
    )

    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deal.id"))
    bidder_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    price_fen: Mapped[int]
    valid_until: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    accepted: Mapped[bool | None]
    deposit_due_at: Mapped[datetime | None]
    concluded_at: Mapped[datetime | None]
    lapsed_at: Mapped[datetime | None]


class CertificateSerial(Base):
    """The last serial of a platform's year; its row is the lock that makes serials gapless."""

    __tablename__ = "trade_certificate_serial"

    node_code: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last_serial: Mapped[int]


class TradeCertificate(Identified, Base):
    """A trade certificate (交易凭证, rules.md C-18); only its revocation is ever added, by trigger.

    `document` is the PDF as it was issued, so that it is the same bytes for ever.
    """

    __tablename__ = "trade_certificate"
    __table_args__ = (
        UniqueConstraint("number"),
        Index(
            "uq_trade_certificate_in_force",
            "deal_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        CheckConstraint("octet_length(content_sha256) = 32", name="content_sha256"),
        CheckConstraint("octet_length(signature) = 64", name="signature"),
        CheckConstraint(
            "(revoked_at IS NULL) = (revocation_reason IS NULL)"
            " AND (revoked_at IS NULL) = (revoked_by IS NULL)",
            name="revocation",
        ),
    )

    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deal.id"))
    number: Mapped[str]
    content: Mapped[dict[str, Any]]
    content_sha256: Mapped[bytes]
    signature: Mapped[bytes]
    key_id: Mapped[str]
    public_key: Mapped[str]
    document: Mapped[bytes] = mapped_column(deferred=True)
    issued_at: Mapped[datetime]
    issued_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    revocation_reason: Mapped[str | None]
