"""The life of a deal."""

from enum import StrEnum


class DealState(StrEnum):
    """Life of a deal."""

    CONCLUDED = "concluded"
    CONTRACTED = "contracted"
    CANCELLED = "cancelled"


MOVES: dict[tuple[DealState, str], DealState] = {
    (DealState.CONCLUDED, "contract"): DealState.CONTRACTED,
    (DealState.CONCLUDED, "cancel"): DealState.CANCELLED,
}


class DealMethod(StrEnum):
    """How the price was found."""

    AUCTION = "auction"
    NEGOTIATION = "negotiation"
