"""The published formula of weighted auctions, in integers."""

from collections.abc import Mapping, Sequence

from app.auctions.engine.terms import PRICE_TERM, ScoredTerm

SCALE = 1_000_000
"""A term's value on its scale is a whole number of millionths, rounded half up once."""

FULL_SCORE = SCALE * 10_000
"""The score of a bid that is best in every term; 100 points."""


def scaled(term: ScoredTerm, value: int) -> int:
    """Where a value lies on a term's scale, 0 to `SCALE`; outside it counts as the end."""
    inside = min(max(value, term.min), term.max)
    over = term.max - inside if term.lower else inside - term.min
    width = term.max - term.min
    return (2 * over * SCALE + width) // (2 * width)


def score(terms: Sequence[ScoredTerm], price_fen: int, values: Mapping[str, int]) -> int:
    """The sum of weight x scaled value, 0 to `FULL_SCORE`, exact after the terms' rounding."""
    return sum(
        term.weight_bp * scaled(term, price_fen if term.code == PRICE_TERM else values[term.code])
        for term in terms
    )
