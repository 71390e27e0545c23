"""The engine run once more over a record: every judgement in it must come out the same."""

from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.auctions import chain, rules, sealing
from app.auctions.engine import core, packages
from app.auctions.engine import decide as results
from app.auctions.engine.codes import Code, Kind, Reason, Verdict
from app.auctions.engine.state import Event, Result, State
from app.auctions.engine.terms import BadRules, profile_of, rules_of
from app.auctions.records import (
    AuctionRecord,
    RecordedBid,
    RecordedControl,
    RecordedEvent,
    RecordedOpening,
    RecordedOutage,
    RecordedPhase,
    RecordedResult,
    RecordedTerms,
    RecordedUnsealing,
    RevealedBid,
)
from app.kit.opening import BadOpeningKey, CannotOpen

_CONTROLS = {"paused": Kind.PAUSE, "resumed": Kind.RESUME, "annulled": Kind.ANNUL}


class Differs(Exception):
    """What the record says is not what its events come to; the message is for the reader."""


class Recomputed:
    """The auction of a record, as far as its events were taken."""

    def __init__(self, record: AuctionRecord, terms: RecordedTerms) -> None:
        """The auction before its first bid; raises Differs for terms that no auction can have."""
        self.record = record
        self.terms = terms
        self.sealed: list[RecordedBid] = []
        self.found = ""
        try:
            profile = profile_of(terms.format)
            self.state = core.start(
                profile, rules_of(profile, _rules(terms)), hidden=terms.public_key is not None
            )
        except BadRules as error:
            raise Differs(f"event 1 (scheduled) has terms that no auction can have: {error}") from (
                None
            )

    def take(self, name: str, event: RecordedEvent) -> None:
        """Take the next event; raises Differs, naming the event by `name`."""
        if isinstance(event, RecordedBid):
            self._bid(name, event)
        elif isinstance(event, RecordedOpening):
            compare(name, (("at", event.at, self.state.terms.rules.opens_at),))
        elif isinstance(event, RecordedPhase):
            self._phase(name, event)
        elif isinstance(event, RecordedControl):
            self._operate(name, event, Event(event.at, "", kind=_CONTROLS[event.kind]))
        elif isinstance(event, RecordedOutage):
            outage = Event(event.at, "", kind=Kind.OUTAGE, seconds=event.seconds)
            self._operate(name, event, outage)
        elif isinstance(event, RecordedUnsealing):
            self._unseal(name, event)
        elif isinstance(event, RecordedResult):
            self._result(name, event)

    def _bid(self, name: str, bid: RecordedBid) -> None:
        if bid.number > self.terms.bidders:
            bidders = self.terms.bidders
            raise Differs(f"{name} is by number {bid.number}, but only {bidders} were numbered")
        before = self.state
        if core.ends_phase(before, bid.received_at):
            raise Differs(f"{name} was received after the phase that it stands in")
        if bid.sealed is not None:
            self._sealed_bid(name, bid)
            return
        given = Event(bid.received_at, str(bid.number), bid.amount_fen or 0, bid.act)
        self.state, judged = core.step(before, given)
        compare(
            name,
            (
                ("accepted", bid.accepted, judged.code is None),
                ("refusal", bid.refusal, judged.code),
                ("required_fen", bid.required_fen, judged.required_fen),
                ("ends_at_after", bid.ends_at_after, judged.ends_at),
            ),
        )

    def _sealed_bid(self, name: str, bid: RecordedBid) -> None:
        """A sealed bid is in time or not; what it says is judged when it is opened."""
        state = self.state
        if not core.is_sealed(state):
            raise Differs(f"{name} is sealed in a phase of open bids")
        in_time = state.from_at <= bid.received_at < state.ends_at
        if bid.accepted and not in_time:
            raise Differs(f"{name} is accepted, but was not received in the phase")
        compare(name, (("ends_at_after", bid.ends_at_after, state.ends_at),))
        if bid.accepted:
            self.sealed.append(bid)

    def _phase(self, name: str, phase: RecordedPhase) -> None:
        if core.ends_phase(self.state, phase.at):
            self.state = core.enter_next(self.state)
        compare(
            name,
            (
                ("phase", phase.phase, core.phase_name(self.state)),
                ("begins_at", phase.begins_at, self.state.from_at),
                ("ends_at", phase.ends_at, self.state.ends_at),
                ("turns", phase.turns, [int(number) for number in self.state.order]),
            ),
        )

    def _operate(self, name: str, event: RecordedControl | RecordedOutage, given: Event) -> None:
        self.state, judged = core.step(self.state, given)
        if judged.code is not None:
            raise Differs(f"{name} was not possible: {judged.code}")
        compare(name, (("ends_at", event.ends_at, self.state.ends_at),))

    def _unseal(self, name: str, opening: RecordedUnsealing) -> None:
        """Open every sealed bid with the published key, and judge it by what it says."""
        private_key = bytes.fromhex(opening.opening_key)
        public_key = bytes.fromhex(self.terms.public_key or "")
        try:
            fits = sealing.key_matches(private_key, public_key)
        except BadOpeningKey as error:
            raise Differs(f"{name}: {error}") from None
        if not fits:
            raise Differs(f"{name}: opening_key is not the private half of the public key")
        if len(opening.bids) != len(self.sealed):
            raise Differs(f"{name} opens {len(opening.bids)} of {len(self.sealed)} sealed bids")
        pairs = list(zip(self.sealed, opening.bids, strict=True))
        for bid, said in pairs:
            self._compare_opened(name, private_key, bid, said)
        events = [_revealed(bid, said) for bid, said in pairs]
        self.state, judged = core.unseal(self.state, events, opening.at)
        for (_, said), outcome in zip(pairs, judged, strict=True):
            compare(f"{name}, bid {said.sequence}", (("refusal", said.refusal, outcome.code),))

    def _compare_opened(
        self, name: str, private_key: bytes, bid: RecordedBid, said: RevealedBid
    ) -> None:
        which = f"{name}, bid {bid.sequence}"
        try:
            opened = sealing.open_sealed(
                private_key,
                b64decode(bid.sealed or ""),
                auction_id=self.record.auction_id,
                number=bid.number,
                request_id=said.request_id,
            )
        except (CannotOpen, sealing.BadContent, ValueError) as error:
            raise Differs(f"{which} cannot be opened: {error}") from None
        compare(
            which,
            (
                ("sequence", said.sequence, bid.sequence),
                ("amount_fen", said.amount_fen, opened.amount_fen),
                ("quantity", said.quantity, opened.quantity),
                ("lots", said.lots, list(opened.lots)),
                ("values", said.values, opened.values),
            ),
        )

    def _result(self, name: str, last: RecordedResult) -> None:
        result = self._decide(name, last)
        sold = result.state is Verdict.SOLD
        alone = result.awards[0] if len(result.awards) == 1 else None
        members: list[tuple[str, Any, Any]] = [
            ("kind", last.kind, "sold" if sold else "failed"),
            ("number", last.number, None if alone is None else int(alone.bidder)),
            ("price_fen", last.price_fen, None if alone is None else alone.price_fen),
            ("ends_at", last.ends_at, result.ended_at),
        ]
        if self.terms.terms is not None:
            given = [award.model_dump() for award in last.awards or ()]
            members.append(("awards", given, [_award(award) for award in result.awards]))
            members.append(("reason", last.reason, result.reason))
        if result.proof is not None:
            best = "objective_fen"
            proof = last.proof or {}
            members.append((f"proof.{best}", proof.get(best), result.proof[best]))
        compare(name, members)
        if not rules.may_decide(last.ends_at, last.at):
            raise Differs(f"{name} was decided before its end and the drain after it")
        self.found = _said(last)

    def _decide(self, name: str, last: RecordedResult) -> Result:
        """The result by the events; of a reserve that was not met the record says only that."""
        opened = None if last.reserve is None else (last.reserve.reserve_fen, last.reserve.salt)
        if last.kind == "failed" and last.reason == "reserve_not_met":
            best = _end_below_reserve(self.state)
            return Result(Verdict.FAILED, Reason.RESERVE, (), best)
        try:
            return results.result(self.state, opened=opened)
        except (results.ReserveSealed, packages.NotProven) as error:
            raise Differs(f"{name} cannot be recomputed: {error}") from None


def _end_below_reserve(state: State) -> datetime:
    if state.terms.rules.reserve_commitment is None:
        raise Differs("the result says that a reserve was not met, but none was committed to")
    if state.accepted == 0:
        raise Differs("the result says that a reserve was not met, but nobody bid")
    return core.finish(state).ends_at


def _rules(terms: RecordedTerms) -> dict[str, Any]:
    """The engine's rules; in records of old the terms stand as members."""
    if terms.terms is not None:
        return terms.terms
    if terms.opens_at is None or terms.ends_at is None:
        raise Differs("event 1 (scheduled) has neither terms nor the members of old records")
    return {
        "opens_at": chain.moment(terms.opens_at),
        "closes_at": chain.moment(terms.ends_at),
        "start_fen": terms.start_fen,
        "increments": terms.increment_fen,
        "extension_s": terms.extension_s,
        "first_bid_at_start": terms.first_bid_at_start,
    }


def _revealed(bid: RecordedBid, said: RevealedBid) -> Event:
    return Event(
        bid.received_at,
        str(bid.number),
        said.amount_fen,
        quantity=said.quantity,
        lots=tuple(said.lots),
        values=tuple(said.values.items()),
    )


def _award(award: Any) -> dict[str, Any]:
    return {
        "number": int(award.bidder),
        "quantity": award.quantity,
        "lots": list(award.lots),
        "price_fen": award.price_fen,
        "total_fen": award.total_fen,
        "score": award.score,
    }


def _said(last: RecordedResult) -> str:
    if last.kind == "failed":
        return f"failed ({last.reason})" if last.reason else "failed, as recomputed"
    if last.number is not None:
        return f"sold to number {last.number} at {last.price_fen} fen, as recomputed"
    return f"sold to {len(last.awards or ())} bidders, as recomputed"


def compare(name: str, members: Sequence[tuple[str, Any, Any]]) -> None:
    """Raise Differs for the first member that is not what the rules give."""
    for member, recorded, by_rule in members:
        if recorded != by_rule:
            shown = by_rule.value if isinstance(by_rule, Code) else by_rule
            raise Differs(f"{name}: {member} is {recorded}, by the rules it is {shown}")
