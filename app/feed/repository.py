"""SQL of the feed."""

from collections.abc import Collection
from typing import LiteralString

from psycopg.sql import SQL
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.feed.facts import Bounds, ChangeFacts, Numbered, Reader
from app.feed.models import Change
from app.kit.changes import ChangeKind
from app.kit.db import raw_connection

BATCH = 5000
_NUMBERING_LOCK = 0x6665_6564

_NUMBER = text(
    "WITH noted AS (DELETE FROM noted_change WHERE sequence IN"
    " (SELECT sequence FROM noted_change ORDER BY sequence LIMIT :limit) RETURNING *),"
    " numbered AS (INSERT INTO change (position, id, kind, act, object_id, at, circle, party_ids)"
    " SELECT (SELECT coalesce(max(position), 0) FROM change)"
    " + row_number() OVER (ORDER BY sequence), id, kind, act, object_id, at, circle, party_ids"
    " FROM noted RETURNING 1) SELECT (SELECT count(*) FROM numbered), coalesce((SELECT"
    " extract(epoch FROM clock_timestamp() - min(noted_at)) FROM noted), 0)"
)


_BOUNDS: LiteralString = (
    "SELECT edge.end, edge.until, (SELECT id::text FROM change WHERE position = edge.until),"
    " (SELECT id::text FROM change WHERE position = %(after)s) FROM (SELECT latest.end,"
    " greatest(least(latest.end, %(after)s::bigint + %(size)s), %(after)s) AS until FROM"
    " (SELECT coalesce(max(position), 0) AS end FROM change) AS latest) AS edge"
)

_CHANGES = SQL(
    "SELECT position, id::text, kind, act, object_id::text, at FROM change"
    " WHERE position > %(after)s AND position <= %(until)s AND {asked}"
    " AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s::text[]))"
    " ORDER BY position LIMIT %(limit)s"
)


async def number(session: AsyncSession) -> Numbered:
    """Give positions to what was noted and is committed, unless another session is doing so.

    The lock is held until the commit, and the statement after it sees all that was numbered
    before: positions become visible in their order and have no gaps. Within a batch the order is
    that of noting: if one writer waited for another's commit, it noted later.
    """
    lock = text("SELECT pg_try_advisory_xact_lock(:key)")
    if not (await session.execute(lock, {"key": _NUMBERING_LOCK})).scalar_one():
        return Numbered(0, 0.0, full=False)
    count, oldest_s = (await session.execute(_NUMBER, {"limit": BATCH})).one()
    return Numbered(count, float(oldest_s), full=count == BATCH)


async def end(session: AsyncSession) -> int:
    """The position of the latest change; 0 while the feed is empty."""
    return (await session.execute(select(func.max(Change.position)))).scalar_one() or 0


async def id_at(session: AsyncSession, position: int) -> str | None:
    """The id of the change at a position."""
    found = await session.get(Change, position)
    return None if found is None else str(found.id)


async def bounds(session: AsyncSession, after: int, size: int) -> Bounds:
    """Where a reading of at most `size` changes after a position ends."""
    connection = await raw_connection(session)
    found = await connection.execute(_BOUNDS, {"after": after, "size": size})
    row = await found.fetchone()
    assert row is not None
    return Bounds(*row)


async def changes(
    session: AsyncSession,
    reader: Reader,
    kinds: Collection[ChangeKind],
    *,
    after: int,
    until: int,
    limit: int,
) -> list[ChangeFacts]:
    """What the reader asks for between two positions, in order."""
    if reader.party_id is not None:
        asked = "party_ids @> ARRAY[%(party)s::uuid]"
    elif reader.member:
        asked = "circle <> 'parties'"
    else:
        asked = "circle = 'public'"
    values = {
        "after": after,
        "until": until,
        "limit": limit,
        "party": reader.party_id,
        "kinds": [kind.value for kind in kinds] or None,
    }
    connection = await raw_connection(session)
    found = await connection.execute(_CHANGES.format(asked=SQL(asked)), values)
    return [ChangeFacts._make(row) for row in await found.fetchall()]
