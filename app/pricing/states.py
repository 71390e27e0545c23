"""The life of a valuation and of a portfolio; sources of comparables, purposes."""

from enum import StrEnum


class ValuationState(StrEnum):
    """Where a valuation stands; what it says is fixed from the start."""

    DRAFT = "draft"
    ISSUED = "issued"
    SIGNED = "signed"
    DISCARDED = "discarded"


MOVES: dict[tuple[ValuationState, str], ValuationState] = {
    (ValuationState.DRAFT, "discard"): ValuationState.DISCARDED,
    (ValuationState.DRAFT, "issue"): ValuationState.ISSUED,
    (ValuationState.ISSUED, "complete"): ValuationState.SIGNED,
}
"""`complete` is the last signature that the report needs."""


class Purpose(StrEnum):
    """What a valuation is for (GB/T 42748-2023, scenes; rules.md 6.1)."""

    TRADE = "trade"
    FINANCE = "finance"
    REPORTING = "reporting"
    REMEDY = "remedy"
    MANAGEMENT = "management"


class Source(StrEnum):
    """Where a comparable price comes from."""

    CONTRACT = "contract"
    AUCTION = "auction"
    IMPORTED = "imported"


class PortfolioState(StrEnum):
    """Where the valuation of many achievements stands."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


PORTFOLIO_MOVES: dict[tuple[PortfolioState, str], PortfolioState] = {
    (PortfolioState.RUNNING, "finish"): PortfolioState.DONE,
    (PortfolioState.RUNNING, "stop"): PortfolioState.STOPPED,
}


class ItemState(StrEnum):
    """What became of one achievement of a portfolio."""

    WAITING = "waiting"
    VALUED = "valued"
    FAILED = "failed"


class ModelState(StrEnum):
    """Where a market model stands; one that drifts answers on, and says so, until replaced."""

    CURRENT = "current"
    DRIFTING = "drifting"
    REPLACED = "replaced"


MODEL_MOVES: dict[tuple[ModelState, str], ModelState] = {
    (ModelState.CURRENT, "drift"): ModelState.DRIFTING,
    (ModelState.CURRENT, "replace"): ModelState.REPLACED,
    (ModelState.DRIFTING, "replace"): ModelState.REPLACED,
}
