"""What an approach is given. Rates are fractions (0.18 is 18 %), money is in fen.

Shapes only: whether a rate or a life is possible is for the approach to say, with its reason.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.pricing.approaches.results import Approach, Frozen

Number = Annotated[Decimal, Field(ge=-1_000_000, le=1_000_000, max_digits=18, decimal_places=10)]
Name = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=100, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]
Prose = Annotated[
    str,
    StringConstraints(
        max_length=2000, strip_whitespace=True, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
    ),
]
Amount = Annotated[int, Field(ge=0, le=10**13, strict=True, description="money in fen (分)")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class GivenRate(Frozen):
    """A rate that the asker answers for."""

    kind: Literal["given"] = "given"
    rate: Number


class Premium(Frozen):
    """A risk's premium: a rate, or a score from 0 to 100 between two bounds."""

    name: Name
    rate: Number | None = None
    low: Number | None = None
    high: Number | None = None
    score: Number | None = None


class BuildUp(Frozen):
    """A discount rate built up from premiums for risks (rules.md 6.2.4)."""

    kind: Literal["build_up"] = "build_up"
    risk_free: Number
    premiums: Annotated[list[Premium], Field(min_length=1, max_length=20)]


class Capm(Frozen):
    """A discount rate by the capital asset pricing model, with specific premiums on top."""

    kind: Literal["capm"] = "capm"
    risk_free: Number
    beta: Number
    equity_premium: Number
    premiums: list[Premium] = Field(default_factory=list, max_length=20)


Discount = Annotated[GivenRate | BuildUp | Capm, Field(discriminator="kind")]


class ScoredRoyalty(Frozen):
    """K = m + (n - m) R between the bounds of an industry (rules.md 6.2.2).

    Bounds are given, or those on record for `industry`. Without a score it is the one of the
    indicators.
    """

    kind: Literal["scored"] = "scored"
    industry: Name | None = None
    low: Number | None = None
    high: Number | None = None
    score: Number | None = Field(None, description="R from 0 to 1")


RoyaltyRate = Annotated[GivenRate | ScoredRoyalty, Field(discriminator="kind")]


class Scenario(Frozen):
    """Revenues by year, and how likely they are."""

    name: Name
    weight: Number
    revenues_fen: Annotated[list[Amount], Field(min_length=1, max_length=50)]


class Forecast(Frozen):
    """Revenues from the first year on: an amount, or a price times a quantity; then growth."""

    first_fen: Amount | None = None
    unit_price_fen: Amount | None = None
    units: Annotated[int, Field(ge=0, le=10**9, strict=True)] | None = None
    growth: Number = Decimal(0)
    years: Annotated[int, Field(ge=1, le=50, strict=True)]


class Uniform(Frozen):
    """Every value between two equally likely."""

    kind: Literal["uniform"] = "uniform"
    low: Number
    high: Number


class Triangular(Frozen):
    """A likeliest value between two ends."""

    kind: Literal["triangular"] = "triangular"
    low: Number
    mode: Number
    high: Number


class Normal(Frozen):
    """A bell, cut off at two ends."""

    kind: Literal["normal"] = "normal"
    mean: Number
    sd: Number
    low: Number
    high: Number


Distribution = Annotated[Uniform | Triangular | Normal, Field(discriminator="kind")]


class Simulation(Frozen):
    """What is drawn at random on every path; what is left out has its default around the base.

    `revenue` is a factor on all revenues; the others take the place of their base rates.
    """

    paths: Annotated[int, Field(ge=1_000, le=1_000_000, strict=True)] = 20_000
    revenue: Distribution | None = None
    royalty: Distribution | None = None
    discount: Distribution | None = None


class Income(Frozen):
    """Relief from royalty: what a licence of the technology would cost year by year."""

    scenarios: list[Scenario] = Field(default_factory=list, max_length=9)
    forecast: Forecast | None = None
    base: Literal["sales", "profit"] = Field("sales", description="what the royalty is a share of")
    royalty: RoyaltyRate
    attenuation: Number = Decimal(0)
    discount: Discount
    tax_rate: Number | None = Field(None, description="absent: the configured rate")
    timing: Literal["year_end", "mid_year"] = "mid_year"
    legal_expires_on: date | None = Field(None, description="absent: from the rights on record")
    economic_years: Number | None = Field(None, description="absent: the configured years")
    simulation: Simulation = Simulation()
    target_fen: Amount | None = Field(None, description="a price, to show what it would take")
    currency: Currency = "CNY"


class CostItem(Frozen):
    """What was or would be spent; `index` lifts a past amount to the day of the valuation."""

    name: Name
    amount_fen: Amount
    index: Number = Decimal(1)


class Cost(Frozen):
    """What making the same (reproduction) or as useful a technology (replacement) would cost."""

    kind: Literal["reproduction", "replacement"]
    items: Annotated[list[CostItem], Field(max_length=100)]
    profit_rate: Number = Decimal(0)
    used_years: Number | None = None
    remaining_years: Number | None = None
    depreciation: Number | None = Field(None, description="instead of the years")
    functional_obsolescence: Number = Decimal(0)
    economic_obsolescence: Number = Decimal(0)
    currency: Currency = "CNY"


class RealOption(Frozen):
    """The right to bring an early technology to market by an investment, within years."""

    underlying_fen: Amount | None = Field(None, description="absent: the income approach's value")
    investment_fen: Amount
    years: Number
    volatility: Number
    risk_free: Number
    leakage: Number = Field(Decimal(0), description="value lost per year of waiting")
    steps: Annotated[int, Field(ge=10, le=2_000, strict=True)] = 200
    style: Literal["american", "european"] = "american"
    currency: Currency = "CNY"


class GivenComparable(Frozen):
    """A comparable that the asker brings, with the factors that make it like the subject."""

    title: Name
    price_fen: Annotated[int, Field(ge=1, le=10**13, strict=True)]
    traded_on: date | None = None
    factors: list[Number] = Field(default_factory=list, max_length=20)
    reference: Prose = ""
    currency: Currency = "CNY"


class Market(Frozen):
    """Prices of comparable deals; without own ones those of the platform."""

    comparables: Annotated[list[GivenComparable], Field(max_length=100)] | None = None
    average: Literal["median", "mean"] = "median"
    yearly_price_change: Number | None = Field(None, description="absent: the configured one")
    currency: Currency = "CNY"


class Learned(Frozen):
    """The learned market model; where it refuses, comparables answer in its place, and say so."""

    fallback: bool = Field(True, description="false: a refusal of the model is the answer")


class SubIndicator(Frozen):
    """A third-level indicator as the assessor names it."""

    name: Name
    weight: Number
    score: Number


class Indicator(Frozen):
    """A second-level indicator: its score, or those of its parts."""

    code: Name
    weight: Number
    score: Number | None = None
    parts: list[SubIndicator] = Field(default_factory=list, max_length=27)


class Dimension(Frozen):
    """A first-level indicator: legal, technical or economic value."""

    code: Name
    weight: Number
    indicators: Annotated[list[Indicator], Field(min_length=1, max_length=30)]


class Plan(Frozen):
    """Which approaches are applied, to what, and how their results are joined.

    `mode` and `exclusive` say what is valued: an assignment or a licence, alone or with others.
    """

    mode: Name | None = Field(None, description="absent: the achievement's first transfer mode")
    exclusive: bool = True
    market: Market | None = None
    income: Income | None = None
    cost: Cost | None = None
    option: RealOption | None = None
    learned: Learned | None = None
    scoring: list[Dimension] = Field(default_factory=list, max_length=3)
    weights: dict[Approach, Number] | None = None
    explanation: Prose = ""
    single_method_reason: Prose = ""
