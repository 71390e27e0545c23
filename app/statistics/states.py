"""What the figures can be broken down by, and for which periods they are published."""

from enum import StrEnum


class GroupBy(StrEnum):
    """A dimension of the official tables (rules.md 8.1)."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    CONTRACT_CLASS = "contract_class"
    SUB_CLASS = "sub_class"
    TECHNICAL_FIELD = "technical_field"
    IP_TYPE = "ip_type"
    PLAN_CATEGORY = "plan_category"
    OBJECTIVE = "objective"
    SELLER_KIND = "seller_kind"
    BUYER_KIND = "buyer_kind"
    SELLER_REGION = "seller_region"
    BUYER_REGION = "buyer_region"
    SELLER_AREA = "seller_area"
    BUYER_AREA = "buyer_area"


class PeriodKind(StrEnum):
    """A period that is published as a whole; quarters are made of months, years of quarters."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Withheld(StrEnum):
    """Why a cell is published without figures: by itself, or so that another stays hidden."""

    SMALL = "small"
    COMPLEMENT = "complement"


class OutputFormat(StrEnum):
    """How a table is answered."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


class ExportFormat(StrEnum):
    """How the lines of the journal are exported."""

    CSV = "csv"
    XLSX = "xlsx"


TOTAL = "total"
FLOW = "flow"
TIMES = frozenset({GroupBy.YEAR, GroupBy.QUARTER, GroupBy.MONTH})
AREAS = {
    GroupBy.SELLER_AREA: GroupBy.SELLER_REGION,
    GroupBy.BUYER_AREA: GroupBy.BUYER_REGION,
}
"""City clusters and places outside the mainland: sums of provinces; nothing of them is stored."""

ONE_WAY: tuple[str, ...] = tuple(
    one.value for one in GroupBy if one not in TIMES and one not in AREAS
)
DIMENSIONS: tuple[str, ...] = (TOTAL, *ONE_WAY, FLOW)
"""What is aggregated; the key of `total` is empty, that of `flow` is `seller-buyer`."""
