"""The hash chain of an auction: what its events are, byte for byte, and how each seals the last.

Every digest is SHA-256 over the digest before it and the canonical JSON of the event; the first
event follows `GENESIS`. Bidders appear as numbers alone. `docs/guide/record.md` has it for readers.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

import orjson

FORMAT = "techmarket-auction-record/1"
GENESIS = bytes(32)
BID = "bid"

Event = Mapping[str, Any]


class RecordedBid(Protocol):
    """A decided bid; amounts in fen. It is a row of the table, or one that is about to be."""

    sequence: Any
    number: Any
    act: Any
    amount_fen: Any
    sealed: Any
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


def bid(row: RecordedBid) -> dict[str, Any]:
    """A bid was accepted or refused; `ends_at_after` is the end after it.

    Other acts than bids say so, and a sealed bid has its ciphertext instead of an amount.
    """
    event = {
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
    if row.act != BID:
        event["act"] = row.act
    if row.sealed is not None:
        event["sealed"] = b64encode(row.sealed).decode()
    return event


def other(kind: str, after_sequence: int, at: datetime, **facts: Any) -> dict[str, Any]:
    """An event that is not a bid, behind the bid with that sequence; times are given as such."""
    event: dict[str, Any] = {"kind": kind, "after_sequence": after_sequence, "at": moment(at)}
    for name, value in facts.items():
        event[name] = moment(value) if isinstance(value, datetime) else value
    return event
