"""The real option: the right, not the duty, to invest in bringing an early technology to market.

The binomial tree of Cox, Ross and Rubinstein (1979), with the loss of value by waiting as a yield.
"""

from decimal import Decimal

import numpy as np

from app.pricing.approaches import checks
from app.pricing.approaches.inputs import RealOption
from app.pricing.approaches.parameters import ParameterSet
from app.pricing.approaches.results import (
    Approach,
    ApproachResult,
    Note,
    Step,
    fen,
    percent,
    plain,
    yuan,
)
from app.pricing.errors import BadAmounts, BadRate, OptionNotForMature, ReadinessUnknown

_MOST_YEARS = Decimal(20)
_LEAST_VOLATILITY, _MOST_VOLATILITY = Decimal("0.01"), Decimal(2)
_MOST_RATE = Decimal("0.3")
_SPREAD = Decimal("0.1")
"""The range shows the option at a volatility this much lower and higher."""


def binomial(
    underlying: float,
    investment: float,
    years: float,
    volatility: float,
    risk_free: float,
    leakage: float = 0.0,
    *,
    steps: int = 200,
    american: bool = True,
) -> float:
    """The value of a call on `underlying` for `investment`; raises ValueError without a measure.

    There is none where the growth of a step leaves the span of the tree: more steps are needed.
    """
    step = years / steps
    up = float(np.exp(volatility * np.sqrt(step)))
    chance = (float(np.exp((risk_free - leakage) * step)) - 1 / up) / (up - 1 / up)
    if not 0 <= chance <= 1:
        raise ValueError("the steps are too long for this volatility")
    discount = float(np.exp(-risk_free * step))
    prices = underlying * up ** np.arange(-steps, steps + 1, 2, dtype=np.float64)
    values = np.maximum(prices - investment, 0.0)
    for _ in range(steps):
        values = discount * (chance * values[1:] + (1 - chance) * values[:-1])
        if american:
            prices = prices[1:] / up
            np.maximum(values, prices - investment, out=values)
    return float(values[0])


def _priced(given: RealOption, underlying: int, volatility: Decimal) -> Decimal:
    try:
        value = binomial(
            float(underlying),
            float(given.investment_fen),
            float(given.years),
            float(volatility),
            float(given.risk_free),
            float(given.leakage),
            steps=given.steps,
            american=given.style == "american",
        )
    except ValueError:
        raise BadAmounts(
            field=checks.PLAN + "option.steps",
            name="steps",
            problem_zh="步数过少,二叉树中不存在风险中性概率,请增加步数",
            problem_en="too few steps: the tree has no risk-neutral probability; give more",
        ) from None
    return Decimal(repr(value))


def estimate(
    given: RealOption, trl: int | None, income_fen: int | None, parameters: ParameterSet
) -> ApproachResult:
    """The value of the option; `income_fen` is the underlying where none is given.

    Raises OptionNotForMature, ReadinessUnknown, BadRate, BadLife, BadAmounts, CurrencyMixed.
    """
    checks.currencies([given.currency], "option.currency")
    if trl is None:
        raise ReadinessUnknown(field=checks.PLAN + "option")
    if trl > parameters.option_most_trl:
        raise OptionNotForMature(
            field=checks.PLAN + "option", given=trl, most=parameters.option_most_trl
        )
    checks.life(given.years, "option.years", "years")
    if given.years > _MOST_YEARS:
        raise BadRate(
            field=checks.PLAN + "option.years",
            name="years",
            given=str(given.years),
            least="0",
            most=str(_MOST_YEARS),
        )
    checks.rate(
        given.volatility, "option.volatility", "volatility", _LEAST_VOLATILITY, _MOST_VOLATILITY
    )
    checks.rate(given.risk_free, "option.risk_free", "risk_free", most=_MOST_RATE)
    checks.rate(given.leakage, "option.leakage", "leakage", most=_MOST_RATE)
    underlying = income_fen if given.underlying_fen is None else given.underlying_fen
    if not underlying or not given.investment_fen:
        raise BadAmounts(
            field=checks.PLAN + "option.underlying_fen",
            name="option",
            problem_zh="需要大于 0 的标的价值(或收益法结果)与投资额",
            problem_en="give an underlying value (or an income approach) and an investment",
        )
    value = _priced(given, underlying, given.volatility)
    low = _priced(given, underlying, max(_LEAST_VOLATILITY, given.volatility - _SPREAD))
    high = _priced(given, underlying, min(_MOST_VOLATILITY, given.volatility + _SPREAD))
    at_once = max(0, underlying - given.investment_fen)
    return ApproachResult(
        approach=Approach.OPTION,
        low_fen=fen(min(low, value)),
        value_fen=fen(value),
        high_fen=fen(max(high, value)),
        means=Note(
            zh=f"波动率上下各 {percent(_SPREAD)} 时的价值",
            en=f"the value at a volatility {percent(_SPREAD)} lower and higher",
        ),
        inputs=plain(
            given.model_dump(exclude={"underlying_fen"})
            | {"underlying_fen": underlying, "trl": trl}
        ),
        steps=[
            Step(zh="标的价值(产业化收益现值)", en="underlying", value=yuan(underlying)),
            Step(zh="产业化投资", en="investment", value=yuan(given.investment_fen)),
            Step(zh="立即投资的价值", en="value of investing at once", value=yuan(at_once)),
            Step(zh="等待的价值", en="value of waiting", value=yuan(value - at_once)),
            Step(zh="期权价值", en="value of the option", value=yuan(value)),
        ],
        assumptions=[
            Note(
                zh="假定产业化收益的价值服从几何布朗运动,波动率由委托方提供。",
                en="The worth of the commercial flow is taken to follow geometric Brownian motion"
                " with the asker's volatility.",
            )
        ],
        sources=["Cox, Ross, Rubinstein 1979", "rules.md 6.2", parameters.code],
    )
