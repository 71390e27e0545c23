"""How good a model would have been: learned up to a day, asked about what came after, five times.

The origin rolls: each time the model knows only what was there on its day. The naive estimate is
what comparables of the field give without looking further: the median of the field's prices.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from app.pricing.errors import TooFewToLearn
from app.pricing.learned.configuration import Learning
from app.pricing.learned.fitting import fit
from app.pricing.learned.offers import Category, Flags, Floats, Offers
from app.pricing.learned.trees import UNIT

BEGIN = 0.5
"""The first origin: the older half of the offers is only learned from."""


@dataclass(frozen=True)
class Tested:
    """Estimates of offers that the models had not seen: their rows, low, middle, high, naive."""

    offers: Offers
    rows: npt.NDArray[np.int64]
    estimates: Floats
    naive: Floats
    origins: list[int]


def run(offers: Offers, rules: Learning, seed: int) -> Tested:
    """Test on the latest offers, in the order of their days.

    An origin before which there was too little to learn is left out. Raises TooFewToLearn.
    """
    deals = int(offers.sold.sum())
    if deals < rules.least_deals:
        raise TooFewToLearn(found=deals, needed=rules.least_deals)
    begin = max(0, len(offers) - rules.backtest_offers)
    known = offers.take(np.arange(begin, len(offers)))
    places = np.linspace(BEGIN, 1.0, rules.origins_of_backtest + 1)
    last = len(known) - 1
    days = [int(known.day[min(last, int(place * len(known)))]) for place in places[:-1]]
    enough = int(known.day[np.cumsum(known.sold) >= rules.least_deals][0]) + 1
    days = sorted({day for day in days if day >= enough})
    ends = [int(np.searchsorted(known.day, day)) for day in days] + [len(known)]
    estimates, naive = [np.empty((0, 3))], [np.empty(0)]
    for start, stop in pairwise(ends):
        past, coming = known.take(np.arange(start)), known.take(np.arange(start, stop))
        estimates.append(fit(past, rules, seed).estimates(coming) / UNIT)
        naive.append(_naive(past, coming))
    return Tested(
        offers=known.take(np.arange(ends[0], len(known))),
        rows=np.arange(begin + ends[0], len(offers)),
        estimates=np.concatenate(estimates),
        naive=np.concatenate(naive),
        origins=days,
    )


def _naive(past: Offers, coming: Offers) -> Floats:
    """The median log price of the field, of all fields where it has none."""
    sold = past.sold
    whole = float(np.median(past.log_price[sold]))
    of_field = np.full(len(coming.field.names) + 1, whole)
    for code in range(len(past.field.names)):
        prices = past.log_price[sold & (past.field.codes == code)]
        if prices.size:
            of_field[code] = np.median(prices)
    return of_field[coming.field.codes]


def figures(log_price: Floats, estimates: Floats, rows: Flags | None = None) -> dict[str, Any]:
    """Count, coverage, median absolute error and bias of estimates; shares of one."""
    if rows is not None:
        log_price, estimates = log_price[rows], estimates[rows]
    if not len(log_price):
        return {"deals": 0, "coverage": None, "median_error": None, "bias": None}
    inside = (estimates[:, 0] <= log_price) & (log_price <= estimates[:, 2])
    error = estimates[:, 1] - log_price
    return {
        "deals": len(log_price),
        "coverage": round(float(inside.mean()), 4),
        "median_error": round(float(np.median(np.abs(error))), 4),
        "bias": round(float(np.median(error)), 4),
    }


def by_category(log_price: Floats, estimates: Floats, column: Category) -> dict[str, Any]:
    """The figures of each category."""
    return {
        name: figures(log_price, estimates, column.codes == code)
        for code, name in enumerate(column.names)
    }


def summary(tested: Tested) -> dict[str, Any]:
    """What is stored with the model: figures of the deals, since only they have prices."""
    sold = np.flatnonzero(tested.offers.sold)
    deals = tested.offers.take(sold)
    estimates, naive = tested.estimates[sold], tested.naive[sold]
    naive_error = float(np.median(np.abs(naive - deals.log_price))) if len(deals) else None
    return {
        "origins": tested.origins,
        "failed": len(tested.offers) - len(deals),
        "naive_median_error": None if naive_error is None else round(naive_error, 4),
        "whole": figures(deals.log_price, estimates),
        "by_field": by_category(deals.log_price, estimates, deals.field),
        "by_seller": by_category(deals.log_price, estimates, deals.seller),
    }
