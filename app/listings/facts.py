"""What other modules may know about listings."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True)
class ListingFacts:
    """A listing as others see it; money in fen, times aware UTC.

    `disclosure_from` is the day of publication; counting starts on the day after it. `negotiation`
    says whether the price may be negotiated: `none`, `one_bidder` or `open`.
    """

    id: UUID
    version: int
    achievement_id: UUID
    seller_id: UUID
    broker_id: UUID | None
    title: str
    summary: str
    technical_field: str
    ipc: tuple[str, ...]
    region_code: str
    transfer_mode: str
    license_manner: str | None
    exclusive: bool
    negotiation: str
    profile: str
    price_fen: int
    deposit_fen: int
    increment_fen: int
    extension_s: int
    bidding_minutes: int
    opens_after_minutes: int
    state: str
    published_at: datetime | None
    disclosure_from: date | None
    closes_at: datetime | None
    closes_provisional: bool
    closed_at: datetime | None
