"""The dated configuration of guidance, each value with its source.

No data on bidders for technology are published, so nearly all of it is set by this platform and
marked to be verified. A set that guidance refers to is not edited: a new one is added.
"""

import json
from datetime import date
from functools import cache
from pathlib import Path

from app.pricing.approaches.parameters import Origin
from app.pricing.approaches.results import Frozen


class Parameters(Frozen):
    """The configuration from a day on; shares are fractions.

    Attributes:
        interval_level: the share of outcomes that a valuation's range is to hold.
        least_spread: the least deviation of the logarithm that a valuation is taken to have.
        private_spread: deviation of the logarithms of what bidders would pay for the same object.
        prior_bidders: bidders of a listing where nothing is known.
        prior_listings: how many listings that prior counts as.
        turnout_shape: shape of the gamma distribution of turnouts between listings.
        turnout_years: how long past listings count.
        usual_start: the start price, as a share of the value, that past turnouts belong to.
        entry_margin: who would not pay that much more than the start price does not apply.
        new_bidders: share of the possible bidders who are new at a relisting.
        relistings: how many relistings are looked ahead.
        round_keeps: what a price is worth one relisting later.
        increment_least, increment_most: the step as a share of the start price.
        increment_steps: steps from the start to a high price.
        least_outcomes: own outcomes before probabilities are calibrated by them.
    """

    code: str
    valid_from: date
    interval_level: float
    least_spread: float
    private_spread: float
    prior_bidders: float
    prior_listings: int
    turnout_shape: float
    turnout_years: int
    usual_start: float
    entry_margin: float
    new_bidders: float
    relistings: int
    round_keeps: float
    increment_least: float
    increment_most: float
    increment_steps: int
    least_outcomes: int
    origins: list[Origin]


@cache
def parameter_sets() -> tuple[Parameters, ...]:
    """All sets, the oldest first."""
    path = Path(__file__).with_name("parameters.json")
    found = [Parameters.model_validate(row) for row in json.loads(path.read_text("utf-8"))]
    return tuple(sorted(found, key=lambda one: one.valid_from))


def parameters_on(day: date) -> Parameters:
    """The set in force on a day; the first one for days before it."""
    found = [one for one in parameter_sets() if one.valid_from <= day]
    return found[-1] if found else parameter_sets()[0]


def parameters(code: str) -> Parameters:
    """The set that a record names; raises KeyError."""
    return {one.code: one for one in parameter_sets()}[code]
