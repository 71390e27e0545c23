"""Nothing is skipped, nothing comes twice, and the order never changes; on real sessions."""

import asyncio
import random
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.feed import service
from app.feed.facts import Place, Reader
from app.feed.jobs import keep_numbering, number_all
from app.kit import audit
from app.kit.actor import SYSTEM
from app.kit.changes import Audience, Circle
from app.kit.db import Sessions
from app.kit.ids import new_id

WRITERS = 16
EACH = 40
PUBLIC = Audience(Circle.PUBLIC, frozenset())


async def note(session: AsyncSession, object_id: UUID | None = None, act: str = "edit") -> UUID:
    """A change of a listing, noted and not committed."""
    object_id = object_id or new_id()
    audit.record(session, SYSTEM, f"listing.{act}", "listing", object_id, audience=PUBLIC)
    await session.flush()
    return object_id


async def read(sessions: Sessions, after: int, limit: int = 1000) -> tuple[list[UUID], int]:
    """The objects of the next changes, and where they end."""
    async with sessions() as session:
        part = await service.read(session, Reader(), (), after=Place(after), limit=limit)
    return [UUID(change.object_id) for change in part.changes], part.end


async def test_sixteen_writers_and_a_reader_lose_nothing(sessions: Sessions) -> None:
    """Writers commit in another order than they note in; a reader is at the end all the time."""
    committed: set[UUID] = set()
    rolled_back: set[UUID] = set()

    async def write(chance: random.Random) -> None:
        for number in range(EACH):
            async with sessions() as session:
                changed = [await note(session) for _ in range(chance.randint(1, 3))]
                for _ in range(chance.randint(0, 20)):
                    await session.execute(text("SELECT 1"))
                if number % 10 == 9:
                    await session.rollback()
                    rolled_back.update(changed)
                else:
                    await session.commit()
                    committed.update(changed)

    async def follow(done: asyncio.Event) -> list[UUID]:
        seen: list[UUID] = []
        after = 0
        while not done.is_set() or len(seen) < len(committed):
            found, after = await read(sessions, after, limit=7)
            seen += found
        return seen

    stop, done = asyncio.Event(), asyncio.Event()
    numbering = [asyncio.create_task(keep_numbering(sessions, stop)) for _ in range(2)]
    following = asyncio.create_task(follow(done))
    await asyncio.gather(*(write(random.Random(seed)) for seed in range(WRITERS)))
    done.set()
    seen = await asyncio.wait_for(following, 60)
    stop.set()
    await asyncio.gather(*numbering)

    assert len(rolled_back) >= WRITERS * EACH // 10
    assert len(seen) == len(set(seen))
    assert set(seen) == committed
    again, middle = await read(sessions, 0)
    rest, _ = await read(sessions, middle)
    assert again + rest == seen


async def test_a_slow_writer_comes_later_and_is_not_skipped(sessions: Sessions) -> None:
    """The case in which a feed by sequence number or by time of writing loses a change."""
    async with sessions() as slow, sessions() as fast:
        first_noted = await note(slow)
        first_committed = await note(fast)
        await fast.commit()
        await number_all(sessions)
        seen, after = await read(sessions, 0)
        assert seen == [first_committed]
        await slow.commit()
    await number_all(sessions)
    assert await read(sessions, after) == ([first_noted], after + 1)
    assert await read(sessions, 0) == ([first_committed, first_noted], after + 1)


async def test_who_waited_for_a_lock_comes_after_who_held_it(sessions: Sessions) -> None:
    """Though its transaction is the older one: numbers of transactions are no order of acts."""
    async with sessions() as older, sessions() as holder:
        await older.execute(text("SELECT pg_current_xact_id()"))
        await holder.execute(text("SELECT pg_advisory_xact_lock(1)"))
        object_id = await note(holder, act="approve")
        waiting = asyncio.create_task(older.execute(text("SELECT pg_advisory_xact_lock(1)")))
        await holder.commit()
        await waiting
        await note(older, object_id, act="close")
        await older.commit()
    await number_all(sessions)
    async with sessions() as session:
        part = await service.read(session, Reader(), (), after=Place(0), limit=10)
    assert [change.act for change in part.changes] == ["approve", "close"]


async def test_one_numbers_at_a_time_and_a_crash_loses_nothing(sessions: Sessions) -> None:
    async with sessions() as writer:
        changed = [await note(writer) for _ in range(3)]
        await writer.commit()
    async with sessions() as dying, sessions() as other:
        assert (await service.number(dying)).count == 3
        assert (await service.number(other)).count == 0
        assert await read(sessions, 0) == ([], 0)
        await dying.rollback()
    assert await number_all(sessions) == 3
    seen, end = await read(sessions, 0)
    assert seen == changed
    assert await number_all(sessions) == 0
    assert await read(sessions, end) == ([], end)


async def test_what_is_numbered_never_changes(sessions: Sessions) -> None:
    async with sessions() as writer:
        await note(writer)
        await writer.commit()
    await number_all(sessions)
    for statement in ("UPDATE change SET act = 'x'", "DELETE FROM change", "TRUNCATE change"):
        async with sessions() as session:
            with pytest.raises(IntegrityError, match="append-only"):
                await session.execute(text(statement))
    assert len((await read(sessions, 0))[0]) == 1


async def test_a_reading_looks_through_a_limited_part_of_the_feed(sessions: Sessions) -> None:
    """However rare what is asked for is: an empty part says where to go on."""
    rare = new_id()
    async with sessions() as session, session.begin():
        await session.execute(
            text(
                "INSERT INTO change (position, id, kind, act, object_id, at, circle, party_ids)"
                " SELECT number, gen_random_uuid(), 'listing', 'edit', gen_random_uuid(), :at,"
                " 'parties', '{}'"
                " FROM generate_series(1, :hidden) AS number"
            ),
            {"at": datetime.now(UTC), "hidden": service.WINDOW},
        )
        await note(session, rare)
    await number_all(sessions)
    async with sessions() as session:
        empty = await service.read(session, Reader(), (), after=Place(0), limit=10)
        part = await service.read(session, Reader(), (), after=Place(empty.end), limit=10)
    assert (list(empty.changes), empty.more) == ([], True)
    assert ([UUID(change.object_id) for change in part.changes], part.more) == ([rare], False)


async def test_a_change_must_say_who_may_learn_of_it(session: AsyncSession) -> None:
    with pytest.raises(TypeError, match=r"listing\.edit"):
        audit.record(session, SYSTEM, "listing.edit", "listing", new_id())
    audit.record(session, SYSTEM, "bid.accept", "auction", new_id())
    audit.record(session, SYSTEM, "achievement.import", "achievement_import", new_id())
    await session.flush()
    noted = await session.execute(text("SELECT count(*) FROM noted_change"))
    assert noted.scalar_one() == 0
