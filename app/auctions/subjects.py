"""What an auction is about: a listing that is sold, or a demand for which a supplier is sought.

Results go to the module that owns the subject; nothing else in auctions depends on which it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import outcomes
from app.auctions.models import Auction, AuctionAward
from app.auctions.states import AwardState
from app.demands import service as demands
from app.kit import jobs
from app.kit.actor import SYSTEM, Actor
from app.listings import service as listings
from app.parties import service as parties


@dataclass(frozen=True)
class Subject:
    """What the public knows of an auction's subject."""

    title: str
    technical_field: str


async def subjects(session: AsyncSession, auctions: Iterable[Auction]) -> dict[UUID, Subject]:
    """The subjects of auctions, by the auction's id."""
    rows = list(auctions)
    sold = await listings.facts_of(session, [row.listing_id for row in rows if row.listing_id])
    sought = await demands.facts_of(session, [row.demand_id for row in rows if row.demand_id])
    found = {}
    for row in rows:
        if row.listing_id is not None:
            listing = sold[row.listing_id]
            found[row.id] = Subject(listing.title, listing.technical_field)
        else:
            assert row.demand_id is not None
            demand = sought[row.demand_id]
            found[row.id] = Subject(demand.title, next(iter(demand.technical_fields), ""))
    return found


async def hidden_sellers(
    session: AsyncSession, actor: Actor | None, auctions: Iterable[Auction]
) -> frozenset[UUID]:
    """Auctions of anonymous demands, by id, whose owner the actor is not to know."""
    sought = {row.demand_id: row.id for row in auctions if row.demand_id is not None}
    hidden = await demands.hiding_owner(session, actor, list(sought)) if sought else frozenset()
    return frozenset(row.id for row in auctions if row.demand_id in hidden)


async def deposit_payers(
    session: AsyncSession, auctions: Iterable[Auction]
) -> dict[tuple[UUID, UUID], str]:
    """For an auction and a bidder a mark of the account that the deposit came from, if one did."""
    held = [(row.listing_id, row.id) for row in auctions if row.listing_id is not None]
    paid = await listings.deposit_payers(session, {listing_id for listing_id, _ in held})
    return {
        (auction_id, bidder_id): mark
        for listing_id, auction_id in held
        for bidder_id, mark in paid.get(listing_id, {}).items()
    }


async def award(
    session: AsyncSession, auction: Auction, awards: Sequence[AuctionAward], now: datetime
) -> None:
    """The auction found its winners."""
    if auction.listing_id is not None:
        # After a re-auction of a part, the others who won keep what they won, and their deposits.
        winners = {award.bidder_id for award in awards}
        winners |= await outcomes.standing_winners(session, auction.listing_id)
        await listings.record_award(session, SYSTEM, auction.listing_id, now, winner_ids=winners)
        await jobs.defer(session, "deals.record", auction_id=str(auction.id))
        return
    assert auction.demand_id is not None
    won = awards[0]
    await demands.record_award(
        session, SYSTEM, auction.demand_id, won.bidder_id, won.total_fen, now
    )


async def fail(session: AsyncSession, auction: Auction, reason: str, now: datetime) -> None:
    """The auction found no winner, or was annulled before it had one.

    A re-auction of a part leaves the listing to those who won the rest.
    """
    if auction.listing_id is not None:
        if await outcomes.anything_sold(session, auction.listing_id):
            await listings.record_award(session, SYSTEM, auction.listing_id, now)
            return
        await listings.record_failure(session, SYSTEM, auction.listing_id, reason, now)
        await jobs.defer(session, "pricing.collect_auction", auction_id=str(auction.id))
        return
    assert auction.demand_id is not None
    await demands.record_failure(session, SYSTEM, auction.demand_id, reason, now)


async def reopen_demand(
    session: AsyncSession, actor: Actor, demand_id: UUID, reason: str, now: datetime
) -> None:
    """The supplier of a demand defaulted; raises IllegalMove when it has none."""
    await demands.reopen(session, actor, demand_id, reason, now)


async def annul(session: AsyncSession, actor: Actor, auction: Auction, reason: str) -> None:
    """An auction that was sold is annulled: its deals end, or its demand seeks a supplier again.

    Nothing follows for a demand whose supplier had defaulted, for it is published already.
    """
    if auction.listing_id is not None:
        await jobs.defer(session, "deals.annul", auction_id=str(auction.id), reason=reason)
        return
    assert auction.demand_id is not None
    [award] = (await outcomes.awards(session, [auction.id]))[auction.id]
    if award.state == AwardState.AWARDED:
        await demands.annul_award(session, actor, auction.demand_id, reason)


async def barred_supplier(
    session: AsyncSession, demand_id: UUID, supplier_id: UUID, now: datetime
) -> bool:
    """Whether a supplier may not bid for a demand, for a conflict with its owner (I-4)."""
    demand = await demands.facts(session, demand_id)
    brokers = [] if demand.broker_id is None else [demand.broker_id]
    found = await parties.conflicts(
        session, demand.owner_id, supplier_id, broker_ids=brokers, appraiser_ids=[], now=now
    )
    return bool(found)
