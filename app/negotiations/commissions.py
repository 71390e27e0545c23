"""Brokers' commissions from the deal to the money (rules.md 9.2, V-3).

A commission is promised by the deal and earned when the technology contract is concluded; a deal
that ends without one leaves none (最高人民法院技术合同司法解释 39, 40). What is earned is booked as
a claim of the broker on the one who owes it. The platform takes no part in the payment.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit
from app.kit.actor import Actor
from app.kit.states import move
from app.ledger import service as ledger
from app.negotiations import access, repository, rules
from app.negotiations.errors import FeeAmountOpen, FeeNotClaimed
from app.negotiations.facts import Brokerage
from app.negotiations.models import Commission
from app.negotiations.states import COMMISSION_MOVES, CommissionBasis, CommissionState


async def promise(session: AsyncSession, actor: Actor, brokered: Brokerage) -> None:
    """Note what the brokers of both sides are to earn by a deal, by their agreements at that time;
    once for each deal."""
    for client_id, broker_id in (
        (brokered.seller_id, brokered.seller_broker_id),
        (brokered.buyer_id, brokered.buyer_broker_id),
    ):
        if broker_id is None:
            continue
        agreed = await repository.agreement_in_force(
            session, broker_id, client_id, brokered.concluded_at
        )
        amount = None
        if agreed is not None:
            amount = rules.commission(
                brokered.price_fen, agreed.rate_bp, agreed.fixed_fen, agreed.cap_fen
            )
        basis = rules.basis_of(agreed=agreed is not None, in_main_contract=False)
        row = _new(brokered, broker_id, client_id, basis)
        row.agreement_id = None if agreed is None else agreed.id
        row.amount_fen = amount
        session.add(row)
        await session.flush()
        _record(session, actor, row, "promise")


def _new(
    brokered: Brokerage, broker_id: UUID, client_id: UUID, basis: CommissionBasis
) -> Commission:
    return Commission(
        deal_id=brokered.deal_id,
        negotiation_id=brokered.negotiation_id,
        broker_id=broker_id,
        client_id=client_id,
        basis=basis.value,
        share_bp=rules.client_share(basis),
        price_fen=brokered.price_fen,
        state=CommissionState.PENDING.value,
    )


async def conclude(
    session: AsyncSession,
    actor: Actor,
    brokered: Brokerage,
    intermediary_id: UUID | None,
    now: datetime,
) -> None:
    """The contract of a deal was concluded: what was promised is earned.

    `intermediary_id` is the broker whom the contract itself names without a fee. Unless the broker
    agreed on one with a client, both sides owe it half of a reasonable fee (司法解释 39).
    """
    rows = list(await repository.commissions_of_deal(session, brokered.deal_id, lock=True))
    own = [row for row in rows if row.broker_id == intermediary_id]
    if intermediary_id is not None and all(row.agreement_id is None for row in own):
        basis = rules.basis_of(agreed=False, in_main_contract=True)
        known = {row.client_id: row for row in own}
        for party_id in (brokered.seller_id, brokered.buyer_id):
            row = known.get(party_id)
            if row is None:
                row = _new(brokered, intermediary_id, party_id, basis)
                session.add(row)
                rows.append(row)
            row.basis, row.share_bp = basis.value, rules.client_share(basis)
    await session.flush()
    for row in rows:
        if row.state == CommissionState.PENDING:
            row.earned_at = now
            _move(session, actor, row, "earn")
            await session.flush()
            await _book(session, actor, row, now)


async def lapse(session: AsyncSession, actor: Actor, deal_id: UUID, now: datetime) -> None:
    """A deal ended without a contract: there is no commission (司法解释 40)."""
    for row in await repository.commissions_of_deal(session, deal_id, lock=True):
        if row.state == CommissionState.PENDING:
            row.lapsed_at = now
            _move(session, actor, row, "lapse")
    await session.flush()


async def claim(
    session: AsyncSession, actor: Actor, commission_id: UUID, fee_fen: int, grounds: str
) -> Commission:
    """The broker says what a reasonable fee is, where none was agreed on; of all who owe it.

    `fee_fen` is the whole fee. It can be claimed anew until somebody agreed. Raises NotFound,
    NotTheClient and FeeNotOpen.
    """
    row = access.earning(actor, await repository.commission(session, commission_id))
    owing = [
        one
        for one in await repository.commissions_of_deal(session, row.deal_id, lock=True)
        if one.broker_id == row.broker_id and one.basis == row.basis
    ]
    if row.basis != CommissionBasis.MAIN_CONTRACT:
        owing = [one for one in owing if one.id == row.id]
    for one in owing:
        state, basis = CommissionState(one.state), CommissionBasis(one.basis)
        rules.check_claim(state, basis, one.amount_fen)
    for one in owing:
        one.fee_fen, one.grounds = fee_fen, grounds
        one.version += 1
        _record(session, actor, one, "claim")
    await session.flush()
    [claimed] = [one for one in owing if one.id == row.id]
    return claimed


async def agree(
    session: AsyncSession, actor: Actor, commission_id: UUID, fee_fen: int, now: datetime
) -> Commission:
    """Who owes a commission agrees to the fee that the broker claims, and owes its own part.

    Raises NotFound, NotTheClient, FeeNotOpen, and FeeNotClaimed for another fee than the claimed.
    """
    row = access.owing(actor, await repository.commission(session, commission_id))
    rows = await repository.commissions_of_deal(session, row.deal_id, lock=True)
    owing = [one for one in rows if one.broker_id == row.broker_id and one.basis == row.basis]
    if row.basis != CommissionBasis.MAIN_CONTRACT:
        owing = [one for one in owing if one.id == row.id]
    place = [one.id for one in owing].index(row.id)
    row = owing[place]
    rules.check_claim(CommissionState(row.state), CommissionBasis(row.basis), row.amount_fen)
    if row.fee_fen != fee_fen:
        raise FeeNotClaimed(field="body.fee_fen", claimed_fen=row.fee_fen or 0)
    row.amount_fen = rules.split_fee(fee_fen, len(owing))[place]
    row.version += 1
    _record(session, actor, row, "agree")
    await session.flush()
    await _book(session, actor, row, now)
    return row


async def receive(
    session: AsyncSession, actor: Actor, commission_id: UUID, now: datetime
) -> Commission:
    """The broker notes that it was paid; raises NotFound, NotTheClient, FeeAmountOpen and
    IllegalMove."""
    found = access.earning(actor, await repository.commission(session, commission_id))
    rows = await repository.commissions_of_deal(session, found.deal_id, lock=True)
    [row] = [one for one in rows if one.id == found.id]
    row.paid_at = now
    _move(session, actor, row, "pay")
    if row.amount_fen is None:
        raise FeeAmountOpen
    await session.flush()
    if row.amount_fen:
        await ledger.clear_broker_fee(
            session,
            actor,
            commission_id=row.id,
            broker_id=row.broker_id,
            payer_id=row.client_id,
            amount_fen=row.amount_fen,
            now=now,
        )
    return row


async def of_party(
    session: AsyncSession, actor: Actor, *, after: UUID | None, limit: int
) -> Sequence[Commission]:
    """Commissions that the acting party earns or owes."""
    if actor.party_id is None:
        return []
    return await repository.commissions_of(session, actor.party_id, after=after, limit=limit)


async def _book(session: AsyncSession, actor: Actor, row: Commission, now: datetime) -> None:
    if row.amount_fen:
        await ledger.note_broker_fee(
            session,
            actor,
            commission_id=row.id,
            broker_id=row.broker_id,
            payer_id=row.client_id,
            amount_fen=row.amount_fen,
            now=now,
        )


def _move(session: AsyncSession, actor: Actor, row: Commission, act: str) -> None:
    row.state = move(COMMISSION_MOVES, CommissionState(row.state), act).value
    row.version += 1
    _record(session, actor, row, act)


def _record(session: AsyncSession, actor: Actor, row: Commission, act: str) -> None:
    audit.record(
        session,
        actor,
        f"commission.{act}",
        "commission",
        row.id,
        after={
            "state": row.state,
            "deal": row.deal_id,
            "broker": row.broker_id,
            "client": row.client_id,
            "basis": row.basis,
            "share_bp": row.share_bp,
            "amount_fen": row.amount_fen,
            "fee_fen": row.fee_fen,
        },
    )
