"""SQL of the auctions module."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Row,
    String,
    Uuid,
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

from app.auctions.models import Auction, AuctionBidder, AuctionEvent, Bid
from app.auctions.rules import DRAIN
from app.auctions.states import AuctionState
from app.kit.db import raw_connection

CHANNEL = "auction_changed"
"""Notifications of changed auctions; the payload is the auction's id."""
DEAD_AFTER_S = 5.0
"""A process that has not renewed its intake row for so long is dead and not waited for."""

_BID_COLUMNS = (
    "id",
    "auction_id",
    "sequence",
    "bidder_id",
    "number",
    "amount_fen",
    "received_at",
    "request_id",
    "accepted",
    "refusal",
    "required_fen",
    "ends_at_after",
    "digest",
)
_INSERT_BIDS: LiteralString = (
    "INSERT INTO bid (id, auction_id, sequence, bidder_id, number, amount_fen, received_at,"
    " request_id, accepted, refusal, required_fen, ends_at_after, digest) SELECT * FROM unnest("
    "%s::uuid[], %s::uuid[], %s::bigint[], %s::uuid[], %s::bigint[], %s::bigint[],"
    " %s::timestamptz[], %s::text[], %s::boolean[], %s::text[], %s::bigint[], %s::timestamptz[],"
    " %s::bytea[])"
)


async def lock_auctions(
    session: AsyncSession, auction_ids: Collection[UUID]
) -> dict[UUID, Auction]:
    """Auctions by id, locked in the order of their ids and read anew."""
    query = (
        select(Auction)
        .where(Auction.id.in_(auction_ids))
        .order_by(Auction.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in (await session.execute(query)).scalars()}


async def bidders_of(
    session: AsyncSession, keys: Collection[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], AuctionBidder]:
    """Numbered bidders by auction and organisation."""
    query = select(AuctionBidder).where(
        tuple_(AuctionBidder.auction_id, AuctionBidder.bidder_id).in_(set(keys))
    )
    rows = (await session.execute(query)).scalars()
    return {(row.auction_id, row.bidder_id): row for row in rows}


async def bids_by_request(
    session: AsyncSession, keys: Collection[tuple[UUID, UUID, str]]
) -> dict[tuple[UUID, UUID, str], Bid]:
    """Bids that were recorded under these auctions, bidders and request ids."""
    query = select(Bid).where(tuple_(Bid.auction_id, Bid.bidder_id, Bid.request_id).in_(set(keys)))
    rows = (await session.execute(query)).scalars()
    return {(row.auction_id, row.bidder_id, row.request_id): row for row in rows}


async def insert_bids(session: AsyncSession, bids: Sequence[Bid]) -> None:
    """Write bids with one statement, before the auctions that name them as leading."""
    if not bids:
        return
    columns = [[getattr(bid, name) for bid in bids] for name in _BID_COLUMNS]
    connection = await raw_connection(session)
    await connection.execute(_INSERT_BIDS, columns)


async def renew_intake(session: AsyncSession, process_id: UUID, recorded_until: datetime) -> None:
    """Note that a process lives, and until when all bids that it received are recorded."""
    statement = text(
        "INSERT INTO bid_intake (process_id, renewed_at, recorded_until)"
        " VALUES (:id, clock_timestamp(), :until) ON CONFLICT (process_id) DO UPDATE"
        " SET renewed_at = excluded.renewed_at, recorded_until = excluded.recorded_until"
    )
    await session.execute(statement, {"id": process_id, "until": recorded_until})


async def drop_intake(session: AsyncSession, process_id: UUID) -> None:
    """Note that a process takes no bids any more."""
    await session.execute(text("DELETE FROM bid_intake WHERE process_id = :id"), {"id": process_id})


async def intake_is_behind(session: AsyncSession, ends_at: datetime) -> bool:
    """Whether a living process may still record a bid that it received before `ends_at`."""
    query = text(
        "SELECT EXISTS (SELECT FROM bid_intake WHERE recorded_until < :ends_at"
        " AND renewed_at > clock_timestamp() - make_interval(secs => :dead_after))"
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


async def next_best(
    session: AsyncSession, auction_id: UUID, out: Collection[UUID]
) -> tuple[UUID, int] | None:
    """The highest accepted bid of anyone who is not `out`, with its bidder; the earlier of two."""
    query = (
        select(Bid.bidder_id, Bid.amount_fen)
        .where(Bid.auction_id == auction_id, Bid.accepted, Bid.bidder_id.not_in(out))
        .order_by(Bid.amount_fen.desc(), Bid.sequence)
        .limit(1)
    )
    found = (await session.execute(query)).one_or_none()
    return None if found is None else (found[0], found[1])


async def bid_by_sequence(session: AsyncSession, auction_id: UUID, sequence: int) -> Bid | None:
    """The bid at this place of the record."""
    query = select(Bid).where(Bid.auction_id == auction_id, Bid.sequence == sequence)
    return (await session.execute(query)).scalar_one_or_none()


async def events(session: AsyncSession, auction_id: UUID) -> Sequence[AuctionEvent]:
    """An auction's events that are not bids, in no order."""
    query = select(AuctionEvent).where(AuctionEvent.auction_id == auction_id)
    return (await session.execute(query)).scalars().all()


async def all_bids(session: AsyncSession, auction_id: UUID) -> Sequence[Row[*tuple[Any, ...]]]:
    """Every bid of an auction as it is hashed, and its digest, in the order of the record."""
    query = (
        select(
            Bid.sequence,
            Bid.number,
            Bid.amount_fen,
            Bid.received_at,
            Bid.accepted,
            Bid.refusal,
            Bid.required_fen,
            Bid.ends_at_after,
            Bid.digest,
        )
        .where(Bid.auction_id == auction_id)
        .order_by(Bid.sequence)
    )
    return (await session.execute(query)).all()


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


async def announce(session: AsyncSession, auction_ids: Iterable[UUID]) -> None:
    """Tell every process that watches these auctions, if and when this transaction commits."""
    ids = func.unnest(cast([str(item) for item in auction_ids], ARRAY(String)))
    changed = ids.table_valued(column("id", String), name="changed").render_derived()
    await session.execute(select(func.pg_notify(CHANNEL, changed.c.id)))


@dataclass(frozen=True)
class WatchedBid:
    """What the public may know of an accepted bid while it happens; the amount is in fen."""

    sequence: int
    number: int
    amount_fen: int
    received_at: datetime
    ends_at_after: datetime


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
        select(Bid.sequence, Bid.number, Bid.amount_fen, Bid.received_at, Bid.ends_at_after)
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
    for found, moment, sequence, number, amount_fen, received_at, ends_at_after in (
        await session.execute(query)
    ).all():
        _, _, bids = rows.setdefault(found.id, (found, moment, []))
        if sequence is not None:
            bids.append(WatchedBid(sequence, number, amount_fen, received_at, ends_at_after))
    return {
        auction_id: Reading(found, moment, tuple(bids[:limit]), more=len(bids) > limit)
        for auction_id, (found, moment, bids) in rows.items()
    }


async def count_and_end_at(
    session: AsyncSession, auction_id: UUID, place: int
) -> tuple[int, datetime | None]:
    """Accepted bids up to a place of the record, and the end after it (None at the beginning)."""
    counted = select(func.count()).where(
        Bid.auction_id == auction_id, Bid.sequence <= place, Bid.accepted
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
