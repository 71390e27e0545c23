"""Tables of the notices module."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Identified, Versioned
from app.notices import rules

CONTENT = tuple(rules.Content.__dataclass_fields__)


class Notice(Versioned, Base):
    """A public notice; `days` still to run are counted from `counts_from` while it is published.

    A trigger keeps what is public as it is within an edition, and lets a notice take effect only
    at the end of its period with no objection open.
    """

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint("kind IN ('price_notice')", name="kind"),
        CheckConstraint(
            "state IN ('draft','published','suspended','effective','void','withdrawn')",
            name="state",
        ),
        CheckConstraint("interest IN ('none','inventor','interested_party')", name="interest"),
        CheckConstraint("price_fen > 0", name="price"),
        CheckConstraint("days >= 15 AND days_left BETWEEN 0 AND days", name="days"),
        CheckConstraint("taker_id <> publisher_id", name="two_parties"),
        CheckConstraint(
            "(transfer_mode = 'license') = (license_manner IS NOT NULL)", name="manner"
        ),
        CheckConstraint("(edition = 0) = (published_at IS NULL)", name="edition"),
        CheckConstraint(
            "(state IN ('published','effective')) = (ends_at IS NOT NULL)", name="period"
        ),
        CheckConstraint(
            "ends_at >= published_at + days * interval '24 hours'", name="stands_long_enough"
        ),
        CheckConstraint(
            "(state = 'effective') = (effective_at IS NOT NULL) AND effective_at >= ends_at",
            name="effect",
        ),
        Index("ix_notice_ends_at", "ends_at", postgresql_where=text("state = 'published'")),
        Index("ix_notice_achievement", "achievement_id", "id"),
        Index("ix_notice_publisher", "publisher_id", "id"),
        Index("ix_notice_public", "id", postgresql_where=text("published_at IS NOT NULL")),
    )

    kind: Mapped[str]
    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    publisher_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    publisher_name: Mapped[str]
    broker_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    title: Mapped[str]
    summary: Mapped[str]
    transfer_mode: Mapped[str]
    license_manner: Mapped[str | None]
    price_fen: Mapped[int]
    taker_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    taker_name: Mapped[str]
    interest: Mapped[str]
    interest_note: Mapped[str]
    objection_procedure: Mapped[str]
    rule_set: Mapped[str]
    days: Mapped[int]
    days_left: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    edition: Mapped[int] = mapped_column(server_default=text("0"))
    published_at: Mapped[datetime | None]
    counts_from: Mapped[date | None]
    ends_at: Mapped[datetime | None]
    ends_provisional: Mapped[bool] = mapped_column(server_default=text("false"))
    calendar_version: Mapped[str | None]
    effective_at: Mapped[datetime | None]
    closing_note: Mapped[str | None]

    def content(self) -> rules.Content:
        """What it makes public."""
        return rules.Content(**{name: getattr(self, name) for name in CONTENT})

    def run(self, period: rules.Period) -> None:
        """Let the count run."""
        self.counts_from = period.counts_from
        self.ends_at = period.ends_at
        self.ends_provisional = period.provisional
        self.calendar_version = period.calendar_version

    def stop(self) -> None:
        """The count does not run, so it has no end."""
        self.ends_at = self.effective_at = None
        self.ends_provisional = False

    def standing(self) -> dict[str, Any]:
        """How it stands, for the audit log."""
        return {
            "state": self.state,
            "edition": self.edition,
            "days_left": self.days_left,
            "ends_at": self.ends_at,
            "ends_provisional": self.ends_provisional,
            "calendar_version": self.calendar_version,
        }


class NoticeEdition(Identified, Base):
    """What was made public, and when; append-only, so that a republication hides nothing."""

    __tablename__ = "notice_edition"
    __table_args__ = (UniqueConstraint("notice_id", "edition"),)

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"))
    edition: Mapped[int]
    content: Mapped[dict[str, Any]]
    days: Mapped[int]
    published_at: Mapped[datetime]


class Objection(Versioned, Base):
    """An identified person's objection to an edition of a notice."""

    __tablename__ = "notice_objection"
    __table_args__ = (
        CheckConstraint(
            "state IN ('filed','upheld','rejected','withdrawn','lapsed')", name="state"
        ),
        CheckConstraint("(state = 'filed') = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint(
            "state NOT IN ('upheld','rejected') OR (reason <> '' AND decided_by IS NOT NULL)",
            name="reason",
        ),
        Index(
            "uq_notice_objection_open",
            "notice_id",
            "person_id",
            unique=True,
            postgresql_where=text("state = 'filed'"),
        ),
        Index("ix_notice_objection_notice", "notice_id", "id"),
        Index(
            "ix_notice_objection_due",
            "due_at",
            postgresql_where=text("state = 'filed' AND overdue_at IS NULL"),
        ),
    )

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"))
    edition: Mapped[int]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    grounds: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'filed'"))
    due_at: Mapped[datetime]
    overdue_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
