"""SQL of the deals module."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.deals.models import Deal
from app.deals.states import DealMethod, DealState
from app.kit.ids import new_id


async def record(
    session: AsyncSession,
    *,
    listing_id: UUID,
    auction_id: UUID,
    achievement_id: UUID,
    seller_id: UUID,
    buyer_id: UUID,
    price_fen: int,
    transfer_mode: str,
    license_manner: str | None,
    title: str,
    concluded_at: datetime,
) -> UUID | None:
    """Write an auction's deal; None when it is there already."""
    query = (
        insert(Deal)
        .values(
            id=new_id(),
            listing_id=listing_id,
            auction_id=auction_id,
            achievement_id=achievement_id,
            seller_id=seller_id,
            buyer_id=buyer_id,
            price_fen=price_fen,
            transfer_mode=transfer_mode,
            license_manner=license_manner,
            title=title,
            method=DealMethod.AUCTION.value,
            state=DealState.CONCLUDED.value,
            concluded_at=concluded_at,
        )
        .on_conflict_do_nothing(index_elements=["auction_id"])
        .returning(Deal.id)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def deal(session: AsyncSession, deal_id: UUID, *, lock: bool = False) -> Deal | None:
    """One deal; a locked one is read anew."""
    query = select(Deal).where(Deal.id == deal_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def deals_by_id(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Deal]:
    """Deals with these ids, in no order."""
    return (await session.execute(select(Deal).where(Deal.id.in_(ids)))).scalars().all()


async def deals(
    session: AsyncSession,
    *,
    states: Sequence[str],
    party_id: UUID | None,
    seller_id: UUID | None,
    buyer_id: UUID | None,
    listing_id: UUID | None,
    transfer_mode: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Deal]:
    """A page of deals, the newest first; `party_id` is seller or buyer."""
    query = select(Deal).where(Deal.state.in_(states))
    if party_id is not None:
        query = query.where(or_(Deal.seller_id == party_id, Deal.buyer_id == party_id))
    if seller_id is not None:
        query = query.where(Deal.seller_id == seller_id)
    if buyer_id is not None:
        query = query.where(Deal.buyer_id == buyer_id)
    if listing_id is not None:
        query = query.where(Deal.listing_id == listing_id)
    if transfer_mode is not None:
        query = query.where(Deal.transfer_mode == transfer_mode)
    if after is not None:
        query = query.where(Deal.id < after)
    return (await session.execute(query.order_by(Deal.id.desc()).limit(limit))).scalars().all()
