"""Package bids: the optimum against every combination, payments, ties, limits."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.auctions.engine.codes import Code
from app.auctions.engine.packages import Offer, TooLarge, winners
from app.auctions.engine.terms import MAX_LOTS, MAX_PACKAGE_BIDS, BadRules
from tests.auctions.engine.play import opened, play

LOTS = {"x": 0, "y": 0, "z": 0}


def offer(bidder: str, lots: str, fen: int) -> Offer:
    return Offer(bidder, frozenset(lots), fen)


def feasible(offers: Sequence[Offer]) -> Iterator[tuple[int, ...]]:
    """Every set of offers that can win together."""
    for size in range(len(offers) + 1):
        for places in combinations(range(len(offers)), size):
            lots = [lot for place in places for lot in offers[place].lots]
            bidders = [offers[place].bidder for place in places]
            if len(set(lots)) == len(lots) and len(set(bidders)) == len(bidders):
                yield places


def worth(offers: Sequence[Offer], places: tuple[int, ...], lots: dict[str, int]) -> int:
    return sum(
        offers[place].amount_fen - sum(lots[lot] for lot in offers[place].lots) for place in places
    )


def best_of_all(offers: Sequence[Offer], lots: dict[str, int]) -> int:
    return max(worth(offers, places, lots) for places in feasible(offers))


@st.composite
def markets(draw: st.DrawFn) -> tuple[list[Offer], dict[str, int]]:
    lots = {name: draw(st.integers(0, 3)) for name in "wxyz"}
    names = st.sets(st.sampled_from(sorted(lots)), min_size=1).map(frozenset)
    offers = [
        Offer(bidder, chosen, sum(lots[lot] for lot in chosen) + extra)
        for bidder, chosen, extra in draw(
            st.lists(st.tuples(st.sampled_from("abcd"), names, st.integers(0, 9)), max_size=8)
        )
    ]
    return offers, lots


@given(markets())
@settings(max_examples=60, deadline=None)
def test_the_optimum_is_that_of_trying_everything_and_the_earliest_of_equals(
    market: tuple[list[Offer], dict[str, int]],
) -> None:
    offers, lots = market
    best = winners(offers, lots, vcg=False)
    top = best_of_all(offers, lots)
    assert worth(offers, best.winners, lots) == top
    assert best.payments == tuple(offers[place].amount_fen for place in best.winners)
    assert best.proof["objective_fen"] == best.proof["dual_bound_fen"] == top + sum(lots.values())
    firsts: dict[tuple[str, frozenset[str]], int] = {}
    for place, one in enumerate(offers):
        key = (one.bidder, one.lots)
        if key not in firsts or one.amount_fen > offers[firsts[key]].amount_fen:
            firsts[key] = place
    # Inclusion at the earliest place where two sets differ decides.
    rival = max(
        (
            places
            for places in feasible(offers)
            if worth(offers, places, lots) == top and set(places) <= set(firsts.values())
        ),
        key=lambda places: [place in places for place in range(len(offers))],
    )
    assert best.winners == rival


@given(markets())
@settings(max_examples=60, deadline=None)
def test_vcg_payments_lie_between_the_least_price_and_the_bid_and_are_the_harm_done(
    market: tuple[list[Offer], dict[str, int]],
) -> None:
    offers, lots = market
    best = winners(offers, lots, vcg=True)
    top = best_of_all(offers, lots)
    for place, paid in zip(best.winners, best.payments, strict=True):
        won = offers[place]
        least = sum(lots[lot] for lot in won.lots)
        assert 0 <= least <= paid <= won.amount_fen
        without = best_of_all([one for one in offers if one.bidder != won.bidder], lots)
        assert paid == won.amount_fen - (top - without)
    assert sum(best.payments) >= 0  # the seller never pays in


def test_two_small_bids_beat_the_whole_and_pay_what_they_displace() -> None:
    offers = [offer("whole", "xyz", 100), offer("a", "x", 60), offer("b", "yz", 70)]
    best = winners(offers, LOTS, vcg=True)
    assert best.winners == (1, 2)
    assert best.payments == (30, 40)
    assert best.proof | {"solver": ""} == {
        "objective_fen": 130,
        "dual_bound_fen": 130,
        "gap": 0,
        "solver": "",
        "lots": 3,
        "bids": 3,
    }
    assert best.proof["solver"].startswith("HiGHS 1.")


def test_a_bidders_offers_are_alternatives() -> None:
    offers = [offer("a", "x", 50), offer("a", "y", 60), offer("b", "y", 20)]
    assert winners(offers, LOTS, vcg=False).winners == (0, 2)


def test_of_equal_combinations_the_earliest_offers_win() -> None:
    offers = [offer(bidder, "x", 50) for bidder in "abc"] + [offer("d", "xy", 50)]
    assert winners(offers, LOTS, vcg=False).winners == (0,)
    assert winners(offers[::-1], LOTS, vcg=False).winners == (0,)


def test_large_amounts_are_decided_to_the_fen() -> None:
    huge = 10**11
    offers = [offer("a", "x", huge), offer("b", "y", huge + 1), offer("c", "xy", 2 * huge + 2)]
    best = winners(offers, LOTS, vcg=True)
    assert best.winners == (2,)
    assert best.payments == (2 * huge + 1,)


def test_least_prices_hold_and_leave_lots_unsold() -> None:
    game = play("package", lots={"x": 100, "y": 100})
    low = game.bid(0, "a", 199, lots=("x", "y"))
    assert (low.code, low.required_fen) == (Code.TOO_LOW, 200)
    assert game.bid(1, "a", 150, lots=("y",)).accepted
    (award,) = game.result().awards
    assert (award.bidder, award.lots, award.price_fen) == ("a", ("y",), 150)
    assert game.bid(2, "b", 500, lots=("q",)).code is Code.UNKNOWN_LOT
    assert game.bid(3, "b", 500, lots=()).code is Code.UNKNOWN_LOT
    assert game.bid(4, "b", 500, lots=("x", "x")).code is Code.UNKNOWN_LOT


def test_what_cannot_be_decided_exactly_in_time_is_refused() -> None:
    with pytest.raises(BadRules, match="at most 20"):
        opened("package", lots={f"lot {number}": 0 for number in range(MAX_LOTS + 1)})
    with pytest.raises(TooLarge):
        winners([offer("a", "x", 1)] * (MAX_PACKAGE_BIDS + 1), LOTS, vcg=False)
    game = play("package", lots={"x": 0})
    for number in range(MAX_PACKAGE_BIDS):
        assert game.bid(number / 1_000, "a", number, lots=("x",)).accepted
    assert game.bid(3, "b", 5, lots=("x",)).code is Code.TOO_MANY_BIDS
    (award,) = game.result().awards
    assert award.price_fen == MAX_PACKAGE_BIDS - 1
