"""Open bids: ladder, ends, priority, reserve, acts of the operator (TV-D4, D5, D7, D8)."""

from datetime import timedelta

import pytest

from app.auctions.engine import decide
from app.auctions.engine.codes import Code, Kind, Reason, Verdict
from app.auctions.engine.state import Award
from app.auctions.engine.terms import BadRules, commitment, profile_of, rules_of
from tests.auctions.engine.play import HOUR, T0, at, opened, play

YUAN = 100


def test_tv_d5_late_bids_move_the_end_by_five_minutes() -> None:
    end = 24 * HOUR
    game = play("online_2016", closes_at=at(end), start_fen=1_000, increments=100)
    bids = [(-301, 1_000), (-300, 1_100), (-210, 1_200), (60, 1_300), (360, 1_400)]
    ends = [game.bid(end + s, f"b{s}", fen).ends_at for s, fen in bids]
    assert ends == [at(end + s) for s in (0, 0, 90, 360, 360)]
    assert game.outcomes[-1].code is Code.CLOSED
    assert game.outcomes[-1].required_fen is None
    assert game.won() == ("b60", 1_300)
    assert game.result().ended_at == at(end + 360)


def test_tv_d7_a_priority_holder_wins_at_an_equal_price_until_a_higher_bid() -> None:
    game = play(
        "ascending", start_fen=900_000, increments=10_000, priority={"p": 2, "q": 2, "first": 1}
    )
    game.bid(1, "other", 900_000)
    assert game.bid(2, "p", 900_000).accepted
    assert game.won() == ("p", 900_000)
    assert game.bid(3, "q", 900_000).code is Code.TOO_LOW  # equal rank: the earlier bid
    assert game.bid(4, "other", 900_000).required_fen == 910_000
    assert game.bid(5, "first", 900_000).accepted  # better rank
    assert game.won() == ("first", 900_000)
    game.bid(6, "third", 910_000)
    assert game.won() == ("third", 910_000)
    assert game.bid(7, "q", 900_000).required_fen == 910_000


def test_tv_d8_only_multiples_of_the_step_above_the_price() -> None:
    game = play("ascending", start_fen=2_000_000 * YUAN, increments=50_000 * YUAN)
    for second, yuan in enumerate((2_000_000, 2_030_000, 2_050_000, 2_050_000, 2_200_000)):
        game.bid(second, "b", yuan * YUAN)
    assert game.codes == [None, Code.OFF_STEP, None, Code.TOO_LOW, None]
    required = [outcome.required_fen for outcome in game.outcomes]
    assert required == [None, 2_050_000 * YUAN, None, 2_100_000 * YUAN, None]
    assert {outcome.phase for outcome in game.outcomes} == {"bidding"}


def test_tv_d4_below_the_reserve_is_not_sold_and_nothing_tells_the_reserve() -> None:
    reserve = 2_000_000 * YUAN
    rules = {"start_fen": 1_000_000 * YUAN, "increments": 10_000 * YUAN}
    sealed = {"reserve_commitment": commitment(reserve, "salt")}
    game = play("ascending", **rules, **sealed)
    outcome = game.bid(1, "a", 1_990_000 * YUAN)
    with pytest.raises(decide.ReserveSealed):
        game.result()
    with pytest.raises(decide.ReserveSealed):
        decide.result(game.state, opened=(reserve - 1, "salt"))
    result = decide.result(game.state, opened=(reserve, "salt"))
    assert (result.state, result.reason, result.awards) == (Verdict.FAILED, Reason.RESERVE, ())
    assert str(reserve) not in repr(outcome) + repr(result) + repr(game.state)
    game.bid(2, "b", reserve)
    assert decide.result(game.state, opened=(reserve, "salt")).awards == (
        Award("b", 1, reserve, reserve, reserve),
    )


def test_the_step_follows_the_tier_of_the_price() -> None:
    game = play("ascending", start_fen=450, increments=[[0, 50], [500, 100], [1_000, 300]])
    assert game.bid(0, "a", 450).accepted
    assert game.bid(1, "b", 500).accepted
    assert game.bid(2, "a", 550).code is Code.OFF_STEP
    assert game.bid(3, "a", 1_000).accepted
    assert game.bid(4, "b", 1_299).required_fen == 1_300


def test_without_multiples_any_amount_from_the_next_step_on_is_valid() -> None:
    game = play("ascending", start_fen=1_000, increments=100, multiples=False)
    assert game.bid(0, "a", 1_033).accepted
    assert game.bid(1, "b", 1_132).code is Code.TOO_LOW
    assert game.bid(2, "b", 1_133).accepted


def test_the_first_bid_can_be_asked_above_the_start() -> None:
    game = play("ascending", start_fen=1_000, increments=100, first_bid_at_start=False)
    assert game.bid(0, "a", 1_000) == game.outcomes[0]
    assert (game.outcomes[0].code, game.outcomes[0].required_fen) == (Code.TOO_LOW, 1_100)
    assert game.bid(1, "a", 1_100).accepted


def test_extensions_stop_at_their_number_and_at_the_latest_end() -> None:
    rules = {"start_fen": 0, "increments": 1, "extension_s": 60}
    counted = play("ascending", extensions_max=2, **rules)
    ends = [counted.bid(HOUR + s, "a", n).ends_at for n, s in enumerate((-60, -30, 0, 50))]
    assert ends == [at(HOUR), at(HOUR + 30), at(HOUR + 60), at(HOUR + 60)]
    assert counted.bid(HOUR + 60, "b", 99).code is Code.CLOSED
    capped = play("ascending", latest_end_at=at(HOUR + 45), **rules)
    ends = [capped.bid(HOUR + s, "a", n).ends_at for n, s in enumerate((-30, 10, 44.999999))]
    assert ends == [at(HOUR + 30), at(HOUR + 45), at(HOUR + 45)]
    assert capped.bid(HOUR + 45, "b", 99).code is Code.CLOSED


def test_refused_bids_never_move_the_end() -> None:
    game = play("ascending", start_fen=1_000, increments=100, extension_s=300)
    assert game.bid(HOUR - 1, "a", 999).ends_at == at(HOUR)
    assert game.bid(HOUR - 1, "a", 1_050).ends_at == at(HOUR)
    assert game.bid(-1, "a", 1_000).code is Code.NOT_OPEN
    assert game.state == opened("ascending", start_fen=1_000, increments=100, extension_s=300)


def test_reverse_bids_fall_by_the_step_to_the_published_minimum() -> None:
    game = play("ascending", direction="reverse", start_fen=1_000, increments=100, minimum_fen=750)
    assert game.bid(0, "a", 1_100).code is Code.TOO_HIGH
    assert game.bid(1, "a", 1_000).accepted
    assert game.bid(2, "b", 950).required_fen == 900
    assert game.bid(3, "b", 700).code is Code.BELOW_MINIMUM
    assert game.bid(4, "b", 800).accepted
    assert game.bid(5, "a", 800).required_fen is None  # 700 would be below the minimum
    assert game.won() == ("b", 800)
    assert game.result().runner_up == ("a", 1_000)


def test_too_few_bidders_and_no_bid_fail() -> None:
    rules = {"start_fen": 1_000, "increments": 100}
    game = play("ascending", minimum_bidders=2, **rules)
    assert game.result().reason is Reason.NO_BID
    game.bid(0, "a", 1_000)
    game.bid(1, "a", 1_100)
    assert game.result().reason is Reason.TOO_FEW
    game.bid(2, "b", 1_200)
    assert game.won() == ("b", 1_200)
    single = play("ascending", **rules)
    single.bid(0, "a", 1_000)
    assert single.won() == ("a", 1_000)


def test_the_runner_up_is_the_best_other_bidder() -> None:
    game = play("ascending", start_fen=100, increments=100, reserve_fen=250)
    for second, (bidder, fen) in enumerate((("a", 100), ("b", 200), ("a", 300), ("a", 400))):
        game.bid(second, bidder, fen)
    assert game.result().runner_up is None  # b's 200 does not meet the reserve
    game.bid(9, "c", 500)
    assert game.result().runner_up == ("a", 400)


def test_a_result_is_open_until_the_end() -> None:
    game = play("ascending", start_fen=100, increments=100)
    game.bid(0, "a", 100)
    assert game.result(at(HOUR) - timedelta(microseconds=1)).state is Verdict.OPEN
    assert game.result(at(HOUR)).state is Verdict.SOLD


def test_a_pause_gives_the_time_back() -> None:
    game = play("ascending", start_fen=100, increments=100)
    game.act(HOUR - 10, Kind.PAUSE)
    assert game.bid(HOUR - 5, "a", 100).code is Code.PAUSED
    assert game.bid(HOUR + 5, "a", 100).code is Code.PAUSED
    assert game.result(at(2 * HOUR)).state is Verdict.OPEN
    assert game.act(HOUR, Kind.PAUSE).code is Code.WRONG_KIND
    assert game.act(HOUR + 90, Kind.RESUME).ends_at == at(HOUR + 100)
    assert game.bid(HOUR + 99, "a", 100).accepted
    assert game.act(HOUR + 100, Kind.PAUSE).code is Code.CLOSED


def test_an_outage_moves_ends_within_it_and_shortly_after() -> None:
    for ends_after, moves in ((-30, True), (0, True), (300, True), (301, False)):
        game = play("ascending", start_fen=100, increments=100)
        outage_end = HOUR - ends_after
        outcome = game.act(outage_end, Kind.OUTAGE, length=60)
        assert outcome.ends_at == at(HOUR + (60 if moves else 0)), ends_after
    late = play("ascending", start_fen=100, increments=100)
    assert late.act(HOUR + 60, Kind.OUTAGE, length=60).code is Code.CLOSED


def test_an_annulled_auction_takes_nothing_and_sells_nothing() -> None:
    game = play("ascending", start_fen=100, increments=100)
    game.bid(0, "a", 100)
    game.act(5, Kind.ANNUL)
    assert game.bid(6, "b", 200).code is Code.CLOSED
    assert (game.result().state, game.result().awards) == (Verdict.ANNULLED, ())
    assert game.result().ended_at == at(5)
    assert game.act(7, Kind.ANNUL).code is Code.CLOSED
    sold = play("ascending", start_fen=100, increments=100)
    sold.bid(0, "a", 100)
    assert sold.result(at(HOUR)).state is Verdict.SOLD
    assert sold.act(2 * HOUR, Kind.ANNUL).accepted
    assert sold.result().state is Verdict.ANNULLED


@pytest.mark.parametrize(
    ("profile", "rules", "field", "words"),
    [
        ("ascending", {"increments": 0}, "rules.increments", "greater than or equal to 1"),
        ("ascending", {"increments": [[5, 1]]}, "rules", "from 0"),
        ("ascending", {"increments": 1, "closes_at": T0}, "rules", "after opens_at"),
        ("ascending", {"increments": 1, "opens_at": 5}, "rules.opens_at", "a time such as"),
        ("ascending", {"increments": 1, "opens_at": "2026-03-02T09:00"}, "rules.opens_at", "zone"),
        ("ascending", {"increments": 1, "units": 5}, "rules.units", "no such rule"),
        ("ascending", {}, "rules.increments", "needs it"),
        ("ascending", {"increments": 1, "start_fen": 1.5}, "rules.start_fen", "valid integer"),
        ("ascending", {"increments": 1, "minimum_fen": 1}, "rules", "reverse"),
        ("ascending", {"increments": 1, "proxy": True, "priority": {"a": 1}}, "rules", "exclude"),
        (
            "ascending",
            {"increments": 1, "reserve_fen": 5, "reserve_commitment": "0" * 64},
            "rules",
            "do not open",
        ),
        ("ascending", {"increments": 1, "latest_end_at": T0}, "rules", "before closes_at"),
        ("online_2016", {"increments": 1, "extension_s": 5}, "rules.extension_s", "itself"),
        ("online_2016", {"increments": 1}, "rules.closes_at", "24 hours"),
    ],
)
def test_rules_that_do_not_fit_are_refused_by_name(
    profile: str, rules: dict[str, object], field: str, words: str
) -> None:
    whole = {"opens_at": T0, "closes_at": at(HOUR), "start_fen": 0} | rules
    with pytest.raises(BadRules) as caught:
        rules_of(profile_of(profile), whole)
    where, text = caught.value.problems[0]
    assert where.startswith(field)
    assert words in text


def test_an_unknown_profile_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadRules, match="ascending, online_2016, free_then_limited"):
        profile_of("silent")
