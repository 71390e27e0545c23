"""The audit log: every change of state, who made it, in whose name, and by which rules.

Rows are append-only by trigger. They are written in the transaction that made the change.
"""

from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Index, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.actor import Actor
from app.kit.db import Base
from app.kit.ids import new_id


class AuditEvent(Base):
    """One change of state."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_object", "object_type", "object_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    market_at: Mapped[datetime] = mapped_column(server_default=text("market_now()"))
    person_id: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    client_id: Mapped[UUID | None]
    mandate_id: Mapped[UUID | None]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[UUID]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    rule_set: Mapped[str | None]
    request_id: Mapped[str | None]


def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: UUID,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    rule_set: str | None = None,
) -> None:
    """Note a change; `action` reads `object.verb`, `rule_set` names the rules that decided."""
    session.add(
        AuditEvent(
            person_id=actor.person_id,
            organisation_id=actor.organisation_id,
            client_id=actor.client_id,
            mandate_id=actor.mandate_id,
            action=action,
            object_type=object_type,
            object_id=object_id,
            before=_plain(before),
            after=_plain(after),
            rule_set=rule_set,
            request_id=structlog.contextvars.get_contextvars().get("request_id"),
        )
    )


def _plain(values: dict[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: _plain_value(value) for name, value in values.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    return value
