"""Decisions about figures, without I/O: classes, months, secrecy of units, growth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from app.kit.money import round_half_up
from app.statistics.errors import PeriodReversed, PeriodTooFine
from app.statistics.states import GroupBy

FEWEST_UNITS = 3
"""A cell that counts fewer units identifies one (统计法 28; rules.md 8.1)."""

FOUR_CLASSES = {"license": "transfer"}
"""Before the Civil Code (2021) a licence was a transfer contract (rules.md 3.1, 8.1)."""

_OFFICIAL_TOTALS = frozenset({GroupBy.YEAR, GroupBy.CONTRACT_CLASS})


@dataclass(frozen=True)
class Cell:
    """A cell of a table: contracts, amounts in fen, and how many units stand behind it.

    `units` is the smaller of the numbers of different sellers and different buyers. A suppressed
    cell carries no figures.
    """

    key: str
    count: int | None
    total_fen: int | None
    technical_fen: int | None
    units: int
    suppressed: bool = False


def check_period(first: date | None, last: date | None, *, public: bool) -> None:
    """Raise PeriodReversed, or PeriodTooFine for a public period that cuts a month."""
    if first is not None and last is not None and first > last:
        raise PeriodReversed(field="query.from")
    if not public:
        return
    if first is not None and first.day != 1:
        raise PeriodTooFine(field="query.from")
    if last is not None and last < date.max and (last + timedelta(days=1)).day != 1:
        raise PeriodTooFine(field="query.to")


def is_secret(group_by: GroupBy, first: date | None, last: date | None) -> bool:
    """Whether small cells of this table are withheld from the public.

    National totals by year and by class are official publications; everything finer can point to
    a unit: regions, kinds, fields, months, and periods other than whole years.
    """
    whole_years = (first is None or (first.month, first.day) == (1, 1)) and (
        last is None or (last.month, last.day) == (12, 31)
    )
    return group_by not in _OFFICIAL_TOTALS or not whole_years


def withheld(cell: Cell) -> Cell:
    """The cell without its figures."""
    return replace(cell, count=None, total_fen=None, technical_fen=None, suppressed=True)


def suppress(cells: Sequence[Cell], *, one_way: bool) -> list[Cell]:
    """Withhold the figures of cells with fewer than three units.

    A single withheld cell of a one-way table would follow from the total, so the smallest of the
    others is withheld as well.
    """
    hidden = {index for index, cell in enumerate(cells) if cell.units < FEWEST_UNITS}
    if one_way and len(hidden) == 1 and len(cells) > 1:
        others = (index for index in range(len(cells)) if index not in hidden)
        hidden.add(min(others, key=lambda i: (cells[i].units, cells[i].count or 0, cells[i].key)))
    return [withheld(cell) if index in hidden else cell for index, cell in enumerate(cells)]


def growth_bp(current: int, previous: int | None) -> int | None:
    """Growth over the year before in basis points, rounded half up; None without a base."""
    if not previous:
        return None
    return round_half_up(Decimal(current - previous) * 10_000 / Decimal(previous))
