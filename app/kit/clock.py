"""The market's clock: PostgreSQL's, moved only in the sandbox.

`market_now()` in the database is `clock_timestamp()` unless the sandbox moved the clock. It is
read after the locks are held, so that a decision's time is the time it was made at.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.errors import Conflict, Forbidden

MAX_RATE = 1_000_000


class ClockNotMovable(Forbidden):
    """The market clock was asked to move outside the sandbox."""

    code = "clock_not_movable"
    zh = "仅沙箱模式可以调整市场时钟"
    en = "The market clock can be moved in sandbox mode only"


class ClockGoesForward(Conflict):
    """The market clock was asked to go back or to run at an impossible rate."""

    code = "clock_goes_forward"
    zh = "市场时钟只能向前,倍率须在 0 到 {max_rate} 之间"
    en = "The market clock only goes forward, at a rate from 0 to {max_rate}"


@dataclass(frozen=True)
class ClockState:
    """How market time relates to real time."""

    now: datetime
    rate: float
    moved: bool


async def now(session: AsyncSession) -> datetime:
    """The market's time now, on the database's clock (aware, UTC)."""
    moment: datetime = (await session.execute(text("SELECT market_now()"))).scalar_one()
    return moment


async def real_now(session: AsyncSession) -> datetime:
    """Real time on the database's clock: for tokens and locks, which no sandbox clock moves."""
    moment: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return moment


def machine_now() -> datetime:
    """This machine's clock: for commands that work without a database."""
    return datetime.now(UTC)


async def state(session: AsyncSession) -> ClockState:
    """Market time, its rate against real time, and whether it was ever moved."""
    row = (
        await session.execute(text("SELECT market_now(), (SELECT rate FROM market_clock) AS rate"))
    ).one()
    return ClockState(now=row[0], rate=1.0 if row[1] is None else row[1], moved=row[1] is not None)


async def move(
    session: AsyncSession, *, sandbox: bool, advance: timedelta, rate: float
) -> ClockState:
    """Advance the market clock and set its rate (market seconds per real second).

    Raises ClockNotMovable outside the sandbox and ClockGoesForward for a negative advance.
    """
    if not sandbox:
        raise ClockNotMovable
    if advance < timedelta(0) or not 0 <= rate <= MAX_RATE:
        raise ClockGoesForward(max_rate=MAX_RATE)
    await session.execute(text("LOCK TABLE market_clock IN EXCLUSIVE MODE"))
    moment = await now(session) + advance
    await session.execute(
        text(
            "INSERT INTO market_clock (id, anchor_real, anchor_market, rate)"
            " VALUES (1, clock_timestamp(), :moment, :rate) ON CONFLICT (id) DO UPDATE SET"
            " anchor_real = excluded.anchor_real, anchor_market = excluded.anchor_market,"
            " rate = excluded.rate"
        ),
        {"moment": moment, "rate": rate},
    )
    return await state(session)


async def rewind_empty_market(
    session: AsyncSession, *, sandbox: bool, to: datetime, rate: float
) -> None:
    """Start an empty sandbox in the past, so that a history can happen in it.

    The caller answers for the market being empty: no date of a record may lie ahead.
    """
    if not sandbox:
        raise ClockNotMovable
    await session.execute(
        text(
            "INSERT INTO market_clock (id, anchor_real, anchor_market, rate)"
            " VALUES (1, clock_timestamp(), :moment, :rate)"
        ),
        {"moment": to, "rate": rate},
    )


async def advance_to(session: AsyncSession, moment: datetime) -> None:
    """Bring a moved clock forward to `moment`, keeping its rate; never back."""
    current = await state(session)
    await move(
        session,
        sandbox=current.moved,
        advance=max(moment - current.now, timedelta(0)),
        rate=current.rate,
    )


async def rejoin_real_time(session: AsyncSession) -> None:
    """Let market time be real time again; the moved clock must not be ahead of it."""
    if await now(session) > await real_now(session):
        raise ClockGoesForward(max_rate=MAX_RATE)
    await session.execute(text("DELETE FROM market_clock"))


async def require_real_outside_sandbox(session: AsyncSession, *, sandbox: bool) -> None:
    """Refuse to serve a database whose clock was moved, unless this is a sandbox."""
    if not sandbox and (await state(session)).moved:
        raise RuntimeError(
            "this database's market clock was moved in a sandbox; production does not serve it"
        )
