"""What a listing's auction is: dated rule sets, times, and the engine's rules from a seller's plan.

How bids are judged is the engine's (`app.auctions.engine`); nothing here does I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from app.auctions.engine import amounts, core, open_bids
from app.auctions.engine.codes import Takes
from app.auctions.engine.profiles import Profile
from app.auctions.engine.state import Event, State
from app.auctions.engine.terms import BadRules, Rules, profile_of, rules_of
from app.auctions.states import DECIDED, AuctionState, Phase

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


def may_decide(ends_at: datetime, now: datetime) -> bool:
    """Whether the end and the drain after it have passed."""
    return now >= ends_at + DRAIN


def phase(state: AuctionState, opens_at: datetime, ends_at: datetime, now: datetime) -> Phase:
    """What the auction does now, by its times, whether or not a tick has noted it yet."""
    if state in DECIDED or state in {AuctionState.PAUSED, AuctionState.OPENING}:
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
class Offer:
    """What a listing published about its auction; amounts in fen."""

    price_fen: int
    increment_fen: int
    extension_s: int


BY_PLATFORM = frozenset(
    {
        "direction",
        "opens_at",
        "closes_at",
        "latest_end_at",
        "reserve_fen",
        "reserve_salt",
        "reserve_commitment",
        "minimum_fen",
        "minimum_secret",
    }
)
_OF_DEMANDS = frozenset({"minimum_fen", "minimum_secret"})
"""Rules that a seller does not set in a plan: times follow from the listing, the secret reserve is
sealed, and the others belong to auctions of a demand."""


def plan_fields(profile: Profile, *, reverse: bool = False) -> frozenset[str]:
    """The rules that a plan of this format may set, for a listing or (reverse) for a demand."""
    return profile.fields - BY_PLATFORM | (profile.fields & _OF_DEMANDS if reverse else set())


def complete(
    profile: Profile,
    plan: Mapping[str, Any],
    offer: Offer,
    opens_at: datetime,
    closes_at: datetime,
    *,
    reserve_commitment: str | None = None,
    first_bid_at_start: bool = True,
) -> Rules:
    """The rules of an auction: those of its plan, and the listing's for what the plan leaves open.

    The listing's price is where open and sealed bids start, and where a falling clock stops.
    Raises BadRules.
    """
    given = dict(plan)
    fields = profile.fields
    price = "stop_fen" if "stop_fen" in fields else "start_fen"
    published: dict[str, Any] = {
        price: offer.price_fen,
        "increments": offer.increment_fen,
        "extension_s": offer.extension_s,
        "first_bid_at_start": first_bid_at_start,
    }
    for name, value in published.items():
        if name in fields:
            given.setdefault(name, value)
    given["opens_at"] = moment(opens_at)
    if "closes_at" in fields:
        given["closes_at"] = moment(closes_at)
    if reserve_commitment is not None:
        given["reserve_commitment"] = reserve_commitment
    if given.get(price, offer.price_fen) != offer.price_fen:
        raise BadRules([(f"rules.{price}", f"must be the listing's price, {offer.price_fen} fen")])
    return rules_of(profile, given)


def check_plan(profile: Profile, plan: Mapping[str, Any], offer: Offer, day: datetime) -> None:
    """Whether a plan could become an auction; raises BadRules with every problem there is."""
    foreign = sorted(set(plan) - plan_fields(profile))
    if foreign:
        allowed = ", ".join(sorted(plan_fields(profile)))
        raise BadRules([(f"rules.{name}", f"a plan may set {allowed}") for name in foreign])
    days = timedelta(hours=max(profile.minimum_hours, 24))
    complete(profile, plan, offer, day, day + days)


def terms_of(profile: Profile, rules: Rules) -> dict[str, Any]:
    """The rules as they are published and kept: what `rules_of` makes the same rules of."""
    names = profile.fields - set(profile.fixed)
    found = rules.model_dump(mode="json", exclude_defaults=True, include=set(names))
    for name in profile.defaults:
        found[name] = rules.model_dump(mode="json", include={name})[name]
    for name in ("opens_at", "closes_at", "latest_end_at"):
        value = getattr(rules, name)
        if name in names and value is not None:
            found[name] = moment(value)
    return found


def moment(value: datetime) -> str:
    """A time in UTC with all six digits of the microseconds."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


@lru_cache(maxsize=4096)
def _start(code: str, terms: bytes, hidden: bool) -> State:
    profile = profile_of(code)
    return core.start(profile, rules_of(profile, orjson.loads(terms)), hidden=hidden)


def start_of(code: str, terms: Mapping[str, Any], *, hidden: bool) -> State:
    """The first state of an auction, from what is published of it; raises BadRules."""
    return _start(code, orjson.dumps(terms, option=orjson.OPT_SORT_KEYS), hidden)


def is_sealed(profile: Profile) -> bool:
    """Whether a format has a sealed phase."""
    return any(phase.takes is Takes.SEALED for phase in profile.phases)


def hides_amounts(state: State) -> bool:
    """Whether bids say what only their bidders may know until the result."""
    return state.terms.proxy or core.is_sealed(state)


def asked_fen(state: State, price_fen: int | None) -> int | None:
    """The least demanding bid of anybody once the price is `price_fen`, where bids rise openly."""
    return open_bids.asked(state.terms, price_fen) if state.terms.ladder else None


def required_fen(state: State, event: Event) -> int | None:
    """The least demanding bid of a bidder at the event's time; None when no amount would be."""
    return state.terms.plans[state.phase].required(state, event)


def step_fen(state: State, price_fen: int | None) -> int | None:
    """The increment at a price, where bids rise step by step."""
    terms = state.terms
    if not terms.ladder:
        return None
    at_fen = terms.start_fen if price_fen is None else price_fen
    return amounts.step_at(terms.froms, terms.steps, at_fen)
