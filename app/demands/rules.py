"""Decisions about demands, without I/O: validity, completeness, what is open."""

import calendar
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.demands.errors import BadExpiry, DemandNotOpen, ReasonRequired, TooIncomplete
from app.demands.states import DemandState
from app.kit.calendar import end_of_day, local_day


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


def require_complete(
    score: int, missing: tuple[tuple[str, int], ...], chosen: PublicationRules
) -> None:
    """Raise TooIncomplete, naming what is missing, below the least score for a review."""
    if score < chosen.least_completeness:
        raise TooIncomplete(
            field="body.profile",
            score=score,
            least=chosen.least_completeness,
            missing=[name for name, _ in missing],
        )


def require_open(state: str, until: datetime | None, now: datetime) -> None:
    """The demand is published; it is over at `until` even before the tick says so.

    Raises DemandNotOpen.
    """
    if state != DemandState.PUBLISHED or until is None or now >= until:
        raise DemandNotOpen(state=state, until=None if until is None else until.isoformat())


def interest_until(profile: Mapping[str, Any], expires_at: datetime | None) -> datetime | None:
    """Until when interest can be expressed: the deadline of the profile, or its end."""
    if expires_at is None or "interest_deadline" not in profile:
        return expires_at
    return min(expires_at, end_of_day(date.fromisoformat(profile["interest_deadline"])))


def require_reason(reason: str) -> None:
    """Raise ReasonRequired for an act against someone that does not say why."""
    if not reason:
        raise ReasonRequired(field="body.reason")


def content_key(profile: Mapping[str, Any]) -> UUID:
    """Equal for profiles that say the same: an import leaves the second one out."""
    plain = json.dumps(profile, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return UUID(bytes=hashlib.blake2b(plain.encode(), digest_size=16).digest())
