"""Logging in by page, languages, and forms from elsewhere."""

import copy
import re
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.kit.settings import Settings
from app.web import pages, session
from app.web.session import safe_next
from tests.market import API, PASSWORD, Market, new_organisation
from tests.web.browser import Browser, Page, read


@pytest.fixture
async def login(market: Market) -> str:
    """The login of a trader of an approved organisation."""
    name = f"user-{uuid4().hex[:12]}"
    made = await market.client.post(
        API + "/organisations", json=new_organisation("enterprise", "", name)
    )
    admin = await market.admin()
    await admin.ok("POST", f"/organisations/{made.json()['id']}/review", {"act": "approve"})
    return name


async def logged_in(market: Market, name: str) -> Browser:
    browser = Browser(market)
    answer = await browser.send("/login", "/login", {"username": name, "password": PASSWORD})
    assert answer.status_code == 303
    return browser


async def test_log_in_and_out(market: Market, login: str) -> None:
    browser = Browser(market)
    assert (await browser.get("/desk")).headers["location"] == "/login?next=/desk"
    wrong = await browser.send("/login", "/login", {"username": login, "password": "no"})
    assert "登录名或密码错误" in read(wrong, 401).words
    assert (await browser.get("/desk")).status_code == 303
    answer = await browser.send(
        "/login?next=/listings", "/login", {"username": login, "password": PASSWORD}
    )
    assert answer.headers["location"] == "/listings"
    for cookie in answer.headers.get_list("set-cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
    await browser.page("/desk")
    kept = dict(browser.client.cookies)
    assert await browser.done("/desk", "/logout") == "/"
    assert (await browser.get("/desk")).status_code == 303
    browser.client.cookies.update(kept)
    assert (await browser.get("/desk")).status_code == 303, "the login itself is closed"


async def test_failed_logins_are_counted(market: Market, login: str) -> None:
    browser = Browser(market)
    for _ in range(6):
        await browser.send("/login", "/login", {"username": login, "password": "no"})
    paused = await browser.send("/login", "/login", {"username": login, "password": PASSWORD})
    assert "密码错误次数过多" in read(paused, 401).words


async def test_an_expired_access_token_is_renewed(market: Market, login: str) -> None:
    browser = await logged_in(market, login)
    before = browser.client.cookies[session.SESSION]
    async with market.sessions() as uow, uow.begin():
        await uow.execute(text("UPDATE login_session SET access_expires_at = now()"))
    twin = Browser(market)
    twin.client.cookies.jar._cookies = copy.deepcopy(browser.client.cookies.jar._cookies)
    await browser.page("/desk")
    await twin.page("/desk")
    after = browser.client.cookies[session.SESSION]
    assert after != before
    assert twin.client.cookies[session.SESSION] == after
    await browser.page("/desk")


async def test_a_login_that_is_over_leads_to_the_login_page(market: Market, login: str) -> None:
    browser = await logged_in(market, login)
    async with market.sessions() as uow, uow.begin():
        await uow.execute(
            text("UPDATE login_session SET access_expires_at = now(), refresh_expires_at = now()")
        )
    answer = await browser.get("/desk")
    assert answer.headers["location"] == "/login?next=/desk"
    assert "登录" in (await browser.page("/")).words


async def test_the_language_is_chosen_once(market: Market) -> None:
    browser = Browser(market, language="en-GB,en;q=0.9,zh;q=0.1")
    assert (await browser.page("/")).lang == "en"
    assert (await browser.page("/?lang=zh")).lang == "zh-CN"
    assert (await browser.page("/listings")).lang == "zh-CN"
    page = await browser.page("/listings?q=a%26b&lang=en")
    assert page.lang == "en"
    assert "/listings?q=a%26b&lang=zh" in page.links
    assert (await browser.page("/nosuch", 404)).lang == "en"


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_forms_from_elsewhere_are_refused(
    market: Market, login: str, headers: dict[str, str]
) -> None:
    browser = await logged_in(market, login)
    form = (await browser.page("/desk")).form("/logout")
    answer = await browser.client.post("/logout", data=form.values, headers=headers)
    assert "刷新页面" in read(answer, 403).words
    await browser.page("/desk")


async def test_a_form_needs_its_token(market: Market, login: str) -> None:
    browser = await logged_in(market, login)
    other = await logged_in(market, login)
    stolen = (await other.page("/desk")).form("/logout").values
    for values in ({}, {session.FORM_FIELD: ""}, {session.FORM_FIELD: "é"}, stolen):
        read(await browser.post("/logout", values), 403)
    await browser.page("/desk")
    own = (await browser.page("/desk")).form("/logout").values
    answer = await browser.client.post("/logout", data=own, headers={"Origin": "http://market"})
    assert answer.status_code == 303


async def test_every_form_that_acts_is_refused_without_a_token(market: Market) -> None:
    parts = [included.original_router for included in pages.router.routes]
    routes = [route for part in parts for route in part.routes]
    paths = {route.path for route in routes if "POST" in route.methods}
    assert len(paths) > 15
    admin = Browser(market, await market.admin())
    for path in sorted(paths):
        filled = re.sub(r"\{\w+\}", lambda _: str(uuid4()), path)
        answer = await admin.post(filled, {})
        assert answer.status_code == 403, (path, answer.status_code)


@pytest.mark.parametrize(
    ("given", "goes"),
    [
        ("/listings?q=a", "/listings?q=a"),
        ("//elsewhere.example", "/desk"),
        ("/\\elsewhere.example", "/desk"),
        ("https://elsewhere.example", "/desk"),
        ("/a\r\nb", "/desk"),
        ("/login", "/desk"),
        ("", "/desk"),
    ],
)
def test_after_the_login_only_to_own_pages(given: str, goes: str) -> None:
    assert safe_next(given) == goes


async def test_pages_carry_protective_headers(market: Market) -> None:
    answer = await market.client.get("/", headers={"Accept": "text/html"})
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "private, no-store"


async def test_a_broker_acts_for_its_client_and_back(market: Market) -> None:
    client = await market.join("enterprise", "委托企业")
    broker = await market.join("broker", "经纪机构")
    today = (await client.ok("GET", "/sandbox/clock"))["now"][:10]
    await client.ok(
        "POST",
        "/mandates",
        {
            "broker_id": str(broker.organisation_id),
            "scopes": ["trade"],
            "valid_from": "2027-01-01" if today < "2027-01-01" else today,
            "valid_until": "2029-01-01",
        },
    )
    await market.advance(days=60)
    browser = Browser(market, broker)
    chosen = {"client": str(client.organisation_id)}
    await browser.done("/desk", "/desk/act-for", chosen)
    assert "我的工作台 委托企业" in (await browser.page("/desk")).words
    await browser.done("/desk", "/desk/act-for", {"client": ""})
    assert "我的工作台 经纪机构" in (await browser.page("/desk")).words


async def test_the_sandbox_clock_is_the_administrators(market: Market, login: str) -> None:
    admin = Browser(market, await market.admin())
    before = (await (await market.admin()).ok("GET", "/sandbox/clock"))["now"]
    await admin.done("/desk", "/sandbox/clock", {"step": "week"})
    after = (await (await market.admin()).ok("GET", "/sandbox/clock"))["now"]
    assert after[:10] > before[:10]
    trader = await logged_in(market, login)
    assert not [f for f in (await trader.page("/desk")).forms if f.action == "/sandbox/clock"]
    token = (await trader.page("/desk")).form("/logout").values
    read(await trader.post("/sandbox/clock", token | {"step": "day"}), 403)


async def test_demo_logins_are_shown_in_the_sandbox(market: Market, settings: Settings) -> None:
    app = market.client._transport.app
    assert settings.sandbox
    app.state.demo_logins = [("demo-trader", "correct horse battery", "交易员", "Trader")]
    page: Page = await Browser(market).page("/login")
    assert "demo-trader" in page.words
    assert "交易员" in page.words
