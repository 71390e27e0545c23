"""The life of a negotiation, and the words of its terms."""

from enum import StrEnum


class NegotiationState(StrEnum):
    """Where a negotiation stands."""

    OPEN = "open"
    AGREED = "agreed"
    ENDED = "ended"
    EXPIRED = "expired"


MOVES: dict[tuple[NegotiationState, str], NegotiationState] = {
    (NegotiationState.OPEN, "offer"): NegotiationState.OPEN,
    (NegotiationState.OPEN, "decline"): NegotiationState.OPEN,
    (NegotiationState.OPEN, "agree"): NegotiationState.AGREED,
    (NegotiationState.OPEN, "end"): NegotiationState.ENDED,
    (NegotiationState.OPEN, "expire"): NegotiationState.EXPIRED,
}


class Origin(StrEnum):
    """Who opened it: a buyer, or the platform when one bidder alone qualified (rules.md C-16)."""

    BUYER = "buyer"
    ONE_BIDDER = "one_bidder"


class Side(StrEnum):
    """For whom somebody speaks."""

    SELLER = "seller"
    BUYER = "buyer"

    @property
    def other(self) -> "Side":
        """The opposite side."""
        return Side.BUYER if self is Side.SELLER else Side.SELLER


class CommissionState(StrEnum):
    """Life of a broker's commission."""

    PENDING = "pending"
    EARNED = "earned"
    PAID = "paid"
    LAPSED = "lapsed"


COMMISSION_MOVES: dict[tuple[CommissionState, str], CommissionState] = {
    (CommissionState.PENDING, "earn"): CommissionState.EARNED,
    (CommissionState.PENDING, "lapse"): CommissionState.LAPSED,
    (CommissionState.EARNED, "pay"): CommissionState.PAID,
}
"""Earned when the technology contract is concluded, and not before (司法解释 40; rules.md 9.2)."""


class CommissionBasis(StrEnum):
    """Why somebody owes a commission (司法解释 39; rules.md V-3)."""

    AGREEMENT = "agreement"
    REASONABLE = "reasonable"
    MAIN_CONTRACT = "main_contract"


class RoyaltyBase(StrEnum):
    """What a royalty is a share of (民法典 846; rules.md 3.4)."""

    NET_SALES = "net_sales"
    UNITS = "units"
    PROFIT = "profit"
