"""The whole trade through HTTP, as each role; the same walk over any running market."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.kit.calendar import local_day
from tests import flow
from tests.market import Market, User

Interrupt = Callable[[str], Awaitable[None]]
PATENT = "201710601862.3"


async def undisturbed(step: str) -> None:
    """Nothing happens between the steps."""


@dataclass
class Trade:
    """What the walk leaves behind, for the test to look at."""

    achievement: dict[str, Any]
    listing: dict[str, Any]
    auction: dict[str, Any]
    deal: dict[str, Any]
    contract: dict[str, Any]
    registration: dict[str, Any]
    price_fen: int


@dataclass
class Cast:
    """Who takes part."""

    university: User
    first: User
    second: User
    broker: User
    refused: User
    registrar: User
    checker: User
    regulator: User


async def gather_cast(market: Market) -> Cast:
    """Everyone registers, is approved and logs in."""
    registrar = await market.join("registration_office")
    office = f"/organisations/{registrar.organisation_id}/members"
    person = {"login": "checker@office", "name": "复核员", "password": "a long enough password"}
    await registrar.ok("POST", office, {"person": person, "roles": ["registrar"]})
    await registrar.ok("PUT", "/registrations/office", {"region4": "1100", "point": "01"})
    return Cast(
        university=await market.join("university"),
        first=await market.join("enterprise"),
        second=await market.join("enterprise"),
        broker=await market.join("broker"),
        refused=await market.join("enterprise"),
        registrar=registrar,
        checker=await market.log_in("checker@office", password="a long enough password"),
        regulator=await market.join("regulator"),
    )


async def walk(market: Market, interrupt: Interrupt = undisturbed) -> tuple[Cast, Trade]:
    """From an achievement to the statistics; `interrupt` is called between the steps."""
    cast = await gather_cast(market)
    achievement, listing = await offer(market, cast)
    await interrupt("published")
    await qualify(market, cast, listing)
    await interrupt("qualified")
    auction, price = await compete(market, cast, listing, interrupt)
    await interrupt("bid")
    closed = await flow.close_auction(market, auction)
    assert closed["state"] == "sold"
    assert closed["price_fen"] == price
    await interrupt("sold")
    deal = await flow.deal_of(market, auction)
    contract = await sign(market, cast, deal)
    await interrupt("signed")
    registration = await register(market, cast, contract, interrupt)
    return cast, Trade(achievement, listing, closed, deal, contract, registration, price)


async def offer(market: Market, cast: Cast) -> tuple[dict[str, Any], dict[str, Any]]:
    """The university posts a patent and lists it; the operator sends it back once."""
    achievement = await flow.post_achievement(
        market,
        cast.university,
        title="一种高分子膜材料的制备方法",
        details="工艺参数,仅供授权方查阅",
        rights=[
            {
                "type": "patent.invention",
                "number": PATENT,
                "title": "一种高分子膜材料的制备方法",
                "expires_on": "2037-07-20",
            }
        ],
        transfer_modes=["assign"],
    )
    listing = await flow.draft_listing(
        market, cast.university, achievement, transfer_mode="assign", license_manner=None
    )
    path = f"/listings/{listing['id']}"
    operator = await market.admin()
    await cast.university.ok("POST", f"{path}/submit")
    back = {"act": "reject", "reason": "请补充受让条件"}
    assert (await operator.ok("POST", f"{path}/review", back))["state"] == "draft"
    read = await cast.university.get(path)
    terms = {"conditions": "依法设立的企业法人"}
    edited = await cast.university.patch(path, terms, read.headers["etag"])
    assert edited.status_code == 200, edited.text
    await cast.university.ok("POST", f"{path}/submit")
    return achievement, await operator.ok("POST", f"{path}/review", {"act": "approve"})


async def qualify(market: Market, cast: Cast, listing: dict[str, Any]) -> None:
    """Two enterprises qualify, one of them through its broker; a third is refused."""
    operator = await market.admin()
    await flow.qualify(market, operator, listing, cast.first)
    today = local_day(await flow.market_now(market))
    mandate = {
        "broker_id": str(cast.broker.organisation_id),
        "scopes": ["trade"],
        "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=200)).isoformat(),
    }
    await cast.second.ok("POST", "/mandates", mandate)
    cast.broker.on_behalf_of = cast.second.organisation_id
    await flow.qualify(market, operator, listing, cast.broker)
    application = await flow.apply(market, listing, cast.refused)
    await operator.ok(
        "POST",
        f"/listings/{listing['id']}/applications/{application['id']}/decision",
        {"act": "refuse", "reason": "不符合披露的受让条件"},
    )


async def compete(
    market: Market, cast: Cast, listing: dict[str, Any], interrupt: Interrupt
) -> tuple[dict[str, Any], int]:
    """The disclosure period passes, the auction opens, and two bidders drive the price up."""
    auction = await flow.open_auction(market, listing)
    assert auction["state"] == "open"
    start, step = auction["start_fen"], auction["increment_fen"]
    assert (await flow.bid(cast.first, auction, start)).status_code == 201
    await interrupt("first bid")
    low = await flow.bid(cast.broker, auction, start)
    assert low.status_code == 409
    assert low.json()["required_fen"] == start + step
    assert (await flow.bid(cast.broker, auction, start + step)).status_code == 201
    outsider = await flow.bid(cast.refused, auction, start + 2 * step)
    assert outsider.status_code == 403
    price = start + 3 * step
    won = await flow.bid(cast.first, auction, price, "the-winning-bid")
    assert won.status_code == 201
    await interrupt("winning bid")
    again = await flow.bid(cast.first, auction, price, "the-winning-bid")
    assert again.json()["sequence"] == won.json()["sequence"]
    return auction, price


async def sign(market: Market, cast: Cast, deal: dict[str, Any]) -> dict[str, Any]:
    """The contract is drafted from the deal; both parties sign the same text."""
    [contract] = (await cast.university.ok("GET", f"/contracts?deal_id={deal['id']}"))["items"]
    path = f"/contracts/{contract['id']}"
    proposed = await cast.university.ok("POST", f"{path}/propose")
    signing = {"text_sha256": proposed["text_sha256"]}
    early = await cast.first.post(f"{path}/sign", signing)
    assert (early.status_code, early.json()["code"]) == (409, "publicity_running")
    await flow.make_public(market, deal)
    stale = await cast.first.post(f"{path}/sign", {"text_sha256": "0" * 64})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_text")
    await cast.university.ok("POST", f"{path}/sign", signing)
    assert (await cast.university.post(f"{path}/sign", signing)).status_code == 409
    signed = await cast.first.ok("POST", f"{path}/sign", signing)
    assert signed["state"] == "signed"
    return signed


async def register(
    market: Market, cast: Cast, contract: dict[str, Any], interrupt: Interrupt
) -> dict[str, Any]:
    """Applied for, corrected once, decided by two registrars, counted by the statistics."""
    made = await cast.university.ok(
        "POST",
        "/registrations",
        {"contract_id": contract["id"], "office_id": str(cast.registrar.organisation_id)},
    )
    path = f"/registrations/{made['id']}"
    await cast.university.ok("POST", f"{path}/submit")
    accepted = await cast.registrar.ok("POST", f"{path}/accept")
    assert accepted["due_at"] is not None
    await interrupt("accepted")
    await cast.registrar.ok("POST", f"{path}/request-correction", {"note": "请补充附件"})
    await cast.university.ok("POST", f"{path}/correct", {"note": "已补充"})
    same = await cast.registrar.post(f"{path}/register")
    assert (same.status_code, same.json()["code"]) == (403, "four_eyes")
    registered = await cast.checker.ok("POST", f"{path}/register")
    assert registered["number"] is not None
    await interrupt("registered")
    await market.settle()
    return registered
