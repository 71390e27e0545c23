"""A price by agreement, its publicity and its certificate, by pages."""

from datetime import timedelta

from app.kit.calendar import local_day
from tests import flow
from tests.market import Market, User
from tests.web.browser import Browser
from tests.web.conftest import Trade


async def test_a_price_is_negotiated_by_pages(market: Market, people: dict[str, User]) -> None:
    listing = await flow.open_listing(market, people["seller"], negotiation="open")
    path = f"/listings/{listing['id']}"
    seller = Browser(market, people["seller"], "en")
    buyer = Browser(market, people["buyer"], "zh")
    talks = await buyer.done(path, "/negotiations/new", {"message": "<b>储能</b>"})
    talks = talks.partition("?")[0]
    today = local_day(await flow.market_now(market))
    valid = (today + timedelta(days=365)).isoformat()
    terms = {"upfront": "1999999.99", "term_months": "60", "valid_on": valid}
    page = await buyer.page(talks)
    answer = await buyer.post(talks + "/offers", page.form(talks + "/offers").values | terms)
    assert answer.status_code == 422
    assert "协商截止时间" in answer.text
    terms |= {"upfront": "2000000", "rate_bp": "300", "valid_on": today.isoformat()}
    await buyer.done(talks, talks + "/offers", terms)
    for reader in (seller, buyer):
        shown = await reader.page(talks)
        assert "¥2,000,000" in shown.words
        assert "<b>储能" not in shown.html
    [offer] = (await people["seller"].ok("GET", talks + "/offers"))["items"]
    accepted = {"act": "accept", "offer_id": offer["id"]}
    await seller.done(talks, talks + "/act", accepted)
    await market.settle()
    page = await seller.page(talks)
    assert "Agreed" in page.words
    assert (await Browser(market, people["rival"]).get(talks)).status_code == 404


async def test_the_operator_certifies_and_revokes_by_pages(trade: Trade) -> None:
    deal = trade.paths["deal"]
    admin, seller = trade.browser("admin"), trade.browser("seller", "en")
    refused = await admin.post(
        deal + "/act", (await admin.page(deal)).form(deal + "/act").values | {"act": "certify"}
    )
    assert refused.status_code == 422
    await admin.done(deal, deal + "/act", {"act": "certify", "reason": "<i>审核通过</i>"})
    page = await seller.page(deal)
    [verify] = [link for link in page.links if link.startswith("/verify/") and "/doc" not in link]
    public = await trade.browser("anonymous").page(verify)
    assert "本凭证真实有效" in public.words
    assert "<i>审核通过" not in public.html
    file = await seller.get(verify + "/document")
    assert file.content.startswith(b"%PDF-")
    assert (await trade.browser("rival").get(verify + "/document")).status_code == 404
    await admin.done(deal, deal + "/act", {"act": "revoke", "reason": "价款退回"})
    english = await trade.browser("anonymous", "en").page(verify)
    assert "was revoked" in english.words
    assert "价款退回" in english.words
