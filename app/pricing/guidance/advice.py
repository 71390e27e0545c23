"""What a seller is advised before an auction, from the inputs alone: the same give the same."""

import math
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from pydantic import Field

from app.pricing.approaches.results import Frozen, Note
from app.pricing.guidance import relisting, words
from app.pricing.guidance.calibration import Calibration
from app.pricing.guidance.demand import Demand, Floats, demand, spread_of
from app.pricing.guidance.parameters import Parameters, parameters
from app.pricing.guidance.plans import Bounds, Planner, Round, grid

METHOD_VERSION = "guidance/1"
"""Goes up whenever the same inputs would give other advice."""
CURVE = 21
HIGH = 0.9


class Value(Frozen):
    """The valuation that the advice builds on; amounts in fen.

    `model` is the market model that answered in it, if one did.
    """

    valuation_id: UUID
    low_fen: int = Field(gt=0)
    value_fen: int = Field(gt=0)
    high_fen: int = Field(gt=0)
    valued_on: date
    rule_set: str
    method_version: str
    data_cut: datetime
    approaches: list[str]
    model: dict[str, Any] | None = None


class TurnoutSeen(Frozen):
    """How many were qualified for past listings, of the field and of all fields."""

    technical_field: str
    since: date
    field_listings: int
    field_bidders: int
    all_listings: int
    all_bidders: int


class Limits(Frozen):
    """What the law and the listing's profile let the round ask for; amounts in fen."""

    profile: str
    source: str
    round: int
    price_fen: int
    increment_fen: int
    failed_fen: list[int]
    appraisal_fen: int | None
    floor_fen: int | None
    later_floor_fen: int | None
    least_fen: int | None
    relist_cut_bp: int
    relist_by: date | None
    appraisal_missing: bool


class Inputs(Frozen):
    """Everything that the advice follows from."""

    asked_on: date
    value: Value
    turnout: TurnoutSeen
    limits: Limits
    keep_fen: int = Field(ge=0)
    calibration: Calibration
    calibration_id: UUID | None
    parameters: str
    curve: str


class Bidders(Frozen):
    """How many are likely at the usual start price: their mean, and chances of 0, 1 and more.

    `possible` is the mean number of those who might bid at some price.
    """

    mean: float
    none: float
    one: float
    more: float
    possible: float


class PricePoint(Frozen):
    """A start price: the probability that it sells, the price that it then sells at, and what it is
    expected to bring in this round and with the relistings that may follow."""

    price_fen: int
    sale_probability: float
    sold_at_fen: int
    round_fen: int
    worth_fen: int


class NextRound(Frozen):
    """What would follow a failure: the price of the relisting and its probability of a sale."""

    price_fen: int
    sale_probability: float


class SecretReserve(Frozen):
    """Another way: a lower start price that keeps nobody away, with a secret reserve."""

    start_fen: int
    reserve_fen: int
    sale_probability: float
    worth_fen: int


class Increment(Frozen):
    """The step of bids, and the range it was chosen from."""

    fen: int
    least_fen: int
    most_fen: int


class RelistAdvice(Frozen):
    """What follows for a relisting: the price, how far below the failed one it is, and the evidence
    of sessions elsewhere at such a cut; those say nothing of technology."""

    failed_fen: int
    price_fen: int
    cut: float
    sale_probability: float
    sessions_sale: float
    sessions_cases: int
    sessions_low: float
    sessions_median: float
    sessions_high: float
    least_fen: int | None
    floor_fen: int | None
    relist_by: date | None


class Advice(Frozen):
    """The advice with its evidence; amounts in fen, probabilities from 0 to 1.

    `stated_probability` is that of the start price before calibration.
    """

    start: PricePoint
    stated_probability: float
    reserve: SecretReserve | None
    increment: Increment
    bidders: Bidders
    following: list[NextRound]
    relisting: RelistAdvice | None
    curve: list[PricePoint]
    notes: list[Note]


def advise(given: Inputs) -> Advice:
    """The advice for the next round of a listing; the same inputs give the same."""
    chosen = parameters(given.parameters)
    bidders, first = _demand(given, chosen)
    now = first
    for price in given.limits.failed_fen:
        now = now.after(price * (1.0 + chosen.entry_margin))
    bounds = _bounds(given.limits)
    planner = _planner(given, chosen)
    value = float(given.value.value_fen)
    best = planner.best(planner.rounds(now, grid(value, bounds.floor), bounds, chosen.relistings))
    free = best
    if bounds.floor or bounds.later_floor:
        tried = planner.rounds(now, grid(value, 0.0), _unbound(bounds), chosen.relistings)
        free = planner.best(tried)
    start_fen = _rounded(best.price, bounds.floor)
    curve = planner.rounds(now, _shown(value, start_fen), bounds, chosen.relistings)
    at = min(curve, key=lambda one: abs(one.price - start_fen))
    least = np.array([start_fen * (1.0 + chosen.entry_margin)])
    reserve = _reserve(planner, now, bounds, value, chosen)
    return Advice(
        start=_point(at),
        stated_probability=round(float(now.sale(least)[0]), 4),
        reserve=reserve,
        increment=_increment(now, start_fen, chosen),
        bidders=bidders,
        following=[
            NextRound(price_fen=_rounded(one.price, 0.0), sale_probability=round(one.sale, 4))
            for one in at.then
        ],
        relisting=_relisting(given, at, relisting.curves()[given.curve]),
        curve=[_point(one) for one in curve],
        notes=_notes(given, free, start_fen),
    )


def probability_at(given: Inputs, price_fen: int) -> float:
    """The probability of a sale at a start price before calibration: what outcomes calibrate."""
    chosen = parameters(given.parameters)
    _, now = _demand(given, chosen)
    for price in given.limits.failed_fen:
        now = now.after(price * (1.0 + chosen.entry_margin))
    return float(now.sale(np.array([price_fen * (1.0 + chosen.entry_margin)]))[0])


def expected_bidders(seen: TurnoutSeen, chosen: Parameters) -> float:
    """The mean of a field: its own listings, drawn to all fields, and those to the prior."""
    weight = chosen.prior_listings
    everywhere = (weight * chosen.prior_bidders + seen.all_bidders) / (weight + seen.all_listings)
    return (weight * everywhere + seen.field_bidders) / (weight + seen.field_listings)


def _demand(given: Inputs, chosen: Parameters) -> tuple[Bidders, Demand]:
    value = given.value
    common = spread_of(value.low_fen, value.high_fen, chosen.interval_level, chosen.least_spread)
    mean = expected_bidders(given.turnout, chosen)
    parts = (value.value_fen, common, chosen.private_spread)
    rest = (chosen.turnout_shape, chosen.new_bidders)
    usual = np.array([value.value_fen * chosen.usual_start * (1.0 + chosen.entry_margin)])
    anyone = demand(*parts, 1.0, *rest)
    share = float((anyone.reach(usual) @ anyone.weights)[0])
    now = demand(*parts, mean / share, *rest)
    some, more = float(now.sale(usual)[0]), float(now.two(usual)[0])
    bidders = Bidders(
        mean=round(mean, 3),
        none=round(1.0 - some, 4),
        one=round(some - more, 4),
        more=round(more, 4),
        possible=round(mean / share, 3),
    )
    return bidders, now


def _bounds(limits: Limits) -> Bounds:
    floor = max(limits.floor_fen or 0, limits.least_fen or 0)
    return Bounds(float(floor), float(limits.later_floor_fen or 0), limits.relist_cut_bp / 10_000)


def _unbound(bounds: Bounds) -> Bounds:
    return Bounds(0.0, 0.0, bounds.cut)


def _planner(given: Inputs, chosen: Parameters) -> Planner:
    return Planner(
        keeps=chosen.round_keeps,
        unsold=float(given.keep_fen),
        margin=chosen.entry_margin,
        calibrate=given.calibration.apply,
    )


def _reserve(
    planner: Planner, now: Demand, bounds: Bounds, value: float, chosen: Parameters
) -> SecretReserve | None:
    """A secret reserve with a start price as usual, to which everybody comes who could pay the
    reserve; none where the least price that is allowed leaves no room between them."""
    tried = planner.rounds(now, grid(value, bounds.floor), bounds, chosen.relistings, secret=True)
    best = planner.best(tried)
    reserve_fen = _rounded(best.price, bounds.floor)
    start = min(reserve_fen / (1.0 + chosen.entry_margin), chosen.usual_start * value)
    start_fen = _rounded(start, bounds.floor, up=False)
    if start_fen >= reserve_fen or start_fen * (1.0 + chosen.entry_margin) > reserve_fen * 1.001:
        return None
    return SecretReserve(
        start_fen=start_fen,
        reserve_fen=reserve_fen,
        sale_probability=round(best.sale, 4),
        worth_fen=_expected(best.worth),
    )


def _increment(now: Demand, start_fen: int, chosen: Parameters) -> Increment:
    """Steps that lead from the start price to a high one, within the range that is configured."""
    least = _step(start_fen * chosen.increment_least)
    most = max(least, _step(start_fen * chosen.increment_most))
    way = now.high_price(float(start_fen), HIGH) - start_fen
    return Increment(
        fen=min(max(_step(way / chosen.increment_steps), least), most),
        least_fen=least,
        most_fen=most,
    )


def _relisting(given: Inputs, at: Round, sessions: relisting.RelistCurve) -> RelistAdvice | None:
    if not given.limits.failed_fen:
        return None
    failed = given.limits.failed_fen[-1]
    cut = max(0.0, 1.0 - at.price / failed)
    return RelistAdvice(
        failed_fen=failed,
        price_fen=round(at.price),
        cut=round(cut, 4),
        sale_probability=round(at.sale, 4),
        sessions_sale=round(sessions.sale(cut), 4),
        sessions_cases=sessions.cases,
        sessions_low=sessions.low,
        sessions_median=sessions.median,
        sessions_high=sessions.high,
        least_fen=given.limits.least_fen,
        floor_fen=given.limits.floor_fen,
        relist_by=given.limits.relist_by,
    )


def _notes(given: Inputs, free: Round, start_fen: int) -> list[Note]:
    """What the seller has to know beside the figures."""
    limits, found = given.limits, list(words.ALWAYS)
    if limits.appraisal_missing:
        found.append(words.APPRAISAL_MISSING)
    floor, appraisal = limits.floor_fen, limits.appraisal_fen
    if floor is not None and appraisal is not None and free.price < floor:
        found.append(words.below_floor(_rounded(free.price, 0.0), floor, appraisal))
    if limits.least_fen is not None and free.price < limits.least_fen == start_fen:
        found.append(words.cut_limit(limits.least_fen, limits.relist_cut_bp))
    if limits.relist_by is not None and limits.relist_by < given.asked_on:
        found.append(words.relist_late(limits.relist_by))
    if given.calibration.outcomes == 0:
        found.append(words.NOT_CALIBRATED)
    else:
        found.append(words.calibrated(given.calibration.outcomes))
    if given.turnout.field_listings == 0:
        found.append(words.NO_TURNOUT)
    return found


def _shown(value: float, start_fen: int) -> Floats:
    """The start prices of the curve: around the value, and the one that is recommended."""
    low, high = min(0.4 * value, 0.7 * start_fen), max(2.0 * value, 1.4 * start_fen)
    prices = [float(_rounded(one, 0.0)) for one in np.geomspace(low, high, CURVE)]
    found: Floats = np.unique([*prices, float(start_fen)])
    return found


def _point(one: Round) -> PricePoint:
    return PricePoint(
        price_fen=round(one.price),
        sale_probability=round(one.sale, 4),
        sold_at_fen=_expected(one.sold_at),
        round_fen=_expected(one.sale * one.sold_at),
        worth_fen=_expected(one.worth),
    )


def _rounded(price: float, floor: float, *, up: bool = True) -> int:
    """A price of three leading digits in whole yuan; a floor above it is kept as it is."""
    unit: int = max(100, 10 ** (math.floor(math.log10(max(price, 1.0))) - 2))
    found = (round(price / unit) if up else math.floor(price / unit)) * unit
    return max(found, math.ceil(floor), 100)


def _expected(amount: float) -> int:
    """An expectation of four leading digits in whole yuan: more would be pretence."""
    unit: int = max(100, 10 ** (math.floor(math.log10(max(amount, 1.0))) - 3))
    return round(amount / unit) * unit


def _step(amount: float) -> int:
    """A step of 1, 2 or 5 and zeros, in whole yuan: the nearest from below, one yuan at least."""
    yuan = max(amount / 100, 1.0)
    unit: int = 10 ** math.floor(math.log10(yuan))
    leading = next(one for one in (5, 2, 1) if yuan >= one * unit)
    return leading * unit * 100
