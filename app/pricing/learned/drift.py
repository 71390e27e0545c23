"""When a model is said to drift: late deals that its intervals or its median do not fit.

Of the latest offers that a model estimated before their outcome was known, the deals within the
80 % interval and the prices above the median are counted. Each count is binomial if the model is
right: a count beyond a limit that it passes with less than the configured probability is an alarm.
The median has to be off by more than a configured bias as well: much data would show what is of no
matter. Auctions in which nobody bid the floor count as prices below the median where the floor is
below it, and are left out where it is not: without them the prices seen would be too high.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import binom

from app.pricing.learned.calibration import MISS
from app.pricing.learned.configuration import Learning

INSIDE = 1 - 2 * MISS


class Judged:
    """An offer with its estimate in fen; `cleared` is None where it failed at the floor."""

    __slots__ = ("cleared", "floor", "high", "low", "middle")

    def __init__(
        self, low: int, middle: int, high: int, cleared: int | None, floor: int | None
    ) -> None:
        self.low, self.middle, self.high = low, middle, high
        self.cleared, self.floor = cleared, floor


def found(offers: Sequence[Judged], rules: Learning) -> dict[str, Any] | None:
    """What is wrong with the model in use, or None; needs `least_alarm_deals` deals."""
    deals = [one for one in offers if one.cleared is not None]
    if len(deals) < rules.least_alarm_deals:
        return None
    inside = sum(one.low <= _price(one) <= one.high for one in deals)
    failed_below = sum(
        one.cleared is None and one.floor is not None and one.floor <= one.middle for one in offers
    )
    above = sum(_price(one) > one.middle for one in deals)
    sided = len(deals) + failed_below
    bias = float(np.median([np.log(one.middle / _price(one)) for one in deals]))
    coverage = _limits(len(deals), INSIDE, rules.alarm_probability)
    sides = _limits(sided, 0.5, rules.alarm_probability)
    reasons = []
    if not coverage[0] <= inside <= coverage[1]:
        reasons.append("coverage")
    if not sides[0] <= above <= sides[1] and abs(bias) > rules.alarm_bias:
        reasons.append("bias")
    if not reasons:
        return None
    return {
        "reasons": reasons,
        "deals": len(deals),
        "inside": inside,
        "inside_limits": list(coverage),
        "above": above,
        "sided": sided,
        "above_limits": list(sides),
        "bias": round(bias, 4),
        "rule_set": rules.code,
    }


def _price(one: Judged) -> int:
    assert one.cleared is not None
    return one.cleared


def _limits(count: int, share: float, probability: float) -> tuple[int, int]:
    """The counts between which a binomial count lies but for `probability` on each side."""
    low = int(binom.ppf(probability, count, share))
    return low, int(binom.isf(probability, count, share))
