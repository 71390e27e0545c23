"""Tables of the finding module. Times of indexing are real time, not the market's."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Versioned


class SearchChange(Base):
    """An object that an index does not know in its present state; written by triggers.

    A trigger writes it in the transaction of the change, for `embedded`. What was indexed there
    goes on to the next target, and is deleted when it has reached the last.
    """

    __tablename__ = "search_change"
    __table_args__ = (
        CheckConstraint("kind IN ('achievement','listing','demand')", name="kind"),
        Index("ix_search_change_target_id", "target", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    target: Mapped[str]
    kind: Mapped[str]
    object_id: Mapped[UUID]
    changed_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    retry_at: Mapped[datetime | None]
    error: Mapped[str | None]


class SearchTarget(Base):
    """An engine's index: by which definition it was made, and what is known of its state."""

    __tablename__ = "search_target"

    name: Mapped[str] = mapped_column(primary_key=True)
    rebuilding: Mapped[bool] = mapped_column(server_default=text("false"))
    definition_version: Mapped[int | None]
    applied_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    reached_at: Mapped[datetime | None]
    error: Mapped[str | None]


class SavedSearch(Versioned, Base):
    """A question that a person wants to be told new answers to."""

    __tablename__ = "saved_search"
    __table_args__ = (
        Index("ix_saved_search_person", "person_id", "id"),
        Index("ix_saved_search_active", "id", postgresql_where=text("active")),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    question: Mapped[dict[str, Any]]
    mail: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class SavedSearchMatch(Base):
    """A document that a saved search found; it is told once."""

    __tablename__ = "saved_search_match"

    saved_search_id: Mapped[UUID] = mapped_column(
        ForeignKey("saved_search.id", ondelete="CASCADE"), primary_key=True
    )
    document_id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    found_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
