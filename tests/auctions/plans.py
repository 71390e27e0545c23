"""Auctions of every format over HTTP: set up by a plan, bid in, decided, records checked."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from httpx import Response
from sqlalchemy import text

from app.auctions import chain
from app.auctions.verification import verify
from app.kit.signing import signing_key
from tests import flow
from tests.market import Market, User

CHECKS = ["form", "chain", "order", "signature", "result"]
Json = dict[str, Any]


@dataclass
class Sale:
    """An auction with its people; `bidders` are in the order of their numbers."""

    market: Market
    auction: Json
    seller: User
    bidders: list[User]

    @property
    def id(self) -> str:
        return str(self.auction["id"])

    async def read(self, reader: User | None = None) -> Json:
        return await flow.read_auction(self.market, self.auction, reader)

    async def act(self, number: int, amount_fen: int | None = None, **more: Any) -> Response:
        """A bid of the bidder with this number, or another act (`act=`)."""
        body: Json = {"request_id": uuid4().hex} | more
        if amount_fen is not None:
            body["amount_fen"] = amount_fen
        return await self.bidders[number - 1].post(f"/auctions/{self.id}/bids", body)

    async def bid(self, number: int, amount_fen: int | None = None, **more: Any) -> Json:
        """The same, which must be accepted."""
        answer = await self.act(number, amount_fen, **more)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def refused(self, number: int, amount_fen: int | None = None, **more: Any) -> Json:
        """The same, which must be refused by a rule of the auction."""
        answer = await self.act(number, amount_fen, **more)
        assert answer.status_code == 409, answer.text
        return answer.json()

    async def close(self) -> Json:
        """The auction after the end of its phase and what follows at once."""
        return await flow.close_auction(self.market, self.auction)

    async def awards(self) -> list[tuple[int, int, int]]:
        """Number, quantity and total of each award."""
        awards = (await self.read())["awards"]
        return [(one["number"], one["quantity"], one["total_fen"]) for one in awards]

    async def record(self) -> Json:
        """The record, which passes every check, and fails one when an amount is changed."""
        answer = await self.market.anonymous.get(f"/auctions/{self.id}/record")
        assert answer.status_code == 200, answer.text
        found = failed(answer.content)
        assert found == [], found
        for place in (0, -1):
            changed = answer.json()
            event = changed["events"][place]
            holder, name = amounts(event)[-1] if amounts(event) else (event, "after_sequence")
            holder[name] += 1
            assert failed(json.dumps(changed).encode()), (place, name)
        return answer.json()

    async def forged_result(self, record: Json) -> list[str]:
        """What a check finds when the platform itself says another price, and signs it."""
        forged = json.loads(json.dumps(record))
        for award in forged["events"][-1]["awards"]:
            award["total_fen"] += 1
        head = chain.GENESIS
        for event in forged["events"]:
            del event["digest"]
            head = chain.follow(head, event)
            event["digest"] = head.hex()
        key = signing_key(self.market.settings)
        forged["chain_head"] = head.hex()
        forged["signature"]["value"] = key.sign(chain.to_sign(self.id, head)).hex()
        return failed(json.dumps(forged).encode())


def failed(content: bytes) -> list[str]:
    """The names of the checks that a record does not pass."""
    checks = verify(content)
    if checks[0].passed:
        assert [check.name for check in checks] == CHECKS
    return [f"{check.name}: {check.finding}" for check in checks if not check.passed]


def amounts(part: Any) -> list[tuple[Json, str]]:
    """Where amounts stand in a part of a record."""
    found: list[tuple[Json, str]] = []
    if isinstance(part, dict):
        for name, value in part.items():
            if name.endswith("_fen") and isinstance(value, int):
                found.append((part, name))
            found += amounts(value)
    elif isinstance(part, list):
        for one in part:
            found += amounts(one)
    return found


def event(record: Json, kind: str) -> Json:
    """The one event of a kind."""
    (found,) = [one for one in record["events"] if one["kind"] == kind]
    return found


async def put_plan(
    seller: User,
    listing: Json,
    format: str,
    terms: Json | None = None,
    reserve_fen: int | None = None,
) -> Response:
    """The seller's plan for a drafted listing; its answer is not judged here."""
    body = {"format": format, "terms": terms or {}, "reserve_fen": reserve_fen}
    return await seller.request("PUT", f"/listings/{listing['id']}/auction-plan", json=body)


async def planned(
    market: Market,
    format: str = "ascending",
    terms: Json | None = None,
    *,
    reserve_fen: int | None = None,
    seller: User | None = None,
    achievement: Json | None = None,
    **listing: Any,
) -> tuple[Json, User]:
    """A published listing with a plan, and its seller."""
    seller = seller or await market.join("university", roles=["trader"])
    drafted = await flow.draft_listing(
        market, seller, achievement, **{"deposit_fen": 0, "bidding_minutes": 60} | listing
    )
    answer = await put_plan(seller, drafted, format, terms, reserve_fen)
    assert answer.status_code == 200, answer.text
    await seller.ok("POST", f"/listings/{drafted['id']}/submit")
    operator = await market.admin()
    path = f"/listings/{drafted['id']}/review"
    return await operator.ok("POST", path, {"act": "approve"}), seller


async def held(
    market: Market,
    format: str = "ascending",
    terms: Json | None = None,
    *,
    bidders: int | list[User] = 2,
    **more: Any,
) -> Sale:
    """An open auction by a plan."""
    listing, seller = await planned(market, format, terms, **more)
    if isinstance(bidders, int):
        bidders = [await market.join("enterprise", roles=["trader"]) for _ in range(bidders)]
    operator = await market.admin()
    for bidder in bidders:
        await flow.qualify(market, operator, listing, bidder)
    auction = await flow.open_auction(market, listing)
    assert auction["format"] == format
    return await numbered(market, auction, seller, bidders)


async def numbered(market: Market, auction: Json, seller: User, bidders: list[User]) -> Sale:
    """A sale with those of these bidders who take part, in the order of their numbers."""
    numbers = {}
    for bidder in bidders:
        number = (await flow.read_auction(market, auction, bidder))["my_number"]
        if number is not None:
            numbers[number] = bidder
    return Sale(market, auction, seller, [numbers[number] for number in sorted(numbers)])


async def rows(market: Market, sql: str, **values: Any) -> list[Any]:
    """The rows of a query on the database of the market."""
    async with market.sessions() as session:
        return list((await session.execute(text(sql), values)).all())


async def waiting_jobs(market: Market, name: str) -> list[Json]:
    """The arguments of jobs of a name that were deferred and did not run yet."""
    sql = "SELECT args FROM procrastinate_jobs WHERE task_name = :name AND status = 'todo'"
    return [row[0] for row in await rows(market, sql, name=name)]


async def everything_stored(market: Market) -> str:
    """Every row of every table as text."""
    tables = await rows(
        market,
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    found = [
        row[0]
        for (table,) in tables
        for row in await rows(market, f"SELECT t::text FROM {table} t")
    ]
    return "\n".join(map(str, found))


def moment(value: str) -> datetime:
    """A time of an answer."""
    return datetime.fromisoformat(value)


def uuid(user: User) -> UUID:
    """The organisation of a user who has one."""
    assert user.organisation_id is not None
    return user.organisation_id
