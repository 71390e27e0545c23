"""How offers become numbers: one column for each frequent category, and a few measures.

The number of bidders is not among them: it is known when an auction is over, and an estimate is
asked for before.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.pricing.learned.offers import UNKNOWN, Category, Offers

CATEGORIES = ("field", "section", "mode", "ip_kind", "region", "seller")
DRIVING = ("field", "section", "mode", "ip_kind")
"""Categories that the price depends on: a value that the model never saw is refused."""

MEASURES = ("exclusive", "trl", "days")
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Encoding:
    """Which categories have a column, with the number of deals of each, and the first day."""

    counts: dict[str, dict[str, int]]
    first_day: int

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in their order."""
        own = [f"{name}={value}" for name in CATEGORIES for value in self.counts[name]]
        return [*own, *MEASURES]

    def document(self) -> dict[str, Any]:
        """As it is stored."""
        return {"counts": self.counts, "first_day": self.first_day}


def encoding(offers: Offers, least: int) -> Encoding:
    """Learn the columns from sold offers: categories with `least` deals or more."""
    sold = offers.sold
    counts = {}
    for name in CATEGORIES:
        column: Category = getattr(offers, name)
        codes = column.codes[sold]
        found = np.bincount(codes[codes != UNKNOWN], minlength=len(column.names))
        counts[name] = {
            value: int(found[code])
            for code, value in enumerate(column.names)
            if found[code] >= least
        }
    return Encoding(counts, int(offers.day.min()))


def matrix(offers: Offers, known: Encoding) -> Matrix:
    """The offers as numbers; a category without a column has none, a missing measure is NaN."""
    rows = np.arange(len(offers))
    found = np.zeros((len(offers), len(known.columns)), dtype=np.float32)
    begin = 0
    for name in CATEGORIES:
        column: Category = getattr(offers, name)
        place = {value: begin + at for at, value in enumerate(known.counts[name])}
        at = np.array([place.get(value, UNKNOWN) for value in column.names] + [UNKNOWN])
        columns = at[column.codes]
        there = columns != UNKNOWN
        found[rows[there], columns[there]] = 1.0
        begin += len(place)
    found[:, begin] = offers.exclusive
    found[:, begin + 1] = offers.trl
    found[:, begin + 2] = offers.day - known.first_day
    return found
