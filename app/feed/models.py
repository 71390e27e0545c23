"""Tables of the feed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base


class Change(Base):
    """A committed change with its place in the feed; append-only by trigger."""

    __tablename__ = "change"
    __table_args__ = (CheckConstraint("circle IN ('public','members','parties')", name="circle"),)

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[UUID]
    kind: Mapped[str]
    act: Mapped[str]
    object_id: Mapped[UUID]
    at: Mapped[datetime]
    circle: Mapped[str]
    party_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
