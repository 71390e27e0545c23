"""Formats of several phases, turns or a clock."""

import pytest

from app.auctions.engine import core
from app.auctions.engine.codes import Code, Kind, Reason
from app.auctions.engine.terms import BadRules
from tests.auctions.engine.play import HOUR, Play, at, opened, play

LIMITED = HOUR + 300


def free(**rules: object) -> Play:
    return play("free_then_limited", start_fen=1_000, increments=100, **rules)


def confirmed(**rules: object) -> Play:
    game = free(**rules)
    game.bid(10, "a", 1_000)
    game.bid(20, "b", 1_200)
    game.act(HOUR, Kind.CONFIRM, "a")
    game.act(HOUR + 299, Kind.CONFIRM, "b")
    return game


def test_tv_d9_each_bid_resets_the_countdown() -> None:
    game = confirmed()
    for seconds, bidder, fen in ((0, "a", 1_300), (200, "b", 1_400), (450, "a", 1_500)):
        assert game.bid(LIMITED + seconds, bidder, fen).accepted
    assert game.state.ends_at == at(LIMITED + 750)
    assert game.bid(LIMITED + 750, "b", 1_600).code is Code.CLOSED
    assert game.won() == ("a", 1_500)


def test_the_limited_period_starts_at_the_highest_free_bid_for_those_who_confirmed() -> None:
    game = free()
    game.bid(10, "a", 1_000)
    game.bid(20, "b", 1_200)
    assert game.bid(HOUR + 1, "a", 1_300).code is Code.WRONG_KIND
    assert game.act(HOUR + 2, Kind.CONFIRM, "stranger").code is Code.NOT_ADMITTED
    assert game.act(HOUR + 3, Kind.CONFIRM, "a").phase == "confirmation"
    assert game.act(HOUR + 4, Kind.CONFIRM, "a").accepted
    late = game.act(LIMITED, Kind.CONFIRM, "b")
    assert (late.code, late.phase) == (Code.NOT_ADMITTED, "limited")
    assert game.bid(LIMITED + 1, "b", 1_300).code is Code.NOT_ADMITTED
    assert game.bid(LIMITED + 2, "a", 1_200).required_fen == 1_300
    assert game.bid(LIMITED + 3, "a", 1_300).accepted


def test_without_a_limited_bid_the_highest_free_bid_wins() -> None:
    game = confirmed()
    assert game.won() == ("b", 1_200)
    assert game.result().ended_at == at(LIMITED + 300)


@pytest.mark.parametrize(("reserve", "sold"), [(None, True), (1_200, True), (1_201, False)])
def test_when_nobody_confirms_the_free_bids_decide(reserve: int | None, sold: bool) -> None:
    for bidders in (("a",), ("a", "b")):
        game = free(**({} if reserve is None else {"reserve_fen": reserve}))
        for second, bidder in enumerate(bidders):
            game.bid(second, bidder, 1_200 - 100 * (len(bidders) - 1 - second))
        result = game.result()
        assert result.ended_at == at(LIMITED)
        assert bool(result.awards) is sold
        assert result.reason is (None if sold else Reason.RESERVE)
        assert game.bid(LIMITED + 1, "a", 1_500).code is Code.CLOSED


def test_without_a_free_bid_it_fails_at_the_end_of_the_free_period() -> None:
    game = free()
    assert game.result().reason is Reason.NO_BID
    assert game.result().ended_at == at(HOUR)
    assert game.act(HOUR + 1, Kind.CONFIRM, "a").code is Code.CLOSED


CLOCK = {"start_fen": 1_000, "decrement_fen": 150, "interval_s": 10, "stop_fen": 600}


def test_the_clock_falls_and_the_first_taker_gets_its_price() -> None:
    game = play("descending", **CLOCK)
    assert game.bid(9.999999, "a", 900).required_fen == 1_000
    low = game.bid(10, "a", 849)
    assert (low.code, low.required_fen) == (Code.TOO_LOW, 850)
    assert game.bid(25, "b", 900).price_fen == 700
    assert game.bid(25, "c", 1_000).code is Code.CLOSED
    assert game.won() == ("b", 700)
    assert game.result().awards[0].bid_fen == 900
    assert game.result().ended_at == at(25)


def test_the_clock_stays_an_interval_at_its_last_price_then_fails() -> None:
    game = play("descending", **CLOCK)
    assert game.state.ends_at == at(40)
    assert game.bid(39, "a", 599).required_fen == 600
    assert game.bid(40, "a", 1_000).code is Code.CLOSED
    assert game.result().reason is Reason.NO_BID


def test_a_pause_stops_the_clock() -> None:
    game = play("descending", **CLOCK)
    game.act(5, Kind.PAUSE)
    game.act(105, Kind.RESUME)
    assert game.bid(109, "a", 0).required_fen == 1_000
    assert game.bid(110, "a", 0).required_fen == 850


def test_in_reverse_the_clock_rises() -> None:
    game = play("descending", direction="reverse", **(CLOCK | {"stop_fen": 1_200}))
    assert game.bid(1, "a", 1_100).required_fen == 1_000
    assert game.bid(11, "a", 1_100).price_fen == 1_150
    assert game.won() == ("a", 1_150)
    with pytest.raises(BadRules, match="stop_fen must be below"):
        opened("descending", **(CLOCK | {"stop_fen": 1_200}))


def rounds(**rules: object) -> Play:
    """Three offers of a purchase; the turns are worst first: c, a, b."""
    game = play("multi_round", direction="reverse", increments=100, break_s=60, **rules)
    for second, (bidder, fen) in enumerate((("a", 5_000), ("b", 5_000 - 1), ("c", 5_000))):
        assert game.bid(second, bidder, fen).phase == "offers"
    return game


def test_turns_go_from_the_worst_bid_to_the_best_and_of_equals_the_later_first() -> None:
    first = HOUR + 60
    game = rounds()
    assert game.bid(HOUR + 59, "c", 4_000).code is Code.NOT_OPEN
    early = game.bid(first, "a", 4_000)
    assert (early.code, early.required_fen) == (Code.NOT_YOUR_TURN, 4_900)
    assert early.phase == "round_1"
    assert game.state.order == ("c", "a", "b")
    assert game.bid(first, "c", 4_901).code is Code.TOO_HIGH
    assert game.bid(first + 1, "c", 4_000).accepted
    assert game.bid(first + 2, "c", 3_000).code is Code.TURN_TAKEN
    assert game.act(first + 120, Kind.PASS, "a").accepted
    assert game.bid(first + 121, "a", 3_000).code is Code.TURN_TAKEN
    assert game.bid(first + 360, "b", 3_000).code is Code.NOT_OPEN  # its turn has passed
    second = first + 360 + 60
    assert core.advance(game.state, at(second)).order == ("a", "b", "c")
    assert game.bid(second + 120, "b", 3_900).phase == "round_2"
    third = second + 360 + 60
    assert core.advance(game.state, at(third)).order == ("a", "c", "b")
    assert game.bid(third + 120, "c", 3_900).accepted
    assert game.won() == ("b", 3_900)  # equal price: the earlier
    assert game.result().ended_at == at(third + 360)
    assert game.bid(third + 360, "b", 1).code is Code.CLOSED


def test_only_who_made_an_offer_has_a_turn() -> None:
    game = rounds()
    assert game.bid(HOUR + 61, "stranger", 1_000).code is Code.NOT_ADMITTED
    assert game.bid(5, "a", 1_000).code is Code.NOT_OPEN  # its phase is over


def test_rounds_without_offers_fail_and_a_single_offer_wins() -> None:
    empty = play("multi_round", increments=100)
    assert empty.result().reason is Reason.NO_BID
    assert empty.result().ended_at == at(HOUR)
    single = play("multi_round", increments=100)
    single.bid(0, "a", 700)
    assert single.won() == ("a", 700)
    twice = single.bid(1, "a", 800)
    assert (twice.code, twice.required_fen) == (Code.ALREADY_BID, None)


def test_forward_rounds_rise_and_the_reserve_holds() -> None:
    game = play("multi_round", increments=100, rounds=1, reserve_fen=900)
    game.bid(0, "a", 700)
    game.bid(1, "b", 800)
    low = game.bid(HOUR, "a", 799)
    assert (low.code, low.required_fen) == (Code.TOO_LOW, 800)
    assert game.bid(HOUR + 1, "a", 899).accepted
    assert game.result().reason is Reason.RESERVE
    assert game.bid(HOUR + 120, "b", 900).accepted
    assert game.won() == ("b", 900)
