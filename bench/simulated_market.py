"""A simulated technology market whose truth is known: what models of prices are tested on.

There is no public data set of technology deal prices. Nothing here is data of a real market: the
market is made up, so that claims about coverage and error can be checked against what is true.
Figures that a test reaches here say that the method works where the world is like this one; they
say nothing of the accuracy on real deals.

How the market is made, all from one seed:

- 20,000 offers (a parameter) over six years, evenly in time, in the 11 technical fields of the
  national statistics, from 26 % of the offers down to 2 %.
- The logarithm of the price that the market would pay is `location + spread * e`, e normal.
- `location` is a base of the field, plus effects of the IPC section (which differ from field to
  field), of the mode of transfer, exclusivity (of licences), intellectual property, region and kind
  of seller, plus an S-curve in maturity (TRL 1-9) that is steeper in some fields, plus the price
  level of the day, plus 0.12 * ln(1 + number of bidders). Its level gives a mean licence of some
  million yuan, as the national licence statistics have it (rules.md 6.4); all else is assumed.
- `spread` is from 0.38 to 0.80 by field and larger for early technologies: noise is not the same
  everywhere (heteroscedastic), so one width of interval cannot hold in all fields.
- The price level drifts: it rises by 9 % a year, and falls by 6 % a year after two thirds of the
  time, with a small wave on top. A model that is tested on later deals meets another level.
- Half of the offers are auctions with a floor that the seller sets without knowing `e`, on average
  at 64 % of the median price. An auction sells when the market would pay the floor; otherwise it
  fails, and there is no price, but the floor and the number of bidders remain. So failed offers are
  those with low prices: leaving them out makes the market look dearer than it is (censoring). The
  probability of a sale is known: `1 - Phi((log_floor - location) / spread)`.
- The other half is negotiated: no floor, no count of bidders, always a price.
- Maturity is missing in 6 % of the offers, as on the platform.

`simulate` gives `Offers`, the arrays that the training of the product reads, and the truth beside
them. `records` gives the same as rows for those who import deals.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from app.pricing.learned.offers import UNKNOWN, Category, Offers

OFFERS = 20_000
YEARS = 6.0
LAST_DAY = date(2026, 6, 30)
DAYS_OF_A_YEAR = 365.25
AUCTIONS = 0.5
NO_TRL = 0.06
FLOOR_MEAN, FLOOR_SPREAD = -0.45, 0.35
Floats = npt.NDArray[np.float64]

# field: share of offers, base of the log price in fen, spread, mean of bidders, steepness in TRL
FIELDS: dict[str, tuple[float, float, float, float, float]] = {
    "electronics_information": (0.26, 17.6, 0.55, 3.0, 1.3),
    "advanced_manufacturing": (0.17, 17.3, 0.48, 2.5, 1.2),
    "biology_medicine_devices": (0.12, 18.4, 0.80, 2.0, 2.2),
    "new_materials": (0.10, 17.8, 0.60, 2.2, 1.6),
    "new_energy_efficiency": (0.09, 18.0, 0.58, 2.6, 1.5),
    "environment_resources": (0.07, 17.2, 0.50, 1.8, 1.1),
    "urban_social_development": (0.06, 16.9, 0.42, 1.5, 0.9),
    "modern_transport": (0.05, 17.7, 0.52, 2.0, 1.3),
    "agriculture": (0.04, 16.6, 0.45, 1.4, 1.0),
    "aerospace": (0.02, 18.5, 0.65, 1.6, 1.8),
    "nuclear_application": (0.02, 18.2, 0.38, 1.2, 1.4),
}
SECTIONS = ("A", "B", "C", "D", "E", "F", "G", "H")
MODES = {
    "license": (0.52, 0.0),
    "assign": (0.30, 0.45),
    "cooperate": (0.08, -0.2),
    "equity_contribution": (0.07, 0.7),
    "other": (0.03, -0.3),
}
IP_KINDS = {
    "patent.invention": (0.48, 0.45),
    "patent.utility_model": (0.22, -0.35),
    "know_how": (0.15, 0.0),
    "software_copyright": (0.10, -0.1),
    "patent.design": (0.05, -0.7),
}
SELLERS = {"university": (0.45, -0.15), "institute": (0.25, 0.0), "enterprise": (0.30, 0.25)}
REGIONS = {
    "11": (0.16, 0.35),
    "31": (0.12, 0.3),
    "44": (0.14, 0.25),
    "32": (0.13, 0.1),
    "33": (0.10, 0.12),
    "42": (0.08, 0.0),
    "51": (0.07, -0.08),
    "61": (0.08, -0.05),
    "21": (0.07, -0.2),
    "62": (0.05, -0.35),
}


@dataclass(frozen=True)
class Simulated:
    """Offers and what is true of them; arrays in the order of the offers.

    `latent` is the log price that the market would pay, also where an auction failed. `location`
    and `spread` are the mean and the deviation of its distribution. `sale_probability` is that of
    an auction, NaN for what was negotiated.
    """

    offers: Offers
    latent: Floats
    location: Floats
    spread: Floats
    sale_probability: Floats


def level(years: Floats, length: float = YEARS) -> Floats:
    """The price level as a logarithm, so many years after the beginning."""
    turn = length * 2 / 3
    rising = math.log(1.09) * np.minimum(years, turn)
    falling = math.log(0.94) * np.maximum(0.0, years - turn)
    wave: Floats = 0.03 * np.sin(2 * math.pi * years / 1.7)
    return rising + falling + wave


def _draw(
    random: np.random.Generator, size: int, table: dict[str, tuple[float, ...]]
) -> tuple[Category, Floats]:
    """A column of names by their shares, and the effect of each row."""
    names = tuple(sorted(table))
    shares = np.array([table[name][0] for name in names])
    codes = random.choice(len(names), size=size, p=shares / shares.sum()).astype(np.int16)
    return Category(names, codes), np.array([table[name][1] for name in names])[codes]


def _sections(random: np.random.Generator, field: Category) -> tuple[Category, Floats]:
    """IPC sections: each field has its own shares, and its own effects of them."""
    shares = random.dirichlet(np.full(len(SECTIONS), 0.6), size=len(field.names))
    effects = random.normal(0.0, 0.35, size=(len(field.names), len(SECTIONS)))
    upto = np.cumsum(shares, axis=1)[field.codes]
    at = np.minimum((random.random(len(field.codes))[:, None] > upto).sum(axis=1), 7)
    return Category(SECTIONS, at.astype(np.int16)), effects[field.codes, at]


def simulate(offers: int = OFFERS, seed: int = 1, *, last_day: date = LAST_DAY) -> Simulated:
    """The market, in the order of its days; the same arguments give the same arrays."""
    random = np.random.default_rng(seed)
    years = np.sort(random.random(offers)) * YEARS
    first = last_day - timedelta(days=round(YEARS * DAYS_OF_A_YEAR))
    field, base = _draw(random, offers, FIELDS)
    by_field = np.array([FIELDS[name] for name in field.names])[field.codes]
    section, of_section = _sections(random, field)
    mode, of_mode = _draw(random, offers, MODES)
    ip_kind, of_ip = _draw(random, offers, IP_KINDS)
    region, of_region = _draw(random, offers, REGIONS)
    seller, of_seller = _draw(random, offers, SELLERS)
    exclusive = (mode.codes != mode.names.index("license")) | (random.random(offers) < 0.6)
    trl = np.clip(np.round(random.normal(5.6, 1.9, offers)), 1, 9)
    bidders = random.poisson(by_field[:, 3])
    location = base + of_section + of_mode + of_ip + of_region + of_seller + level(years)
    location += by_field[:, 4] / (1 + np.exp(-(trl - 5.5) / 1.1))
    location += np.where(exclusive, 0.4, 0.0) + 0.12 * np.log1p(bidders)
    spread = by_field[:, 2] * (1 + 0.05 * (5.5 - trl))
    latent = location + spread * random.standard_normal(offers)
    auction = random.random(offers) < AUCTIONS
    floor = location + random.normal(FLOOR_MEAN, FLOOR_SPREAD, offers)
    sold = ~auction | (latent >= floor)
    trl[random.random(offers) < NO_TRL] = np.nan
    return Simulated(
        offers=Offers(
            day=(first.toordinal() + np.floor(years * DAYS_OF_A_YEAR)).astype(np.int32),
            field=field,
            section=section,
            mode=mode,
            ip_kind=ip_kind,
            region=region,
            seller=seller,
            exclusive=exclusive,
            trl=trl,
            bidders=np.where(auction, bidders, UNKNOWN).astype(np.int16),
            log_price=np.where(sold, latent, np.nan),
            log_floor=np.where(auction, floor, np.nan),
        ),
        latent=latent,
        location=location,
        spread=spread,
        sale_probability=np.where(auction, ndtr((location - floor) / spread), np.nan),
    )


def records(market: Simulated) -> Iterator[dict[str, Any]]:
    """The offers as rows; prices and floors in whole fen, None where there is none."""
    given = market.offers
    names = ("field", "section", "mode", "ip_kind", "region", "seller")
    for row in range(len(given)):
        price, floor = given.log_price[row], given.log_floor[row]
        yield {
            "day": date.fromordinal(int(given.day[row])),
            **{name: getattr(given, name).value(row) for name in names},
            "exclusive": bool(given.exclusive[row]),
            "trl": None if np.isnan(given.trl[row]) else int(given.trl[row]),
            "bidders": None if given.bidders[row] == UNKNOWN else int(given.bidders[row]),
            "price_fen": None if np.isnan(price) else round(math.exp(price)),
            "floor_fen": None if np.isnan(floor) else round(math.exp(floor)),
        }


def main() -> None:
    """Describe the market of the seed, so that a reader sees what was made."""
    market = simulate()
    given = market.offers
    auctions = np.isfinite(given.log_floor)
    prices = np.exp(given.log_price[given.sold]) / 100
    print(f"offers {len(given)}, sold {int(given.sold.sum())}")
    print(f"auctions {int(auctions.sum())}, failed {1 - given.sold[auctions].mean():.3f}")
    print(f"price in yuan: median {np.median(prices):,.0f}, mean {prices.mean():,.0f}")
    print(f"deviation of location {market.location.std():.3f}, of noise {market.spread.mean():.3f}")


if __name__ == "__main__":
    main()
