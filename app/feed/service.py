"""Use cases of the feed: number what was noted, and read it in order."""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from app.feed import repository, rules
from app.feed.errors import BadOffset, UnknownOffset
from app.feed.facts import ChangeFacts, Numbered, Part, Reader
from app.kit.actor import Actor
from app.kit.changes import ChangeKind
from app.kit.errors import Unauthenticated

LATEST = "latest"
WINDOW = 2000
"""Changes that one reading looks through at most, however few of them are asked for."""


async def number(session: AsyncSession) -> Numbered:
    """Give committed changes their places; call it until nothing is left."""
    return await repository.number(session)


def reader(actor: Actor | None, *, mine: bool) -> Reader:
    """What the actor may read; raises Unauthenticated when nobody asks for `mine`."""
    if not mine:
        return Reader(member=actor is not None and bool(actor.roles))
    if actor is None:
        raise Unauthenticated
    return Reader(party_id=actor.require_party())


async def position_of(session: AsyncSession, offset: str | None, field: str) -> int:
    """The position that an offset stands for; none is the start.

    Raises BadOffset for a text that is no offset, and UnknownOffset for one of another feed.
    """
    if offset == LATEST:
        return await repository.end(session)
    if offset is None or offset == rules.START:
        return 0
    try:
        position, mark = rules.decode_offset(offset)
    except ValueError:
        raise BadOffset(field=field) from None
    change_id = await repository.id_at(session, position)
    if change_id is None or rules.mark(change_id) != mark:
        raise UnknownOffset(field=field)
    return position


async def offset_at(session: AsyncSession, position: int) -> str:
    """The offset of a position: that of the last change up to it."""
    last = await repository.last_until(session, position)
    return rules.START if last is None else rules.encode_offset(*last)


async def end(session: AsyncSession) -> int:
    """The position of the latest change."""
    return await repository.end(session)


async def read(
    session: AsyncSession,
    asking: Reader,
    kinds: Collection[ChangeKind],
    *,
    after: int,
    limit: int,
) -> Part:
    """The next changes after a position, at most `limit`.

    It looks through no more than WINDOW changes, so a part can be empty although `more` follows.
    Nothing is ever put in before a part's end.
    """
    count, last = await repository.window(session, after, WINDOW)
    rows = await repository.changes(session, asking, kinds, after=after, until=last, limit=limit)
    found = [
        ChangeFacts(
            id=row.id,
            position=row.position,
            offset=rules.encode_offset(row.position, row.id),
            kind=row.kind,
            act=row.act,
            object_id=row.object_id,
            at=row.at,
        )
        for row in rows
    ]
    if len(found) == limit and found[-1].position < last:
        return Part(found, found[-1].position, found[-1].offset, more=True)
    return Part(found, last, await offset_at(session, last), more=count == WINDOW)
