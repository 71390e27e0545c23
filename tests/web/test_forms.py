"""Refused forms: the page says which field is wrong, keeps what was typed, writes nothing."""

import pytest
from sqlalchemy import text

from app.auctions.scheduling import bad_plan
from app.deals.errors import DealEnded, PublicityRunning
from app.kit.errors import IllegalMove, Problem
from app.negotiations.errors import BrokerConflict
from app.web.forms import complaints
from tests.market import Market, User, credit_code
from tests.web.browser import Browser, read
from tests.web.conftest import Trade, list_by_pages, qualify_by_pages


async def events(market: Market) -> int:
    """How many acts are on record."""
    async with market.sessions() as session:
        found = await session.execute(text("SELECT count(*) FROM audit_event"))
        return int(found.scalar_one())


async def test_a_registration_with_a_wrong_credit_code(market: Market) -> None:
    browser = Browser(market)
    values = {
        "kind": "enterprise",
        "name": "<i>某某公司",
        "credit_code": "911100000000000000",
        "region_code": "110108",
        "person": "张三",
        "login": "zhang.san",
        "password": "correct horse battery",
    }
    path = "/organisations/register"
    page = read(await browser.send(path, path, values), 422)
    assert "统一社会信用代码" in page.words
    assert "body.credit_code" in page.words
    assert page.form(path).values["name"] == "<i>某某公司"
    assert "correct horse" not in page.html
    short = read(await browser.send(path, path, values | {"password": "x"}), 422)
    assert "至少 12 个字符" in short.words
    assert await events(market) == 0
    good = values | {"credit_code": credit_code()}
    read(await browser.send(path, path, good), 201)
    operator = await market.admin()
    admin = Browser(market, operator)
    desk = await admin.page("/desk")
    own = f"/organisations/{operator.organisation_id}"
    [link] = [one for one in desk.links if one.startswith("/organisations/0") and one != own]
    await admin.done(link, link + "/review", {"act": "approve"})
    again = await admin.client.post(
        link + "/review",
        data=desk.form("/logout").values | {"act": "approve"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert "操作未生效" in read(again, 409).words


async def test_an_achievement_with_shares_that_do_not_sum_up(
    market: Market, people: dict[str, User]
) -> None:
    seller = Browser(market, people["seller"])
    before = await events(market)
    path = "/achievements/new"
    for owners, field in (("某院 100", "share_bp"), ("某院", "owners"), ("某院 30\n某院 20", "")):
        values = {"title": "一种电池", "technical_field": "new_materials", "owners": owners}
        page = read(await seller.send(path, path, values), 422)
        assert field in page.words
        assert page.form(path).values["title"] == "一种电池"
    assert await events(market) == before


async def test_a_listing_with_amounts_that_are_none(
    market: Market, people: dict[str, User]
) -> None:
    trade = Trade(market, people)
    await list_by_pages(trade)
    seller = trade.browser("seller")
    path = "/listings/new"
    form = path + "?achievement=" + trade.paths["achievement"].rpartition("/")[2]
    before = await events(market)
    good = {"price": "100", "increment": "1", "disclosure_working_days": "5"}
    for change in ({"price": "-1"}, {"price": "1e9"}, {"increment": "1.234"}, {"deposit": "x"}):
        page = read(await seller.send(form, path, good | change), 422)
        assert "应为以元为单位的金额" in page.words
    read(await seller.send(form, path, good | {"disclosure_working_days": "1"}), 422)
    assert await events(market) == before


async def test_bids_are_refused_with_the_next_valid_amount(
    market: Market, people: dict[str, User]
) -> None:
    trade = Trade(market, people)
    listing = await list_by_pages(trade)
    await qualify_by_pages(trade, listing)
    await market.advance(days=20)
    buyer = trade.browser("buyer", "en")
    page = await buyer.page(listing)
    auction = next(link for link in page.links if link.startswith("/auctions/"))
    low = read(await buyer.send(auction, auction + "/bids", {"amount": "1"}), 409)
    assert "body.amount_fen" in low.words
    assert low.form(auction + "/bids").values["amount"] == "1"
    shown = await trade.browser("anonymous", "en").page(auction)
    assert "too low" in shown.words, "a refused bid is on record"
    form = (await buyer.page(auction)).form(auction + "/bids")
    for _ in range(2):
        answer = await buyer.post(form.action, form.values)
        assert answer.status_code == 303, "a form that is sent twice is one bid"
    assert "1 bids" in (await buyer.page("/auctions?mine=1")).words
    assert "you lead" in (await buyer.page(auction)).words
    hidden = await trade.browser("anonymous", "en").page(auction)
    assert not [form for form in hidden.forms if form.action.endswith("/bids")]
    token = (await trade.browser("regulator").page("/desk")).form("/logout").values
    assert token["form_token"]
    stranger = trade.browser("broker", "en")
    own = (await stranger.page("/desk")).form("/logout").values
    read(await stranger.post(auction + "/bids", own | {"amount": "9", "request_id": "r"}), 403)


async def test_an_operator_refuses_an_applicant_with_a_reason(
    market: Market, people: dict[str, User]
) -> None:
    trade = Trade(market, people)
    listing = await list_by_pages(trade)
    await trade.browser("buyer").done(listing, listing + "/applications", {"statement": "拟受让"})
    admin = trade.browser("admin")
    where = listing + "/applications/act"
    bare = read(await admin.send(listing, where, {"act": "refuse"}), 422)
    assert "理由" in bare.words
    await admin.done(listing, where, {"act": "refuse", "reason": "资质不足"})
    assert "资质不足" in (await trade.browser("buyer").page(listing)).words
    seller = await trade.browser("seller").page(listing)
    assert "资质不足" not in seller.words
    assert "(保密)" in seller.words


async def test_nobody_signs_a_text_that_is_not_in_force(trade: Trade) -> None:
    path = trade.paths["contract"]
    buyer = trade.browser("buyer")
    token = (await buyer.page("/desk")).form("/logout").values
    answer = await buyer.post(path + "/sign", token | {"text_sha256": "0" * 64})
    assert "操作未生效" in read(answer, 409).words


@pytest.mark.parametrize(
    ("error", "chinese", "english"),
    [
        (
            IllegalMove(state="contracted", act="cancel", allowed=["default"]),
            "当前状态为“已签约”,已不能执行此操作;本页显示的是最新状态",
            "It is in the state 'Contracted' now, which does not allow that;"
            " this page shows how it stands",
        ),
        (
            DealEnded(state="cancelled"),
            "该成交已终止(状态 已取消),不能签署合同",
            "The deal has ended (state Cancelled); its contract cannot be signed",
        ),
        (
            PublicityRunning(state="suspended", publicity_ends_at="2026-11-27T16:00:00+00:00"),
            "成交公示尚未结束(状态 公示暂停,公示截止 2026-11-28 00:00),期满后方可签署合同",
            "The result is still being made public (state Publicity suspended, until 2026-11-28"
            " 00:00); the contract can be signed after that",
        ),
        (
            bad_plan([("rules.units", "must not be empty")]),
            "不能为空",
            "must not be empty",
        ),
    ],
)
def test_refusals_on_pages_are_in_the_words_of_the_page(
    error: Problem, chinese: str, english: str
) -> None:
    """Names of states and local times instead of codes; programs still get the codes."""
    before = dict(error.facts)
    assert [one.message for one in complaints(error, "zh")] == [chinese]
    assert [one.message for one in complaints(error, "en")] == [english]
    assert error.facts == before


def test_lists_in_a_refusal_are_words_too() -> None:
    [said] = complaints(BrokerConflict(missing=["seller", "buyer"]), "zh")
    assert "seller、buyer" in said.message
    assert "['" not in said.message
