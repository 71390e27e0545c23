"""Which amounts are valid now: increments, multiples and clocks, in integer fen.

`sign` is +1 where bids rise (forward) and -1 where they fall (reverse), so that each rule is
written once. Every function is O(1), or O(log n) in the number of tiers.
"""

from bisect import bisect_right
from datetime import datetime, timedelta

from app.auctions.engine.codes import Code

_SECOND = timedelta(seconds=1)


def step_at(froms: tuple[int, ...], steps: tuple[int, ...], price_fen: int) -> int:
    """The increment at a price: that of the last tier that begins at or below it."""
    if len(steps) == 1:
        return steps[0]
    return steps[max(0, bisect_right(froms, price_fen) - 1)]


def first_amount(start_fen: int, step_fen: int, sign: int, *, at_start: bool) -> int:
    """The least demanding first bid: the start price, or one step beyond it (rules.md 5.3)."""
    return start_fen if at_start else start_fen + sign * step_fen


def judge(
    base_fen: int, required_fen: int, step_fen: int, amount_fen: int, sign: int, *, multiples: bool
) -> Code | None:
    """Why an amount is not valid, or None.

    `base_fen` is the price, or the start price before the first bid; `required_fen` the least
    demanding valid amount. With `multiples` the distance to the base must be a multiple of the
    step (TV-D8); at or below the base no multiple helps, so that is `bid_too_low`.
    """
    gap = sign * (amount_fen - base_fen)
    beyond = sign * (amount_fen - required_fen)
    if gap < 0 or (beyond < 0 and (gap == 0 or not multiples)):
        return Code.TOO_LOW if sign > 0 else Code.TOO_HIGH
    if multiples and gap % step_fen:
        return Code.OFF_STEP
    return None


def extended(ends_at: datetime, received_at: datetime, extension: timedelta) -> datetime:
    """The end after a bid: `extension` from it at least (法释〔2016〕18号 art. 20; TV-D5)."""
    return max(ends_at, received_at + extension)


def clock_price(
    start_fen: int, stop_fen: int, step_fen: int, interval_s: int, elapsed: timedelta
) -> int:
    """The price of a clock after a time: a step nearer to the stop price in every interval."""
    moved = step_fen * (elapsed // (interval_s * _SECOND))
    if start_fen >= stop_fen:
        return max(start_fen - moved, stop_fen)
    return min(start_fen + moved, stop_fen)


def clock_length(start_fen: int, stop_fen: int, step_fen: int, interval_s: int) -> timedelta:
    """How long a clock runs: an interval for every price, the stop price included."""
    prices = -(-abs(start_fen - stop_fen) // step_fen) + 1
    return prices * interval_s * _SECOND
