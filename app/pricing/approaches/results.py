"""What every approach gives: a value with its range, and everything that explains it."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.kit.money import format_yuan, round_half_up
from app.pricing.errors import ValueTooLarge

MOST_FEN = 10**15
_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})
METHOD_VERSION = "approaches/1"
"""Goes up whenever the same inputs would give another value."""


class Approach(StrEnum):
    """A way to a value; `learned` is a market model fitted to past deals."""

    MARKET = "market"
    INCOME = "income"
    COST = "cost"
    OPTION = "option"
    LEARNED = "learned"


class Frozen(BaseModel):
    """A value that stays as it was made; unknown members are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Note(Frozen):
    """A sentence in both languages."""

    zh: str
    en: str


class Step(Frozen):
    """One step of a computation, as a reader follows it."""

    zh: str
    en: str
    value: str


class ApproachResult(Frozen):
    """A value in fen with its range, and how it came about.

    `means` says what the range is. `figures` are the approach's own: comparables, a tornado, the
    quantiles of a simulation.
    """

    approach: Approach
    low_fen: int = Field(ge=0, le=MOST_FEN)
    value_fen: int = Field(ge=0, le=MOST_FEN)
    high_fen: int = Field(ge=0, le=MOST_FEN)
    means: Note
    inputs: dict[str, Any]
    steps: list[Step]
    assumptions: list[Note]
    sources: list[str]
    figures: dict[str, Any] = Field(default_factory=dict)


def fen(amount: Decimal) -> int:
    """An amount in whole fen, rounded half up once; raises ValueTooLarge."""
    if not amount.is_finite() or abs(amount) > MOST_FEN:
        raise ValueTooLarge(most=MOST_FEN)
    return round_half_up(amount)


def yuan(amount: Decimal | int) -> str:
    """An amount of fen, for a reader."""
    whole = amount if isinstance(amount, int) else fen(amount)
    return f"{format_yuan(whole)} 元"


def percent(rate: Decimal) -> str:
    """A fraction as per cent, without zeros at the end."""
    shown = (rate * 100).quantize(Decimal("0.0001")).normalize()
    return f"{shown:f}%"


def plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as JSON holds them: decimals as text."""
    return {name: _plain(item) for name, item in value.items()}


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is Decimal:
        return f"{value.normalize():f}"
    if kind is dict or isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value
