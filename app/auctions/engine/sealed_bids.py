"""What is taken in sealed phases; amounts are compared only when the auction is decided."""

from app.auctions.engine.codes import Code, Decides
from app.auctions.engine.open_bids import kept_bid
from app.auctions.engine.state import Event, State
from app.auctions.engine.terms import MAX_PACKAGE_BIDS, PRICE_TERM


def required(state: State, event: Event) -> int | None:
    """The published limit: the start price, or that of the lots asked for; None where there is
    none, or where the bidder has already bid."""
    terms = state.terms
    if event.bidder in state.held and not terms.profile.many_bids:
        return None
    if terms.profile.decides is Decides.PACKAGES:
        return sum(terms.rules.lots.get(lot, 0) for lot in event.lots)
    return 0 if terms.rules.start_fen is None and terms.sign > 0 else terms.rules.start_fen


def take(state: State, event: Event) -> tuple[State, Code | None]:
    """Keep a sealed bid, or refuse it by what was published."""
    code = _refusal(state, event)
    if code is not None:
        return state, code
    held = {**state.held, event.bidder: state.held.get(event.bidder, 0) + event.quantity}
    kept = state.kept.plus(kept_bid(state, event))
    return state._replace(held=held, kept=kept, accepted=state.accepted + 1), None


def _refusal(state: State, event: Event) -> Code | None:
    terms = state.terms
    profile = terms.profile
    if event.bidder in state.held and not profile.many_bids:
        return Code.ALREADY_BID
    wrong = _WRONG[profile.decides](state, event) if profile.decides in _WRONG else None
    if wrong is not None:
        return wrong
    limit = required(state, event)
    if limit is not None and terms.sign * (event.amount_fen - limit) < 0:
        return Code.TOO_LOW if terms.sign > 0 else Code.TOO_HIGH
    return Code.BELOW_MINIMUM if event.amount_fen < terms.floor_fen else None


def _wrong_quantity(state: State, event: Event) -> Code | None:
    rules = state.terms.rules
    assert rules.units is not None
    most = rules.units if rules.max_quantity is None else rules.max_quantity
    asked = state.held.get(event.bidder, 0) + event.quantity
    fits = rules.min_quantity <= event.quantity <= rules.units and asked <= most
    return None if fits else Code.BAD_QUANTITY


def _wrong_terms(state: State, event: Event) -> Code | None:
    scored = {term.code for term in state.terms.rules.terms} - {PRICE_TERM}
    names = [name for name, _ in event.values]
    return None if set(names) == scored and len(names) == len(scored) else Code.TERM_MISSING


def _wrong_lots(state: State, event: Event) -> Code | None:
    if state.accepted >= MAX_PACKAGE_BIDS:
        return Code.TOO_MANY_BIDS
    lots = event.lots
    known = bool(lots) and len(set(lots)) == len(lots) and set(lots) <= set(state.terms.rules.lots)
    return None if known else Code.UNKNOWN_LOT


_WRONG = {
    Decides.UNITS: _wrong_quantity,
    Decides.SCORE: _wrong_terms,
    Decides.PACKAGES: _wrong_lots,
}
