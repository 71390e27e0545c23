"""When something arrived, on the market's clock, stamped by the process that received it.

The stamp is this process's monotonic clock at arrival; it costs nothing and cannot be set. It is
turned into market time by a reading of the database's clock that is taken between two readings of
the monotonic clock, so the error of the turning is known: half the time that the reading took.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.errors import Problem

LARGEST_ERROR_S = 0.25
SAMPLE_LIFE_S = 10.0
DRIFT = 100e-6
"""How far two honest clocks drift apart, per second; a sample's error grows by it."""
ATTEMPTS = 3
_QUERY = text("SELECT market_now(), coalesce((SELECT rate FROM market_clock), 1)")


class ClockUncertain(Problem):
    """This process does not know the market's time well enough to receive anything."""

    status = 503
    code = "clock_uncertain"
    zh = "本节点与数据库时钟的偏差未知或过大,暂不接受出价,请立即重试"
    en = "This node's offset to the database's clock is unknown or too large; try again at once"


def arrival() -> float:
    """The stamp of something that arrives now, in seconds of this process's monotonic clock."""
    return time.monotonic()


@dataclass(frozen=True)
class Sample:
    """Market time `moment` was read at `stamp`, wrong by `error_s` at most."""

    stamp: float
    moment: datetime
    rate: float
    error_s: float

    def market_time(self, stamp: float) -> datetime:
        """Market time at a stamp of this process."""
        return self.moment + timedelta(seconds=(stamp - self.stamp) * self.rate)

    def error_at(self, stamp: float) -> float:
        """The largest error of `market_time` at a stamp, in real seconds."""
        return self.error_s + abs(stamp - self.stamp) * DRIFT


class ReceiptClock:
    """Knows the offset between this process's monotonic clock and the market's clock."""

    def __init__(self) -> None:
        self._best: Sample | None = None

    async def read(self, session: AsyncSession) -> Sample:
        """A sample to turn stamps into market time; raises ClockUncertain.

        The most exact sample of the last seconds is kept, unless the reading of now contradicts
        it: then the clock was set or moved, and only the new reading counts.
        """
        for _ in range(ATTEMPTS):
            before = arrival()
            moment, rate = (await session.execute(_QUERY)).one()
            after = arrival()
            fresh = Sample((before + after) / 2, moment, rate, (after - before) / 2)
            best = self._better(fresh)
            if best.error_at(after) <= LARGEST_ERROR_S:
                self._best = best
                return best
        raise ClockUncertain

    def _better(self, fresh: Sample) -> Sample:
        best = self._best
        if best is None or best.rate != fresh.rate or fresh.stamp - best.stamp > SAMPLE_LIFE_S:
            return fresh
        apart = abs((best.market_time(fresh.stamp) - fresh.moment).total_seconds())
        contradiction = apart > (best.error_at(fresh.stamp) + fresh.error_s) * max(best.rate, 1.0)
        if contradiction or fresh.error_s <= best.error_at(fresh.stamp):
            return fresh
        return best
