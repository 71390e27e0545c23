"""Pages of organisations: list, one of them, registration and review."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.kit import clock
from app.kit.errors import NotFound
from app.kit.http import MAX_PAGE, PageRequest, cursor_id, decode_cursor, make_page
from app.parties import service
from app.parties.schemas import NewOrganisation, Review
from app.parties.states import MOVES, OrganisationKind, OrganisationState
from app.web.forms import Complaint
from app.web.texts import KINDS
from app.web.visit import Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)
PAGE = 30
assert PAGE < MAX_PAGE


def paging(cursor: str, limit: int = PAGE) -> PageRequest:
    """The page of a list that a cursor leads to."""
    return PageRequest(limit=limit, after=decode_cursor(cursor) if cursor else None)


@router.get("/organisations")
async def organisation_list(
    visit: Visit, kind: str = "", state: str = "", q: str = "", cursor: str = ""
) -> Response:
    """Organisations, the newest first."""
    page = paging(cursor)
    wanted = OrganisationState(state) if state in set(OrganisationState) else None
    rows = await service.organisation_list(
        visit.session,
        visit.actor,
        state=wanted if visit.has_role("operator", "regulator", "platform_admin") else None,
        kind=OrganisationKind(kind) if kind in set(OrganisationKind) else None,
        name=q.strip()[:100] or None,
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    items, following = make_page(rows, page, lambda row: [row.id])
    return visit.page(
        "organisations.html",
        items=items,
        next_cursor=following,
        filters={"q": q, "kind": kind, "state": state},
        kinds=[(kind_, visit.t(*pair)) for kind_, pair in KINDS.items()],
    )


@router.get("/organisations/register")
async def register_page(visit: Visit) -> Response:
    """The application for registration."""
    return _register(visit, {}, [], 200)


@router.post("/organisations/register")
async def register(visit: Visit, form: Posted) -> Response:
    """Apply for registration."""
    values: dict[str, Any] = {
        name: form.text(name)
        for name in ("kind", "name", "credit_code", "region_code", "address", "contact")
    }
    values["name_en"] = form.text("name_en") or None
    values["administrator"] = {
        "login": form.text("login"),
        "name": form.text("person"),
        "password": form.raw("password"),
    }
    attempt = visit.attempt()
    async with attempt:
        await service.register(visit.session, visit.actor, NewOrganisation.model_validate(values))
    if attempt.failed:
        return _register(visit, form.values(), attempt.complaints, attempt.status)
    return visit.page("registered.html", 201)


def _register(
    visit: Visitor, values: dict[str, str], said: list[Complaint], status: int
) -> Response:
    trading = [
        kind for kind in KINDS if kind in {"university", "institute", "enterprise", "broker"}
    ]
    return visit.page(
        "organisation_new.html",
        status,
        values=values,
        complaints=said,
        kinds=[(kind, visit.t(*KINDS[kind])) for kind in trading],
    )


@router.get("/organisations/{organisation_id}")
async def organisation_page(visit: Visit, organisation_id: UUID) -> Response:
    """One organisation."""
    return await _show(visit, organisation_id, [], 200)


@router.post("/organisations/{organisation_id}/review")
async def review(visit: Visit, organisation_id: UUID, form: Posted) -> Response:
    """An operator decides on an organisation."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        decision = Review.model_validate({"act": form.text("act"), "reason": form.text("reason")})
        await service.review(visit.session, actor, organisation_id, decision)
    if attempt.failed:
        return await _show(visit, organisation_id, attempt.complaints, attempt.status)
    return visit.go(f"/organisations/{organisation_id}", "decided")


async def _show(
    visit: Visitor, organisation_id: UUID, said: list[Complaint], status: int
) -> Response:
    visit.here = f"/organisations/{organisation_id}"
    row = await service.get(visit.session, visit.actor, organisation_id)
    shown = service.view(visit.actor, row)
    acts = [act for start, act in MOVES if start == shown.state]
    reviewer = visit.has_role("operator", "platform_admin") and not visit.is_party(row.id)
    return visit.page(
        "organisation.html",
        status,
        item=shown,
        acts=acts if reviewer else [],
        members=await _members(visit, organisation_id),
        complaints=said,
        as_of=await clock.now(visit.session),
    )


async def _members(visit: Visitor, organisation_id: UUID) -> list[dict[str, Any]]:
    """The people of the own organisation, for its administrator."""
    if visit.actor is None or visit.actor.organisation_id != organisation_id:
        return []
    if not visit.has_role("organisation_admin"):
        return []
    try:
        rows = await service.members(visit.session, visit.actor, organisation_id)
    except NotFound:
        return []
    return [
        {
            "name": person.name,
            "login": person.login,
            "roles": membership.roles,
            "ended_at": membership.ended_at,
        }
        for membership, person in rows
    ]
