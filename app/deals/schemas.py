"""Wire shapes of the deals module."""

from datetime import datetime
from uuid import UUID

from app.deals.states import DealMethod, DealState
from app.kit.http import WireModel


class DealView(WireModel):
    """A concluded result; who else bid is not told."""

    id: UUID
    version: int
    listing_id: UUID
    auction_id: UUID | None
    achievement_id: UUID
    title: str
    seller_id: UUID
    seller_name: str
    buyer_id: UUID
    buyer_name: str
    price_fen: int
    transfer_mode: str
    license_manner: str | None
    method: DealMethod
    state: DealState
    concluded_at: datetime
    contracted_at: datetime | None
