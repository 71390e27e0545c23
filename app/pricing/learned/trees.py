"""Decision trees as arrays, evaluated without the library that grew them.

Leaves are whole numbers of 2**-32, and their sum is exact in any order, on any machine, in any
version of any library. Comparisons are of 32-bit floats, as the trees were grown. So an estimate
is the same to the fen for as long as integers add up.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

UNIT = 2**32
"""Units of one in logarithms of prices; a unit is a quarter of a billionth."""

_BLOCK = 256
Units = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Forest:
    """All trees after one another; `roots` has those of each output, `base` its constant.

    A leaf is its own child on both sides, so that walking `depth` steps ends in it.
    """

    roots: Places
    base: Units
    feature: Places
    threshold: npt.NDArray[np.float32]
    left: Places
    right: Places
    missing_left: npt.NDArray[np.bool_]
    leaf: Units
    depth: int

    def values(self, matrix: npt.NDArray[np.float32]) -> Units:
        """One row for each row, one column for each output, in units."""
        found = np.empty((len(matrix), len(self.base)), dtype=np.int64)
        for begin in range(0, len(matrix), _BLOCK):
            block = matrix[begin : begin + _BLOCK]
            rows = np.arange(len(block))[:, None]
            at = np.broadcast_to(self.roots.ravel(), (len(block), self.roots.size))
            for _ in range(self.depth):
                measured = block[rows, self.feature[at]]
                left = np.where(
                    np.isnan(measured), self.missing_left[at], measured < self.threshold[at]
                )
                at = np.where(left, self.left[at], self.right[at])
            by_output = self.leaf[at].reshape(len(block), *self.roots.shape)
            found[begin : begin + _BLOCK] = by_output.sum(axis=2) + self.base
        return found

    def document(self) -> dict[str, Any]:
        """As it is stored: numbers that JSON keeps exactly."""
        return {
            "roots": self.roots.tolist(),
            "base": self.base.tolist(),
            "feature": self.feature.tolist(),
            "threshold": self.threshold.astype(np.float64).tolist(),
            "left": self.left.tolist(),
            "right": self.right.tolist(),
            "missing_left": self.missing_left.astype(np.int8).tolist(),
            "leaf": self.leaf.tolist(),
            "depth": self.depth,
        }


def stored(document: dict[str, Any]) -> Forest:
    """The forest of a stored document."""
    return Forest(
        roots=np.array(document["roots"], dtype=np.int32),
        base=np.array(document["base"], dtype=np.int64),
        feature=np.array(document["feature"], dtype=np.int32),
        threshold=np.array(document["threshold"], dtype=np.float32),
        left=np.array(document["left"], dtype=np.int32),
        right=np.array(document["right"], dtype=np.int32),
        missing_left=np.array(document["missing_left"], dtype=np.bool_),
        leaf=np.array(document["leaf"], dtype=np.int64),
        depth=document["depth"],
    )


def exported(raw: bytes, outputs: int) -> Forest:
    """The forest of a booster that XGBoost saved as JSON, one tree for each output and round."""
    learner = json.loads(raw)["learner"]
    trees = learner["gradient_booster"]["model"]["trees"]
    owner = learner["gradient_booster"]["model"]["tree_info"]
    base = _numbers(learner["learner_model_param"]["base_score"], outputs)
    roots: list[list[int]] = [[] for _ in range(outputs)]
    columns: dict[str, list[Any]] = {
        name: [] for name in ("feature", "threshold", "left", "right", "missing", "leaf")
    }
    begin = depth = 0
    for tree, output in zip(trees, owner, strict=True):
        roots[output].append(begin)
        depth = max(depth, _append(tree, begin, columns))
        begin += len(tree["left_children"])
    return Forest(
        roots=np.array(roots, dtype=np.int32),
        base=_units(base),
        feature=np.array(columns["feature"], dtype=np.int32),
        threshold=np.array(columns["threshold"], dtype=np.float32),
        left=np.array(columns["left"], dtype=np.int32),
        right=np.array(columns["right"], dtype=np.int32),
        missing_left=np.array(columns["missing"], dtype=np.bool_),
        leaf=_units(columns["leaf"]),
        depth=depth,
    )


def _append(tree: dict[str, Any], begin: int, columns: dict[str, list[Any]]) -> int:
    """Take over the nodes of one tree; returns its depth."""
    levels = [0] * len(tree["left_children"])
    for node, left in enumerate(tree["left_children"]):
        right, split = tree["right_children"][node], tree["split_conditions"][node]
        is_leaf = left < 0
        columns["feature"].append(0 if is_leaf else tree["split_indices"][node])
        columns["threshold"].append(0.0 if is_leaf else split)
        columns["left"].append(begin + (node if is_leaf else left))
        columns["right"].append(begin + (node if is_leaf else right))
        columns["missing"].append(not is_leaf and bool(tree["default_left"][node]))
        columns["leaf"].append(split if is_leaf else 0.0)
        if not is_leaf:
            levels[left] = levels[right] = levels[node] + 1
    return max(levels)


def _numbers(text: str, outputs: int) -> list[float]:
    """The constants of the outputs: one number as text, or a list of them."""
    found = json.loads(text)
    return [float(one) for one in found] if isinstance(found, list) else [float(found)] * outputs


def _units(values: list[float]) -> Units:
    return np.rint(np.array(values, dtype=np.float64) * UNIT).astype(np.int64)
