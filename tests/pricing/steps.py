"""Plans and comparables that tests of pricing share."""

from typing import Any

from tests.market import Market, User

INCOME: dict[str, Any] = {
    "forecast": {"first_fen": 1_000_000_000, "growth": "0.2", "years": 5},
    "royalty": {"kind": "given", "rate": "0.05"},
    "discount": {"kind": "given", "rate": "0.18"},
    "economic_years": 8,
    "simulation": {"paths": 2_000},
    "target_fen": 200_000_000,
}
COST: dict[str, Any] = {
    "kind": "replacement",
    "items": [{"name": "研发人工", "amount_fen": 80_000_000}],
    "profit_rate": "0.15",
    "used_years": 1,
    "remaining_years": 9,
}
MARKET: dict[str, Any] = {"average": "median"}


def imported(key: str, price_fen: int, **change: Any) -> dict[str, Any]:
    """A deal to import, of the field and mode that `flow.post_achievement` posts."""
    return {
        "key": key,
        "title": f"一种锂电池正极材料 {key}",
        "summary": "电池材料与工艺",
        "technical_field": "new_energy_efficiency",
        "ipc": ["H01M 4/58"],
        "trl": 6,
        "transfer_mode": "license",
        "region_code": "110108",
        "traded_on": "2026-03-01",
        "price_fen": price_fen,
        "reference": "某技术交易所公告 2026-03-01",
    } | change


async def import_deals(market: Market, prices: list[int], prefix: str = "a") -> None:
    """Deals from elsewhere, one for each price."""
    operator = await market.admin()
    items = [imported(f"{prefix}{place}", price) for place, price in enumerate(prices)]
    await operator.ok("POST", "/comparables", {"items": items})


async def ask(
    user: User, achievement: dict[str, Any], plan: dict[str, Any], **change: Any
) -> dict[str, Any]:
    """A valuation of an achievement by a plan."""
    body = {"achievement_id": achievement["id"], "plan": plan} | change
    made: dict[str, Any] = await user.ok("POST", "/valuations", body)
    return made
