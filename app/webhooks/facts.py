"""What is posted, and what came of it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Message:
    """One message: `position` is its change's place in the feed, None for a test."""

    id: str
    position: int | None
    body: str


@dataclass(frozen=True)
class Batch:
    """What is to be posted to one address in order, and what signs it, the newest secret first."""

    url: str
    secrets: tuple[str, ...]
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class Claim:
    """The right of one worker to post to a webhook for a while."""

    webhook_id: UUID
    token: UUID


@dataclass(frozen=True)
class Answer:
    """What an attempt came to: a status, or why there is none."""

    took_ms: int
    status: int | None = None
    error: str | None = None
