"""Whether stated probabilities of a sale come true, on the simulated market with known truth.

    python -m bench.sale_probability [offers]

Nothing here is data of a real market: see `bench.simulated_market`. The way is that of the product,
in the order of time: a market model learns from the first part of the offers; auctions of the next
part are valued by it, guidance states the probability of a sale at their floor, and a calibration
is learned from what happened; the last part is the test. Likely bidders are those of earlier
auctions of the field, as the number that will come is not known before. The error is the expected
calibration error over ten bins of equal width.
"""

import json
import math
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt

from app.pricing.guidance import relisting
from app.pricing.guidance.advice import Inputs, Limits, TurnoutSeen, Value, probability_at
from app.pricing.guidance.calibration import AS_STATED, calibrated, calibration_error
from app.pricing.guidance.parameters import parameter_sets
from app.pricing.learned.configuration import Learning, learning_sets
from app.pricing.learned.fitting import fit
from app.pricing.learned.model import Model
from app.pricing.learned.offers import Floats, Offers
from app.pricing.learned.trees import UNIT
from bench.simulated_market import OFFERS, Simulated, simulate

LEARNED, CALIBRATED = 0.6, 0.8
"""The share of offers, the earliest, that the model learns from, and up to which is calibrated."""
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Calibrated:
    """Calibration errors on the test part: as stated, calibrated, and of one share for all.

    `distance` is the mean distance of the calibrated probability from the true one.
    """

    auctions: int
    sold: float
    stated: float
    calibrated: float
    naive_distance: float
    distance: float


def inputs(prices: Floats, offers: Offers, row: int, seen: TurnoutSeen) -> Inputs:
    """What guidance on an auction would follow from; `prices` are low, middle and high."""
    low, middle, high = (max(1, round(math.exp(one))) for one in prices)
    floor = round(math.exp(offers.log_floor[row]))
    day = date.fromordinal(int(offers.day[row]))
    return Inputs(
        asked_on=day,
        value=Value(
            valuation_id=UUID(int=row),
            low_fen=low,
            value_fen=middle,
            high_fen=high,
            valued_on=day,
            rule_set="",
            method_version="",
            data_cut=datetime(day.year, day.month, day.day, tzinfo=UTC),
            approaches=["learned"],
        ),
        turnout=seen,
        limits=Limits(
            profile="PRIVATE",
            source="",
            round=1,
            price_fen=floor,
            increment_fen=100,
            failed_fen=[],
            appraisal_fen=None,
            floor_fen=None,
            later_floor_fen=None,
            least_fen=None,
            relist_cut_bp=2_000,
            relist_by=None,
            appraisal_missing=False,
        ),
        keep_fen=0,
        calibration=AS_STATED,
        calibration_id=None,
        parameters=parameter_sets()[-1].code,
        curve=relisting.latest().code,
    )


def stated(market: Simulated, model: Model, rows: Rows, before: int) -> list[float]:
    """The probability of a sale at the floor of each auction, from offers before a row."""
    offers = market.offers
    prices = model.estimates(offers.take(rows)) / UNIT
    earlier = np.flatnonzero(np.isfinite(offers.log_floor[:before]))
    found = []
    for at, row in enumerate(rows):
        name = offers.field.value(int(row)) or ""
        own = earlier[offers.field.codes[earlier] == offers.field.codes[row]]
        seen = TurnoutSeen(
            technical_field=name,
            since=date.fromordinal(int(offers.day[0])),
            field_listings=len(own),
            field_bidders=int(offers.bidders[own].sum()),
            all_listings=len(earlier),
            all_bidders=int(offers.bidders[earlier].sum()),
        )
        given = inputs(prices[at], offers, int(row), seen)
        found.append(probability_at(given, given.limits.price_fen))
    return found


def measured(size: int, seed: int = 1, rules: Learning | None = None) -> Calibrated:
    """Learn, calibrate and test on a market of so many offers."""
    market = simulate(size, seed)
    offers = market.offers
    learned, upto = (round(size * share) for share in (LEARNED, CALIBRATED))
    model = fit(offers.take(np.arange(learned)), rules or learning_sets()[-1], seed)
    auctions = np.flatnonzero(np.isfinite(offers.log_floor))
    taught = auctions[(auctions >= learned) & (auctions < upto)]
    tested = auctions[auctions >= upto]
    calibration = calibrated(stated(market, model, taught, learned), offers.sold[taught].tolist())
    as_stated = stated(market, model, tested, upto)
    corrected = calibration.apply(np.array(as_stated))
    sold = offers.sold[tested].tolist()
    truth = market.sale_probability[tested]
    share = float(offers.sold[taught].mean())
    return Calibrated(
        auctions=len(tested),
        sold=float(np.mean(sold)),
        stated=calibration_error(as_stated, sold) or 0.0,
        calibrated=calibration_error(corrected.tolist(), sold) or 0.0,
        naive_distance=float(np.abs(share - truth).mean()),
        distance=float(np.abs(corrected - truth).mean()),
    )


def main() -> None:
    """Print the figures as JSON."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else OFFERS
    begun = time.perf_counter()
    found = measured(size)
    figures = {name: round(value, 4) for name, value in vars(found).items()}
    seconds = round(time.perf_counter() - begun, 1)
    print(json.dumps({"offers": size, **figures, "bins": 10, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
