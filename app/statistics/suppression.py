"""Which cells of a table to be published are withheld, so that no unit's figures can be computed.

The tables of a year are one system of linear equations: a quarter is the sum of its months, the
year that of its quarters, a total that of its keys. A month's table is published before the
quarter's is known, and stays as it was published. So the cells of a new period are chosen against
everything that is public already (ADR 0024):

1. A cell with fewer than three sellers or buyers is withheld.
2. In every equation that the new period closes, what is withheld must stay ambiguous: at least two
   cells, one of which has three units of its own; or all cells of a published sum. If not, the
   smallest other cell of the new period goes with it.
3. The whole system is then audited: no cell of rule 1 may be a linear combination of what is
   published. As long as one is, another cell of the new period is withheld.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.statistics.rules import FEWEST_UNITS, Span
from app.statistics.states import FLOW, TOTAL, PeriodKind, Withheld

Column = Mapping[str, Mapping[str, Withheld | None]]
"""A period's cells by dimension and key, and why they are withheld; an absent cell is empty."""

FAMILIES: tuple[tuple[str, str | None], ...] = (
    (TOTAL, None),
    ("sub_class", "contract_class"),
    ("technical_field", None),
    ("ip_type", None),
    ("plan_category", None),
    ("objective", None),
    ("seller_kind", None),
    ("buyer_kind", None),
    ("seller_region", None),
    ("buyer_region", None),
)
"""Dimensions whose cells are sums of each other: the leaves, and their parents if they have any."""

PRIME = 2**31 - 1
Vector = Mapping[object, int]


@dataclass(frozen=True)
class NewCell:
    """A cell of the period to be published.

    `units` is the smaller of the numbers of different sellers and different buyers; `size` orders
    the cells that could be withheld.
    """

    units: int
    size: int


def spanned(rows: Iterable[Vector], targets: Iterable[Vector]) -> list[bool]:
    """Which targets are linear combinations of the rows, computed in a prime field.

    In the field a combination exists wherever one exists in the rationals whose denominators are
    not multiples of the prime 2^31 - 1; coefficients here are 0, 1 and -1.
    """
    given, wanted = list(rows), list(targets)
    names: dict[object, int] = {}
    for vector in (*given, *wanted):
        for name in vector:
            names.setdefault(name, len(names))
    matrix = np.zeros((len(given), len(names)), dtype=np.int64)
    asked = np.zeros((len(wanted), len(names)), dtype=np.int64)
    for block, vectors in ((matrix, given), (asked, wanted)):
        for index, vector in enumerate(vectors):
            for name, value in vector.items():
                block[index, names[name]] = value % PRIME
    rank = 0
    for column in range(len(names)):
        found = np.flatnonzero(matrix[rank:, column])
        if found.size == 0:
            continue
        _swap(matrix, rank, rank + int(found[0]))
        pivot = matrix[rank] * pow(int(matrix[rank, column]), PRIME - 2, PRIME) % PRIME
        matrix[rank] = pivot
        _eliminate(matrix[rank + 1 :], pivot, column)
        _eliminate(asked, pivot, column)
        rank += 1
        if rank == len(given):
            break
    return [not row.any() for row in asked]


def _swap(matrix: NDArray[np.int64], one: int, other: int) -> None:
    if one != other:
        matrix[[one, other]] = matrix[[other, one]]


def _eliminate(matrix: NDArray[np.int64], pivot: NDArray[np.int64], column: int) -> None:
    hit = np.flatnonzero(matrix[:, column])
    if hit.size:
        factors = matrix[hit, column][:, None]
        matrix[hit] = (matrix[hit] - factors * pivot[None, :] % PRIME) % PRIME


def ambiguous(withheld: list[Withheld], cells: int) -> bool:
    """Whether the withheld cells of a published sum of so many cells hide each other."""
    if not withheld or len(withheld) == cells:
        return True
    return len(withheld) > 1 and Withheld.COMPLEMENT in withheld


@dataclass
class _Family:
    """The cells of one family in the new period, and those of the year that are public."""

    leaf: str
    parent: str | None
    new: Span
    cells: Mapping[str, Mapping[str, NewCell]]
    frozen: Mapping[Span, Column]
    state: dict[str, dict[str, Withheld | None]] = field(default_factory=dict)

    @property
    def dimensions(self) -> tuple[str, ...]:
        return (self.leaf,) if self.parent is None else (self.leaf, self.parent)

    def column(self, span: Span) -> Column:
        return self.state if span == self.new else self.frozen.get(span, {})

    def withheld(self, span: Span, dimension: str, key: str) -> Withheld | None:
        return self.column(span).get(dimension, {}).get(key)

    def parent_of(self, key: str) -> str:
        return key.partition(".")[0]

    def unknown(self, span: Span, dimension: str, key: str) -> dict[object, int]:
        """The withheld months of withheld leaves that a cell is made of."""
        found: dict[object, int] = {}
        for month in span.months:
            leaves = self.column(Span(month, PeriodKind.MONTH)).get(self.leaf, {})
            for leaf, why in leaves.items():
                inside = (
                    dimension == TOTAL
                    or leaf == key
                    or (dimension == self.parent and self.parent_of(leaf) == key)
                )
                if why is not None and inside:
                    found[(self.leaf, leaf, month)] = 1
        return found

    def can_hide(self, dimension: str, key: str) -> bool:
        """Whether withholding the new cell hides anything: else its parts tell it."""
        return self.new.kind is PeriodKind.MONTH or bool(self.unknown(self.new, dimension, key))

    def hide(self, dimension: str, key: str) -> None:
        self.state[dimension][key] = Withheld.COMPLEMENT

    def begin(self, *, total_hidden: bool) -> None:
        """Rule 1; a hidden total hides everything below it."""
        other = Withheld.COMPLEMENT if total_hidden else None
        for dimension in self.dimensions:
            self.state[dimension] = {
                key: Withheld.SMALL if cell.units < FEWEST_UNITS else other
                for key, cell in self.cells.get(dimension, {}).items()
            }

    def over_time(self) -> None:
        """Rule 2 for each key: the sum over the parts of the new period, and the sum to come."""
        for dimension in self.dimensions:
            for key, why in list(self.state[dimension].items()):
                if why is None and self.can_hide(dimension, key) and self._tells(dimension, key):
                    self.hide(dimension, key)

    def _tells(self, dimension: str, key: str) -> bool:
        parts = self._states(self.new.parts, dimension, key)
        if not ambiguous([one for one in parts if one is not None], len(parts)):
            return True
        whole = self.new.whole
        earlier = (
            () if whole is None else [one for one in whole.parts if one.first < self.new.first]
        )
        before = [one for one in self._states(earlier, dimension, key) if one is not None]
        return bool(before) and not (len(before) > 1 and Withheld.COMPLEMENT in before)

    def _states(self, spans: Iterable[Span], dimension: str, key: str) -> list[Withheld | None]:
        columns = [self.column(span).get(dimension, {}) for span in spans]
        return [column[key] for column in columns if key in column]

    def over_keys(self) -> None:
        """Rule 2 for the new period: each sum over keys, until nothing changes."""
        if self.leaf == TOTAL:
            return
        while any(self._settle(*group) for group in self._groups()):
            pass

    def _groups(self) -> list[tuple[str, str, str, list[str]]]:
        top = self.parent or self.leaf
        groups = [(TOTAL, "", top, list(self.state[top]))]
        if self.parent is not None:
            for key in self.state[self.parent]:
                below = [leaf for leaf in self.state[self.leaf] if self.parent_of(leaf) == key]
                groups.append((self.parent, key, self.leaf, below))
        return groups

    def _settle(self, dimension: str, key: str, below: str, members: list[str]) -> bool:
        """Hide one more cell where a sum tells one; returns whether one was hidden."""
        states = self.state[below]
        withheld = [why for one in members if (why := states[one]) is not None]
        if self.withheld(self.new, dimension, key) is None:
            fine = ambiguous(withheld, len(members))
        else:
            fine = bool(withheld) or not members
        if fine:
            return False
        return self._hide_smallest([(below, one) for one in members])

    def _hide_smallest(self, among: Iterable[tuple[str, str]]) -> bool:
        """Hide the smallest of these new cells that can be; returns whether there was one."""
        open_ones = sorted(
            (self.cells[dimension][key].size, dimension, key)
            for dimension, key in among
            if self.state[dimension][key] is None and self.can_hide(dimension, key)
        )
        if open_ones:
            _, dimension, key = open_ones[0]
            self.hide(dimension, key)
        return bool(open_ones)

    def facts(self) -> tuple[list[dict[object, int]], list[dict[object, int]]]:
        """The published sums over what is not known, and what must not follow from them."""
        rows: list[dict[object, int]] = []
        targets: list[dict[object, int]] = []
        for span in (*self.frozen, self.new):
            column = self.column(span)
            for dimension in (TOTAL, *self.dimensions):
                for key, why in column.get(dimension, {}).items():
                    found = self.unknown(span, dimension, key)
                    if not found:
                        continue
                    if why is None:
                        rows.append(found)
                    elif why is Withheld.SMALL or dimension == TOTAL:
                        targets.append(found)
        return rows, targets

    def audit(self) -> None:
        """Rule 3."""
        while any(spanned(*self.facts())):
            everything = [
                (dimension, key) for dimension in self.dimensions for key in self.state[dimension]
            ]
            if not self._hide_smallest(everything):
                return
            self.over_keys()


def withhold(
    new: Span, cells: Mapping[str, Mapping[str, NewCell]], frozen: Mapping[Span, Column]
) -> dict[str, dict[str, Withheld | None]]:
    """Why each cell of a new period is withheld, or None, by dimension and key.

    `frozen` has the periods of the same year that are public.
    """
    decided: dict[str, dict[str, Withheld | None]] = {}
    families: dict[str, _Family] = {}
    for leaf, parent in FAMILIES:
        family = _Family(leaf, parent, new, cells, frozen, dict(decided))
        total_hidden = leaf != TOTAL and decided[TOTAL].get("") is not None
        family.begin(total_hidden=total_hidden)
        if not total_hidden:
            family.over_time()
            family.over_keys()
            family.audit()
        for dimension in family.dimensions:
            decided[dimension] = family.state[dimension]
        families[leaf] = family
    if FLOW in cells:
        decided[FLOW] = _flows(cells[FLOW], decided, families)
    return decided


def _flows(
    cells: Mapping[str, NewCell],
    decided: Mapping[str, Mapping[str, Withheld | None]],
    families: Mapping[str, _Family],
) -> dict[str, Withheld | None]:
    """The matrix of a year: its rows and columns sum to the regions' tables."""
    hidden = decided[TOTAL].get("") is not None
    state: dict[str, Withheld | None] = {
        key: Withheld.SMALL
        if cell.units < FEWEST_UNITS
        else (Withheld.COMPLEMENT if hidden else None)
        for key, cell in cells.items()
    }
    lines: list[tuple[str, str, list[str]]] = []
    for dimension, side in (("seller_region", 0), ("buyer_region", 1)):
        for region in decided[dimension]:
            members = [key for key in cells if key.split("-")[side] == region]
            lines.append((dimension, region, members))

    def crossing(key: str) -> bool:
        """Whether the cell is in two lines that need one: then it serves both."""
        return sum(key in members and bad(*line) for line in lines for members in [line[2]]) > 1

    def bad(dimension: str, region: str, members: list[str]) -> bool:
        withheld = [why for key in members if (why := state[key]) is not None]
        if decided[dimension][region] is None:
            return not ambiguous(withheld, len(members))
        return not withheld and bool(members)

    def hide_one(members: Iterable[str]) -> bool:
        open_ones = [key for key in members if state[key] is None]
        if open_ones:
            best = min(open_ones, key=lambda key: (not crossing(key), cells[key].size, key))
            state[best] = Withheld.COMPLEMENT
        return bool(open_ones)

    def settle() -> None:
        while any(bad(*line) and hide_one(line[2]) for line in lines):
            pass

    settle()
    while any(spanned(*_flow_facts(state, lines, families))):
        if not hide_one(cells):
            break
        settle()
    return state


def _flow_facts(
    state: Mapping[str, Withheld | None],
    lines: list[tuple[str, str, list[str]]],
    families: Mapping[str, _Family],
) -> tuple[list[dict[object, int]], list[dict[object, int]]]:
    """The matrix together with the regions' tables: a line is the sum of its region's months."""
    rows: list[dict[object, int]] = []
    targets: list[dict[object, int]] = [
        {(FLOW, key): 1} for key, why in state.items() if why is Withheld.SMALL
    ]
    for name in ("seller_region", "buyer_region"):
        more_rows, more_targets = families[name].facts()
        rows += more_rows
        targets += more_targets
    for dimension, region, members in lines:
        family = families[dimension]
        line: dict[object, int] = {(FLOW, key): 1 for key in members if state[key] is not None}
        for month in family.unknown(family.new, dimension, region):
            line[month] = -1
        if line:
            rows.append(line)
    return rows, targets
