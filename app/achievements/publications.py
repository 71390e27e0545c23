"""The public life of an achievement: published, reviewed, renewed, expired, withdrawn."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import access, repository, rules
from app.achievements.errors import ConfidentialNotPublic, OwnOffer
from app.achievements.models import Achievement
from app.achievements.schemas import AchievementReview
from app.achievements.states import MOVES, AchievementKind, AchievementState, Secrecy
from app.kit import audit, clock, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.states import move
from app.parties import service as parties
from app.parties.states import Role
from app.standard import service as standard

HELD = timedelta(days=1)
"""How long the end of a publication is put off while a live listing holds it."""


async def require_untold(session: AsyncSession, achievement: Achievement) -> None:
    """Raise NotAnonymous if what is public of an anonymous achievement tells whose it is."""
    if not achievement.anonymous:
        return
    names = [one.name for one in achievement.owners]
    names += [one.name for one in achievement.persons]
    for owner_id in sorted({achievement.lead_party_id, *achievement.owner_ids}):
        names += await parties.identifying_names(session, owner_id)
    told = {
        "title": achievement.title,
        "summary": achievement.summary,
        "offer": achievement.offer,
    }
    standard.require_anonymous(told, names)


async def locked(session: AsyncSession, actor: Actor, achievement_id: UUID) -> Achievement:
    """The achievement, locked, if the actor trades for its poster; raises NotFound or Forbidden."""
    return access.owned(actor, await repository.achievement(session, achievement_id, lock=True))


async def publish(
    session: AsyncSession, actor: Actor, achievement_id: UUID, now: datetime
) -> Achievement:
    """Open the summary to everyone, or for `internal` to every organisation.

    It waits for an operator's review from then on. Raises NoRight, ConfidentialNotPublic,
    IllegalMove, BadExpiry, and NotAnonymous when an anonymous one has become telling since it was
    written.
    """
    achievement = await locked(session, actor, achievement_id)
    state = move(MOVES, AchievementState(achievement.state), "publish")
    await require_publishable(session, achievement)
    await require_untold(session, achievement)
    achievement.public_from = now
    achievement.reviewed_at = achievement.review_note = None
    rule_set = _dated(achievement, achievement.offer.get("expires_on"), now)
    await jobs.defer(session, "settlements.watch_idle", achievement_id=str(achievement.id))
    facts = {"expires_at": achievement.expires_at}
    return moved(session, actor, achievement, state, "publish", rule_set=rule_set, **facts)


async def withdraw(session: AsyncSession, actor: Actor, achievement_id: UUID) -> Achievement:
    """Take an achievement off the market; raises IllegalMove."""
    achievement = await locked(session, actor, achievement_id)
    state = move(MOVES, AchievementState(achievement.state), "withdraw")
    return moved(session, actor, achievement, state, "withdraw")


def moved(
    session: AsyncSession,
    actor: Actor,
    achievement: Achievement,
    state: AchievementState,
    act: str,
    *,
    rule_set: str | None = None,
    **facts: Any,
) -> Achievement:
    """Move an achievement to its next state and note it."""
    before, told = achievement.state, access.audience(achievement)
    achievement.state = state.value
    achievement.version += 1
    audit.record(
        session,
        actor,
        f"achievement.{act}",
        "achievement",
        achievement.id,
        before={"state": before},
        after={"state": achievement.state, "public_from": achievement.public_from, **facts},
        rule_set=rule_set,
        audience=told | access.audience(achievement),
    )
    return achievement


async def require_publishable(session: AsyncSession, achievement: Achievement) -> None:
    """Raise NoRight or ConfidentialNotPublic if an achievement cannot be public."""
    parts = [achievement]
    if achievement.kind == AchievementKind.PACKAGE:
        found = await repository.achievements_by_id(session, achievement.member_ids)
        parts = [achievement, *found.values()]
    if any(part.secrecy == Secrecy.CONFIDENTIAL for part in parts):
        raise ConfidentialNotPublic(field="body.secrecy")
    for part in parts[1:] or parts:
        rules.check_declared([right.type for right in part.rights], "body.rights")


def _dated(achievement: Achievement, asked: str | None, now: datetime) -> str:
    """Until when it is public: the day asked for, by default the last that the rules allow.

    Returns the code of the rules that decided.
    """
    chosen = standard.rules_of(local_day(now))
    achievement.expires_at = standard.publication(now, asked, chosen).expires_at
    achievement.expiry_due_at = achievement.expires_at
    return chosen.code


async def renew(
    session: AsyncSession, actor: Actor, achievement_id: UUID, expires_on: date | None
) -> Achievement:
    """Publish what is published or expired until another day, unchanged.

    Raises IllegalMove, BadExpiry, and what `publish` raises of one that has become wrong since.
    """
    achievement = await locked(session, actor, achievement_id)
    state = move(MOVES, AchievementState(achievement.state), "renew")
    await require_publishable(session, achievement)
    await require_untold(session, achievement)
    before = achievement.expires_at
    asked = None if expires_on is None else expires_on.isoformat()
    rule_set = _dated(achievement, asked, await clock.now(session))
    facts = {"expired_at": before, "expires_at": achievement.expires_at}
    return moved(session, actor, achievement, state, "renew", rule_set=rule_set, **facts)


async def review(
    session: AsyncSession, actor: Actor, achievement_id: UUID, decision: AchievementReview
) -> Achievement:
    """An operator approves what is published, or withdraws it with a reason.

    Raises OwnOffer, ReasonRequired and IllegalMove.
    """
    actor.require_role(Role.OPERATOR)
    actor.require_scope("trade")
    found = await repository.achievement(session, achievement_id, lock=True)
    achievement = access.visible(actor, found)
    if access.owns(actor, achievement):
        raise OwnOffer
    state = move(MOVES, AchievementState(achievement.state), decision.act)
    if decision.act == "withdraw":
        rules.require_reason(decision.reason)
    achievement.reviewed_at = await clock.now(session)
    achievement.review_note = decision.reason or None
    facts: dict[str, Any] = {"reviewed_at": achievement.reviewed_at, "reason": decision.reason}
    return moved(session, actor, achievement, state, decision.act, **facts)


async def expire(session: AsyncSession, achievement_id: UUID, now: datetime) -> None:
    """End a publication whose time is over; does nothing when it is not due any more."""
    achievement = await repository.free_to_expire(session, achievement_id, now)
    if achievement is not None:
        moved(session, SYSTEM, achievement, AchievementState.EXPIRED, "expire", at=now)


async def put_off(session: AsyncSession, achievement_id: UUID, now: datetime) -> None:
    """Look at the end of a publication again in a day, for a live listing holds it."""
    achievement = await repository.free_to_expire(session, achievement_id, now)
    if achievement is not None:
        achievement.expiry_due_at = now + HELD
