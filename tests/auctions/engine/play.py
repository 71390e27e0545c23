"""Auctions in a few words: rules with times filled in, events by seconds from the opening."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.auctions.engine import core, decide
from app.auctions.engine.codes import Code, Kind
from app.auctions.engine.state import Event, Outcome, Result, State
from app.auctions.engine.terms import profile_of, rules_of

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = 3_600


def at(seconds: float) -> datetime:
    """So many seconds after the opening."""
    return T0 + timedelta(seconds=seconds)


def opened(profile: str, **rules: Any) -> State:
    """An auction that opens at `T0` and, unless its clock says otherwise, closes an hour later."""
    times: dict[str, Any] = {"opens_at": T0}
    if "closes_at" in profile_of(profile).fields:
        times["closes_at"] = at(HOUR)
    return core.start(profile_of(profile), rules_of(profile_of(profile), times | rules))


@dataclass
class Play:
    """An auction under way."""

    state: State
    outcomes: list[Outcome] = field(default_factory=list)

    def bid(self, seconds: float, bidder: str, amount_fen: int, **more: Any) -> Outcome:
        return self.tell(Event(at(seconds), bidder, amount_fen, **more))

    def act(self, seconds: float, kind: Kind, bidder: str = "", length: int = 0) -> Outcome:
        return self.tell(Event(at(seconds), bidder, kind=kind, seconds=length))

    def tell(self, event: Event) -> Outcome:
        before = self.state
        self.state, outcome = core.step(self.state, event)
        if not outcome.accepted:
            moved = core.advance(before, event.at)
            assert self.state in (before, moved), "a refusal changes nothing but the phase"
        self.outcomes.append(outcome)
        return outcome

    @property
    def codes(self) -> list[Code | None]:
        return [outcome.code for outcome in self.outcomes]

    def result(self, now: datetime | None = None) -> Result:
        return decide.result(self.state, now)

    def won(self) -> tuple[str, int]:
        """Winner and price of an auction with one award."""
        (award,) = self.result().awards
        return award.bidder, award.price_fen


def play(profile: str, **rules: Any) -> Play:
    """Begin an auction."""
    return Play(opened(profile, **rules))
