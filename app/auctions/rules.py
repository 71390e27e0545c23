"""Ascending bidding with extension, decided without I/O.

Everything here is a function of the auction's terms and of its bids in the order of the record,
so the record alone gives the result again (`replay`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from app.auctions.engine import amounts
from app.auctions.states import DECIDED, AuctionState, Phase, Refusal

DRAIN = timedelta(seconds=1)
"""How long after its end an auction is left undecided, in market time.

It covers the moment between the stamp of a bid and its place in the queue before the auction; a
bid that has its place is waited for, however long its lock takes.
"""


@dataclass(frozen=True)
class Parameter:
    """A number of a rule set, the article it stands in, and whether a jurist still has to look."""

    value: int
    source: str
    verify: bool = False


@dataclass(frozen=True)
class RuleSet:
    """A dated rule set for bidding."""

    code: str
    title: str
    effective_from: date
    extension_s: Parameter
    minimum_minutes: Parameter
    minimum_bidders: Parameter
    first_bid_at_start: Parameter


RULE_SETS: tuple[RuleSet, ...] = (
    RuleSet(
        code="ONLINE_2016",
        title="最高人民法院关于人民法院网络司法拍卖若干问题的规定(法释〔2016〕18号)",
        effective_from=date(2017, 1, 1),
        extension_s=Parameter(300, "法释〔2016〕18号 art. 20: five minutes from the last bid"),
        minimum_minutes=Parameter(24 * 60, "法释〔2016〕18号 art. 20: 24 hours of bidding"),
        minimum_bidders=Parameter(1, "法释〔2016〕18号 art. 11: one bid at the start price sells"),
        first_bid_at_start=Parameter(
            1, "法释〔2016〕18号 art. 20; rules.md 5.3 first_bid_at_start", verify=True
        ),
    ),
)
"""The rules bind courts; technology exchanges take them over as their profile (rules.md 0.1)."""


def rule_set_on(day: date) -> RuleSet:
    """The rule set in force on a day (of the market, Asia/Shanghai); raises LookupError."""
    known = [rules for rules in RULE_SETS if rules.effective_from <= day]
    if not known:
        raise LookupError(f"no rule set for bidding was in force on {day}")
    return max(known, key=lambda rules: rules.effective_from)


def deviations(rule_set: RuleSet, extension_s: int, bidding_minutes: int) -> list[str]:
    """Terms that a listing published otherwise than the rule set has them.

    The rules bind courts only, so published terms hold; the record says where they differ.
    """
    differs = {
        "extension_s": extension_s != rule_set.extension_s.value,
        "bidding_minutes": bidding_minutes < rule_set.minimum_minutes.value,
    }
    return [name for name, does in differs.items() if does]


@dataclass(frozen=True)
class BiddingState:
    """Terms of an auction and what the bids so far made of it; amounts in fen."""

    start_fen: int
    increment_fen: int
    extension_s: int
    first_bid_at_start: bool
    opens_at: datetime
    ends_at: datetime
    price_fen: int | None = None
    leader: int | None = None


@dataclass(frozen=True)
class Accepted:
    """The bid leads; `ends_at` is the end after it."""

    ends_at: datetime


@dataclass(frozen=True)
class Refused:
    """The bid changes nothing; `required_fen` is the smallest valid amount, None after the end."""

    code: Refusal
    required_fen: int | None


Decision = Accepted | Refused


def min_next_fen(state: BiddingState) -> int:
    """The smallest amount that a bid can have now, in fen."""
    if state.price_fen is not None:
        return state.price_fen + state.increment_fen
    return amounts.first_amount(
        state.start_fen, state.increment_fen, 1, at_start=state.first_bid_at_start
    )


def decide_bid(state: BiddingState, amount_fen: int, received_at: datetime) -> Decision:
    """Judge a bid by the time it was received and by its amount (TV-D5, TV-D8).

    In time is `opens_at <= received_at < ends_at`. The first bid is the start price or a multiple
    of the increment above it; a later one exceeds the price by a positive multiple (rules.md 5.3).
    """
    required = min_next_fen(state)
    if received_at < state.opens_at:
        return Refused(Refusal.NOT_OPEN, required)
    if received_at >= state.ends_at:
        return Refused(Refusal.CLOSED, None)
    base = state.start_fen if state.price_fen is None else state.price_fen
    code = amounts.judge(base, required, state.increment_fen, amount_fen, sign=1, multiples=True)
    if code is not None:
        return Refused(Refusal(code.value), required)
    return Accepted(end_after(state.ends_at, received_at, state.extension_s))


def end_after(ends_at: datetime, received_at: datetime, extension_s: int) -> datetime:
    """The end after an accepted bid: `extension_s` seconds from it at least (art. 20)."""
    return amounts.extended(ends_at, received_at, timedelta(seconds=extension_s))


def after_bid(
    state: BiddingState, number: int, amount_fen: int, decision: Decision
) -> BiddingState:
    """The state after a decision; a refused bid changes nothing."""
    if isinstance(decision, Refused):
        return state
    return replace(state, price_fen=amount_fen, leader=number, ends_at=decision.ends_at)


def may_decide(ends_at: datetime, now: datetime) -> bool:
    """Whether the end and the drain after it have passed."""
    return now >= ends_at + DRAIN


def result_act(price_fen: int | None) -> str:
    """Sold at the highest bid, even of a single bidder (art. 11); failed without any (art. 26)."""
    return "fail" if price_fen is None else "sell"


def phase(state: AuctionState, opens_at: datetime, ends_at: datetime, now: datetime) -> Phase:
    """What the auction does now, by its times, whether or not a tick has noted it yet."""
    if state in DECIDED:
        return Phase(state.value)
    if now < opens_at:
        return Phase.SCHEDULED
    return Phase.OPEN if now < ends_at else Phase.CLOSING


def schedule(
    listing_closed_at: datetime, opens_after_minutes: int, bidding_minutes: int, now: datetime
) -> tuple[datetime, datetime]:
    """Opening and planned end.

    Counted from the listing's close, but never from the past: when the platform was away in
    between, bidders still get the whole time that was announced.
    """
    opens_at = max(listing_closed_at + timedelta(minutes=opens_after_minutes), now)
    return opens_at, opens_at + timedelta(minutes=bidding_minutes)


@dataclass(frozen=True)
class ReceivedBid:
    """A bid as it came in: bidder number, amount in fen, time of receipt."""

    number: int
    amount_fen: int
    received_at: datetime


@dataclass(frozen=True)
class Result:
    """What the bids come to: winning number and price (None when nobody bid validly), and end."""

    winner: int | None
    price_fen: int | None
    ended_at: datetime
    decisions: tuple[Decision, ...]


def replay(state: BiddingState, bids: Iterable[ReceivedBid]) -> Result:
    """The result of bids in the order of the record, from the terms at the start (I-9)."""
    decisions = []
    for bid in bids:
        decision = decide_bid(state, bid.amount_fen, bid.received_at)
        state = after_bid(state, bid.number, bid.amount_fen, decision)
        decisions.append(decision)
    return Result(state.leader, state.price_fen, state.ends_at, tuple(decisions))
