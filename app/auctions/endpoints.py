"""HTTP of the auctions module."""

from collections.abc import AsyncIterator
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from anyio import to_thread
from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from starlette.routing import Route

from app.auctions import service
from app.auctions.bidding import Outcome, offer_of
from app.auctions.errors import (
    REFUSALS,
    BeyondRecord,
    NotABidder,
    RecordNotReady,
    RequestIdReused,
    SellerMayNotBid,
)
from app.auctions.intake import Arrival, BidIntake, Receipt
from app.auctions.records import AuctionRecord
from app.auctions.schemas import AuctionView, BidPlaced, BidView, FormatView, NewBid
from app.auctions.states import AuctionState
from app.auctions.watch import EventStream, Hub
from app.kit import clock, problems
from app.kit.actor import (
    Actor,
    CurrentActor,
    OptionalActor,
    RoleRequired,
    ScopeRequired,
    current_actor,
    optional_actor,
)
from app.kit.db import Sessions, Uow
from app.kit.errors import NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import API, BadCursor, Page, PageRequest, Paging, make_page, trade_router
from app.kit.problems import UnsupportedMedia
from app.kit.signing import signing_key

auctions = trade_router("/auctions", "auctions")
routers: tuple[APIRouter, ...] = (auctions,)

SEQUENCE_LIMIT = 2**63 - 1


@auctions.get("", responses=declared(BadCursor, Unauthenticated))
async def list_auctions(
    session: Uow,
    actor: OptionalActor,
    page: Paging,
    state: AuctionState | None = None,
    seller_id: UUID | None = None,
    listing_id: UUID | None = None,
    demand_id: UUID | None = None,
    mine: Annotated[bool, Query(description="only those the caller is a bidder of")] = False,
    sort: Literal["newest", "ending"] = "newest",
) -> Page[AuctionView]:
    """Auctions, the newest first or those that end first."""
    bidder_id = None
    if mine:
        if actor is None:
            raise Unauthenticated
        bidder_id = actor.require_party()
    rows = await service.auction_list(
        session,
        state=state,
        seller_id=seller_id,
        actor=actor,
        listing_id=listing_id,
        demand_id=demand_id,
        bidder_id=bidder_id,
        by_end=sort == "ending",
        after=_after(page, by_end=sort == "ending"),
        limit=page.limit + 1,
    )
    items, cursor = make_page(
        rows, page, lambda row: [row.ends_at, row.id] if sort == "ending" else [row.id]
    )
    shown = await service.views(session, actor, items, await clock.now(session))
    return Page(items=shown, next_cursor=cursor)


def _after(page: PageRequest, *, by_end: bool) -> tuple[datetime | None, UUID] | None:
    if page.after is None:
        return None
    try:
        moment = datetime.fromisoformat(page.after[0]) if by_end else None
        return moment, UUID(page.after[-1])
    except (ValueError, AttributeError, TypeError):
        raise BadCursor(field="query.cursor") from None


@auctions.get("/formats")
async def list_formats() -> list[FormatView]:
    """The formats of auctions, and what a listing's plan may set in each."""
    return service.formats()


@auctions.get("/{auction_id}", responses=declared(NotFound))
async def get_auction(session: Uow, actor: OptionalActor, auction_id: UUID) -> AuctionView:
    """One auction with the server's time and the smallest bid that is valid now."""
    return await service.get(session, actor, auction_id, await clock.now(session))


@auctions.get(
    "/{auction_id}/events",
    response_class=Response,
    responses=declared(NotFound, BeyondRecord)
    | {
        200: {
            "description": "Events until the result",
            "content": {EventStream.media_type: {"schema": {"type": "string"}}},
        },
        204: {"description": "The result was seen before; there is nothing to come"},
    },
)
async def watch_auction(
    request: Request,
    auction_id: UUID,
    after: Annotated[
        int | None,
        Query(ge=0, le=SEQUENCE_LIMIT, description="go on after this place of the record"),
    ] = None,
    last_event_id: Annotated[
        int | None,
        Header(ge=0, le=SEQUENCE_LIMIT, description="the same, as browsers say it; goes first"),
    ] = None,
) -> Response:
    """Watch an auction live, as server-sent events.

    First comes a `state`, then a `bid` for every accepted bid, `opened`, `state` when an operator
    moved the times, `time` when nothing else was said for 15 s, and at last a `result`, which ends
    the stream. Every event has `server_time`, `ends_at`, `price_fen`, `min_next_fen`, `number` and
    `bid_count`; the id of an event is a place of the record. Bidders are numbers.
    """
    hub: Hub = request.app.state.watch
    return await hub.watch(auction_id, after if last_event_id is None else last_event_id)


@auctions.get("/{auction_id}/bids", responses=declared(NotFound, BadCursor))
async def list_bids(
    session: Uow,
    actor: OptionalActor,
    auction_id: UUID,
    page: Paging,
    accepted: bool | None = None,
) -> Page[BidView]:
    """The record of bids, the newest first; bidders are numbers."""
    before = page.after[0] if page.after is not None else None
    if before is not None and not (isinstance(before, int) and 0 < before <= SEQUENCE_LIMIT):
        raise BadCursor(field="query.cursor")
    rows = await service.bid_list(
        session, actor, auction_id, accepted=accepted, before=before, limit=page.limit + 1
    )
    items, cursor = make_page(rows, page, lambda row: [row.sequence])
    return Page(items=list(items), next_cursor=cursor)


@auctions.get("/{auction_id}/bids/{sequence}", responses=declared(NotFound))
async def get_bid(
    session: Uow,
    actor: OptionalActor,
    auction_id: UUID,
    sequence: Annotated[int, Path(ge=1, le=SEQUENCE_LIMIT)],
) -> BidView:
    """One bid of the record."""
    return await service.bid_of_record(session, actor, auction_id, sequence)


@auctions.get(
    "/{auction_id}/record",
    response_model=AuctionRecord,
    responses=declared(NotFound, RecordNotReady),
)
async def get_record(request: Request, session: Uow, auction_id: UUID) -> Response:
    """The signed record of a decided auction: terms, every bid, result, and the proof of them."""
    await service.require_record(session, auction_id)
    key = await to_thread.run_sync(signing_key, request.app.state.settings)
    sessions: Sessions = request.app.state.sessions

    async def pieces() -> AsyncIterator[bytes]:
        async with sessions() as reading:
            async for piece in service.record(reading, auction_id, key):
                yield piece

    return StreamingResponse(
        pieces(),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="record-{auction_id}.json"'},
    )


@auctions.post(
    "/{auction_id}/bids",
    status_code=201,
    response_model=BidPlaced,
    responses=declared(
        Unauthenticated,
        RoleRequired,
        ScopeRequired,
        NotFound,
        SellerMayNotBid,
        NotABidder,
        RequestIdReused,
        *REFUSALS.values(),
    ),
)
async def place_bid(
    request: Request, stamp: Receipt, actor: CurrentActor, auction_id: UUID, new: NewBid
) -> Response:
    """Bid. The time of a bid is when the platform received it (法释〔2016〕18号 art. 20).

    A retry with the same `request_id` gets the first answer and is never a second bid. A refusal
    says the rule, the least valid amount, the phase and the server's time, and is recorded.
    """
    return await _place(request, stamp, actor, auction_id, new)


async def _place(
    request: Request, stamp: Arrival, actor: Actor, auction_id: UUID, new: NewBid
) -> Response:
    intake: BidIntake = request.app.state.intake
    device = intake.device(request)
    outcome = await intake.place(actor, auction_id, offer_of(new), new.request_id, stamp, device)
    if outcome.refusal is not None:
        return problems.respond(request, outcome.refusal)
    place = f"/api/v1/auctions/{auction_id}/bids/{outcome.bid.sequence}"
    return Response(
        orjson.dumps(_placed(outcome), option=orjson.OPT_UTC_Z),
        201,
        {"Location": place},
        media_type="application/json",
    )


def _placed(outcome: Outcome) -> dict[str, Any]:
    """`BidPlaced`, without a model: this is the busiest answer there is."""
    bid = outcome.bid
    return {
        "auction_id": bid.auction_id,
        "sequence": bid.sequence,
        "number": bid.number,
        "act": bid.act,
        "phase": bid.phase,
        "amount_fen": bid.amount_fen,
        "received_at": bid.received_at,
        "accepted": bid.accepted,
        "refusal": bid.refusal,
        "required_fen": bid.required_fen,
        "ends_at_after": bid.ends_at_after,
        "price_after_fen": bid.price_after_fen,
        "leader_after": bid.leader_after,
        "leading": bid.leader_after == bid.number,
        "min_next_fen": outcome.min_next_fen,
        "seal_sha256": None if bid.sealed is None else sha256(bid.sealed).hexdigest(),
    }


async def short_way(request: Request) -> Response:
    """`place_bid` without the framework's reading of parameters, which took half of its time.

    The composition root puts it in front of all routes for addresses with a UUID.
    """
    request.scope["route"] = SHORT_WAY
    intake: BidIntake = request.app.state.intake
    with intake.receiving() as stamp:
        actor = await current_actor(await optional_actor(request))
        content = await request.body()
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise UnsupportedMedia
        try:
            new = NewBid.model_validate_json(content)
        except ValidationError as error:
            raise RequestValidationError(_located(error)) from None
        return await _place(request, stamp, actor, request.path_params["auction_id"], new)


def _located(error: ValidationError) -> list[dict[str, Any]]:
    """The errors as they are when the framework reads the body."""
    return [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]


SHORT_WAY = Route(API + "/auctions/{auction_id:uuid}/bids", short_way, methods=["POST"])
