"""What an auction comes to: a function of its state, and of the reserve once that is opened."""

from collections.abc import Callable, Sequence
from datetime import datetime

from app.auctions.engine import core, packages
from app.auctions.engine.codes import Decides, Payment, Reason, Verdict
from app.auctions.engine.scores import score
from app.auctions.engine.state import Award, Bid, Result, State
from app.auctions.engine.terms import commitment

_LAST_RANK = 10**9 + 1


class ReserveSealed(ValueError):
    """The reserve was committed to and is not opened, or what is said to open it does not."""


def result(
    state: State, now: datetime | None = None, opened: tuple[int, str] | None = None
) -> Result:
    """The result at a time; without one, the result when nothing more is received.

    `opened` is the reserve in fen and the salt of its commitment, where the rules hold only the
    commitment. Raises ReserveSealed, and `packages.NotProven` when no optimum can be proved.
    """
    if state.annulled:
        return Result(Verdict.ANNULLED, None, (), state.ends_at)
    if state.paused_at is not None:
        return Result(Verdict.OPEN, None, (), None)
    state = core.finish(state) if now is None else core.advance(state, now)
    last = state.over or state.phase == state.terms.last_phase
    if now is not None and not (last and now >= state.ends_at):
        return Result(Verdict.OPEN, None, (), None)
    return _DECIDERS[state.terms.profile.decides](state, _reserve(state, opened))


def _reserve(state: State, opened: tuple[int, str] | None) -> int | None:
    rules = state.terms.rules
    if rules.reserve_commitment is None or rules.reserve_fen is not None:
        return rules.reserve_fen
    if opened is None or commitment(*opened) != rules.reserve_commitment:
        raise ReserveSealed("the reserve and its salt must open the published commitment")
    return opened[0]


def _failed(state: State, reason: Reason) -> Result:
    return Result(Verdict.FAILED, reason, (), state.ends_at)


def _sold(
    state: State, awards: Sequence[Award], runner_up: tuple[str, int] | None = None
) -> Result:
    return Result(Verdict.SOLD, None, tuple(awards), state.ends_at, runner_up)


def _meets(state: State, amount_fen: int, reserve_fen: int | None) -> bool:
    return reserve_fen is None or state.terms.sign * (amount_fen - reserve_fen) >= 0


def _leading(state: State, reserve_fen: int | None) -> Result:
    """The leading bid wins at its price; below the reserve it has no effect (拍卖法 art. 50)."""
    price, leader = state.price_fen, state.leader
    if price is None or leader is None:
        return _failed(state, Reason.NO_BID)
    if len(state.bidders) < state.terms.minimum_bidders:
        return _failed(state, Reason.TOO_FEW)
    best = price if state.top_fen is None else state.top_fen
    if not _meets(state, price, reserve_fen):
        if not state.terms.proxy or not _meets(state, best, reserve_fen):
            return _failed(state, Reason.RESERVE)
        # The maximum covers the reserve: it bids for its owner up to there.
        assert reserve_fen is not None
        price = reserve_fen
    runner_up = state.runner_up
    if runner_up is not None and not _meets(state, runner_up[1], reserve_fen):
        runner_up = None
    return _sold(state, [Award(leader, 1, price, price, best)], runner_up)


def _valid(state: State, bids: Sequence[Bid], reserve_fen: int | None) -> list[Bid]:
    """The bids that count: within the reserve, and not below the minimum."""
    minimum = state.terms.rules.minimum_fen
    return [
        bid
        for bid in bids
        if _meets(state, bid.amount_fen, reserve_fen)
        and (minimum is None or bid.amount_fen >= minimum)
    ]


def _by_rule(state: State, bids: Sequence[Bid]) -> list[Bid]:
    """The best first: price, then priority right, then time, then sequence."""
    sign, priority = state.terms.sign, state.terms.priority
    return sorted(
        bids,
        key=lambda bid: (
            -sign * bid.amount_fen,
            priority.get(bid.bidder, _LAST_RANK),
            bid.at,
            bid.number,
        ),
    )


def _counting(
    state: State, bids: Sequence[Bid], reserve_fen: int | None
) -> tuple[list[Bid], Reason | None]:
    """The bids that count, or why there are none to decide on."""
    if not bids:
        return [], Reason.NO_BID
    if len({bid.bidder for bid in bids}) < state.terms.minimum_bidders:
        return [], Reason.TOO_FEW
    valid = _valid(state, bids, reserve_fen)
    if valid:
        return valid, None
    kept_out = all(not _meets(state, bid.amount_fen, reserve_fen) for bid in bids)
    return [], Reason.RESERVE if kept_out else Reason.NO_BID


def _sealed(state: State, reserve_fen: int | None) -> Result:
    """The best sealed bid wins; in rounds, each bidder's last bid counts."""
    latest = {bid.bidder: bid for bid in state.kept}
    valid, reason = _counting(state, list(latest.values()), reserve_fen)
    if reason is not None:
        return _failed(state, reason)
    ranked = _by_rule(state, valid)
    first, others = ranked[0], ranked[1:]
    price = first.amount_fen
    if state.terms.rules.payment is Payment.SECOND:
        price = _second_price(state, first, others, reserve_fen)
    runner_up = (others[0].bidder, others[0].amount_fen) if others else None
    return _sold(state, [Award(first.bidder, 1, price, price, first.amount_fen)], runner_up)


def _second_price(state: State, first: Bid, others: Sequence[Bid], reserve_fen: int | None) -> int:
    """The best other bid, but never beyond what the seller (reverse: the buyer) asked for.

    Alone, a bidder pays the start price or the reserve (nothing where there is neither); in
    reverse he gets that, or his bid where there is neither.
    """
    limits = [fen for fen in (state.terms.rules.start_fen, reserve_fen) if fen is not None]
    if state.terms.sign > 0:
        return max([*limits, *(bid.amount_fen for bid in others[:1])], default=0)
    return min([*limits, *(bid.amount_fen for bid in others[:1])], default=first.amount_fen)


def _units(state: State, reserve_fen: int | None) -> Result:
    """Units go to the best bids in turn; the bid at the margin gets what is left."""
    rules = state.terms.rules
    valid, reason = _counting(state, list(state.kept), reserve_fen)
    if reason is not None:
        return _failed(state, reason)
    assert rules.units is not None
    left = rules.units
    filled: list[tuple[Bid, int]] = []
    for bid in _by_rule(state, valid):
        quantity = min(bid.quantity, left)
        if quantity < bid.quantity and not rules.partial_fill:
            break  # nobody who bid less overtakes the bid at the margin
        if quantity == 0:
            break
        filled.append((bid, quantity))
        left -= quantity
    if not filled:
        return _failed(state, Reason.NO_BID)
    clearing = filled[-1][0].amount_fen
    awards = []
    for bid, quantity in filled:
        price = clearing if rules.payment is Payment.UNIFORM else bid.amount_fen
        awards.append(Award(bid.bidder, quantity, price, price * quantity, bid.amount_fen))
    return _sold(state, awards)


def _weighted(state: State, reserve_fen: int | None) -> Result:
    """The highest score wins and pays its price; equal scores go by price, then time."""
    valid, reason = _counting(state, list(state.kept), reserve_fen)
    if reason is not None:
        return _failed(state, reason)
    terms = state.terms.rules.terms
    scored = [(score(terms, bid.amount_fen, dict(bid.values)), bid) for bid in valid]
    # Sorting is stable: among equal scores the order by price, time and sequence stays.
    order = {bid.number: place for place, bid in enumerate(_by_rule(state, valid))}
    scored.sort(key=lambda one: (-one[0], order[one[1].number]))
    points, first = scored[0]
    runner_up = (scored[1][1].bidder, scored[1][1].amount_fen) if len(scored) > 1 else None
    price = first.amount_fen
    return _sold(state, [Award(first.bidder, 1, price, price, price, score=points)], runner_up)


def _packages(state: State, _reserve_fen: int | None) -> Result:
    """The combination of bids with the highest total wins, by exact optimisation."""
    bids = list(state.kept)
    reason = _counting(state, bids, None)[1]
    if reason is not None:
        return _failed(state, reason)
    rules = state.terms.rules
    offers = [packages.Offer(bid.bidder, frozenset(bid.lots), bid.amount_fen) for bid in bids]
    best = packages.winners(offers, rules.lots, vcg=rules.payment is Payment.VCG)
    awards = [
        Award(
            offers[place].bidder,
            1,
            price,
            price,
            offers[place].amount_fen,
            tuple(lot for lot in rules.lots if lot in offers[place].lots),
        )
        for place, price in zip(best.winners, best.payments, strict=True)
    ]
    return _sold(state, awards)._replace(proof=best.proof)


_DECIDERS: dict[Decides, Callable[[State, int | None], Result]] = {
    Decides.LEADER: _leading,
    Decides.SEALED: _sealed,
    Decides.UNITS: _units,
    Decides.SCORE: _weighted,
    Decides.PACKAGES: _packages,
}
