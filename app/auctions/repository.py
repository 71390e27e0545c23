"""SQL of the auctions module."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions.models import Auction, AuctionBidder, Bid
from app.auctions.rules import DRAIN
from app.auctions.states import AuctionState

_QUEUE = "hashtextextended('auction:' || :auction_id, 0)"


async def stamp_and_queue(session: AsyncSession, auction_id: UUID) -> datetime:
    """The market's time now, and this transaction's place among the bids of the auction.

    One statement: the time is taken first. The place is a shared advisory lock until the end of
    the transaction; it keeps the close waiting (`wait_for_bids`), and no other bid.
    """
    query = text(f"SELECT market_now(), pg_advisory_xact_lock_shared({_QUEUE})")
    moment: datetime = (await session.execute(query, {"auction_id": str(auction_id)})).one()[0]
    return moment


async def wait_for_bids(session: AsyncSession, auction_id: UUID) -> None:
    """Wait until every bid that was stamped before now has committed or gone."""
    query = text(f"SELECT pg_advisory_xact_lock({_QUEUE})")
    await session.execute(query, {"auction_id": str(auction_id)})


async def auction(
    session: AsyncSession, auction_id: UUID, *, lock: bool = False, skip_locked: bool = False
) -> Auction | None:
    """One auction; a locked one is read anew."""
    query = select(Auction).where(Auction.id == auction_id)
    if lock:
        query = query.with_for_update(skip_locked=skip_locked).execution_options(
            populate_existing=True
        )
    return (await session.execute(query)).scalar_one_or_none()


async def auction_of_listing(session: AsyncSession, listing_id: UUID) -> Auction | None:
    """The auction of a listing."""
    query = select(Auction).where(Auction.listing_id == listing_id)
    return (await session.execute(query)).scalar_one_or_none()


async def lock_listing(session: AsyncSession, listing_id: UUID) -> None:
    """Take turns among jobs that schedule the same listing's auction."""
    query = text("SELECT pg_advisory_xact_lock(hashtextextended('auction-of:' || :listing_id, 0))")
    await session.execute(query, {"listing_id": str(listing_id)})


async def auctions_by_id(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Auction]:
    """Auctions with these ids, in no order."""
    return (await session.execute(select(Auction).where(Auction.id.in_(ids)))).scalars().all()


async def auctions(
    session: AsyncSession,
    *,
    state: str | None,
    seller_id: UUID | None,
    listing_id: UUID | None,
    bidder_id: UUID | None,
    by_end: bool,
    after: tuple[datetime | None, UUID] | None,
    limit: int,
) -> Sequence[Auction]:
    """A page of auctions: the newest first, or by end, the earliest first."""
    query = select(Auction)
    if state is not None:
        query = query.where(Auction.state == state)
    if seller_id is not None:
        query = query.where(Auction.seller_id == seller_id)
    if listing_id is not None:
        query = query.where(Auction.listing_id == listing_id)
    if bidder_id is not None:
        query = query.where(
            exists().where(
                AuctionBidder.auction_id == Auction.id, AuctionBidder.bidder_id == bidder_id
            )
        )
    if by_end:
        if after is not None:
            query = query.where(tuple_(Auction.ends_at, Auction.id) > after)
        query = query.order_by(Auction.ends_at, Auction.id)
    else:
        if after is not None:
            query = query.where(Auction.id < after[1])
        query = query.order_by(Auction.id.desc())
    return (await session.execute(query.limit(limit))).scalars().all()


async def due_to_open(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Auctions whose opening has come, the earliest first."""
    query = (
        select(Auction.id)
        .where(Auction.state == AuctionState.SCHEDULED.value, Auction.opens_at <= now)
        .order_by(Auction.opens_at)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def due_to_close(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Auctions whose end and drain have passed, the earliest first."""
    query = (
        select(Auction.id)
        .where(Auction.state == AuctionState.OPEN.value, Auction.ends_at <= now - DRAIN)
        .order_by(Auction.ends_at)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def bidder(session: AsyncSession, auction_id: UUID, bidder_id: UUID) -> AuctionBidder | None:
    """An organisation's entry among the numbered bidders."""
    query = select(AuctionBidder).where(
        AuctionBidder.auction_id == auction_id, AuctionBidder.bidder_id == bidder_id
    )
    return (await session.execute(query)).scalar_one_or_none()


async def bidder_counts(session: AsyncSession, auction_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many numbered bidders each auction has."""
    query = (
        select(AuctionBidder.auction_id, func.count())
        .where(AuctionBidder.auction_id.in_(auction_ids))
        .group_by(AuctionBidder.auction_id)
    )
    return {row[0]: row[1] for row in (await session.execute(query)).all()}


async def numbers_of(
    session: AsyncSession, auction_ids: Sequence[UUID], bidder_id: UUID
) -> dict[UUID, int]:
    """One organisation's bidder numbers, by auction."""
    query = select(AuctionBidder.auction_id, AuctionBidder.number).where(
        AuctionBidder.auction_id.in_(auction_ids), AuctionBidder.bidder_id == bidder_id
    )
    return {row[0]: row[1] for row in (await session.execute(query)).all()}


async def bid(session: AsyncSession, bid_id: UUID) -> Bid:
    """The bid with this id, which exists."""
    return (await session.execute(select(Bid).where(Bid.id == bid_id))).scalar_one()


async def bid_by_sequence(session: AsyncSession, auction_id: UUID, sequence: int) -> Bid | None:
    """The bid at this place of the record."""
    query = select(Bid).where(Bid.auction_id == auction_id, Bid.sequence == sequence)
    return (await session.execute(query)).scalar_one_or_none()


async def bid_by_request(
    session: AsyncSession, auction_id: UUID, bidder_id: UUID, request_id: str
) -> Bid | None:
    """The bid that a bidder sent under this request id."""
    query = select(Bid).where(
        Bid.auction_id == auction_id, Bid.bidder_id == bidder_id, Bid.request_id == request_id
    )
    return (await session.execute(query)).scalar_one_or_none()


async def bids(
    session: AsyncSession,
    auction_id: UUID,
    *,
    accepted: bool | None,
    before: int | None,
    limit: int,
) -> Sequence[Bid]:
    """A page of the record, the newest first."""
    query = select(Bid).where(Bid.auction_id == auction_id)
    if accepted is not None:
        query = query.where(Bid.accepted.is_(accepted))
    if before is not None:
        query = query.where(Bid.sequence < before)
    query = query.order_by(Bid.sequence.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()
