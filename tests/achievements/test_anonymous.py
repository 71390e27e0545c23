"""Anonymous offers: what tells whose they are is refused, withheld, and told to whom it may be."""

import re
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.standard import rules
from tests.access_routes import ROUTES
from tests.demands.steps import INTEREST
from tests.flow import draft_listing, post_achievement
from tests.market import Market, User
from tests.web.browser import Browser

OWNER = "清河远景大学"
PERSON = "欧阳清河"
NUMBER = "201710601862.3"
TITLE = "一种抗疲劳轴承钢的等温淬火方法"
FIELDS: dict[str, Any] = {
    "title": TITLE,
    "summary": "接触疲劳寿命提高一倍。",
    "details": "工艺窗口与淬火介质配方",
    "anonymous": True,
    "persons": [{"name": PERSON}],
    "rights": [
        {
            "type": "patent.invention",
            "number": NUMBER,
            "title": "轴承钢淬火方法",
            "expires_on": "2037-07-21",
            "status": "granted",
        }
    ],
}
TELLING = (OWNER, PERSON, NUMBER, "轴承钢淬火方法", "2037-07-21")
READ_AS_PROGRAM = [
    path
    for method, path in ROUTES
    if method == "GET" and set(re.findall(r"{(\w+)}", path)) <= {"achievement_id"}
]
"""Every address that a program reads without knowing more than the achievement."""
READ_AS_PERSON = ("/", "/achievements", "/achievements/{achievement_id}", "/search?q=轴承钢")


async def anonymous_offer(market: Market) -> tuple[User, dict[str, Any], str]:
    """Its owner, the offer, and the path of a public file that names the owner."""
    owner = await market.join("university", OWNER)
    made = await post_achievement(market, owner, **FIELDS)
    path = f"/achievements/{made['id']}/documents"
    file = await owner.client.post(
        "/api/v1" + path,
        files={"file": (f"{OWNER}.pdf", b"%PDF-1.7", "application/pdf")},
        data={"audience": "public"},
        headers={"Authorization": f"Bearer {owner.token}"},
    )
    assert file.status_code == 201, file.text
    return owner, made, f"{path}/{file.json()['id']}"


def telling(owner: User, body: str) -> list[str]:
    return [told for told in (*TELLING, str(owner.organisation_id)) if told in body]


async def test_nothing_that_is_public_tells_whose_an_anonymous_offer_is(market: Market) -> None:
    owner, made, file = await anonymous_offer(market)
    stranger = await market.join("enterprise")
    await market.settle()
    showing = 0
    for reader in (market.anonymous, stranger):
        for place in [*READ_AS_PROGRAM, "/search?q=轴承钢", "/search/suggestions?q=轴承钢"]:
            path = place.format(achievement_id=made["id"]).removeprefix("/api/v1")
            body = (await reader.get(path)).text
            if made["id"] in body or TITLE in body:
                showing += 1
                assert telling(owner, body) == [], path
        assert (await reader.get(file)).status_code == 404
        assert (await reader.ok("GET", f"/achievements/{made['id']}/documents")) == []
        owned = f"/achievements?party_id={owner.organisation_id}"
        assert (await reader.ok("GET", owned))["items"] == []
    assert showing >= 10
    # Of where its owner is the search tells the province, and nothing finer.
    for region, found in (("110000", 1), ("110100", 0), ("110108", 0)):
        hits = await market.anonymous.ok("GET", f"/search?region={region}")
        assert len(hits["items"]) == found, region
    for place in READ_AS_PERSON:
        page = await market.client.get(place.format(achievement_id=made["id"]))
        assert page.status_code == 200, place
        assert telling(owner, page.text) == [], place
    shown = await market.anonymous.ok("GET", f"/achievements/{made['id']}")
    assert (shown["anonymous"], shown["lead_party_id"]) == (True, None)
    assert (shown["owners"], shown["persons"]) == ([], [])
    assert shown["rights"] == [
        {
            "type": "patent.invention",
            "office": "CN",
            "number": None,
            "title": None,
            "expires_on": None,
            "status": None,
        }
    ]
    [line] = (await market.anonymous.get("/achievements/export")).content.splitlines()
    exported = orjson.loads(line)
    assert (exported["anonymous"], exported["ip_status"]) == (True, ["patents_granted"])
    assert rules.faults(exported) == []


async def test_the_owner_is_told_to_whose_interest_was_accepted(market: Market) -> None:
    owner, made, file = await anonymous_offer(market)
    path = f"/achievements/{made['id']}"
    taker, declined, granted = [await market.join("enterprise") for _ in range(3)]
    for party, act in ((taker, "accept"), (declined, "decline")):
        sent = await party.ok("POST", path + "/interests", INTEREST)
        assert (sent["owner_id"], sent["owner_name"]) == (None, None)
        assert (await party.ok("GET", path))["lead_party_id"] is None
        decision = {"act": act, "reason": "" if act == "accept" else "暂不合作"}
        await owner.ok("POST", f"/interests/{sent['id']}/decision", decision)
    grant = {"organisation_id": str(granted.organisation_id)}
    given = await owner.ok("POST", path + "/grants", grant)
    listed = f"/achievements?party_id={owner.organisation_id}"
    regulator = await market.join("regulator")
    for knows in (owner, taker, granted, regulator, await market.admin()):
        shown = await knows.ok("GET", path)
        assert shown["lead_party_id"] == str(owner.organisation_id)
        assert (shown["owners"][0]["name"], shown["persons"]) == (OWNER, [{"name": PERSON}])
        assert shown["rights"][0]["number"] == NUMBER
        assert (await knows.get(file)).status_code == 200
    for knows in (owner, taker, regulator):
        assert [one["id"] for one in (await knows.ok("GET", listed))["items"]] == [made["id"]]
    assert (await taker.get(path + "/details")).status_code == 403
    assert telling(owner, (await declined.get(path)).text) == []
    await owner.ok("POST", f"{path}/grants/{given['id']}/revoke")
    assert telling(owner, (await granted.get(path)).text) == []


async def test_a_telling_text_is_refused_in_an_anonymous_offer(market: Market) -> None:
    owner = await market.join("university", OWNER)
    named = {**FIELDS, "technical_field": "new_materials", "transfer_modes": ["license"]}
    draft = await owner.ok("POST", "/achievements", named)
    kept = await owner.ok("POST", "/achievements", named | {"anonymous": False})
    path = f"/achievements/{draft['id']}"
    for told, field, kind in (
        ({"title": f"{OWNER}的轴承钢"}, "body.title", "a name"),
        ({"summary": f"由{PERSON}完成。"}, "body.summary", "a name"),
        ({"summary": "详询 13812345678。"}, "body.summary", "phone number"),
        ({"summary": "见 https://steel.example.cn 。"}, "body.summary", "link"),
        ({"summary": f"专利号 ZL{NUMBER}。"}, "body.summary", "patent or registration number"),
        ({"summary": "标识 ![标](logo.png)。"}, "body.summary", "image or logo"),
    ):
        for refused in (
            await owner.post("/achievements", named | told),
            await owner.patch(path, told, f'"v{draft["version"]}"'),
            await owner.patch(
                f"/achievements/{kept['id']}",
                told | {"anonymous": True},
                f'"v{kept["version"]}"',
            ),
        ):
            assert (refused.status_code, refused.json()["code"]) == (422, "not_anonymous")
            found = refused.json()["errors"][0]
            assert (found["field"], found["code"]) == (field, "identifies")
            assert kind in found["message"]
    mine = (await owner.ok("GET", "/achievements?mine=true"))["items"]
    assert sorted(mine, key=lambda one: one["id"]) == [draft, kept]


async def test_people_who_joined_since_are_looked_for_when_it_is_published(market: Market) -> None:
    owner = await market.join("university", OWNER)
    named = {**FIELDS, "technical_field": "new_materials", "summary": "司马相如负责中试。"}
    draft = await owner.ok("POST", "/achievements", named)
    async with market.sessions() as session, session.begin():
        await session.execute(
            text("UPDATE person SET name = '司马相如' WHERE id = :id"), {"id": owner.person_id}
        )
    path = f"/achievements/{draft['id']}"
    refused = await owner.post(path + "/publish")
    assert (refused.status_code, refused.json()["code"]) == (422, "not_anonymous")
    assert (await owner.ok("GET", path))["state"] == "draft"


async def test_a_listing_and_a_price_notice_ask_for_the_owner_to_be_named_first(
    market: Market,
) -> None:
    owner, made, _ = await anonymous_offer(market)
    path = f"/achievements/{made['id']}"
    with pytest.raises(AssertionError, match="owner_anonymous"):
        await draft_listing(market, owner, made)
    assert (await owner.ok("GET", "/listings?mine=true"))["items"] == []
    named = await owner.patch(path, {"anonymous": False}, f'"v{made["version"]}"')
    assert named.status_code == 200
    shown = await market.anonymous.ok("GET", path)
    assert (shown["owners"][0]["name"], shown["anonymous"]) == (OWNER, False)
    again = await owner.patch(path, {"anonymous": True}, f'"v{shown["version"]}"')
    assert (again.status_code, again.json()["code"]) == (409, "anonymity_over")
    async with market.sessions() as session:
        with pytest.raises(IntegrityError, match="was public"):
            await session.execute(
                text("UPDATE achievement SET anonymous = true WHERE id = :id"), {"id": made["id"]}
            )
    await draft_listing(market, owner, shown)


async def test_packages_and_their_members_are_named(market: Market) -> None:
    owner, made, _ = await anonymous_offer(market)
    others = [await post_achievement(market, owner) for _ in range(2)]
    package = {"title": "成果包", "member_ids": [made["id"], others[0]["id"]]}
    refused = await owner.post("/packages", package)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_package_member")
    drafts = [
        await owner.ok(
            "POST", "/achievements", {"title": f"草稿{n}", "technical_field": "agriculture"}
        )
        for n in range(2)
    ]
    await owner.ok("POST", "/packages", package | {"member_ids": [one["id"] for one in drafts]})
    hidden = await owner.patch(
        f"/achievements/{drafts[0]['id']}", {"anonymous": True}, f'"v{drafts[0]["version"]}"'
    )
    assert (hidden.status_code, hidden.json()["code"]) == (409, "anonymity_over")


async def test_pages_let_the_owner_enter_it_and_name_itself(market: Market) -> None:
    owner = await market.join("university", OWNER)
    browser, visitor = Browser(market, owner), Browser(market)
    typed = {"title": TITLE, "summary": "抗疲劳。", "technical_field": "new_materials"}
    typed |= {"right_type_0": "know_how", "anonymous": "1"}
    path = await browser.done("/achievements/new", "/achievements/new", typed)
    path = path.partition("?")[0]
    await browser.done(path, f"{path}/state", {"act": "publish"})
    assert "匿名发布" in (await visitor.page(path)).words
    assert "匿名发布" in (await visitor.page("/achievements")).words
    own = await browser.page(path)
    assert (OWNER in own.words, "须公开转让方" in own.words) == (True, True)
    assert not any(link.startswith("/listings/new") for link in own.links)
    naming = next(form for form in own.forms if form.values.get("act") == "name")
    named = await browser.post(naming.action, naming.values)
    assert named.status_code == 303
    assert OWNER in (await visitor.page(path)).words
    assert OWNER in (await visitor.page("/achievements")).words
