"""From a deal to a signed contract, over HTTP."""

import asyncio
from hashlib import sha256
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kit import jobs
from tests.contracts.trades import KNOW_HOW, PATENT, Trade, audited, concluded, rows
from tests.market import Market, User

TABLES = ("contract", "contract_text", "contract_signature", "deal", "audit_event")


async def test_a_draft_states_the_deal_and_the_patent(market: Market) -> None:
    trade = await concluded(market)
    contract = await trade.contract()
    assert contract["state"] == "draft"
    assert (contract["contract_class"], contract["sub_class"]) == (
        "transfer",
        "transfer.patent_right",
    )
    assert (contract["total_fen"], contract["technical_fen"]) == (123_456_789, 123_456_789)
    body = contract["text"]
    assert contract["text_sha256"] == sha256(body.encode()).hexdigest()
    for user in (trade.seller, trade.buyer):
        party = await user.ok("GET", f"/organisations/{user.organisation_id}")
        assert party["name"] in body
        assert party["credit_code"] in body
    for part in (
        "技术转让合同",
        "1,234,567.89 元(大写:壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分)",
        PATENT["number"],
        PATENT["title"],
        PATENT["expires_on"],
        "北京市海淀区",
    ):
        assert part in body, part
    assert "{{" not in body
    assert "None" not in body


async def test_a_deal_has_one_contract_however_often_it_is_drafted(market: Market) -> None:
    trade = await concluded(market)
    async with market.sessions() as session, session.begin():
        await jobs.defer(session, "contracts.draft", deal_id=trade.deal_id)
    await market.settle()
    found = await rows(market, "contract", "contract_text")
    assert [len(found["contract"]), len(found["contract_text"])] == [1, 1]
    assert await audited(market, trade.contract_id) == ["contract.draft"]


async def test_both_sign_the_same_text_and_the_deal_is_contracted(market: Market) -> None:
    trade = await concluded(market)
    proposed = await trade.buyer.ok("POST", trade.path + "/propose")
    assert proposed["state"] == "signing"
    once = await trade.sign(trade.seller)
    assert (once["state"], once["signed_at"]) == ("signing", None)
    again = await trade.seller.post(trade.path + "/sign", {"text_sha256": once["text_sha256"]})
    assert (again.status_code, again.json()["code"]) == (409, "already_signed")
    done = await trade.sign(trade.buyer)
    assert done["state"] == "signed"
    assert done["signed_at"] is not None
    assert [row["party_id"] for row in done["signatures"]] == [
        str(trade.seller.organisation_id),
        str(trade.buyer.organisation_id),
    ]
    deal = await trade.seller.ok("GET", f"/deals/{trade.deal_id}")
    assert deal["state"] == "contracted"
    assert await audited(market, trade.contract_id) == [
        "contract.draft",
        "contract.propose",
        "contract.sign",
        "contract.sign",
        "contract.complete",
    ]
    late = await trade.seller.post(trade.path + "/withdraw-proposal")
    assert (late.status_code, late.json()["code"]) == (409, "illegal_move")


async def test_a_signature_over_an_older_text_is_refused(market: Market) -> None:
    trade = await concluded(market)
    old = (await trade.contract())["text_sha256"]
    edited = await trade.edit(trade.buyer, {"delivery": "卖方于生效后十日内交付。"})
    assert edited["text_version"] == 2
    assert edited["text_sha256"] != old
    await trade.seller.ok("POST", trade.path + "/propose")
    before = await rows(market, *TABLES)
    stale = await trade.seller.post(trade.path + "/sign", {"text_sha256": old})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_text")
    assert stale.json()["current_version"] == 2
    assert await rows(market, *TABLES) == before


async def test_a_withdrawn_proposal_takes_its_signature_out_of_count(market: Market) -> None:
    trade = await concluded(market)
    await trade.seller.ok("POST", trade.path + "/propose")
    first = await trade.sign(trade.seller)
    back = await trade.buyer.ok("POST", trade.path + "/withdraw-proposal")
    assert (back["state"], back["text_version"]) == ("draft", 2)
    assert [row["text_version"] for row in back["signatures"]] == [1]
    await trade.seller.ok("POST", trade.path + "/propose")
    stale = await trade.seller.post(trade.path + "/sign", {"text_sha256": first["text_sha256"]})
    assert stale.json()["code"] == "stale_text"
    assert (await trade.sign(trade.buyer))["state"] == "signing"
    assert (await trade.sign(trade.seller))["state"] == "signed"
    versions = await trade.buyer.ok("GET", trade.path + "/versions")
    assert [row["text_version"] for row in versions] == [1, 2]
    kept = await trade.buyer.ok("GET", trade.path + "/versions/1")
    assert sha256(kept["text"].encode()).hexdigest() == first["text_sha256"]


async def test_only_a_draft_can_be_changed_and_only_as_it_was_read(market: Market) -> None:
    trade = await concluded(market)
    read = await trade.seller.get(trade.path)
    change = {"acceptance": "按双方确认的指标验收。"}
    missing = await trade.seller.request("PATCH", trade.path, json=change)
    assert (missing.status_code, missing.json()["code"]) == (428, "if_match_required")
    await trade.edit(trade.buyer, change)
    stale = await trade.seller.patch(trade.path, change, read.headers["etag"])
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    proposed = await trade.seller.post(trade.path + "/propose")
    frozen = await trade.buyer.patch(trade.path, change, proposed.headers["etag"])
    assert (frozen.status_code, frozen.json()["code"]) == (409, "illegal_move")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"contract_class": "license"}, "class_fixed_by_deal", "body.contract_class"),
        ({"sub_class": "license.patent_license"}, "sub_class_mismatch", "body.sub_class"),
        (
            {"non_technical_items": [{"name": "设备", "amount_fen": 123_456_790}]},
            "non_technical_exceeds_total",
            "body.non_technical_items",
        ),
        ({"payment_mode": "lump_instalments"}, "payment_terms_wrong", "body.instalments"),
        (
            {"patents": [{"number": "201921898050.0"}]},
            "patent_not_in_achievement",
            "body.patents.0.number",
        ),
        (
            {"non_technical_items": [{"name": "设备", "amount_fen": -1}]},
            "greater_than_equal",
            "body.non_technical_items.0.amount_fen",
        ),
        ({"total_fen": 1}, "extra_forbidden", "body.total_fen"),
        ({"delivery": "x" * 10_000_000}, "string_too_long", "body.delivery"),
    ],
)
async def test_wrong_terms_are_refused_and_nothing_is_written(
    market: Market, change: dict, code: str, field: str
) -> None:
    trade = await concluded(market)
    read = await trade.seller.get(trade.path)
    before = await rows(market, *TABLES)
    response = await trade.seller.patch(trade.path, change, read.headers["etag"])
    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert (error["code"], error["field"]) == (code, field)
    assert await rows(market, *TABLES) == before


async def test_terms_change_text_and_technical_amount(market: Market) -> None:
    trade = await concluded(market)
    edited = await trade.edit(
        trade.seller,
        {
            "non_technical_items": [{"name": "中试设备", "amount_fen": 23_456_789}],
            "payment_mode": "lump_instalments",
            "instalments": [
                {"amount_fen": 23_456_789, "due": "生效后十日内"},
                {"amount_fen": 100_000_000, "due": "验收合格后十日内"},
            ],
            "dispute_forum": "arbitration",
            "free_clauses": ["{{ 7 * 7 }} 不是模板"],
        },
    )
    assert edited["technical_fen"] == 100_000_000
    assert edited["payment_mode"] == "lump_instalments"
    assert "第 2 期:人民币 1,000,000.00 元,验收合格后十日内" in edited["text"]
    assert "{{ 7 * 7 }} 不是模板" in edited["text"]
    refused = await trade.seller.post(trade.path + "/propose")
    assert (refused.status_code, refused.json()["code"]) == (422, "term_missing")
    assert refused.json()["missing"] == ["arbitration_body"]
    await trade.edit(trade.buyer, {"arbitration_body": "北京仲裁委员会"})
    assert (await trade.conclude())["state"] == "signed"


async def test_a_licence_states_its_end_within_the_patents_life(market: Market) -> None:
    trade = await concluded(market, transfer_mode="license", manner="sole")
    contract = await trade.contract()
    assert contract["sub_class"] == "license.patent_license"
    assert "许可方式:排他实施许可" in contract["text"]
    open_end = await trade.seller.post(trade.path + "/propose")
    assert open_end.json()["code"] == "licence_term_missing"
    read = await trade.seller.get(trade.path)
    late = await trade.seller.patch(
        trade.path, {"licence_until": "2037-07-22"}, read.headers["etag"]
    )
    assert (late.json()["code"], late.json()["latest"]) == ("licence_outlasts_patent", "2037-07-21")
    royalty = {"base": "sales", "rate_bp": 350, "upfront_fen": 10_000_000}
    edited = await trade.edit(
        trade.seller,
        {
            "licence_until": "2030-12-31",
            "payment_mode": "royalty_with_upfront",
            "royalty": royalty,
        },
    )
    assert "提成比例:固定比例,3.50%" in edited["text"]
    assert (await trade.conclude())["state"] == "signed"


async def test_a_patent_without_expiry_is_not_proposed(market: Market) -> None:
    unknown = {key: value for key, value in PATENT.items() if key != "expires_on"}
    trade = await concluded(market, rights=[unknown])
    refused = await trade.seller.post(trade.path + "/propose")
    assert (refused.status_code, refused.json()["code"]) == (422, "patent_terms_missing")
    assert refused.json()["missing"] == ["patents.0.expires_on"]
    known = {"expires_on": "2037-07-21", "filed_on": "2017-07-21"}
    patent = (await trade.contract())["terms"]["patents"][0] | known
    await trade.edit(trade.buyer, {"patents": [patent]})
    assert (await trade.conclude())["state"] == "signed"


@pytest.mark.parametrize(
    ("mode", "title", "sub_class"),
    [
        ("cooperate", "技术开发合同", "development.joint"),
        ("other", "技术服务合同", "service.service"),
    ],
)
async def test_other_modes_become_development_or_service(
    market: Market, mode: str, title: str, sub_class: str
) -> None:
    trade = await concluded(market, transfer_mode=mode, rights=[KNOW_HOW])
    contract = await trade.contract()
    assert contract["text"].startswith(title)
    assert contract["sub_class"] == sub_class
    if mode == "other":
        consulting = await trade.edit(trade.seller, {"contract_class": "consulting"})
        assert consulting["text"].startswith("技术咨询合同")
        assert consulting["sub_class"] is None
    assert (await trade.conclude())["state"] == "signed"


async def test_a_broker_signs_for_its_client_under_a_mandate(market: Market) -> None:
    trade = await concluded(market)
    broker = await market.join("broker")
    await trade.seller.ok("POST", trade.path + "/propose")
    shown = await trade.contract()
    body = {"text_sha256": shown["text_sha256"]}
    assert (await broker.post(trade.path + "/sign", body)).status_code == 404
    async with market.sessions() as session:
        today = (
            await session.execute(text("SELECT (market_now() AT TIME ZONE 'Asia/Shanghai')::date"))
        ).scalar_one()
    mandate = await trade.seller.ok(
        "POST",
        "/mandates",
        {
            "broker_id": str(broker.organisation_id),
            "scopes": ["trade"],
            "valid_from": today.isoformat(),
            "valid_until": today.replace(year=today.year + 1, day=1).isoformat(),
        },
    )
    broker.on_behalf_of = trade.seller.organisation_id
    signed = await broker.ok("POST", trade.path + "/sign", body)
    [signature] = signed["signatures"]
    assert signature["party_id"] == str(trade.seller.organisation_id)
    assert signature["person_id"] == str(broker.person_id)
    assert signature["mandate_id"] == mandate["id"]


async def test_the_database_keeps_signatures_and_signed_texts(market: Market) -> None:
    trade = await concluded(market)
    await trade.seller.ok("POST", trade.path + "/propose")
    await trade.sign(trade.seller)
    forbidden = (
        "UPDATE contract_signature SET signed_at = now()",
        "DELETE FROM contract_signature",
        "UPDATE contract_text SET text = 'x'",
        "UPDATE contract SET text = text || ' '",
        "UPDATE contract SET state = 'signed', signed_at = now()",
        "INSERT INTO contract_signature (id, contract_id, party_id, person_id, text_version,"
        " text_sha256, signed_at) SELECT uuidv7(), contract_id, party_id, person_id,"
        " text_version, text_sha256, now() FROM contract_signature",
        "INSERT INTO contract_signature (id, contract_id, party_id, person_id, text_version,"
        " text_sha256, signed_at) SELECT uuidv7(), c.id, c.buyer_id, s.person_id,"
        " 1, 'another', now() FROM contract c, contract_signature s",
    )
    before = await rows(market, *TABLES)
    for statement in forbidden:
        async with market.sessions() as session:
            with pytest.raises(DBAPIError):
                await session.execute(text(statement))
    assert await rows(market, *TABLES) == before


async def strangers(market: Market, trade: Trade) -> dict[str, User]:
    """One user of every kind that is no party of the trade."""
    return {
        "anonymous": market.anonymous,
        "enterprise": await market.join("enterprise"),
        "broker": await market.join("broker"),
        "operator": await market.admin(),
        "registrar": await market.join("registration_office"),
        "regulator": await market.join("regulator"),
        "administrator without trade": await market.seed("enterprise", ["organisation_admin"]),
    }


async def test_who_may_do_what(market: Market) -> None:
    trade = await concluded(market)
    users = await strangers(market, trade)
    shown = await trade.contract()
    calls: dict[str, tuple[str, str, object]] = {
        "get": ("GET", trade.path, None),
        "versions": ("GET", trade.path + "/versions", None),
        "version": ("GET", trade.path + "/versions/1", None),
        "edit": ("PATCH", trade.path, {"delivery": "不得写入"}),
        "propose": ("POST", trade.path + "/propose", None),
        "withdraw": ("POST", trade.path + "/withdraw-proposal", None),
        "sign": ("POST", trade.path + "/sign", {"text_sha256": shown["text_sha256"]}),
    }
    reads = {"get", "versions", "version"}
    before = await rows(market, *TABLES)
    for who, user in users.items():
        for call, (method, path, body) in calls.items():
            response = await user.request(method, path, json=body, headers={"If-Match": '"v1"'})
            expected = 401 if who == "anonymous" else 404
            if who == "regulator":
                expected = 200 if call in reads else 403
            assert response.status_code == expected, (who, call, response.text)
    assert await rows(market, *TABLES) == before
    for who, user in users.items():
        if who == "anonymous":
            assert (await user.get("/contracts")).status_code == 401
            continue
        listed = (await user.ok("GET", "/contracts"))["items"]
        assert len(listed) == (1 if who == "regulator" else 0), who
    for user in (trade.seller, trade.buyer):
        assert len((await user.ok("GET", "/contracts?state=draft"))["items"]) == 1
    missing = await trade.seller.get(f"/contracts/{uuid4()}")
    assert missing.status_code == 404


async def test_a_key_that_only_reads_does_not_act(market: Market) -> None:
    trade = await concluded(market)
    made = await trade.seller.ok("POST", "/auth/keys", {"name": "reader", "scopes": ["read"]})
    robot = User(market.client, made["secret"], trade.seller.organisation_id)
    assert (await robot.get(trade.path)).status_code == 200
    before = await rows(market, "contract", "contract_text")
    refused = await robot.post(trade.path + "/propose")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_required")
    assert await rows(market, "contract", "contract_text") == before


async def test_signatures_at_once_conclude_once(market: Market) -> None:
    trade = await concluded(market)
    await trade.seller.ok("POST", trade.path + "/propose")
    body = {"text_sha256": (await trade.contract())["text_sha256"]}
    users = [trade.seller, trade.buyer] * 4
    edit = trade.buyer.patch(trade.path, {"delivery": "抢先修改"}, '"v2"')
    *signing, edited = await asyncio.gather(
        *(user.post(trade.path + "/sign", body) for user in users), edit
    )
    assert sorted(answer.status_code for answer in signing) == [200] * 2 + [409] * 6
    # In time it meets a proposed text, later a version that moved on.
    assert edited.status_code in {409, 412}
    done = await trade.contract()
    assert done["state"] == "signed"
    assert sorted(row["party_id"] for row in done["signatures"]) == sorted(
        str(user.organisation_id) for user in users[:2]
    )
    assert (await audited(market, trade.contract_id)).count("contract.complete") == 1
    assert (await audited(market, trade.deal_id)).count("deal.contract") == 1
