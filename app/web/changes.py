"""Changes of a published listing's terms by pages: the seller proposes, an operator decides."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.kit.patents import patent_register
from app.listings import disclosure, queries
from app.listings.schemas import ChangeDecision, NewChange
from app.listings.states import ListingState
from app.web.forms import Complaint, fen, identity
from app.web.visit import Form, Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)


@router.get("/listings/{listing_id}/changes")
async def change_list(visit: Visit, listing_id: UUID) -> Response:
    """The changes of a listing's terms, and the way to propose or to decide one."""
    return await _show(visit, listing_id, {}, [], 200)


@router.post("/listings/{listing_id}/changes")
async def propose(visit: Visit, listing_id: UUID, form: Posted) -> Response:
    """The seller asks to change published terms; what stays empty stays as it is."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        new = NewChange.model_validate(_proposed(form))
        await disclosure.propose_change(visit.session, actor, listing_id, new)
    if attempt.failed:
        return await _show(visit, listing_id, form.values(), attempt.complaints, attempt.status)
    return visit.go(f"/listings/{listing_id}/changes", "submitted")


def _proposed(form: Form) -> dict[str, Any]:
    terms: dict[str, Any] = {
        f"{name}_fen": fen(f"body.terms.{name}_fen", form.text(name))
        for name in ("price", "deposit", "increment")
        if form.text(name)
    }
    if form.text("conditions"):
        terms["conditions"] = form.text("conditions")
    return {"terms": terms, "reason": form.text("reason"), "approval": form.text("approval")}


@router.post("/listings/{listing_id}/changes/act")
async def decide(visit: Visit, listing_id: UUID, form: Posted) -> Response:
    """An operator publishes a change, or refuses it with a reason."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        values = {"act": form.text("act"), "reason": form.text("decision")}
        decision = ChangeDecision.model_validate(values)
        change_id = identity(form.text("change_id"))
        register = patent_register(visit.request.app.state.settings)
        where = (visit.session, actor, listing_id, change_id)
        await disclosure.decide_change(*where, decision, register)
    if attempt.failed:
        return await _show(visit, listing_id, {}, attempt.complaints, attempt.status)
    return visit.go(f"/listings/{listing_id}/changes", "decided")


async def _show(
    visit: Visitor,
    listing_id: UUID,
    values: dict[str, str],
    said: list[Complaint],
    status: int,
) -> Response:
    visit.here = f"/listings/{listing_id}/changes"
    item = await queries.get(visit.session, visit.actor, listing_id)
    rows = await disclosure.changes(visit.session, visit.actor, listing_id)
    running = item.state == ListingState.PUBLISHED
    seller = visit.is_party(item.seller_id)
    return visit.page(
        "changes.html",
        status,
        item=item,
        changes=rows,
        may_propose=running and seller and visit.has_role("trader"),
        may_decide=running and not seller and visit.has_role("operator"),
        values=values,
        complaints=said,
    )
