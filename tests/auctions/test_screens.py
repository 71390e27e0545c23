"""Collusion screens on made-up auctions, one pattern each."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.auctions import screens
from app.auctions.screens import SCREEN_RULES, Finding, Link, ScreenAuction, ScreenBid
from app.auctions.states import Screen

RULES = SCREEN_RULES[0]
DAY = datetime(2026, 3, 2, tzinfo=UTC)


def auction(
    number: int, winner: str | None = None, *, sealed: bool = True, **amounts: int
) -> ScreenAuction:
    """An auction that the highest bid wins, on the day of its number."""
    return ScreenAuction(
        id=f"{number:03}",
        market="new_materials",
        decided_at=DAY + timedelta(days=number),
        winner=winner or max(amounts, key=lambda name: amounts[name]),
        bids=tuple(ScreenBid(name, amount) for name, amount in amounts.items()),
        sealed=sealed,
    )


def found(
    *auctions: ScreenAuction, links: dict[str, list[Link]] | None = None
) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Screen, auctions and bidders of every finding."""
    findings = screens.screen(auctions, links or {}, RULES)
    return [(finding.screen.value, finding.auctions, finding.bidders) for finding in findings]


def only(kind: Screen, *auctions: ScreenAuction) -> Finding:
    """The one finding of a screen."""
    [finding] = [one for one in screens.screen(auctions, {}, RULES) if one.screen == kind]
    return finding


def test_bids_that_have_nothing_in_common_raise_nothing() -> None:
    fair = [auction(1, a=100, b=150, c=170), auction(2, a=90, d=140, e=120)]
    assert found(*fair) == []


@pytest.mark.parametrize(
    ("field", "screen"),
    [("device", "shared_device"), ("payer", "shared_payer"), ("agent", "shared_agent")],
)
def test_bidders_that_share_a_mark_are_named_together(field: str, screen: str) -> None:
    def bid(name: str, amount: int, mark: str | None) -> ScreenBid:
        marks: dict[str, Any] = {field: mark}
        return ScreenBid(name, amount, **marks)

    bids = (
        bid("a", 1, "x"),
        bid("b", 2, "y"),
        bid("c", 3, "x"),
        bid("c", 4, "x"),
        bid("d", 5, None),
    )
    shared = ScreenAuction("1", "m", DAY, "d", (*bids, bid("e", 6, None)))
    [finding] = screens.screen([shared], {}, RULES)
    assert (finding.screen, finding.bidders, finding.strength) == (screen, ("a", "c"), 2)
    assert finding.facts == {field: "x", "bids": {"a": 1, "c": 2}}


def test_joint_control_counts_where_both_bid() -> None:
    one = auction(1, a=100, b=130, sealed=False)
    link, elsewhere = Link("a", "b", ("relation",)), Link("a", "z", ("other",))
    assert found(one, links={"001": [elsewhere, link]}) == [
        ("shared_control", ("001",), ("a", "b"))
    ]


def test_the_shape_of_bids_is_computed_as_published() -> None:
    """100, 104, 106, 110, lowest wins: gap 4, losing spread sqrt(28/3), all spread sqrt(52/3)."""
    amounts = {"a": 100, "b": 104, "c": 106, "d": 110}
    bids = tuple(ScreenBid(name, amount) for name, amount in amounts.items())
    shape = screens.shape(ScreenAuction("1", "m", DAY, "a", bids, True, lowest_wins=True))
    assert shape is not None
    assert shape.variation == pytest.approx((52 / 3) ** 0.5 / 105)
    assert shape.relative_distance == pytest.approx(4 / (28 / 3) ** 0.5)
    assert shape.apart == pytest.approx(4 / (4 + (28 / 3) ** 0.5))
    assert shape.difference == pytest.approx(0.04)


def test_only_the_best_bid_of_each_bidder_counts_in_a_shape() -> None:
    bids = tuple(ScreenBid(*bid) for bid in (("a", 50), ("a", 100), ("b", 96), ("c", 90)))
    many = screens.shape(ScreenAuction("1", "m", DAY, "a", bids, True))
    assert many == screens.shape(auction(1, a=100, b=96, c=90))


def test_two_bids_have_no_shape() -> None:
    assert screens.shape(auction(1, a=100, b=99)) is None


def test_bunched_sealed_bids_are_flagged_and_open_ones_are_not() -> None:
    amounts = {"a": 1000, "b": 998, "c": 990}
    assert found(auction(1, **amounts)) == [
        ("low_variance", ("001",), ("a", "b", "c")),
        ("close_bids", ("001",), ("a", "b", "c")),
    ]
    assert found(auction(1, sealed=False, **amounts)) == []


def test_a_winner_far_from_equal_losers_is_flagged() -> None:
    finding = only(Screen.RELATIVE_DISTANCE, auction(1, a=130, b=100, c=100))
    assert finding.strength == 1.0
    assert finding.facts["relative_distance"] is None


def test_a_group_that_takes_turns_is_found_among_others() -> None:
    ring = [
        auction(
            number,
            winner="abc"[number % 3],
            sealed=False,
            a=100 + number,
            b=200 + number,
            c=300 + number,
            **{f"outsider{number}": 50},
        )
        for number in range(9)
    ]
    finding = only(Screen.BID_ROTATION, *ring)
    assert finding.bidders == ("a", "b", "c")
    assert finding.strength == pytest.approx(1.0)
    assert finding.facts == {"meetings": 9, "wins": {"a": 3, "b": 3, "c": 3}}
    assert len(finding.auctions) == 9


def test_rotation_grows_weaker_when_outsiders_win_and_shares_are_uneven() -> None:
    """The pair wins six of eight meetings, four to two: 3/4 of the entropy of (2/3, 1/3)."""
    winners = ["a", "b", "a", "b", "a", "a", "x", "y"]
    pair = [
        auction(number, winner=winner, sealed=False, **({"a": 10, "b": 20} | {winner: 30}))
        for number, winner in enumerate(winners)
    ]
    assert only(Screen.BID_ROTATION, *pair).strength == pytest.approx(0.75 * 0.9182958)


def test_one_change_of_winner_is_no_rotation() -> None:
    pair = [
        auction(number, winner=winner, sealed=False, a=10, b=20)
        for number, winner in enumerate(["a", "b", "a", "a"])
    ]
    assert [kind for kind, _, _ in found(*pair)] == []


def test_auctions_are_compared_within_their_market_only() -> None:
    turns = [
        auction(number, winner="ab"[number % 2], sealed=False, a=1, b=2) for number in range(4)
    ]
    assert only(Screen.BID_ROTATION, *turns).bidders == ("a", "b")
    apart = [
        ScreenAuction(one.id, str(number // 2), one.decided_at, one.winner, one.bids)
        for number, one in enumerate(turns)
    ]
    assert found(*apart) == []


def test_a_bidder_that_always_loses_closely_to_one_winner_covers_it() -> None:
    lost = [auction(number, a=100, b=97, **{f"x{number}": 60}) for number in range(3)]
    finding = only(Screen.COVER_BIDS, *lost)
    assert finding.bidders == ("a", "b")
    assert finding.facts == {"winner": "a", "loser": "b", "lost": 3, "largest_gap": 0.03}
    once_won = auction(4, b=100, a=70, c=50)
    assert Screen.COVER_BIDS not in [kind for kind, _, _ in found(*lost, once_won)]
    once_far = auction(5, a=100, b=70, c=50)
    assert Screen.COVER_BIDS not in [kind for kind, _, _ in found(*lost, once_far)]


def test_a_bidder_that_never_wins_beside_the_same_winner_is_flagged() -> None:
    lost = [auction(number, a=100, b=60, sealed=False) for number in range(4)]
    elsewhere = auction(5, c=100, b=60, sealed=False)
    finding = only(Screen.CONSTANT_LOSER, *lost, elsewhere)
    assert (finding.bidders, finding.strength) == (("a", "b"), 0.8)
    assert finding.facts == {"winner": "a", "loser": "b", "bid_in": 5, "lost": 4}
    more = auction(6, d=100, b=60, sealed=False)
    assert found(*lost, elsewhere, more) == []


def test_an_auction_without_a_winner_or_bids_raises_nothing() -> None:
    empty = [ScreenAuction(str(number), "m", DAY, None, ()) for number in range(5)]
    assert found(*empty) == []


def test_findings_do_not_depend_on_the_order_of_the_auctions() -> None:
    turns = [auction(number, winner="ab"[number % 2], a=100, b=99, c=98) for number in range(6)]
    assert found(*turns) == found(*reversed(turns))
    assert len(found(*turns)) > 6


def test_every_finding_says_so_in_both_languages() -> None:
    turns = [auction(number, winner="ab"[number % 2], a=100, b=99, c=98) for number in range(6)]
    for finding in screens.screen(turns, {}, RULES):
        assert finding.strength >= finding.threshold
        assert finding.zh.endswith("。")
        assert finding.en.endswith(".")


def test_limits_are_dated() -> None:
    assert screens.rules_on(date(2026, 1, 1)).code == "SCREENS_1"
    with pytest.raises(LookupError):
        screens.rules_on(date(2016, 12, 31))
