"""Profiles and their arithmetic, without a database: vectors TV-C1 to TV-C5 of the rules."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.kit.calendar import end_of_day, official_calendar
from app.kit.errors import Problem
from app.listings import rules, sale_profiles

CALENDAR = official_calendar()
EQUITY = sale_profiles.profile("SOE_EQUITY")
PRIVATE = sale_profiles.profile("PRIVATE")
YUAN = 100
APPRAISAL = 10_000_000 * YUAN


def at(day: date) -> datetime:
    """Ten in the morning in Shanghai."""
    return datetime(day.year, day.month, day.day, 2, tzinfo=UTC)


def test_tv_c1_twenty_working_days_close() -> None:
    found = rules.period(at(date(2025, 9, 22)), 20, CALENDAR)
    assert found.closes_at == end_of_day(date(2025, 10, 24))


def test_tv_c2_a_relisting_below_nine_tenths_of_the_appraisal_needs_approval() -> None:
    assert rules.price_floor(EQUITY, APPRAISAL, 1) == APPRAISAL
    floor = rules.price_floor(EQUITY, APPRAISAL, 2)
    assert floor == 9_000_000 * YUAN
    assert floor > 899_999_999
    assert rules.price_floor(EQUITY, 1_000_001, 2) == 900_001
    assert rules.price_floor(PRIVATE, APPRAISAL, 1) is None
    assert rules.price_floor(EQUITY, None, 1) is None


@pytest.mark.parametrize(
    ("price_yuan", "profile", "days"),
    [
        (999_999, "SOE_ASSET_LT_100", 5),
        (1_000_000, "SOE_ASSET_100_1000", 10),
        (9_999_999, "SOE_ASSET_100_1000", 10),
        (10_000_000, "SOE_ASSET_GT_1000", 20),
    ],
)
def test_tv_c3_an_undefined_boundary_takes_the_longer_period_and_says_so(
    price_yuan: int, profile: str, days: int
) -> None:
    terms = rules.Terms(
        profile="SOE_ASSET_100_1000",
        seller_kind="enterprise",
        transfer_mode="assign",
        license_manner=None,
        price_fen=price_yuan * YUAN,
        deposit_fen=0,
        disclosure_working_days=days,
    )
    found = rules.judge(terms, date(2026, 3, 2))
    assert found.profile.code == profile
    noted = price_yuan in {1_000_000, 10_000_000}
    assert (rules.NOTE_BOUNDARY in found.notes) is noted


@pytest.mark.parametrize(
    ("suspended", "left"),
    [
        # 12 working days have run by the evening of 2025-10-14 (TV-T7 counts from 2025-09-22).
        pytest.param(date(2025, 10, 15), 10, id="TV-C4: 8 would be left, 10 are the least"),
        pytest.param(date(2025, 10, 9), 13, id="after 7"),
        pytest.param(date(2025, 9, 22), 20, id="on the day of publication"),
        pytest.param(date(2025, 9, 23), 20, id="the day of suspension does not count"),
        pytest.param(date(2025, 10, 24), 10, id="on the last day"),
    ],
)
def test_tv_c4_a_suspension_leaves_what_is_left_and_the_least(suspended: date, left: int) -> None:
    start = date(2025, 9, 22)
    found = rules.working_days_left(start, 20, at(suspended), EQUITY, CALENDAR)
    assert found == left


def test_a_private_listing_has_a_day_left_at_least() -> None:
    start = date(2025, 9, 22)
    last = date(2025, 9, 28)
    assert rules.working_days_left(start, 5, at(last), PRIVATE, CALENDAR) == 1
    assert rules.working_days_left(start, 5, at(date(2025, 9, 25)), PRIVATE, CALENDAR) == 3


def test_tv_c5_instalments_and_interest_by_a_stated_day_count() -> None:
    price = 10_000_000 * YUAN
    first = rules.least_first_instalment(EQUITY, price)
    assert first == 3_000_000 * YUAN
    rest = price - first
    assert rules.delay_interest(rest, 310, 300, 360) == 18_083_333
    assert rules.delay_interest(rest, 310, 300, 365) == 17_835_616
    with pytest.raises(ValueError, match="360 or 365"):
        rules.delay_interest(rest, 310, 300, 366)


def test_tv_c6_a_prolongation_runs_from_the_last_day() -> None:
    closes = rules.period(at(date(2025, 9, 22)), 20, CALENDAR).closes_at
    found = rules.prolonged(closes, 5, CALENDAR)
    assert found.disclosure_from == date(2025, 10, 24)
    assert found.closes_at == end_of_day(date(2025, 10, 31))


@pytest.mark.parametrize(
    ("days", "times", "fits"),
    [(0, 0, True), (5, 1, True), (4, 1, False), (5, 0, False), (0, 1, False)],
)
def test_a_prolongation_has_its_least_length(days: int, times: int, fits: bool) -> None:
    if fits:
        rules.check_prolonging(EQUITY, days, times)
        return
    with pytest.raises(Problem) as refused:
        rules.check_prolonging(EQUITY, days, times)
    assert refused.value.code == "prolongation_wrong"


def test_a_relisting_is_cut_by_a_fifth_at_most_and_comes_within_its_term() -> None:
    failed = date(2026, 3, 2)
    last = failed + timedelta(days=30)
    rules.check_relisting(EQUITY, 1_000, 800, failed, last)
    rules.check_relisting(EQUITY, 1_001, 801, failed, last)
    for before, price, day, code in (
        (1_000, 799, last, "price_cut_too_deep"),
        (1_001, 800, last, "price_cut_too_deep"),
        (1_000, 1_000, last + timedelta(days=1), "relist_too_late"),
    ):
        with pytest.raises(Problem) as refused:
            rules.check_relisting(EQUITY, before, price, failed, day)
        assert refused.value.code == code


def test_a_chain_starts_anew_after_twelve_months() -> None:
    assert rules.redo_from(EQUITY, date(2024, 2, 29)) == date(2025, 2, 28)
    assert rules.redo_from(EQUITY, date(2025, 12, 31)) == date(2026, 12, 31)
    assert rules.redo_from(PRIVATE, date(2024, 2, 29)) is None
    assert rules.redo_from(EQUITY, None) is None


def test_every_parameter_that_the_market_set_itself_is_marked() -> None:
    for found in sale_profiles.PROFILES:
        assert {"prolongations_max", "relist_cut_bp", "qualification_wd"} <= set(found.verify)
        assert found.floor_bp == (9_000 if found.family.startswith("SOE") else None)
