"""Documents of achievements: the row is written once the bytes are stored.

Bytes move in no database transaction: the use cases here are short steps before and after.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import access, repository
from app.achievements.errors import DetailsNotGranted, DocumentEmpty, DocumentNameNeeded
from app.achievements.models import Achievement, Document
from app.achievements.states import Audience
from app.kit import audit, changes
from app.kit.actor import Actor
from app.kit.errors import NotFound, Unauthenticated
from app.kit.storage import Stored

LONGEST_NAME = 200


@dataclass(frozen=True)
class NewDocument:
    """What is known of a file besides its bytes."""

    name: str
    media_type: str
    audience: Audience


def described(name: str | None, media_type: str | None, audience: Audience) -> NewDocument:
    """A file's name without directories, its media type if it looks like one.

    Raises DocumentNameNeeded.
    """
    plain = PurePosixPath((name or "").replace("\\", "/")).name.strip()
    if not plain or not plain.isprintable() or len(plain) > LONGEST_NAME:
        raise DocumentNameNeeded(field="body.file", longest=LONGEST_NAME)
    kind = media_type or ""
    if not kind.isascii() or not kind.isprintable() or "/" not in kind or len(kind) > 100:
        kind = "application/octet-stream"
    return NewDocument(plain, kind, audience)


async def require_uploader(session: AsyncSession, actor: Actor, achievement_id: UUID) -> None:
    """Raise unless the actor may add documents; asked before the bytes are taken."""
    access.owned(actor, await repository.achievement(session, achievement_id))


async def add(
    session: AsyncSession, actor: Actor, achievement_id: UUID, new: NewDocument, stored: Stored
) -> Document:
    """Note a document whose bytes are stored; the same bytes again give the same document.

    Raises DocumentEmpty.
    """
    achievement = access.owned(
        actor, await repository.achievement(session, achievement_id, lock=True)
    )
    if stored.size_bytes == 0:
        raise DocumentEmpty(field="body.file")
    known = await repository.document_by_hash(session, achievement_id, stored.sha256)
    if known is not None:
        return known
    document = Document(
        achievement_id=achievement.id,
        name=new.name,
        media_type=new.media_type,
        audience=new.audience.value,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        uploaded_by=actor.person_id,
    )
    session.add(document)
    await session.flush()
    audit.record(
        session,
        actor,
        "achievement.add_document",
        "achievement",
        achievement.id,
        after={"document": document.id, "name": document.name, "sha256": document.sha256},
        audience=_told(achievement, document),
    )
    return document


def _told(achievement: Achievement, document: Document) -> changes.Audience:
    """Who may learn that a document was added: that there is a restricted one is not public."""
    if document.audience == Audience.PUBLIC:
        return access.audience(achievement)
    return access.owners(achievement)


async def listed(
    session: AsyncSession, actor: Actor | None, achievement_id: UUID, now: datetime
) -> Sequence[Document]:
    """Documents of an achievement that the actor may read."""
    achievement = await repository.achievement(session, achievement_id)
    granted = await repository.granted_to(session, actor, achievement_id, now)
    seen = access.visible(actor, achievement, granted=granted)
    rows = await repository.documents(session, achievement_id)
    if granted or access.owns(actor, seen) or access.oversees(actor):
        return rows
    if not await _may_know_owner(session, actor, seen, now):
        return []
    return [row for row in rows if row.audience == Audience.PUBLIC]


async def _may_know_owner(
    session: AsyncSession, actor: Actor | None, achievement: Achievement, now: datetime
) -> bool:
    """A file of an anonymous achievement can tell whose it is, so it is for who may know that."""
    met = await repository.met(session, actor, [achievement.id], now)
    return access.knows_owner(actor, achievement, met=bool(met))


async def read(
    session: AsyncSession,
    actor: Actor | None,
    achievement_id: UUID,
    document_id: UUID,
    now: datetime,
) -> Document:
    """A document that the actor may download; the reading of a restricted one is logged.

    Raises NotFound, Unauthenticated or DetailsNotGranted.
    """
    achievement = await repository.achievement(session, achievement_id)
    granted = await repository.granted_to(session, actor, achievement_id, now)
    seen = access.visible(actor, achievement, granted=granted)
    document = await repository.document(session, achievement_id, document_id)
    if document is None:
        raise NotFound
    if document.audience == Audience.PUBLIC:
        if not await _may_know_owner(session, actor, seen, now):
            raise NotFound
        return document
    if actor is None:
        raise Unauthenticated
    if not (granted or access.owns(actor, seen) or access.oversees(actor)):
        raise DetailsNotGranted
    repository.log_disclosure(session, actor, seen, now, document.id)
    return document
