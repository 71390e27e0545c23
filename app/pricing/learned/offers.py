"""What a market model learns from: offers of technologies, sold or not, as columns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

UNKNOWN = -1
"""The code of a category that is not known, and the number of bidders without an auction."""

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int16]
Days = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Category:
    """A column of names as codes: two bytes a row however long the names are."""

    names: tuple[str, ...]
    codes: Codes

    @staticmethod
    def of(values: Sequence[str | None]) -> "Category":
        """The column of these values; None is unknown."""
        names = tuple(sorted({value for value in values if value is not None}))
        place = {name: code for code, name in enumerate(names)}
        codes = [UNKNOWN if value is None else place[value] for value in values]
        return Category(names, np.array(codes, dtype=np.int16))

    def take(self, rows: npt.NDArray[Any]) -> "Category":
        """Some rows, with the same names."""
        return Category(self.names, self.codes[rows])

    def value(self, row: int) -> str | None:
        """The name in a row."""
        code = int(self.codes[row])
        return None if code == UNKNOWN else self.names[code]


@dataclass(frozen=True)
class Offers:
    """Offers in the order of their days; every column has one entry for each.

    `day` is the ordinal of the day on which the price was agreed or the auction failed. `log_price`
    is the natural logarithm of the price in fen as a lump sum, NaN where the offer failed; then
    `log_floor` is the logarithm of what nobody would pay. A floor of a sold offer is NaN where
    there was none or it is not known. `bidders` counts those who were admitted to an auction. `trl`
    is NaN where it is not stated.
    """

    day: Days
    field: Category
    section: Category
    mode: Category
    ip_kind: Category
    region: Category
    seller: Category
    exclusive: Flags
    trl: Floats
    bidders: Codes
    log_price: Floats
    log_floor: Floats

    def __len__(self) -> int:
        return len(self.day)

    @property
    def sold(self) -> Flags:
        """Which offers have a price."""
        return np.isfinite(self.log_price)

    def take(self, rows: npt.NDArray[Any]) -> "Offers":
        """Some offers, by a mask, a slice's indices or an order."""
        taken: dict[str, Any] = {}
        for one in fields(self):
            column = getattr(self, one.name)
            taken[one.name] = column.take(rows) if isinstance(column, Category) else column[rows]
        return Offers(**taken)
