"""How a listing ends: by bidding or by an agreement; and how its award is annulled."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.states import move
from app.listings import deposits, repository, rules
from app.listings.errors import OthersApplied
from app.listings.models import Listing
from app.listings.recording import change
from app.listings.states import MOVES, ListingState


async def record_award(
    session: AsyncSession,
    actor: Actor,
    listing_id: UUID,
    now: datetime,
    winner_ids: Collection[UUID] = (),
) -> None:
    """The bidding found a winner; an exclusive right keeps its claim, for it is the buyer's.
    Deposits of all but `winner_ids` are due back; without any nobody is known to have lost."""
    listing = await _existing(session, listing_id)
    state = move(MOVES, ListingState(listing.state), "award")
    if not listing.exclusive:
        await repository.release_claims(session, listing_id)
    change(session, actor, "award", listing, state, at=now)
    await session.flush()
    if winner_ids:
        await deposits.release_all_but(session, listing_id, winner_ids, now)


async def record_failure(
    session: AsyncSession, actor: Actor, listing_id: UUID, reason: str, now: datetime
) -> None:
    """The bidding found no winner."""
    listing = await _existing(session, listing_id)
    state = move(MOVES, ListingState(listing.state), "fail")
    await repository.release_claims(session, listing_id)
    listing.review_note = reason or None
    change(session, actor, "fail", listing, state, at=now, reason=reason)
    await session.flush()
    await deposits.release_all_but(session, listing_id, (), now)


async def award_by_agreement(
    session: AsyncSession, actor: Actor, listing_id: UUID, buyer_id: UUID, now: datetime
) -> None:
    """Seller and buyer agreed on a price; an exclusive right keeps its claim.

    While the listing is published nobody else may have applied (rules.md C-1). Raises
    ListingNotOpen, OthersApplied and IllegalMove.
    """
    listing = await _existing(session, listing_id)
    if listing.state == ListingState.PUBLISHED:
        rules.require_open(listing.state, listing.closes_at, now)
        others = [
            row
            for row in await repository.undecided_or_qualified(session, listing_id)
            if row.applicant_id != buyer_id
        ]
        if others:
            raise OthersApplied(count=len(others))
        listing.closed_at = now
    state = move(MOVES, ListingState(listing.state), "agree")
    change(session, actor, "agree", listing, state, buyer=buyer_id, at=now)
    if not listing.exclusive:
        await repository.release_claims(session, listing_id)
    await session.flush()


async def lock_award(session: AsyncSession, listing_id: UUID) -> bool:
    """Whether the listing is awarded; it stays locked, so that what its deals come to is judged by
    one after the other."""
    return (await _existing(session, listing_id)).state == ListingState.AWARDED


async def annul_award(
    session: AsyncSession, actor: Actor, listing_id: UUID, reason: str, now: datetime
) -> None:
    """The deal of an award was cancelled or its buyer defaulted: the right is free again.

    Raises NotFound and IllegalMove.
    """
    listing = await _existing(session, listing_id)
    state = move(MOVES, ListingState(listing.state), "annul")
    change(session, actor, "annul", listing, state, reason=reason, at=now)
    listing.review_note = reason or None
    await repository.release_claims(session, listing_id)
    await session.flush()


async def _existing(session: AsyncSession, listing_id: UUID) -> Listing:
    listing = await repository.listing(session, listing_id, lock="update")
    if listing is None:
        raise NotFound
    return listing
