"""Working days and legal periods by the official Chinese calendar (rules.md section 1).

Each autumn the State Council announces the next year's days off and the weekend days that are
worked instead. A year whose table is loaded is counted exactly, make-up days included. A year
whose table is not out yet is never guessed silently: a count that depends on it uses the
statutory holidays and plain weekends, is marked provisional, and is counted anew when the table
is loaded (``recount``).

Nothing here reads a clock: every function takes its dates.
"""

import hashlib
import json
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from holidays import country_holidays

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""Legal time of every deadline."""

MAX_DAYS = 36_600
"""The longest period that is counted, in days: about a hundred years."""

_ONE_DAY = timedelta(days=1)
_DATA = "app.kit.data.calendar"

# Statutory days with a fixed date in every version of the holiday regulation since 2007
# (rules.md T-6); a table without them is incomplete.
_FIXED_HOLIDAYS = ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3))

# The paper for a year arranges New Year's Day, which may move days of the week before it: those
# of 2007, 2008, 2012, 2019 and 2023 did. Until it is out, the last week of December is open.
_OPEN_DAYS_OF_DECEMBER = 25

# Outside these years the statutory holidays with their compensation cannot be derived.
_STATUTORY_YEARS = range(2000, 2101)


class CalendarError(ValueError):
    """A date question that cannot be answered; the message says why."""


class CalendarNotPublished(CalendarError):
    """The official table of a year is not loaded, and a provisional answer was not asked for."""

    def __init__(self, year: int) -> None:
        super().__init__(f"the official calendar of {year} is not published or not loaded")
        self.year = year


class BadYearTable(CalendarError):
    """A calendar table that cannot be the official one of its year."""


class BadPeriod(CalendarError):
    """A period that cannot be counted."""


@dataclass(frozen=True, slots=True)
class YearTable:
    """What one year's paper says.

    Attributes:
        year: the year in the paper's title. It may also rule days of the December before.
        days_off: days off, weekends among them only where the paper names them.
        make_up_days: days, mostly of a weekend, that are worked.
        official: True for the State Council's arrangement, False for an assumption.
        source: where the paper is.
    """

    year: int
    days_off: frozenset[date]
    make_up_days: frozenset[date]
    official: bool
    source: str


@dataclass(frozen=True, slots=True)
class CountedDate:
    """The outcome of a count.

    Attributes:
        day: the last day of the period, which ends at its 24:00 (``end_of_day``).
        provisional: True if the count looked at a day that an official table still to come
            may change.
        calendar_version: which tables were used; stored with the decision.
    """

    day: date
    provisional: bool
    calendar_version: str


def parse_year_table(year: int, raw_json: str | bytes) -> YearTable:
    """Read an official table in the JSON form of holiday-cn.

    ``{"year": 2026, "papers": [url], "days": [{"name", "date", "isOffDay"}]}``. A paper may name
    days of the December before its year; any other foreign date is refused.

    Raises:
        BadYearTable: saying what is wrong: no such JSON, another year, no days (the stub of a
            year that is not published), a date twice or out of the year, a missing flag, or a
            fixed statutory holiday that is not a day off.
    """
    if year not in _STATUTORY_YEARS:
        raise BadYearTable(f"a table for {year} is not taken; 2000 to 2100 are")
    try:
        document = json.loads(raw_json)
    except (ValueError, RecursionError) as error:
        raise BadYearTable(f"the table of {year} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadYearTable(f"the table of {year} must be an object with year, papers and days")
    if document.get("year") != year:
        raise BadYearTable(f"year is {document.get('year')!r}; expected {year}")
    papers = document.get("papers")
    if not isinstance(papers, list) or not all(isinstance(paper, str) for paper in papers):
        raise BadYearTable("papers must be a list of addresses")
    rows = document.get("days")
    if not isinstance(rows, list):
        raise BadYearTable("days must be a list")
    if not rows:
        raise BadYearTable(f"the table of {year} has no days: it is not published yet")
    if not papers:
        raise BadYearTable(f"the table of {year} names no paper it is taken from")
    flags: dict[date, bool] = {}
    for number, row in enumerate(rows, start=1):
        day, is_off = _parse_row(year, number, row)
        if day in flags:
            raise BadYearTable(f"days[{number}]: {day} is listed twice")
        flags[day] = is_off
    for month, day_of_month in _FIXED_HOLIDAYS:
        fixed = date(year, month, day_of_month)
        if not flags.get(fixed, False):
            raise BadYearTable(f"{fixed} is a statutory holiday and must be listed as a day off")
    return YearTable(
        year=year,
        days_off=frozenset(day for day, is_off in flags.items() if is_off),
        make_up_days=frozenset(day for day, is_off in flags.items() if not is_off),
        official=True,
        source=" ".join(papers),
    )


def _parse_row(year: int, number: int, row: Any) -> tuple[date, bool]:
    """One row of a table, or BadYearTable naming the row."""
    where = f"days[{number}]"
    if not isinstance(row, dict):
        raise BadYearTable(f"{where} must be an object with name, date and isOffDay")
    text, name, is_off = row.get("date"), row.get("name"), row.get("isOffDay")
    if not isinstance(name, str) or not name.strip():
        raise BadYearTable(f"{where}: name must say which holiday it belongs to")
    if not isinstance(is_off, bool):
        raise BadYearTable(f"{where}: isOffDay must be true or false, not {is_off!r}")
    try:
        day = date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        day = None
    if day is None:
        raise BadYearTable(f"{where}: {text!r} is not a date such as {year}-01-01")
    if day.year != year and (day.year, day.month) != (year - 1, 12):
        raise BadYearTable(f"{where}: {day} is neither in {year} nor in the December before")
    return day, is_off


@lru_cache(maxsize=256)
def statutory_table(year: int) -> YearTable:
    """The statutory holidays of a year with their compensation days, without make-up days.

    This is what is certain of a year before its paper is out (rules.md T-6).

    Raises:
        CalendarError: for years outside 2000-2100, for which they cannot be derived.
    """
    if year not in _STATUTORY_YEARS:
        raise CalendarError(
            f"no calendar for {year}: statutory holidays are known for "
            f"{_STATUTORY_YEARS.start} to {_STATUTORY_YEARS.stop - 1}"
        )
    named = country_holidays("CN", years=year, expand=False, language="en_US")
    # Days off that a paper bought with make-up days are no statutory holidays.
    return YearTable(
        year=year,
        days_off=frozenset(day for day, name in named.items() if not name.startswith("Day off")),
        make_up_days=frozenset(),
        official=False,
        source="statutory holidays",
    )


@lru_cache(maxsize=1)
def shipped_tables() -> dict[int, YearTable]:
    """The official tables that come with the product, by year. Treat as read-only."""
    tables: dict[int, YearTable] = {}
    for entry in resources.files(_DATA).iterdir():
        stem, dot, suffix = entry.name.partition(".")
        if dot and suffix == "json":
            tables[int(stem)] = parse_year_table(int(stem), entry.read_bytes())
    return dict(sorted(tables.items()))


class _Year:
    """The calendar of one year, precomputed; working days are found by position."""

    __slots__ = ("open_from", "workdays")

    def __init__(self, workdays: list[date], open_from: date | None) -> None:
        self.workdays = workdays
        self.open_from = open_from  # days from here on may still be changed by a paper

    def is_workday(self, day: date) -> bool:
        position = bisect_left(self.workdays, day)
        return position < len(self.workdays) and self.workdays[position] == day

    def is_open(self, day: date) -> bool:
        return self.open_from is not None and day >= self.open_from


class OfficialCalendar:
    """Working-day arithmetic over a set of year tables.

    Immutable and safe to share. Build it with ``official_calendar``, or from tables of your own.
    """

    def __init__(self, tables: Iterable[YearTable]) -> None:
        """Take at most one table per year.

        Raises:
            BadYearTable: if two tables are for the same year.
        """
        self._tables: dict[int, YearTable] = {}
        for table in sorted(tables, key=lambda t: t.year):
            if table.year in self._tables:
                raise BadYearTable(f"two tables for {table.year}")
            self._tables[table.year] = table
        self._years: dict[int, _Year] = {}
        self.version: str = self._digest()

    def _digest(self) -> str:
        """A short hash of what the tables say; equal tables give an equal version."""
        digest = hashlib.sha256()
        for table in self._tables.values():
            off = ",".join(day.isoformat() for day in sorted(table.days_off))
            worked = ",".join(day.isoformat() for day in sorted(table.make_up_days))
            digest.update(f"{table.year};{table.official};{off};{worked}\n".encode())
        return digest.hexdigest()[:12]

    @property
    def official_years(self) -> tuple[int, ...]:
        """The years with an official table, ascending."""
        return tuple(year for year, table in self._tables.items() if table.official)

    def _year(self, year: int) -> _Year:
        known = self._years.get(year)
        if known is None:
            # Two threads may both build it; the result is the same.
            known = self._years[year] = self._build(year)
        return known

    def _build(self, year: int) -> _Year:
        own = self._tables.get(year) or statutory_table(year)
        days_off = set(own.days_off)
        make_up_days = set(own.make_up_days)
        following = self._tables.get(year + 1)
        following = following if following is not None and following.official else None
        if following is not None:
            # The later paper prevails where both speak about the same December day.
            days_off = (days_off - following.make_up_days) | following.days_off
            make_up_days = (make_up_days - following.days_off) | following.make_up_days
        workdays = [
            day
            for day in _days_of(year)
            if day in make_up_days or (day.weekday() < 5 and day not in days_off)
        ]
        if not own.official:
            open_from: date | None = date(year, 1, 1)
        elif following is not None:
            open_from = None
        else:
            open_from = date(year, 12, _OPEN_DAYS_OF_DECEMBER)
        return _Year(workdays, open_from)

    def is_workday(self, day: date, *, allow_provisional: bool = False) -> bool:
        """Whether people work on that day.

        Raises:
            CalendarNotPublished: if the year has no official table and a provisional answer is
                not allowed (TV-T12).
        """
        self._demand_official(day.year, allow_provisional)
        return self._year(day.year).is_workday(day)

    def is_provisional(self, day: date) -> bool:
        """Whether an official table still to come may change what this day is.

        True for every day of a year without a table, and for the last week of December while the
        next year's table is missing: that paper arranges New Year's Day and may reach back.
        """
        return self._year(day.year).is_open(day)

    def end_of_working_days(
        self, start: date, days: int, *, count_start_day: bool = False
    ) -> CountedDate:
        """The last of so many working days; make-up days count (T-5).

        Counting begins on the day after ``start`` unless ``count_start_day`` says that a working
        ``start`` is the first day itself.

        Raises:
            BadPeriod: if ``days`` is not 1 to ``MAX_DAYS``.
            CalendarError: if the count leaves the years that can be counted.
        """
        _check_days(days)
        first = start if count_start_day else _plus_days(start, 1)
        number = first.year
        workdays = self._year(number).workdays
        position = bisect_left(workdays, first) + days - 1
        while position >= len(workdays):
            position -= len(workdays)
            number += 1
            workdays = self._year(number).workdays
        day = workdays[position]
        return CountedDate(day, self._any_open(first, day), self.version)

    def end_of_calendar_days(self, start: date, days: int) -> CountedDate:
        """The last of so many days: the opening day is not counted (T-1), and a last day that is
        a day off moves to the first working day after it (T-3).

        Raises:
            BadPeriod: if ``days`` is not 1 to ``MAX_DAYS``.
            CalendarError: if the end lies outside the years that can be counted.
        """
        _check_days(days)
        return self.on_or_after(_plus_days(start, days))

    def end_of_period(self, start: date, years: int = 0, months: int = 0) -> CountedDate:
        """The end of a period in years and months: the corresponding day of the end month, or
        its last day if there is none (T-2), moved past days off (T-3).

        Raises:
            BadPeriod: if a part is negative, or both are 0, or it is over 100 years.
            CalendarError: if the end lies outside the years that can be counted.
        """
        total = years * 12 + months
        if years < 0 or months < 0 or not 1 <= total <= 1200:
            raise BadPeriod(f"{years} years and {months} months; it must be 1 to 1200 months")
        year, month0 = divmod(start.year * 12 + start.month - 1 + total, 12)
        if year > date.max.year:
            raise BadPeriod(f"the period from {start} ends after the year {date.max.year}")
        month = month0 + 1
        return self.on_or_after(date(year, month, min(start.day, monthrange(year, month)[1])))

    def on_or_after(self, day: date) -> CountedDate:
        """The day itself if it is a working day, otherwise the next working day (T-3).

        Raises:
            CalendarError: if it lies outside the years that can be counted.
        """
        year = self._year(day.year)
        position = bisect_left(year.workdays, day)
        if position < len(year.workdays):
            found = year.workdays[position]
        else:
            found = self._year(day.year + 1).workdays[0]
        return CountedDate(found, self._any_open(day, found), self.version)

    def working_days_between(
        self, after: date, until: date, *, allow_provisional: bool = False
    ) -> int:
        """How many working days lie after ``after`` up to and including ``until``.

        It is the inverse of ``end_of_working_days``.

        Raises:
            BadPeriod: if ``until`` is before ``after``.
            CalendarNotPublished: if it reaches a year without an official table and a provisional
                answer is not allowed.
        """
        if until < after:
            raise BadPeriod(f"{until} is before {after}")
        if until == after:
            return 0
        total = 0
        first = after + _ONE_DAY
        for number in range(first.year, until.year + 1):
            self._demand_official(number, allow_provisional)
            workdays = self._year(number).workdays
            low = bisect_left(workdays, first) if number == first.year else 0
            high = bisect_right(workdays, until) if number == until.year else len(workdays)
            total += high - low
        return total

    def subtract_calendar_days(self, end: date, days: int) -> date:
        """The day so many days before ``end``, which itself is not counted (T-1 backwards).

        Plain arithmetic: T-3 moves only the end of a period, never its beginning.

        Raises:
            BadPeriod: if ``days`` is not 1 to ``MAX_DAYS`` or leads before the year 1.
        """
        _check_days(days)
        return _plus_days(end, -days)

    def _demand_official(self, year: int, allow_provisional: bool) -> None:
        table = self._tables.get(year)
        if not allow_provisional and (table is None or not table.official):
            raise CalendarNotPublished(year)

    def _any_open(self, first: date, last: date) -> bool:
        """Whether any day from ``first`` to ``last`` may still be changed."""
        for number in range(first.year, last.year + 1):
            open_from = self._year(number).open_from
            if open_from is None:
                continue
            highest = last if number == last.year else date(number, 12, 31)
            if highest >= open_from:
                return True
        return False


def official_calendar(extra: Iterable[YearTable] = ()) -> OfficialCalendar:
    """The shipped tables, with those an administrator loaded; a loaded one replaces the shipped
    table of its year."""
    tables = dict(shipped_tables())
    for table in extra:
        tables[table.year] = table
    return OfficialCalendar(tables.values())


def recount(old: CountedDate, new: CountedDate) -> CountedDate:
    """What a provisional deadline becomes when it is counted anew: the later of the two days, so
    that nobody who relied on the old one loses time. How sure it is comes from the new count."""
    return CountedDate(max(old.day, new.day), new.provisional, new.calendar_version)


def end_of_day(day: date) -> datetime:
    """24:00 of that day in Shanghai (T-3), as an aware UTC time."""
    midnight = datetime.combine(_plus_days(day, 1), time.min, tzinfo=SHANGHAI)
    return midnight.astimezone(UTC)


def local_day(moment: datetime) -> date:
    """The day it is in Shanghai at that moment.

    Raises:
        CalendarError: if the moment carries no time zone.
    """
    if moment.tzinfo is None:
        raise CalendarError(f"{moment} carries no time zone")
    return moment.astimezone(SHANGHAI).date()


def _days_of(year: int) -> Iterator[date]:
    first = date(year, 1, 1).toordinal()
    for ordinal in range(first, date(year, 12, 31).toordinal() + 1):
        yield date.fromordinal(ordinal)


def _check_days(days: int) -> None:
    if not 1 <= days <= MAX_DAYS:
        raise BadPeriod(f"{days} days; a period must be 1 to {MAX_DAYS} days")


def _plus_days(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError as error:
        raise BadPeriod(f"{days} days from {day} leave the calendar") from error
