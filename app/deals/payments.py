"""The price of a deal through the platform's account (rules.md C-17): paid in, and paid out.

The buyer's deposit was set off against the price when the contract was signed. What is missing can
be paid to the platform under a reference; an operator then takes the seller's commission off and
has the rest paid out. When a deal ends before that, what was paid goes back by itself.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.deals import access, repository, results, rules
from app.deals.errors import AlreadySettled, NotContracted, PricePaid
from app.deals.models import Deal
from app.deals.schemas import NewSettlement
from app.deals.states import RETURN_MOVES, DealState, PriceReturn
from app.kit import audit, calendar_store
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.errors import IllegalMove, NotFound
from app.kit.states import move
from app.ledger import service as ledger
from app.ledger.facts import DepositFacts
from app.ledger.states import Target
from app.listings import service as listings

PURPOSE = "deals"
LATE_TERM = timedelta(hours=24)
"""What is paid for a deal that ended, or was settled, is owed back within this."""


async def ask(session: AsyncSession, actor: Actor, deal_id: UUID) -> DepositFacts:
    """How the buyer pays what is missing of the price; the same reference every time.

    Raises NotFound, NotContracted, AlreadySettled and PricePaid.
    """
    deal = access.paying(actor, await repository.deal(session, deal_id, lock=True))
    _require_open(deal)
    known = await ledger.deposit_state(session, deal.id)
    if known is not None:
        return known
    held = await ledger.proceeds(session, deal.seller_id, await _purposes(session, deal))
    missing_fen = deal.price_fen - sum(held.values())
    if missing_fen <= 0:
        raise PricePaid
    return await ledger.expect_deposit(
        session,
        purpose_kind=PURPOSE,
        purpose_id=deal.id,
        payer_id=deal.buyer_id,
        amount_fen=missing_fen,
    )


async def received(session: AsyncSession, deal_id: UUID, now: datetime) -> None:
    """The rest of a price is there: the seller is owed it, unless the deal has ended since."""
    deal = await repository.deal(session, deal_id, lock=True)
    assert deal is not None
    if deal.state != DealState.CONTRACTED or deal.settled_at is not None:
        await ledger.release(
            session, SYSTEM, deal_id, reason="late", due_at=now + LATE_TERM, now=now
        )
        return
    found = await ledger.deposit_state(session, deal_id)
    assert found is not None
    await ledger.hold(session, SYSTEM, deal_id, now)
    await ledger.apply(
        session,
        SYSTEM,
        deal_id,
        amount_fen=found.amount_fen,
        target=Target.PRICE,
        beneficiary_id=deal.seller_id,
        now=now,
    )


async def settle(
    session: AsyncSession, actor: Actor, deal_id: UUID, new: NewSettlement, now: datetime
) -> Deal:
    """An operator pays out the price that the platform holds, less the seller's commission; once.

    Raises NotFound, RoleRequired, NotContracted, AlreadySettled, CommissionTooHigh,
    ProceedsTooSmall and NotShownByBank; nothing is written then.
    """
    access.require_operator(actor)
    deal = await repository.deal(session, deal_id, lock=True)
    if deal is None:
        raise NotFound
    _require_open(deal)
    rule_set = rules.rule_set_on(local_day(now))
    rules.check_commission(deal.price_fen, new.commission_fen, new.agreement, rule_set)
    calendar = await calendar_store.calendar(session)
    paid_fen = await ledger.pay_out(
        session,
        actor,
        key=f"deal:{deal.id}",
        seller_id=deal.seller_id,
        purpose_ids=await _purposes(session, deal),
        commission_fen=new.commission_fen,
        due_at=rules.publicity(now, rule_set.pay_out_working_days, calendar).ends_at,
        now=now,
    )
    deal.settled_at = now
    deal.seller_commission_fen = new.commission_fen
    deal.version += 1
    audit.record(
        session,
        actor,
        "deal.settle",
        "deal",
        deal.id,
        after={
            "commission_fen": new.commission_fen,
            "agreement": new.agreement,
            "paid_out_fen": paid_fen,
        },
        rule_set=rule_set.code,
        audience=access.parties_of(deal),
    )
    await session.flush()
    return deal


async def give_back(session: AsyncSession, actor: Actor, deal: Deal, now: datetime) -> None:
    """A deal ended after its contract was signed: what the platform holds of its price is owed back
    to who paid it (民法典 566). A price that was paid out already is an operator's to follow.

    The deal is locked, so that it is either paid out or given back, and each once.
    """
    if deal.settled_at is not None:
        deal.price_return = PriceReturn.BY_HAND.value
        await session.flush()
        return
    rule_set = rules.rule_set_on(local_day(now))
    calendar = await calendar_store.calendar(session)
    due_at = rules.publicity(now, rule_set.pay_out_working_days, calendar).ends_at
    owed_fen = await ledger.give_back_price(
        session,
        actor,
        key=f"deal:{deal.id}",
        seller_id=deal.seller_id,
        purpose_ids=await _purposes(session, deal),
        due_at=due_at,
        now=now,
    )
    # A part of the price, or one that is not set off yet, is on the account that it came to.
    await ledger.release(session, actor, deal.id, reason="deal_ended", due_at=due_at, now=now)
    if owed_fen:
        deal.price_return = PriceReturn.OWED.value
    await session.flush()


async def forfeit(
    session: AsyncSession, actor: Actor, deal: Deal, commissions_fen: int, now: datetime
) -> int:
    """The deposit of a buyer who defaults after the signature stays forfeited, as before it
    (法释〔2016〕18号 art. 24); gives what was taken of it for both commissions of the sale."""
    application_id = await listings.deposit_purpose(session, deal.listing_id, deal.buyer_id)
    if application_id is None or deal.settled_at is not None:
        return 0
    return await ledger.forfeit_price(
        session,
        actor,
        key=f"deal:{deal.id}",
        seller_id=deal.seller_id,
        purpose_id=application_id,
        commission_fen=commissions_fen,
        now=now,
    )


async def resolve(session: AsyncSession, actor: Actor, deal_id: UUID, note: str) -> Deal:
    """An operator notes how the parties settled a price that had been paid out when the deal ended.

    Raises NotFound, RoleRequired and IllegalMove.
    """
    access.require_operator(actor)
    deal = await repository.deal(session, deal_id, lock=True)
    if deal is None:
        raise NotFound
    before = deal.price_return
    if before is None:
        raise IllegalMove(state=deal.state, act="resolve", allowed=[])
    deal.price_return = move(RETURN_MOVES, PriceReturn(before), "resolve").value
    deal.note = note
    deal.version += 1
    results.record(
        session,
        actor,
        deal,
        "resolve_price",
        before={"price_return": before},
        after={"price_return": deal.price_return, "note": note},
    )
    await session.flush()
    return deal


def _require_open(deal: Deal) -> None:
    if deal.state != DealState.CONTRACTED:
        raise NotContracted(state=deal.state)
    if deal.settled_at is not None:
        raise AlreadySettled(settled_at=deal.settled_at.isoformat())


async def _purposes(session: AsyncSession, deal: Deal) -> list[UUID]:
    """What the price of a deal is held for: the deal itself, and the buyer's deposit."""
    application_id = await listings.deposit_purpose(session, deal.listing_id, deal.buyer_id)
    return [deal.id] if application_id is None else [deal.id, application_id]
