"""A winner who does not sign or pay: default, the runner-up or a re-auction, and the shortfall."""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import (
    access,
    bidding,
    deciding,
    outcomes,
    repository,
    rules,
    scheduling,
    sealing,
)
from app.auctions.engine import decide as results
from app.auctions.engine.codes import Decides
from app.auctions.engine.profiles import PROFILES
from app.auctions.engine.terms import rules_of
from app.auctions.errors import NobodyLeft, NoDefault, NoRunnerUp
from app.auctions.live import LiveAuction
from app.auctions.models import Auction, AuctionAward
from app.auctions.states import AWARD_MOVES, AuctionState, AwardState, EventKind
from app.kit import audit, clock, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.errors import NotFound
from app.kit.ids import new_id
from app.kit.states import move
from app.listings import service as listings

Next = Literal["runner_up", "re_auction", "none"]
_DEFAULTED = "受让方悔拍,标的未成交"


async def default(
    session: AsyncSession,
    actor: Actor,
    auction_id: UUID,
    rank: int,
    *,
    reason: str,
    following: Next,
    commissions_fen: int,
) -> None:
    """Declare that a winner defaulted, and say who gets the object instead.

    `commissions_fen` are both commissions of the first sale, which the winner owes in any case, and
    the shortfall once a second price is known (拍卖法 art. 39). The deposit is forfeited, and the
    bidder does not bid again (法释〔2016〕18号 art. 24). Raises RoleRequired, NotFound, NoDefault,
    NoRunnerUp and NobodyLeft.
    """
    access.operator(actor)
    auction = await bidding.lock(session, auction_id)
    award = await outcomes.award(session, auction_id, rank)
    if auction is None or award is None:
        raise NotFound
    if auction.state != AuctionState.SOLD:
        raise NoDefault(state=auction.state)
    if award.state != AwardState.AWARDED:
        raise NoDefault(state=award.state)
    now = await clock.now(session)
    listing_id = await outcomes.listing_of(session, auction_id)
    award.state = move(AWARD_MOVES, AwardState(award.state), "default").value
    award.commissions_fen = commissions_fen
    audit.record(
        session,
        actor,
        "auction.default",
        "auction",
        auction_id,
        before={"award": award.id, "state": AwardState.AWARDED},
        after={"state": award.state, "reason": reason, "following": following},
        rule_set=auction.rule_set,
    )
    await session.flush()
    await jobs.defer(session, "deals.default", award_id=str(award.id), reason=reason)
    if following == "runner_up":
        await _award_runner_up(session, auction, award)
    elif following == "re_auction":
        await _auction_again(session, auction_id, award, now)
    elif not await outcomes.anything_sold(session, listing_id):
        await listings.reopen(session, SYSTEM, listing_id, now)
        await listings.record_failure(session, SYSTEM, listing_id, _DEFAULTED, now)


async def _award_runner_up(
    session: AsyncSession, auction: LiveAuction, award: AuctionAward
) -> None:
    """The next best bidder buys at the own bid; a runner-up has none."""
    if award.rank > 1 or auction.state_now.terms.profile.many_winners:
        raise NoRunnerUp
    result = results.result(auction.state_now, opened=await _reserve(session, auction.id))
    found = result.runner_up
    if found is None:
        raise NoRunnerUp
    number, amount_fen = int(found[0]), found[1]
    bidders = await outcomes.bidders_by_number(session, auction.id, {number})
    session.add(
        AuctionAward(
            id=new_id(),
            auction_id=auction.id,
            rank=award.rank + 1,
            bidder_id=bidders[number],
            number=number,
            quantity=award.quantity,
            lots=award.lots,
            price_fen=amount_fen,
            total_fen=amount_fen,
            state=AwardState.AWARDED.value,
            instead_of=award.id,
            shortfall_fen=deciding.shortfall_fen(auction, award.total_fen, amount_fen),
        )
    )
    await session.flush()
    await jobs.defer(session, "deals.record", auction_id=str(auction.id))


async def _reserve(session: AsyncSession, auction_id: UUID) -> tuple[int, str] | None:
    """The reserve that a sale met, which its record has published."""
    for event in await repository.events(session, auction_id):
        if event.kind == EventKind.SOLD and "reserve" in event.payload:
            opened: dict[str, Any] = event.payload["reserve"]
            return opened["reserve_fen"], opened["salt"]
    return None


async def _auction_again(
    session: AsyncSession, auction_id: UUID, award: AuctionAward, now: datetime
) -> None:
    """The same terms among those who never defaulted, for the same time, a day from now on.

    Only what the award was for is offered again. A secret reserve was opened by the first sale and
    is not used again; sealed bids are opened by the same, with a new key.
    """
    first = access.visible(await repository.auction(session, auction_id))
    out = await outcomes.defaulters(session, first.listing_id)
    bidders = [one for one in await outcomes.bidder_ids(session, auction_id) if one not in out]
    latest = await repository.auction_of_listing(session, first.listing_id)
    if not bidders or latest is None:
        raise NobodyLeft
    await listings.reopen(session, SYSTEM, first.listing_id, now)
    again = _next_round(first, award, now, latest.round + 1)
    if "priority" in first.terms:
        ranks = {int(number): rank for number, rank in first.terms["priority"].items()}
        holders = await outcomes.bidders_by_number(session, auction_id, ranks)
        given = {str(holder): ranks[number] for number, holder in holders.items()}
        again.terms = again.terms | {"priority": given}
    await scheduling.begin(session, again, bidders, now)


def _next_round(first: Auction, award: AuctionAward, now: datetime, number: int) -> Auction:
    profile = PROFILES[first.format]
    auction_id, opens_at = new_id(), now + timedelta(days=1)
    closes_at = opens_at + (first.planned_end - first.opens_at)
    given = {key: value for key, value in first.terms.items() if not key.startswith("reserve_")}
    given |= {"opens_at": rules.moment(opens_at)}
    if "closes_at" in given:
        given["closes_at"] = rules.moment(closes_at)
    if profile.decides is Decides.UNITS:
        given["units"] = award.quantity
        for limit in ("min_quantity", "max_quantity"):
            if limit in given:
                given[limit] = min(given[limit], award.quantity)
    if profile.decides is Decides.PACKAGES:
        given["lots"] = {lot: first.terms["lots"][lot] for lot in award.lots}
    auction = Auction(
        id=auction_id,
        listing_id=first.listing_id,
        round=number,
        seller_id=first.seller_id,
        format=first.format,
        terms=rules.terms_of(profile, rules_of(profile, given)),
        rule_set=first.rule_set,
        opens_at=opens_at,
    )
    if rules.is_sealed(profile) and first.custody is not None:
        openers = sealing.openers_of(first.custody)
        keys = sealing.new_keys(openers, auction_id=auction_id, not_before=closes_at)
        auction.public_key, auction.custody = keys.public_key, keys.custody
    return auction
