"""The trade's steps over HTTP, one function each, from an achievement to a concluded deal.

Every function acts as the user it is given and returns the object as the API shows it; terms can
be overridden by keyword. Times are reached by moving the sandbox's clock.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from httpx import Response

from app.kit import clock
from app.kit.calendar import local_day
from app.ledger import messages
from app.ledger.messages import BankEntry
from tests.market import Market, User

START_FEN = 200_000_000
STEP_FEN = 5_000_000
DEPOSIT_FEN = 20_000_000


async def market_now(market: Market) -> datetime:
    """The market's time."""
    async with market.sessions() as session:
        return await clock.now(session)


async def advance_to(market: Market, moment: str | datetime) -> None:
    """Move the clock on to a moment, at most a second beyond it, and settle."""
    target = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    missing = (target - await market_now(market)).total_seconds()
    await market.advance(seconds=max(0, math.ceil(missing)))


async def stop_clock(market: Market, at: str | datetime) -> datetime:
    """Stop the clock less than a second before a moment, and return the time that it shows.

    It is stopped first and moved afterwards: a clock that runs while it is read would pass the
    moment on a slow machine.
    """
    target = datetime.fromisoformat(at) if isinstance(at, str) else at
    await _move(market, 0)
    missing = (target - await market_now(market)).total_seconds()
    await _move(market, max(0, math.floor(missing)))
    return await market_now(market)


async def step_clock(market: Market, seconds: int) -> None:
    """Move a stopped clock on, leave it stopped, and settle nothing."""
    await _move(market, seconds)


async def _move(market: Market, seconds: int) -> None:
    admin = await market.admin()
    await admin.ok("POST", "/sandbox/clock", {"advance_seconds": seconds, "rate": 0})


async def post_achievement(market: Market, seller: User, **fields: Any) -> dict[str, Any]:
    """A published achievement of the seller."""
    body = {
        "title": f"一种高比能锂电池及其制备方法 {uuid4().hex[:6]}",
        "summary": "面向储能的电池材料与工艺。",
        "technical_field": "new_energy_efficiency",
        "ipc": ["H01M 10/0525"],
        "trl": 6,
        "transfer_modes": ["license"],
        "rights": [{"type": "know_how", "title": "制备工艺参数"}],
    } | fields
    made = await seller.ok("POST", "/achievements", body)
    return await seller.ok("POST", f"/achievements/{made['id']}/publish")


async def draft_listing(
    market: Market, seller: User, achievement: dict[str, Any] | None = None, **terms: Any
) -> dict[str, Any]:
    """A listing that is not handed in yet; posts an achievement when none is given."""
    achievement = achievement or await post_achievement(market, seller)
    body = {
        "achievement_id": achievement["id"],
        "transfer_mode": "license",
        "license_manner": "exclusive",
        "disclosure_working_days": 5,
        "price_fen": START_FEN,
        "deposit_fen": DEPOSIT_FEN,
        "increment_fen": STEP_FEN,
        "bidding_minutes": 24 * 60,
    } | terms
    return await seller.ok("POST", "/listings", body)


async def open_listing(
    market: Market, seller: User, achievement: dict[str, Any] | None = None, **terms: Any
) -> dict[str, Any]:
    """A listing that an operator has published."""
    drafted = await draft_listing(market, seller, achievement, **terms)
    await seller.ok("POST", f"/listings/{drafted['id']}/submit")
    operator = await market.admin()
    return await operator.ok("POST", f"/listings/{drafted['id']}/review", {"act": "approve"})


async def apply(market: Market, listing: dict[str, Any], bidder: User) -> dict[str, Any]:
    """An enterprise's application to bid."""
    path = f"/listings/{listing['id']}/applications"
    return await bidder.ok("POST", path, {"statement": "拟用于产业化"})


async def qualify(
    market: Market, operator: User, listing: dict[str, Any], bidder: User
) -> dict[str, Any]:
    """An application that the operator qualifies, with its deposit confirmed if one is due."""
    application = await apply(market, listing, bidder)
    path = f"/listings/{listing['id']}/applications/{application['id']}"
    decided = await operator.ok("POST", f"{path}/decision", {"act": "qualify"})
    if listing["deposit_fen"] > 0:
        decided = await operator.ok("POST", f"{path}/confirm-deposit")
    return decided


def paid(
    amount_fen: int, remittance: str, *, credit: bool = True, refund: str = "", **change: Any
) -> BankEntry:
    """A payment on the bank's statement, of now and of nobody's name unless it is said."""
    fields: dict[str, Any] = {
        "bank_ref": uuid4().hex,
        "credit": credit,
        "amount": Decimal(amount_fen) / 100,
        "currency": "CNY",
        "booked_on": date.max,
        "booked_at": None,
        "returned": False,
        "party_name": None,
        "party_account": "6222020200112233445",
        "party_bank": None,
        "end_to_end_id": refund.replace("-", "") or None,
        "remittance": remittance,
    }
    return BankEntry(**fields | change)


async def tell_bank(market: Market, payments: Sequence[BankEntry]) -> dict[str, Any]:
    """The operator takes in a statement with these payments, and all that follows happens."""
    operator = await market.admin()
    now = await market_now(market)
    told = [
        replace(one, booked_at=now, booked_on=local_day(now)) if one.booked_on == date.max else one
        for one in payments
    ]
    account = await market.anonymous.ok("GET", "/ledger/settlement-account")
    document = messages.write_statement(account["number"], uuid4().hex, now, told)
    report: dict[str, Any] = await operator.ok(
        "POST",
        "/ledger/statements",
        content=document,
        headers={"Content-Type": "application/xml"},
    )
    await market.settle()
    return report


async def auction_of(market: Market, listing: dict[str, Any]) -> dict[str, Any]:
    """The auction of a listing, as the public sees it."""
    page = await market.anonymous.ok("GET", f"/auctions?listing_id={listing['id']}")
    assert len(page["items"]) == 1, page
    return page["items"][0]


async def open_auction(market: Market, listing: dict[str, Any]) -> dict[str, Any]:
    """The auction of a listing whose disclosure period is let pass; open, unless it opens later."""
    await advance_to(market, listing["closes_at"])
    return await auction_of(market, listing)


async def start_auction(
    market: Market, *, bidders: int = 2, **terms: Any
) -> tuple[dict[str, Any], User, list[User]]:
    """An open auction, its seller and its bidders, from nothing."""
    seller = await market.join("university")
    operator = await market.admin()
    listing = await open_listing(market, seller, **terms)
    enterprises = [await market.join("enterprise") for _ in range(bidders)]
    for enterprise in enterprises:
        await qualify(market, operator, listing, enterprise)
    return await open_auction(market, listing), seller, enterprises


async def bid(
    bidder: User, auction: dict[str, Any], amount_fen: int, request_id: str | None = None
) -> Response:
    """One bid; its answer is not judged here."""
    body = {"amount_fen": amount_fen, "request_id": request_id or uuid4().hex}
    return await bidder.post(f"/auctions/{auction['id']}/bids", body)


async def read_auction(
    market: Market, auction: dict[str, Any], reader: User | None = None
) -> dict[str, Any]:
    """The auction as it is now."""
    return await (reader or market.anonymous).ok("GET", f"/auctions/{auction['id']}")


async def close_auction(market: Market, auction: dict[str, Any]) -> dict[str, Any]:
    """The auction after its end has passed and its result is known."""
    ends_at = (await read_auction(market, auction))["ends_at"]
    await advance_to(market, ends_at)
    await market.advance(seconds=1)
    return await read_auction(market, auction)


async def deal_of(market: Market, auction: dict[str, Any]) -> dict[str, Any]:
    """The deal of a sold auction, as the public sees it."""
    page = await market.anonymous.ok("GET", f"/deals?listing_id={auction['listing_id']}")
    assert len(page["items"]) == 1, page
    return page["items"][0]


async def conclude_deal(
    market: Market, *, bidders: int = 2, **terms: Any
) -> tuple[dict[str, Any], User, User]:
    """A concluded deal, its seller and its buyer, from nothing; the last bidder wins."""
    auction, seller, enterprises = await start_auction(market, bidders=bidders, **terms)
    amount = auction["min_next_fen"]
    for enterprise in enterprises:
        placed = await bid(enterprise, auction, amount)
        assert placed.status_code == 201, placed.text
        amount = placed.json()["min_next_fen"]
    await close_auction(market, auction)
    return await deal_of(market, auction), seller, enterprises[-1]


async def make_public(market: Market, deal: dict[str, Any]) -> dict[str, Any]:
    """The deal after its publicity has passed, so that its contract can be signed."""
    await advance_to(market, deal["publicity_ends_at"])
    return await market.anonymous.ok("GET", f"/deals/{deal['id']}")


async def contract_of(
    market: Market, deal: dict[str, Any], seller: User, buyer: User
) -> dict[str, Any]:
    """The contract of a deal, signed by both parties once the publicity has passed."""
    await make_public(market, deal)
    [contract] = (await seller.ok("GET", f"/contracts?deal_id={deal['id']}"))["items"]
    path = f"/contracts/{contract['id']}"
    if contract["contract_class"] == "license":
        read = await seller.get(path)
        edited = await seller.patch(path, {"licence_until": "2030-12-31"}, read.headers["etag"])
        assert edited.status_code == 200, edited.text
    proposed = await seller.ok("POST", f"{path}/propose")
    for party in (seller, buyer):
        await party.ok("POST", f"{path}/sign", {"text_sha256": proposed["text_sha256"]})
    return await seller.ok("GET", path)


async def grant_mandate(market: Market, client: User, broker: User) -> dict[str, Any]:
    """A mandate of the client to the broker, to read and to trade, for 200 days from today."""
    today = local_day(await market_now(market))
    mandate = {
        "broker_id": str(broker.organisation_id),
        "scopes": ["read", "trade"],
        "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=200)).isoformat(),
    }
    return await client.ok("POST", "/mandates", mandate)


def terms(upfront_fen: int, **others: Any) -> dict[str, Any]:
    """Terms of an exclusive licence of five years, as `draft_listing` lists one."""
    return {"upfront_fen": upfront_fen, "exclusivity": "exclusive", "term_months": 60} | others


async def offer(
    user: User, negotiation: dict[str, Any], upfront_fen: int, **others: Any
) -> dict[str, Any]:
    """An offer with these terms, valid as long as the negotiation."""
    body = {"terms": terms(upfront_fen, **others), "valid_until": negotiation["expires_at"]}
    return await user.ok("POST", f"/negotiations/{negotiation['id']}/offers", body)
