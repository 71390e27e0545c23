"""IPC titles, and the technical field a patent's IPC symbol suggests."""

import json
import re
from functools import lru_cache
from importlib import resources
from typing import Literal

from app.kit.codes.lists import ipc
from app.kit.identifiers import BadIdentifier

_SYMBOL = re.compile(r"([A-H])(?:([0-9]{2})(?:([A-Z])(?:([0-9]{1,4})/([0-9]{2,6}))?)?)?")
_LONGEST = 32


def _symbol(code: str) -> re.Match[str]:
    """A section, class, subclass or group, or BadIdentifier."""
    compact = "".join(code[:_LONGEST].split()).upper()
    match = _SYMBOL.fullmatch(compact) if len(code) <= _LONGEST else None
    if match is None:
        raise BadIdentifier("form", "an IPC symbol such as G, G06, G06F or G06F 17/30")
    return match


def ipc_title(code: str, lang: Literal["zh", "en"]) -> str | None:
    """The title of an IPC symbol in one language, or None if the table does not have it.

    A subgroup has the title of its main group, as far as the table goes.
    """
    try:
        match = _symbol(code)
    except BadIdentifier:
        return None
    compact = match.group()
    if match.group(4) is not None:
        compact = f"{compact[:4]}{int(match.group(4))}/00"
    entry = ipc().get(compact)
    if entry is None:
        return None
    return entry.zh if lang == "zh" else entry.en


@lru_cache(maxsize=1)
def _fields() -> dict[str, str]:
    text = resources.files("app.kit.data.codes").joinpath("ipc_fields.json")
    loaded: dict[str, str] = json.loads(text.read_text(encoding="utf-8"))
    return loaded


def field_of_ipc(code: str) -> str:
    """The key of the technical field that an IPC symbol suggests, for patents that come without.

    No official concordance is behind it: the mapping was derived for this product [D] from the
    titles of both lists, by subclass, class or section, the most exact first. It is a default
    that the owner may change, never a finding.

    Raises:
        BadIdentifier: if it is not an IPC symbol.
    """
    compact = _symbol(code).group()
    fields = _fields()
    for length in (4, 3):
        found = fields.get(compact[:length])
        if found is not None:
            return found
    return fields[compact[0]]
