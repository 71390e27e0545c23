"""The income approach: relief from royalty, its range by simulation, tornado and break-even."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from app.pricing.approaches import checks, simulation
from app.pricing.approaches.inputs import Forecast, Income, Scenario
from app.pricing.approaches.parameters import ParameterSet
from app.pricing.approaches.rates import discount_rate, royalty_rate
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
from app.pricing.approaches.simulation import Draws
from app.pricing.errors import BadAmounts, BadLife

DAYS_OF_A_YEAR = Decimal("365.25")
HALF, ONE = Decimal("0.5"), Decimal(1)
_MOST_GROWTH = Decimal(1)
_MOST_TAX = Decimal("0.6")
_MOST_SEARCHED_RATE = Decimal(10)
_FULL_TERM = {"invention": 20, "utility": 10, "design": 15}
"""Years of a patent from its filing (专利法 42)."""


@dataclass(frozen=True)
class Flow:
    """Yearly royalties to be discounted; `counted` is the share of each year within the life."""

    revenues: tuple[Decimal, ...]
    counted: tuple[Decimal, ...]
    royalty: Decimal
    attenuation: Decimal
    tax: Decimal
    rate: Decimal
    mid_year: bool

    def present_values(self) -> list[Decimal]:
        """V_t = R_t k (1-d)^(t-1) (1-tax) / (1+r)^t, by t - 0.5 at mid-year (rules.md 6.2.1).

        Powers are built up year by year: a power to a broken exponent takes much longer.
        """
        discount = ONE / (ONE + self.rate)
        growth = discount * (ONE - self.attenuation)
        factor = self.royalty * (ONE - self.tax)
        factor *= discount.sqrt() if self.mid_year else discount
        values = []
        for revenue, share in zip(self.revenues, self.counted, strict=True):
            values.append(revenue * share * factor)
            factor *= growth
        return values

    def value(self) -> Decimal:
        """The sum of the present values."""
        return sum(self.present_values(), Decimal(0))


def legal_expiry(kind: str, filed_on: date) -> date:
    """The last day of a patent of this kind, counted from its filing (专利法 42; TV-E7)."""
    year = filed_on.year + _FULL_TERM[kind]
    try:
        return filed_on.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def years_left(day: date, expires_on: date) -> Decimal:
    """Years from a day to another one, to two places (TV-E7)."""
    return (Decimal((expires_on - day).days) / DAYS_OF_A_YEAR).quantize(Decimal("0.01"))


def remaining_life(
    day: date, expires_on: date | None, economic_years: Decimal
) -> tuple[Decimal, list[Step]]:
    """The shorter of the legal and the economic life (rules.md 6.2.7); raises BadLife."""
    checks.life(economic_years, "income.economic_years", "economic_years")
    steps = [Step(zh="剩余经济寿命(年)", en="economic life left", value=str(economic_years))]
    if expires_on is None:
        return economic_years, steps
    legal = years_left(day, expires_on)
    if legal <= 0:
        raise BadLife(
            field=checks.PLAN + "income.legal_expires_on",
            name="legal_years",
            given=str(legal),
            most=checks.MOST_YEARS,
        )
    shown = f"{legal} ({expires_on.isoformat()})"
    steps.append(Step(zh="剩余法定寿命(年)", en="legal life left", value=shown))
    return min(legal, economic_years), steps


def counted_shares(years: int, life: Decimal) -> tuple[Decimal, ...]:
    """How much of each year lies within the life: whole years, then a part, then nothing."""
    return tuple(min(ONE, max(Decimal(0), life - year)) for year in range(years))


def forecast(given: Forecast) -> list[int]:
    """Revenues of a forecast by year, in fen; raises BadAmounts and BadRate."""
    checks.rate(given.growth, "income.forecast.growth", "growth", -HALF, _MOST_GROWTH)
    priced = given.unit_price_fen is not None and given.units is not None
    if (given.first_fen is None) != priced:
        raise BadAmounts(
            field=checks.PLAN + "income.forecast.first_fen",
            name="forecast",
            problem_zh="须填写首年收入 first_fen,或单价 unit_price_fen 与数量 units",
            problem_en="give first_fen, or unit_price_fen and units",
        )
    first = given.first_fen
    if first is None:
        first = (given.unit_price_fen or 0) * (given.units or 0)
    return [fen(first * (ONE + given.growth) ** year) for year in range(given.years)]


def scenarios(given: Income) -> list[Scenario]:
    """The scenarios, or the forecast as the only one; raises BadAmounts and BadWeights."""
    if bool(given.scenarios) == (given.forecast is not None):
        raise BadAmounts(
            field=checks.PLAN + "income.scenarios",
            name="income",
            problem_zh="须填写收入情景 scenarios 或收入预测 forecast 之一",
            problem_en="give either scenarios or a forecast",
        )
    if given.forecast is not None:
        return [Scenario(name="预测", weight=ONE, revenues_fen=forecast(given.forecast))]
    checks.weights([one.weight for one in given.scenarios], "income.scenarios", "scenarios")
    return given.scenarios


def mean_revenues(given: Sequence[Scenario]) -> tuple[Decimal, ...]:
    """The expected revenue of each year; a scenario that ended earlier has none."""
    years = max(len(one.revenues_fen) for one in given)
    return tuple(
        sum(
            (one.weight * one.revenues_fen[year] for one in given if year < len(one.revenues_fen)),
            Decimal(0),
        )
        for year in range(years)
    )


def estimate(
    given: Income,
    day: date,
    expires_on: date | None,
    score: Decimal | None,
    parameters: ParameterSet,
    seed: int,
) -> ApproachResult:
    """The value by relief from royalty; `expires_on` is the legal end known from the rights.

    Raises BadRate, BadLife, BadWeights, BadAmounts, BadScore, BadDistribution, CurrencyMixed,
    UnknownIndustry, ValueTooLarge.
    """
    checks.currencies([given.currency], "income.currency")
    chosen = scenarios(given)
    rate, rate_steps = discount_rate(given.discount)
    royalty, royalty_steps = royalty_rate(
        given.royalty, score, parameters, profit=given.base == "profit"
    )
    tax = parameters.tax_rate if given.tax_rate is None else given.tax_rate
    checks.rate(tax, "income.tax_rate", "tax_rate", most=_MOST_TAX)
    checks.rate(given.attenuation, "income.attenuation", "attenuation")
    economic = given.economic_years
    life, life_steps = remaining_life(
        day,
        given.legal_expires_on or expires_on,
        parameters.economic_years if economic is None else economic,
    )
    revenues = mean_revenues(chosen)
    flow = Flow(
        revenues=revenues,
        counted=counted_shares(len(revenues), life),
        royalty=royalty,
        attenuation=given.attenuation,
        tax=tax,
        rate=rate,
        mid_year=given.timing == "mid_year",
    )
    draws = simulation.draws(given.simulation, royalty, rate, parameters)
    simulated = simulation.run(_paths(given, chosen, flow, draws), seed)
    value = fen(flow.value())
    return ApproachResult(
        approach=Approach.INCOME,
        low_fen=min(value, simulated.quantiles[10]),
        value_fen=value,
        high_fen=max(value, simulated.quantiles[90]),
        means=Note(
            zh=f"{given.simulation.paths} 条模拟路径的 10% 与 90% 分位数",
            en=f"10 % and 90 % quantiles of {given.simulation.paths} simulated paths",
        ),
        inputs=plain(
            {
                "royalty": royalty,
                "discount_rate": rate,
                "tax_rate": tax,
                "attenuation": given.attenuation,
                "timing": given.timing,
                "base": given.base,
                "life_years": life,
                "revenues_fen": [fen(one) for one in revenues],
                "draws": draws.shown(),
            }
        ),
        steps=[*rate_steps, *royalty_steps, *life_steps, *_yearly(flow)],
        assumptions=_assumptions(given, tax, expires_on, parameters),
        sources=["rules.md 6.2.1-6.2.7", parameters.code],
        figures={
            "simulation": simulated.shown(given.target_fen),
            "tornado": tornado(flow, draws),
            "break_even": break_even(flow, given.target_fen),
        },
    )


def _paths(given: Income, chosen: Sequence[Scenario], flow: Flow, draws: Draws) -> simulation.Paths:
    """The flow in floating point, one row of yearly amounts for each scenario."""
    kept = ONE - flow.tax
    rows = []
    for one in chosen:
        revenues = [*one.revenues_fen, *[0] * (len(flow.revenues) - len(one.revenues_fen))]
        rows.append([float(r * c * kept) for r, c in zip(revenues, flow.counted, strict=True)])
    return simulation.Paths(
        amounts=rows,
        weights=[float(one.weight) for one in chosen],
        attenuation=float(flow.attenuation),
        mid_year=flow.mid_year,
        draws=draws,
        paths=given.simulation.paths,
    )


def _yearly(flow: Flow) -> list[Step]:
    steps = []
    for year, value in enumerate(flow.present_values(), start=1):
        share = flow.counted[year - 1]
        part = "" if share == ONE else f" × {share}"
        steps.append(
            Step(
                zh=f"第 {year} 年:收入 {yuan(flow.revenues[year - 1])}{part} 的提成现值",
                en=f"year {year}: present value of the royalty",
                value=yuan(value),
            )
        )
    return steps


def tornado(flow: Flow, draws: Draws) -> list[dict[str, Any]]:
    """How far the value moves when one input goes to its 10 % or 90 % quantile; widest first."""
    rows = []
    for name in ("revenue", "royalty", "discount"):
        ends = [draws.named(name).at(share) for share in (0.1, 0.9)]
        values = [fen(_with(flow, name, end).value()) for end in ends]
        rows.append(
            {
                "input": name,
                "at_low": str(ends[0]),
                "at_high": str(ends[1]),
                "value_at_low_fen": values[0],
                "value_at_high_fen": values[1],
                "swing_fen": abs(values[1] - values[0]),
            }
        )
    return sorted(rows, key=lambda row: (-int(row["swing_fen"]), row["input"]))


def _with(flow: Flow, name: str, value: Decimal) -> Flow:
    """The flow with another value of one input; that of revenue is a factor."""
    if name == "revenue":
        return replace(flow, revenues=tuple(one * value for one in flow.revenues))
    if name == "royalty":
        return replace(flow, royalty=value)
    return replace(flow, rate=value)


def break_even(flow: Flow, target_fen: int | None) -> dict[str, Any] | None:
    """What each input would have to be for the value to equal a price; None without a price.

    An input is null where no possible value of it reaches the price.
    """
    value = flow.value()
    if target_fen is None:
        return None
    factor = None if value == 0 else Decimal(target_fen) / value
    royalty = None if factor is None else flow.royalty * factor
    return plain(
        {
            "target_fen": target_fen,
            "revenue_factor": _rounded(factor),
            "royalty": _rounded(royalty if royalty is not None and royalty <= ONE else None),
            "discount_rate": _rounded(_rate_for(flow, target_fen)),
        }
    )


def _rounded(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(Decimal("0.000001"))


def _rate_for(flow: Flow, target_fen: int) -> Decimal | None:
    """The discount rate at which the value is the target: the value falls as the rate rises."""
    low, high = Decimal(0), _MOST_SEARCHED_RATE
    if not replace(flow, rate=high).value() <= target_fen <= replace(flow, rate=low).value():
        return None
    for _ in range(40):
        middle = (low + high) / 2
        if replace(flow, rate=middle).value() > target_fen:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _assumptions(
    given: Income, tax: Decimal, expires_on: date | None, parameters: ParameterSet
) -> list[Note]:
    timing = "年中" if given.timing == "mid_year" else "年末"
    notes = [
        Note(zh="收入预测由委托方提供。", en="The revenues are the asker's forecast."),
        Note(
            zh=f"所得税率 {percent(tax)};现金流按{timing}折现。",
            en=f"Tax at {percent(tax)}; flows at {given.timing.replace('_', ' ')}.",
        ),
    ]
    if given.economic_years is None:
        years = parameters.economic_years
        notes.append(
            Note(
                zh=f"未给出经济寿命,按 {years} 年计。",
                en=f"No economic life was given; {years} years are taken.",
            )
        )
    if given.legal_expires_on is None and expires_on is None:
        notes.append(
            Note(
                zh="登记的权利没有届满日,未按法定寿命截断。",
                en="No right on record has an end, so the legal life does not cut the flow.",
            )
        )
    elif given.legal_expires_on is None:
        notes.append(
            Note(
                zh="法定寿命取登记权利中最早的届满日。",
                en="The legal life ends with the first right on record that ends.",
            )
        )
    return notes
