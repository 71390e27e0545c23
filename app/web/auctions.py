"""Pages of auctions: list, and one of them with its record and the form to bid."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.auctions import service
from app.auctions.bidding import Offer
from app.auctions.intake import BidIntake, Receipt
from app.auctions.schemas import NewBid
from app.auctions.states import AuctionState, Phase
from app.kit import clock
from app.kit.errors import Problem
from app.kit.http import BadCursor, PageRequest, make_page
from app.kit.ids import new_id
from app.listings import service as listings
from app.parties import service as parties
from app.web.forms import Complaint, complaints, fen
from app.web.organisations import paging
from app.web.visit import Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)
SHOWN_BIDS = 50


@router.get("/auctions")
async def auction_list(
    visit: Visit, state: str = "", mine: str = "", sort: str = "newest", cursor: str = ""
) -> Response:
    """Auctions, the newest first or those that end first."""
    page = paging(cursor)
    by_end = sort == "ending"
    wanted = AuctionState(state) if state in set(AuctionState) else None
    own = visit.actor.party_id if mine and visit.actor is not None else None
    rows = await service.auction_list(
        visit.session,
        state=wanted,
        seller_id=None,
        listing_id=None,
        bidder_id=own,
        by_end=by_end,
        after=_after(page, by_end),
        limit=page.limit + 1,
    )
    items, following = make_page(
        rows, page, lambda row: [row.ends_at, row.id] if by_end else [row.id]
    )
    return visit.page(
        "auctions.html",
        items=await service.views(visit.session, visit.actor, items, visit.now),
        next_cursor=following,
        filters={"state": state, "mine": mine, "sort": sort if by_end else "newest"},
    )


def _after(page: PageRequest, by_end: bool) -> tuple[datetime | None, UUID] | None:
    if page.after is None:
        return None
    try:
        moment = datetime.fromisoformat(page.after[0]) if by_end else None
        return moment, UUID(page.after[-1])
    except (ValueError, AttributeError, TypeError):
        raise BadCursor(field="query.cursor") from None


@router.get("/auctions/{auction_id}")
async def auction_page(visit: Visit, auction_id: UUID) -> Response:
    """One auction."""
    return await _show(visit, auction_id, "", [], 200)


@router.post("/auctions/{auction_id}/bids")
async def bid(
    request: Request, stamp: Receipt, visit: Visit, auction_id: UUID, form: Posted
) -> Response:
    """Bid; a refusal is recorded and shown with the smallest valid amount."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    refusal: Problem | None = None
    async with attempt:
        new = NewBid.model_validate(
            {
                "amount_fen": fen("body.amount_fen", form.text("amount")),
                "request_id": form.text("request_id"),
            },
        )
        intake: BidIntake = request.app.state.intake
        assert new.amount_fen is not None
        offer = Offer(new.amount_fen)
        device = intake.device(request)
        outcome = await intake.place(actor, auction_id, offer, new.request_id, stamp, device)
        refusal = outcome.refusal
    if attempt.failed:
        return await _show(
            visit, auction_id, form.text("amount"), attempt.complaints, attempt.status
        )
    if refusal is not None:
        said = complaints(refusal, visit.language)
        return await _show(visit, auction_id, form.text("amount"), said, refusal.status)
    return visit.go(f"/auctions/{auction_id}", "bid")


async def _show(
    visit: Visitor, auction_id: UUID, amount: str, said: list[Complaint], status: int
) -> Response:
    visit.here = f"/auctions/{auction_id}"
    now = await clock.now(visit.session)
    item = await service.get(visit.session, visit.actor, auction_id, now)
    bids = await service.bid_list(
        visit.session, visit.actor, auction_id, accepted=None, before=None, limit=SHOWN_BIDS + 1
    )
    return visit.page(
        "auction.html",
        status,
        item=item,
        listing=None
        if item.listing_id is None
        else await listings.facts(visit.session, item.listing_id),
        seller=await parties.facts(visit.session, item.seller_id),
        bids=bids[:SHOWN_BIDS],
        shown_bids=SHOWN_BIDS,
        more=len(bids) > SHOWN_BIDS,
        can_bid=_can_bid(visit, item),
        amount=amount,
        request_id=str(new_id()),
        complaints=said,
    )


def _can_bid(visit: Visitor, item: Any) -> bool:
    return item.my_number is not None and item.phase == Phase.OPEN and visit.has_role("trader")
