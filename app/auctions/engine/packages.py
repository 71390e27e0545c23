"""Exact winner determination of package bids (组合竞价) by HiGHS, with its proof.

Maximise the sum of accepted bids so that each lot goes to one bidder at most and each bidder has
one accepted bid at most (his bids are alternatives). A lot's least price is the seller's own bid
for it. The solver works in floating point, so what it says is checked in integers: the total of
the winners is summed anew, and the solver's dual bound must be below the next possible total.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import floor, gcd
from typing import Any, NamedTuple

import highspy

from app.auctions.engine.terms import MAX_LOTS, MAX_PACKAGE_BIDS

_BOUND_SLACK = 1e-4
_EXACT_BELOW = 2**46
"""Below this total, in units of the amounts' greatest common divisor, doubles count exactly."""
_TIME_LIMIT_S = 300.0
"""One solve stops here without a result; nothing is decided by what was found until then."""
_TOLERANCES = ("mip_feasibility_tolerance", "primal_feasibility_tolerance")


_new_solver: Callable[[], highspy.Highs] = highspy.Highs


class NotProven(ValueError):
    """The solver gave no optimum, or none that the integer check confirms."""


class TooLarge(ValueError):
    """More lots or bids than are decided exactly."""


class Offer(NamedTuple):
    """A bid on a set of lots, in fen."""

    bidder: str
    lots: frozenset[str]
    amount_fen: int


class Best(NamedTuple):
    """Winning offers by their place, what each pays in fen, and the proof of optimality."""

    winners: tuple[int, ...]
    payments: tuple[int, ...]
    proof: dict[str, Any]


class _Optimum(NamedTuple):
    chosen: frozenset[int]
    value: int
    bound: float


def winners(offers: Sequence[Offer], lots: Mapping[str, int], *, vcg: bool) -> Best:
    """The best combination; of several, that with the earliest offers.

    `lots` gives each lot's least price. A first-price winner pays his bid; with `vcg` a winner pays
    what his presence costs the others, the seller's least prices included. Raises TooLarge and
    NotProven.
    """
    if len(lots) > MAX_LOTS or len(offers) > MAX_PACKAGE_BIDS:
        raise TooLarge(f"at most {MAX_LOTS} lots and {MAX_PACKAGE_BIDS} bids are decided exactly")
    least = [sum(lots[lot] for lot in offer.lots) for offer in offers]
    net = [offer.amount_fen - floor_fen for offer, floor_fen in zip(offers, least, strict=True)]
    # A dominated offer never wins: same bidder, same lots, no more money, later.
    kept = _undominated(offers, net)
    best = _solve(offers, net, kept)
    chosen = sorted(_earliest(offers, net, kept, best))
    payments = [offers[place].amount_fen for place in chosen]
    if vcg:
        payments = [_vcg(offers, net, least, kept, best.value, place) for place in chosen]
    floors = sum(lots.values())
    proof = {
        "objective_fen": best.value + floors,
        "dual_bound_fen": floor(best.bound + _BOUND_SLACK) + floors,
        "gap": 0,
        "solver": f"HiGHS {_solver_version()}",
        "lots": len(lots),
        "bids": len(offers),
    }
    return Best(tuple(chosen), tuple(payments), proof)


@lru_cache(maxsize=1)
def _solver_version() -> str:
    return str(_new_solver().version())


def _undominated(offers: Sequence[Offer], net: Sequence[int]) -> list[int]:
    best: dict[tuple[str, frozenset[str]], int] = {}
    for place, offer in enumerate(offers):
        known = best.get((offer.bidder, offer.lots))
        if net[place] >= 0 and (known is None or net[place] > net[known]):
            best[offer.bidder, offer.lots] = place
    return sorted(best.values())


def _vcg(
    offers: Sequence[Offer],
    net: Sequence[int],
    least: Sequence[int],
    kept: Sequence[int],
    value: int,
    place: int,
) -> int:
    """The least prices of his lots, and by how much the others would do better without him."""
    bidder = offers[place].bidder
    others = [other for other in kept if offers[other].bidder != bidder]
    without = _solve(offers, net, others).value
    return least[place] + without - (value - net[place])


def _earliest(
    offers: Sequence[Offer], net: Sequence[int], kept: Sequence[int], best: _Optimum
) -> frozenset[int]:
    """Of all best combinations that which takes the earliest offer it can, then the next.

    An offer of no net value is not needed for the optimum; it wins when its lots are free.
    """
    fixed: list[int] = []
    open_places = list(kept)
    current, value = best.chosen, 0
    if _is_only(offers, net, kept, best):
        return best.chosen
    while open_places:
        place, rest = open_places[0], open_places[1:]
        compatible = [other for other in rest if not _clash(offers[place], offers[other])]
        if place not in current:
            trial = _solve(offers, net, compatible)
            if value + net[place] + trial.value < best.value:
                open_places = rest
                continue
            current = trial.chosen | {place, *fixed}
        fixed.append(place)
        value += net[place]
        open_places = compatible
    return frozenset(fixed)


def _is_only(
    offers: Sequence[Offer], net: Sequence[int], kept: Sequence[int], best: _Optimum
) -> bool:
    """Whether no other combination has the same total: all others are cut off and solved."""
    other = _solve(offers, net, kept, without=best.chosen)
    return other.value < best.value or other.chosen == best.chosen


def _clash(one: Offer, other: Offer) -> bool:
    return one.bidder == other.bidder or bool(one.lots & other.lots)


def _solve(
    offers: Sequence[Offer],
    net: Sequence[int],
    places: Sequence[int],
    without: frozenset[int] | None = None,
) -> _Optimum:
    """The optimum over some offers; `without` cuts off one combination.

    Raises NotProven when the dual bound leaves room for a better total.
    """
    if not places:
        return _Optimum(frozenset(), 0, 0.0)
    unit = gcd(*(net[place] for place in places)) or 1
    if max(net[place] for place in places) // unit * MAX_LOTS >= _EXACT_BELOW:
        raise NotProven("the amounts are too finely divided for their size")
    solver = _model(offers, [net[place] // unit for place in places], places, without)
    solver.run()
    if solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible and without is not None:
        return _Optimum(without, sum(net[place] for place in without), 0.0)
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise NotProven(f"the solver stopped: {solver.getModelStatus().name}")
    values = solver.getSolution().col_value
    chosen = frozenset(place for place, x in zip(places, values, strict=True) if x > 0.5)
    value = sum(net[place] for place in chosen)
    bound = -solver.getInfo().mip_dual_bound
    _check(offers, chosen, value // unit, bound)
    return _Optimum(chosen, value, bound * unit)


def _check(offers: Sequence[Offer], chosen: frozenset[int], value: int, bound: float) -> None:
    """In integers: nothing is given twice, and no greater total fits under the bound."""
    taken = [lot for place in chosen for lot in offers[place].lots]
    bidders = [offers[place].bidder for place in chosen]
    if len(set(taken)) < len(taken) or len(set(bidders)) < len(bidders):
        raise NotProven("the solver gave a lot or a bidder twice")
    if floor(bound + _BOUND_SLACK) > value:
        raise NotProven(f"the bound {bound} leaves room above {value}")


def _model(
    offers: Sequence[Offer],
    gains: Sequence[int],
    places: Sequence[int],
    without: frozenset[int] | None,
) -> highspy.Highs:
    """The integer programme: a 0-1 variable per offer, a row per lot and per bidder."""
    solver = _new_solver()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", _TIME_LIMIT_S)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 0)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("mip_abs_gap", 0.0)
    for name in _TOLERANCES:
        solver.setOptionValue(name, 1e-9)
    rows: dict[tuple[str, str], list[int]] = {}
    for column, place in enumerate(places):
        solver.addVar(0.0, 1.0)
        solver.changeColCost(column, float(-gains[column]))
        solver.changeColIntegrality(column, highspy.HighsVarType.kInteger)
        rows.setdefault(("bidder", offers[place].bidder), []).append(column)
        for lot in sorted(offers[place].lots):
            rows.setdefault(("lot", lot), []).append(column)
    for columns in rows.values():
        if len(columns) > 1:
            solver.addRow(0.0, 1.0, len(columns), columns, [1.0] * len(columns))
    if without is not None:
        signs = [1.0 if place in without else -1.0 for place in places]
        solver.addRow(
            -highspy.kHighsInf, len(without) - 1.0, len(places), list(range(len(places))), signs
        )
    return solver
