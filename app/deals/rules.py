"""Decisions about deals, without I/O: rule sets, periods of publicity and of offers."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.deals.errors import CommissionTooHigh
from app.kit.calendar import CountedDate, OfficialCalendar, end_of_day, local_day, recount


@dataclass(frozen=True)
class RuleSet:
    """What holds for results from a day on; periods in working days.

    `verify` names the parameters that were not read at their source.
    """

    code: str
    effective_from: date
    publicity_working_days: int
    runner_up_working_days: int
    new_deposit_working_days: int
    pay_out_working_days: int
    unagreed_commission_max_bp: int
    source: str
    verify: tuple[str, ...]


RULE_SETS: tuple[RuleSet, ...] = (
    RuleSet(
        code="RESULT_2016",
        effective_from=date(2016, 6, 24),
        publicity_working_days=5,
        runner_up_working_days=5,
        new_deposit_working_days=5,
        pay_out_working_days=3,
        unagreed_commission_max_bp=500,
        source="32号令 (2016); rules.md C-19; the times of a runner-up, of new deposits before a"
        " re-auction and of paying out are the exchange's own; 拍卖法 57 for the commission",
        verify=(
            "publicity_working_days",
            "runner_up_working_days",
            "new_deposit_working_days",
            "pay_out_working_days",
            "effective_from",
        ),
    ),
)


def rule_set_on(day: date) -> RuleSet:
    """The rule set in force on a day; the first one for days before it."""
    return max(
        (known for known in RULE_SETS if known.effective_from <= day),
        key=lambda known: known.effective_from,
        default=RULE_SETS[0],
    )


def check_commission(
    price_fen: int, commission_fen: int, agreement: str | None, rule_set: RuleSet
) -> None:
    """Raise CommissionTooHigh for more than a commission may be that was not agreed on.

    拍卖法 57; rules.md TV-D3: 5 % of 3,205,000 yuan are 160,250 yuan.
    """
    limit_fen = price_fen * rule_set.unagreed_commission_max_bp // 10_000
    if agreement is None and commission_fen > limit_fen:
        raise CommissionTooHigh(field="body.commission_fen", limit_fen=limit_fen)


@dataclass(frozen=True)
class Publicity:
    """A period of publicity: its first day, and the moment it ends."""

    starts_on: date
    ends_at: datetime
    provisional: bool
    calendar_version: str


def publicity(start: datetime, working_days: int, calendar: OfficialCalendar) -> Publicity:
    """The period: counting starts on the day after `start`, only working days count, and it ends
    at 24:00 in Shanghai of the last one (rules.md T-1, T-5, C-19)."""
    day = local_day(start)
    counted = calendar.end_of_working_days(day, working_days)
    return Publicity(day, end_of_day(counted.day), counted.provisional, counted.calendar_version)


def recounted(
    starts_on: date, ends_at: datetime, working_days: int, calendar: OfficialCalendar
) -> Publicity:
    """A provisional period counted anew; it never ends earlier than people were told."""
    old = CountedDate(last_day(ends_at), True, "")
    new = recount(old, calendar.end_of_working_days(starts_on, working_days))
    return Publicity(starts_on, end_of_day(new.day), new.provisional, new.calendar_version)


def last_day(ends_at: datetime) -> date:
    """The day at whose 24:00 a period ends."""
    return local_day(ends_at - timedelta(microseconds=1))
