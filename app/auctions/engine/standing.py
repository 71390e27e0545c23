"""The state of an auction as plain JSON, and back: what is kept between two groups of bids.

Only what differs from the state at the start of a phase is written, so that an auction of open bids
takes some hundred bytes whatever its number of bids. Times are microseconds since 1970 in UTC.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.auctions.engine.state import Bid, Log, State

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLAIN = ("phase", "price_fen", "leader", "top_fen", "rival_fen", "accepted", "extensions")
_FLAGS = ("over", "annulled", "opened")


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    """The time, in UTC, of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)


def dump(state: State) -> dict[str, Any]:
    """A state as JSON; sealed bids are not in it unless they were opened (`core.masked`)."""
    found: dict[str, Any] = {"from": micros(state.from_at), "ends": micros(state.ends_at)}
    for name in _PLAIN:
        value = getattr(state, name)
        if value is not None and (value or name.endswith("_fen")):
            found[name] = value
    for name in _FLAGS:
        if getattr(state, name):
            found[name] = True
    for name in ("bidders", "admitted", "acted"):
        if value := getattr(state, name):
            found[name] = sorted(value)
    if state.runner_up is not None:
        found["runner_up"] = list(state.runner_up)
    if state.order:
        found["order"] = list(state.order)
    if state.held:
        found["held"] = dict(state.held)
    if len(state.kept):
        found["kept"] = [_dump_bid(bid) for bid in state.kept]
    return found | _dump_times(state)


def _dump_times(state: State) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if state.shift:
        found["shift"] = state.shift // _MICROSECOND
    if state.paused_at is not None:
        found["paused"] = micros(state.paused_at)
    if state.last_pause is not None:
        found["last_pause"] = [micros(one) for one in state.last_pause]
    return found


def load(start: State, found: dict[str, Any]) -> State:
    """The state that `dump` wrote; `start` is the auction's state at its start."""
    changes: dict[str, Any] = {
        "from_at": moment(found["from"]),
        "ends_at": moment(found["ends"]),
    }
    for name in (*_PLAIN, *_FLAGS, "held"):
        if name in found:
            changes[name] = found[name]
    for name in ("bidders", "admitted", "acted"):
        if name in found:
            changes[name] = frozenset(found[name])
    if "runner_up" in found:
        bidder, amount_fen = found["runner_up"]
        changes["runner_up"] = (bidder, amount_fen)
    if "order" in found:
        changes["order"] = tuple(found["order"])
    if "kept" in found:
        kept: Log[Bid] = Log([_load_bid(bid) for bid in found["kept"]], len(found["kept"]))
        changes["kept"] = kept
    if "shift" in found:
        changes["shift"] = timedelta(microseconds=found["shift"])
    if "paused" in found:
        changes["paused_at"] = moment(found["paused"])
    if "last_pause" in found:
        began, ended = found["last_pause"]
        changes["last_pause"] = (moment(began), moment(ended))
    return start._replace(**changes)


def _dump_bid(bid: Bid) -> list[Any]:
    return [
        bid.number,
        micros(bid.at),
        bid.bidder,
        bid.amount_fen,
        bid.quantity,
        list(bid.lots),
        [list(value) for value in bid.values],
    ]


def _load_bid(found: list[Any]) -> Bid:
    number, at, bidder, amount_fen, quantity, lots, values = found
    return Bid(
        number,
        moment(at),
        bidder,
        amount_fen,
        quantity,
        tuple(lots),
        tuple((name, value) for name, value in values),
    )
