"""Nobody can compute a withheld cell: a year is published period by period and then attacked."""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pytest

from app.statistics import rules, suppression
from app.statistics.rules import Span
from app.statistics.states import DIMENSIONS, FLOW, TOTAL, PeriodKind, Withheld
from app.statistics.suppression import NewCell, ambiguous, spanned

MONTH, QUARTER, YEAR = PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR
SMALL, COMPLEMENT = Withheld.SMALL, Withheld.COMPLEMENT
Key = tuple[str, str, Span]


@dataclass(frozen=True)
class Contract:
    """A contract in a month, with its leaf keys by dimension."""

    month: date
    seller: int
    buyer: int
    amount: int
    keys: dict[str, str]

    def key(self, dimension: str) -> str:
        if dimension == TOTAL:
            return ""
        if dimension == FLOW:
            return f"{self.keys['seller_region']}-{self.keys['buyer_region']}"
        if dimension == "contract_class":
            return self.keys["sub_class"].partition(".")[0]
        return self.keys[dimension]


def contracts(seed: int, count: int, months: int = 12) -> list[Contract]:
    """Contracts whose regions and fields are as uneven as the nation's."""
    dice = random.Random(seed)
    regions = [f"{number}0000" for number in (11, 31, 44, 54, 63)]
    plain = {
        name: [f"{name}{number}" for number in range(3)]
        for name in DIMENSIONS
        if name not in {TOTAL, FLOW, "contract_class", "sub_class"}
    }
    classes = ["development.joint", "development.commissioned", "consulting", "license.x"]
    made = []
    for _ in range(count):
        keys = {name: dice.choices(values, (8, 3, 1))[0] for name, values in plain.items()}
        keys["sub_class"] = dice.choices(classes, (8, 4, 2, 1))[0]
        keys["seller_region"] = dice.choices(regions, (9, 5, 3, 1, 1))[0]
        keys["buyer_region"] = dice.choices(regions, (9, 5, 3, 1, 1))[0]
        month = date(2025, dice.randint(1, months), 1)
        made.append(
            Contract(month, dice.randint(1, 9), dice.randint(1, 9), dice.randint(1, 999), keys)
        )
    return made


def cells(facts: Iterable[Contract], span: Span) -> dict[str, dict[str, NewCell]]:
    inside = [fact for fact in facts if fact.month in span.months]
    found: dict[str, dict[str, NewCell]] = {}
    for dimension in DIMENSIONS:
        if dimension == FLOW and span.kind is not YEAR:
            continue
        groups: dict[str, list[Contract]] = defaultdict(list)
        for fact in inside:
            groups[fact.key(dimension)].append(fact)
        found[dimension] = {
            key: NewCell(
                min(len({one.seller for one in group}), len({one.buyer for one in group})),
                sum(one.amount for one in group),
            )
            for key, group in groups.items()
        }
    return found


def in_turn() -> list[Span]:
    """A year's periods in the order of their publication."""
    spans = []
    for number in range(1, 13):
        month = Span(date(2025, number, 1), MONTH)
        spans.append(month)
        if number % 3 == 0:
            spans.append(rules.span_of(QUARTER, month.first))
    return [*spans, Span(date(2025, 1, 1), YEAR)]


def published(facts: list[Contract]) -> dict[Span, dict[str, dict[str, Withheld | None]]]:
    done: dict[Span, dict[str, dict[str, Withheld | None]]] = {}
    for span in in_turn():
        done[span] = suppression.withhold(span, cells(facts, span), done)
    return done


class Attacker:
    """Who knows all tables and all relations between them, but no contract.

    The unknowns are what each month has of every leaf of every dimension, and of every pair of
    provinces that the year's matrix has. Where a table has no cell, there is nothing.
    """

    def __init__(self, facts: list[Contract]) -> None:
        self.leaves = {
            (dimension, fact.month): set[str]() for fact in facts for dimension in DIMENSIONS
        }
        for fact in facts:
            for dimension in DIMENSIONS:
                self.leaves[dimension, fact.month].add(fact.key(dimension))
        pairs = {fact.key(FLOW) for fact in facts}
        self.months = sorted({fact.month for fact in facts})
        self.places: dict[tuple[str, str, date], int] = {}
        for month in self.months:
            outs, ins = (self.leaves[name, month] for name in ("seller_region", "buyer_region"))
            possible = {pair for pair in pairs if pair[:6] in outs and pair[7:] in ins}
            self.leaves[FLOW, month] = possible
            for dimension in DIMENSIONS:
                if dimension not in {"contract_class", "seller_region", "buyer_region"}:
                    for leaf in self.leaves[dimension, month]:
                        self.places[dimension, leaf, month] = len(self.places)

    def row(self, dimension: str, key: str, months: Iterable[date]) -> np.ndarray:
        """A cell as a sum of unknowns."""
        found = np.zeros(len(self.places))
        for month in months:
            if month in self.months:
                for name in self._leaves(dimension, key, month):
                    found[self.places[(*name, month)]] = 1
        return found

    def _leaves(self, dimension: str, key: str, month: date) -> list[tuple[str, str]]:
        if dimension == "contract_class":
            leaves = self.leaves["sub_class", month]
            return [("sub_class", leaf) for leaf in leaves if leaf.partition(".")[0] == key]
        if dimension in {"seller_region", "buyer_region"}:
            part = slice(0, 6) if dimension == "seller_region" else slice(7, 13)
            return [(FLOW, pair) for pair in self.leaves[FLOW, month] if pair[part] == key]
        return [(dimension, key)] if (dimension, key, month) in self.places else []

    def relations(self) -> list[np.ndarray]:
        """In every month each dimension sums to the total."""
        rows = []
        for month in self.months:
            total = self.row(TOTAL, "", [month])
            for dimension in DIMENSIONS:
                if dimension not in {TOTAL, "contract_class", "seller_region", "buyer_region"}:
                    row = -total
                    for leaf in self.leaves[dimension, month]:
                        row = row + self.row(dimension, leaf, [month])
                    rows.append(row)
        return rows


def disclosed(
    facts: list[Contract], tables: dict[Span, dict[str, dict[str, Withheld | None]]]
) -> list[Key]:
    """Small cells that follow from everything published; by least squares, not by our own field."""
    attacker = Attacker(facts)
    known, small = attacker.relations(), []
    for span, table in tables.items():
        for dimension, column in table.items():
            for key, why in column.items():
                row = attacker.row(dimension, key, span.months)
                if why is None:
                    known.append(row)
                elif why is SMALL:
                    small.append(((dimension, key, span), row))
    basis = _orthonormal(np.array(known))
    return [name for name, row in small if _distance(basis, row) < 1e-6]


def _orthonormal(rows: np.ndarray) -> np.ndarray:
    _, sizes, basis = np.linalg.svd(rows, full_matrices=False)
    return basis[sizes > 1e-9]


def _distance(basis: np.ndarray, row: np.ndarray) -> float:
    return float(np.abs(row - basis.T @ (basis @ row)).max())


@pytest.mark.parametrize(("seed", "count"), [(1, 60), (3, 250), (4, 500)])
def test_no_small_cell_follows_from_all_tables_of_a_year(seed: int, count: int) -> None:
    facts = contracts(seed, count)
    tables = published(facts)
    assert disclosed(facts, tables) == []
    states = [
        why for table in tables.values() for column in table.values() for why in column.values()
    ]
    assert states.count(SMALL) > 0
    for span, table in tables.items():
        for dimension, column in table.items():
            for key, cell in cells(facts, span)[dimension].items():
                assert (column[key] is SMALL) == (cell.units < rules.FEWEST_UNITS)


def test_without_complements_the_attack_succeeds() -> None:
    """The test above can fail: with small cells alone withheld, they are computed."""
    facts = contracts(3, 250)
    tables = {
        span: {
            dimension: {key: SMALL if why is SMALL else None for key, why in column.items()}
            for dimension, column in table.items()
        }
        for span, table in published(facts).items()
    }
    assert len(disclosed(facts, tables)) > 20


def test_large_tables_are_published_whole() -> None:
    """Where every cell has its units nothing is withheld."""
    keys = {name: f"{name}1" for name in DIMENSIONS} | {"sub_class": "consulting"}
    facts = [
        Contract(date(2025, number, 1), unit, unit, 10, keys)
        for number in range(1, 13)
        for unit in range(5)
    ]
    for table in published(facts).values():
        assert {why for column in table.values() for why in column.values()} == {None}


def withheld(
    span: Span,
    field: dict[str, NewCell],
    frozen: dict[Span, dict[str, dict[str, Withheld | None]]] | None = None,
    units: int = 9,
) -> dict[str, Withheld | None]:
    total = {"": NewCell(units, sum(cell.size for cell in field.values()))}
    given = {TOTAL: total, "technical_field": field}
    return suppression.withhold(span, given, frozen or {})["technical_field"]


JANUARY, FEBRUARY, MARCH = (Span(date(2025, number, 1), MONTH) for number in (1, 2, 3))
FIRST = Span(date(2025, 1, 1), QUARTER)


def test_the_only_small_cell_takes_the_smallest_other_with_it() -> None:
    field = {"a": NewCell(2, 900), "b": NewCell(5, 70), "c": NewCell(4, 80)}
    assert withheld(JANUARY, field) == {"a": SMALL, "b": COMPLEMENT, "c": None}


def test_two_small_cells_may_be_the_same_unit() -> None:
    """Their sum would follow from the total, so a cell of three units goes with them."""
    field = {"a": NewCell(1, 9), "b": NewCell(1, 7), "c": NewCell(4, 80), "d": NewCell(4, 90)}
    assert withheld(JANUARY, field) == {"a": SMALL, "b": SMALL, "c": COMPLEMENT, "d": None}
    # All cells of a published total hide each other: together they have its units.
    assert withheld(JANUARY, {"a": NewCell(2, 9), "b": NewCell(2, 7)}) == {"a": SMALL, "b": SMALL}


def test_a_small_total_hides_its_whole_table() -> None:
    field = {"a": NewCell(2, 9)}
    assert withheld(JANUARY, field, units=2) == {"a": SMALL}


def test_a_withheld_month_takes_the_next_month_with_it_for_the_quarters_sake() -> None:
    open_total = {TOTAL: {"": None}}
    one = {"a": NewCell(2, 9), "b": NewCell(5, 70), "c": NewCell(5, 80)}
    frozen = {JANUARY: open_total | {"technical_field": withheld(JANUARY, one)}}
    large = {key: NewCell(5, 100 + place) for place, key in enumerate("abc")}
    second = withheld(FEBRUARY, large, frozen)
    assert second == {"a": COMPLEMENT, "b": COMPLEMENT, "c": None}
    frozen[FEBRUARY] = open_total | {"technical_field": second}
    third = withheld(MARCH, large, frozen)
    assert third == {"a": None, "b": None, "c": None}
    frozen[MARCH] = open_total | {"technical_field": third}
    assert withheld(FIRST, large, frozen) == {"a": None, "b": None, "c": None}


def test_a_quarter_that_would_tell_a_month_is_withheld() -> None:
    open_total = {TOTAL: {"": None}}
    large = dict.fromkeys("abc", NewCell(5, 100))
    plain: dict[str, Withheld | None] = {"a": None, "b": None, "c": None}
    frozen = {
        JANUARY: open_total | {"technical_field": plain},
        FEBRUARY: open_total | {"technical_field": plain},
        MARCH: open_total | {"technical_field": {"a": SMALL, "b": COMPLEMENT, "c": None}},
    }
    assert withheld(FIRST, large, frozen) == {"a": COMPLEMENT, "b": COMPLEMENT, "c": None}


def test_withheld_cells_hide_each_other() -> None:
    assert ambiguous([], 4)
    assert not ambiguous([SMALL], 4)
    assert not ambiguous([SMALL, SMALL], 4)
    assert ambiguous([SMALL, SMALL], 2)
    assert ambiguous([SMALL, COMPLEMENT], 4)
    assert not ambiguous([COMPLEMENT], 4)


def test_linear_combinations_are_found() -> None:
    rows = [{"a": 1, "b": 1}, {"b": 1, "c": 1}, {"c": 1, "d": 1}, {"a": 1, "d": 1}]
    assert spanned(rows, [{"a": 1}, {"a": 1, "c": -1}, {"a": 1, "c": 1}]) == [False, True, False]
    assert spanned([*rows, {"a": 1, "c": 1}], [{"a": 1}, {"d": 1}]) == [True, True]
    assert spanned([], [{"a": 1}]) == [False]
