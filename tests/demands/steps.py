"""Steps of a demand's life over HTTP, each acting as the user that it is given."""

from datetime import timedelta
from typing import Any

from app.kit.calendar import local_day
from tests.flow import market_now
from tests.market import Market, User

PROFILE: dict[str, Any] = {
    "version": "1.0",
    "type": "TR",
    "title": "寻求高强度轴承钢的热处理工艺",
    "summary": "现有轴承钢的接触疲劳寿命不足,寻求可量产的热处理工艺。",
    "description": "目前采用常规淬火加低温回火,接触疲劳寿命为 10000000 次。",
    "technical_fields": ["new_materials"],
    "keywords": ["轴承钢", "热处理"],
    "indicators": [{"name": "接触疲劳寿命", "target": "不低于 20000000 次"}],
    "budget_max_fen": 80_000_000,
    "partnership_types": ["technical_cooperation"],
}
INTEREST = {"cooperation": "technical_cooperation", "about": "从事表面工程研究的团队"}
SOLUTION = {"title": "贝氏体等温淬火工艺", "content": "三个月内完成中试。", "price_fen": 60_000_000}


async def drafted(owner: User, **change: Any) -> dict[str, Any]:
    """A demand that is not handed in yet."""
    return await owner.ok("POST", "/demands", PROFILE | change)


async def published(market: Market, owner: User, **change: Any) -> dict[str, Any]:
    """A demand that an operator has published."""
    draft = await drafted(owner, **change)
    await owner.ok("POST", f"/demands/{draft['id']}/submit")
    operator = await market.admin()
    return await operator.ok("POST", f"/demands/{draft['id']}/review", {"act": "approve"})


async def broker_of(market: Market, client: User) -> User:
    """A broker who acts in the client's name under a mandate."""
    broker = await market.join("broker", "某某技术经纪事务所")
    today = local_day(await market_now(market))
    mandate = {
        "broker_id": str(broker.organisation_id),
        "scopes": ["read", "trade", "import"],
        "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=300)).isoformat(),
    }
    await client.ok("POST", "/mandates", mandate)
    broker.on_behalf_of = client.organisation_id
    return broker


async def reachable(user: User, contact: str) -> None:
    """Give the user's organisation a contact."""
    path = f"/organisations/{user.organisation_id}"
    read = await user.get(path)
    version = f'"v{read.json()["version"]}"'
    answer = await user.patch(path, {"contact": contact}, version)
    assert answer.status_code == 200, answer.text
