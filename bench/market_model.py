"""The market model: what it reaches on the simulated market, and what training takes.

First the rolling backtest on 20,000 simulated offers, against what is true: coverage of the 80 %
intervals of deals and of all offers (where an auction failed, of the price that the market would
have paid), per field, and the median absolute error against the median of the field. Then time and
peak memory of training against the number of offers. TECHMARKET_BENCH_OFFERS lists the sizes;
`TECHMARKET_BENCH_OFFERS=1000000 python -m bench market_model` trains on a million.
"""

import os
import subprocess
import sys
import time

import numpy as np
import orjson
import xgboost

from app.pricing.learned import backtest, features
from app.pricing.learned.configuration import learning
from app.pricing.learned.fitting import fit, parts
from app.pricing.learned.model import fen_of, packed
from app.pricing.learned.offers import Offers
from bench.harness import figure, own_mib
from bench.simulated_market import OFFERS, simulate

RULES = learning("LEARNING_2026")
SIZES = [int(one) for one in os.environ.get("TECHMARKET_BENCH_OFFERS", "20000,100000").split(",")]
SEED = int(os.environ.get("TECHMARKET_BENCH_SEED", "1"))
ASKED = 5_000


def quality() -> None:
    """Print the backtest on the simulated market as JSON."""
    market = simulate(OFFERS, SEED)
    tested = backtest.run(market.offers, RULES, SEED)
    found = backtest.summary(tested)
    latent = market.latent[tested.rows]
    found["all_offers"] = backtest.figures(latent, tested.estimates)
    found["all_offers_by_field"] = backtest.by_category(
        latent, tested.estimates, tested.offers.field
    )
    error, naive = found["whole"]["median_error"], found["naive_median_error"]
    found["lower_than_naive"] = round(1 - error / naive, 4)
    report = {"name": "market_model.backtest", "simulated": True, "offers": OFFERS, **found}
    print(orjson.dumps(report).decode(), flush=True)


def plain(older: Offers) -> float:
    """Seconds that XGBoost alone takes for the same trees, from a matrix that is all there."""
    sold = older.take(np.flatnonzero(older.sold))
    known = features.encoding(older, RULES.least_of_category)
    began = time.perf_counter()
    data = xgboost.QuantileDMatrix(features.matrix(sold, known), sold.log_price, max_bin=64)
    settings = {
        "objective": "reg:quantileerror",
        "quantile_alpha": np.array([0.1, 0.5, 0.9]),
        "tree_method": "hist",
        "max_bin": 64,
        "max_depth": RULES.depth,
        "eta": RULES.learning_rate,
        "min_child_weight": RULES.least_of_leaf,
        "nthread": 1,
    }
    few = RULES.rounds // 3
    xgboost.train(settings, data, num_boost_round=RULES.rounds + RULES.passes * few)
    return time.perf_counter() - began


def training(size: int) -> None:
    """Time and peak memory of training on so many offers, in a process of its own."""
    offers = simulate(size, SEED).offers
    began = time.perf_counter()
    model = fit(offers, RULES, SEED)
    took = time.perf_counter() - began
    peak = _peak_mib()
    older, _ = parts(offers, RULES.calibration_share)
    figure(
        f"market_model.training.{size}",
        took,
        "s",
        baseline=("XGBoost alone, as many rounds on the sold offers", plain(older)),
        peak_mib=peak,
        higher_is_better=False,
    )
    if size == SIZES[0]:
        asked = offers.take(np.arange(min(ASKED, size)))
        began = time.perf_counter()
        units = model.estimates(asked)
        fens = [[fen_of(one) for one in row] for row in units]
        ours = len(fens) / (time.perf_counter() - began)
        began = time.perf_counter()
        model.forest.values(features.matrix(asked, model.encoding))
        trees = len(asked) / (time.perf_counter() - began)
        figure("market_model.estimates", ours, "estimates/s", baseline=("trees alone", trees))
        print(orjson.dumps({"artefact_bytes": len(packed(model)[0])}).decode(), flush=True)


def _peak_mib() -> float:
    """The highest resident memory of this process so far, where the system says so."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return own_mib()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print all figures; each size is trained in a process of its own."""
    if len(sys.argv) > 1:
        training(int(sys.argv[1]))
        return
    quality()
    for size in SIZES:
        subprocess.run([sys.executable, "-m", "bench.market_model", str(size)], check=True)


if __name__ == "__main__":
    main()
