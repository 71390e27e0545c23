"""A winner who does not sign or pay: default, the runner-up or a re-auction, and the shortfall."""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import access, bidding, outcomes, repository, rules, scheduling
from app.auctions.engine import aftermath
from app.auctions.engine import decide as results
from app.auctions.engine.profiles import PROFILES
from app.auctions.engine.terms import rules_of
from app.auctions.errors import DefaultOfDemand, NoDefault, NoRunnerUp
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
    bidder does not bid again (法释〔2016〕18号 art. 24). Raises RoleRequired, NotFound, NoDefault
    and NoRunnerUp.
    """
    access.operator(actor)
    auction = await bidding.lock(session, auction_id)
    award = await outcomes.award(session, auction_id, rank)
    if auction is None or award is None:
        raise NotFound
    row = await outcomes.auction(session, auction_id)
    if row.listing_id is None:
        raise DefaultOfDemand
    if award.state != AwardState.AWARDED or auction.state != AuctionState.SOLD:
        raise NoDefault(state=award.state)
    now = await clock.now(session)
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
        await _auction_again(session, row, award, now)
    else:
        await listings.reopen(session, SYSTEM, row.listing_id, now)
        await listings.record_failure(session, SYSTEM, row.listing_id, _DEFAULTED, now)


async def _award_runner_up(
    session: AsyncSession, auction: LiveAuction, award: AuctionAward
) -> None:
    """The next best bidder buys at the own bid; every bidder is asked once at most."""
    first = await outcomes.award(session, auction.id, 1)
    result = results.result(auction.state_now, opened=await _reserve(session, auction.id))
    found = result.runner_up
    if found is None or first is None or award.id != first.id:
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
            shortfall_fen=shortfall_fen(auction, award.total_fen, amount_fen),
        )
    )
    await session.flush()
    await jobs.defer(session, "deals.record", auction_id=str(auction.id))


def shortfall_fen(auction: LiveAuction, first_fen: int, second_fen: int) -> int:
    """What the first winner owes for the worse second price (D-11, TV-D2)."""
    sign = auction.state_now.terms.sign
    return aftermath.default_of(first_fen, second_fen, (0, 0), sign).shortfall_fen


async def _reserve(session: AsyncSession, auction_id: UUID) -> tuple[int, str] | None:
    """The reserve that a sale met, which its record has published."""
    for event in await repository.events(session, auction_id):
        if event.kind == EventKind.SOLD and "reserve" in event.payload:
            opened: dict[str, Any] = event.payload["reserve"]
            return opened["reserve_fen"], opened["salt"]
    return None


async def _auction_again(
    session: AsyncSession, first: Auction, award: AuctionAward, now: datetime
) -> None:
    """The same terms among the other bidders, for the same time, a day from now on.

    A secret reserve was opened by the first sale and is not used again.
    """
    assert first.listing_id is not None
    bidders = [
        bidder
        for bidder in await outcomes.bidder_ids(session, first.id)
        if bidder != award.bidder_id
    ]
    if not bidders:
        raise NoRunnerUp
    await listings.reopen(session, SYSTEM, first.listing_id, now)
    await scheduling.begin(session, _next_round(first, now), bidders, now)


def _next_round(first: Auction, now: datetime) -> Auction:
    profile = PROFILES[first.format]
    opens_at = now + timedelta(days=1)
    closes_at = opens_at + (first.planned_end - first.opens_at)
    given = {key: value for key, value in first.terms.items() if not key.startswith("reserve_")}
    given |= {"opens_at": rules.moment(opens_at)}
    if "closes_at" in given:
        given["closes_at"] = rules.moment(closes_at)
    terms = rules.terms_of(profile, rules_of(profile, given))
    return Auction(
        id=new_id(),
        listing_id=first.listing_id,
        round=first.round + 1,
        seller_id=first.seller_id,
        format=first.format,
        terms=terms,
        rule_set=first.rule_set,
        opens_at=opens_at,
    )
