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
"""`complete` is the second signature; `terminate` follows from a default, a termination that all
signed, or one after a demand."""


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


class MilestoneState(StrEnum):
    """Where something to be delivered stands."""

    PLANNED = "planned"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    ACCEPTED = "accepted"


MILESTONE_MOVES: dict[tuple[MilestoneState, str], MilestoneState] = {
    (MilestoneState.PLANNED, "deliver"): MilestoneState.DELIVERED,
    (MilestoneState.DELIVERED, "reject"): MilestoneState.REJECTED,
    (MilestoneState.REJECTED, "deliver"): MilestoneState.DELIVERED,
    (MilestoneState.DELIVERED, "accept"): MilestoneState.ACCEPTED,
}
"""The seller delivers, the buyer accepts or says what is wrong."""


class TrialState(StrEnum):
    """Where use before payment (先用后付) stands."""

    AGREED = "agreed"
    RUNNING = "running"
    ADOPTED = "adopted"
    RETURNED = "returned"


TRIAL_MOVES: dict[tuple[TrialState, str], TrialState] = {
    (TrialState.AGREED, "start"): TrialState.RUNNING,
    (TrialState.RUNNING, "adopt"): TrialState.ADOPTED,
    (TrialState.RUNNING, "return"): TrialState.RETURNED,
    (TrialState.RUNNING, "lapse"): TrialState.ADOPTED,
}
"""The first delivery starts it. Silence until its end is adoption, as the contract's text says."""


class DelayState(StrEnum):
    """Where a demand for a delayed obligation stands."""

    OPEN = "open"
    CURED = "cured"
    MATURED = "matured"
    USED = "used"


DELAY_MOVES: dict[tuple[DelayState, str], DelayState] = {
    (DelayState.OPEN, "cure"): DelayState.CURED,
    (DelayState.OPEN, "mature"): DelayState.MATURED,
    (DelayState.MATURED, "cure"): DelayState.CURED,
    (DelayState.MATURED, "terminate"): DelayState.USED,
}
"""30 days after the demand the contract may be ended (rules.md V-4); who demanded may still take
late performance as a cure."""


class AmendmentKind(StrEnum):
    """What happens to a signed contract (民法典 543, 555, 562, 563)."""

    CHANGE = "change"
    SUPPLEMENT = "supplement"
    TRANSFER = "transfer"
    TERMINATION = "termination"


class AmendmentState(StrEnum):
    """Where an amendment stands."""

    PROPOSED = "proposed"
    CONSENTED = "consented"
    EFFECTIVE = "effective"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


AmendmentMoves = dict[tuple[AmendmentState, str], AmendmentState]

CHANGE_MOVES: AmendmentMoves = {
    (AmendmentState.PROPOSED, "complete"): AmendmentState.EFFECTIVE,
    (AmendmentState.PROPOSED, "reject"): AmendmentState.REJECTED,
    (AmendmentState.PROPOSED, "withdraw"): AmendmentState.WITHDRAWN,
}
"""A change of terms; both parties sign."""

SUPPLEMENT_MOVES: AmendmentMoves = {
    (AmendmentState.PROPOSED, "complete"): AmendmentState.EFFECTIVE,
    (AmendmentState.PROPOSED, "reject"): AmendmentState.REJECTED,
    (AmendmentState.PROPOSED, "withdraw"): AmendmentState.WITHDRAWN,
}
"""A supplement; both parties sign."""

TRANSFER_MOVES: AmendmentMoves = {
    (AmendmentState.PROPOSED, "consent"): AmendmentState.CONSENTED,
    (AmendmentState.PROPOSED, "reject"): AmendmentState.REJECTED,
    (AmendmentState.PROPOSED, "withdraw"): AmendmentState.WITHDRAWN,
    (AmendmentState.CONSENTED, "complete"): AmendmentState.EFFECTIVE,
    (AmendmentState.CONSENTED, "reject"): AmendmentState.REJECTED,
    (AmendmentState.CONSENTED, "withdraw"): AmendmentState.WITHDRAWN,
}
"""A party's position goes over: both parties sign (民法典 555), then the one who enters."""

TERMINATION_MOVES: AmendmentMoves = {
    (AmendmentState.PROPOSED, "complete"): AmendmentState.EFFECTIVE,
    (AmendmentState.PROPOSED, "end_by_notice"): AmendmentState.EFFECTIVE,
    (AmendmentState.PROPOSED, "reject"): AmendmentState.REJECTED,
    (AmendmentState.PROPOSED, "withdraw"): AmendmentState.WITHDRAWN,
}
"""Both sign the end (民法典 562), or one ends it alone after a demand (563; rules.md V-4)."""

MOVES_OF_AMENDMENT: dict[AmendmentKind, AmendmentMoves] = {
    AmendmentKind.CHANGE: CHANGE_MOVES,
    AmendmentKind.SUPPLEMENT: SUPPLEMENT_MOVES,
    AmendmentKind.TRANSFER: TRANSFER_MOVES,
    AmendmentKind.TERMINATION: TERMINATION_MOVES,
}


class SignMethod(StrEnum):
    """What a signature was given with: the party's account, or a certificate on the PDF."""

    ACCOUNT = "account"
    CERTIFICATE = "certificate"


class Severity(StrEnum):
    """What a finding does: it stops the signature, or it must be acknowledged."""

    BLOCK = "block"
    WARN = "warn"


class RestrictionKind(StrEnum):
    """The six ways to monopolise technology (民法典 850; 技术合同纠纷解释 10)."""

    IMPROVEMENTS = "improvements"
    OTHER_SOURCES = "other_sources"
    OUTPUT = "output"
    TYING = "tying"
    PURCHASING = "purchasing"
    NO_CHALLENGE = "no_challenge"


class Direction(StrEnum):
    """Which way technology crosses the border."""

    EXPORT = "export"
    IMPORT = "import"


class Category(StrEnum):
    """How freely technology crosses the border (技术进出口管理条例 7-10, 29-33)."""

    PROHIBITED = "prohibited"
    RESTRICTED = "restricted"
    FREE = "free"
