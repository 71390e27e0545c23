"""SQL of the demands module."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.demands.models import Demand, Interest, Solution
from app.demands.states import PUBLIC, DemandState, InterestState, SolutionState

Sort = Literal["newest", "expiring", "-budget"]
Reach = Literal["public", "registered", "overseer", "own"]
_PUBLIC = sorted(state.value for state in PUBLIC)
_LIVE_INTEREST = (InterestState.EXPRESSED.value, InterestState.ACCEPTED.value)


@dataclass(frozen=True)
class Filters:
    """What a list of demands is narrowed to; the search fields are already normalised."""

    phrases: tuple[str, ...] = ()
    grams: tuple[str, ...] = ()
    type: str | None = None
    technical_field: str | None = None
    province: str | None = None
    budget_min_fen: int | None = None
    state: DemandState | None = None
    owner_id: UUID | None = None
    reach: Reach = "public"


async def demand(
    session: AsyncSession, demand_id: UUID, *, lock: Literal["", "update", "share"] = ""
) -> Demand | None:
    """One demand; a locked one is read as it is once the lock is held."""
    query = select(Demand).where(Demand.id == demand_id)
    if lock:
        query = query.with_for_update(read=lock == "share").execution_options(
            populate_existing=True
        )
    return (await session.execute(query)).scalar_one_or_none()


async def free_demand(session: AsyncSession, demand_id: UUID) -> Demand | None:
    """The demand, locked; None when another process holds it."""
    query = (
        select(Demand)
        .where(Demand.id == demand_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def demands_by_id(session: AsyncSession, ids: Iterable[UUID]) -> Sequence[Demand]:
    """Demands with these ids, in no order."""
    query = select(Demand).where(Demand.id.in_(list(ids)))
    return (await session.execute(query)).scalars().all()


async def demands(
    session: AsyncSession, filters: Filters, sort: Sort, after: tuple[Any, UUID] | None, limit: int
) -> Sequence[Demand]:
    """A page of demands in the order of `sort`, ties by id."""
    column = sort_column(sort)
    query = _narrowed(select(Demand), filters)
    if sort != "newest":
        query = query.where(column.is_not(None))
    key = tuple_(column, Demand.id)
    if after is not None:
        bound = tuple_(*after)
        query = query.where(key > bound if sort == "expiring" else key < bound)
    if sort == "expiring":
        query = query.order_by(column, Demand.id)
    else:
        query = query.order_by(column.desc(), Demand.id.desc())
    return (await session.execute(query.limit(limit))).scalars().all()


def sort_column(sort: Sort) -> InstrumentedAttribute[Any]:
    """What a sort orders by, before the id."""
    if sort == "expiring":
        return Demand.expires_at
    return Demand.posted_at if sort == "newest" else Demand.budget_fen


def _narrowed(query: Select[Demand], filters: Filters) -> Select[Demand]:
    conditions: list[ColumnElement[bool]] = []
    if filters.reach in {"public", "registered"}:
        conditions.append(Demand.state.in_(_PUBLIC))
    if filters.reach == "public":
        conditions.append(Demand.internal.is_(False))
    elif filters.reach == "overseer":
        conditions.append(Demand.state != DemandState.DRAFT.value)
    if filters.grams:
        conditions.append(Demand.grams.contains(list(filters.grams)))
    conditions += [
        Demand.search_text.contains(phrase, autoescape=True) for phrase in filters.phrases
    ]
    if filters.technical_field is not None:
        conditions.append(Demand.technical_fields.contains([filters.technical_field]))
    if filters.budget_min_fen is not None:
        conditions.append(Demand.budget_fen >= filters.budget_min_fen)
    for column, value in (
        (Demand.type, filters.type),
        (Demand.province, filters.province),
        (Demand.state, filters.state.value if filters.state is not None else None),
        (Demand.owner_id, filters.owner_id),
    ):
        if value is not None:
            conditions.append(column == value)
    return query.where(*conditions)


async def lock_imports(session: AsyncSession, owner_id: UUID) -> None:
    """Let one import of a party run at a time."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
        {"key": f"demand-import:{owner_id}"},
    )


async def known_contents(
    session: AsyncSession, owner_id: UUID, keys: Iterable[UUID]
) -> dict[UUID, UUID]:
    """Demands of a party by what they say, of those that say one of these."""
    query = select(Demand.content_key, Demand.id).where(
        Demand.owner_id == owner_id, Demand.content_key.in_(list(keys))
    )
    return {row.content_key: row.id for row in await session.execute(query)}


async def expired(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Published demands whose time is over, the earliest first."""
    query = (
        select(Demand.id)
        .where(Demand.state == DemandState.PUBLISHED.value, Demand.expires_at <= now)
        .order_by(Demand.expires_at, Demand.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def to_remind(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Demands whose owner is to be reminded, the earliest first."""
    query = (
        select(Demand.id)
        .where(Demand.remind_at <= now)
        .order_by(Demand.remind_at, Demand.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def solution(
    session: AsyncSession, solution_id: UUID, *, lock: bool = False
) -> Solution | None:
    """One solution."""
    query = select(Solution).where(Solution.id == solution_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def solution_of(session: AsyncSession, demand_id: UUID, author_id: UUID) -> Solution | None:
    """A party's solution to a demand."""
    query = select(Solution).where(Solution.demand_id == demand_id, Solution.author_id == author_id)
    return (await session.execute(query)).scalar_one_or_none()


async def solutions(
    session: AsyncSession,
    demand_id: UUID,
    *,
    author_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Solution]:
    """A page of solutions to a demand, the oldest first."""
    query = select(Solution).where(Solution.demand_id == demand_id)
    if author_id is not None:
        query = query.where(Solution.author_id == author_id)
    if after is not None:
        query = query.where(Solution.id > after)
    return (await session.execute(query.order_by(Solution.id).limit(limit))).scalars().all()


async def shortlisted(session: AsyncSession, demand_id: UUID) -> Sequence[UUID]:
    """Authors of shortlisted solutions, in the order of their solutions."""
    query = (
        select(Solution.author_id)
        .where(Solution.demand_id == demand_id, Solution.state == SolutionState.SHORTLISTED.value)
        .order_by(Solution.id)
    )
    return (await session.execute(query)).scalars().all()


async def interest(
    session: AsyncSession, interest_id: UUID, *, lock: bool = False
) -> Interest | None:
    """One interest."""
    query = select(Interest).where(Interest.id == interest_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def live_interest(
    session: AsyncSession, party_id: UUID, *, demand_id: UUID | None, achievement_id: UUID | None
) -> UUID | None:
    """The interest of a party in an object that is not over."""
    query = select(Interest.id).where(
        Interest.party_id == party_id, Interest.state.in_(_LIVE_INTEREST)
    )
    if demand_id is not None:
        query = query.where(Interest.demand_id == demand_id)
    else:
        query = query.where(Interest.achievement_id == achievement_id)
    return (await session.execute(query)).scalar_one_or_none()


async def interests(
    session: AsyncSession,
    *,
    party_id: UUID | None = None,
    owner_id: UUID | None = None,
    demand_id: UUID | None = None,
    after: UUID | None,
    limit: int,
) -> Sequence[Interest]:
    """A page of interests, the newest first."""
    query = select(Interest)
    for column, value in (
        (Interest.party_id, party_id),
        (Interest.owner_id, owner_id),
        (Interest.demand_id, demand_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(Interest.id < after)
    return (await session.execute(query.order_by(Interest.id.desc()).limit(limit))).scalars().all()


async def in_contact(
    session: AsyncSession, party_id: UUID, demand_ids: Iterable[UUID]
) -> frozenset[UUID]:
    """Those of the demands whose owner accepted this party's interest."""
    query = select(Interest.demand_id).where(
        Interest.party_id == party_id,
        Interest.state == InterestState.ACCEPTED.value,
        Interest.demand_id.in_(list(demand_ids)),
    )
    return frozenset(i for i in (await session.execute(query)).scalars() if i is not None)


async def published_ids(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Ids of what was published, in their order; for those who keep copies."""
    query = select(Demand.id).where(Demand.published_at.is_not(None))
    if after is not None:
        query = query.where(Demand.id > after)
    return (await session.execute(query.order_by(Demand.id).limit(limit))).scalars().all()
