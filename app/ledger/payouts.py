"""What becomes of a price that the platform holds: the seller's commission, and the rest paid out.

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
