"""Sets up listings over HTTP, as their sellers and operators do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from app.kit.calendar import end_of_day, local_day, official_calendar
from tests.market import Market, User

YI = 100_000_000 * 100
"""100 million yuan (亿元) in fen."""


def achievement_body(**change: Any) -> dict[str, Any]:
    """An achievement with know-how in it."""
    return {
        "title": f"钙钛矿太阳能电池 {uuid4().hex[:6]}",
        "summary": "高效率的光伏器件及其制备方法",
        "ipc": ["H01L31/04"],
        "technical_field": "new_materials",
        "transfer_modes": ["license", "assign"],
        "rights": [{"type": "know_how", "title": "制备工艺"}],
    } | change


async def published_achievement(seller: User, **change: Any) -> str:
    """A published achievement of the seller."""
    made = await seller.ok("POST", "/achievements", achievement_body(**change))
    await seller.ok("POST", f"/achievements/{made['id']}/publish")
    return made["id"]


def terms(achievement_id: str, **change: Any) -> dict[str, Any]:
    """A listing of 5 working days without deposit."""
    return {
        "achievement_id": achievement_id,
        "transfer_mode": "assign",
        "disclosure_working_days": 5,
        "price_fen": 50_000_000,
        "increment_fen": 1_000_000,
    } | change


async def drafted(seller: User, achievement_id: str = "", **change: Any) -> dict[str, Any]:
    """A draft of the seller, of a new achievement unless one is given."""
    achievement_id = achievement_id or await published_achievement(seller)
    made: dict[str, Any] = await seller.ok("POST", "/listings", terms(achievement_id, **change))
    return made


async def published(market: Market, seller: User, **change: Any) -> dict[str, Any]:
    """A published listing of the seller."""
    made = await drafted(seller, **change)
    await seller.ok("POST", f"/listings/{made['id']}/submit")
    admin = await market.admin()
    shown: dict[str, Any] = await admin.ok(
        "POST", f"/listings/{made['id']}/review", {"act": "approve"}
    )
    return shown


@dataclass
class Applicant:
    """An enterprise that applied."""

    user: User
    application_id: str
    path: str


async def applied(market: Market, listing: dict[str, Any], *, qualify: bool = True) -> Applicant:
    """A new enterprise with an application, qualified by the operator if wanted."""
    user = await market.join("enterprise")
    path = f"/listings/{listing['id']}/applications"
    made = await user.ok("POST", path, {"statement": "拟受让"})
    if qualify:
        admin = await market.admin()
        await admin.ok("POST", f"{path}/{made['id']}/decision", {"act": "qualify"})
    return Applicant(user, made["id"], path)


async def counts(market: Market) -> dict[str, int]:
    """How much is in the tables that a refused act must leave alone."""
    tables = (
        "listing",
        "listing_claim",
        "listing_application",
        "audit_event",
        "procrastinate_jobs",
    )
    found = {}
    async with market.sessions() as session:
        for table in tables:
            query = text(f"SELECT count(*) FROM {table}")
            found[table] = (await session.execute(query)).scalar_one()
        query = text("SELECT coalesce(sum(version), 0) FROM listing")
        found["listing versions"] = (await session.execute(query)).scalar_one()
        query = text("SELECT coalesce(sum(version), 0) FROM listing_application")
        found["application versions"] = (await session.execute(query)).scalar_one()
    return found


def expected_end(published_at: str, working_days: int) -> datetime:
    """24:00 of the last working day by the shipped tables."""
    start = local_day(datetime.fromisoformat(published_at))
    return end_of_day(official_calendar().end_of_working_days(start, working_days).day)
