"""HTTP of the feed."""

import asyncio
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response

from app.feed import service
from app.feed.errors import BadOffset, UnknownOffset
from app.feed.facts import Part, Place, Reader
from app.feed.schemas import FeedPage
from app.feed.watch import Bell
from app.kit.actor import OptionalActor, RoleRequired
from app.kit.changes import ChangeKind
from app.kit.errors import Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import trade_router

feed = trade_router("/feed", "feed")
routers: tuple[APIRouter, ...] = (feed,)

MAX_LIMIT = 1000
MAX_WAIT_S = 25
"""Less than the half minute after which proxies and clients give up."""


@feed.get(
    "",
    response_model=FeedPage,
    responses=declared(Unauthenticated, RoleRequired, BadOffset, UnknownOffset),
)
async def read_feed(
    request: Request,
    actor: OptionalActor,
    offset: Annotated[
        str | None,
        Query(max_length=40, description="where the last page ended; `latest`; none: the start"),
    ] = None,
    kind: Annotated[list[ChangeKind] | None, Query(description="only these kinds")] = None,
    mine: Annotated[bool, Query(description="all changes of the own party, and no others")] = False,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 100,
    wait: Annotated[
        int, Query(ge=0, le=MAX_WAIT_S, description="seconds to wait for a change if there is none")
    ] = 0,
) -> Response:
    """What was changed, in the order of the commits; nothing is skipped or comes later in between.

    A change says what happened to which object. What the object is now, it tells those who may
    read it; a 404 means that it is no longer to be seen.
    """
    asking = service.reader(actor, mine=mine)
    kinds = set(kind or ())
    part = await _read(request, asking, kinds, offset, limit, wait)
    page = {
        "items": [service.wire(change) for change in part.changes],
        "next_offset": part.next_offset,
        "more": part.more,
    }
    return Response(
        orjson.dumps(page),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def _read(
    request: Request,
    asking: Reader,
    kinds: set[ChangeKind],
    offset: str | None,
    limit: int,
    wait_s: int,
) -> Part:
    """The next part, if need be once there is one; no connection is held while it waits."""
    bell: Bell = request.app.state.feed_bell
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    async with bell.sessions() as session:
        after = await service.place_of(session, offset, "query.offset")
        part = await service.read(session, asking, kinds, after=after, limit=limit)
    while not part.changes and not part.more and (left := until - loop.time()) > 0:
        await bell.wait(part.end, left)
        async with bell.sessions() as session:
            part = await service.read(session, asking, kinds, after=Place(part.end), limit=limit)
    return part
