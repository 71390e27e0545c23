"""Making a model from offers: older ones for the trees, later ones for the corrections."""

from datetime import date

import numpy as np

from app.pricing.errors import TooFewToLearn
from app.pricing.learned import calibration, features, training
from app.pricing.learned.configuration import Learning
from app.pricing.learned.model import Model
from app.pricing.learned.offers import Offers


def parts(offers: Offers, share: float) -> tuple[Offers, Offers]:
    """The older offers to learn from, and the later ones to calibrate with; no day is in both."""
    cut = offers.day[int(len(offers) * (1 - share))]
    at = int(np.searchsorted(offers.day, cut))
    return offers.take(np.arange(at)), offers.take(np.arange(at, len(offers)))


def fit(offers: Offers, rules: Learning, seed: int) -> Model:
    """Learn from offers in the order of their days; raises TooFewToLearn.

    Trees learn from the older offers, the later ones correct their quantiles; prices of failed
    offers are drawn below their floors in both.
    """
    sold = offers.sold
    deals = int(sold.sum())
    if deals < rules.least_deals:
        raise TooFewToLearn(found=deals, needed=rules.least_deals)
    known = features.encoding(offers, rules.least_of_category)
    older, later = parts(offers, rules.calibration_share)
    if int(older.sold.sum()) < rules.least_deals // 2:
        raise TooFewToLearn(found=int(older.sold.sum()), needed=rules.least_deals // 2)
    forest, random = training.train(older, known, rules, seed)
    quantiles = training.predicted(forest, later, known)
    prices = training.completed(forest, later, known, random)
    seen = offers.trl[sold & np.isfinite(offers.trl)]
    return Model(
        rule_set=rules.code,
        seed=seed,
        library=training.LIBRARY,
        encoding=known,
        forest=forest,
        calibration=calibration.calibrate(later, quantiles, prices, rules),
        deals=deals,
        failed=len(offers) - deals,
        first_day=date.fromordinal(int(offers.day[0])),
        last_day=date.fromordinal(int(offers.day[-1])),
        least_trl=int(seen.min()) if seen.size else 1,
        most_trl=int(seen.max()) if seen.size else 9,
    )
