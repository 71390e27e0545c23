"""SQL of the auctions module."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Row,
    Uuid,
    and_,
    cast,
    column,
    exists,
    func,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions.engine.state import State
from app.auctions.models import (
    Auction,
    AuctionBidder,
    AuctionEvent,
    Bid,
    OpenedBid,
    PlatformPulse,
)
from app.auctions.rules import DRAIN, start_of
from app.auctions.states import AuctionState

_same_bid = and_(OpenedBid.auction_id == Bid.auction_id, OpenedBid.sequence == Bid.sequence)
CHANNEL = "auction_changed"
"""Notifications of changed auctions; the payload is the auction's id."""
DEAD_AFTER_S = 5.0
"""A process that has not renewed its intake row for so long is dead and not waited for."""


async def renew_intake(session: AsyncSession, process_id: UUID, recorded_until: datetime) -> None:
    """Note that a process lives, and until when all bids that it received are recorded."""
    statement = text(
        "INSERT INTO bid_intake (process_id, renewed_at, recorded_until)"
        " VALUES (:id, clock_timestamp(), :until) ON CONFLICT (process_id) DO UPDATE"
        " SET renewed_at = excluded.renewed_at, recorded_until = excluded.recorded_until"
    )
    await session.execute(statement, {"id": process_id, "until": recorded_until})


async def beat(session: AsyncSession) -> tuple[datetime, datetime | None, datetime]:
    """Note that bids can be taken now; gives now and the time noted before, and market time."""
    statement = text(
        "INSERT INTO platform_pulse AS p (one, at, market_at)"
        " VALUES (true, clock_timestamp(), market_now()) ON CONFLICT (one) DO UPDATE"
        " SET at = greatest(p.at, excluded.at), market_at = excluded.market_at"
        " RETURNING new.at, old.at, new.market_at"
    )
    row = (await session.execute(statement)).one()
    return row[0], row[1], row[2]


async def drop_intake(session: AsyncSession, process_id: UUID) -> None:
    """Note that a process takes no bids any more."""
    await session.execute(text("DELETE FROM bid_intake WHERE process_id = :id"), {"id": process_id})


async def must_wait(session: AsyncSession, ends_at: datetime) -> bool:
    """Whether what ended at `ends_at` cannot be decided yet.

    A living process may still record a bid that it received before; or no process could take bids
    at the end, and it is still to be moved (I-8).
    """
    query = text(
        "SELECT EXISTS (SELECT FROM bid_intake WHERE recorded_until < :ends_at"
        " AND renewed_at > clock_timestamp() - make_interval(secs => :dead_after))"
        " OR EXISTS (SELECT FROM platform_outage WHERE handled_at IS NULL)"
        " OR EXISTS (SELECT FROM platform_pulse WHERE market_at < :ends_at)"
    )
    found = await session.execute(query, {"ends_at": ends_at, "dead_after": DEAD_AFTER_S})
    return bool(found.scalar_one())


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
    """The latest auction of a listing."""
    query = (
        select(Auction)
        .where(Auction.listing_id == listing_id)
        .order_by(Auction.round.desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def auction_of_demand(session: AsyncSession, demand_id: UUID) -> Auction | None:
    """The latest auction for a demand."""
    query = (
        select(Auction)
        .where(Auction.demand_id == demand_id)
        .order_by(Auction.round.desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def lock_listing(session: AsyncSession, listing_id: UUID) -> None:
    """Take turns among those who schedule an auction for the same listing or demand."""
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
    sales_only: bool,
    listing_id: UUID | None,
    demand_id: UUID | None,
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
    if sales_only:
        query = query.where(Auction.listing_id.is_not(None))
    if listing_id is not None:
        query = query.where(Auction.listing_id == listing_id)
    if demand_id is not None:
        query = query.where(Auction.demand_id == demand_id)
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
    """Auctions with a phase whose end and drain have passed, the earliest end first.

    While no process can take bids, what ended since then is left alone: its end is yet to be moved.
    """
    away = exists().where(
        PlatformPulse.market_at < Auction.ends_at,
        PlatformPulse.at < func.clock_timestamp() - timedelta(seconds=DEAD_AFTER_S),
    )
    query = (
        select(Auction.id)
        .where(Auction.state == AuctionState.OPEN.value, Auction.ends_at <= now - DRAIN, ~away)
        .order_by(Auction.ends_at)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


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


async def bid_by_sequence(
    session: AsyncSession, auction_id: UUID, sequence: int
) -> tuple[Bid, OpenedBid | None] | None:
    """The bid at this place of the record, and what it said if it was sealed and opened."""
    query = (
        select(Bid, OpenedBid)
        .outerjoin(OpenedBid, _same_bid)
        .where(Bid.auction_id == auction_id, Bid.sequence == sequence)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row[0], row[1])


async def events(session: AsyncSession, auction_id: UUID) -> Sequence[AuctionEvent]:
    """An auction's events that are not bids, in no order."""
    query = select(AuctionEvent).where(AuctionEvent.auction_id == auction_id)
    return (await session.execute(query)).scalars().all()


async def all_bids(session: AsyncSession, auction_id: UUID) -> AsyncIterator[Row[*tuple[Any, ...]]]:
    """Every bid of an auction as it is hashed, and its digest, in the order of the record."""
    query = (
        select(
            Bid.sequence,
            Bid.number,
            Bid.act,
            Bid.amount_fen,
            Bid.sealed,
            Bid.received_at,
            Bid.accepted,
            Bid.refusal,
            Bid.required_fen,
            Bid.ends_at_after,
            Bid.digest,
        )
        .where(Bid.auction_id == auction_id)
        .order_by(Bid.sequence)
        .execution_options(yield_per=1000)
    )
    async for row in await session.stream(query):
        yield row


async def bids(
    session: AsyncSession,
    auction_id: UUID,
    *,
    accepted: bool | None,
    before: int | None,
    limit: int,
) -> list[tuple[Bid, OpenedBid | None]]:
    """A page of the record, the newest first, each with what it said if it was opened."""
    query = (
        select(Bid, OpenedBid).outerjoin(OpenedBid, _same_bid).where(Bid.auction_id == auction_id)
    )
    if accepted is not None:
        query = query.where(Bid.accepted.is_(accepted))
    if before is not None:
        query = query.where(Bid.sequence < before)
    rows = (await session.execute(query.order_by(Bid.sequence.desc()).limit(limit))).all()
    return [(row[0], row[1]) for row in rows]


@dataclass(frozen=True)
class WatchedBid:
    """An accepted bid as watchers are told of it; amounts in fen."""

    sequence: int
    number: int
    act: str
    amount_fen: int | None
    received_at: datetime
    ends_at_after: datetime
    price_after_fen: int | None
    leader_after: int | None


@dataclass(frozen=True)
class Reading:
    """An auction and its accepted bids after a place of its record, of one snapshot.

    `server_time` is the market's time just after the snapshot. When `more` is set, there are
    accepted bids beyond those given.
    """

    auction: Auction
    server_time: datetime
    bids: tuple[WatchedBid, ...]
    more: bool

    @property
    def start(self) -> State:
        """The auction's first state, which holds its terms."""
        return first_state(self.auction)


def first_state(auction: Auction) -> State:
    """The state of an auction before its first event."""
    return start_of(auction.format, auction.terms, hidden=auction.public_key is not None)


async def read_on(
    session: AsyncSession, places: Mapping[UUID, int], limit: int
) -> dict[UUID, Reading]:
    """The auctions that exist, each with at most `limit` accepted bids after its place.

    One statement, so that an auction's row and its bids never contradict each other.
    """
    given = func.unnest(
        cast(list(places), ARRAY(Uuid())), cast(list(places.values()), ARRAY(BigInteger))
    )
    watched = given.table_valued(
        column("auction_id", Uuid()), column("place", BigInteger), name="watched"
    ).render_derived()
    fresh = (
        select(
            Bid.sequence,
            Bid.number,
            Bid.act,
            Bid.amount_fen,
            Bid.received_at,
            Bid.ends_at_after,
            Bid.price_after_fen,
            Bid.leader_after,
        )
        .where(
            Bid.auction_id == watched.c.auction_id,
            Bid.sequence > watched.c.place,
            Bid.accepted,
        )
        .order_by(Bid.sequence)
        .limit(limit + 1)
        .lateral("fresh")
    )
    query = (
        select(Auction, func.market_now(type_=DateTime(timezone=True)), *fresh.c)
        .select_from(watched)
        .join(Auction, Auction.id == watched.c.auction_id)
        .outerjoin(fresh, true())
        .order_by(Auction.id, fresh.c.sequence)
    )
    rows: dict[UUID, tuple[Auction, datetime, list[WatchedBid]]] = {}
    for found, moment, *bid in (await session.execute(query)).all():
        _, _, bids = rows.setdefault(found.id, (found, moment, []))
        if bid[0] is not None:
            bids.append(WatchedBid(*bid))
    return {
        auction_id: Reading(found, moment, tuple(bids[:limit]), more=len(bids) > limit)
        for auction_id, (found, moment, bids) in rows.items()
    }


async def count_and_end_at(
    session: AsyncSession, auction_id: UUID, place: int
) -> tuple[int, datetime | None]:
    """Accepted bids up to a place of the record, and the end after it (None at the beginning)."""
    counted = select(func.count()).where(
        Bid.auction_id == auction_id, Bid.sequence <= place, Bid.accepted, Bid.act == "bid"
    )
    last = (
        select(Bid.ends_at_after)
        .where(Bid.auction_id == auction_id, Bid.sequence <= place)
        .order_by(Bid.sequence.desc())
        .limit(1)
    )
    query = select(counted.scalar_subquery(), last.scalar_subquery())
    row = (await session.execute(query)).one()
    return row[0], row[1]
