"""The audit log: every change of state, who made it, in whose name, and by which rules.

Rows are append-only by trigger. They are written in the transaction that made the change, and with
them what the change feed tells of it (`app.kit.changes`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, LiteralString
from uuid import UUID

import structlog
from psycopg.types.json import Jsonb
from sqlalchemy import Index, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import changes
from app.kit.actor import Actor
from app.kit.changes import Audience
from app.kit.db import Base, raw_connection
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


_INSERT_MANY: LiteralString = (
    "INSERT INTO audit_event (id, person_id, organisation_id, client_id, mandate_id, action,"
    " object_type, object_id, before, after, rule_set, request_id) SELECT * FROM unnest("
    "%(id)s::uuid[], %(person_id)s::uuid[], %(organisation_id)s::uuid[], %(client_id)s::uuid[],"
    " %(mandate_id)s::uuid[], %(action)s::text[], %(object_type)s::text[], %(object_id)s::uuid[],"
    " %(before)s::jsonb[], %(after)s::jsonb[], %(rule_set)s::text[], %(request_id)s::text[])"
)


@dataclass(frozen=True)
class Event:
    """A change to be noted together with others; `audience` as for `record`."""

    actor: Actor
    action: str
    object_type: str
    object_id: UUID
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    rule_set: str | None = None
    audience: Audience | None = None


async def record_many(session: AsyncSession, events: Sequence[Event]) -> None:
    """Note many changes with one statement, in their order."""
    if not events:
        return
    rows = [_columns(event) for event in events]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    for name in ("before", "after"):
        columns[name] = [None if value is None else Jsonb(value) for value in columns[name]]
    connection = await raw_connection(session)
    await connection.execute(_INSERT_MANY, columns)
    for event in events:
        _tell(session, event)


def _columns(event: Event) -> dict[str, Any]:
    return {
        "id": new_id(),
        "person_id": event.actor.person_id,
        "organisation_id": event.actor.organisation_id,
        "client_id": event.actor.client_id,
        "mandate_id": event.actor.mandate_id,
        "action": event.action,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "before": _plain(event.before),
        "after": _plain(event.after),
        "rule_set": event.rule_set,
        "request_id": structlog.contextvars.get_contextvars().get("request_id"),
    }


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
    audience: Audience | None = None,
) -> None:
    """Note a change; `action` reads `object.verb`, `rule_set` names the rules that decided.

    `audience` says who may learn of it by the feed, and is needed for the kinds that are in it
    (`changes.ChangeKind`).
    """
    event = Event(actor, action, object_type, object_id, before, after, rule_set, audience)
    session.add(AuditEvent(**_columns(event)))
    _tell(session, event)


def _tell(session: AsyncSession, event: Event) -> None:
    change = changes.noted(event.action, event.object_type, event.object_id, event.audience)
    if change is not None:
        session.add(change)


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
