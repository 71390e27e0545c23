"""Wire shapes of the statistics module."""

from datetime import date

from pydantic import Field

from app.kit.http import WireModel
from app.statistics.states import GroupBy


class Figures(WireModel):
    """Contracts and amounts in fen; absent where they would point to fewer than three units."""

    count: int | None
    total_fen: int | None
    technical_fen: int | None
    suppressed: bool


class Row(Figures):
    """A cell of a one-way table; growth over the same period a year before in basis points."""

    key: str
    zh: str
    en: str
    mean_fen: int | None = None
    count_growth_bp: int | None = None
    total_growth_bp: int | None = None
    technical_growth_bp: int | None = None


class Table(WireModel):
    """Registered contracts by one dimension; `from`/`to` are days of registration, inclusive.

    For the public the rows are what was published until the day `published_until`; a correction of
    a published month is in the first month that was open. Regulators read the register as it
    stands, and `published_until` is absent.
    """

    group_by: GroupBy
    four_class: bool
    first: date | None = Field(serialization_alias="from")
    last: date | None = Field(serialization_alias="to")
    published_until: date | None
    rows: list[Row]
    total: Figures


class Flow(Figures):
    """Contracts from a province (output) to a province (input)."""

    seller_region: str
    seller_zh: str
    buyer_region: str
    buyer_zh: str


class Flows(WireModel):
    """The flow matrix of provinces; empty cells are left out. For the public by whole years."""

    first: date | None = Field(serialization_alias="from")
    last: date | None = Field(serialization_alias="to")
    published_until: date | None
    rows: list[Flow]


class YearFigures(WireModel):
    """A year's figures, amounts in fen; growth over the year before in basis points."""

    year: int
    count: int | None
    total_fen: int | None
    technical_fen: int | None
    count_growth_bp: int | None
    total_growth_bp: int | None
    technical_growth_bp: int | None


class Summary(WireModel):
    """All that is registered.

    `count` is the register as it stands, which everyone may read. Amounts and years are, for the
    public, those published until `published_until`; None if that would point to a unit.
    """

    count: int
    published_until: date | None
    total_fen: int | None
    technical_fen: int | None
    years: list[YearFigures]


class SeriesYearView(WireModel):
    """A year of a published series; amount in fen. `verify` if its publication was not read."""

    year: int
    total_fen: int
    contracts: int | None
    source: str
    verify: bool


class TargetView(WireModel):
    """A plan's target: an amount in fen in a year, measured on one published series."""

    id: str
    title_zh: str
    title_en: str
    source: str
    announced: int
    series: str
    base_year: int
    year: int
    total_fen: int
    growth_bp: int | None


class TargetYearView(WireModel):
    """A year on the way to a target: what it needs, what it had, its share of the target."""

    year: int
    path_fen: int
    total_fen: int | None
    share_bp: int | None


class ProgressView(WireModel):
    """A target with its years; mean growth needed and reached in basis points a year."""

    target: TargetView
    years: list[TargetYearView]
    needed_bp: int
    reached_bp: int | None
    met_in: int | None


class Targets(WireModel):
    """Published series and the targets of plans on them."""

    national: list[SeriesYearView]
    provinces: list[SeriesYearView]
    progress: list[ProgressView]
