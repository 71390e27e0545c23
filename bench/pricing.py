"""Estimates per second, one by one and in bulk, and a Monte Carlo of 100,000 paths.

The baseline of each figure is plain NumPy of the same arithmetic in the same run: the formula as it
is written, over whole arrays, with NumPy's own distributions, without explaining itself. Estimates
are compared with all the arithmetic that an estimate does, and with a part of it (texts and paths).
TECHMARKET_BENCH_DEALS and TECHMARKET_BENCH_ESTIMATES set the sizes.
"""

import os
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from app.pricing import comparables, rules
from app.pricing.approaches import simulation
from app.pricing.approaches.inputs import Plan
from app.pricing.approaches.parameters import parameters
from app.pricing.approaches.simulation import Draws, Inverse, Paths
from app.pricing.models import ComparablePrice
from app.pricing.rules import Subject
from bench.harness import figure

DEALS = int(os.environ.get("TECHMARKET_BENCH_DEALS", "500"))
ESTIMATES = int(os.environ.get("TECHMARKET_BENCH_ESTIMATES", "200"))
PATHS, YEARS, ROUNDS = 100_000, 10, 7
BULK_ROUNDS = 3
PARTS = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
PATHS_OF_ESTIMATE = 20_000
DAY = date(2026, 6, 30)
SET = parameters("PRICING_2026")
WORDS = ("一种", "基于", "用于", "智能", "高效", "装置", "方法", "系统", "电池", "材料", "传感器")
Array = npt.NDArray[np.float64]


def best(run: Callable[[], Any], *, rounds: int = ROUNDS) -> float:
    """The shortest of several runs in seconds of the processor, so that others count less."""
    took = []
    for _ in range(rounds):
        began = time.process_time()
        run()
        took.append(time.process_time() - began)
    return min(took)


def path_values(paths: int, amounts: Array, seed: int) -> Array:
    """V = sum of R_t f k (1-d)^(t-1) (1-tax) / (1+r)^(t-0.5), as it is written."""
    random = np.random.default_rng(seed)
    factor = random.triangular(0.7, 1.0, 1.3, paths)
    royalty = random.triangular(0.04, 0.05, 0.06, paths)
    rate = random.triangular(0.16, 0.18, 0.20, paths)
    total = np.zeros(paths)
    for year, amount in enumerate(amounts, start=1):
        total += amount * factor * royalty * 0.95 ** (year - 1) / (1 + rate) ** (year - 0.5)
    return total


def plain_paths(paths: int, amounts: Array, seed: int) -> Array:
    """The quantiles of these values."""
    return np.quantile(path_values(paths, amounts, seed), PARTS)


def horner_paths(paths: int, amounts: Array, seed: int) -> Array:
    """The same by Horner's rule: a harder baseline, without any power."""
    random = np.random.default_rng(seed)
    factor = random.triangular(0.7, 1.0, 1.3, paths)
    royalty = random.triangular(0.04, 0.05, 0.06, paths)
    discount = 1 / (1 + random.triangular(0.16, 0.18, 0.20, paths))
    growth = discount * 0.95
    total = np.zeros(paths)
    for amount in amounts[::-1]:
        total = total * growth + amount
    total = total * np.sqrt(discount) * factor * royalty
    return np.quantile(total, PARTS)


def monte_carlo() -> None:
    """Paths per second of the simulation, with its quantiles."""
    amounts = np.linspace(1e9, 2e9, YEARS)
    drawn = Draws(
        revenue=Inverse("triangular", 0.7, 1.3, mode=1.0),
        royalty=Inverse("triangular", 0.04, 0.06, mode=0.05),
        discount=Inverse("triangular", 0.16, 0.20, mode=0.18),
    )
    given = Paths([list(amounts)], [1.0], 0.05, mid_year=True, draws=drawn, paths=PATHS)
    ours = best(lambda: simulation.run(given, 1))
    for name, baseline in (("formula", plain_paths), ("horner", horner_paths)):
        plain = best(lambda run=baseline: run(PATHS, amounts, 1))  # type: ignore[misc]
        figure(
            f"pricing.monte_carlo.{name}",
            PATHS / ours,
            "paths/s",
            baseline=("plain NumPy", PATHS / plain),
        )


def title(number: int) -> str:
    """A title of seven words that differs from its neighbours'."""
    return "".join(WORDS[(number // 3**place + place) % len(WORDS)] for place in range(7))


def pool() -> list[ComparablePrice]:
    """Past deals of one field."""
    return [
        ComparablePrice(
            source="contract",
            source_key=f"deal:{number}",
            reference="",
            title=title(number),
            body=title(number) * 3,
            technical_field="new_energy_efficiency",
            ipc=[f"H01M {number % 50}/{number % 7:02d}"],
            trl=1 + number % 9,
            transfer_mode=("license", "assign")[number % 2],
            exclusive=number % 3 > 0,
            region=f"{11 + number % 5}0000",
            seller_kind="university",
            traded_on=DAY - timedelta(days=number % 2_000),
            price_fen=10_000_000 + number * 100_000,
            payment={"upfront_fen": 10_000_000 + number * 100_000, "later": [], "expected": False},
        )
        for number in range(DEALS)
    ]


def subject(number: int) -> Subject:
    """One achievement to be valued."""
    return Subject(
        title=title(number),
        text=title(number) * 3,
        technical_field="new_energy_efficiency",
        ipc=[f"H01M {number % 50}/{number % 7:02d}"],
        trl=1 + number % 9,
        mode="license",
        exclusive=True,
        region="110000",
        expires_on=None,
    )


PLAN = Plan.model_validate(
    {
        "market": {},
        "income": {
            "forecast": {"first_fen": 1_000_000_000, "growth": "0.1", "years": YEARS},
            "royalty": {"kind": "given", "rate": "0.05"},
            "discount": {"kind": "given", "rate": "0.18"},
            "attenuation": "0.05",
            "simulation": {"paths": PATHS_OF_ESTIMATE},
        },
        "cost": {
            "kind": "replacement",
            "items": [{"name": "研发", "amount_fen": 100_000_000}],
            "used_years": 1,
            "remaining_years": 9,
        },
    }
)


def features_of(texts: list[str]) -> Array:
    """Which pair of characters stands in which text: one row for each."""
    pairs = [{text[at : at + 2] for at in range(len(text) - 1)} for text in texts]
    column = {pair: place for place, pair in enumerate(sorted(set().union(*pairs)))}
    found = np.zeros((len(texts), len(column)))
    for row, own in enumerate(pairs):
        found[row, [column[pair] for pair in own]] = 1.0
    return found


class Columns:
    """The deals as plain arrays; which pair of characters stands in which text as a matrix."""

    def __init__(self, deals: list[ComparablePrice]) -> None:
        self.features = features_of([one.body for one in deals])
        self.lengths = self.features.sum(axis=1)
        self.prices = np.array([float(one.price_fen) for one in deals])
        self.fields = np.array([one.technical_field for one in deals])
        self.modes = np.array([one.transfer_mode for one in deals])
        self.regions = np.array([one.region[:2] for one in deals])
        self.exclusive = np.array([one.exclusive for one in deals])
        self.trl = np.array([float(one.trl or 0) for one in deals])
        self.days = np.array([one.traded_on.toordinal() for one in deals])
        symbols = [one.ipc[0].replace(" ", "") for one in deals]
        self.ipc = [np.array([symbol[:depth] for symbol in symbols]) for depth in (1, 3, 4)]
        self.ipc += [np.array([one.partition("/")[0] for one in symbols]), np.array(symbols)]


def similarity_of(known: Columns, number: int) -> Array:
    """The eight parts of similarity, as they are weighted."""
    weights = {name: float(one) for name, one in SET.similarity_weights.items()}
    own = known.features[number]
    score = np.zeros(len(known.prices))
    for column, value in zip(known.ipc, (0.15, 0.35, 0.6, 0.8, 1.0), strict=True):
        score[column == column[number]] = value
    text = 2 * (known.features @ own) / (known.lengths + own.sum())
    years = np.abs(DAY.toordinal() - known.days) / 365.25
    return (
        weights["field"] * (known.fields == known.fields[number])
        + weights["ipc"] * score
        + weights["text"] * text
        + weights["maturity"] * (1 - np.abs(known.trl - known.trl[number]) / 8)
        + weights["mode"] * np.where(known.modes == known.modes[number], 1.0, 0.3)
        + weights["exclusivity"] * np.where(known.exclusive == known.exclusive[number], 1.0, 0.5)
        + weights["region"] * np.where(known.regions == known.regions[number], 1.0, 0.5)
        + weights["time"] * 0.5 ** (years / float(SET.half_life_years))
    )


def plain_estimate(known: Columns, number: int, *, whole: bool) -> Array:
    """Quantiles of the nearest 30 and the simulation.

    `whole` is all that an estimate computes: eight parts of similarity, and of the simulation the
    mean, deviation and histogram, and the value at both ends of every input. Without it similarity
    is of texts alone, and of the simulation there are the quantiles: less than an estimate.
    """
    similar = similarity_of(known, number) if whole else known.features @ known.features[number]
    nearest = np.argsort(similar)[-30:]
    order = nearest[np.argsort(known.prices[nearest])]
    weights = np.cumsum(similar[order] ** 4)
    quantiles = np.interp([0.1, 0.5, 0.9], weights / weights[-1], known.prices[order])
    amounts = 1e9 * 1.1 ** np.arange(YEARS)
    if not whole:
        return np.concatenate([quantiles, plain_paths(PATHS_OF_ESTIMATE, amounts, number)])
    values = path_values(PATHS_OF_ESTIMATE, amounts, number)
    shape = [values.mean(), values.std(), *np.histogram(values, bins=24)[0]]
    years = np.arange(1, YEARS + 1)
    ends = [
        (amounts * factor * royalty * 0.95 ** (years - 1) / (1 + rate) ** (years - 0.5)).sum()
        for factor, royalty, rate in (
            (0.83, 0.05, 0.18),
            (1.17, 0.05, 0.18),
            (1.0, 0.0445, 0.18),
            (1.0, 0.0555, 0.18),
            (1.0, 0.05, 0.169),
            (1.0, 0.05, 0.191),
        )
    ]
    return np.concatenate([quantiles, np.quantile(values, PARTS), shape, ends])


def estimates() -> None:
    """Whole estimates by three approaches: one with its pool made for it, and many on one pool."""
    deals = pool()

    def value(number: int, prepared: comparables.Prepared) -> None:
        wanted = subject(number)
        chosen = comparables.nearest(wanted, prepared, DAY, SET)
        rules.value(wanted, PLAN, chosen, DAY, SET, number)

    one = best(lambda: value(1, comparables.prepare(deals)), rounds=5)
    prepared, columns = comparables.prepare(deals), Columns(deals)
    bulk = _each(lambda number: value(number, prepared))
    for name, whole in (("", True), (".texts_and_paths", False)):
        plain = best(lambda all_of=whole: plain_estimate(Columns(deals), 1, whole=all_of), rounds=5)  # type: ignore[misc]
        figure(
            f"pricing.estimate.single{name}",
            1 / one,
            "estimates/s",
            baseline=("plain NumPy", 1 / plain),
        )
        plain = _each(lambda number, all_of=whole: plain_estimate(columns, number, whole=all_of))  # type: ignore[misc]
        figure(
            f"pricing.estimate.bulk{name}",
            1 / bulk,
            "estimates/s",
            baseline=("plain NumPy", 1 / plain),
        )


def _each(run: Callable[[int], Any]) -> float:
    """Seconds of the processor for one of many, the best of some rounds."""
    took = []
    for _ in range(BULK_ROUNDS):
        began = time.process_time()
        for number in range(ESTIMATES):
            run(number)
        took.append((time.process_time() - began) / ESTIMATES)
    return min(took)


def main() -> None:
    """Print all figures."""
    monte_carlo()
    estimates()


if __name__ == "__main__":
    main()
