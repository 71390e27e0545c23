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
    """A cell of a one-way table."""

    key: str
    zh: str
    en: str


class Table(WireModel):
    """Registered contracts by one dimension; `from`/`to` are days of registration, inclusive."""

    group_by: GroupBy
    four_class: bool
    first: date | None = Field(serialization_alias="from")
    last: date | None = Field(serialization_alias="to")
    rows: list[Row]
    total: Figures


class Flow(Figures):
    """Contracts from a province (output) to a province (input)."""

    seller_region: str
    seller_zh: str
    buyer_region: str
    buyer_zh: str


class Flows(WireModel):
    """The flow matrix of provinces; empty cells are left out."""

    first: date | None = Field(serialization_alias="from")
    last: date | None = Field(serialization_alias="to")
    rows: list[Flow]


class YearFigures(WireModel):
    """A year's figures, amounts in fen; growth over the year before in basis points."""

    year: int
    count: int
    total_fen: int
    technical_fen: int
    count_growth_bp: int | None
    total_growth_bp: int | None
    technical_growth_bp: int | None


class Summary(WireModel):
    """Everything that was registered, by year."""

    count: int
    total_fen: int
    technical_fen: int
    years: list[YearFigures]
