"""Who may come to an auction and what they would pay, as a distribution in closed form.

Bidder i would pay `exp(location + common * z + private * e_i)`: `z`, the same for all, is how far
the valuation is off, `e_i` is the bidder's own. Possible bidders are a Poisson number whose mean is
gamma distributed, as turnouts differ between listings. Given `z`, the number of those who would pay
x or more is then negative binomial, and the highest and second highest value have distributions in
closed form (order statistics); `z` is integrated by Gauss-Hermite quadrature, prices by
Gauss-Legendre. Nothing is drawn at random.

A failed round teaches: nobody would have paid its price. The common factor is weighted anew, the
turnout is taken to be lower, and of those above the price only newcomers are left.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Floats = npt.NDArray[np.float64]
NODES = 15
PRICES = 40
_PLACES, _PARTS = np.polynomial.legendre.leggauss(PRICES)
REACH = 6.0
"""How many deviations above the median prices are integrated."""


@dataclass(frozen=True)
class Demand:
    """What is known of the bidders of one round.

    `weights`, `centres` and `rate` have one entry for each node of the common factor; `centres` are
    logarithms of the median value in fen. `shape` and `rate` are of the gamma distribution of the
    number of possible bidders. `failed` are the prices at which nobody bought, the first one first.
    """

    weights: Floats
    centres: Floats
    rate: Floats
    shape: float
    private: float
    newcomers: float
    failed: tuple[float, ...] = ()

    def reach(self, price: Floats) -> Floats:
        """The share of possible bidders who would pay a price, by price (rows) and node.

        Relative to those of the first round.
        """
        above = 1.0 - ndtr((np.log(price)[:, None] - self.centres) / self.private)
        return self._after(above, price, len(self.failed))

    def _after(self, above: Floats, price: Floats, rounds: int) -> Floats:
        if rounds == 0:
            return above
        last = self.failed[rounds - 1]
        beyond = np.maximum(price, last)
        top = 1.0 - ndtr((np.log(beyond)[:, None] - self.centres) / self.private)
        gone: Floats = (1.0 - self.newcomers) * self._after(top, beyond, rounds - 1)
        return self._after(above, price, rounds - 1) - gone

    def nobody(self, price: Floats) -> Floats:
        """The probability that nobody would pay a price, by price and node."""
        found: Floats = (self.rate / (self.rate + self.reach(price))) ** self.shape
        return found

    def sale(self, price: Floats) -> Floats:
        """The probability that somebody would pay a price."""
        found: Floats = 1.0 - self.nobody(price) @ self.weights
        return found

    def two(self, price: Floats) -> Floats:
        """The probability that two or more would pay a price."""
        reach = self.reach(price)
        none = (self.rate / (self.rate + reach)) ** self.shape
        one = none * self.shape * reach / (self.rate + reach)
        found: Floats = 1.0 - (none + one) @ self.weights
        return found

    def revenue(self, price: Floats, least: Floats) -> Floats:
        """Expected price, nothing where it fails, of auctions that begin at `price`.

        `least` is the least value of those who come, at the price or above: the highest bidder pays
        what the second would, at least the price.
        """
        top = float(self.centres.max()) + REACH * self.private
        width = np.maximum(top - np.log(least), self.private)
        steps = np.exp(width[:, None] * (_PLACES + 1) / 2)
        grid = least[:, None] * steps
        beyond = self.two(grid.ravel()).reshape(grid.shape)
        rest = (beyond * grid * _PARTS).sum(axis=1) * width / 2
        found: Floats = price * self.sale(least) + (least - price) * self.two(least) + rest
        return found

    def after(self, price: float) -> "Demand":
        """What is known once nobody bought at a price."""
        at = np.array([price])
        weights = self.weights * self.nobody(at)[0]
        return Demand(
            weights=weights / weights.sum(),
            centres=self.centres,
            rate=self.rate + self.reach(at)[0],
            shape=self.shape,
            private=self.private,
            newcomers=self.newcomers,
            failed=(*self.failed, price),
        )

    def high_price(self, price: float, share: float) -> float:
        """The price that a sale from `price` on stays below with probability `share`."""
        grid = np.geomspace(price, math.exp(float(self.centres.max()) + REACH * self.private), 200)
        above = self.two(grid) / self.sale(grid[:1])
        return float(grid[min(int(np.searchsorted(-above, share - 1.0)), len(grid) - 1)])


def spread_of(low_fen: int, high_fen: int, level: float, least: float) -> float:
    """The deviation of the logarithm whose central interval of that level is low to high."""
    width = math.log(max(high_fen, 1) / max(low_fen, 1))
    return max(least, width / (2 * float(ndtri((1 + level) / 2))))


def demand(
    value_fen: int, common: float, private: float, bidders: float, shape: float, newcomers: float
) -> Demand:
    """The bidders of a first round: the median value, its deviation, and the mean of their number.

    The value is what one bidder would pay in the median; with three bidders that is also the median
    of the second highest.
    """
    places, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return Demand(
        weights=weights / weights.sum(),
        centres=math.log(value_fen) + common * places,
        rate=np.full(NODES, shape / bidders),
        shape=shape,
        private=private,
        newcomers=newcomers,
    )
