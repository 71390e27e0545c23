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
