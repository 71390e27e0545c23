"""Terms of payment made comparable: instalments and royalties as a lump sum on the deal's day."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from app.pricing.approaches import checks
from app.pricing.approaches.results import Frozen


class Due(Frozen):
    """An amount in fen and the months after the deal in which it falls due."""

    amount_fen: Annotated[int, Field(ge=0, le=10**15)]
    months: Annotated[int, Field(ge=0, le=600)]


class Payment(Frozen):
    """What is paid at once and later; `expected` where later amounts depend on use."""

    upfront_fen: Annotated[int, Field(ge=0, le=10**15)]
    later: list[Due] = Field(default_factory=list)
    expected: bool = False


def present_value(payment: Payment, rate: Decimal) -> Decimal:
    """The lump sum on the day of the deal that the payments are worth, at a yearly rate."""
    checks.rate(rate, "market.terms_rate", "terms_rate")
    value = Decimal(payment.upfront_fen)
    for due in payment.later:
        value += due.amount_fen / (1 + rate) ** (Decimal(due.months) / 12)
    return value


def by_instalments(amounts_fen: list[int], every_months: int) -> Payment:
    """Instalments without days: the first at once, the next ones at even distances."""
    first, *rest = amounts_fen
    later = [
        Due(amount_fen=amount, months=every_months * place)
        for place, amount in enumerate(rest, start=1)
    ]
    return Payment(upfront_fen=first, later=later)


def by_royalty(upfront_fen: int, total_fen: int, years: int) -> Payment:
    """An entrance fee and the rest of the expected total in equal yearly royalties.

    Their sum is the total to the fen: the first years have the odd ones.
    """
    rest = max(0, total_fen - upfront_fen)
    each, odd = divmod(rest, years)
    later = [
        Due(amount_fen=each + (year <= odd), months=12 * year)
        for year in range(1, years + 1)
        if each + (year <= odd)
    ]
    return Payment(upfront_fen=upfront_fen, later=later, expected=True)
