"""A disclosure that does not just run: prolonged, suspended, changed, relisted."""

from datetime import date, datetime
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kit.calendar import end_of_day, local_day, official_calendar
from tests import flow
from tests.listings.offers import applied, counts, drafted, expected_end, published
from tests.market import Market, User

STATE_OWNED = {"profile": "SOE_EQUITY", "disclosure_working_days": 20}


def refusal(response: Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def read(market: Market, listing: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = await market.anonymous.ok("GET", f"/listings/{listing['id']}")
    return shown


async def at_a_known_day(market: Market) -> None:
    """Monday 2026-11-23, from which no period here reaches the new year's open days."""
    await flow.advance_to(market, end_of_day(date(2026, 11, 22)))


def last_day(shown: dict[str, Any]) -> date:
    return local_day(datetime.fromisoformat(shown["closes_at"])) - date.resolution


async def test_tv_c6_nobody_after_the_announced_prolongations_fails(market: Market) -> None:
    seller = await market.join("university")
    announced = {"prolong_working_days": 5, "prolongations_max": 2}
    listing = await published(market, seller, **announced)
    ends = [last_day(listing)]
    for times in (1, 2):
        await flow.advance_to(market, (await read(market, listing))["closes_at"])
        shown = await read(market, listing)
        assert (shown["state"], shown["prolongations"]) == ("published", times)
        ends.append(last_day(shown))
        assert ends[-1] == official_calendar().end_of_working_days(ends[-2], 5).day
    await flow.advance_to(market, shown["closes_at"])
    assert (await read(market, listing))["state"] == "failed"


async def test_a_prolongation_keeps_those_who_are_not_decided(market: Market) -> None:
    seller, admin = await market.join("university"), await market.admin()
    listing = await published(market, seller, prolong_working_days=5, prolongations_max=1)
    waiting = await applied(market, listing, qualify=False)
    await flow.advance_to(market, listing["closes_at"])
    decision = f"{waiting.path}/{waiting.application_id}/decision"
    await admin.ok("POST", decision, {"act": "qualify"})
    await flow.advance_to(market, (await read(market, listing))["closes_at"])
    assert (await read(market, listing))["state"] == "closed"


@pytest.mark.parametrize("steps", [0, 3])
async def test_tv_c6_one_bidder_gets_it_at_the_offer(market: Market, steps: int) -> None:
    auction, _, [bidder] = await flow.start_auction(market, bidders=1)
    amount = auction["min_next_fen"] + steps * flow.STEP_FEN
    assert auction["min_next_fen"] == flow.START_FEN
    placed = await flow.bid(bidder, auction, amount)
    assert placed.status_code == 201, placed.text
    await flow.close_auction(market, auction)
    assert (await flow.deal_of(market, auction))["price_fen"] == amount


async def test_tv_c4_a_suspended_disclosure_goes_on_with_what_is_left(market: Market) -> None:
    await at_a_known_day(market)
    seller, admin = await market.join("enterprise"), await market.admin()
    listing = await published(market, seller, **STATE_OWNED)
    path = f"/listings/{listing['id']}"
    await applied(market, listing)
    await market.advance(days=4)  # Friday; three working days have run
    before = await counts(market)
    response = await admin.post(path + "/suspend", {"reason": ""})
    assert refusal(response) == (422, "reason_required")
    assert await counts(market) == before
    await admin.ok("POST", path + "/suspend", {"reason": "收到权属异议"})
    shown = await read(market, listing)
    assert (shown["state"], shown["closes_at"], shown["days_left"]) == ("suspended", None, 17)
    [hidden] = (await seller.ok("GET", path + "/applications"))["items"]
    assert hidden["applicant_id"] is None
    buyer = await market.join("enterprise")
    response = await buyer.post(path + "/applications", {})
    assert refusal(response) == (409, "listing_not_open")
    await market.advance(days=20)
    assert (await read(market, listing))["state"] == "suspended"
    await admin.ok("POST", path + "/resume", {"reason": "异议不成立"})
    resumed = await read(market, listing)
    now = (await flow.market_now(market)).isoformat()
    assert datetime.fromisoformat(resumed["closes_at"]) == expected_end(now, 17)
    assert resumed["suspended_until"] is None
    await admin.ok("POST", path + "/suspend", {"reason": "复核"})
    until = (await read(market, listing))["suspended_until"]
    await flow.advance_to(market, until)
    goes_on = await read(market, listing)
    assert (goes_on["state"], goes_on["suspended_until"]) == ("published", None)
    assert datetime.fromisoformat(goes_on["closes_at"]) == expected_end(until, 17)
    again = await drafted(seller, listing["achievement_id"])
    await admin.ok("POST", path + "/suspend", {"reason": "再次核查"})
    response = await seller.post(f"/listings/{again['id']}/submit")
    assert refusal(response) == (409, "exclusive_right_listed")
    await admin.ok("POST", path + "/terminate", {"reason": "权属不清"})
    assert (await read(market, listing))["state"] == "failed"
    assert (await seller.ok("POST", f"/listings/{again['id']}/submit"))["state"] == "under_review"


async def test_a_change_restarts_the_period_and_is_confirmed_by_applicants(market: Market) -> None:
    seller, admin = await market.join("university"), await market.admin()
    listing = await published(market, seller)
    path = f"/listings/{listing['id']}"
    one, two = await applied(market, listing), await applied(market, listing)
    await market.advance(days=3)
    new = {"terms": {"price_fen": 40_000_000}, "reason": "评估更正", "approval": "校批〔2026〕3号"}
    made = await seller.ok("POST", path + "/changes", new)
    response = await seller.post(path + "/changes", new)
    assert refusal(response) == (409, "change_pending")
    assert await market.anonymous.ok("GET", path + "/changes") == []
    assert (await read(market, listing))["closes_at"] == listing["closes_at"]
    decide = f"{path}/changes/{made['id']}/decision"
    await admin.ok("POST", decide, {"act": "publish"})
    response = await admin.post(decide, {"act": "publish"})
    assert refusal(response) == (409, "change_decided")
    changed = await read(market, listing)
    now = (await flow.market_now(market)).isoformat()
    assert datetime.fromisoformat(changed["closes_at"]) == expected_end(now, 5)
    assert (changed["price_fen"], changed["terms_edition"]) == (40_000_000, 2)
    [shown] = await market.anonymous.ok("GET", path + "/changes")
    assert (shown["terms"], shown["edition"]) == ({"price_fen": 40_000_000}, 2)
    confirm = f"{one.path}/{one.application_id}/reconfirm"
    assert (await one.user.ok("POST", confirm))["terms_edition"] == 2
    await flow.advance_to(market, changed["closes_at"])
    rows = {row["id"]: row for row in (await admin.ok("GET", one.path))["items"]}
    assert rows[one.application_id]["state"] == "qualified"
    assert rows[two.application_id]["state"] == "withdrawn"
    assert rows[two.application_id]["reason"] == "change_unconfirmed"


async def failed(market: Market, seller: User, **terms: Any) -> dict[str, Any]:
    """A listing that nobody wanted."""
    listing = await published(market, seller, **terms)
    await flow.advance_to(market, listing["closes_at"])
    return await read(market, listing)


async def test_a_failed_listing_is_relisted_as_the_next_round(market: Market) -> None:
    seller, admin = await market.join("university"), await market.admin()
    first = await failed(market, seller)
    path = f"/listings/{first['id']}"
    before = await counts(market)
    response = await seller.post(path + "/relist", {"price_fen": 39_999_999})
    assert refusal(response) == (422, "price_cut_too_deep")
    assert response.json()["least_fen"] == 40_000_000
    assert await counts(market) == before
    second = await seller.ok("POST", path + "/relist", {"price_fen": 40_000_000})
    assert (second["state"], second["round"], second["previous_id"]) == ("draft", 2, first["id"])
    assert second["conditions"] == first["conditions"]
    response = await seller.post(path + "/relist", {})
    assert refusal(response) == (409, "already_relisted")
    async with market.sessions() as session:
        copy = "UPDATE listing SET previous_id = :first WHERE id <> :first AND id <> :second"
        third = await drafted(seller)
        assert third["previous_id"] is None
        values = {"first": first["id"], "second": second["id"]}
        with pytest.raises(DBAPIError, match="uq_listing_next_round"):
            await session.execute(text(copy), values)
    await seller.ok("POST", f"/listings/{second['id']}/submit")
    assert len(await market.anonymous.ok("GET", path + "/chain")) == 1
    await admin.ok("POST", f"/listings/{second['id']}/review", {"act": "approve"})
    chain = await market.anonymous.ok("GET", path + "/chain")
    assert [(row["round"], row["price_fen"]) for row in chain] == [(1, 50_000_000), (2, 40_000_000)]
    assert chain == await market.anonymous.ok("GET", f"/listings/{second['id']}/chain")


async def test_tv_c2_a_price_below_the_floor_is_listed_with_an_approval(market: Market) -> None:
    seller = await market.join("enterprise")
    appraised = {"appraisal_fen": 1_000_000_000, "price_fen": 1_000_000_000}
    first = await failed(market, seller, **STATE_OWNED, **appraised)
    path = f"/listings/{first['id']}"
    second = await seller.ok("POST", path + "/relist", {"price_fen": 899_999_999})
    response = await seller.post(f"/listings/{second['id']}/submit")
    assert refusal(response) == (422, "listing_guards_failed")
    assert response.json()["reasons"] == ["price_floor"]
    own = f"/listings/{second['id']}"
    approval = {"authority": "某国资委", "document": "国资批〔2026〕8号", "dated_on": "2026-11-20"}
    for change in (
        {"price_fen": 900_000_000},
        {"price_fen": 899_999_999, "price_approval": approval},
    ):
        tag = (await seller.get(own)).headers["etag"]
        assert (await seller.patch(own, change, tag)).status_code == 200
        found = {one["code"]: one for one in await seller.ok("GET", own + "/checks")}
        assert found["price_floor"]["outcome"] == "passed"
    assert (await seller.ok("POST", own + "/submit"))["price_approval"] == approval


async def test_a_chain_of_twelve_months_starts_with_a_new_appraisal(market: Market) -> None:
    seller = await market.join("enterprise")
    first = await failed(market, seller, **STATE_OWNED, price_fen=100_000_000)
    async with market.sessions() as session, session.begin():
        aged = "UPDATE listing SET first_disclosed_on = first_disclosed_on - 366"
        await session.execute(text(aged))
    second = await seller.ok("POST", f"/listings/{first['id']}/relist", {})
    assert second["round"] == 1
    own = f"/listings/{second['id']}"
    response = await seller.post(own + "/submit")
    assert response.json()["reasons"] == ["appraisal_renewed"]
    today = local_day(await flow.market_now(market))
    tag = (await seller.get(own)).headers["etag"]
    renewed = {"appraisal_fen": 100_000_000, "appraisal_on": str(today)}
    assert (await seller.patch(own, renewed, tag)).status_code == 200
    assert (await seller.ok("POST", own + "/submit"))["state"] == "under_review"


async def test_a_relisting_comes_within_its_term(market: Market) -> None:
    seller = await market.join("university")
    first = await failed(market, seller)
    await market.advance(days=31)
    response = await seller.post(f"/listings/{first['id']}/relist", {})
    assert refusal(response) == (409, "relist_too_late")
