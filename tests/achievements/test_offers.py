"""Offers by the standard: completeness, review after publication, expiry, and profiles imported."""

from datetime import timedelta
from typing import Any

import pytest

from app.achievements.states import AchievementState
from app.kit.calendar import local_day
from tests.achievements.test_achievements import count
from tests.achievements.test_imports import jsonl, send
from tests.flow import draft_listing, market_now, post_achievement
from tests.market import Market, User
from tests.web.browser import Browser

EXTRA: dict[str, Any] = {
    "advantages": "能量密度提高两成。",
    "stage": "prototype",
    "keywords": ["储能", "电池"],
}


async def edit(user: User, shown: dict[str, Any], **change: Any) -> dict[str, Any]:
    path = f"/achievements/{shown['id']}"
    version = (await user.ok("GET", path))["version"]
    return await user.ok("PATCH", path, change, headers={"If-Match": f'"v{version}"'})


async def waiting(user: User) -> list[str]:
    found = await user.ok("GET", "/achievements?review=waiting")
    return [row["id"] for row in found["items"]]


async def test_an_offer_shows_its_completeness_and_takes_what_it_lacks(market: Market) -> None:
    owner = await market.join("university")
    made = await post_achievement(market, owner)
    path = f"/achievements/{made['id']}"
    before = (await market.anonymous.ok("GET", path))["completeness"]
    lacking = {row["field"]: row["weight"] for row in before["missing"]}
    assert before["score"] == 100 - sum(lacking.values())
    assert next(iter(lacking)) == "advantages"
    after = await edit(owner, made, offer=EXTRA)
    gained = sum(lacking[name] for name in EXTRA)
    assert after["completeness"]["score"] == before["score"] + gained
    profile = await market.anonymous.ok("GET", path + "/profile")
    assert {name: profile[name] for name in EXTRA} == EXTRA
    removed = await edit(owner, made, offer={"advantages": None})
    assert set(removed["offer"]) == {"stage", "keywords"}

    tries = [
        ({"title": "另一标题"}, "member_follows"),
        ({"type": "TR"}, "not_an_offer"),
        ({"stage": "perfect"}, "profile_invalid"),
        ({"colour": "red"}, "profile_invalid"),
    ]
    version = removed["version"]
    for change, code in tries:
        answer = await owner.patch(path, {"offer": change}, f'"v{version}"')
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await owner.ok("GET", path))["offer"] == removed["offer"]


async def test_an_anonymous_offer_tells_nobody_by_its_other_members(market: Market) -> None:
    owner = await market.join("university", "清河远景大学")
    body = {"title": "一种方法", "technical_field": "new_materials", "anonymous": True}
    answer = await owner.post(
        "/achievements", body | {"offer": {"advantages": "由清河远景大学完成"}}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "not_anonymous")
    assert answer.json()["errors"][0]["field"] == "body.offer.advantages"
    assert await count(market, "achievement") == 0


async def test_an_operator_reviews_what_is_published(market: Market) -> None:
    owner, operator = await market.join("university"), await market.admin()
    made = await post_achievement(market, owner)
    path = f"/achievements/{made['id']}"
    assert await waiting(operator) == [made["id"]]
    assert await waiting(owner) == []
    approved = await operator.ok("POST", path + "/review", {"act": "approve"})
    assert (approved["state"], await waiting(operator)) == ("published", [])
    await edit(owner, made, trl=7)
    assert await waiting(operator) == []
    await edit(owner, made, summary="新的摘要。")
    assert await waiting(operator) == [made["id"]]

    silent = await operator.post(path + "/review", {"act": "withdraw"})
    assert (silent.status_code, silent.json()["code"]) == (422, "reason_required")
    own = await owner.post(path + "/review", {"act": "approve"})
    assert own.status_code == 403
    assert (await owner.ok("GET", path))["state"] == "published"
    note = "摘要与权利不符"
    await operator.ok("POST", path + "/review", {"act": "withdraw", "reason": note})
    assert (await market.anonymous.get(path)).status_code == 404
    shown = await owner.ok("GET", path)
    assert (shown["state"], shown["review_note"]) == ("withdrawn", note)
    assert await waiting(operator) == []
    late = await operator.post(path + "/review", {"act": "approve"})
    assert (late.status_code, late.json()["code"]) == (409, "illegal_move")
    again = await owner.ok("POST", path + "/publish")
    assert (again["reviewed_at"], again["review_note"]) == (None, None)
    assert await waiting(operator) == [made["id"]]
    await operator.ok("POST", path + "/review", {"act": "approve", "reason": "已核对"})
    assert (await market.anonymous.ok("GET", path))["review_note"] is None


async def test_an_offer_expires_unless_a_live_listing_holds_it_and_is_renewed(
    market: Market,
) -> None:
    owner = await market.join("university")
    short = await post_achievement(market, owner)
    listed = await post_achievement(market, owner)
    path = f"/achievements/{short['id']}"
    day = (local_day(await market_now(market)) + timedelta(days=3)).isoformat()
    dated = await owner.ok("POST", path + "/renew", {"expires_on": day})
    assert (await market.anonymous.ok("GET", path + "/profile"))["expires_on"] == day
    for wrong in ("2020-01-01", "2099-01-01"):
        answer = await owner.post(path + "/renew", {"expires_on": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_expiry")
    assert (await owner.ok("GET", path))["expires_at"] == dated["expires_at"]
    await market.advance(days=4)
    assert (await owner.ok("GET", path))["state"] == "expired"
    assert (await market.anonymous.get(path)).status_code == 404
    shown = await market.anonymous.ok("GET", "/achievements")
    assert [row["id"] for row in shown["items"]] == [listed["id"]]
    assert (await market.anonymous.ok("GET", "/search?kind=achievement"))["total"] == 1
    assert (await owner.ok("POST", path + "/renew", {}))["state"] == "published"
    assert (await market.anonymous.get(path)).status_code == 200

    listing = await draft_listing(market, owner, listed)
    await owner.ok("POST", f"/listings/{listing['id']}/submit")
    await market.advance(days=400)
    states = {row["id"]: row["state"] for row in await mine(owner)}
    assert states == {short["id"]: "expired", listed["id"]: "published"}
    await owner.ok("POST", f"/listings/{listing['id']}/withdraw", {"reason": "不再挂牌"})
    await market.advance(days=2)
    assert {row["state"] for row in await mine(owner)} == {AchievementState.EXPIRED}
    assert await count(market, "audit_event WHERE action = 'achievement.expire'") == 3


async def mine(owner: User) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await owner.ok("GET", "/achievements?mine=true"))["items"]
    return found


@pytest.mark.parametrize("anonymous", [False, True])
async def test_an_export_is_imported_again_as_it_is(market: Market, anonymous: bool) -> None:
    owner, other = await market.join("university"), await market.join("enterprise")
    made = await post_achievement(
        market,
        owner,
        anonymous=anonymous,
        industry_code="3841",
        summary="第一句说明背景。" + "第二句" * 200 + "。",
        transfer_modes=["license", "cooperate"],
        offer=EXTRA,
    )
    exported = (await market.anonymous.get("/achievements/export")).content
    report = (await send(other, exported)).json()
    assert report["created"] == 1
    [copy] = await mine(other)
    assert (copy["anonymous"], copy["state"]) == (anonymous, "draft")
    again = await other.ok("GET", f"/achievements/{copy['id']}/profile")
    assert again == await market.anonymous.ok("GET", f"/achievements/{made['id']}/profile")
    second = (await send(other, exported)).json()
    assert (second["created"], second["duplicate_count"]) == (0, 1)

    change = {"transfer_modes": ["assign"], "rights": [{"type": "software_copyright"}]}
    await edit(other, copy, **change)
    edited = await other.ok("GET", f"/achievements/{copy['id']}/profile")
    assert (edited["partnership_types"], edited["ip_status"]) == (["assignment"], ["copyright"])


async def test_every_fault_of_an_imported_profile_is_told_and_nothing_written(
    market: Market,
) -> None:
    owner = await market.join("university", "清河远景大学")
    good = {"version": "1.0", "type": "TO", "title": "一种方法", "summary": "摘要"}
    field = {"technical_fields": ["new_materials"]}
    rows = [
        good | field,
        good | {"type": "TR"},
        good | field | {"title": None, "colour": 1},
        good | field | {"anonymous": True, "advantages": "由清河远景大学完成"},
        good | {"title": "另一种方法"},
        {"title": "清河远景大学的方法", "ipc": ["G06F"], "anonymous": True},
    ]
    answer = await send(owner, jsonl(rows))
    assert (answer.status_code, answer.json()["code"]) == (422, "import_refused")
    found = [(row["line"], row["field"], row["code"]) for row in answer.json()["errors"]]
    assert found == [
        (2, "type", "not_an_offer"),
        (3, "colour", "additionalProperties"),
        (3, "title", "required"),
        (4, "advantages", "identifies"),
        (5, "technical_field", "technical_field_needed"),
        (6, "title", "identifies"),
    ]
    assert await count(market, "achievement") == 0


async def test_the_pages_show_the_score_renew_and_review(market: Market) -> None:
    owner, operator = await market.join("university"), await market.admin()
    made = await post_achievement(market, owner)
    page = f"/achievements/{made['id']}"
    seller, reviewer = Browser(market, owner), Browser(market, operator)
    await seller.done(page, page + "/offer", {"advantages": "能耗低", "keywords": "储能、电池"})
    shown = await owner.ok("GET", page)
    assert shown["offer"] == {"advantages": "能耗低", "keywords": ["储能", "电池"]}
    assert f"完整度 {shown['completeness']['score']}/100" in (await seller.page(page)).words
    await seller.done(page, page + "/state", {"act": "renew"})
    assert made["title"] in (await reviewer.page("/desk")).words
    assert made["title"] in (await reviewer.page("/achievements?review=waiting")).words
    await reviewer.done(page, page + "/review", {"act": "withdraw", "reason": "权利不明"})
    assert "权利不明" in (await seller.page(page)).words
