"""Use cases: counting what was registered, closing and publishing periods, checking the whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock, codes, jobs
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.registrations import service as registrations
from app.registrations.facts import RegistrationFacts
from app.statistics import repository, rules, suppression
from app.statistics.models import Entry
from app.statistics.rules import Span
from app.statistics.states import DIMENSIONS, FLOW, PeriodKind
from app.statistics.suppression import NewCell

COMPACTED_AT_ONCE = 5_000
CHECKED_AT_ONCE = 2_000
SHOWN_DIFFERENCES = 100
_COUNTED = tuple(
    name
    for name in Entry.__table__.columns.keys()  # noqa: SIM118 -- a collection, not a dict
    if name not in {"id", "created_at", "revision", "sign", "booked_month"}
)


async def recount(session: AsyncSession, registration_id: UUID) -> None:
    """Bring the journal in step with a registration's present state; again and again the same.

    What was counted of it before is taken away as it was added; what stands now is added. A
    registration without a number, or one that fell, counts for nothing.
    """
    await repository.hold(session, registration_id)
    now = await clock.now(session)
    present = await _present(session, registration_id)
    last = await repository.last_line(session, registration_id)
    before = None if last is None or last.sign < 0 else _values(last)
    if present == before:
        return
    lines: list[dict[str, Any]] = []
    revision = 0 if last is None else last.revision
    if before is not None:
        lines.append(before | {"revision": revision, "sign": -1})
    if present is not None:
        lines.append(present | {"revision": revision + 1, "sign": 1})
    for line in lines:
        line["booked_month"] = rules.booked_month(line["registered_on"], now)
    spans = {span for line in lines for span in rules.spans_of(line["booked_month"])}
    await repository.open_spans(session, sorted(spans))
    await repository.add_lines(session, lines)


async def _present(session: AsyncSession, registration_id: UUID) -> dict[str, Any] | None:
    """What of a registration counts now."""
    try:
        found = await registrations.facts(session, registration_id)
    except NotFound:
        return None
    return contribution(found) if rules.counts(found.state) else None


def _province(region: str) -> str:
    """The province of a region; a party abroad has none (form JJ-001)."""
    return region if region == rules.ABROAD else codes.province_of(region).code


def contribution(found: RegistrationFacts) -> dict[str, Any]:
    """A registration as a line of the journal counts it."""
    return {
        "registration_id": found.id,
        "number": found.number,
        "contract_class": found.contract_class,
        "sub_class": found.sub_class or found.contract_class,
        "technical_field": found.technical_field,
        "ip_type": found.ip_type or rules.NOT_STATED,
        "plan_category": found.plan_category or rules.NOT_STATED,
        "objective": found.objective or rules.NOT_STATED,
        "total_fen": found.total_fen,
        "technical_fen": found.technical_fen,
        "seller_id": found.seller_id,
        "seller_kind": rules.party_group(found.seller_kind, found.seller_type, found.seller_code),
        "seller_region": _province(found.seller_region),
        "buyer_id": found.buyer_id,
        "buyer_kind": rules.party_group(found.buyer_kind, found.buyer_type, found.buyer_code),
        "buyer_region": _province(found.buyer_region),
        "office_id": found.office_id,
        "registered_at": found.registered_at,
        "registered_on": local_day(found.registered_at),
        "signed_at": found.signed_at,
    }


def _values(line: Entry) -> dict[str, Any]:
    return {name: getattr(line, name) for name in _COUNTED}


async def compact(session: AsyncSession, _pending: UUID, _now: datetime) -> None:
    """Add what waits to the aggregates."""
    await repository.compact(session, COMPACTED_AT_ONCE)


async def close_or_publish(session: AsyncSession, period_id: UUID, now: datetime) -> None:
    """Close a period that is over, in a transaction of its own; the next call publishes it.

    Counting waits only for the closing. From then on nothing is booked in the period, so that its
    tables are computed without a lock.
    """
    period = await repository.lock_due_period(session, period_id, now)
    if period is None:
        return
    if period.closed_at is None:
        await repository.hold_lines(session)
        await repository.mark(session, period.id, closed_at=now)
        return
    span = Span(period.first, PeriodKind(period.kind))
    dimensions = [one for one in DIMENSIONS if one != FLOW or span.kind is PeriodKind.YEAR]
    cells = {one: await repository.to_publish(session, one, span) for one in dimensions}
    decided = suppression.withhold(
        span,
        {
            dimension: {row.key: NewCell(row.units, row.sums.total_fen) for row in rows}
            for dimension, rows in cells.items()
        },
        await repository.withheld_of_year(session, span.first.year),
    )
    for dimension, rows in cells.items():
        table = [(row.key, row.sums, decided[dimension][row.key]) for row in rows]
        await repository.publish(session, period.id, dimension, table)
    await repository.mark(session, period.id, published_at=now)


@dataclass(frozen=True)
class Check:
    """What a comparison of the whole found.

    `cells` are aggregates that differ from the journal (month, dimension, key); `registrations`
    are those whose line in force is not what they say now. Both are cut off at a hundred.
    """

    checked: int
    cells: Sequence[tuple[date, str, str]]
    registrations: Sequence[UUID]

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not self.cells and not self.registrations


async def verify(session: AsyncSession) -> Check:
    """Compare the aggregates with the journal, and the journal with the register."""
    cells = await repository.differences(session, SHOWN_DIFFERENCES)
    checked, wrong = await _compare(session)
    return Check(checked, cells, wrong[:SHOWN_DIFFERENCES])


async def _compare(session: AsyncSession) -> tuple[int, list[UUID]]:
    """How many registrations have a number, and those that are not counted as they are."""
    checked = 0
    wrong: list[UUID] = []
    after: UUID | None = None
    while page := await registrations.numbered(session, after, CHECKED_AT_ONCE):
        counted = await repository.counted(session, [found.id for found in page])
        for found in page:
            line = counted.get(found.id)
            meant = contribution(found) if rules.counts(found.state) else None
            if meant != (None if line is None else _values(line)):
                wrong.append(found.id)
        checked += len(page)
        after = page[-1].id
        session.expunge_all()
    return checked, wrong


async def rebuild(session: AsyncSession) -> tuple[int, int]:
    """Compute the aggregates anew from the journal, and have counted what is not in step.

    Returns the number of cells and of registrations that are counted again. What was published
    stays as it is.
    """
    cells = await repository.rebuild(session)
    await open_periods(session)
    _, wrong = await _compare(session)
    for registration_id in wrong:
        await jobs.defer(session, "statistics.recount", registration_id=str(registration_id))
    return cells, len(wrong)


async def open_periods(session: AsyncSession) -> None:
    """Make sure that every month with lines, its quarter and its year will be published."""
    months = await repository.booked_months(session)
    spans = {span for month in months for span in rules.spans_of(month)}
    await repository.open_spans(session, sorted(spans))
