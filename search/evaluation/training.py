"""Learning weights from judgments, and measuring what was learned on needs it has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.evaluation.metrics import ndcg, standard_error
from search.matching.features import FEATURES, Floats

PENALTY = 30.0
FOLDS = 5
SEEDS = 5


@dataclass(frozen=True)
class Lesson:
    """One need: features of its judged candidates, and what each is worth (0 unrelated)."""

    features: Floats
    gains: Floats


def learn(lessons: Sequence[Lesson], columns: Sequence[int] | None = None) -> Floats:
    """Weights by ridge regression of gains on features, both centred within each need.

    A need weighs as the square root of its candidates. The solution is exact and has no chance in
    it. Features that are not in `columns` get 0.
    """
    chosen = list(range(len(FEATURES))) if columns is None else list(columns)
    square = PENALTY * np.eye(len(chosen))
    product = np.zeros(len(chosen))
    for lesson in lessons:
        part = lesson.features[:, chosen]
        weight = 1 / np.sqrt(len(lesson.gains))
        square += weight * part.T @ part
        product += weight * part.T @ (lesson.gains - lesson.gains.mean())
    weights = np.zeros(lessons[0].features.shape[1])
    weights[chosen] = np.linalg.solve(square, product)
    return weights


def folds(needs: int, seed: int, parts: int = FOLDS) -> list[NDArray[np.int64]]:
    """Needs by chance into parts: all candidates of a need are in one part."""
    order = np.random.default_rng(seed).permutation(needs)
    return [order[part::parts] for part in range(min(parts, needs))]


@dataclass(frozen=True)
class Quality:
    """Mean nDCG@10 over needs and its standard error, of models that had not seen them."""

    ndcg: float
    error: float
    needs: int


def cross_validated(
    lessons: Sequence[Lesson], columns: Sequence[int] | None = None, seeds: int = SEEDS
) -> Quality:
    """Learn on four fifths of the needs and judge the fifth, for every fifth and several splits.

    A need's figure is its mean over the splits; the error is between needs.
    """
    figures = np.zeros(len(lessons))
    for seed in range(seeds):
        for held_out in folds(len(lessons), seed):
            left_out = set(held_out.tolist())
            taught = [one for at, one in enumerate(lessons) if at not in left_out]
            weights = learn(taught, columns)
            for at in held_out:
                lesson = lessons[at]
                figures[at] += ndcg(lesson.features @ weights, lesson.gains) / seeds
    return Quality(float(figures.mean()), standard_error(figures), len(lessons))
