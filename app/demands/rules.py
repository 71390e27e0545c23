"""Decisions about demands, without I/O: completeness, what is open."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.demands.errors import DemandNotOpen, ReasonRequired, TooIncomplete
from app.demands.states import DemandState
from app.kit.calendar import end_of_day
from app.standard.service import Publication, PublicationRules, last_day, publication, rules_of

__all__ = [
    "Publication",
    "PublicationRules",
    "content_key",
    "interest_until",
    "last_day",
    "publication",
    "require_complete",
    "require_open",
    "require_reason",
    "rules_of",
]


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
