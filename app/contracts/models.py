"""Tables of the contracts module."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
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
    reader_ids: Mapped[list[str]] = mapped_column(server_default=sql("'[]'"))


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
    """A party's signature over one text; append-only, checked by trigger against the contract.

    `certificate` has the holder, the issuer and the fingerprint of what the PDF was signed with.
    """

    __tablename__ = "contract_signature"
    __table_args__ = (
        UniqueConstraint("contract_id", "party_id", "text_version"),
        CheckConstraint(
            "method IN ('account','certificate')"
            " AND (method = 'certificate') = (certificate IS NOT NULL)"
            " AND (method = 'certificate') = (document_sha256 IS NOT NULL)",
            name="method",
        ),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"))
    text_version: Mapped[int]
    text_sha256: Mapped[str]
    signed_at: Mapped[datetime]
    method: Mapped[str] = mapped_column(server_default=sql("'account'"))
    certificate: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    document_sha256: Mapped[str | None]


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


class ContractDocument(Identified, Base):
    """The PDF of a text after so many certificate signatures; append-only."""

    __tablename__ = "contract_document"
    __table_args__ = (
        UniqueConstraint("contract_id", "text_sha256", "sequence"),
        CheckConstraint("sequence >= 0", name="sequence"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    text_sha256: Mapped[str]
    sequence: Mapped[int]
    content: Mapped[bytes]
    sha256: Mapped[str]


class ContractSigningRequest(Identified, Base):
    """A document with room for one party's signature, and the digest handed out; append-only."""

    __tablename__ = "contract_signing_request"
    __table_args__ = (CheckConstraint("range_start < range_end", name="range"),)

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    amendment_id: Mapped[UUID | None] = mapped_column(ForeignKey("contract_amendment.id"))
    text_sha256: Mapped[str]
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"))
    sequence: Mapped[int]
    content: Mapped[bytes]
    digest: Mapped[bytes]
    range_start: Mapped[int]
    range_end: Mapped[int]
    asked_at: Mapped[datetime]


class ContractAcknowledgement(Identified, Base):
    """A party read a warning about a text and signs nevertheless; append-only."""

    __tablename__ = "contract_acknowledgement"
    __table_args__ = (
        UniqueConstraint(
            "contract_id",
            "text_version",
            "party_id",
            "code",
            name="uq_contract_acknowledgement_read",
        ),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    text_version: Mapped[int]
    code: Mapped[str]
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"))
    acknowledged_at: Mapped[datetime]


class ContractMilestone(Versioned, Base):
    """Something that the seller does by a day and the buyer accepts."""

    __tablename__ = "contract_milestone"
    __table_args__ = (
        UniqueConstraint("contract_id", "sequence"),
        CheckConstraint("state IN ('planned','delivered','rejected','accepted')", name="state"),
        CheckConstraint("kind IN ('delivery','filing')", name="kind"),
        CheckConstraint("(state = 'planned') = (delivered_at IS NULL)", name="delivered_at"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    sequence: Mapped[int]
    kind: Mapped[str]
    name: Mapped[str]
    indicators: Mapped[str] = mapped_column(server_default=sql("''"))
    due_on: Mapped[date | None]
    state: Mapped[str] = mapped_column(server_default=sql("'planned'"))
    delivery: Mapped[str] = mapped_column(server_default=sql("''"))
    delivered_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(server_default=sql("''"))
    answered_at: Mapped[datetime | None]


class ContractTrial(Versioned, Base):
    """Use before payment (先用后付): the buyer tries, then adopts and pays, or returns."""

    __tablename__ = "contract_trial"
    __table_args__ = (
        UniqueConstraint("contract_id"),
        CheckConstraint("state IN ('agreed','running','adopted','returned')", name="state"),
        CheckConstraint("days BETWEEN 1 AND 3650", name="days"),
        CheckConstraint(
            "(state = 'agreed') = (ends_at IS NULL)"
            " AND (state IN ('adopted','returned')) = (decided_at IS NOT NULL)"
            " AND (state = 'adopted') = (payment_due_on IS NOT NULL)",
            name="moments",
        ),
        Index("ix_contract_trial_to_end", "ends_at", postgresql_where=sql("state = 'running'")),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    days: Mapped[int]
    payment_days: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=sql("'agreed'"))
    started_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    provisional: Mapped[bool] = mapped_column(server_default=sql("false"))
    calendar_version: Mapped[str] = mapped_column(server_default=sql("''"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(server_default=sql("''"))
    payment_due_on: Mapped[date | None]


class ContractDelayNotice(Versioned, Base):
    """A demand for a delayed main obligation; after it the contract may be ended (V-4)."""

    __tablename__ = "contract_delay_notice"
    __table_args__ = (
        CheckConstraint("state IN ('open','cured','matured','used')", name="state"),
        Index("ix_contract_delay_notice_contract_id", "contract_id", "id"),
        Index(
            "ix_contract_delay_notice_to_mature",
            "matures_at",
            postgresql_where=sql("state = 'open'"),
        ),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"))
    obligation: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=sql("'open'"))
    given_at: Mapped[datetime]
    matures_at: Mapped[datetime]
    provisional: Mapped[bool] = mapped_column(server_default=sql("false"))
    calendar_version: Mapped[str] = mapped_column(server_default=sql("''"))


class ContractAmendment(Versioned, Base):
    """A change, supplement, transfer of a position, or termination, with a text of its own.

    `signer_ids` are those who must sign; `changes` the terms that a change gives new values.
    """

    __tablename__ = "contract_amendment"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        CheckConstraint("kind IN ('change','supplement','transfer','termination')", name="kind"),
        CheckConstraint(
            "state IN ('proposed','consented','effective','rejected','withdrawn')", name="state"
        ),
        CheckConstraint("(kind = 'transfer') = (entering_id IS NOT NULL)", name="entering"),
        CheckConstraint("(state = 'effective') = (effective_at IS NOT NULL)", name="effective_at"),
        Index(
            "uq_contract_amendment_open",
            "contract_id",
            unique=True,
            postgresql_where=sql("state IN ('proposed','consented')"),
        ),
        Index("ix_contract_amendment_entering_id", "entering_id"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    number: Mapped[int]
    kind: Mapped[str]
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    entering_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    signer_ids: Mapped[list[str]]
    reason: Mapped[str]
    clause: Mapped[str] = mapped_column(server_default=sql("''"))
    changes: Mapped[dict[str, Any]]
    text: Mapped[str]
    text_sha256: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=sql("'proposed'"))
    answer: Mapped[str] = mapped_column(server_default=sql("''"))
    effective_at: Mapped[datetime | None]
    delay_notice_id: Mapped[UUID | None] = mapped_column(ForeignKey("contract_delay_notice.id"))


class ContractAmendmentSignature(Identified, Base):
    """A signature over an amendment's text; append-only, checked by trigger."""

    __tablename__ = "contract_amendment_signature"
    __table_args__ = (
        UniqueConstraint("amendment_id", "party_id"),
        CheckConstraint(
            "method IN ('account','certificate')"
            " AND (method = 'certificate') = (certificate IS NOT NULL)"
            " AND (method = 'certificate') = (document_sha256 IS NOT NULL)",
            name="method",
        ),
    )

    amendment_id: Mapped[UUID] = mapped_column(ForeignKey("contract_amendment.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"))
    text_sha256: Mapped[str]
    method: Mapped[str] = mapped_column(server_default=sql("'account'"))
    certificate: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    document_sha256: Mapped[str | None]
    signed_at: Mapped[datetime]
