"""A recorded auction of open bids, run once more by the engine."""

from collections.abc import Iterable
from typing import Any

from app.auctions import rules
from app.auctions.engine import core, standing
from app.auctions.engine.state import Event, State


def replayed(auction: Any, bids: Iterable[Any]) -> State:
    """The state after the bids; each must be judged as its row says, and the auction's row agree.

    `auction` and `bids` are rows of their tables, however they were read.
    """
    start = rules.start_of(auction.format, auction.terms, hidden=False)
    state = start
    for bid in bids:
        event = Event(bid.received_at, str(bid.number), bid.amount_fen)
        state, judged = core.step(state, event)
        recorded = (bid.refusal, bid.required_fen, bid.ends_at_after, bid.price_after_fen)
        assert recorded == (judged.code, judged.required_fen, judged.ends_at, judged.price_fen), bid
    assert standing.load(start, auction.standing) == state
    leader = None if state.leader is None else int(state.leader)
    assert (auction.leading_number, auction.price_fen, auction.ends_at) == (
        leader,
        state.price_fen,
        state.ends_at,
    )
    return state
