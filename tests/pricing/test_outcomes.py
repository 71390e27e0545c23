"""The loop: prices of deals, contracts and failed auctions are kept with what was expected."""

from typing import Any

from sqlalchemy import text

from tests import flow
from tests.contracts.trades import Trade
from tests.market import Market
from tests.pricing.steps import COST, ask
from tests.registrations.offices import accepted, office


async def kept(market: Market) -> list[dict[str, Any]]:
    """All outcomes."""
    async with market.sessions() as session:
        found = await session.execute(text("SELECT * FROM price_outcome ORDER BY id"))
        return [dict(one) for one in found.mappings()]


async def comparables(market: Market) -> list[dict[str, Any]]:
    """What operators see of the comparables."""
    operator = await market.admin()
    rows: list[dict[str, Any]] = (await operator.ok("GET", "/comparables"))["items"]
    return rows


async def test_a_registered_contract_takes_the_place_of_its_auction_and_falls_with_it(
    market: Market,
) -> None:
    at = await office(market)
    deal, seller, buyer = await flow.conclude_deal(market)
    signed = await flow.contract_of(market, deal, seller, buyer)
    await market.settle()
    [before] = await comparables(market)
    assert before["source"] == "auction"
    [auctioned] = await kept(market)
    path = await accepted(Trade(seller, buyer, deal["id"], signed["id"]), at)
    registered = await at.second.ok("POST", path + "/register")
    await market.settle()

    [row] = await comparables(market)
    contract = await seller.ok("GET", f"/contracts/{signed['id']}")
    assert (row["id"], row["source"]) == (before["id"], "contract")
    assert row["source_key"] == before["source_key"] == f"deal:{deal['id']}"
    assert row["price_fen"] == contract["total_fen"]
    assert (
        row["payment"]["upfront_fen"] + sum(due["amount_fen"] for due in row["payment"]["later"])
        == contract["total_fen"]
    )
    assert (row["technical_field"], row["voided_at"]) == (registered["technical_field"], None)
    [outcome] = await kept(market)
    assert outcome["id"] == auctioned["id"]
    assert (outcome["source"], outcome["seller_kind"]) == ("contract", "university")
    assert 0 < outcome["cleared_fen"] <= contract["total_fen"]
    async with market.sessions() as session:
        names = await session.execute(
            text("SELECT action FROM audit_event WHERE action LIKE 'comparable.%' ORDER BY id")
        )
        assert names.scalars().all() == ["comparable.collect", "comparable.collect"]

    ended = {"reason": "合同已解除"}
    await at.second.ok("POST", path + "/cancel", ended)
    await market.settle()
    [row] = await comparables(market)
    assert row["voided_at"] is not None
    [outcome] = await kept(market)
    assert outcome["voided_at"] is not None
    report = await market.anonymous.ok("GET", "/price-accuracy")
    assert report["deals"] == 0


async def test_asked_valued_and_cleared_price_of_a_deal_are_kept(market: Market) -> None:
    auction, seller, enterprises = await flow.start_auction(market)
    listing = await market.anonymous.ok("GET", f"/listings/{auction['listing_id']}")
    achievement = {"id": listing["achievement_id"]}
    valued = await ask(seller, achievement, {"cost": COST})
    amount = auction["min_next_fen"]
    for enterprise in enterprises:
        placed = await flow.bid(enterprise, auction, amount)
        amount = placed.json()["min_next_fen"]
    await flow.close_auction(market, auction)
    deal = await flow.deal_of(market, auction)
    later = await ask(seller, achievement, {"cost": COST | {"profit_rate": "0.5"}})
    assert later["value_fen"] != valued["value_fen"]
    await market.settle()

    [outcome] = await kept(market)
    assert outcome["asked_fen"] == listing["price_fen"]
    assert outcome["cleared_fen"] == deal["price_fen"]
    assert (str(outcome["valuation_id"]), outcome["valued_fen"]) == (
        valued["id"],
        valued["value_fen"],
    )
    assert outcome["refused"] == "model_missing"
    report = await market.anonymous.ok("GET", "/price-accuracy")
    assert report["deals"] == 1
    # One deal alone is not shown, in no cell.
    for series in ("valuation", "asked"):
        assert report[series]["whole"] == dict.fromkeys(
            ("deals", "coverage", "median_error", "bias")
        )
    assert report["model"]["whole"]["deals"] == 0


async def test_an_auction_without_a_bid_says_what_nobody_would_pay(market: Market) -> None:
    auction, seller, _ = await flow.start_auction(market, bidders=1)
    ended = await flow.close_auction(market, auction)
    assert ended["state"] == "failed"
    await market.settle()
    [outcome] = await kept(market)
    listing = await seller.ok("GET", f"/listings/{auction['listing_id']}")
    assert (outcome["source"], str(outcome["auction_id"])) == ("failed", auction["id"])
    assert outcome["floor_fen"] == outcome["asked_fen"] == listing["price_fen"]
    assert (outcome["cleared_fen"], outcome["bidders"]) == (None, 1)
    report = await market.anonymous.ok("GET", "/price-accuracy")
    assert (report["deals"], report["failed"]) == (0, 1)
