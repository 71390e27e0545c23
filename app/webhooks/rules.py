"""When a webhook is tried again, and when it is given up."""

from datetime import datetime, timedelta

MAX_WEBHOOKS = 10
"""Webhooks of one organisation."""
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 6 * 3600.0
GIVE_UP_AFTER = timedelta(days=5)
SECRET_OVERLAP = timedelta(hours=24)
"""How long messages are signed with the former secret too after a rotation."""
GONE = 410
"""The status by which a receiver says that it wants no more."""


def pause(failures: int, chance: float) -> timedelta:
    """The pause after so many failures in a row: doubling from 5 s to 6 h, a fifth more or less.

    `chance` is from 0 to 1; it spreads what failed together.
    """
    doubled = FIRST_PAUSE_S * 2.0 ** min(failures - 1, 30)
    return timedelta(seconds=min(doubled, LONGEST_PAUSE_S) * (0.8 + 0.4 * chance))


def is_given_up(failing_since: datetime, now: datetime) -> bool:
    """Whether a webhook has failed for so long that it is disabled."""
    return now - failing_since >= GIVE_UP_AFTER


def is_delivered(status: int) -> bool:
    """Whether an answer acknowledges the message; a redirect does not (Standard Webhooks)."""
    return 200 <= status < 300


def overlaps(rotated_at: datetime | None, now: datetime) -> bool:
    """Whether the former secret signs too."""
    return rotated_at is not None and now - rotated_at < SECRET_OVERLAP
