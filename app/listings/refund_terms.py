"""When deposits are due back, as dated configuration without I/O."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.kit.calendar import OfficialCalendar, end_of_day, local_day

AFTER_AUCTION = "ONLINE_2016"
"""The rule set of deposits that come back after the bidding."""


@dataclass(frozen=True)
class RefundTerm:
    """A term in hours, or in working days after the day of the decision.

    `rule_set` is None for every listing profile that has no term of its own; `verify` names what
    was not read at its source.
    """

    rule_set: str | None
    effective_from: date
    hours: int | None
    working_days: int | None
    source: str
    verify: tuple[str, ...] = ()


REFUND_TERMS = (
    RefundTerm(AFTER_AUCTION, date(2017, 1, 1), 24, None, "法释〔2016〕18号, article 23"),
    RefundTerm(
        None,
        date(2015, 10, 1),
        None,
        3,
        "the exchanges' own rules under 32号令; rules.md C-15 names no term",
        ("working_days", "effective_from"),
    ),
)


def term(rule_set: str, day: date) -> RefundTerm:
    """The term in force on `day` for a rule set, or that of all others."""
    own = [one for one in REFUND_TERMS if one.rule_set == rule_set and one.effective_from <= day]
    if own:
        return max(own, key=lambda one: one.effective_from)
    shared = [one for one in REFUND_TERMS if one.rule_set is None]
    in_force = [one for one in shared if one.effective_from <= day]
    return max(in_force or shared[:1], key=lambda one: one.effective_from)


def due_at(rule_set: str, now: datetime, calendar: OfficialCalendar) -> datetime:
    """The last moment for a refund decided now; working days end at 24:00 in Shanghai (T-5)."""
    found = term(rule_set, local_day(now))
    if found.hours is not None:
        return now + timedelta(hours=found.hours)
    assert found.working_days is not None
    return end_of_day(calendar.end_of_working_days(local_day(now), found.working_days).day)
