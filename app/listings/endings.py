"""How a listing ends other than by bidding: by an agreement; and how its award is annulled."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.states import move
from app.listings import access, repository, rules
from app.listings.errors import OthersApplied
from app.listings.models import Listing
from app.listings.states import MOVES, ListingState


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
    _change(session, actor, listing, "agree", buyer=buyer_id, at=now)
    if not listing.exclusive:
        await repository.release_claims(session, listing_id)
    await session.flush()


async def annul_award(
    session: AsyncSession, actor: Actor, listing_id: UUID, reason: str, now: datetime
) -> None:
    """The deal of an award was cancelled or its buyer defaulted: the right is free again.

    Raises NotFound and IllegalMove.
    """
    listing = await _existing(session, listing_id)
    _change(session, actor, listing, "annul", reason=reason, at=now)
    listing.review_note = reason or None
    await repository.release_claims(session, listing_id)
    await session.flush()


async def _existing(session: AsyncSession, listing_id: UUID) -> Listing:
    listing = await repository.listing(session, listing_id, lock="update")
    if listing is None:
        raise NotFound
    return listing


def _change(
    session: AsyncSession, actor: Actor, listing: Listing, act: str, **facts: object
) -> None:
    before = {"state": listing.state}
    listing.state = move(MOVES, ListingState(listing.state), act).value
    listing.version += 1
    audit.record(
        session,
        actor,
        f"listing.{act}",
        "listing",
        listing.id,
        before=before,
        after={"state": listing.state, **facts},
        rule_set=listing.rule_set,
        audience=access.audience(listing),
    )
