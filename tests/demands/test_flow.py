"""From a draft to the end of a publication, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.kit.calendar import end_of_day, local_day
from tests.demands.steps import PROFILE, broker_of, drafted, published, reachable
from tests.flow import market_now
from tests.market import Market, User


async def audit(market: Market, demand_id: str) -> list[str]:
    async with market.sessions() as session:
        rows = await session.execute(
            text("SELECT action FROM audit_event WHERE object_id = :id ORDER BY id"),
            {"id": demand_id},
        )
        return list(rows.scalars())


async def count(market: Market, table: str) -> int:
    async with market.sessions() as session:
        return int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


def mails(market: Market) -> list[str]:
    directory = market.settings.data_dir / "mail"
    return [path.read_text() for path in directory.glob("*.eml")] if directory.exists() else []


async def test_a_demand_is_drafted_reviewed_published_and_closed(market: Market) -> None:
    owner = await market.join("enterprise")
    draft = await drafted(owner)
    path = f"/demands/{draft['id']}"
    assert (draft["state"], draft["owner_id"]) == ("draft", str(owner.organisation_id))
    assert draft["profile"]["province"] == "110000"
    assert draft["profile"]["client_type"] == "enterprise"
    assert draft["completeness"]["score"] == 79
    assert draft["completeness"]["missing"][0] == {"field": "industries", "weight": 5}
    assert (await market.anonymous.get(path)).status_code == 404
    assert (await (await market.admin()).get(path)).status_code == 404, "a draft is the owner's"
    await owner.ok("POST", path + "/submit")
    operator = await market.admin()
    shown = await operator.ok("POST", path + "/review", {"act": "approve"})
    today = local_day(await market_now(market))
    last = today.replace(year=today.year + 1)
    assert shown["state"] == "published"
    assert shown["profile"]["expires_on"] == last.isoformat()
    assert shown["expires_at"] == end_of_day(last).isoformat().replace("+00:00", "Z")
    public = await market.anonymous.ok("GET", path)
    assert public["owner_name"] == draft["owner_name"]
    assert public["review_note"] is None
    exported = await market.anonymous.ok("GET", path + "/profile")
    assert exported == public["profile"]
    closed = await owner.ok("POST", path + "/close", {})
    assert closed["state"] == "closed"
    assert await audit(market, draft["id"]) == [
        "demand.create",
        "demand.submit",
        "demand.approve",
        "demand.close",
    ]


async def test_a_draft_is_edited_against_its_version_and_fixed_once_handed_in(
    market: Market,
) -> None:
    owner = await market.join("enterprise")
    draft = await drafted(owner)
    path = f"/demands/{draft['id']}"
    change = {"title": "寻求渗碳轴承钢工艺", "keywords": None, "needed_by": "2027-06-30"}
    edited = await owner.patch(path, change, '"v1"')
    assert edited.headers["etag"] == '"v2"'
    assert edited.json()["profile"] == {
        name: value for name, value in (draft["profile"] | change).items() if value is not None
    }
    assert (await owner.patch(path, change, '"v1"')).status_code == 412
    missing = await owner.request("PATCH", path, json=change)
    assert missing.status_code == 428
    await owner.ok("POST", path + "/submit")
    late = await owner.patch(path, change, '"v3"')
    assert (late.status_code, late.json()["code"]) == (409, "illegal_move")


async def test_a_rejection_says_why_and_gives_the_draft_back(market: Market) -> None:
    owner = await market.join("enterprise")
    draft = await drafted(owner)
    path = f"/demands/{draft['id']}"
    operator = await market.admin()
    await owner.ok("POST", path + "/submit")
    bare = await operator.post(path + "/review", {"act": "reject"})
    assert (bare.status_code, bare.json()["code"]) == (422, "reason_required")
    back = await operator.ok("POST", path + "/review", {"act": "reject", "reason": "指标不明确"})
    assert back["state"] == "draft"
    assert (await owner.ok("GET", path))["review_note"] == "指标不明确"
    await owner.ok("POST", path + "/submit")


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"type": "TO"}, 422, "not_a_request", "body.type"),
        ({"colour": "red"}, 422, "profile_invalid", "body.colour"),
        ({"title": ""}, 422, "profile_invalid", "body.title"),
        ({"technical_fields": ["x"]}, 422, "profile_invalid", "body.technical_fields.0"),
        ({"anonymous": True, "summary": "电话 13812345678"}, 422, "not_anonymous", "body.summary"),
    ],
)
async def test_what_is_refused_names_the_field_and_writes_nothing(
    market: Market, change: dict[str, Any], status: int, code: str, field: str
) -> None:
    owner = await market.join("enterprise")
    answer = await owner.post("/demands", PROFILE | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["errors"][0]["field"] == field
    assert await count(market, "demand") == 0


async def test_only_enterprises_post_and_only_the_complete_is_reviewed(market: Market) -> None:
    university = await market.join("university")
    refused = await university.post("/demands", PROFILE)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_a_poster")
    owner = await market.join("enterprise")
    thin = await drafted(
        owner,
        **{name: None for name in PROFILE if name not in {"version", "type", "title", "summary"}},
    )
    refused = await owner.post(f"/demands/{thin['id']}/submit")
    assert (refused.status_code, refused.json()["code"]) == (422, "too_incomplete")
    assert (refused.json()["score"], refused.json()["least"]) == (19, 40)
    assert refused.json()["missing"][:2] == ["description", "indicators"]


async def test_an_anonymous_demand_names_the_broker_and_never_the_owner(market: Market) -> None:
    owner = await market.join("enterprise", "北京云岭新材料科技有限公司")
    broker = await broker_of(market, owner)
    telling = await broker.post(
        "/demands", PROFILE | {"anonymous": True, "partner_role": "与云岭新材料科技联合中试"}
    )
    assert telling.json()["errors"][0]["expected"]["fragment"] == "云岭新材料科技"
    shown = await published(market, broker, anonymous=True)
    path = f"/demands/{shown['id']}"
    for reader in (market.anonymous, await market.join("university")):
        seen = await reader.ok("GET", path)
        assert (seen["owner_id"], seen["owner_name"]) == (None, None)
        assert seen["broker_name"] == "某某技术经纪事务所"
        assert seen["profile"]["province"] == "110000"
        listed = (await reader.ok("GET", "/demands"))["items"]
        exported = (await reader.get("/demands/export")).text
        for text_ in (str(seen), str(listed), exported):
            assert "云岭" not in text_
            assert str(owner.organisation_id) not in text_
            assert "110108" not in text_
    operator = await market.admin()
    assert (await operator.ok("GET", path))["owner_id"] == str(owner.organisation_id)
    assert (await broker.ok("GET", path))["owner_id"] == str(owner.organisation_id)
    broker.on_behalf_of = None
    assert (await broker.ok("GET", path))["owner_id"] is None


async def test_a_broker_who_hands_in_its_clients_draft_speaks_for_it(market: Market) -> None:
    owner = await market.join("enterprise")
    broker = await broker_of(market, owner)
    draft = await drafted(owner)
    assert draft["broker_id"] is None
    submitted = await broker.ok("POST", f"/demands/{draft['id']}/submit")
    assert submitted["broker_id"] == str(broker.organisation_id)
    assert submitted["broker_name"] == "某某技术经纪事务所"


async def test_a_member_who_joined_later_is_found_at_the_review(market: Market) -> None:
    owner = await market.join("enterprise")
    draft = await drafted(owner, anonymous=True, partner_role="由欧阳建国牵头")
    await owner.ok("POST", f"/demands/{draft['id']}/submit")
    person = {"login": "ouyang", "name": "欧阳建国", "password": "correct horse battery"}
    members = f"/organisations/{owner.organisation_id}/members"
    await owner.ok("POST", members, {"person": person, "roles": ["trader"]})
    operator = await market.admin()
    refused = await operator.post(f"/demands/{draft['id']}/review", {"act": "approve"})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_anonymous")
    assert refused.json()["errors"][0]["field"] == "body.partner_role"
    assert (await owner.ok("GET", f"/demands/{draft['id']}"))["state"] == "under_review"


async def test_an_internal_demand_is_for_registered_organisations(market: Market) -> None:
    owner = await market.join("enterprise")
    shown = await published(market, owner, confidentiality="internal")
    path = f"/demands/{shown['id']}"
    assert (await market.anonymous.get(path)).status_code == 404
    assert (await market.anonymous.ok("GET", "/demands"))["items"] == []
    assert (await market.anonymous.get("/demands/export")).text == ""
    reader = await market.join("institute")
    assert (await reader.ok("GET", path))["id"] == shown["id"]
    assert [row["id"] for row in (await reader.ok("GET", "/demands"))["items"]] == [shown["id"]]


async def test_a_demand_is_reminded_of_once_expires_and_is_renewed(market: Market) -> None:
    owner = await market.join("enterprise")
    await reachable(owner, "owner@market.example")
    today = local_day(await market_now(market))
    last = today + timedelta(days=30)
    shown = await published(market, owner, expires_on=last.isoformat())
    path = f"/demands/{shown['id']}"
    await market.advance(days=15)
    assert mails(market) == []
    await market.advance(days=3)
    [reminder] = mails(market)
    assert "owner@market.example" in reminder
    await market.advance(days=11)
    assert len(mails(market)) == 1
    assert (await market.anonymous.ok("GET", path))["state"] == "published"
    await market.advance(days=3)
    assert (await market.anonymous.get(path)).status_code == 404
    expired = await owner.ok("GET", path)
    assert (expired["state"], expired["closed_at"]) == ("expired", shown["expires_at"])
    far = (today + timedelta(days=500)).isoformat()
    refused = await owner.post(path + "/renew", {"expires_on": far})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_expiry")
    again = await owner.ok("POST", path + "/renew", {})
    assert (again["state"], again["closed_at"]) == ("published", None)
    assert again["expires_at"] > shown["expires_at"]
    assert (await market.anonymous.ok("GET", path))["published_at"] == shown["published_at"]
    assert (await audit(market, shown["id"]))[3:] == [
        "demand.remind",
        "demand.expire",
        "demand.renew",
    ]
    await market.ticker.tick()
    assert (await audit(market, shown["id"]))[-1] == "demand.renew"


async def test_a_demand_that_expired_while_the_system_was_down_is_not_announced(
    market: Market,
) -> None:
    owner = await market.join("enterprise")
    await reachable(owner, "owner@market.example")
    shown = await published(market, owner)
    await market.advance(days=400)
    assert (await owner.ok("GET", f"/demands/{shown['id']}"))["state"] == "expired"
    assert mails(market) == []


async def test_a_withdrawal_after_publication_needs_a_reason(market: Market) -> None:
    owner = await market.join("enterprise")
    shown = await published(market, owner)
    path = f"/demands/{shown['id']}"
    bare = await owner.post(path + "/withdraw", {})
    assert (bare.status_code, bare.json()["code"]) == (422, "reason_required")
    gone = await owner.ok("POST", path + "/withdraw", {"reason": "项目取消"})
    assert gone["state"] == "withdrawn"
    assert (await market.anonymous.get(path)).status_code == 404
    draft = await drafted(owner)
    await owner.ok("POST", f"/demands/{draft['id']}/withdraw", {})


async def test_nobody_but_the_owner_acts(market: Market) -> None:
    owner, other = await market.join("enterprise"), await market.join("enterprise")
    draft = await drafted(owner)
    path = f"/demands/{draft['id']}"
    for act in ("submit", "withdraw", "close", "renew"):
        assert (await other.post(f"{path}/{act}", {})).status_code == 404, act
    assert (await other.patch(path, {}, '"v1"')).status_code == 404
    await owner.ok("POST", path + "/submit")
    assert (await other.post(path + "/review", {"act": "approve"})).status_code == 403
    both = await market.join("enterprise", roles=["trader", "operator"])
    own = await drafted(both)
    await both.ok("POST", f"/demands/{own['id']}/submit")
    refused = await both.post(f"/demands/{own['id']}/review", {"act": "approve"})
    assert (refused.status_code, refused.json()["code"]) == (403, "own_demand")


async def ids(reader: User, query: str) -> list[str]:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await reader.ok("GET", f"/demands?limit=2&{query}{cursor}")
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    return seen


async def test_lists_filter_search_and_follow_the_cursor_in_every_sort(market: Market) -> None:
    owner = await market.join("enterprise")
    today = local_day(await market_now(market))
    made = []
    for number, title in enumerate(["激光雷达 LiDAR", "石墨烯电池", "激光切割", "机器人关节"]):
        change = {
            "title": title,
            "budget_max_fen": 90_000_000 - number * 10_000_000 if number else None,
            "expires_on": (today + timedelta(days=100 - number)).isoformat(),
            "type": "RDR" if number == 3 else "TR",
        }
        made.append((await published(market, owner, **change))["id"])
    draft = (await drafted(owner))["id"]
    anyone = market.anonymous
    assert await ids(anyone, "sort=newest") == made[::-1]
    assert await ids(anyone, "sort=expiring") == made[::-1]
    assert await ids(anyone, "sort=-budget") == made[1:]
    for query, found in {
        "q=激光": {0, 2},
        "q=ｌｉｄａｒ": {0},
        "q=轴承钢": {0, 1, 2, 3},
        "q=光激": set(),
        "type=RDR": {3},
        "province=110000": {0, 1, 2, 3},
        "province=330000": set(),
        "technical_field=new_materials": {0, 1, 2, 3},
        "technical_field=agriculture": set(),
        "budget_min_fen=70000000": {1, 2},
        "state=expired": set(),
    }.items():
        assert (query, set(await ids(anyone, query))) == (query, {made[n] for n in found})
    assert set(await ids(owner, "mine=true")) == {*made, draft}
    assert await ids(owner, "mine=true&state=draft") == [draft]
    assert await ids(await market.admin(), "state=draft") == []
    assert (await anyone.get("/demands?mine=true")).status_code == 401
    for cursor in ("x", "WzFd", "WyJhIiwiYiJd"):
        assert (await anyone.get(f"/demands?cursor={cursor}")).status_code == 400
    lines = (await anyone.get("/demands/export")).text.splitlines()
    assert len(lines) == 4
    assert '"机器人关节"' in lines[0]
