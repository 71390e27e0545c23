"""Corrections that make intervals hold: conformalised quantiles, by field, the latest deals first.

The quantiles of the trees are moved by what later deals show of their errors (Romano, Patterson and
Candès, 2019). Each side is corrected by itself, so that each misses one deal in ten. Errors are
weighted by age, as prices drift (Barber, Candès, Ramdas and Tibshirani, 2023). A field has a
correction of its own, mixed with that of all fields: with `field_weight` deals both count the
same, and with few deals a field is corrected as all are. That mixture holds by measurement, not by
theorem: the conformal guarantee is that of all fields together.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.pricing.learned.configuration import Learning
from app.pricing.learned.offers import Days, Floats, Offers
from app.pricing.learned.trees import UNIT, Units

SIDES = ("low", "middle", "high")
MISS = 0.1
"""The share of deals that lies beyond each end of the interval."""


@dataclass(frozen=True)
class Calibration:
    """What is added to the quantiles, in units: of all fields together, and of each field."""

    pooled: tuple[int, int, int]
    by_field: dict[str, tuple[int, int, int]]
    deals: dict[str, int]

    def corrections(self, offers: Offers) -> Units:
        """What is added to each quantile of each offer."""
        rows = [self.by_field.get(name, self.pooled) for name in offers.field.names]
        return np.array([*rows, self.pooled], dtype=np.int64)[offers.field.codes]

    def document(self) -> dict[str, Any]:
        """As it is stored."""
        return {"pooled": self.pooled, "by_field": self.by_field, "deals": self.deals}


def stored(document: dict[str, Any]) -> Calibration:
    """The calibration of a stored document."""
    low, middle, high = document["pooled"]
    return Calibration(
        pooled=(low, middle, high),
        by_field={name: (one[0], one[1], one[2]) for name, one in document["by_field"].items()},
        deals=document["deals"],
    )


def weighted_quantile(errors: Floats, weights: Floats, at: float, *, beyond: float = 0.0) -> float:
    """The smallest error that has a share `at` of the weights up to it.

    `beyond` is the weight of the deal to come, whose error may be larger than all: with it the
    quantile is the conformal one. Then the largest error stands for one that is beyond all.
    """
    order = np.argsort(errors, kind="stable")
    upto = np.cumsum(weights[order])
    place = int(np.searchsorted(upto, at * (upto[-1] + beyond) - 1e-12))
    return float(errors[order[min(place, len(order) - 1)]])


def _corrections(errors: Floats, weights: Floats, *, beyond: float) -> Floats:
    """How far low, middle and high have to move; `errors` are prices less quantiles."""
    return np.array(
        [
            -weighted_quantile(-errors[:, 0], weights, 1 - MISS, beyond=beyond),
            weighted_quantile(errors[:, 1], weights, 0.5),
            weighted_quantile(errors[:, 2], weights, 1 - MISS, beyond=beyond),
        ]
    )


def ages(day: Days, half_life_days: float) -> Floats:
    """Weights by age: the latest day counts one, a day that is a half-life older a half."""
    weights: Floats = 0.5 ** ((day.max() - day) / half_life_days)
    return weights


def calibrate(offers: Offers, quantiles: Floats, prices: Floats, rules: Learning) -> Calibration:
    """The corrections that offers later than the training ask for."""
    errors = prices[:, None] - quantiles
    weights = ages(offers.day, rules.half_life_days)
    pooled = _corrections(errors, weights, beyond=1.0)
    by_field, deals = {}, {}
    for code, name in enumerate(offers.field.names):
        rows = offers.field.codes == code
        deals[name] = int(rows.sum())
        if deals[name]:
            own = _corrections(errors[rows], weights[rows], beyond=0.0)
            share = deals[name] / (deals[name] + rules.field_weight)
            by_field[name] = _units(share * own + (1 - share) * pooled)
    return Calibration(_units(pooled), by_field, deals)


def _units(values: Floats) -> tuple[int, int, int]:
    low, middle, high = (round(float(value) * UNIT) for value in values)
    return low, middle, high
