"""What operators ask of the indexes: what waits, since when, and what went wrong."""

from prometheus_client import Gauge
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.finding import repository
from app.finding.engines import Engines
from app.finding.schemas import IndexView

LAG = Gauge("techmarket_search_lag_seconds", "Age of the oldest change an index lacks", ["target"])
WAITING = Gauge("techmarket_search_waiting", "Changes that an index lacks", ["target"])
REFUSED = Gauge("techmarket_search_refused", "Changes that an engine refused", ["target"])


async def indexes(session: AsyncSession, engines: Engines) -> list[IndexView]:
    """The state of each index that is kept; what the metrics say is brought up to date."""
    found = []
    now = await session.scalar(select(func.clock_timestamp()))
    assert now is not None
    for engine in engines.targets:
        row = await repository.target(session, engine.name)
        waiting = await repository.waiting(session, engine.name)
        lag = 0.0 if waiting.since is None else max((now - waiting.since).total_seconds(), 0.0)
        LAG.labels(engine.name).set(lag)
        WAITING.labels(engine.name).set(waiting.changes)
        REFUSED.labels(engine.name).set(waiting.failed)
        found.append(
            IndexView(
                target=engine.name,
                answers=engine.name == engines.chosen,
                definition_version=row.definition_version,
                waiting=waiting.changes,
                lag_seconds=round(lag, 3),
                refused=waiting.failed,
                error=waiting.error or row.error,
                rebuilding=row.rebuilding,
                applied_at=row.applied_at,
                verified_at=row.verified_at,
            )
        )
    return found
