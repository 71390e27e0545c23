"""Tables of the registrations module."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    TEXT,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.kit import search_terms
from app.kit.db import Base, Identified, Versioned

_ENDED = "state IN ('refused','split','cancelled','revoked','overturned')"

_ON_INSERT: Any = "auto"


class RegistrationOffice(Base):
    """The region and point under which an organisation issues numbers."""

    __tablename__ = "registration_office"
    __table_args__ = (
        UniqueConstraint("region4", "point"),
        CheckConstraint("region4 ~ '^[0-9]{4}$' AND point ~ '^[0-9]{2}$'", name="codes"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    region4: Mapped[str]
    point: Mapped[str]


class RegistrationCounter(Base):
    """The last serial of an office's year; its row is locked until the number's commit."""

    __tablename__ = "registration_counter"
    __table_args__ = (CheckConstraint("last_serial BETWEEN 1 AND 999999", name="last_serial"),)

    office_id: Mapped[UUID] = mapped_column(
        ForeignKey("registration_office.organisation_id"), primary_key=True
    )
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_serial: Mapped[int]


class RegistrationParty(Base):
    """A party of a registered contract: an organisation of the market, or one known by its code.

    An organisation has its own id here; one that joins later takes over what is under its code.
    `party_type` is of the list `party_types`, `country` the
    three-digit customs code, 142 for China.
    """

    __tablename__ = "registration_party"
    __table_args__ = (
        UniqueConstraint("credit_code"),
        CheckConstraint("organisation_id IS NULL OR organisation_id = id", name="same_id"),
        CheckConstraint("country ~ '^[0-9]{3}$'", name="country"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    credit_code: Mapped[str]
    region_code: Mapped[str]
    country: Mapped[str] = mapped_column(server_default=text("'142'"))
    party_type: Mapped[str | None]


class Registration(Versioned, Base):
    """An application for registration of a contract, and its outcome; amounts in fen.

    `search_text` and `grams` follow from the title (ADR 0010). `part` numbers the parts of a
    contract that was split, 0 for a whole one. `details` is what form JJ-001 asks for besides.
    `digest`, `hashes` and `bands` tell what the text is like.
    """

    __tablename__ = "registration"
    # Not True, as for others: an UPDATE would read the deferred columns back each time.
    __mapper_args__ = {"version_id_col": None, "eager_defaults": _ON_INSERT}  # noqa: RUF012
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("office_id", "reference"),
        CheckConstraint(
            "state IN ('draft','submitted','accepted','needs_correction','split','registered',"
            "'refused','changed','cancelled','revoked','under_review','overturned')",
            name="state",
        ),
        CheckConstraint("0 <= technical_fen AND technical_fen <= total_fen", name="amounts"),
        CheckConstraint(
            "(state NOT IN ('registered','changed','cancelled','revoked','overturned')"
            " OR number IS NOT NULL) AND (state IN ('registered','changed','cancelled','revoked',"
            "'under_review','overturned') OR number IS NULL)"
            " AND (number IS NULL) = (registered_at IS NULL)",
            name="registered",
        ),
        CheckConstraint("number ~ '^[0-9]{16}$'", name="number"),
        CheckConstraint(
            "(state <> 'refused' OR refusal_reason IS NOT NULL)"
            " AND (state IN ('refused','under_review') OR refusal_reason IS NULL)",
            name="refused",
        ),
        CheckConstraint(
            "state <> 'accepted' OR (accepted_at IS NOT NULL AND accepted_by IS NOT NULL"
            " AND due_at IS NOT NULL AND rule_set IS NOT NULL)",
            name="accepted",
        ),
        CheckConstraint(
            "(state IN ('cancelled','revoked','overturned')) = (fell_at IS NOT NULL)", name="fell"
        ),
        CheckConstraint("source IN ('platform','import')", name="source"),
        CheckConstraint(
            "(source = 'platform') = (contract_id IS NOT NULL)"
            " AND (source = 'import') = (reference IS NOT NULL)",
            name="origin",
        ),
        CheckConstraint("part >= 0", name="part"),
        Index(
            "uq_registration_live_contract",
            "contract_id",
            "part",
            unique=True,
            postgresql_where=text(f"NOT ({_ENDED})"),
        ),
        Index(
            "ix_registration_due",
            "due_at",
            postgresql_where=text("state = 'accepted' AND overdue_at IS NULL"),
        ),
        Index(
            "ix_registration_provisional",
            "id",
            postgresql_where=text("state = 'accepted' AND due_provisional"),
        ),
        Index("ix_registration_office_id", "office_id", "id"),
        Index(
            "ix_registration_queue",
            "office_id",
            "due_at",
            postgresql_where=text("state IN ('submitted','accepted')"),
        ),
        Index("ix_registration_applicant_id", "applicant_id", "id"),
        Index("ix_registration_parties", "seller_id", "buyer_id"),
        Index("ix_registration_digest", "digest"),
        Index("ix_registration_bands", "bands", postgresql_using="gin"),
        Index(
            "ix_registration_registered",
            "registered_at",
            "id",
            postgresql_where=text("number IS NOT NULL"),
        ),
        Index(
            "ix_registration_public_grams",
            "grams",
            postgresql_using="gin",
            postgresql_where=text("number IS NOT NULL"),
        ),
        Index(
            "ix_registration_public_contract_class",
            "contract_class",
            "registered_at",
            "id",
            postgresql_where=text("number IS NOT NULL"),
        ),
        Index(
            "ix_registration_public_technical_field",
            "technical_field",
            "registered_at",
            "id",
            postgresql_where=text("number IS NOT NULL"),
        ),
    )

    source: Mapped[str] = mapped_column(server_default=text("'platform'"))
    contract_id: Mapped[UUID | None] = mapped_column(ForeignKey("contract.id"))
    reference: Mapped[str | None]
    part: Mapped[int] = mapped_column(server_default=text("0"))
    office_id: Mapped[UUID] = mapped_column(ForeignKey("registration_office.organisation_id"))
    applicant_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("registration_party.id", onupdate="CASCADE"))
    seller_kind: Mapped[str]
    seller_region: Mapped[str]
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("registration_party.id", onupdate="CASCADE"))
    buyer_kind: Mapped[str]
    buyer_region: Mapped[str]
    title: Mapped[str]
    contract_class: Mapped[str]
    sub_class: Mapped[str | None]
    technical_field: Mapped[str]
    total_fen: Mapped[int]
    technical_fen: Mapped[int]
    payment_mode: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    digest: Mapped[str | None]
    hashes: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    bands: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    signed_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    rule_set: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    due_at: Mapped[datetime | None]
    due_provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    calendar_version: Mapped[str | None]
    overdue_at: Mapped[datetime | None]
    disputed: Mapped[bool] = mapped_column(server_default=text("false"))
    correction_note: Mapped[str | None]
    answer_note: Mapped[str | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    number: Mapped[str | None]
    registered_at: Mapped[datetime | None]
    refusal_reason: Mapped[str | None]
    refusal_note: Mapped[str | None]
    changed_at: Mapped[datetime | None]
    fell_at: Mapped[datetime | None]
    fall_note: Mapped[str | None]
    search_text: Mapped[str] = mapped_column(server_default=text("''"), deferred=True)
    grams: Mapped[list[str]] = mapped_column(
        ARRAY(TEXT), server_default=text("'{}'"), deferred=True
    )

    @validates("title")
    def _searchable(self, _key: str, title: str) -> str:
        """What a title is found by."""
        self.search_text = search_terms.search_text(title)
        self.grams = search_terms.grams(self.search_text)
        return title


class RegistrationText(Identified, Base):
    """The text of a contract that was handed to the office; append-only."""

    __tablename__ = "registration_text"
    __table_args__ = (UniqueConstraint("registration_id", "text_version"),)

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"))
    text_version: Mapped[int]
    text: Mapped[str]
    text_sha256: Mapped[str]


class RegistrationFinding(Identified, Base):
    """What an office noted about an application, and who; append-only."""

    __tablename__ = "registration_finding"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('assessment','amounts','dispute','opinion','cleared','change')", name="kind"
        ),
        Index("ix_registration_finding_registration_id", "registration_id", "kind", "id"),
    )

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"))
    kind: Mapped[str]
    content: Mapped[dict[str, Any]]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))


class RegistrationObjection(Identified, Base):
    """An objection to an office's decision (B-7), and what the review decided."""

    __tablename__ = "registration_objection"
    __table_args__ = (
        CheckConstraint(
            "state IN ('under_review','upheld','overturned','withdrawn')", name="state"
        ),
        CheckConstraint("against IN ('registered','changed','refused')", name="against"),
        CheckConstraint("(state = 'under_review') = (closed_at IS NULL)", name="closed"),
        CheckConstraint(
            "state NOT IN ('upheld','overturned') OR (decided_by IS NOT NULL AND note IS NOT NULL)",
            name="decided",
        ),
        Index(
            "uq_registration_objection_open",
            "registration_id",
            unique=True,
            postgresql_where=text("state = 'under_review'"),
        ),
        Index("ix_registration_objection_registration_id", "registration_id", "id"),
    )

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"))
    against: Mapped[str]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    grounds: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'under_review'"))
    closed_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    note: Mapped[str | None]


class RegistrationRequest(Identified, Base):
    """An applicant's request for a change (变更) or cancellation (注销), and its outcome (B-6).

    `wanted` is what is to change, empty for a cancellation; `basis` the document it rests on.
    """

    __tablename__ = "registration_request"
    __table_args__ = (
        CheckConstraint("kind IN ('change','cancel')", name="kind"),
        CheckConstraint("state IN ('filed','granted','rejected','withdrawn')", name="state"),
        CheckConstraint("(state = 'filed') = (closed_at IS NULL)", name="closed"),
        CheckConstraint(
            "(state IN ('granted','rejected')) = (decided_by IS NOT NULL)"
            " AND (state <> 'rejected' OR note IS NOT NULL)",
            name="decided",
        ),
        CheckConstraint("(kind = 'cancel') = (wanted = '{}')", name="wanted"),
        Index(
            "uq_registration_request_open",
            "registration_id",
            unique=True,
            postgresql_where=text("state = 'filed'"),
        ),
        Index("ix_registration_request_registration_id", "registration_id", "id"),
    )

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"))
    kind: Mapped[str]
    wanted: Mapped[dict[str, Any]]
    basis: Mapped[str]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str] = mapped_column(server_default=text("'filed'"))
    closed_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    note: Mapped[str | None]


class RegistrationIncome(Identified, Base):
    """A verification form (技术性收入核定表) of one realised payment; append-only, in fen."""

    __tablename__ = "registration_income"
    __table_args__ = (
        UniqueConstraint("registration_id", "sequence"),
        UniqueConstraint("registration_id", "payment_id"),
        CheckConstraint(
            "0 <= income_fen AND income_fen <= realised_technical_fen"
            " AND realised_technical_fen <= realised_total_fen",
            name="amounts",
        ),
    )

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"))
    sequence: Mapped[int]
    payment_id: Mapped[UUID | None]
    received_on: Mapped[date]
    realised_total_fen: Mapped[int]
    realised_technical_fen: Mapped[int]
    deductions: Mapped[dict[str, Any]]
    income_fen: Mapped[int]
    exceeds: Mapped[bool]
    override_reason: Mapped[str | None]
    stated_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))


class RegistrationCertificate(Identified, Base):
    """A certificate (登记证明) of one state of a registration; immutable but for its document.

    `document` is the PDF as it was first drawn, kept so that it is the same bytes for ever.
    """

    __tablename__ = "registration_certificate"
    __table_args__ = (
        UniqueConstraint("registration_id", "edition"),
        CheckConstraint("octet_length(content_sha256) = 32", name="content_sha256"),
        CheckConstraint("octet_length(signature) = 64", name="signature"),
    )

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"))
    edition: Mapped[int]
    check_code: Mapped[str]
    content: Mapped[dict[str, Any]]
    content_sha256: Mapped[bytes]
    signature: Mapped[bytes]
    key_id: Mapped[str]
    public_key: Mapped[str]
    issued_at: Mapped[datetime]
    document: Mapped[bytes | None] = mapped_column(deferred=True)
