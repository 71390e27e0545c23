"""The platform's hand on an auction: pause, resume, annul, and making up for an outage.

Every act needs a reason and is an event of the record (法释〔2016〕18号 art. 28, 31).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import access, bidding, deciding, outcomes, subjects
from app.auctions.engine import core
from app.auctions.engine.codes import Kind
from app.auctions.engine.state import Event
from app.auctions.live import EventRow, LiveAuction
from app.auctions.models import PlatformOutage
from app.auctions.states import DECIDED, MOVES, AuctionState, EventKind, Phase
from app.kit import audit, clock
from app.kit.actor import SYSTEM, Actor
from app.kit.errors import IllegalMove, NotFound
from app.kit.states import move

_ANNULLED = "竞价被撤销"


async def pause(session: AsyncSession, actor: Actor, auction_id: UUID, reason: str) -> None:
    """Stop an open auction's clock; raises RoleRequired, NotFound, IllegalMove."""
    await _operate(session, actor, auction_id, "pause", Kind.PAUSE, EventKind.PAUSED, reason)


async def resume(session: AsyncSession, actor: Actor, auction_id: UUID, reason: str) -> None:
    """Let a paused auction go on; its end moves by the length of the pause.

    Raises RoleRequired, NotFound and IllegalMove.
    """
    await _operate(session, actor, auction_id, "resume", Kind.RESUME, EventKind.RESUMED, reason)


async def annul(session: AsyncSession, actor: Actor, auction_id: UUID, reason: str) -> None:
    """Annul an auction, also one that was sold; its listing fails and its deals
    are cancelled, or its demand is published again.

    Raises RoleRequired, NotFound and IllegalMove.
    """
    sold = await _operate(
        session, actor, auction_id, "annul", Kind.ANNUL, EventKind.ANNULLED, reason
    )
    row = await outcomes.auction(session, auction_id)
    if sold:
        await subjects.annul(session, actor, row, reason)
        return
    await outcomes.forget_reserve(session, auction_id)
    await subjects.fail(session, row, f"{_ANNULLED}:{reason}", await clock.now(session))


async def _operate(
    session: AsyncSession,
    actor: Actor,
    auction_id: UUID,
    act: str,
    kind: Kind,
    event: EventKind,
    reason: str,
) -> bool:
    """Do an act of the operator; tells whether the auction was sold before."""
    access.operator(actor)
    auction = await bidding.lock(session, auction_id)
    if auction is None:
        raise NotFound
    now = await clock.now(session)
    before = auction.state
    auction.state = move(MOVES, AuctionState(before), act).value
    if kind is Kind.PAUSE and now >= auction.state_now.ends_at:
        # What was received before the end is still being decided; that must not be stopped.
        raise IllegalMove(state=Phase.CLOSING.value, act=act, allowed=["annul"])
    auction.state_now, _ = core.step(auction.state_now, Event(now, "", kind=kind))
    if auction.state in DECIDED:
        auction.decided_at = auction.decided_at or now
        auction.reason = reason
    ends_at = auction.state_now.ends_at
    deciding.note(session, actor, act, auction, before, reason=reason, ends_at=ends_at)
    await bidding.save(
        session, auction, bidding.link(auction, event, now, reason=reason, ends_at=ends_at)
    )
    return before == AuctionState.SOLD


async def outages(session: AsyncSession, _: datetime, limit: int) -> Sequence[UUID]:
    """Outages whose auctions have not been moved yet, the earliest first."""
    return await outcomes.open_outages(session, limit)


async def make_up(session: AsyncSession, outage_id: UUID, now: datetime) -> None:
    """Move the ends that fell into an outage, or shortly after it, out by its length (I-8).

    The engine says which ends those are; every move is an event of the auction's record.
    """
    outage = await outcomes.outage(session, outage_id)
    if outage is None or outage.handled_at is not None:
        return
    for auction_id in await outcomes.auctions_in(session, outage):
        auction = await bidding.lock(session, auction_id)
        if auction is None:
            continue
        events = []
        if auction.state == AuctionState.SCHEDULED and auction.opens_at < outage.ended_at:
            opened, opening = bidding.open_auction(auction)
            await audit.record_many(session, [opened])
            events.append(opening)
        if auction.state != AuctionState.OPEN:
            continue
        while core.ends_phase(auction.state_now, outage.began_at):  # it ended before, unnoticed
            auction.state_now = core.enter_next(auction.state_now)
            events.append(deciding.phase_event(auction, now))
        before = auction.state_now
        event = Event(outage.ended_at, "", kind=Kind.OUTAGE, seconds=outage.seconds)
        after, judged = core.step(before, event)
        if judged.code is None and after.shift != before.shift:
            auction.state_now = after
            events.append(_moved(session, auction, outage))
        await bidding.save(session, auction, *events)
    outage.handled_at = now
    await session.flush()


def _moved(session: AsyncSession, auction: LiveAuction, outage: PlatformOutage) -> EventRow:
    ends_at = auction.state_now.ends_at
    deciding.note(
        session, SYSTEM, "extend", auction, auction.state, outage=outage.id, ends_at=ends_at
    )
    return bidding.link(
        auction,
        EventKind.OUTAGE,
        outage.ended_at,
        began_at=outage.began_at,
        seconds=outage.seconds,
        ends_at=ends_at,
    )
