"""How long a profile is published: dated rules, the same for offers and requests."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.kit.calendar import end_of_day, local_day
from app.standard.errors import BadExpiry


@dataclass(frozen=True)
class PublicationRules:
    """A dated set of rules for publishing profiles.

    Attributes:
        code: stored with the demand and in the audit log.
        effective_from: first day on which it is in force.
        validity_months: longest publication, and the usual one (EEN: a year, renewable).
        remind_days: days before the end at which the owner is reminded.
        least_completeness: score of the standard from which a profile is reviewed.
        source: where the values come from.
        verify: parameters that were not read at a source.
    """

    code: str
    effective_from: date
    validity_months: int
    remind_days: int
    least_completeness: int
    source: str
    verify: tuple[str, ...]


RULE_SETS = (
    PublicationRules(
        code="PUBLICATION_2020",
        effective_from=date(2020, 1, 1),
        validity_months=12,
        remind_days=14,
        least_completeness=40,
        source="rules.md 9.5 (EEN profile: validity one year, renewable); the rest is chosen here",
        verify=("validity_months", "remind_days", "least_completeness"),
    ),
)


def rules_of(day: date) -> PublicationRules:
    """The rules in force on a day."""
    return next(found for found in reversed(RULE_SETS) if found.effective_from <= day)


@dataclass(frozen=True)
class Publication:
    """How long a profile is published, and when its owner is reminded, if there is time."""

    expires_at: datetime
    remind_at: datetime | None


def publication(now: datetime, asked: str | None, chosen: PublicationRules) -> Publication:
    """Publication from now to 24:00 of the day asked for, by default of the last possible one.

    Raises BadExpiry unless the day lies between today and the end of the longest validity.
    """
    today = local_day(now)
    latest = months_later(today, chosen.validity_months)
    last = latest if asked is None else date.fromisoformat(asked)
    if not today <= last <= latest:
        raise BadExpiry(
            field="body.expires_on",
            given=last.isoformat(),
            earliest=today.isoformat(),
            latest=latest.isoformat(),
        )
    expires_at = end_of_day(last)
    remind_at = expires_at - timedelta(days=chosen.remind_days)
    return Publication(expires_at, remind_at if remind_at > now else None)


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def last_day(expires_at: datetime) -> date:
    """The day at whose 24:00 a publication ends."""
    return local_day(expires_at - timedelta(microseconds=1))
