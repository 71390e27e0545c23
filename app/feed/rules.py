"""Offsets: places in the feed that say nothing to a reader and can be checked."""

import re

_OFFSET = re.compile(r"([0-9a-f]{1,15})-([0-9a-f]{8})", re.ASCII)
_MARK_DIGITS = 8
START = "0-00000000"
"""The offset before the first change."""


def encode_offset(position: int, change_id: str) -> str:
    """The offset after a change: its position and its mark."""
    return f"{position:x}-{change_id[-_MARK_DIGITS:]}"


def decode_offset(offset: str) -> tuple[int, str | None]:
    """The position in an offset, and the mark of the change there; raises ValueError."""
    found = _OFFSET.fullmatch(offset)
    if found is None:
        raise ValueError("not an offset")
    return (0, None) if offset == START else (int(found[1], base=16), found[2])


def has_mark(change_id: str | None, mark: str) -> bool:
    """Whether the change has the mark: the random end of its id.

    It tells a change from one at the same position of another feed.
    """
    return change_id is not None and change_id[-_MARK_DIGITS:] == mark
