"""Monte Carlo of a royalty flow: vectorised, in chunks, the same paths from the same seed.

Numbers are made from the raw output of PCG64, whose stream NumPy keeps stable, by our own inverse
distribution functions: the methods of `numpy.random.Generator` may change between versions, and
an old estimate has to come out the same to the fen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64
from scipy.special import ndtr, ndtri

from app.pricing.approaches import checks
from app.pricing.approaches.inputs import Distribution, Normal, Simulation, Triangular
from app.pricing.approaches.parameters import ParameterSet
from app.pricing.approaches.results import MOST_FEN
from app.pricing.errors import BadDistribution, ValueTooLarge

Array = npt.NDArray[np.float64]
CHUNK = 8_192
"""Paths at a time: the buffers of a chunk stay in the processor's cache."""

QUANTILES = (5, 10, 25, 50, 75, 90, 95)
BINS = 24
_TO_UNIT = 2.0**-53
_MOST_FACTOR = Decimal(20)
_VARIABLES = ("revenue", "royalty", "discount")


@dataclass(frozen=True)
class Inverse:
    """The inverse of a distribution function."""

    kind: str
    low: float
    high: float
    mode: float = 0.0
    sd: float = 0.0

    def fill(self, units: Array) -> None:
        """Turn numbers from 0 to 1 into values of the distribution, in place."""
        if self.low == self.high:
            units.fill(self.low)
        elif self.kind == "uniform":
            units *= self.high - self.low
            units += self.low
        elif self.kind == "triangular":
            self._triangular(units)
        else:
            first, last = (
                float(ndtr((end - self.mode) / self.sd)) for end in (self.low, self.high)
            )
            units *= last - first
            units += first
            ndtri(units, out=units)
            units *= self.sd
            units += self.mode
            np.clip(units, self.low, self.high, out=units)

    def _triangular(self, units: Array) -> None:
        """The root on the side of the mode that a number is on: one root for each number."""
        width = self.high - self.low
        left = units <= (self.mode - self.low) / width
        lower = units * (width * (self.mode - self.low))
        np.subtract(1.0, units, out=units)
        units *= width * (self.high - self.mode)
        root = np.where(left, lower, units)
        np.sqrt(root, out=root)
        np.add(root, self.low, out=lower)
        np.subtract(self.high, root, out=root)
        units[:] = np.where(left, lower, root)

    def at(self, share: float) -> Decimal:
        """A quantile, to eight places."""
        found = np.array([share])
        self.fill(found)
        return Decimal(repr(float(found[0]))).quantize(Decimal("0.00000001"))


@dataclass(frozen=True)
class Draws:
    """What is drawn on every path."""

    revenue: Inverse
    royalty: Inverse
    discount: Inverse

    def named(self, name: str) -> Inverse:
        """One of them."""
        found: Inverse = getattr(self, name)
        return found

    def shown(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            name: {"kind": one.kind, "low": one.low, "high": one.high}
            | ({} if one.kind == "uniform" else {"middle": one.mode})
            | ({"sd": one.sd} if one.kind == "normal" else {})
            for name, one in ((name, self.named(name)) for name in _VARIABLES)
        }


@dataclass(frozen=True)
class Paths:
    """What is simulated: yearly amounts by scenario after tax, before royalty and discounting."""

    amounts: Sequence[Sequence[float]]
    weights: Sequence[float]
    attenuation: float
    mid_year: bool
    draws: Draws
    paths: int


@dataclass(frozen=True)
class Simulated:
    """The values of all paths in fen in the order of their drawing, and their quantiles."""

    values: Array
    quantiles: dict[int, int]

    def shown(self, target_fen: int | None) -> dict[str, Any]:
        """Quantiles, mean, deviation and a histogram; the chance of reaching a target."""
        counts, edges = np.histogram(self.values, bins=BINS)
        summary = {
            "paths": len(self.values),
            "mean_fen": _whole(float(self.values.mean())),
            "deviation_fen": _whole(float(self.values.std())),
            "quantiles_fen": {str(name): value for name, value in self.quantiles.items()},
            "histogram": {
                "edges_fen": [_whole(float(one)) for one in edges],
                "counts": [int(one) for one in counts],
            },
        }
        if target_fen is not None:
            reached = np.count_nonzero(self.values >= target_fen) / len(self.values)
            summary["chance_of_target_bp"] = round(reached * 10_000)
        return summary


def _whole(value: float) -> int:
    if not np.isfinite(value) or abs(value) > MOST_FEN:
        raise ValueTooLarge(most=MOST_FEN)
    return int(np.floor(value + 0.5))


def run(given: Paths, seed: int) -> Simulated:
    """The value of every path.

    Each input has a stream of its own, so that the result does not depend on the size of chunks.
    By Horner's rule a year costs one multiplication and one addition.
    """
    amounts = np.asarray(given.amounts, dtype=np.float64)
    bounds = np.cumsum(np.asarray(given.weights))[:-1]
    streams = [PCG64([seed, place]) for place in range(len(_VARIABLES) + 1)]
    values = np.empty(given.paths)
    buffers = np.empty((5, min(CHUNK, given.paths)))
    for start in range(0, given.paths, CHUNK):
        size = min(CHUNK, given.paths - start)
        factor, royalty, rate, growth, spare = buffers[:, :size]
        for name, stream, into in zip(_VARIABLES, streams, (factor, royalty, rate), strict=False):
            _units(stream, into)
            given.draws.named(name).fill(into)
        chosen = None
        if len(amounts) > 1:
            _units(streams[-1], spare)
            chosen = np.searchsorted(bounds, spare, side="right")
        rate += 1.0
        np.divide(1.0, rate, out=rate)
        np.multiply(rate, 1.0 - given.attenuation, out=growth)
        total = values[start : start + size]
        _horner(amounts, chosen, growth, spare, total)
        if given.mid_year:
            np.sqrt(rate, out=rate)
        total *= rate
        total *= factor
        total *= royalty
    found = np.quantile(values, [one / 100 for one in QUANTILES])
    quantiles = {name: _whole(float(one)) for name, one in zip(QUANTILES, found, strict=True)}
    return Simulated(values, quantiles)


def _horner(
    amounts: Array, chosen: npt.NDArray[np.intp] | None, growth: Array, spare: Array, total: Array
) -> None:
    """The sum of amounts[t] * growth^(t-1), into `total`."""
    total.fill(0.0)
    for year in range(amounts.shape[1] - 1, -1, -1):
        total *= growth
        if chosen is None:
            total += amounts[0, year]
        else:
            np.take(amounts[:, year], chosen, out=spare, mode="clip")
            total += spare


def _units(stream: PCG64, into: Array) -> None:
    """Numbers from 0 to 1 with 53 random bits."""
    raw = stream.random_raw(len(into))
    np.right_shift(raw, np.uint64(11), out=raw)
    np.multiply(raw, _TO_UNIT, out=into)


def draws(given: Simulation, royalty: Decimal, rate: Decimal, parameters: ParameterSet) -> Draws:
    """The given distributions, or triangles around the base values; raises BadDistribution."""
    one = Decimal(1)
    spread = parameters.revenue_spread
    return Draws(
        revenue=_inverse(
            given.revenue or Triangular(low=one - spread, mode=one, high=one + spread),
            "revenue",
            _MOST_FACTOR,
        ),
        royalty=_inverse(
            given.royalty
            or Triangular(
                low=royalty * (one - parameters.royalty_spread),
                mode=royalty,
                high=min(one, royalty * (one + parameters.royalty_spread)),
            ),
            "royalty",
            one,
        ),
        discount=_inverse(
            given.discount
            or Triangular(
                low=max(Decimal(0), rate - parameters.discount_spread),
                mode=rate,
                high=min(one, rate + parameters.discount_spread),
            ),
            "discount",
            one,
        ),
    )


def _inverse(given: Distribution, name: str, most: Decimal) -> Inverse:
    """The distribution, if it is one and lies within 0 and `most`; raises BadRate as well."""
    field = f"income.simulation.{name}"
    checks.rate(given.low, f"{field}.low", name, most=most)
    checks.rate(given.high, f"{field}.high", name, most=most)
    low, high = float(given.low), float(given.high)
    if given.low > given.high:
        raise _bad(field, name, "low 大于 high", "low is more than high")
    if isinstance(given, Triangular):
        if not given.low <= given.mode <= given.high:
            raise _bad(field, name, "mode 须在 low 与 high 之间", "mode must be from low to high")
        return Inverse("triangular", low, high, mode=float(given.mode))
    if isinstance(given, Normal):
        if given.sd <= 0 or not given.low <= given.mean <= given.high:
            raise _bad(
                field,
                name,
                "sd 须大于 0,mean 须在 low 与 high 之间",
                "sd must be positive, and mean from low to high",
            )
        return Inverse("normal", low, high, mode=float(given.mean), sd=float(given.sd))
    return Inverse("uniform", low, high)


def _bad(field: str, name: str, zh: str, en: str) -> BadDistribution:
    return BadDistribution(field=checks.PLAN + field, name=name, problem_zh=zh, problem_en=en)
