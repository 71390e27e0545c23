"""The page of the search: marked words, filters with counts, both languages."""

from app.web.search import marked
from tests.flow import open_listing, post_achievement
from tests.market import Market
from tests.web.browser import Browser, read


def test_marked_text_is_escaped() -> None:
    assert str(marked("<b>电池</b>隔膜", [(3, 5)])) == "&lt;b&gt;<mark>电池</mark>&lt;/b&gt;隔膜"


async def test_the_search_page(market: Market) -> None:
    seller = await market.join("university")
    posted = await post_achievement(market, seller, title="<i>陶瓷</i>隔膜", trl=7)
    listing = await open_listing(market, seller, posted)
    await post_achievement(market, seller, title="隔膜涂布机", technical_field="new_materials")
    await market.settle()
    for language, kind, none in (("zh", "公开挂牌", "没有找到"), ("en", "Listing", "Nothing was")):
        browser = Browser(market, None, language)
        page = await browser.page("/search?q=隔膜&sort=newest")
        assert page.faults == []
        assert f"/listings/{listing['id']}" in page.links
        assert "&lt;i&gt;陶瓷&lt;/i&gt;<mark>隔膜</mark>" in page.html
        assert kind in page.words
        narrowed = await browser.page("/search?q=隔膜&kind=listing&maturity=7&field=nothing")
        assert none in narrowed.words
        narrowed = await browser.page("/search?q=隔膜&kind=listing&kind=x&offset=-1&sort=x")
        assert f"/listings/{listing['id']}" in narrowed.links
        assert f"/achievements/{posted['id']}" not in narrowed.links


async def test_a_search_is_saved_and_ended_on_its_pages(market: Market) -> None:
    seller = await market.join("university")
    reader = await market.join("enterprise")
    visitor = await Browser(market).page("/search?q=隔膜&field=new_materials")
    assert "/search-alerts" not in [form.action for form in visitor.forms]
    browser = Browser(market, reader)
    asked = "/search?q=隔膜&field=new_materials&maturity=7"
    page = await browser.page(asked)
    form = page.form("/search-alerts").values
    assert (form["q"], form["field"], form["maturity"]) == ("隔膜", "new_materials", "7")
    refused = await browser.send(asked, "/search-alerts", {"name": "隔膜", "mail": "nobody"})
    assert refused.status_code == 422
    again = read(refused, 422)
    assert again.form("/search-alerts").values | {"form_token": ""} == form | {
        "name": "隔膜",
        "mail": "nobody",
        "form_token": "",
    }
    await browser.done(asked, "/search-alerts", {"name": "我的隔膜"})
    (alert,) = await reader.ok("GET", "/search_alerts")
    assert alert["question"] == {"q": "隔膜", "field": ["new_materials"], "maturity": ["7"]}
    await market.advance(minutes=1)
    posted = await post_achievement(
        market, seller, title="陶瓷隔膜", technical_field="new_materials", trl=7
    )
    await market.settle()
    for language, empty in (("zh", "没有保存的搜索"), ("en", "No search is saved")):
        page = await Browser(market, reader, language).page("/search-alerts")
        assert "我的隔膜" in page.words
        assert f"/achievements/{posted['id']}" in page.links
        assert empty not in page.words
    other = Browser(market, await market.join("enterprise"))
    await other.done(asked, "/search-alerts")
    foreign = {"alert_id": alert["id"]}
    refused = await other.send("/search-alerts", "/search-alerts/end", foreign)
    assert refused.status_code == 404
    await browser.done("/search-alerts", "/search-alerts/end")
    assert await reader.ok("GET", "/search_alerts") == []
    assert "没有保存的搜索" in (await browser.page("/search-alerts")).words


async def test_pages_show_what_is_similar(market: Market) -> None:
    seller = await market.join("university")
    first, second, draft = [
        await post_achievement(market, seller, title=title, summary=summary)
        for title, summary in (
            ("锂电池陶瓷隔膜", "陶瓷涂覆的电池隔膜"),
            ("聚烯烃电池隔膜", "湿法拉伸的隔膜"),
            ("水稻抗旱品种", "选育方法"),
        )
    ]
    listing = await open_listing(market, seller, first)
    await market.settle()
    for path in (f"/achievements/{first['id']}", f"/listings/{listing['id']}"):
        page = await Browser(market, None, "en").page(path)
        assert "Similar achievements" in page.words
        assert f"/achievements/{second['id']}" in page.links
        assert f"/achievements/{draft['id']}" not in page.links
    await seller.ok("POST", f"/achievements/{second['id']}/withdraw", {})
    gone = await Browser(market, seller).page(f"/achievements/{second['id']}")
    assert "相似成果" not in gone.words, "of what is not public nothing is asked"
