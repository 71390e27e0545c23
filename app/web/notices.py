"""Pages of public notices: list, one of them with its objections, and drafting."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.achievements import queries as achievement_queries
from app.notices import queries, service
from app.notices.schemas import NewNotice, NewObjection, NoticeEdit, ObjectionDecision
from app.notices.states import NoticeState
from app.web.forms import Complaint, fen, identity, whole
from app.web.organisations import paging
from app.web.visit import Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)


@router.get("/notices")
async def notice_list(visit: Visit, state: str = "", mine: str = "", cursor: str = "") -> Response:
    """Notices that were published; with `mine`, the own ones."""
    own = visit.actor.party_id if mine and visit.actor is not None else None
    page = await queries.listed(
        visit.session,
        visit.actor,
        state=NoticeState(state) if state in set(NoticeState) else None,
        achievement_id=None,
        publisher_id=own,
        request=paging(cursor),
    )
    return visit.page(
        "notices.html",
        items=page.items,
        next_cursor=page.next_cursor,
        filters={"state": state, "mine": mine},
        trader=visit.has_role("trader"),
    )


@router.get("/notices/new")
async def new_page(visit: Visit) -> Response:
    """The form of a new price notice."""
    visit.require_actor().require_role("trader")
    return await _form(visit, {}, [], 200)


@router.post("/notices/new")
async def create(visit: Visit, form: Posted) -> Response:
    """Draft a price notice."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        values: dict[str, Any] = {
            name: form.text(name)
            for name in ("transfer_mode", "interest", "interest_note", "objection_procedure")
        }
        values |= {
            "achievement_id": form.text("achievement_id"),
            "license_manner": form.text("license_manner") or None,
            "price_fen": fen("body.price_fen", form.text("price")),
            "taker_id": form.text("taker_id") or None,
            "taker_name": form.text("taker_name") or None,
            "days": whole("body.days", form.text("days") or "15"),
        }
        made = await service.create(visit.session, actor, NewNotice.model_validate(values))
        new_id = made.id
    if attempt.failed:
        return await _form(visit, form.values(), attempt.complaints, attempt.status)
    return visit.go(f"/notices/{new_id}", "saved")


async def _form(
    visit: Visitor, values: dict[str, str], said: list[Complaint], status: int
) -> Response:
    visit.here = "/notices/new"
    wanted = achievement_queries.Wanted(mine=True)
    own = await achievement_queries.achievement_list(
        visit.session, visit.actor, wanted, sort="newest", after=None, limit=100
    )
    return visit.page(
        "notice_new.html",
        status,
        values=values,
        own=[(str(row.id), row.title) for row in own if row.state == "published"],
        complaints=said,
    )


@router.get("/notices/{notice_id}")
async def notice_page(visit: Visit, notice_id: UUID) -> Response:
    """One notice."""
    return await _show(visit, notice_id, [], 200)


@router.post("/notices/{notice_id}/act")
async def act(visit: Visit, notice_id: UUID, form: Posted) -> Response:
    """What the publisher does with a notice: publish, publish at another price, withdraw."""
    actor = visit.require_actor()
    chosen = form.text("act")
    attempt = visit.attempt()
    async with attempt:
        where = (visit.session, actor, notice_id)
        if chosen == "publish":
            await service.publish(*where)
        elif chosen == "republish":
            price = fen("body.price_fen", form.text("price"))
            await service.republish(*where, NoticeEdit(price_fen=price))
        else:
            await service.withdraw(*where, form.text("reason")[:4000])
    if attempt.failed:
        return await _show(visit, notice_id, attempt.complaints, attempt.status)
    return visit.go(f"/notices/{notice_id}", "decided" if chosen == "withdraw" else "published")


@router.post("/notices/{notice_id}/objections")
async def object_to(visit: Visit, notice_id: UUID, form: Posted) -> Response:
    """Object to a notice."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        new = NewObjection.model_validate({"grounds": form.text("grounds")})
        await service.file_objection(visit.session, actor, notice_id, new.grounds)
    if attempt.failed:
        return await _show(visit, notice_id, attempt.complaints, attempt.status)
    return visit.go(f"/notices/{notice_id}", "submitted")


@router.post("/notices/{notice_id}/objections/act")
async def act_on_objection(visit: Visit, notice_id: UUID, form: Posted) -> Response:
    """Decide an objection, or take the own one back."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        where = (visit.session, actor, notice_id, identity(form.text("objection_id")))
        if form.text("act") == "withdraw":
            await service.withdraw_objection(*where)
        else:
            values = {"act": form.text("act"), "reason": form.text("reason")}
            await service.decide(*where, ObjectionDecision.model_validate(values))
    if attempt.failed:
        return await _show(visit, notice_id, attempt.complaints, attempt.status)
    return visit.go(f"/notices/{notice_id}", "decided", "#objections")


async def _show(visit: Visitor, notice_id: UUID, said: list[Complaint], status: int) -> Response:
    visit.here = f"/notices/{notice_id}"
    item = await queries.get(visit.session, visit.actor, notice_id)
    publisher = visit.is_party(item.publisher_id) and visit.has_role("trader")
    open_ = item.state in {NoticeState.PUBLISHED, NoticeState.SUSPENDED}
    return visit.page(
        "notice.html",
        status,
        item=item,
        editions=await queries.editions(visit.session, visit.actor, notice_id),
        objections=await queries.objections(visit.session, visit.actor, notice_id),
        publisher=publisher,
        decider=publisher or visit.has_role("operator"),
        may_object=open_ and visit.actor is not None and visit.organisation is not None,
        complaints=said,
    )
