"""What holds in every history of every format, found by random play against the engine."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.auctions.engine import core, decide
from app.auctions.engine.codes import Code, Ends, Kind, Payment, Verdict
from app.auctions.engine.replay import Run
from app.auctions.engine.state import Event, Outcome, State
from app.auctions.engine.terms import profile_of
from tests.auctions.engine.play import HOUR, T0, at

LADDER = {"start_fen": 1_000, "increments": [[0, 10], [1_050, 20]]}
TERMS = [
    {"code": "price", "weight_bp": 7_000, "min": 900, "max": 1_100},
    {"code": "months", "weight_bp": 3_000, "min": 0, "max": 9, "lower": True},
]
UNITS = {"units": 7, "max_quantity": 5, "start_fen": 990}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "ascending": ("ascending", LADDER | {"extension_s": 300, "reserve_fen": 1_100}),
    "capped": ("ascending", LADDER | {"extension_s": 600, "extensions_max": 2}),
    "absolute": ("ascending", LADDER | {"extension_s": 600, "latest_end_at": at(HOUR + 900)}),
    "priority": ("ascending", LADDER | {"priority": {"a": 1, "b": 2, "c": 2}}),
    "proxy": ("ascending", LADDER | {"proxy": True, "extension_s": 300, "reserve_fen": 1_060}),
    "proxy on the step": ("ascending", LADDER | {"increments": 10, "proxy": True, "multiples": 1}),
    "falling": ("ascending", LADDER | {"direction": "reverse", "minimum_fen": 900}),
    "falling proxy": ("ascending", LADDER | {"direction": "reverse", "proxy": True}),
    "online_2016": ("online_2016", LADDER | {"closes_at": at(24 * HOUR)}),
    "free_then_limited": ("free_then_limited", LADDER),
    "free_then_limited reverse": ("free_then_limited", LADDER | {"direction": "reverse"}),
    "sealed": ("sealed_once", {"start_fen": 990, "reserve_fen": 1_000}),
    "second price": ("sealed_once", {"payment": "second_price", "minimum_bidders": 2}),
    "sealed reverse": ("sealed_once", {"direction": "reverse", "payment": "second_price"}),
    "descending": (
        "descending",
        {"start_fen": 1_100, "decrement_fen": 30, "interval_s": 300, "stop_fen": 950},
    ),
    "rising clock": (
        "descending",
        {"direction": "reverse", "start_fen": 950, "decrement_fen": 30, "interval_s": 300}
        | {"stop_fen": 1_100},
    ),
    "multi_round": ("multi_round", {"increments": 10, "turn_s": 600}),
    "multi_round reverse": (
        "multi_round",
        {"increments": 10, "turn_s": 600, "direction": "reverse", "break_s": 60},
    ),
    "uniform": ("multi_unit", UNITS),
    "discriminatory": ("multi_unit", UNITS | {"payment": "discriminatory"}),
    "units reverse": (
        "multi_unit",
        {"units": 7, "direction": "reverse", "reserve_fen": 1_040, "partial_fill": False},
    ),
    "weighted": ("weighted", {"terms": TERMS, "reserve_fen": 960}),
}
DEMANDING = {Code.TOO_LOW, Code.TOO_HIGH, Code.OFF_STEP}


class Market(RuleBasedStateMachine):
    """One auction; `case` is set by the test."""

    case: tuple[str, dict[str, Any]]

    @initialize()
    def open(self) -> None:
        code, rules = self.case
        times: dict[str, Any] = {"opens_at": T0, "closes_at": at(HOUR)}
        known = {name: times[name] for name in times if name in profile_of(code).fields}
        self.rules = known | rules
        self.run = Run(profile_of(code), self.rules)
        self.first = self.run.state
        self.told: list[tuple[Event, str, Outcome]] = []
        self.now = -60.0

    @rule(seconds=st.integers(0, 700), late=st.booleans())
    def time_passes(self, seconds: int, late: bool) -> None:
        self.now += seconds
        ends = (self.run.state.ends_at - T0).total_seconds()
        if late and self.now < ends:
            self.now = ends - seconds % 3 / 2  # the end itself, or just before it

    @rule(
        bidder=st.sampled_from("abcd"),
        beyond=st.integers(-30, 60),
        exact=st.booleans(),
        quantity=st.integers(1, 4),
        months=st.integers(0, 10),
    )
    def somebody_bids(
        self, bidder: str, beyond: int, exact: bool, quantity: int, months: int
    ) -> None:
        sign = self.first.terms.sign
        base = self.run.state.price_fen or 1_000
        amount = base + sign * (beyond // 10 * 10 if exact else beyond)
        values = (("months", months),) if self.case[0] == "weighted" else ()
        self.tell(Event(at(self.now), bidder, amount, quantity=quantity, values=values))

    @rule(bidder=st.sampled_from("abcd"), kind=st.sampled_from([Kind.CONFIRM, Kind.PASS]))
    def somebody_acts(self, bidder: str, kind: Kind) -> None:
        self.tell(Event(at(self.now), bidder, kind=kind))

    @precondition(lambda self: self.now > 0)
    @rule(length=st.integers(1, 900))
    def the_operator_pauses(self, length: int) -> None:
        self.tell(Event(at(self.now), "", kind=Kind.PAUSE))
        self.now += length
        self.tell(Event(at(self.now), "", kind=Kind.RESUME))

    def tell(self, event: Event) -> None:
        before = core.advance(self.run.state, event.at)
        request = f"r{len(self.told)}"
        outcome, new = self.run.feed(event, request)
        self.told.append((event, request, outcome))
        assert new
        after = self.run.state
        if not outcome.accepted:
            assert (after.price_fen, after.leader) == (before.price_fen, before.leader)
            assert after.ends_at == before.ends_at
            self.ask_again(before, event, outcome)
        elif event.kind in {Kind.BID, Kind.CONFIRM, Kind.PASS}:
            assert before.from_at <= event.at < before.ends_at
            self.went_forward(before, after)

    def went_forward(self, before: State, after: State) -> None:
        """The price never goes back, and the end only for the taker of a clock's price."""
        if before.price_fen is not None:
            assert after.price_fen is not None
            assert after.terms.sign * (after.price_fen - before.price_fen) >= 0
        if after.top_fen is not None:
            assert after.price_fen is not None
            assert after.terms.sign * (after.top_fen - after.price_fen) >= 0
        if self.case[0] != "descending" and after.phase == before.phase:
            ends = before.terms.plans[before.phase].ends
            if ends is not Ends.COUNTDOWN:
                assert after.ends_at >= before.ends_at
            latest = before.terms.latest_end_at
            assert latest is None or after.ends_at <= latest + after.shift

    def ask_again(self, before: State, event: Event, outcome: Outcome) -> None:
        """What a refusal asks for is accepted now, and nothing less demanding is."""
        if outcome.code not in DEMANDING or outcome.required_fen is None:
            return
        needed = event._replace(amount_fen=outcome.required_fen)
        assert core.step(before, needed)[1].accepted
        for less in range(1, 12):
            amount = outcome.required_fen - before.terms.sign * less
            assert not core.step(before, event._replace(amount_fen=amount))[1].accepted

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def a_request_is_repeated(self, data: st.DataObject) -> None:
        event, request, outcome = data.draw(st.sampled_from(self.told))
        state = self.run.state
        again, new = self.run.feed(event._replace(at=at(self.now)), request)
        assert (again, new) == (outcome, False)
        other = event._replace(amount_fen=event.amount_fen + 1)
        assert self.run.feed(other, request)[0].code is Code.REQUEST_ID_REUSED
        assert self.run.state is state

    def teardown(self) -> None:
        if not hasattr(self, "run"):
            return
        again = Run(profile_of(self.case[0]), self.rules)
        for event, request, outcome in self.told:
            assert again.feed(event, request) == (outcome, True)
        result = decide.result(self.run.state)
        assert result == decide.result(again.state)
        assert result.state in {Verdict.SOLD, Verdict.FAILED}
        assert (result.state is Verdict.SOLD) is bool(result.awards)
        self.awards_keep_to_the_bids()

    def awards_keep_to_the_bids(self) -> None:
        terms = self.first.terms
        awards = decide.result(self.run.state).awards
        reserve = terms.rules.reserve_fen
        accepted = [event for event, _, outcome in self.told if outcome.accepted]
        for award in awards:
            assert award.total_fen == award.price_fen * award.quantity
            assert terms.sign * (award.bid_fen - award.price_fen) >= 0
            assert (award.bidder, award.bid_fen) in {(e.bidder, e.amount_fen) for e in accepted}
            assert reserve is None or terms.sign * (award.price_fen - reserve) >= 0
        if terms.rules.units is not None:
            asked = sum(e.quantity for e in accepted if e.kind is Kind.BID)
            given = sum(award.quantity for award in awards)
            assert given <= min(asked, terms.rules.units)
            if reserve is None and terms.rules.partial_fill:
                assert given == min(asked, terms.rules.units)
        if terms.rules.payment is Payment.UNIFORM:
            assert len({award.price_fen for award in awards}) <= 1


@pytest.mark.parametrize("name", CASES)
def test_every_history_keeps_the_rules(name: str) -> None:
    machine = type("OneMarket", (Market,), {"case": CASES[name]})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
