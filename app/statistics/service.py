"""Use cases: counting what was registered, tables, flows, the summary."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import codes
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.parties.states import Role
from app.registrations import service as registrations
from app.statistics import repository, rules
from app.statistics.rules import Cell
from app.statistics.schemas import Figures, Flow, Flows, Row, Summary, Table, YearFigures
from app.statistics.states import GroupBy

_LIST_OF = {
    GroupBy.CONTRACT_CLASS: "contract_classes",
    GroupBy.TECHNICAL_FIELD: "technical_fields",
    GroupBy.SELLER_REGION: "regions",
    GroupBy.BUYER_REGION: "regions",
}
_KINDS = {
    "university": ("高等院校", "Universities and colleges"),
    "institute": ("科研机构", "Research institutes"),
    "enterprise": ("企业法人", "Enterprises"),
    "broker": ("技术经纪机构", "Technology brokers"),
}


_NOTHING = Cell(key="", count=None, total_fen=None, technical_fen=None, units=0)


async def count(session: AsyncSession, registration_id: UUID) -> None:
    """Count a registered contract, once; raises NotFound unless it is registered."""
    found = await registrations.facts(session, registration_id)
    await repository.add(
        session,
        {
            "registration_id": found.id,
            "number": found.number,
            "contract_class": found.contract_class,
            "sub_class": found.sub_class,
            "technical_field": found.technical_field,
            "total_fen": found.total_fen,
            "technical_fen": found.technical_fen,
            "seller_id": found.seller_id,
            "seller_kind": found.seller_kind,
            "seller_region": codes.province_of(found.seller_region).code,
            "buyer_id": found.buyer_id,
            "buyer_kind": found.buyer_kind,
            "buyer_region": codes.province_of(found.buyer_region).code,
            "office_id": found.office_id,
            "registered_at": found.registered_at,
            "registered_on": local_day(found.registered_at),
            "signed_at": found.signed_at,
        },
    )


def sees_all(actor: Actor | None) -> bool:
    """Regulators see figures that would point to a unit; nobody else does."""
    return actor is not None and Role.REGULATOR in actor.roles


async def table(
    session: AsyncSession,
    actor: Actor | None,
    group_by: GroupBy,
    first: date | None,
    last: date | None,
    *,
    four_class: bool,
) -> Table:
    """Registered contracts by one dimension. Raises PeriodReversed, PeriodTooFine."""
    public = not sees_all(actor)
    rules.check_period(first, last, public=public)
    cells, total = await repository.table(session, group_by, first, last, four_class=four_class)
    if public and rules.is_secret(group_by, first, last):
        cells = rules.suppress(cells, one_way=True)
        [total] = rules.suppress([total], one_way=False) if total.count else [total]
    return Table(
        group_by=group_by,
        four_class=four_class,
        first=first,
        last=last,
        rows=[_row(group_by, cell) for cell in cells],
        total=_figures(total),
    )


def _row(group_by: GroupBy, cell: Cell) -> Row:
    zh = en = cell.key
    if group_by is GroupBy.SELLER_KIND:
        zh, en = _KINDS.get(cell.key, (cell.key, cell.key))
    elif group_by in _LIST_OF:
        code = codes.code_list(_LIST_OF[group_by]).get(cell.key)
        if code is not None:
            zh, en = code.title("zh"), code.title("en")
    return Row(key=cell.key, zh=zh, en=en, **_figures(cell).model_dump())


def _figures(cell: Cell) -> Figures:
    return Figures(
        count=cell.count,
        total_fen=cell.total_fen,
        technical_fen=cell.technical_fen,
        suppressed=cell.suppressed,
    )


async def flows(
    session: AsyncSession, actor: Actor | None, first: date | None, last: date | None
) -> Flows:
    """The flow matrix of provinces. Raises PeriodReversed, PeriodTooFine."""
    public = not sees_all(actor)
    rules.check_period(first, last, public=public)
    found = await repository.flows(session, first, last)
    cells: Sequence[Cell] = [cell for _, _, cell in found]
    if public:
        cells = rules.suppress(cells, one_way=False)
    return Flows(
        first=first,
        last=last,
        rows=[
            Flow(
                seller_region=source,
                seller_zh=codes.province_of(source).title("zh"),
                buyer_region=target,
                buyer_zh=codes.province_of(target).title("zh"),
                **_figures(cell).model_dump(),
            )
            for (source, target, _), cell in zip(found, cells, strict=True)
        ],
    )


async def summary(session: AsyncSession) -> Summary:
    """Count and amounts by year with growth; the year before is the calendar year before."""
    found = {int(cell.key): cell for cell in await repository.years(session)}
    years: list[YearFigures] = []
    for year, cell in found.items():
        before = found.get(year - 1, _NOTHING)
        years.append(
            YearFigures(
                year=year,
                count=cell.count or 0,
                total_fen=cell.total_fen or 0,
                technical_fen=cell.technical_fen or 0,
                count_growth_bp=rules.growth_bp(cell.count or 0, before.count),
                total_growth_bp=rules.growth_bp(cell.total_fen or 0, before.total_fen),
                technical_growth_bp=rules.growth_bp(cell.technical_fen or 0, before.technical_fen),
            )
        )
    return Summary(
        count=sum(row.count for row in years),
        total_fen=sum(row.total_fen for row in years),
        technical_fen=sum(row.technical_fen for row in years),
        years=years,
    )


def as_csv(names: Sequence[str], rows: Iterable[dict[str, object]]) -> str:
    """Rows as CSV (RFC 4180) with a heading; a withheld figure is an empty field."""
    out = io.StringIO()
    writer = csv.DictWriter(out, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
