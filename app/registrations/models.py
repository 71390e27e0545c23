"""Tables of the registrations module."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import TEXT, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.kit import search_terms
from app.kit.db import Base, Versioned


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


class Registration(Versioned, Base):
    """An application for registration of a contract, and its outcome; amounts in fen.

    `search_text` and `grams` follow from the title (ADR 0010).
    """

    __tablename__ = "registration"
    __table_args__ = (
        UniqueConstraint("number"),
        CheckConstraint(
            "state IN ('draft','submitted','accepted','needs_correction','registered','refused')",
            name="state",
        ),
        CheckConstraint("0 <= technical_fen AND technical_fen <= total_fen", name="amounts"),
        CheckConstraint(
            "(state = 'registered') = (number IS NOT NULL)"
            " AND (number IS NULL) = (registered_at IS NULL)",
            name="registered",
        ),
        CheckConstraint("number ~ '^[0-9]{16}$'", name="number"),
        CheckConstraint("(state = 'refused') = (refusal_reason IS NOT NULL)", name="refused"),
        CheckConstraint(
            "state <> 'accepted' OR (accepted_at IS NOT NULL AND accepted_by IS NOT NULL"
            " AND due_at IS NOT NULL AND rule_set IS NOT NULL)",
            name="accepted",
        ),
        Index(
            "uq_registration_live_contract",
            "contract_id",
            unique=True,
            postgresql_where=text("state <> 'refused'"),
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
        Index("ix_registration_applicant_id", "applicant_id", "id"),
        Index(
            "ix_registration_registered",
            "registered_at",
            "id",
            postgresql_where=text("state = 'registered'"),
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

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contract.id"))
    office_id: Mapped[UUID] = mapped_column(ForeignKey("registration_office.organisation_id"))
    applicant_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    seller_kind: Mapped[str]
    seller_region: Mapped[str]
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    buyer_kind: Mapped[str]
    buyer_region: Mapped[str]
    title: Mapped[str]
    contract_class: Mapped[str]
    sub_class: Mapped[str | None]
    technical_field: Mapped[str]
    total_fen: Mapped[int]
    technical_fen: Mapped[int]
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
    correction_note: Mapped[str | None]
    answer_note: Mapped[str | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    number: Mapped[str | None]
    registered_at: Mapped[datetime | None]
    refusal_reason: Mapped[str | None]
    refusal_note: Mapped[str | None]
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
