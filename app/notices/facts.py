"""What other modules may know about notices."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class NoticeSubject:
    """The sale that a notice is about; the price in fen."""

    achievement_id: UUID
    seller_id: UUID
    buyer_id: UUID
    price_fen: int
    transfer_mode: str
    license_manner: str | None


@dataclass(frozen=True)
class NoticeFacts:
    """A notice as others see it; `ends_at` is the end of its period, None while it is suspended."""

    id: UUID
    version: int
    state: str
    edition: int
    published_at: datetime | None
    ends_at: datetime | None
    effective_at: datetime | None
