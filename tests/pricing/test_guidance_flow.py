"""Guidance over HTTP and by pages: who is advised, who never sees it, relisting, calibration."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.pricing import guiding
from app.pricing.guidance.calibration import AS_STATED
from tests import flow
from tests.market import Market, User
from tests.pricing.steps import COST, ask, import_deals
from tests.web.browser import Browser

PRICES = [180_000_000, 200_000_000, 220_000_000, 260_000_000]


async def advise(user: User, listing: dict[str, Any], **change: Any) -> dict[str, Any]:
    """Guidance on a listing."""
    body = {"listing_id": listing["id"]} | change
    made: dict[str, Any] = await user.ok("POST", "/auction-guidance", body)
    return made


async def test_the_seller_is_advised_and_no_bidder_ever_sees_it(market: Market) -> None:
    university, enterprise = await market.join("university"), await market.join("enterprise")
    broker, regulator = await market.join("broker"), await market.join("regulator")
    operator = await market.admin()
    achievement = await flow.post_achievement(market, university)
    await import_deals(market, PRICES)
    listing = await flow.draft_listing(market, university, achievement)

    path = {"listing_id": listing["id"]}
    early = await university.post("/auction-guidance", path)
    assert (early.status_code, early.json()["code"]) == (409, "valuation_needed")
    other = await ask(university, await flow.post_achievement(market, university), {"cost": COST})
    named = await university.post("/auction-guidance", path | {"valuation_id": other["id"]})
    assert named.json()["code"] == "valuation_elsewhere"
    valued = await ask(university, achievement, {"market": {}})
    kept = await university.post("/auction-guidance", path | {"keep_fen": 10**12})
    assert kept.json()["code"] == "kept_too_high"
    assert (await university.ok("GET", "/auction-guidance"))["items"] == []

    made = await advise(university, listing, keep_fen=50_000_000)
    advice, inputs = made["advice"], made["inputs"]
    assert made["valuation_id"] == valued["id"]
    assert inputs["value"]["value_fen"] == valued["value_fen"]
    assert 0.3 * valued["value_fen"] < advice["start"]["price_fen"] < 2 * valued["value_fen"]
    assert 0 < advice["start"]["sale_probability"] < 1
    assert "没有公开的技术交易价格数据集" in advice["notes"][1]["zh"]
    assert inputs["turnout"]["all_listings"] == 0
    assert (made["rule_set"], inputs["curve"]) == ("GUIDANCE_2026", "RELIST_2025")
    one = f"/auction-guidance/{made['id']}"
    again = await university.ok("GET", f"{one}/reproduction")
    assert (again["same"], again["start_fen"]) == (True, advice["start"]["price_fen"])

    await flow.grant_mandate(market, university, broker)
    broker.on_behalf_of = university.organisation_id
    assert (await broker.ok("GET", one)) == made
    assert (await operator.ok("GET", one)) == made
    await university.ok("POST", f"/listings/{listing['id']}/submit")
    await operator.ok("POST", f"/listings/{listing['id']}/review", {"act": "approve"})
    await flow.apply(market, listing, enterprise)
    for stranger in (enterprise, regulator, market.anonymous):
        for where in (one, f"{one}/reproduction"):
            assert (await stranger.get(where)).status_code in {401, 404}
        answer = await stranger.post("/auction-guidance", path)
        assert answer.status_code in {401, 403, 404}
    assert (await enterprise.ok("GET", "/auction-guidance"))["items"] == []
    fixed = await university.post("/auction-guidance", path)
    assert (fixed.status_code, fixed.json()["code"]) == (409, "terms_fixed")

    async with market.sessions() as session:
        logged = await session.execute(
            text("SELECT * FROM audit_event WHERE object_type = 'auction_guidance'")
        )
        [event] = logged.mappings().all()
        assert str(advice["start"]["price_fen"]) not in str(dict(event))
        with pytest.raises(IntegrityError):
            await session.execute(text("UPDATE auction_guidance SET start_fen = 1"))
    bidder = Browser(market, enterprise)
    where = f"/listings/{listing['id']}/guidance"
    assert (await bidder.get(where)).status_code == 404
    assert where not in (await bidder.page(f"/listings/{listing['id']}")).links


async def test_pages_from_the_plan_to_the_draft_and_after_a_failure(market: Market) -> None:
    university = await market.join("university")
    achievement = await flow.post_achievement(market, university)
    await import_deals(market, PRICES)
    listing = await flow.draft_listing(market, university, achievement)
    seller = Browser(market, university)
    page, where = f"/listings/{listing['id']}", f"/listings/{listing['id']}/guidance"
    assert where in (await seller.page(page)).links
    assert "请先估值" in (await seller.page(where)).words
    refused = await seller.send(where, where, {"keep": ""})
    assert refused.status_code == 409
    assert "请先对该成果估值" in refused.text
    await ask(university, achievement, {"market": {}, "cost": COST})
    await seller.done(where, where, {"keep": "100000"})
    shown = await seller.page(where)
    for words in ("建议起拍价", "没有公开的技术交易价格数据集", "仅转让方", "可能的竞买人数"):
        assert words in shown.words
    english = await seller.page(where + "?lang=en")
    assert "neither an appraisal nor a promise" in english.words
    await seller.done(where, f"{where}/take", {})
    [row] = (await university.ok("GET", f"/auction-guidance?listing_id={listing['id']}"))["items"]
    taken = await university.ok("GET", page)
    assert taken["price_fen"] == row["start_fen"]

    await university.ok("POST", f"{page}/submit")
    operator = await market.admin()
    await operator.ok("POST", f"{page}/review", {"act": "approve"})
    await market.advance(days=30)
    failed = await university.ok("GET", page)
    assert failed["state"] == "failed"
    made = await advise(university, listing)
    relist = made["advice"]["relisting"]
    assert made["next_round"]
    assert relist["failed_fen"] == taken["price_fen"]
    assert relist["least_fen"] == -(-taken["price_fen"] * 80 // 100)
    assert relist["least_fen"] <= relist["price_fen"] <= relist["failed_fen"]
    assert (relist["sessions_cases"], made["sessions"]["licence"]) == (539, "MIT")
    assert made["inputs"]["turnout"]["field_listings"] == 1
    assert "539 relistings" in (await seller.page(where + "?lang=en")).words
    following = await university.ok(
        "POST", f"{page}/relist", {"price_fen": made["advice"]["start"]["price_fen"]}
    )
    second = await advise(university, following)
    assert not second["next_round"]
    assert second["inputs"]["limits"]["failed_fen"] == [taken["price_fen"]]
    assert second["advice"]["start"] == made["advice"]["start"]


async def test_outcomes_calibrate_once_there_are_enough_of_both_kinds(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    university = await market.join("university")
    operator = await market.admin()
    bidder = await market.join("enterprise")
    listings = []
    for _ in range(2):
        achievement = await flow.post_achievement(market, university)
        await ask(university, achievement, {"cost": COST})
        listing = await flow.draft_listing(market, university, achievement)
        made = await advise(university, listing)
        assert made["inputs"]["calibration"] == AS_STATED.model_dump()
        await university.ok("POST", f"/listings/{listing['id']}/submit")
        path = f"/listings/{listing['id']}/review"
        listings.append(await operator.ok("POST", path, {"act": "approve"}))
    await flow.qualify(market, operator, listings[0], bidder)
    auction = await flow.open_auction(market, listings[0])
    await flow.bid(bidder, auction, flow.START_FEN)
    await flow.close_auction(market, auction)
    states = [(await university.ok("GET", f"/listings/{one['id']}"))["state"] for one in listings]
    assert states == ["awarded", "failed"]

    now = await flow.market_now(market)
    async with market.sessions() as session, session.begin():
        await guiding.calibrate(session, now)  # two outcomes, a hundred are needed
        known = await session.execute(text("SELECT count(*) FROM sale_calibration"))
        assert known.scalar_one() == 0
    few = guiding.parameters_on(now.date()).model_copy(update={"least_outcomes": 2})
    monkeypatch.setattr(guiding, "parameters_on", lambda _day: few)
    async with market.sessions() as session, session.begin():
        await guiding.calibrate(session, now)
        await guiding.calibrate(session, now + timedelta(days=3))  # done this week
        known = await session.execute(text("SELECT outcomes, sold FROM sale_calibration"))
        assert known.all() == [(2, 1)]
    draft = await flow.draft_listing(market, university, achievement_id_of(listings[1]))
    later = await advise(university, draft)
    assert later["inputs"]["calibration"]["outcomes"] == 2
    assert later["calibration_id"] is not None
    assert (await university.ok("GET", f"/auction-guidance/{later['id']}/reproduction"))["same"]


def achievement_id_of(listing: dict[str, Any]) -> dict[str, Any]:
    """The achievement that a listing is of."""
    return {"id": listing["achievement_id"]}


async def test_state_assets_are_advised_from_the_appraisal_up(market: Market) -> None:
    enterprise = await market.join("enterprise")
    achievement = await flow.post_achievement(market, enterprise)
    await ask(enterprise, achievement, {"cost": COST})
    terms = {"profile": "SOE_ASSET_LT_100", "price_fen": 98_000_000, "deposit_fen": 0}
    listing = await flow.draft_listing(market, enterprise, achievement, **terms)
    without = await advise(enterprise, listing)
    assert without["inputs"]["limits"]["appraisal_missing"]
    assert "尚未填写评估值" in str(without["advice"]["notes"])
    appraisal = {
        "appraisal_fen": 98_000_000,
        "appraisal_on": "2025-12-01",
        "appraisal_document": "评报字〔2025〕001 号",
    }
    path = f"/listings/{listing['id']}"
    version = (await enterprise.get(path)).headers["ETag"]
    assert (await enterprise.patch(path, appraisal, version)).status_code == 200
    made = await advise(enterprise, listing)
    limits = made["inputs"]["limits"]
    assert (limits["floor_fen"], limits["later_floor_fen"]) == (98_000_000, 88_200_000)
    assert without["advice"]["start"]["price_fen"] < 98_000_000
    assert made["advice"]["start"]["price_fen"] >= 98_000_000
    assert all(one["price_fen"] >= 88_200_000 for one in made["advice"]["following"])
    assert "须经批准机构同意" in str(made["advice"]["notes"])
