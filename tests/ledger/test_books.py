"""What the database itself refuses, and postings that happen once."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import SYSTEM
from app.kit.db import Sessions
from app.ledger import postings
from app.ledger.repository import Pocket
from app.ledger.states import AccountKind
from tests.ledger.books import NOW, books, held, open_bank, party

BANK = Pocket(AccountKind.BANK)
UNMATCHED = Pocket(AccountKind.UNMATCHED)
CHARGES = Pocket(AccountKind.CHARGES)


async def test_an_entry_moves_money_once(session: AsyncSession) -> None:
    for _ in range(3):
        await postings.transfer(session, SYSTEM, "test.move:1", 500, BANK, UNMATCHED, NOW)
    found = await books(session)
    assert found.sums == {"bank": -500, "unmatched": 500}
    assert found.wrong == []


async def test_an_unbalanced_entry_is_refused_by_the_program(session: AsyncSession) -> None:
    with pytest.raises(ValueError, match="not balanced"):
        await postings.post(session, SYSTEM, "test.move:1", {BANK: -5, UNMATCHED: 4}, NOW)
    assert (await books(session)).sums == {}


@pytest.mark.parametrize(
    ("amounts", "told"),
    [([-5, 4], "a sum of -1 fen"), ([], "0 lines"), ([7], "1 lines with a sum of 7")],
)
async def test_an_unbalanced_entry_cannot_be_committed(
    sessions: Sessions, amounts: list[int], told: str
) -> None:
    async def write() -> None:
        async with sessions() as session, session.begin():
            await session.execute(
                text(
                    "INSERT INTO ledger_account (id, kind) VALUES (uuidv7(), 'bank'),"
                    " (uuidv7(), 'unmatched')"
                )
            )
            await session.execute(
                text(
                    "INSERT INTO ledger_entry (id, key, act, at, note)"
                    " VALUES (uuidv7(), 'test:1', 'test', now(), '')"
                )
            )
            for kind, fen in zip(("bank", "unmatched"), amounts, strict=False):
                await session.execute(
                    text(
                        "INSERT INTO ledger_line (entry_id, account_id, amount_fen)"
                        " SELECT e.id, a.id, :fen FROM ledger_entry e, ledger_account a"
                        " WHERE a.kind = :kind"
                    ),
                    {"fen": fen, "kind": kind},
                )

    with pytest.raises(IntegrityError, match=told):
        await write()
    async with sessions() as session:
        assert (await books(session)).sums == {}


async def test_a_line_cannot_join_an_entry_later(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        await postings.transfer(session, SYSTEM, "test.move:1", 500, BANK, UNMATCHED, NOW)
    async with sessions() as session, session.begin():
        await postings.transfer(session, SYSTEM, "test.move:2", 1, BANK, CHARGES, NOW)
    async with sessions() as session:
        with pytest.raises(DBAPIError, match="takes no more lines"):
            await session.execute(
                text(
                    "INSERT INTO ledger_line (entry_id, account_id, amount_fen) SELECT e.id, a.id,"
                    " 1 FROM ledger_entry e, ledger_account a WHERE e.key = 'test.move:1'"
                    " AND a.kind = 'charges'"
                )
            )


async def test_an_account_that_may_not_go_negative_does_not(session: AsyncSession) -> None:
    with pytest.raises(IntegrityError, match="ck_ledger_account_balance"):
        await postings.transfer(session, SYSTEM, "test.move:1", 1, UNMATCHED, BANK, NOW)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET note = 'x'",
        "DELETE FROM ledger_line",
        "UPDATE ledger_line SET amount_fen = amount_fen + 1",
        "TRUNCATE ledger_line",
        "UPDATE ledger_account SET balance_fen = balance_fen + 1",
        "DELETE FROM ledger_account",
        "UPDATE deposit SET amount_fen = 1",
        "UPDATE bank_line SET amount_fen = 1",
        "DELETE FROM bank_line",
        "DELETE FROM deposit",
    ],
)
async def test_what_is_written_stays(session: AsyncSession, statement: str) -> None:
    await open_bank(session)
    await held(session, await party(session))
    with pytest.raises(DBAPIError, match=r"append-only|a balance follows from the lines"):
        await session.execute(text(statement))


async def test_an_account_opens_empty(session: AsyncSession) -> None:
    with pytest.raises(IntegrityError, match="opens with a balance of 0"):
        await session.execute(
            text(
                "INSERT INTO ledger_account (id, kind, purpose_id, balance_fen)"
                " VALUES (uuidv7(), 'price', :purpose, 5)"
            ),
            {"purpose": uuid4()},
        )
