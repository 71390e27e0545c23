"""SQL of the pricing module."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from app.kit.ids import new_id
from app.pricing.models import (
    AuctionGuidance,
    ComparablePrice,
    Portfolio,
    PortfolioItem,
    SaleCalibration,
    Valuation,
    ValuationSignature,
)
from app.pricing.states import ItemState


async def put_comparable(session: AsyncSession, values: dict[str, Any]) -> None:
    """Write a comparable, or bring the one with this `source_key` in step."""
    statement = insert(ComparablePrice).values(id=new_id(), voided_at=None, **values)
    kept = {"source_key"}
    changes = {name: statement.excluded[name] for name in values if name not in kept}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["source_key"], set_=changes | {"voided_at": None, "followed_at": None}
        )
    )


async def add_comparables(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> Sequence[str]:
    """Write comparables whose keys are new, and return the keys that were written."""
    statement = (
        insert(ComparablePrice)
        .values([{"id": new_id(), **row} for row in rows])
        .on_conflict_do_nothing(index_elements=["source_key"])
        .returning(ComparablePrice.source_key)
    )
    return (await session.execute(statement)).scalars().all()


async def comparable_of(
    session: AsyncSession,
    *,
    deal_id: UUID | None = None,
    registration_id: UUID | None = None,
    comparable_id: UUID | None = None,
) -> ComparablePrice | None:
    """The comparable of a deal or registration, or by its id; locked."""
    query = select(ComparablePrice).with_for_update()
    if deal_id is not None:
        query = query.where(ComparablePrice.deal_id == deal_id)
    if registration_id is not None:
        query = query.where(ComparablePrice.registration_id == registration_id)
    if comparable_id is not None:
        query = query.where(ComparablePrice.id == comparable_id)
    return (await session.execute(query.limit(1))).scalar_one_or_none()


async def candidates(
    session: AsyncSession, technical_field: str, day: date, *, same_field: bool, limit: int
) -> Sequence[ComparablePrice]:
    """Comparables traded by a day, of a field or of all others, the latest first."""
    of_field = ComparablePrice.technical_field == technical_field
    query = (
        select(ComparablePrice)
        .where(
            ComparablePrice.voided_at.is_(None),
            ComparablePrice.traded_on <= day,
            of_field if same_field else ~of_field,
        )
        .order_by(ComparablePrice.traded_on.desc(), ComparablePrice.source_key)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def comparables(
    session: AsyncSession, after: UUID | None, limit: int
) -> Sequence[ComparablePrice]:
    """A page of all comparables, the newest first."""
    query = select(ComparablePrice)
    if after is not None:
        query = query.where(ComparablePrice.id < after)
    query = query.order_by(ComparablePrice.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def valuation(
    session: AsyncSession, valuation_id: UUID, *, lock: bool = False, document: bool = False
) -> Valuation | None:
    """One valuation; the document's bytes are read only when they are asked for."""
    query = select(Valuation).where(Valuation.id == valuation_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    if document:
        query = query.options(undefer(Valuation.document))
    return (await session.execute(query)).scalar_one_or_none()


async def valuations(
    session: AsyncSession,
    *,
    party_id: UUID | None,
    achievement_id: UUID | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Valuation]:
    """A page of valuations, the newest first; those of a party, or that it was asked to sign.

    Those of a portfolio are in its own list, unless an achievement is asked for.
    """
    query = select(Valuation)
    if party_id is not None:
        assigned = and_(
            Valuation.appraiser_id == party_id, Valuation.state.in_(("issued", "signed"))
        )
        query = query.where(or_(Valuation.party_id == party_id, assigned))
    if achievement_id is not None:
        query = query.where(Valuation.achievement_id == achievement_id)
    else:
        query = query.where(~exists().where(PortfolioItem.valuation_id == Valuation.id))
    if state is not None:
        query = query.where(Valuation.state == state)
    if after is not None:
        query = query.where(Valuation.id < after)
    query = query.order_by(Valuation.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def signatures(session: AsyncSession, valuation_id: UUID) -> Sequence[ValuationSignature]:
    """Who signed a valuation, the first one first."""
    query = select(ValuationSignature).where(ValuationSignature.valuation_id == valuation_id)
    return (await session.execute(query.order_by(ValuationSignature.id))).scalars().all()


async def portfolio(
    session: AsyncSession, portfolio_id: UUID, *, lock: bool = False
) -> Portfolio | None:
    """One portfolio."""
    query = select(Portfolio).where(Portfolio.id == portfolio_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def portfolios(
    session: AsyncSession, party_id: UUID | None, after: UUID | None, limit: int
) -> Sequence[Portfolio]:
    """A page of portfolios, the newest first."""
    query = select(Portfolio)
    if party_id is not None:
        query = query.where(Portfolio.party_id == party_id)
    if after is not None:
        query = query.where(Portfolio.id < after)
    query = query.order_by(Portfolio.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def add_items(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write the items of a portfolio."""
    await session.execute(insert(PortfolioItem), list(rows))


async def waiting_items(
    session: AsyncSession, portfolio_id: UUID, limit: int
) -> Sequence[PortfolioItem]:
    """Items that wait, in their order."""
    query = (
        select(PortfolioItem)
        .where(
            PortfolioItem.portfolio_id == portfolio_id,
            PortfolioItem.state == ItemState.WAITING.value,
        )
        .order_by(PortfolioItem.position)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def settle_item(
    session: AsyncSession,
    item: PortfolioItem,
    *,
    valuation_id: UUID | None = None,
    error: dict[str, Any] | None = None,
) -> None:
    """Note what became of an item."""
    state = ItemState.FAILED if valuation_id is None else ItemState.VALUED
    await session.execute(
        update(PortfolioItem)
        .where(
            PortfolioItem.portfolio_id == item.portfolio_id,
            PortfolioItem.position == item.position,
        )
        .values(state=state.value, valuation_id=valuation_id, error=error)
        .execution_options(synchronize_session=False)
    )


async def counts(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """How many items of each portfolio are in each state."""
    query = (
        select(PortfolioItem.portfolio_id, PortfolioItem.state, func.count())
        .where(PortfolioItem.portfolio_id.in_(ids))
        .group_by(PortfolioItem.portfolio_id, PortfolioItem.state)
    )
    found: dict[UUID, dict[str, int]] = {one: {} for one in ids}
    for portfolio_id, state, count in (await session.execute(query)).all():
        found[portfolio_id][state] = count
    return found


async def items(
    session: AsyncSession, portfolio_id: UUID, state: str | None, after: int, limit: int
) -> Sequence[tuple[PortfolioItem, str | None, int | None, int | None, int | None]]:
    """Items after a position with title and values of their valuations, in their order."""
    query = (
        select(
            PortfolioItem,
            Valuation.title,
            Valuation.low_fen,
            Valuation.value_fen,
            Valuation.high_fen,
        )
        .outerjoin(Valuation, Valuation.id == PortfolioItem.valuation_id)
        .where(PortfolioItem.portfolio_id == portfolio_id, PortfolioItem.position > after)
    )
    if state is not None:
        query = query.where(PortfolioItem.state == state)
    rows = await session.execute(query.order_by(PortfolioItem.position).limit(limit))
    return [(item, title, low, value, high) for item, title, low, value, high in rows.all()]


async def guidance(session: AsyncSession, guidance_id: UUID) -> AuctionGuidance | None:
    """One advice to a seller."""
    return await session.get(AuctionGuidance, guidance_id)


async def guidances(
    session: AsyncSession,
    party_id: UUID | None,
    listing_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[AuctionGuidance]:
    """A page of advice, the newest first."""
    query = select(AuctionGuidance)
    if party_id is not None:
        query = query.where(AuctionGuidance.party_id == party_id)
    if listing_id is not None:
        query = query.where(AuctionGuidance.listing_id == listing_id)
    if after is not None:
        query = query.where(AuctionGuidance.id < after)
    query = query.order_by(AuctionGuidance.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def latest_guidances(session: AsyncSession, limit: int) -> Sequence[AuctionGuidance]:
    """The latest advice on each of the latest listings, for their own round."""
    latest = (
        select(AuctionGuidance.id)
        .ext(distinct_on(AuctionGuidance.listing_id))
        .where(~AuctionGuidance.next_round)
        .order_by(AuctionGuidance.listing_id, AuctionGuidance.id.desc())
    )
    query = select(AuctionGuidance).where(AuctionGuidance.id.in_(latest))
    query = query.order_by(AuctionGuidance.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def latest_calibration(session: AsyncSession) -> SaleCalibration | None:
    """How probabilities of a sale are corrected now."""
    query = select(SaleCalibration).order_by(SaleCalibration.id.desc()).limit(1)
    return (await session.execute(query)).scalar_one_or_none()
