"""A price by agreement, its publicity and its certificate, by pages."""

from datetime import timedelta

from app.kit.calendar import local_day
from tests import flow
from tests.deals.test_publicity import pay_anew
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


async def test_documents_are_shown_signed_for_and_read_by_pages(
    market: Market, people: dict[str, User]
) -> None:
    listing = await flow.open_listing(market, people["seller"], negotiation="open")
    made = await people["buyer"].ok("POST", "/negotiations", {"listing_id": listing["id"]})
    talks = f"/negotiations/{made['id']}"
    seller, buyer = Browser(market, people["seller"]), Browser(market, people["buyer"], "en")
    form = (await seller.page(talks)).form(talks + "/documents")
    sent = await seller.client.post(
        talks + "/documents",
        data=form.values,
        files={"file": ("配方.txt", b"<b>1:2</b>", "text/plain")},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert sent.status_code == 303, sent.text
    page = await buyer.page(talks)
    assert "配方.txt" in page.words
    assert not [link for link in page.links if link.startswith(talks + "/documents/")]
    await buyer.done(talks, talks + "/act", {"act": "sign_nda"})
    [link] = [
        link for link in (await buyer.page(talks)).links if link.startswith(talks + "/documents/")
    ]
    file = await buyer.get(link)
    assert (file.content, file.headers["Content-Security-Policy"]) == (b"<b>1:2</b>", "sandbox")
    assert (await Browser(market, people["rival"]).get(link)).status_code == 404
    assert "查阅记录 (1)" in (await seller.page(talks)).words


async def test_terms_are_changed_by_pages(market: Market, people: dict[str, User]) -> None:
    listing = await flow.open_listing(market, people["seller"])
    path = f"/listings/{listing['id']}"
    seller, admin = Browser(market, people["seller"]), Browser(market, people["admin"])
    public = Browser(market, None, "en")
    assert path + "/changes" in (await seller.page(path)).links
    assert path + "/changes" not in (await public.page(path)).links
    form = (await seller.page(path + "/changes")).form(path + "/changes")
    entered = {"price": "多少", "reason": "评估更正", "approval": "校批〔2026〕3号"}
    wrong = await seller.post(path + "/changes", form.values | entered)
    assert (wrong.status_code, "应为以元为单位" in wrong.text) == (422, True)
    assert "评估更正" in wrong.text
    await seller.done(path + "/changes", path + "/changes", entered | {"price": "1900000"})
    assert "评估更正" not in (await public.page(path + "/changes")).words
    await admin.done(path + "/changes", path + "/changes/act", {"act": "publish"})
    shown = await public.page(path + "/changes")
    assert "¥1,900,000" in shown.words
    assert "edition 2" in shown.words
    assert path + "/changes" in (await public.page(path)).links


async def test_the_runner_up_answers_by_pages(market: Market, people: dict[str, User]) -> None:
    auction, _, [first, second] = await flow.start_auction(market)
    for bidder in (second, first):
        current = await flow.read_auction(market, auction)
        assert (await flow.bid(bidder, current, current["min_next_fen"])).status_code == 201
    await flow.close_auction(market, auction)
    lost = await flow.deal_of(market, auction)
    deal = f"/deals/{lost['id']}"
    admin, rival = Browser(market, people["admin"]), Browser(market, second, "en")
    noted = {"act": "default", "reason": "逾期未签约", "following": "runner_up"}
    await admin.done(deal, deal + "/act", noted)
    assert deal + "/runner-up" in (await rival.page("/desk")).links
    assert (await Browser(market, people["rival"]).get(deal + "/runner-up")).status_code == 404
    await rival.done(deal + "/runner-up", deal + "/runner-up", {"act": "accept"})
    assert "accepted" in (await rival.page(deal + "/runner-up")).words
    await pay_anew(market, second, lost)
    [made] = (await market.anonymous.ok("GET", f"/deals?listing_id={auction['listing_id']}"))[
        "items"
    ]
    assert made["buyer_id"] == str(second.organisation_id)
