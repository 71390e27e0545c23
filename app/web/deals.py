"""Pages of deals: concluded results."""

from typing import Any
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import Response

from app.contracts import service as contracts
from app.deals import certificates, payments, service, succession
from app.deals.schemas import Because, Default, NewCertificate
from app.deals.states import ENDED, DealState, PriceReturn
from app.kit.errors import NotFound
from app.kit.http import cursor_id, make_page
from app.kit.signing import signing_key
from app.web.forms import Complaint
from app.web.organisations import paging
from app.web.visit import Form, Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)


@router.get("/deals")
async def deal_list(
    visit: Visit,
    state: str = "",
    mode: str = "",
    mine: str = "",
    returns: str = "",
    cursor: str = "",
) -> Response:
    """Results, the newest first; for operators also those whose price is still to be given back."""
    page = paging(cursor)
    queue = bool(returns) and visit.has_role("operator", "regulator")
    own = bool(mine) and visit.actor is not None and visit.actor.party_id is not None
    wanted = DealState(state) if state in set(DealState) else None
    if wanted in ENDED and not own:
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
        price_return=PriceReturn.BY_HAND if queue else None,
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    items, following = make_page(rows, page, lambda row: [row.id])
    return visit.page(
        "deals.html",
        items=await service.views(visit.session, items),
        next_cursor=following,
        filters={"state": state, "mode": mode, "mine": mine, "returns": "1" if queue else ""},
    )


@router.get("/deals/{deal_id}")
async def deal_page(visit: Visit, deal_id: UUID) -> Response:
    """One result, and the way to its contract for those who may see it."""
    return await _show(visit, deal_id, [], 200)


@router.post("/deals/{deal_id}/act")
async def act(visit: Visit, deal_id: UUID, form: Posted) -> Response:
    """What an operator does with a result and its certificate."""
    attempt = visit.attempt()
    async with attempt:
        await _act(visit, deal_id, form)
    if attempt.failed:
        return await _show(visit, deal_id, attempt.complaints, attempt.status)
    return visit.go(f"/deals/{deal_id}", "decided")


@router.get("/deals/{deal_id}/runner-up")
async def runner_up_page(visit: Visit, deal_id: UUID) -> Response:
    """A defaulted deal, offered to the bidder who came next; that bidder's way to answer."""
    return await _show_runner_up(visit, deal_id, [], 200)


@router.post("/deals/{deal_id}/runner-up")
async def answer_runner_up(visit: Visit, deal_id: UUID, form: Posted) -> Response:
    """The next bidder takes the deal at its own highest bid, or declines it."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        accept = form.text("act") == "accept"
        await succession.answer(visit.session, actor, deal_id, visit.now, accept=accept)
    if attempt.failed:
        return await _show_runner_up(visit, deal_id, attempt.complaints, attempt.status)
    return visit.go(f"/deals/{deal_id}/runner-up", "decided")


async def _show_runner_up(
    visit: Visitor, deal_id: UUID, said: list[Complaint], status: int
) -> Response:
    visit.here = f"/deals/{deal_id}/runner-up"
    offer = await succession.offer_of(visit.session, visit.require_actor(), deal_id)
    deal = await service.facts(visit.session, deal_id)
    own = visit.is_party(offer.bidder_id) and visit.has_role("trader")
    return visit.page(
        "runner_up.html",
        status,
        offer=offer,
        deal=deal,
        may_answer=own and offer.decided_at is None and visit.now < offer.valid_until,
        complaints=said,
    )


async def _act(visit: Visitor, deal_id: UUID, form: Form) -> None:
    actor, session, now = visit.require_actor(), visit.session, visit.now
    chosen = form.text("act")
    if chosen == "resume":
        await service.resume(session, actor, deal_id, now)
        return
    reason = Because.model_validate({"reason": form.text("reason")}).reason
    if chosen == "suspend":
        await service.suspend(session, actor, deal_id, reason)
    elif chosen == "cancel":
        await service.cancel(session, actor, deal_id, reason, now)
    elif chosen == "default":
        values = {"reason": reason, "following": form.text("following") or "none"}
        noted = Default.model_validate(values)
        await service.default(session, actor, deal_id, reason, now, following=noted.following)
    elif chosen == "certify":
        settings = visit.request.app.state.settings
        key = await to_thread.run_sync(signing_key, settings)
        issuer = certificates.Issuer(settings.node_code, settings.public_url, key)
        new = NewCertificate(conclusion=reason)
        await certificates.issue(session, actor, deal_id, new, issuer, now)
    elif chosen == "resolve":
        await payments.resolve(session, actor, deal_id, reason)
    elif chosen == "revoke":
        row = await service.get(session, actor, deal_id)
        [item] = await service.views(session, [row])
        await certificates.revoke(session, actor, item.certificate_number or "", reason, now)


async def _was_offered(visit: Visitor, deal: Any) -> bool:
    """Whether the reader sees an offer of a defaulted deal to the next bidder."""
    if deal.state != DealState.DEFAULTED or visit.actor is None:
        return False
    try:
        await succession.offer_of(visit.session, visit.actor, deal.id)
    except NotFound:
        return False
    return True


async def _show(visit: Visitor, deal_id: UUID, said: list[Complaint], status: int) -> Response:
    visit.here = f"/deals/{deal_id}"
    row = await service.get(visit.session, visit.actor, deal_id)
    party = visit.is_party(row.seller_id, row.buyer_id)
    found = []
    if visit.actor is not None and (party or visit.has_role("regulator")):
        found = list(
            await contracts.contract_list(
                visit.session, visit.actor, state=None, deal_id=deal_id, after=None, limit=1
            )
        )
    return visit.page(
        "deal.html",
        status,
        item=(await service.views(visit.session, [row]))[0],
        contract=found[0] if found else None,
        runner_up=await _was_offered(visit, row),
        concerned=party or visit.has_role("operator", "regulator"),
        operator=visit.has_role("operator"),
        complaints=said,
    )
