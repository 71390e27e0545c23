"""What a payment on the bank's statement is for: matched by rule, or by two operators.

The bank's account follows the statement at once; money that nothing explains stands on an account
of its own until two persons agree what it is.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit
from app.kit.actor import SYSTEM, Actor
from app.kit.errors import NotFound
from app.kit.states import move
from app.ledger import access, messages, postings, refunds, repository, rules, service
from app.ledger.errors import (
    NoAccountToReturnTo,
    SecondPersonRequired,
    UnknownReference,
    UnknownRefund,
    UseNotPossible,
)
from app.ledger.messages import BankAccount
from app.ledger.models import BankLine
from app.ledger.refunds import BANK
from app.ledger.repository import Pocket
from app.ledger.rules import Expected
from app.ledger.schemas import Proposal
from app.ledger.states import LINE_MOVES, USES, AccountKind, Direction, LineState, Use
from app.parties import service as parties

RETURN_TERM = service.SURPLUS_TERM
due = repository.new_lines


async def match(session: AsyncSession, line_id: UUID, now: datetime) -> None:
    """Post a new payment and match it, or leave it to the operators; once, whoever comes."""
    line = await repository.line(session, line_id, skip_locked=True)
    if line is None or line.state != LineState.NEW:
        return
    at = rules.credited_at(line.booked_on, line.booked_at, now)
    refund_id = messages.refund_id_in(line.end_to_end_id)
    use: Use | None = None
    target, doubt = refund_id, None
    if line.direction == Direction.DEBIT:
        doubt = "unknown_payment"
        if refund_id and await refunds.note_paid(session, SYSTEM, refund_id, line.amount_fen, at):
            use = Use.REFUND
    elif refund_id and await refunds.note_returned(session, SYSTEM, refund_id, line.amount_fen, at):
        use = Use.REFUND
    else:
        verdict = await _judge(session, line)
        target, doubt = verdict.deposit_id, verdict.doubt
        if target is not None:
            use = Use.DEPOSIT
            await _receive(session, SYSTEM, line, target, BANK, at, now)
    if use is not None:
        line.use, line.target_id = use.value, target
        _follow(session, SYSTEM, line, "match", use=use, target=target)
        return
    change = -line.amount_fen if line.direction == Direction.CREDIT else line.amount_fen
    moves = {BANK: change, _parked(line): -change}
    await postings.post(session, SYSTEM, f"bank_line.park:{line.id}", moves, at)
    line.doubt = doubt
    _follow(session, SYSTEM, line, "park", doubt=doubt)


async def _judge(session: AsyncSession, line: BankLine) -> rules.Verdict:
    references = rules.references_in(f"{line.remittance} {line.end_to_end_id or ''}")
    deposits = await repository.deposits_by_reference(session, references)
    names = await parties.facts_of(session, [deposit.payer_id for deposit in deposits])
    expected = {
        deposit.reference: Expected(deposit.id, names[deposit.payer_id].name)
        for deposit in deposits
    }
    return rules.judge_payment(references, expected, line.party_name)


async def _receive(
    session: AsyncSession,
    actor: Actor,
    line: BankLine,
    deposit_id: UUID,
    source: Pocket,
    at: datetime,
    now: datetime,
) -> None:
    await service.receive(
        session,
        actor,
        deposit_id,
        key=f"deposit.receive:{line.id}",
        source=source,
        amount_fen=line.amount_fen,
        credited_at=at,
        back_to=_payer(line),
        now=now,
    )


async def propose(
    session: AsyncSession, actor: Actor, line_id: UUID, proposal: Proposal
) -> BankLine:
    """An operator says what a payment is; it moves nothing until another one confirms it.

    Raises NotFound, IllegalMove, UseNotPossible, UnknownReference, UnknownRefund and
    NoAccountToReturnTo.
    """
    person_id = access.require_operator(actor)
    line = await _locked(session, line_id)
    move(LINE_MOVES, LineState(line.state), "propose")
    allowed = USES[Direction(line.direction)]
    if proposal.use not in allowed:
        raise UseNotPossible(
            field="body.use",
            direction=line.direction,
            use=proposal.use.value,
            allowed=sorted(use.value for use in allowed),
        )
    if proposal.use == Use.RETURN and line.party_account is None:
        raise NoAccountToReturnTo(field="body.use")
    target = await _target(session, line, proposal)
    line.use, line.target_id = proposal.use.value, target
    line.note = proposal.note
    line.proposed_by = person_id
    _follow(session, actor, line, "propose", use=line.use, target=line.target_id, note=line.note)
    await session.flush()
    return line


async def _target(session: AsyncSession, line: BankLine, proposal: Proposal) -> UUID | None:
    if proposal.reference is not None:
        found = await repository.deposits_by_reference(session, [proposal.reference])
        if not found:
            raise UnknownReference(field="body.reference", reference=proposal.reference)
        return found[0].id
    if proposal.refund_id is not None:
        refund = await repository.refund(session, proposal.refund_id)
        ordered = Pocket(
            AccountKind.REFUND_ORDERED,
            None if refund is None else refund.party_id,
            proposal.refund_id,
        )
        if await repository.balance(session, ordered) != line.amount_fen:
            raise UnknownRefund(
                field="body.refund_id",
                refund_id=str(proposal.refund_id),
                amount_fen=line.amount_fen,
            )
    return proposal.refund_id


async def decline(session: AsyncSession, actor: Actor, line_id: UUID, note: str) -> BankLine:
    """An operator takes a proposal back to the queue; raises NotFound and IllegalMove."""
    access.require_operator(actor)
    line = await _locked(session, line_id)
    move(LINE_MOVES, LineState(line.state), "decline")
    line.use = line.target_id = line.proposed_by = None
    line.note = note
    _follow(session, actor, line, "decline", note=note)
    await session.flush()
    return line


async def confirm(session: AsyncSession, actor: Actor, line_id: UUID, now: datetime) -> BankLine:
    """Another operator confirms what a payment is, and the money moves.

    Raises NotFound, IllegalMove, SecondPersonRequired, and UnknownRefund if the refund was paid by
    another payment since.
    """
    person_id = access.require_operator(actor)
    line = await _locked(session, line_id)
    move(LINE_MOVES, LineState(line.state), "confirm")
    if line.proposed_by == person_id:
        raise SecondPersonRequired
    line.confirmed_by = person_id
    await _carry_out(session, actor, line, now)
    _follow(session, actor, line, "confirm", use=line.use, target=line.target_id)
    await session.flush()
    return line


async def _carry_out(session: AsyncSession, actor: Actor, line: BankLine, now: datetime) -> None:
    at = rules.credited_at(line.booked_on, line.booked_at, now)
    parked = _parked(line)
    use = Use(line.use or "")
    if use == Use.DEPOSIT:
        assert line.target_id is not None
        await _receive(session, actor, line, line.target_id, parked, at, now)
    elif use == Use.RETURN:
        await refunds.owe(
            session,
            actor,
            key=f"bank_line.return:{line.id}",
            reason="unmatched",
            party_id=None,
            sources={parked: line.amount_fen},
            due_at=now + RETURN_TERM,
            back_to=_payer(line),
            now=now,
        )
    elif use == Use.CHARGE:
        key = f"bank_line.charge:{line.id}"
        charges = Pocket(AccountKind.CHARGES)
        await postings.transfer(session, actor, key, line.amount_fen, charges, parked, at)
    else:
        assert line.target_id is not None
        if not await refunds.note_paid(
            session, actor, line.target_id, line.amount_fen, at, paid_from=parked
        ):
            raise UnknownRefund(refund_id=str(line.target_id), amount_fen=line.amount_fen)


def _parked(line: BankLine) -> Pocket:
    """Where money stands that nothing explains: what came is owed, what went is missing."""
    came = line.direction == Direction.CREDIT
    kind = AccountKind.UNMATCHED if came else AccountKind.UNEXPLAINED
    return Pocket(kind, None, line.id)


def _payer(line: BankLine) -> BankAccount | None:
    if line.party_account is None:
        return None
    return BankAccount(line.party_account, line.party_name or "", line.party_bank)


async def _locked(session: AsyncSession, line_id: UUID) -> BankLine:
    line = await repository.line(session, line_id)
    if line is None:
        raise NotFound
    return line


def _follow(session: AsyncSession, actor: Actor, line: BankLine, act: str, **facts: Any) -> None:
    """Move a line to its next state and note it."""
    before = line.state
    line.state = move(LINE_MOVES, LineState(before), act).value
    line.version += 1
    audit.record(
        session,
        actor,
        f"bank_line.{act}",
        "bank_line",
        line.id,
        before={"state": before},
        after={"state": line.state, **facts},
    )
