"""What is read from the feed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.kit.http import API


@dataclass(frozen=True)
class Reader:
    """Whose changes are asked for.

    `party_id` alone: those of the party, whoever else may see them. Otherwise those that are
    public, or, for a member of an active organisation, open to members.
    """

    member: bool = False
    party_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """One change, and its place in the feed as an opaque offset."""

    id: UUID
    position: int
    offset: str
    kind: str
    act: str
    object_id: UUID
    at: datetime

    def wire(self) -> dict[str, Any]:
        """The change as it is sent, by the feed and by webhooks."""
        return {
            "id": self.id,
            "offset": self.offset,
            "kind": self.kind,
            "act": self.act,
            "object_id": self.object_id,
            "at": self.at,
            "link": f"{API}/{self.kind}s/{self.object_id}",
        }


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
