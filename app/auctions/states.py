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
