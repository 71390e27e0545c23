"""Periods, booking, composition of what was published, growth: without a database."""

from datetime import UTC, date, datetime

import pytest

from app.statistics import rules
from app.statistics.errors import PeriodReversed, PeriodTooFine
from app.statistics.rules import Released, Span, Sums
from app.statistics.states import PeriodKind

MONTH, QUARTER, YEAR = PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR


def month(number: int, year: int = 2025) -> Span:
    return Span(date(year, number, 1), MONTH)


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


def test_spans_and_their_parts() -> None:
    year = rules.span_of(YEAR, date(2024, 2, 29))
    assert (year.first, year.last, year.key) == (date(2024, 1, 1), date(2024, 12, 31), "2024")
    assert [part.key for part in year.parts] == ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"]
    last = year.parts[3]
    assert last.months == (date(2024, 10, 1), date(2024, 11, 1), date(2024, 12, 1))
    assert last.whole == year
    assert month(12).whole == Span(date(2025, 10, 1), QUARTER)
    assert (month(3).key, month(3).parts, year.whole) == ("2025-03", (), None)
    # Ten days after the last day end at 24:00 in Shanghai.
    assert month(1).closes_at == datetime(2025, 2, 10, 16, tzinfo=UTC)


def test_tiles_are_the_largest_published_periods() -> None:
    found = rules.tiles(date(2024, 11, 1), date(2026, 4, 30))
    assert [span.key for span in found] == ["2024-11", "2024-12", "2025", "2026-Q1", "2026-04"]
    assert list(rules.tiles(date(2025, 2, 1), date(2025, 1, 31))) == []


@pytest.mark.parametrize(
    ("registered", "now", "booked"),
    [
        (date(2025, 1, 31), datetime(2025, 2, 10, 15, 59, tzinfo=UTC), date(2025, 1, 1)),
        (date(2025, 1, 31), datetime(2025, 2, 10, 16, tzinfo=UTC), date(2025, 2, 1)),
        (date(2025, 2, 1), datetime(2025, 2, 1, 3, tzinfo=UTC), date(2025, 2, 1)),
        (date(2020, 5, 5), datetime(2025, 1, 5, tzinfo=UTC), date(2024, 12, 1)),
        (date(2020, 5, 5), datetime(2025, 1, 25, tzinfo=UTC), date(2025, 1, 1)),
    ],
)
def test_a_line_is_booked_in_its_month_or_in_the_first_open_one(
    registered: date, now: datetime, booked: date
) -> None:
    assert rules.booked_month(registered, now) == booked


def released(*spans: Span, cells: dict[tuple[Span, str], Sums | None]) -> Released:
    return Released(frozenset(spans), cells)


def test_what_is_not_published_as_such_is_a_sum_of_what_is() -> None:
    quarter = Span(date(2025, 1, 1), QUARTER)
    cells: dict[tuple[Span, str], Sums | None] = {
        (month(1), "a"): Sums(1, 10, 9),
        (month(3), "a"): Sums(2, 20, 18),
        (month(2), "b"): None,
        (month(3), "b"): Sums(4, 40, 40),
    }
    found = released(month(1), month(2), month(3), cells=cells)
    assert found.value(quarter, "a") == Sums(3, 30, 27)  # February is empty
    assert found.value(quarter, "b") is None
    assert found.value(month(1), "b") == Sums()
    whole = released(*found.periods, quarter, cells=cells | {(quarter, "b"): Sums(9, 90, 90)})
    assert whole.value(quarter, "b") == Sums(9, 90, 90)
    assert whole.value(Span(date(2025, 1, 1), YEAR), "b") == Sums(9, 90, 90)
    assert whole.keys(lambda span: span.kind is QUARTER) == ["b"]
    # A withheld quarter all of whose months are public is their sum.
    told = released(*found.periods, quarter, cells=cells | {(quarter, "a"): None})
    assert told.value(quarter, "a") == Sums(3, 30, 27)


def test_growth_in_basis_points() -> None:
    # Hunan 2017 (rules.md 8.4): contracts grew by 43.94 %.
    assert rules.growth_bp(5723, 3976) == 4394
    assert rules.growth_bp(2191, 2223) == -144
    assert rules.growth_bp(5, None) is None
    assert rules.growth_bp(None, 5) is None
    assert rules.growth_bp(5, 0) is None
    assert rules.growth_bp(5, -5) is None


def test_the_day_a_year_before() -> None:
    assert rules.year_before(date(2025, 2, 28)) == date(2024, 2, 29)
    assert rules.year_before(date(2024, 2, 29)) == date(2023, 2, 28)
    assert rules.year_before(date(2025, 6, 30)) == date(2024, 6, 30)


def test_classes_and_parties_as_the_tables_have_them() -> None:
    assert rules.four_class("license") == "transfer"
    assert rules.four_class("license.patent_license") == "transfer.patent_license"
    assert rules.four_class("service.training") == "service.training"
    # The official type first, then the kind on the market, then the credit code (GB 32100-2015).
    for kind, party_type, code, group in (
        ("institute", None, "", "research_institute"),
        ("university", None, "", "university"),
        ("broker", None, "91110000", "enterprise"),
        ("broker", None, "12110000", "other_institution"),
        ("broker", None, "", "not_stated"),
        ("other", "011", "", "government"),
        ("other", "023", "", "medical"),
        ("other", "024", "", "other_institution"),
        ("other", "030", "", "association"),
        ("enterprise", "150", "", "enterprise"),
        ("other", "400", "", "natural_person"),
    ):
        assert rules.party_group(kind, party_type, code) == group
    assert rules.areas({"110000": Sums(1, 2, 1), "130000": None, "000000": Sums(1, 5, 5)}) == {
        "beijing_tianjin_hebei": None,
        "abroad": Sums(1, 5, 5),
    }
    assert [rules.counts(state) for state in ("registered", "changed", "under_review")] == [
        True,
        True,
        True,
    ]
    assert not any(rules.counts(state) for state in ("cancelled", "revoked", "overturned"))
