"""The dated configuration of valuations: bounds, weights, limits, each with its source.

What was not read at its source has `verify`. A set that valuations refer to is not edited: a new
one is added with the day from which it is in force.
"""

import json
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from app.pricing.approaches.results import Approach, Frozen


class Origin(Frozen):
    """Where a value of the configuration comes from."""

    parameter: str
    source: str
    verify: bool


class Bounds(Frozen):
    """The royalty on sales that an industry pays, as fractions."""

    zh: str
    en: str
    low: Decimal
    high: Decimal


class DimensionNames(Frozen):
    """A dimension of the indicator scheme, with the names of its indicators by code."""

    zh: str
    indicators: dict[str, str]


class ParameterSet(Frozen):
    """The configuration from a day on; rates are fractions."""

    code: str
    valid_from: date
    spread_share: Decimal
    statutory_methods: int
    statutory_signatures: int
    approach_weights: dict[Approach, Decimal]
    similarity_weights: dict[str, Decimal]
    half_life_years: Decimal
    least_similarity: Decimal
    least_comparables: int
    most_comparables: int
    yearly_price_change: Decimal
    terms_rate: Decimal
    instalment_months: int
    royalty_years: int
    tax_rate: Decimal
    economic_years: Decimal
    option_most_trl: int
    revenue_spread: Decimal
    royalty_spread: Decimal
    discount_spread: Decimal
    cost_spread: Decimal
    royalty_bounds: dict[str, Bounds]
    scheme: str
    dimensions: dict[str, DimensionNames]
    origins: list[Origin]


@cache
def parameter_sets() -> tuple[ParameterSet, ...]:
    """All sets, the oldest first."""
    path = Path(__file__).with_name("parameters.json")
    rows = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    found = [ParameterSet.model_validate(row) for row in rows]
    return tuple(sorted(found, key=lambda one: one.valid_from))


def parameters_on(day: date) -> ParameterSet:
    """The set in force on a day; the first one for days before it."""
    found = [one for one in parameter_sets() if one.valid_from <= day]
    return found[-1] if found else parameter_sets()[0]


def parameters(code: str) -> ParameterSet:
    """The set that a valuation names; raises KeyError."""
    return {one.code: one for one in parameter_sets()}[code]
