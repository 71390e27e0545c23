"""From a draft to a closed listing, over HTTP."""

import asyncio
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text

from app.kit import clock
from app.kit.actor import Actor
from app.kit.calendar import end_of_day, local_day
from app.kit.db import Sessions
from app.kit.errors import Problem
from app.listings import service
from tests.listings.offers import (
    applied,
    drafted,
    expected_end,
    published,
    published_achievement,
)
from tests.market import Market, calendar_year


async def audit(market: Market, object_id: str) -> list[str]:
    async with market.sessions() as session:
        rows = await session.execute(
            text("SELECT action FROM audit_event WHERE object_id = :id ORDER BY id"),
            {"id": object_id},
        )
        return list(rows.scalars())


async def test_a_listing_is_drafted_reviewed_published_and_closed_once(market: Market) -> None:
    seller = await market.join("university")
    draft = await drafted(seller, deposit_fen=1_000_000)
    assert (draft["state"], draft["profile"]) == ("draft", "UNIVERSITY_LISTING")
    assert draft["rule_set"] == "LISTING_UNIVERSITY_2015"
    path = f"/listings/{draft['id']}"
    assert (await market.anonymous.get(path)).status_code == 404
    await seller.ok("POST", path + "/submit")
    admin = await market.admin()
    shown = await admin.ok("POST", path + "/review", {"act": "approve"})
    assert shown["state"] == "published"
    assert datetime.fromisoformat(shown["closes_at"]) == expected_end(shown["published_at"], 5)
    winner = await applied(market, shown)
    await admin.ok("POST", f"{winner.path}/{winner.application_id}/confirm-deposit")
    late = await applied(market, shown)
    undecided = await applied(market, shown, qualify=False)
    await market.ticker.tick()
    assert (await market.anonymous.ok("GET", path))["state"] == "published"
    await market.advance(days=30)
    await market.settle()
    log = await audit(market, draft["id"])
    assert log[:4] == ["listing.create", "listing.submit", "listing.approve", "listing.close"]
    assert log.count("listing.close") == 1
    rows = {row["id"]: row for row in (await admin.ok("GET", path + "/applications"))["items"]}
    assert rows[winner.application_id]["state"] == "qualified"
    assert rows[late.application_id]["state"] == "withdrawn"
    assert rows[late.application_id]["reason"] == "deposit_missing"
    assert rows[undecided.application_id]["state"] == "refused"
    async with market.sessions() as session:
        assert await service.qualified_bidders(session, draft_id(draft)) == (
            winner.user.organisation_id,
        )


def draft_id(listing: dict) -> object:
    return service.UUID(listing["id"])


async def test_without_a_qualified_bidder_a_listing_fails_and_frees_the_right(
    market: Market,
) -> None:
    seller = await market.join("university")
    listing = await published(market, seller)
    await applied(market, listing, qualify=False)
    await market.advance(days=30)
    shown = await market.anonymous.ok("GET", f"/listings/{listing['id']}")
    assert shown["state"] == "failed"
    assert (await audit(market, listing["id"]))[-1] == "listing.fail"
    again = await drafted(seller, listing["achievement_id"])
    assert (await seller.ok("POST", f"/listings/{again['id']}/submit"))["state"] == "under_review"


async def test_a_year_that_is_loaded_recounts_provisional_periods_once(market: Market) -> None:
    async with market.sessions() as session:
        now = await clock.now(session)
    target = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)
    await market.advance(seconds=int((target - now).total_seconds()))
    seller = await market.join("university")
    listing = await published(market, seller)
    assert listing["closes_provisional"] is True
    before = datetime.fromisoformat(listing["closes_at"])
    assert before == end_of_day(date(2027, 1, 5))
    admin = await market.admin()
    await admin.ok("PUT", "/calendar/years/2027", calendar_year(2027))
    await market.settle()
    path = f"/listings/{listing['id']}"
    shown = await market.anonymous.ok("GET", path)
    assert shown["closes_provisional"] is False
    assert shown["calendar_version"] != listing["calendar_version"]
    assert datetime.fromisoformat(shown["closes_at"]) == end_of_day(date(2027, 1, 6))
    assert (await audit(market, listing["id"]))[-1] == "listing.recount"
    await admin.ok("PUT", "/calendar/years/2027", calendar_year(2027))
    await market.settle()
    assert (await market.anonymous.ok("GET", path))["version"] == shown["version"]
    assert (await audit(market, listing["id"])).count("listing.recount") == 1


async def test_two_submits_of_one_exclusive_right_have_one_winner(
    market: Market, sessions: Sessions
) -> None:
    seller = await market.join("university")
    achievement_id = await published_achievement(seller)
    offers = [
        {},
        {"transfer_mode": "license", "license_manner": "sole"},
        {"transfer_mode": "license", "license_manner": "ordinary"},
    ]
    drafts = [await drafted(seller, achievement_id, **offer) for offer in offers]
    actor = Actor(seller.person_id, seller.organisation_id, "university", frozenset({"trader"}))
    barrier = asyncio.Barrier(len(drafts))

    async def submit(listing: dict) -> str:
        async with sessions() as session:
            await session.execute(text("SELECT 1"))
            await barrier.wait()
            try:
                await service.submit(session, actor, service.UUID(listing["id"]))
            except Problem as problem:
                return problem.code
            await session.commit()
            return "won"

    outcomes = await asyncio.gather(*(submit(listing) for listing in drafts))
    assert sorted(outcomes) == ["exclusive_right_listed", "exclusive_right_listed", "won"]
    async with market.sessions() as session:
        live = text("SELECT count(*) FROM listing WHERE state = 'under_review'")
        assert (await session.execute(live)).scalar_one() == 1
        assert (await session.execute(text("SELECT count(*) FROM listing_claim"))).scalar_one() == 1


async def test_ordinary_licences_live_side_by_side(market: Market) -> None:
    seller = await market.join("university")
    achievement_id = await published_achievement(seller)
    ordinary = {"transfer_mode": "license", "license_manner": "ordinary"}
    for _ in range(2):
        made = await drafted(seller, achievement_id, **ordinary)
        await seller.ok("POST", f"/listings/{made['id']}/submit")
    whole = await drafted(seller, achievement_id)
    refused = await seller.post(f"/listings/{whole['id']}/submit")
    assert (refused.status_code, refused.json()["code"]) == (409, "exclusive_right_listed")


async def test_identities_of_applicants_are_secret_until_the_period_is_over(
    market: Market,
) -> None:
    seller = await market.join("university")
    listing = await published(market, seller)
    one = await applied(market, listing)
    two = await applied(market, listing)
    path = one.path
    assert (await market.anonymous.get(path)).status_code == 401
    own = (await one.user.ok("GET", path))["items"]
    assert [row["applicant_id"] for row in own] == [str(one.user.organisation_id)]
    masked = (await seller.ok("GET", path))["items"]
    assert [row["applicant_id"] for row in masked] == [None, None]
    assert [row["statement"] for row in masked] == [None, None]
    stranger = await market.join("university")
    assert (await stranger.ok("GET", path))["items"] == []
    everyone = [str(one.user.organisation_id), str(two.user.organisation_id)]
    admin = await market.admin()
    assert [row["applicant_id"] for row in (await admin.ok("GET", path))["items"]] == everyone
    await market.advance(days=30)
    assert [row["applicant_id"] for row in (await seller.ok("GET", path))["items"]] == everyone


async def test_the_short_way_says_what_the_long_way_says(market: Market) -> None:
    seller = await market.join("university")
    listing = await published(market, seller)
    path = f"/listings/{listing['id']}"
    public = await market.anonymous.get(path)
    other = await (await market.join("enterprise")).ok("GET", path)
    assert other | public.json() == other
    assert set(other) - set(public.json()) == {"created_at", "review_note", "rule_notes"}
    own = await seller.ok("GET", path)
    assert (own["rule_notes"], other["rule_notes"]) == ([], None)
    tag = public.headers["etag"]
    assert tag == f'"v{listing["version"]}"'
    same = await market.anonymous.get(path, headers={"If-None-Match": f'"x", W/{tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert (await market.anonymous.get(path, headers={"If-None-Match": '"v0"'})).status_code == 200
    await seller.ok("POST", path + "/withdraw", {"reason": "权属变更"})
    after = await market.anonymous.get(path, headers={"If-None-Match": tag})
    assert (after.status_code, after.json()["state"]) == (200, "withdrawn")


async def test_lists_filter_search_and_follow_the_cursor_in_every_sort(market: Market) -> None:
    seller = await market.join("university")
    made = []
    for number, title in enumerate(
        ["激光雷达 LiDAR", "石墨烯电池", "激光切割", "机器人", "激光器"]
    ):
        change = {"title": title, "price_fen": 90_000_000 - number * 10_000_000}
        made.append(await published(market, seller, **change, disclosure_working_days=5 + number))
    ids = [row["id"] for row in made]
    orders = {
        "newest": ids[::-1],
        "price": ids[::-1],
        "-price": ids,
        "closing": ids,
    }
    for sort, expected in orders.items():
        seen: list[str] = []
        path = f"/listings?sort={sort}&limit=2"
        cursor = ""
        while cursor is not None:
            page = await market.anonymous.ok("GET", path + cursor)
            seen += [row["id"] for row in page["items"]]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        assert (sort, seen) == (sort, expected)
    for query, found in {
        "q=激光": {0, 2, 4},
        "q=ｌｉｄａｒ": {0},
        "q=光雷": {0},
        "q=激光 LIDAR": {0},
        "q=光激": set(),
        "q=池": {1},
        "q=器": {0, 1, 2, 3, 4},
        "q=100%": set(),
        "ipc=H01L": {0, 1, 2, 3, 4},
        "ipc=G": set(),
        "region=11": {0, 1, 2, 3, 4},
        "region=330000": set(),
        "price_max_fen=60000000": {3, 4},
        "price_min_fen=90000000": {0},
        "state=closed": set(),
        "transfer_mode=assign&technical_field=new_materials": {0, 1, 2, 3, 4},
        f"seller_id={seller.person_id}": set(),
    }.items():
        page = await market.anonymous.ok("GET", f"/listings?{query}")
        assert ({row["id"] for row in page["items"]}, query) == ({ids[n] for n in found}, query)
    draft = await drafted(seller)
    mine = await seller.ok("GET", f"/listings?seller_id={seller.organisation_id}&state=draft")
    assert [row["id"] for row in mine["items"]] == [draft["id"]]
    admin = await market.admin()
    assert (await admin.ok("GET", "/listings?state=draft"))["items"] == []


async def test_a_listing_opens_and_closes_on_the_shanghai_day(market: Market) -> None:
    seller = await market.join("university")
    listing = await published(market, seller)
    closes = datetime.fromisoformat(listing["closes_at"])
    assert local_day(closes) - local_day(closes - timedelta(seconds=1)) == timedelta(days=1)
    assert (
        listing["disclosure_from"]
        == local_day(datetime.fromisoformat(listing["published_at"])).isoformat()
    )
