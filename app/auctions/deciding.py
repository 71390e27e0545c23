"""What happens at the end of a phase: the next one, the opening of sealed bids, or the result.

Every function works on one auction that its caller has locked and read anew.
"""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import access, bidding, outcomes, repository, rules, subjects
from app.auctions.engine import aftermath, core
from app.auctions.engine import decide as results
from app.auctions.engine.codes import Verdict
from app.auctions.engine.state import Award, Result
from app.auctions.live import EventRow, LiveAuction
from app.auctions.models import AuctionAward
from app.auctions.states import MOVES, AuctionState, AwardState, EventKind
from app.kit import audit, clock, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.ids import new_id
from app.kit.states import move

Reserve = tuple[int, str]
"""A secret reserve in fen, and the salt of its commitment."""

FAILURES = {
    "no_valid_bid": "竞价期内无人有效出价",
    "reserve_not_met": "最高报价未达到保留价",
    "too_few_bidders": "有效出价的竞买人不足规定人数",
}


async def settle(session: AsyncSession, auction_id: UUID) -> None:
    """End a phase whose time has come; exactly once, whoever comes.

    It locks the row, reads the end anew, for a bid may have moved it, and then the clock. It leaves
    the auction to a later tick while a bid received before the end may still come into the record.
    """
    auction = await bidding.lock(session, auction_id)
    now = await clock.now(session)
    if (
        auction is None
        or auction.state != AuctionState.OPEN
        or not rules.may_decide(auction.state_now.ends_at, now)
        or await repository.must_wait(session, auction.state_now.ends_at)
    ):
        return
    if _needs_key(auction):
        await _await_opening(session, auction)
    elif core.ends_phase(auction.state_now, now):
        auction.state_now = core.enter_next(auction.state_now)
        if not auction.state_now.over:
            await bidding.save(session, auction, phase_event(auction, now))
        elif has_reserve(auction):
            await _await_opening(session, auction)
        else:
            await decide(session, SYSTEM, auction, now)
    else:
        await decide(session, SYSTEM, auction, now)


def _needs_key(auction: LiveAuction) -> bool:
    """Whether bids or the reserve must be opened before the auction can go on."""
    state = auction.state_now
    if core.is_sealed(state):
        return True
    return state.phase == state.terms.last_phase and has_reserve(auction)


def has_reserve(auction: LiveAuction) -> bool:
    """Whether the seller committed to a secret reserve."""
    return auction.state_now.terms.rules.reserve_commitment is not None


async def _await_opening(session: AsyncSession, auction: LiveAuction) -> None:
    before = auction.state
    auction.state = move(MOVES, AuctionState(before), "await_opening").value
    note(session, SYSTEM, "await_opening", auction, before, ends_at=auction.state_now.ends_at)
    await bidding.save(session, auction)
    if await outcomes.is_ephemeral(session, auction.id):
        await jobs.defer(session, "auctions.open_ephemeral", auction_id=str(auction.id))


def phase_event(auction: LiveAuction, now: datetime) -> EventRow:
    """The event that tells of a phase which begins; turns name the bidders in their order."""
    state = auction.state_now
    return bidding.link(
        auction,
        EventKind.PHASE,
        now,
        phase=core.phase_name(state),
        begins_at=state.from_at,
        ends_at=state.ends_at,
        turns=[int(number) for number in state.order],
    )


async def decide(
    session: AsyncSession,
    actor: Actor,
    auction: LiveAuction,
    now: datetime,
    reserve: Reserve | None = None,
    *earlier: EventRow,
) -> None:
    """Write what the auction came to: its last event, the awards, and what follows from them.

    `earlier` are events of the same act that are not written yet. Raises ReserveSealed.
    """
    # An exact combination may take the solver seconds, in which others must have their turns.
    result = await asyncio.to_thread(results.result, auction.state_now, opened=reserve)
    before = auction.state
    sold = result.state is Verdict.SOLD
    auction.state = move(MOVES, AuctionState(before), "sell" if sold else "fail").value
    auction.decided_at = now
    auction.reason = None if result.reason is None else result.reason.value
    ended_at = result.ended_at or auction.state_now.ends_at
    if sold:
        _lead(auction, result)
    kind = EventKind.SOLD if sold else EventKind.FAILED
    event = bidding.link(
        auction, kind, now, ends_at=ended_at, **outcome_facts(result, reserve if sold else None)
    )
    awards = [_award(auction.id, rank, award) for rank, award in enumerate(result.awards, start=1)]
    numbers = {award.number for award in awards}
    bidders = await outcomes.bidders_by_number(session, auction.id, numbers)
    for award in awards:
        award.bidder_id = bidders[award.number]
    if sold and (before_it := await outcomes.defaulted_before(session, auction.id)) is not None:
        awards[0].instead_of = before_it.id
        sign = auction.state_now.terms.sign
        default = aftermath.default_of(before_it.total_fen, awards[0].total_fen, (0, 0), sign)
        awards[0].shortfall_fen = default.shortfall_fen
    session.add_all(awards)
    await bidding.save(session, auction, *earlier, event)
    note(
        session,
        actor,
        "sell" if sold else "fail",
        auction,
        before,
        price_fen=auction.price_fen,
        winners=[str(award.bidder_id) for award in awards],
        reason=auction.reason,
        ends_at=ended_at,
    )
    await session.flush()
    row = await outcomes.auction(session, auction.id)
    if sold:
        await subjects.award(session, row, awards, now)
    else:
        await subjects.fail(session, row, FAILURES[auction.reason or "no_valid_bid"], now)


def _lead(auction: LiveAuction, result: Result) -> None:
    """Show the price that is paid, and the winner's number where there is one winner."""
    first = result.awards[0]
    alone = len(result.awards) == 1
    auction.state_now = auction.state_now._replace(
        price_fen=first.price_fen if alone else sum(one.total_fen for one in result.awards),
        leader=first.bidder,
    )


def outcome_facts(result: Result, reserve: Reserve | None) -> dict[str, Any]:
    """What the last event of a record says; a reserve that was not met is not in it (TV-D4)."""
    awards = result.awards
    facts: dict[str, Any] = {
        "number": int(awards[0].bidder) if len(awards) == 1 else None,
        "price_fen": awards[0].price_fen if len(awards) == 1 else None,
        "awards": [_award_facts(award) for award in awards],
    }
    if result.reason is not None:
        facts["reason"] = result.reason.value
    if reserve is not None:
        facts["reserve"] = {"reserve_fen": reserve[0], "salt": reserve[1]}
    if result.proof is not None:
        facts["proof"] = result.proof
    return facts


def _award_facts(award: Award) -> dict[str, Any]:
    return {
        "number": int(award.bidder),
        "quantity": award.quantity,
        "lots": list(award.lots),
        "price_fen": award.price_fen,
        "total_fen": award.total_fen,
        "score": award.score,
    }


def _award(auction_id: UUID, rank: int, award: Award) -> AuctionAward:
    return AuctionAward(
        id=new_id(),
        auction_id=auction_id,
        rank=rank,
        number=int(award.bidder),
        quantity=award.quantity,
        lots=list(award.lots),
        price_fen=award.price_fen,
        total_fen=award.total_fen,
        score=award.score,
        state=AwardState.AWARDED.value,
    )


def note(
    session: AsyncSession, actor: Actor, act: str, auction: LiveAuction, before: str, **facts: Any
) -> None:
    """Note an act on an auction in the audit log."""
    audit.record(
        session,
        actor,
        f"auction.{act}",
        "auction",
        auction.id,
        before={"state": before},
        after={"state": auction.state, **facts},
        rule_set=auction.rule_set,
        audience=access.audience(auction),
    )
