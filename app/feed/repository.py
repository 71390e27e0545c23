"""SQL of the feed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.feed.facts import Numbered, Reader
from app.feed.models import Change
from app.kit.changes import ChangeKind, Circle

BATCH = 5000
_NUMBERING_LOCK = 0x6665_6564

_NUMBER = text(
    "WITH noted AS (DELETE FROM noted_change WHERE sequence IN"
    " (SELECT sequence FROM noted_change ORDER BY sequence LIMIT :limit) RETURNING *),"
    " numbered AS (INSERT INTO change (id, kind, act, object_id, at, circle, party_ids)"
    " SELECT id, kind, act, object_id, at, circle, party_ids FROM noted ORDER BY sequence"
    " RETURNING 1) SELECT (SELECT count(*) FROM numbered), coalesce((SELECT"
    " extract(epoch FROM clock_timestamp() - min(noted_at)) FROM noted), 0)"
)


async def number(session: AsyncSession) -> Numbered:
    """Give positions to what was noted and is committed, unless another session is doing so.

    The lock is held until the commit, and the statement after it sees all that was numbered
    before: positions become visible in their order. Within a batch the order is that of
    noting: if one writer waited for another's commit, it noted later.
    """
    lock = text("SELECT pg_try_advisory_xact_lock(:key)")
    if not (await session.execute(lock, {"key": _NUMBERING_LOCK})).scalar_one():
        return Numbered(0, 0.0, full=False)
    count, oldest_s = (await session.execute(_NUMBER, {"limit": BATCH})).one()
    return Numbered(count, float(oldest_s), full=count == BATCH)


async def end(session: AsyncSession) -> int:
    """The position of the latest change; 0 while the feed is empty."""
    return (await session.execute(select(func.max(Change.position)))).scalar_one() or 0


async def last_until(session: AsyncSession, position: int) -> tuple[int, UUID] | None:
    """Position and id of the last change up to a position; None if there is none."""
    latest = (
        select(Change.position, Change.id)
        .where(Change.position <= position)
        .order_by(Change.position.desc())
        .limit(1)
    )
    row = (await session.execute(latest)).one_or_none()
    return None if row is None else (row.position, row.id)


async def id_at(session: AsyncSession, position: int) -> UUID | None:
    """The id of the change at a position."""
    query = select(Change.id).where(Change.position == position)
    return (await session.execute(query)).scalar_one_or_none()


async def window(session: AsyncSession, after: int, size: int) -> tuple[int, int]:
    """How many of the next `size` changes there are, and the position of the last of them."""
    following = (
        select(Change.position)
        .where(Change.position > after)
        .order_by(Change.position)
        .limit(size)
        .subquery()
    )
    row = await session.execute(select(func.count(), func.max(following.c.position)))
    count, last = row.one()
    return count, after if last is None else last


async def changes(
    session: AsyncSession,
    reader: Reader,
    kinds: Collection[ChangeKind],
    *,
    after: int,
    until: int,
    limit: int,
) -> Sequence[Row[int, UUID, str, str, UUID, datetime]]:
    """What the reader asks for between two positions, in order."""
    query = (
        select(Change.position, Change.id, Change.kind, Change.act, Change.object_id, Change.at)
        .where(Change.position > after, Change.position <= until)
        .order_by(Change.position)
        .limit(limit)
    )
    if reader.party_id is not None:
        query = query.where(Change.party_ids.contains([reader.party_id]))
    elif reader.member:
        query = query.where(Change.circle != Circle.PARTIES.value)
    else:
        query = query.where(Change.circle == Circle.PUBLIC.value)
    if kinds:
        query = query.where(Change.kind.in_([kind.value for kind in kinds]))
    return (await session.execute(query)).all()
