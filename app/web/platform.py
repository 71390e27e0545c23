"""Pages of the platform itself: the calendar of working days, and the sandbox's clock."""

from calendar import Calendar
from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter
from fastapi.responses import Response

from app.kit import audit, calendar_store, clock
from app.kit.calendar import (
    CalendarError,
    CountedDate,
    OfficialCalendar,
    local_day,
)
from app.kit.ids import new_id
from app.web.forms import Complaint
from app.web.visit import Posted, Visit

router = APIRouter(include_in_schema=False)
FIRST_YEAR, LAST_YEAR = 2007, 2100
STEPS: dict[str, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}


@dataclass(frozen=True)
class DayCell:
    """A day in the year view: `off` and `made_up` differ from what the weekday suggests."""

    day: date
    works: bool
    off: bool
    made_up: bool
    today: bool


@router.get("/calendar")
async def year_page(visit: Visit, year: str = "", start: str = "", days: str = "") -> Response:
    """A year of working days, and a counter of working-day periods."""
    table = await calendar_store.calendar(visit.session)
    today = local_day(visit.now)
    shown = int(year) if year.isascii() and year.isdigit() and len(year) == 4 else today.year
    shown = min(max(shown, FIRST_YEAR), LAST_YEAR)
    counted, said = _count(visit, table, start, days)
    months = [_month(table, shown, month, today) for month in range(1, 13)]
    cells = [cell for weeks in months for week in weeks for cell in week if cell is not None]
    return visit.page(
        "calendar.html",
        year=shown,
        months=months,
        official=shown in table.official_years,
        open_end=shown in table.official_years and table.is_provisional(date(shown, 12, 31)),
        working_days=sum(cell.works for cell in cells),
        days_off=sum(cell.off for cell in cells),
        made_up=sum(cell.made_up for cell in cells),
        first=FIRST_YEAR,
        last=LAST_YEAR,
        version=table.version,
        counted=counted,
        filters={"start": start or today.isoformat(), "days": days or "20"},
        complaints=said,
    )


def _month(
    table: OfficialCalendar, year: int, month: int, today: date
) -> list[list[DayCell | None]]:
    return [
        [_cell(table, day, today) if day.month == month else None for day in week]
        for week in Calendar().monthdatescalendar(year, month)
    ]


def _cell(table: OfficialCalendar, day: date, today: date) -> DayCell:
    works = table.is_workday(day, allow_provisional=True)
    weekend = day.weekday() >= 5
    return DayCell(day, works, not works and not weekend, works and weekend, day == today)


def _count(
    visit: Visit, table: OfficialCalendar, start: str, days: str
) -> tuple[CountedDate | None, list[Complaint]]:
    if not start and not days:
        return None, []
    try:
        first = date.fromisoformat(start)
    except ValueError:
        wrong = visit.t("应为日期,如 2026-01-31", "A date such as 2026-01-31 is needed")
        return None, [Complaint("start", wrong)]
    if not (days.isascii() and days.isdigit() and len(days) <= 4 and int(days) > 0):
        wrong = visit.t("应为 1 到 9999 的整数", "A whole number from 1 to 9999 is needed")
        return None, [Complaint("days", wrong)]
    try:
        return table.end_of_working_days(first, int(days)), []
    except CalendarError:
        wrong = visit.t("超出可计算的年份", "The count leaves the years that can be counted")
        return None, [Complaint("days", wrong)]


@router.post("/sandbox/clock")
async def move_clock(visit: Visit, form: Posted) -> Response:
    """Move the market on; only in the sandbox, by the platform's administrator."""
    if not visit.sandbox:
        raise clock.ClockNotMovable
    actor = visit.require_actor()
    actor.require_role("platform_admin")
    before = visit.clock
    after = await clock.move(
        visit.session,
        sandbox=visit.sandbox,
        advance=STEPS.get(form.text("step"), timedelta(0)),
        rate=before.rate,
    )
    audit.record(
        visit.session,
        actor,
        "clock.move",
        "market_clock",
        new_id(),
        before={"now": before.now, "rate": before.rate},
        after={"now": after.now, "rate": after.rate},
    )
    return visit.go("/desk", "moved")
