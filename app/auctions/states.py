"""The life of an auction and of an award, and the events of a record."""

from enum import StrEnum


class AuctionState(StrEnum):
    """Life of an auction; `opening` waits for the key of its sealed bids."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    PAUSED = "paused"
    OPENING = "opening"
    SOLD = "sold"
    FAILED = "failed"
    ANNULLED = "annulled"


MOVES: dict[tuple[AuctionState, str], AuctionState] = {
    (AuctionState.SCHEDULED, "open"): AuctionState.OPEN,
    (AuctionState.OPEN, "pause"): AuctionState.PAUSED,
    (AuctionState.PAUSED, "resume"): AuctionState.OPEN,
    (AuctionState.OPEN, "await_opening"): AuctionState.OPENING,
    (AuctionState.OPENING, "go_on"): AuctionState.OPEN,
    (AuctionState.OPENING, "sell"): AuctionState.SOLD,
    (AuctionState.OPENING, "fail"): AuctionState.FAILED,
    (AuctionState.OPEN, "sell"): AuctionState.SOLD,
    (AuctionState.OPEN, "fail"): AuctionState.FAILED,
    (AuctionState.SCHEDULED, "annul"): AuctionState.ANNULLED,
    (AuctionState.OPEN, "annul"): AuctionState.ANNULLED,
    (AuctionState.PAUSED, "annul"): AuctionState.ANNULLED,
    (AuctionState.OPENING, "annul"): AuctionState.ANNULLED,
    (AuctionState.SOLD, "annul"): AuctionState.ANNULLED,
}

DECIDED = frozenset({AuctionState.SOLD, AuctionState.FAILED, AuctionState.ANNULLED})


class Phase(StrEnum):
    """What an auction does at a moment; `closing` is after an end and before what follows."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    CLOSING = "closing"
    PAUSED = "paused"
    OPENING = "opening"
    SOLD = "sold"
    FAILED = "failed"
    ANNULLED = "annulled"


class AwardState(StrEnum):
    """Life of what a bidder won."""

    AWARDED = "awarded"
    DEFAULTED = "defaulted"


AWARD_MOVES: dict[tuple[AwardState, str], AwardState] = {
    (AwardState.AWARDED, "default"): AwardState.DEFAULTED,
}


class EventKind(StrEnum):
    """What stands in a record beside bids."""

    SCHEDULED = "scheduled"
    OPENED = "opened"
    PHASE = "phase"
    PAUSED = "paused"
    RESUMED = "resumed"
    OUTAGE = "outage"
    UNSEALED = "unsealed"
    SOLD = "sold"
    FAILED = "failed"
    ANNULLED = "annulled"
