"""Tables of the demands module."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from app.demands import rules
from app.kit import search_terms
from app.kit.db import Base, Versioned

_PUBLIC = text("state IN ('published','matched','closed')")


class Demand(Versioned, Base):
    """A profile of the standard that asks for something, and its life on the market.

    The columns from `type` to `grams` follow from `profile`. `posted_at` is the time of
    publication, before that of creation: what lists are sorted by.
    """

    __tablename__ = "demand"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft','under_review','published','matched','closed','expired',"
            "'withdrawn')",
            name="state",
        ),
        CheckConstraint("type IN ('TR','BR','RDR')", name="request"),
        CheckConstraint("completeness BETWEEN 0 AND 100", name="completeness"),
        CheckConstraint("budget_fen > 0", name="budget"),
        CheckConstraint(
            "state IN ('draft','under_review','withdrawn') OR (published_at IS NOT NULL"
            " AND expires_at IS NOT NULL)",
            name="published",
        ),
        CheckConstraint(
            "(state = 'matched') = (supplier_id IS NOT NULL)"
            " AND (supplier_id IS NULL) = (awarded_fen IS NULL)",
            name="award",
        ),
        Index("ix_demand_public_newest", "posted_at", "id", postgresql_where=_PUBLIC),
        Index("ix_demand_public_budget", "budget_fen", "id", postgresql_where=_PUBLIC),
        Index("ix_demand_public_expiring", "expires_at", "id", postgresql_where=_PUBLIC),
        Index("ix_demand_state", "state", "posted_at", "id"),
        Index("ix_demand_owner", "owner_id", "posted_at", "id"),
        Index("ix_demand_content", "owner_id", "content_key"),
        Index("ix_demand_expiry", "expires_at", postgresql_where=text("state = 'published'")),
        Index("ix_demand_reminder", "remind_at", postgresql_where=text("remind_at IS NOT NULL")),
        Index("ix_demand_grams", "grams", postgresql_using="gin"),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    owner_name: Mapped[str]
    broker_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    broker_name: Mapped[str | None]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    profile: Mapped[dict[str, Any]]
    type: Mapped[str]
    title: Mapped[str]
    anonymous: Mapped[bool]
    internal: Mapped[bool]
    technical_fields: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    province: Mapped[str | None]
    budget_fen: Mapped[int | None]
    completeness: Mapped[int]
    content_key: Mapped[UUID]
    search_text: Mapped[str] = mapped_column(deferred=True)
    grams: Mapped[list[str]] = mapped_column(ARRAY(TEXT), deferred=True)
    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    rule_set: Mapped[str]
    review_note: Mapped[str | None]
    posted_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    published_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    remind_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    supplier_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    awarded_fen: Mapped[int | None]

    def take(self, profile: Mapping[str, Any], completeness: int) -> None:
        """Take a checked profile over, and keep what follows from it."""
        self.profile = dict(profile)
        self.type = profile["type"]
        self.title = profile["title"]
        self.anonymous = profile.get("anonymous", False)
        self.internal = profile.get("confidentiality") == "internal"
        self.technical_fields = list(profile.get("technical_fields", ()))
        self.province = profile.get("province")
        self.budget_fen = profile.get("budget_max_fen")
        self.completeness = completeness
        self.content_key = rules.content_key(profile)
        self.search_text = search_terms.search_text(
            self.title, profile["summary"], " ".join(profile.get("keywords", ()))
        )
        self.grams = search_terms.grams(self.search_text)

    def publish(self, publication: rules.Publication) -> None:
        """Publish until then."""
        self.expires_at = publication.expires_at
        self.remind_at = publication.remind_at

    def standing(self) -> dict[str, Any]:
        """What the audit log keeps of a draft."""
        return {
            "state": self.state,
            "type": self.type,
            "title": self.title,
            "anonymous": self.anonymous,
            "completeness": self.completeness,
            "content": self.content_key,
        }


class Solution(Versioned, Base):
    """A solution to a demand, for the eyes of its owner and its author (confidential)."""

    __tablename__ = "demand_solution"
    __table_args__ = (
        UniqueConstraint("demand_id", "author_id"),
        CheckConstraint("state IN ('submitted','shortlisted','refused','withdrawn')", name="state"),
        CheckConstraint("price_fen > 0", name="price"),
        Index("ix_demand_solution_author", "author_id", "id"),
    )

    demand_id: Mapped[UUID] = mapped_column(ForeignKey("demand.id"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    broker_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    achievement_id: Mapped[UUID | None] = mapped_column(ForeignKey("achievement.id"))
    title: Mapped[str]
    content: Mapped[str]
    price_fen: Mapped[int | None]
    months: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default=text("'submitted'"))
    reason: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class Interest(Versioned, Base):
    """An expression of interest (意向表达) in a demand or in an achievement."""

    __tablename__ = "interest"
    __table_args__ = (
        CheckConstraint("(demand_id IS NULL) <> (achievement_id IS NULL)", name="one_object"),
        CheckConstraint("party_id <> owner_id", name="two_parties"),
        CheckConstraint("state IN ('expressed','accepted','declined','withdrawn')", name="state"),
        *(
            Index(
                f"uq_interest_{name}",
                f"{name}_id",
                "party_id",
                unique=True,
                postgresql_where=text(
                    f"{name}_id IS NOT NULL AND state IN ('expressed','accepted')"
                ),
            )
            for name in ("demand", "achievement")
        ),
        Index("ix_interest_party", "party_id", "id"),
        Index("ix_interest_owner", "owner_id", "id"),
    )

    demand_id: Mapped[UUID | None] = mapped_column(ForeignKey("demand.id"))
    achievement_id: Mapped[UUID | None] = mapped_column(ForeignKey("achievement.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    owner_broker_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    owner_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    party_name: Mapped[str]
    party_broker_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    party_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    cooperation: Mapped[str]
    about: Mapped[str]
    questions: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'expressed'"))
    reason: Mapped[str | None]
    decided_at: Mapped[datetime | None]
