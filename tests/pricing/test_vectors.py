"""Every TV-E vector of the domain rules (section 6.3); amounts in 万 there, in fen here."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.pricing.approaches import cost, income, market, rates, scoring
from app.pricing.approaches.income import Flow
from app.pricing.approaches.inputs import BuildUp, Capm, Cost, Dimension, Forecast, Market, Plan
from app.pricing.approaches.parameters import parameters
from app.pricing.approaches.reconcile import check_methods, reconcile
from app.pricing.approaches.results import ApproachResult, Note
from app.pricing.errors import BadWeights, TwoMethodsNeeded

WAN = 1_000_000
"""Fen of 10,000 yuan."""

SET = parameters("PRICING_2026")
DAY = date(2026, 6, 30)


def wan(text: str) -> int:
    """An amount in 万 as fen; the vectors have four decimals, which are 100 fen."""
    return int(Decimal(text) * WAN)


def flow(**change: Any) -> Flow:
    """TV-E1: the flow without tax, at the end of years."""
    given: dict[str, Any] = {
        "revenues": tuple(Decimal(one * WAN) for one in (1000, 1500, 2000, 2200, 2000)),
        "counted": (Decimal(1),) * 5,
        "royalty": Decimal("0.05"),
        "attenuation": Decimal(0),
        "tax": Decimal(0),
        "rate": Decimal("0.18"),
        "mid_year": False,
    }
    return Flow(**given | change)


def test_tv_e1_present_values_by_year() -> None:
    parts = flow().present_values()
    expected = ["42.3729", "53.8638", "60.8631", "56.7368", "43.7109"]
    assert [(one / WAN).quantize(Decimal("0.0001")) for one in parts] == [
        Decimal(one) for one in expected
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "257.5475"),
        ({"mid_year": True}, "279.7682"),
        ({"tax": Decimal("0.25")}, "193.1606"),
        ({"tax": Decimal("0.25"), "mid_year": True}, "209.8261"),
    ],
)
def test_tv_e1_sums(change: dict[str, Any], expected: str) -> None:
    assert (flow(**change).value() / WAN).quantize(Decimal("0.0001")) == Decimal(expected)


def test_tv_e2_the_royalty_decays() -> None:
    decaying = flow(attenuation=Decimal("0.1"))
    rates_by_year = [
        decaying.royalty * (1 - decaying.attenuation) ** year * 100 for year in range(5)
    ]
    assert rates_by_year == [Decimal(one) for one in ("5", "4.5", "4.05", "3.645", "3.2805")]
    assert (decaying.value() / WAN).quantize(Decimal("0.0001")) == Decimal("210.1893")


SCORES = [
    ("legal", "0.3", [("0.4", 80), ("0.3", 60), ("0.3", 70)]),
    (
        "technical",
        "0.5",
        [("0.1", 80), ("0.2", 60), ("0.2", 70), ("0.2", 60), ("0.1", 80), ("0.2", 40)],
    ),
    ("economic", "0.2", [("1", 60)]),
]


def dimensions() -> list[Dimension]:
    """TV-E3 in the scheme's indicators, in their order."""
    built = []
    for code, weight, rows in SCORES:
        codes = list(SET.dimensions[code].indicators)
        built.append(
            {
                "code": code,
                "weight": weight,
                "indicators": [
                    {"code": name, "weight": share, "score": score}
                    for name, (share, score) in zip(codes, rows, strict=False)
                ],
            }
        )
    return Plan.model_validate({"scoring": built}).scoring


def test_tv_e3_royalty_from_scores() -> None:
    score, shown = scoring.score(dimensions(), SET)
    assert [one["score"] for one in shown["dimensions"]] == ["71", "62", "60"]
    assert score == Decimal("0.643")
    royalty = rates.between(Decimal("0.01"), Decimal("0.03"), score)
    assert royalty == Decimal("0.02286")


def test_tv_e4_discount_rates() -> None:
    build_up = BuildUp.model_validate(
        {
            "risk_free": "0.0285",
            "premiums": [
                {"name": name, "rate": rate}
                for name, rate in (
                    ("技术风险", "0.032"),
                    ("市场风险", "0.035"),
                    ("资金风险", "0.024"),
                    ("管理风险", "0.03"),
                )
            ],
        }
    )
    assert rates.discount_rate(build_up)[0] == Decimal("0.1495")
    capm = Capm.model_validate(
        {
            "risk_free": "0.028",
            "beta": "1.15",
            "equity_premium": "0.07",
            "premiums": [{"name": "规模", "rate": "0.03"}, {"name": "特有", "rate": "0.02"}],
        }
    )
    assert rates.discount_rate(capm)[0] == Decimal("0.1585")


def test_tv_e5_cost() -> None:
    given = Cost.model_validate(
        {
            "kind": "reproduction",
            "items": [
                {"name": "人工", "amount_fen": 120 * WAN, "index": "1.061"},
                {"name": "设备", "amount_fen": 180 * WAN, "index": "1.04"},
                {"name": "材料", "amount_fen": 60 * WAN, "index": "1.02"},
            ],
            "profit_rate": "0.15",
            "used_years": 3,
            "remaining_years": 12,
        }
    )
    found = cost.estimate(given, SET)
    values = {step.en: step.value for step in found.steps}
    assert values["cost of reproduction"] == "3,757,200.00 元"
    assert values["with a profit of 15%"] == "4,320,780.00 元"
    assert found.value_fen == wan("345.6624")


MARKET = [
    (300, ["1.05", "0.95", "1.10"], "329.175"),
    (260, ["1.10", "1.00", "1.05"], "300.300"),
    (420, ["0.90", "0.92", "0.98"], "340.8048"),
]


@pytest.mark.parametrize(("average", "expected"), [("mean", "323.4266"), ("median", "329.175")])
def test_tv_e6_market(average: str, expected: str) -> None:
    given = Market.model_validate(
        {
            "average": average,
            "comparables": [
                {"title": "可比", "price_fen": price * WAN, "factors": factors}
                for price, factors, _ in MARKET
            ],
        }
    )
    found = market.estimate(given, [], DAY, SET)
    adjusted = [one["adjusted_fen"] for one in found.figures["comparables"]]
    assert adjusted == [wan(one) for _, _, one in MARKET]
    assert found.value_fen == wan(expected)


def test_tv_e7_legal_life() -> None:
    ends = income.legal_expiry("invention", date(2018, 3, 15))
    assert ends == date(2038, 3, 15)
    assert (ends - date(2025, 6, 30)).days == 4641
    assert income.years_left(date(2025, 6, 30), ends) == Decimal("12.71")


@pytest.mark.parametrize(
    ("change", "rises"),
    [
        ({"royalty": Decimal("0.0501")}, True),
        ({"revenues": tuple(Decimal(one * WAN) for one in (1000, 1500, 2001, 2200, 2000))}, True),
        ({"rate": Decimal("0.1801")}, False),
        ({"tax": Decimal("0.01")}, False),
    ],
)
def test_tv_e8_the_value_moves_the_right_way(change: dict[str, Any], rises: bool) -> None:
    assert (flow(**change).value() > flow().value()) is rises


def test_tv_e8_without_discounting_the_value_is_the_sum() -> None:
    assert flow(rate=Decimal(0)).value() == Decimal(8700 * WAN) * Decimal("0.05")


def result(approach: str, value: int) -> ApproachResult:
    """A result of this value and no range."""
    return ApproachResult.model_validate(
        {
            "approach": approach,
            "low_fen": value,
            "value_fen": value,
            "high_fen": value,
            "means": Note(zh="无", en="none"),
            "inputs": {},
            "steps": [],
            "assumptions": [],
            "sources": [],
        }
    )


def test_tv_e8_weights_must_sum_to_one() -> None:
    results = [result("market", 100), result("income", 200)]
    for wrong in ("0.6", "0.4", "-0.5"):
        given = Plan.model_validate({"weights": {"market": "0.5", "income": wrong}}).weights
        with pytest.raises(BadWeights) as refused:
            reconcile(results, given, SET)
        assert refused.value.facts["given"] == str(Decimal("0.5") + Decimal(wrong))


def test_tv_e8_statutory_work_needs_two_methods_or_a_reason() -> None:
    with pytest.raises(TwoMethodsNeeded):
        check_methods(1, "", SET)
    check_methods(1, "仅成本法适用", SET)
    check_methods(2, "", SET)


@pytest.mark.parametrize(("second", "needed"), [(135, False), (136, True)])
def test_tv_e8_a_wide_difference_needs_an_explanation(second: int, needed: bool) -> None:
    """30 % of the weighted value: 35 of 117.5 is 2979 basis points, 36 of 118 is 3051."""
    together = reconcile([result("market", 100), result("income", second)], None, SET)
    assert together.explanation_needed is needed
    assert together.weights == {"market": Decimal("0.5"), "income": Decimal("0.5")}


def test_the_first_year_of_the_wipo_example() -> None:
    """rules.md 6.2.8: 150 EUR for each of 20,000 units are 3,000,000 EUR in the first year."""
    given = Forecast.model_validate({"unit_price_fen": 15_000, "units": 20_000, "years": 1})
    assert income.forecast(given) == [300_000_000]
