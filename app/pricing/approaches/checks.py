"""What inputs can be: a rate, life, weight or currency that cannot be is refused with reason."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from app.pricing.errors import BadLife, BadRate, BadWeights, CurrencyMixed

CURRENCY = "CNY"
MOST_YEARS = 50
WEIGHT_TOLERANCE = Decimal("0.000001")
ZERO, ONE = Decimal(0), Decimal(1)
PLAN = "body.plan."


def rate(
    given: Decimal, field: str, name: str, least: Decimal = ZERO, most: Decimal = ONE
) -> Decimal:
    """The rate, if it is from `least` to `most`; raises BadRate."""
    if not given.is_finite() or not least <= given <= most:
        raise BadRate(
            field=PLAN + field, name=name, given=str(given), least=str(least), most=str(most)
        )
    return given


def life(given: Decimal, field: str, name: str) -> Decimal:
    """A life in years, more than none and at most 50; raises BadLife."""
    if not given.is_finite() or not ZERO < given <= MOST_YEARS:
        raise BadLife(field=PLAN + field, name=name, given=str(given), most=MOST_YEARS)
    return given


def weights(given: Sequence[Decimal], field: str, name: str) -> None:
    """Raise BadWeights unless none is negative and they sum to one (TV-E8)."""
    total = sum(given, ZERO)
    if any(weight < ZERO for weight in given) or abs(total - ONE) > WEIGHT_TOLERANCE:
        raise BadWeights(field=PLAN + field, name=name, given=str(total))


def currencies(given: Iterable[str], field: str) -> None:
    """Raise CurrencyMixed unless all are CNY."""
    others = sorted({one for one in given if one != CURRENCY})
    if others:
        raise CurrencyMixed(field=PLAN + field, given=", ".join(others), expected=CURRENCY)
