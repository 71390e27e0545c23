"""Reads of the ledger module."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.settings import Settings
from app.ledger import access, bank, repository
from app.ledger.errors import BankNotSimulated
from app.ledger.models import Account, BankLine, PaymentBatch, Refund, SettlementAccount
from app.ledger.schemas import (
    EntryLineView,
    EntryView,
    KindTotal,
    SimulatedPayment,
    TrialBalance,
)
from app.ledger.states import AccountKind, LineState, RefundState

waiting = repository.waiting_batches


async def settlement_account(session: AsyncSession) -> SettlementAccount:
    """The account that deposits are paid to; raises NotFound while there is none."""
    account = await repository.settlement_account(session)
    if account is None:
        raise NotFound
    return account


async def accounts(
    session: AsyncSession, actor: Actor, after: UUID | None, limit: int
) -> Sequence[Account]:
    """A page of the accounts of the actor's party."""
    return await repository.accounts(session, actor.require_party(), after, limit)


async def entries(
    session: AsyncSession,
    actor: Actor,
    account_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[EntryView]:
    """A page of postings: overseers see them whole, parties the lines of their own accounts."""
    owner_id = access.owner_seen(actor)
    rows = await repository.entries(session, owner_id, account_id, after, limit)
    lines: dict[UUID, list[EntryLineView]] = {row.id: [] for row in rows}
    for line in await repository.lines_of(session, list(lines), owner_id):
        lines[line.entry_id].append(
            EntryLineView(
                account_id=line.id,
                kind=line.kind,
                owner_id=line.owner_id,
                amount_fen=line.amount_fen,
            )
        )
    return [
        EntryView(
            id=row.id, key=row.key, act=row.act, at=row.at, note=row.note, lines=lines[row.id]
        )
        for row in rows
    ]


async def trial_balance(session: AsyncSession, actor: Actor) -> TrialBalance:
    """All kinds of accounts with their sums, for overseers."""
    access.require_overseer(actor)
    totals = [
        KindTotal(
            kind=AccountKind(row.kind),
            accounts=row.accounts,
            balance_fen=int(row.balance_fen),
            lines_fen=int(row.lines_fen),
        )
        for row in await repository.totals(session)
    ]
    return TrialBalance(totals=totals, sum_fen=sum(total.balance_fen for total in totals))


async def bank_lines(
    session: AsyncSession, actor: Actor, state: LineState | None, after: UUID | None, limit: int
) -> Sequence[BankLine]:
    """A page of payments on statements, for overseers."""
    access.require_overseer(actor)
    return await repository.lines(session, state and state.value, after, limit)


async def refunds(
    session: AsyncSession, actor: Actor, state: RefundState | None, after: UUID | None, limit: int
) -> Sequence[Refund]:
    """A page of refunds: the own party's, for overseers everyone's."""
    owner_id = access.owner_seen(actor)
    return await repository.refunds(session, owner_id, state and state.value, after, limit)


async def batches(
    session: AsyncSession, actor: Actor, after: UUID | None, limit: int
) -> Sequence[PaymentBatch]:
    """A page of payment files, for overseers."""
    access.require_overseer(actor)
    return await repository.batches(session, after, limit)


async def document(session: AsyncSession, actor: Actor, batch_id: UUID) -> bytes:
    """A payment file as the bank gets it, for operators; raises NotFound."""
    access.require_operator(actor)
    found = await repository.batch(session, batch_id)
    if found is None:
        raise NotFound
    return found.document


async def simulate_payment(
    session: AsyncSession, settings: Settings, payment: SimulatedPayment
) -> datetime:
    """Have the simulated bank report a payment; raises BankNotSimulated and NotFound."""
    chosen = bank.bank_of(settings)
    if not isinstance(chosen, bank.SimulatedBank) or not settings.sandbox:
        raise BankNotSimulated
    account = await settlement_account(session)
    now = await clock.now(session)
    paid = bank.payment_in(
        payment.amount_fen, payment.reference, payment.payer_name, payment.payer_account, now
    )
    await chosen.pay_in(account.number, [paid], now)
    return now
