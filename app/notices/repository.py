"""SQL of the notices module."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.notices.facts import NoticeSubject
from app.notices.models import Notice, NoticeEdition, Objection
from app.notices.states import NoticeState, ObjectionState


async def notice(session: AsyncSession, notice_id: UUID, *, lock: bool = False) -> Notice | None:
    """One notice; a locked one is read as it is once the lock is held."""
    query = select(Notice).where(Notice.id == notice_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def unlocked_due(session: AsyncSession, notice_id: UUID) -> Notice | None:
    """The notice, locked; None when another process holds it."""
    query = (
        select(Notice)
        .where(Notice.id == notice_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def notices(
    session: AsyncSession,
    *,
    reach: Literal["public", "overseer", "own"],
    state: str | None,
    achievement_id: UUID | None,
    publisher_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Notice]:
    """A page of notices, the newest first."""
    query = select(Notice)
    if reach == "public":
        query = query.where(Notice.published_at.is_not(None))
    elif reach == "overseer":
        query = query.where(
            or_(Notice.state != NoticeState.DRAFT.value, Notice.published_at.is_not(None))
        )
    for column, value in (
        (Notice.state, state),
        (Notice.achievement_id, achievement_id),
        (Notice.publisher_id, publisher_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(Notice.id < after)
    return (await session.execute(query.order_by(Notice.id.desc()).limit(limit))).scalars().all()


async def of_subject(session: AsyncSession, subject: NoticeSubject) -> Sequence[Notice]:
    """Notices of this very sale, the newest first; they stay so until the transaction ends."""
    query = (
        select(Notice)
        .where(
            Notice.achievement_id == subject.achievement_id,
            Notice.publisher_id == subject.seller_id,
            Notice.taker_id == subject.buyer_id,
            Notice.price_fen == subject.price_fen,
            Notice.transfer_mode == subject.transfer_mode,
            Notice.license_manner.is_not_distinct_from(subject.license_manner),
        )
        .order_by(Notice.id.desc())
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalars().all()


async def due(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Published notices whose period has ended, the earliest first."""
    query = (
        select(Notice.id)
        .where(Notice.state == NoticeState.PUBLISHED.value, Notice.ends_at <= now)
        .order_by(Notice.ends_at, Notice.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def provisional(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[Notice]:
    """Published notices with a provisional end, locked, by id."""
    query = select(Notice).where(
        Notice.state == NoticeState.PUBLISHED.value, Notice.ends_provisional
    )
    if after is not None:
        query = query.where(Notice.id > after)
    query = query.order_by(Notice.id).limit(limit).with_for_update()
    query = query.execution_options(populate_existing=True)
    return (await session.execute(query)).scalars().all()


async def editions(session: AsyncSession, notice_id: UUID) -> Sequence[NoticeEdition]:
    """What a notice made public, the first edition first."""
    query = select(NoticeEdition).where(NoticeEdition.notice_id == notice_id)
    return (await session.execute(query.order_by(NoticeEdition.edition))).scalars().all()


async def objection(session: AsyncSession, notice_id: UUID, objection_id: UUID) -> Objection | None:
    """One objection to a notice; the notice's lock guards it."""
    query = select(Objection).where(Objection.id == objection_id, Objection.notice_id == notice_id)
    query = query.execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def objections(session: AsyncSession, notice_id: UUID) -> Sequence[Objection]:
    """Objections to a notice, the first one first."""
    query = select(Objection).where(Objection.notice_id == notice_id).order_by(Objection.id)
    return (await session.execute(query)).scalars().all()


async def open_objections(session: AsyncSession, notice_id: UUID) -> Sequence[Objection]:
    """Objections that are not decided."""
    query = select(Objection).where(
        Objection.notice_id == notice_id, Objection.state == ObjectionState.FILED.value
    )
    return (await session.execute(query.order_by(Objection.id))).scalars().all()


async def overdue(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Objections whose decision is late and not marked so, the earliest first."""
    query = (
        select(Objection.id)
        .where(
            Objection.state == ObjectionState.FILED.value,
            Objection.overdue_at.is_(None),
            Objection.due_at <= now,
        )
        .order_by(Objection.due_at, Objection.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def unlocked_overdue(session: AsyncSession, objection_id: UUID) -> Objection | None:
    """The objection, locked; None when another process holds it."""
    query = (
        select(Objection)
        .where(Objection.id == objection_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()
