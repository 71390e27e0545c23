"""HTTP of the deals module."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.deals import service
from app.deals.schemas import DealView
from app.deals.states import DealState
from app.kit.actor import OptionalActor
from app.kit.db import Uow
from app.kit.errors import NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import (
    BadCursor,
    Page,
    Paging,
    ShortCode,
    cursor_id,
    etag,
    make_page,
    trade_router,
)

deals = trade_router("/deals", "deals")
routers: tuple[APIRouter, ...] = (deals,)


@deals.get("", responses=declared(BadCursor, Unauthenticated, NotFound))
async def list_deals(
    session: Uow,
    actor: OptionalActor,
    page: Paging,
    mine: Annotated[bool, Query(description="only those the caller sold or bought")] = False,
    state: DealState | None = None,
    seller_id: UUID | None = None,
    buyer_id: UUID | None = None,
    listing_id: UUID | None = None,
    transfer_mode: ShortCode | None = None,
) -> Page[DealView]:
    """Concluded results, the newest first; cancelled ones are for their parties and overseers."""
    rows = await service.deal_list(
        session,
        actor,
        mine=mine,
        state=state,
        seller_id=seller_id,
        buyer_id=buyer_id,
        listing_id=listing_id,
        transfer_mode=transfer_mode,
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=await service.views(session, items), next_cursor=cursor)


@deals.get("/{deal_id}", responses=declared(NotFound))
async def get_deal(
    response: Response, session: Uow, actor: OptionalActor, deal_id: UUID
) -> DealView:
    """One deal."""
    deal = await service.get(session, actor, deal_id)
    response.headers["ETag"] = etag(deal.version)
    return (await service.views(session, [deal]))[0]
