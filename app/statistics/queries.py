"""Reading: tables, flows, the summary, progress; the public reads what was published."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import codes
from app.kit.actor import Actor
from app.kit.codes import UnknownCode
from app.parties.states import Role
from app.statistics import repository, rules, series
from app.statistics.rules import Released, Span, Sums
from app.statistics.schemas import (
    Figures,
    Flow,
    Flows,
    ProgressView,
    Row,
    SeriesYearView,
    Summary,
    Table,
    Targets,
    YearFigures,
)
from app.statistics.states import AREAS, FLOW, TIMES, TOTAL, GroupBy, PeriodKind

_LIST_OF = {
    GroupBy.CONTRACT_CLASS: "contract_classes",
    GroupBy.SUB_CLASS: "contract_classes",
    GroupBy.TECHNICAL_FIELD: "technical_fields",
    GroupBy.IP_TYPE: "ip_types",
    GroupBy.PLAN_CATEGORY: "plan_categories",
    GroupBy.OBJECTIVE: "socio_economic_objectives",
    GroupBy.SELLER_KIND: "party_statistics_groups",
    GroupBy.BUYER_KIND: "party_statistics_groups",
    GroupBy.SELLER_REGION: "regions",
    GroupBy.BUYER_REGION: "regions",
}
_CLASSES = frozenset({GroupBy.CONTRACT_CLASS, GroupBy.SUB_CLASS})
_NAMES = {rules.NOT_STATED: ("未填报", "Not stated"), rules.ABROAD: ("国外", "Abroad")}
FIRST_DAY, LAST_DAY = date(1984, 1, 1), date(9998, 12, 31)
"""Technology contracts are registered since the technology market was opened in the 1980s."""
Cells = dict[str, Sums | None]


@dataclass(frozen=True)
class Asked:
    """What a table is asked for; days inclusive."""

    group_by: GroupBy
    first: date | None = None
    last: date | None = None
    four_class: bool = False


def sees_all(actor: Actor | None) -> bool:
    """Regulators see figures that would point to a unit; nobody else does."""
    return actor is not None and Role.REGULATOR in actor.roles


async def table(session: AsyncSession, actor: Actor | None, asked: Asked) -> Table:
    """Registered contracts by one dimension. Raises PeriodReversed, PeriodTooFine."""
    [found] = await tables(session, actor, [asked])
    return found


async def tables(session: AsyncSession, actor: Actor | None, asked: list[Asked]) -> list[Table]:
    """Several tables over the same period, read at once."""
    period = asked[0]
    public = not sees_all(actor)
    rules.check_period(period.first, period.last, public=public)
    source = await _source(session, [one.group_by for one in asked], period, public=public)
    return [_table(one, source) for one in asked]


@dataclass(frozen=True)
class Source:
    """What tables of a period are made of: the period's cells, and those of a year before."""

    published_until: date | None
    now: dict[str, Cells]
    before: dict[str, Cells]
    times: dict[Span, Sums | None]


async def _source(
    session: AsyncSession, groups: list[GroupBy], period: Asked, *, public: bool
) -> Source:
    asked_for = {AREAS.get(one, one) for one in groups if one not in TIMES}
    dimensions = sorted({TOTAL, *(one.value for one in asked_for)})
    first, last = period.first or FIRST_DAY, period.last or LAST_DAY
    closed = period.first is not None and period.last is not None
    if not public:
        now = await _live(session, dimensions, first, last)
        before: dict[str, Cells] = {}
        if closed:
            earlier = rules.year_before(first), rules.year_before(last)
            before = await _live(session, dimensions, *earlier)
        return Source(None, now, before, await _live_times(session, groups, first, last))
    released = await _released(session, dimensions)
    until = _until(released[TOTAL])
    now = {one: _within(released[one], first, last) for one in dimensions}
    before = {}
    if closed and until is not None and last <= until:
        earlier = rules.year_before(first), rules.year_before(last)
        before = {one: _within(released[one], *earlier) for one in dimensions}
    return Source(until, now, before, _released_times(released[TOTAL], groups, first, last))


async def _live(
    session: AsyncSession, dimensions: list[str], first: date, last: date
) -> dict[str, Cells]:
    whole = first.day == 1 and rules.ends_month(last)
    found = await repository.live(session, dimensions, first, last, whole_months=whole)
    return {dimension: dict(cells) for dimension, cells in found.items()}


async def _live_times(
    session: AsyncSession, groups: list[GroupBy], first: date, last: date
) -> dict[Span, Sums | None]:
    """Figures of months, quarters and years within the days, and of the year before them."""
    if not TIMES & set(groups):
        return {}
    start = rules.year_before(first) if first > FIRST_DAY else first
    whole = first.day == 1 and rules.ends_month(last)
    months = await repository.live_months(session, start, last, whole_months=whole)
    found: dict[Span, Sums | None] = {}
    for month, sums in months.items():
        for span in rules.spans_of(month):
            found[span] = (found.get(span) or Sums()) + sums
    return found


async def _released(session: AsyncSession, dimensions: list[str]) -> dict[str, Released]:
    periods = frozenset(await repository.published_spans(session))
    figures: dict[str, dict[tuple[Span, str], Sums | None]] = {one: {} for one in dimensions}
    rows = await repository.published(session, dimensions, FIRST_DAY, LAST_DAY)
    for span, dimension, key, sums in rows:
        figures[dimension][span, key] = sums
    return {one: Released(periods, figures[one]) for one in dimensions}


def _until(released: Released) -> date | None:
    return max((span.last for span in released.periods), default=None)


def _span(released: Released, first: date, last: date) -> tuple[date, date]:
    """The days within which something is published."""
    begin = min((span.first for span in released.periods), default=FIRST_DAY)
    until = _until(released) or begin - timedelta(days=1)
    return max(first, begin), min(last, until)


def _within(released: Released, first: date, last: date) -> Cells:
    """Figures by key over whole months, as they follow from what was published."""
    begin, end = _span(released, first, last)
    spans = tuple(rules.tiles(begin, end))
    keys = released.keys(lambda span: begin <= span.first and span.last <= end)
    return {key: released.sum(spans, key) for key in keys}


def _released_times(
    released: Released, groups: list[GroupBy], first: date, last: date
) -> dict[Span, Sums | None]:
    kinds = {PeriodKind(one.value) for one in groups if one in TIMES}
    begin, end = _span(released, first, last)
    earliest = rules.year_before(begin) if begin > FIRST_DAY else begin
    return {
        span: released.value(span, "")
        for span in sorted(released.periods)
        if span.kind in kinds and earliest <= span.first and span.last <= end
    }


def _table(asked: Asked, source: Source) -> Table:
    if asked.group_by in TIMES:
        rows = _time_rows(asked, source.times)
    else:
        stored = AREAS.get(asked.group_by, asked.group_by)
        now = source.now[stored.value]
        before = source.before.get(stored.value, {})
        if asked.group_by in AREAS:
            now, before = rules.areas(now), rules.areas(before)
        if asked.four_class and asked.group_by in _CLASSES:
            now, before = _merged(now), _merged(before)
        rows = [
            _row(asked.group_by, key, sums, before.get(key) if _comparable(asked) else None)
            for key, sums in now.items()
        ]
    total = source.now[TOTAL].get("", Sums())
    return Table(
        group_by=asked.group_by,
        four_class=asked.four_class,
        first=asked.first,
        last=asked.last,
        published_until=source.published_until,
        rows=rows,
        total=_figures(total),
    )


def _comparable(asked: Asked) -> bool:
    """Whether classes mean the same a year before: licences have had a class since 2021."""
    if asked.group_by not in _CLASSES or asked.four_class:
        return True
    if asked.first is None or asked.last is None:
        return True
    before = rules.year_before(asked.first) < rules.FIVE_CLASSES_FROM
    return not (before and asked.last >= rules.FIVE_CLASSES_FROM)


def _merged(cells: Cells) -> Cells:
    """Licences as transfers; a sum with a withheld part is withheld."""
    merged: Cells = {}
    for key, sums in cells.items():
        name = rules.four_class(key)
        other = merged.get(name, Sums())
        merged[name] = None if sums is None or other is None else other + sums
    return dict(sorted(merged.items()))


def _time_rows(asked: Asked, times: dict[Span, Sums | None]) -> list[Row]:
    kind = PeriodKind(asked.group_by.value)
    rows = []
    for span in sorted(span for span in times if span.kind is kind):
        if asked.first is not None and span.last < asked.first:
            continue
        before = times.get(Span(rules.year_before(span.first), kind))
        rows.append(_row(asked.group_by, span.key, times[span], before))
    return rows


def _row(group_by: GroupBy, key: str, sums: Sums | None, before: Sums | None) -> Row:
    zh, en = name_of(group_by, key)
    mean = sums.total_fen // sums.count if sums is not None and sums.count > 0 else None
    return Row(
        key=key,
        zh=zh,
        en=en,
        mean_fen=mean,
        count_growth_bp=_growth(sums, before, "count"),
        total_growth_bp=_growth(sums, before, "total_fen"),
        technical_growth_bp=_growth(sums, before, "technical_fen"),
        **_figures(sums).model_dump(),
    )


def _growth(now: Sums | None, before: Sums | None, name: str) -> int | None:
    if now is None or before is None:
        return None
    return rules.growth_bp(getattr(now, name), getattr(before, name))


def _figures(sums: Sums | None) -> Figures:
    if sums is None:
        return Figures(count=None, total_fen=None, technical_fen=None, suppressed=True)
    return Figures(
        count=sums.count,
        total_fen=sums.total_fen,
        technical_fen=sums.technical_fen,
        suppressed=False,
    )


def name_of(group_by: GroupBy, key: str) -> tuple[str, str]:
    """A key in Chinese and English."""
    if group_by in AREAS:
        return rules.AREAS[key][:2]
    if group_by in _LIST_OF:
        code = codes.code_list(_LIST_OF[group_by]).get(key)
        if code is not None:
            return code.title("zh"), code.title("en")
    return _NAMES.get(key, (key, key))


def region_zh(code: str) -> str:
    """A province's name; the code of one that is not known."""
    try:
        return codes.province_of(code).title("zh")
    except UnknownCode:
        return _NAMES.get(code, (code, code))[0]


async def flows(
    session: AsyncSession, actor: Actor | None, first: date | None, last: date | None
) -> Flows:
    """The flow matrix of provinces. Raises PeriodReversed, PeriodTooFine.

    It is published by years: for the public the years that the days cover as a whole.
    """
    public = not sees_all(actor)
    rules.check_period(first, last, public=public)
    begin, end = first or FIRST_DAY, last or LAST_DAY
    until: date | None = None
    if public:
        released = (await _released(session, [FLOW]))[FLOW]
        years = frozenset(span for span in released.periods if span.kind is PeriodKind.YEAR)
        until = max((span.last for span in years), default=None)
        inside = tuple(span for span in sorted(years) if begin <= span.first and span.last <= end)
        of_years = Released(years, released.figures)
        keys = of_years.keys(lambda span: span in inside)
        cells: Cells = {key: _sum_of(of_years, inside, key) for key in keys}
    else:
        cells = (await _live(session, [FLOW], begin, end))[FLOW]
    return Flows(first=first, last=last, published_until=until, rows=_flow_rows(cells))


def _sum_of(released: Released, years: Iterable[Span], key: str) -> Sums | None:
    found = Sums()
    for year in years:
        value = released.figures.get((year, key), Sums())
        if value is None:
            return None
        found += value
    return found


def _flow_rows(cells: Cells) -> list[Flow]:
    rows = []
    for key, sums in cells.items():
        source, _, target = key.partition("-")
        rows.append(
            Flow(
                seller_region=source,
                seller_zh=region_zh(source),
                buyer_region=target,
                buyer_zh=region_zh(target),
                **_figures(sums).model_dump(),
            )
        )
    return rows


async def summary(session: AsyncSession, actor: Actor | None) -> Summary:
    """Contracts and amounts by year with growth; the year before is the calendar year before."""
    standing = await repository.live(session, [TOTAL], FIRST_DAY, LAST_DAY)
    asked = Asked(GroupBy.YEAR)
    found = await table(session, actor, asked)
    years = [
        YearFigures(
            year=int(row.key),
            count=row.count,
            total_fen=row.total_fen,
            technical_fen=row.technical_fen,
            count_growth_bp=row.count_growth_bp,
            total_growth_bp=row.total_growth_bp,
            technical_growth_bp=row.technical_growth_bp,
        )
        for row in found.rows
    ]
    return Summary(
        count=standing[TOTAL].get("", Sums()).count,
        published_until=found.published_until,
        total_fen=found.total.total_fen,
        technical_fen=found.total.technical_fen,
        years=years,
    )


def targets() -> Targets:
    """Published series, and how far they came on the way to the plans' targets."""
    return Targets(
        national=[SeriesYearView.model_validate(row) for row in series.series("national")],
        provinces=[SeriesYearView.model_validate(row) for row in series.series("provinces")],
        progress=[
            ProgressView.model_validate(series.progress(target)) for target in series.targets()
        ],
    )
