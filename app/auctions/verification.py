"""Checks the record of an auction from its bytes alone, without the platform and without I/O.

Form, chain, order, signature and result are checked one by one, so that a reader learns what is
wrong and with which event it begins.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic import ValidationError

from app.auctions import chain, rules
from app.auctions.recomputing import Differs, Recomputed
from app.auctions.records import (
    AuctionRecord,
    RecordedBid,
    RecordedControl,
    RecordedEvent,
    RecordedOpening,
    RecordedResult,
    RecordedTerms,
)
from app.kit import signing


@dataclass(frozen=True)
class Check:
    """One check: whether it passed, and what was found, in English."""

    name: str
    passed: bool
    finding: str


class _Wrong(Exception):
    """What is wrong, for the reader."""


def verify(content: bytes, trusted_pem: str | None = None) -> list[Check]:
    """Check a record; with `trusted_pem` it must be signed with that key and no other.

    Without it the signature is checked by the key that the record itself names, which proves that
    the record is whole, but not whose it is.
    """
    try:
        raw = _parse(content)
        record = AuctionRecord.model_validate_json(content, strict=True)
    except (_Wrong, ValueError, RecursionError) as error:
        return [Check("form", False, _first_problem(error))]
    checks = [Check("form", True, record.format)]
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("chain", lambda: _chain(raw, record)),
        ("order", lambda: _order(raw, record)),
        ("signature", lambda: _signature(raw, record, trusted_pem)),
        ("result", lambda: _result(record)),
    )
    for name, step in steps:
        try:
            checks.append(Check(name, True, step()))
        except (_Wrong, Differs, signing.BadKey, OverflowError) as error:
            checks.append(Check(name, False, str(error)))
    return checks


def _parse(content: bytes) -> dict[str, Any]:
    """The record as plain JSON; what two readers could take differently is refused."""
    parsed = json.loads(
        content.decode("utf-8"),
        object_pairs_hook=_members,
        parse_float=_no_number,
        parse_constant=_no_number,
    )
    if not isinstance(parsed, dict):
        raise _Wrong("a record is a JSON object")
    return parsed


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Wrong("a name stands twice in one object")
    return found


def _no_number(text: str) -> NoReturn:
    raise _Wrong(f"{text} is not an integer; a record has no other numbers")


def _first_problem(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, problem['loc'])) or 'record'}: {problem['msg']}"


def _name(place: int, event: RecordedEvent) -> str:
    what = f"bid {event.sequence}" if isinstance(event, RecordedBid) else event.kind
    return f"event {place} ({what})"


def _chain(raw: dict[str, Any], record: AuctionRecord) -> str:
    """Every digest follows from the one before it and from its event, and the last is the head."""
    head = chain.GENESIS
    for place, (event, link) in enumerate(zip(raw["events"], record.events, strict=True), start=1):
        hashed = {name: value for name, value in event.items() if name != "digest"}
        head = chain.follow(head, hashed)
        if head.hex() != link.digest:
            raise _Wrong(f"{_name(place, link)} does not fit its digest and the digest before it")
    if head.hex() != record.chain_head:
        raise _Wrong(f"chain_head is not the digest of {_name(place, link)}, the last one")
    return f"{len(record.events)} events, head {record.chain_head}"


def _order(raw: dict[str, Any], record: AuctionRecord) -> str:
    """The record is whole: terms, one opening, bids without a gap, and the result at the end."""
    first = record.events[0]
    if not isinstance(first, RecordedTerms):
        raise _Wrong(f"{_name(1, first)} is not the terms, which come first")
    if raw["events"][0]["auction_id"] != raw["auction_id"]:
        raise _Wrong("event 1 (scheduled) is of another auction than auction_id says")
    bids, opened, decided = 0, False, False
    for place, event in enumerate(record.events[1:], start=2):
        name = _name(place, event)
        if decided and not _annuls(event):
            raise _Wrong(f"{name} stands behind the result")
        if isinstance(event, RecordedBid):
            bids += 1
            if event.sequence != bids:
                raise _Wrong(f"{name} stands where bid {bids} is expected")
            if event.accepted and not opened:
                raise _Wrong(f"{name} is accepted before the opening")
            continue
        if event.after_sequence != bids:
            raise _Wrong(f"{name} says it is after bid {event.after_sequence}, not {bids}")
        if isinstance(event, RecordedTerms) or (isinstance(event, RecordedOpening) and opened):
            raise _Wrong(f"{name} stands there a second time")
        if isinstance(event, RecordedResult) and not opened:
            raise _Wrong(f"{name} comes without an opening")
        opened = opened or isinstance(event, RecordedOpening)
        decided = isinstance(event, RecordedResult) or _annuls(event)
    if not decided:
        raise _Wrong(f"{_name(place, event)} is the last event, but not a result")
    return f"complete, {bids} bids"


def _annuls(event: RecordedEvent) -> bool:
    return isinstance(event, RecordedControl) and event.kind == "annulled"


def _signature(raw: dict[str, Any], record: AuctionRecord, trusted_pem: str | None) -> str:
    signature = record.signature
    if signature.public_key != signing.plain_pem(signature.public_key):
        raise _Wrong("the public key is not written as PEM in its one form")
    if signature.key_id != signing.key_id(signature.public_key):
        raise _Wrong(f"key_id {signature.key_id} is not the id of the public key")
    if trusted_pem is not None and signature.public_key != signing.plain_pem(trusted_pem):
        raise _Wrong(
            f"signed with key {signature.key_id}, not with the trusted"
            f" {signing.key_id(trusted_pem)}"
        )
    message = chain.to_sign(raw["auction_id"], bytes.fromhex(record.chain_head))
    if not signing.is_signed(signature.public_key, message, bytes.fromhex(signature.value)):
        raise _Wrong(f"not signed by key {signature.key_id}")
    note = "" if trusted_pem else "; compare it with the platform's, or give --public-key"
    return f"by key {signature.key_id}{note}"


def _result(record: AuctionRecord) -> str:
    """The engine, run over terms and events, judges every bid and the result as recorded."""
    terms, last = record.events[0], record.events[-1]
    if not isinstance(terms, RecordedTerms):
        raise _Wrong("cannot be recomputed without the terms")
    if terms.rule_set not in {known.code for known in rules.RULE_SETS}:
        raise _Wrong(f"event 1 (scheduled) names a rule set that is unknown here: {terms.rule_set}")
    recomputed = Recomputed(record, terms)
    for place, event in enumerate(record.events, start=1):
        recomputed.take(_name(place, event), event)
    if isinstance(last, RecordedControl):
        return "annulled by the operator"
    return recomputed.found
