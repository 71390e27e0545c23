"""The approaches as pure functions: bad input, reproducibility, known results, masking."""

import math
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from app.kit.errors import Problem
from app.pricing import rules
from app.pricing.approaches import option, simulation, terms
from app.pricing.approaches.inputs import Plan
from app.pricing.approaches.market import Comparable, weighted_quantile
from app.pricing.approaches.parameters import parameter_sets, parameters
from app.pricing.approaches.results import ApproachResult
from app.pricing.approaches.similarity import Prepared, Profile, nearest
from app.pricing.approaches.simulation import Draws, Inverse, Paths
from app.pricing.learned.answers import Answer
from app.pricing.rules import Subject
from tests.pricing.steps import COST, INCOME

SET = parameters("PRICING_2026")
DAY = date(2026, 6, 30)
SUBJECT = Subject(
    title="一种锂电池",
    text="一种锂电池正极材料及其制备方法",
    technical_field="new_energy_efficiency",
    ipc=["H01M 10/0525"],
    trl=3,
    mode="license",
    exclusive=True,
    region="110000",
    expires_on=date(2036, 6, 30),
)
OPTION: dict[str, Any] = {
    "investment_fen": 150_000_000,
    "years": 3,
    "volatility": "0.4",
    "risk_free": "0.03",
}


def value(plan: dict[str, Any], **change: Any) -> rules.Valued:
    arguments: dict[str, Any] = {"comparables": [], "day": DAY, "parameters": SET, "seed": 7}
    arguments |= change
    return rules.value(SUBJECT, Plan.model_validate(plan), **arguments)


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ({}, "no_approach"),
        ({"income": INCOME | {"discount": {"kind": "given", "rate": "3"}}}, "bad_rate"),
        ({"income": INCOME | {"royalty": {"kind": "given", "rate": "-0.01"}}}, "bad_rate"),
        ({"income": INCOME | {"tax_rate": "0.9"}}, "bad_rate"),
        ({"income": INCOME | {"economic_years": "-3"}}, "bad_life"),
        ({"income": INCOME | {"legal_expires_on": "2020-01-01"}}, "bad_life"),
        ({"income": INCOME | {"currency": "USD"}}, "currency_mixed"),
        ({"income": INCOME | {"forecast": None}}, "bad_amounts"),
        ({"income": INCOME | {"royalty": {"kind": "scored", "score": "0.5"}}}, "unknown_industry"),
        (
            {"income": INCOME | {"royalty": {"kind": "scored", "industry": "machinery"}}},
            "bad_amounts",
        ),
        (
            {
                "income": INCOME
                | {
                    "forecast": None,
                    "scenarios": [
                        {"name": "好", "weight": "0.5", "revenues_fen": [1]},
                        {"name": "差", "weight": "0.4", "revenues_fen": [1]},
                    ],
                }
            },
            "bad_weights",
        ),
        (
            {
                "income": INCOME
                | {
                    "simulation": {
                        "revenue": {"kind": "triangular", "low": "1", "mode": "3", "high": "2"}
                    }
                }
            },
            "bad_distribution",
        ),
        ({"cost": COST | {"items": []}}, "bad_amounts"),
        ({"cost": COST | {"remaining_years": "-1"}}, "bad_life"),
        ({"cost": COST | {"depreciation": "0.2"}}, "bad_amounts"),
        ({"option": OPTION}, "bad_amounts"),
        ({"option": OPTION | {"underlying_fen": 1, "volatility": "3"}}, "bad_rate"),
        (
            {
                "scoring": [
                    {
                        "code": "legal",
                        "weight": "1",
                        "indicators": [{"code": "right_stability", "weight": "1", "score": "101"}],
                    }
                ],
                "cost": COST,
            },
            "bad_score",
        ),
        (
            {
                "scoring": [
                    {
                        "code": "moral",
                        "weight": "1",
                        "indicators": [{"code": "x", "weight": "1", "score": "1"}],
                    }
                ],
                "cost": COST,
            },
            "bad_indicator",
        ),
        ({"cost": COST, "weights": {"income": "1"}}, "weights_misplaced"),
        ({"market": {"comparables": []}}, "no_comparables"),
        ({"market": {}}, "no_comparables"),
    ],
)
def test_bad_input_is_refused_with_its_reason(plan: dict[str, Any], code: str) -> None:
    with pytest.raises(Problem) as refused:
        value(plan)
    assert refused.value.code == code
    assert refused.value.field is not None
    assert refused.value.field.startswith("body.plan")


def test_the_same_seed_gives_the_same_fen_and_chunks_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = {"income": INCOME, "option": OPTION}
    first = value(plan).shown()
    assert value(plan).shown() == first
    assert value(plan, seed=8).shown() != first
    monkeypatch.setattr(simulation, "CHUNK", 333)
    assert value(plan).shown() == first


GOLDEN = (145_841_837, 178_558_865, 214_073_883)


def test_an_old_estimate_comes_out_as_it_did() -> None:
    """Golden figures: if they move, METHOD_VERSION has to go up."""
    [income] = value({"income": INCOME}).results
    assert (income.low_fen, income.value_fen, income.high_fen) == GOLDEN


def test_the_simulation_has_the_mean_that_follows_from_its_distributions() -> None:
    """One year, no discounting: the mean is the product of the means of factor and royalty."""
    still = Inverse("uniform", 0.0, 0.0)
    drawn = Draws(
        revenue=Inverse("triangular", 0.5, 2.0, mode=0.8),
        royalty=Inverse("uniform", 0.02, 0.06),
        discount=still,
    )
    paths = Paths([[1e9]], [1.0], 0.0, mid_year=False, draws=drawn, paths=200_000)
    values = simulation.run(paths, 3).values
    expected = 1e9 * (0.5 + 0.8 + 2.0) / 3 * 0.04
    error = values.std() / math.sqrt(len(values))
    assert abs(values.mean() - expected) < 4 * error


@pytest.mark.parametrize(
    "inverse",
    [
        Inverse("uniform", 2.0, 5.0),
        Inverse("triangular", 1.0, 4.0, mode=2.0),
        Inverse("triangular", 1.0, 4.0, mode=4.0),
        Inverse("normal", -1.0, 2.0, mode=0.0, sd=1.0),
    ],
)
def test_inverse_distributions_agree_with_their_own_functions(inverse: Inverse) -> None:
    shares = np.linspace(0.001, 0.999, 97)
    found = shares.copy()
    inverse.fill(found)
    low, high, mode = inverse.low, inverse.high, inverse.mode
    if inverse.kind == "uniform":
        back = (found - low) / (high - low)
    elif inverse.kind == "triangular":
        left = (found - low) ** 2 / ((high - low) * max(mode - low, 1e-9))
        right = 1 - (high - found) ** 2 / ((high - low) * max(high - mode, 1e-9))
        back = np.where(found <= mode, left, right)
    else:
        ends = norm.cdf([low, high])
        back = (norm.cdf(found) - ends[0]) / (ends[1] - ends[0])
    assert np.allclose(back, shares, atol=1e-9)


def test_scenarios_are_drawn_by_their_weights() -> None:
    still = Inverse("uniform", 1.0, 1.0)
    drawn = Draws(revenue=still, royalty=still, discount=Inverse("uniform", 0.0, 0.0))
    paths = Paths([[1.0], [3.0]], [0.25, 0.75], 0.0, mid_year=False, draws=drawn, paths=40_000)
    values = simulation.run(paths, 1).values
    assert set(values.tolist()) == {1.0, 3.0}
    assert abs((values == 3.0).mean() - 0.75) < 0.01


def test_break_even_reaches_its_target() -> None:
    [found] = value({"income": INCOME}).results
    reach = found.figures["break_even"]
    target = INCOME["target_fen"]
    for change in (
        {"royalty": {"kind": "given", "rate": reach["royalty"]}},
        {"discount": {"kind": "given", "rate": reach["discount_rate"]}},
    ):
        [again] = value({"income": INCOME | change}).results
        assert abs(again.value_fen - target) < target * 2e-5
    [far] = value({"income": INCOME | {"target_fen": 10**12}}).results
    assert far.figures["break_even"]["discount_rate"] is None
    assert [row["swing_fen"] for row in found.figures["tornado"]] == sorted(
        (row["swing_fen"] for row in found.figures["tornado"]), reverse=True
    )


def test_the_life_cuts_the_flow() -> None:
    [whole_life] = value({"income": INCOME | {"economic_years": "5"}}).results
    [cut] = value({"income": INCOME | {"economic_years": "2.5"}}).results
    yearly = [step.value for step in cut.steps if step.en.startswith("year ")]
    assert yearly[3:] == ["0.00 元", "0.00 元"]
    assert cut.value_fen < whole_life.value_fen


def test_a_european_option_converges_to_black_scholes() -> None:
    price, strike, years, volatility, rate = 100.0, 90.0, 3.0, 0.4, 0.03
    d1 = (math.log(price / strike) + (rate + volatility**2 / 2) * years) / (
        volatility * math.sqrt(years)
    )
    d2 = d1 - volatility * math.sqrt(years)
    expected = price * norm.cdf(d1) - strike * math.exp(-rate * years) * norm.cdf(d2)
    found = option.binomial(price, strike, years, volatility, rate, steps=2_000, american=False)
    assert abs(found - expected) < 0.01
    leaking = {"leakage": 0.08, "steps": 500}
    early = option.binomial(price, strike, years, volatility, rate, american=True, **leaking)
    late = option.binomial(price, strike, years, volatility, rate, american=False, **leaking)
    assert early > late
    assert early >= price - strike


def comparable(key: str, price_fen: int, similarity: str = "0.8", **change: Any) -> Comparable:
    values: dict[str, Any] = {
        "key": key,
        "source": "contract",
        "title": key,
        "technical_field": "new_energy_efficiency",
        "ipc": [],
        "trl": None,
        "mode": "license",
        "exclusive": True,
        "region": "110000",
        "traded_on": DAY,
        "price_fen": price_fen,
        "payment": terms.Payment(upfront_fen=price_fen),
        "reference": "",
        "similarity": similarity,
        "parts": {},
    }
    return Comparable.model_validate(values | change)


def test_below_three_comparables_nothing_is_shown_of_them() -> None:
    with pytest.raises(Problem) as refused:
        value({"market": {}}, comparables=[comparable("secret", 123_456), comparable("b", 1)])
    assert refused.value.code == "too_few_comparables"
    assert refused.value.facts == {"found": 2, "needed": 3}


def test_prices_are_adjusted_to_day_and_terms() -> None:
    royalty = terms.by_royalty(10_000, 70_000, 6)
    assert (royalty.upfront_fen, len(royalty.later), royalty.expected) == (10_000, 6, True)
    assert terms.present_value(royalty, Decimal(0)) == 70_000
    annuity = sum(Decimal(10_000) / Decimal("1.12") ** year for year in range(1, 7))
    assert terms.present_value(royalty, Decimal("0.12")) == 10_000 + annuity
    parts_of = terms.by_instalments([100, 200, 300], 6)
    assert [due.months for due in parts_of.later] == [6, 12]
    found = [comparable(str(n), 1_000_000, traded_on=date(2025, 6, 30)) for n in range(3)]
    [result] = value({"market": {"yearly_price_change": "0.1"}}, comparables=found).results
    years = Decimal(365) / Decimal("365.25")
    assert result.value_fen == round(1_000_000 * Decimal("1.1") ** years)


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 1000)), min_size=1, max_size=30),
    st.integers(1, 99),
)
@settings(max_examples=60, deadline=None)
def test_weighted_quantiles_rise_and_stay_within_the_prices(
    rows: list[tuple[int, int]], percent: int
) -> None:
    prices, weights = [Decimal(p) for p, _ in rows], [Decimal(w) for _, w in rows]
    at = Decimal(percent) / 100
    found = weighted_quantile(prices, weights, at)
    assert min(prices) <= found <= max(prices)
    assert found <= weighted_quantile(prices, weights, at + Decimal("0.009"))


def test_similarity_is_whole_for_the_same_and_falls_part_by_part() -> None:
    own = SUBJECT.profile(DAY)
    other = Profile(
        "农药喷洒装置", "agriculture", ("A01B 1/00",), 9, "assign", False, "440000", DAY
    )
    older = own._replace(day=date(2022, 6, 30), trl=None, ipc=("H01M 10/44", "H01L 1/00"))
    prepared = Prepared([("same", own), ("other", other), ("older", older)])
    found = prepared.parts(own, 4.0)
    assert set(found) == set(SET.similarity_weights)
    again = prepared.parts(own, 4.0)
    assert {name: one.tolist() for name, one in again.items()} == {
        name: one.tolist() for name, one in found.items()
    }
    assert [float(values[0]) for values in found.values()] == [1.0] * 8
    far = {name: float(values[1]) for name, values in found.items()}
    assert far["field"] == far["ipc"] == far["text"] == 0
    assert all(far[name] < 1 for name in far if name != "time")
    old = {name: float(values[2]) for name, values in found.items()}
    assert old["time"] == pytest.approx(0.5, abs=0.001)
    assert (old["maturity"], old["ipc"], old["text"]) == (0.5, 0.8, 1.0)
    assert [key for key, _, _ in nearest(own, prepared, SET)] == ["same", "older"]
    assert nearest(own, prepared, SET)[0][1] == 1


def test_a_learned_estimate_joins_the_others() -> None:
    [by_cost] = value({"cost": COST}).results
    learned = ApproachResult.model_validate(
        by_cost.model_dump()
        | {"approach": "learned", "value_fen": 100_000_000}
        | {"high_fen": 120_000_000}
    )
    together = value({"cost": COST}, answer=Answer(learned, None, None)).together
    assert set(together.weights) == {"learned", "cost"}
    assert sum(together.weights.values()) == 1


def test_every_parameter_set_is_sound() -> None:
    for one in parameter_sets():
        assert sum(one.similarity_weights.values()) == 1
        assert [len(each.indicators) for each in one.dimensions.values()] == [4, 6, 4]
        named = {name for o in one.origins for name in o.parameter.replace(",", " ").split()}
        plain = set(type(one).model_fields) - {"code", "valid_from", "origins"}
        assert plain - named == {"most_comparables", "scheme"}
