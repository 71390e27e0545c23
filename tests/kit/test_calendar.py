import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.calendar import (
    MAX_DAYS,
    BadPeriod,
    BadYearTable,
    CalendarError,
    CalendarNotPublished,
    CountedDate,
    OfficialCalendar,
    YearTable,
    end_of_day,
    local_day,
    official_calendar,
    parse_year_table,
    recount,
    shipped_tables,
    statutory_table,
)

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
CALENDAR = official_calendar()
D = date.fromisoformat


def table_2027(**extra) -> YearTable:
    """An arrangement of 2027 in which 31 December 2026 is off and bought with the 27th."""
    days = {
        "2026-12-27": False,
        "2026-12-31": True,
        "2027-01-01": True,
        "2027-02-05": True,
        "2027-02-08": True,
        "2027-05-01": True,
        "2027-10-01": True,
        "2027-10-02": True,
        "2027-10-03": True,
        **extra,
    }
    rows = [{"name": "x", "date": day, "isOffDay": off} for day, off in days.items()]
    return parse_year_table(2027, json.dumps({"year": 2027, "papers": ["p"], "days": rows}))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2025-09-01", "2025-09-16"),  # TV-T1
        ("2025-08-01", "2025-08-18"),  # TV-T2
        ("2025-09-16", "2025-10-09"),  # TV-T3
        ("2025-09-22", "2025-10-09"),  # TV-T4
        ("2025-01-13", "2025-02-05"),  # TV-T5
        ("2026-02-02", "2026-02-24"),  # TV-T6
    ],
)
def test_fifteen_calendar_days(start, end):
    assert CALENDAR.end_of_calendar_days(D(start), 15) == CountedDate(
        D(end), provisional=False, calendar_version=CALENDAR.version
    )


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        *[
            ("2025-09-22", n, f"2025-{end}")
            for n, end in [  # TV-T7
                (5, "09-28"),
                (10, "10-11"),
                (15, "10-17"),
                (20, "10-24"),
                (30, "11-07"),
            ]
        ],
        *[
            ("2026-02-09", n, f"2026-{end}")
            for n, end in [  # TV-T9
                (5, "02-14"),
                (10, "02-28"),
                (15, "03-06"),
                (20, "03-13"),
                (30, "03-27"),
            ]
        ],
        ("2025-12-22", 5, "2025-12-29"),  # TV-T10
        ("2025-12-22", 10, "2026-01-06"),
        ("2025-12-22", 20, "2026-01-20"),
        ("2025-12-22", 30, "2026-02-03"),
        ("2026-04-27", 5, "2026-05-07"),  # TV-T11
        ("2026-04-27", 10, "2026-05-13"),
        ("2026-04-27", 20, "2026-05-27"),
    ],
)
def test_working_days(start, days, end):
    counted = CALENDAR.end_of_working_days(D(start), days)
    assert (counted.day, counted.provisional) == (D(end), False)
    assert CALENDAR.working_days_between(D(start), D(end)) == days


def test_working_days_with_the_start_day_tv_t8():
    counted = CALENDAR.end_of_working_days(D("2025-09-22"), 20, count_start_day=True)
    assert counted.day == D("2025-10-23")


def test_a_start_day_off_is_not_counted_even_if_start_days_are():
    # 2025-09-27 is a Saturday, the 28th a Sunday that is worked.
    counted = CALENDAR.end_of_working_days(D("2025-09-27"), 1, count_start_day=True)
    assert counted.day == D("2025-09-28")


@pytest.mark.parametrize("day", ["2027-01-01", "2027-06-15", "2027-12-31"])
def test_a_year_without_a_table_is_not_answered_silently_tv_t12(day):
    with pytest.raises(CalendarNotPublished) as caught:
        CALENDAR.is_workday(D(day))
    assert caught.value.year == 2027
    assert CALENDAR.is_provisional(D(day))


def test_a_year_without_a_table_is_counted_from_statutory_holidays_if_asked():
    asked = {
        day: CALENDAR.is_workday(D(day), allow_provisional=True)
        for day in (
            "2027-01-01",
            "2027-01-04",
            "2027-02-05",
            "2027-02-06",
            "2027-02-09",
            "2027-02-14",
            "2027-02-20",
            "2027-05-03",
            "2027-10-06",
        )
    }
    assert asked == {
        "2027-01-01": False,  # New Year's Day
        "2027-01-04": True,
        "2027-02-05": False,  # New Year's Eve by the lunar calendar
        "2027-02-06": False,  # Saturday
        "2027-02-09": False,  # compensates the Saturday
        "2027-02-14": False,  # a Sunday that a paper may make a working day
        "2027-02-20": False,
        "2027-05-03": False,  # compensates Saturday, 1 May
        "2027-10-06": True,
    }  # fmt: skip


def test_statutory_holidays_hold_nothing_a_paper_arranged():
    days = statutory_table(2026)
    assert D("2026-02-17") in days.days_off
    assert D("2026-02-20") not in days.days_off  # bought with 14 February
    assert days.make_up_days == frozenset()
    assert not days.official


def test_a_december_deadline_that_reaches_the_next_year_is_provisional():
    counted = CALENDAR.end_of_working_days(D("2026-12-21"), 20)
    assert (counted.day, counted.provisional) == (D("2027-01-19"), True)
    assert CALENDAR.end_of_calendar_days(D("2026-12-20"), 15).provisional
    assert CALENDAR.end_of_period(D("2026-02-10"), years=1).provisional
    assert not CALENDAR.end_of_working_days(D("2026-11-23"), 20).provisional


def test_the_last_week_of_december_is_open_until_the_next_paper_is_out():
    assert not CALENDAR.is_provisional(D("2026-12-24"))
    assert CALENDAR.is_provisional(D("2026-12-25"))
    assert CALENDAR.is_workday(D("2026-12-31"))
    assert not CALENDAR.is_provisional(D("2025-12-31"))
    assert CALENDAR.end_of_working_days(D("2026-12-21"), 8).provisional
    assert not CALENDAR.end_of_working_days(D("2026-12-21"), 3).provisional


def test_a_table_of_the_next_year_rules_the_december_before_it():
    loaded = official_calendar([table_2027()])
    assert loaded.is_workday(D("2026-12-27"))
    assert not loaded.is_workday(D("2026-12-31"))
    assert not loaded.is_provisional(D("2026-12-31"))
    # In the shipped tables the paper of 2019 did so for 2018, that of 2007 for 2006.
    assert CALENDAR.is_workday(D("2018-12-29"))
    assert not CALENDAR.is_workday(D("2018-12-31"))
    assert CALENDAR.is_workday(D("2006-12-30"), allow_provisional=True)


def test_loading_the_table_counts_anew_without_disadvantage():
    start = D("2026-12-21")
    loaded = official_calendar([table_2027()])
    assert loaded.version != CALENDAR.version
    old = CALENDAR.end_of_working_days(start, 20)
    new = loaded.end_of_working_days(start, 20)
    assert (old.day, new.day) == (D("2027-01-19"), D("2027-01-19"))
    assert recount(old, new) == CountedDate(new.day, False, loaded.version)

    earlier = official_calendar([table_2027(**{"2027-01-09": False})])
    new = earlier.end_of_working_days(start, 20)
    assert new.day == D("2027-01-18")
    assert recount(old, new) == CountedDate(D("2027-01-19"), False, earlier.version)

    later = official_calendar([table_2027(**{"2027-01-04": True})])
    new = later.end_of_working_days(start, 20)
    assert recount(old, new) == CountedDate(D("2027-01-20"), False, later.version)


def test_an_unofficial_table_stays_provisional():
    assumed = table_2027()
    draft = YearTable(2027, assumed.days_off, assumed.make_up_days, False, "assumption")
    calendar = official_calendar([draft])
    assert 2027 not in calendar.official_years
    assert calendar.is_workday(D("2026-12-31"))
    assert not calendar.is_workday(D("2027-02-08"), allow_provisional=True)
    with pytest.raises(CalendarNotPublished):
        calendar.is_workday(D("2027-02-08"))


@pytest.mark.parametrize(
    ("start", "years", "months", "end"),
    [
        ("2024-01-31", 0, 1, "2024-02-29"),
        ("2024-02-29", 1, 0, "2025-02-28"),
        ("2025-08-31", 0, 1, "2025-09-30"),  # no 31st; the day before the holiday is worked
        ("2025-03-10", 0, 6, "2025-09-10"),
        ("2025-01-15", 1, 1, "2026-02-24"),  # 15 February 2026 is in the Spring Festival
        ("2024-12-10", 0, 1, "2025-01-10"),
    ],
)
def test_periods_in_years_and_months(start, years, months, end):
    counted = CALENDAR.end_of_period(D(start), years, months)
    assert (counted.day, counted.provisional) == (D(end), False)


def test_a_period_that_ends_on_a_worked_sunday_ends_there():
    assert CALENDAR.end_of_calendar_days(D("2025-09-13"), 15).day == D("2025-09-28")


@pytest.mark.parametrize("days", [0, -1, MAX_DAYS + 1])
def test_lengths_out_of_range_are_refused(days):
    for count in (
        CALENDAR.end_of_working_days,
        CALENDAR.end_of_calendar_days,
        CALENDAR.subtract_calendar_days,
    ):
        with pytest.raises(BadPeriod, match=f"{days} days"):
            count(D("2026-01-05"), days)


@pytest.mark.parametrize(("years", "months"), [(0, 0), (-1, 24), (1, -1), (101, 0)])
def test_empty_negative_and_endless_periods_are_refused(years, months):
    with pytest.raises(BadPeriod, match="1 to 1200 months"):
        CALENDAR.end_of_period(D("2026-01-05"), years, months)


def test_dates_without_any_calendar_are_refused():
    for day in (D("1999-06-01"), D("2101-06-01"), date.min, date.max):
        with pytest.raises(CalendarError):
            CALENDAR.is_workday(day, allow_provisional=True)
        with pytest.raises(CalendarError):
            CALENDAR.end_of_working_days(day, 1)
    with pytest.raises(BadPeriod):
        CALENDAR.end_of_calendar_days(date.max, 1)
    with pytest.raises(BadPeriod):
        CALENDAR.subtract_calendar_days(date.min, 1)
    with pytest.raises(CalendarError):
        CALENDAR.end_of_period(D("2099-01-05"), years=90)


def test_counting_back_is_plain_arithmetic():
    assert CALENDAR.subtract_calendar_days(D("2025-10-09"), 15) == D("2025-09-24")


def test_working_days_between_needs_order_and_tables():
    with pytest.raises(BadPeriod, match="before"):
        CALENDAR.working_days_between(D("2026-01-06"), D("2026-01-05"))
    assert CALENDAR.working_days_between(D("2026-01-05"), D("2026-01-05")) == 0
    with pytest.raises(CalendarNotPublished):
        CALENDAR.working_days_between(D("2026-12-01"), D("2027-01-05"))
    days = CALENDAR.working_days_between(D("2026-12-21"), D("2027-01-19"), allow_provisional=True)
    assert days == 20


@given(st.dates(D("2007-01-01"), D("2026-06-30")), st.integers(1, 120), st.booleans())
def test_counting_agrees_with_walking_day_by_day(start, days, count_start_day):
    counted = CALENDAR.end_of_working_days(start, days, count_start_day=count_start_day)
    day, left = start, days
    if count_start_day and CALENDAR.is_workday(day):
        left -= 1
    while left:
        day += timedelta(days=1)
        left -= CALENDAR.is_workday(day)
    assert counted.day == day
    if not count_start_day:
        assert CALENDAR.working_days_between(start, counted.day) == days


@given(st.dates(D("2007-01-01"), D("2026-06-30")), st.integers(1, 150))
def test_a_calendar_period_ends_on_the_first_working_day(start, days):
    end = CALENDAR.end_of_calendar_days(start, days).day
    raw = start + timedelta(days=days)
    assert end >= raw
    assert CALENDAR.is_workday(end)
    skipped = (raw + timedelta(days=n) for n in range((end - raw).days))
    assert not any(CALENDAR.is_workday(day) for day in skipped)


def test_every_day_agrees_with_an_independent_calendar():
    china = holidays.country_holidays("CN", years=range(2010, 2027))
    day, compared = D("2010-01-01"), 0
    while day <= D("2026-12-31"):
        assert CALENDAR.is_workday(day) == china.is_working_day(day), day
        day += timedelta(days=1)
        compared += 1
    assert compared == 6209


def test_shipped_tables_are_those_of_the_source():
    assert list(shipped_tables()) == list(range(2007, 2027))
    for year, table in shipped_tables().items():
        source = json.loads((SHARED / f"data/calendar/{year}.json").read_text(encoding="utf-8"))
        days = {D(row["date"]): row["isOffDay"] for row in source["days"]}
        assert table.days_off == {day for day, off in days.items() if off}
        assert table.make_up_days == {day for day, off in days.items() if not off}
        assert table.source == " ".join(source["papers"])
        assert table.official


def test_the_version_depends_on_what_the_tables_say():
    assert official_calendar().version == CALENDAR.version
    assert official_calendar([shipped_tables()[2026]]).version == CALENDAR.version
    assert len(CALENDAR.version) == 12
    assert OfficialCalendar([]).version != CALENDAR.version
    with pytest.raises(BadYearTable, match="two tables"):
        OfficialCalendar([shipped_tables()[2026], shipped_tables()[2026]])


def test_the_unpublished_stub_is_refused():
    raw = (SHARED / "data/calendar/2027.json").read_bytes()
    with pytest.raises(BadYearTable, match="not published"):
        parse_year_table(2027, raw)


ROWS = [
    {"name": "x", "date": f"2027-{day}", "isOffDay": True}
    for day in ("01-01", "05-01", "10-01", "10-02", "10-03")
]


def row(**changes):
    return {"name": "x", "date": "2027-02-08", "isOffDay": True, **changes}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"year": 2026, "papers": ["p"], "days": ROWS}, "expected 2027"),
        ({"papers": ["p"], "days": ROWS}, "year is None"),
        ({"year": 2027, "papers": ["p"], "days": []}, "no days"),
        ({"year": 2027, "papers": [], "days": ROWS}, "no paper"),
        ({"year": 2027, "papers": "p", "days": ROWS}, "papers must be"),
        ({"year": 2027, "papers": ["p"], "days": {}}, "days must be a list"),
        ({"year": 2027, "papers": ["p"], "days": [*ROWS, ROWS[0]]}, "listed twice"),
        ({"year": 2027, "papers": ["p"], "days": ROWS[1:]}, "2027-01-01 is a statutory"),
        ([], "must be an object"),
        *[
            ({"year": 2027, "papers": ["p"], "days": [*ROWS, bad]}, message)
            for bad, message in [
                (row(date="2028-01-01"), r"days\[6\]: 2028-01-01 is neither"),
                (row(date="2026-11-30"), "neither in 2027 nor in the December before"),
                (row(date="2027-02-30"), "not a date"),
                (row(date=None), "not a date"),
                (row(isOffDay=None), "isOffDay must be true or false"),
                (row(isOffDay=1), "isOffDay must be true or false"),
                ({"name": "x", "date": "2027-02-08"}, "isOffDay must be"),
                (row(name=" "), "name must say"),
                ("2027-02-08", "must be an object"),
            ]
        ],
    ],
)
def test_tables_that_cannot_be_official_are_refused(document, message):
    with pytest.raises(BadYearTable, match=message):
        parse_year_table(2027, json.dumps(document))


@pytest.mark.parametrize("raw", ["", "{", "[" * 100_000, b"\xff\xfe\x00"])
def test_what_is_not_json_is_refused(raw):
    with pytest.raises(BadYearTable, match="not JSON"):
        parse_year_table(2027, raw)


def test_tables_of_absurd_years_are_refused():
    with pytest.raises(BadYearTable, match="2000 to 2100"):
        parse_year_table(0, "{}")


def test_a_day_ends_at_midnight_in_shanghai():
    assert end_of_day(D("2026-02-28")) == datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert end_of_day(D("2026-02-28")).tzinfo is UTC
    assert local_day(datetime(2026, 2, 28, 15, 59, 59, tzinfo=UTC)) == D("2026-02-28")
    assert local_day(end_of_day(D("2026-02-28"))) == D("2026-03-01")
    with pytest.raises(BadPeriod):
        end_of_day(date.max)
    with pytest.raises(CalendarError, match="time zone"):
        local_day(datetime(2026, 2, 28))  # noqa: DTZ001 - the missing zone is the point
