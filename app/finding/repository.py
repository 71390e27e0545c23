"""All SQL of the finding module."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.finding.models import SavedSearch, SavedSearchMatch, SearchChange, SearchTarget

NEXT = ":next"
"""Behind a target's name: changes that the index which is being built has to take in too."""
LOCKS = 0x5EA2C4
"""The first key of the advisory locks: one process at a time writes to an index."""
LONGEST_PAUSE_S = 300


@dataclass(frozen=True)
class Waiting:
    """What waits for a target: how much, since when, and the last that went wrong."""

    changes: int
    since: datetime | None
    failed: int
    error: str | None


async def waiting_changes(session: AsyncSession, target: str, limit: int) -> Sequence[SearchChange]:
    """The oldest changes that a target has not, without those that failed a moment ago."""
    query = (
        select(SearchChange)
        .where(
            SearchChange.target == target,
            (SearchChange.retry_at.is_(None)) | (SearchChange.retry_at <= func.clock_timestamp()),
        )
        .order_by(SearchChange.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def reached(
    session: AsyncSession, changes: Sequence[SearchChange], goes_on_to: Sequence[str]
) -> None:
    """These changes are in their target; they go on to others, keeping their time."""
    ids = [one.id for one in changes]
    for target in goes_on_to:
        await session.execute(
            insert(SearchChange).from_select(
                ["target", "kind", "object_id", "changed_at"],
                select(
                    literal(target),
                    SearchChange.kind,
                    SearchChange.object_id,
                    func.min(SearchChange.changed_at),
                )
                .where(SearchChange.id.in_(ids))
                .group_by(SearchChange.kind, SearchChange.object_id),
            )
        )
    await session.execute(delete(SearchChange).where(SearchChange.id.in_(ids)))


async def failed(session: AsyncSession, changes: Sequence[SearchChange], reason: str) -> None:
    """These changes could not be written; they are tried again, later each time."""
    for one in changes:
        pause = timedelta(seconds=min(2 ** min(one.attempts, 16), LONGEST_PAUSE_S))
        await session.execute(
            update(SearchChange)
            .where(SearchChange.id == one.id)
            .values(
                attempts=SearchChange.attempts + 1,
                error=reason[:2000],
                retry_at=func.clock_timestamp() + pause,
            )
        )


async def mark(session: AsyncSession, target: str, objects: Sequence[tuple[str, UUID]]) -> None:
    """Note that a target does not know these objects in their present state."""
    if objects:
        await session.execute(
            insert(SearchChange),
            [{"target": target, "kind": kind, "object_id": one} for kind, one in objects],
        )


async def forget(session: AsyncSession, target: str) -> None:
    """Drop what waits for a target."""
    await session.execute(delete(SearchChange).where(SearchChange.target == target))


async def hand_over(session: AsyncSession, target: str, to: str) -> None:
    """What waits for one target waits for the other."""
    await session.execute(
        update(SearchChange).where(SearchChange.target == target).values(target=to)
    )


async def retry_now(session: AsyncSession, target: str) -> None:
    """Let what failed be tried at once."""
    await session.execute(
        update(SearchChange).where(SearchChange.target == target).values(retry_at=None)
    )


async def waiting(session: AsyncSession, target: str) -> Waiting:
    """What waits for a target."""
    row = (
        await session.execute(
            select(
                func.count(),
                func.min(SearchChange.changed_at),
                func.count().filter(SearchChange.attempts > 0),
                func.max(SearchChange.error),
            ).where(SearchChange.target == target)
        )
    ).one()
    return Waiting(*row)


async def target(session: AsyncSession, name: str) -> SearchTarget:
    """What is known of an engine's index."""
    return (
        await session.execute(
            select(SearchTarget)
            .where(SearchTarget.name == name)
            .execution_options(populate_existing=True)
        )
    ).scalar_one()


async def lock(session: AsyncSession, name: str, *, wait: bool = False) -> bool:
    """Be the one that writes to an index, as long as the session's connection is held."""
    function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
    taken = await session.scalar(
        text(f"SELECT {function}(:space, hashtext(:name))"), {"space": LOCKS, "name": name}
    )
    return True if wait else bool(taken)


async def unlock(session: AsyncSession, name: str) -> None:
    """Let others write."""
    await session.execute(
        text("SELECT pg_advisory_unlock(:space, hashtext(:name))"), {"space": LOCKS, "name": name}
    )


async def active_searches(
    session: AsyncSession, after: UUID | None, limit: int
) -> Sequence[SavedSearch]:
    """Saved searches that are to be told, by id."""
    query = select(SavedSearch).where(SavedSearch.active)
    if after is not None:
        query = query.where(SavedSearch.id > after)
    return (await session.execute(query.order_by(SavedSearch.id).limit(limit))).scalars().all()


async def saved_searches(session: AsyncSession, person_id: UUID) -> Sequence[SavedSearch]:
    """A person's saved searches, the newest first."""
    query = (
        select(SavedSearch)
        .where(SavedSearch.person_id == person_id, SavedSearch.active)
        .order_by(SavedSearch.id.desc())
    )
    return (await session.execute(query)).scalars().all()


async def saved_search(session: AsyncSession, search_id: UUID) -> SavedSearch | None:
    """One saved search, locked."""
    return await session.get(SavedSearch, search_id, with_for_update=True)


async def add_matches(
    session: AsyncSession, search_id: UUID, found: Sequence[tuple[str, str]]
) -> list[str]:
    """Note (document, title) pairs that a saved search found; gives those that are new."""
    if not found:
        return []
    rows = [
        {"saved_search_id": search_id, "document_id": document, "title": title}
        for document, title in found
    ]
    query = (
        upsert(SavedSearchMatch)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(SavedSearchMatch.document_id)
    )
    return list((await session.execute(query)).scalars())


async def matches(session: AsyncSession, search_id: UUID, limit: int) -> Sequence[SavedSearchMatch]:
    """What a saved search has found, the newest first."""
    query = (
        select(SavedSearchMatch)
        .where(SavedSearchMatch.saved_search_id == search_id)
        .order_by(SavedSearchMatch.found_at.desc(), SavedSearchMatch.document_id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()
