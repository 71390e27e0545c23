"""The cost approach: what it would take to have the technology anew, less what is worn of it."""

from decimal import Decimal

from app.pricing.approaches import checks
from app.pricing.approaches.inputs import Cost
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
from app.pricing.errors import BadAmounts

ONE = Decimal(1)
_LEAST_INDEX, _MOST_INDEX = Decimal("0.1"), Decimal(10)


def depreciation(given: Cost) -> tuple[Decimal, str]:
    """used / (used + remaining) (rules.md 6.2.5), or the given rate; raises BadAmounts, BadLife."""
    years = given.used_years is not None and given.remaining_years is not None
    if years == (given.depreciation is not None):
        raise BadAmounts(
            field=checks.PLAN + "cost.depreciation",
            name="depreciation",
            problem_zh="须填写已使用与剩余年限,或贬值率之一",
            problem_en="give used_years and remaining_years, or depreciation",
        )
    if given.depreciation is not None:
        rate = checks.rate(given.depreciation, "cost.depreciation", "depreciation")
        return rate, percent(rate)
    assert given.used_years is not None
    assert given.remaining_years is not None
    checks.life(given.remaining_years, "cost.remaining_years", "remaining_years")
    if given.used_years != 0:
        checks.life(given.used_years, "cost.used_years", "used_years")
    rate = given.used_years / (given.used_years + given.remaining_years)
    return rate, f"{given.used_years} / ({given.used_years} + {given.remaining_years})"


def estimate(given: Cost, parameters: ParameterSet) -> ApproachResult:
    """The value by cost; raises BadRate, BadLife, BadAmounts, CurrencyMixed, ValueTooLarge."""
    checks.currencies([given.currency], "cost.currency")
    if not given.items:
        raise BadAmounts(
            field=checks.PLAN + "cost.items",
            name="items",
            problem_zh="至少需要一项成本",
            problem_en="at least one item of cost is needed",
        )
    checks.rate(given.profit_rate, "cost.profit_rate", "profit_rate")
    functional = checks.rate(
        given.functional_obsolescence, "cost.functional_obsolescence", "functional_obsolescence"
    )
    economic = checks.rate(
        given.economic_obsolescence, "cost.economic_obsolescence", "economic_obsolescence"
    )
    steps, total = [], Decimal(0)
    for place, item in enumerate(given.items):
        index = checks.rate(
            item.index, f"cost.items.{place}.index", "index", _LEAST_INDEX, _MOST_INDEX
        )
        amount = item.amount_fen * index
        total += amount
        steps.append(
            Step(zh=f"{item.name} × {index}", en=f"{item.name} x {index}", value=yuan(amount))
        )
    worn, shown = depreciation(given)
    whole = total * (ONE + given.profit_rate)
    value = whole * (ONE - worn) * (ONE - functional) * (ONE - economic)
    reproduction = given.kind == "reproduction"
    name = "重置成本(复原)" if reproduction else "重置成本(更新)"
    steps += [
        Step(zh=f"{name}合计", en=f"cost of {given.kind}", value=yuan(total)),
        Step(
            zh=f"加利润 {percent(given.profit_rate)}",
            en=f"with a profit of {percent(given.profit_rate)}",
            value=yuan(whole),
        ),
        Step(zh=f"贬值率 {shown}", en=f"depreciation {shown}", value=percent(worn)),
        Step(
            zh="功能性与经济性贬值",
            en="functional and economic obsolescence",
            value=f"{percent(functional)}, {percent(economic)}",
        ),
        Step(zh="成本法价值", en="value by cost", value=yuan(value)),
    ]
    spread = parameters.cost_spread
    return ApproachResult(
        approach=Approach.COST,
        low_fen=fen(value * (ONE - spread)),
        value_fen=fen(value),
        high_fen=fen(value * (ONE + spread)),
        means=Note(
            zh=f"上下 {percent(spread)},为配置值而非统计区间",
            en=f"{percent(spread)} to both sides: configured, not statistical",
        ),
        inputs=plain({"kind": given.kind, "profit_rate": given.profit_rate, "depreciation": worn}),
        steps=steps,
        assumptions=[
            Note(
                zh="成本由委托方提供;成本与市场价值没有必然联系。",
                en="The costs are the asker's; what something cost need not be its worth.",
            )
        ],
        sources=["rules.md 6.2.5", parameters.code],
    )
