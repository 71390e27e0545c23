"""The life of an auction, and the reasons a bid is refused for."""

from enum import StrEnum


class AuctionState(StrEnum):
    """Life of an auction."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    SOLD = "sold"
    FAILED = "failed"


MOVES: dict[tuple[AuctionState, str], AuctionState] = {
    (AuctionState.SCHEDULED, "open"): AuctionState.OPEN,
    (AuctionState.OPEN, "sell"): AuctionState.SOLD,
    (AuctionState.OPEN, "fail"): AuctionState.FAILED,
}

DECIDED = frozenset({AuctionState.SOLD, AuctionState.FAILED})


class Phase(StrEnum):
    """What an auction does at a moment; `closing` is after the end and before the result."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    CLOSING = "closing"
    SOLD = "sold"
    FAILED = "failed"


class Refusal(StrEnum):
    """Why a bid is not accepted; the values are the stable codes of the API."""

    NOT_OPEN = "auction_not_open"
    CLOSED = "auction_closed"
    TOO_LOW = "bid_too_low"
    OFF_STEP = "bid_off_step"


class Screen(StrEnum):
    """What a collusion screen looks for."""

    SHARED_CONTROL = "shared_control"
    SHARED_DEVICE = "shared_device"
    SHARED_PAYER = "shared_payer"
    SHARED_AGENT = "shared_agent"
    LOW_VARIANCE = "low_variance"
    RELATIVE_DISTANCE = "relative_distance"
    CLOSE_BIDS = "close_bids"
    BID_ROTATION = "bid_rotation"
    COVER_BIDS = "cover_bids"
    CONSTANT_LOSER = "constant_loser"


class FlagState(StrEnum):
    """Life of a flag: a regulator looks into it, then drops it or refers it to an authority."""

    OPEN = "open"
    DISMISSED = "dismissed"
    REFERRED = "referred"


FLAG_MOVES: dict[tuple[FlagState, str], FlagState] = {
    (FlagState.OPEN, "dismiss"): FlagState.DISMISSED,
    (FlagState.OPEN, "refer"): FlagState.REFERRED,
    (FlagState.DISMISSED, "refer"): FlagState.REFERRED,
}
"""What was dismissed may be referred later, when more of it is known; a referral stands."""
