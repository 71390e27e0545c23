"""What watchers of an auction are told: its events, each encoded once for everybody.

A feed is fed with readings of the record (`repository.read_on`) and does no I/O of its own.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Protocol
from uuid import UUID

import orjson

from app.auctions import rules
from app.auctions.engine import standing
from app.auctions.engine.codes import Kind
from app.auctions.engine.state import Event
from app.auctions.models import Auction
from app.auctions.repository import Reading, WatchedBid
from app.auctions.states import DECIDED, AuctionState, Phase

KEPT = 1024
"""Events of an auction that are kept; a watcher that is further behind is dropped."""
SIGN_OF_LIFE = b":\n\n"


def encode(event: str, data: Mapping[str, Any], event_id: int | None = None) -> bytes:
    """One event as it goes over the wire."""
    head = b"" if event_id is None else b"id: %d\n" % event_id
    return b"%sevent: %s\ndata: %s\n\n" % (head, event.encode(), orjson.dumps(data))


@dataclass(frozen=True)
class Place:
    """A place in the record, the accepted bids up to it, and the end after it."""

    sequence: int
    bid_count: int
    ends_at: datetime


def bid_event(reading: Reading, bid: WatchedBid, before: Place) -> tuple[bytes, Place]:
    """An accepted bid as an event, and the place after it.

    A sealed bid has no number and no amount in it, a secret maximum no amount. `bid_count` goes up
    by one from bid to bid: a watcher can check that nothing is missing.
    """
    place = Place(bid.sequence, before.bid_count + (bid.act == Kind.BID), bid.ends_at_after)
    start = reading.start
    sealed = bid.act == Kind.BID and bid.amount_fen is None
    data = {
        "sequence": bid.sequence,
        "state": AuctionState.OPEN.value,
        "act": bid.act,
        "number": None if sealed else bid.number,
        "amount_fen": None if start.terms.proxy else bid.amount_fen,
        "price_fen": bid.price_after_fen,
        "leading_number": bid.leader_after,
        "min_next_fen": rules.asked_fen(start, bid.price_after_fen),
        "bid_count": place.bid_count,
        "received_at": bid.received_at,
        "extended": bid.ends_at_after > before.ends_at,
        "ends_at": bid.ends_at_after,
        "server_time": reading.server_time,
    }
    return encode("bid", data, bid.sequence), place


def standing_event(event: str, reading: Reading, event_id: int | None = None) -> bytes:
    """How the auction stands, as a `state`, `opened`, `time` or `result` event."""
    auction = reading.auction
    now = reading.server_time
    phase = rules.phase(AuctionState(auction.state), auction.opens_at, auction.ends_at, now)
    leader = rules.shown_leader(reading.start, auction.state, auction.leading_number)
    data = {
        "sequence": auction.next_sequence - 1,
        "state": auction.state,
        "phase": phase.value,
        "phase_name": auction.phase,
        "number": leader,
        "leading_number": leader,
        "price_fen": auction.price_fen,
        "min_next_fen": _min_next_fen(reading, phase),
        "bid_count": auction.bid_count,
        "opens_at": auction.opens_at,
        "ends_at": auction.ends_at,
        "decided_at": auction.decided_at,
        "server_time": now,
    }
    return encode(event, data, event_id)


def _min_next_fen(reading: Reading, phase: Phase) -> int | None:
    if phase not in {Phase.SCHEDULED, Phase.OPEN}:
        return None
    state = standing.load(reading.start, reading.auction.standing)
    return rules.required_fen(state, Event(max(reading.server_time, state.from_at), ""))


class Watcher(Protocol):
    """Somebody who follows a feed."""

    def wake(self) -> None:
        """Look at the feed again."""


class Feed:
    """One watched auction in this process: its latest events, and who watches.

    Events are counted from the feed's beginning; `first` is the oldest that is still kept. All
    that is new after the place `complete_after` of the record is kept.
    """

    def __init__(self, auction_id: UUID) -> None:
        """An empty feed, of which nothing has been read."""
        self.auction_id = auction_id
        self.watchers: set[Watcher] = set()
        self.arriving = 0
        self.joining: list[asyncio.Future[None]] = []
        self.reading: Reading | None = None
        self.place: Place | None = None
        self.ended = False
        self.silent = True
        self.complete_after = 0
        self.first = 0
        self._events: deque[tuple[int, bytes]] = deque()
        self._chunks: dict[int, bytes] = {}

    @property
    def end(self) -> int:
        """The number that the next event will have."""
        return self.first + len(self._events)

    @property
    def used(self) -> bool:
        """Whether somebody watches or is about to."""
        return bool(self.watchers or self.arriving)

    def chunk(self, position: int) -> bytes:
        """All events from a position on; made once for everybody who is there."""
        found = self._chunks.get(position)
        if found is None:
            later = islice(self._events, position - self.first, None)
            found = self._chunks[position] = b"".join(event for _, event in later)
        return found

    def position_after(self, sequence: int) -> int:
        """Where somebody goes on who has seen everything up to a place of the record."""
        newer = 0
        for place, _ in reversed(self._events):
            if place <= sequence:
                break
            newer += 1
        return self.end - newer

    def take(self, reading: Reading) -> None:
        """Make events of what was read after `place`, which is where the last reading ended."""
        auction, before = reading.auction, self.reading
        self.reading = reading
        if before is None or self.place is None:
            self.place = Place(auction.next_sequence - 1, auction.bid_count, auction.ends_at)
            self.complete_after = self.place.sequence
        else:
            self._take_change(before.auction, reading)
        if AuctionState(auction.state) in DECIDED and not reading.more and not self.ended:
            self.ended = True
            beyond = auction.next_sequence
            self._add(beyond, standing_event("result", reading, beyond))

    def _take_change(self, before: Auction, reading: Reading) -> None:
        assert self.place is not None
        auction = reading.auction
        decided = AuctionState(auction.state) in DECIDED
        if before.state == AuctionState.SCHEDULED and auction.state != AuctionState.SCHEDULED:
            self._add(self.place.sequence, standing_event("opened", reading))
        for bid in reading.bids:
            event, self.place = bid_event(reading, bid, self.place)
            self._add(bid.sequence, event)
        if reading.more:
            return
        # What no bid says: a pause, another phase, an end that was moved.
        turned = before.state not in {AuctionState.SCHEDULED, auction.state}
        moved = turned or before.phase != auction.phase or self.place.ends_at != auction.ends_at
        self.place = Place(auction.next_sequence - 1, auction.bid_count, auction.ends_at)
        if moved and not decided:
            self._add(self.place.sequence, standing_event("state", reading))

    def beat(self, *, knows_time: bool) -> None:
        """Tell the time to those who heard nothing since the last beat."""
        if self.silent and self.reading is not None and self.place is not None and not self.ended:
            event = standing_event("time", self.reading) if knows_time else SIGN_OF_LIFE
            self._add(self.place.sequence, event)
        self.silent = True

    def _add(self, sequence: int, event: bytes) -> None:
        self.silent = False
        self._chunks.clear()
        self._events.append((sequence, event))
        if len(self._events) > KEPT:
            self.complete_after, _ = self._events.popleft()
            self.first += 1
