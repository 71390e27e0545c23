"""Sets up money in custody, and reads the books."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import SYSTEM, Actor
from app.ledger import imports, matching, messages, service
from app.ledger.facts import DepositFacts
from app.ledger.messages import BankEntry
from app.ledger.schemas import NewSettlementAccount
from tests.market import credit_code

OURS = "110060149013000123456"
THEIRS = "6222020200112233445"
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
TERM = timedelta(hours=24)
DEPOSIT_FEN = 20_000_000


def person(*roles: str) -> Actor:
    """Somebody of no organisation with these roles."""
    return Actor(uuid4(), None, None, roles=frozenset(roles))


ADMINISTRATOR = person("platform_admin")


async def open_bank(session: AsyncSession) -> None:
    """Name the platform's account."""
    account = NewSettlementAccount(number=OURS, name="示例交易所", bank_name="示例银行")
    await service.choose_settlement_account(session, ADMINISTRATOR, account)


async def party(session: AsyncSession, name: str = "") -> UUID:
    """An active enterprise."""
    row = await session.execute(
        text(
            "INSERT INTO organisation (id, kind, name, credit_code, region_code, state)"
            " VALUES (uuidv7(), 'enterprise', :name, :code, '110108', 'active') RETURNING id"
        ),
        {"name": name or f"企业 {uuid4().hex[:6]}", "code": credit_code()},
    )
    found: UUID = row.scalar_one()
    return found


async def expected(
    session: AsyncSession, payer_id: UUID, amount_fen: int = DEPOSIT_FEN
) -> DepositFacts:
    """A deposit that is expected, for a purpose of its own; its job has no handler."""
    return await service.expect_deposit(
        session,
        purpose_kind="test",
        purpose_id=uuid4(),
        payer_id=payer_id,
        amount_fen=amount_fen,
    )


def entry(**change: Any) -> BankEntry:
    """A payment of the whole deposit; without a name it is from anybody."""
    fields: dict[str, Any] = {
        "bank_ref": uuid4().hex,
        "credit": True,
        "amount": Decimal(DEPOSIT_FEN) / 100,
        "currency": "CNY",
        "booked_on": NOW.date(),
        "booked_at": NOW,
        "returned": False,
        "party_name": None,
        "party_account": THEIRS,
        "party_bank": None,
        "end_to_end_id": None,
        "remittance": "",
    }
    return BankEntry(**fields | change)


def statement(*entries: BankEntry, account: str = OURS) -> bytes:
    """A statement as a bank sends it."""
    return messages.write_statement(account, uuid4().hex, NOW, entries)


async def report(session: AsyncSession, *entries: BankEntry) -> None:
    """The bank tells of these payments, and they are matched."""
    await imports.import_statement(session, SYSTEM, statement(*entries), "test")
    for line_id in await matching.due(session, NOW, 1000):
        await matching.match(session, line_id, NOW)


async def pay(session: AsyncSession, deposit: DepositFacts, amount_fen: int | None = None) -> None:
    """The payer pays, the whole deposit unless said otherwise."""
    fen = deposit.amount_fen if amount_fen is None else amount_fen
    await report(session, entry(amount=Decimal(fen) / 100, remittance=deposit.reference))


async def held(session: AsyncSession, payer_id: UUID) -> DepositFacts:
    """A deposit that was paid by bank and is in custody."""
    deposit = await expected(session, payer_id)
    await pay(session, deposit)
    await service.hold(session, SYSTEM, deposit.purpose_id, NOW)
    return deposit


async def owed(session: AsyncSession, payer_id: UUID) -> UUID:
    """A refund that is due."""
    deposit = await held(session, payer_id)
    await release(session, deposit)
    row = await session.execute(
        text("SELECT id FROM refund WHERE party_id = :party ORDER BY id DESC LIMIT 1"),
        {"party": payer_id},
    )
    found: UUID = row.scalar_one()
    return found


async def release(session: AsyncSession, deposit: DepositFacts) -> None:
    """Owe a deposit back."""
    await service.release(
        session, SYSTEM, deposit.purpose_id, reason="test", due_at=NOW + TERM, now=NOW
    )


@dataclass(frozen=True)
class Books:
    """The sums of accounts by kind, and what is wrong with the books."""

    sums: dict[str, int]
    wrong: list[Any]

    def __getitem__(self, kind: str) -> int:
        return self.sums.get(kind, 0)


async def books(session: AsyncSession) -> Books:
    """Read the books; `wrong` lists balances that are not their lines' sum, entries that are not
    balanced, and accounts below zero that may not be."""
    sums = await session.execute(
        text("SELECT kind, sum(balance_fen)::bigint FROM ledger_account GROUP BY kind")
    )
    wrong = await session.execute(
        text(
            "SELECT 'balance', a.id FROM ledger_account a WHERE a.balance_fen <> (SELECT"
            " coalesce(sum(l.amount_fen), 0) FROM ledger_line l WHERE l.account_id = a.id)"
            " UNION ALL SELECT 'entry', entry_id FROM ledger_line GROUP BY entry_id"
            " HAVING sum(amount_fen) <> 0"
            " UNION ALL SELECT 'negative', id FROM ledger_account WHERE balance_fen < 0 AND kind"
            " NOT IN ('bank','clearing','unexplained','receivable','charges','broker_charge')"
        )
    )
    return Books({row[0]: row[1] for row in sums}, [tuple(row) for row in wrong])
