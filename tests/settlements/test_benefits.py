"""Idle achievements, benefits at risk, and estimates, over HTTP."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.kit import jobs
from app.kit.calendar import local_day
from app.settlements import benefits
from tests import flow
from tests.contracts.trades import audited, concluded, rows
from tests.market import Market, User
from tests.registrations.offices import office, registered


async def fall(market: Market, registration_id: str) -> None:
    """What the registrations module defers when a registration falls."""
    async with market.sessions() as session, session.begin():
        await jobs.defer(session, "settlements.benefits_at_risk", registration_id=registration_id)
    await market.settle()


async def claimed(
    market: Market, user: User, registration_id: str, **change: Any
) -> dict[str, Any]:
    body = {
        "registration_id": registration_id,
        "kind": "income_tax_relief",
        "amount_fen": 87_500_000,
        "taken_on": local_day(await flow.market_now(market)).isoformat(),
        "document": "企业所得税年度申报表 2026",
    } | change
    answer = await user.post("/benefits", body)
    found: dict[str, Any] = answer.json() | {"status_code": answer.status_code}
    return found


async def test_what_rests_on_a_fallen_registration_is_on_its_authoritys_list(
    market: Market,
) -> None:
    trade, registration = await registered(market, await office(market))
    regulator = await market.join("regulator")
    relief = await claimed(market, trade.seller, registration["id"])
    assert (relief["status_code"], relief["state"], relief["authority"]) == (201, "claimed", "tax")
    again = await claimed(market, trade.seller, registration["id"])
    assert (again["status_code"], again["code"]) == (409, "benefit_claimed_already")
    reward = await claimed(market, trade.seller, registration["id"], kind="reward")
    assert reward["authority"] == "science"
    exemption = await claimed(market, trade.buyer, registration["id"], kind="vat_exemption")
    assert exemption["status_code"] == 201
    early = await claimed(market, trade.seller, registration["id"], taken_on="2020-01-01")
    assert (early["status_code"], early["code"]) == (422, "paid_out_of_time")
    stranger = await market.join("enterprise")
    assert (await claimed(market, stranger, registration["id"]))["status_code"] == 404
    decision = f"/benefits/{relief['id']}/decision"
    sound = await regulator.post(decision, {"act": "confirm", "note": "x"})
    assert (sound.status_code, sound.json()["code"]) == (409, "illegal_move")

    await fall(market, registration["id"])
    query = "/benefits?authority=tax&state=at_risk&region=11"
    listed = (await regulator.ok("GET", query))["items"]
    assert [one["id"] for one in listed] == [exemption["id"], relief["id"]]
    assert listed[1]["registration_number"] == registration["number"]
    assert (await regulator.ok("GET", query.replace("11", "33")))["items"] == []
    own = (await trade.seller.ok("GET", "/benefits"))["items"]
    assert [one["id"] for one in own] == [reward["id"], relief["id"]]
    assert (await stranger.ok("GET", "/benefits"))["items"] == []
    mute = await regulator.post(decision, {"act": "recover", "note": ""})
    assert (mute.status_code, mute.json()["code"]) == (422, "settlement_reason_required")
    party = await trade.seller.post(decision, {"act": "confirm", "note": "x"})
    assert party.status_code == 403
    done = await regulator.ok("POST", decision, {"act": "recover", "note": "补缴入库"})
    assert (done["state"], done["decision_note"]) == ("recovered", "补缴入库")

    before = await rows(market, "benefit", "fallen_registration", "audit_event")
    await fall(market, registration["id"])
    assert await rows(market, "benefit", "fallen_registration", "audit_event") == before
    late = await claimed(market, trade.seller, registration["id"], document="另一凭证")
    assert (late["status_code"], late["code"]) == (409, "registration_fell")
    assert await audited(market, relief["id"]) == [
        "benefit.claim",
        "benefit.endanger",
        "benefit.recover",
    ]


async def test_a_registration_without_benefits_falls_quietly(market: Market) -> None:
    _, registration = await registered(market, await office(market))
    now = await flow.market_now(market)
    async with market.sessions() as session, session.begin():
        await benefits.endanger(session, UUID(registration["id"]), now)
    [fallen] = (await rows(market, "fallen_registration"))["fallen_registration"]
    assert fallen["registration_id"] == registration["id"]


async def test_an_achievement_lies_idle_after_a_year_until_it_is_taken_up(market: Market) -> None:
    trade = await concluded(market)
    company = await market.join("enterprise")
    await flow.post_achievement(market, company)
    await market.settle()
    assert (await company.ok("GET", "/idle-watches"))["items"] == []
    [watch] = (await trade.seller.ok("GET", "/idle-watches"))["items"]
    assert (watch["state"], watch["rule_set"], watch["since_note"]) == (
        "watched",
        "DIST_BJ_2020",
        "market_publication",
    )
    path = f"/idle-watches/{watch['achievement_id']}"
    today = local_day(await flow.market_now(market))
    future = {"since": (today + timedelta(days=1)).isoformat(), "note": "登记"}
    answer = await trade.seller.request("PUT", path, json=future)
    assert (answer.status_code, answer.json()["code"]) == (422, "paid_out_of_time")
    since = (today - timedelta(days=300)).isoformat()
    stated = await trade.seller.ok("PUT", path, {"since": since, "note": "在本校登记之日"})
    assert stated["due_at"] < watch["due_at"]
    await flow.advance_to(market, stated["due_at"])
    [idle] = (await trade.seller.ok("GET", "/idle-watches?state=idle"))["items"]
    assert datetime.fromisoformat(idle["alerted_at"]) >= datetime.fromisoformat(idle["due_at"])
    regulator = await market.join("regulator")
    seen = (await regulator.ok("GET", "/idle-watches?state=idle"))["items"]
    assert [one["id"] for one in seen] == [watch["id"]]
    foreign = await trade.buyer.request("PUT", path, json={"since": since, "note": "x"})
    assert foreign.status_code == 404
    await trade.conclude()
    await market.settle()
    [ended] = (await trade.seller.ok("GET", "/idle-watches"))["items"]
    assert (ended["state"], ended["ended_because"]) == ("ended", "taken_up")
    over = await trade.seller.request("PUT", path, json={"since": since, "note": "x"})
    assert (over.status_code, over.json()["code"]) == (409, "idle_watch_ended")
    assert await audited(market, watch["id"]) == [
        "idle_watch.begin",
        "idle_watch.state_start",
        "idle_watch.alert",
        "idle_watch.end",
    ]


async def test_estimates_say_what_they_rest_on_and_what_they_are_not(market: Market) -> None:
    user = await market.join("enterprise")
    asked = {
        "kind": "income_tax",
        "as_of": "2025-11-20",
        "form": "non_exclusive",
        "technology": "patent.invention",
        "signed_on": "2015-09-30",
        "licence_months": 60,
        "revenue_fen": 1_200_000_000,
        "resident": True,
        "recognised": True,
        "owned": True,
        "wholly_related": False,
    }
    before = await rows(market, "audit_event", "benefit")
    found = await user.ok("POST", "/tax-estimates", asked)
    assert (found["estimate"], found["eligible"]) == (True, False)
    assert "不构成税务意见" in found["disclaimer_zh"]
    assert (found["as_of"], found["rule_set"]) == ("2025-11-20", "CIT_TRANSFER_2008")
    wrong = {one["id"]: one for one in found["conditions"] if one["outcome"] != "passed"}
    assert {name: one["outcome"] for name, one in wrong.items()} == {
        "form": "failed",
        "separate_accounts": "unknown",
    }
    assert "2015-10-01" in wrong["form"]["why_en"]
    assert found["tax_fen"] == found["tax_without_fen"] == 300_000_000
    right = asked | {"signed_on": "2015-10-01", "separate_accounts": True}
    found = await user.ok("POST", "/tax-estimates", right)
    assert (found["eligible"], found["tax_fen"], found["saving_fen"]) == (
        True,
        87_500_000,
        212_500_000,
    )
    vat = {"kind": "vat", "subject": "related_consulting", "amount_fen": 1_060_000_000}
    found = await user.ok("POST", "/tax-estimates", vat | {"same_invoice": False})
    assert (found["tax_fen"], found["conditions"][1]["outcome"]) == (60_000_000, "failed")
    assert found["rule_set"] == "VAT_2026"
    old = await user.post("/tax-estimates", asked | {"as_of": "2007-12-31"})
    assert (old.status_code, old.json()["code"]) == (422, "no_tax_rules_then")
    assert (await user.post("/tax-estimates", {"kind": "stamp"})).status_code == 422
    assert (await market.anonymous.post("/tax-estimates", asked)).status_code == 401
    assert await rows(market, "audit_event", "benefit") == before
    rules = await market.anonymous.ok("GET", "/tax-estimates/rule-sets")
    assert [one["id"] for one in rules] == [
        "CIT_TRANSFER_2008",
        "VAT_2016",
        "VAT_2026",
        "PIT_REWARD_2018",
        "EQUITY_2016",
        "STAMP_2022",
        "PIT_INCOME_2019",
    ]
    provinces = await market.anonymous.ok("GET", "/income-plans/rule-sets")
    assert {one["province"] for one in provinces} == {"00", "11", "31", "33", "37"}
