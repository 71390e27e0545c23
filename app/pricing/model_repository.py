"""SQL of market models and of the outcomes that they learn from and are judged by."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.ids import new_id
from app.pricing.models import ComparablePrice, MarketModel, PriceOutcome, Valuation
from app.pricing.states import ModelState, ValuationState

BATCH = 10_000
_LOCK = "pricing.train"
_LEARNED = (
    PriceOutcome.happened_on,
    PriceOutcome.technical_field,
    PriceOutcome.section,
    PriceOutcome.transfer_mode,
    PriceOutcome.ip_kind,
    PriceOutcome.region,
    PriceOutcome.seller_kind,
    PriceOutcome.exclusive,
    PriceOutcome.trl,
    PriceOutcome.bidders,
    PriceOutcome.cleared_fen,
    PriceOutcome.floor_fen,
)
_SOLD = and_(PriceOutcome.cleared_fen.is_not(None), PriceOutcome.voided_at.is_(None))


async def take_training_lock(session: AsyncSession) -> bool:
    """Whether nobody else trains now; the lock is held until the transaction ends."""
    query = text("SELECT pg_try_advisory_xact_lock(hashtext(:name))")
    return bool((await session.execute(query, {"name": _LOCK})).scalar_one())


async def in_use(session: AsyncSession, *, lock: bool = False) -> MarketModel | None:
    """The model that answers now, without its artefact."""
    query = select(MarketModel).where(MarketModel.state != ModelState.REPLACED.value)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def model(session: AsyncSession, model_id: UUID) -> MarketModel | None:
    """One model without its artefact."""
    query = select(MarketModel).where(MarketModel.id == model_id)
    return (await session.execute(query)).scalar_one_or_none()


async def artefact(session: AsyncSession, model_id: UUID) -> bytes:
    """The stored bytes of a model."""
    query = select(MarketModel.artefact).where(MarketModel.id == model_id)
    return (await session.execute(query)).scalar_one()


async def models(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[MarketModel]:
    """A page of models, the newest first."""
    query = select(MarketModel)
    if after is not None:
        query = query.where(MarketModel.id < after)
    query = query.order_by(MarketModel.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def highest_number(session: AsyncSession) -> int:
    """The number of the latest model, 0 before there is one."""
    return (await session.execute(select(func.max(MarketModel.number)))).scalar_one() or 0


async def new_deals(session: AsyncSession, since: datetime | None, upto: int) -> int:
    """How many deals became known since a moment, counted no further than `upto`."""
    query = select(PriceOutcome.id).where(_SOLD)
    if since is not None:
        query = query.where(PriceOutcome.created_at > since)
    counted = select(func.count()).select_from(query.limit(upto).subquery())
    return (await session.execute(counted)).scalar_one()


async def learned_from(session: AsyncSession, most: int) -> AsyncIterator[Sequence[Any]]:
    """The latest offers that say something of a price, in batches, the oldest last."""
    says = or_(PriceOutcome.cleared_fen.is_not(None), PriceOutcome.floor_fen.is_not(None))
    query = (
        select(*_LEARNED)
        .where(says, PriceOutcome.voided_at.is_(None))
        .order_by(PriceOutcome.happened_on.desc(), PriceOutcome.id.desc())
        .limit(most)
        .execution_options(yield_per=BATCH)
    )
    result = await session.stream(query)
    async for batch in result.partitions(BATCH):
        yield batch


async def unfollowed(session: AsyncSession, limit: int) -> Sequence[ComparablePrice]:
    """Deals whose outcome is not kept as they are now; locked, those that others hold left out."""
    query = (
        select(ComparablePrice)
        .where(ComparablePrice.followed_at.is_(None))
        .order_by(ComparablePrice.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalars().all()


async def mark_followed(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> None:
    """Note that the outcomes of these deals are kept."""
    await session.execute(
        update(ComparablePrice)
        .where(ComparablePrice.id.in_(ids))
        .values(followed_at=now)
        .execution_options(synchronize_session=False)
    )


async def put_outcomes(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write outcomes of deals; of one that is kept, what was estimated before the price stays."""
    statement = insert(PriceOutcome).values([{"id": new_id(), **row} for row in rows])
    kept = {"comparable_id", "model_id", "model_low_fen", "model_fen", "model_high_fen", "refused"}
    kept |= {"valuation_id", "valued_low_fen", "valued_fen", "valued_high_fen"}
    changes = {name: statement.excluded[name] for name in rows[0] if name not in kept}
    await session.execute(
        statement.on_conflict_do_update(index_elements=["comparable_id"], set_=changes)
    )


async def add_failed(session: AsyncSession, row: dict[str, Any]) -> bool:
    """Write the outcome of an auction that failed, once; says whether it was written."""
    statement = (
        insert(PriceOutcome)
        .values(id=new_id(), **row)
        .on_conflict_do_nothing(index_elements=["auction_id"])
        .returning(PriceOutcome.id)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def valuations_before(
    session: AsyncSession, wanted: Sequence[tuple[UUID, date]]
) -> dict[UUID, Valuation]:
    """The latest valuation of each achievement whose day is not after the given one."""
    days = dict(wanted)
    query = (
        select(Valuation)
        .where(
            Valuation.achievement_id.in_(days),
            Valuation.state != ValuationState.DISCARDED.value,
        )
        .order_by(Valuation.achievement_id, Valuation.id)
    )
    found: dict[UUID, Valuation] = {}
    for row in (await session.execute(query)).scalars():
        if row.valued_on <= days[row.achievement_id]:
            found[row.achievement_id] = row
    return found


async def judged(session: AsyncSession, model_id: UUID, limit: int) -> Sequence[PriceOutcome]:
    """The latest offers that a model estimated before their outcome was known, the newest first."""
    query = (
        select(PriceOutcome)
        .where(PriceOutcome.model_id == model_id, PriceOutcome.voided_at.is_(None))
        .order_by(PriceOutcome.id.desc())
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def latest_outcome(session: AsyncSession) -> UUID | None:
    """The outcome that became known last."""
    query = select(PriceOutcome.id).order_by(PriceOutcome.id.desc()).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def outcomes(
    session: AsyncSession, first: date, last: date, most: int
) -> AsyncIterator[Sequence[Any]]:
    """The latest deals of a period, with what was asked, valued, estimated and paid."""
    query = (
        select(
            PriceOutcome.happened_on,
            PriceOutcome.technical_field,
            PriceOutcome.seller_kind,
            PriceOutcome.asked_fen,
            PriceOutcome.cleared_fen,
            PriceOutcome.valued_low_fen,
            PriceOutcome.valued_fen,
            PriceOutcome.valued_high_fen,
            PriceOutcome.model_low_fen,
            PriceOutcome.model_fen,
            PriceOutcome.model_high_fen,
        )
        .where(_SOLD, PriceOutcome.happened_on.between(first, last))
        .order_by(PriceOutcome.happened_on.desc(), PriceOutcome.id.desc())
        .limit(most)
        .execution_options(yield_per=BATCH)
    )
    result = await session.stream(query)
    async for batch in result.partitions(BATCH):
        yield batch


async def failed_count(session: AsyncSession, first: date, last: date) -> int:
    """How many auctions of a period failed."""
    query = select(func.count()).where(
        PriceOutcome.cleared_fen.is_(None),
        PriceOutcome.voided_at.is_(None),
        PriceOutcome.happened_on.between(first, last),
    )
    return (await session.execute(query)).scalar_one()
