"""HTTP of the public life of achievements: publication, review, renewal, withdrawal."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import queries, service
from app.achievements.errors import ConfidentialNotPublic, NoRight, OwnOffer, ReasonRequired
from app.achievements.models import Achievement
from app.achievements.schemas import AchievementReview, AchievementView, Renewal
from app.kit import clock
from app.kit.actor import Actor, CurrentActor
from app.kit.db import Uow
from app.kit.errors import Forbidden, IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import etag, trade_router
from app.standard.errors import BadExpiry, NotAnonymous

publications = trade_router("/achievements", "achievements")
routers: tuple[APIRouter, ...] = (publications,)

_OWN = (Unauthenticated, Forbidden, NotFound, IllegalMove)
_PUBLIC = (NoRight, ConfidentialNotPublic, NotAnonymous, BadExpiry)


async def _shown(
    response: Response, session: AsyncSession, actor: Actor, achievement: Achievement
) -> AchievementView:
    await session.flush()
    response.headers["ETag"] = etag(achievement.version)
    return (await queries.views(session, actor, [achievement], await clock.now(session)))[0]


@publications.post("/{achievement_id}/publish", responses=declared(*_OWN, *_PUBLIC))
async def publish_achievement(
    response: Response, session: Uow, actor: CurrentActor, achievement_id: UUID
) -> AchievementView:
    """Open the summary to everyone (secrecy `internal`: to every organisation)."""
    now = await clock.now(session)
    done = await service.publish(session, actor, achievement_id, now)
    return await _shown(response, session, actor, done)


@publications.post("/{achievement_id}/withdraw", responses=declared(*_OWN))
async def withdraw_achievement(
    response: Response, session: Uow, actor: CurrentActor, achievement_id: UUID
) -> AchievementView:
    """Take an achievement off the market."""
    done = await service.withdraw(session, actor, achievement_id)
    return await _shown(response, session, actor, done)


@publications.post("/{achievement_id}/renew", responses=declared(*_OWN, *_PUBLIC))
async def renew_achievement(
    response: Response, session: Uow, actor: CurrentActor, achievement_id: UUID, renewal: Renewal
) -> AchievementView:
    """Publish an achievement that is published or expired until another day."""
    done = await service.renew(session, actor, achievement_id, renewal.expires_on)
    return await _shown(response, session, actor, done)


@publications.post("/{achievement_id}/review", responses=declared(*_OWN, OwnOffer, ReasonRequired))
async def review_achievement(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    achievement_id: UUID,
    decision: AchievementReview,
) -> AchievementView:
    """An operator approves what is published, or withdraws it with a reason."""
    done = await service.review(session, actor, achievement_id, decision)
    return await _shown(response, session, actor, done)
