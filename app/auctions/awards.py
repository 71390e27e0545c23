"""A winner who does not sign or pay: who comes next, a re-auction, and the shortfall.

That a winner defaulted is said of the deal (`app.deals`); here stands what follows for the auction.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import access, outcomes, repository, rules, scheduling, sealing, subjects
from app.auctions.engine import aftermath
from app.auctions.engine import decide as results
from app.auctions.engine.codes import Decides
from app.auctions.engine.profiles import PROFILES
from app.auctions.engine.standing import load
from app.auctions.engine.terms import rules_of
from app.auctions.errors import DefaultOfDeal, NoFurtherBidder
from app.auctions.facts import RunnerUp
from app.auctions.models import Auction, AuctionAward
from app.auctions.states import AWARD_MOVES, AwardState, EventKind
from app.kit import audit
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.ids import new_id
from app.kit.states import move
from app.parties.states import Role


async def runner_up(
    session: AsyncSession, auction_id: UUID, out: Collection[UUID]
) -> RunnerUp | None:
    """Who comes next in a sold auction when those who are `out` do not perform; None for nobody.

    The price is that bidder's own best bid, never below a reserve. Auctions with several winners
    have no runner-up. Where scores decide, only the second best is asked.
    """
    auction = await outcomes.auction(session, auction_id)
    state = load(repository.first_state(auction), auction.standing)
    profile = state.terms.profile
    if profile.many_winners:
        return None
    reserve = await _reserve(session, auction_id)
    if profile.decides is Decides.SCORE:
        found = results.result(state, opened=reserve).runner_up
        if found is None:
            return None
        number, amount_fen = int(found[0]), found[1]
        bidder = (await outcomes.bidders_by_number(session, auction_id, {number}))[number]
        return None if bidder in out else RunnerUp(bidder, amount_fen)
    sign = state.terms.sign
    limit = None if reserve is None else reserve[0]
    best = await outcomes.next_best(session, auction_id, out, sign=sign, limit_fen=limit)
    return None if best is None else RunnerUp(*best)


async def _reserve(session: AsyncSession, auction_id: UUID) -> tuple[int, str] | None:
    """The reserve that a sale met, which its record has published."""
    for event in await repository.events(session, auction_id):
        if event.kind == EventKind.SOLD and "reserve" in event.payload:
            opened: dict[str, Any] = event.payload["reserve"]
            return opened["reserve_fen"], opened["salt"]
    return None


async def default(
    session: AsyncSession, actor: Actor, award_id: UUID, commissions_fen: int
) -> None:
    """Note that a winner defaulted; raises IllegalMove when that was noted before.

    `commissions_fen` are both commissions of the sale, which the winner owes in any case, and the
    shortfall once a worse second price is known (拍卖法 art. 39).
    """
    award = await outcomes.award(session, award_id)
    before = award.state
    award.state = move(AWARD_MOVES, AwardState(before), "default").value
    award.commissions_fen = commissions_fen
    audit.record(
        session,
        actor,
        "auction.default",
        "auction",
        award.auction_id,
        before={"award": award.id, "state": before},
        after={"state": award.state, "commissions_fen": commissions_fen},
        audience=access.audience(await outcomes.auction(session, award.auction_id)),
    )
    await session.flush()


async def default_of_supplier(
    session: AsyncSession,
    actor: Actor,
    auction_id: UUID,
    reason: str,
    commissions_fen: int,
    now: datetime,
) -> None:
    """An operator notes that the supplier who won a reverse auction does not perform.

    The demand is open again, for another auction among the other suppliers. Raises NotFound,
    DefaultOfDeal for the auction of a listing, and IllegalMove when nobody has won.
    """
    actor.require_role(Role.OPERATOR)
    actor.require_scope("trade")
    auction = await repository.auction(session, auction_id)
    if auction is None:
        raise NotFound
    if auction.demand_id is None:
        raise DefaultOfDeal
    await subjects.reopen_demand(session, actor, auction.demand_id, reason, now)
    [won] = (await outcomes.awards(session, [auction_id]))[auction_id]
    await default(session, actor, won.id, commissions_fen)


async def succeed(
    session: AsyncSession, award_id: UUID, bidder_id: UUID, price_fen: int, shortfall_fen: int
) -> UUID:
    """The runner-up takes the place of a winner who defaulted; gives the new award's id."""
    first = await outcomes.award(session, award_id)
    made = AuctionAward(
        id=new_id(),
        auction_id=first.auction_id,
        rank=first.rank + 1,
        bidder_id=bidder_id,
        number=await outcomes.number_of(session, first.auction_id, bidder_id),
        quantity=first.quantity,
        lots=first.lots,
        price_fen=price_fen,
        total_fen=price_fen,
        state=AwardState.AWARDED.value,
        instead_of=first.id,
        shortfall_fen=shortfall_fen,
    )
    session.add(made)
    await session.flush()
    return made.id


async def shortfall(
    session: AsyncSession, auction_id: UUID, first_fen: int, second_fen: int
) -> int:
    """What the first winner owes for the worse second price (D-11, TV-D2)."""
    sign = repository.first_state(await outcomes.auction(session, auction_id)).terms.sign
    return aftermath.default_of(first_fen, second_fen, (0, 0), sign).shortfall_fen


async def others_of(
    session: AsyncSession, auction_id: UUID, out: Collection[UUID]
) -> Sequence[UUID]:
    """The bidders of an auction but those who are `out`: a defaulted buyer does not bid again
    (法释〔2016〕18号 art. 24)."""
    return [one for one in await outcomes.bidder_ids(session, auction_id) if one not in out]


async def fail_again(session: AsyncSession, auction_id: UUID, reason: str, now: datetime) -> None:
    """A reopened listing is not auctioned again after all; what others won stays theirs."""
    await subjects.fail(session, await outcomes.auction(session, auction_id), reason, now)


async def auction_again(
    session: AsyncSession, auction_id: UUID, bidders: Sequence[UUID], now: datetime
) -> UUID:
    """Auction again among these bidders, on the same terms and for as long, from tomorrow on.

    The listing was reopened before. What others won stays theirs. A secret reserve was opened by
    the first sale and is not used again; sealed bids get a key of their own, which the same open.
    Gives the id of the new auction; raises NoFurtherBidder.
    """
    first = await outcomes.auction(session, auction_id)
    if not bidders or first.listing_id is None:
        raise NoFurtherBidder
    again = _next_round(first, await outcomes.unsold_again(session, auction_id), now)
    latest = await repository.auction_of_listing(session, first.listing_id)
    again.round = 1 + (first if latest is None else latest).round
    if "priority" in first.terms:
        ranks = {int(number): rank for number, rank in first.terms["priority"].items()}
        holders = await outcomes.bidders_by_number(session, auction_id, ranks)
        parties = {str(holder): ranks[number] for number, holder in holders.items()}
        again.terms = again.terms | {"priority": parties}
    await scheduling.begin(session, again, bidders, now)
    return again.id


def _next_round(first: Auction, unsold: Sequence[AuctionAward], now: datetime) -> Auction:
    profile = PROFILES[first.format]
    auction_id, opens_at = new_id(), now + timedelta(days=1)
    closes_at = opens_at + (first.planned_end - first.opens_at)
    given = {key: value for key, value in first.terms.items() if not key.startswith("reserve_")}
    given["opens_at"] = rules.moment(opens_at)
    if "closes_at" in given:
        given["closes_at"] = rules.moment(closes_at)
    if profile.decides is Decides.UNITS:
        left = given["units"] = sum(award.quantity for award in unsold)
        for limit in {"min_quantity", "max_quantity"} & given.keys():
            given[limit] = min(given[limit], left)
    if profile.decides is Decides.PACKAGES:
        lots = {lot for award in unsold for lot in award.lots}
        given["lots"] = {lot: fen for lot, fen in given["lots"].items() if lot in lots}
    auction = Auction(
        id=auction_id,
        listing_id=first.listing_id,
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
