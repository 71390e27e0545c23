"""Money as integer fen (分): reading, writing, rounding and splitting.

Amounts are whole fen from the wire to the database; there is no floating-point money. A rate
is applied in ``Decimal`` and rounded half up once, at the end; a split uses the largest
remainder, so that the parts always sum to the whole (rules.md section 1, TV-A6).
"""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

Fen: TypeAlias = int
"""An amount in fen; 100 fen are one yuan."""

FEN_MAX = 2**63 - 1
"""The largest amount a ``BIGINT`` column holds, in fen."""

# Plain digits, or digits grouped by thousands as format_yuan writes them.
_YUAN = re.compile(r"(-?)([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.([0-9]+))?", re.ASCII)
_LONGEST_TEXT = 64


class MoneyError(ValueError):
    """A money value that cannot be taken; the message says what would be right."""


class BadAmount(MoneyError):
    """A text or number that is not an amount in yuan with at most two decimals."""


class BadWeights(MoneyError):
    """Weights that cannot split an amount."""


def parse_yuan(text: str, *, allow_negative: bool = False) -> Fen:
    """Read a decimal amount in yuan, such as ``1234.5`` or ``1,234.56``, exactly as fen.

    Raises:
        BadAmount: for anything else than plain decimal digits (no exponent, no currency sign),
            more than two decimals, a negative amount unless allowed, or an amount that does not
            fit a ``BIGINT`` of fen.
    """
    stripped = text.strip() if len(text) <= _LONGEST_TEXT else ""
    match = _YUAN.fullmatch(stripped)
    if match is None:
        raise BadAmount(f"{text[:_LONGEST_TEXT]!r} is not an amount in yuan such as 1234.56")
    sign, whole, decimals = match.group(1), match.group(2), match.group(3) or ""
    if len(decimals) > 2:
        raise BadAmount(f"{stripped} has {len(decimals)} decimals; yuan have at most 2")
    fen = int(whole.replace(",", "")) * 100 + int(decimals.ljust(2, "0"))
    if sign and fen and not allow_negative:
        raise BadAmount(f"{stripped} is negative; the amount must be 0 or more")
    if fen > FEN_MAX:
        raise BadAmount(f"{stripped} is too large; the most is {format_yuan(FEN_MAX)}")
    return -fen if sign else fen


def format_yuan(fen: Fen) -> str:
    """Write fen as yuan with thousands separators and two decimals, e.g. ``1,234.56``."""
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{yuan:,}.{rest:02d}"


def round_half_up(value: Decimal) -> int:
    """Round to a whole number, halves away from zero, at any magnitude.

    Raises:
        BadAmount: if the value is not finite.
    """
    if not value.is_finite():
        raise BadAmount(f"{value} is not a finite amount")
    return int(value.to_integral_value(rounding=ROUND_HALF_UP))


def share(total_fen: Fen, weights: Sequence[int]) -> list[Fen]:
    """Split an amount in proportion to whole-number weights by largest remainder (TV-A6).

    Every part is the exact proportion rounded down or up to a fen, the parts sum to
    ``total_fen``, and between equal remainders the earlier part gets the odd fen. A part of
    weight 0 gets nothing.

    Raises:
        BadAmount: if the amount is negative.
        BadWeights: if there are no weights, one is negative, or all are 0.
    """
    if total_fen < 0:
        raise BadAmount(f"cannot split {total_fen} fen; the amount must be 0 or more")
    if not weights:
        raise BadWeights("cannot split an amount without weights")
    for position, weight in enumerate(weights):
        if weight < 0:
            raise BadWeights(f"weight {position + 1} is {weight}; it must be 0 or more")
    whole = sum(weights)
    if whole == 0:
        raise BadWeights("all weights are 0; at least one must be more")
    parts: list[Fen] = []
    remainders: list[int] = []
    for weight in weights:
        part, remainder = divmod(total_fen * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    # The fen left over are fewer than the positive remainders, or as many: weight 0 gets none.
    by_remainder = sorted(range(len(weights)), key=lambda i: -remainders[i])
    for position in by_remainder[: total_fen - sum(parts)]:
        parts[position] += 1
    return parts
