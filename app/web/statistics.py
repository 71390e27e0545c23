"""The page of statistics, and the figures of the front page."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup

from app.kit.errors import Problem
from app.statistics import service
from app.statistics.states import GroupBy
from app.web.charts import Point, bar_chart, column_chart
from app.web.forms import Complaint, complaints
from app.web.render import words
from app.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)
_FLOWS = 30
_YEARS = 12


async def market_figures(visit: Visitor) -> list[tuple[str, str]]:
    """What the front page says of the market."""
    found = await service.summary(visit.session)
    say = words(visit.language)
    figures = [
        (visit.t("累计登记合同", "Contracts registered"), say.count(found.count)),
        (visit.t("合同成交额", "Contract amount"), say.large(found.total_fen)),
        (visit.t("其中技术交易额", "Technical amount"), say.large(found.technical_fen)),
    ]
    if found.years:
        last = max(found.years, key=lambda row: row.year)
        name = visit.t(f"{last.year} 年登记合同", f"Registered in {last.year}")
        figures.append((name, say.count(last.count)))
    return figures


@router.get("/statistics")
async def statistics_page(visit: Visit, first: str = "", last: str = "") -> Response:
    """Figures by year, class, field and region, and the flows between provinces."""
    said: list[Complaint] = []
    span = _day(first), _day(last)
    try:
        shown = await _tables(visit, *span)
    except Problem as problem:
        said = complaints(problem, visit.language)
        shown = await _tables(visit, None, None)
    summary = await service.summary(visit.session)
    return visit.page(
        "statistics.html",
        422 if said else 200,
        summary=summary,
        years=_years(visit, summary),
        filters={"first": first, "last": last},
        complaints=said,
        **shown,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def _tables(visit: Visitor, first: date | None, last: date | None) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, group in (
        ("classes", GroupBy.CONTRACT_CLASS),
        ("fields", GroupBy.TECHNICAL_FIELD),
        ("sellers", GroupBy.SELLER_KIND),
        ("output", GroupBy.SELLER_REGION),
        ("input", GroupBy.BUYER_REGION),
    ):
        found = await service.table(
            visit.session, visit.actor, group, first, last, four_class=False
        )
        shown[name] = found.rows
    for name, zh, en in (
        ("classes", "按合同类别的成交额", "Amount by class of contract"),
        ("fields", "按技术领域的成交额", "Amount by technical field"),
    ):
        shown[name + "_chart"] = _bars(visit, shown[name], visit.t(zh, en))
    flows = await service.flows(visit.session, visit.actor, first, last)
    ordered = sorted(flows.rows, key=lambda row: -(row.total_fen or 0))
    shown["flows"] = ordered[:_FLOWS]
    shown["flow_count"] = len(ordered)
    return shown


def _bars(visit: Visitor, rows: list[Any], title: str) -> Markup:
    say = words(visit.language)
    points = [
        Point(
            visit.t(row.zh, row.en)[: 14 if visit.language == "zh" else 28],
            row.total_fen,
            visit.t("不公布", "withheld") if row.suppressed else say.large(row.total_fen),
        )
        for row in sorted(rows, key=lambda row: -(row.total_fen or 0))
    ]
    return bar_chart(points, title)


def _years(visit: Visitor, summary: Any) -> Markup:
    say = words(visit.language)
    rows = sorted(summary.years, key=lambda row: row.year)[-_YEARS:]
    amounts = [Point(str(row.year), row.total_fen, say.large(row.total_fen)) for row in rows]
    counts = [Point(str(row.year), row.count, say.count(row.count)) for row in rows]
    title = visit.t("各年成交额与登记合同数", "Amount and number of contracts by year")
    return column_chart(amounts, title, counts, visit.t("合同数", "contracts"))
