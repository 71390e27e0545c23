"""The market approach: what was paid for comparable technologies, adjusted to day and terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from app.pricing.approaches import checks
from app.pricing.approaches.inputs import GivenComparable, Market
from app.pricing.approaches.parameters import ParameterSet
from app.pricing.approaches.results import (
    Approach,
    ApproachResult,
    Frozen,
    Note,
    Step,
    fen,
    percent,
    plain,
    yuan,
)
from app.pricing.approaches.terms import Payment, present_value
from app.pricing.errors import NoComparables, TooFewComparables

DAYS_OF_A_YEAR = Decimal("365.25")
LOW, MIDDLE, HIGH = Decimal("0.1"), Decimal("0.5"), Decimal("0.9")
_SHARPNESS = 4
"""Similarity to this power is a comparable's weight: half as similar counts a sixteenth."""
_MOST_CHANGE = Decimal("0.5")
_FACTORS = (Decimal("0.1"), Decimal(10))


class Comparable(Frozen):
    """A past deal as it was when it was compared; what a valuation keeps of it."""

    key: str
    source: str
    title: str
    technical_field: str
    ipc: list[str]
    trl: int | None
    mode: str
    exclusive: bool
    region: str
    traded_on: date
    price_fen: int
    payment: Payment
    reference: str
    similarity: Decimal
    parts: dict[str, float]


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A comparable's price on the subject's day and terms, and its weight."""

    key: str
    price: Decimal
    weight: Decimal
    shown: dict[str, Any]


def weighted_quantile(
    prices: Sequence[Decimal], weights: Sequence[Decimal], at: Decimal
) -> Decimal:
    """The quantile of weighted prices, linear between the middles of their weights.

    With equal weights the median is the usual one. Raises NoComparables.
    """
    if not prices:
        raise NoComparables(field=checks.PLAN + "market.comparables")
    rows = sorted(zip(prices, weights, strict=True))
    total = sum(weights, Decimal(0))
    places, passed = [], Decimal(0)
    for _, weight in rows:
        places.append((passed + weight / 2) / total)
        passed += weight
    for index in range(1, len(rows)):
        if at <= places[index]:
            left, right = places[index - 1], places[index]
            if at <= left:
                return rows[index - 1][0]
            share = (at - left) / (right - left)
            return rows[index - 1][0] + share * (rows[index][0] - rows[index - 1][0])
    return rows[-1][0]


def estimate(
    given: Market, found: Sequence[Comparable], day: date, parameters: ParameterSet
) -> ApproachResult:
    """The value by comparables: the asker's own ones, or those that were found.

    Raises CurrencyMixed, NoComparables, TooFewComparables, BadRate.
    """
    checks.currencies([given.currency], "market.currency")
    change = given.yearly_price_change
    if change is None:
        change = parameters.yearly_price_change
    checks.rate(
        change, "market.yearly_price_change", "yearly_price_change", -_MOST_CHANGE, _MOST_CHANGE
    )
    if given.comparables is not None:
        adjusted = _of_asker(given.comparables, day, change)
    else:
        adjusted = _of_platform(found, day, change, parameters)
    prices, weights = [one.price for one in adjusted], [one.weight for one in adjusted]
    low, middle, high = (weighted_quantile(prices, weights, at) for at in (LOW, MIDDLE, HIGH))
    if given.average == "mean":
        total = sum(weights, Decimal(0))
        middle = sum((p * w for p, w in zip(prices, weights, strict=True)), Decimal(0)) / total
        low, high = min(low, middle), max(high, middle)
    own = given.comparables is not None
    name = (
        ("加权平均", "weighted mean")
        if given.average == "mean"
        else ("加权中位数", "weighted median")
    )
    return ApproachResult(
        approach=Approach.MARKET,
        low_fen=fen(low),
        value_fen=fen(middle),
        high_fen=fen(high),
        means=Note(
            zh="可比交易修正价格的 10% 与 90% 加权分位数",
            en="weighted 10 % and 90 % quantiles of the adjusted prices",
        ),
        inputs=plain(
            {"own_comparables": own, "yearly_price_change": change, "average": given.average}
        ),
        steps=[
            Step(zh="可比交易数", en="comparables", value=str(len(adjusted))),
            Step(zh="有效样本量(按权重)", en="effective sample size", value=_effective(weights)),
            Step(zh=f"修正价格的{name[0]}", en=f"{name[1]} of adjusted prices", value=yuan(middle)),
        ],
        assumptions=_assumptions(given, change, parameters),
        sources=["rules.md 6.2.6", parameters.code],
        figures={"sample_size": len(adjusted), "comparables": [one.shown for one in adjusted]},
    )


def _effective(weights: Sequence[Decimal]) -> str:
    """Kish: the square of the sum over the sum of squares."""
    total, squares = sum(weights, Decimal(0)), sum((w * w for w in weights), Decimal(0))
    return str((total * total / squares).quantize(Decimal("0.1")))


def _of_asker(given: Sequence[GivenComparable], day: date, change: Decimal) -> list[Adjusted]:
    if not given:
        raise NoComparables(field=checks.PLAN + "market.comparables")
    checks.currencies([one.currency for one in given], "market.comparables")
    adjusted = []
    for place, one in enumerate(given):
        price = Decimal(one.price_fen)
        if one.traded_on is not None:
            price *= _to_day(one.traded_on, day, change)
        for factor in one.factors:
            price *= checks.rate(factor, f"market.comparables.{place}.factors", "factor", *_FACTORS)
        shown = {
            "title": one.title,
            "source": "given",
            "price_fen": one.price_fen,
            "traded_on": one.traded_on,
            "factors": one.factors,
            "reference": one.reference,
            "adjusted_fen": fen(price),
            "weight": Decimal(1),
        }
        adjusted.append(
            Adjusted(key=str(place), price=price, weight=Decimal(1), shown=plain(shown))
        )
    return adjusted


def _of_platform(
    found: Sequence[Comparable], day: date, change: Decimal, parameters: ParameterSet
) -> list[Adjusted]:
    if not found:
        raise NoComparables(field=checks.PLAN + "market")
    if len(found) < parameters.least_comparables:
        raise TooFewComparables(
            field=checks.PLAN + "market", found=len(found), needed=parameters.least_comparables
        )
    adjusted = []
    for one in found:
        equivalent = present_value(one.payment, parameters.terms_rate)
        price = equivalent * _to_day(one.traded_on, day, change)
        weight = one.similarity**_SHARPNESS
        shown = {
            "key": one.key,
            "title": one.title,
            "source": one.source,
            "technical_field": one.technical_field,
            "mode": one.mode,
            "exclusive": one.exclusive,
            "traded_on": one.traded_on,
            "price_fen": one.price_fen,
            "lump_sum_equivalent_fen": fen(equivalent),
            "adjusted_fen": fen(price),
            "similarity": one.similarity,
            "parts": one.parts,
            "weight": weight.quantize(Decimal("0.000001")),
            "reference": one.reference,
        }
        adjusted.append(Adjusted(key=one.key, price=price, weight=weight, shown=plain(shown)))
    return adjusted


def _to_day(traded_on: date, day: date, change: Decimal) -> Decimal:
    """How prices moved from one day to the other."""
    years = Decimal((day - traded_on).days) / DAYS_OF_A_YEAR
    return (1 + change) ** years


def _assumptions(given: Market, change: Decimal, parameters: ParameterSet) -> list[Note]:
    notes = [
        Note(
            zh="目前没有公开的技术交易价格数据集;可比交易来自本平台及导入数据,未必代表整个市场。",
            en="There is no public data set of technology deal prices; comparables are of this "
            "platform and of imports, and need not stand for the whole market.",
        ),
        Note(
            zh=f"价格按每年 {percent(change)} 修正至评估基准日。",
            en=f"Prices are moved to the valuation day by {percent(change)} a year.",
        ),
    ]
    if given.comparables is not None:
        notes.append(
            Note(
                zh="可比案例及修正系数由委托方提供,未经平台核实。",
                en="Comparables and factors were given by the asker and not checked.",
            )
        )
    else:
        rate, months = percent(parameters.terms_rate), parameters.instalment_months
        notes.append(
            Note(
                zh=f"分期与提成按年率 {rate} 折为一次总付;未约定日期的分期按每 {months} 个月一期,"
                f"提成预计总额按 {parameters.royalty_years} 年均摊。",
                en=f"Instalments and royalties are made lump sums at {rate} a year: undated "
                f"instalments every {months} months, expected royalties evenly over "
                f"{parameters.royalty_years} years.",
            )
        )
    return notes
