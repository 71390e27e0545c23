"""Formats of sealed bids, live over HTTP: nobody sees an amount before the opening."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog._config import BoundLoggerLazyProxy

from app.kit.log import configure_logging
from app.kit.settings import Settings
from tests import flow
from tests.auctions import plans
from tests.auctions.plans import event, moment
from tests.flow import START_FEN, STEP_FEN
from tests.market import Market


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The sandbox opens sealed bids by itself."""
    return Settings(
        mode="sandbox", data_dir=tmp_path, opening_public_key="ephemeral", _env_file=None
    )


@pytest.fixture
def all_logs() -> Iterator[None]:
    """Everything is logged, down to debugging, also by loggers that were used before."""
    log_from("debug")
    yield
    log_from("warning")


def log_from(level: str) -> None:
    configure_logging(Settings(log_level=level, _env_file=None))
    for module in list(sys.modules.values()):
        logger = vars(module).get("log")
        if isinstance(logger, BoundLoggerLazyProxy):
            vars(logger).pop("bind", None)


BEST, SECOND = 314_159_265, 271_828_183


async def test_second_price_and_an_amount_is_nowhere_before_the_opening(
    market: Market, all_logs: None, capfd: pytest.CaptureFixture[str]
) -> None:
    terms = {"payment": "second_price"}
    sale = await plans.held(market, "sealed_once", terms, bidders=3)
    placed = await sale.bid(1, BEST)
    assert (placed["amount_fen"], placed["price_after_fen"], placed["leading"]) == (
        None,
        None,
        False,
    )
    assert len(placed["seal_sha256"]) == 64
    await sale.bid(2, SECOND)
    low = await sale.refused(3, START_FEN - 1)
    assert (low["code"], low["required_fen"]) == ("bid_too_low", START_FEN)
    again = await sale.refused(1, BEST + 1)
    assert (again["code"], again["required_fen"]) == ("already_bid", None)

    told = [await plans.everything_stored(market)]
    for reader in (market.anonymous, sale.seller, *sale.bidders, await market.admin()):
        for path in ("", "/bids", "/bids/1", "/opening"):
            told.append((await reader.get(f"/auctions/{sale.id}{path}")).text)
    told += capfd.readouterr()
    assert [one for one in told if "sealed_once" in one], (
        "the plan must be among what was looked at"
    )
    for amount in (BEST, SECOND, START_FEN - 1, BEST + 1):
        assert not [one for one in told if str(amount) in one]
    page = await sale.bidders[1].ok("GET", f"/auctions/{sale.id}/bids")
    assert [row["number"] for row in page["items"]] == [None, None, 2, None]

    sold = await sale.close()
    assert (sold["state"], sold["price_fen"], sold["leading_number"]) == ("sold", SECOND, 1)
    assert await sale.awards() == [(1, 1, SECOND)]
    page = await market.anonymous.ok("GET", f"/auctions/{sale.id}/bids?accepted=true")
    assert [(row["number"], row["amount_fen"]) for row in page["items"]] == [
        (2, SECOND),
        (1, BEST),
    ]
    record = await sale.record()
    assert [one["amount_fen"] for one in event(record, "unsealed")["bids"]] == [BEST, SECOND]
    assert any("result" in found for found in await sale.forged_result(record))
    # What the platform opened must be what was sealed, even if it signs something else.
    event(record, "unsealed")["bids"][0]["amount_fen"] -= 1
    assert any("amount_fen" in found for found in await sale.forged_result(record))
    capfd.readouterr()


async def test_first_price_and_equal_bids_go_to_priority_then_to_time(market: Market) -> None:
    bidders = [await market.join("enterprise", roles=["trader"]) for _ in range(3)]
    holder = bidders[2]
    plan = {"priority": {str(holder.organisation_id): 1}}
    sale = await plans.held(
        market, "sealed_once", plan, bidders=bidders, reserve_fen=START_FEN + STEP_FEN
    )
    mine = sale.bidders.index(holder) + 1
    first, second = sorted({1, 2, 3} - {mine})
    for number in (first, second, mine):
        await sale.bid(number, BEST)
    sold = await sale.close()
    assert (sold["leading_number"], sold["price_fen"]) == (mine, BEST)
    record = await sale.record()
    assert event(record, "sold")["reserve"]["reserve_fen"] == START_FEN + STEP_FEN
    dropped = await plans.rows(market, "SELECT reserve_sealed FROM auction_plan")
    assert [row[0] for row in dropped] == [b""]


async def test_rounds_follow_the_opened_offers_and_the_best_speaks_last(market: Market) -> None:
    terms = {"rounds": 2, "turn_s": 600, "break_s": 60}
    reserve = START_FEN + 4 * STEP_FEN
    sale = await plans.held(market, "multi_round", terms, bidders=3, reserve_fen=reserve)
    offers = {1: START_FEN + STEP_FEN, 2: START_FEN + 3 * STEP_FEN, 3: START_FEN}
    for number, amount in offers.items():
        assert (await sale.bid(number, amount))["amount_fen"] is None
    assert (await sale.refused(1, act="pass"))["code"] == "not_in_this_phase"
    between = await sale.close()
    assert (between["state"], between["phase_name"], between["turns"]) == (
        "open",
        "round_1",
        [3, 1, 2],
    )
    begins = moment(between["ends_at"]) - timedelta(minutes=30)
    early = await sale.refused(3, START_FEN + 5 * STEP_FEN)
    assert early["code"] == "auction_not_open"
    await flow.stop_clock(market, begins + timedelta(minutes=1))
    assert (await sale.refused(2, act="pass"))["code"] == "not_your_turn"
    low = await sale.refused(3, START_FEN + 1)
    assert (low["code"], low["required_fen"]) == ("bid_too_low", START_FEN + STEP_FEN)
    raised = await sale.bid(3, START_FEN + 5 * STEP_FEN)
    assert raised["amount_fen"] == START_FEN + 5 * STEP_FEN
    assert (await sale.refused(3, act="pass"))["code"] == "turn_already_taken"
    await flow.step_clock(market, 600)
    await sale.bid(1, act="pass")
    second = await sale.close()
    assert (second["phase_name"], second["turns"]) == ("round_2", [1, 2, 3])
    # The key was published with the offers: it opens the reserve too, and nobody is asked again.
    sold = await sale.close()
    assert (sold["state"], sold["leading_number"], sold["price_fen"]) == (
        "sold",
        3,
        START_FEN + 5 * STEP_FEN,
    )
    record = await sale.record()
    assert event(record, "sold")["reserve"]["reserve_fen"] == reserve


@pytest.mark.parametrize(
    ("payment", "prices"), [("uniform", [300, 300, 300]), ("discriminatory", [500, 400, 300])]
)
async def test_units_go_by_price_and_time(market: Market, payment: str, prices: list[int]) -> None:
    terms = {"units": 10, "payment": payment, "max_quantity": 6}
    listing: dict[str, Any] = {"license_manner": "ordinary", "price_fen": 200}
    sale = await plans.held(market, "multi_unit", terms, bidders=3, **listing)
    await sale.bid(1, 500, quantity=4)
    await sale.bid(2, 300, quantity=5)
    await sale.bid(3, 400, quantity=3)
    assert (await sale.refused(3, 400, quantity=7))["code"] == "bad_quantity"
    # What a bidder asks for in all is seen at the opening only.
    await sale.bid(3, 300, quantity=5)
    sold = await sale.close()
    assert sold["state"] == "sold"
    quantities = [4, 3, 3]
    totals = [price * count for price, count in zip(prices, quantities, strict=True)]
    assert await sale.awards() == list(zip((1, 3, 2), quantities, totals, strict=True))
    assert (sold["price_fen"], sold["winner_id"], sold["leading_number"]) == (
        sum(totals),
        None,
        None,
    )
    page = await market.anonymous.ok("GET", f"/auctions/{sale.id}/bids/5")
    assert (page["accepted"], page["refusal"]) == (False, "bad_quantity")
    record = await sale.record()
    assert any("result" in found for found in await sale.forged_result(record))


async def test_the_highest_score_wins_and_pays_its_price(market: Market) -> None:
    terms = [
        {"code": "price", "weight_bp": 6000, "min": 10_000_000, "max": 30_000_000},
        {"code": "royalty_bp", "weight_bp": 3000, "min": 0, "max": 500},
        {"code": "months", "weight_bp": 1000, "min": 6, "max": 36, "lower": True},
    ]
    sale = await plans.held(market, "weighted", {"terms": terms}, price_fen=10_000_000)
    await sale.bid(1, 30_000_000, values={"royalty_bp": 100, "months": 36})
    missing = await sale.refused(2, 30_000_000, values={"royalty_bp": 500})
    assert missing["code"] == "term_missing"
    await sale.bid(2, 20_000_000, values={"royalty_bp": 500, "months": 6})
    sold = await sale.close()
    assert (sold["leading_number"], sold["price_fen"]) == (2, 20_000_000)
    assert sold["awards"][0]["score"] == 7_000_000_000
    await sale.record()


async def test_packages_are_decided_exactly_with_a_proof_in_the_record(market: Market) -> None:
    seller = await market.join("university", roles=["trader"])
    members = [await flow.post_achievement(market, seller) for _ in range(3)]
    a, b, c = [member["id"] for member in members]
    made = await seller.ok("POST", "/packages", {"title": "成果包", "member_ids": [a, b, c]})
    package = await seller.ok("POST", f"/achievements/{made['id']}/publish")
    terms = {"lots": {a: 10_000, b: 10_000, c: 0}, "payment": "vcg"}
    sale = await plans.held(
        market, "package", terms, bidders=3, seller=seller, achievement=package, price_fen=20_000
    )
    await sale.bid(1, 100_000, lots=[a, b, c])
    await sale.bid(2, 60_000, lots=[a])
    await sale.bid(3, 70_000, lots=[b, c])
    low = await sale.refused(2, 5_000, lots=[b])
    assert low["code"] == "bid_too_low"
    assert (await sale.refused(2, 5_000, lots=["elsewhere"]))["code"] == "unknown_lot"
    sold = await sale.close()
    assert (sold["state"], sold["price_fen"]) == ("sold", 70_000)
    assert await sale.awards() == [(2, 1, 30_000), (3, 1, 40_000)]
    assert [one["lots"] for one in sold["awards"]] == [[a], [b, c]]
    record = await sale.record()
    proof = event(record, "sold")["proof"]
    assert (proof["objective_fen"], proof["dual_bound_fen"]) == (130_000, 130_000)
    assert any("result" in found for found in await sale.forged_result(record))
