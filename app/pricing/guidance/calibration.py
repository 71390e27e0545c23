"""Probabilities that come true as often as they say: a logistic curve over stated ones.

The log odds of what happened are a line in the log odds that were stated (Platt 1999). Two numbers
are enough for the few outcomes that a market has, and the order of offers stays as it was.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.special import expit

from app.pricing.approaches.results import Frozen

BINS = 10
_EDGE = 1e-6
_PENALTY = 1.0
_ROUNDS = 50
_STILL = 1e-10
Floats = npt.NDArray[np.float64]


class Calibration(Frozen):
    """Log odds = intercept + slope * stated log odds; learned from so many outcomes.

    `error` is the expected calibration error of the probabilities as they were stated.
    """

    intercept: float = 0.0
    slope: float = Field(1.0, gt=0)
    outcomes: int = 0
    error: float | None = None

    def apply(self, stated: Floats) -> Floats:
        """Calibrated probabilities."""
        odds = self.intercept + self.slope * log_odds(stated)
        found: Floats = expit(odds)
        return found


AS_STATED = Calibration()
"""What applies while too few outcomes are known."""


def log_odds(stated: Floats) -> Floats:
    """The log odds of probabilities; 0 and 1 are taken as almost so."""
    inside = np.clip(stated, _EDGE, 1.0 - _EDGE)
    found: Floats = np.log(inside) - np.log1p(-inside)
    return found


def calibrated(stated: Sequence[float], happened: Sequence[bool]) -> Calibration:
    """The calibration learned from probabilities and what happened; at least one of each outcome.

    Maximum likelihood with a weak penalty towards what was stated, by Newton's method. A slope
    that would turn the order around is refused: then only the intercept is learned.
    """
    odds = log_odds(np.asarray(stated, dtype=np.float64))
    truth = np.asarray(happened, dtype=np.float64)
    found = _fit(np.column_stack([np.ones_like(odds), odds]), truth, np.array([0.0, 1.0]))
    if found[1] <= 0:
        found = np.append(_fit(np.ones((len(odds), 1)), truth, np.zeros(1), odds), 1.0)
    return Calibration(
        intercept=float(found[0]),
        slope=float(found[1]),
        outcomes=len(truth),
        error=calibration_error(stated, happened),
    )


def _fit(columns: Floats, truth: Floats, prior: Floats, offset: Floats | None = None) -> Floats:
    """Newton's method; a step that would not raise the likelihood is halved."""
    given = np.zeros(len(truth)) if offset is None else offset

    def loss(weights: Floats) -> float:
        odds = columns @ weights + given
        far = weights - prior
        return float(np.sum(np.logaddexp(0.0, odds) - truth * odds) + _PENALTY / 2 * far @ far)

    weights = prior.copy()
    for _ in range(_ROUNDS):
        chance = expit(columns @ weights + given)
        slope = columns.T @ (truth - chance) - _PENALTY * (weights - prior)
        curve = columns.T @ (columns * (chance * (1 - chance))[:, None])
        step = np.linalg.solve(curve + _PENALTY * np.eye(len(weights)), slope)
        while loss(weights + step) > loss(weights) and float(np.abs(step).max()) >= _STILL:
            step = step / 2
        if float(np.abs(step).max()) < _STILL:
            break
        weights = weights + step
    return weights


def calibration_error(
    stated: Sequence[float], happened: Sequence[bool], bins: int = BINS
) -> float | None:
    """The expected calibration error over `bins` bins of equal width; None without outcomes.

    The mean of the difference between what was stated and how often it happened, by bin, weighted
    by the number of offers in it.
    """
    if not len(stated):
        return None
    given = np.asarray(stated, dtype=np.float64)
    truth = np.asarray(happened, dtype=np.float64)
    places = np.minimum((given * bins).astype(int), bins - 1)
    sums = np.bincount(places, given - truth, minlength=bins)
    return math.fsum(np.abs(sums)) / len(given)
