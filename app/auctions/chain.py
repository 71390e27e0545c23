"""The hash chain of an auction: what its events are, byte for byte, and how each seals the last.

Every digest is SHA-256 over the digest before it and the canonical JSON of the event; the first
event follows `GENESIS`. Bidders appear as numbers alone. `docs/guide/record.md` has it for readers.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

import orjson

FORMAT = "techmarket-auction-record/1"
GENESIS = bytes(32)
SCHEDULED, OPENED, BID, SOLD, FAILED = "scheduled", "opened", "bid", "sold", "failed"
ORDER = (SCHEDULED, OPENED, SOLD, FAILED)
"""The order of events that stand behind the same bid."""

Event = Mapping[str, Any]


class Terms(Protocol):
    """What an auction is scheduled with; amounts in fen, `planned_end` without extensions."""

    id: Any
    listing_id: Any
    rule_set: Any
    start_fen: Any
    increment_fen: Any
    extension_s: Any
    first_bid_at_start: Any
    opens_at: Any
    planned_end: Any


class RecordedBid(Protocol):
    """A decided bid; amounts in fen."""

    sequence: Any
    number: Any
    amount_fen: Any
    received_at: Any
    accepted: Any
    refusal: Any
    required_fen: Any
    ends_at_after: Any


def moment(value: datetime) -> str:
    """A time as it is hashed: UTC with all six digits of the microseconds."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def canonical(event: Event) -> bytes:
    """The bytes of an event: JSON in UTF-8, members sorted by name, no white space."""
    return orjson.dumps(event, option=orjson.OPT_SORT_KEYS)


def follow(previous: bytes, event: Event) -> bytes:
    """The digest of an event that comes after the event with digest `previous`."""
    return sha256(previous + canonical(event)).digest()


def to_sign(auction_id: str | UUID, head: bytes) -> bytes:
    """What the platform signs: three lines of ASCII, the last one ended too."""
    return f"{FORMAT}\n{auction_id}\n{head.hex()}\n".encode()


def scheduled(auction: Terms, bidders: int, at: datetime) -> dict[str, Any]:
    """The auction was set up with these terms and that many numbered bidders."""
    return {
        "kind": SCHEDULED,
        "after_sequence": 0,
        "at": moment(at),
        "auction_id": str(auction.id),
        "listing_id": str(auction.listing_id),
        "rule_set": auction.rule_set,
        "start_fen": auction.start_fen,
        "increment_fen": auction.increment_fen,
        "extension_s": auction.extension_s,
        "first_bid_at_start": auction.first_bid_at_start,
        "opens_at": moment(auction.opens_at),
        "ends_at": moment(auction.planned_end),
        "bidders": bidders,
    }


def opened(at: datetime, after_sequence: int) -> dict[str, Any]:
    """Bidding was opened, by the published time; that many bids were refused before."""
    return {"kind": OPENED, "after_sequence": after_sequence, "at": moment(at)}


def bid(row: RecordedBid) -> dict[str, Any]:
    """A bid was accepted or refused; `ends_at_after` is the end after it."""
    return {
        "kind": BID,
        "sequence": row.sequence,
        "number": row.number,
        "amount_fen": row.amount_fen,
        "received_at": moment(row.received_at),
        "accepted": row.accepted,
        "refusal": row.refusal,
        "required_fen": row.required_fen,
        "ends_at_after": moment(row.ends_at_after),
    }


def result(
    kind: str,
    at: datetime,
    after_sequence: int,
    *,
    number: int | None,
    price_fen: int | None,
    ends_at: datetime,
) -> dict[str, Any]:
    """The auction was decided at `at`: `SOLD` to a number at a price in fen, or `FAILED`."""
    return {
        "kind": kind,
        "after_sequence": after_sequence,
        "at": moment(at),
        "number": number,
        "price_fen": price_fen,
        "ends_at": moment(ends_at),
    }
