"""Use cases of the feed: number what was noted, and read it in order."""

from collections.abc import Collection
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.feed import repository, rules
from app.feed.errors import BadOffset, UnknownOffset
from app.feed.facts import ChangeFacts, Numbered, Part, Place, Reader
from app.kit.actor import Actor
from app.kit.changes import ChangeKind
from app.kit.errors import Unauthenticated
from app.kit.http import API

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


async def place_of(session: AsyncSession, offset: str | None, field: str) -> Place:
    """The place that an offset stands for; none is the start. Raises BadOffset."""
    if offset is None:
        return Place(0)
    if offset == LATEST:
        return Place(await repository.end(session))
    try:
        return Place(*rules.decode_offset(offset))
    except ValueError:
        raise BadOffset(field=field) from None


async def position_of(session: AsyncSession, offset: str, field: str) -> int:
    """The position that an offset stands for; raises BadOffset and UnknownOffset."""
    place = await place_of(session, offset, field)
    _check_mark(place, await repository.id_at(session, place.position), field)
    return place.position


def _check_mark(place: Place, change_id: str | None, field: str) -> None:
    if place.mark is not None and not rules.has_mark(change_id, place.mark):
        raise UnknownOffset(field=field)


async def offset_at(session: AsyncSession, position: int) -> str:
    """The offset of a position."""
    return _offset(position, await repository.id_at(session, position))


def _offset(position: int, change_id: str | None) -> str:
    return rules.START if change_id is None else rules.encode_offset(position, change_id)


async def end(session: AsyncSession) -> int:
    """The position of the latest change."""
    return await repository.end(session)


async def read(
    session: AsyncSession,
    asking: Reader,
    kinds: Collection[ChangeKind],
    *,
    after: Place,
    limit: int,
) -> Part:
    """The next changes after a place, at most `limit`; raises UnknownOffset.

    It looks through no more than WINDOW changes, so a part can be empty although `more` follows.
    Nothing is ever put in before a part's end.
    """
    bounds = await repository.bounds(session, after.position, WINDOW)
    _check_mark(after, bounds.after_id, "query.offset")
    found = await repository.changes(
        session, asking, kinds, after=after.position, until=bounds.until, limit=limit
    )
    last, last_id = bounds.until, bounds.until_id
    if len(found) == limit:
        last, last_id = found[-1].position, found[-1].id
    return Part(found, last, _offset(last, last_id), more=last < bounds.end)


def wire(change: ChangeFacts) -> dict[str, Any]:
    """A change as it is sent, by the feed and by webhooks."""
    position, change_id, kind, act, object_id, at = change
    return {
        "id": change_id,
        "offset": rules.encode_offset(position, change_id),
        "kind": kind,
        "act": act,
        "object_id": object_id,
        "at": at,
        "link": f"{API}/{kind}s/{object_id}",
    }
