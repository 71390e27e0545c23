"""Sealed bids: one price, units, scores."""

from datetime import timedelta
from typing import Any

import pytest

from app.auctions.engine.codes import Code, Reason
from app.auctions.engine.scores import FULL_SCORE, SCALE, scaled, score
from app.auctions.engine.state import Event
from app.auctions.engine.terms import BadRules, ScoredTerm
from tests.auctions.engine.play import HOUR, Play, at, opened, play


def sealed(*bids: tuple[str, int], **rules: Any) -> Play:
    game = play("sealed_once", **rules)
    for second, (bidder, fen) in enumerate(bids):
        assert game.bid(second, bidder, fen).accepted
    return game


def test_the_highest_bid_wins_and_of_equal_ones_the_earlier_received() -> None:
    assert sealed(("a", 300), ("b", 500), ("c", 500)).won() == ("b", 500)
    game = play("sealed_once")
    game.bid(9, "written first", 500)
    game.bid(3, "received first", 500)
    assert game.won() == ("received first", 500)


def test_of_equal_bids_the_priority_holder_wins_by_rank() -> None:
    ranks = {"p": 2, "q": 1}
    assert sealed(("a", 500), ("p", 500), ("q", 500), priority=ranks).won() == ("q", 500)
    assert sealed(("a", 501), ("p", 500), priority=ranks).won() == ("a", 501)


def test_the_second_price_is_the_best_other_bid_or_what_was_asked() -> None:
    second = {"payment": "second_price"}
    assert sealed(("a", 900), ("b", 700), ("c", 400), **second).won() == ("a", 700)
    assert sealed(("a", 900), ("b", 700), reserve_fen=800, **second).won() == ("a", 800)
    assert sealed(("a", 900), start_fen=100, **second).won() == ("a", 100)
    assert sealed(("a", 900), **second).won() == ("a", 0)
    reverse = second | {"direction": "reverse"}
    assert sealed(("a", 400), ("b", 700), **reverse).won() == ("a", 700)
    assert sealed(("a", 400), start_fen=900, **reverse).won() == ("a", 900)
    assert sealed(("a", 400), **reverse).won() == ("a", 400)


def test_one_bid_each_within_what_was_published() -> None:
    game = play("sealed_once", start_fen=500)
    assert game.bid(0, "a", 499).required_fen == 500
    assert game.bid(1, "a", 500).accepted
    assert game.bid(2, "a", 600).code is Code.ALREADY_BID
    assert game.bid(HOUR, "b", 600).code is Code.CLOSED
    assert game.bid(HOUR - 0.000001, "b", 600).accepted


def test_a_secret_minimum_excludes_at_the_opening_and_a_published_one_at_once() -> None:
    rules = {"direction": "reverse", "minimum_fen": 300, "reserve_fen": 800}
    secret = sealed(("a", 299), ("b", 400), ("c", 801), minimum_secret=True, **rules)
    assert secret.won() == ("b", 400)
    assert play("sealed_once", **rules).bid(0, "a", 299).code is Code.BELOW_MINIMUM
    assert sealed(("a", 299), minimum_secret=True, **rules).result().reason is Reason.NO_BID
    assert sealed(("c", 801), **rules).result().reason is Reason.RESERVE
    assert sealed(("c", 500), minimum_bidders=2, **rules).result().reason is Reason.TOO_FEW


def units(*bids: tuple[str, int, int], **rules: Any) -> Play:
    game = play("multi_unit", units=10, **rules)
    for second, (bidder, fen, quantity) in enumerate(bids):
        assert game.bid(second, bidder, fen, quantity=quantity).accepted
    return game


BIDS = (("a", 500, 4), ("b", 300, 5), ("c", 400, 3), ("d", 300, 5))


def awards(game: Play) -> list[tuple[str, int, int, int]]:
    return [
        (award.bidder, award.quantity, award.price_fen, award.total_fen)
        for award in game.result().awards
    ]


def test_units_go_by_price_then_time_at_one_price_or_at_each_ones_own() -> None:
    assert awards(units(*BIDS)) == [
        ("a", 4, 300, 1_200),
        ("c", 3, 300, 900),
        ("b", 3, 300, 900),  # the margin: b bid before d and gets what is left
    ]
    own = awards(units(*BIDS, payment="discriminatory"))
    assert own == [("a", 4, 500, 2_000), ("c", 3, 400, 1_200), ("b", 3, 300, 900)]


def test_without_partial_fill_the_margin_gets_nothing_and_nobody_overtakes_it() -> None:
    game = units(*BIDS, ("e", 200, 1), partial_fill=False)
    assert awards(game) == [("a", 4, 400, 1_600), ("c", 3, 400, 1_200)]
    alone = units(("a", 500, 10), partial_fill=False)
    assert awards(alone) == [("a", 10, 500, 5_000)]


def test_in_reverse_the_lowest_sell_and_the_last_of_them_sets_the_price() -> None:
    game = units(*BIDS, direction="reverse", reserve_fen=450)
    assert awards(game) == [("b", 5, 300, 1_500), ("d", 5, 300, 1_500)]
    game = units(("a", 300, 4), ("b", 350, 4), ("c", 460, 9), direction="reverse", reserve_fen=450)
    assert awards(game) == [("a", 4, 350, 1_400), ("b", 4, 350, 1_400)]


def test_quantities_keep_to_their_limits() -> None:
    game = play("multi_unit", units=10, min_quantity=2, max_quantity=6)
    codes = [
        game.bid(second, "a", 100, quantity=quantity).code
        for second, quantity in enumerate((1, 11, 4, 3, 2))
    ]
    bad = Code.BAD_QUANTITY
    assert codes == [bad, bad, None, bad, None]


TERMS = [
    {"code": "price", "weight_bp": 6_000, "min": 100_000, "max": 300_000},
    {"code": "royalty_bp", "weight_bp": 3_000, "min": 0, "max": 500},
    {"code": "months", "weight_bp": 1_000, "min": 6, "max": 36, "lower": True},
]


def scored(bidder: str, fen: int, royalty: int, months: int, second: int = 0) -> Event:
    return Event(at(second), bidder, fen, values=(("royalty_bp", royalty), ("months", months)))


def test_the_highest_score_wins_at_its_own_price() -> None:
    game = play("weighted", terms=TERMS)
    game.tell(scored("money", 300_000, 100, 36))
    game.tell(scored("plan", 200_000, 500, 6))
    (award,) = game.result().awards
    assert (award.bidder, award.price_fen) == ("plan", 200_000)
    assert award.score == FULL_SCORE * 70 // 100  # 30 + 30 + 10 points
    assert game.result().runner_up == ("money", 300_000)  # 60 + 6 + 0


def test_equal_scores_go_by_price_then_time() -> None:
    terms = [TERMS[0] | {"weight_bp": 5_000}, TERMS[1] | {"weight_bp": 5_000}]
    game = play("weighted", terms=terms)
    for second, (bidder, fen, royalty) in enumerate(
        (("late", 200_000, 250), ("money", 300_000, 0), ("same", 300_000, 0))
    ):
        game.tell(Event(at(second), bidder, fen, values=(("royalty_bp", royalty),)))
    assert game.won() == ("money", 300_000)


def test_each_term_is_rounded_half_up_once_and_clamped_to_its_scale() -> None:
    third = ScoredTerm(code="x", weight_bp=1, min=0, max=3)
    assert [scaled(third, value) for value in (-1, 0, 1, 2, 3, 4)] == [
        0,
        0,
        333_333,
        666_667,
        SCALE,
        SCALE,
    ]
    half = ScoredTerm(code="x", weight_bp=1, min=0, max=2 * SCALE)
    assert [scaled(half, value) for value in (0, 1, 2, 3)] == [0, 1, 1, 2]
    price = ScoredTerm(code="price", weight_bp=10_000, min=0, max=10)
    assert score([price], 10, {}) == FULL_SCORE


def test_a_bid_names_every_scored_term_and_no_other() -> None:
    game = play("weighted", terms=TERMS)
    for values in ((), (("months", 6),), (("months", 6), ("royalty_bp", 5), ("charm", 1))):
        assert game.tell(Event(at(0), "a", 200_000, values=values)).code is Code.TERM_MISSING


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ([TERMS[0]], "sum to 6000"),
        (TERMS[1:], "the price must be one"),
        ([TERMS[0] | {"weight_bp": 5_000}] * 2, "stands twice"),
        ([TERMS[0] | {"weight_bp": 10_000, "lower": True}], "reverse auctions only"),
        ([TERMS[0] | {"max": 0}], "must be below max"),
    ],
)
def test_formulas_that_do_not_add_up_are_refused(terms: list[Any], words: str) -> None:
    with pytest.raises(BadRules, match=words):
        opened("weighted", terms=terms)


def test_limits_that_contradict_each_other_are_refused() -> None:
    for rules, words in (
        ({"units": 5, "min_quantity": 6}, "above units"),
        ({"units": 5, "min_quantity": 3, "max_quantity": 2}, "below min_quantity"),
        ({"units": 5, "payment": "vcg"}, "uniform, discriminatory"),
        ({"units": 5, "closes_at": None}, "must be a time"),
        ({"units": None}, "must not be empty"),
    ):
        with pytest.raises(BadRules, match=words):
            opened("multi_unit", **rules)
    late = at(HOUR) + timedelta(days=1)
    assert opened("multi_unit", units=5, closes_at=late).ends_at == late
