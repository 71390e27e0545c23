"""Secret maxima that bid for their owners."""

from app.auctions.engine.codes import Code, Reason
from tests.auctions.engine.play import HOUR, Play, at, play


def game(**rules: object) -> Play:
    return play("ascending", start_fen=1_000, increments=100, proxy=True, **rules)


def test_the_price_is_the_second_maximum_and_a_step_at_most_the_top_one() -> None:
    one = game()
    assert one.bid(0, "a", 5_000).price_fen == 1_000
    assert one.bid(1, "b", 2_000).price_fen == 2_100
    assert one.bid(2, "c", 4_950).price_fen == 5_000
    assert one.won() == ("a", 5_000)
    assert one.bid(3, "c", 9_000).required_fen is None
    assert one.state.price_fen == 5_100
    assert one.won() == ("c", 5_100)
    assert one.result().runner_up == ("a", 5_000)


def test_equal_maxima_go_to_the_earlier() -> None:
    one = game()
    one.bid(0, "a", 3_000)
    one.bid(1, "b", 3_000)
    assert one.won() == ("a", 3_000)


def test_the_owner_can_raise_the_own_maximum_but_not_lower_it() -> None:
    one = game(extension_s=600)
    one.bid(0, "a", 3_000)
    refused = one.bid(1, "a", 3_000)
    assert (refused.code, refused.required_fen) == (Code.TOO_LOW, 3_001)
    raised = one.bid(HOUR - 1, "a", 4_000)
    assert (raised.price_fen, raised.ends_at) == (1_000, at(HOUR))
    assert one.bid(HOUR - 1, "b", 3_500).price_fen == 3_600
    assert one.won() == ("a", 3_600)


def test_a_capped_price_follows_the_rule_when_the_leader_raises() -> None:
    one = game()
    one.bid(0, "a", 2_050)
    assert one.bid(1, "b", 2_000).price_fen == 2_050
    assert one.bid(2, "a", 9_000).price_fen == 2_100


def test_what_others_see_is_the_same_whatever_the_maximum() -> None:
    seen = []
    for maximum in (6_000, 7_777, 1_000_000):
        one = game(extension_s=600)
        one.bid(0, "a", maximum)
        one.bid(1, "b", 1_050)  # too low
        one.bid(2, "b", 4_000)
        one.bid(HOUR - 5, "c", 5_000)
        one.bid(HOUR - 4, "c", 5_050)  # too low for the visible price
        seen.append(list(one.outcomes))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][-1].required_fen == 5_200


def test_a_maximum_that_covers_the_reserve_is_sold_at_it() -> None:
    one = game(reserve_fen=3_000)
    one.bid(0, "a", 2_999)
    assert one.result().reason is Reason.RESERVE
    one.bid(1, "b", 8_000)
    assert one.state.price_fen == 3_099
    two = game(reserve_fen=3_000)
    two.bid(0, "a", 8_000)
    assert two.state.price_fen == 1_000
    assert two.won() == ("a", 3_000)


def test_maxima_on_the_step_keep_the_price_on_it() -> None:
    one = game(multiples=True)
    assert one.bid(0, "a", 2_050).code is Code.OFF_STEP
    one.bid(1, "a", 2_500)
    assert one.bid(2, "b", 2_500).price_fen == 2_500
    assert one.bid(3, "a", 2_550).code is Code.OFF_STEP


def test_in_reverse_a_secret_minimum_bids_down() -> None:
    one = play("ascending", direction="reverse", start_fen=10_000, increments=100, proxy=True)
    assert one.bid(0, "a", 4_000).price_fen == 10_000
    assert one.bid(1, "b", 6_000).price_fen == 5_900
    assert one.bid(2, "c", 3_000).price_fen == 3_900
    assert one.won() == ("c", 3_900)
