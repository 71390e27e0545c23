"""Registration offices and their registrars, for tests."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.contracts.trades import Trade, signed
from tests.market import PASSWORD, Market, User


@dataclass
class Office:
    """An office with two registrars, so that four eyes can see."""

    first: User
    second: User
    region4: str
    point: str

    @property
    def id(self) -> str:
        return str(self.first.organisation_id)


async def office(market: Market, region4: str = "1101", point: str = "07") -> Office:
    """An office that is set up, with two registrars; the first one administers it."""
    first = await market.join("registration_office")
    await first.ok("PUT", "/registrations/office", {"region4": region4, "point": point})
    return Office(first, await colleague(market, first, ["registrar"]), region4, point)


async def colleague(market: Market, administrator: User, roles: list[str]) -> User:
    """Another person of the administrator's organisation."""
    login = f"c-{uuid4().hex[:10]}"
    await administrator.ok(
        "POST",
        f"/organisations/{administrator.organisation_id}/members",
        {"person": {"login": login, "name": "同事", "password": PASSWORD}, "roles": roles},
    )
    return await market.log_in(login, administrator.organisation_id)


async def applied(trade: Trade, at: Office) -> str:
    """The path of a new application for a trade's contract."""
    made = await trade.seller.ok(
        "POST", "/registrations", {"contract_id": trade.contract_id, "office_id": at.id}
    )
    return f"/registrations/{made['id']}"


async def accepted(trade: Trade, at: Office) -> str:
    """The path of an application that the first registrar accepted."""
    path = await applied(trade, at)
    await trade.seller.ok("POST", path + "/submit")
    await at.first.ok("POST", path + "/accept")
    return path


async def registered(market: Market, at: Office, **options: Any) -> tuple[Trade, dict[str, Any]]:
    """A trade whose contract is registered."""
    trade = await signed(market, **options)
    path = await accepted(trade, at)
    return trade, await at.second.ok("POST", path + "/register")
