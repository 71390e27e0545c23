"""The state as it is kept between bids: it comes back whole, and holds nothing that is sealed."""

from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.auctions.engine import core, decide, standing
from app.auctions.engine.codes import Code, Kind
from app.auctions.engine.profiles import PROFILES
from app.auctions.engine.state import Event, State
from app.auctions.engine.terms import profile_of, rules_of
from tests.auctions.engine.play import HOUR, T0, at
from tests.auctions.engine.test_properties import CASES

ALL = CASES | {"package": ("package", {"lots": {"x": 900, "y": 950}})}
SEALED = [name for name, (code, _) in ALL.items() if "sealed" in PROFILES[code].phases[0].takes]
ANY_KIND = [Kind.BID] * 8 + [kind for kind in Kind if kind is not Kind.BID]
WITH_PAUSES = [Kind.BID] * 8 + [Kind.PAUSE, Kind.RESUME]


class Move(NamedTuple):
    """What happens next, and how many seconds later."""

    after_s: int
    kind: Kind
    bidder: str
    beyond: int
    quantity: int
    lots: tuple[str, ...]

    def event(self, state: State, seconds: int) -> Event:
        """It as an event, with an amount near the price."""
        profile = state.terms.profile.code
        return Event(
            at(seconds),
            self.bidder,
            (state.price_fen or 1_000) + state.terms.sign * self.beyond,
            self.kind,
            self.quantity,
            self.lots if profile == "package" else (),
            (("months", self.quantity),) if profile == "weighted" else (),
            self.after_s if self.kind is Kind.OUTAGE else 0,
        )


def histories(kinds: list[Kind], longest_s: int) -> st.SearchStrategy[list[Move]]:
    move = st.builds(
        Move,
        after_s=st.integers(0, longest_s),
        kind=st.sampled_from(kinds),
        bidder=st.sampled_from("abcd"),
        beyond=st.integers(-30, 60),
        quantity=st.integers(1, 4),
        lots=st.sampled_from([("x",), ("y",), ("x", "y")]),
    )
    return st.lists(move, max_size=30)


def first(name: str, *, hidden: bool = False) -> State:
    """An auction before its first event."""
    code, rules = ALL[name]
    times: dict[str, Any] = {"opens_at": T0, "closes_at": at(HOUR)}
    known = {field: times[field] for field in times if field in profile_of(code).fields}
    return core.start(profile_of(code), rules_of(profile_of(code), known | rules), hidden=hidden)


def kept(start: State, state: State) -> State:
    """The state after it was written and read again."""
    return standing.load(start, orjson.loads(orjson.dumps(standing.dump(state))))


def test_every_format_is_tried() -> None:
    assert {code for code, _ in ALL.values()} == set(PROFILES)
    assert {ALL[name][0] for name in SEALED} == {
        "sealed_once",
        "multi_round",
        "multi_unit",
        "weighted",
        "package",
    }


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("name", ALL)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_state_comes_back_as_it_was(name: str, hidden: bool, data: st.DataObject) -> None:
    start = state = first(name, hidden=hidden)
    seconds = -60
    for move in data.draw(histories(ANY_KIND, 700)):
        seconds += move.after_s
        state, _ = core.step(state, move.event(state, seconds))
        state = core.masked(state)
        assert kept(start, state) == state
    later = core.finish(state)
    assert kept(start, later) == later


@pytest.mark.parametrize("name", SEALED)
@given(history=histories(WITH_PAUSES, 150))
@settings(max_examples=40, deadline=None)
def test_bids_that_are_opened_come_to_what_they_would_have_been_unsealed(
    name: str, history: list[Move]
) -> None:
    plain, start = first(name), first(name, hidden=True)
    hidden = start
    codes: list[Code | None] = []
    sealed: list[Event] = []
    seconds = -60
    for move in history:
        seconds += move.after_s
        event = move.event(start, seconds)
        if event.at >= plain.ends_at and plain.paused_at is None:
            break
        plain, judged = core.step(plain, event)
        hidden, on_arrival = core.step(hidden, event)
        hidden = kept(start, core.masked(hidden))
        if on_arrival.accepted and event.kind is Kind.BID:
            sealed.append(event)
            codes.append(judged.code)
        else:  # what is refused unread is refused by what it says too, if by another rule
            assert (on_arrival.code is None) == (judged.code is None)
    if plain.paused_at is not None:
        resumed = Event(at(seconds), "", kind=Kind.RESUME)
        plain, hidden = core.step(plain, resumed)[0], core.step(hidden, resumed)[0]
    opened, judgements = core.unseal(hidden, sealed, hidden.ends_at)
    assert [judged.code for judged in judgements] == codes
    plain = core.advance(plain, plain.ends_at)
    assert opened._replace(terms=plain.terms, opened=False) == plain
    assert decide.result(opened) == decide.result(plain)


@pytest.mark.parametrize("name", SEALED)
@given(history=histories([Kind.BID], 100), more_fen=st.integers(1, 500))
@settings(max_examples=20, deadline=None)
def test_what_is_kept_of_sealed_bids_does_not_depend_on_what_they_say(
    name: str, history: list[Move], more_fen: int
) -> None:
    state = other = first(name, hidden=True)
    seconds = 0
    for move in history:
        seconds += move.after_s
        event = move.event(state, seconds)
        after, judged = core.step(state, event)
        if judged.accepted:
            better = event.amount_fen + state.terms.sign * more_fen
            state = core.masked(after)
            other, _ = core.step(other, event._replace(amount_fen=better))
            other = core.masked(other)
    assert standing.dump(state) == standing.dump(other)


def test_a_bid_of_the_moment_of_a_pause_that_was_taken_counts_when_it_is_opened() -> None:
    bid = Event(at(60), "a", 1_000)
    state, judged = core.step(first("second price", hidden=True), bid)
    assert judged.accepted
    for kind, seconds in ((Kind.PAUSE, 60), (Kind.RESUME, 90)):
        state, judged = core.step(core.masked(state), Event(at(seconds), "", kind=kind))
        assert judged.accepted
    opened, [judged] = core.unseal(state, [bid], state.ends_at)
    assert judged.accepted
    assert opened.last_pause == (at(60), at(90))
