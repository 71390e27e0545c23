"""Plans of auctions: what a seller may set, when, and what becomes of it."""

from typing import Any

from tests import flow
from tests.auctions import plans
from tests.flow import START_FEN, STEP_FEN
from tests.market import Market, User

NOBODY = "00000000-0000-7000-8000-000000000000"
SEALED = "this node has not named who opens sealed bids"


async def problems(seller: User, listing: dict[str, Any], *plan: Any) -> dict[str, str]:
    """What is wrong with a plan, by field."""
    answer = await plans.put_plan(seller, listing, *plan)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "bad_auction_plan"), body
    assert body["errors"][0]["field"] == body["problems"][0]["field"]
    found: dict[str, str] = {}
    for one in body["problems"]:
        found[one["field"]] = "; ".join(filter(None, [found.get(one["field"]), one["message"]]))
    return found


async def test_a_plan_that_cannot_become_an_auction_is_refused(market: Market) -> None:
    seller = await market.join("university", roles=["trader"])
    listing = await flow.draft_listing(market, seller, bidding_minutes=60)

    async def wrong(*plan: Any) -> dict[str, str]:
        return await problems(seller, listing, *plan)

    assert list(await wrong("raffle")) == ["body.format"]
    assert "a plan may set" in (await wrong("ascending", {"units": 3}))["body.terms.units"]
    foreign = await wrong("ascending", {"opens_at": "2026-01-01T00:00:00Z", "direction": "reverse"})
    assert sorted(foreign) == ["body.terms.direction", "body.terms.opens_at"]
    assert list(await wrong("descending", {"start_fen": START_FEN * 2})) == [
        "body.terms.decrement_fen",
        "body.terms.interval_s",
    ]
    bad_tiers = await wrong("ascending", {"increments": [[5, 1]]})
    assert "a tier from 0" in bad_tiers["body.terms"]
    start = await wrong("ascending", {"start_fen": START_FEN + 1})
    assert str(START_FEN) in start["body.terms.start_fen"]
    assert "1440 bidding_minutes" in (await wrong("online_2016"))["body.format"]
    for party in ("number one", NOBODY, str(seller.organisation_id)):
        rights = {"priority": {party: 1}}
        assert list(await wrong("ascending", rights)) == [f"body.terms.priority.{party}"]
    both = await wrong("ascending", {"proxy": True, "priority": {NOBODY: 1}})
    assert "exclude each other" in both["body.terms"]
    assert "ordinary licence" in (await wrong("multi_unit", {"units": 3}))["body.format"]
    lots = await wrong("package", {"lots": {NOBODY: 1}})
    assert "a package of achievements" in lots["body.terms.lots"]
    assert await wrong("sealed_once") == {"body.format": SEALED}
    assert await wrong("ascending", {}, START_FEN) == {"body.format": SEALED}
    low = await wrong("ascending", {}, START_FEN - 1)
    assert low == {"body.reserve_fen": f"must be {START_FEN} fen or more", "body.format": SEALED}
    assert (
        "has no secret reserve" in (await wrong("descending", CLOCK, START_FEN))["body.reserve_fen"]
    )
    assert await plans.rows(market, "SELECT * FROM auction_plan") == []
    path = f"/listings/{listing['id']}/auction-plan"
    assert (await seller.ok("GET", path))["format"] == "ascending"


CLOCK = {"start_fen": START_FEN * 2, "decrement_fen": STEP_FEN, "interval_s": 60}


async def test_a_plan_is_the_sellers_and_fixed_with_the_submission(market: Market) -> None:
    seller = await market.join("university", roles=["trader"])
    listing = await flow.draft_listing(market, seller)
    other = await market.join("university", roles=["trader"])
    path = f"/listings/{listing['id']}/auction-plan"
    assert (await plans.put_plan(other, listing, "ascending")).status_code == 404
    assert (await other.get(path)).status_code == 404
    first = await plans.put_plan(seller, listing, "descending", CLOCK)
    assert first.status_code == 200
    second = await plans.put_plan(seller, listing, "ascending", {"proxy": True})
    assert second.json()["terms"] == {"proxy": True}
    await seller.ok("POST", f"/listings/{listing['id']}/submit")
    late = await plans.put_plan(seller, listing, "ascending")
    assert (late.status_code, late.json()["code"]) == (409, "plan_fixed")
    assert (await seller.ok("GET", path))["terms"] == {"proxy": True}
    noted = await plans.rows(
        market, "SELECT after->>'format' FROM audit_event WHERE action = 'auction_plan.set'"
    )
    assert [row[0] for row in noted] == ["descending", "ascending"]


async def test_a_draft_that_no_longer_fits_its_plan_fails_with_the_reason(market: Market) -> None:
    seller = await market.join("university", roles=["trader"])
    drafted = await flow.draft_listing(market, seller, deposit_fen=0)
    assert (await plans.put_plan(seller, drafted, "descending", CLOCK)).status_code == 200
    path = f"/listings/{drafted['id']}"
    version = (await seller.get(path)).headers["etag"]
    changed = await seller.patch(path, {"price_fen": START_FEN * 3}, version)
    assert changed.status_code == 200, changed.text
    await seller.ok("POST", f"{path}/submit")
    operator = await market.admin()
    listing = await operator.ok("POST", f"{path}/review", {"act": "approve"})
    bidder = await market.join("enterprise", roles=["trader"])
    await flow.qualify(market, operator, listing, bidder)
    await flow.advance_to(market, listing["closes_at"])
    failed = await seller.ok("GET", path)
    assert failed["state"] == "failed"
    assert "终止价应低于起始价" in failed["review_note"]
    assert await plans.rows(market, "SELECT * FROM auction") == []


async def test_every_format_says_what_a_plan_may_set(market: Market) -> None:
    formats = {one["code"]: one for one in await market.anonymous.ok("GET", "/auctions/formats")}
    assert sorted(formats) == [
        "ascending",
        "descending",
        "free_then_limited",
        "multi_round",
        "multi_unit",
        "online_2016",
        "package",
        "sealed_once",
        "weighted",
    ]
    assert [code for code, one in formats.items() if one["sealed"]] == [
        "sealed_once",
        "multi_round",
        "multi_unit",
        "weighted",
        "package",
    ]
    assert formats["package"]["terms"]["required"] == ["lots"]
    assert "opens_at" not in formats["ascending"]["terms"]["properties"]


async def test_members_of_a_package_are_its_lots(market: Market) -> None:
    seller = await market.join("university", roles=["trader"])
    members = [await flow.post_achievement(market, seller) for _ in range(2)]
    ids = [member["id"] for member in members]
    made = await seller.ok("POST", "/packages", {"title": "成果包", "member_ids": ids})
    package = await seller.ok("POST", f"/achievements/{made['id']}/publish")
    listing = await flow.draft_listing(market, seller, package)
    found = await problems(seller, listing, "package", {"lots": {ids[0]: 1}})
    assert all(one in found["body.terms.lots"] for one in ids)
