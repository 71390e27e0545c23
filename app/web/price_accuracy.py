"""The public page on how good estimates were: figures, charts, the model in use, its alarm."""

import math
from datetime import date
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup

from app.kit import codes
from app.kit.errors import Problem
from app.pricing import accuracy, market_models
from app.pricing.model_schemas import Accuracy, Cell, MarketModelView, Series
from app.web.charts import Point, bar_chart, column_chart
from app.web.forms import Complaint, complaints
from app.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)
_QUARTERS = 8
_MODELS = 10
_KINDS = {
    "university": ("高校", "University"),
    "institute": ("科研院所", "Institute"),
    "enterprise": ("企业", "Enterprise"),
    "broker": ("技术转移机构", "Broker"),
}


@router.get("/price-accuracy")
async def price_accuracy(visit: Visit, first: str = "", last: str = "") -> Response:
    """The report on a period, for everyone."""
    said: list[Complaint] = []
    try:
        found = await accuracy.report(visit.session, _day(first), _day(last), visit.now)
    except Problem as problem:
        said = complaints(problem, visit.language)
        found = await accuracy.report(visit.session, None, None, visit.now)
    in_use = found.in_use
    model = None if in_use is None else await market_models.get(visit.session, in_use.id)
    return visit.page(
        "price_accuracy.html",
        422 if said else 200,
        report=found,
        model=model,
        models=await market_models.listed(visit.session, None, _MODELS),
        coverage_chart=_coverage(visit, found.model),
        error_chart=_errors(visit, found.model.by_field),
        fields=_rows(visit, found, "by_field"),
        sellers=_rows(visit, found, "by_seller"),
        tested=_tested(visit, model),
        alarm=_alarm(visit, model),
        percent=_percent,
        share=_share,
        filters={"first": first, "last": last},
        complaints=said,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _percent(error: float | None, *, signed: bool = False) -> str:
    """An error of logarithms as per cent of the price."""
    if error is None:
        return "—"
    value = (math.exp(error) - 1) * 100
    return f"{value:+.1f}%" if signed else f"{value:.1f}%"


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value * 100:.1f}%"


def _name(visit: Visitor, key: str) -> str:
    if key in _KINDS:
        return visit.t(*_KINDS[key])
    entry = codes.code_list("technical_fields").get(key)
    return key if entry is None else entry.title(visit.language)


def _coverage(visit: Visitor, series: Series) -> Markup | None:
    """Coverage of the model's intervals by quarter, with the line that it should keep to."""
    known = [(key, cell) for key, cell in sorted(series.by_quarter.items()) if cell.deals]
    if not known:
        return None
    bars = [
        Point(key, round((cell.coverage or 0) * 1000), _share(cell.coverage))
        for key, cell in known[-_QUARTERS:]
    ]
    line = [Point(bar.label, 800, "80%") for bar in bars]
    title = visit.t(
        "各季度落入80%区间的成交占比", "Share of prices in the 80 % interval by quarter"
    )
    return column_chart(bars, title, line, visit.t("应为80%", "should be 80 %"), one_scale=True)


def _errors(visit: Visitor, cells: dict[str, Cell]) -> Markup | None:
    """Median error of the model by field, the smallest first."""
    known = [(key, cell.median_error) for key, cell in cells.items() if cell.median_error]
    if not known:
        return None
    points = [
        Point(_name(visit, key)[:28], round(error * 10_000), _percent(error))
        for key, error in sorted(known, key=lambda one: one[1])
    ]
    return bar_chart(points, visit.t("各领域误差中位数", "Median error by technical field"))


def _rows(visit: Visitor, found: Accuracy, group: str) -> list[tuple[str, Cell, Cell, Cell]]:
    """A row for each category: the model, the valuations, the asking prices."""
    tables = [getattr(one, group) for one in (found.model, found.valuation, found.asked)]
    nothing = Cell(deals=0, coverage=None, median_error=None, bias=None)
    keys = sorted(set().union(*tables))
    return [(_name(visit, key), *[one.get(key, nothing) for one in tables]) for key in keys]


def _tested(visit: Visitor, model: MarketModelView | None) -> list[tuple[str, Cell]]:
    if model is None:
        return []
    return [(_name(visit, key), cell) for key, cell in sorted(model.backtest.by_field.items())]


def _alarm(visit: Visitor, model: MarketModelView | None) -> str | None:
    """What is wrong with the model in use, in words."""
    if model is None or model.alarm is None:
        return None
    found: dict[str, Any] = model.alarm
    said = []
    if "coverage" in found["reasons"]:
        low, high = found["inside_limits"]
        said.append(
            visit.t(
                f"最近 {found['deals']} 个成交中 {found['inside']} 个落入80%区间,"
                f"应在 {low} 至 {high} 之间",
                f"of the last {found['deals']} deals {found['inside']} are in the 80 % interval; "
                f"it should be {low} to {high}",
            )
        )
    if "bias" in found["reasons"]:
        low, high = found["above_limits"]
        said.append(
            visit.t(
                f"有 {found['above']} 个高于中位估计,应在 {low} 至 {high} 之间",
                f"{found['above']} are above the median estimate; it should be {low} to {high}",
            )
        )
    return visit.t(";", "; ").join(said)
