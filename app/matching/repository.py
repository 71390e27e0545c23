"""SQL of the matching module."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from app.matching.models import MatchJudgment


def _holding() -> Select[MatchJudgment]:
    """The last judgment of each organisation on each pair."""
    pair = (MatchJudgment.demand_id, MatchJudgment.achievement_id, MatchJudgment.organisation_id)
    return select(MatchJudgment).ext(distinct_on(*pair)).order_by(*pair, MatchJudgment.id.desc())


async def judgments(
    session: AsyncSession, *, organisation_id: UUID | None, after: UUID | None, limit: int
) -> Sequence[MatchJudgment]:
    """A page of judgments, the newest first; of one organisation or of all."""
    query = select(MatchJudgment)
    if organisation_id is not None:
        query = query.where(MatchJudgment.organisation_id == organisation_id)
    if after is not None:
        query = query.where(MatchJudgment.id < after)
    return (
        (await session.execute(query.order_by(MatchJudgment.id.desc()).limit(limit)))
        .scalars()
        .all()
    )


async def of_object(
    session: AsyncSession,
    organisation_id: UUID,
    *,
    demand_id: UUID | None = None,
    achievement_id: UUID | None = None,
) -> Sequence[MatchJudgment]:
    """The judgments of an organisation that hold, on a demand or on an achievement."""
    query = _holding().where(MatchJudgment.organisation_id == organisation_id)
    if demand_id is not None:
        query = query.where(MatchJudgment.demand_id == demand_id)
    if achievement_id is not None:
        query = query.where(MatchJudgment.achievement_id == achievement_id)
    return (await session.execute(query)).scalars().all()


async def holding(session: AsyncSession) -> Sequence[MatchJudgment]:
    """All judgments that hold, by demand and achievement."""
    return (await session.execute(_holding())).scalars().all()
