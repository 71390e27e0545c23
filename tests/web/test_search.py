"""The page of the search: marked words, filters with counts, both languages."""

from app.web.search import marked
from tests.flow import open_listing, post_achievement
from tests.market import Market
from tests.web.browser import Browser


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
