"""Pages of registrations: queue, one of them, the public register and its certificate."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.kit import codes
from app.kit.errors import NotFound
from app.kit.http import BadCursor, PageRequest, cursor_id, make_page
from app.parties import service as parties
from app.registrations import objections, queries, requests, service
from app.registrations.schemas import Correction, NewRegistration, Refusal
from app.registrations.states import MOVES, RefusalReason, RegistrationState
from app.web import texts
from app.web.forms import Complaint, fen
from app.web.organisations import paging
from app.web.visit import Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)
_NUMBER = re.compile(r"[0-9]{16}")
_REGISTER_FILTERS = ("contract_class", "technical_field", "seller_region", "buyer_region")
OFFICE_ACTS = ("accept", "request_correction", "register", "refuse")
APPLICANT_ACTS = ("submit", "correct")


@router.get("/registrations")
async def registration_list(
    visit: Visit, state: str = "", overdue: str = "", cursor: str = ""
) -> Response:
    """Own registrations, or an office's queue."""
    page = paging(cursor)
    rows = await queries.registration_list(
        visit.session,
        visit.require_actor(),
        state=RegistrationState(state) if state in set(RegistrationState) else None,
        contract_id=None,
        overdue=True if overdue else None,
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    items, following = make_page(rows, page, lambda row: [row.id])
    return visit.page(
        "registrations.html",
        items=[queries.view(row) for row in items],
        names=await parties.facts_of(visit.session, [row.office_id for row in items]),
        next_cursor=following,
        filters={"state": state, "overdue": overdue},
        state_options=[
            (one.value, visit.t(*texts.state_name("registration", one.value)))
            for one in RegistrationState
        ],
    )


@router.post("/registrations/new")
async def apply(visit: Visit, form: Posted) -> Response:
    """Start the registration of a signed contract and hand it to the office."""
    actor = visit.require_actor()
    values = {"contract_id": form.text("contract_id"), "office_id": form.text("office_id")}
    attempt = visit.attempt()
    async with attempt:
        row = await service.apply(visit.session, actor, NewRegistration.model_validate(values))
        new_id = row.id
        await service.submit(visit.session, actor, new_id)
    if attempt.failed:
        visit.here = "/registrations"
        return visit.page("refused.html", attempt.status, complaints=attempt.complaints)
    return visit.go(f"/registrations/{new_id}", "submitted")


@router.get("/registrations/{registration_id}")
async def registration_page(visit: Visit, registration_id: UUID) -> Response:
    """One registration."""
    return await show(visit, registration_id, [], 200)


@router.post("/registrations/{registration_id}/act")
async def act(visit: Visit, registration_id: UUID, form: Posted) -> Response:
    """What the applicant and the office do with a registration."""
    actor = visit.require_actor()
    chosen = form.text("act")
    where = (visit.session, actor, registration_id)
    attempt = visit.attempt()
    async with attempt:
        if chosen == "submit":
            await service.submit(*where)
        elif chosen == "accept":
            await service.accept(*where)
        elif chosen == "register":
            await service.register(*where)
        elif chosen == "request_correction":
            await service.request_correction(*where, form.text("note")[:2000])
        elif chosen == "correct":
            values: dict[str, Any] = {"note": form.text("note")}
            if form.text("technical"):
                values["technical_fen"] = fen("body.technical_fen", form.text("technical"))
            await service.correct(*where, Correction.model_validate(values))
        elif chosen == "refuse":
            said = {"reason": form.text("reason"), "note": form.text("note")}
            await service.refuse(*where, Refusal.model_validate(said))
        else:
            raise NotFound
    if attempt.failed:
        return await show(visit, registration_id, attempt.complaints, attempt.status)
    done = {"register": "registered", "submit": "submitted"}.get(chosen, "decided")
    return visit.go(f"/registrations/{registration_id}", done)


async def show(
    visit: Visitor, registration_id: UUID, said: list[Complaint], status: int
) -> Response:
    """The page of a registration, with what a form on it was refused for."""
    visit.here = f"/registrations/{registration_id}"
    actor = visit.require_actor()
    row = await queries.get(visit.session, actor, registration_id)
    item = queries.view(row)
    document = await queries.contract_text(visit.session, actor, registration_id)
    possible = [name for start, name in MOVES if start == item.state]
    registrar = visit.has_role("registrar") and actor.organisation_id == item.office_id
    applicant = visit.has_role("trader") and visit.is_party(item.applicant_id)
    allowed = [
        name
        for name in possible
        if (registrar and name in OFFICE_ACTS) or (applicant and name in APPLICANT_ACTS)
    ]
    return visit.page(
        "registration.html",
        status,
        item=item,
        document=document,
        names={
            **await parties.facts_of(visit.session, [item.office_id, item.applicant_id]),
            **await queries.party_names(visit.session, [row]),
        },
        party=visit.is_party(item.seller_id, item.buyer_id),
        acts=allowed,
        reasons=[(one.value, visit.t(*texts.REFUSALS[one.value])) for one in RefusalReason],
        reason_name=visit.t(*texts.REFUSALS[item.refusal_reason.value])
        if item.refusal_reason
        else "",
        complaints=said,
        **await _examined(visit, registration_id, registrar=registrar),
        objections=await objections.of(visit.session, actor, registration_id),
        requests=await requests.of(visit.session, actor, registration_id),
        applicant=applicant,
        may_object=item.state.value in {"registered", "changed", "refused"}
        and (visit.has_role("regulator") or visit.is_party(item.seller_id, item.buyer_id)),
        in_force=item.number is not None and item.state.value in {"registered", "changed"},
        registrar=registrar,
    )


async def _examined(visit: Visitor, registration_id: UUID, *, registrar: bool) -> dict[str, Any]:
    """What the office sees besides: the proposed class with its checklist, and what it noted."""
    if not registrar and not visit.has_role("regulator"):
        return {"recognition": None, "findings": []}
    actor = visit.require_actor()
    return {
        "recognition": await queries.recognition_of(
            visit.session, actor, registration_id, visit.now
        ),
        "findings": await queries.findings(visit.session, actor, registration_id),
    }


def moment_in(page: PageRequest) -> tuple[datetime, UUID] | None:
    """The time and id in a cursor; raises BadCursor."""
    if page.after is None:
        return None
    identifier = cursor_id(page)
    try:
        moment = datetime.fromisoformat(page.after[0])
    except (ValueError, TypeError):
        raise BadCursor(field="query.cursor") from None
    if identifier is None or moment.tzinfo is None:
        raise BadCursor(field="query.cursor")
    return moment, identifier


@router.get("/register")
async def register(visit: Visit, q: str = "", cursor: str = "") -> Response:
    """The public register, the last registered first; a full number leads to its entry."""
    if _NUMBER.fullmatch(q.strip()):
        return visit.go(f"/register/{q.strip()}")
    page = paging(cursor)
    given = visit.request.query_params
    filters = {name: given.get(name, "").strip()[:60] for name in _REGISTER_FILTERS}
    rows = await queries.register_page(
        visit.session,
        queries.narrowed(
            q=q.strip()[:100] or None,
            contract_class=filters["contract_class"] or None,
            technical_field=filters["technical_field"] or None,
            seller_region=_province(filters["seller_region"]),
            buyer_region=_province(filters["buyer_region"]),
        ),
        after=moment_in(page),
        limit=page.limit + 1,
    )
    items, following = make_page(rows, page, lambda row: [row.registered_at, row.id])
    return visit.page(
        "register.html",
        items=await queries.register_entries(visit.session, items),
        next_cursor=following,
        filters={"q": q} | filters,
        provinces=[(one.code, one.title(visit.language)) for one in codes.regions().children(None)],
    )


def _province(code: str) -> str | None:
    """The code of a province; anything else narrows nothing."""
    return code if code in {one.code for one in codes.regions().children(None)} else None


@router.get("/register/{number}")
async def register_entry(visit: Visit, number: str) -> Response:
    """One entry of the register, to be printed."""
    if _NUMBER.fullmatch(number) is None:
        raise NotFound
    return visit.page("certificate.html", item=await queries.register_entry(visit.session, number))
