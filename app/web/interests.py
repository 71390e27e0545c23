"""Pages of expressions of interest: what was sent and received, and the acts on it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.demands import interests
from app.demands.schemas import InterestDecision, NewInterest
from app.kit.http import cursor_id, make_page
from app.web.forms import Complaint, identity
from app.web.organisations import paging
from app.web.visit import Form, Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)


@router.get("/interests")
async def interest_list(visit: Visit, box: str = "received", cursor: str = "") -> Response:
    """Expressions of interest of the acting party."""
    return await _show(visit, box, cursor, [], 200)


@router.post("/interests/act")
async def act(visit: Visit, form: Posted) -> Response:
    """Accept, decline or withdraw an interest."""
    actor = visit.require_actor()
    chosen = form.text("act")
    attempt = visit.attempt()
    async with attempt:
        interest_id = identity(form.text("interest_id"))
        if chosen == "withdraw":
            await interests.withdraw(visit.session, actor, interest_id)
        else:
            decision = {"act": chosen, "reason": form.text("reason")}
            await interests.decide(
                visit.session, actor, interest_id, InterestDecision.model_validate(decision)
            )
    box = "sent" if chosen == "withdraw" else "received"
    if attempt.failed:
        return await _show(visit, box, "", attempt.complaints, attempt.status)
    return visit.go("/interests", "decided")


@router.post("/demands/{demand_id}/interests")
async def in_demand(visit: Visit, demand_id: UUID, form: Posted) -> Response:
    """Express interest in a demand."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        await interests.in_demand(visit.session, actor, demand_id, _new(form))
    if attempt.failed:
        return await _show(visit, "sent", "", attempt.complaints, attempt.status)
    return visit.go("/interests", "submitted")


@router.post("/achievements/{achievement_id}/interests")
async def in_achievement(visit: Visit, achievement_id: UUID, form: Posted) -> Response:
    """Express interest in an achievement."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        await interests.in_achievement(visit.session, actor, achievement_id, _new(form))
    if attempt.failed:
        return await _show(visit, "sent", "", attempt.complaints, attempt.status)
    return visit.go("/interests", "submitted")


def _new(form: Form) -> NewInterest:
    names = ("cooperation", "about", "questions")
    return NewInterest.model_validate({name: form.text(name) for name in names})


async def _show(
    visit: Visitor, box: str, cursor: str, said: list[Complaint], status: int
) -> Response:
    visit.here = "/interests"
    actor = visit.require_actor()
    shown: interests.Box = "sent" if box == "sent" else "received"
    page = paging(cursor)
    rows = await interests.listed(
        visit.session, actor, shown, None, cursor_id(page), page.limit + 1
    )
    items, following = make_page(rows, page, lambda row: [row.id])
    letters: list[Any] = await interests.views(visit.session, actor, items)
    return visit.page(
        "interests.html",
        status,
        letters=letters,
        owner=shown == "received",
        next_cursor=following,
        filters={"box": shown},
        complaints=said,
    )
