"""What is counted is in step with the register, whatever happens to a registration and when."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock
from app.kit.calendar import end_of_day, local_day
from app.kit.db import Sessions
from app.registrations import service as registrations
from app.statistics import repository, service
from app.statistics.rules import Sums, span_of
from app.statistics.states import DIMENSIONS, PeriodKind
from tests.statistics.lines import Line, add
from tests.statistics.registers import change, fall, registered

FOREVER = date(2000, 1, 1), date(2100, 12, 31)


async def cells(session: AsyncSession, dimension: str = "total") -> dict[str, Sums]:
    found = await repository.live(session, [dimension], *FOREVER)
    return found[dimension]


async def lines(session: AsyncSession) -> list[Any]:
    query = "SELECT revision, sign, total_fen FROM statistics_entry ORDER BY revision, sign DESC"
    return [tuple(row) for row in (await session.execute(text(query))).all()]


async def compacted(session: AsyncSession) -> None:
    now = await clock.now(session)
    while pending := await repository.oldest_pending(session, now, 1):
        await service.compact(session, pending[0], now)


async def test_what_was_added_is_taken_away_exactly(session: AsyncSession) -> None:
    now = await clock.now(session)
    registration_id = await registered(session, now)
    for _ in range(2):
        await service.recount(session, registration_id)
    assert await lines(session) == [(1, 1, 1000)]
    assert await cells(session) == {"": Sums(1, 1000, 900)}
    assert list(await cells(session, "seller_kind")) == ["research_institute"]
    assert list(await cells(session, "seller_region")) == ["330000"]
    assert list(await cells(session, "ip_type")) == ["patent"]
    assert list(await cells(session, "flow")) == ["330000-310000"]
    await compacted(session)
    assert await cells(session) == {"": Sums(1, 1000, 900)}

    await change(session, registration_id, total_fen=700, technical_fen=650)
    session.expire_all()
    for _ in range(2):
        await service.recount(session, registration_id)
    assert await lines(session) == [(1, 1, 1000), (1, -1, 1000), (2, 1, 700)]
    assert await cells(session) == {"": Sums(1, 700, 650)}

    await fall(session, registration_id, "revoked")
    session.expire_all()
    for _ in range(2):
        await service.recount(session, registration_id)
    assert (await lines(session))[-2:] == [(2, 1, 700), (2, -1, 700)]
    await compacted(session)
    for dimension in DIMENSIONS:
        assert await cells(session, dimension) == {}, dimension

    await change(session, registration_id, state="registered", fell_at=None)
    session.expire_all()
    await service.recount(session, registration_id)
    assert (await lines(session))[-1] == (3, 1, 700)
    assert (await service.verify(session)).agrees


async def test_what_has_no_number_counts_for_nothing(session: AsyncSession) -> None:
    await service.recount(session, uuid4())
    assert await lines(session) == []


async def test_the_journal_and_published_tables_are_append_only(session: AsyncSession) -> None:
    await service.recount(session, await registered(session, await clock.now(session)))
    for statement in (
        "UPDATE statistics_entry SET total_fen = 1",
        "DELETE FROM statistics_entry",
        "UPDATE statistics_published SET key = 'x'",
        "DELETE FROM statistics_published",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            async with session.begin_nested():
                await session.execute(text(statement))


async def test_verify_finds_what_differs_and_rebuild_mends_it(session: AsyncSession) -> None:
    now = await clock.now(session)
    ids = [await registered(session, now) for _ in range(3)]
    for registration_id in ids:
        await service.recount(session, registration_id)
    await compacted(session)
    assert await service.verify(session) == service.Check(3, [], [])
    await session.execute(
        text("UPDATE statistics_cell SET contracts = 9 WHERE dimension = 'technical_field'")
    )
    await change(session, ids[1], total_fen=5000)
    session.expire_all()
    found = await service.verify(session)
    month = now.astimezone().date().replace(day=1)
    assert [(cell[1], cell[2]) for cell in found.cells] == [("technical_field", "agriculture")]
    assert abs(found.cells[0][0] - month) < timedelta(days=32)
    assert list(found.registrations) == [ids[1]]
    rebuilt, again = await service.rebuild(session)
    assert (rebuilt, again) == (len(DIMENSIONS), 1)
    deferred = await session.execute(
        text("SELECT args FROM procrastinate_jobs WHERE task_name = 'statistics.recount'")
    )
    assert deferred.scalars().all() == [{"registration_id": str(ids[1])}]
    await service.recount(session, ids[1])
    assert (await service.verify(session)).agrees


async def test_counts_at_the_same_time_count_once(sessions: Sessions) -> None:
    """Eight workers count the same registration while it changes, and others are compacted."""
    async with sessions() as session, session.begin():
        now = await clock.now(session)
        ids = [await registered(session, now) for _ in range(4)]

    async def count(registration_id: Any) -> None:
        async with sessions() as session, session.begin():
            await service.recount(session, registration_id)
        async with sessions() as session, session.begin():
            await service.compact(session, registration_id, now)

    async def revise(registration_id: Any) -> None:
        async with sessions() as session, session.begin():
            await change(session, registration_id, total_fen=3000)
        await count(registration_id)

    await asyncio.gather(*(count(one) for one in ids * 2), *(revise(one) for one in ids))
    async with sessions() as session, session.begin():
        assert await cells(session) == {"": Sums(4, 12_000, 3_600)}
        assert (await service.verify(session)).agrees
        await compacted(session)
        assert (await service.verify(session)).agrees


async def test_a_published_month_stays_and_its_correction_is_in_the_open_one(
    session: AsyncSession,
) -> None:
    now = await clock.now(session)
    today = span_of(PeriodKind.MONTH, local_day(now))
    earlier = span_of(PeriodKind.MONTH, today.first - timedelta(days=40))
    await add(session, Line(count=6, day=earlier.first))
    registration_id = await registered(session, end_of_day(earlier.first))
    contribution = service.contribution(await registrations.facts(session, registration_id))
    line = contribution | {"revision": 1, "sign": 1, "booked_month": earlier.first}
    await repository.add_lines(session, [line])
    closing = earlier.closes_at
    assert await repository.due_period(session, closing - timedelta(seconds=1), 1) == []
    for step in ("close", "publish"):
        [due] = await repository.due_period(session, closing, 1)
        await service.close_or_publish(session, due, closing)
        assert len(await repository.published_spans(session)) == (step == "publish")
    before = await repository.published(session, ["total"], *FOREVER)
    assert [cell[3] for cell in before if cell[0] == earlier] == [Sums(7, 2000, 1800)]

    await fall(session, registration_id, "cancelled")
    session.expire_all()
    await service.recount(session, registration_id)
    booked = await session.execute(
        text("SELECT booked_month, registered_on FROM statistics_entry WHERE sign = -1")
    )
    [(month, registered_on)] = booked.all()
    assert month > earlier.first
    assert registered_on == earlier.first + timedelta(days=1)
    assert await repository.published(session, ["total"], *FOREVER) == before
    assert (await cells(session))[""] == Sums(6, 1000, 900)  # the register as it stands
