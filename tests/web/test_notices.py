"""Notices, checks and applications by their pages."""

from typing import Any

from tests import flow
from tests.market import Market
from tests.notices.posted import PROCEDURE
from tests.web.browser import Browser


async def test_a_notice_is_published_objected_to_and_decided_by_pages(market: Market) -> None:
    university, enterprise = await market.join("university"), await market.join("enterprise")
    achievement = await flow.post_achievement(market, university, transfer_modes=["assign"])
    publisher, objector = Browser(market, university), Browser(market, enterprise, "en")
    values: dict[str, Any] = {
        "achievement_id": achievement["id"],
        "transfer_mode": "assign",
        "price": "500,000",
        "days": "14",
        "taker_id": str(enterprise.organisation_id),
        "objection_procedure": PROCEDURE,
    }
    refused = await publisher.send("/notices/new", "/notices/new", values)
    assert refused.status_code == 422
    assert "不得少于 15 日" in refused.text
    made = await publisher.done("/notices/new", "/notices/new", values | {"days": "15"})
    path = made.partition("?")[0]
    await publisher.done(path, path + "/act", {"act": "publish"})
    await objector.done(path, path + "/objections", {"grounds": "作价过低"})
    await publisher.done(
        path, path + "/objections/act", {"act": "reject", "reason": "依据评估报告"}
    )
    shown = await Browser(market).page(path)
    assert "依据评估报告" in shown.words
    assert "作价过低" not in shown.words
    listed = await Browser(market, language="en").page("/notices?state=published")
    assert path in listed.links
    again = {"act": "republish", "price": "600000"}
    await publisher.done(path, path + "/act", again)
    await publisher.done(path, path + "/act", {"act": "withdraw", "reason": "交易取消"})
    assert "交易取消" in (await Browser(market).page(path)).words


async def test_checks_conditions_and_an_appeal_by_pages(market: Market) -> None:
    university, enterprise = await market.join("university"), await market.join("enterprise")
    achievement = await flow.post_achievement(market, university)
    seller, bidder = Browser(market, university), Browser(market, enterprise)
    first, second = (
        Browser(market, await market.admin()),
        Browser(market, await market.join("exchange_operator")),
    )
    terms = {
        "price": "1000000",
        "increment": "10000",
        "disclosure_working_days": "10",
        "transfer_mode": "license",
        "license_manner": "ordinary",
        "requirements": "具备生产能力\n注册地应在北京市海淀区",
    }
    form = f"/listings/new?achievement={achievement['id']}"
    listing = (await seller.done(form, "/listings/new", terms)).partition("?")[0]
    assert "co_owner_consent" in (await seller.page(listing)).words
    await seller.done(listing, listing + "/act", {"act": "submit"})
    assert "condition_names_region" in (await first.page(listing)).words
    await first.done(listing, listing + "/act", {"act": "approve"})
    await bidder.done(listing, listing + "/applications", {"statement": "拟受让"})
    acts = listing + "/applications/act"
    await first.done(listing, acts, {"act": "refuse", "reason": "无生产线", "codes": "c1"})
    await bidder.done(listing, acts, {"act": "appeal", "grounds": "有生产线"})
    await second.done(listing, acts, {"act": "uphold", "reason": "经核实"})
    assert "具备资格" in (await bidder.page(listing)).words
    await second.done(listing, listing + "/act", {"act": "suspend", "reason": "核查"})
    assert "披露中止" in (await Browser(market).page(listing)).words
    await second.done(listing, listing + "/act", {"act": "resume", "reason": "无误"})
