"""A valuation by its pages: asked for on the achievement's page, issued, copied into a listing."""

from tests import flow
from tests.market import Market
from tests.pricing.steps import import_deals
from tests.web.browser import Browser


async def test_a_university_values_issues_and_copies_a_figure_by_pages(market: Market) -> None:
    university = await market.join("university")
    achievement = await flow.post_achievement(market, university)
    await import_deals(market, [180_000_000, 200_000_000, 220_000_000, 260_000_000])
    listing = await flow.draft_listing(market, university, achievement)
    owner = Browser(market, university)
    form = f"/achievements/{achievement['id']}/valuation"
    assert form in (await owner.page(f"/achievements/{achievement['id']}")).links
    values = {
        "market": "1",
        "first": "10,000,000",
        "growth": "20",
        "years": "5",
        "royalty": "5",
        "discount": "300",
        "target": "2000000",
    }
    refused = await owner.send(form, form, values)
    assert refused.status_code == 422
    assert "应在 0 与 1 之间" in refused.text
    made = await owner.done(form, form, values | {"discount": "18"})
    path = made.partition("?")[0]
    shown = await owner.page(path)
    for words in ("市场法", "收益法", "敏感性", "没有公开的技术交易价格数据集", "某技术交易所公告"):
        assert words in shown.words
    drawn = (await owner.get(path)).text
    assert drawn.count('<svg class="chart"') == 2
    await owner.done(path, path + "/act", {"act": "issue", "explanation": "收入预测较为乐观"})
    await owner.done(path, path + "/act", {"act": "attach", "listing_id": listing["id"]})
    copied = await university.ok("GET", f"/listings/{listing['id']}")
    [row] = (await university.ok("GET", "/valuations"))["items"]
    assert copied["appraisal_fen"] == row["value_fen"]
    assert path in (await owner.page("/valuations")).links
    stranger = Browser(market, await market.join("enterprise"))
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.get(form)).status_code == 404
