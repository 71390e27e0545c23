"""Deciding bids: a group that arrived together is decided together, in one transaction.

The auctions of the group are locked in the order of their ids, read anew, and every bid is judged
in the order of arrival by the engine and the time it was received at. All outcomes are written in
bulk. The row locks keep this right with any number of processes; the group makes it fast, and so
does that nothing here is an object of the ORM (ADR 0011).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import access, chain, rules, sealing
from app.auctions import live as live_rows
from app.auctions.engine import core, standing
from app.auctions.engine.codes import Code, Kind
from app.auctions.engine.state import Event, State
from app.auctions.errors import REFUSALS, AuctionClosed, BidRefused, RequestIdReused
from app.auctions.live import BidRow, EventRow, LiveAuction
from app.auctions.schemas import NewBid
from app.auctions.states import DECIDED, MOVES, AuctionState, EventKind, Phase
from app.kit import audit
from app.kit.actor import SYSTEM, Actor
from app.kit.db import raw_connection
from app.kit.errors import NotFound, Problem
from app.kit.states import move

_KNOWN_STARTS = 20_000
_PHASES = {
    Code.NOT_OPEN: Phase.SCHEDULED,
    Code.CLOSED: Phase.CLOSING,
    Code.PAUSED: Phase.PAUSED,
}
_ABOUT_AMOUNT = {Code.TOO_LOW, Code.TOO_HIGH, Code.OFF_STEP, Code.BELOW_MINIMUM}


class Offer(NamedTuple):
    """What a bidder says. `amount_fen` is the bid, the secret maximum, or the price of one unit."""

    amount_fen: int = 0
    act: Kind = Kind.BID
    quantity: int = 1
    lots: tuple[str, ...] = ()
    values: tuple[tuple[str, int], ...] = ()


def offer_of(new: NewBid) -> Offer:
    """What a bid says, from its wire shape."""
    return Offer(
        new.amount_fen or 0,
        Kind(new.act),
        new.quantity,
        tuple(new.lots),
        tuple(new.values.items()),
    )


class ReceivedBid(NamedTuple):
    """A bid that waits for its decision: whose, in which auction, what, since when."""

    actor: Actor
    party_id: UUID
    auction_id: UUID
    offer: Offer
    request_id: str
    received_at: datetime
    device: str | None = None

    @property
    def key(self) -> tuple[UUID, UUID, str]:
        """What makes it the same bid when it is sent again."""
        return self.auction_id, self.party_id, self.request_id


@dataclass(frozen=True)
class Outcome:
    """What became of a bid: its row, the least valid bid after it, or the refusal of the record."""

    bid: BidRow
    min_next_fen: int | None
    refusal: BidRefused | None


@dataclass(frozen=True)
class Later:
    """A bid for a phase that has not begun, because the one before it is not decided yet."""

    received_at: datetime


Answer = Outcome | Problem | Later

_starts: dict[UUID, State] = {}
"""First states of auctions; they never change, so a process keeps those it has seen."""


async def decide(session: AsyncSession, received: Sequence[ReceivedBid]) -> list[Answer]:
    """Decide bids in their order and record them; a Problem is an answer that is not recorded.

    Problems are NotFound, SellerMayNotBid, NotABidder, RequestIdReused, and AuctionClosed for a
    bid that comes when the auction is decided already.
    """
    connection = await raw_connection(session)
    live = await live_rows.lock_live(connection, {bid.auction_id for bid in received})
    await _read_starts(session, live)
    found = await live_rows.bidders_and_bids(connection, [bid.key for bid in received])
    group = _Group(live)
    outcomes = [group.answer(bid, *one) for bid, one in zip(received, found, strict=True)]
    await live_rows.insert_bids(connection, group.rows)
    await live_rows.insert_events(connection, group.openings)
    await audit.record_many(session, group.notes)
    await live_rows.update_live(connection, [_stored(live[key]) for key in group.changed])
    return outcomes


async def lock(session: AsyncSession, auction_id: UUID) -> LiveAuction | None:
    """One auction for an act that is no bid: locked, read anew, with its state loaded."""
    live = await live_rows.lock_live(await raw_connection(session), [auction_id])
    await _read_starts(session, live)
    return live.get(auction_id)


async def save(session: AsyncSession, auction: LiveAuction, *events: EventRow) -> None:
    """Write a locked auction as it stands now, with its new events, and tell who watches it."""
    connection = await raw_connection(session)
    await live_rows.insert_events(connection, events)
    await live_rows.update_live(connection, [_stored(auction)])


async def open_now(session: AsyncSession, auction: LiveAuction) -> None:
    """Open a locked auction whose time has come."""
    note, opening = open_auction(auction)
    await audit.record_many(session, [note])
    await save(session, auction, opening)


async def first_state(session: AsyncSession, auction_id: UUID) -> State:
    """The state of an auction that exists before its first event."""
    if auction_id not in _starts:
        await _learn(session, [auction_id])
    return _starts[auction_id]


async def _read_starts(session: AsyncSession, live: dict[UUID, LiveAuction]) -> None:
    unknown = [key for key in live if key not in _starts]
    if unknown:
        await _learn(session, unknown)
    for key, auction in live.items():
        auction.state_now = standing.load(_starts[key], auction.standing)


async def _learn(session: AsyncSession, auction_ids: Sequence[UUID]) -> None:
    for key, code, terms, sealed in await live_rows.terms(session, auction_ids):
        while len(_starts) >= _KNOWN_STARTS:
            del _starts[next(iter(_starts))]
        _starts[key] = rules.start_of(code, terms, hidden=sealed)


def _stored(auction: LiveAuction) -> LiveAuction:
    auction.standing = standing.dump(auction.state_now)
    return auction


class _Group:
    """One group's auctions, and what its bids do to them."""

    def __init__(self, auctions: dict[UUID, LiveAuction]) -> None:
        self.auctions = auctions
        self.decided_here: dict[tuple[UUID, UUID, str], BidRow] = {}
        self.rows: list[BidRow] = []
        self.openings: list[EventRow] = []
        self.notes: list[audit.Event] = []
        self.changed: dict[UUID, None] = {}

    def answer(self, received: ReceivedBid, number: int | None, earlier: BidRow | None) -> Answer:
        """Decide one bid; a refusal of access is given back, so that it spoils no other bid."""
        try:
            return self._decide(received, number, earlier)
        except Problem as problem:
            return problem

    def _decide(
        self, received: ReceivedBid, number: int | None, earlier: BidRow | None
    ) -> Outcome | Later:
        auction = self.auctions.get(received.auction_id)
        if auction is None:
            raise NotFound
        number = access.admitted(received.actor, auction.seller_id, number)
        earlier = earlier or self.decided_here.get(received.key)
        if earlier is not None:
            return outcome(_starts[auction.id], same(earlier, received.offer))
        state, at = auction.state_now, received.received_at
        if auction.state in DECIDED:
            raise AuctionClosed(**_facts(state, Code.CLOSED, at) | {"phase": auction.state})
        if core.ends_phase(state, at):
            return Later(at)
        if auction.state == AuctionState.SCHEDULED and auction.opens_at <= at:
            note, opening = open_auction(auction)
            self.notes.append(note)
            self.openings.append(opening)
        return self._record(auction, received, number)

    def _record(self, auction: LiveAuction, received: ReceivedBid, number: int) -> Outcome:
        offer, before = received.offer, auction.state_now
        event = Event(
            received.received_at,
            str(number),
            offer.amount_fen,
            offer.act,
            offer.quantity,
            offer.lots,
            offer.values,
        )
        after, judged = core.step(before, event)
        sealed = _seal(auction, received, number) if core.is_sealed(before) else None
        row = BidRow(
            auction_id=auction.id,
            sequence=auction.next_sequence,
            bidder_id=received.party_id,
            number=number,
            person_id=received.actor.person_id,
            agent_id=received.actor.organisation_id if received.actor.client_id else None,
            mandate_id=received.actor.mandate_id,
            device=received.device,
            act=offer.act.value,
            phase=judged.phase,
            amount_fen=offer.amount_fen if offer.act is Kind.BID and sealed is None else None,
            sealed=sealed,
            received_at=received.received_at,
            request_id=received.request_id,
            accepted=judged.code is None,
            refusal=None if judged.code is None else judged.code.value,
            required_fen=judged.required_fen,
            ends_at_after=after.ends_at,
            price_after_fen=after.price_fen,
            leader_after=None if after.leader is None else int(after.leader),
            digest=b"",
        )
        row.digest = auction.chain_head = chain.follow(auction.chain_head, chain.bid(row))
        auction.next_sequence += 1
        if judged.code is None:
            auction.state_now = core.masked(after)
            auction.bid_count += offer.act is Kind.BID
        self.rows.append(row)
        self.decided_here[received.key] = row
        self.changed[auction.id] = None
        return outcome(_starts[auction.id], row)


def _seal(auction: LiveAuction, received: ReceivedBid, number: int) -> bytes | None:
    """What a bid of a sealed phase says, encrypted before it is written anywhere."""
    if received.offer.act is not Kind.BID:
        return None
    assert auction.public_key is not None
    offer = received.offer
    bid = sealing.SealedBid(
        auction_id=auction.id,
        number=number,
        request_id=received.request_id,
        amount_fen=offer.amount_fen,
        quantity=offer.quantity,
        lots=offer.lots,
        values=dict(offer.values),
    )
    return sealing.seal(auction.public_key, bid, sealing.room(auction.state_now.terms.rules))


def same(earlier: BidRow, offer: Offer) -> BidRow:
    """The earlier bid under a request id, if it said the same; raises RequestIdReused.

    What a sealed bid said cannot be compared: its first answer stands.
    """
    if earlier.act != offer.act or (
        earlier.amount_fen is not None and earlier.amount_fen != offer.amount_fen
    ):
        raise RequestIdReused(field="body.request_id", amount_fen=earlier.amount_fen)
    return earlier


def open_auction(auction: LiveAuction) -> tuple[audit.Event, EventRow]:
    """Open an auction whose time has come; gives the events for the audit log and the record."""
    before = auction.state
    auction.state = move(MOVES, AuctionState(before), "open").value
    note = audit.Event(
        SYSTEM,
        "auction.open",
        "auction",
        auction.id,
        before={"state": before},
        after={"state": auction.state},
        rule_set=auction.rule_set,
        audience=access.audience(auction),
    )
    return note, link(auction, EventKind.OPENED, auction.opens_at)


class Chained(Protocol):
    """An auction whose chain grows; new ones are rows of the ORM."""

    id: Any
    chain_head: Any
    next_sequence: Any
    event_count: Any


def link(auction: Chained, kind: EventKind, at: datetime, **facts: Any) -> EventRow:
    """Put an event that is not a bid at the end of a locked auction's chain."""
    event = chain.other(kind.value, auction.next_sequence - 1, at, **facts)
    auction.chain_head = chain.follow(auction.chain_head, event)
    auction.event_count += 1
    return EventRow(
        auction.id,
        auction.event_count,
        auction.next_sequence - 1,
        kind.value,
        at,
        event,
        auction.chain_head,
    )


def outcome(start: State, bid: BidRow) -> Outcome:
    """Made of the bid's row and the auction's fixed terms alone, so that it never changes."""
    if bid.refusal is None:
        shown = bid.act == Kind.BID and bid.sealed is None
        asked = rules.asked_fen(start, bid.price_after_fen) if shown else None
        return Outcome(bid, asked, None)
    code = Code(bid.refusal)
    facts = _facts(start, code, bid.received_at) | {
        "required_fen": bid.required_fen,
        "increment_fen": rules.step_fen(start, bid.price_after_fen),
        "phase_name": bid.phase,
        "ends_at": bid.ends_at_after.isoformat(),
    }
    field = "body.amount_fen" if code in _ABOUT_AMOUNT else None
    return Outcome(bid, None, REFUSALS[code](field=field, sequence=bid.sequence, **facts))


def _facts(state: State, code: Code, at: datetime) -> dict[str, Any]:
    terms = state.terms
    return {
        "required_fen": None,
        "increment_fen": rules.step_fen(state, state.price_fen),
        "phase": _PHASES.get(code, Phase.OPEN).value,
        "phase_name": core.phase_name(state),
        "opens_at": terms.rules.opens_at.isoformat(),
        "ends_at": state.ends_at.isoformat(),
        "server_time": at.isoformat(),
    }
