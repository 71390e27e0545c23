"""SQL of the deals module."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from app.deals.models import CertificateSerial, Deal, RunnerUpOffer, TradeCertificate
from app.deals.states import ENDED, DealState
from app.kit.ids import new_id


async def record(session: AsyncSession, values: dict[str, Any]) -> Deal | None:
    """Write a deal; None when its auction, negotiation or predecessor has one already, or its
    listing has a live one."""
    query = insert(Deal).values(id=new_id(), **values).on_conflict_do_nothing().returning(Deal)
    return (await session.execute(query)).scalar_one_or_none()


async def deal(
    session: AsyncSession, deal_id: UUID, *, lock: bool = False, skip_locked: bool = False
) -> Deal | None:
    """One deal; a locked one is read anew."""
    query = select(Deal).where(Deal.id == deal_id)
    if lock:
        query = query.with_for_update(skip_locked=skip_locked).execution_options(
            populate_existing=True
        )
    return (await session.execute(query)).scalar_one_or_none()


async def deals_by_id(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Deal]:
    """Deals with these ids, in no order."""
    return (await session.execute(select(Deal).where(Deal.id.in_(ids)))).scalars().all()


async def standing_of_auction(session: AsyncSession, auction_id: UUID) -> Sequence[Deal]:
    """The deals of an auction that have not ended, locked."""
    query = (
        select(Deal)
        .where(Deal.auction_id == auction_id, Deal.state.not_in([state.value for state in ENDED]))
        .order_by(Deal.id)
        .with_for_update()
    )
    return (await session.execute(query)).scalars().all()


async def note_shortfall(session: AsyncSession, award_id: UUID, shortfall_fen: int | None) -> None:
    """Note what the buyer of a defaulted deal owes for the worse price of the second sale."""
    await session.execute(
        update(Deal).where(Deal.award_id == award_id).values(shortfall_fen=shortfall_fen)
    )


async def buyers_of_auction(session: AsyncSession, auction_id: UUID) -> set[UUID]:
    """Everyone who was the buyer of a deal of this auction."""
    query = select(Deal.buyer_id).where(Deal.auction_id == auction_id)
    return set((await session.execute(query)).scalars())


async def defaulters_of_listing(session: AsyncSession, listing_id: UUID) -> set[UUID]:
    """Everyone who defaulted on a deal of this listing."""
    query = select(Deal.buyer_id).where(
        Deal.listing_id == listing_id, Deal.state == DealState.DEFAULTED.value
    )
    return set((await session.execute(query)).scalars())


async def standing_buyers(session: AsyncSession, listing_id: UUID) -> set[UUID]:
    """The buyers of a listing's deals that have not ended."""
    query = select(Deal.buyer_id).where(
        Deal.listing_id == listing_id, Deal.state.not_in([state.value for state in ENDED])
    )
    return set((await session.execute(query)).scalars())


async def due_to_auction_again(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Deals whose other bidders had until now to pay new deposits, the earliest first."""
    query = (
        select(Deal.id)
        .where(Deal.auction_again_at <= now)
        .order_by(Deal.auction_again_at, Deal.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def deals(
    session: AsyncSession,
    *,
    states: Sequence[str],
    party_id: UUID | None,
    seller_id: UUID | None,
    buyer_id: UUID | None,
    listing_id: UUID | None,
    transfer_mode: str | None,
    price_return: str | None,
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
    if price_return is not None:
        query = query.where(Deal.price_return == price_return)
    if after is not None:
        query = query.where(Deal.id < after)
    return (await session.execute(query.order_by(Deal.id.desc()).limit(limit))).scalars().all()


async def due_to_publicise(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Deals whose publicity has passed, the earliest first."""
    query = (
        select(Deal.id)
        .where(Deal.state == DealState.CONCLUDED.value, Deal.publicity_ends_at <= now)
        .order_by(Deal.publicity_ends_at, Deal.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def provisional(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[Deal]:
    """Deals whose publicity runs to a provisional end, locked, by id."""
    query = select(Deal).where(Deal.state == DealState.CONCLUDED.value, Deal.publicity_provisional)
    if after is not None:
        query = query.where(Deal.id > after)
    query = query.order_by(Deal.id).limit(limit).with_for_update()
    query = query.execution_options(populate_existing=True)
    return (await session.execute(query)).scalars().all()


async def runner_up_offer(
    session: AsyncSession, deal_id: UUID, *, lock: bool = False
) -> RunnerUpOffer | None:
    """The offer that a defaulted deal was followed by."""
    query = select(RunnerUpOffer).where(RunnerUpOffer.deal_id == deal_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def open_offers(session: AsyncSession, bidder_id: UUID) -> Sequence[RunnerUpOffer]:
    """Offers to a bidder that nobody has answered, the most urgent first."""
    query = (
        select(RunnerUpOffer)
        .where(RunnerUpOffer.bidder_id == bidder_id, RunnerUpOffer.decided_at.is_(None))
        .order_by(RunnerUpOffer.valid_until)
    )
    return (await session.execute(query)).scalars().all()


async def due_to_lapse(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Deals whose offer to the runner-up was not answered in time, the earliest first."""
    query = (
        select(RunnerUpOffer.deal_id)
        .where(RunnerUpOffer.decided_at.is_(None), RunnerUpOffer.valid_until <= now)
        .order_by(RunnerUpOffer.valid_until, RunnerUpOffer.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def offer_unpaid(
    session: AsyncSession, listing_id: UUID, bidder_id: UUID
) -> RunnerUpOffer | None:
    """The deal of a listing that a bidder has accepted and not paid a new deposit for."""
    query = (
        select(RunnerUpOffer)
        .join(Deal, Deal.id == RunnerUpOffer.deal_id)
        .where(
            Deal.listing_id == listing_id,
            RunnerUpOffer.bidder_id == bidder_id,
            RunnerUpOffer.deposit_due_at.is_not(None),
            RunnerUpOffer.concluded_at.is_(None),
            RunnerUpOffer.lapsed_at.is_(None),
        )
        .order_by(RunnerUpOffer.id.desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def unpaid_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Deals whose runner-up accepted and did not pay a deposit in time, the earliest first."""
    query = (
        select(RunnerUpOffer.deal_id)
        .where(
            RunnerUpOffer.deposit_due_at <= now,
            RunnerUpOffer.concluded_at.is_(None),
            RunnerUpOffer.lapsed_at.is_(None),
        )
        .order_by(RunnerUpOffer.deposit_due_at, RunnerUpOffer.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def take_serial(session: AsyncSession, node_code: str, year: int) -> int:
    """The next serial of a platform's year; given back when the transaction rolls back."""
    statement = insert(CertificateSerial).values(node_code=node_code, year=year, last_serial=1)
    taken = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["node_code", "year"],
            set_={"last_serial": CertificateSerial.last_serial + 1},
        ).returning(CertificateSerial.last_serial)
    )
    return taken.scalar_one()


async def certificate(
    session: AsyncSession, number: str, *, lock: bool = False, document: bool = False
) -> TradeCertificate | None:
    """One certificate by its number; its bytes only when they are asked for."""
    query = select(TradeCertificate).where(TradeCertificate.number == number)
    if document:
        query = query.options(undefer(TradeCertificate.document))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def numbers_in_force(session: AsyncSession, deal_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The numbers of the certificates in force, by deal."""
    query = select(TradeCertificate.deal_id, TradeCertificate.number).where(
        TradeCertificate.deal_id.in_(deal_ids), TradeCertificate.revoked_at.is_(None)
    )
    return {row[0]: row[1] for row in await session.execute(query)}
