"""Lines of the journal, put in as SQL: the registrations behind them are not needed."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.statistics import service

SELLERS = [UUID(int=100 + number) for number in range(6)]
BUYERS = [UUID(int=200 + number) for number in range(6)]


@dataclass(frozen=True)
class Line:
    """Some contracts of one kind; amounts in fen are of all of them, and split evenly.

    `units` sellers and buyers take turns; `first_unit` shifts them.
    """

    count: int = 1
    total_fen: int = 1000
    technical_fen: int | None = None
    contract_class: str = "transfer"
    sub_class: str = ""
    technical_field: str = "new_materials"
    ip_type: str = "not_stated"
    plan_category: str = "not_stated"
    objective: str = "not_stated"
    seller_kind: str = "university"
    buyer_kind: str = "enterprise"
    seller_region: str = "110000"
    buyer_region: str = "310000"
    day: date = date(2025, 3, 4)
    units: int = 6
    first_unit: int = 0
    others: dict[str, Any] = field(default_factory=dict)


_INSERT = text(
    "INSERT INTO statistics_entry (id, registration_id, revision, sign, booked_month, number,"
    " contract_class, sub_class, technical_field, ip_type, plan_category, objective, total_fen,"
    " technical_fen, seller_id, seller_kind, seller_region, buyer_id, buyer_kind, buyer_region,"
    " office_id, registered_at, registered_on, signed_at)"
    " SELECT uuidv7(), uuidv7(), 1, 1, date_trunc('month', CAST(:day AS date)),"
    " lpad(n::text, 16, '0'), :contract_class, :sub_class, :technical_field, :ip_type,"
    " :plan_category, :objective,"
    " CAST(:total AS numeric) * (n + 1) / :count - mod(CAST(:total AS numeric) * (n + 1), :count)"
    " / :count - (CAST(:total AS numeric) * n / :count - mod(CAST(:total AS numeric) * n, :count)"
    " / :count),"
    " CAST(:technical AS numeric) * (n + 1) / :count"
    " - mod(CAST(:technical AS numeric) * (n + 1), :count) / :count"
    " - (CAST(:technical AS numeric) * n / :count - mod(CAST(:technical AS numeric) * n, :count)"
    " / :count),"
    " CAST(lpad(to_hex(:first + 256 + mod(n, :units)), 32, '0') AS uuid), :seller_kind,"
    " :seller_region,"
    " CAST(lpad(to_hex(:first + 512 + mod(n, :units)), 32, '0') AS uuid), :buyer_kind,"
    " :buyer_region, uuidv7(), CAST(:day AS date) + time '04:00', CAST(:day AS date),"
    " CAST(:day AS date) + time '03:00' FROM generate_series(0, :count - 1) AS n"
)


async def add(session: AsyncSession, *lines: Line) -> None:
    """Put lines into the journal; they wait for their aggregates and their publication."""
    await session.execute(text("SET LOCAL session_replication_role = replica"))
    for line in lines:
        technical = line.total_fen * 9 // 10 if line.technical_fen is None else line.technical_fen
        await session.execute(
            _INSERT,
            {
                "day": line.day,
                "contract_class": line.contract_class,
                "sub_class": line.sub_class or line.contract_class,
                "technical_field": line.technical_field,
                "ip_type": line.ip_type,
                "plan_category": line.plan_category,
                "objective": line.objective,
                "total": line.total_fen,
                "technical": technical,
                "count": line.count,
                "units": line.units,
                "first": line.first_unit,
                "seller_kind": line.seller_kind,
                "seller_region": line.seller_region,
                "buyer_kind": line.buyer_kind,
                "buyer_region": line.buyer_region,
            },
        )
    await session.execute(text("SET LOCAL session_replication_role = DEFAULT"))
    await session.execute(
        text(
            "INSERT INTO statistics_pending SELECT id FROM statistics_entry AS e"
            " WHERE NOT EXISTS (SELECT FROM statistics_pending WHERE entry_id = e.id)"
        )
    )
    await service.open_periods(session)
