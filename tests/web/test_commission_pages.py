"""What a broker earns, by pages: agreed, claimed, owed and paid."""

from tests import flow
from tests.market import Market
from tests.negotiations.test_brokers import PRICE, brokered
from tests.web.browser import Browser, read

PATH, ACT = "/commissions", "/commissions/act"


async def test_broker_and_payer_settle_a_commission_by_pages(market: Market) -> None:
    deal, who = await brokered(market)
    client, broker = Browser(market, who["buyer"]), Browser(market, who["buyers_broker"], "en")
    waiting = await broker.page(PATH)
    assert ("Until the contract" in waiting.words, "claim" in waiting.html) == (True, False)
    await flow.contract_of(market, deal, who["seller"], who["buyer"])
    form = (await broker.page(PATH)).form(ACT)
    assert form.values["act"] == "claim"
    assert [one for one in (await client.page(PATH)).forms if one.values.get("id")] == []
    wrong = read(await broker.post(ACT, form.values | {"fee": "many", "grounds": "撮合"}), 422)
    assert ("Fee : The amount must be in yuan" in wrong.words, "body." in wrong.words) == (
        True,
        False,
    )
    await broker.done(PATH, ACT, {"fee": "20000.50", "grounds": "<b>撮合</b>"})
    seen = await client.page(PATH)
    assert ("同意报酬总额 ¥20,000.50" in seen.words, "<b>撮合" in seen.html) == (True, False)
    stale = next(one for one in seen.forms if one.values.get("act") == "agree").values
    refused = read(await client.post(ACT, stale | {"fee": "1"}), 409)
    assert "20,000.50" in refused.words
    assert (await client.post(ACT, stale)).status_code == 303
    owed = next(
        one for one in (await broker.page(PATH)).forms if one.values.get("act") == "received"
    )
    foreign = owed.values | {"form_token": stale["form_token"]}
    assert (await client.post(ACT, foreign)).status_code == 404
    assert (await broker.post(ACT, owed.values)).status_code == 303
    [paid] = (await who["buyer"].ok("GET", PATH))["items"]
    assert (paid["state"], paid["amount_fen"], paid["grounds"]) == (
        "paid",
        2_000_050,
        "<b>撮合</b>",
    )
    [theirs] = (await who["seller"].ok("GET", PATH))["items"]
    assert (theirs["state"], theirs["amount_fen"]) == ("earned", PRICE * 3 // 100)
    stranger = Browser(market, await market.join("broker"))
    assert "没有佣金" in (await stranger.page(PATH)).words


async def test_a_commission_is_agreed_on_by_pages(market: Market) -> None:
    seller, broker = await market.join("university"), await market.join("broker")
    mandate = await flow.grant_mandate(market, seller, broker)
    client, theirs = Browser(market, seller), Browser(market, broker, "en")
    for typed, said in (
        ({"rate": "3%"}, "应为百分比"),
        ({"rate": "3", "fixed": "x"}, "固定报酬 :应为以元为单位"),
    ):
        refused = read(await client.send(PATH, ACT, {"mandate_id": mandate["id"], **typed}), 422)
        assert (said in refused.words, "body." in refused.words) == (True, False)
    await client.done(
        PATH, ACT, {"mandate_id": mandate["id"], "rate": "2.5", "cap": "10000", "fixed": ""}
    )
    assert "待经纪方接受" in (await client.page(PATH)).words
    await theirs.done(PATH, ACT)
    [agreed] = (await broker.ok("GET", "/commission-agreements"))["items"]
    assert (agreed["rate_bp"], agreed["cap_fen"]) == (250, 1_000_000)
    assert agreed["accepted_at"] is not None
    assert "2.5% at most ¥10,000" in (await theirs.page(PATH)).words
