"""Tables of the achievements module."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.db import Base, Identified, Versioned

_PUBLISHED = text("state = 'published'")


class AchievementOwner(Base):
    """An owner and its share in basis points."""

    __tablename__ = "achievement_owner"
    __table_args__ = (
        CheckConstraint("share_bp BETWEEN 1 AND 10000", name="share"),
        Index("ix_achievement_owner_organisation", "organisation_id", "achievement_id"),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    share_bp: Mapped[int]


class AchievementRight(Base):
    """A right (patent, software, know-how, layout, variety) in an achievement."""

    __tablename__ = "achievement_right"
    __table_args__ = (
        Index(
            "ix_achievement_right_number",
            "number",
            postgresql_where=text("number IS NOT NULL"),
        ),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[str]
    office: Mapped[str] = mapped_column(server_default=text("'CN'"))
    number: Mapped[str | None]
    title: Mapped[str | None]
    expires_on: Mapped[date | None]
    status: Mapped[str | None]


class AchievementPerson(Base):
    """Someone who completed the achievement, in the order of contribution."""

    __tablename__ = "achievement_person"

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class PackageMember(Base):
    """An achievement in a package."""

    __tablename__ = "package_member"
    __table_args__ = (
        UniqueConstraint("package_id", "member_id"),
        CheckConstraint("package_id <> member_id", name="not_itself"),
        Index("ix_package_member_member", "member_id"),
    )

    package_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))


class AchievementContact(Base):
    """An organisation that knows the owner: its interest in the achievement was accepted."""

    __tablename__ = "achievement_contact"

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    met_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))


class Achievement(Versioned, Base):
    """A scientific or technological achievement, or a package of several.

    `offer` has the members of the standard that no column gives. `expiry_due_at` is when the end of
    its publication is looked at: `expires_at`, and later while a live listing holds it.
    """

    __tablename__ = "achievement"
    __table_args__ = (
        CheckConstraint("kind IN ('single','package')", name="kind"),
        CheckConstraint("state IN ('draft','published','expired','withdrawn')", name="state"),
        CheckConstraint("secrecy IN ('public','internal','confidential')", name="secrecy"),
        CheckConstraint("trl BETWEEN 1 AND 9", name="trl"),
        CheckConstraint("state <> 'published' OR secrecy <> 'confidential'", name="never_public"),
        CheckConstraint("state <> 'published' OR public_from IS NOT NULL", name="public_from"),
        CheckConstraint("kind <> 'package' OR NOT anonymous", name="named_package"),
        CheckConstraint("state <> 'expired' OR expires_at IS NOT NULL", name="expired"),
        CheckConstraint("reviewed_at IS NULL OR public_from IS NOT NULL", name="reviewed"),
        Index("ix_achievement_lead_party", "lead_party_id", "id"),
        Index("ix_achievement_title_key", "lead_party_id", "title_key"),
        Index("ix_achievement_published", "id", postgresql_where=_PUBLISHED),
        Index("ix_achievement_title", "title", "id", postgresql_where=_PUBLISHED),
        Index("ix_achievement_field", "technical_field", "id", postgresql_where=_PUBLISHED),
        Index("ix_achievement_expiry", "expiry_due_at", postgresql_where=_PUBLISHED),
        Index(
            "ix_achievement_unreviewed",
            "id",
            postgresql_where=text("state = 'published' AND reviewed_at IS NULL"),
        ),
    )

    kind: Mapped[str]
    title: Mapped[str]
    title_key: Mapped[UUID]
    summary: Mapped[str]
    details: Mapped[str] = mapped_column(server_default=text("''"))
    technical_field: Mapped[str]
    ipc: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    industry_code: Mapped[str | None]
    trl: Mapped[int | None]
    transfer_modes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    funding: Mapped[str | None]
    secrecy: Mapped[str]
    anonymous: Mapped[bool] = mapped_column(server_default=text("false"))
    lead_party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    public_from: Mapped[datetime | None]
    offer: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    expires_at: Mapped[datetime | None]
    expiry_due_at: Mapped[datetime | None]
    reviewed_at: Mapped[datetime | None]
    review_note: Mapped[str | None]

    owners: Mapped[list[AchievementOwner]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by=AchievementOwner.position
    )
    rights: Mapped[list[AchievementRight]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by=AchievementRight.position
    )
    persons: Mapped[list[AchievementPerson]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by=AchievementPerson.position
    )
    members: Mapped[list[PackageMember]] = relationship(
        lazy="selectin",
        cascade="all, delete-orphan",
        order_by=PackageMember.position,
        foreign_keys=PackageMember.package_id,
    )

    @property
    def owner_ids(self) -> tuple[UUID, ...]:
        """Owners that are organisations of the market."""
        return tuple(o.organisation_id for o in self.owners if o.organisation_id is not None)

    @property
    def member_ids(self) -> tuple[UUID, ...]:
        """What is in the package, in order."""
        return tuple(member.member_id for member in self.members)


class DisclosureGrant(Identified, Base):
    """An owner lets an organisation read the details."""

    __tablename__ = "disclosure_grant"
    __table_args__ = (
        Index(
            "uq_disclosure_grant_live",
            "achievement_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index("ix_disclosure_grant_achievement", "achievement_id", "id"),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    granted_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    ends_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Disclosure(Identified, Base):
    """Somebody read the details or a restricted document; append-only by trigger."""

    __tablename__ = "disclosure"
    __table_args__ = (Index("ix_disclosure_achievement", "achievement_id", "id"),)

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("document.id"))
    person_id: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    client_id: Mapped[UUID | None]
    mandate_id: Mapped[UUID | None]
    version: Mapped[int]
    read_at: Mapped[datetime]


class Document(Identified, Base):
    """A file that belongs to an achievement; its bytes are in the document store."""

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("achievement_id", "sha256"),
        CheckConstraint("audience IN ('public','restricted')", name="audience"),
        CheckConstraint("size_bytes >= 0", name="size"),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    name: Mapped[str]
    media_type: Mapped[str]
    audience: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    uploaded_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class Clearance(Identified, Base):
    """A consent, statement, pledge or approval, with the document it stands in.

    A trigger lets only the revocation be added, so that what a listing relied on stays on record.
    """

    __tablename__ = "achievement_clearance"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('co_owner_consent','inventor_statement','pledge','pledgee_consent',"
            "'funding_approval','export_licence','unfiled_invention')",
            name="kind",
        ),
        CheckConstraint("(revoked_at IS NULL) = (revocation IS NULL)", name="revocation"),
        Index(
            "uq_achievement_clearance_live",
            "achievement_id",
            "kind",
            "subject",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index("ix_achievement_clearance_achievement", "achievement_id", "id"),
    )

    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    kind: Mapped[str]
    subject: Mapped[str]
    statement: Mapped[str]
    document: Mapped[str]
    dated_on: Mapped[date]
    valid_until: Mapped[date | None]
    recorded_by: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    revoked_at: Mapped[datetime | None]
    revocation: Mapped[str | None]
