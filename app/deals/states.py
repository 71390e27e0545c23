"""The life of a deal."""

from enum import StrEnum


class DealState(StrEnum):
    """Life of a deal."""

    CONCLUDED = "concluded"
    SUSPENDED = "suspended"
    PUBLICISED = "publicised"
    CONTRACTED = "contracted"
    CANCELLED = "cancelled"
    DEFAULTED = "defaulted"
    TERMINATED = "terminated"


MOVES: dict[tuple[DealState, str], DealState] = {
    (DealState.CONCLUDED, "publicise"): DealState.PUBLICISED,
    (DealState.CONCLUDED, "suspend"): DealState.SUSPENDED,
    (DealState.SUSPENDED, "resume"): DealState.CONCLUDED,
    (DealState.PUBLICISED, "contract"): DealState.CONTRACTED,
    (DealState.CONCLUDED, "cancel"): DealState.CANCELLED,
    (DealState.SUSPENDED, "cancel"): DealState.CANCELLED,
    (DealState.PUBLICISED, "cancel"): DealState.CANCELLED,
    (DealState.CONCLUDED, "default"): DealState.DEFAULTED,
    (DealState.PUBLICISED, "default"): DealState.DEFAULTED,
    (DealState.CONTRACTED, "default"): DealState.DEFAULTED,
    (DealState.CONTRACTED, "terminate"): DealState.TERMINATED,
}
"""A concluded deal is in its publicity period (成交公示); publicised means that it passed. It is
terminated with its contract: by agreement, after a demand, by a returned trial, or because the
auction was annulled."""

ENDED = frozenset({DealState.CANCELLED, DealState.DEFAULTED, DealState.TERMINATED})
"""States of a deal that no longer holds its listing's award; its parties and overseers see it."""


class DealMethod(StrEnum):
    """How the price was found."""

    AUCTION = "auction"
    NEGOTIATION = "negotiation"


class PriceReturn(StrEnum):
    """What becomes of the price of a deal that ended after it was paid in."""

    OWED = "owed"
    BY_HAND = "by_hand"
    RESOLVED = "resolved"


RETURN_MOVES: dict[tuple[PriceReturn, str], PriceReturn] = {
    (PriceReturn.BY_HAND, "resolve"): PriceReturn.RESOLVED,
}
"""What the platform still holds is owed back by itself. What it had paid out already is for the
parties to give back, and for an operator to follow until that is settled."""
