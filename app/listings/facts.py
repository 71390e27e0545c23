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


@dataclass(frozen=True)
class PriceLimits:
    """What the law and the profile let the next round of a listing ask for; amounts in fen.

    Attributes:
        round: the round that is planned; that of the listing, or the next one once it failed.
        failed_fen: prices of the rounds of the chain that failed, the first one first.
        floor_fen: the least price without an approval (rules.md C-9); None: there is no floor.
        later_floor_fen: the same for the relistings after it.
        least_fen: the least price of a relisting by its cut (法释〔2016〕18号 26); None in round 1.
        relist_cut_bp: how far below the price before a relisting may go.
        relist_by: the last day to relist on, once the listing failed.
        appraisal_missing: an appraisal is needed and not stated, so that the floor is not known.
    """

    profile: str
    source: str
    round: int
    price_fen: int
    increment_fen: int
    failed_fen: tuple[int, ...]
    appraisal_fen: int | None
    floor_fen: int | None
    later_floor_fen: int | None
    least_fen: int | None
    relist_cut_bp: int
    relist_by: date | None
    appraisal_missing: bool


@dataclass(frozen=True)
class Turnout:
    """How many listings ended since a day, and how many bidders were qualified for them in all."""

    listings: int
    bidders: int
