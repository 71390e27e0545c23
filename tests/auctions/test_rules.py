"""From a seller's plan to the engine's rules, the rule sets, and properties of every history."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.auctions import rules
from app.auctions.engine import core
from app.auctions.engine.codes import Code
from app.auctions.engine.profiles import PROFILES
from app.auctions.engine.state import Event, State
from app.auctions.engine.terms import BadRules, rules_of
from app.auctions.states import AuctionState, Phase

END = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
OPENS = END - timedelta(days=1)
OFFER = rules.Offer(price_fen=200_000_000, increment_fen=5_000_000, extension_s=300)
TERMS = [
    {"code": "price", "weight_bp": 6_000, "min": 0, "max": 900_000_000},
    {"code": "months", "weight_bp": 4_000, "min": 0, "max": 9, "lower": True},
]
PLANS: dict[str, dict[str, Any]] = {
    "ascending": {"proxy": True, "extensions_max": 3},
    "online_2016": {},
    "free_then_limited": {"confirm_s": 600},
    "sealed_once": {"payment": "second_price"},
    "descending": {"start_fen": 300_000_000, "decrement_fen": 10_000_000, "interval_s": 60},
    "multi_round": {"rounds": 2, "turn_s": 90},
    "multi_unit": {"units": 7, "max_quantity": 3},
    "weighted": {"terms": TERMS},
    "package": {"lots": {"a": 1_000, "b": 2_000}},
}


@pytest.mark.parametrize("code", PROFILES)
def test_a_plan_becomes_rules_that_are_published_and_read_back(code: str) -> None:
    profile, plan = PROFILES[code], PLANS[code]
    rules.check_plan(profile, plan, OFFER, OPENS)
    made = rules.complete(profile, plan, OFFER, OPENS, END)
    published = rules.terms_of(profile, made)
    assert rules_of(profile, published) == made
    assert rules.terms_of(profile, rules_of(profile, published)) == published
    assert published["opens_at"] == "2026-03-01T10:00:00.000000Z"
    assert published.items() >= plan.items()
    start = rules.start_of(code, published, hidden=False)
    assert start.terms.rules == made
    assert (start.from_at, start.phase) == (OPENS, 0)
    assert start.ends_at == (END if code != "descending" else OPENS + timedelta(minutes=11))


def test_what_a_plan_leaves_open_is_the_listings() -> None:
    made = rules.complete(PROFILES["ascending"], {}, OFFER, OPENS, END)
    assert (made.start_fen, made.increments, made.extension_s) == (200_000_000, 5_000_000, 300)
    assert (made.first_bid_at_start, made.closes_at) == (True, END)
    own = {"increments": [[0, 1_000_000]], "extension_s": 60}
    chosen = rules.complete(PROFILES["ascending"], own, OFFER, OPENS, END)
    assert (chosen.tiers, chosen.extension_s) == (((0, 1_000_000),), 60)
    clock = rules.complete(PROFILES["descending"], PLANS["descending"], OFFER, OPENS, END)
    assert (clock.start_fen, clock.stop_fen) == (300_000_000, 200_000_000)


@pytest.mark.parametrize(
    ("code", "plan", "field", "words"),
    [
        ("ascending", {"opens_at": "2026-03-02T10:00:00Z"}, "rules.opens_at", "a plan may set"),
        ("ascending", {"reserve_fen": 1}, "rules.reserve_fen", "a plan may set"),
        ("ascending", {"start_fen": 1}, "rules.start_fen", "must be the listing's price"),
        ("ascending", {"increments": 0}, "rules.increments", "greater than or equal to 1"),
        ("online_2016", {"extension_s": 60}, "rules.extension_s", "a plan may set"),
        ("multi_unit", {}, "rules.units", "needs it"),
        ("descending", {"start_fen": 1, "decrement_fen": 1, "interval_s": 1}, "rules", "stop_fen"),
    ],
)
def test_a_plan_that_cannot_be_held_is_refused_by_field(
    code: str, plan: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(BadRules) as refused:
        rules.check_plan(PROFILES[code], plan, OFFER, OPENS)
    named, said = refused.value.problems[0]
    assert named.startswith(field)
    assert words in said


def test_one_bid_at_the_start_price_is_in_time_from_the_opening_to_just_before_the_end() -> None:
    terms = rules.terms_of(
        PROFILES["ascending"], rules.complete(PROFILES["ascending"], {}, OFFER, OPENS, END)
    )
    start, tick = rules.start_of("ascending", terms, hidden=False), timedelta(microseconds=1)

    def judged(at: datetime) -> tuple[Code | None, datetime]:
        outcome = core.step(start, Event(at, "1", OFFER.price_fen))[1]
        return outcome.code, outcome.ends_at

    assert judged(OPENS - tick) == (Code.NOT_OPEN, END)
    assert judged(OPENS) == (None, END)
    assert judged(END - tick) == (None, END - tick + timedelta(seconds=300))
    assert judged(END) == (Code.CLOSED, END)
    assert rules.required_fen(start, Event(OPENS, "1")) == rules.asked_fen(start, None)
    assert rules.asked_fen(start, 200_000_000) == 205_000_000
    assert rules.step_fen(start, None) == 5_000_000


def test_the_rule_set_is_picked_by_the_day() -> None:
    picked = rules.rule_set_on(date(2026, 3, 2))
    assert (picked.code, picked.extension_s.value, picked.minimum_bidders.value) == (
        "ONLINE_2016",
        300,
        1,
    )
    with pytest.raises(LookupError):
        rules.rule_set_on(date(2016, 12, 31))
    assert rules.deviations(picked, 300, 24 * 60) == []
    assert rules.deviations(picked, 120, 24 * 60 - 1) == ["extension_s", "bidding_minutes"]


def test_bidding_time_is_not_shortened_when_the_platform_was_away() -> None:
    in_time = rules.schedule(END, 60, 1440, END + timedelta(seconds=2))
    assert in_time == (END + timedelta(hours=1), END + timedelta(hours=25))
    late = END + timedelta(hours=9)
    assert rules.schedule(END, 60, 1440, late) == (late, late + timedelta(days=1))


def test_the_phase_follows_the_clock_until_the_result() -> None:
    def phase(state: AuctionState, now: datetime) -> Phase:
        return rules.phase(state, OPENS, END, now)

    before = OPENS - timedelta(microseconds=1)
    assert phase(AuctionState.SCHEDULED, before) == Phase.SCHEDULED
    assert phase(AuctionState.SCHEDULED, OPENS) == Phase.OPEN
    assert phase(AuctionState.OPEN, END - timedelta(microseconds=1)) == Phase.OPEN
    assert phase(AuctionState.OPEN, END) == Phase.CLOSING
    assert phase(AuctionState.SOLD, END) == Phase.SOLD


def test_nothing_is_decided_before_the_drain_is_over() -> None:
    assert not rules.may_decide(END, END + rules.DRAIN - timedelta(microseconds=1))
    assert rules.may_decide(END, END + rules.DRAIN)


def test_a_phase_that_waits_is_named_by_its_state() -> None:
    for state in (AuctionState.PAUSED, AuctionState.OPENING, AuctionState.ANNULLED):
        assert rules.phase(state, OPENS, END, OPENS) == Phase(state.value)


@st.composite
def histories(draw: st.DrawFn) -> tuple[State, list[Event]]:
    """Terms and bids: mostly near the price and the end, and not always in order of receipt."""
    profile = PROFILES["ascending"]
    offer = rules.Offer(
        price_fen=draw(st.integers(0, 50)),
        increment_fen=draw(st.integers(1, 7)),
        extension_s=draw(st.integers(0, 300)),
    )
    at_start = draw(st.booleans())
    opens_at = END - timedelta(minutes=20)
    made = rules.complete(profile, {}, offer, opens_at, END, first_bid_at_start=at_start)
    bid = st.tuples(
        st.integers(-1500, 1500).map(lambda s: END + timedelta(seconds=s)),
        st.sampled_from("1234"),
        st.integers(0, 200),
    ).map(lambda one: Event(*one))
    bids = draw(st.lists(bid, max_size=30))
    if draw(st.booleans()):
        bids.sort(key=lambda one: one.at)
    return rules.start_of(profile.code, rules.terms_of(profile, made), hidden=False), bids


@given(histories())
@settings(max_examples=300, deadline=None)
def test_price_and_end_never_go_back_and_no_bid_is_taken_outside_its_time(
    history: tuple[State, list[Event]],
) -> None:
    state, bids = history
    for bid in bids:
        after, judged = core.step(state, bid)
        assert after.ends_at >= state.ends_at
        if judged.accepted:
            assert state.from_at <= bid.at < state.ends_at
            asked = rules.asked_fen(state, state.price_fen)
            assert asked is not None
            assert bid.amount_fen >= asked
            assert state.price_fen is None or bid.amount_fen > state.price_fen
            assert after.ends_at >= bid.at + state.terms.extension
            assert (after.price_fen, after.leader) == (bid.amount_fen, bid.bidder)
        else:
            assert after == state
        state = after


@given(histories())
@settings(max_examples=300, deadline=None)
def test_a_refusal_names_an_amount_that_is_accepted_and_nothing_smaller_is(
    history: tuple[State, list[Event]],
) -> None:
    state, bids = history
    for bid in bids:
        after, judged = core.step(state, bid)
        if judged.code in {Code.TOO_LOW, Code.OFF_STEP}:
            required = judged.required_fen
            assert required is not None
            assert core.step(state, bid._replace(amount_fen=required))[1].accepted
            for smaller in range(max(0, required - 2 * state.terms.steps[0]), required):
                assert not core.step(state, bid._replace(amount_fen=smaller))[1].accepted
        state = after


@given(histories())
@settings(max_examples=200, deadline=None)
def test_replay_without_the_refused_bids_gives_the_same_result(
    history: tuple[State, list[Event]],
) -> None:
    start, bids = history
    whole, kept = start, []
    for bid in bids:
        whole, judged = core.step(whole, bid)
        if judged.accepted:
            kept.append(bid)
    again = start
    for bid in kept:
        again, judged = core.step(again, bid)
        assert judged.accepted
    assert again == whole
    assert whole.price_fen == max((bid.amount_fen for bid in kept), default=None)
