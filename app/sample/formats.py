"""Auctions of the other formats in the sample market: what is published of each, and its bids."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.auctions.bidding import Offer
from app.auctions.schemas import NewPlan
from app.sample.trades import Trade

ROYALTY, MONTHS = "royalty_bp", "months"


@dataclass(frozen=True)
class Sale:
    """One auction: its plan, and what its bidders offer, in turn.

    `mode` is how the technology is transferred; `members` is how many achievements are sold as
    lots; `decided` sales have ended by now, `starts_late` ones began an hour ago.
    """

    plan: Callable[[Trade], NewPlan]
    offers: Callable[[Trade], list[Offer]]
    sealed: bool = False
    mode: tuple[str, str | None] = ("assign", None)
    members: int = 0
    decided: bool = False
    starts_late: bool = False


def _raised(trade: Trade, *tenths: int) -> list[Offer]:
    """Bids of so many tenths above the start price."""
    return [Offer(trade.start_fen + trade.start_fen * more // 10) for more in tenths]


def _stepped(trade: Trade, *steps: int) -> list[Offer]:
    """Bids of so many increments above the start price."""
    return [Offer(trade.start_fen + trade.increment_fen * more) for more in steps]


def _plan(code: str, **terms: Any) -> Callable[[Trade], NewPlan]:
    return lambda _: NewPlan(format=code, terms=terms, reserve_fen=None)


def _with_reserve(trade: Trade) -> NewPlan:
    terms = {"payment": "second_price"}
    return NewPlan(format="sealed_once", terms=terms, reserve_fen=trade.start_fen * 11 // 10)


def _weighted(trade: Trade) -> NewPlan:
    """Price, royalty, and how soon it is used."""
    price = {"code": "price", "weight_bp": 6000, "min": trade.start_fen, "max": 2 * trade.start_fen}
    royalty = {"code": ROYALTY, "weight_bp": 3000, "min": 0, "max": 500}
    soon = {"code": MONTHS, "weight_bp": 1000, "min": 6, "max": 36, "lower": True}
    return NewPlan(format="weighted", terms={"terms": [price, royalty, soon]}, reserve_fen=None)


def _scored(trade: Trade) -> list[Offer]:
    promised = ((300, 18), (500, 24), (100, 6))
    return [
        bid._replace(values=((ROYALTY, royalty), (MONTHS, months)))
        for bid, (royalty, months) in zip(_raised(trade, 6, 3, 8), promised, strict=True)
    ]


def _units(trade: Trade) -> list[Offer]:
    quantities = (2, 3, 1)
    bids = zip(_raised(trade, 1, 3, 2), quantities, strict=True)
    return [bid._replace(quantity=quantity) for bid, quantity in bids]


def _falling(trade: Trade) -> NewPlan:
    """From twice the listing's price down to it, a twentieth of it every hour."""
    terms = {
        "start_fen": 2 * trade.start_fen,
        "decrement_fen": trade.start_fen // 20,
        "interval_s": 3600,
    }
    return NewPlan(format="descending", terms=terms, reserve_fen=None)


def _package(trade: Trade) -> NewPlan:
    lots = {str(member): trade.start_fen // 2 for member in trade.member_ids}
    return NewPlan(format="package", terms={"lots": lots, "payment": "vcg"}, reserve_fen=None)


def _combinations(trade: Trade) -> list[Offer]:
    """One bidder for everything, two for a lot each."""
    lots = tuple(str(member) for member in trade.member_ids)
    choices = (lots, lots[:1], lots[1:])
    tenths = (14, 8, 7)
    return [
        Offer(trade.start_fen * share // 10, lots=chosen)
        for share, chosen in zip(tenths, choices, strict=True)
    ]


SALES: tuple[Sale, ...] = (
    Sale(_plan("ascending", proxy=True), lambda trade: _raised(trade, 3, 5, 4)),
    Sale(_plan("free_then_limited"), lambda trade: _stepped(trade, 0, 1, 3)),
    Sale(_falling, lambda _: [], starts_late=True),
    Sale(_with_reserve, lambda trade: _raised(trade, 2, 4), sealed=True),
    Sale(_weighted, _scored, sealed=True),
    Sale(_plan("multi_unit", units=5), _units, sealed=True, mode=("license", "ordinary")),
    Sale(_package, _combinations, sealed=True, members=2),
    Sale(_plan("ascending", proxy=True), lambda trade: _raised(trade, 2, 4, 1), decided=True),
    Sale(_with_reserve, lambda trade: _raised(trade, 2, 4, 3), sealed=True, decided=True),
)
"""Those with sealed content are held where somebody is named to open them."""
