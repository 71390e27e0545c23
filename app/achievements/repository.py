"""SQL of the achievements module."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements.models import (
    Achievement,
    AchievementOwner,
    Disclosure,
    DisclosureGrant,
    Document,
)
from app.kit.actor import Actor


@dataclass(frozen=True)
class Filter:
    """Which achievements a list shows."""

    states: Sequence[str]
    secrecies: Sequence[str]
    q: str | None = None
    technical_field: str | None = None
    ipc: str | None = None
    trl_min: int | None = None
    transfer_mode: str | None = None
    party_id: UUID | None = None
    owner_id: UUID | None = None
    kind: str | None = None


async def achievement(
    session: AsyncSession, achievement_id: UUID, *, lock: bool = False
) -> Achievement | None:
    """One achievement with its owners, rights, persons and members."""
    query = select(Achievement).where(Achievement.id == achievement_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def achievements_by_id(
    session: AsyncSession, ids: Sequence[UUID], *, lock: bool = False
) -> dict[UUID, Achievement]:
    """Achievements with these ids, locked in id order if asked."""
    query = select(Achievement).where(Achievement.id.in_(ids)).order_by(Achievement.id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return {row.id: row for row in (await session.execute(query)).scalars()}


async def achievements(
    session: AsyncSession, chosen: Filter, *, sort: str, after: Sequence[Any] | None, limit: int
) -> Sequence[Achievement]:
    """A page of achievements."""
    query = _filtered(select(Achievement), chosen)
    if sort == "title":
        query = query.order_by(Achievement.title, Achievement.id)
        if after is not None:
            place = tuple_(Achievement.title, Achievement.id)
            query = query.where(place > tuple_(literal(after[0]), literal(after[1])))
    elif sort == "oldest":
        query = query.order_by(Achievement.id)
        if after is not None:
            query = query.where(Achievement.id > after[-1])
    else:
        query = query.order_by(Achievement.id.desc())
        if after is not None:
            query = query.where(Achievement.id < after[-1])
    rows: Sequence[Achievement] = (await session.execute(query.limit(limit))).scalars().all()
    return rows


def _filtered(query: Any, chosen: Filter) -> Any:
    query = query.where(
        Achievement.state.in_(chosen.states), Achievement.secrecy.in_(chosen.secrecies)
    )
    exact = {
        Achievement.technical_field: chosen.technical_field,
        Achievement.lead_party_id: chosen.party_id,
        Achievement.kind: chosen.kind,
    }
    for column, value in exact.items():
        if value is not None:
            query = query.where(column == value)
    if chosen.q is not None:
        query = query.where(Achievement.title.icontains(chosen.q, autoescape=True))
    if chosen.ipc is not None:
        symbol = func.unnest(Achievement.ipc).column_valued("symbol")
        query = query.where(
            exists(select(symbol).where(symbol.startswith(chosen.ipc, autoescape=True)))
        )
    if chosen.trl_min is not None:
        query = query.where(Achievement.trl >= chosen.trl_min)
    if chosen.transfer_mode is not None:
        query = query.where(Achievement.transfer_modes.contains([chosen.transfer_mode]))
    if chosen.owner_id is not None:
        owned = exists().where(
            AchievementOwner.achievement_id == Achievement.id,
            AchievementOwner.organisation_id == chosen.owner_id,
        )
        query = query.where(or_(Achievement.lead_party_id == chosen.owner_id, owned))
    return query


async def granted(
    session: AsyncSession, achievement_id: UUID, organisation_id: UUID, now: datetime
) -> bool:
    """Whether a grant to this organisation is in force."""
    query = select(
        exists().where(
            DisclosureGrant.achievement_id == achievement_id,
            DisclosureGrant.organisation_id == organisation_id,
            DisclosureGrant.revoked_at.is_(None),
            or_(DisclosureGrant.ends_at.is_(None), DisclosureGrant.ends_at > now),
        )
    )
    return bool((await session.execute(query)).scalar_one())


async def granted_to(
    session: AsyncSession, actor: Actor | None, achievement_id: UUID, now: datetime
) -> bool:
    """Whether the actor's party was granted the details."""
    if actor is None or actor.party_id is None or not actor.roles:
        return False
    return await granted(session, achievement_id, actor.party_id, now)


def log_disclosure(
    session: AsyncSession,
    actor: Actor,
    achievement: Achievement,
    now: datetime,
    document_id: UUID | None = None,
) -> None:
    """Note who read what, when, and in whose name."""
    session.add(
        Disclosure(
            achievement_id=achievement.id,
            document_id=document_id,
            person_id=actor.person_id,
            organisation_id=actor.organisation_id,
            client_id=actor.client_id,
            mandate_id=actor.mandate_id,
            version=achievement.version,
            read_at=now,
        )
    )


async def live_grant(
    session: AsyncSession, achievement_id: UUID, organisation_id: UUID
) -> DisclosureGrant | None:
    """The grant that was not revoked, ended or not."""
    query = select(DisclosureGrant).where(
        DisclosureGrant.achievement_id == achievement_id,
        DisclosureGrant.organisation_id == organisation_id,
        DisclosureGrant.revoked_at.is_(None),
    )
    return (await session.execute(query)).scalar_one_or_none()


async def grant(session: AsyncSession, grant_id: UUID) -> DisclosureGrant | None:
    """One grant."""
    return await session.get(DisclosureGrant, grant_id)


async def grants(session: AsyncSession, achievement_id: UUID) -> Sequence[DisclosureGrant]:
    """Every grant of an achievement, the oldest first."""
    query = (
        select(DisclosureGrant)
        .where(DisclosureGrant.achievement_id == achievement_id)
        .order_by(DisclosureGrant.id)
    )
    return (await session.execute(query)).scalars().all()


async def disclosures(
    session: AsyncSession, achievement_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[Disclosure]:
    """A page of readings, the newest first."""
    query = select(Disclosure).where(Disclosure.achievement_id == achievement_id)
    if after is not None:
        query = query.where(Disclosure.id < after)
    query = query.order_by(Disclosure.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def documents(session: AsyncSession, achievement_id: UUID) -> Sequence[Document]:
    """Documents of an achievement, the oldest first."""
    query = select(Document).where(Document.achievement_id == achievement_id).order_by(Document.id)
    return (await session.execute(query)).scalars().all()


async def document(
    session: AsyncSession, achievement_id: UUID, document_id: UUID
) -> Document | None:
    """One document of an achievement."""
    query = select(Document).where(
        Document.achievement_id == achievement_id, Document.id == document_id
    )
    return (await session.execute(query)).scalar_one_or_none()


async def document_by_hash(
    session: AsyncSession, achievement_id: UUID, sha256: str
) -> Document | None:
    """The document of an achievement with these bytes."""
    query = select(Document).where(
        Document.achievement_id == achievement_id, Document.sha256 == sha256
    )
    return (await session.execute(query)).scalar_one_or_none()
