"""Pages of a contract's performance, of its PDF and of signing it with one's own certificate."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.contracts import payments, performance, signing
from app.contracts.performance_schemas import (
    Acceptance,
    Delivery,
    NewDelayNotice,
    NewPayment,
    PaymentAnswer,
    ReportContest,
    ReportFiling,
    TrialDecision,
)
from app.contracts.schemas import CmsUpload, SigningStart
from app.contracts.signing_endpoints import pens
from app.kit.errors import NotFound
from app.web.contracts import show
from app.web.forms import Complaint, fen, identity, whole
from app.web.visit import Form, Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)


@router.post("/contracts/{contract_id}/work")
async def work(visit: Visit, contract_id: UUID, form: Posted) -> Response:
    """What the parties do with a signed contract: hand over, accept, pay, report, demand."""
    visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        await (_money if form.text("act") in _MONEY else _work)(visit, contract_id, form)
    if attempt.failed:
        return await show(visit, contract_id, attempt.complaints, attempt.status)
    return visit.go(f"/contracts/{contract_id}", "saved", "#performance")


_MONEY = frozenset({"payment", "answer_payment", "file", "confirm", "contest"})


async def _work(visit: Visitor, contract_id: UUID, form: Form) -> None:
    where = (visit.session, visit.require_actor(), contract_id)
    chosen, note, now = form.text("act"), form.text("note"), visit.now
    if chosen == "deliver":
        given = Delivery.model_validate({"note": note})
        await performance.deliver(*where, _number(form), given.note, now)
    elif chosen in {"accept", "reject"}:
        answer = Acceptance.model_validate({"accepted": chosen == "accept", "note": note})
        await performance.answer(*where, _number(form), answer, now)
    elif chosen in {"adopt", "return"}:
        said = TrialDecision.model_validate({"adopt": chosen == "adopt", "reason": note})
        await performance.decide_trial(*where, said, now)
    elif chosen == "demand":
        wanted = NewDelayNotice.model_validate({"obligation": note})
        await performance.demand(*where, wanted.obligation, now)
    elif chosen == "cure":
        await performance.cure(*where, identity(form.text("notice")))
    else:
        raise NotFound


async def _money(visit: Visitor, contract_id: UUID, form: Form) -> None:
    where = (visit.session, visit.require_actor(), contract_id)
    chosen, note, now = form.text("act"), form.text("note"), visit.now
    if chosen == "payment":
        values: dict[str, Any] = {
            "kind": form.text("kind"),
            "amount_fen": fen("body.amount_fen", form.text("amount")),
            "received_on": form.text("received_on"),
            "invoice_number": form.text("invoice_number") or None,
            "royalty_report_id": form.text("royalty_report_id") or None,
        }
        await payments.record(*where, NewPayment.model_validate(values), now)
    elif chosen == "answer_payment":
        said = {"confirmed": form.text("confirmed") == "yes", "reason": note}
        payment = identity(form.text("payment"))
        await payments.answer(*where, payment, PaymentAnswer.model_validate(said), now)
    elif chosen == "file":
        base = {"base_fen": fen("body.base_fen", form.text("base"))}
        filing = ReportFiling.model_validate(base)
        await payments.file_report(*where, _number(form), filing.base_fen, now)
    elif chosen == "confirm":
        await payments.answer_report(*where, _number(form), None, now)
    else:
        contest = ReportContest.model_validate({"reason": note})
        await payments.answer_report(*where, _number(form), contest.reason, now)


def _number(form: Form) -> int:
    return whole("body.sequence", form.text("sequence"))


@router.get("/contracts/{contract_id}/document")
async def document(visit: Visit, contract_id: UUID) -> Response:
    """The PDF of the text in force with its signatures, always as a file to save."""
    content = await signing.document(visit.session, visit.require_actor(), contract_id)
    headers = {
        "Content-Disposition": f'attachment; filename="contract-{contract_id}.pdf"',
        "Cache-Control": "private, no-store",
    }
    return visit.finish(Response(content, media_type="application/pdf", headers=headers))


@router.get("/contracts/{contract_id}/verification")
async def verification(visit: Visit, contract_id: UUID) -> Response:
    """Who signed the PDF with which certificate and when, by the library's validator."""
    known = await pens(visit.request.app.state.settings)
    found = await signing.verification(visit.session, visit.require_actor(), contract_id, known)
    return visit.page("contract_verification.html", item=found, contract_id=contract_id)


@router.post("/contracts/{contract_id}/certificate")
async def ask(visit: Visit, contract_id: UUID, form: Posted) -> Response:
    """Ask for the digest to be signed with one's own certificate."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        start = SigningStart.model_validate(
            {"text_sha256": form.text("text_sha256"), "acknowledged": form.texts("acknowledged")}
        )
        made = await signing.ask(visit.session, actor, contract_id, start)
    if attempt.failed:
        return await show(visit, contract_id, attempt.complaints, attempt.status)
    return _request(visit, contract_id, str(made.id), made.digest_sha256, [], 200)


@router.post("/contracts/{contract_id}/certificate/complete")
async def complete(visit: Visit, contract_id: UUID, form: Posted) -> Response:
    """Hand in the CMS object that was made over the digest."""
    actor = visit.require_actor()
    request_id, digest = form.text("request"), form.text("digest")
    attempt = visit.attempt()
    async with attempt:
        upload = CmsUpload.model_validate({"cms_base64": "".join(form.text("cms").split())})
        known = await pens(visit.request.app.state.settings)
        await signing.finish(
            visit.session, actor, contract_id, identity(request_id), upload.cms_base64, known
        )
    if attempt.failed:
        said = attempt.complaints
        return _request(visit, contract_id, request_id, digest, said, attempt.status)
    return visit.go(f"/contracts/{contract_id}", "signed")


def _request(
    visit: Visitor,
    contract_id: UUID,
    request_id: str,
    digest: str,
    said: list[Complaint],
    status: int,
) -> Response:
    visit.here = f"/contracts/{contract_id}"
    return visit.page(
        "contract_signing.html",
        status,
        contract_id=contract_id,
        request_id=request_id,
        digest=digest,
        complaints=said,
    )
