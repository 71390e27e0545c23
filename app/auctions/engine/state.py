"""What the engine works on: events, the state of an auction, and its answers.

They are named tuples because a step is on the hot path: thousands of bids a second, each a new
state. No value is ever changed in place.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from app.auctions.engine.codes import Admits, Code, Ends, Kind, Reason, Verdict
from app.auctions.engine.profiles import Profile
from app.auctions.engine.terms import Rules

T = TypeVar("T")


class Log(Generic[T]):
    """An immutable sequence that grows in O(1).

    Logs that grew from one another share one list; a log sees only its own first part of it.
    """

    __slots__ = ("_items", "_length")

    def __init__(self, items: list[T] | None = None, length: int = 0) -> None:
        self._items: list[T] = [] if items is None else items
        self._length = length

    def plus(self, item: T) -> "Log[T]":
        """This log and one more item."""
        items = self._items
        if len(items) != self._length:  # another log has already grown from here
            items = items[: self._length]
        items.append(item)
        return Log(items, self._length + 1)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return iter(self._items[: self._length])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Log) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


class Event(NamedTuple):
    """Something that was received at `at` (aware). Amounts in fen.

    `amount_fen` is the bid, the maximum (proxy), the price of one unit, or what the taker of a
    clock's price agrees to at most (reverse: at least). `seconds` is how long an outage was.
    """

    at: datetime
    bidder: str
    amount_fen: int = 0
    kind: Kind = Kind.BID
    quantity: int = 1
    lots: tuple[str, ...] = ()
    values: tuple[tuple[str, int], ...] = ()
    seconds: int = 0


class Bid(NamedTuple):
    """A bid that is kept until the decision; `number` is its place in the order of acceptance."""

    number: int
    at: datetime
    bidder: str
    amount_fen: int
    quantity: int
    lots: tuple[str, ...]
    values: tuple[tuple[str, int], ...]


class Plan(NamedTuple):
    """A phase, laid out for the hot path: looking an enum up in a table costs more than a bid."""

    name: str
    ends: Ends
    admits: Admits
    listed_only: bool  # whether `State.admitted` lists who may act
    sealed: bool
    kinds: tuple[Kind, ...]
    take: "Callable[[State, Event], tuple[State, Code | None]]"
    required: "Callable[[State, Event], int | None]"


class Terms(NamedTuple):
    """Profile and rules, laid out for the hot path."""

    profile: Profile
    rules: Rules
    sign: int
    froms: tuple[int, ...]
    steps: tuple[int, ...]
    start_fen: int
    floor_fen: int  # the least amount that counts when received; only a published one
    multiples: bool
    at_start: bool
    proxy: bool
    extension: timedelta
    extensions_max: int | None
    latest_end_at: datetime | None
    priority: dict[str, int]
    minimum_bidders: int
    plans: tuple[Plan, ...]
    last_phase: int
    hidden: bool  # sealed amounts stay unread until `core.unseal`
    ladder: bool  # bids rise (reverse: fall) in the open, step by step
    notes_bidders: bool  # every bidder is noted, because a later phase admits who bid


class State(NamedTuple):
    """An auction between two events. `phase` counts from 0; after the last one it is over.

    `price_fen` is what everybody sees. `top_fen` and `rival_fen` are the greatest and the second
    maximum of proxy bidding and must not be shown. `runner_up` is the best other bidder. `held`
    counts the sealed units of each bidder, `order` is who confirmed or the order of turns. `kept`
    holds sealed bids and bids in turn. `shift` is how far pauses and outages moved the end.
    """

    terms: Terms
    phase: int
    from_at: datetime
    ends_at: datetime
    price_fen: int | None = None
    leader: str | None = None
    top_fen: int | None = None
    rival_fen: int | None = None
    runner_up: tuple[str, int] | None = None
    accepted: int = 0
    extensions: int = 0
    bidders: frozenset[str] = frozenset()
    admitted: frozenset[str] = frozenset()
    held: Mapping[str, int] = MappingProxyType({})
    kept: Log[Bid] = Log()
    order: tuple[str, ...] = ()
    acted: frozenset[int] = frozenset()  # the turns of this phase in which their bidders acted
    shift: timedelta = timedelta(0)
    paused_at: datetime | None = None
    last_pause: tuple[datetime, datetime] | None = None
    opened: bool = False  # the sealed amounts have been read
    over: bool = False
    annulled: bool = False


class Outcome(NamedTuple):
    """The answer to an event.

    A refusal has the code of its rule and `required_fen`: the smallest amount that would be valid
    now for this bidder (reverse: the largest), None when no amount would be. `ends_at` is the end
    of the phase after the event.
    """

    code: Code | None
    required_fen: int | None
    phase: str
    price_fen: int | None
    ends_at: datetime

    @property
    def accepted(self) -> bool:
        """Whether the event took effect."""
        return self.code is None


class Award(NamedTuple):
    """What one bidder gets and pays: `price_fen` for one unit, `total_fen` for all of it."""

    bidder: str
    quantity: int
    price_fen: int
    total_fen: int
    bid_fen: int
    lots: tuple[str, ...] = ()
    score: int | None = None


class Result(NamedTuple):
    """What an auction came to. A reserve that was not met is not in it (拍卖法 art. 28, TV-D4)."""

    state: Verdict
    reason: Reason | None
    awards: tuple[Award, ...]
    ended_at: datetime | None
    runner_up: tuple[str, int] | None = None
    proof: dict[str, Any] | None = None
