"""SQL of what surrounds the bids: plans, openings, awards and outages."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.auctions.models import (
    Auction,
    AuctionAward,
    AuctionBidder,
    AuctionEvent,
    AuctionPlan,
    Bid,
    OpenedBid,
    OpeningShare,
    PlatformOutage,
)
from app.auctions.states import AuctionState, AwardState, EventKind


async def plan(session: AsyncSession, listing_id: UUID) -> AuctionPlan | None:
    """The plan of a listing's auction."""
    return await session.get(AuctionPlan, listing_id, populate_existing=True)


async def auction(session: AsyncSession, auction_id: UUID) -> Auction:
    """An auction that exists, as it was written last."""
    query = (
        select(Auction).where(Auction.id == auction_id).execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one()


async def bidder_ids(session: AsyncSession, auction_id: UUID) -> Sequence[UUID]:
    """Every numbered bidder of an auction."""
    query = select(AuctionBidder.bidder_id).where(AuctionBidder.auction_id == auction_id)
    return (await session.execute(query)).scalars().all()


async def bidders_by_number(
    session: AsyncSession, auction_id: UUID, numbers: Collection[int]
) -> dict[int, UUID]:
    """Who is behind these numbers."""
    query = select(AuctionBidder.number, AuctionBidder.bidder_id).where(
        AuctionBidder.auction_id == auction_id, AuctionBidder.number.in_(numbers)
    )
    return {row[0]: row[1] for row in (await session.execute(query)).all()}


async def award(session: AsyncSession, award_id: UUID) -> AuctionAward:
    """An award that exists, locked."""
    query = select(AuctionAward).where(AuctionAward.id == award_id).with_for_update()
    return (await session.execute(query)).scalar_one()


async def number_of(session: AsyncSession, auction_id: UUID, bidder_id: UUID) -> int:
    """The number of a bidder of an auction."""
    query = select(AuctionBidder.number).where(
        AuctionBidder.auction_id == auction_id, AuctionBidder.bidder_id == bidder_id
    )
    return (await session.execute(query)).scalar_one()


async def next_best(
    session: AsyncSession,
    auction_id: UUID,
    out: Collection[UUID],
    *,
    sign: int,
    limit_fen: int | None,
) -> tuple[UUID, int] | None:
    """The best valid bid of anyone who is not `out`, with its bidder; the earlier of two.

    `sign` is -1 where lower is better; a bid beyond `limit_fen` does not count.
    """
    amount = func.coalesce(OpenedBid.amount_fen, Bid.amount_fen)
    query = (
        select(Bid.bidder_id, amount)
        .outerjoin(
            OpenedBid,
            (OpenedBid.auction_id == Bid.auction_id) & (OpenedBid.sequence == Bid.sequence),
        )
        .where(
            Bid.auction_id == auction_id,
            Bid.accepted,
            amount.is_not(None),
            OpenedBid.refusal.is_(None),
            Bid.bidder_id.not_in(out),
        )
        .order_by(amount.desc() if sign > 0 else amount, Bid.sequence)
        .limit(1)
    )
    if limit_fen is not None:
        query = query.where(amount >= limit_fen if sign > 0 else amount <= limit_fen)
    found = (await session.execute(query)).one_or_none()
    return None if found is None else (found[0], found[1])


async def awards(
    session: AsyncSession, auction_ids: Collection[UUID]
) -> dict[UUID, list[AuctionAward]]:
    """The awards of auctions by rank; an auction without any has an empty list."""
    query = (
        select(AuctionAward)
        .where(AuctionAward.auction_id.in_(auction_ids))
        .order_by(AuctionAward.auction_id, AuctionAward.rank)
    )
    found: dict[UUID, list[AuctionAward]] = {auction_id: [] for auction_id in auction_ids}
    for row in (await session.execute(query)).scalars():
        found[row.auction_id].append(row)
    return found


async def anything_sold(session: AsyncSession, listing_id: UUID) -> bool:
    """Whether any award of a listing's auctions stands."""
    query = select(
        exists().where(
            Auction.listing_id == listing_id,
            Auction.state == AuctionState.SOLD.value,
            AuctionAward.auction_id == Auction.id,
            AuctionAward.state == AwardState.AWARDED.value,
        )
    )
    return bool((await session.execute(query)).scalar_one())


async def standing_winners(session: AsyncSession, listing_id: UUID) -> set[UUID]:
    """Those whose awards of a listing's auctions stand."""
    query = (
        select(AuctionAward.bidder_id)
        .join(Auction, Auction.id == AuctionAward.auction_id)
        .where(
            Auction.listing_id == listing_id,
            Auction.state == AuctionState.SOLD.value,
            AuctionAward.state == AwardState.AWARDED.value,
        )
    )
    return set((await session.execute(query)).scalars())


async def unsold_again(session: AsyncSession, auction_id: UUID) -> Sequence[AuctionAward]:
    """The awards of an auction whose winners defaulted and that nobody has taken over."""
    successor = aliased(AuctionAward)
    query = (
        select(AuctionAward)
        .outerjoin(successor, successor.instead_of == AuctionAward.id)
        .where(
            AuctionAward.auction_id == auction_id,
            AuctionAward.state == AwardState.DEFAULTED.value,
            successor.id.is_(None),
        )
        .order_by(AuctionAward.rank)
    )
    return (await session.execute(query)).scalars().all()


async def defaulted_before(session: AsyncSession, auction_id: UUID) -> AuctionAward | None:
    """The award whose default led to this auction, if nothing came of it yet: of the same listing,
    or of the same demand."""
    this, before = Auction.__table__.alias("this"), Auction.__table__.alias("before")
    successor = AuctionAward.__table__.alias("successor")
    query = (
        select(AuctionAward)
        .join(before, before.c.id == AuctionAward.auction_id)
        .join(
            this,
            or_(
                this.c.listing_id == before.c.listing_id,
                this.c.demand_id == before.c.demand_id,
            ),
        )
        .outerjoin(successor, successor.c.instead_of == AuctionAward.id)
        .where(
            this.c.id == auction_id,
            before.c.round < this.c.round,
            AuctionAward.state == AwardState.DEFAULTED.value,
            successor.c.id.is_(None),
        )
        .order_by(before.c.round.desc(), AuctionAward.rank.desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def custody_of(session: AsyncSession, auction_id: UUID) -> dict[str, Any]:
    """How the opening key of an auction with sealed content is kept."""
    query = select(Auction.custody).where(Auction.id == auction_id)
    custody = (await session.execute(query)).scalar_one()
    assert custody is not None
    return dict(custody)


async def is_ephemeral(session: AsyncSession, auction_id: UUID) -> bool:
    """Whether the sandbox itself has the opening key."""
    return bool((await custody_of(session, auction_id))["custody"] == "ephemeral")


async def officers_in(session: AsyncSession, auction_id: UUID) -> Sequence[str]:
    """The officers whose shares are in, in the order of handing in."""
    query = (
        select(OpeningShare.officer)
        .where(OpeningShare.auction_id == auction_id)
        .order_by(OpeningShare.handed_at)
    )
    return (await session.execute(query)).scalars().all()


async def shares(session: AsyncSession, auction_id: UUID) -> Sequence[dict[str, Any]]:
    """The shares that are in."""
    query = select(OpeningShare.share).where(OpeningShare.auction_id == auction_id)
    return (await session.execute(query)).scalars().all()


async def sealed_bids(session: AsyncSession, auction_id: UUID) -> Sequence[Bid]:
    """The accepted sealed bids in the order of the record."""
    query = (
        select(Bid)
        .where(Bid.auction_id == auction_id, Bid.accepted, Bid.sealed.is_not(None))
        .order_by(Bid.sequence)
    )
    return (await session.execute(query)).scalars().all()


async def sealed_reserve(session: AsyncSession, auction_id: UUID) -> bytes:
    """The sealed reserve of an auction that has one."""
    query = select(Auction.reserve_sealed).where(Auction.id == auction_id)
    sealed = (await session.execute(query)).scalar_one()
    assert sealed is not None
    return sealed


async def published_key(session: AsyncSession, auction_id: UUID) -> bytes:
    """The private half of an auction whose sealed bids were opened."""
    query = select(AuctionEvent.payload).where(
        AuctionEvent.auction_id == auction_id, AuctionEvent.kind == EventKind.UNSEALED.value
    )
    return bytes.fromhex((await session.execute(query)).scalar_one()["opening_key"])


async def forget_reserve(session: AsyncSession, auction_id: UUID) -> None:
    """Drop the sealed reserve, in the plan too: the published key would open it.

    What is left of it in the plan is empty, which says that there was one.
    """
    await session.execute(
        update(Auction).where(Auction.id == auction_id).values(reserve_sealed=None)
    )
    await session.execute(
        update(AuctionPlan)
        .where(AuctionPlan.auction_id == auction_id, AuctionPlan.reserve_sealed.is_not(None))
        .values(reserve_sealed=b"")
    )


def add_outage(session: AsyncSession, began_at: datetime, ended_at: datetime, seconds: int) -> None:
    """Note that no process could take bids for a time."""
    session.add(PlatformOutage(began_at=began_at, ended_at=ended_at, seconds=seconds))


async def open_outages(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Outages that are not handled, the earliest first."""
    query = (
        select(PlatformOutage.id)
        .where(PlatformOutage.handled_at.is_(None))
        .order_by(PlatformOutage.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def outage(session: AsyncSession, outage_id: UUID) -> PlatformOutage | None:
    """One outage, locked; None when another process has it."""
    query = (
        select(PlatformOutage)
        .where(PlatformOutage.id == outage_id)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def auctions_in(session: AsyncSession, outage: PlatformOutage) -> Sequence[UUID]:
    """Auctions that were running or due to open in an outage, in the order of locking."""
    query = (
        select(Auction.id)
        .where(
            or_(
                Auction.state == AuctionState.OPEN.value,
                (Auction.state == AuctionState.SCHEDULED.value)
                & (Auction.opens_at < outage.ended_at),
            )
        )
        .order_by(Auction.id)
    )
    return (await session.execute(query)).scalars().all()
