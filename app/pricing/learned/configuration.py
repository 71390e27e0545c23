"""The dated configuration of learning: how a model is trained, what it refuses, when it drifts.

A set that models refer to is not edited: a new one is added with the day from which it is in force.
"""

import json
from datetime import date
from functools import cache
from pathlib import Path

from app.pricing.approaches.parameters import Origin
from app.pricing.approaches.results import Frozen


class Learning(Frozen):
    """The configuration from a day on.

    `passes` is how often failed offers are drawn anew; `field_weight` the number of deals at which
    a field's own correction counts as much as that of all fields. A model is trained from
    `least_deals` on, and again after `new_deals` more; it knows the latest `most_deals`.
    It reaches `reach_days` beyond its last deal. `alarm_deals` are looked at for drift.
    """

    code: str
    valid_from: date
    rounds: int
    depth: int
    learning_rate: float
    least_of_leaf: int
    passes: int
    calibration_share: float
    half_life_days: float
    field_weight: float
    origins_of_backtest: int
    backtest_offers: int
    least_deals: int
    least_of_field: int
    least_of_category: int
    reach_days: int
    new_deals: int
    most_deals: int
    alarm_deals: int
    least_alarm_deals: int
    alarm_probability: float
    alarm_bias: float
    origins: list[Origin]


@cache
def learning_sets() -> tuple[Learning, ...]:
    """All sets, the oldest first."""
    path = Path(__file__).with_name("configuration.json")
    rows = json.loads(path.read_text(encoding="utf-8"))
    return tuple(sorted(map(Learning.model_validate, rows), key=lambda one: one.valid_from))


def learning_on(day: date) -> Learning:
    """The set in force on a day; the first one for days before it."""
    found = [one for one in learning_sets() if one.valid_from <= day]
    return found[-1] if found else learning_sets()[0]


def learning(code: str) -> Learning:
    """The set that a model names; raises KeyError."""
    return {one.code: one for one in learning_sets()}[code]
