"""Entering, packaging, publishing and staged disclosure, over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from app.achievements import service
from app.achievements.errors import AchievementNotPublished
from app.kit.actor import Actor
from app.kit.errors import NotFound
from tests.market import Market, User

PATENT = {"type": "patent.invention", "number": "201710601862.3"}


def achievement(**changes: Any) -> dict[str, Any]:
    """An achievement that can be published."""
    return {
        "title": "一种数据处理方法",
        "summary": "公开摘要",
        "details": "工艺参数",
        "ipc": ["G06F 17/30", "H04L"],
        "trl": 6,
        "transfer_modes": ["license"],
        "rights": [PATENT],
    } | changes


async def published(user: User, **changes: Any) -> dict[str, Any]:
    made = await user.ok("POST", "/achievements", achievement(**changes))
    shown: dict[str, Any] = await user.ok("POST", f"/achievements/{made['id']}/publish")
    return shown


async def count(market: Market, table: str) -> int:
    async with market.sessions() as session:
        found = await session.execute(text(f"SELECT count(*) FROM {table}"))
        return int(found.scalar_one())


def trader(user: User) -> Actor:
    return Actor(
        person_id=user.person_id,
        organisation_id=user.organisation_id,
        organisation_kind="university",
        roles=frozenset({"trader"}),
    )


async def test_an_achievement_is_entered_published_found_and_withdrawn(market: Market) -> None:
    user = await market.join("university", "清河大学")
    response = await user.post(
        "/achievements",
        achievement(
            rights=[
                {
                    "type": "patent.invention",
                    "number": "ZL2017 1 0601862.3",
                    "expires_on": "2037-07-21",
                },
                {"type": "know_how", "title": "配方"},
            ]
        ),
    )
    assert response.status_code == 201
    made = response.json()
    assert response.headers["location"] == f"/api/v1/achievements/{made['id']}"
    assert response.headers["etag"] == '"v1"'
    assert made["state"] == "draft"
    assert made["technical_field"] == "electronics_information"
    assert made["ipc"] == ["G06F17/30", "H04L"]
    assert made["rights"][0]["number"] == "201710601862.3"
    assert made["owners"] == [
        {"organisation_id": str(user.organisation_id), "name": "清河大学", "share_bp": 10_000}
    ]
    assert "details" not in made
    path = f"/achievements/{made['id']}"
    assert (await market.anonymous.get(path)).status_code == 404
    assert (await market.anonymous.get("/achievements")).json()["items"] == []
    shown = await user.ok("POST", path + "/publish")
    assert (shown["state"], shown["version"]) == ("published", 2)
    assert shown["public_from"] is not None
    assert (await market.anonymous.get(path)).json() == shown
    assert (await market.anonymous.get("/achievements")).json()["items"] == [shown]
    withdrawn = await user.ok("POST", path + "/withdraw")
    assert withdrawn["state"] == "withdrawn"
    assert (await market.anonymous.get(path)).status_code == 404
    again = await user.post(path + "/withdraw")
    assert (again.status_code, again.json()["allowed"]) == (409, ["publish"])
    async with market.sessions() as session:
        rows = await session.execute(
            text("SELECT action FROM audit_event WHERE object_id = :id ORDER BY id"),
            {"id": made["id"]},
        )
        assert list(rows.scalars()) == [
            "achievement.create",
            "achievement.publish",
            "achievement.withdraw",
        ]


@pytest.mark.parametrize(
    ("change", "field", "code", "expected"),
    [
        (
            {"rights": [{"type": "patent.invention", "number": "201710601862.4"}]},
            "body.rights.0.number",
            "bad_right_number",
            {"expected": "3"},
        ),
        (
            {"rights": [PATENT, {"type": "patent.design", "number": "CN114081026A"}]},
            "body.rights.1.type",
            "right_kind_mismatch",
            {"expected": "patent.invention"},
        ),
        ({"rights": [PATENT, PATENT]}, "body.rights.1.number", "right_twice", {}),
        ({"rights": [{"type": "patent"}]}, "body.rights.0.number", "right_number_missing", {}),
        ({"rights": [{"type": "idea"}]}, "body.rights.0.type", "unknown_code", {}),
        ({"ipc": ["G06F", "X99"]}, "body.ipc.1", "bad_ipc", {}),
        ({"ipc": []}, "body.technical_field", "technical_field_needed", {}),
        ({"technical_field": "magic"}, "body.technical_field", "unknown_code", {}),
        ({"industry_code": "9999"}, "body.industry_code", "unknown_code", {}),
        ({"funding": "x"}, "body.funding", "unknown_code", {}),
        ({"transfer_modes": ["license", "gift"]}, "body.transfer_modes.1", "unknown_code", {}),
        ({"trl": 10}, "body.trl", "less_than_equal", {"le": 9}),
        ({"title": "x" * 10_000_000}, "body.title", "string_too_long", {}),
        (
            {"persons": [{"name": "张三", "person_id": str(uuid4())}]},
            "body.persons.0.person_id",
            "person_unknown",
            {},
        ),
    ],
)
async def test_bad_content_names_the_field_and_what_is_right_and_writes_nothing(
    market: Market, change: dict, field: str, code: str, expected: dict
) -> None:
    user = await market.join("university")
    response = await user.post("/achievements", achievement(**change))
    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert expected.items() <= error["expected"].items()
    assert await count(market, "achievement") == 0


async def test_shares_sum_to_the_whole(market: Market) -> None:
    user = await market.join("university")
    firm = await market.join("enterprise")
    mine = {"organisation_id": str(user.organisation_id), "share_bp": 7_000}
    theirs = {"organisation_id": str(firm.organisation_id), "share_bp": 2_900}

    async def refused(owners: list) -> tuple[str, str, dict]:
        response = await user.post("/achievements", achievement(owners=owners))
        assert response.status_code == 422
        [error] = response.json()["errors"]
        return error["field"], error["code"], error["expected"]

    field, code, expected = await refused([mine, theirs])
    assert (field, code) == ("body.owners.1.share_bp", "shares_not_whole")
    assert expected == {"sum_bp": 9_900, "missing_bp": 100, "share_bp": 3_000}
    assert (await refused([mine, mine]))[:2] == ("body.owners.1", "owner_twice")
    assert (await refused([mine, theirs | {"name": "某公司"}]))[:2] == (
        "body.owners.1",
        "owner_unclear",
    )
    stranger = {"organisation_id": str(uuid4()), "share_bp": 3_000}
    assert (await refused([mine, stranger]))[1] == "owner_unknown"
    assert (await refused([theirs | {"share_bp": 10_000}]))[:2] == (
        "body.owners",
        "poster_not_owner",
    )
    assert await count(market, "achievement") == 0
    made = await user.ok(
        "POST",
        "/achievements",
        achievement(owners=[mine, theirs | {"share_bp": 2_000}, {"name": "王", "share_bp": 1_000}]),
    )
    assert [owner["share_bp"] for owner in made["owners"]] == [7_000, 2_000, 1_000]
    assert (await firm.get(f"/achievements/{made['id']}")).status_code == 200
    assert [row["id"] for row in (await firm.get("/achievements?mine=true")).json()["items"]] == [
        made["id"]
    ]


async def test_an_edit_replaces_lists_keeps_the_rest_and_needs_the_version(market: Market) -> None:
    user = await market.join("university")
    shown = await published(user, persons=[{"name": "甲"}, {"name": "乙"}])
    path = f"/achievements/{shown['id']}"
    change = {
        "title": "新标题",
        "trl": None,
        "rights": [{"type": "know_how"}],
        "persons": [{"name": "丙"}],
    }
    edited = await user.patch(path, change, '"v2"')
    assert edited.status_code == 200, edited.text
    body = edited.json()
    assert (body["title"], body["trl"], body["summary"]) == ("新标题", None, "公开摘要")
    assert [right["type"] for right in body["rights"]] == ["know_how"]
    assert body["persons"] == [{"name": "丙"}]
    assert edited.headers["etag"] == '"v3"'
    assert (await user.get(path)).json() == body
    assert (await user.patch(path, {"title": "x"}, '"v2"')).status_code == 412
    for bad, code in (
        ({"rights": []}, "no_right"),
        ({"secrecy": "confidential"}, "confidential_not_public"),
    ):
        refused = await user.patch(path, bad, '"v3"')
        assert refused.json()["code"] == code
    assert (await user.get(path)).json() == body
    assert (
        await user.patch(
            path,
            {"owners": [{"organisation_id": str(user.organisation_id), "share_bp": 1}]},
            '"v3"',
        )
    ).json()["code"] == "shares_not_whole"


async def test_what_has_no_right_or_is_confidential_is_not_published(market: Market) -> None:
    user = await market.join("university")
    for change, status, code in (
        ({"rights": []}, 422, "no_right"),
        ({"rights": [{"type": "none"}]}, 422, "no_right"),
        ({"secrecy": "confidential"}, 409, "confidential_not_public"),
    ):
        made = await user.ok("POST", "/achievements", achievement(**change))
        response = await user.post(f"/achievements/{made['id']}/publish")
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert (await user.get(f"/achievements/{made['id']}")).json()["state"] == "draft"
    async with market.sessions() as session:
        with pytest.raises(Exception, match="never_public"):
            await session.execute(
                text(
                    "UPDATE achievement SET state='published', public_from=now()"
                    " WHERE secrecy = 'confidential'"
                )
            )


async def test_an_internal_summary_is_for_organisations_only(market: Market) -> None:
    user = await market.join("university")
    firm = await market.join("enterprise")
    shown = await published(user, secrecy="internal")
    path = f"/achievements/{shown['id']}"
    assert (await market.anonymous.get(path)).status_code == 404
    assert (await market.anonymous.get("/achievements")).json()["items"] == []
    assert (await firm.get(path)).status_code == 200
    assert len((await firm.get("/achievements")).json()["items"]) == 1
    async with market.sessions() as session:
        with pytest.raises(AchievementNotPublished):
            await service.require_postable(session, trader(user), UUID(shown["id"]))


async def test_details_are_read_by_those_allowed_and_every_reading_is_logged(
    market: Market,
) -> None:
    user = await market.join("university")
    firm = await market.join("enterprise")
    operator = await market.join("exchange_operator")
    shown = await published(user)
    path = f"/achievements/{shown['id']}"
    assert (await market.anonymous.get(path + "/details")).status_code == 401
    refused = await firm.get(path + "/details")
    assert (refused.status_code, refused.json()["code"]) == (403, "details_not_granted")
    assert (await firm.get(path + "/disclosures")).status_code == 403
    assert await count(market, "disclosure") == 0
    assert (await user.get(path + "/details")).json()["details"] == "工艺参数"
    assert (await operator.get(path + "/details")).status_code == 200
    grant = await user.ok("POST", path + "/grants", {"organisation_id": str(firm.organisation_id)})
    assert (await firm.get(path + "/details")).json()["details"] == "工艺参数"
    log = (await user.get(path + "/disclosures")).json()["items"]
    assert [row["organisation_id"] for row in log] == [
        str(firm.organisation_id),
        str(operator.organisation_id),
        str(user.organisation_id),
    ]
    assert log[0]["person_id"] == str(firm.person_id)
    assert log[0]["version"] == 2
    await user.ok("POST", f"{path}/grants/{grant['id']}/revoke")
    assert (await firm.get(path + "/details")).status_code == 403
    assert await count(market, "disclosure") == 3
    with (
        psycopg.connect(market.database_url) as connection,
        pytest.raises(psycopg.errors.RestrictViolation),
    ):
        connection.execute("DELETE FROM disclosure")


async def test_a_grant_ends_and_opens_even_a_draft_until_then(market: Market) -> None:
    user = await market.join("university")
    firm = await market.join("enterprise")
    made = await user.ok("POST", "/achievements", achievement(secrecy="confidential"))
    path = f"/achievements/{made['id']}"
    assert (await firm.get(path + "/details")).status_code == 404
    now = (await user.get("/sandbox/clock")).json()["now"]
    late = await user.post(
        path + "/grants", {"organisation_id": str(firm.organisation_id), "ends_at": now}
    )
    assert late.json()["code"] == "grant_ended"
    never = {"organisation_id": str(firm.organisation_id), "ends_at": "9999-12-31T23:59:59Z"}
    assert (await user.post(path + "/grants", never)).json()["code"] == "grant_ended"
    ends = now.replace(now[:4], str(int(now[:4]) + 1), 1)
    await user.ok(
        "POST", path + "/grants", {"organisation_id": str(firm.organisation_id), "ends_at": ends}
    )
    assert (await firm.get(path + "/details")).status_code == 200
    assert (await firm.get(path)).status_code == 200
    await market.advance(days=366)
    assert (await firm.get(path + "/details")).status_code == 404


async def test_a_broker_reads_and_enters_in_the_name_of_its_client(market: Market) -> None:
    user = await market.join("university")
    broker = await market.join("broker")
    today = (await user.get("/sandbox/clock")).json()["now"][:10]
    await user.ok(
        "POST",
        "/mandates",
        {
            "broker_id": str(broker.organisation_id),
            "scopes": ["trade"],
            "valid_from": str(int(today[:4]) + 1) + "-01-01",
            "valid_until": str(int(today[:4]) + 2) + "-01-01",
        },
    )
    broker.on_behalf_of = user.organisation_id
    assert (await broker.post("/achievements", achievement())).json()["code"] == "no_mandate"
    await market.advance(days=400)
    made = await broker.ok("POST", "/achievements", achievement())
    assert made["lead_party_id"] == str(user.organisation_id)
    await broker.ok("GET", f"/achievements/{made['id']}/details")
    [row] = (await user.get(f"/achievements/{made['id']}/disclosures")).json()["items"]
    assert row["organisation_id"] == str(broker.organisation_id)
    assert row["client_id"] == str(user.organisation_id)
    assert row["mandate_id"] is not None


async def test_others_neither_change_nor_learn_of_drafts(market: Market) -> None:
    user = await market.join("university")
    others = [
        await market.join("enterprise"),
        await market.join("broker"),
        await market.join("registration_office"),
    ]
    draft = await user.ok("POST", "/achievements", achievement())
    shown = await published(user)
    before = await count(market, "audit_event")
    for row in (draft, shown):
        path = f"/achievements/{row['id']}"
        for other in others:
            answers = [
                await other.patch(path, {"title": "x"}, '"v1"'),
                await other.post(path + "/publish"),
                await other.post(path + "/withdraw"),
                await other.post(path + "/grants", {"organisation_id": str(other.organisation_id)}),
            ]
            assert {answer.status_code for answer in answers} <= {403, 404}
            if row is draft:
                assert (await other.get(path)).status_code == 404
                assert (await other.get(path + "/details")).status_code == 404
    office = others[-1]
    assert (await office.post("/achievements", achievement())).status_code == 403
    assert (await market.anonymous.post("/achievements", achievement())).status_code == 401
    assert await count(market, "audit_event") == before
    assert await count(market, "achievement") == 2


async def test_a_package_holds_single_achievements_of_its_poster(market: Market) -> None:
    user = await market.join("university")
    stranger = await market.join("university")
    first = await user.ok("POST", "/achievements", achievement())
    second = await user.ok(
        "POST", "/achievements", achievement(title="其二", rights=[{"type": "know_how"}])
    )
    bare = await user.ok("POST", "/achievements", achievement(title="其三", rights=[]))
    theirs = await stranger.ok("POST", "/achievements", achievement())

    async def pack(*members: dict) -> Any:
        return await user.post(
            "/packages", {"title": "成果包", "member_ids": [member["id"] for member in members]}
        )

    for members in ((first, theirs), (first, {"id": str(uuid4())}), (first, first)):
        refused = await pack(*members)
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_package_member")
        assert refused.json()["errors"][0]["field"] == "body.member_ids.1"
    made = (await pack(first, second)).json()
    assert (made["kind"], made["member_ids"]) == ("package", [first["id"], second["id"]])
    assert made["technical_field"] == first["technical_field"]
    nested = await user.post(
        "/packages", {"title": "包中包", "member_ids": [second["id"], made["id"]]}
    )
    assert nested.json()["code"] == "bad_package_member"
    assert (await user.post(f"/achievements/{made['id']}/publish")).status_code == 200
    for change, code in (
        ({"rights": []}, "no_right"),
        ({"secrecy": "confidential"}, "confidential_not_public"),
    ):
        kept = await user.patch(f"/achievements/{second['id']}", change, '"v1"')
        assert kept.json()["code"] == code
    unproven = (await pack(first, bare)).json()
    refused = await user.post(f"/achievements/{unproven['id']}/publish")
    assert refused.json()["code"] == "no_right"
    async with market.sessions() as session:
        facts = await service.facts(session, UUID(made["id"]))
        assert [right.type for right in facts.rights] == ["patent.invention", "know_how"]
        assert [str(member_id) for member_id in facts.member_ids] == made["member_ids"]
        assert facts.owner_ids == (user.organisation_id,)


async def test_only_the_poster_may_post_and_only_what_is_published(market: Market) -> None:
    user = await market.join("university")
    firm = await market.join("enterprise")
    draft = await user.ok("POST", "/achievements", achievement())
    shown = await published(user, persons=[{"name": "李四"}])
    async with market.sessions() as session:
        facts = await service.require_postable(session, trader(user), UUID(shown["id"]))
        assert (facts.title, facts.state) == ("一种数据处理方法", "published")
        assert facts.completing_persons == ("李四",)
        with pytest.raises(AchievementNotPublished):
            await service.require_postable(session, trader(user), UUID(draft["id"]))
        with pytest.raises(NotFound):
            await service.require_postable(session, trader(firm), UUID(shown["id"]))
        assert await service.facts_of(session, [uuid4()]) == {}
        with pytest.raises(NotFound):
            await service.facts(session, uuid4())


async def test_lists_filter_sort_and_page(market: Market) -> None:
    user = await market.join("university")
    other = await market.join("institute")
    rows = [
        await published(user, title="丙 battery", ipc=["H01M"], trl=3, transfer_modes=["assign"]),
        await published(user, title="甲 100%", ipc=["G06F"], trl=9),
        await published(other, title="乙 Battery", ipc=["G06N"], trl=None),
    ]
    ids = [row["id"] for row in rows]

    async def found(query: str) -> list[int]:
        items = (await market.anonymous.ok("GET", "/achievements?" + query))["items"]
        return [ids.index(item["id"]) for item in items]

    assert await found("") == [2, 1, 0]
    assert await found("sort=oldest") == [0, 1, 2]
    assert await found("q=BATTERY") == [2, 0]
    assert await found("q=100%25") == [1]
    assert await found("q=%25") == [1]
    assert await found("ipc=G06") == [2, 1]
    assert await found("ipc=H01M") == [0]
    assert await found("trl_min=4") == [1]
    assert await found("transfer_mode=assign") == [0]
    assert await found(f"party_id={other.organisation_id}") == [2]
    assert await found("technical_field=electronics_information") == [2, 1]
    assert await found("kind=package") == []
    assert await found("state=draft") == []
    for sort in ("newest", "oldest", "title"):
        seen, cursor = [], ""
        while True:
            page = await market.anonymous.ok("GET", f"/achievements?sort={sort}&limit=2" + cursor)
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert sorted(seen) == sorted(ids)
        assert len(seen) == 3
    bad = await market.anonymous.get("/achievements?sort=title&cursor=WyJ4Il0")
    assert (bad.status_code, bad.json()["code"]) == (400, "bad_cursor")
    assert (await market.anonymous.get("/achievements?mine=true")).status_code == 401
