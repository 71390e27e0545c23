"""What a seller can look ahead by: the limits of a price, and how many came to past listings."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.listings import repository, rules, sale_profiles
from app.listings.facts import PriceLimits, Turnout
from app.listings.models import Listing
from app.listings.states import ListingState


async def price_limits(session: AsyncSession, listing_id: UUID) -> PriceLimits:
    """What the law and the profile let the next round of a listing ask for; raises NotFound."""
    rows = await repository.chain(session, listing_id)
    listing = next((row for row in rows if row.id == listing_id), None)
    if listing is None:
        raise NotFound
    failed = tuple(row.price_fen for row in _before(rows, listing) if row.state == _FAILED)
    profile = sale_profiles.profile(listing.profile)
    again = listing.state == _FAILED
    round_ = listing.round + again
    least = None
    if failed:
        least = rules.share_up(failed[-1], 10_000 - profile.relist_cut_bp)
    closed_on = local_day(listing.closed_at) if again and listing.closed_at is not None else None
    return PriceLimits(
        profile=profile.code,
        source=profile.source,
        round=round_,
        price_fen=listing.price_fen,
        increment_fen=listing.increment_fen,
        failed_fen=failed,
        appraisal_fen=listing.appraisal_fen,
        floor_fen=rules.price_floor(profile, listing.appraisal_fen, round_),
        later_floor_fen=rules.price_floor(profile, listing.appraisal_fen, round_ + 1),
        least_fen=least,
        relist_cut_bp=profile.relist_cut_bp,
        relist_by=closed_on and closed_on + timedelta(days=profile.relist_within_days),
        appraisal_missing=profile.floor_bp is not None and listing.appraisal_fen is None,
    )


_FAILED = ListingState.FAILED.value


def _before(rows: Sequence[Listing], listing: Listing) -> list[Listing]:
    """The rounds up to a listing, the first one first, without withdrawn ones beside them."""
    of_id = {row.id: row for row in rows}
    found = [listing]
    while found[0].previous_id is not None:
        found.insert(0, of_id[found[0].previous_id])
    return found


async def turnout(session: AsyncSession, technical_field: str | None, since: datetime) -> Turnout:
    """How many came to the listings of a field, or of all, that ended since then."""
    return Turnout(*await repository.turnout(session, technical_field, since))
