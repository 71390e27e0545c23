"""Idempotency-Key on creating POSTs: the same key always gets the same answer.

The key's row is written in the transaction of the act and carries the answer, so a retry after a
lost connection or a crash either finds both or neither. A second request with the key waits on
the unique index until the first has committed.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from sqlalchemy import UniqueConstraint, delete, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.actor import OptionalActor
from app.kit.db import Base, Uow
from app.kit.errors import Unprocessable
from app.kit.ids import new_id

KEPT_HEADERS = ("etag", "location")


class IdempotencyKeyReused(Unprocessable):
    """The key was used before for another request."""

    code = "idempotency_key_reused"
    zh = "该 Idempotency-Key 已用于另一请求,请更换新的键"
    en = "This Idempotency-Key was used for another request; take a new one"


class IdempotencyRecord(Base):
    """The answer that was given to a key."""

    __tablename__ = "idempotency_record"
    __table_args__ = (UniqueConstraint("scope", "key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    scope: Mapped[str]
    key: Mapped[str]
    request_hash: Mapped[str]
    status: Mapped[int | None]
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class Replay(Exception):
    """Carries the stored answer past the endpoint."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def idempotent(
    request: Request,
    session: Uow,
    actor: OptionalActor,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="Makes a retry safe: the same key gets the same answer",
        ),
    ] = None,
) -> None:
    """Claim the key for this request, or answer as the first request with it was answered."""
    if idempotency_key is None:
        return
    identity = "anonymous" if actor is None else f"{actor.person_id}:{actor.party_id}"
    scope = f"{identity}:{request.method}:{request.url.path}"
    digest = hashlib.sha256(request.url.query.encode() + b"\n" + await request.body()).hexdigest()
    record_id = new_id()
    claimed = await session.execute(
        insert(IdempotencyRecord)
        .values(id=record_id, scope=scope, key=idempotency_key, request_hash=digest)
        .on_conflict_do_nothing(index_elements=["scope", "key"])
        .returning(IdempotencyRecord.id)
    )
    if claimed.scalar_one_or_none() is not None:
        request.state.idempotency_id = record_id
        return
    record = (
        await session.execute(
            select(IdempotencyRecord).where(
                IdempotencyRecord.scope == scope, IdempotencyRecord.key == idempotency_key
            )
        )
    ).scalar_one()
    if record.request_hash != digest:
        raise IdempotencyKeyReused(field="header.Idempotency-Key")
    raise Replay(
        Response(
            content=record.body,
            status_code=record.status or 200,
            headers={**(record.headers or {}), "Idempotency-Replayed": "true"},
            media_type="application/json",
        )
    )


Idempotent = Depends(idempotent)
"""Put it into the `dependencies` of every POST that creates something."""


async def remember(request: Request, response: Response) -> None:
    """Store the answer in the transaction of the act (called by the route class)."""
    record_id: UUID | None = getattr(request.state, "idempotency_id", None)
    if record_id is None:
        return
    session: AsyncSession = request.state.session
    record = await session.get_one(IdempotencyRecord, record_id)
    record.status = response.status_code
    record.body = bytes(response.body)
    record.headers = {
        name: response.headers[name] for name in KEPT_HEADERS if name in response.headers
    }


async def forget_old(session: AsyncSession, now: datetime, keep: timedelta) -> None:
    """Drop answers older than `keep`."""
    await session.execute(
        delete(IdempotencyRecord).where(IdempotencyRecord.created_at < now - keep)
    )
