"""What other modules may know about demands."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class DemandFacts:
    """A demand as others see it; money in fen, times aware UTC.

    `budget_fen` is the most that the owner will pay, if it said so. Whoever shows an anonymous
    demand shows neither `owner_id` nor `owner_name`.
    """

    id: UUID
    version: int
    owner_id: UUID
    owner_name: str
    broker_id: UUID | None
    type: str
    title: str
    summary: str
    technical_fields: tuple[str, ...]
    province: str | None
    budget_fen: int | None
    anonymous: bool
    state: str
    published_at: datetime | None
    expires_at: datetime | None
    internal: bool
    keywords: tuple[str, ...]
