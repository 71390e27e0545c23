"""Plans of distribution and tax estimates by their pages."""

import pytest

from app.settlements.errors import BadRecipient
from app.web import settlements
from app.web.estimate_fields import FIELDS
from tests import flow
from tests.contracts.trades import signed
from tests.market import Market
from tests.settlements import stories
from tests.web.browser import Browser, read

PEOPLE = """张三,完成人,是,60,其他领导,副校长,发明专利第一完成人
李四, inventor, , 30
<b>王五</b>,转化机构人员,否,10
"""


def test_recipients_are_read_line_by_line() -> None:
    first, second, third = settlements.recipients(PEOPLE)
    assert first == {
        "name": "张三",
        "role": "inventor",
        "main": True,
        "weight": 60,
        "leader": "deputy",
        "post": "副校长",
        "contribution": "发明专利第一完成人",
    }
    assert (second["main"], second["weight"], second["leader"]) == (False, 30, "none")
    assert (third["role"], third["main"]) == ("transfer_office", False)
    for line in ("张三", "张三,校长,是,1", "张三,完成人,是,x", "张三,完成人,是,1,院长"):
        with pytest.raises(BadRecipient) as refusal:
            settlements.recipients("李四,完成人,是,1\n" + line)
        assert refusal.value.facts["line"] == 2


async def test_a_plan_is_made_publicised_and_paid_by_pages(market: Market) -> None:
    trade = await signed(market, price_fen=100_000_000)
    unit = Browser(market, trade.seller)
    helper = await stories.colleague(market, trade.seller, "organisation_admin")
    form = "/income-plans/new"
    values = {
        "contract_id": trade.contract_id,
        "reward_bp": "4000",
        "members": PEOPLE,
        "objection_procedure": stories.PROCEDURE,
    }
    refused = await unit.send(form, form, values)
    assert refused.status_code == 422
    assert "促进科技成果转化法 45" in refused.text
    path = (await unit.done(form, form, values | {"reward_bp": "7000"})).partition("?")[0]
    await unit.done(path, path + "/act", {"act": "publish"})
    staff = Browser(market, helper, "en")
    shown = await staff.page(path)
    assert "副校长" in shown.words
    assert "<b>王五</b>" not in shown.html
    assert (await Browser(market, trade.buyer).get(path)).status_code == 404
    await staff.done(path, path + "/objections", {"grounds": "遗漏贡献"})
    reject = {"act": "reject", "reason": "已经学术委员会核实"}
    await unit.done(path, path + "/objections/act", reject)
    assert "已经学术委员会核实" in (await staff.page(path)).words
    cost = {"act": "cost", "kind": "taxes", "amount": "10000", "document": "完税证明"}
    await unit.done(path, path + "/act", cost)
    plan = await trade.seller.ok("GET", "/" + path.lstrip("/"))
    await flow.advance_to(market, plan["ends_at"])
    await stories.paid(market, trade, 100_000_000)
    page = await unit.page(path)
    assert "¥693,000" in page.words
    assert "¥415,800" in page.words
    [income] = await trade.seller.ok("GET", path + "/incomes")
    part = income["parts"][0]
    paid = {"act": "pay", "part_id": part["id"], "paid_on": "2020-01-01", "document": "回单"}
    assert (await unit.post(path + "/act", await _with_token(unit, path, paid))).status_code == 422
    paid["paid_on"] = income["received_on"]
    done = await unit.post(path + "/act", await _with_token(unit, path, paid))
    assert done.status_code == 303
    assert "回单" in (await unit.page(path)).words
    assert path in (await unit.page("/income-plans")).links


async def _with_token(browser: Browser, path: str, values: dict[str, str]) -> dict[str, str]:
    form = (await browser.page(path)).form(path + "/act")
    return {"form_token": form.values["form_token"]} | values


async def test_estimates_by_pages(market: Market) -> None:
    user = await market.join("enterprise")
    answer = await Browser(market).get("/tax-estimates")
    assert answer.headers["location"].startswith("/login?next=")
    browser = Browser(market, user)
    for kind in FIELDS:
        page = await browser.page(f"/tax-estimates?kind={kind}")
        assert "不构成税务意见" in page.words
    values = {
        "kind": "vat",
        "subject": "related_consulting",
        "amount_fen": "10,600,000",
        "same_invoice": "no",
        "recognised": "yes",
        "documents_kept": "yes",
        "as_of": "2025-11-20",
    }
    start = "/tax-estimates?kind=vat"
    found = read(await browser.send(start, "/tax-estimates", values))
    assert "¥600,000" in found.words
    assert "不符合" in found.words
    found = read(await browser.send(start, "/tax-estimates", values | {"same_invoice": "yes"}))
    assert "估算税额 ¥0" in found.words
    wrong = await browser.send(start, "/tax-estimates", values | {"amount_fen": "x"})
    assert wrong.status_code == 422
