"""SQL of the statistics module."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    Subquery,
    case,
    cast,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.ids import new_id
from app.statistics.models import RegisteredContract as Fact
from app.statistics.rules import FOUR_CLASSES, Cell
from app.statistics.states import GroupBy

TOTAL = ""
"""Key of the cell over a whole table."""


async def add(session: AsyncSession, values: dict[str, Any]) -> None:
    """Add a registered contract, once."""
    await session.execute(
        insert(Fact)
        .values(id=new_id(), **values)
        .on_conflict_do_nothing(index_elements=["registration_id"])
    )


def _dimension(group_by: GroupBy, *, four_class: bool) -> ColumnElement[str]:
    if group_by is GroupBy.YEAR:
        return func.to_char(Fact.registered_on, "YYYY")
    if group_by is GroupBy.MONTH:
        return func.to_char(Fact.registered_on, "YYYY-MM")
    if group_by is GroupBy.CONTRACT_CLASS and four_class:
        return case(FOUR_CLASSES, value=Fact.contract_class, else_=Fact.contract_class)
    column: ColumnElement[str] = Fact.__table__.c[group_by.value]
    return column


def _period(first: date | None, last: date | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if first is not None:
        conditions.append(Fact.registered_on >= first)
    if last is not None:
        conditions.append(Fact.registered_on <= last)
    return conditions


def _facts(
    group_by: GroupBy, first: date | None, last: date | None, *, four_class: bool = False
) -> Subquery:
    """What is counted in a period, with the key of its cell."""
    key = _dimension(group_by, four_class=four_class).label("key")
    return (
        select(key, Fact.seller_id, Fact.buyer_id, Fact.total_fen, Fact.technical_fen)
        .where(*_period(first, last))
        .subquery()
    )


def _figures(source: Any) -> tuple[ColumnElement[Any], ...]:
    """Count, amounts and units of a cell. Sums leave the range of BIGINT, so they come as text."""
    return (
        func.count(),
        cast(func.coalesce(func.sum(source.total_fen), 0), String),
        cast(func.coalesce(func.sum(source.technical_fen), 0), String),
        func.least(
            func.count(func.distinct(source.seller_id)),
            func.count(func.distinct(source.buyer_id)),
        ),
    )


def _cell(key: str, figures: Sequence[Any]) -> Cell:
    count, total, technical, units = figures
    return Cell(
        key=key,
        count=count,
        total_fen=int(total),
        technical_fen=int(technical),
        units=units,
    )


async def table(
    session: AsyncSession,
    group_by: GroupBy,
    first: date | None,
    last: date | None,
    *,
    four_class: bool,
) -> tuple[list[Cell], Cell]:
    """The cells of a one-way table by key, and its total, in one statement."""
    facts = _facts(group_by, first, last, four_class=four_class).c
    is_total = func.grouping(facts.key)
    query = (
        select(facts.key, is_total, *_figures(facts))
        .group_by(func.grouping_sets(tuple_(facts.key), tuple_()))
        .order_by(is_total, facts.key)
    )
    cells: list[Cell] = []
    total = Cell(key=TOTAL, count=0, total_fen=0, technical_fen=0, units=0)
    for key, total_row, *figures in (await session.execute(query)).all():
        if total_row:
            total = _cell(TOTAL, figures)
        else:
            cells.append(_cell(key, figures))
    return cells, total


async def flows(
    session: AsyncSession, first: date | None, last: date | None
) -> list[tuple[str, str, Cell]]:
    """The matrix of provinces, output to input, by both."""
    query = (
        select(Fact.seller_region, Fact.buyer_region, *_figures(Fact))
        .where(*_period(first, last))
        .group_by(Fact.seller_region, Fact.buyer_region)
        .order_by(Fact.seller_region, Fact.buyer_region)
    )
    return [
        (source, target, _cell(f"{source}-{target}", figures))
        for source, target, *figures in (await session.execute(query)).all()
    ]


async def years(session: AsyncSession) -> list[Cell]:
    """Count and amounts of every year, the first one first."""
    facts = _facts(GroupBy.YEAR, None, None).c
    query = select(facts.key, *_figures(facts)).group_by(facts.key).order_by(facts.key)
    return [_cell(key, figures) for key, *figures in (await session.execute(query)).all()]
