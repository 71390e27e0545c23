"""What the change feed tells: every recorded act on an object that others may follow.

`app.kit.audit` notes a change here in the transaction that made it, so that a change is in the feed
if and only if it was made. Who may learn of it is decided then, from the object as it is then: a
draft's changes stay its owner's after it is published. The feed numbers what was noted once it is
committed (ADR 0016).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Identity, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from app.kit.db import Base
from app.kit.ids import new_id


class ChangeKind(StrEnum):
    """Kinds of objects whose changes can be followed; `/api/v1/{kind}s/{id}` shows one."""

    ACHIEVEMENT = "achievement"
    DEMAND = "demand"
    LISTING = "listing"
    NOTICE = "notice"
    NEGOTIATION = "negotiation"
    AUCTION = "auction"
    DEAL = "deal"
    CONTRACT = "contract"
    REGISTRATION = "registration"
    SEARCH_ALERT = "search_alert"
    MARKET_MODEL = "market_model"


class Circle(StrEnum):
    """Who may learn of a change: everyone, members of active organisations, or its parties."""

    PUBLIC = "public"
    MEMBERS = "members"
    PARTIES = "parties"


@dataclass(frozen=True)
class Audience:
    """Who may learn of a change; its parties always may, and can ask for theirs alone."""

    circle: Circle
    party_ids: frozenset[UUID]

    def __or__(self, other: "Audience") -> "Audience":
        """Both: what ceases to be public is told to the public for the last time."""
        circle = min(self.circle, other.circle, key=list(Circle).index)
        return Audience(circle, self.party_ids | other.party_ids)


class NotedChange(Base):
    """A change that the feed has not numbered yet; in the order of the writers' statements."""

    __tablename__ = "noted_change"
    __table_args__ = (CheckConstraint("circle IN ('public','members','parties')", name="circle"),)

    sequence: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    id: Mapped[UUID] = mapped_column(default=new_id)
    kind: Mapped[str]
    act: Mapped[str]
    object_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    noted_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    circle: Mapped[str]
    party_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))


def noted(
    action: str, object_type: str, object_id: UUID, audience: Audience | None
) -> NotedChange | None:
    """The change to note for an act; None when the act is no change of its object's kind.

    An act such as `bid.accept` on an auction is none: bids have a stream of their own. Raises
    TypeError for an act that is one and does not say who may learn of it.
    """
    kind, _, act = action.partition(".")
    if kind != object_type or kind not in _KINDS:
        return None
    if audience is None:
        raise TypeError(f"{action} is a change that others follow: give its audience")
    return NotedChange(
        kind=kind,
        act=act,
        object_id=object_id,
        circle=audience.circle.value,
        party_ids=sorted(audience.party_ids),
    )


_KINDS = frozenset(kind.value for kind in ChangeKind)
