"""What is taken in the open: rising (reverse: falling) bids, proxies, clocks, turns, confirmations.

Each function returns the state after the event and None, or the same state and the code of the
rule that refuses it. That the event is in time and its bidder admitted is checked before.
"""

from datetime import datetime, timedelta

from app.auctions.engine.amounts import clock_price, extended, first_amount, judge, step_at
from app.auctions.engine.codes import Code, Ends, Kind
from app.auctions.engine.state import Bid, Event, State, Terms


def asked(terms: Terms, price_fen: int | None) -> int:
    """The least demanding bid of others than the leader, at a price."""
    if price_fen is None:
        step = step_at(terms.froms, terms.steps, terms.start_fen)
        return first_amount(terms.start_fen, step, terms.sign, at_start=terms.at_start)
    return price_fen + terms.sign * step_at(terms.froms, terms.steps, price_fen)


def _ladder(state: State) -> tuple[int, int, int]:
    """What raises count from, the least demanding bid of others than the leader, and the step."""
    terms = state.terms
    if state.price_fen is None:
        start = terms.start_fen
        step = step_at(terms.froms, terms.steps, start)
        return start, first_amount(start, step, terms.sign, at_start=terms.at_start), step
    step = step_at(terms.froms, terms.steps, state.price_fen)
    return state.price_fen, state.price_fen + terms.sign * step, step


def required(state: State, event: Event) -> int | None:
    """The least demanding bid for this bidder now; None when no amount can be one."""
    if event.kind is Kind.BID and _may_equal(state, event.bidder):
        return state.price_fen
    amount = _ladder(state)[1]
    if state.terms.proxy and state.leader == event.bidder and state.top_fen is not None:
        # It tells nobody but the owner, who knows the own maximum.
        amount = state.top_fen + state.terms.sign * _raise_of_own(state)
    return amount if amount >= state.terms.floor_fen else None


def take(state: State, event: Event) -> tuple[State, Code | None]:
    """An open bid: by the ladder, by priority at an equal price, or as a secret maximum."""
    terms = state.terms
    amount = event.amount_fen
    if amount < terms.floor_fen:
        return state, Code.BELOW_MINIMUM
    if terms.proxy:
        return _take_maximum(state, event)
    price = state.price_fen
    base, needed, step = _ladder(state)
    code = judge(base, needed, step, amount, terms.sign, multiples=terms.multiples)
    if code is not None and not (amount == price and _may_equal(state, event.bidder)):
        return state, code
    return _led(state, event, amount), None


def _may_equal(state: State, bidder: str) -> bool:
    """Whether a holder of a priority right may take the lead at the same price (TV-D7).

    The better rank goes first, of equal ranks the earlier bid (法释〔2016〕18号 art. 21).
    """
    priority = state.terms.priority
    if not priority or state.leader is None or bidder not in priority:
        return False
    holder = priority.get(state.leader)
    return holder is None or priority[bidder] < holder


def _led(state: State, event: Event, price_fen: int) -> State:
    """The state with a new leading bid."""
    runner_up = state.runner_up
    if state.leader is not None and state.leader != event.bidder:
        assert state.price_fen is not None
        runner_up = (state.leader, state.price_fen)
    ends_at, extensions = _end_after(state, event.at)
    return _counted(
        state._replace(
            price_fen=price_fen,
            leader=event.bidder,
            runner_up=runner_up,
            ends_at=ends_at,
            extensions=extensions,
            accepted=state.accepted + 1,
        ),
        event,
    )


def _counted(state: State, event: Event) -> State:
    """Note the bidder where a minimum number or a later phase asks for it."""
    terms = state.terms
    wanted = terms.notes_bidders or len(state.bidders) < terms.minimum_bidders
    if wanted and event.bidder not in state.bidders:
        state = state._replace(bidders=state.bidders | {event.bidder})
    return state


def kept_bid(state: State, event: Event) -> Bid:
    """The bid as it is kept; its number is that of its acceptance."""
    return Bid(
        state.accepted,
        event.at,
        event.bidder,
        event.amount_fen,
        event.quantity,
        event.lots,
        event.values,
    )


def _end_after(state: State, at: datetime) -> tuple[datetime, int]:
    """The end after an accepted bid and how often it has moved (TV-D5, TV-D9)."""
    terms = state.terms
    ends = terms.plans[state.phase].ends
    if ends is Ends.COUNTDOWN:
        # A bid that waited for its lock while a later one was taken must not shorten the cycle.
        return max(state.ends_at, at + timedelta(seconds=terms.rules.cycle_s)), state.extensions
    if ends is not Ends.EXTENDED:
        return state.ends_at, state.extensions
    ends_at = extended(state.ends_at, at, terms.extension)
    if terms.latest_end_at is not None:
        ends_at = max(state.ends_at, min(ends_at, terms.latest_end_at + state.shift))
    if ends_at == state.ends_at:
        return ends_at, state.extensions
    if terms.extensions_max is not None and state.extensions >= terms.extensions_max:
        return state.ends_at, state.extensions
    return ends_at, state.extensions + 1


def _raise_of_own(state: State) -> int:
    assert state.top_fen is not None
    if not state.terms.multiples:
        return 1
    return step_at(state.terms.froms, state.terms.steps, state.top_fen)


def _take_maximum(state: State, event: Event) -> tuple[State, Code | None]:
    """A secret maximum (委托最高价): the price is the second maximum and an increment, at most the
    top one; of equal maxima the earlier leads. Raising the own maximum moves no end: it would
    show, and a leader alone could keep an auction open.
    """
    terms, sign, amount = state.terms, state.terms.sign, event.amount_fen
    if state.leader == event.bidder:
        return _raise_maximum(state, event)
    base, needed, step = _ladder(state)
    code = judge(base, needed, step, amount, sign, multiples=terms.multiples)
    if code is not None:
        return state, code
    if state.price_fen is None:
        return _led(state, event, needed)._replace(top_fen=amount), None
    assert state.top_fen is not None
    assert state.leader is not None
    if sign * (amount - state.top_fen) > 0:
        after = _led(state, event, _second(state, state.top_fen, amount))
        runner_up = (state.leader, state.top_fen)
        return after._replace(top_fen=amount, rival_fen=state.top_fen, runner_up=runner_up), None
    ends_at, extensions = _end_after(state, event.at)
    after = state._replace(
        price_fen=_second(state, amount, state.top_fen),
        rival_fen=amount,
        runner_up=(event.bidder, amount),
        ends_at=ends_at,
        extensions=extensions,
        accepted=state.accepted + 1,
    )
    return _counted(after, event), None


def _raise_maximum(state: State, event: Event) -> tuple[State, Code | None]:
    terms, amount = state.terms, event.amount_fen
    assert state.top_fen is not None
    gap = terms.sign * (amount - state.top_fen)
    if gap <= 0:
        return state, Code.TOO_LOW if terms.sign > 0 else Code.TOO_HIGH
    if terms.multiples and gap % _raise_of_own(state):
        return state, Code.OFF_STEP
    price = state.price_fen
    if state.rival_fen is not None:
        price = _second(state, state.rival_fen, amount)
    return state._replace(price_fen=price, top_fen=amount, accepted=state.accepted + 1), None


def _second(state: State, second_fen: int, top_fen: int) -> int:
    """The second maximum and its increment, at most the top maximum."""
    terms = state.terms
    raised = second_fen + terms.sign * step_at(terms.froms, terms.steps, second_fen)
    return min(raised, top_fen) if terms.sign > 0 else max(raised, top_fen)


def clock_now(state: State, event: Event) -> int | None:
    """The price on the clock at the event's time."""
    rules = state.terms.rules
    assert rules.stop_fen is not None
    assert rules.decrement_fen is not None
    assert rules.interval_s is not None
    elapsed = max(event.at - state.from_at, timedelta(0))
    return clock_price(
        state.terms.start_fen, rules.stop_fen, rules.decrement_fen, rules.interval_s, elapsed
    )


def take_clock(state: State, event: Event) -> tuple[State, Code | None]:
    """The first who agrees to the clock's price gets it, at that price, and ends the auction."""
    price = clock_now(state, event)
    assert price is not None
    if state.terms.sign * (event.amount_fen - price) < 0:
        return state, Code.TOO_LOW if state.terms.sign > 0 else Code.TOO_HIGH
    after = _led(state, event, price)
    return after._replace(ends_at=event.at, top_fen=event.amount_fen), None


def take_confirmation(state: State, event: Event) -> tuple[State, Code | None]:
    """A bidder of the free period enters the limited one; saying so twice changes nothing."""
    if event.bidder in state.order:
        return state, None
    return state._replace(order=(*state.order, event.bidder)), None


def turns(state: State) -> tuple[str, ...]:
    """The order of a round: the worst bid first, of equal ones the later, the best bid last."""
    latest = {bid.bidder: bid for bid in state.kept}
    ordered = sorted(
        latest.values(), key=lambda bid: (state.terms.sign * bid.amount_fen, -bid.number)
    )
    return tuple(bid.bidder for bid in ordered)


def own_next(state: State, event: Event) -> int | None:
    """The least demanding improvement of the bidder's own bid."""
    own = [bid.amount_fen for bid in state.kept if bid.bidder == event.bidder]
    if not own:
        return None
    terms = state.terms
    amount = own[-1] + terms.sign * step_at(terms.froms, terms.steps, own[-1])
    return amount if amount >= terms.floor_fen else None


def take_turn(state: State, event: Event) -> tuple[State, Code | None]:
    """One bid or pass in the own turn; a bid improves the own bid by a step at least."""
    turn = (event.at - state.from_at) // timedelta(seconds=state.terms.rules.turn_s)
    code = None
    if event.bidder not in state.admitted:
        code = Code.NOT_ADMITTED
    elif state.order[turn] != event.bidder:
        code = Code.NOT_YOUR_TURN
    elif turn in state.acted:
        code = Code.TURN_TAKEN
    elif event.kind is Kind.BID:
        code = _improves(state, event)
    if code is not None:
        return state, code
    if event.kind is Kind.PASS:
        return state._replace(acted=state.acted | {turn}), None
    after = state._replace(acted=state.acted | {turn}, kept=state.kept.plus(kept_bid(state, event)))
    return after._replace(accepted=state.accepted + 1), None


def _improves(state: State, event: Event) -> Code | None:
    """Why a bid does not improve the own bid as it must, or None."""
    terms = state.terms
    if event.amount_fen < terms.floor_fen:
        return Code.BELOW_MINIMUM
    own = next(bid.amount_fen for bid in reversed(list(state.kept)) if bid.bidder == event.bidder)
    step = step_at(terms.froms, terms.steps, own)
    needed = own + terms.sign * step
    return judge(own, needed, step, event.amount_fen, terms.sign, multiples=terms.multiples)
