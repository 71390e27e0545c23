"""The page of statistics, and the figures of the front page."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup

from app.kit.errors import Problem
from app.statistics import queries
from app.statistics.queries import Asked
from app.statistics.schemas import Flows, ProgressView, Row, Table
from app.statistics.states import GroupBy
from app.web.charts import Point, bar_chart, column_chart
from app.web.forms import Complaint, complaints
from app.web.render import words
from app.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)
_LARGEST = 10
"""Provinces that the matrix shows by themselves; the whole is a download."""

_YEARS = 12
_TIMES = {
    "year": (GroupBy.YEAR, 12),
    "quarter": (GroupBy.QUARTER, 12),
    "month": (GroupBy.MONTH, 24),
}
_GROUPS = (
    GroupBy.CONTRACT_CLASS,
    GroupBy.SUB_CLASS,
    GroupBy.TECHNICAL_FIELD,
    GroupBy.IP_TYPE,
    GroupBy.PLAN_CATEGORY,
    GroupBy.OBJECTIVE,
    GroupBy.SELLER_KIND,
    GroupBy.BUYER_KIND,
    GroupBy.SELLER_REGION,
    GroupBy.BUYER_REGION,
    GroupBy.SELLER_AREA,
    GroupBy.BUYER_AREA,
)


async def market_figures(visit: Visitor) -> list[tuple[str, str]]:
    """What the front page says of the market."""
    found = await queries.summary(visit.session, visit.actor)
    say = words(visit.language)
    figures = [(visit.t("累计登记合同", "Contracts registered"), say.count(found.count))]
    if found.published_until is not None or found.years:
        figures += [
            (visit.t("合同成交额", "Contract amount"), _amount(visit, found.total_fen)),
            (visit.t("其中技术交易额", "Technical amount"), _amount(visit, found.technical_fen)),
        ]
    return figures


def _amount(visit: Visitor, fen: int | None) -> str:
    return visit.t("不公布", "withheld") if fen is None else words(visit.language).large(fen)


@router.get("/statistics")
async def statistics_page(
    visit: Visit, first: str = "", last: str = "", by: str = "year", four: str = ""
) -> Response:
    """Figures by all dimensions and periods, the matrix of flows, and the plans' targets."""
    said: list[Complaint] = []
    span = _day(first), _day(last)
    by = by if by in _TIMES else "year"
    try:
        shown = await _tables(visit, *span, by, four_class=bool(four))
    except Problem as problem:
        said = complaints(problem, visit.language)
        shown = await _tables(visit, None, None, by, four_class=bool(four))
    summary = await queries.summary(visit.session, visit.actor)
    return visit.page(
        "statistics.html",
        422 if said else 200,
        summary=summary,
        regulator=queries.sees_all(visit.actor),
        filters={"first": first, "last": last, "by": by, "four": four},
        periods=[
            ("year", visit.t("年", "Year")),
            ("quarter", visit.t("季度", "Quarter")),
            ("month", visit.t("月", "Month")),
        ],
        targets=_targets(visit),
        complaints=said,
        **shown,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def _tables(
    visit: Visitor, first: date | None, last: date | None, by: str, *, four_class: bool
) -> dict[str, Any]:
    over_time, most = _TIMES[by]
    asked = [Asked(group, first, last, four_class) for group in (over_time, *_GROUPS)]
    times, *tables = await queries.tables(visit.session, visit.actor, asked)
    flows = await queries.flows(visit.session, visit.actor, first, last)
    titles = {
        GroupBy.CONTRACT_CLASS: visit.t("按合同类别的成交额", "Amount by class of contract"),
        GroupBy.TECHNICAL_FIELD: visit.t("按技术领域的成交额", "Amount by technical field"),
    }
    return {
        "times": times.rows[-most:][::-1],
        "times_chart": _columns(visit, times.rows[-_YEARS:]),
        "tables": {
            group.value: _sorted(table) for group, table in zip(_GROUPS, tables, strict=True)
        },
        "charts": {
            group.value: _bars(visit, tables[_GROUPS.index(group)].rows, title)
            for group, title in titles.items()
        },
        "total": tables[0].total,
        "matrix": _matrix(flows),
    }


def _sorted(table: Table) -> list[Row]:
    return sorted(table.rows, key=lambda row: (row.suppressed, -(row.total_fen or 0), row.key))


def _bars(visit: Visitor, rows: list[Row], title: str) -> Markup:
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


def _columns(visit: Visitor, rows: list[Row]) -> Markup:
    say = words(visit.language)
    hidden = visit.t("不公布", "withheld")
    amounts = [
        Point(row.key, row.total_fen, hidden if row.suppressed else say.large(row.total_fen))
        for row in rows
    ]
    counts = [
        Point(row.key, row.count, hidden if row.count is None else say.count(row.count))
        for row in rows
    ]
    title = visit.t("各期成交额与登记合同数", "Amount and number of contracts by period")
    return column_chart(amounts, title, counts, visit.t("合同数", "contracts"))


def _matrix(flows: Flows) -> dict[str, Any]:
    """The largest provinces by what goes out and comes in, and the amounts between them."""
    size: dict[str, int] = {}
    cells = {}
    for row in flows.rows:
        cells[row.seller_region, row.buyer_region] = row
        for region in {row.seller_region, row.buyer_region}:
            size[region] = size.get(region, 0) + (row.total_fen or 0)
    largest = sorted(size, key=lambda region: (-size[region], region))[:_LARGEST]
    known = [
        cells[one, other].total_fen or 0
        for one in largest
        for other in largest
        if (one, other) in cells
    ]
    highest = max([1, *known])
    return {
        "regions": largest,
        "of": len(size),
        "published_until": flows.published_until,
        "rows": [
            (one, [_shade(cells.get((one, other)), highest) for other in largest])
            for one in largest
        ],
    }


def _shade(row: Any, highest: int) -> dict[str, Any]:
    """A cell with how dark it is, from 0 to 4."""
    if row is None:
        return {"row": None, "level": 0}
    return {"row": row, "level": -(-4 * max(0, row.total_fen or 0) // highest)}


def _targets(visit: Visitor) -> list[dict[str, Any]]:
    return [{"of": one, "chart": _path(visit, one)} for one in queries.targets().progress]


def _path(visit: Visitor, progress: ProgressView) -> Markup:
    """Bars of what was reached, with the line that the target asked for on the same scale."""
    say = words(visit.language)
    amounts = [
        Point(str(row.year), row.total_fen, say.large(row.total_fen)) for row in progress.years
    ]
    path = [Point(str(row.year), row.path_fen, say.large(row.path_fen)) for row in progress.years]
    title = visit.t("实际(柱)与目标路径(线)", "Reached (bars) and the path to the target (line)")
    return column_chart(amounts, title, path, visit.t("目标路径", "path"), one_scale=True)
