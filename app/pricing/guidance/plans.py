"""The start price that gives most, with what a failed round is still worth.

A failed round is followed by a relisting at a lower price, as far down as the rules let it. The
worth of a price is what it is expected to bring at once, and the worth of the best relisting if it
fails, less what waiting costs; after the last round the seller keeps what the technology is worth
to him unsold.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.pricing.guidance.demand import Demand, Floats

GRID = 49
LOWEST, HIGHEST = 0.25, 3.0
"""The start prices that are tried, as shares of the value."""
CUTS = (0.0, 0.05, 0.1, 0.2)


@dataclass(frozen=True)
class Bounds:
    """What the prices of the rounds must keep to, in fen.

    `floor` is of the round that is planned, `later_floor` of relistings, `cut` the most by which a
    relisting may go below the price before.
    """

    floor: float
    later_floor: float
    cut: float


@dataclass(frozen=True)
class Round:
    """A round at a price: its probability of a sale, the price it is expected to sell at, and its
    worth with the relistings that may follow, which are `then`."""

    price: float
    sale: float
    sold_at: float
    worth: float
    then: tuple["Round", ...] = ()


@dataclass(frozen=True)
class Planner:
    """How prices are weighed: what waiting keeps, what is kept unsold, how probabilities are
    calibrated, and by how much a value must exceed the start price for its bidder to come."""

    keeps: float
    unsold: float
    margin: float
    calibrate: Callable[[Floats], Floats]

    def rounds(
        self,
        demand: Demand,
        prices: Floats,
        bounds: Bounds,
        relistings: int,
        *,
        secret: bool = False,
    ) -> list[Round]:
        """The rounds at these prices, each with the best relistings after it.

        `secret`: the prices are secret reserves, and the start price keeps nobody away.
        """
        least = prices if secret else prices * (1.0 + self.margin)
        stated = demand.sale(least)
        income = demand.revenue(prices, least)
        sold_at = income / np.maximum(stated, 1e-12)
        sale = self.calibrate(stated)
        found = []
        for at, price in enumerate(prices):
            then = self._relisting(demand, float(price), float(least[at]), bounds, relistings)
            after = self.keeps * (then[0].worth if then else self.unsold)
            worth = float(sale[at] * sold_at[at] + (1.0 - sale[at]) * after)
            found.append(Round(float(price), float(sale[at]), float(sold_at[at]), worth, then))
        return found

    def _relisting(
        self, demand: Demand, price: float, least: float, bounds: Bounds, relistings: int
    ) -> tuple[Round, ...]:
        if relistings == 0:
            return ()
        lowest = max(bounds.later_floor, price * (1.0 - bounds.cut))
        prices = np.unique([max(lowest, price * (1.0 - cut)) for cut in CUTS])
        best = self.best(self.rounds(demand.after(least), prices, bounds, relistings - 1))
        return (best, *best.then)

    @staticmethod
    def best(rounds: list[Round]) -> Round:
        """The round that is worth most; of equals the lowest price."""
        return max(rounds, key=lambda one: (one.worth, -one.price))


def grid(value: float, floor: float) -> Floats:
    """The prices that are tried: shares of the value, at the floor or above it."""
    tried = value * np.geomspace(LOWEST, HIGHEST, GRID)
    found: Floats = np.unique(np.append(tried[tried >= floor], floor if floor > 0 else tried[0]))
    return found
