"""Contracts with payments and plans of distribution, set up over HTTP, for tests."""

from typing import Any

from sqlalchemy import text

from app.kit import clock
from app.kit.calendar import local_day
from tests import flow
from tests.contracts.trades import Trade, signed
from tests.market import Market, User

PROCEDURE = "公示期内可向本校成果转化办公室实名提出异议,十五个工作日内答复。"
PEOPLE: tuple[dict[str, Any], ...] = (
    {"name": "张三", "role": "inventor", "main": True, "weight": 50},
    {"name": "李四", "role": "inventor", "main": False, "weight": 30},
    {"name": "王五", "role": "contributor", "main": False, "weight": 13},
    {"name": "赵六", "role": "transfer_office", "main": False, "weight": 7},
)


def plan_of(trade: Trade, **change: Any) -> dict[str, Any]:
    """A plan that gives 70 % to four people."""
    return {
        "contract_id": trade.contract_id,
        "route": "transfer",
        "basis": "unit_rule",
        "basis_note": "科技成果转化收益分配办法(2024)",
        "reward_bp": 7_000,
        "objection_procedure": PROCEDURE,
        "members": list(PEOPLE),
    } | change


async def paid(
    market: Market, trade: Trade, amount_fen: int, *, kind: str = "instalment"
) -> dict[str, Any]:
    """A payment that the seller recorded and the buyer confirmed; it is taken in."""
    async with market.sessions() as session:
        today = local_day(await clock.now(session))
    body = {"kind": kind, "amount_fen": amount_fen, "received_on": today.isoformat()}
    made = await trade.seller.ok("POST", trade.path + "/payments", body)
    answer = f"{trade.path}/payments/{made['id']}/answer"
    await trade.buyer.ok("POST", answer, {"confirmed": True})
    await market.settle()
    found: dict[str, Any] = made
    return found


async def published(trade: Trade, **change: Any) -> dict[str, Any]:
    """A plan whose list is before the staff."""
    made = await trade.seller.ok("POST", "/income-plans", plan_of(trade, **change))
    shown: dict[str, Any] = await trade.seller.ok("POST", f"/income-plans/{made['id']}/publish")
    return shown


async def in_effect(market: Market, trade: Trade, **change: Any) -> dict[str, Any]:
    """A plan whose list has stood its days."""
    plan = await published(trade, **change)
    await flow.advance_to(market, plan["ends_at"])
    shown: dict[str, Any] = await trade.seller.ok("GET", f"/income-plans/{plan['id']}")
    assert shown["state"] == "effective"
    return shown


async def own_plan(market: Market, seller: User, **change: Any) -> dict[str, Any]:
    """A plan in effect for an institution that implements its achievement itself."""
    achievement = await flow.post_achievement(market, seller)
    body = {
        "achievement_id": achievement["id"],
        "route": "own_implementation",
        "basis": "statutory",
        "reward_bp": 500,
        "first_year": 2023,
        "years": 3,
        "objection_procedure": PROCEDURE,
        "members": [{"name": "张三", "role": "contributor", "main": True, "weight": 1}],
    } | change
    made = await seller.ok("POST", "/income-plans", body)
    plan = await seller.ok("POST", f"/income-plans/{made['id']}/publish")
    await flow.advance_to(market, plan["ends_at"])
    return plan


async def colleague(market: Market, unit: User, *roles: str) -> User:
    """Another person of the unit, with the roles of a trader if none are given."""
    user = await market.seed("university", list(roles or ("trader",)))
    async with market.sessions() as session, session.begin():
        await session.execute(
            text("UPDATE membership SET organisation_id = :unit WHERE person_id = :person"),
            {"unit": unit.organisation_id, "person": user.person_id},
        )
    user.organisation_id = unit.organisation_id
    return user


__all__ = ["PEOPLE", "PROCEDURE", "Trade", "in_effect", "paid", "plan_of", "published", "signed"]
