"""The real demands of the shared data as lines of the standard."""

import json
import re
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "demands" / "techmatch_demands.jsonl"
_SENTENCE = re.compile(r"[^。;!?；！？\n]*[。;!?；！？\n]?")


def real_demands() -> list[dict[str, Any]]:
    """All 371, in the file's order, as profiles: the title, a summary and the whole content."""
    with DATA.open(encoding="utf-8") as file:
        return [_profile(json.loads(line)) for line in file]


def _profile(row: dict[str, str]) -> dict[str, Any]:
    content = row["content"].strip()
    profile = {
        "version": "1.0",
        "type": "TR",
        "title": row["title"].strip(),
        "summary": _summary(content) or row["title"].strip(),
    }
    return profile | ({"description": content} if content else {})


def _summary(content: str) -> str:
    """Whole sentences from the beginning, of 500 characters at most."""
    taken = ""
    for sentence in _SENTENCE.findall(content):
        if len(taken) + len(sentence) > 500:
            break
        taken += sentence
    return (taken or content[:500]).strip()


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    """The lines of a file."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
