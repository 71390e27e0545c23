"""Bidding as pure rules: the vectors of rules.md section 5, and properties of every history."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.auctions import rules
from app.auctions.rules import Accepted, BiddingState, ReceivedBid, Refused
from app.auctions.states import AuctionState, Phase, Refusal

END = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
STATE = BiddingState(
    start_fen=200_000_000,
    increment_fen=5_000_000,
    extension_s=300,
    first_bid_at_start=True,
    opens_at=END - timedelta(days=1),
    ends_at=END,
)


def at(clock: str) -> datetime:
    hour, minute, second = (int(part) for part in clock.split(":"))
    return END.replace(hour=hour, minute=minute, second=second)


def test_tv_d5_a_bid_in_the_last_five_minutes_moves_the_end() -> None:
    times = ("09:54:59", "09:55:00", "09:56:30", "10:01:00", "10:06:00")
    bids = [
        ReceivedBid(1 + place % 2, STATE.start_fen + place * STATE.increment_fen, at(time))
        for place, time in enumerate(times)
    ]
    result = rules.replay(STATE, bids)
    assert result.decisions == (
        Accepted(at("10:00:00")),
        Accepted(at("10:00:00")),
        Accepted(at("10:01:30")),
        Accepted(at("10:06:00")),
        Refused(Refusal.CLOSED, None),
    )
    assert (result.winner, result.price_fen) == (bids[3].number, bids[3].amount_fen)
    assert result.ended_at == at("10:06:00")


def test_tv_d8_only_multiples_of_the_step_above_the_price() -> None:
    yuan = (2_000_000, 2_030_000, 2_050_000, 2_050_000, 2_200_000)
    bids = [ReceivedBid(1, amount * 100, at("09:00:00")) for amount in yuan]
    result = rules.replay(STATE, bids)
    ends = Accepted(END)
    assert result.decisions == (
        ends,
        Refused(Refusal.OFF_STEP, 205_000_000),
        ends,
        Refused(Refusal.TOO_LOW, 210_000_000),
        ends,
    )
    assert result.price_fen == 220_000_000


def test_tv_d9_every_bid_resets_a_countdown_of_300_seconds() -> None:
    state = replace(STATE, opens_at=END, ends_at=END + timedelta(seconds=300))
    bids = [
        ReceivedBid(1, STATE.start_fen + place * STATE.increment_fen, END + timedelta(seconds=s))
        for place, s in enumerate((0, 200, 450))
    ]
    assert rules.replay(state, bids).ended_at == END + timedelta(seconds=750)


def test_the_end_itself_is_too_late_and_the_opening_itself_is_in_time() -> None:
    tick = timedelta(microseconds=1)
    first = STATE.start_fen
    assert rules.decide_bid(STATE, first, END) == Refused(Refusal.CLOSED, None)
    assert rules.decide_bid(STATE, first, END - tick) == Accepted(
        END - tick + timedelta(seconds=300)
    )
    assert rules.decide_bid(STATE, first, STATE.opens_at) == Accepted(END)
    assert rules.decide_bid(STATE, first, STATE.opens_at - tick) == Refused(Refusal.NOT_OPEN, first)


def test_the_first_bid_below_the_start_is_too_low_and_above_it_keeps_the_step() -> None:
    start, step, time = STATE.start_fen, STATE.increment_fen, at("09:00:00")
    assert rules.decide_bid(STATE, start - step, time) == Refused(Refusal.TOO_LOW, start)
    assert rules.decide_bid(STATE, start + 1, time) == Refused(Refusal.OFF_STEP, start)
    assert rules.decide_bid(STATE, start + 7 * step, time) == Accepted(END)
    above = replace(STATE, first_bid_at_start=False)
    assert rules.decide_bid(above, start, time) == Refused(Refusal.TOO_LOW, start + step)
    assert rules.decide_bid(above, start + step, time) == Accepted(END)


def test_one_bid_at_the_start_price_sells_and_none_fails() -> None:
    assert rules.result_act(STATE.start_fen) == "sell"
    assert rules.result_act(None) == "fail"


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
        return rules.phase(state, STATE.opens_at, END, now)

    before = STATE.opens_at - timedelta(microseconds=1)
    assert phase(AuctionState.SCHEDULED, before) == Phase.SCHEDULED
    assert phase(AuctionState.SCHEDULED, STATE.opens_at) == Phase.OPEN
    assert phase(AuctionState.OPEN, END - timedelta(microseconds=1)) == Phase.OPEN
    assert phase(AuctionState.OPEN, END) == Phase.CLOSING
    assert phase(AuctionState.SOLD, END) == Phase.SOLD


def test_nothing_is_decided_before_the_drain_is_over() -> None:
    assert not rules.may_decide(END, END + rules.DRAIN - timedelta(microseconds=1))
    assert rules.may_decide(END, END + rules.DRAIN)


@st.composite
def histories(draw: st.DrawFn) -> tuple[BiddingState, list[ReceivedBid]]:
    """Terms and bids: mostly near the price and the end, and not always in order of receipt."""
    state = BiddingState(
        start_fen=draw(st.integers(0, 50)),
        increment_fen=draw(st.integers(1, 7)),
        extension_s=draw(st.integers(0, 300)),
        first_bid_at_start=draw(st.booleans()),
        opens_at=END - timedelta(minutes=20),
        ends_at=END,
    )
    bid = st.builds(
        ReceivedBid,
        number=st.integers(1, 4),
        amount_fen=st.integers(0, 200),
        received_at=st.integers(-1500, 1500).map(lambda s: END + timedelta(seconds=s)),
    )
    bids = draw(st.lists(bid, max_size=30))
    if draw(st.booleans()):
        bids.sort(key=lambda one: one.received_at)
    return state, bids


@given(histories())
@settings(max_examples=300, deadline=None)
def test_price_and_end_never_go_back_and_no_bid_is_taken_outside_its_time(
    history: tuple[BiddingState, list[ReceivedBid]],
) -> None:
    state, bids = history
    for bid in bids:
        decision = rules.decide_bid(state, bid.amount_fen, bid.received_at)
        after = rules.after_bid(state, bid.number, bid.amount_fen, decision)
        assert after.ends_at >= state.ends_at
        if isinstance(decision, Accepted):
            assert state.opens_at <= bid.received_at < state.ends_at
            assert bid.amount_fen >= rules.min_next_fen(state)
            assert state.price_fen is None or bid.amount_fen > state.price_fen
            assert after.ends_at >= bid.received_at + timedelta(seconds=state.extension_s)
            assert (after.price_fen, after.leader) == (bid.amount_fen, bid.number)
        else:
            assert after == state
        state = after


@given(histories())
@settings(max_examples=300, deadline=None)
def test_a_refusal_names_an_amount_that_is_accepted_and_nothing_smaller_is(
    history: tuple[BiddingState, list[ReceivedBid]],
) -> None:
    state, bids = history
    for bid in bids:
        decision = rules.decide_bid(state, bid.amount_fen, bid.received_at)
        if isinstance(decision, Refused) and decision.code in {Refusal.TOO_LOW, Refusal.OFF_STEP}:
            required = decision.required_fen
            assert required is not None
            assert isinstance(rules.decide_bid(state, required, bid.received_at), Accepted)
            for smaller in range(max(0, required - 2 * state.increment_fen), required):
                assert isinstance(rules.decide_bid(state, smaller, bid.received_at), Refused)
        state = rules.after_bid(state, bid.number, bid.amount_fen, decision)


@given(histories())
@settings(max_examples=200, deadline=None)
def test_replay_without_the_refused_bids_gives_the_same_result(
    history: tuple[BiddingState, list[ReceivedBid]],
) -> None:
    state, bids = history
    whole = rules.replay(state, bids)
    kept = [
        bid
        for bid, decision in zip(bids, whole.decisions, strict=True)
        if isinstance(decision, Accepted)
    ]
    again = rules.replay(state, kept)
    assert (again.winner, again.price_fen, again.ended_at) == (
        whole.winner,
        whole.price_fen,
        whole.ended_at,
    )
    assert all(isinstance(decision, Accepted) for decision in again.decisions)
    assert whole.price_fen == max((bid.amount_fen for bid in kept), default=None)
