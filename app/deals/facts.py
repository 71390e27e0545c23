"""What other modules may know about deals."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class DealFacts:
    """A deal as others see it; the price in fen, everything else copied when it was concluded.

    `terms` are those that a negotiation agreed on, as `app.negotiations.terms` writes them.
    """

    id: UUID
    version: int
    created_at: datetime
    listing_id: UUID
    auction_id: UUID | None
    negotiation_id: UUID | None
    achievement_id: UUID
    seller_id: UUID
    buyer_id: UUID
    price_fen: int
    terms: dict[str, Any] | None
    transfer_mode: str
    license_manner: str | None
    title: str
    method: str
    state: str
    concluded_at: datetime
    publicity_ends_at: datetime
    contracted_at: datetime | None
