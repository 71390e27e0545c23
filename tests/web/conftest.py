"""A whole trade that was made through pages, for the pages to show."""

from dataclasses import dataclass, field

import pytest

from tests.market import Market, User
from tests.web.browser import Browser

TITLE = '<script>alert("x")</script>钙钛矿"&\'电池'


@dataclass
class Trade:
    """People of the trade, and the addresses of what they made."""

    market: Market
    people: dict[str, User]
    paths: dict[str, str] = field(default_factory=dict)

    def browser(self, who: str, language: str = "zh") -> Browser:
        """A browser of one of the people; `anonymous` for a visitor."""
        return Browser(self.market, self.people.get(who), language)


@pytest.fixture
async def people(market: Market) -> dict[str, User]:
    """One of each role."""
    office = await market.join("registration_office")
    await office.ok("PUT", "/registrations/office", {"region4": "1101", "point": "01"})
    return {
        "seller": await market.join("university"),
        "buyer": await market.join("enterprise"),
        "rival": await market.join("enterprise"),
        "broker": await market.join("broker"),
        "registrar": office,
        "regulator": await market.join("regulator"),
        "admin": await market.admin(),
    }


@pytest.fixture
async def trade(market: Market, people: dict[str, User]) -> Trade:
    """Everything from the achievement to the register, each step by its page."""
    made = Trade(market, people)
    listing = await list_by_pages(made)
    await qualify_by_pages(made, listing)
    await market.advance(days=20)
    await bid_by_pages(made, listing)
    await market.advance(days=2)
    await market.advance(days=20)
    await contract_by_pages(made)
    await register_by_pages(made)
    await market.settle()
    return made


async def list_by_pages(trade: Trade) -> str:
    """Enter and publish an achievement, and list it."""
    seller, admin = trade.browser("seller"), trade.browser("admin")
    entered = {
        "title": TITLE,
        "summary": "高效率的<b>光伏</b>器件",
        "details": "配方见附件",
        "ipc": "H01L31/04 G06F",
        "technical_field": "new_materials",
        "transfer_modes": ["assign", "license"],
        "right_type_0": "know_how",
        "owners": "某某研究院 30",
        "persons": "张三\n李四",
        "trl": "5",
    }
    achievement = await seller.done("/achievements/new", "/achievements/new", entered)
    achievement = achievement.partition("?")[0]
    await seller.done(achievement, achievement + "/state", {"act": "publish"})
    await clear_by_pages(seller, achievement)
    terms = {
        "price": "1,000,000.50",
        "increment": "10000",
        "deposit": "100000",
        "disclosure_working_days": "10",
        "transfer_mode": "assign",
    }
    form = f"/listings/new?achievement={achievement.rpartition('/')[2]}"
    listing = (await seller.done(form, "/listings/new", terms)).partition("?")[0]
    await seller.done(listing, listing + "/act", {"act": "submit"})
    await admin.done(listing, listing + "/act", {"act": "approve"})
    trade.paths |= {"achievement": achievement, "listing": listing}
    return listing


async def clear_by_pages(seller: Browser, achievement: str) -> None:
    """The co-owner consents, and the completing persons waive their right of first refusal."""
    for says, subject in (
        ("co_owner_consent:consents", "某某研究院"),
        ("inventor_statement:waived", "张三"),
        ("inventor_statement:waived", "李四"),
    ):
        values = {"says": says, "subject": subject, "document": "声明", "dated_on": "2026-01-05"}
        await seller.done(achievement, achievement + "/clearances", values)


async def qualify_by_pages(trade: Trade, listing: str) -> None:
    """Two enterprises apply; the operator qualifies them and confirms their deposits."""
    admin = trade.browser("admin")
    for who in ("buyer", "rival"):
        await trade.browser(who).done(listing, listing + "/applications", {"statement": who})
    for act in ("qualify", "confirm_deposit"):
        page = await admin.page(listing)
        for form in page.forms:
            if ("act", act) in form.buttons and form.action.endswith("/applications/act"):
                answer = await admin.post(form.action, form.values | {"act": act})
                assert answer.status_code == 303, answer.text


async def bid_by_pages(trade: Trade, listing: str) -> None:
    """The rival bids, the buyer bids more."""
    page = await trade.browser("buyer").page(listing)
    auction = next(link for link in page.links if link.startswith("/auctions/"))
    await trade.browser("rival").done(auction, auction + "/bids")
    await trade.browser("buyer").done(auction, auction + "/bids")
    trade.paths["auction"] = auction


async def contract_by_pages(trade: Trade) -> None:
    """The seller proposes the contract; both sign."""
    seller, buyer = trade.browser("seller"), trade.browser("buyer")
    deals = await seller.page("/deals?mine=1")
    deal = next(link for link in deals.links if link.startswith("/deals/"))
    contract = next(
        link for link in (await seller.page(deal)).links if link.startswith("/contracts/")
    )
    await seller.done(contract, contract + "/propose")
    await seller.done(contract, contract + "/sign")
    await buyer.done(contract, contract + "/sign")
    trade.paths |= {"deal": deal, "contract": contract}


async def register_by_pages(trade: Trade) -> None:
    """The seller applies for registration; the office accepts and registers."""
    seller, registrar = trade.browser("seller"), trade.browser("registrar")
    applied = await seller.done(trade.paths["contract"], "/registrations/new")
    registration = applied.partition("?")[0]
    await registrar.done(registration, registration + "/act", {"act": "accept"})
    await registrar.done(registration, registration + "/act", {"act": "register"})
    entry = next(
        link for link in (await seller.page(registration)).links if link.startswith("/register/")
    )
    trade.paths |= {"registration": registration, "register": entry}
