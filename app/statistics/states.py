"""What the figures can be broken down by."""

from enum import StrEnum


class GroupBy(StrEnum):
    """A dimension of the official tables (rules.md 8.1)."""

    YEAR = "year"
    MONTH = "month"
    CONTRACT_CLASS = "contract_class"
    TECHNICAL_FIELD = "technical_field"
    SELLER_REGION = "seller_region"
    BUYER_REGION = "buyer_region"
    SELLER_KIND = "seller_kind"


class OutputFormat(StrEnum):
    """How a table is answered."""

    JSON = "json"
    CSV = "csv"
