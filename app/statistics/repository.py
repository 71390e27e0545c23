"""SQL of the statistics module: the journal, its aggregates, and what was published."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.ids import new_id
from app.statistics.models import Entry, Pending, Period, Published
from app.statistics.rules import Span, Sums
from app.statistics.states import DIMENSIONS, FLOW, TOTAL, PeriodKind, Withheld

_BOOKING = 7_302_401
_COMPACTING = 7_302_402
"""Keys of advisory locks: lines against the closing of periods, and one compaction at a time."""


def key_of(dimension: str) -> str:
    """A line's key in a dimension, as SQL over the line `e`."""
    if dimension == TOTAL:
        return "''"
    return "e.seller_region || '-' || e.buyer_region" if dimension == FLOW else f"e.{dimension}"


_EXPLODED = (
    "CROSS JOIN LATERAL (VALUES "
    + ", ".join(f"('{one}', {key_of(one)})" for one in DIMENSIONS)
    + ") AS d (dimension, key)"
)
_SIGNED = "sum(e.sign), sum(e.sign * e.total_fen::numeric), sum(e.sign * e.technical_fen::numeric)"


@dataclass(frozen=True)
class Grouped:
    """A cell of a period to be published: its sums, and the units behind it."""

    key: str
    sums: Sums
    units: int


async def hold(session: AsyncSession, registration_id: UUID) -> None:
    """Until the transaction's end, let nobody else count this registration, and no period close.

    Other registrations may be counted meanwhile.
    """
    key = func.hashtextextended(f"statistics:{registration_id}", 0)
    await session.execute(
        select(func.pg_advisory_xact_lock(key), func.pg_advisory_xact_lock_shared(_BOOKING))
    )


async def hold_lines(session: AsyncSession) -> None:
    """Wait for everyone who counts, and keep others from it until the transaction's end."""
    await session.execute(select(func.pg_advisory_xact_lock(_BOOKING)))


async def last_line(session: AsyncSession, registration_id: UUID) -> Entry | None:
    """The newest line of a registration; of one revision the line that takes away."""
    query = select(Entry).where(Entry.registration_id == registration_id)
    query = query.order_by(Entry.revision.desc(), Entry.sign).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def add_lines(session: AsyncSession, lines: Sequence[Mapping[str, Any]]) -> None:
    """Add lines to the journal; they wait for their aggregates."""
    rows = [{"id": new_id()} | dict(line) for line in lines]
    await session.execute(insert(Entry), rows)
    await session.execute(insert(Pending), [{"entry_id": row["id"]} for row in rows])


async def open_spans(session: AsyncSession, spans: Sequence[Span]) -> None:
    """Make sure that periods are there to be closed and published."""
    query = select(Period.kind, Period.first).where(
        Period.first.in_({span.first for span in spans})
    )
    known = {(kind, first) for kind, first in (await session.execute(query)).all()}
    missing = [span for span in spans if (span.kind.value, span.first) not in known]
    if missing:
        rows = [
            {
                "id": new_id(),
                "kind": span.kind.value,
                "first": span.first,
                "last": span.last,
                "closes_at": span.closes_at,
            }
            for span in missing
        ]
        await session.execute(insert(Period).values(rows).on_conflict_do_nothing())


async def booked_months(session: AsyncSession) -> Sequence[date]:
    """The months that have lines."""
    return (await session.execute(select(Entry.booked_month).distinct())).scalars().all()


async def oldest_pending(session: AsyncSession, _now: datetime, _limit: int) -> Sequence[UUID]:
    """One waiting line, if there is any: it stands for all of them."""
    query = select(Pending.entry_id).order_by(Pending.entry_id).limit(1)
    return (await session.execute(query)).scalars().all()


_COMPACT = text(
    "WITH taken AS (DELETE FROM statistics_pending WHERE entry_id IN (SELECT entry_id"
    " FROM statistics_pending ORDER BY entry_id LIMIT :most FOR UPDATE SKIP LOCKED)"
    " RETURNING entry_id)"
    " INSERT INTO statistics_cell (month, dimension, key, contracts, total_fen, technical_fen)"
    f" SELECT date_trunc('month', e.registered_on)::date, d.dimension, d.key, {_SIGNED}"
    f" FROM taken JOIN statistics_entry AS e ON e.id = taken.entry_id {_EXPLODED}"
    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    " ON CONFLICT (month, dimension, key) DO UPDATE SET"
    " contracts = statistics_cell.contracts + EXCLUDED.contracts,"
    " total_fen = statistics_cell.total_fen + EXCLUDED.total_fen,"
    " technical_fen = statistics_cell.technical_fen + EXCLUDED.technical_fen"
)


async def compact(session: AsyncSession, most: int) -> None:
    """Add at most so many waiting lines to the aggregates, unless another process is at it."""
    free = await session.scalar(select(func.pg_try_advisory_xact_lock(_COMPACTING)))
    if free:
        await session.execute(_COMPACT, {"most": most})


_FROM_JOURNAL = (
    f"SELECT date_trunc('month', e.registered_on)::date AS month, d.dimension, d.key, {_SIGNED}"
    f" FROM statistics_entry AS e {_EXPLODED} GROUP BY 1, 2, 3"
)


async def rebuild(session: AsyncSession) -> int:
    """Compute all aggregates from the journal anew; returns how many cells there are."""
    await hold_lines(session)
    await session.execute(select(func.pg_advisory_xact_lock(_COMPACTING)))
    await session.execute(text("DELETE FROM statistics_pending"))
    await session.execute(text("DELETE FROM statistics_cell"))
    made = await session.execute(
        text(
            "INSERT INTO statistics_cell"
            " (month, dimension, key, contracts, total_fen, technical_fen) " + _FROM_JOURNAL
        )
    )
    return int(getattr(made, "rowcount", 0))


async def differences(session: AsyncSession, limit: int) -> list[tuple[date, str, str]]:
    """Cells that, with what waits, are not what the journal says: month, dimension and key."""
    query = text(
        "WITH held AS (SELECT month, dimension, key, sum(contracts) AS n, sum(total_fen) AS total,"
        " sum(technical_fen) AS technical FROM (SELECT * FROM statistics_cell UNION ALL"
        f" SELECT date_trunc('month', e.registered_on)::date, d.dimension, d.key, e.sign,"
        " e.sign * e.total_fen::numeric, e.sign * e.technical_fen::numeric"
        " FROM statistics_pending AS p JOIN statistics_entry AS e ON e.id = p.entry_id"
        f" {_EXPLODED}) AS parts GROUP BY 1, 2, 3), meant (month, dimension, key, n, total,"
        f" technical) AS ({_FROM_JOURNAL})"
        " SELECT month, dimension, key FROM held FULL JOIN meant USING (month, dimension, key)"
        " WHERE (COALESCE(held.n, 0), COALESCE(held.total, 0), COALESCE(held.technical, 0))"
        " <> (COALESCE(meant.n, 0), COALESCE(meant.total, 0), COALESCE(meant.technical, 0))"
        " ORDER BY 1, 2, 3 LIMIT :most"
    )
    return [tuple(row) for row in (await session.execute(query, {"most": limit})).all()]


async def counted(session: AsyncSession, registration_ids: Sequence[UUID]) -> dict[UUID, Entry]:
    """The line in force of each of these registrations that is counted."""
    query = (
        select(Entry)
        .where(Entry.registration_id.in_(registration_ids))
        .ext(distinct_on(Entry.registration_id))
        .order_by(Entry.registration_id, Entry.revision.desc(), Entry.sign)
    )
    rows = (await session.execute(query)).scalars()
    return {row.registration_id: row for row in rows if row.sign == 1}


_AND_WAITING = (
    " UNION ALL SELECT date_trunc('month', e.registered_on)::date, d.dimension, d.key, e.sign,"
    " e.sign * e.total_fen::numeric, e.sign * e.technical_fen::numeric"
    " FROM statistics_pending AS p JOIN statistics_entry AS e ON e.id = p.entry_id"
    f" {_EXPLODED} WHERE d.dimension = ANY(:dimensions)"
    " AND e.registered_on BETWEEN :first AND :last"
)
_LIVE = (
    "FROM (SELECT month, dimension, key, contracts, total_fen, technical_fen FROM statistics_cell"
    " WHERE dimension = ANY(:dimensions) AND month BETWEEN :first AND :last"
    + _AND_WAITING
    + ") AS parts (month, dimension, key, contracts, total_fen, technical_fen)"
)
_DAYS = (
    "FROM (SELECT date_trunc('month', e.registered_on)::date, d.dimension, d.key, e.sign,"
    f" e.sign * e.total_fen::numeric, e.sign * e.technical_fen::numeric"
    f" FROM statistics_entry AS e {_EXPLODED} WHERE d.dimension = ANY(:dimensions)"
    " AND e.registered_on BETWEEN :first AND :last"
    ") AS parts (month, dimension, key, contracts, total_fen, technical_fen)"
)
_SUMS = "sum(contracts), sum(total_fen), sum(technical_fen)"


async def live(
    session: AsyncSession,
    dimensions: Sequence[str],
    first: date,
    last: date,
    *,
    whole_months: bool = True,
) -> dict[str, dict[str, Sums]]:
    """What is registered in a period by its day of registration: cells by dimension and key.

    Whole months come from the aggregates and from what waits for them, days from the journal.
    """
    source = _LIVE if whole_months else _DAYS
    query = text(
        f"SELECT dimension, key, {_SUMS} {source} GROUP BY 1, 2"
        " HAVING sum(contracts) <> 0 OR sum(total_fen) <> 0 ORDER BY 1, 2"
    ).bindparams(bindparam("dimensions", type_=ARRAY(Text)))
    given = {"dimensions": list(dimensions), "first": first, "last": last}
    found: dict[str, dict[str, Sums]] = {one: {} for one in dimensions}
    for dimension, key, *figures in (await session.execute(query, given)).all():
        found[dimension][key] = _sums(figures)
    return found


async def live_months(
    session: AsyncSession, first: date, last: date, *, whole_months: bool = True
) -> dict[date, Sums]:
    """What is registered by month of registration, the first one first."""
    source = _LIVE if whole_months else _DAYS
    query = text(
        f"SELECT month, {_SUMS} {source} GROUP BY 1 HAVING sum(contracts) <> 0 ORDER BY 1"
    ).bindparams(bindparam("dimensions", type_=ARRAY(Text)))
    given = {"dimensions": [TOTAL], "first": first, "last": last}
    rows = (await session.execute(query, given)).all()
    return {month: _sums(figures) for month, *figures in rows}


def _sums(figures: Sequence[Any]) -> Sums:
    count, total, technical = figures
    return Sums(int(count), int(total), int(technical))


async def due_period(session: AsyncSession, now: datetime, _limit: int) -> Sequence[UUID]:
    """The next period to be closed or published; later ones wait for it."""
    query = select(Period.id).where(Period.published_at.is_(None), Period.closes_at <= now)
    return (await session.execute(_in_turn(query).limit(1))).scalars().all()


def _in_turn(query: Any) -> Any:
    """A month before the quarter that ends with it, that before its year."""
    return query.order_by(Period.closes_at, Period.first.desc())


async def lock_due_period(session: AsyncSession, period_id: UUID, now: datetime) -> Period | None:
    """The period, if it is still the next one and no other process has it."""
    if list(await due_period(session, now, 1)) != [period_id]:
        return None
    query = (
        select(Period)
        .where(Period.id == period_id, Period.published_at.is_(None))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def mark(session: AsyncSession, period_id: UUID, **values: datetime) -> None:
    """Note when a period was closed or published."""
    await session.execute(update(Period).where(Period.id == period_id).values(**values))


async def to_publish(session: AsyncSession, dimension: str, span: Span) -> list[Grouped]:
    """The cells of a dimension over the lines booked in a period, with their units.

    What was added and taken away within the period is not there: it gives a cell no unit.
    """
    query = text(
        f"SELECT {key_of(dimension)} AS key, {_SIGNED},"
        " least(count(DISTINCT e.seller_id), count(DISTINCT e.buyer_id))"
        " FROM statistics_entry AS e WHERE e.booked_month BETWEEN :first AND :last"
        " AND NOT EXISTS (SELECT FROM statistics_entry AS other"
        " WHERE other.registration_id = e.registration_id AND other.revision = e.revision"
        " AND other.sign = -e.sign AND other.booked_month BETWEEN :first AND :last)"
        " GROUP BY 1 ORDER BY 1"
    )
    rows = (await session.execute(query, {"first": span.first, "last": span.last})).all()
    return [Grouped(key, _sums(figures), units) for key, *figures, units in rows]


async def publish(
    session: AsyncSession,
    period_id: UUID,
    dimension: str,
    cells: Iterable[tuple[str, Sums, Withheld | None]],
) -> None:
    """Store a table as it is published; a withheld cell keeps no figures."""
    rows = [
        {
            "period_id": period_id,
            "dimension": dimension,
            "key": key,
            "contracts": None if withheld else sums.count,
            "total_fen": None if withheld else sums.total_fen,
            "technical_fen": None if withheld else sums.technical_fen,
            "withheld": withheld,
        }
        for key, sums, withheld in cells
    ]
    if rows:
        await session.execute(insert(Published), rows)


async def withheld_of_year(
    session: AsyncSession, year: int
) -> dict[Span, dict[str, dict[str, Withheld | None]]]:
    """What was published of a year: whether each cell is withheld, by period and dimension."""
    found: dict[Span, dict[str, dict[str, Withheld | None]]] = {
        span: {} for span in await published_spans(session) if span.first.year == year
    }
    query = (
        select(Period.kind, Period.first, Published.dimension, Published.key, Published.withheld)
        .join(Published, Published.period_id == Period.id)
        .where(Period.first.between(date(year, 1, 1), date(year, 12, 31)))
    )
    for kind, first, dimension, key, withheld in (await session.execute(query)).all():
        column = found[Span(first, PeriodKind(kind))].setdefault(dimension, {})
        column[key] = None if withheld is None else Withheld(withheld)
    return found


async def published_spans(session: AsyncSession) -> list[Span]:
    """The periods that are published, the first one first."""
    query = select(Period.first, Period.kind).where(Period.published_at.is_not(None))
    rows = (await session.execute(query.order_by(Period.first))).all()
    return [Span(first, PeriodKind(kind)) for first, kind in rows]


async def published(
    session: AsyncSession, dimensions: Sequence[str], first: date, last: date
) -> list[tuple[Span, str, str, Sums | None]]:
    """Published cells of periods within two days: dimension, key, figures; None is withheld."""
    query = (
        select(
            Period.kind,
            Period.first,
            Published.dimension,
            Published.key,
            Published.contracts,
            Published.total_fen,
            Published.technical_fen,
        )
        .join(Published, Published.period_id == Period.id)
        .where(Published.dimension.in_(dimensions), Period.first >= first, Period.last <= last)
    )
    return [
        (
            Span(begin, PeriodKind(kind)),
            dimension,
            key,
            None if count is None else _sums((count, total, technical)),
        )
        for kind, begin, dimension, key, count, total, technical in (
            await session.execute(query)
        ).all()
    ]


EXPORTED = (
    "number",
    "registered_on",
    "signed_on",
    "contract_class",
    "sub_class",
    "technical_field",
    "ip_type",
    "plan_category",
    "objective",
    "total_fen",
    "technical_fen",
    "seller_kind",
    "seller_region",
    "buyer_kind",
    "buyer_region",
)
"""Columns of an export."""


async def exported(
    session: AsyncSession, first: date, last: date, batch: int
) -> AsyncIterator[Sequence[Row[Any]]]:
    """The lines in force of a period by number, in batches from the server's cursor."""
    columns = ", ".join(
        "(e.signed_at AT TIME ZONE 'Asia/Shanghai')::date" if one == "signed_on" else f"e.{one}"
        for one in EXPORTED
    )
    query = text(
        f"SELECT {columns} FROM statistics_entry AS e WHERE e.sign = 1"
        " AND e.registered_on BETWEEN :first AND :last AND NOT EXISTS (SELECT"
        " FROM statistics_entry AS other WHERE other.registration_id = e.registration_id"
        " AND other.revision = e.revision AND other.sign = -1) ORDER BY e.registered_on, e.number"
    )
    result = await session.stream(query, {"first": first, "last": last})
    async for rows in result.partitions(batch):
        yield rows
