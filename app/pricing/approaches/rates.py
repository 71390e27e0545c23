"""Discount rates and royalties: built up, by CAPM, or from scores between bounds."""

from collections.abc import Sequence
from decimal import Decimal

from app.pricing.approaches import checks
from app.pricing.approaches.inputs import (
    BuildUp,
    Capm,
    Discount,
    GivenRate,
    Premium,
    RoyaltyRate,
)
from app.pricing.approaches.parameters import ParameterSet
from app.pricing.approaches.results import Step, percent
from app.pricing.errors import BadAmounts, BadScore, UnknownIndustry

_MOST_BETA = Decimal(5)
_MOST_PREMIUM = Decimal("0.5")


def discount_rate(given: Discount) -> tuple[Decimal, list[Step]]:
    """The yearly rate and how it came about; raises BadRate, BadScore and BadAmounts."""
    field = "income.discount"
    if isinstance(given, GivenRate):
        rate = checks.rate(given.rate, f"{field}.rate", "discount_rate")
        return rate, [Step(zh="折现率(委托方给定)", en="discount rate, given", value=percent(rate))]
    checks.rate(given.risk_free, f"{field}.risk_free", "risk_free", most=_MOST_PREMIUM)
    steps = [Step(zh="无风险利率", en="risk-free rate", value=percent(given.risk_free))]
    total = given.risk_free
    if isinstance(given, Capm):
        total += _equity(given, steps)
    premiums, shown = _premiums(given, f"{field}.premiums")
    total = checks.rate(total + premiums, field, "discount_rate")
    name = "CAPM" if isinstance(given, Capm) else "累加法"
    steps += shown
    steps.append(Step(zh=f"折现率({name})", en="discount rate", value=percent(total)))
    return total, steps


def _equity(given: Capm, steps: list[Step]) -> Decimal:
    checks.rate(given.beta, "income.discount.beta", "beta", most=_MOST_BETA)
    checks.rate(
        given.equity_premium, "income.discount.equity_premium", "equity_premium", most=_MOST_PREMIUM
    )
    market = given.beta * given.equity_premium
    steps.append(
        Step(
            zh=f"β {given.beta} × 市场风险溢价 {percent(given.equity_premium)}",
            en=f"beta {given.beta} x equity premium {percent(given.equity_premium)}",
            value=percent(market),
        )
    )
    return market


def _premiums(given: BuildUp | Capm, field: str) -> tuple[Decimal, list[Step]]:
    total, steps = Decimal(0), []
    for place, one in enumerate(given.premiums):
        rate = _premium(one, f"{field}.{place}")
        total += rate
        steps.append(Step(zh=one.name, en=one.name, value=percent(rate)))
    return total, steps


def _premium(given: Premium, field: str) -> Decimal:
    if given.rate is not None:
        return checks.rate(given.rate, f"{field}.rate", given.name, most=_MOST_PREMIUM)
    if given.low is None or given.high is None or given.score is None:
        raise BadAmounts(
            field=checks.PLAN + field,
            name=given.name,
            problem_zh="须填写 rate,或 low、high 与 score",
            problem_en="give rate, or low, high and score",
        )
    checks.rate(given.low, f"{field}.low", given.name, most=_MOST_PREMIUM)
    checks.rate(given.high, f"{field}.high", given.name, least=given.low, most=_MOST_PREMIUM)
    if not 0 <= given.score <= 100:
        raise BadScore(field=f"{checks.PLAN}{field}.score", name=given.name, given=str(given.score))
    return between(given.low, given.high, given.score / 100)


def between(low: Decimal, high: Decimal, score: Decimal) -> Decimal:
    """K = m + (n - m) R (rules.md 6.2.2)."""
    return low + (high - low) * score


def royalty_rate(
    given: RoyaltyRate, score: Decimal | None, parameters: ParameterSet, *, profit: bool
) -> tuple[Decimal, list[Step]]:
    """The royalty and how it came about; `score` is that of the indicators, from 0 to 1.

    Raises BadRate, UnknownIndustry, and BadAmounts where bounds or a score are missing.
    """
    field = "income.royalty"
    if isinstance(given, GivenRate):
        rate = checks.rate(given.rate, f"{field}.rate", "royalty")
        return rate, [Step(zh="提成率(委托方给定)", en="royalty, given", value=percent(rate))]
    low, high, origin = given.low, given.high, ("委托方给定", "given")
    if low is None or high is None:
        code = given.industry or ("profit_share" if profit else "")
        if code not in parameters.royalty_bounds:
            raise UnknownIndustry(
                field=f"{checks.PLAN}{field}.industry",
                given=code,
                known=sorted(parameters.royalty_bounds),
            )
        bounds = parameters.royalty_bounds[code]
        low, high, origin = bounds.low, bounds.high, (bounds.zh, bounds.en)
    checks.rate(low, f"{field}.low", "low")
    checks.rate(high, f"{field}.high", "high", least=low)
    chosen = score if given.score is None else given.score
    if chosen is None:
        raise BadAmounts(
            field=f"{checks.PLAN}{field}.score",
            name="royalty",
            problem_zh="须填写评分 score,或提供指标评分 scoring",
            problem_en="give a score, or the indicators in scoring",
        )
    checks.rate(chosen, f"{field}.score", "score")
    rate = between(low, high, chosen)
    return rate, _scored(low, high, chosen, rate, origin)


def _scored(
    low: Decimal, high: Decimal, score: Decimal, rate: Decimal, origin: Sequence[str]
) -> list[Step]:
    return [
        Step(
            zh=f"提成率范围({origin[0]})",
            en=f"bounds of the royalty ({origin[1]})",
            value=f"{percent(low)} - {percent(high)}",
        ),
        Step(zh="综合评分 R", en="score R", value=percent(score)),
        Step(
            zh="提成率 K = m + (n - m) × R", en="royalty K = m + (n - m) x R", value=percent(rate)
        ),
    ]
