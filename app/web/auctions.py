"""Pages of auctions: list, and one of them with its record and the form to bid."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import TypeAdapter

from app.achievements import service as achievements
from app.auctions import access, control, opening, service
from app.auctions.bidding import Outcome, offer_of
from app.auctions.intake import BidIntake, Receipt
from app.auctions.schemas import (
    AuctionView,
    BidView,
    KeyIn,
    OpeningView,
    OperatorAct,
    ShareIn,
)
from app.auctions.states import AuctionState, Phase
from app.deals import service as deals
from app.deals.schemas import Default
from app.deals.states import ENDED, DealState
from app.kit import clock
from app.kit.errors import NotFound
from app.kit.http import BadCursor, PageRequest, make_page
from app.kit.ids import new_id
from app.listings import service as listings
from app.parties import service as parties
from app.web import auction_texts
from app.web.auction_forms import new_bid, scored_terms, turns
from app.web.forms import Complaint, complaints, fen, identity
from app.web.organisations import paging
from app.web.render import words
from app.web.visit import Form, Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)
SHOWN_BIDS = 50
_KEY: TypeAdapter[KeyIn] = TypeAdapter(KeyIn)


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
    return await _show(visit, auction_id, {}, [], 200)


@router.post("/auctions/{auction_id}/bids")
async def bid(
    request: Request, stamp: Receipt, visit: Visit, auction_id: UUID, form: Posted
) -> Response:
    """Bid, confirm or pass; a refusal is recorded and shown with what would be valid."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    placed: Outcome | None = None
    async with attempt:
        item = await service.get(visit.session, actor, auction_id, visit.now)
        new = new_bid(form, item)
        intake: BidIntake = request.app.state.intake
        offer, device = offer_of(new), intake.device(request)
        placed = await intake.place(actor, auction_id, offer, new.request_id, stamp, device)
    if placed is None:
        typed = _typed(form)
        return await _show(visit, auction_id, typed, attempt.complaints, attempt.status)
    if placed.refusal is not None:
        said = complaints(placed.refusal, visit.language)
        return await _show(visit, auction_id, _typed(form), said, placed.refusal.status)
    return visit.go(f"/auctions/{auction_id}", _done(placed))


def _typed(form: Form) -> dict[str, Any]:
    """What was typed into the form of a bid, to be shown again."""
    return form.values() | {"lots": form.texts("lots")}


def _done(placed: Outcome) -> str:
    """What the page says of an accepted act."""
    bid = placed.bid
    if bid.act != "bid":
        return {"confirm": "confirmed", "pass": "passed"}[bid.act]
    if bid.sealed is not None:
        return "sealed"
    return "bid" if bid.leader_after == bid.number else "taken"


@router.post("/auctions/{auction_id}/act")
async def act(visit: Visit, auction_id: UUID, form: Posted) -> Response:
    """The operator pauses, resumes or annuls an auction, with a reason."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        acts = {"pause": control.pause, "resume": control.resume, "annul": control.annul}
        chosen = acts.get(form.text("act"))
        if chosen is None:
            raise NotFound
        said = OperatorAct.model_validate({"reason": form.text("reason")})
        await chosen(visit.session, actor, auction_id, said.reason)
    if attempt.failed:
        return await _show(visit, auction_id, {}, attempt.complaints, attempt.status)
    return visit.go(f"/auctions/{auction_id}", "decided")


@router.post("/auctions/{auction_id}/opening")
async def open_bids(visit: Visit, auction_id: UUID, form: Posted) -> Response:
    """Hand in the opening key or an officer's share, as the command printed it."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        key = _KEY.validate_json(form.text("key"))
        if isinstance(key, ShareIn):
            share = key.model_dump(mode="json")
            await opening.hand_in_share(visit.session, actor, auction_id, share)
        else:
            private = bytes.fromhex(key.private_key)
            await opening.hand_in_key(visit.session, actor, auction_id, private)
    if attempt.failed:
        return await _show(visit, auction_id, {}, attempt.complaints, attempt.status)
    return visit.go(f"/auctions/{auction_id}", "opened")


@router.post("/auctions/{auction_id}/defaults")
async def declare_default(visit: Visit, auction_id: UUID, form: Posted) -> Response:
    """A buyer does not sign or pay: the runner-up, a re-auction, or nobody."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        new = Default.model_validate(
            {
                "reason": form.text("reason"),
                "following": form.text("following"),
                "commissions_fen": fen("body.commissions_fen", form.text("commissions") or "0"),
            }
        )
        await deals.default(
            visit.session,
            actor,
            identity(form.text("deal_id")),
            new.reason,
            visit.now,
            following=new.following,
            commissions_fen=new.commissions_fen,
        )
    if attempt.failed:
        return await _show(visit, auction_id, {}, attempt.complaints, attempt.status)
    return visit.go(f"/auctions/{auction_id}", "decided")


async def _show(
    visit: Visitor, auction_id: UUID, typed: dict[str, Any], said: list[Complaint], status: int
) -> Response:
    visit.here = f"/auctions/{auction_id}"
    now = await clock.now(visit.session)
    item = await service.get(visit.session, visit.actor, auction_id, now)
    bids = await service.bid_list(
        visit.session, visit.actor, auction_id, accepted=None, before=None, limit=SHOWN_BIDS + 1
    )
    write = words(visit.language)
    return visit.page(
        "auction.html",
        status,
        item=item,
        listing=None
        if item.listing_id is None
        else await listings.facts(visit.session, item.listing_id),
        seller=None
        if item.seller_id is None
        else await parties.facts(visit.session, item.seller_id),
        bids=bids[:SHOWN_BIDS],
        leading=_leading(item, bids),
        shown_bids=SHOWN_BIDS,
        more=len(bids) > SHOWN_BIDS,
        how=auction_texts.how(write, item.format, item.terms),
        rules=auction_texts.rules_in_words(write, item.format, item.terms),
        phase_word=lambda name: auction_texts.phase(write, name),
        phrase=lambda table, code: auction_texts.phrase(write, getattr(auction_texts, table), code),
        lots=await _lots(visit, item),
        scored=scored_terms(item.terms),
        turn=turns(item),
        notices=await service.notices(visit.session, auction_id),
        custody=await _custody(visit, item),
        deals=await _deals(visit, item),
        can_bid=_can_bid(visit, item),
        typed=typed,
        request_id=str(new_id()),
        complaints=said,
    )


async def _lots(visit: Visitor, item: AuctionView) -> list[tuple[str, str, int]]:
    """The lots of a package: achievement, title and least price."""
    least: dict[str, int] = item.terms.get("lots", {})
    known = await achievements.facts_of(visit.session, [UUID(lot) for lot in least])
    titles = {str(key): found.title for key, found in known.items()}
    return [(lot, titles.get(lot, lot), price) for lot, price in least.items()]


async def _custody(visit: Visitor, item: AuctionView) -> OpeningView | None:
    """How the auction is opened, for those who open it while it waits for them."""
    if item.state != AuctionState.OPENING or not visit.has_role(*access.OPENERS):
        return None
    return await opening.custody(visit.session, visit.require_actor(), item.id)


async def _deals(visit: Visitor, item: AuctionView) -> list[tuple[str, str]]:
    """For operators, the deals of a sale on which their buyers can default."""
    if item.state != AuctionState.SOLD or item.listing_id is None or not visit.has_role("operator"):
        return []
    rows = await deals.deal_list(
        visit.session,
        visit.actor,
        mine=False,
        state=None,
        seller_id=None,
        buyer_id=None,
        listing_id=item.listing_id,
        transfer_mode=None,
        after=None,
        limit=SHOWN_BIDS,
    )
    names = {award.winner_id: award.winner_name for award in item.awards}
    return [
        (str(row.id), names.get(row.buyer_id, ""))
        for row in rows
        if row.auction_id == item.id and DealState(row.state) not in ENDED
    ]


def _leading(item: AuctionView, bids: Sequence[BidView]) -> int | None:
    """The place in the record of the bid that leads, if it is among those shown."""
    if item.leading_number is None:
        return None
    own = (one for one in bids if one.number == item.leading_number)
    return next((one.sequence for one in own if one.accepted and one.act == "bid"), None)


def _can_bid(visit: Visitor, item: AuctionView) -> bool:
    """Whether the page offers an act; who may do what is decided with the bid."""
    if item.my_number is None or item.phase != Phase.OPEN or not visit.has_role("trader"):
        return False
    if item.phase_name == "confirmation":
        return item.my_number not in item.turns
    if item.phase_name == "limited":
        return item.my_number in item.turns
    turn = turns(item)
    if turn is not None:
        return turn.number == item.my_number
    return item.min_next_fen is not None
