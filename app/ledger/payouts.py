"""What becomes of a price that the platform holds: commission and payout, or back to who paid it.

A payout is a row of `refund` with the reason `price`: it is ordered, confirmed, rejected and
ordered anew by the same machinery as money that goes back, and never twice.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import Actor
from app.kit.money import Fen
from app.ledger import postings, refunds, repository
from app.ledger.errors import NotShownByBank, ProceedsTooSmall
from app.ledger.messages import BankAccount
from app.ledger.repository import Pocket
from app.ledger.states import AccountKind


async def proceeds(
    session: AsyncSession, seller_id: UUID, purpose_ids: Collection[UUID]
) -> dict[UUID, Fen]:
    """What the platform holds of prices for a seller, by purpose; empty ones are left out."""
    found = {}
    for purpose_id in sorted(purpose_ids):
        held = await repository.balance(session, _price(seller_id, purpose_id))
        if held:
            found[purpose_id] = held
    return found


def _price(seller_id: UUID, purpose_id: UUID) -> Pocket:
    return Pocket(AccountKind.PRICE, seller_id, purpose_id)


async def pay_out(
    session: AsyncSession,
    actor: Actor,
    *,
    key: str,
    seller_id: UUID,
    purpose_ids: Collection[UUID],
    commission_fen: Fen,
    due_at: datetime,
    now: datetime,
) -> Fen:
    """Take the seller's commission off the price and owe the seller the rest by `due_at`.

    It goes to the account that the seller has named, and waits until one is named. Once for each
    key. Gives what is paid out. Raises ProceedsTooSmall unless something is left for the seller,
    and NotShownByBank while a part of it rests on an operator's word: that pays nothing out.
    """
    vouched_fen = await repository.vouched_fen(session, purpose_ids)
    if vouched_fen:
        raise NotShownByBank(vouched_fen=vouched_fen)
    held = await proceeds(session, seller_id, purpose_ids)
    total = sum(held.values())
    if commission_fen >= total:
        raise ProceedsTooSmall(held_fen=total, commission_fen=commission_fen)
    left, sources, moves = commission_fen, {}, {}
    for purpose_id, fen in held.items():
        taken = min(left, fen)
        left -= taken
        moves[_price(seller_id, purpose_id)] = -taken
        if fen > taken:
            sources[_price(seller_id, purpose_id)] = fen - taken
    if commission_fen:
        moves[Pocket(AccountKind.COMMISSION)] = commission_fen
        await postings.post(session, actor, f"commission.collect:{key}", moves, now)
    await refunds.owe(
        session,
        actor,
        key=f"price.pay_out:{key}",
        reason=refunds.PRICE,
        party_id=seller_id,
        sources=sources,
        due_at=due_at,
        back_to=None,
        now=now,
    )
    return total - commission_fen


async def charge_commission(
    session: AsyncSession,
    actor: Actor,
    *,
    key: str,
    party_id: UUID,
    purpose_id: UUID,
    amount_fen: Fen,
    now: datetime,
) -> bool:
    """Claim a commission from a party; False when this was claimed before."""
    return await postings.transfer(
        session,
        actor,
        f"commission.charge:{key}",
        amount_fen,
        Pocket(AccountKind.RECEIVABLE, party_id, purpose_id),
        Pocket(AccountKind.COMMISSION),
        now,
    )


async def give_back(
    session: AsyncSession,
    actor: Actor,
    *,
    key: str,
    seller_id: UUID,
    purpose_ids: Collection[UUID],
    due_at: datetime,
    now: datetime,
) -> Fen:
    """Owe what the platform holds of a price back to who paid it; gives how much that is.

    Once for each key and purpose: what was given back or paid out before is not there any more. It
    goes to the account that it came from. Money that an operator only vouched for is owed, and is
    ordered when a statement shows it.
    """
    held = await proceeds(session, seller_id, purpose_ids)
    for purpose_id, fen in held.items():
        deposit = await repository.deposit_for(session, purpose_id, lock=True)
        assert deposit is not None  # a price is held of deposits only
        back_to = None
        if deposit.refund_number is not None:
            back_to = BankAccount(
                deposit.refund_number, deposit.refund_name or "", deposit.refund_bank
            )
        await refunds.owe(
            session,
            actor,
            key=f"price.give_back:{key}:{purpose_id}",
            reason=refunds.DEAL_ENDED,
            party_id=deposit.payer_id,
            purpose_id=deposit.purse_id,
            sources={_price(seller_id, purpose_id): fen},
            due_at=due_at,
            back_to=back_to,
            now=now,
        )
    return sum(held.values())


async def forfeit(
    session: AsyncSession,
    actor: Actor,
    *,
    key: str,
    seller_id: UUID,
    purpose_id: UUID,
    commission_fen: Fen,
    now: datetime,
) -> Fen:
    """Forfeit the part of a held price that was one deposit, less a commission that comes first.

    Gives what was taken as the commission, at most what is held. Once for each key.
    """
    price = _price(seller_id, purpose_id)
    held = await repository.balance(session, price)
    taken = min(held, commission_fen)
    moves = {
        price: -held,
        Pocket(AccountKind.COMMISSION): taken,
        Pocket(AccountKind.FORFEITED, None, purpose_id): held - taken,
    }
    if held:
        await postings.post(session, actor, f"price.forfeit:{key}", moves, now)
    return taken


def _brokers(broker_id: UUID, payer_id: UUID, commission_id: UUID) -> tuple[Pocket, Pocket]:
    """What the payer owes its broker, and what the broker is owed, for one commission."""
    return (
        Pocket(AccountKind.BROKER_CHARGE, payer_id, commission_id),
        Pocket(AccountKind.BROKER_FEE, broker_id, commission_id),
    )


async def note_broker_fee(
    session: AsyncSession,
    actor: Actor,
    *,
    commission_id: UUID,
    broker_id: UUID,
    payer_id: UUID,
    amount_fen: Fen,
    now: datetime,
) -> bool:
    """Book what a party owes its broker; the two pay each other. False when it is booked."""
    charge, fee = _brokers(broker_id, payer_id, commission_id)
    key = f"broker_fee.earn:{commission_id}"
    return await postings.transfer(session, actor, key, amount_fen, charge, fee, now)


async def clear_broker_fee(
    session: AsyncSession,
    actor: Actor,
    *,
    commission_id: UUID,
    broker_id: UUID,
    payer_id: UUID,
    amount_fen: Fen,
    now: datetime,
) -> bool:
    """Book that a broker was paid; False when that is booked."""
    charge, fee = _brokers(broker_id, payer_id, commission_id)
    key = f"broker_fee.clear:{commission_id}"
    return await postings.transfer(session, actor, key, amount_fen, fee, charge, now)
