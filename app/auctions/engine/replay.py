"""Bid histories as JSON Lines, run through the engine on their own clock.

One line is one auction. Nothing is kept from line to line, so any number of them can be read.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from pydantic import Field, ValidationError, model_validator

from app.auctions.engine import core, decide, packages
from app.auctions.engine.codes import Code, Decides, Kind
from app.auctions.engine.profiles import PROFILES, Data, Profile
from app.auctions.engine.state import Award, Event, Outcome, Result, State
from app.auctions.engine.terms import (
    BadRules,
    Count,
    Fen,
    Moment,
    Name,
    Seconds,
    profile_of,
    rules_of,
    schema_of,
)

_OPERATOR = frozenset({Kind.PAUSE, Kind.RESUME, Kind.ANNUL, Kind.OUTAGE})


class BidLine(Data):
    """An event of a history, in the order of the record."""

    at: Moment
    kind: Kind = Kind.BID
    bidder: Name | None = None
    amount_fen: Fen | None = None
    quantity: Count = 1
    lots: tuple[Name, ...] = ()
    values: dict[Name, int] = Field(default_factory=dict)
    seconds: Seconds = 0
    request_id: Name | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind not in _OPERATOR and self.bidder is None:
            raise ValueError(f"a {self.kind} needs its bidder")
        if self.kind is Kind.BID and self.amount_fen is None:
            raise ValueError("a bid needs amount_fen")
        return self

    def event(self) -> Event:
        """What the engine is told."""
        return Event(
            at=self.at,
            bidder=self.bidder or "",
            amount_fen=self.amount_fen or 0,
            kind=self.kind,
            quantity=self.quantity,
            lots=self.lots,
            values=tuple(self.values.items()),
            seconds=self.seconds,
        )


class AuctionLine(Data):
    """One line: an auction, its rules and what was received for it."""

    auction: str = Field(min_length=1)
    profile: str
    rules: dict[str, Any]
    bids: tuple[BidLine, ...]


class Answer(NamedTuple):
    """What a line comes to: its result as JSON, or why it has none; `number` counts from 1."""

    number: int
    text: str | None
    problem: str | None


class Run:
    """An auction that is fed its events; the same request id always gets its first answer."""

    def __init__(self, profile: Profile, rules: dict[str, Any]) -> None:
        """Raises BadRules."""
        self.state: State = core.start(profile, rules_of(profile, rules))
        self._answered: dict[tuple[str, str], tuple[Event, Outcome]] = {}

    def feed(self, event: Event, request_id: str | None = None) -> tuple[Outcome, bool]:
        """The answer, and whether it is new; a repeated request changes nothing."""
        key = (event.bidder, request_id or "")
        if request_id is not None and key in self._answered:
            earlier, outcome = self._answered[key]
            if earlier._replace(at=event.at) == event:
                return outcome, False
            return outcome._replace(code=Code.REQUEST_ID_REUSED), True
        self.state, outcome = core.step(self.state, event)
        if request_id is not None:
            self._answered[key] = (event, outcome)
        return outcome, True


def replay(lines: Iterable[bytes]) -> Iterator[Answer]:
    """The answer to every line, in order; a line that cannot be read does not stop the others."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            answer = replay_line(line)
        except BadRules as error:
            yield Answer(number, None, str(error))
        except ValidationError as error:
            yield Answer(number, None, _reasons(error))
        except (decide.ReserveSealed, packages.NotProven) as error:
            yield Answer(number, None, str(error))
        else:
            yield Answer(number, json.dumps(answer, ensure_ascii=False), None)


def replay_line(line: bytes) -> dict[str, Any]:
    """The result of one auction; raises ValidationError, BadRules, ReserveSealed, NotProven."""
    given = AuctionLine.model_validate_json(line.removeprefix(b"\xef\xbb\xbf"))
    run = Run(profile_of(given.profile), given.rules)
    accepted = 0
    refused: Counter[str] = Counter()
    for bid in given.bids:
        outcome, new = run.feed(bid.event(), bid.request_id)
        if not new:
            continue
        if outcome.code is not None:
            refused[outcome.code.value] += 1
        elif bid.kind is Kind.BID:
            accepted += 1
    return _shown(given.auction, run.state, accepted, dict(sorted(refused.items())))


def _shown(auction: str, state: State, accepted: int, refused: dict[str, int]) -> dict[str, Any]:
    result = decide.result(state)
    awards = result.awards
    one_good = len(awards) == 1 or state.terms.profile.decides is Decides.UNITS
    prices = {award.price_fen for award in awards} if one_good else set()
    shown: dict[str, Any] = {
        "auction": auction,
        "state": result.state.value,
        "winner": awards[0].bidder if len(awards) == 1 else None,
        "price_fen": prices.pop() if len(prices) == 1 else None,
        "accepted": accepted,
        "refused": refused,
        "ended_at": None if result.ended_at is None else _utc(result.ended_at),
    }
    return shown | _details(state, result)


def _details(state: State, result: Result) -> dict[str, Any]:
    """What only some formats and results have."""
    details: dict[str, Any] = {}
    if result.reason is not None:
        details["reason"] = result.reason.value
    if result.awards and state.terms.profile.decides in {Decides.UNITS, Decides.PACKAGES}:
        details["awards"] = [_award(award) for award in result.awards]
        details["total_fen"] = sum(award.total_fen for award in result.awards)
    if result.awards and result.awards[0].score is not None:
        details["score"] = result.awards[0].score
    if result.proof is not None:
        details["proof"] = result.proof
    return details


def _award(award: Award) -> dict[str, Any]:
    shown: dict[str, Any] = {"bidder": award.bidder, "price_fen": award.price_fen}
    if award.lots:
        return shown | {"lots": list(award.lots)}
    return shown | {"quantity": award.quantity}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _reasons(error: ValidationError) -> str:
    return "; ".join(
        ": ".join(filter(None, (".".join(str(part) for part in one["loc"]), one["msg"])))
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    )


def schema() -> dict[str, Any]:
    """The JSON Schema of a line, with the rules of every profile under `$defs`."""
    line = AuctionLine.model_json_schema()
    definitions: dict[str, Any] = dict(line.pop("$defs"))
    for profile in PROFILES.values():
        rules = schema_of(profile)
        definitions |= rules.pop("$defs", {})
        definitions[profile.code] = rules
    line["properties"]["profile"] = {"enum": list(PROFILES)}
    chosen = [
        {
            "if": {"properties": {"profile": {"const": code}}},
            "then": {"properties": {"rules": {"$ref": f"#/$defs/{code}"}}},
        }
        for code in PROFILES
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **line,
        "allOf": chosen,
        "$defs": definitions,
    }
