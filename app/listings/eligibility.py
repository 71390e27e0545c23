"""Who is barred from bidding on a listing, whoever they say they are."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.kit.errors import NotFound
from app.listings import repository
from app.listings.errors import BidderBarred, OwnListing
from app.listings.models import Listing
from app.parties import service as parties
from app.parties.facts import ConflictOfInterest
from app.parties.states import RelationKind

_OWN = frozenset({"seller.same", "broker.same"})


async def conflicts(
    session: AsyncSession, listing: Listing, bidder_id: UUID, now: datetime
) -> list[ConflictOfInterest]:
    """Why this organisation must not bid on this listing; empty if nothing known bars it.

    Brokers are the one who listed it and those declared for it; appraisers are declared.
    """
    achievement = await achievements.facts(session, listing.achievement_id)
    ids = [achievement.id, *achievement.member_ids]
    brokers, appraisers = [
        await parties.declared_for_sale(session, kind, listing.seller_id, ids, listing.id, now)
        for kind in (RelationKind.BROKER_OF, RelationKind.APPRAISER_OF)
    ]
    if listing.broker_id is not None:
        brokers = (*brokers, listing.broker_id)
    return await parties.conflicts(
        session,
        listing.seller_id,
        bidder_id,
        broker_ids=brokers,
        appraiser_ids=appraisers,
        now=now,
    )


async def bidder_conflicts(
    session: AsyncSession, listing_id: UUID, bidder_id: UUID, now: datetime
) -> list[ConflictOfInterest]:
    """The same by the id of the listing; raises NotFound."""
    listing = await repository.listing(session, listing_id)
    if listing is None:
        raise NotFound
    return await conflicts(session, listing, bidder_id, now)


async def require_unrelated(
    session: AsyncSession, listing: Listing, now: datetime, *party_ids: UUID | None
) -> None:
    """Raise unless the bidder, and the agent that acts for it, may bid on this listing.

    Raises OwnListing for the seller and its broker, BidderBarred for everyone else who is barred
    (拍卖法 art. 22, 23, 30; 法释〔2016〕18号 art. 34).
    """
    for party_id in dict.fromkeys(party_ids):
        if party_id is None:
            continue
        found = await conflicts(session, listing, party_id, now)
        if not found:
            continue
        own = any(conflict.code in _OWN for conflict in found)
        raise (OwnListing if own else BidderBarred)(
            party_id=str(party_id),
            rules="; ".join(dict.fromkeys(conflict.source for conflict in found)),
            found_zh=";".join(conflict.zh for conflict in found),
            found_en="; ".join(conflict.en for conflict in found),
            conflicts=[conflict.shown() for conflict in found],
        )
