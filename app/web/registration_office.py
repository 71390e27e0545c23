"""Pages of a registration office: its queue, the checklist, what follows registration, and the
public verification of a certificate."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.kit.errors import NotFound
from app.kit.http import make_page
from app.kit.money import parse_yuan
from app.registrations import certificates, examining, objections, queries, requests, standing
from app.registrations.records import (
    Assessment,
    Change,
    Clearing,
    OpinionIn,
    RequestDecision,
    RequestIn,
    ReviewDecision,
)
from app.registrations.states import Answer, RequestKind
from app.web.forms import fen, identity
from app.web.organisations import paging
from app.web.registrations import moment_in, show
from app.web.visit import Form, Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)


@router.get("/registrations/queue")
async def queue(visit: Visit, region: str = "", cursor: str = "") -> Response:
    """What waits for the own office by due time; for regulators by territory."""
    page = paging(cursor)
    rows = await queries.queue(
        visit.session,
        visit.require_actor(),
        region=region if region.isdigit() and len(region) in {2, 4} else None,
        due_before=None,
        after=moment_in(page),
        limit=page.limit + 1,
        now=visit.now,
    )
    items, following = make_page(rows, page, queries.queue_key)
    return visit.page(
        "registration_queue.html",
        items=items,
        next_cursor=following,
        filters={"region": region},
        regulator=visit.has_role("regulator"),
        asked=[] if cursor else await requests.waiting(visit.session, visit.require_actor()),
    )


@router.post("/registrations/{registration_id}/office")
async def act(visit: Visit, registration_id: UUID, form: Posted) -> Response:
    """What a registrar notes and decides besides acceptance and registration."""
    attempt = visit.attempt()
    async with attempt:
        await _act(visit, registration_id, form)
    if attempt.failed:
        return await show(visit, registration_id, attempt.complaints, attempt.status)
    return visit.go(f"/registrations/{registration_id}", "decided")


async def _act(visit: Visitor, registration_id: UUID, form: Form) -> None:
    where = (visit.session, visit.require_actor(), registration_id)
    chosen = form.text("act")
    note = form.text("note")
    if "request" in chosen:
        await _asked(visit, registration_id, form)
    elif chosen == "assess":
        await examining.assess(*where, _assessment(form))
    elif chosen == "dispute":
        await examining.dispute(*where, note)
    elif chosen == "opinion":
        given = {name: form.text(name) for name in ("expert", "institution", "opinion", "note")}
        await examining.give_opinion(*where, OpinionIn.model_validate(given))
    elif chosen == "clear":
        other = {"registration_id": form.text("other"), "note": note}
        await examining.clear(*where, Clearing.model_validate(other))
    elif chosen == "change":
        amount = form.text("technical")
        change = {"basis": note, "technical_fen": parse_yuan(amount) if amount else None}
        await standing.change(*where, Change.model_validate(change))
    elif chosen == "cancel":
        await standing.cancel(*where, note)
    elif chosen == "revoke":
        await standing.revoke(*where, note)
    elif chosen == "object":
        await objections.file(*where, note)
    elif chosen == "review":
        decision = {"outcome": form.text("outcome"), "note": note}
        await objections.review(
            *where, UUID(form.text("objection")), ReviewDecision.model_validate(decision)
        )
    else:
        raise NotFound


async def _asked(visit: Visitor, registration_id: UUID, form: Form) -> None:
    """What an applicant asks for or takes back, and what the office decides about it."""
    where = (visit.session, visit.require_actor(), registration_id)
    chosen = form.text("act")
    if chosen == "request":
        await requests.file(*where, _request(form))
    elif chosen == "withdraw_request":
        await requests.withdraw(*where, identity(form.text("request")))
    else:
        said = {"outcome": form.text("outcome"), "note": form.text("note")}
        request_id = identity(form.text("request"))
        await requests.decide(*where, request_id, RequestDecision.model_validate(said))


def _request(form: Form) -> RequestIn:
    """What the applicant asks for; fields that were left empty stay as they are."""
    values: dict[str, Any] = {"kind": form.text("kind"), "basis": form.text("note")}
    if values["kind"] == RequestKind.CHANGE:
        values |= {
            name: form.text(name) for name in ("title", "valid_until") if form.text(name)
        } | {
            f"{name}_fen": fen(f"body.{name}_fen", form.text(name))
            for name in ("total", "technical")
            if form.text(name)
        }
    return RequestIn.model_validate(values)


def _assessment(form: Form) -> Assessment:
    """The checklist of the chosen class; `kind` is its sub-class, or the class without one."""
    kind = form.text("kind")
    contract_class, _, sub = kind.partition(".")
    answers = {
        name.removeprefix("item-"): Answer(value)
        for name, value in form.values().items()
        if name.startswith("item-") and value in set(Answer)
    }
    return Assessment(
        contract_class=contract_class,
        sub_class=kind if sub else None,
        answers=answers,
        reason=form.text("note"),
    )


@router.get("/verify/registrations/{number}")
async def verify(visit: Visit, number: str, code: str = "") -> Response:
    """Whether a registration is in force; where the QR code of its certificate leads."""
    entry = await queries.register_entry(visit.session, number)
    item = await certificates.verify(visit.session, entry, code or None)
    return visit.page("registration_certificate.html", item=item)


@router.get("/registrations/{registration_id}/certificate")
async def document(visit: Visit, registration_id: UUID) -> Response:
    """The newest certificate as PDF, always as a file to save."""
    number, content = await certificates.document(
        visit.session, visit.require_actor(), registration_id
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{number}.pdf"',
        "Cache-Control": "private, no-store",
    }
    return visit.finish(Response(content, media_type="application/pdf", headers=headers))
