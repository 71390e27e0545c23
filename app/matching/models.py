"""Tables of the matching module."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Identified


class MatchJudgment(Identified, Base):
    """What a broker or operator says of a demand and an achievement; append-only by trigger.

    The last one of an organisation on a pair holds. `model` is the version of the model that
    ranked when it was said.
    """

    __tablename__ = "match_judgment"
    __table_args__ = (
        CheckConstraint("verdict IN ('accept','reject')", name="verdict"),
        CheckConstraint("verdict = 'accept' OR reason <> ''", name="reason"),
        Index("ix_match_judgment_pair", "demand_id", "achievement_id", "organisation_id", "id"),
        Index("ix_match_judgment_organisation", "organisation_id", "id"),
    )

    demand_id: Mapped[UUID] = mapped_column(ForeignKey("demand.id"))
    achievement_id: Mapped[UUID] = mapped_column(ForeignKey("achievement.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    verdict: Mapped[str]
    reason: Mapped[str]
    model: Mapped[str]
