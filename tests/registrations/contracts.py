"""Contracts that were handed to an office, taken in and accepted over HTTP."""

from typing import Any

import orjson

from app.sample.handed_in import KINDS, TEXTS, handed_in
from tests.market import User

__all__ = ["KINDS", "TEXTS", "accepted_rows", "decide", "handed_in", "jsonl", "taken"]
NDJSON = {"Content-Type": "application/x-ndjson"}


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    """Rows as JSON Lines."""
    return b"\n".join(orjson.dumps(row) for row in rows)


async def taken(user: User, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The outcome of an import."""
    outcome: dict[str, Any] = await user.ok(
        "POST", "/registrations/imports", content=jsonl(rows), headers=NDJSON
    )
    return outcome


async def decide(user: User, ids: list[str], act: str, **more: Any) -> list[dict[str, Any]]:
    """The outcomes of one act on many applications."""
    decisions = [{"registration_id": one, "act": act} | more for one in ids]
    outcomes: list[dict[str, Any]] = await user.ok(
        "POST", "/registrations/decisions", {"decisions": decisions}
    )
    return outcomes


async def accepted_rows(registrar: User, rows: list[dict[str, Any]]) -> list[str]:
    """Ids of contracts that a registrar took in and accepted."""
    outcome = await taken(registrar, rows)
    assert outcome["taken"] == len(rows), outcome
    ids = [row["registration_id"] for row in outcome["rows"]]
    assert {one["outcome"] for one in await decide(registrar, ids, "accept")} == {"done"}
    return ids
