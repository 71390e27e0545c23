"""Tables of the negotiations module."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Identified, Versioned


class Negotiation(Versioned, Base):
    """Seller and one buyer look for a price; the row is the lock that offers and answers take
    turns on. `last_sequence` is the number of the latest offer, `floor_fen` the base price."""

    __tablename__ = "negotiation"
    __table_args__ = (
        Index(
            "uq_negotiation_open",
            "listing_id",
            "buyer_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "uq_negotiation_agreed",
            "listing_id",
            unique=True,
            postgresql_where=text("state = 'agreed'"),
        ),
        Index(
            "uq_negotiation_one_bidder",
            "listing_id",
            unique=True,
            postgresql_where=text("origin = 'one_bidder'"),
        ),
        CheckConstraint("state IN ('open','agreed','ended','expired')", name="state"),
        CheckConstraint("origin IN ('buyer','one_bidder')", name="origin"),
        CheckConstraint("seller_id <> buyer_id", name="two_parties"),
        CheckConstraint("floor_fen >= 0 AND last_sequence >= 0", name="amounts"),
        CheckConstraint(
            "(state = 'agreed') = (agreed_at IS NOT NULL)"
            " AND (state = 'agreed') = (agreed_fen IS NOT NULL)"
            " AND (agreed_fen IS NULL OR agreed_fen >= floor_fen)",
            name="agreed",
        ),
        Index("ix_negotiation_seller_id", "seller_id", "id"),
        Index("ix_negotiation_buyer_id", "buyer_id", "id"),
        Index("ix_negotiation_to_expire", "expires_at", postgresql_where=text("state = 'open'")),
    )

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"))
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    seller_broker_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    buyer_broker_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    origin: Mapped[str]
    title: Mapped[str]
    transfer_mode: Mapped[str]
    license_manner: Mapped[str | None]
    floor_fen: Mapped[int]
    message: Mapped[str] = mapped_column(server_default=text("''"))
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    reason: Mapped[str | None]
    last_sequence: Mapped[int] = mapped_column(server_default=text("0"))
    expires_at: Mapped[datetime]
    agreed_at: Mapped[datetime | None]
    agreed_fen: Mapped[int | None]
    rule_set: Mapped[str]


class Offer(Identified, Base):
    """An offer or counter-offer with its terms; append-only, checked by trigger."""

    __tablename__ = "negotiation_offer"
    __table_args__ = (
        UniqueConstraint("negotiation_id", "sequence"),
        CheckConstraint("side IN ('seller','buyer')", name="side"),
        CheckConstraint("sequence >= 1 AND committed_fen >= 0", name="amounts"),
    )

    negotiation_id: Mapped[UUID] = mapped_column(ForeignKey("negotiation.id"))
    sequence: Mapped[int]
    side: Mapped[str]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"))
    terms: Mapped[dict[str, Any]]
    committed_fen: Mapped[int]
    made_at: Mapped[datetime]
    valid_until: Mapped[datetime]


class Answer(Identified, Base):
    """The other side's answer to the latest offer; append-only, one per offer, by trigger."""

    __tablename__ = "negotiation_answer"
    __table_args__ = (UniqueConstraint("offer_id"),)

    offer_id: Mapped[UUID] = mapped_column(ForeignKey("negotiation_offer.id"))
    accepted: Mapped[bool]
    side: Mapped[str]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"))
    reason: Mapped[str] = mapped_column(server_default=text("''"))
    answered_at: Mapped[datetime]


class NdaSignature(Identified, Base):
    """A party's click-through signature of a confidentiality agreement; append-only."""

    __tablename__ = "negotiation_nda_signature"
    __table_args__ = (
        UniqueConstraint(
            "negotiation_id",
            "party_id",
            "text_version",
            name="uq_negotiation_nda_signature_party",
        ),
    )

    negotiation_id: Mapped[UUID] = mapped_column(ForeignKey("negotiation.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"))
    text_version: Mapped[str]
    text_sha256: Mapped[str]
    signed_at: Mapped[datetime]


class NegotiationDocument(Identified, Base):
    """A file that one side shows the other under the confidentiality agreement; append-only."""

    __tablename__ = "negotiation_document"
    __table_args__ = (
        UniqueConstraint("negotiation_id", "owner_id", "sha256"),
        CheckConstraint("size_bytes > 0", name="size"),
    )

    negotiation_id: Mapped[UUID] = mapped_column(ForeignKey("negotiation.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    uploaded_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))


class DocumentReading(Identified, Base):
    """Somebody of the other side read a document; append-only."""

    __tablename__ = "negotiation_document_reading"
    __table_args__ = (Index("ix_negotiation_document_reading", "document_id", "id"),)

    document_id: Mapped[UUID] = mapped_column(ForeignKey("negotiation_document.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"))
    read_at: Mapped[datetime]


class DualAgencyConsent(Identified, Base):
    """A client's written consent to its broker acting for the other side too; append-only."""

    __tablename__ = "dual_agency_consent"
    __table_args__ = (UniqueConstraint("listing_id", "broker_id", "party_id"),)

    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"))
    broker_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    consented_at: Mapped[datetime]


class CommissionAgreement(Identified, Base):
    """What a client pays its broker when a deal is concluded, under a mandate."""

    __tablename__ = "commission_agreement"
    __table_args__ = (
        CheckConstraint("(rate_bp IS NULL) <> (fixed_fen IS NULL)", name="kind"),
        CheckConstraint("cap_fen IS NULL OR rate_bp IS NOT NULL", name="cap"),
        CheckConstraint(
            "rate_bp BETWEEN 1 AND 10000 AND fixed_fen >= 0 AND cap_fen >= 0", name="amounts"
        ),
        CheckConstraint("(accepted_at IS NULL) = (accepted_by IS NULL)", name="accepted"),
        Index("ix_commission_agreement_parties", "broker_id", "client_id", "accepted_at"),
        Index("ix_commission_agreement_client", "client_id", "id"),
    )

    mandate_id: Mapped[UUID] = mapped_column(ForeignKey("mandate.id"))
    broker_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    client_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    rate_bp: Mapped[int | None]
    fixed_fen: Mapped[int | None]
    cap_fen: Mapped[int | None]
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    accepted_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    accepted_at: Mapped[datetime | None]


class Commission(Versioned, Base):
    """What one party owes a broker for a deal (rules.md V-3, 9.2).

    Pending from the deal on; earned when the contract is concluded, lapsed when the deal ends
    without one. `share_bp` is the part of the broker's fee that `client_id` bears. No amount: none
    was agreed on. Then `fee_fen` is the whole fee that the broker claims as reasonable. `deal_id`
    names a deal of a module further down the stream.
    """

    __tablename__ = "commission"
    __table_args__ = (
        UniqueConstraint("deal_id", "broker_id", "client_id", name="uq_commission_deal_id"),
        CheckConstraint("state IN ('pending','earned','paid','lapsed')", name="state"),
        CheckConstraint("basis IN ('agreement','reasonable','main_contract')", name="basis"),
        CheckConstraint(
            "(basis = 'agreement') = (agreement_id IS NOT NULL)"
            " AND (agreement_id IS NULL OR amount_fen IS NOT NULL)",
            name="agreed",
        ),
        CheckConstraint(
            "share_bp = CASE WHEN basis = 'main_contract' THEN 5000 ELSE 10000 END", name="share"
        ),
        CheckConstraint(
            "(state IN ('earned','paid')) = (earned_at IS NOT NULL)"
            " AND (state = 'lapsed') = (lapsed_at IS NOT NULL)"
            " AND (state = 'paid') = (paid_at IS NOT NULL)",
            name="moments",
        ),
        CheckConstraint(
            "amount_fen >= 0 AND fee_fen > 0 AND (state <> 'paid' OR amount_fen IS NOT NULL)"
            " AND (fee_fen IS NULL OR earned_at IS NOT NULL)"
            " AND (fee_fen IS NULL) = (grounds IS NULL)",
            name="amounts",
        ),
        Index("ix_commission_broker", "broker_id", "id"),
        Index("ix_commission_client", "client_id", "id"),
    )

    deal_id: Mapped[UUID]
    negotiation_id: Mapped[UUID | None] = mapped_column(ForeignKey("negotiation.id"))
    broker_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    client_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    agreement_id: Mapped[UUID | None] = mapped_column(ForeignKey("commission_agreement.id"))
    basis: Mapped[str]
    share_bp: Mapped[int] = mapped_column(server_default=text("10000"))
    price_fen: Mapped[int]
    amount_fen: Mapped[int | None]
    fee_fen: Mapped[int | None]
    grounds: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    earned_at: Mapped[datetime | None]
    lapsed_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
