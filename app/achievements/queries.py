"""Reading: lists, details and their log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import access, offers, repository
from app.achievements.models import Achievement, Disclosure, DisclosureGrant
from app.achievements.schemas import AchievementView, Completeness, MissingMember
from app.achievements.states import AchievementState, Secrecy
from app.kit.actor import Actor
from app.kit.errors import Unauthenticated

_COLUMNS = tuple(name for name in AchievementView.model_fields if name != "completeness")


async def get(
    session: AsyncSession, actor: Actor | None, achievement_id: UUID, now: datetime
) -> Achievement:
    """One achievement, if the actor may see its summary."""
    achievement = await repository.achievement(session, achievement_id)
    return access.visible(
        actor, achievement, granted=await repository.granted_to(session, actor, achievement_id, now)
    )


async def views(
    session: AsyncSession, actor: Actor | None, rows: Sequence[Achievement], now: datetime
) -> list[AchievementView]:
    """Achievements as the actor sees them: an anonymous one without what tells whose it is."""
    met = await repository.met(session, actor, [row.id for row in rows if row.anonymous], now)
    return [
        _view(
            row,
            access.knows_owner(actor, row, met=row.id in met),
            noted=access.owns(actor, row) or access.oversees(actor),
        )
        for row in rows
    ]


def _view(row: Achievement, known: bool, *, noted: bool) -> AchievementView:
    found = offers.completeness(row)
    missing = [MissingMember(field=name, weight=weight) for name, weight in found.missing]
    shown = AchievementView.model_validate(
        {name: getattr(row, name) for name in _COLUMNS}
        | {"completeness": Completeness(score=found.score, missing=missing)}
        | ({} if noted else {"review_note": None})
    )
    if known:
        return shown
    told = dict.fromkeys(("number", "title", "expires_on", "status"))
    rights = [right.model_copy(update=told) for right in shown.rights]
    return shown.model_copy(
        update={"lead_party_id": None, "owners": [], "persons": [], "rights": rights}
    )


@dataclass(frozen=True)
class Wanted:
    """What a list is asked for; `mine` shows the acting party's own in every state."""

    q: str | None = None
    technical_field: str | None = None
    ipc: str | None = None
    trl_min: int | None = None
    transfer_mode: str | None = None
    party_id: UUID | None = None
    kind: str | None = None
    state: AchievementState | None = None
    mine: bool = False
    review: Literal["waiting"] | None = None
    """`waiting`: what is published and an operator has yet to review; for overseers alone."""


async def achievement_list(
    session: AsyncSession,
    actor: Actor | None,
    wanted: Wanted,
    *,
    sort: str,
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[Achievement]:
    """A page of what is published, or of the acting party's own.

    Raises Unauthenticated when a visitor asks for its own.
    """
    states = [AchievementState.PUBLISHED.value]
    secrecies = [Secrecy.PUBLIC.value]
    if actor is not None and actor.roles:
        secrecies.append(Secrecy.INTERNAL.value)
    owner_id: UUID | None = None
    if wanted.mine:
        if actor is None:
            raise Unauthenticated
        owner_id = actor.require_party()
    if owner_id is not None or access.oversees(actor):
        states = [wanted.state.value] if wanted.state else [s.value for s in AchievementState]
        secrecies = [secrecy.value for secrecy in Secrecy]
    elif wanted.state not in {None, AchievementState.PUBLISHED}:
        return []
    if wanted.review is not None and not access.oversees(actor):
        return []
    if wanted.review is not None or (not wanted.mine and wanted.state is None):
        states = [AchievementState.PUBLISHED.value]
    chosen = repository.Filter(
        states=states,
        secrecies=secrecies,
        q=wanted.q,
        technical_field=wanted.technical_field,
        ipc=wanted.ipc,
        trl_min=wanted.trl_min,
        transfer_mode=wanted.transfer_mode,
        party_id=wanted.party_id,
        owner_id=owner_id,
        kind=wanted.kind,
        named=wanted.party_id is not None and not access.oversees(actor),
        known_to=None if actor is None else actor.party_id,
        unreviewed=wanted.review is not None,
    )
    return await repository.achievements(session, chosen, sort=sort, after=after, limit=limit)


async def read_details(
    session: AsyncSession, actor: Actor, achievement_id: UUID, now: datetime
) -> Achievement:
    """The achievement with its details; the reading is logged in the same transaction."""
    achievement = access.readable(
        actor,
        await repository.achievement(session, achievement_id),
        granted=await repository.granted_to(session, actor, achievement_id, now),
    )
    repository.log_disclosure(session, actor, achievement, now)
    return achievement


async def grants(
    session: AsyncSession, actor: Actor, achievement_id: UUID
) -> Sequence[DisclosureGrant]:
    """Who was granted the details; for owners and overseers."""
    await overseen(session, actor, achievement_id)
    return await repository.grants(session, achievement_id)


async def disclosures(
    session: AsyncSession, actor: Actor, achievement_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[Disclosure]:
    """Who read the details; for owners and overseers."""
    await overseen(session, actor, achievement_id)
    return await repository.disclosures(session, achievement_id, after=after, limit=limit)


async def overseen(session: AsyncSession, actor: Actor, achievement_id: UUID) -> Achievement:
    """The achievement for its owners and overseers; raises NotFound or DetailsNotGranted."""
    achievement = await repository.achievement(session, achievement_id)
    return access.readable(actor, achievement, granted=False)
