"""Valuations over HTTP: asking, issuing, signing, reports, who sees what."""

import hashlib
from typing import Any

import orjson
import pypdfium2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests import flow
from tests.market import PASSWORD, Market, User
from tests.pricing.steps import COST, INCOME, MARKET, ask, import_deals, imported

PRICES = [180_000_000, 200_000_000, 220_000_000, 260_000_000]


async def second_person(market: Market, first: User) -> User:
    """Another trader of the same organisation."""
    login = f"second-{first.organisation_id}"
    await first.ok(
        "POST",
        f"/organisations/{first.organisation_id}/members",
        {
            "person": {"login": login, "name": "第二评估师", "password": PASSWORD},
            "roles": ["trader"],
        },
    )
    return await market.log_in(login, first.organisation_id)


async def test_a_statutory_report_from_the_question_to_the_second_signature(
    market: Market,
) -> None:
    university = await market.join("university")
    appraiser = await market.join("broker", "示例资产评估有限公司")
    outsider = await market.join("enterprise")
    achievement = await flow.post_achievement(market, university)
    await import_deals(market, PRICES)

    made = await ask(
        university,
        achievement,
        {"market": MARKET, "income": INCOME, "cost": COST},
        statutory=True,
    )
    path = f"/valuations/{made['id']}"
    assert made["state"] == "draft"
    by_name = {one["approach"]: one for one in made["result"]["approaches"]}
    assert list(by_name) == ["market", "income", "cost"]
    assert by_name["market"]["figures"]["sample_size"] == 4
    assert 200_000_000 < by_name["market"]["value_fen"] < 220_000_000
    assert by_name["cost"]["value_fen"] == 82_800_000
    assert made["low_fen"] <= made["value_fen"] <= made["high_fen"]
    assert "公开的技术交易价格数据集" in by_name["market"]["assumptions"][0]["zh"]

    refused = await university.post(f"{path}/issue", {})
    assert refused.json()["code"] == "explanation_needed"
    assert (await university.get(f"{path}/report")).json()["code"] == "not_issued"
    refused = await university.post(f"{path}/issue", {"explanation": "成本法未反映市场前景"})
    assert refused.json()["code"] == "appraiser_needed"
    for wrong, code in (
        (university.organisation_id, "appraiser_conflicted"),
        (made["id"], "appraiser_unknown"),
    ):
        refused = await university.post(f"{path}/appraiser", {"appraiser_id": str(wrong)})
        assert refused.json()["code"] == code
    assert (await appraiser.get(path)).status_code == 404
    await university.ok(
        "POST", f"{path}/appraiser", {"appraiser_id": str(appraiser.organisation_id)}
    )
    issued = await university.ok("POST", f"{path}/issue", {"explanation": "成本法未反映市场前景"})
    assert (issued["state"], issued["signatures_needed"]) == ("issued", 2)

    digest = issued["content_sha256"]
    signing = {"content_sha256": digest, "name": "评估师甲", "licence_number": "11000001"}
    refused = await university.post(f"{path}/sign", signing)
    assert refused.json()["code"] == "not_the_appraiser"
    assert (await outsider.post(f"{path}/sign", signing)).status_code == 404
    refused = await appraiser.post(f"{path}/sign", signing | {"content_sha256": "0" * 64})
    assert refused.json()["expected_sha256"] == digest
    assert (await appraiser.ok("POST", f"{path}/sign", signing))["state"] == "issued"
    refused = await appraiser.post(f"{path}/sign", signing)
    assert refused.json()["code"] == "signed_already"
    unsigned = await university.get(f"{path}/report.pdf")
    second = await second_person(market, appraiser)
    signed = await second.ok("POST", f"{path}/sign", signing | {"name": "评估师乙"})
    assert signed["state"] == "signed"
    assert [one["name"] for one in signed["signatures"]] == ["评估师甲", "评估师乙"]

    await _report_holds(university, path, digest, unsigned.content)
    again = await university.ok("GET", f"{path}/reproduction")
    assert (again["same"], again["value_fen"]) == (True, made["value_fen"])
    figure = await university.ok("GET", f"{path}/figure")
    assert figure["appraisal_fen"] == made["value_fen"]
    listing = await flow.draft_listing(market, university, achievement, **figure)
    assert listing["appraisal_fen"] == made["value_fen"]


async def _report_holds(reader: User, path: str, digest: str, unsigned: bytes) -> None:
    """The JSON has the digest that was signed; the PDF shows the value, range and signatures."""
    report = await reader.ok("GET", f"{path}/report")
    canonical = orjson.dumps(report["content"], option=orjson.OPT_SORT_KEYS)
    assert hashlib.sha256(canonical).hexdigest() == digest == report["content_sha256"]
    assert report["content"]["limits"][0]["zh"].startswith("目前没有公开的技术交易价格数据集")
    document = (await reader.get(f"{path}/report.pdf")).content
    shown = _text(document)
    for expected in ("市场法", "收益法", "成本法", "评估师甲", "评估师乙", digest, "两种以上"):
        assert expected in shown
    assert "待签字:需要2名评估师签字" in _text(unsigned)
    assert (await reader.get(f"{path}/report.pdf")).content == document


def _text(document: bytes) -> str:
    """The text of a document as a reader copies it, without white space."""
    pages = pypdfium2.PdfDocument(document)
    return "".join("".join(page.get_textpage().get_text_range().split()) for page in pages)


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({}, "no_approach", "body.plan"),
    (
        {"income": INCOME | {"discount": {"kind": "given", "rate": "3"}}},
        "bad_rate",
        "body.plan.income.discount.rate",
    ),
    ({"income": INCOME | {"economic_years": -3}}, "bad_life", "body.plan.income.economic_years"),
    (
        {"market": {"comparables": []}},
        "no_comparables",
        "body.plan.market.comparables",
    ),
    (
        {
            "market": {
                "comparables": [
                    {"title": "甲", "price_fen": 1},
                    {"title": "乙", "price_fen": 1, "currency": "USD"},
                ]
            }
        },
        "currency_mixed",
        "body.plan.market.comparables",
    ),
    (
        {"income": INCOME, "cost": COST, "weights": {"income": "0.5", "cost": "0.6"}},
        "bad_weights",
        "body.plan.weights",
    ),
    ({"market": MARKET}, "too_few_comparables", "body.plan.market"),
    (
        {
            "option": {
                "underlying_fen": 100,
                "investment_fen": 90,
                "years": 3,
                "volatility": "0.4",
                "risk_free": "0.03",
            }
        },
        "option_not_for_mature",
        "body.plan.option",
    ),
]


async def test_bad_input_is_refused_with_its_reason_and_nothing_is_written(
    market: Market,
) -> None:
    university = await market.join("university")
    achievement = await flow.post_achievement(market, university)
    await import_deals(market, PRICES[:2])
    for plan, code, field in BAD:
        body = {"achievement_id": achievement["id"], "plan": plan}
        refused = await university.post("/valuations", body)
        assert refused.status_code == 422, refused.text
        problem = refused.json()
        assert (problem["code"], problem["errors"][0]["field"]) == (code, field)
    later = {"achievement_id": achievement["id"], "plan": {"cost": COST}}
    refused = await university.post("/valuations", later | {"valued_on": "2999-01-01"})
    assert refused.json()["code"] == "valued_later"
    refused = await university.post("/valuations", later | {"statutory": True})
    assert refused.json()["code"] == "two_methods_needed"
    stranger = await market.join("enterprise")
    assert (await stranger.post("/valuations", later)).status_code == 404
    assert (await university.ok("GET", "/valuations"))["items"] == []
    async with market.sessions() as session:
        counted = await session.execute(text("SELECT count(*) FROM valuation"))
        assert counted.scalar_one() == 0

    operator = await market.admin()
    for items, code in (
        ([imported("x", 1), imported("x", 2)], "duplicate_comparable"),
        ([imported("a0", 1)], "duplicate_comparable"),
        ([imported("x", 1, currency="EUR")], "currency_mixed"),
        ([imported("x", 5, payment={"upfront_fen": 4})], "bad_amounts"),
        ([imported("x", 5, traded_on="2999-01-01")], "bad_amounts"),
    ):
        refused = await operator.post("/comparables", {"items": items})
        assert refused.json()["code"] == code
    known = await operator.ok("GET", "/comparables")
    assert sorted(one["price_fen"] for one in known["items"]) == PRICES[:2]
    voided = await operator.ok("POST", f"/comparables/{known['items'][0]['id']}/void")
    assert voided["voided_at"] is not None


async def test_what_a_valuation_says_stands(market: Market) -> None:
    university = await market.join("university")
    achievement = await flow.post_achievement(market, university, trl=3)
    option = {
        "investment_fen": 150_000_000,
        "years": 3,
        "volatility": "0.45",
        "risk_free": "0.025",
    }
    made = await ask(university, achievement, {"income": INCOME, "option": option})
    dropped = await ask(university, achievement, {"cost": COST})
    gone = await university.ok("POST", f"/valuations/{dropped['id']}/discard")
    assert gone["state"] == "discarded"
    for statement in (
        "UPDATE valuation SET value_fen = value_fen + 1",
        "UPDATE valuation SET result = '{}'",
        "DELETE FROM valuation",
    ):
        async with market.sessions() as session:
            with pytest.raises(IntegrityError, match=r"stands|stays on record"):
                await session.execute(text(statement))
    rows = (await university.ok("GET", f"/valuations?achievement_id={achievement['id']}"))["items"]
    assert [(row["id"], row["state"]) for row in rows] == [
        (dropped["id"], "discarded"),
        (made["id"], "draft"),
    ]


async def test_a_deal_becomes_a_comparable_and_falls_with_it(market: Market) -> None:
    deal, _, _ = await flow.conclude_deal(market)
    operator = await market.admin()
    [known] = (await operator.ok("GET", "/comparables"))["items"]
    assert (known["source"], known["source_key"]) == ("auction", f"deal:{deal['id']}")
    assert (known["price_fen"], known["exclusive"]) == (deal["price_fen"], True)
    await operator.ok("POST", f"/deals/{deal['id']}/cancel", {"reason": "主管部门要求"})
    await market.settle()
    [known] = (await operator.ok("GET", "/comparables"))["items"]
    assert known["voided_at"] is not None
