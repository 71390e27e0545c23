"""Pages of valuations: asking for one, its range, methods and tornado, its report."""

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.achievements import service as achievements
from app.kit.errors import NotFound, Unprocessable
from app.kit.http import PageRequest, cursor_id, make_page
from app.kit.money import format_yuan
from app.listings import queries as listing_queries
from app.listings import service as listings
from app.listings.schemas import ListingEdit
from app.listings.states import ListingState
from app.parties import service as parties
from app.pricing import service, valuation_reports
from app.pricing.schemas import AppraiserSigning, Issue, NewValuation, ValuationView
from app.web import charts
from app.web.forms import Complaint, fen, identity, whole
from app.web.organisations import paging
from app.web.texts import state_name
from app.web.visit import Form, Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)
_INCOME_FIELDS = ("first", "growth", "years", "royalty", "discount", "economic_years")


class BadPercent(Unprocessable):
    """A share in a form is not a number of per cent."""

    code = "bad_percent"
    zh = "应为百分数,例如 18 或 2.5"
    en = "A percentage is needed, such as 18 or 2.5"


def _share(field: str, text: str) -> str:
    """A percentage as a fraction; raises BadPercent."""
    try:
        given = Decimal(text.strip().rstrip("%％"))
    except InvalidOperation:
        raise BadPercent(field=field) from None
    if not given.is_finite() or abs(given) > 10_000:
        raise BadPercent(field=field)
    return str(given / 100)


@router.get("/valuations")
async def valuation_list(visit: Visit, cursor: str = "") -> Response:
    """Valuations that the own party asked for or is to sign."""
    actor = visit.require_actor()
    page = paging(cursor)
    rows = await service.listed(
        visit.session,
        actor,
        achievement_id=None,
        state=None,
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    items, following = make_page(rows, page, lambda row: [row.id])
    return visit.page("valuations.html", items=items, next_cursor=following)


@router.get("/achievements/{achievement_id}/valuation")
async def ask_page(visit: Visit, achievement_id: UUID) -> Response:
    """The form that asks for a valuation of an achievement."""
    visit.require_actor().require_role("trader", "operator")
    return await _form(visit, achievement_id, {}, [], 200)


@router.post("/achievements/{achievement_id}/valuation")
async def ask(visit: Visit, achievement_id: UUID, form: Posted) -> Response:
    """Value the achievement by the approaches that the form fills in."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        values = {"achievement_id": achievement_id, "plan": _plan(form)}
        new = NewValuation.model_validate(values)
        made = await service.ask(visit.session, actor, new, visit.now)
        new_id = made.id
    if attempt.failed:
        return await _form(visit, achievement_id, form.values(), attempt.complaints, attempt.status)
    return visit.go(f"/valuations/{new_id}", "saved")


def _plan(form: Form) -> dict[str, Any]:
    plan: dict[str, Any] = {}
    for name in ("market", "learned"):
        if form.text(name):
            plan[name] = {}
    if any(form.text(name) for name in _INCOME_FIELDS):
        plan["income"] = _income(form)
    if form.text("cost"):
        plan["cost"] = {
            "kind": "replacement",
            "items": [{"name": "研发投入", "amount_fen": fen("body.plan.cost", form.text("cost"))}],
            "profit_rate": _share("body.plan.cost.profit_rate", form.text("profit") or "0"),
            "used_years": whole("body.plan.cost.used_years", form.text("used_years")),
            "remaining_years": whole(
                "body.plan.cost.remaining_years", form.text("remaining_years")
            ),
        }
    return plan


def _income(form: Form) -> dict[str, Any]:
    where = "body.plan.income"
    income: dict[str, Any] = {
        "forecast": {
            "first_fen": fen(f"{where}.forecast.first_fen", form.text("first")),
            "growth": _share(f"{where}.forecast.growth", form.text("growth") or "0"),
            "years": whole(f"{where}.forecast.years", form.text("years")),
        },
        "royalty": {
            "kind": "given",
            "rate": _share(f"{where}.royalty.rate", form.text("royalty")),
        },
        "discount": {
            "kind": "given",
            "rate": _share(f"{where}.discount.rate", form.text("discount")),
        },
    }
    if form.text("economic_years"):
        income["economic_years"] = whole(f"{where}.economic_years", form.text("economic_years"))
    if form.text("target"):
        income["target_fen"] = fen(f"{where}.target_fen", form.text("target"))
    return income


async def _form(
    visit: Visitor,
    achievement_id: UUID,
    values: dict[str, str],
    said: list[Complaint],
    status: int,
) -> Response:
    visit.here = f"/achievements/{achievement_id}/valuation"
    achievement = await achievements.facts(visit.session, achievement_id)
    owners = (achievement.lead_party_id, *achievement.owner_ids)
    if not visit.is_party(*owners) and not visit.has_role("operator"):
        raise NotFound
    return visit.page(
        "valuation_new.html", status, item=achievement, values=values, complaints=said
    )


@router.get("/valuations/{valuation_id}")
async def valuation_page(visit: Visit, valuation_id: UUID) -> Response:
    """One valuation."""
    return await _show(visit, valuation_id, [], 200)


@router.get("/valuations/{valuation_id}/report.pdf")
async def report_document(visit: Visit, valuation_id: UUID) -> Response:
    """The report as PDF."""
    document = await valuation_reports.document(visit.session, visit.require_actor(), valuation_id)
    headers = {
        "Content-Disposition": f'attachment; filename="valuation-{valuation_id}.pdf"',
        "Cache-Control": "private, no-store",
    }
    return visit.finish(Response(document, media_type="application/pdf", headers=headers))


@router.post("/valuations/{valuation_id}/act")
async def act(visit: Visit, valuation_id: UUID, form: Posted) -> Response:
    """What the asker and the appraiser do: name, issue, sign, discard, attach."""
    actor = visit.require_actor()
    chosen = form.text("act")
    attempt = visit.attempt()
    async with attempt:
        where = (visit.session, actor, valuation_id)
        if chosen == "assign":
            appraiser_id = identity(form.text("appraiser_id"))
            await valuation_reports.assign(*where, appraiser_id, visit.now)
        elif chosen == "issue":
            given = Issue.model_validate({"explanation": form.text("explanation")})
            await valuation_reports.issue(*where, given, visit.now)
        elif chosen == "sign":
            names = ("content_sha256", "name", "licence_number")
            signing = AppraiserSigning.model_validate({one: form.text(one) for one in names})
            await valuation_reports.sign(*where, signing, visit.now)
        elif chosen == "attach":
            await _attach(visit, valuation_id, identity(form.text("listing_id")))
        else:
            await service.discard(*where)
    if attempt.failed:
        return await _show(visit, valuation_id, attempt.complaints, attempt.status)
    return visit.go(f"/valuations/{valuation_id}", "signed" if chosen == "sign" else "saved")


async def _attach(visit: Visitor, valuation_id: UUID, listing_id: UUID) -> None:
    """Copy the figure of an issued valuation into an own draft listing of the same achievement."""
    actor = visit.require_actor()
    row = await service.get(visit.session, actor, valuation_id)
    listing = await listings.draft_of(visit.session, actor, listing_id)
    if listing.achievement_id != row.achievement_id:
        raise NotFound
    change = ListingEdit.model_validate(valuation_reports.figure(row).model_dump())
    await listings.edit(visit.session, actor, listing_id, change, listing.version)


async def _show(visit: Visitor, valuation_id: UUID, said: list[Complaint], status: int) -> Response:
    visit.here = f"/valuations/{valuation_id}"
    actor = visit.require_actor()
    row = await service.get(visit.session, actor, valuation_id)
    shown = await service.view(visit.session, row)
    names = await parties.facts_of(
        visit.session, [row.party_id, *([row.appraiser_id] if row.appraiser_id else [])]
    )
    asker = visit.is_party(row.party_id) and visit.has_role("trader", "operator")
    return visit.page(
        "valuation.html",
        status,
        item=shown,
        names=names,
        asker=asker,
        appraiser=visit.is_party(row.appraiser_id) and visit.has_role("trader"),
        drafts=await _drafts(visit, shown) if asker else [],
        ranges=_ranges(visit, shown),
        tornadoes={
            one.approach.value: _tornado(visit, one.figures["tornado"], one.value_fen)
            for one in shown.result.approaches
            if "tornado" in one.figures
        },
        limits=service.limits(),
        complaints=said,
    )


async def _drafts(visit: Visitor, row: ValuationView) -> list[tuple[str, str]]:
    """Own draft listings of the achievement, which can take the figure over."""
    filters = listing_queries.narrowed(
        state=ListingState.DRAFT, seller_id=row.party_id, achievement_id=row.achievement_id
    )
    found = await listing_queries.listed(
        visit.session, visit.actor, filters, "newest", PageRequest(limit=20)
    )
    return [(str(one.id), one.title) for one in found.items]


def _ranges(visit: Visitor, shown: ValuationView) -> Any:
    """The ranges of every approach and of all together."""
    rows = [
        (
            visit.t(*state_name("approach", one.approach.value)),
            one.low_fen,
            one.value_fen,
            one.high_fen,
        )
        for one in shown.result.approaches
    ]
    rows.append((visit.t("综合", "Together"), shown.low_fen, shown.value_fen, shown.high_fen))
    spans = [
        charts.Span(name, low, high, f"{_wan(visit, low)} - {_wan(visit, high)}")
        for name, low, _, high in rows
    ]
    return charts.span_chart(spans, shown.value_fen, visit.t("估值区间", "Ranges"))


def _tornado(visit: Visitor, rows: list[dict[str, Any]], base: int) -> Any:
    """How far each input moves the value, the widest first."""
    spans = []
    for one in rows:
        low, high = sorted((one["value_at_low_fen"], one["value_at_high_fen"]))
        text = f"{_wan(visit, low)} - {_wan(visit, high)}"
        spans.append(
            charts.Span(visit.t(*state_name("pricing_input", one["input"])), low, high, text)
        )
    return charts.span_chart(spans, base, visit.t("敏感性", "Tornado"))


def _wan(visit: Visitor, amount: int) -> str:
    """An amount in 万 for a chart, where there is little room."""
    if visit.language == "zh":
        return f"{amount / 1_000_000:,.1f} 万"
    return format_yuan(amount)[:-3]
