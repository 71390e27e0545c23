"""How one text differs from another, line by line, and within a line by its parts. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

# Chinese is compared by the character, numbers and Latin words as a whole.
_PIECES = re.compile(r"[A-Za-z]+|[\d.,]+|.", re.DOTALL)
_ALIKE = 0.4


@dataclass(frozen=True)
class Line:
    """`op` is equal, removed, added or changed; a changed line has `parts` with the first three."""

    op: str
    text: str
    parts: list[tuple[str, str]] = field(default_factory=list)


def lines(before: str, after: str) -> list[Line]:
    """The lines of both texts in their order."""
    old, new = before.split("\n"), after.split("\n")
    found: list[Line] = []
    for op, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            found += [Line("equal", line) for line in old[a:b]]
        else:
            found += _replaced(old[a:b], new[c:d])
    return found


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    """Lines that stand for each other side by side; the rest removed and added."""
    for index in range(max(len(old), len(new))):
        if index >= len(old):
            yield Line("added", new[index])
        elif index >= len(new):
            yield Line("removed", old[index])
        else:
            yield from _pair(old[index], new[index])


def _pair(old: str, new: str) -> Iterator[Line]:
    first, second = _PIECES.findall(old), _PIECES.findall(new)
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    if matcher.ratio() < _ALIKE:
        yield Line("removed", old)
        yield Line("added", new)
        return
    parts: list[tuple[str, str]] = []
    for op, a, b, c, d in matcher.get_opcodes():
        if op == "equal":
            parts.append(("equal", "".join(first[a:b])))
            continue
        if a < b:
            parts.append(("removed", "".join(first[a:b])))
        if c < d:
            parts.append(("added", "".join(second[c:d])))
    yield Line("changed", new, parts)
