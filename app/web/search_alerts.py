"""Pages of search alerts: saving a search, and the own ones with what they found."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from app.finding import service
from app.finding.schemas import NewSearchAlert, Question
from app.kit.i18n import Language
from app.web.forms import Complaint, identity
from app.web.search import FACETS, MOST_VALUES, value_name
from app.web.visit import Form, Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)


@router.get("/search-alerts")
async def alerts(visit: Visit) -> Response:
    """The own search alerts, with what they found last."""
    return await _show(visit, None, [], 200)


@router.post("/search-alerts")
async def save(visit: Visit, form: Posted) -> Response:
    """Save a search, to be told of new answers."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        values = {
            "name": form.text("name"),
            "question": asked(form),
            "mail": form.text("mail") or None,
        }
        await service.create(visit.session, actor, NewSearchAlert.model_validate(values))
    if attempt.failed:
        return await _show(visit, form, attempt.complaints, attempt.status)
    return visit.go("/search-alerts", "saved")


@router.post("/search-alerts/end")
async def end(visit: Visit, form: Posted) -> Response:
    """End an alert."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        await service.end(visit.session, actor, identity(form.text("alert_id")))
    if attempt.failed:
        return await _show(visit, None, attempt.complaints, attempt.status)
    return visit.go("/search-alerts", "decided")


def asked(form: Form) -> dict[str, Any]:
    """The words and filters of a form."""
    question: dict[str, Any] = {"q": form.text("q")}
    for facet, _, _ in FACETS:
        if values := form.texts(facet.value)[:MOST_VALUES]:
            question[facet.value] = values
    return question


async def _show(visit: Visitor, form: Form | None, said: list[Complaint], status: int) -> Response:
    visit.here = "/search-alerts"
    actor = visit.require_actor()
    rows = await service.own_alerts(visit.session, actor)
    views = [await service.view(visit.session, one) for one in rows]
    again = asked(form) if form is not None else {}
    return visit.page(
        "search_alerts.html",
        status,
        alerts=[(one, described(one.question, visit.language)) for one in views],
        again=form is not None,
        q=again.pop("q", ""),
        kept=[(name, value) for name, values in again.items() for value in values],
        alert_name=form.text("name") if form is not None else "",
        alert_mail=form.text("mail") if form is not None else "",
        complaints=said,
    )


def described(question: dict[str, Any], language: Language) -> list[str]:
    """What an alert asks, for people."""
    wanted = Question.model_validate(question)
    found = [wanted.q] if wanted.q else []
    for name, values in wanted.narrowed().items():
        found += [value_name(name, value, language) for value in values]
    return found
