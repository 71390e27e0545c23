"""Registrations, put in as SQL: what the statistics count of them is all that matters."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock
from app.kit.ids import new_id

_PARTIES = text(
    "INSERT INTO registration_party (id, name, credit_code, region_code)"
    " SELECT side, 'x', side::text, '330106' FROM unnest(CAST(:sides AS uuid[])) AS side"
)
_INSERT = text(
    "INSERT INTO registration (id, contract_id, office_id, applicant_id, seller_id, seller_kind,"
    " seller_region, buyer_id, buyer_kind, buyer_region, title, contract_class, sub_class,"
    " technical_field, total_fen, technical_fen, signed_at, state, rule_set, submitted_at,"
    " accepted_at, accepted_by, due_at, decided_by, number, registered_at)"
    " VALUES (:id, uuidv7(), uuidv7(), :id, :id, 'institute', '330106', :buyer, 'enterprise',"
    " '310115', 'x', 'license', 'license.patent_license', 'agriculture', 1000, 900, :at,"
    " 'registered', 'RS_2026', :at, :at, :id, :at, :id, :number, :at)"
)
_numbers = iter(range(1, 1_000_000))


async def registered(session: AsyncSession, at: datetime) -> UUID:
    """A registered contract of a research institute's licence."""
    registration_id = new_id()
    await session.execute(text("SET LOCAL session_replication_role = replica"))
    number = f"{at:%Y}330107{next(_numbers):06d}"
    buyer = new_id()
    await session.execute(_PARTIES, {"sides": [registration_id, buyer]})
    values = {"id": registration_id, "buyer": buyer, "at": at, "number": number}
    await session.execute(_INSERT, values)
    await session.execute(text("SET LOCAL session_replication_role = DEFAULT"))
    return registration_id


async def change(session: AsyncSession, registration_id: UUID, **values: Any) -> None:
    """Change columns of a registration as an office's later decision does."""
    columns = ", ".join(f"{name} = :{name}" for name in values)
    await session.execute(text("SET LOCAL session_replication_role = replica"))
    await session.execute(
        text(f"UPDATE registration SET {columns} WHERE id = :id"), {"id": registration_id} | values
    )
    await session.execute(text("SET LOCAL session_replication_role = DEFAULT"))


async def fall(session: AsyncSession, registration_id: UUID, state: str) -> None:
    """Put a registration into a state in which it does not count any more."""
    fallen = {} if state == "refused" else {"fell_at": await clock.now(session)}
    await change(session, registration_id, state=state, **fallen)
