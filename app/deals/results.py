"""How a result is written, whichever way it came about, and how a deal moves on."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.deals import access, repository, rules
from app.deals.models import Deal
from app.deals.states import MOVES, DealState
from app.kit import audit, calendar_store, clock, jobs
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.states import move
from app.listings.facts import ListingFacts
from app.negotiations import service as negotiations
from app.negotiations.facts import Brokerage


def of_listing(listing: ListingFacts) -> dict[str, Any]:
    """What a deal copies from its listing."""
    return {
        "listing_id": listing.id,
        "achievement_id": listing.achievement_id,
        "seller_id": listing.seller_id,
        "seller_broker_id": listing.broker_id,
        "transfer_mode": listing.transfer_mode,
        "license_manner": listing.license_manner,
        "title": listing.title,
    }


async def conclude(session: AsyncSession, actor: Actor, values: dict[str, Any]) -> Deal | None:
    """Write a deal and begin its publicity (rules.md C-19); None when it is there already."""
    now = await clock.now(session)
    rule_set = rules.rule_set_on(local_day(now))
    period = rules.publicity(
        now, rule_set.publicity_working_days, await calendar_store.calendar(session)
    )
    deal = await repository.record(
        session,
        values
        | {
            "state": DealState.CONCLUDED.value,
            "publicity_from": period.starts_on,
            "publicity_working_days": rule_set.publicity_working_days,
            "publicity_ends_at": period.ends_at,
            "publicity_provisional": period.provisional,
            "calendar_version": period.calendar_version,
            "rule_set": rule_set.code,
        },
    )
    if deal is None:
        return None
    audit.record(
        session,
        actor,
        "deal.conclude",
        "deal",
        deal.id,
        after={
            "state": deal.state,
            "method": deal.method,
            "auction": deal.auction_id,
            "negotiation": deal.negotiation_id,
            "succeeds": deal.succeeds_id,
            "seller": deal.seller_id,
            "buyer": deal.buyer_id,
            "price_fen": deal.price_fen,
            **deal.period(),
        },
        rule_set=deal.rule_set,
        audience=access.audience(deal.seller_id, deal.buyer_id),
    )
    await negotiations.promise_commissions(session, actor, brokerage(deal))
    await jobs.defer(session, "contracts.draft", deal_id=str(deal.id))
    await jobs.defer(session, "pricing.collect_deal", deal_id=str(deal.id))
    return deal


def record(
    session: AsyncSession,
    actor: Actor,
    deal: Deal,
    act: str,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Note an act that concerns the two parties alone."""
    audit.record(
        session,
        actor,
        f"deal.{act}",
        "deal",
        deal.id,
        before=before,
        after=after,
        rule_set=deal.rule_set,
        audience=access.parties_of(deal),
    )


async def end(
    session: AsyncSession,
    actor: Actor,
    deal: Deal,
    act: str,
    reason: str,
    now: datetime,
    **facts: Any,
) -> None:
    """End a deal: its state, its price as a comparable, and the commissions that it promised."""
    change(session, actor, deal, act, reason=reason, **facts)
    deal.note, deal.ended_at = reason, now
    await session.flush()
    await jobs.defer(session, "pricing.collect_deal", deal_id=str(deal.id))
    await negotiations.lapse_commissions(session, actor, deal.id, now)


def brokerage(deal: Deal) -> Brokerage:
    """A deal as its brokers' commissions depend on it."""
    return Brokerage(
        deal_id=deal.id,
        negotiation_id=deal.negotiation_id,
        seller_id=deal.seller_id,
        seller_broker_id=deal.seller_broker_id,
        buyer_id=deal.buyer_id,
        buyer_broker_id=deal.buyer_broker_id,
        price_fen=deal.price_fen,
        concluded_at=deal.concluded_at,
    )


def change(session: AsyncSession, actor: Actor, deal: Deal, act: str, **facts: Any) -> None:
    """Move a deal to its next state and note it; raises IllegalMove."""
    before = deal.state
    deal.state = move(MOVES, DealState(before), act).value
    deal.version += 1
    audit.record(
        session,
        actor,
        f"deal.{act}",
        "deal",
        deal.id,
        before={"state": before},
        after={"state": deal.state, **facts},
        rule_set=deal.rule_set,
        audience=access.audience(deal.seller_id, deal.buyer_id),
    )
