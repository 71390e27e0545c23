"""Every page for every reader: it renders, is well-formed, escapes input, links to pages."""

from urllib.parse import urlsplit

import pytest

from tests.web.browser import Browser, read
from tests.web.conftest import TITLE, Trade

OPEN = (
    "/",
    "/listings",
    "/listings?q=电池&field=new_materials&ipc=H01L&region=110000&mode=assign&sort=price",
    "/listings?sort=closing&state=published",
    "/listings?price_min=1&price_max=x&region=1",
    "/achievements",
    "/achievements?q=电池&ipc=H01L&trl=5&mode=assign&sort=title",
    "/achievements?ipc=电",
    "/auctions",
    "/auctions?sort=ending&state=sold",
    "/deals",
    "/deals?mode=assign&state=contracted",
    "/deals?state=publicised",
    "/register",
    "/register?q=电池",
    "/statistics",
    "/organisations",
    "/organisations?kind=university&q=a",
    "/organisations/register",
    "/calendar",
    "/calendar?year=2027&start=2026-12-20&days=20",
    "/calendar?start=x&days=y",
    "/login",
)
BEHIND = (
    "/desk",
    "/contracts",
    "/contracts?state=signed",
    "/negotiations",
    "/negotiations?state=agreed",
    "/commissions",
    "/registrations",
    "/registrations?state=accepted&overdue=1",
)
PUBLIC_OBJECTS = ("achievement", "listing", "auction", "deal", "register")
PARTY_OBJECTS = ("contract", "registration")
WHO = ("anonymous", "seller", "buyer", "broker", "registrar", "regulator", "admin")


async def test_every_page_is_right_for_every_role_in_both_languages(trade: Trade) -> None:
    objects = [trade.paths[name] for name in PUBLIC_OBJECTS]
    for who in WHO:
        for language, tag in (("zh", "zh-CN"), ("en", "en")):
            browser = trade.browser(who, language)
            for path in [*OPEN, *objects]:
                page = await browser.page(path)
                assert page.lang == tag, path
                assert "<script>alert" not in page.html, path
                assert "<b>光伏</b>" not in page.html, path
            for path in BEHIND:
                response = await browser.get(path)
                if who == "anonymous":
                    assert response.headers["location"].startswith("/login?next="), path
                else:
                    assert read(response).lang == tag


async def test_pages_of_parties_are_for_them_alone(trade: Trade) -> None:
    for name in PARTY_OBJECTS:
        path = trade.paths[name]
        anonymous = await trade.browser("anonymous").get(path)
        assert anonymous.headers["location"] == "/login?next=" + path
        for who in ("seller", "buyer", "regulator"):
            await trade.browser(who).page(path)
        for who in ("rival", "broker", "admin"):
            await trade.browser(who).page(path, 404)
    await trade.browser("registrar").page(trade.paths["registration"])


async def test_every_link_leads_to_a_page(trade: Trade) -> None:
    for who in ("anonymous", "seller", "admin", "registrar"):
        browser = trade.browser(who)
        seen: set[str] = set()
        waiting = ["/", "/desk", *(trade.paths[name] for name in PUBLIC_OBJECTS)]
        while waiting and len(seen) < 150:
            path = waiting.pop()
            if path in seen or path.startswith("/api/"):
                continue
            seen.add(path)
            response = await browser.client.get(path, follow_redirects=True)
            assert response.status_code == 200, (who, path, response.status_code)
            if not response.headers["content-type"].startswith("text/html"):
                continue
            page = read(response)
            fresh = (urlsplit(link)._replace(fragment="").geturl() for link in page.links)
            waiting += [link for link in fresh if link and "lang=" not in link]
            waiting += page.loaded
        assert len(seen) > 40


async def test_what_was_typed_is_shown_as_it_was_typed(trade: Trade) -> None:
    page = await trade.browser("anonymous").page(trade.paths["listing"])
    assert TITLE in page.words
    assert "¥1,000,000.50" in page.words
    deal = await trade.browser("anonymous").page(trade.paths["deal"])
    assert "¥1,010,000.50" in deal.words
    registered = await trade.browser("anonymous").page(trade.paths["register"])
    assert trade.paths["register"].rpartition("/")[2] in registered.words
    assert "1,010,000.50" not in registered.words
    statistics = await trade.browser("regulator").page("/statistics")
    assert "101.0 万元" in statistics.words
    unpublished = await trade.browser("anonymous").page("/statistics")
    assert "101.0 万元" not in unpublished.words


async def test_details_are_shown_to_those_allowed_and_the_reading_is_listed(trade: Trade) -> None:
    path = trade.paths["achievement"]
    assert "配方见附件" not in (await trade.browser("seller").page(path)).words
    refused = await trade.browser("buyer").send(path, path + "/details")
    assert "配方见附件" not in read(refused, 403).words
    shown = read(await trade.browser("seller").send(path, path + "/details"))
    assert "配方见附件" in shown.words
    listed = (await trade.browser("seller").page(path)).html
    assert listed.count('<th scope="row">university') == 1, "one reading, by the owner"


async def test_documents_go_up_and_down(trade: Trade) -> None:
    path = trade.paths["achievement"]
    seller = trade.browser("seller")
    form = (await seller.page(path)).form(path + "/documents")
    for audience in ("public", "restricted"):
        answer = await seller.client.post(
            path + "/documents",
            data=form.values | {"audience": audience},
            files={"file": (f"{audience}<b>.html", f"<script>{audience}".encode(), "text/html")},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert answer.status_code == 303, answer.text
    page = await seller.page(path)
    links = [link for link in page.links if link.startswith(path + "/documents/")]
    assert len(links) == 2
    seen = await trade.browser("anonymous").page(path)
    public = [link for link in seen.links if link.startswith(path + "/documents/")]
    assert len(public) == 1
    file = await trade.browser("anonymous").get(public[0])
    assert file.content == b"<script>public"
    assert file.headers["content-disposition"].startswith("attachment")
    [restricted] = set(links) - set(public)
    assert (await trade.browser("buyer").get(restricted)).status_code == 403
    assert (await seller.get(restricted)).content == b"<script>restricted"


@pytest.mark.parametrize("path", ["/nosuch", "/listings/x", "/register/1", "/achievements/0"])
async def test_unknown_pages_are_html(market: object, path: str, people: object) -> None:
    del people
    browser = Browser(market, language="en")  # type: ignore[arg-type]
    page = await browser.page(path, 404)
    assert "Page not found" in page.words


async def test_programs_still_get_problem_details(trade: Trade) -> None:
    response = await trade.browser("seller").get("/api/v1/listings/x")
    assert response.headers["content-type"] == "application/problem+json"
    cookie_only = await trade.browser("seller").get("/api/v1/auth/me")
    assert cookie_only.status_code == 401
