"""Tables of the webhooks module. All times of delivery are real time, not the market's."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Identified, Versioned


class Webhook(Versioned, Base):
    """An address that gets the feed from `position` on; `claim` is held by who posts to it.

    `version` counts what its owner changed, not what delivery did.
    """

    __tablename__ = "webhook"
    __table_args__ = (
        CheckConstraint("state IN ('active','disabled')", name="state"),
        CheckConstraint("(state = 'disabled') = (disabled_because IS NOT NULL)", name="because"),
        CheckConstraint("(failures > 0) = (failing_since IS NOT NULL)", name="failing"),
        CheckConstraint("(claim IS NULL) = (claimed_until IS NULL)", name="claim"),
        CheckConstraint("position >= 0", name="position"),
        Index("ix_webhook_party_id", "party_id", "id"),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    url: Mapped[str]
    description: Mapped[str | None]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    mine: Mapped[bool]
    state: Mapped[str] = mapped_column(server_default=text("'active'"))
    disabled_because: Mapped[str | None]
    key_id: Mapped[str]
    generation: Mapped[int] = mapped_column(server_default=text("1"))
    rotated_at: Mapped[datetime | None]
    position: Mapped[int]
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    failing_since: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    test_id: Mapped[UUID | None]
    claim: Mapped[UUID | None]
    claimed_until: Mapped[datetime | None]


class WebhookDelivery(Identified, Base):
    """One attempt to deliver a message."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        CheckConstraint("outcome IN ('delivered','failed')", name="outcome"),
        Index("ix_webhook_delivery_webhook_id", "webhook_id", "id"),
        Index("ix_webhook_delivery_attempted_at", "attempted_at"),
    )

    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    message_id: Mapped[str]
    position: Mapped[int | None]
    attempt: Mapped[int]
    attempted_at: Mapped[datetime]
    outcome: Mapped[str]
    status: Mapped[int | None]
    error: Mapped[str | None]
    took_ms: Mapped[int]
