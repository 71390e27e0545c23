"""The life of a contract, its classes and modes of payment."""

from enum import StrEnum


class ContractState(StrEnum):
    """Where a contract stands."""

    DRAFT = "draft"
    SIGNING = "signing"
    SIGNED = "signed"
    TERMINATED = "terminated"


MOVES: dict[tuple[ContractState, str], ContractState] = {
    (ContractState.DRAFT, "propose"): ContractState.SIGNING,
    (ContractState.SIGNING, "withdraw_proposal"): ContractState.DRAFT,
    (ContractState.SIGNING, "complete"): ContractState.SIGNED,
    (ContractState.SIGNED, "terminate"): ContractState.TERMINATED,
}
"""`complete` is the second signature; `terminate` follows from the buyer's default."""


class ContractClass(StrEnum):
    """The five classes of technology contracts (民法典 851, 862, 863, 878; rules.md 3.1)."""

    DEVELOPMENT = "development"
    TRANSFER = "transfer"
    LICENSE = "license"
    CONSULTING = "consulting"
    SERVICE = "service"


class PaymentMode(StrEnum):
    """How the price is paid (民法典 846; rules.md 3.4)."""

    LUMP_ONCE = "lump_once"
    LUMP_INSTALMENTS = "lump_instalments"
    ROYALTY = "royalty"
    ROYALTY_WITH_UPFRONT = "royalty_with_upfront"


class RoyaltyBase(StrEnum):
    """What a royalty is a share of (民法典 846; rules.md 3.4)."""

    PRODUCT_PRICE = "product_price"
    ADDED_OUTPUT_VALUE = "added_output_value"
    PROFIT = "profit"
    SALES = "sales"
    OTHER = "other"


class RoyaltyRate(StrEnum):
    """How the rate runs over the years (民法典 846; rules.md 3.4)."""

    FIXED = "fixed"
    INCREASING = "increasing"
    DECREASING = "decreasing"


class DisputeForum(StrEnum):
    """Who decides a dispute that talks do not settle."""

    SELLER_COURT = "seller_court"
    BUYER_COURT = "buyer_court"
    ARBITRATION = "arbitration"


PATENT_SUB_CLASSES = frozenset(
    {"transfer.patent_right", "transfer.patent_application_right", "license.patent_license"}
)
"""Sub-classes whose contract must state the patent's particulars (民法典 845)."""


class PaymentKind(StrEnum):
    """What a payment under a contract pays for."""

    UPFRONT = "upfront"
    INSTALMENT = "instalment"
    ROYALTY = "royalty"
    OTHER = "other"


class ReportState(StrEnum):
    """Where a royalty report stands."""

    DUE = "due"
    FILED = "filed"
    CONTESTED = "contested"
    CONFIRMED = "confirmed"


REPORT_MOVES: dict[tuple[ReportState, str], ReportState] = {
    (ReportState.DUE, "file"): ReportState.FILED,
    (ReportState.FILED, "contest"): ReportState.CONTESTED,
    (ReportState.CONTESTED, "file"): ReportState.FILED,
    (ReportState.FILED, "confirm"): ReportState.CONFIRMED,
}
"""The buyer files, the seller confirms or contests; a contested report is filed again."""
