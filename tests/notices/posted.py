"""Sets up notices over HTTP, as publishers and objectors do."""

from typing import Any

from tests import flow
from tests.market import Market, User

PROCEDURE = "公示期内可向本校成果转化办公室书面实名提出异议,十五个工作日内书面答复。"


async def drafted(
    market: Market, publisher: User, taker: User | None = None, **change: Any
) -> dict[str, Any]:
    """A draft of a price notice for a new achievement; the taker joins unless it is given."""
    achievement = change.pop("achievement", None) or await flow.post_achievement(
        market, publisher, transfer_modes=["assign"]
    )
    taker = taker or await market.join("enterprise")
    body = {
        "achievement_id": achievement["id"],
        "transfer_mode": "assign",
        "price_fen": 50_000_000,
        "taker_id": str(taker.organisation_id),
        "objection_procedure": PROCEDURE,
    } | change
    made: dict[str, Any] = await publisher.ok("POST", "/notices", body)
    return made


async def published(
    market: Market, publisher: User, taker: User | None = None, **change: Any
) -> dict[str, Any]:
    """A published price notice."""
    made = await drafted(market, publisher, taker, **change)
    shown: dict[str, Any] = await publisher.ok("POST", f"/notices/{made['id']}/publish")
    return shown


async def in_effect(
    market: Market, deal: dict[str, Any], seller: User, buyer: User
) -> dict[str, Any]:
    """The notice of a negotiated deal, after its period."""
    sold = {name: deal[name] for name in ("price_fen", "transfer_mode", "license_manner")}
    notice = await published(
        market, seller, buyer, achievement={"id": deal["achievement_id"]}, **sold
    )
    await flow.advance_to(market, notice["ends_at"])
    return await read(market, notice)


async def objected(user: User, notice: dict[str, Any], grounds: str = "作价过低") -> dict[str, Any]:
    """An objection by this user."""
    path = f"/notices/{notice['id']}/objections"
    made: dict[str, Any] = await user.ok("POST", path, {"grounds": grounds})
    return made


async def read(market: Market, notice: dict[str, Any]) -> dict[str, Any]:
    """The notice as the public sees it now."""
    shown: dict[str, Any] = await market.anonymous.ok("GET", f"/notices/{notice['id']}")
    return shown
