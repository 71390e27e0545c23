"""Official calendar tables that an administrator loaded, beside the ones the product ships."""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.calendar import OfficialCalendar, official_calendar, parse_year_table
from app.kit.db import Base

CALENDAR_LOADED = "calendar_loaded"
_cache: dict[tuple[int, datetime | None], OfficialCalendar] = {}


class OfficialCalendarYear(Base):
    """The State Council's table of one year, as it was loaded."""

    __tablename__ = "official_calendar_year"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[dict[str, Any]]
    source: Mapped[str]
    loaded_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


async def calendar(session: AsyncSession) -> OfficialCalendar:
    """The calendar in force: shipped tables, overridden by loaded ones."""
    count, newest = (
        await session.execute(
            select(func.count(), func.max(OfficialCalendarYear.loaded_at)).select_from(
                OfficialCalendarYear
            )
        )
    ).one()
    if (count, newest) not in _cache:
        rows = (await session.execute(select(OfficialCalendarYear))).scalars().all()
        _cache.clear()
        _cache[count, newest] = official_calendar(
            [parse_year_table(row.year, orjson.dumps(row.document)) for row in rows]
        )
    return _cache[count, newest]


async def store(session: AsyncSession, year: int, document: dict[str, Any], source: str) -> None:
    """Keep the official table of a year (already parsed by the caller)."""
    statement = insert(OfficialCalendarYear).values(year=year, document=document, source=source)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["year"],
            set_={"document": document, "source": source, "loaded_at": text("clock_timestamp()")},
        )
    )
