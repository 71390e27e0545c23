"""Reverse auctions: the owner of a demand calls for bids, and the lowest valid price wins."""

from typing import Any

import pytest

from app.auctions.verification import verify
from tests import flow
from tests.demands import steps
from tests.market import Market, User

BUDGET_FEN = steps.PROFILE["budget_max_fen"]
STEP_FEN = 1_000_000


async def shortlisted(market: Market, owner: User, count: int) -> tuple[dict[str, Any], list[User]]:
    """A published demand with so many suppliers whose solutions were shortlisted."""
    demand = await steps.published(market, owner)
    suppliers = []
    for _ in range(count):
        supplier = await market.join("university")
        path = f"/demands/{demand['id']}/solutions"
        solution = await supplier.ok("POST", path, steps.SOLUTION)
        await owner.ok("POST", f"{path}/{solution['id']}/decision", {"act": "shortlist"})
        suppliers.append(supplier)
    return demand, suppliers


async def call(owner: User, demand: dict[str, Any], **new: Any) -> dict[str, Any]:
    """A call for bids with a step."""
    body = {"terms": {"increments": STEP_FEN, "extension_s": 300}} | new
    return await owner.ok("POST", f"/demands/{demand['id']}/auction", body)


async def proven(market: Market, auction: dict[str, Any]) -> None:
    """The record of the auction stands every check."""
    record = await market.anonymous.get(f"/auctions/{auction['id']}/record")
    checks = verify(record.content)
    assert [check.name for check in checks] == ["form", "chain", "order", "signature", "result"]
    assert all(check.passed for check in checks), checks


async def test_the_lowest_valid_bid_wins_and_the_demand_is_matched(market: Market) -> None:
    owner = await market.join("enterprise")
    demand, (first, second) = await shortlisted(market, owner, 2)
    auction = await call(
        owner, demand, terms={"increments": STEP_FEN, "extension_s": 300, "minimum_fen": 70_000_000}
    )
    assert (auction["direction"], auction["listing_id"]) == ("reverse", None)
    assert (auction["demand_id"], auction["start_fen"]) == (demand["id"], BUDGET_FEN)
    await market.settle()
    assert (await flow.bid(first, auction, BUDGET_FEN)).status_code == 201
    high = (await flow.bid(second, auction, BUDGET_FEN)).json()
    assert (high["code"], high["required_fen"]) == ("bid_too_high", BUDGET_FEN - STEP_FEN)
    low = (await flow.bid(second, auction, 69_000_000)).json()
    assert low["code"] == "bid_below_minimum"
    placed = await flow.bid(second, auction, BUDGET_FEN - 3 * STEP_FEN)
    assert placed.json()["min_next_fen"] == BUDGET_FEN - 4 * STEP_FEN
    sold = await flow.close_auction(market, auction)
    assert (sold["state"], sold["price_fen"]) == ("sold", BUDGET_FEN - 3 * STEP_FEN)
    assert sold["winner_id"] == str(second.organisation_id)
    assert (await owner.ok("GET", f"/demands/{demand['id']}"))["state"] == "matched"
    await proven(market, auction)


async def test_a_supplier_who_defaults_is_out_and_the_others_may_bid_again(market: Market) -> None:
    owner = await market.join("enterprise")
    demand, (loser, winner) = await shortlisted(market, owner, 2)
    auction = await call(owner, demand, bidding_minutes=60)
    await market.settle()
    operator, path = await market.admin(), f"/auctions/{auction['id']}/default"
    early = await operator.post(path, {"reason": "逾期未签约"})
    assert (early.status_code, early.json()["code"]) == (409, "illegal_move")
    assert (await flow.bid(winner, auction, BUDGET_FEN)).status_code == 201
    await flow.close_auction(market, auction)
    after = await operator.ok("POST", path, {"reason": "逾期未签约", "commissions_fen": 7})
    [award] = after["awards"]
    assert (award["state"], award["commissions_fen"], after["winner_id"]) == ("defaulted", 7, None)
    shown = await owner.ok("GET", f"/demands/{demand['id']}")
    assert shown["state"] == "published"
    again = await operator.post(path, {"reason": "再次登记"})
    assert again.json()["code"] == "illegal_move"
    second = await call(owner, demand, bidding_minutes=60)
    assert (second["round"], second["bidder_count"]) == (2, 1)
    await market.settle()
    assert (await flow.bid(winner, second, BUDGET_FEN)).json()["code"] == "not_a_bidder"
    assert (await flow.bid(loser, second, BUDGET_FEN)).status_code == 201


async def test_the_second_supplier_costs_more_and_the_first_owes_the_difference(
    market: Market,
) -> None:
    """D-11 (拍卖法 39) the other way round: the worse second price is the higher one."""
    owner = await market.join("enterprise")
    demand, (second, first) = await shortlisted(market, owner, 2)
    auction = await call(owner, demand, bidding_minutes=60)
    await market.settle()
    assert (await flow.bid(first, auction, BUDGET_FEN - 4 * STEP_FEN)).status_code == 201
    await flow.close_auction(market, auction)
    operator, path = await market.admin(), f"/auctions/{auction['id']}"
    await operator.ok("POST", f"{path}/default", {"reason": "逾期未签约", "commissions_fen": 7})
    again = await call(owner, demand, bidding_minutes=60)
    await market.settle()
    assert (await flow.bid(second, again, BUDGET_FEN - STEP_FEN)).status_code == 201
    sold = await flow.close_auction(market, again)
    assert [award["shortfall_fen"] for award in sold["awards"]] == [3 * STEP_FEN]
    [before] = (await operator.ok("GET", path))["awards"]
    assert (before["state"], before["commissions_fen"]) == ("defaulted", 7)
    await proven(market, again)


async def test_a_sold_auction_that_is_annulled_leaves_the_demand_open_for_all(
    market: Market,
) -> None:
    """法释〔2016〕18号 art. 31: the result is undone, which says nothing of the supplier."""
    owner = await market.join("enterprise")
    demand, (winner,) = await shortlisted(market, owner, 1)
    auction = await call(owner, demand, bidding_minutes=60)
    await market.settle()
    assert (await flow.bid(winner, auction, BUDGET_FEN)).status_code == 201
    await flow.close_auction(market, auction)
    assert (await owner.ok("GET", f"/demands/{demand['id']}"))["state"] == "matched"
    operator, path = await market.admin(), f"/auctions/{auction['id']}"
    annulled = await operator.ok("POST", f"{path}/annul", {"reason": "系统故障"})
    assert (annulled["state"], annulled["winner_id"]) == ("annulled", None)
    shown = await owner.ok("GET", f"/demands/{demand['id']}")
    assert (shown["state"], shown["supplier_id"], shown["awarded_fen"]) == ("published", None, None)
    late = await operator.post(f"{path}/default", {"reason": "逾期未签约"})
    assert (late.status_code, late.json()["code"]) == (409, "illegal_move")
    await proven(market, auction)
    second = await call(owner, demand, bidding_minutes=60)
    assert (second["round"], second["bidder_count"]) == (2, 1)
    await market.settle()
    assert (await flow.bid(winner, second, BUDGET_FEN)).status_code == 201
    sold = await flow.close_auction(market, second)
    assert [award["shortfall_fen"] for award in sold["awards"]] == [None]


async def test_the_owner_of_an_anonymous_demand_stays_unknown_in_its_auction(
    market: Market,
) -> None:
    """rules.md 9.5: no names until an expression of interest is accepted."""
    owner = await market.join("enterprise")
    demand = await steps.published(market, owner, anonymous=True)
    supplier = await market.join("university")
    path = f"/demands/{demand['id']}/solutions"
    solution = await supplier.ok("POST", path, steps.SOLUTION)
    await owner.ok("POST", f"{path}/{solution['id']}/decision", {"act": "shortlist"})
    auction = await call(owner, demand, bidding_minutes=60)
    await market.settle()
    secret, place = str(owner.organisation_id), f"/auctions/{auction['id']}"
    for reader in (market.anonymous, supplier):
        for where in (place, f"/auctions?demand_id={demand['id']}", f"{place}/bids", "/feed"):
            answer = await reader.get(where)
            assert (answer.status_code, secret in answer.text) == (200, False), where
        assert (await reader.ok("GET", f"/auctions?seller_id={secret}"))["items"] == []
        page = await reader.client.get(place, headers={"accept": "text/html"})
        assert (page.status_code, secret in page.text) == (200, False)
    for reader in (owner, await market.admin()):
        assert (await reader.ok("GET", place))["seller_id"] == secret
        assert len((await reader.ok("GET", f"/auctions?seller_id={secret}"))["items"]) == 1


async def test_without_a_bid_the_demand_stays_and_can_be_called_for_again(market: Market) -> None:
    owner = await market.join("enterprise")
    demand, _ = await shortlisted(market, owner, 1)
    auction = await call(owner, demand, bidding_minutes=60)
    again = await owner.post(f"/demands/{demand['id']}/auction", {"terms": {"increments": 1}})
    assert (again.status_code, again.json()["code"]) == (409, "demand_not_ready")
    failed = await flow.close_auction(market, auction)
    assert (failed["state"], failed["reason"]) == ("failed", "no_valid_bid")
    assert (await owner.ok("GET", f"/demands/{demand['id']}"))["state"] == "published"
    second = await call(
        owner,
        demand,
        format="descending",
        terms={
            "start_fen": 10_000_000,
            "decrement_fen": 1_000_000,
            "interval_s": 60,
            "stop_fen": 20_000_000,
        },
    )
    assert (second["round"], second["format"]) == (2, "descending")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"format": "package", "terms": {}}, 422, "bad_auction_plan"),
        ({"terms": {}}, 422, "bad_auction_plan"),
        ({"terms": {"increments": 1, "direction": "forward"}}, 422, "bad_auction_plan"),
        ({"format": "nothing", "terms": {}}, 422, "bad_auction_plan"),
        ({"terms": {"increments": 1}, "reserve_fen": 1}, 422, "bad_auction_plan"),
    ],
)
async def test_a_call_that_cannot_be_held_is_refused(
    market: Market, body: dict[str, Any], status: int, code: str
) -> None:
    owner = await market.join("enterprise")
    demand, _ = await shortlisted(market, owner, 1)
    answer = await owner.post(f"/demands/{demand['id']}/auction", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await market.anonymous.ok("GET", f"/auctions?demand_id={demand['id']}"))["items"] == []


async def test_only_the_owner_calls_and_only_among_shortlisted_suppliers(market: Market) -> None:
    owner, other = await market.join("enterprise"), await market.join("enterprise")
    demand = await steps.published(market, owner)
    body = {"terms": {"increments": STEP_FEN}}
    path = f"/demands/{demand['id']}/auction"
    assert (await other.post(path, body)).json()["code"] == "not_the_demands_owner"
    assert (await owner.post(path, body)).json()["code"] == "no_suppliers"
