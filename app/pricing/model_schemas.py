"""Wire shapes of market models and of the report on their accuracy."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.kit.http import WireModel
from app.pricing.states import ModelState


class MarketModelRow(WireModel):
    """A market model in a list: what it has learned from, and how it stands."""

    id: UUID
    version: int
    number: int
    state: ModelState
    rule_set: str
    data_cut: datetime
    first_day: date
    last_day: date
    deals: int
    failed: int
    created_at: datetime
    alarmed_at: datetime | None
    replaced_at: datetime | None


class Cell(WireModel):
    """Figures of estimates against prices; all are null where fewer than three deals are in it.

    Errors are natural logarithms: 0.1 is about 10 %. `bias` is the median of estimate over price:
    above 0 the estimates are too high. `coverage` is the share of prices in the 80 % interval.
    """

    deals: int | None
    coverage: float | None
    median_error: float | None
    bias: float | None


class Backtest(WireModel):
    """How the model would have done: learned up to each origin, asked about what came after.

    `naive_median_error` is that of the median price of the field. `origins` are days as ordinals.
    """

    origins: list[int]
    failed: int
    naive_median_error: float | None
    whole: Cell
    by_field: dict[str, Cell]
    by_seller: dict[str, Cell]


class MarketModelView(MarketModelRow):
    """A market model with its backtest; `sha256` is of the stored document."""

    seed: int
    library: str
    sha256: str
    alarm: dict[str, Any] | None
    backtest: Backtest


class Series(WireModel):
    """The figures of one kind of estimate: of all deals, by field, kind of seller and quarter."""

    whole: Cell
    by_field: dict[str, Cell]
    by_seller: dict[str, Cell]
    by_quarter: dict[str, Cell]


class Accuracy(WireModel):
    """Estimates made before the price was known, against the prices of a period.

    `model` are the estimates of market models, `valuation` the owners' valuations, `asked` the
    asking prices, which have no interval.
    """

    first_day: date
    last_day: date
    deals: int = Field(description="deals of the period, the latest 50,000")
    failed: int = Field(description="auctions of the period in which nobody bid enough")
    model: Series
    valuation: Series
    asked: Series
    in_use: MarketModelRow | None
    notice_zh: str
    notice_en: str
