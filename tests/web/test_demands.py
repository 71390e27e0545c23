"""Demands by their pages: posted, reviewed, answered; every page right in both languages."""

from tests.market import Market, User
from tests.web.browser import Browser, read
from tests.web.test_forms import events

FORM = {
    "type": "TR",
    "title": "<b>寻求</b>热处理工艺",
    "summary": "现有轴承钢寿命不足。",
    "description": "目前采用常规淬火。",
    "indicators": "寿命:不低于 2000 小时\n硬度: 60 HRC",
    "keywords": "轴承钢、热处理 淬火",
    "technical_fields": ["new_materials", "advanced_manufacturing"],
    "partnership_types": ["technical_cooperation"],
    "budget_max": "800,000",
    "anonymous": "1",
}


async def posted(market: Market, owner: Browser) -> str:
    """A published demand, each step by its page."""
    demand = (await owner.done("/demands/new", "/demands/new", FORM)).partition("?")[0]
    edit = demand + "/edit"
    await owner.done(edit, edit, FORM | {"client_size": "small"})
    await owner.done(demand, demand + "/act", {"act": "submit"})
    operator = Browser(market, await market.admin())
    assert demand in (await operator.page("/desk")).links
    await operator.done(demand, demand + "/act", {"act": "approve"})
    return demand


async def test_a_demand_goes_from_the_form_to_open_contact(
    market: Market, people: dict[str, User]
) -> None:
    owner, team = Browser(market, people["buyer"]), Browser(market, people["seller"])
    demand = await posted(market, owner)
    shown = await people["buyer"].ok("GET", demand)
    assert shown["profile"]["indicators"] == [
        {"name": "寿命", "target": "不低于 2000 小时"},
        {"name": "硬度", "target": "60 HRC"},
    ]
    assert shown["profile"]["keywords"] == ["轴承钢", "热处理", "淬火"]
    assert shown["profile"]["client_size"] == "small"
    assert shown["profile"]["technical_fields"] == ["new_materials", "advanced_manufacturing"]
    name = shown["owner_name"]
    page = await team.page(demand)
    assert "匿名发布" in page.words
    assert "¥800,000" in page.words
    assert name not in page.html
    solution = {"title": "等温淬火", "content": "三个月完成", "price": "600000", "months": "3"}
    await team.done(demand, demand + "/solutions", solution)
    rival = Browser(market, people["rival"], "en")
    assert "等温淬火" not in (await rival.page(demand)).html
    await owner.done(demand, demand + "/solutions/act", {"act": "shortlist"})
    assert "已入围" in (await team.page(demand)).words
    await team.done(demand, demand + "/interests", {"about": "材料研究团队"})
    assert "材料研究团队" in (await team.page("/interests?box=sent")).words
    assert name not in (await team.page("/interests?box=sent")).html
    await owner.done("/interests", "/interests/act", {"act": "accept"})
    assert name in (await team.page("/interests?box=sent")).words
    assert name in (await team.page(demand)).words


async def test_an_interest_in_an_achievement_is_sent_from_its_page(
    market: Market, people: dict[str, User]
) -> None:
    seller, buyer = people["seller"], Browser(market, people["buyer"], "en")
    made = await seller.ok(
        "POST",
        "/achievements",
        {"title": "器件", "technical_field": "agriculture", "rights": [{"type": "know_how"}]},
    )
    path = f"/achievements/{made['id']}"
    await seller.ok("POST", path + "/publish")
    await buyer.done(path, path + "/interests", {"about": "a manufacturer"})
    received = await Browser(market, seller).page("/interests")
    assert "a manufacturer" in received.words
    declined = await Browser(market, seller).send(
        "/interests", "/interests/act", {"act": "decline"}
    )
    assert "理由" in read(declined, 422).words


async def test_a_refused_form_names_every_field_and_writes_nothing(
    market: Market, people: dict[str, User]
) -> None:
    owner = Browser(market, people["buyer"])
    before = await events(market)
    wrong = FORM | {"summary": "电话 13812345678,见 www.example.com", "partner_role": "微信:abcdef"}
    page = read(await owner.send("/demands/new", "/demands/new", wrong), 422)
    for fragment in ("13812345678", "www.example.com", "微信:abcdef", "合作方角色"):
        assert fragment in page.words
    assert page.form("/demands/new").values["title"] == FORM["title"]
    assert 'value="new_materials" checked' in page.html
    bare = read(
        await owner.send("/demands/new", "/demands/new", FORM | {"indicators": "寿命"}), 422
    )
    assert "缺少必填字段" in bare.words or "至少" in bare.words
    assert await events(market) == before
    seller = Browser(market, people["seller"])
    assert "仅企业" in read(await seller.send("/demands/new", "/demands/new", FORM), 403).words


async def test_every_page_is_right_for_every_role_in_both_languages(
    market: Market, people: dict[str, User]
) -> None:
    demand = await posted(market, Browser(market, people["buyer"]))
    draft = (
        await Browser(market, people["buyer"]).done("/demands/new", "/demands/new", FORM)
    ).partition("?")[0]
    query = "/demands?q=轴承&type=TR&field=new_materials&province=110000&sort=-budget"
    for who in ("anonymous", "seller", "buyer", "broker", "regulator", "admin"):
        for language in ("zh", "en"):
            browser = Browser(market, people.get(who), language)
            for path in ("/demands", query, "/demands?state=expired&province=x&mine=1", demand):
                page = await browser.page(path)
                assert "<b>寻求" not in page.html
            if who != "anonymous":
                await browser.page("/interests?box=sent")
                await browser.page("/desk")
            await browser.page(draft, 200 if who == "buyer" else 404)
