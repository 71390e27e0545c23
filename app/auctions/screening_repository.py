"""SQL of the collusion screens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions.models import Auction, CollusionFlag
from app.auctions.states import DECIDED, FlagState, Screen

BATCH = 1000
"""Flags of one statement: their columns are parameters, of which there are 65,535 at most."""


async def decided_between(
    session: AsyncSession, start: datetime, end: datetime
) -> Sequence[Auction]:
    """Auctions that were decided from `start` on and before `end`, the earliest first."""
    query = (
        select(Auction)
        .where(Auction.state.in_(DECIDED), Auction.decided_at >= start, Auction.decided_at < end)
        .order_by(Auction.decided_at, Auction.id)
    )
    return (await session.execute(query)).scalars().all()


_BIDS = text(
    "SELECT b.auction_id, b.bidder_id, coalesce(o.amount_fen, b.amount_fen) AS amount_fen,"
    " b.device, b.agent_id FROM bid b LEFT JOIN opened_bid o USING (auction_id, sequence)"
    " WHERE b.auction_id = ANY(:ids) AND b.act = 'bid' AND b.accepted AND o.refusal IS NULL"
    " AND coalesce(o.amount_fen, b.amount_fen) IS NOT NULL ORDER BY b.auction_id, b.sequence"
)


async def accepted_bids(session: AsyncSession, auction_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Accepted bids in the order of their records.

    Columns: auction_id, bidder_id, amount_fen (also of opened sealed bids), device, agent_id (who
    bid for the bidder; null if nobody did).
    """
    return (await session.execute(_BIDS, {"ids": list(auction_ids)})).all()


async def add_flags(session: AsyncSession, flags: Sequence[dict[str, Any]]) -> Sequence[UUID]:
    """Write flags that were not raised before; returns the ids of those written."""
    written: list[UUID] = []
    for start in range(0, len(flags), BATCH):
        statement = (
            insert(CollusionFlag)
            .values(list(flags[start : start + BATCH]))
            .on_conflict_do_nothing(index_elements=["fingerprint"])
            .returning(CollusionFlag.id)
        )
        written += (await session.execute(statement)).scalars()
    return written


@dataclass(frozen=True)
class FlagFilters:
    """What a list of flags is narrowed to."""

    state: FlagState | None = None
    screen: Screen | None = None
    auction_id: UUID | None = None
    bidder_id: UUID | None = None


async def flags(
    session: AsyncSession, filters: FlagFilters, after: UUID | None, limit: int
) -> Sequence[CollusionFlag]:
    """A page of flags, the newest first."""
    query = select(CollusionFlag)
    if filters.state is not None:
        query = query.where(CollusionFlag.state == filters.state.value)
    if filters.screen is not None:
        query = query.where(CollusionFlag.screen == filters.screen.value)
    if filters.auction_id is not None:
        query = query.where(CollusionFlag.auctions.contains([filters.auction_id]))
    if filters.bidder_id is not None:
        query = query.where(CollusionFlag.bidders.contains([filters.bidder_id]))
    if after is not None:
        query = query.where(CollusionFlag.id < after)
    query = query.order_by(CollusionFlag.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def flag(session: AsyncSession, flag_id: UUID, *, lock: bool = False) -> CollusionFlag | None:
    """One flag."""
    query = select(CollusionFlag).where(CollusionFlag.id == flag_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()
