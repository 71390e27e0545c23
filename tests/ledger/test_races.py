"""Real sessions that do the same at the same time: money moves once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import SYSTEM
from app.kit.db import Sessions
from app.kit.errors import Problem
from app.ledger import imports, matching, messages, postings, refunds, service
from app.ledger.repository import Pocket
from app.ledger.states import AccountKind
from tests.ledger.books import (
    DEPOSIT_FEN,
    NOW,
    books,
    entry,
    expected,
    held,
    open_bank,
    owed,
    party,
    release,
    statement,
)

RIVALS = 8


async def together(
    sessions: Sessions, act: Callable[[AsyncSession, int], Awaitable[Any]]
) -> list[Any]:
    """The act by as many transactions at once, started when all have their connection."""
    barrier = asyncio.Barrier(RIVALS)

    async def one(number: int) -> Any:
        async with sessions() as session, session.begin():
            await session.connection()
            await barrier.wait()
            return await act(session, number)

    return await asyncio.gather(*(one(number) for number in range(RIVALS)), return_exceptions=True)


async def test_refund_once(sessions: Sessions) -> None:
    """Everyone orders the same due refunds: each is in one payment file, once."""
    async with sessions() as session, session.begin():
        await open_bank(session)
        due = [await owed(session, await party(session)) for _ in range(20)]

    def order(session: AsyncSession, number: int) -> Awaitable[None]:
        return refunds.order(session, due[number], NOW)

    assert await together(sessions, order) == [None] * RIVALS
    async with sessions() as session:
        rows = await session.execute(text("SELECT document FROM payment_batch"))
        paid = [
            payment.end_to_end_id
            for document in rows.scalars()
            for payment in messages.read_order(document).payments
        ]
        assert sorted(paid) == sorted(refund_id.hex for refund_id in due)
        found = await books(session)
    assert (found["refund_due"], found["refund_ordered"]) == (0, 20 * DEPOSIT_FEN)
    assert found.wrong == []


async def test_a_deposit_is_released_once(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        await open_bank(session)
        deposit = await held(session, await party(session))
    assert await together(sessions, lambda session, _: release(session, deposit)) == [None] * RIVALS
    async with sessions() as session:
        count = await session.execute(text("SELECT count(*) FROM refund"))
        assert count.scalar_one() == 1
        assert (await books(session))["refund_due"] == DEPOSIT_FEN


async def test_released_or_forfeited_but_not_both(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        await open_bank(session)
        deposit = await held(session, await party(session))

    async def act(session: AsyncSession, number: int) -> None:
        if number % 2:
            await release(session, deposit)
        else:
            await service.forfeit(session, SYSTEM, deposit.purpose_id, reason="x", now=NOW)

    told = await together(sessions, act)
    assert all(one is None or isinstance(one, Problem) for one in told)
    async with sessions() as session:
        found = await books(session)
    assert sorted([found["refund_due"], found["forfeited"]]) == [0, DEPOSIT_FEN]
    assert found.wrong == []


async def test_one_statement_is_taken_and_matched_once(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        await open_bank(session)
        deposit = await expected(session, await party(session))
    same = entry(remittance=deposit.reference)

    async def take(session: AsyncSession, number: int) -> Any:
        document = statement(same) if number % 2 else first
        await imports.import_statement(session, SYSTEM, document, "test")

    first = statement(same)
    assert await together(sessions, take) == [None] * RIVALS
    async with sessions() as session:
        [line_id] = await matching.due(session, NOW, 10)
    await together(sessions, lambda session, _: matching.match(session, line_id, NOW))
    async with sessions() as session:
        assert (await books(session)).sums == {"bank": -DEPOSIT_FEN, "received": DEPOSIT_FEN}


async def test_one_key_is_posted_once(sessions: Sessions) -> None:
    bank, unmatched = Pocket(AccountKind.BANK), Pocket(AccountKind.UNMATCHED)

    def post(session: AsyncSession, _: int) -> Awaitable[bool]:
        return postings.transfer(session, SYSTEM, "test.move:1", 7, bank, unmatched, NOW)

    told = await together(sessions, post)
    assert sorted(told) == [False] * (RIVALS - 1) + [True]
    async with sessions() as session:
        assert (await books(session)).sums == {"bank": -7, "unmatched": 7}


async def test_an_account_is_not_overdrawn_by_many_at_once(sessions: Sessions) -> None:
    bank, unmatched = Pocket(AccountKind.BANK), Pocket(AccountKind.UNMATCHED)
    async with sessions() as session, session.begin():
        await postings.transfer(session, SYSTEM, "test.in", 5, bank, unmatched, NOW)

    def take(session: AsyncSession, number: int) -> Awaitable[bool]:
        return postings.transfer(session, SYSTEM, f"test.out:{number}", 2, unmatched, bank, NOW)

    told = await together(sessions, take)
    refused = [one for one in told if isinstance(one, IntegrityError)]
    assert (told.count(True), len(refused)) == (2, RIVALS - 2)
    assert all("ck_ledger_account_balance" in str(one) for one in refused)
    async with sessions() as session:
        assert (await books(session)).sums == {"bank": -1, "unmatched": 1}


async def test_an_account_is_opened_once(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        owner = await party(session)

    async def claim(session: AsyncSession, number: int) -> bool:
        return await service.charge_commission(
            session,
            SYSTEM,
            key=f"deal-{number}",
            party_id=owner,
            purpose_id=owner,
            amount_fen=1,
            now=NOW,
        )

    assert await together(sessions, claim) == [True] * RIVALS
    async with sessions() as session:
        rows = await session.execute(
            text("SELECT kind, count(*), sum(balance_fen) FROM ledger_account GROUP BY kind")
        )
        assert {tuple(row) for row in rows} == {
            ("commission", 1, RIVALS),
            ("receivable", 1, -RIVALS),
        }


async def test_a_connection_that_dies_while_ordering_leaves_nothing(sessions: Sessions) -> None:
    """PostgreSQL ends the session of whoever orders; the next one finds nothing done."""
    async with sessions() as session, session.begin():
        await open_bank(session)
        refund_id = await owed(session, await party(session))

    async def die() -> None:
        async with sessions() as session, session.begin():
            await refunds.order(session, refund_id, NOW)
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(DBAPIError):
        await die()
    for _ in range(2):
        async with sessions() as session, session.begin():
            await refunds.order(session, refund_id, NOW)
    async with sessions() as session:
        count = await session.execute(text("SELECT count(*) FROM payment_batch"))
        assert count.scalar_one() == 1
        found = await books(session)
    assert (found["refund_ordered"], found.wrong) == (DEPOSIT_FEN, [])
