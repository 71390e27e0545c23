"""Estimates per second, one by one and in bulk, and a Monte Carlo of 100,000 paths.

The baseline of each figure is plain NumPy of the same arithmetic in the same run: the formula as it
is written, over whole arrays, with NumPy's own distributions, without explaining itself.
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


def plain_paths(paths: int, amounts: Array, seed: int) -> Array:
    """V = sum of R_t f k (1-d)^(t-1) (1-tax) / (1+r)^(t-0.5), as it is written."""
    random = np.random.default_rng(seed)
    factor = random.triangular(0.7, 1.0, 1.3, paths)
    royalty = random.triangular(0.04, 0.05, 0.06, paths)
    rate = random.triangular(0.16, 0.18, 0.20, paths)
    total = np.zeros(paths)
    for year, amount in enumerate(amounts, start=1):
        total += amount * factor * royalty * 0.95 ** (year - 1) / (1 + rate) ** (year - 0.5)
    return np.quantile(total, [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])


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
    return np.quantile(total, [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])


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


def plain_estimate(features: Array, prices: Array, number: int) -> Array:
    """Similarity of texts by one product, quantiles of the nearest 30, and the simulation."""
    similar = features @ features[number]
    nearest = np.argsort(similar)[-30:]
    order = nearest[np.argsort(prices[nearest])]
    weights = np.cumsum(similar[order] ** 4)
    quantiles = np.interp([0.1, 0.5, 0.9], weights / weights[-1], prices[order])
    amounts = 1e9 * 1.1 ** np.arange(YEARS)
    return np.concatenate([quantiles, plain_paths(PATHS_OF_ESTIMATE, amounts, number)])


def estimates() -> None:
    """Whole estimates by three approaches: one with its pool made for it, and many on one pool."""
    deals = pool()
    texts = [one.body for one in deals]
    features = features_of(texts)
    prices = np.array([float(one.price_fen) for one in deals])

    def value(number: int, prepared: comparables.Prepared) -> None:
        wanted = subject(number)
        chosen = comparables.nearest(wanted, prepared, DAY, SET)
        rules.value(wanted, PLAN, chosen, DAY, SET, number)

    prepared = comparables.prepare(deals)
    one = best(lambda: value(1, comparables.prepare(deals)), rounds=5)
    plain = best(lambda: plain_estimate(features_of(texts), prices, 1), rounds=5)
    figure("pricing.estimate.single", 1 / one, "estimates/s", baseline=("plain NumPy", 1 / plain))
    began = time.process_time()
    for number in range(ESTIMATES):
        value(number, prepared)
    bulk = (time.process_time() - began) / ESTIMATES
    began = time.process_time()
    for number in range(ESTIMATES):
        plain_estimate(features, prices, number)
    plain = (time.process_time() - began) / ESTIMATES
    figure("pricing.estimate.bulk", 1 / bulk, "estimates/s", baseline=("plain NumPy", 1 / plain))


def main() -> None:
    """Print all figures."""
    monte_carlo()
    estimates()


if __name__ == "__main__":
    main()
