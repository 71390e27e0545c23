"""Words of a question as PostgreSQL is asked for them, and what they weigh."""

import math
from collections.abc import Mapping, Sequence

from search.embedded_questions import Weighed
from search.embedded_rows import PINYIN, quoted
from search.words import Slot, is_han, words

BUCKETS = 6


def words_of(slots: Sequence[Slot]) -> list[str]:
    found = (word for slot in slots for way in slot.alternatives for word in way)
    return list(dict.fromkeys(found))


def expression(slot: Slot) -> str:
    ways = [" & ".join(expression_of(word) for word in way) for way in slot.alternatives]
    return "(" + " | ".join(f"({way})" for way in ways) + ")"


def expression_of(word: str) -> str:
    """A word, and the beginnings of longer ones that it may be: of letters, also as pinyin."""
    if is_han(word) or len(word) < 2:
        return f"{quoted(word)}:*" if len(word) == 1 else quoted(word)
    if word.isascii() and word.isalpha():
        return f"({quoted(word)}:* | {quoted(PINYIN + word)}:*)"
    return f"{quoted(word)}:*"


def typed_words(typed: str) -> list[str]:
    return words(typed)[:8]


def typed_expression(word: str) -> str:
    if word.isascii() and word.isalpha():
        return f"({quoted(word)}:*A | {quoted(PINYIN + word)}:*D)"
    return f"{quoted(word)}:*A"


def rarity(everything: int, documents: int) -> float:
    """How much a word says that so many of all documents have."""
    return math.log(1 + max(everything - documents + 0.5, 0.1) / (documents + 0.5))


def telling_words(
    counts: Mapping[str, float], documents: Mapping[str, int], most: int
) -> list[Weighed]:
    """The words of a long text that weigh most, the heaviest first."""
    weighed = [
        Weighed(word, quoted(word), count * rarity(documents[""], documents[word]))
        for word, count in counts.items()
        if word in documents
    ]
    return sorted(weighed, key=lambda one: (-one.weight, one.word))[:most]


def rarest(telling: Sequence[str], documents: Mapping[str, int], budget: int) -> list[str]:
    """The rarest words until their documents together reach the budget; three at least."""
    chosen: list[str] = []
    together = 0
    for one in sorted(telling, key=lambda one: (documents[one], one)):
        together += documents[one]
        if together > budget and len(chosen) >= 3:
            break
        chosen.append(one)
    return chosen


def buckets(telling: Sequence[Weighed]) -> list[Weighed]:
    """Words of about one weight asked as one: ts_rank gives the mean over what was asked."""
    size = math.ceil(len(telling) / BUCKETS)
    groups = [telling[start : start + size] for start in range(0, len(telling), size)]
    return [
        Weighed("", " | ".join(one.asked for one in group), sum(one.weight for one in group))
        for group in groups
    ]


def parts_of(found: Sequence[str], parts: Sequence[float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(zip(found, parts, strict=True), key=lambda pair: (-pair[1], pair[0])))
