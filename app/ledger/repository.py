"""SQL of the ledger module."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, case, exists, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.kit.ids import new_id
from app.ledger.models import (
    Account,
    BankLine,
    BankStatement,
    Deposit,
    Entry,
    EntryLine,
    PaymentBatch,
    Refund,
    RefundAccount,
    SettlementAccount,
)
from app.ledger.states import AccountKind, LineState, RefundState

AnyRow: TypeAlias = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Pocket:
    """Which account: what the money is, whose, and for what."""

    kind: AccountKind
    owner_id: UUID | None = None
    purpose_id: UUID | None = None


async def open_accounts(session: AsyncSession, pockets: Iterable[Pocket]) -> dict[Pocket, UUID]:
    """The ids of these accounts, which are opened if they do not exist."""
    wanted = list(pockets)
    found = await _account_ids(session, wanted)
    missing = [pocket for pocket in wanted if pocket not in found]
    if missing:
        rows = [
            {
                "id": new_id(),
                "kind": pocket.kind.value,
                "owner_id": pocket.owner_id,
                "purpose_id": pocket.purpose_id,
            }
            for pocket in missing
        ]
        await session.execute(insert(Account).values(rows).on_conflict_do_nothing())
        found |= await _account_ids(session, missing)
    return found


async def _account_ids(session: AsyncSession, pockets: Sequence[Pocket]) -> dict[Pocket, UUID]:
    query = select(Account.kind, Account.owner_id, Account.purpose_id, Account.id).where(
        or_(*(_is(pocket) for pocket in pockets))
    )
    return {
        Pocket(AccountKind(row.kind), row.owner_id, row.purpose_id): row.id
        for row in await session.execute(query)
    }


def _is(pocket: Pocket) -> ColumnElement[bool]:
    return (
        (Account.kind == pocket.kind.value)
        & Account.owner_id.is_not_distinct_from(pocket.owner_id)
        & Account.purpose_id.is_not_distinct_from(pocket.purpose_id)
    )


async def balance(session: AsyncSession, pocket: Pocket) -> int:
    """The balance of an account in fen; 0 if it was never opened."""
    query = select(Account.balance_fen).where(_is(pocket))
    return (await session.execute(query)).scalar_one_or_none() or 0


async def write_entry(session: AsyncSession, entry: Mapping[str, Any]) -> UUID | None:
    """Write the head of a posting; None when its key is posted already.

    Waits for a transaction that is posting the same key.
    """
    query = (
        insert(Entry)
        .values(id=new_id(), **entry)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(Entry.id)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def write_lines(session: AsyncSession, entry_id: UUID, amounts: Mapping[UUID, int]) -> None:
    """Write a posting's lines in the order of accounts, so that no two wait for each other."""
    rows = [
        {"entry_id": entry_id, "account_id": account_id, "amount_fen": amounts[account_id]}
        for account_id in sorted(amounts)
    ]
    await session.execute(insert(EntryLine).values(rows))


async def accounts(
    session: AsyncSession, owner_id: UUID, after: UUID | None, limit: int
) -> Sequence[Account]:
    """A page of a party's accounts, the oldest first."""
    query = select(Account).where(Account.owner_id == owner_id)
    if after is not None:
        query = query.where(Account.id > after)
    return (await session.execute(query.order_by(Account.id).limit(limit))).scalars().all()


async def entries(
    session: AsyncSession,
    owner_id: UUID | None,
    account_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Entry]:
    """A page of postings that touch an owner's accounts, or one account; the newest first."""
    query = select(Entry)
    touched = (
        select(EntryLine.entry_id)
        .join(Account, Account.id == EntryLine.account_id)
        .where(EntryLine.entry_id == Entry.id)
    )
    if owner_id is not None:
        touched = touched.where(Account.owner_id == owner_id)
    if account_id is not None:
        touched = touched.where(Account.id == account_id)
    query = query.where(exists(touched))
    if after is not None:
        query = query.where(Entry.id < after)
    return (await session.execute(query.order_by(Entry.id.desc()).limit(limit))).scalars().all()


async def lines_of(
    session: AsyncSession, entry_ids: Sequence[UUID], owner_id: UUID | None
) -> Sequence[AnyRow]:
    """The lines of postings with their accounts; only an owner's own if one is given."""
    query: Select[*tuple[Any, ...]] = (
        select(EntryLine.entry_id, EntryLine.amount_fen, Account.id, Account.kind, Account.owner_id)
        .join(Account, Account.id == EntryLine.account_id)
        .where(EntryLine.entry_id.in_(entry_ids))
        .order_by(EntryLine.entry_id, Account.id)
    )
    if owner_id is not None:
        query = query.where(Account.owner_id == owner_id)
    return (await session.execute(query)).all()


async def totals(session: AsyncSession) -> Sequence[AnyRow]:
    """For every kind: how many accounts, the sum of their balances, and that of their lines."""
    lines = (
        select(EntryLine.account_id, func.sum(EntryLine.amount_fen).label("fen"))
        .group_by(EntryLine.account_id)
        .subquery()
    )
    query = (
        select(
            Account.kind,
            func.count().label("accounts"),
            func.sum(Account.balance_fen).label("balance_fen"),
            func.coalesce(func.sum(lines.c.fen), 0).label("lines_fen"),
        )
        .outerjoin(lines, lines.c.account_id == Account.id)
        .group_by(Account.kind)
        .order_by(Account.kind)
    )
    return (await session.execute(query)).all()


async def settlement_account(session: AsyncSession) -> SettlementAccount | None:
    """The account that deposits are paid to and refunds from, if one is set up."""
    query = select(SettlementAccount).where(SettlementAccount.active)
    return (await session.execute(query)).scalar_one_or_none()


async def settlement_numbers(session: AsyncSession) -> Sequence[str]:
    """The numbers of all settlement accounts, earlier ones too."""
    query = select(SettlementAccount.number).order_by(SettlementAccount.number)
    return (await session.execute(query)).scalars().all()


async def activate(session: AsyncSession, chosen: Mapping[str, Any]) -> SettlementAccount:
    """Make this the active settlement account."""
    await session.execute(update(SettlementAccount).values(active=False))
    query = insert(SettlementAccount).values(id=new_id(), active=True, **chosen)
    query = query.on_conflict_do_update(index_elements=["number"], set_={**chosen, "active": True})
    made = query.returning(SettlementAccount).execution_options(populate_existing=True)
    return (await session.execute(made)).scalar_one()


async def refund_account(session: AsyncSession, party_id: UUID) -> RefundAccount | None:
    """Where a party wants refunds to go, if it said so; locked."""
    query = select(RefundAccount).where(RefundAccount.party_id == party_id).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def insert_deposit(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Write a deposit; False when its reference is taken, or its purpose has an open one."""
    query = insert(Deposit).values(id=new_id(), **values).on_conflict_do_nothing()
    return (await session.execute(query.returning(Deposit.id))).scalar_one_or_none() is not None


async def deposit_for(
    session: AsyncSession, purpose_id: UUID, *, lock: bool = False
) -> Deposit | None:
    """The latest deposit of a purpose; a locked one is read as it is once the lock is held."""
    query = select(Deposit).where(Deposit.purpose_id == purpose_id)
    query = query.order_by(Deposit.round.desc()).limit(1)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def deposit(session: AsyncSession, deposit_id: UUID) -> Deposit:
    """One deposit, locked."""
    query = select(Deposit).where(Deposit.id == deposit_id).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


async def deposits_by_reference(
    session: AsyncSession, references: Sequence[str]
) -> Sequence[Deposit]:
    """Deposits with these payment references."""
    query = select(Deposit).where(Deposit.reference.in_(references))
    return (await session.execute(query)).scalars().all()


async def deposits_for(session: AsyncSession, purpose_ids: Sequence[UUID]) -> Sequence[AnyRow]:
    """The latest deposit of each purpose, with what is received and what is held of it."""
    purse_id = case((Deposit.round == 1, Deposit.purpose_id), else_=Deposit.id)
    later = aliased(Deposit)
    sums = {
        kind: func.coalesce(
            select(Account.balance_fen)
            .where(
                Account.kind == kind.value,
                Account.owner_id == Deposit.payer_id,
                Account.purpose_id == purse_id,
            )
            .scalar_subquery(),
            0,
        )
        for kind in (AccountKind.RECEIVED, AccountKind.HELD)
    }
    query: Select[*tuple[Any, ...]] = select(
        Deposit,
        sums[AccountKind.RECEIVED].label("received_fen"),
        sums[AccountKind.HELD].label("held_fen"),
    ).where(
        Deposit.purpose_id.in_(purpose_ids),
        ~exists().where(later.purpose_id == Deposit.purpose_id, later.round > Deposit.round),
    )
    return (await session.execute(query)).all()


async def vouched_fen(session: AsyncSession, purpose_ids: Collection[UUID]) -> int:
    """How much of the deposits of these purposes rests on an operator's word alone."""
    purse_id = case((Deposit.round == 1, Deposit.purpose_id), else_=Deposit.id)
    query = (
        select(func.coalesce(-func.sum(Account.balance_fen), 0))
        .join(Deposit, purse_id == Account.purpose_id)
        .where(Account.kind == AccountKind.CLEARING.value, Deposit.purpose_id.in_(purpose_ids))
    )
    return int((await session.execute(query)).scalar_one())


async def known_statement(session: AsyncSession, sha256: str) -> BankStatement | None:
    """The statement with these bytes, if it was taken in."""
    query = select(BankStatement).where(BankStatement.sha256 == sha256)
    return (await session.execute(query)).scalar_one_or_none()


async def insert_statement(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Write a statement; False when its bytes are known. Waits for one who is writing the same."""
    query = insert(BankStatement).values(**values).on_conflict_do_nothing()
    made = await session.execute(query.returning(BankStatement.id))
    return made.scalar_one_or_none() is not None


async def unknown_lines(
    session: AsyncSession, keys: Sequence[tuple[Any, ...]]
) -> set[tuple[Any, ...]]:
    """Those of these payments that no statement told of before."""
    key = (
        BankLine.account,
        BankLine.bank_ref,
        BankLine.direction,
        BankLine.amount_fen,
        BankLine.booked_on,
    )
    query = select(*key).where(tuple_(*key).in_(keys))
    return set(keys) - {tuple(row) for row in await session.execute(query)}


async def insert_lines(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write payments of a statement; those that another statement brings just now are left out."""
    if rows:
        values = [{"id": new_id(), **row} for row in rows]
        await session.execute(insert(BankLine).values(values).on_conflict_do_nothing())


async def lock_statements(session: AsyncSession) -> None:
    """Statements are taken in one after the other, so that each payment is counted once."""
    await session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended("ledger-statements", 0)))
    )


async def new_lines(session: AsyncSession, _: datetime, limit: int) -> Sequence[UUID]:
    """Payments that nobody looked at yet, the oldest first."""
    query = (
        select(BankLine.id)
        .where(BankLine.state == LineState.NEW.value)
        .order_by(BankLine.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def line(
    session: AsyncSession, line_id: UUID, *, skip_locked: bool = False
) -> BankLine | None:
    """One payment of a statement, locked."""
    query = select(BankLine).where(BankLine.id == line_id)
    query = query.with_for_update(skip_locked=skip_locked)
    found = await session.execute(query.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


async def lines(
    session: AsyncSession, state: str | None, after: UUID | None, limit: int
) -> Sequence[BankLine]:
    """A page of payments on statements, the oldest first."""
    query = select(BankLine)
    if state is not None:
        query = query.where(BankLine.state == state)
    if after is not None:
        query = query.where(BankLine.id > after)
    return (await session.execute(query.order_by(BankLine.id).limit(limit))).scalars().all()


_ORDERABLE = (
    Refund.state == RefundState.DUE.value,
    Refund.account_number.is_not(None),
    exists(select(SettlementAccount.id).where(SettlementAccount.active)),
    ~exists(
        select(Account.id).where(
            Account.kind == AccountKind.CLEARING.value,
            Account.owner_id == Refund.party_id,
            Account.purpose_id == Refund.purpose_id,
            Account.balance_fen < 0,
        )
    ),
)
"""Due, with an account to go to and one to be paid from, and of money that the bank has shown:
what an operator only vouched for is never paid out."""


async def refunds_to_order(session: AsyncSession, _: datetime, limit: int) -> Sequence[UUID]:
    """Refunds that can be ordered, the most urgent first."""
    query = select(Refund.id).where(*_ORDERABLE).order_by(Refund.due_at, Refund.id)
    return (await session.execute(query.limit(limit))).scalars().all()


async def lock_refunds_to_order(session: AsyncSession, limit: int) -> Sequence[Refund]:
    """The same, locked, without those that another process is ordering."""
    query = (
        select(Refund)
        .where(*_ORDERABLE)
        .order_by(Refund.due_at, Refund.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalars().all()


async def refund(session: AsyncSession, refund_id: UUID) -> Refund | None:
    """One refund, locked."""
    query = select(Refund).where(Refund.id == refund_id).with_for_update()
    found = await session.execute(query.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


async def refunds_of_batch(session: AsyncSession, batch_id: UUID) -> Sequence[Refund]:
    """The refunds that a payment file orders, locked, by id."""
    query = select(Refund).where(Refund.batch_id == batch_id).order_by(Refund.id).with_for_update()
    found = await session.execute(query.execution_options(populate_existing=True))
    return found.scalars().all()


async def insert_refund(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Write a refund; False when its key, or the one it replaces, has one."""
    query = insert(Refund).values(**values).on_conflict_do_nothing().returning(Refund.id)
    return (await session.execute(query)).scalar_one_or_none() is not None


async def refunds(
    session: AsyncSession,
    party_id: UUID | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Refund]:
    """A page of refunds, the newest first."""
    query = select(Refund)
    if party_id is not None:
        query = query.where(Refund.party_id == party_id)
    if state is not None:
        query = query.where(Refund.state == state)
    if after is not None:
        query = query.where(Refund.id < after)
    return (await session.execute(query.order_by(Refund.id.desc()).limit(limit))).scalars().all()


async def refunds_without_account(
    session: AsyncSession, party_id: UUID, purpose_id: UUID | None = None
) -> Sequence[Refund]:
    """A party's due refunds that do not know where to go, of one purpose or all; locked."""
    query = (
        select(Refund)
        .where(
            Refund.party_id == party_id,
            Refund.state == RefundState.DUE.value,
            Refund.account_number.is_(None),
        )
        .order_by(Refund.id)
        .with_for_update()
    )
    if purpose_id is not None:
        query = query.where(Refund.purpose_id == purpose_id)
    return (await session.execute(query)).scalars().all()


async def waiting_batches(session: AsyncSession) -> Sequence[PaymentBatch]:
    """Payment files that the bank has not been handed yet, the oldest first."""
    query = select(PaymentBatch).where(PaymentBatch.submitted_at.is_(None))
    return (await session.execute(query.order_by(PaymentBatch.id))).scalars().all()


async def batches(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[PaymentBatch]:
    """A page of payment files, the newest first."""
    query = select(PaymentBatch)
    if after is not None:
        query = query.where(PaymentBatch.id < after)
    query = query.order_by(PaymentBatch.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def batch(session: AsyncSession, batch_id: UUID) -> PaymentBatch | None:
    """One payment file, locked."""
    query = select(PaymentBatch).where(PaymentBatch.id == batch_id).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()
