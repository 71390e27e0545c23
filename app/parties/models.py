"""Tables of the parties module."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Identified, Versioned


class Organisation(Versioned, Base):
    """A legal person that takes part in the market."""

    __tablename__ = "organisation"
    __table_args__ = (
        UniqueConstraint("credit_code"),
        CheckConstraint("state IN ('pending','active','rejected','suspended')", name="state"),
        Index("ix_organisation_kind", "kind", "id"),
    )

    kind: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    credit_code: Mapped[str]
    region_code: Mapped[str]
    address: Mapped[str] = mapped_column(server_default=text("''"))
    contact: Mapped[str] = mapped_column(server_default=text("''"))
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    review_note: Mapped[str | None]


class Person(Identified, Base):
    """A natural person who acts for organisations."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("login"),)

    login: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str | None]
    failed_logins: Mapped[int] = mapped_column(server_default=text("0"))
    locked_until: Mapped[datetime | None]


class Membership(Identified, Base):
    """A person's roles in an organisation."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("person_id", "organisation_id"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    ended_at: Mapped[datetime | None]


class LoginSession(Identified, Base):
    """One pair of tokens; a refresh makes the next row of the same family."""

    __tablename__ = "login_session"
    __table_args__ = (
        UniqueConstraint("access_hash"),
        UniqueConstraint("refresh_hash"),
        Index("ix_login_session_family", "family_id"),
    )

    family_id: Mapped[UUID]
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    access_hash: Mapped[bytes] = mapped_column(BYTEA)
    refresh_hash: Mapped[bytes] = mapped_column(BYTEA)
    access_expires_at: Mapped[datetime]
    refresh_expires_at: Mapped[datetime]
    rotated_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ApiKey(Identified, Base):
    """A machine's key: acts for its organisation within its scopes."""

    __tablename__ = "api_key"
    __table_args__ = (UniqueConstraint("secret_hash"),)

    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), index=True)
    name: Mapped[str]
    hint: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(BYTEA)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Mandate(Identified, Base):
    """A client's authorisation of a broker: dated, limited to scopes, revocable."""

    __tablename__ = "mandate"
    __table_args__ = (
        CheckConstraint("valid_from <= valid_until", name="period"),
        CheckConstraint("broker_id <> client_id", name="two_parties"),
        Index("ix_mandate_broker_client", "broker_id", "client_id"),
        Index("ix_mandate_client", "client_id"),
    )

    broker_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    client_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    granted_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    revoked_at: Mapped[datetime | None]


class Relation(Identified, Base):
    """A declared relation of an organisation to another one; only its end is written later.

    The other one is known by its credit code, for it need not be registered here. An achievement
    and a listing are of modules downstream and are not looked up.
    """

    __tablename__ = "party_relation"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('controls','controlled_by','same_controller','close_relative',"
            "'platform_staff','appraiser_of','broker_of')",
            name="kind",
        ),
        CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="period"),
        CheckConstraint(
            "kind IN ('appraiser_of','broker_of')"
            " OR (achievement_id IS NULL AND listing_id IS NULL)",
            name="subject",
        ),
        Index("ix_party_relation_organisation", "organisation_id", "id"),
        Index("ix_party_relation_other", "other_credit_code", "id"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[str]
    other_credit_code: Mapped[str]
    achievement_id: Mapped[UUID | None]
    listing_id: Mapped[UUID | None]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    evidence: Mapped[str]
    declared_by: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    ended_at: Mapped[datetime | None]
