"""A winner who does not sign or pay: the runner-up, a re-auction, or nobody."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from app.kit.settings import Settings
from tests import flow
from tests.auctions import plans
from tests.auctions.plans import Json, Sale, event, moment
from tests.flow import STEP_FEN
from tests.market import Market

FIRST, SECOND = 300_000_000, 260_000_000
COMMISSIONS = 2 * FIRST * 5 // 100


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The sandbox opens sealed bids by itself."""
    return Settings(
        mode="sandbox", data_dir=tmp_path, opening_public_key="ephemeral", _env_file=None
    )


async def deals_of(sale: Sale) -> list[Json]:
    """The deals of an auction in the order of its awards, ended ones too."""
    operator = await sale.market.admin()
    ids = await plans.rows(
        sale.market,
        "SELECT d.id FROM deal d JOIN auction_award a ON a.id = d.award_id"
        " WHERE a.auction_id = :id ORDER BY a.rank",
        id=UUID(sale.id),
    )
    return [await operator.ok("GET", f"/deals/{row[0]}") for row in ids]


async def default(sale: Sale, following: str, rank: int = 1, fen: int = COMMISSIONS) -> Response:
    """An operator notes that the buyer of one award's deal does not perform."""
    deal = (await deals_of(sale))[rank - 1]
    body = {"reason": "逾期未付款", "following": following, "commissions_fen": fen}
    operator = await sale.market.admin()
    return await operator.post(f"/deals/{deal['id']}/default", body)


async def defaulted(sale: Sale, following: str, rank: int = 1, fen: int = COMMISSIONS) -> Json:
    """The auction after a default that could be noted."""
    answer = await default(sale, following, rank, fen)
    assert answer.status_code == 200, answer.text
    await sale.market.settle()
    return await sale.read()


async def sold(market: Market, **more: Any) -> Sale:
    """Sold to number 1 for 3,000,000 yuan, before number 2 with 2,600,000."""
    sale = await plans.held(market, **{"bidders": 3, "increment_fen": 1_000_000} | more)
    await sale.bid(2, SECOND)
    await sale.bid(1, FIRST)
    assert (await sale.close())["state"] == "sold"
    return sale


async def next_round(sale: Sale) -> Sale:
    """The latest auction of the same listing, open, with those who take part."""
    path = f"/auctions?listing_id={sale.auction['listing_id']}"
    latest = (await sale.market.anonymous.ok("GET", path))["items"][0]
    assert latest["id"] != sale.id
    await flow.advance_to(sale.market, latest["opens_at"])
    latest = await flow.read_auction(sale.market, latest)
    return await plans.numbered(sale.market, latest, sale.seller, sale.bidders)


async def listing_state(sale: Sale) -> str:
    path = f"/listings/{sale.auction['listing_id']}"
    return str((await sale.market.anonymous.ok("GET", path))["state"])


async def test_tv_d2_the_runner_up_buys_and_the_winner_owes_the_shortfall(market: Market) -> None:
    sale = await sold(market)
    runner_up, outsider = sale.bidders[1:]
    (deal,) = await deals_of(sale)
    await defaulted(sale, "runner_up")
    path = f"/deals/{deal['id']}/runner-up"
    assert (await runner_up.ok("GET", path))["price_fen"] == SECOND
    await runner_up.ok("POST", path, {"accept": True})
    await market.settle()
    after = await sale.read()
    first, second = after["awards"]
    assert (first["number"], first["state"]) == (1, "defaulted")
    assert (second["number"], second["state"], second["total_fen"]) == (2, "awarded", SECOND)
    assert (first["commissions_fen"], second["shortfall_fen"]) == (30_000_000, 40_000_000)
    assert first["commissions_fen"] + second["shortfall_fen"] == 70_000_000
    assert after["winner_id"] == str(runner_up.organisation_id)
    await sale.record()

    # Neither of the two takes part again.
    await defaulted(sale, "re_auction", rank=2, fen=0)
    again = await next_round(sale)
    assert (again.auction["round"], again.auction["bidder_count"]) == (2, 1)
    assert again.bidders == [outsider]


async def test_tv_d2_a_re_auction_leaves_out_who_defaulted_and_counts_the_shortfall(
    market: Market,
) -> None:
    sale = await sold(market)
    await defaulted(sale, "re_auction")
    assert await listing_state(sale) not in {"awarded", "failed"}
    again = await next_round(sale)
    assert again.auction["state"] == "open"
    assert moment(again.auction["ends_at"]) - moment(again.auction["opens_at"]) == moment(
        sale.auction["ends_at"]
    ) - moment(sale.auction["opens_at"])
    winner = sale.bidders[0]
    assert winner not in again.bidders
    assert (await flow.bid(winner, again.auction, FIRST)).json()["code"] == "not_a_bidder"
    await again.bid(1, SECOND)
    done = await again.close()
    assert (done["state"], done["price_fen"]) == ("sold", SECOND)
    assert done["awards"][0]["shortfall_fen"] == 40_000_000
    assert await listing_state(sale) == "awarded"
    links = await plans.rows(
        market,
        "SELECT a.instead_of = b.id FROM auction_award a JOIN auction_award b"
        " ON b.state = 'defaulted' WHERE a.instead_of IS NOT NULL",
    )
    assert [row[0] for row in links] == [True]
    record = await again.record()
    assert event(record, "scheduled")["round"] == 2


async def test_a_better_second_price_leaves_no_shortfall_and_a_failed_round_ends_it(
    market: Market,
) -> None:
    sale = await sold(market, bidders=2)
    await defaulted(sale, "re_auction")
    again = await next_round(sale)
    await again.bid(1, FIRST + STEP_FEN)
    done = await again.close()
    assert done["awards"][0]["shortfall_fen"] == 0
    refused = await default(again, "re_auction")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_further_bidder")
    assert [award["state"] for award in (await again.read())["awards"]] == ["awarded"]
    after = await defaulted(again, "none")
    assert (after["awards"][0]["state"], after["winner_id"]) == ("defaulted", None)
    assert await listing_state(sale) == "failed"


async def test_a_sealed_auction_is_sealed_again_in_its_second_round(market: Market) -> None:
    holder = await market.join("enterprise", roles=["trader"])
    others = [await market.join("enterprise", roles=["trader"]) for _ in range(2)]
    plan = {"priority": {str(holder.organisation_id): 1}}
    sale = await plans.held(market, "sealed_once", plan, bidders=[holder, *others])
    number = sale.bidders.index(holder) + 1
    best = 1 if number != 1 else 2
    for one in (1, 2, 3):
        await sale.bid(one, FIRST if one == best else SECOND)
    assert (await sale.close())["leading_number"] == best
    await defaulted(sale, "re_auction")
    again = await next_round(sale)
    assert again.auction["sealed"] is True
    now = again.bidders.index(holder) + 1
    assert again.auction["terms"]["priority"] == {str(now): 1}
    secret = 271_828_183
    assert (await again.bid(3 - now, secret))["amount_fen"] is None
    await again.bid(now, secret)
    assert str(secret) not in await plans.everything_stored(market)
    done = await again.close()
    assert (done["state"], done["leading_number"], done["price_fen"]) == ("sold", now, secret)
    assert done["awards"][0]["shortfall_fen"] == FIRST - secret
    await again.record()


async def test_units_of_one_winner_are_auctioned_again_and_others_keep_theirs(
    market: Market,
) -> None:
    listing: dict[str, Any] = {"license_manner": "ordinary", "price_fen": 200}
    terms = {"units": 10, "min_quantity": 5, "payment": "discriminatory"}
    sale = await plans.held(market, "multi_unit", terms, bidders=3, **listing)
    await sale.bid(1, 500, quantity=6)
    await sale.bid(2, 400, quantity=6)
    assert (await sale.close())["state"] == "sold"
    assert await sale.awards() == [(1, 6, 3_000), (2, 4, 1_600)]
    refused = await default(sale, "runner_up", rank=2)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_runner_up")
    await defaulted(sale, "re_auction", rank=2)
    again = await next_round(sale)
    assert (again.auction["terms"]["units"], again.auction["terms"]["min_quantity"]) == (4, 4)
    # Who won other units and keeps to it may bid for the rest.
    assert {user.organisation_id for user in again.bidders} == {
        sale.bidders[0].organisation_id,
        sale.bidders[2].organisation_id,
    }
    failed = await again.close()
    assert failed["state"] == "failed"
    assert await listing_state(sale) == "awarded"
    after = await defaulted(sale, "none", rank=1)
    assert [award["state"] for award in after["awards"]] == ["defaulted", "defaulted"]
    assert await listing_state(sale) == "failed"
