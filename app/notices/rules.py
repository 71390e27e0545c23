"""Decisions about notices, without I/O: how long they stand, what stops them, who is marked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from app.kit.calendar import CountedDate, OfficialCalendar, end_of_day, local_day
from app.kit.calendar import recount as later
from app.notices.errors import (
    InterestNotMarked,
    InterestUnexplained,
    NoticeMannerMismatch,
    NoticeNotOpen,
    NoticeReasonRequired,
    NoticeTooShort,
    NoTransfer,
)
from app.notices.states import Interest, NoticeKind, NoticeState


@dataclass(frozen=True)
class RuleSet:
    """How notices of a kind are made, in force from a day on.

    Attributes:
        min_days: calendar days that the notice stands at least.
        decision_working_days: working days within which an objection is decided.
        verify: names of the parameters that were not read at their source.
    """

    code: str
    kind: NoticeKind
    min_days: int
    decision_working_days: int
    effective_from: date
    effective_until: date | None
    source: str
    verify: tuple[str, ...]


RULE_SETS: tuple[RuleSet, ...] = (
    RuleSet(
        code="NOTICE_2016",
        kind=NoticeKind.PRICE_NOTICE,
        min_days=15,
        decision_working_days=15,
        effective_from=date(2015, 10, 1),
        effective_until=None,
        source="促进科技成果转化法 18 (name and intended price); 国发〔2016〕16号 (15 days);"
        " 浙江省促进科技成果转化条例 17 (contents, the mark); 山东省促进科技成果转化条例 14"
        " (outcome); rules.md A-4 to A-7. The term for a decision is this market's own",
        verify=("min_days", "decision_working_days", "effective_from"),
    ),
)

PUBLIC_UNITS = frozenset({"university", "institute"})
"""Sellers whose negotiated prices are published (促进科技成果转化法 18; A-3)."""


def rule_set(kind: str, day: date) -> RuleSet:
    """The rules in force on that day; raises LookupError before the first ones."""
    for rules in RULE_SETS:
        begun = rules.kind == kind and rules.effective_from <= day
        if begun and (rules.effective_until is None or day <= rules.effective_until):
            return rules
    raise LookupError(f"no rules of {kind} in force on {day}")


def known_rule_set(code: str) -> RuleSet:
    """The rule set of a record."""
    return next(rules for rules in RULE_SETS if rules.code == code)


@dataclass(frozen=True)
class Content:
    """What a notice makes public; the price in fen."""

    title: str
    summary: str
    transfer_mode: str
    license_manner: str | None
    price_fen: int
    taker_id: UUID | None
    taker_name: str
    interest: str
    interest_note: str
    objection_procedure: str


def check_content(
    content: Content,
    days: int,
    rules: RuleSet,
    owners: Collection[UUID],
    inventors: Collection[str],
    *,
    related: bool = False,
) -> None:
    """What is published is complete, stands long enough, and marks who is on both sides.

    `owners` and `inventors` are the achievement's owners and completing persons; `related` says
    that the taker is under one control with the publisher, or has declared relatives there. Raises
    NoticeTooShort, NoTransfer, NoticeMannerMismatch, InterestNotMarked and InterestUnexplained.
    """
    if days < rules.min_days:
        raise NoticeTooShort(field="body.days", given=days, minimum=rules.min_days)
    if content.transfer_mode == "self_implement":
        raise NoTransfer(field="body.transfer_mode", transfer_mode=content.transfer_mode)
    if (content.transfer_mode == "license") != (content.license_manner is not None):
        raise NoticeMannerMismatch(field="body.license_manner")
    tie = None
    if content.taker_name in inventors:
        tie = (Interest.INVENTOR, "完成人 completing person")
    elif content.taker_id in owners:
        tie = (Interest.INTERESTED_PARTY, "共有权利人 co-owner")
    elif related:
        tie = (Interest.INTERESTED_PARTY, "关联方 related party")
    if content.interest == Interest.NONE:
        if tie is not None:
            raise InterestNotMarked(
                field="body.interest",
                taker=content.taker_name,
                relation=tie[1],
                expected_interest=tie[0].value,
            )
    elif not content.interest_note:
        raise InterestUnexplained(field="body.interest_note")


@dataclass(frozen=True)
class Period:
    """A count that runs: the day it runs from (not counted itself), and the moment it ends."""

    counts_from: date
    ends_at: datetime
    provisional: bool
    calendar_version: str


def period(begun_at: datetime, days: int, calendar: OfficialCalendar) -> Period:
    """Calendar days: the opening day is not counted, and a last day that is no working day moves
    to the next one, 24:00 in Shanghai (民法典 201-203; rules.md T-1, T-3, TV-T1 to TV-T6)."""
    start = local_day(begun_at)
    return _period(start, calendar.end_of_calendar_days(start, days))


def recounted(
    counts_from: date, ends_at: datetime, days: int, calendar: OfficialCalendar
) -> Period:
    """A provisional period counted anew; it never ends earlier than people were told."""
    old = CountedDate(local_day(ends_at - timedelta(microseconds=1)), True, "")
    return _period(counts_from, later(old, calendar.end_of_calendar_days(counts_from, days)))


def _period(start: date, counted: CountedDate) -> Period:
    return Period(start, end_of_day(counted.day), counted.provisional, counted.calendar_version)


def days_left(counts_from: date, days: int, stopped_at: datetime) -> int:
    """The days still to run when an objection stops a count of `days` days.

    Only whole days before the day of the objection count as run. Where the law says nothing the
    longer notice is taken: one day is left at least.
    """
    run = max(0, (local_day(stopped_at) - counts_from).days - 1)
    return max(1, days - run)


def decision_due(filed_at: datetime, rules: RuleSet, calendar: OfficialCalendar) -> datetime:
    """The end of the working day by which an objection is decided."""
    counted = calendar.end_of_working_days(local_day(filed_at), rules.decision_working_days)
    return end_of_day(counted.day)


def require_open(state: str, ends_at: datetime | None, now: datetime) -> None:
    """The notice stands, or its count is stopped; it is over at `ends_at` whatever the tick says.

    Raises NoticeNotOpen.
    """
    running = state == NoticeState.PUBLISHED and ends_at is not None and now < ends_at
    if not running and state != NoticeState.SUSPENDED:
        raise NoticeNotOpen(state=state, ends_at=None if ends_at is None else ends_at.isoformat())


def require_reason(reason: str) -> None:
    """Raise NoticeReasonRequired for a decision that does not say why."""
    if not reason:
        raise NoticeReasonRequired(field="body.reason")
