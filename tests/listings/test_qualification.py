"""Qualification by published conditions: documents, corrections, appeals, terms, warnings."""

from datetime import datetime
from typing import Any

import pytest
from httpx import Response

from app.kit.errors import Problem
from app.listings import rules
from tests import flow
from tests.listings.offers import Applicant, applied, counts, drafted, expected_end, published
from tests.market import Market

CAPACITY = {"code": "capacity", "text": "具备同类产品的生产能力"}
CONDITIONS = {"requirements": [CAPACITY], "conditions": "依法设立的企业法人"}


def refusal(response: Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def waiting(market: Market) -> tuple[dict[str, Any], Applicant, str]:
    """A listing with conditions, somebody who applied, and the address of the application."""
    seller = await market.join("university")
    listing = await published(market, seller, disclosure_working_days=20, **CONDITIONS)
    applicant = await applied(market, listing, qualify=False)
    return listing, applicant, f"{applicant.path}/{applicant.application_id}"


async def test_an_application_is_refused_by_published_conditions_only(market: Market) -> None:
    listing, applicant, path = await waiting(market)
    admin = await market.admin()
    [shown] = (await applicant.user.ok("GET", applicant.path))["items"]
    assert datetime.fromisoformat(shown["due_at"]) == expected_end(shown["created_at"], 5)
    before = await counts(market)
    for codes in (["reputation"], []):
        body = {"act": "refuse", "reason": "不合适", "codes": codes}
        response = await admin.post(path + "/decision", body)
        assert refusal(response) == (422, "requirement_not_published")
        assert response.json()["allowed"] == ["capacity", "conditions", "statutory"]
    assert await counts(market) == before
    body = {"act": "refuse", "reason": "无生产线", "codes": ["capacity"]}
    assert (await admin.ok("POST", path + "/decision", body))["reason_codes"] == ["capacity"]
    assert listing["requirements"] == [CAPACITY | {"evidence": True}]


async def test_a_correction_is_asked_for_and_made_within_its_term(market: Market) -> None:
    _, applicant, path = await waiting(market)
    admin = await market.admin()
    ask = {"act": "request_correction", "reason": "请补充产能说明"}
    asked = await admin.ok("POST", path + "/decision", ask)
    assert asked["state"] == "needs_correction"
    made = await applicant.user.ok("POST", path + "/correct", {"statement": "年产五万套"})
    assert (made["state"], made["statement"]) == ("submitted", "年产五万套")
    await admin.ok("POST", path + "/decision", ask)
    await market.advance(days=8)
    response = await applicant.user.post(path + "/correct", {"statement": "晚了"})
    assert refusal(response) == (409, "term_passed")


async def test_an_appeal_is_decided_by_somebody_else_and_once(market: Market) -> None:
    _, applicant, path = await waiting(market)
    first, second = await market.admin(), await market.join("exchange_operator")
    refuse = {"act": "refuse", "reason": "无生产线", "codes": ["capacity"]}
    await first.ok("POST", path + "/decision", refuse)
    appealed = await applicant.user.ok("POST", path + "/appeal", {"grounds": "已租用生产线"})
    assert (appealed["state"], appealed["appeal"]) == ("appealed", "已租用生产线")
    decision = {"act": "reject", "reason": "租期不足"}
    response = await first.post(path + "/appeal-decision", decision)
    assert refusal(response) == (403, "first_decider")
    rejected = await second.ok("POST", path + "/appeal-decision", decision)
    assert (rejected["state"], rejected["reason_codes"]) == ("refused", ["capacity"])
    response = await applicant.user.post(path + "/appeal", {"grounds": "再次"})
    assert refusal(response) == (409, "appeal_decided")


async def test_an_upheld_appeal_qualifies_and_a_late_one_is_refused(market: Market) -> None:
    listing, applicant, path = await waiting(market)
    late = await applied(market, listing, qualify=False)
    first, second = await market.admin(), await market.join("exchange_operator")
    refuse = {"act": "refuse", "reason": "无生产线", "codes": ["capacity"]}
    for one in (applicant, late):
        decide = f"{one.path}/{one.application_id}/decision"
        await first.ok("POST", decide, refuse)
    await applicant.user.ok("POST", path + "/appeal", {"grounds": "有生产线"})
    decision = {"act": "uphold", "reason": "经核实具备"}
    upheld = await second.ok("POST", path + "/appeal-decision", decision)
    assert (upheld["state"], upheld["reason_codes"]) == ("qualified", [])
    await market.advance(days=8)
    body = {"grounds": "有生产线"}
    response = await late.user.post(f"{late.path}/{late.application_id}/appeal", body)
    assert refusal(response) == (409, "term_passed")
    await flow.advance_to(market, listing["closes_at"])
    shown = await market.anonymous.ok("GET", f"/listings/{listing['id']}")
    assert shown["state"] == "closed"


async def test_documents_show_conditions_and_are_read_by_applicant_and_operator(
    market: Market,
) -> None:
    listing, applicant, path = await waiting(market)
    files = {"file": ("产能.pdf", b"%PDF-1.7 capacity", "application/pdf")}
    added = await applicant.user.post(path + "/documents?requirement=capacity", files=files)
    assert added.status_code == 201, added.text
    response = await applicant.user.post(path + "/documents?requirement=other", files=files)
    assert refusal(response) == (422, "requirement_not_published")
    again = await applicant.user.post(path + "/documents?requirement=capacity", files=files)
    assert again.json()["id"] == added.json()["id"]
    admin = await market.admin()
    [row] = await admin.ok("GET", path + "/documents")
    assert (row["requirement"], row["name"]) == ("capacity", "产能.pdf")
    read = await admin.get(f"{path}/documents/{row['id']}")
    assert read.content == b"%PDF-1.7 capacity"
    rival = await applied(market, listing)
    assert (await rival.user.get(path + "/documents")).status_code == 404
    assert (await rival.user.get(f"{path}/documents/{row['id']}")).status_code == 404


async def test_a_late_decision_is_marked_and_can_still_be_made(market: Market) -> None:
    _, applicant, path = await waiting(market)
    await market.advance(days=9)
    [row] = (await applicant.user.ok("GET", applicant.path))["items"]
    assert row["overdue_at"] is not None
    admin = await market.admin()
    decided = await admin.ok("POST", path + "/decision", {"act": "qualify"})
    assert decided["state"] == "qualified"


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("受让方应为依法设立并有效存续的企业法人。", []),
        ("注册资本不低于 1000 万元", []),
        ("须为91110000600037341L", ["condition_names_credit_code"]),
        ("受让方须为北京某某科技有限公司", ["condition_names_company"]),
        ("须使用指定品牌的设备", ["condition_names_brand"]),
        ("注册地应在北京市海淀区", ["condition_names_region"]),
        ("注册资本为 1234.5 万元", ["condition_fixed_capital"]),
        ("受让方须为行业内唯一的供应商", ["condition_single_bidder"]),
    ],
)
def test_conditions_that_seem_to_point_at_one_bidder_are_flagged(
    text: str, notes: list[str]
) -> None:
    assert rules.pointing_notes(text) == notes


async def test_the_operator_sees_what_was_flagged(market: Market) -> None:
    seller = await market.join("university")
    pointed = {"code": "region", "text": "注册地应在北京市海淀区", "evidence": False}
    listing = await drafted(seller, requirements=[pointed])
    await seller.ok("POST", f"/listings/{listing['id']}/submit")
    admin = await market.admin()
    shown = await admin.ok("GET", f"/listings/{listing['id']}")
    assert shown["rule_notes"] == ["condition_names_region"]


def test_a_code_names_one_condition() -> None:
    rules.check_requirements(["a", "b"])
    for codes in (["a", "a"], ["conditions"]):
        with pytest.raises(Problem) as refused:
            rules.check_requirements(codes)
        assert refused.value.code == "requirement_twice"
