"""One step of an auction: `step(state, event) -> (state, outcome)`, for every format.

It reads the phase of the profile and calls the function for what that phase takes. A refused event
changes nothing: it never extends an end (rules.md 5.2). In time is `from_at <= at < ends_at`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from app.auctions.engine import amounts, open_bids, sealed_bids
from app.auctions.engine.codes import Admits, Code, Ends, Kind, Takes
from app.auctions.engine.profiles import Profile
from app.auctions.engine.state import Event, Log, Outcome, Plan, State, Terms
from app.auctions.engine.terms import Rules

OUTAGE_GRACE = timedelta(minutes=5)
"""An end up to this long after an outage moves with it, as one within it does; verify."""

_OPERATOR = (Kind.PAUSE, Kind.RESUME, Kind.ANNUL, Kind.OUTAGE)
_RUNNING = (Ends.LAST_STEP, Ends.TURNS)  # phases in which each moment has its meaning

_TAKERS = {
    Takes.OPEN: ((Kind.BID,), open_bids.take, open_bids.required),
    Takes.CLOCK: ((Kind.BID,), open_bids.take_clock, open_bids.clock_now),
    Takes.TURNS: ((Kind.BID, Kind.PASS), open_bids.take_turn, open_bids.own_next),
    Takes.SEALED: ((Kind.BID,), sealed_bids.take, sealed_bids.required),
    Takes.CONFIRMATIONS: ((Kind.CONFIRM,), open_bids.take_confirmation, open_bids.required),
}


def _plans(profile: Profile, rounds: int) -> tuple[Plan, ...]:
    """The phases in their order, a repeated one as often as it comes, numbered from 1."""
    plans = []
    for phase in profile.phases:
        kinds, take, required = _TAKERS[phase.takes]
        listed = phase.admits in {Admits.ENTERED, Admits.CONFIRMED}
        sealed = phase.takes is Takes.SEALED
        plans.append(
            Plan(phase.name, phase.ends, phase.admits, listed, sealed, kinds, take, required)
        )
    if profile.repeat:
        last = plans.pop()
        plans += [last._replace(name=f"{last.name}_{number + 1}") for number in range(rounds)]
    return tuple(plans)


def start(profile: Profile, rules: Rules, *, hidden: bool = False) -> State:
    """The state of an auction before its first event; `rules` come from `terms.rules_of`.

    With `hidden` the amounts of a sealed phase are not kept: the phase lasts until `unseal`.
    """
    tiers = rules.tiers
    plans = _plans(profile, rules.rounds)
    floor_fen = 0 if rules.minimum_secret or rules.minimum_fen is None else rules.minimum_fen
    terms = Terms(
        profile=profile,
        rules=rules,
        sign=rules.sign,
        froms=tuple(from_fen for from_fen, _ in tiers),
        steps=tuple(step_fen for _, step_fen in tiers),
        start_fen=0 if rules.start_fen is None else rules.start_fen,
        floor_fen=floor_fen,
        multiples=rules.in_multiples,
        at_start=rules.first_bid_at_start,
        proxy=rules.proxy,
        extension=timedelta(seconds=rules.extension_s),
        extensions_max=rules.extensions_max,
        latest_end_at=rules.latest_end_at,
        priority=rules.priority,
        minimum_bidders=rules.minimum_bidders,
        plans=plans,
        last_phase=len(plans) - 1,
        hidden=hidden,
        ladder=any(phase.takes is Takes.OPEN for phase in profile.phases),
        notes_bidders=any(plan.admits is Admits.ENTERED for plan in plans),
    )
    return State(terms, 0, rules.opens_at, _end_of(terms, 0, rules.opens_at, 0))


def phase_name(state: State) -> str:
    """The name of the phase that the auction is in."""
    return "over" if state.over else state.terms.plans[state.phase].name


def advance(state: State, now: datetime) -> State:
    """The state after every phase that ended by `now`; the last phase stays, being over or not."""
    while ends_phase(state, now):
        state = enter_next(state)
    return state


def ends_phase(state: State, now: datetime) -> bool:
    """Whether another phase follows at `now`, or the end of the auction for want of bidders."""
    return (
        not state.over
        and state.phase < state.terms.last_phase
        and now >= state.ends_at
        and state.paused_at is None
        and not is_sealed(state)
    )


def is_sealed(state: State) -> bool:
    """Whether the amounts of the present phase are still to be opened."""
    return state.terms.hidden and not state.opened and state.terms.plans[state.phase].sealed


def unseal(state: State, revealed: Sequence[Event], now: datetime) -> tuple[State, list[Outcome]]:
    """Read the sealed bids, in the order of the record, when their phase has ended.

    Every bid is judged again, now by its amount too. What follows begins when the bids were read,
    for nobody could act before.
    """
    pause = state.last_pause  # they were taken before it, even one of the same moment
    state = state._replace(
        opened=True, kept=Log(), held=MappingProxyType({}), accepted=0, last_pause=None
    )
    outcomes = []
    for event in revealed:
        state, outcome = step(state, event)
        outcomes.append(outcome)
    state = state._replace(last_pause=pause)
    late = now - state.ends_at
    if state.phase < state.terms.last_phase and late > timedelta(0):
        state = enter_next(state._replace(ends_at=now, shift=state.shift + late))
    return advance(state, now), outcomes


def masked(state: State) -> State:
    """A state of a sealed phase without what its bids say; who may not bid twice is kept."""
    if not is_sealed(state):
        return state
    once = {} if state.terms.profile.many_bids else dict.fromkeys(state.held, 1)
    return state._replace(kept=Log(), held=once)


def finish(state: State) -> State:
    """The state when nothing more is received: every phase has run out."""
    while not state.over and state.phase < state.terms.last_phase:
        state = enter_next(state)
    return state


def step(state: State, event: Event) -> tuple[State, Outcome]:
    """Take or refuse one event; O(1) for open bids of `ascending`, plus O(log tiers)."""
    if event.kind is not Kind.BID and event.kind in _OPERATOR:
        return _operate(state, event)
    if state.phase < state.terms.last_phase and event.at >= state.ends_at:
        state = advance(state, event.at)
    plan = state.terms.plans[state.phase]
    code = _barred(state, event, plan)
    if code is None:
        after, code = plan.take(state, event)
        if code is None:
            return after, Outcome(None, None, plan.name, after.price_fen, after.ends_at)
    demand = None if code is Code.CLOSED else plan.required(state, event)
    return state, Outcome(code, demand, phase_name(state), state.price_fen, state.ends_at)


def _barred(state: State, event: Event, plan: Plan) -> Code | None:
    """Why an event cannot be taken whatever its amount."""
    if state.over or event.at >= state.ends_at:
        # While an auction is paused its clock stands: what would be its end is not.
        return Code.PAUSED if state.paused_at is not None and not state.over else Code.CLOSED
    if event.at < state.from_at:
        return Code.NOT_OPEN
    if state.paused_at is not None and event.at >= state.paused_at:
        return Code.PAUSED
    if state.last_pause is not None and state.last_pause[0] <= event.at < state.last_pause[1]:
        return Code.PAUSED  # received in a pause, decided after it
    if plan.listed_only and event.bidder not in state.admitted:
        return Code.NOT_ADMITTED
    return None if event.kind in plan.kinds else Code.WRONG_KIND


def _end_of(terms: Terms, number: int, from_at: datetime, turns: int) -> datetime:
    """The end of a phase that begins at `from_at`."""
    rules = terms.rules
    ends = terms.plans[number].ends
    if ends in {Ends.CLOSES_AT, Ends.EXTENDED}:
        assert rules.closes_at is not None
        return rules.closes_at
    if ends is Ends.LAST_STEP:
        assert rules.stop_fen is not None
        assert rules.decrement_fen is not None
        assert rules.interval_s is not None
        return from_at + amounts.clock_length(
            terms.start_fen, rules.stop_fen, rules.decrement_fen, rules.interval_s
        )
    seconds = {
        Ends.WINDOW: rules.confirm_s,
        Ends.COUNTDOWN: rules.cycle_s,
        Ends.TURNS: rules.turn_s * turns,
    }[ends]
    return from_at + timedelta(seconds=seconds)


def enter_next(state: State) -> State:
    """The next phase, or the end of the auction where nobody may act in it."""
    terms = state.terms
    plan = terms.plans[state.phase + 1]
    from_at = state.ends_at
    admitted, order = state.admitted, state.order
    if plan.admits is Admits.ENTERED:
        admitted = state.bidders
    elif plan.admits is Admits.CONFIRMED:
        admitted = frozenset(order)
    elif plan.admits is Admits.ON_TURN:
        order = open_bids.turns(state)
        admitted = frozenset(order)
        from_at += timedelta(seconds=terms.rules.break_s)
    if not admitted:
        return state._replace(over=True)
    return state._replace(
        phase=state.phase + 1,
        from_at=from_at,
        ends_at=_end_of(terms, state.phase + 1, from_at, len(order)),
        admitted=admitted,
        order=order,
        acted=frozenset(),
    )


def _operate(state: State, event: Event) -> tuple[State, Outcome]:
    """Pause, resume, annul, or move the end after an outage (法释〔2016〕18号 art. 28, 31)."""
    lasted = event.seconds if event.kind is Kind.OUTAGE else 0
    began = event.at - timedelta(seconds=lasted)
    state = advance(state, began)
    code = None
    after = state
    if event.kind is Kind.ANNUL and not state.annulled:  # art. 31: also a sale that has ended
        after = state._replace(over=True, annulled=True, ends_at=event.at)
    elif state.over or (began >= state.ends_at and not _paused(state)):
        code = Code.CLOSED
    elif event.kind is Kind.PAUSE and not _paused(state):
        after = state._replace(paused_at=event.at)
    elif event.kind is Kind.RESUME and state.paused_at is not None:
        pause = (state.paused_at, event.at)
        after = _moved(state._replace(paused_at=None, last_pause=pause), pause[1] - pause[0])
    elif event.kind is Kind.OUTAGE and not _paused(state):
        if (
            state.ends_at <= event.at + OUTAGE_GRACE
            or state.terms.plans[state.phase].ends in _RUNNING
        ):
            after = _moved(state, timedelta(seconds=event.seconds))
    else:
        code = Code.WRONG_KIND
    return after, Outcome(code, None, phase_name(after), after.price_fen, after.ends_at)


def _paused(state: State) -> bool:
    return state.paused_at is not None


def _runs(state: State) -> bool:
    return state.terms.plans[state.phase].ends in _RUNNING


def _moved(state: State, by: timedelta) -> State:
    """The phase ends later; where every moment has its price or its bidder, it all moves."""
    return state._replace(
        from_at=state.from_at + by if _runs(state) else state.from_at,
        ends_at=state.ends_at + by,
        shift=state.shift + by,
    )
