"""Pages of auctions of every format: plans, bids, the operator's acts, and what stays secret."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.auctions import sealing
from app.kit.opening import new_key_file, read_private_key
from app.kit.settings import Settings
from tests import flow
from tests.flow import START_FEN, STEP_FEN
from tests.market import Market, User
from tests.web.browser import Browser, Page, read

KEY_FILE = "opening-key.json"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Sealed bids are opened by whoever has a key file, which the service does not have."""
    public_key = new_key_file(tmp_path / KEY_FILE)
    return Settings(
        mode="sandbox", data_dir=tmp_path, opening_public_key=public_key, _env_file=None
    )


async def opened(market: Market, plan: dict[str, Any], **terms: Any) -> tuple[str, list[User]]:
    """The path of an open auction with a plan, and its two bidders."""
    seller = await market.join("university")
    listing = await flow.draft_listing(market, seller, **terms)
    await seller.ok("PUT", f"/listings/{listing['id']}/auction-plan", plan)
    return await started(market, seller, listing)


async def started(market: Market, seller: User, listing: dict[str, Any]) -> tuple[str, list[User]]:
    """The path of the open auction of a drafted listing, and its two bidders."""
    operator = await market.admin()
    await seller.ok("POST", f"/listings/{listing['id']}/submit")
    listing = await operator.ok("POST", f"/listings/{listing['id']}/review", {"act": "approve"})
    bidders = [await market.join("enterprise") for _ in range(2)]
    for bidder in bidders:
        await flow.qualify(market, operator, listing, bidder)
    auction = await flow.open_auction(market, listing)
    return f"/auctions/{auction['id']}", bidders


async def bids(market: Market) -> list[Any]:
    """Acts on record: what, whether accepted."""
    async with market.sessions() as session:
        found = await session.execute(text("SELECT act, accepted FROM bid ORDER BY sequence"))
        return [tuple(row) for row in found.all()]


async def end(market: Market, path: str) -> None:
    """Let the present phase end."""
    auction = await market.anonymous.ok("GET", path)
    await flow.advance_to(market, auction["ends_at"])
    await market.advance(seconds=1)


async def open_with_key(market: Market, path: str) -> None:
    """Hand in the opening key by the operator's page."""
    operator = await market.admin()
    browser = Browser(market, operator, "en")
    held = (await operator.ok("GET", path + "/opening"))["custody"]
    private = read_private_key(market.settings.data_dir / KEY_FILE)
    key = {
        "kind": "auction_key",
        "auction_id": path.rpartition("/")[2],
        "not_before": held["not_before"],
        "private_key": sealing.open_custody(held, private).private.hex(),
    }
    for wrong in ("{}", json.dumps(key | {"private_key": "0" * 64})):
        read(await browser.send(path, path + "/opening", {"key": wrong}), 422)
    await browser.done(path, path + "/opening", {"key": json.dumps(key)})
    await market.settle()


def has_form(page: Page, action: str) -> bool:
    """Whether a page has a form that goes there."""
    return any(form.action == action for form in page.forms)


async def test_the_seller_of_a_draft_plans_its_auction(market: Market) -> None:
    seller = await market.join("university")
    listing = await flow.draft_listing(market, seller)
    page = f"/listings/{listing['id']}"
    path = page + "/auction-plan"
    browser = Browser(market, seller)
    assert "多次报价" in (await browser.page(page)).words
    chosen = page + "?format=weighted"
    formula = "price 60 2000000 4000000\nroyalty_bp 40 0 500"
    for terms, said in (
        ("price 60 2000000", "第 1 行无法识别"),
        ("price 60 2000000 x", "应为以元为单位的金额"),
        ("price 60 2000000 4000000\nroyalty_bp 30 0 500", "规则 :"),
    ):
        refused = read(await browser.send(chosen, path, {"p-terms": terms}), 422)
        assert said in refused.words
        assert terms.splitlines()[0] in refused.html, "what was typed is still there"
    assert (await market.anonymous.get(path)).status_code == 404
    assert (await seller.ok("GET", path))["format"] == "ascending"
    done = await browser.done(chosen, path, {"p-terms": formula, "p-reserve": "2500000"})
    assert done.endswith("#plan")
    plan = await seller.ok("GET", path)
    assert [term["weight_bp"] for term in plan["terms"]["terms"]] == [6000, 4000]
    assert plan["reserve_commitment"]
    shown = await browser.page(page)
    assert plan["reserve_commitment"] in shown.words
    assert "2500000" not in shown.html
    assert shown.form(path).values["format"] == "weighted"
    form = shown.form(path)
    await seller.ok("POST", f"/listings/{listing['id']}/submit")
    assert not has_form(await browser.page(page), path)
    assert read(await browser.post(path, form.values), 409)


@pytest.mark.parametrize("code", ["ascending", "free_then_limited", "multi_round", "descending"])
async def test_every_format_has_its_form(market: Market, code: str) -> None:
    seller = await market.join("university")
    listing = await flow.draft_listing(market, seller)
    page = f"/listings/{listing['id']}"
    browser = Browser(market, seller, "en")
    given = {
        "ascending": {"p-proxy": "1"},
        "free_then_limited": {"p-cycle_s": "120"},
        "multi_round": {"p-rounds": "2", "p-turn_s": "60"},
        "descending": {"p-start_fen": "4000000", "p-decrement_fen": "100000", "p-interval_s": "60"},
    }[code]
    await browser.done(f"{page}?format={code}", page + "/auction-plan", given)
    plan = await seller.ok("GET", page + "/auction-plan")
    assert (plan["format"], len(plan["terms"])) == (code, len(given))
    again = (await browser.page(page)).form(page + "/auction-plan").values
    assert {name: again[name] for name in given if name != "p-proxy"} == {
        name: value for name, value in given.items() if name != "p-proxy"
    }


async def test_a_sealed_bid_is_shown_to_nobody_until_its_opening(market: Market) -> None:
    plan = {"format": "sealed_once", "terms": {"payment": "second_price"}}
    path, (first, second) = await opened(market, plan)
    form = path + "/bids"
    low = await Browser(market, first, "en").send(path, form, {"amount": "1"})
    assert "Bid :" in read(low, 409).words
    for bidder, yuan in ((first, "2111111"), (second, "2222222")):
        browser = Browser(market, bidder, "en")
        assert (await browser.done(path, form, {"amount": yuan})).endswith("done=sealed")
        after = await browser.page(path)
        assert not has_form(after, form)
        assert "Your sealed bid" in after.words
    for reader in (None, first, second, await market.admin()):
        page = await Browser(market, reader, "en").page(path)
        assert "2,111,111" not in page.html
        assert "2,222,222" not in page.html
        assert "encrypted on arrival" in page.words
    await end(market, path)
    assert "waits for its opening key" in (await Browser(market, None, "en").page(path)).words
    assert not has_form(await Browser(market, first, "en").page(path), path + "/opening")
    await open_with_key(market, path)
    sold = await Browser(market, None, "en").page(path)
    assert "¥2,222,222" in sold.words
    assert sold.words.count("¥2,111,111") == 3, "the bid, the price, and the award"
    assert f"/api/v1{path}/record" in sold.links
    assert "verify-record" in sold.words


async def test_a_secret_maximum_is_seen_by_its_owner_alone(market: Market) -> None:
    path, (first, second) = await opened(market, {"format": "ascending", "terms": {"proxy": True}})
    form = path + "/bids"
    leader, rival = Browser(market, first, "en"), Browser(market, second, "en")
    assert (await leader.done(path, form, {"amount": "2777777"})).endswith("done=bid")
    assert (await rival.done(path, form, {"amount": "2100000"})).endswith("done=taken")
    assert "¥2,777,777" in (await leader.page(path)).words
    for reader in (second, None):
        page = await Browser(market, reader, "en").page(path)
        assert "2,777,777" not in page.html
        assert "¥2,150,000" in page.words


async def test_who_confirms_takes_part_in_the_limited_period(market: Market) -> None:
    terms = {"confirm_s": 600, "cycle_s": 600}
    path, (first, second) = await opened(market, {"format": "free_then_limited", "terms": terms})
    form = path + "/bids"
    browser, idle = Browser(market, first, "en"), Browser(market, second, "en")
    await browser.done(path, form)
    await idle.done(path, form)
    await end(market, path)
    assert (await browser.done(path, form, {"act": "confirm"})).endswith("done=confirmed")
    assert not has_form(await browser.page(path), form)
    await end(market, path)
    assert "did not confirm" in (await idle.page(path)).words
    await browser.done(path, form)
    acts = [("bid", True), ("bid", True), ("confirm", True), ("bid", True)]
    assert await bids(market) == acts


async def test_forms_ask_for_what_the_rules_ask_for(market: Market) -> None:
    scale = {"code": "price", "weight_bp": 6000, "min": START_FEN, "max": 2 * START_FEN}
    scored = [scale, {"code": "royalty_bp", "weight_bp": 4000, "min": 0, "max": 500}]
    weighted, (bidder, _) = await opened(market, {"format": "weighted", "terms": {"terms": scored}})
    browser = Browser(market, bidder, "en")
    form = weighted + "/bids"
    typed = {"amount": "2500000", "value_royalty_bp": "x"}
    refused = read(await browser.send(weighted, form, typed), 422)
    assert ("Scored terms :" in refused.words, "body." in refused.words) == (True, False)
    assert refused.form(form).values["amount"] == "2500000"
    assert await bids(market) == []
    await browser.done(weighted, form, typed | {"value_royalty_bp": "250"})
    units, (bidder, _) = await opened(
        market, {"format": "multi_unit", "terms": {"units": 5}}, license_manner="ordinary"
    )
    browser = Browser(market, bidder, "en")
    typed = {"quantity": "6", "amount": "2100000"}
    assert "quantity" in read(await browser.send(units, units + "/bids", typed), 409).words
    await browser.done(units, units + "/bids", typed | {"quantity": "2"})
    assert await bids(market) == [("bid", True), ("bid", False), ("bid", True)]
    await end(market, units)
    await open_with_key(market, units)
    sold = await Browser(market, None, "en").page(units)
    assert "¥4,200,000" in sold.words


async def test_lots_of_a_package_are_chosen_by_their_titles(market: Market) -> None:
    seller = await market.join("university")
    members = [await flow.post_achievement(market, seller) for _ in range(2)]
    ids = [member["id"] for member in members]
    body = {"title": "电池专利组合", "transfer_modes": ["license"], "member_ids": ids}
    package = await seller.ok("POST", "/packages", body)
    await seller.ok("POST", f"/achievements/{package['id']}/publish")
    listing = await flow.draft_listing(market, seller, package)
    page = f"/listings/{listing['id']}"
    planner = Browser(market, seller)
    form = (await planner.page(page + "?format=package")).form(page + "/auction-plan")
    prices = {"lots": ids} | {f"lot_{lot}": "1000000" for lot in ids}
    answer = await planner.post(form.action, form.values | prices)
    assert answer.status_code == 303, Page(answer.text).words
    path, (bidder, _) = await started(market, seller, listing)
    browser = Browser(market, bidder, "en")
    shown = await browser.page(path)
    assert all(member["title"] in shown.words for member in members)
    none = read(await browser.send(path, path + "/bids", {"amount": "1000000"}), 409)
    assert "Lots are chosen" in none.words
    await browser.done(path, path + "/bids", {"amount": "2500000", "lots": ids})
    await end(market, path)
    await open_with_key(market, path)
    sold = await browser.page(path)
    assert all(sold.words.count(member["title"]) >= 2 for member in members)


async def test_the_price_of_a_falling_clock_is_taken_by_a_button(market: Market) -> None:
    terms = {"start_fen": 2 * START_FEN, "decrement_fen": STEP_FEN, "interval_s": 3600}
    path, (bidder, _) = await opened(market, {"format": "descending", "terms": terms})
    await market.advance(hours=3)
    browser = Browser(market, bidder, "en")
    assert "Take the price of ¥3,850,000" in (await browser.page(path)).words
    assert (await browser.done(path, path + "/bids")).endswith("done=bid")
    await market.advance(seconds=1)
    assert "¥3,850,000" in (await Browser(market, None, "en").page(path)).words


async def test_an_operator_pauses_resumes_and_annuls_with_reasons(market: Market) -> None:
    path, (bidder, rival) = await opened(market, {"format": "ascending"})
    act = path + "/act"
    operator = Browser(market, await market.admin(), "en")
    reader = Browser(market, bidder, "en")
    assert not has_form(await reader.page(path), act)
    read(await operator.send(path, act, {"act": "pause"}), 422)
    await operator.done(path, act, {"act": "pause", "reason": "机房断电"})
    paused = await reader.page(path)
    assert "机房断电" in paused.words
    assert not has_form(paused, path + "/bids")
    read(await operator.send(path, act, {"act": "pause", "reason": "again"}), 409)
    await operator.done(path, act, {"act": "resume", "reason": "已恢复"})
    for one in (bidder, rival):
        await Browser(market, one, "en").done(path, path + "/bids")
    await end(market, path)
    default = path + "/defaults"
    ask = {"following": "runner_up", "reason": "未付款", "commissions": "x"}
    read(await operator.send(path, default, ask), 422)
    await operator.done(path, default, ask | {"commissions": "100"})
    await market.settle()
    awarded = await reader.page(path)
    assert "Defaulted" in awarded.words
    await operator.done(path, act, {"act": "annul", "reason": "串通报价"})
    annulled = await reader.page(path)
    assert "Why it was annulled: 串通报价" in annulled.words
    assert not has_form(annulled, path + "/bids")
