"""Secrecy of units, periods and growth: without a database."""

from datetime import date

import pytest

from app.statistics import rules
from app.statistics.errors import PeriodReversed, PeriodTooFine
from app.statistics.rules import Cell
from app.statistics.states import GroupBy


def cell(key: str, units: int, count: int | None = None) -> Cell:
    return Cell(key, units if count is None else count, 100 * units, 90 * units, units)


def hidden(cells: list[Cell], *, one_way: bool = True) -> list[str]:
    return [row.key for row in rules.suppress(cells, one_way=one_way) if row.suppressed]


def test_cells_with_fewer_than_three_units_are_withheld() -> None:
    cells = [cell("a", 2), cell("b", 3), cell("c", 1), cell("d", 9)]
    assert hidden(cells) == ["a", "c"]
    [first, *_] = rules.suppress(cells, one_way=True)
    assert (first.count, first.total_fen, first.technical_fen) == (None, None, None)


def test_one_withheld_cell_takes_the_next_smallest_with_it() -> None:
    cells = [cell("a", 9), cell("b", 2), cell("c", 4), cell("d", 5)]
    assert hidden(cells) == ["b", "c"]
    assert hidden(cells, one_way=False) == ["b"]
    assert hidden([cell("a", 4, 7), cell("b", 1), cell("c", 4, 5)]) == ["b", "c"]


def test_nothing_is_withheld_without_need() -> None:
    assert hidden([cell("a", 3), cell("b", 4)]) == []
    assert hidden([]) == []
    assert hidden([cell("a", 1)]) == ["a"]


def test_public_periods_are_whole_months() -> None:
    rules.check_period(date(2026, 2, 1), date(2026, 2, 28), public=True)
    rules.check_period(None, date(2024, 2, 29), public=True)
    rules.check_period(None, date.max, public=True)
    rules.check_period(date(2026, 2, 3), date(2026, 2, 4), public=False)
    for first, last in ((date(2026, 2, 2), None), (None, date(2026, 2, 27))):
        with pytest.raises(PeriodTooFine):
            rules.check_period(first, last, public=True)
    with pytest.raises(PeriodReversed):
        rules.check_period(date(2026, 3, 1), date(2026, 2, 28), public=False)


@pytest.mark.parametrize(
    ("group_by", "first", "last", "secret"),
    [
        (GroupBy.YEAR, None, None, False),
        (GroupBy.CONTRACT_CLASS, date(2026, 1, 1), date(2026, 12, 31), False),
        (GroupBy.CONTRACT_CLASS, date(2026, 2, 1), date(2026, 2, 28), True),
        (GroupBy.MONTH, None, None, True),
        (GroupBy.SELLER_REGION, None, None, True),
        (GroupBy.SELLER_KIND, None, None, True),
        (GroupBy.TECHNICAL_FIELD, None, None, True),
    ],
)
def test_only_official_totals_are_never_secret(
    group_by: GroupBy, first: date | None, last: date | None, secret: bool
) -> None:
    assert rules.is_secret(group_by, first, last) is secret


def test_growth_in_basis_points() -> None:
    # Hunan 2017 (rules.md 8.4): contracts grew by 43.94 %.
    assert rules.growth_bp(5723, 3976) == 4394
    assert rules.growth_bp(2191, 2223) == -144
    assert rules.growth_bp(5, None) is None
    assert rules.growth_bp(5, 0) is None
