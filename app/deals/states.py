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
}
"""A concluded deal is in its publicity period (成交公示); publicised means that it passed."""

ENDED = frozenset({DealState.CANCELLED, DealState.DEFAULTED})
"""States of a deal that no longer holds its listing's award; its parties and overseers see it."""


class DealMethod(StrEnum):
    """How the price was found."""

    AUCTION = "auction"
    NEGOTIATION = "negotiation"
