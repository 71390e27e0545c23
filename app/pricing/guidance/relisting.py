"""What failed sessions teach about a relisting: how often a lower price sold, by how much lower.

The log odds of a sale are a line in the logarithm of the cut, learned by logistic regression. The
sessions are of traded goods, not of technology: there is no public data set of technology auctions.
Sellers chose the cuts in view of their market, so the line says what went with a cut, not what a
cut brings about. The file that is shipped has its origin, licence and recipe in it; it is written
by `techmarket pricing learn-relist`.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from app.pricing.approaches.results import Frozen
from app.pricing.guidance.calibration import Floats, calibration_error

WITHIN = timedelta(hours=72)
"""A session so soon after a failed one of the same product and quantity is its relisting."""
LEAST_CUT = 0.005
LEAST_CASES = 60
TRAINED = 0.7
"""The share of cases, the earliest, that the figures of an evaluation are learned from."""
_PENALTY = 1e-3
_ROUNDS = 50


@dataclass(frozen=True)
class Session:
    """One session of an auction: a product, a quantity, where it started, whether it sold."""

    product: str
    quantity: int
    at: datetime
    price: float
    sold: bool


@dataclass(frozen=True)
class Case:
    """A relisting: how far it went below the failed price, and whether it sold."""

    at: datetime
    product: str
    cut: float
    sold: bool


class Band(Frozen):
    """Relistings by the size of their cut: how many, and how many of them sold."""

    above: float
    upto: float
    cases: int
    sold: int


class Evaluation(Frozen):
    """Figures on the later cases of a curve learned from the earlier ones.

    `log_loss` and `naive_log_loss` (the share sold of the earlier ones for each) are means, `gain`
    their difference and `gain_error` its standard error; `error` is the calibration error.
    """

    learned_from: int
    tested_on: int
    log_loss: float
    naive_log_loss: float
    gain: float
    gain_error: float
    error: float


class RelistCurve(Frozen):
    """The learned curve and its evidence; `low` and `high` are the 5 % and 95 % quantiles of the
    cuts it was learned from, outside of which it says nothing."""

    code: str
    origin: str
    licence: str
    recipe: dict[str, str]
    first_day: str
    last_day: str
    intercept: float
    slope: float
    cases: int
    sold: int
    products: int
    low: float
    median: float
    high: float
    bands: list[Band]
    evaluation: Evaluation

    def sale(self, cut: float) -> float:
        """The share of relistings with this cut that sold, by the curve; a cut outside of what was
        seen is taken as the nearest that was."""
        inside = min(max(cut, self.low), self.high)
        return 1.0 / (1.0 + math.exp(-self.intercept - self.slope * math.log(inside)))


def cases_of(sessions: Sequence[Session]) -> list[Case]:
    """The relistings among sessions, the earliest first."""
    of_product: dict[str, list[Session]] = {}
    for one in sessions:
        of_product.setdefault(one.product, []).append(one)
    found = [
        Case(after.at, after.product, 1.0 - after.price / before.price, after.sold)
        for runs in of_product.values()
        for before, after in pairwise(sorted(runs, key=lambda one: one.at))
        if not before.sold
        and after.quantity == before.quantity
        and after.price <= before.price
        and after.at - before.at <= WITHIN
    ]
    return sorted(found, key=lambda one: one.at)


def fit(cases: Sequence[Case]) -> tuple[float, float]:
    """Intercept and slope of the log odds of a sale in the logarithm of the cut."""
    cuts = np.log(np.maximum([one.cut for one in cases], LEAST_CUT))
    columns = np.column_stack([np.ones_like(cuts), cuts])
    truth = np.array([one.sold for one in cases], dtype=np.float64)
    weights = np.zeros(2)
    for _ in range(_ROUNDS):
        chance = 1.0 / (1.0 + np.exp(-columns @ weights))
        curve = columns.T @ (columns * (chance * (1 - chance))[:, None]) + _PENALTY * np.eye(2)
        weights = weights + np.linalg.solve(
            curve, columns.T @ (truth - chance) - _PENALTY * weights
        )
    return float(weights[0]), float(weights[1])


def evaluate(cases: Sequence[Case]) -> Evaluation:
    """Learn from the earlier cases and look at the later ones."""
    cut = round(len(cases) * TRAINED)
    earlier, later = cases[:cut], cases[cut:]
    intercept, slope = fit(earlier)
    cuts = np.log(np.maximum([one.cut for one in later], LEAST_CUT))
    stated: Floats = 1.0 / (1.0 + np.exp(-intercept - slope * cuts))
    truth = np.array([one.sold for one in later], dtype=np.float64)
    share = sum(one.sold for one in earlier) / len(earlier)
    loss, naive = _losses(stated, truth), _losses(np.full(len(later), share), truth)
    gain = naive - loss
    error = calibration_error(stated.tolist(), [one.sold for one in later])
    return Evaluation(
        learned_from=len(earlier),
        tested_on=len(later),
        log_loss=round(float(loss.mean()), 4),
        naive_log_loss=round(float(naive.mean()), 4),
        gain=round(float(gain.mean()), 4),
        gain_error=round(float(gain.std(ddof=1) / math.sqrt(len(later))), 4),
        error=round(error or 0.0, 4),
    )


def _losses(stated: Floats, truth: Floats) -> Floats:
    found: Floats = -(truth * np.log(stated) + (1 - truth) * np.log(1 - stated))
    return found


_BANDS = (0.0, 0.03, 0.05, 0.07, 0.10, 0.15, 0.25, 1.0)


def learn(
    sessions: Sequence[Session], *, code: str, origin: str, licence: str, recipe: dict[str, str]
) -> RelistCurve:
    """The curve of all cases, with the evaluation of one that saw the earlier ones alone.

    Raises ValueError for fewer than LEAST_CASES relistings, or cuts that do not differ.
    """
    cases = cases_of(sessions)
    if len(cases) < LEAST_CASES:
        raise ValueError(f"{len(cases)} relistings, at least {LEAST_CASES} are needed")
    cuts = np.array([one.cut for one in cases])
    if float(np.ptp(cuts)) < LEAST_CUT:
        raise ValueError("all cuts are the same: nothing to learn")
    intercept, slope = fit(cases)
    low, median, high = (round(float(one), 4) for one in np.quantile(cuts, (0.05, 0.5, 0.95)))
    bands = [
        Band(above=above, upto=upto, cases=int(inside.sum()), sold=int(sold[inside].sum()))
        for sold in [np.array([one.sold for one in cases])]
        for above, upto in pairwise(_BANDS)
        for inside in [(cuts > above) & (cuts <= upto)]
    ]
    return RelistCurve(
        code=code,
        origin=origin,
        licence=licence,
        recipe=recipe,
        first_day=cases[0].at.date().isoformat(),
        last_day=cases[-1].at.date().isoformat(),
        intercept=round(intercept, 4),
        slope=round(slope, 4),
        cases=len(cases),
        sold=sum(one.sold for one in cases),
        products=len({one.product for one in cases}),
        low=max(low, LEAST_CUT),
        median=median,
        high=high,
        bands=bands,
        evaluation=evaluate(cases),
    )


@cache
def curves() -> dict[str, RelistCurve]:
    """The curves that are shipped, by code, the oldest first."""
    path = Path(__file__).with_name("relisting.json")
    rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return {row["code"]: RelistCurve.model_validate(row) for row in rows}


def latest() -> RelistCurve:
    """The curve that new guidance uses."""
    return list(curves().values())[-1]
