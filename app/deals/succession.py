"""What follows an ended deal: the bidder who came next, the others bidding again, or nothing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import service as auctions
from app.auctions.errors import NoFurtherBidder
from app.deals import access, repository, results, rules
from app.deals.errors import NoRunnerUp, RunnerUpOfferClosed
from app.deals.models import Deal, RunnerUpOffer
from app.kit import audit, calendar_store
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.listings import endings
from app.listings import service as listings

_NO_DEPOSIT = "重新竞价前没有竞买人按期交纳保证金"
_NO_RUNNER_UPS_DEPOSIT = "递补竞买人未按期交纳保证金"


async def offer(session: AsyncSession, actor: Actor, deal: Deal, now: datetime) -> None:
    """Offer a defaulted deal to the next bidder of its auction; raises NoRunnerUp."""
    found = None
    if deal.auction_id is not None:
        out = await repository.buyers_of_auction(session, deal.auction_id)
        found = await auctions.runner_up(session, deal.auction_id, out)
    if found is None:
        raise NoRunnerUp(field="body.following")
    days = rules.rule_set_on(local_day(now)).runner_up_working_days
    period = rules.publicity(now, days, await calendar_store.calendar(session))
    offer = RunnerUpOffer(
        deal_id=deal.id,
        bidder_id=found.bidder_id,
        price_fen=found.price_fen,
        valid_until=period.ends_at,
    )
    session.add(offer)
    await session.flush()
    audit.record(
        session,
        actor,
        "runner_up.offer",
        "deal",
        deal.id,
        after={
            "bidder": offer.bidder_id,
            "price_fen": offer.price_fen,
            "valid_until": offer.valid_until,
        },
    )


async def offer_of(session: AsyncSession, actor: Actor, deal_id: UUID) -> RunnerUpOffer:
    """The offer that followed a default; raises NotFound."""
    deal = await repository.deal(session, deal_id)
    return access.offered(actor, deal, await repository.runner_up_offer(session, deal_id))


async def open_offers(session: AsyncSession, actor: Actor) -> Sequence[RunnerUpOffer]:
    """Defaulted deals that wait for the acting party's word."""
    if actor.party_id is None:
        return []
    return await repository.open_offers(session, actor.party_id)


async def answer(
    session: AsyncSession, actor: Actor, deal_id: UUID, now: datetime, *, accept: bool
) -> RunnerUpOffer:
    """The next bidder takes the deal, or declines it, which frees the right.

    A deposit that is still held is carried over, and the deal is concluded at once. One that was
    given back is asked for anew, within a dated term; the deal is concluded when it is there
    (rules.md C-14, C-15). Raises NotFound and RunnerUpOfferClosed.
    """
    deal = await repository.deal(session, deal_id, lock=True)
    offer = access.runner_up(actor, deal, await repository.runner_up_offer(session, deal_id))
    assert deal is not None
    if offer.decided_at is not None or now >= offer.valid_until:
        raise RunnerUpOfferClosed(valid_until=offer.valid_until.isoformat())
    await _decide(session, actor, deal, offer, now, accept)
    if not accept:
        return offer
    if not await listings.deposit_stands(session, deal.listing_id, offer.bidder_id):
        await _ask_deposit(session, actor, deal, offer, now)
    elif not await _conclude(session, actor, deal, offer, now):
        raise RunnerUpOfferClosed(valid_until=offer.valid_until.isoformat())
    return offer


async def _ask_deposit(
    session: AsyncSession, actor: Actor, deal: Deal, offer: RunnerUpOffer, now: datetime
) -> None:
    days = rules.rule_set_on(local_day(now)).new_deposit_working_days
    period = rules.publicity(now, days, await calendar_store.calendar(session))
    offer.deposit_due_at = period.ends_at
    await listings.ask_deposits_again(
        session, actor, deal.listing_id, [offer.bidder_id], period.ends_at
    )
    audit.record(
        session,
        actor,
        "runner_up.ask_deposit",
        "deal",
        deal.id,
        after={"bidder": offer.bidder_id, "deposit_due_at": offer.deposit_due_at},
    )
    await session.flush()


async def _conclude(
    session: AsyncSession, actor: Actor, deal: Deal, offer: RunnerUpOffer, now: datetime
) -> bool:
    """Conclude the next bidder's deal, and make it public anew; False when the listing has one."""
    assert deal.auction_id is not None  # only an auction has a runner-up
    listing = await listings.facts(session, deal.listing_id)
    deal.shortfall_fen = await auctions.shortfall(
        session, deal.auction_id, deal.price_fen, offer.price_fen
    )
    award_id = None
    if deal.award_id is not None:
        award_id = await auctions.succeed_award(
            session, deal.award_id, offer.bidder_id, offer.price_fen, deal.shortfall_fen
        )
    broker_id = await listings.applicants_broker(session, listing.id, offer.bidder_id)
    made = await results.conclude(
        session,
        actor,
        results.of_listing(listing)
        | {
            "auction_id": deal.auction_id,
            "award_id": award_id,
            "succeeds_id": deal.id,
            "buyer_id": offer.bidder_id,
            "buyer_broker_id": actor.organisation_id if actor.client_id else broker_id,
            "price_fen": offer.price_fen,
            "method": deal.method,
            "concluded_at": now,
        },
    )
    if made is not None:
        offer.concluded_at = now
        await session.flush()
    return made is not None


async def paid(session: AsyncSession, listing_id: UUID, bidder_id: UUID, now: datetime) -> None:
    """A new deposit of the next bidder is held: the deal that it accepted is concluded, once."""
    found = await repository.offer_unpaid(session, listing_id, bidder_id)
    if found is not None:
        await _settle_unpaid(session, found.deal_id, now)


async def lapse_unpaid(session: AsyncSession, deal_id: UUID, now: datetime) -> None:
    """The time for the next bidder's new deposit is over; without it the right is free again."""
    await _settle_unpaid(session, deal_id, now)


async def _settle_unpaid(session: AsyncSession, deal_id: UUID, now: datetime) -> None:
    """Conclude an accepted deal whose deposit is there; else end it once its time is over."""
    deal = await repository.deal(session, deal_id, lock=True)
    offer = await repository.runner_up_offer(session, deal_id, lock=True)
    assert deal is not None
    assert offer is not None
    if offer.deposit_due_at is None or offer.concluded_at or offer.lapsed_at:
        return
    if await listings.deposit_stands(session, deal.listing_id, offer.bidder_id):
        await _conclude(session, SYSTEM, deal, offer, now)
    elif offer.deposit_due_at <= now:
        offer.lapsed_at = now
        audit.record(
            session,
            SYSTEM,
            "runner_up.lapse_unpaid",
            "deal",
            deal.id,
            after={"bidder": offer.bidder_id, "deposit_due_at": offer.deposit_due_at},
        )
        await session.flush()
        await free(session, SYSTEM, deal.listing_id, _NO_RUNNER_UPS_DEPOSIT, now)


async def auction_again(session: AsyncSession, actor: Actor, deal: Deal, now: datetime) -> None:
    """Let the other bidders of a defaulted deal's auction bid again; raises NoFurtherBidder.

    Only those who defaulted are out; others who won keep what they won and may bid for the rest.
    Where the listing asks for deposits, those that were given back are asked for again first.
    """
    if deal.auction_id is None:
        raise NoFurtherBidder
    out = await repository.defaulters_of_listing(session, deal.listing_id)
    bidders = await auctions.others_of(session, deal.auction_id, out)
    if not bidders:
        raise NoFurtherBidder
    await listings.reopen(session, actor, deal.listing_id, now)
    listing = await listings.facts(session, deal.listing_id)
    if listing.deposit_fen == 0:
        await auctions.auction_again(session, deal.auction_id, bidders, now)
        return
    days = rules.rule_set_on(local_day(now)).new_deposit_working_days
    period = rules.publicity(now, days, await calendar_store.calendar(session))
    deal.auction_again_at = period.ends_at
    await listings.ask_deposits_again(session, actor, listing.id, bidders, period.ends_at)


async def begin_again(session: AsyncSession, deal_id: UUID, now: datetime) -> None:
    """The time for new deposits is over: those who paid bid again, or nobody does."""
    deal = await repository.deal(session, deal_id, lock=True, skip_locked=True)
    if deal is None or deal.auction_again_at is None or deal.auction_again_at > now:
        return
    assert deal.auction_id is not None
    deal.auction_again_at = None
    paid = await listings.qualified_bidders(session, deal.listing_id)
    out = await repository.defaulters_of_listing(session, deal.listing_id)
    others = await auctions.others_of(session, deal.auction_id, out)
    bidders = [bidder for bidder in others if bidder in paid]
    await session.flush()
    if bidders:
        await auctions.auction_again(session, deal.auction_id, bidders, now)
    else:
        await auctions.fail_again(session, deal.auction_id, _NO_DEPOSIT, now)


async def free(
    session: AsyncSession, actor: Actor, listing_id: UUID, reason: str, now: datetime
) -> None:
    """A deal ended: deposits of those without another one go back, and once no deal of the listing
    stands, the right is free. Nothing happens to a listing that is being auctioned again."""
    if not await endings.lock_award(session, listing_id):
        return
    standing = await repository.standing_buyers(session, listing_id)
    await listings.release_deposits(session, listing_id, standing, now, reason="cancelled")
    if not standing:
        await endings.annul_award(session, actor, listing_id, reason, now)


async def lapse(session: AsyncSession, deal_id: UUID, now: datetime) -> None:
    """End an offer to the runner-up that was not answered in time; the right is free again."""
    deal = await repository.deal(session, deal_id, lock=True, skip_locked=True)
    if deal is None:
        return
    offer = await repository.runner_up_offer(session, deal_id, lock=True)
    if offer is not None and offer.decided_at is None and offer.valid_until <= now:
        await _decide(session, SYSTEM, deal, offer, now, None)


async def _decide(
    session: AsyncSession,
    actor: Actor,
    deal: Deal,
    offer: RunnerUpOffer,
    now: datetime,
    accepted: bool | None,
) -> None:
    offer.decided_at, offer.accepted = now, accepted
    act = {True: "accept", False: "decline", None: "lapse"}[accepted]
    audit.record(
        session, actor, f"runner_up.{act}", "deal", deal.id, after={"bidder": offer.bidder_id}
    )
    await session.flush()
    if not accepted:
        await free(session, actor, deal.listing_id, deal.note or "", now)
