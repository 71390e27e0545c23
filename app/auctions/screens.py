"""Collusion screens: patterns in bids that are worth a look (拍卖法 art. 37; rules.md D-7, I-5).

Pure functions over decided auctions. A finding is a reason to ask, never a verdict: every pattern
here also comes about without collusion. docs/guide/screens.md has what they found in known cases.

The screens of one auction's bids are for sealed bids only. In an open ascending auction the last
rival stops one step below the winner, whoever they are, so closeness there says nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from math import log
from statistics import mean, stdev
from typing import Any

from app.auctions.states import Screen

MIN_BIDS = 3
"""Bids that a distribution needs: with two there is no spread of losing bids."""


@dataclass(frozen=True)
class Threshold:
    """A limit of a screen, its source, and whether somebody still has to look at it."""

    value: float
    source: str
    verify: bool = False


_IKR = "Imhof, Karagök and Rutz 2018 (J. Competition Law & Economics 14:2), recalled"
_OWN = "this project: docs/guide/screens.md"


@dataclass(frozen=True)
class ScreenRules:
    """A dated set of limits; a figure at or beyond its limit is flagged."""

    code: str
    effective_from: date
    max_variation: Threshold
    min_relative_distance: Threshold
    max_difference: Threshold
    min_turns: Threshold
    min_rotation: Threshold
    min_lost: Threshold
    cover_band: Threshold
    min_constant: Threshold


SCREEN_RULES: tuple[ScreenRules, ...] = (
    ScreenRules(
        code="SCREENS_1",
        effective_from=date(2017, 1, 1),
        max_variation=Threshold(0.06, _IKR, verify=True),
        min_relative_distance=Threshold(1.0, _IKR, verify=True),
        max_difference=Threshold(0.01, _OWN, verify=True),
        min_turns=Threshold(2, _OWN, verify=True),
        min_rotation=Threshold(0.3, _OWN, verify=True),
        min_lost=Threshold(3, _OWN, verify=True),
        cover_band=Threshold(0.05, _OWN, verify=True),
        min_constant=Threshold(0.8, _OWN, verify=True),
    ),
)


def rules_on(day: date) -> ScreenRules:
    """The limits in force on the day of a run; raises LookupError before the first."""
    known = [rules for rules in SCREEN_RULES if rules.effective_from <= day]
    if not known:
        raise LookupError(f"no limits for collusion screens were in force on {day}")
    return max(known, key=lambda rules: rules.effective_from)


@dataclass(frozen=True)
class ScreenBid:
    """One bid: by whom, how much in fen, from which device, paid by whom, through which agent.

    Device is a keyed hash, payer a mark of the account that paid the deposit, None where not known;
    agent is who bid for the bidder.
    """

    bidder: str
    amount_fen: int
    device: str | None = None
    payer: str | None = None
    agent: str | None = None


@dataclass(frozen=True)
class ScreenAuction:
    """A decided auction and its bids; `market` is what it is compared within."""

    id: str
    market: str
    decided_at: datetime
    winner: str | None
    bids: tuple[ScreenBid, ...]
    sealed: bool = False
    lowest_wins: bool = False

    @property
    def bidders(self) -> tuple[str, ...]:
        """Everyone who bid, sorted."""
        return tuple(sorted({bid.bidder for bid in self.bids}))

    def standing(self) -> dict[str, int]:
        """The best bid of each bidder, in fen."""
        best: dict[str, int] = {}
        for bid in self.bids:
            known = best.get(bid.bidder, bid.amount_fen)
            best[bid.bidder] = (min if self.lowest_wins else max)(known, bid.amount_fen)
        return best


@dataclass(frozen=True)
class Link:
    """Two bidders under one control, and what shows it."""

    first: str
    second: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """A pattern that was found: how strong against which limit, where, by whom, and in words."""

    screen: Screen
    strength: float
    threshold: float
    market: str
    auctions: tuple[str, ...]
    bidders: tuple[str, ...]
    facts: dict[str, Any]
    zh: str
    en: str


def screen(
    auctions: Iterable[ScreenAuction], links: Mapping[str, Iterable[Link]], rules: ScreenRules
) -> list[Finding]:
    """Everything that the screens find, in a stable order; links by the auction they held at."""
    ordered = sorted(auctions, key=lambda auction: (auction.decided_at, auction.id))
    found: list[Finding] = []
    for auction in ordered:
        found += shared_control(auction, links.get(auction.id, ()))
        found += shared_marks(auction)
        found += distribution(auction, rules)
    markets: dict[str, list[ScreenAuction]] = defaultdict(list)
    for auction in ordered:
        markets[auction.market].append(auction)
    for market in sorted(markets):
        history = History(markets[market])
        found += rotation(market, history, rules)
        found += cover_bids(market, history, rules)
        found += constant_losers(market, history, rules)
    return found


def shared_control(auction: ScreenAuction, links: Iterable[Link]) -> Iterator[Finding]:
    """Bidders of one auction that are declared to be under one control, pair by pair."""
    for link in links:
        if {link.first, link.second} <= set(auction.bidders):
            yield Finding(
                screen=Screen.SHARED_CONTROL,
                strength=2,
                threshold=2,
                market=auction.market,
                auctions=(auction.id,),
                bidders=tuple(sorted((link.first, link.second))),
                facts={"relations": list(link.evidence)},
                zh="两名竞买人据申报处于同一控制之下。",
                en="Two bidders are declared to be under one control.",
            )


_MARKS = {
    Screen.SHARED_DEVICE: ("device", "同一设备或网络地址", "one device or network address"),
    Screen.SHARED_PAYER: ("payer", "同一保证金付款人", "one payer of deposits"),
    Screen.SHARED_AGENT: ("agent", "同一代理机构", "one agent"),
}


def shared_marks(auction: ScreenAuction) -> Iterator[Finding]:
    """Bidders of one auction that bid from one device, with one payer, or through one agent.

    The strength is how many of them share it.
    """
    for kind, (name, zh, en) in _MARKS.items():
        users: dict[str, Counter[str]] = defaultdict(Counter)
        for bid in auction.bids:
            mark = getattr(bid, name)
            if mark is not None:
                users[mark][bid.bidder] += 1
        for mark, bids in sorted(users.items()):
            if len(bids) > 1:
                yield Finding(
                    screen=kind,
                    strength=len(bids),
                    threshold=2,
                    market=auction.market,
                    auctions=(auction.id,),
                    bidders=tuple(sorted(bids)),
                    facts={name: mark, "bids": dict(sorted(bids.items()))},
                    zh=f"{len(bids)} 名竞买人使用{zh}。",
                    en=f"{len(bids)} bidders share {en}.",
                )


@dataclass(frozen=True)
class Shape:
    """How one auction's sealed bids lie, best bid of each bidder.

    `variation` is the coefficient of variation (Abrantes-Metz, Froeb, Geweke and Taylor 2006),
    `relative_distance` the gap between the two best bids over the standard deviation of the losing
    ones (Imhof, Karagök and Rutz 2018; None if they are all equal), `apart` that distance d as
    d / (1 + d), `difference` the gap over the best bid (Huber and Imhof 2019).
    """

    variation: float
    relative_distance: float | None
    apart: float
    difference: float


def shape(auction: ScreenAuction) -> Shape | None:
    """The shape of an auction's bids; None with fewer than three bidders."""
    amounts = sorted(auction.standing().values(), reverse=not auction.lowest_wins)
    if len(amounts) < MIN_BIDS or min(amounts) <= 0:
        return None
    gap = abs(amounts[1] - amounts[0])
    spread = stdev(amounts[1:])
    return Shape(
        variation=stdev(amounts) / mean(amounts),
        relative_distance=gap / spread if spread else None,
        apart=gap / (gap + spread) if gap else 0.0,
        difference=gap / amounts[0],
    )


def distribution(auction: ScreenAuction, rules: ScreenRules) -> Iterator[Finding]:
    """Sealed bids that lie closer together, or the winner further from them, than is usual.

    Strengths grow with suspicion: 1 - variation, `apart`, 1 - difference.
    """
    found = shape(auction) if auction.sealed else None
    if found is None:
        return
    distance = found.relative_distance
    facts = {
        "bids": len(auction.bidders),
        "variation": round(found.variation, 6),
        "relative_distance": None if distance is None else round(distance, 6),
        "difference": round(found.difference, 6),
    }
    least = rules.min_relative_distance.value
    figures = (
        (
            Screen.LOW_VARIANCE,
            1 - found.variation,
            1 - rules.max_variation.value,
            f"报价的变异系数仅为 {found.variation:.2%}。",
            f"The bids' coefficient of variation is only {found.variation:.2%}.",
        ),
        (
            Screen.RELATIVE_DISTANCE,
            found.apart,
            least / (1 + least),
            "最优报价与其余报价的差距大于其余报价之间的离散程度。",
            "The best bid lies further from the others than these lie from each other.",
        ),
        (
            Screen.CLOSE_BIDS,
            1 - found.difference,
            1 - rules.max_difference.value,
            f"前两名报价仅相差 {found.difference:.2%}。",
            f"The two best bids differ by only {found.difference:.2%}.",
        ),
    )
    for kind, strength, threshold, zh, en in figures:
        if strength >= threshold:
            yield Finding(
                screen=kind,
                strength=strength,
                threshold=threshold,
                market=auction.market,
                auctions=(auction.id,),
                bidders=auction.bidders,
                facts=facts,
                zh=zh,
                en=en,
            )


class History:
    """Who met whom in a market's auctions, and who won when they met."""

    def __init__(self, auctions: Sequence[ScreenAuction] = ()) -> None:
        self.auctions: list[ScreenAuction] = []
        self.of_bidder: dict[str, list[ScreenAuction]] = defaultdict(list)
        self.beaten: Counter[tuple[str, str]] = Counter()
        """How often the first won where the second bid too."""
        for auction in auctions:
            self.add(auction)

    def add(self, auction: ScreenAuction) -> None:
        """Take one more auction in."""
        self.auctions.append(auction)
        for bidder in auction.bidders:
            self.of_bidder[bidder].append(auction)
            if auction.winner is not None and bidder != auction.winner:
                self.beaten[auction.winner, bidder] += 1

    def turns(self, first: str, second: str) -> int:
        """How often each of two at least has beaten the other."""
        return min(self.beaten[first, second], self.beaten[second, first])

    def turn_taking(self, bidders: Sequence[str]) -> float:
        """The share of pairs among these bidders that have each beaten the other before."""
        pairs = list(combinations(sorted(bidders), 2))
        return sum(self.turns(*pair) > 0 for pair in pairs) / len(pairs) if pairs else 0.0


def rotation(market: str, history: History, rules: ScreenRules) -> Iterator[Finding]:
    """Groups whose members beat each other in turn over a market's auctions.

    A group is a set of bidders of whom every two have each beaten the other often enough. Its
    strength is the share of its meetings that a member won, times how evenly members share these
    wins (entropy over its maximum): 1 if the group always wins and everyone wins as often.
    """
    for group in _groups(history, rules.min_turns.value):
        meetings = [
            auction for auction in history.auctions if len(group & set(auction.bidders)) > 1
        ]
        wins = Counter(auction.winner for auction in meetings if auction.winner in group)
        evenness = -sum(
            count / wins.total() * log(count / wins.total(), len(group)) for count in wins.values()
        )
        strength = wins.total() / len(meetings) * evenness
        if strength >= rules.min_rotation.value:
            members = tuple(sorted(group))
            yield Finding(
                screen=Screen.BID_ROTATION,
                strength=strength,
                threshold=rules.min_rotation.value,
                market=market,
                auctions=tuple(auction.id for auction in meetings),
                bidders=members,
                facts={
                    "meetings": len(meetings),
                    "wins": {member: wins[member] for member in members},
                },
                zh=f"{len(members)} 名竞买人在 {len(meetings)} 场竞价中相遇,轮流中选"
                f" {wins.total()} 场。",
                en=f"{len(members)} bidders met in {len(meetings)} auctions and won"
                f" {wins.total()} of them in turn.",
            )


def _groups(history: History, min_turns: float) -> list[frozenset[str]]:
    """Groups in which every two have taken turns, grown from the pair with the most turns."""
    turns = {
        (first, second): history.turns(first, second)
        for first, second in sorted(history.beaten)
        if first < second and history.turns(first, second) >= min_turns
    }
    near: dict[str, set[str]] = defaultdict(set)
    for first, second in turns:
        near[first].add(second)
        near[second].add(first)
    groups: list[frozenset[str]] = []
    for pair in sorted(turns, key=lambda pair: (-turns[pair], pair)):
        if any(group.issuperset(pair) for group in groups):
            continue
        group = set(pair)
        for bidder in sorted(near[pair[0]] & near[pair[1]]):
            if group <= near[bidder]:
                group.add(bidder)
        groups.append(frozenset(group))
    return groups


def cover_bids(market: str, history: History, rules: ScreenRules) -> Iterator[Finding]:
    """Bidders who lose to the same winner again and again, always by a little; sealed bids only.

    The strength is the share of their meetings in which the loser came within the band.
    """
    gaps: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
    for auction in history.auctions:
        amounts = auction.standing()
        if not auction.sealed or auction.winner not in amounts:
            continue
        best = amounts[auction.winner]
        for bidder, amount in amounts.items():
            if bidder != auction.winner and best > 0:
                gaps[auction.winner, bidder].append((auction.id, abs(amount - best) / best))
    for (winner, loser), lost in sorted(gaps.items()):
        if len(lost) < rules.min_lost.value or history.beaten[loser, winner]:
            continue
        near = sum(gap <= rules.cover_band.value for _, gap in lost)
        if near == len(lost):
            yield Finding(
                screen=Screen.COVER_BIDS,
                strength=near / len(lost),
                threshold=1,
                market=market,
                auctions=tuple(auction_id for auction_id, _ in lost),
                bidders=tuple(sorted((winner, loser))),
                facts={
                    "winner": winner,
                    "loser": loser,
                    "lost": len(lost),
                    "largest_gap": round(max(gap for _, gap in lost), 6),
                },
                zh=f"一名竞买人 {len(lost)} 次均以微小差距败给同一中选人,从未胜出。",
                en=f"One bidder lost to the same winner {len(lost)} times, always by a little,"
                " and never won against it.",
            )


def constant_losers(market: str, history: History, rules: ScreenRules) -> Iterator[Finding]:
    """Bidders who never win and nearly always bid where the same other one wins.

    The strength is the share of the loser's auctions that this winner won.
    """
    for loser, auctions in sorted(history.of_bidder.items()):
        winners = Counter(auction.winner for auction in auctions if auction.winner is not None)
        if len(auctions) < rules.min_lost.value or not winners or loser in winners:
            continue
        winner, count = min(winners.items(), key=lambda item: (-item[1], item[0]))
        strength = count / len(auctions)
        if strength >= rules.min_constant.value:
            yield Finding(
                screen=Screen.CONSTANT_LOSER,
                strength=strength,
                threshold=rules.min_constant.value,
                market=market,
                auctions=tuple(a.id for a in auctions if a.winner == winner),
                bidders=tuple(sorted((winner, loser))),
                facts={"winner": winner, "loser": loser, "bid_in": len(auctions), "lost": count},
                zh=f"一名竞买人参与 {len(auctions)} 场竞价从未胜出,"
                f"其中 {count} 场由同一竞买人胜出。",
                en=f"One bidder took part in {len(auctions)} auctions and never won; the same"
                f" other one won {count} of them.",
            )
