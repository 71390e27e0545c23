"""Pages of negotiations: the own ones, and one with its offers, answers and documents."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.kit.calendar import SHANGHAI
from app.kit.http import cursor_id, make_page
from app.negotiations import documents, service
from app.negotiations.schemas import Ending, NewNegotiation, NewOffer
from app.negotiations.states import NegotiationState
from app.web.forms import Complaint, fen, identity, whole
from app.web.organisations import paging
from app.web.visit import Form, Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)
_OFFERS = 50
_READINGS = 20


@router.get("/negotiations")
async def negotiation_list(visit: Visit, state: str = "", cursor: str = "") -> Response:
    """The acting party's negotiations; overseers see all."""
    page = paging(cursor)
    rows = await service.negotiation_list(
        visit.session,
        visit.require_actor(),
        state=NegotiationState(state) if state in set(NegotiationState) else None,
        listing_id=None,
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    items, following = make_page(rows, page, lambda row: [row.id])
    return visit.page(
        "negotiations.html",
        items=await service.views(visit.session, items),
        next_cursor=following,
        filters={"state": state},
    )


@router.post("/negotiations/new")
async def open_negotiation(visit: Visit, form: Posted) -> Response:
    """An enterprise opens a negotiation on a listing."""
    actor = visit.require_actor()
    new = NewNegotiation(
        listing_id=identity(form.text("listing_id")), message=form.text("message")[:2000]
    )
    made = await service.open_negotiation(visit.session, actor, new, visit.now)
    return visit.go(f"/negotiations/{made.id}", "submitted")


@router.get("/negotiations/{negotiation_id}")
async def negotiation_page(visit: Visit, negotiation_id: UUID) -> Response:
    """One negotiation."""
    return await _show(visit, negotiation_id, [], 200)


@router.post("/negotiations/{negotiation_id}/offers")
async def offer(visit: Visit, negotiation_id: UUID, form: Posted) -> Response:
    """Make an offer; what the form has no field for is offered through the API."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        new = NewOffer.model_validate(_offer(form))
        await service.make_offer(visit.session, actor, negotiation_id, new, visit.now)
    if attempt.failed:
        return await _show(visit, negotiation_id, attempt.complaints, attempt.status)
    return visit.go(f"/negotiations/{negotiation_id}", "submitted")


def _offer(form: Form) -> dict[str, Any]:
    terms: dict[str, Any] = {
        "upfront_fen": fen("body.terms.upfront_fen", form.text("upfront") or "0"),
        "exclusivity": form.text("exclusivity") or None,
        "field_of_use": form.text("field_of_use"),
        "remarks": form.text("remarks"),
        "sublicence": form.text("sublicence") == "yes",
    }
    if form.text("term_months"):
        terms["term_months"] = whole("body.terms.term_months", form.text("term_months"))
    if form.text("territory"):
        terms["territory"] = form.text("territory")
    if form.text("rate_bp"):
        terms["royalty"] = {
            "base": form.text("royalty_base"),
            "rate_bp": whole("body.terms.royalty.rate_bp", form.text("rate_bp")),
            "minimum_fen": fen("body.terms.royalty.minimum_fen", form.text("minimum") or "0"),
        }
    return {"terms": terms, "valid_until": _end_of(form.text("valid_on"))}


def _end_of(day: str) -> str:
    """24:00 in Shanghai of a day in a form; what is no day is left for the schema to refuse."""
    try:
        start = datetime.combine(datetime.fromisoformat(day).date(), time.min, tzinfo=SHANGHAI)
    except ValueError:
        return day
    return (start + timedelta(days=1)).isoformat()


@router.post("/negotiations/{negotiation_id}/act")
async def act(visit: Visit, negotiation_id: UUID, form: Posted) -> Response:
    """Accept or decline the latest offer, sign the agreement of confidentiality, or break off."""
    actor = visit.require_actor()
    chosen = form.text("act")
    attempt = visit.attempt()
    async with attempt:
        where = (visit.session, actor, negotiation_id)
        if chosen == "accept":
            await service.accept(*where, identity(form.text("offer_id")), visit.now)
        elif chosen == "decline":
            reason = form.text("note")[:2000]
            await service.decline(*where, identity(form.text("offer_id")), reason, visit.now)
        elif chosen == "sign_nda":
            await documents.sign_nda(*where, form.text("text_sha256"), visit.now)
        else:
            ending = Ending.model_validate({"reason": form.text("reason")})
            await service.end(*where, ending.reason, visit.now)
    if attempt.failed:
        return await _show(visit, negotiation_id, attempt.complaints, attempt.status)
    done = "signed" if chosen == "sign_nda" else "decided"
    return visit.go(f"/negotiations/{negotiation_id}", done)


async def _readings(visit: Visitor, negotiation_id: UUID, files: Sequence[Any]) -> list[Any]:
    """Who read the own documents, with their names, the newest of each first."""
    return [
        (reading, file.name)
        for file in files
        if visit.is_party(file.owner_id)
        for reading in await documents.readings(
            visit.session,
            visit.require_actor(),
            negotiation_id,
            file.id,
            after=None,
            limit=_READINGS,
        )
    ]


async def _show(
    visit: Visitor, negotiation_id: UUID, said: list[Complaint], status: int
) -> Response:
    visit.here = f"/negotiations/{negotiation_id}"
    actor = visit.require_actor()
    row = await service.get(visit.session, actor, negotiation_id)
    party = visit.is_party(row.seller_id, row.buyer_id)
    offers = await service.offer_list(
        visit.session, actor, negotiation_id, before=None, limit=_OFFERS
    )
    side = "seller" if visit.is_party(row.seller_id) else "buyer"
    latest = offers[0] if offers else None
    files = await documents.listed(visit.session, actor, negotiation_id) if party else []
    acting = party and visit.has_role("trader") and row.state == NegotiationState.OPEN
    return visit.page(
        "negotiation.html",
        status,
        item=(await service.views(visit.session, [row]))[0],
        offers=offers,
        acting=acting,
        to_answer=latest
        if acting and latest is not None and latest.accepted is None and latest.side != side
        else None,
        nda=await documents.nda(visit.session, actor, negotiation_id) if party else None,
        files=files,
        readings=await _readings(visit, negotiation_id, files),
        own_party=actor.party_id,
        complaints=said,
    )
