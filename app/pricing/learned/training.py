"""Growing the trees: quantiles of the log price, with failed offers taken for what they say.

An auction that failed says that the market would have paid less than its floor. Leaving it out
would learn from the dearer offers alone; taking the floor for a price would learn a price that
nobody paid. So a price below the floor is drawn from the model itself, several times, each time by
the model of the time before (data augmentation, as Tanner and Wong have it, with a seed).
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost
from scipy.special import ndtr, ndtri

from app.pricing.learned.configuration import Learning
from app.pricing.learned.features import Encoding, Matrix, matrix
from app.pricing.learned.offers import Floats, Offers
from app.pricing.learned.trees import UNIT, Forest, exported

QUANTILES = (0.1, 0.5, 0.9)
LIBRARY = f"xgboost {xgboost.__version__}"
BINS = 64
CHUNK = 100_000
"""Rows that are numbers at a time: the trees see bins of a byte, never the whole matrix."""

_LEAST_SHARE = 1e-4
_Z = float(ndtri(QUANTILES[-1]))


class _Chunks(xgboost.DataIter):
    """Hands the offers over in chunks."""

    def __init__(self, offers: Offers, known: Encoding, prices: Floats) -> None:
        super().__init__(release_data=True)
        self._offers, self._known, self._prices = offers, known, prices
        self._begin = 0

    def next(self, input_data: Callable[..., Any]) -> bool:
        """Give the next chunk, and say whether there was one."""
        if self._begin >= len(self._offers):
            return False
        rows = slice(self._begin, min(self._begin + CHUNK, len(self._offers)))
        chunk = self._offers.take(np.arange(rows.start, rows.stop))
        input_data(data=matrix(chunk, self._known), label=self._prices[rows])
        self._begin = rows.stop
        return True

    def reset(self) -> None:
        """Begin anew."""
        self._begin = 0


def grow(
    offers: Offers, prices: Floats, known: Encoding, rules: Learning, seed: int, rounds: int
) -> Forest:
    """The quantiles of the prices; the same arguments give the same forest on one machine."""
    settings = {
        "objective": "reg:quantileerror",
        "quantile_alpha": np.array(QUANTILES),
        "tree_method": "hist",
        "max_bin": BINS,
        "max_depth": rules.depth,
        "eta": rules.learning_rate,
        "min_child_weight": rules.least_of_leaf,
        "seed": seed % 2**31,
        "nthread": 1,
        "verbosity": 0,
    }
    data = xgboost.QuantileDMatrix(_Chunks(offers, known, prices), max_bin=BINS)
    booster = xgboost.train(settings, data, num_boost_round=rounds)
    return exported(bytes(booster.save_raw("json")), len(QUANTILES))


def predicted(forest: Forest, offers: Offers, known: Encoding) -> Floats:
    """The quantiles of each offer as logarithms, in rising order."""
    found = np.empty((len(offers), len(QUANTILES)))
    for rows in _parts(len(offers)):
        numbers: Matrix = matrix(offers.take(rows), known)
        found[rows] = np.sort(forest.values(numbers), axis=1) / UNIT
    return found


def _parts(size: int) -> Iterator[npt.NDArray[np.int64]]:
    for begin in range(0, size, CHUNK):
        yield np.arange(begin, min(begin + CHUNK, size))


def drawn(quantiles: Floats, below: Floats, random: np.random.Generator) -> Floats:
    """Log prices below these bounds, drawn from a normal on each side of the median."""
    middle = quantiles[:, 1]
    under = np.maximum(middle - quantiles[:, 0], 1e-6) / _Z
    over = np.maximum(quantiles[:, 2] - middle, 1e-6) / _Z
    share = ndtr((below - middle) / np.where(below < middle, under, over))
    at = ndtri(np.maximum(share, _LEAST_SHARE) * (1 - random.random(len(below))))
    found: Floats = middle + at * np.where(at < 0, under, over)
    return np.minimum(found, below)


def completed(
    forest: Forest | None, offers: Offers, known: Encoding, random: np.random.Generator
) -> Floats:
    """The log price of every offer: as agreed, or drawn below the floor of one that failed."""
    prices = offers.log_price.copy()
    failed = np.flatnonzero(~offers.sold)
    if forest is not None and failed.size:
        lost = offers.take(failed)
        prices[failed] = drawn(predicted(forest, lost, known), lost.log_floor, random)
    return prices


def train(
    offers: Offers, known: Encoding, rules: Learning, seed: int
) -> tuple[Forest, np.random.Generator]:
    """The forest of these offers, and the generator for what is drawn after it."""
    random = np.random.default_rng(seed)
    sold = offers.take(np.flatnonzero(offers.sold))
    few = max(1, rules.rounds // 3)
    has_failed = len(sold) < len(offers)
    rounds = few if has_failed else rules.rounds
    forest = grow(sold, sold.log_price, known, rules, seed, rounds)
    if has_failed:
        for left in range(rules.passes, 0, -1):
            prices = completed(forest, offers, known, random)
            rounds = few if left > 1 else rules.rounds
            forest = grow(offers, prices, known, rules, seed, rounds)
    return forest, random
