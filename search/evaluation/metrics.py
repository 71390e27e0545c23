"""nDCG@10, MRR@10, recall@100 and percentiles.

Equal scores have no order of their own: a gain within a tie counts as the mean of the tie, so that
neither the order of a file nor an id decides a figure.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DEPTH = 10
RECALL_DEPTH = 100


def _discounts(count: int) -> Floats:
    return np.asarray(1 / np.log2(np.arange(2, count + 2)))


def expected_gains(scores: Floats, gains: Floats) -> Floats:
    """Gains in the order of scores, each as the mean of its tie."""
    order = np.argsort(-scores, kind="stable")
    _, tie = np.unique(-scores[order], return_inverse=True)
    total = np.bincount(tie, gains[order])
    return np.asarray((total / np.bincount(tie))[tie])


def ndcg(scores: Floats, gains: Floats, depth: int = DEPTH) -> float:
    """Normalised discounted cumulative gain with linear gain; needs a gain above 0."""
    got = expected_gains(scores, gains)[:depth]
    ideal = -np.sort(-gains)[:depth]
    return float(got @ _discounts(len(got)) / (ideal @ _discounts(len(ideal))))


def random_ndcg(gains: Floats, depth: int = DEPTH) -> float:
    """What any order gives on the average."""
    return ndcg(np.zeros(len(gains)), gains, depth)


def reciprocal_rank(relevant: Sequence[bool], depth: int = DEPTH) -> float:
    """1 / place of the first relevant one, 0 when there is none up to `depth`."""
    for place, is_relevant in enumerate(relevant[:depth], start=1):
        if is_relevant:
            return 1 / place
    return 0.0


def standard_error(values: Floats) -> float:
    """Of the mean; 0 for a single value."""
    if len(values) < 2:
        return 0.0
    return float(values.std(ddof=1) / math.sqrt(len(values)))


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and the longest, in milliseconds."""
    if not seconds:
        return {}
    values = np.array(seconds) * 1000
    named = {f"p{share}": float(np.percentile(values, share)) for share in (50, 95, 99)}
    return {name: round(one, 3) for name, one in (named | {"max": float(values.max())}).items()}
