"""Refunds: owed, ordered from the bank in batches, paid or rejected.

A refund is ordered by one transaction, which posts it, marks it and stores the file that orders
it. The file can reach the bank twice after a crash, the same bytes each time: the bank takes a
message id and an end-to-end id once. The account of a refund holds its amount once, so that the
database refuses a second order or payment even of a wrong program.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit
from app.kit.actor import SYSTEM, Actor
from app.kit.errors import NotFound
from app.kit.ids import new_id
from app.kit.money import Fen
from app.kit.states import move
from app.ledger import access, messages, postings, repository
from app.ledger.errors import RefundNotReplaceable, SecondPersonRequired, UnknownOrder
from app.ledger.messages import BankAccount, Payment, PaymentOrder
from app.ledger.models import PaymentBatch, Refund
from app.ledger.reports import REJECTED, StatusReport
from app.ledger.repository import Pocket
from app.ledger.states import REFUND_MOVES, AccountKind, RefundState

PRICE = "price"
"""The reason of what is paid out to a seller."""
DEAL_ENDED = "deal_ended"
"""The reason of a price that goes back because its deal ended."""
BATCH_LIMIT = 100
"""Payments in one file."""

_TEXTS = {PRICE: "交易价款", DEAL_ENDED: "交易终止,退还价款"}
BANK = Pocket(AccountKind.BANK)
due = repository.refunds_to_order


async def owe(
    session: AsyncSession,
    actor: Actor,
    *,
    key: str,
    reason: str,
    party_id: UUID | None,
    purpose_id: UUID | None = None,
    sources: Mapping[Pocket, Fen],
    due_at: datetime,
    back_to: BankAccount | None,
    now: datetime,
    replaces_id: UUID | None = None,
) -> UUID | None:
    """Owe the sum of `sources` to a party, or to the account it came from; None if owed already.

    `key` is that of the fact. Without `back_to` it goes to the account the party has named; until
    it names one the refund waits.
    """
    refund_id = new_id()
    to = back_to or await _named_account(session, party_id)
    amount_fen = sum(sources.values())
    made = await repository.insert_refund(
        session,
        {
            "id": refund_id,
            "key": key,
            "reason": reason,
            "party_id": party_id,
            "purpose_id": purpose_id,
            "amount_fen": amount_fen,
            "due_at": due_at,
            "account_number": to and to.number,
            "account_name": to and to.name,
            "account_bank": to and to.bank_code,
            "replaces_id": replaces_id,
        },
    )
    if not made:
        return None
    moves = {pocket: -fen for pocket, fen in sources.items()}
    moves[_owed(party_id, refund_id)] = amount_fen
    await postings.post(session, actor, f"refund.owe:{refund_id}", moves, now, reason)
    audit.record(
        session,
        actor,
        "refund.owe",
        "refund",
        refund_id,
        after={
            "state": RefundState.DUE,
            "reason": reason,
            "party": party_id,
            "amount_fen": amount_fen,
            "due_at": due_at,
        },
    )
    return refund_id


async def _named_account(session: AsyncSession, party_id: UUID | None) -> BankAccount | None:
    if party_id is None:
        return None
    named = await repository.refund_account(session, party_id)
    if named is None:
        return None
    return BankAccount(named.number, named.name, named.bank_code)


def _owed(party_id: UUID | None, refund_id: UUID) -> Pocket:
    return Pocket(AccountKind.REFUND_DUE, party_id, refund_id)


def _ordered(party_id: UUID | None, refund_id: UUID) -> Pocket:
    return Pocket(AccountKind.REFUND_ORDERED, party_id, refund_id)


async def give_account(
    session: AsyncSession, party_id: UUID, to: BankAccount, purpose_id: UUID | None = None
) -> None:
    """Tell a party's refunds that wait for an account where to go: those of one purpose, or all."""
    for refund in await repository.refunds_without_account(session, party_id, purpose_id):
        refund.account_number, refund.account_name = to.number, to.name
        refund.account_bank = to.bank_code
        refund.version += 1


async def order(session: AsyncSession, _: UUID, now: datetime) -> None:
    """Order what is due, the most urgent first and at most BATCH_LIMIT, in one payment file.

    Refunds that another process is ordering are left to it.
    """
    refunds = await repository.lock_refunds_to_order(session, BATCH_LIMIT)
    account = await repository.settlement_account(session)
    if not refunds or account is None:
        return
    batch_id = new_id()
    payer = BankAccount(account.number, account.name, account.bank_code)
    payments = tuple(_payment(refund) for refund in refunds)
    document = messages.write_order(PaymentOrder(batch_id.hex, now, payer, payments))
    session.add(
        PaymentBatch(
            id=batch_id,
            document=document,
            sha256=hashlib.sha256(document).hexdigest(),
            payments=len(refunds),
            total_fen=sum(refund.amount_fen for refund in refunds),
        )
    )
    await session.flush()
    for refund in refunds:
        refund.batch_id = batch_id
        refund.ordered_at = now
        await _follow(session, SYSTEM, refund, "order", batch=batch_id)
        await postings.transfer(
            session,
            SYSTEM,
            f"refund.order:{refund.id}",
            refund.amount_fen,
            _owed(refund.party_id, refund.id),
            _ordered(refund.party_id, refund.id),
            now,
        )
    await session.flush()


def _payment(refund: Refund) -> Payment:
    assert refund.account_number is not None
    name = refund.account_name or refund.account_number
    to = BankAccount(refund.account_number, name, refund.account_bank)
    text = _TEXTS.get(refund.reason, f"退款 {refund.reason}")
    return Payment(messages.end_to_end(refund.id), refund.amount_fen, to, text)


async def note_paid(
    session: AsyncSession,
    actor: Actor,
    refund_id: UUID,
    amount_fen: Fen,
    at: datetime,
    *,
    paid_from: Pocket = BANK,
) -> bool:
    """Note that the bank paid a refund; False when there is none of this amount on its way.

    The bank may tell of a return before the payment it is about, so the account decides.
    """
    refund = await repository.refund(session, refund_id)
    if refund is None:
        return False
    on_its_way = _ordered(refund.party_id, refund_id)
    if await repository.balance(session, on_its_way) != amount_fen:
        return False
    key = f"refund.pay:{refund_id}"
    await postings.transfer(session, actor, key, amount_fen, on_its_way, paid_from, at)
    if refund.state == RefundState.ORDERED:
        refund.paid_at = at
        await _follow(session, actor, refund, "pay")
    return True


async def note_returned(
    session: AsyncSession, actor: Actor, refund_id: UUID, amount_fen: Fen, at: datetime
) -> bool:
    """Note that a refund came back from the payee's bank; False when none of this amount could."""
    refund = await repository.refund(session, refund_id)
    if (
        refund is None
        or refund.amount_fen != amount_fen
        or RefundState(refund.state) not in {RefundState.ORDERED, RefundState.PAID}
    ):
        return False
    owed = _owed(refund.party_id, refund_id)
    await postings.transfer(
        session, actor, f"refund.return:{refund_id}", amount_fen, BANK, owed, at
    )
    refund.rejection = "returned_by_bank"
    await _follow(session, actor, refund, "return", reason=refund.rejection)
    return True


async def refuse(
    session: AsyncSession, actor: Actor, refund_id: UUID, reason: str, now: datetime
) -> Refund:
    """An operator notes that the bank refused an order and did not pay.

    Raises NotFound, and IllegalMove unless it is ordered. Another operator orders it anew.
    """
    person_id = access.require_operator(actor)
    refund = await _existing(session, refund_id)
    await _refused(session, actor, refund, reason, now)
    refund.rejected_by = person_id
    await session.flush()
    return refund


async def _refused(
    session: AsyncSession, actor: Actor, refund: Refund, reason: str, now: datetime
) -> None:
    await _follow(session, actor, refund, "refuse", reason=reason)
    refund.rejection = reason
    await postings.transfer(
        session,
        actor,
        f"refund.refuse:{refund.id}",
        refund.amount_fen,
        _ordered(refund.party_id, refund.id),
        _owed(refund.party_id, refund.id),
        now,
        reason,
    )


async def take_report(
    session: AsyncSession, actor: Actor, report: StatusReport, now: datetime
) -> tuple[int, int]:
    """Note what the bank says of the payments in a file: how many it has taken, and refused.

    A refused one is rejected and waits in the queue of those that an operator has ordered anew; one
    that the bank takes is paid when a statement shows it. A report that comes again, or after a
    statement, changes nothing. Raises UnknownOrder.
    """
    batch_id = messages.batch_id_of(report.order_id)
    batch = None if batch_id is None else await repository.batch(session, batch_id)
    if batch is None:
        raise UnknownOrder(field="body", order_id=report.order_id)
    told = {one.end_to_end_id: (one.status, one.reason) for one in report.payments}
    taken = refused = 0
    for refund in await repository.refunds_of_batch(session, batch.id):
        end_to_end_id = messages.end_to_end(refund.id)
        status, reason = told.get(end_to_end_id, (report.status, report.reason))
        if status is None or refund.state != RefundState.ORDERED:
            continue
        refund.bank_status = status
        if status == REJECTED:
            await _refused(session, actor, refund, reason or status, now)
            refused += 1
        else:
            refund.version += 1
            taken += 1
    audit.record(
        session,
        actor,
        "payment_batch.report",
        "payment_batch",
        batch.id,
        after={"message": report.message_id, "taken": taken, "refused": refused},
    )
    await session.flush()
    return taken, refused


async def replace(
    session: AsyncSession,
    actor: Actor,
    refund_id: UUID,
    back_to: BankAccount | None,
    now: datetime,
) -> Refund:
    """An operator has a rejected refund ordered anew, under a new id; once.

    Raises NotFound, RefundNotReplaceable, and SecondPersonRequired for the one who rejected it.
    """
    person_id = access.require_operator(actor)
    refund = await _existing(session, refund_id)
    if refund.state != RefundState.REJECTED:
        raise RefundNotReplaceable(refund_state=refund.state)
    if refund.rejected_by == person_id:
        raise SecondPersonRequired
    new = await owe(
        session,
        actor,
        key=f"refund.replace:{refund_id}",
        reason=refund.reason,
        party_id=refund.party_id,
        purpose_id=refund.purpose_id,
        sources={_owed(refund.party_id, refund_id): refund.amount_fen},
        due_at=refund.due_at,
        back_to=back_to,
        now=now,
        replaces_id=refund_id,
    )
    if new is None:
        raise RefundNotReplaceable(refund_state=refund.state)
    return await _existing(session, new)


async def _existing(session: AsyncSession, refund_id: UUID) -> Refund:
    refund = await repository.refund(session, refund_id)
    if refund is None:
        raise NotFound
    return refund


async def _follow(
    session: AsyncSession, actor: Actor, refund: Refund, act: str, **facts: Any
) -> None:
    """Move a refund to its next state and note it."""
    before = refund.state
    refund.state = move(REFUND_MOVES, RefundState(before), act).value
    refund.version += 1
    audit.record(
        session,
        actor,
        f"refund.{act}",
        "refund",
        refund.id,
        before={"state": before},
        after={"state": refund.state, **facts},
    )
    await session.flush()


async def note_submitted(session: AsyncSession, batch_id: UUID, now: datetime) -> None:
    """Note that the bank was handed a payment file."""
    batch = await repository.batch(session, batch_id)
    if batch is None or batch.submitted_at is not None:
        return
    batch.submitted_at = now
    audit.record(
        session,
        SYSTEM,
        "payment_batch.submit",
        "payment_batch",
        batch_id,
        after={"sha256": batch.sha256, "payments": batch.payments, "total_fen": batch.total_fen},
    )
