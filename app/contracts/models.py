"""Tables of the contracts module."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Identified, Versioned


class Contract(Versioned, Base):
    """A technology contract of one deal; amounts in fen."""

    __tablename__ = "contract"
    __table_args__ = (
        UniqueConstraint("deal_id"),
        CheckConstraint("state IN ('draft','signing','signed','terminated')", name="state"),
        CheckConstraint(
            "contract_class IN ('development','transfer','license','consulting','service')",
            name="contract_class",
        ),
        CheckConstraint(
            "payment_mode IN ('lump_once','lump_instalments','royalty','royalty_with_upfront')",
            name="payment_mode",
        ),
        CheckConstraint("0 <= technical_fen AND technical_fen <= total_fen", name="amounts"),
        CheckConstraint(
            "state NOT IN ('signed','terminated') OR signed_at IS NOT NULL", name="signed_at"
        ),
        CheckConstraint("seller_id <> buyer_id", name="two_parties"),
        Index("ix_contract_seller_id", "seller_id", "id"),
        Index("ix_contract_buyer_id", "buyer_id", "id"),
    )

    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deal.id"))
    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    contract_class: Mapped[str]
    sub_class: Mapped[str | None]
    technical_field: Mapped[str]
    transfer_mode: Mapped[str]
    license_manner: Mapped[str | None]
    title: Mapped[str]
    terms: Mapped[dict[str, Any]]
    text: Mapped[str]
    template: Mapped[str]
    text_version: Mapped[int]
    text_sha256: Mapped[str]
    total_fen: Mapped[int]
    technical_fen: Mapped[int]
    payment_mode: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=sql("'draft'"))
    signed_at: Mapped[datetime | None]


class ContractText(Identified, Base):
    """A text that the contract had; append-only, so that every signature can be checked."""

    __tablename__ = "contract_text"
    __table_args__ = (UniqueConstraint("contract_id", "text_version"),)

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    text_version: Mapped[int]
    text: Mapped[str]
    terms: Mapped[dict[str, Any]]
    template: Mapped[str]
    text_sha256: Mapped[str]
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))


class ContractSignature(Identified, Base):
    """A party's signature over one text; append-only, checked by trigger against the contract."""

    __tablename__ = "contract_signature"
    __table_args__ = (UniqueConstraint("contract_id", "party_id", "text_version"),)

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"))
    text_version: Mapped[int]
    text_sha256: Mapped[str]
    signed_at: Mapped[datetime]


class ContractRoyaltyReport(Versioned, Base):
    """What the buyer reports as the base of one period's royalty; amounts in fen.

    `contest` is what the seller objected to last; `royalty_fen` follows from the base by the
    contract's rate for that year.
    """

    __tablename__ = "contract_royalty_report"
    __table_args__ = (
        UniqueConstraint("contract_id", "sequence"),
        CheckConstraint("state IN ('due','filed','contested','confirmed')", name="state"),
        CheckConstraint("period_from <= period_to AND period_to < due_on", name="period"),
        CheckConstraint("rate_bp BETWEEN 1 AND 10000", name="rate"),
        CheckConstraint("base_fen >= 0 AND royalty_fen >= 0", name="amounts"),
        CheckConstraint(
            "(state = 'due') = (base_fen IS NULL) AND (state = 'due') = (royalty_fen IS NULL)",
            name="filed",
        ),
        Index(
            "ix_contract_royalty_report_due",
            "due_on",
            postgresql_where=sql("state IN ('due','contested')"),
        ),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    sequence: Mapped[int]
    period_from: Mapped[date]
    period_to: Mapped[date]
    due_on: Mapped[date]
    rate_bp: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=sql("'due'"))
    base_fen: Mapped[int | None]
    royalty_fen: Mapped[int | None]
    filed_at: Mapped[datetime | None]
    contest: Mapped[str] = mapped_column(server_default=sql("''"))


class ContractPayment(Identified, Base):
    """A payment that one party says was received; append-only. The amount in fen."""

    __tablename__ = "contract_payment"
    __table_args__ = (
        CheckConstraint("kind IN ('upfront','instalment','royalty','other')", name="kind"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("royalty_report_id IS NULL OR kind = 'royalty'", name="royalty_report"),
        Index("ix_contract_payment_contract_id", "contract_id", "id"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    royalty_report_id: Mapped[UUID | None] = mapped_column(ForeignKey("contract_royalty_report.id"))
    kind: Mapped[str]
    amount_fen: Mapped[int]
    received_on: Mapped[date]
    invoice_number: Mapped[str | None]
    note: Mapped[str] = mapped_column(server_default=sql("''"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"))
    recorded_at: Mapped[datetime]


class ContractPaymentAnswer(Identified, Base):
    """What the other party says of a recorded payment, once; append-only, checked by trigger."""

    __tablename__ = "contract_payment_answer"
    __table_args__ = (UniqueConstraint("payment_id"),)

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("contract_payment.id"))
    confirmed: Mapped[bool]
    reason: Mapped[str] = mapped_column(server_default=sql("''"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"))
    answered_at: Mapped[datetime]
