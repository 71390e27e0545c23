"""Guidance as pure computation: order statistics, the law's limits, calibration, relistings."""

import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from app.pricing.guidance import relisting
from app.pricing.guidance.advice import Inputs, Limits, TurnoutSeen, Value, advise
from app.pricing.guidance.calibration import (
    AS_STATED,
    Calibration,
    calibrated,
    calibration_error,
)
from app.pricing.guidance.demand import demand, spread_of
from app.pricing.guidance.parameters import parameter_sets
from app.pricing.guidance.plans import Bounds, Planner, grid
from app.pricing.guidance.relisting import Session

VALUE = 100_000_000


def inputs(turnout: dict[str, Any] | None = None, **change: Any) -> Inputs:
    """A valuation of 1 million yuan with a range, a first round without a floor."""
    limits = {
        "profile": "PRIVATE",
        "source": "rules.md 4.2",
        "round": 1,
        "price_fen": VALUE,
        "increment_fen": 100_000,
        "failed_fen": [],
        "appraisal_fen": None,
        "floor_fen": None,
        "later_floor_fen": None,
        "least_fen": None,
        "relist_cut_bp": 2_000,
        "relist_by": None,
        "appraisal_missing": False,
    } | change.pop("limits", {})
    seen = {
        "technical_field": "new_materials",
        "since": date(2023, 1, 1),
        "field_listings": 5,
        "field_bidders": 9,
        "all_listings": 30,
        "all_bidders": 50,
    } | (turnout or {})
    value = {
        "valuation_id": UUID(int=1),
        "low_fen": 60_000_000,
        "value_fen": VALUE,
        "high_fen": 170_000_000,
        "valued_on": date(2026, 1, 1),
        "rule_set": "PRICING_2026",
        "method_version": "approaches/1",
        "data_cut": datetime(2026, 1, 1, tzinfo=UTC),
        "approaches": ["market"],
    } | change.pop("value", {})
    others = {
        "asked_on": date(2026, 2, 1),
        "keep_fen": 0,
        "calibration": AS_STATED,
        "calibration_id": None,
        "parameters": "GUIDANCE_2026",
        "curve": "RELIST_2025",
    } | change
    return Inputs(
        value=Value(**value), turnout=TurnoutSeen(**seen), limits=Limits(**limits), **others
    )


def said(advice: Any) -> str:
    """All notes in English."""
    return " ".join(one.en for one in advice.notes)


def test_sale_and_revenue_are_those_of_many_drawn_auctions() -> None:
    """The closed form against 400,000 auctions: 2.5 possible bidders, gamma-mixed."""
    found = demand(VALUE, 0.4, 0.35, 2.5, 3.0, 0.3)
    random = np.random.default_rng(7)
    size = 400_000
    bidders = random.poisson(random.gamma(3.0, 2.5 / 3.0, size))
    most = int(bidders.max())
    values = random.standard_normal((size, most)) * 0.35 + 0.4 * random.standard_normal((size, 1))
    values[np.arange(most) >= bidders[:, None]] = -np.inf
    top = np.sort(np.exp(values), axis=1)[:, -2:] * VALUE
    for share, beyond in ((0.5, 1.0), (0.9, 1.0), (0.9, 1.05), (1.5, 1.0)):
        price = share * VALUE
        least = price * beyond
        sold = top[:, 1] >= least
        paid = np.where(sold, np.where(top[:, 0] >= least, top[:, 0], price), 0.0)
        at = np.array([least])
        assert found.sale(at)[0] == pytest.approx(sold.mean(), abs=0.003)
        assert found.revenue(np.array([price]), at)[0] == pytest.approx(paid.mean(), rel=0.005)


def test_a_failed_round_leaves_newcomers_above_its_price_and_lowers_what_is_expected() -> None:
    before = demand(VALUE, 0.4, 0.35, 3.0, 3.0, 0.3)
    after = before.after(1.0 * VALUE)
    at = np.array([0.8, 1.0, 1.2]) * VALUE
    assert (after.sale(at) < before.sale(at)).all()
    assert after.reach(at)[1:] == pytest.approx(0.3 * before.reach(at)[1:])
    assert after.weights @ after.centres < before.weights @ before.centres
    assert (after.after(0.8 * VALUE).sale(at) < after.sale(at)).all()
    nobody = demand(VALUE, 0.4, 0.35, 3.0, 3.0, 0.0).after(VALUE)
    assert nobody.sale(at)[1] == pytest.approx(0.0, abs=1e-12)


def test_the_spread_of_a_range_is_that_of_its_level() -> None:
    sigma = 0.5
    low, high = (round(VALUE * math.exp(sign * 1.2815515655446004 * sigma)) for sign in (-1, 1))
    assert spread_of(low, high, 0.8, 0.1) == pytest.approx(sigma, abs=1e-6)
    assert spread_of(VALUE, VALUE, 0.8, 0.1) == 0.1


def test_more_bidders_raise_the_worth_and_an_own_use_the_start_price() -> None:
    """The best price hardly depends on how many come (Myerson 1981); what it brings does."""
    few = advise(inputs({"field_listings": 40, "field_bidders": 40}))
    many = advise(inputs({"field_listings": 40, "field_bidders": 200}))
    assert few.bidders.mean < 1.2
    assert many.bidders.mean > 4.5
    assert many.start.worth_fen > 1.5 * few.start.worth_fen
    assert many.start.sale_probability > few.start.sale_probability + 0.3
    assert many.start.price_fen == pytest.approx(few.start.price_fen, rel=0.1)
    kept = advise(inputs({"field_listings": 40, "field_bidders": 40}, keep_fen=80_000_000))
    assert kept.start.price_fen > few.start.price_fen
    assert kept.start.worth_fen > few.start.worth_fen


def test_the_advice_has_a_curve_a_reserve_a_step_and_says_what_it_is() -> None:
    advice = advise(inputs())
    chances = [one.sale_probability for one in advice.curve]
    assert chances == sorted(chances, reverse=True)
    assert advice.start in advice.curve
    assert advice.start.worth_fen >= max(one.worth_fen for one in advice.curve) * 0.999
    assert advice.start.worth_fen > advice.start.round_fen
    assert advice.reserve is not None
    assert advice.reserve.start_fen < advice.start.price_fen < advice.reserve.reserve_fen
    assert advice.increment.least_fen <= advice.increment.fen <= advice.increment.most_fen
    assert str(advice.increment.fen).rstrip("0") in {"1", "2", "5"}
    prices = [advice.start.price_fen, *(one.price_fen for one in advice.following)]
    assert len(prices) == 3
    assert all(after >= 0.795 * before for before, after in pairwise(prices))
    bidders = advice.bidders
    assert bidders.none + bidders.one + bidders.more == pytest.approx(1.0, abs=2e-4)
    assert "no public data set of technology deal prices" in said(advice)
    assert "Too few listings have ended" in said(advice)
    assert advice == advise(inputs())


def test_state_assets_keep_to_the_appraisal_and_say_where_the_model_would_be() -> None:
    floor = {
        "appraisal_fen": 130_000_000,
        "floor_fen": 130_000_000,
        "profile": "SOE_ASSET_100_1000",
    }
    free, bound = advise(inputs()), advise(inputs(limits=floor | {"later_floor_fen": 117_000_000}))
    assert free.start.price_fen < 130_000_000 <= bound.start.price_fen
    assert bound.reserve is None or bound.reserve.start_fen >= 130_000_000
    assert all(one.price_fen >= 117_000_000 for one in bound.following)
    assert bound.start.worth_fen < free.start.worth_fen
    assert (
        "below 100% of the appraisal (1,300,000.00 yuan) the approving body must consent"
        in said(bound)
    )
    missing = advise(inputs(limits={"appraisal_missing": True}))
    assert "none is stated" in said(missing)
    low = advise(inputs(limits=floor | {"floor_fen": 50_000_000, "later_floor_fen": 45_000_000}))
    assert low.start.price_fen == pytest.approx(free.start.price_fen, rel=0.05)
    assert "approving body" not in said(low)


def test_a_relisting_is_cheaper_within_the_cut_and_shows_the_evidence_of_sessions() -> None:
    again = {
        "round": 2,
        "failed_fen": [130_000_000],
        "least_fen": 104_000_000,
        "relist_by": date(2026, 3, 1),
    }
    advice = advise(inputs(limits=again))
    assert advice.start.price_fen == 104_000_000
    relist = advice.relisting
    assert relist is not None
    assert (relist.failed_fen, relist.price_fen, relist.cut) == (130_000_000, 104_000_000, 0.2)
    assert relist.sale_probability < advise(inputs()).curve[0].sale_probability
    assert (relist.sessions_cases, relist.sessions_median) == (539, 0.0526)
    assert 0.5 < relist.sessions_sale < 0.65
    assert "cheaper by 20 % at most: not below 1,040,000.00 yuan" in said(advice)
    assert "time for a relisting" not in said(advice)
    late = advise(inputs(limits=again | {"relist_by": date(2026, 1, 31)}))
    assert "time for a relisting ended on 2026-01-31" in said(late)
    assert advise(inputs()).relisting is None


def test_the_best_price_of_an_uncertain_single_bidder_is_the_known_one() -> None:
    """One bidder for certain (a huge shape, many possible bidders who cannot all come) is not in
    the model; but without relistings and own use, the worth is price times probability where a
    second bidder is next to impossible, and its best price solves x = (1 - F) / f."""
    rare = demand(VALUE, 1e-9, 0.5, 0.01, 3.0, 0.0)
    planner = Planner(1.0, 0.0, 0.0, lambda stated: stated)
    tried = grid(VALUE, 0.0)
    best = planner.best(planner.rounds(rare, tried, Bounds(0.0, 0.0, 0.2), 0))
    x = np.linspace(0.3, 2.0, 100_001)
    z = np.log(x) / 0.5
    tail = np.array([0.5 * math.erfc(one / math.sqrt(2)) for one in z])
    known = x[np.argmax(x * tail)] * VALUE
    step = float(tried[1] / tried[0])
    assert known / step < best.price < known * step


def test_calibration_learns_the_line_and_the_error_is_counted_in_ten_bins() -> None:
    assert calibration_error([0.05, 0.05, 0.95, 0.95], [False, True, True, True]) == pytest.approx(
        (abs(0.1 - 1) + abs(1.9 - 2)) / 4
    )
    assert calibration_error([], []) is None
    random = np.random.default_rng(3)
    truth = random.random(6_000)
    odds = np.log(truth / (1 - truth))
    stated = 1 / (1 + np.exp(-(odds - 0.8) / 0.5))
    happened = random.random(6_000) < truth
    found = calibrated(stated[:3_000].tolist(), happened[:3_000].tolist())
    assert found.slope == pytest.approx(0.5, abs=0.05)
    assert found.intercept == pytest.approx(0.8, abs=0.1)
    assert found.error is not None
    later, outcome = stated[3_000:], happened[3_000:].tolist()
    as_stated = calibration_error(later.tolist(), outcome)
    after = calibration_error(found.apply(later).tolist(), outcome)
    assert as_stated is not None
    assert after is not None
    assert after < 0.03
    assert as_stated > 0.1


def test_a_calibration_never_turns_the_order_of_prices_around() -> None:
    stated = [0.2] * 50 + [0.8] * 50
    found = calibrated(stated, [True] * 40 + [False] * 60)
    assert found.slope == 1.0
    low, high = found.apply(np.array([0.2, 0.8]))
    assert low < high


def test_calibrated_probabilities_move_the_advice() -> None:
    doubtful = Calibration(intercept=-1.0, slope=1.0, outcomes=200, error=0.2)
    advice = advise(inputs(calibration=doubtful))
    assert advice.stated_probability > advice.start.sale_probability + 0.1
    assert "calibrated by 200 listings" in said(advice)


def test_relistings_are_what_came_back_soon_at_the_same_quantity_and_not_dearer() -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)

    def one(hours: int, price: float, sold: bool, quantity: int = 5) -> Session:
        return Session("p", quantity, start + timedelta(hours=hours), price, sold)

    sessions = [
        one(0, 100, False),
        one(2, 95, False),
        one(4, 90, True),
        one(6, 80, False),  # after a sale: no relisting
        one(8, 82, True),  # dearer
        one(10, 80, False),
        one(100, 70, True),  # too late
        one(102, 70, False),
        one(103, 60, True, quantity=9),  # another quantity
    ]
    found = [(round(case.cut, 4), case.sold) for case in relisting.cases_of(sessions)]
    assert found == [(0.05, False), (0.0526, True)]


def test_the_curve_says_nothing_beyond_the_cuts_it_has_seen() -> None:
    curve = relisting.latest()
    assert curve.sale(0.0) == curve.sale(curve.low)
    assert curve.sale(0.9) == curve.sale(curve.high)
    assert curve.sale(0.03) < curve.sale(0.05) < curve.sale(0.15)
    assert sum(one.cases for one in curve.bands) == curve.cases - 4  # four came back unchanged


def test_every_parameter_has_a_source_and_what_is_designed_is_marked() -> None:
    for one in parameter_sets():
        named = {name.strip() for origin in one.origins for name in origin.parameter.split(",")}
        own = set(type(one).model_fields) - {"code", "valid_from", "origins"}
        assert named == own
        assert all(origin.verify or "quantiles" in origin.source for origin in one.origins)
