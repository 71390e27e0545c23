"""Pages of deals: concluded results."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.contracts import service as contracts
from app.deals import service
from app.deals.states import DealState
from app.kit.http import cursor_id, make_page
from app.web.organisations import paging
from app.web.visit import Visit

router = APIRouter(include_in_schema=False)


@router.get("/deals")
async def deal_list(
    visit: Visit, state: str = "", mode: str = "", mine: str = "", cursor: str = ""
) -> Response:
    """Results, the newest first."""
    page = paging(cursor)
    own = bool(mine) and visit.actor is not None and visit.actor.party_id is not None
    wanted = DealState(state) if state in set(DealState) else None
    if wanted == DealState.CANCELLED and not own:
        wanted = None
    rows = await service.deal_list(
        visit.session,
        visit.actor,
        mine=own,
        state=wanted,
        seller_id=None,
        buyer_id=None,
        listing_id=None,
        transfer_mode=mode or None,
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    items, following = make_page(rows, page, lambda row: [row.id])
    return visit.page(
        "deals.html",
        items=await service.views(visit.session, items),
        next_cursor=following,
        filters={"state": state, "mode": mode, "mine": mine},
    )


@router.get("/deals/{deal_id}")
async def deal_page(visit: Visit, deal_id: UUID) -> Response:
    """One result, and the way to its contract for those who may see it."""
    row = await service.get(visit.session, visit.actor, deal_id)
    found = []
    if visit.actor is not None and (
        visit.is_party(row.seller_id, row.buyer_id) or visit.has_role("regulator")
    ):
        found = list(
            await contracts.contract_list(
                visit.session, visit.actor, state=None, deal_id=deal_id, after=None, limit=1
            )
        )
    return visit.page(
        "deal.html",
        item=(await service.views(visit.session, [row]))[0],
        contract=found[0] if found else None,
    )
