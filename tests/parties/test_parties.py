"""Registration, login, members, keys and mandates, over HTTP."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.kit import clock
from app.kit.calendar import local_day
from app.parties import service
from app.parties.states import Role
from tests.market import API, PASSWORD, Market, User, new_organisation


async def audit_actions(market: Market, object_id: str) -> list[str]:
    async with market.sessions() as session:
        rows = await session.execute(
            text("SELECT action FROM audit_event WHERE object_id = :id ORDER BY id"),
            {"id": object_id},
        )
        return list(rows.scalars())


async def test_an_organisation_is_registered_reviewed_and_may_then_act(market: Market) -> None:
    applied = await market.client.post(API + "/organisations", json=new_organisation("university"))
    assert applied.status_code == 201
    body = applied.json()
    assert body["state"] == "pending"
    assert applied.headers["etag"] == '"v1"'
    hidden = await market.anonymous.get(f"/organisations/{body['id']}")
    assert hidden.status_code == 404
    admin = await market.admin()
    decided = await admin.post(f"/organisations/{body['id']}/review", {"act": "approve"})
    assert decided.json()["state"] == "active"
    shown = await market.anonymous.get(f"/organisations/{body['id']}")
    assert shown.status_code == 200
    assert shown.json()["contact"] is None
    assert await audit_actions(market, body["id"]) == [
        "organisation.register",
        "organisation.approve",
    ]
    again = await admin.post(f"/organisations/{body['id']}/review", {"act": "approve"})
    assert again.status_code == 409
    assert again.json()["code"] == "illegal_move"
    assert again.json()["allowed"] == ["suspend"]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"credit_code": "91110000600037341A"}, "body.credit_code", "bad_credit_code"),
        ({"region_code": "999999"}, "body.region_code", "unknown_code"),
        ({"kind": "bank"}, "body.kind", "enum"),
        ({"name": "x" * 10_000_000}, "body.name", "string_too_long"),
        ({"name": "bad\u0000name"}, "body.name", "value_error"),
        ({"surprise": 1}, "body.surprise", "extra_forbidden"),
    ],
)
async def test_bad_applications_name_the_field_and_write_nothing(
    market: Market, change: dict, field: str, code: str
) -> None:
    response = await market.client.post(
        API + "/organisations", json=new_organisation("university") | change
    )
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    [error] = response.json()["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert len(response.content) < 10_000
    async with market.sessions() as session:
        assert (await session.execute(text("SELECT count(*) FROM person"))).scalar_one() == 0


async def test_a_wrong_credit_code_says_what_would_be_right_in_both_languages(
    market: Market,
) -> None:
    body = new_organisation("university") | {"credit_code": "91110000600037341A"}
    for language, word in (("zh-CN", "统一社会信用代码有误"), ("en", "is wrong")):
        response = await market.client.post(
            API + "/organisations", json=body, headers={"Accept-Language": language}
        )
        assert word in response.json()["detail"]
        assert response.json()["expected"] == "L"


async def test_the_same_credit_code_registers_once(market: Market) -> None:
    first = new_organisation("enterprise")
    second = new_organisation("enterprise") | {"credit_code": first["credit_code"]}
    assert (await market.client.post(API + "/organisations", json=first)).status_code == 201
    response = await market.client.post(API + "/organisations", json=second)
    assert (response.status_code, response.json()["code"]) == (409, "already_registered")


async def test_an_idempotency_key_gets_the_same_answer_and_acts_once(market: Market) -> None:
    body = new_organisation("enterprise")
    headers = {"Idempotency-Key": "key-1"}
    first = await market.client.post(API + "/organisations", json=body, headers=headers)
    second = await market.client.post(API + "/organisations", json=body, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert first.headers["etag"] == second.headers["etag"]
    assert second.headers["idempotency-replayed"] == "true"
    other = await market.client.post(
        API + "/organisations", json=new_organisation("enterprise"), headers=headers
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    async with market.sessions() as session:
        assert (await session.execute(text("SELECT count(*) FROM organisation"))).scalar_one() == 1


async def test_a_refused_request_does_not_spend_its_idempotency_key(market: Market) -> None:
    headers = {"Idempotency-Key": "key-2"}
    good = new_organisation("enterprise")
    bad = good | {"region_code": "999999"}
    refused = await market.client.post(API + "/organisations", json=bad, headers=headers)
    assert refused.status_code == 422
    taken = await market.client.post(API + "/organisations", json=good, headers=headers)
    assert taken.status_code == 201


async def test_edits_need_the_version_that_was_read(market: Market) -> None:
    user = await market.join("enterprise")
    path = f"/organisations/{user.organisation_id}"
    read = await user.get(path)
    missing = await user.request("PATCH", path, json={"address": "x"})
    assert (missing.status_code, missing.json()["code"]) == (428, "if_match_required")
    changed = await user.patch(path, {"address": "海淀路 1 号"}, read.headers["etag"])
    assert changed.status_code == 200
    assert changed.json()["address"] == "海淀路 1 号"
    stale = await user.patch(path, {"address": "y"}, read.headers["etag"])
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert (await user.get(path)).json()["address"] == "海淀路 1 号"


async def log_in(market: Market, login: str, password: str) -> tuple[int, dict]:
    response = await market.client.post(
        API + "/auth/token", data={"username": login, "password": password}
    )
    return response.status_code, response.json()


async def test_tokens_rotate_and_a_reused_refresh_token_closes_the_login(market: Market) -> None:
    body = new_organisation("enterprise")
    await market.client.post(API + "/organisations", json=body)
    login = body["administrator"]["login"]
    assert (await log_in(market, login, "wrong password here"))[0] == 401
    status, first = await log_in(market, login.upper(), PASSWORD)
    assert status == 200
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = (await market.client.post(API + "/auth/token", data=form)).json()
    assert second["refresh_token"] != first["refresh_token"]
    old = User(market.client, first["access_token"], None)
    new = User(market.client, second["access_token"], None)
    assert (await old.get("/auth/me")).status_code == 401
    assert (await new.get("/auth/me")).status_code == 200
    reused = await market.client.post(API + "/auth/token", data=form)
    assert (reused.status_code, reused.json()["code"]) == (401, "refresh_token_reused")
    assert (await new.get("/auth/me")).status_code == 401


async def test_too_many_wrong_passwords_pause_the_login(market: Market) -> None:
    body = new_organisation("enterprise")
    await market.client.post(API + "/organisations", json=body)
    login = body["administrator"]["login"]
    for _ in range(6):
        assert (await log_in(market, login, "wrong password here"))[1]["code"] == (
            "wrong_credentials"
        )
    assert (await log_in(market, login, PASSWORD))[1]["code"] == "login_paused"
    assert (await log_in(market, "nobody-at-all", PASSWORD))[1]["code"] == "wrong_credentials"


async def test_members_get_only_roles_of_their_kind_and_lose_access_when_ended(
    market: Market,
) -> None:
    user = await market.join("university")
    path = f"/organisations/{user.organisation_id}/members"
    person = {"login": f"m-{uuid4().hex[:8]}", "name": "成员", "password": PASSWORD}
    wrong = await user.post(path, {"person": person, "roles": ["registrar"]})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "role_not_for_kind")
    made = await user.ok("POST", path, {"person": person, "roles": ["trader"]})
    member = await market.log_in(person["login"])
    assert (await member.get(path)).json()["code"] == "role_required"
    ended = await user.request("DELETE", f"{path}/{made['person_id']}")
    assert ended.status_code == 204
    assert (await member.get("/auth/me")).status_code == 401


async def test_api_keys_act_within_their_scopes_until_revoked(market: Market) -> None:
    user = await market.join("broker")
    made = await user.ok("POST", "/auth/keys", {"name": "robot", "scopes": ["read"]})
    robot = User(market.client, made["secret"], user.organisation_id)
    assert (await robot.ok("GET", "/auth/me"))["scopes"] == ["read"]
    another = {"name": "x", "scopes": ["read"]}
    assert (await robot.post("/auth/keys", another)).json()["code"] == "scope_required"
    trader = await user.ok("POST", "/auth/keys", {"name": "trader", "scopes": ["trade"]})
    breeder = User(market.client, trader["secret"], user.organisation_id)
    assert (await breeder.post("/auth/keys", another)).status_code == 404
    await user.ok("DELETE", f"/auth/keys/{trader['id']}")
    listed = await user.ok("GET", "/auth/keys")
    assert made["secret"][-4:] in [row["hint"] for row in listed]
    assert "secret" not in listed[0]
    await user.ok("DELETE", f"/auth/keys/{made['id']}")
    assert (await robot.get("/auth/me")).status_code == 401


async def test_a_broker_acts_for_a_client_only_under_a_mandate_in_force(market: Market) -> None:
    client = await market.join("university")
    broker = await market.join("broker")
    broker.on_behalf_of = client.organisation_id
    assert (await broker.get("/auth/me")).json()["code"] == "no_mandate"
    async with market.sessions() as session:
        today = local_day(await clock.now(session))
    mandate = {
        "broker_id": str(broker.organisation_id),
        "scopes": ["trade"],
        "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=30)).isoformat(),
    }
    past = mandate | {"valid_from": (today - timedelta(days=1)).isoformat()}
    assert (await client.post("/mandates", past)).json()["code"] == "bad_mandate_period"
    not_broker = mandate | {"broker_id": str(client.organisation_id)}
    assert (await client.post("/mandates", not_broker)).json()["code"] == "not_a_broker"
    granted = await client.ok("POST", "/mandates", mandate)
    me = await broker.ok("GET", "/auth/me")
    assert me["client_id"] == str(client.organisation_id)
    assert me["mandate_id"] == granted["id"]
    assert me["roles"] == ["trader"]
    await market.advance(days=31)
    assert (await broker.get("/auth/me")).json()["code"] == "no_mandate"
    fresh = mandate | {
        "valid_from": (today + timedelta(days=31)).isoformat(),
        "valid_until": (today + timedelta(days=60)).isoformat(),
    }
    again = await client.ok("POST", "/mandates", fresh)
    assert (await broker.get("/auth/me")).status_code == 200
    await client.ok("POST", f"/mandates/{again['id']}/revoke")
    assert (await broker.get("/auth/me")).status_code == 403


async def test_pages_of_organisations_follow_the_cursor(market: Market) -> None:
    for number in range(5):
        await market.join("enterprise", f"翻页企业 {number}")
    seen: list[str] = []
    path = "/organisations?limit=2&name=翻页企业"
    while True:
        page = await market.anonymous.ok("GET", path)
        seen += [row["name"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        path = f"/organisations?limit=2&name=翻页企业&cursor={page['next_cursor']}"
    assert seen == [f"翻页企业 {number}" for number in (4, 3, 2, 1, 0)]
    bad = await market.anonymous.get("/organisations?cursor=@@@")
    assert (bad.status_code, bad.json()["code"]) == (400, "bad_cursor")


async def test_the_holders_of_a_role_are_counted_without_those_who_left(market: Market) -> None:
    office = await market.join("registration_office")
    path = f"/organisations/{office.organisation_id}/members"
    made = []
    for number, roles in enumerate((["registrar"], ["registrar"], ["organisation_admin"])):
        person = {"login": f"holder-{number}", "name": "登记员", "password": PASSWORD}
        made.append(await office.ok("POST", path, {"person": person, "roles": roles}))
    await office.ok("DELETE", f"{path}/{made[0]['person_id']}")
    async with market.sessions() as session:
        counted = [
            await service.role_holders(session, organisation_id, role)
            for organisation_id, role in (
                (office.organisation_id, Role.REGISTRAR),
                (office.organisation_id, Role.ORGANISATION_ADMIN),
                (office.organisation_id, Role.TRADER),
                (uuid4(), Role.REGISTRAR),
            )
        ]
    assert counted == [2, 2, 0, 0]
