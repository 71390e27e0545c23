"""kill -9 of workers and of PostgreSQL while refunds are ordered, sent, reported and matched."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import tuple_row

from app.kit import migrate
from app.kit.db import make_engine, make_sessions
from app.kit.embedded import EmbeddedPostgres
from app.ledger import messages
from tests.cluster import Process
from tests.ledger.books import DEPOSIT_FEN, books, held, open_bank, party, release
from tests.server import kill_postgres, wait_until

REFUNDS = 120
KILLS = 4
WORK_LEFT = """
SELECT sum(CASE state WHEN 'due' THEN 2 WHEN 'ordered' THEN 1 ELSE 0 END) FROM refund
"""


@pytest.fixture
def postgres_of_its_own(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    server.start()
    yield server
    server.stop()


async def owe_refunds(url: str) -> None:
    """Deposits that were paid, held and released, each of a party of its own."""
    engine = make_engine(url, pool_size=1)
    async with make_sessions(engine)() as session, session.begin():
        await open_bank(session)
        for _ in range(REFUNDS):
            await release(session, await held(session, await party(session)))
    await engine.dispose()


def count(url: str, query: str) -> int:
    with psycopg.connect(url, row_factory=tuple_row) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def await_work(url: str, left: int) -> None:
    """Wait until no more than this is left to do."""
    wait_until(lambda: count(url, WORK_LEFT) <= left, f"work down to {left}", 120)


async def sums(url: str) -> tuple[dict[str, int], list[object]]:
    engine = make_engine(url, pool_size=1)
    async with make_sessions(engine)() as session:
        found = await books(session)
    await engine.dispose()
    return found.sums, found.wrong


def test_kill_9_during_refunds_loses_and_doubles_nothing(
    postgres_of_its_own: EmbeddedPostgres, tmp_path: Path
) -> None:
    postgres = postgres_of_its_own
    url = postgres.url()
    migrate.upgrade(url)
    asyncio.run(owe_refunds(url))
    simulated = {"TECHMARKET_BANK": "simulated", "TECHMARKET_BANK_POLL_SECONDS": "0.05"}
    workers = [
        Process("worker", url, tmp_path, settings=simulated),
        Process("worker", url, tmp_path, settings=simulated),
    ]
    dice = random.Random(9)
    try:
        for worker in workers:
            worker.start()
        left, seen = count(url, WORK_LEFT), set()
        for kill in range(KILLS):
            # The next victim dies somewhere within the next tenth of the work.
            await_work(url, max(left - dice.randrange(1, REFUNDS // 5), 0))
            if kill == KILLS // 2:
                kill_postgres(postgres)
                postgres.start()
            else:
                workers[kill % 2].kill()
                workers[kill % 2].start()
            left = count(url, WORK_LEFT)
            seen.add(left)
        await_work(url, 0)
    finally:
        for worker in workers:
            worker.stop()
    found, wrong = asyncio.run(sums(url))
    assert wrong == []
    assert {kind: fen for kind, fen in found.items() if fen} == {}
    assert len(seen) > 2, "kills at several points of the work"
    assert count(url, "SELECT count(*) FROM refund") == REFUNDS
    assert count(url, "SELECT sum(amount_fen) FROM bank_line WHERE direction = 'debit'") == (
        REFUNDS * DEPOSIT_FEN
    )
    ordered = Counter(
        payment.end_to_end_id
        for path in (tmp_path / "bank" / "out").glob("*.xml")
        for payment in messages.read_order(path.read_bytes()).payments
    )
    assert (len(ordered), max(ordered.values())) == (REFUNDS, 1)
    assert count(url, "SELECT count(*) FROM bank_line WHERE state <> 'matched'") == 0
