"""What is read from the feed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


@dataclass(frozen=True)
class Reader:
    """Whose changes are asked for.

    `party_id` alone: those of the party, whoever else may see them. Otherwise those that are
    public, or, for a member of an active organisation, open to members.
    """

    member: bool = False
    party_id: UUID | None = None


@dataclass(frozen=True)
class Place:
    """A place in the feed: after a position. `mark` is to be the mark of the change there."""

    position: int
    mark: str | None = None


class ChangeFacts(NamedTuple):
    """One change; a plain tuple, for pages have a thousand of them."""

    position: int
    id: str
    kind: str
    act: str
    object_id: str
    at: datetime


@dataclass(frozen=True)
class Bounds:
    """What a reading may look through: up to `until`, which is `end` unless more follows."""

    end: int
    until: int
    until_id: str | None
    after_id: str | None


@dataclass(frozen=True)
class Part:
    """A part of the feed: what the reader asked for in it, where it ends, whether more follows."""

    changes: Sequence[ChangeFacts]
    end: int
    next_offset: str
    more: bool


@dataclass(frozen=True)
class Numbered:
    """What one round of numbering did.

    `oldest_s` is how long the oldest had waited, in seconds; `full` means that more may be left.
    """

    count: int
    oldest_s: float
    full: bool
