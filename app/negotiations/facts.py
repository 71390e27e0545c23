"""What other modules may know about negotiations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class AgreementFacts:
    """What seller and buyer agreed on; `price_fen` is assured, royalties may come on top."""

    negotiation_id: UUID
    listing_id: UUID
    seller_id: UUID
    buyer_id: UUID
    seller_broker_id: UUID | None
    buyer_broker_id: UUID | None
    price_fen: int
    terms: dict[str, Any]
    agreed_at: datetime


@dataclass(frozen=True)
class Brokerage:
    """A deal as its brokers' commissions depend on it."""

    deal_id: UUID
    negotiation_id: UUID | None
    seller_id: UUID
    seller_broker_id: UUID | None
    buyer_id: UUID
    buyer_broker_id: UUID | None
    price_fen: int
    concluded_at: datetime
