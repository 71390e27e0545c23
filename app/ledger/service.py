"""Use cases of money in custody: deposits from their expectation to their end, commissions.

Other modules name what money is for by an opaque `purpose_id`. When a deposit is complete, the
job `<purpose_kind>.deposit_received` is deferred with `purpose_id` and `credited_at`.
"""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit, jobs
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.money import Fen
from app.kit.states import move
from app.ledger import access, payouts, postings, refunds, repository, rules
from app.ledger.errors import DepositNotHeld, DepositReceivedAlready
from app.ledger.facts import DepositFacts
from app.ledger.messages import BankAccount
from app.ledger.models import Deposit, RefundAccount, SettlementAccount
from app.ledger.repository import Pocket
from app.ledger.schemas import NewRefundAccount, NewSettlementAccount
from app.ledger.states import DEPOSIT_MOVES, AccountKind, DepositState, Target

SURPLUS_TERM = timedelta(hours=24)
"""What was paid too much, or too late, is owed back within this."""

REFERENCE_TRIES = 20

pay_out = payouts.pay_out
proceeds = payouts.proceeds
charge_commission = payouts.charge_commission
give_back_price = payouts.give_back
forfeit_price = payouts.forfeit
note_broker_fee = payouts.note_broker_fee
clear_broker_fee = payouts.clear_broker_fee


async def expect_deposit(
    session: AsyncSession,
    *,
    purpose_kind: str,
    purpose_id: UUID,
    payer_id: UUID,
    amount_fen: Fen,
    due_at: datetime | None = None,
    again: bool = False,
) -> DepositFacts:
    """Expect a deposit, and give the reference to pay it under; once for each purpose.

    `again` asks for another one when the last one is settled. References are drawn at random:
    their order would tell how many have applied.
    """
    asked = 1
    if again and (last := await deposit_state(session, purpose_id)) is not None:
        asked = last.round + (last.state == DepositState.SETTLED)
    for _ in range(REFERENCE_TRIES):
        known = await deposits_of(session, [purpose_id])
        if purpose_id in known and known[purpose_id].round >= asked:
            return known[purpose_id]
        await repository.insert_deposit(
            session,
            {
                "purpose_kind": purpose_kind,
                "purpose_id": purpose_id,
                "round": asked,
                "payer_id": payer_id,
                "amount_fen": amount_fen,
                "reference": rules.reference(secrets.randbelow(rules.MAX_SERIAL)),
                "due_at": due_at,
            },
        )
    raise RuntimeError("no free payment reference was found")


async def deposits_of(
    session: AsyncSession, purpose_ids: Collection[UUID]
) -> dict[UUID, DepositFacts]:
    """The deposits of these purposes; purposes without one are left out."""
    if not purpose_ids:
        return {}
    account = await repository.settlement_account(session)
    return {
        row.Deposit.purpose_id: DepositFacts(
            purpose_kind=row.Deposit.purpose_kind,
            purpose_id=row.Deposit.purpose_id,
            round=row.Deposit.round,
            payer_id=row.Deposit.payer_id,
            reference=row.Deposit.reference,
            amount_fen=row.Deposit.amount_fen,
            state=DepositState(row.Deposit.state),
            due_at=row.Deposit.due_at,
            received_at=row.Deposit.received_at,
            received_fen=row.received_fen,
            held_fen=row.held_fen,
            paid_from=rules.account_mark(row.Deposit.refund_number),
            account=account.number if account else None,
            account_name=account.name if account else None,
            account_bank=account.bank_name if account else None,
        )
        for row in await repository.deposits_for(session, list(purpose_ids))
    }


async def deposit_state(session: AsyncSession, purpose_id: UUID) -> DepositFacts | None:
    """The deposit of a purpose, None if none is expected."""
    return (await deposits_of(session, [purpose_id])).get(purpose_id)


async def receive(
    session: AsyncSession,
    actor: Actor,
    deposit_id: UUID,
    *,
    key: str,
    source: Pocket,
    amount_fen: Fen,
    credited_at: datetime,
    back_to: BankAccount | None,
    now: datetime,
) -> None:
    """Take in a payment for a deposit; it goes back to `back_to` if it has to.

    Money that an operator recorded by hand before is the same money, and only clears that record.
    What is too much, or comes when the deposit is settled, is owed back.
    """
    deposit = await repository.deposit(session, deposit_id)
    by_hand = Pocket(AccountKind.CLEARING, deposit.payer_id, deposit.purse_id)
    cleared = min(amount_fen, -await repository.balance(session, by_hand))
    moves = {source: -amount_fen, by_hand: cleared, _received(deposit): amount_fen - cleared}
    if not await postings.post(session, actor, key, moves, credited_at):
        return
    if back_to is not None:
        deposit.refund_number = back_to.number
        deposit.refund_name = back_to.name
        deposit.refund_bank = back_to.bank_code
        await refunds.give_account(session, deposit.payer_id, back_to, deposit.purse_id)
    await _complete(session, actor, deposit, credited_at)
    if deposit.state != DepositState.EXPECTED:
        await _return_surplus(session, actor, deposit, key, now)
    await session.flush()


async def _complete(
    session: AsyncSession, actor: Actor, deposit: Deposit, at: datetime, *, tell: bool = True
) -> None:
    """Mark an expected deposit whose whole amount is there, and tell the module that wants it."""
    there = await repository.balance(session, _received(deposit))
    if deposit.state != DepositState.EXPECTED or there < deposit.amount_fen:
        return
    deposit.received_at = at
    _move(session, actor, deposit, "receive", at=at)
    if tell:
        await jobs.defer(
            session,
            f"{deposit.purpose_kind}.deposit_received",
            purpose_id=str(deposit.purpose_id),
            credited_at=at.isoformat(),
        )


async def _return_surplus(
    session: AsyncSession, actor: Actor, deposit: Deposit, key: str, now: datetime
) -> None:
    there = await repository.balance(session, _received(deposit))
    kept = deposit.amount_fen if deposit.state == DepositState.RECEIVED else 0
    if there > kept:
        await refunds.owe(
            session,
            actor,
            key=f"surplus:{key}",
            reason="surplus",
            party_id=deposit.payer_id,
            purpose_id=deposit.purse_id,
            sources={_received(deposit): there - kept},
            due_at=now + SURPLUS_TERM,
            back_to=_back_to(deposit),
            now=now,
        )


async def receive_by_hand(
    session: AsyncSession, actor: Actor, purpose_id: UUID, evidence: str, now: datetime
) -> None:
    """An operator vouches for the arrival of what is missing of a deposit.

    It stands on a clearing account until the bank's statement shows the money. Raises NotFound and
    DepositReceivedAlready.
    """
    access.require_operator(actor)
    deposit = await _locked(session, purpose_id)
    there = await repository.balance(session, _received(deposit))
    if deposit.state != DepositState.EXPECTED:
        raise DepositReceivedAlready
    await postings.transfer(
        session,
        actor,
        f"deposit.receive_by_hand:{deposit.id}",
        deposit.amount_fen - there,
        Pocket(AccountKind.CLEARING, deposit.payer_id, deposit.purse_id),
        _received(deposit),
        now,
        evidence,
    )
    await _complete(session, actor, deposit, now, tell=False)
    await session.flush()


async def move_due(
    session: AsyncSession, actor: Actor, purpose_ids: Collection[UUID], due_at: datetime | None
) -> None:
    """Give expected deposits another last moment, None for one that is not known yet.

    Deposits that have arrived or are settled, and purposes without one, are passed over.
    """
    for purpose_id in sorted(purpose_ids):
        deposit = await repository.deposit_for(session, purpose_id, lock=True)
        if deposit is None or deposit.state != DepositState.EXPECTED or deposit.due_at == due_at:
            continue
        before, deposit.due_at = deposit.due_at, due_at
        deposit.version += 1
        audit.record(
            session,
            actor,
            "deposit.move_due",
            "deposit",
            deposit.id,
            before={"due_at": before},
            after={"due_at": due_at, "purpose": purpose_id},
        )
    await session.flush()


async def hold(session: AsyncSession, actor: Actor, purpose_id: UUID, now: datetime) -> None:
    """Take a received deposit into custody; raises NotFound and IllegalMove."""
    deposit = await _locked(session, purpose_id)
    _move(session, actor, deposit, "hold")
    await postings.transfer(
        session,
        actor,
        f"deposit.hold:{deposit.id}",
        deposit.amount_fen,
        _received(deposit),
        _held(deposit),
        now,
    )
    await session.flush()


async def apply(
    session: AsyncSession,
    actor: Actor,
    purpose_id: UUID,
    *,
    amount_fen: Fen,
    target: Target,
    beneficiary_id: UUID | None,
    now: datetime,
) -> None:
    """Set a held deposit off against a price, which its beneficiary is owed, or a commission.

    Once for each target. Raises NotFound, IllegalMove and DepositNotHeld; nothing is written then.
    """
    kind = AccountKind(target.value)
    owner = beneficiary_id if target == Target.PRICE else None
    purpose = purpose_id if target == Target.PRICE else None
    place = Pocket(kind, owner, purpose)
    await _take(session, actor, purpose_id, "apply", target.value, amount_fen, place, now)


async def forfeit(
    session: AsyncSession,
    actor: Actor,
    purpose_id: UUID,
    *,
    reason: str,
    amount_fen: Fen | None = None,
    now: datetime,
) -> None:
    """Forfeit a held deposit, or a part of it (法释〔2016〕18号 art. 24); once.

    Raises NotFound, IllegalMove and DepositNotHeld.
    """
    place = Pocket(AccountKind.FORFEITED, None, purpose_id)
    await _take(session, actor, purpose_id, "forfeit", reason, amount_fen, place, now)


async def _take(
    session: AsyncSession,
    actor: Actor,
    purpose_id: UUID,
    act: str,
    note: str,
    amount_fen: Fen | None,
    place: Pocket,
    now: datetime,
) -> None:
    deposit = await _locked(session, purpose_id)
    move(DEPOSIT_MOVES, DepositState(deposit.state), act)
    held = await repository.balance(session, _held(deposit))
    taken = held if amount_fen is None else amount_fen
    if not 0 < taken <= held:
        raise DepositNotHeld(deposit_state=deposit.state, held_fen=held, asked_fen=taken)
    key = f"deposit.{act}:{deposit.id}:{place.kind.value}"
    if not await postings.transfer(session, actor, key, taken, _held(deposit), place, now, note):
        return
    _move(session, actor, deposit, act, reason=note, amount_fen=taken)
    if taken == held:
        _move(session, actor, deposit, "settle")
    await session.flush()


async def release(
    session: AsyncSession,
    actor: Actor,
    purpose_id: UUID,
    *,
    reason: str,
    due_at: datetime,
    now: datetime,
) -> None:
    """Owe back all that is left of a deposit, by `due_at`; nothing happens when nothing is.

    A deposit that was never paid ends as well: what comes later goes back. Purposes without a
    deposit are passed over.
    """
    deposit = await repository.deposit_for(session, purpose_id, lock=True)
    if deposit is None or deposit.state == DepositState.SETTLED:
        return
    sources = {
        pocket: fen
        for pocket in (_received(deposit), _held(deposit))
        if (fen := await repository.balance(session, pocket))
    }
    if sources:
        await refunds.owe(
            session,
            actor,
            key=f"deposit.release:{deposit.id}",
            reason=reason,
            party_id=deposit.payer_id,
            purpose_id=deposit.purse_id,
            sources=sources,
            due_at=due_at,
            back_to=_back_to(deposit),
            now=now,
        )
    _move(session, actor, deposit, "settle", reason=reason)
    await session.flush()


async def distribute_income(
    session: AsyncSession,
    actor: Actor,
    *,
    key: str,
    institution_id: UUID,
    purpose_id: UUID,
    parts: Mapping[UUID, Fen],
    retained_fen: Fen,
    now: datetime,
) -> bool:
    """Book an institution's income: what it owes its people by part, and what it keeps.

    The money is the institution's own and stays on its bank account; its `income` account mirrors
    it. False when this income was booked before, or when there is nothing to book.
    """
    moves = {
        Pocket(AccountKind.INCOME_SHARE, institution_id, part): fen for part, fen in parts.items()
    }
    moves[Pocket(AccountKind.INCOME_RETAINED, institution_id, purpose_id)] = retained_fen
    moves[Pocket(AccountKind.INCOME, institution_id, purpose_id)] = -sum(moves.values())
    if not any(moves.values()):
        return False
    return await postings.post(session, actor, f"income.distribute:{key}", moves, now)


async def pay_income_share(
    session: AsyncSession,
    actor: Actor,
    *,
    institution_id: UUID,
    purpose_id: UUID,
    part_id: UUID,
    amount_fen: Fen,
    now: datetime,
    note: str,
) -> bool:
    """Book that an institution paid a part of its income out; False when it was paid before."""
    return await postings.transfer(
        session,
        actor,
        f"income.pay:{part_id}",
        amount_fen,
        Pocket(AccountKind.INCOME_SHARE, institution_id, part_id),
        Pocket(AccountKind.INCOME, institution_id, purpose_id),
        now,
        note,
    )


async def choose_settlement_account(
    session: AsyncSession, actor: Actor, chosen: NewSettlementAccount
) -> SettlementAccount:
    """The administrator names the bank account that deposits are paid to and refunds from."""
    access.require_administrator(actor)
    account = await repository.activate(session, chosen.model_dump())
    audit.record(
        session,
        actor,
        "settlement_account.choose",
        "settlement_account",
        account.id,
        after=chosen.model_dump(),
    )
    return account


async def name_refund_account(
    session: AsyncSession, actor: Actor, named: NewRefundAccount
) -> RefundAccount:
    """A party names where money goes that has no account to go back to; waiting refunds follow."""
    party_id = access.require_trader(actor)
    account = await repository.refund_account(session, party_id)
    if account is None:
        account = RefundAccount(party_id=party_id, **named.model_dump())
        session.add(account)
    else:
        account.number, account.name = named.number, named.name
        account.bank_code = named.bank_code
        account.version += 1
    to = BankAccount(named.number, named.name, named.bank_code)
    await refunds.give_account(session, party_id, to)
    await session.flush()
    audit.record(
        session,
        actor,
        "refund_account.name",
        "refund_account",
        account.id,
        after={"party": party_id, "number_ends": named.number[-4:], "name": named.name},
    )
    return account


def _received(deposit: Deposit) -> Pocket:
    return Pocket(AccountKind.RECEIVED, deposit.payer_id, deposit.purse_id)


def _held(deposit: Deposit) -> Pocket:
    return Pocket(AccountKind.HELD, deposit.payer_id, deposit.purse_id)


def _back_to(deposit: Deposit) -> BankAccount | None:
    if deposit.refund_number is None:
        return None
    return BankAccount(deposit.refund_number, deposit.refund_name or "", deposit.refund_bank)


async def _locked(session: AsyncSession, purpose_id: UUID) -> Deposit:
    deposit = await repository.deposit_for(session, purpose_id, lock=True)
    if deposit is None:
        raise NotFound
    return deposit


def _move(session: AsyncSession, actor: Actor, deposit: Deposit, act: str, **facts: Any) -> None:
    """Move a deposit to its next state and note it."""
    before = deposit.state
    deposit.state = move(DEPOSIT_MOVES, DepositState(before), act).value
    deposit.version += 1
    audit.record(
        session,
        actor,
        f"deposit.{act}",
        "deposit",
        deposit.id,
        before={"state": before},
        after={"state": deposit.state, "purpose": deposit.purpose_id, **facts},
    )
