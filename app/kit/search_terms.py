"""Search by character pairs: what a text and a query are taken apart into (ADR 0010)."""

import re
import unicodedata

_SPACE = re.compile(r"\s+")
MAX_GRAMS_OF_A_QUERY = 64


def search_text(*parts: str) -> str:
    """The text that substrings are looked for in: one width, one case, single spaces."""
    return "\n".join(normalised(part) for part in parts)


def normalised(text: str) -> str:
    """Full-width and half-width forms and cases made equal."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def grams(text: str) -> list[str]:
    """Single characters and pairs of neighbours within words of a normalised text, sorted.

    Chinese has no spaces between words; a substring of two or more characters shares its pairs
    with every text that contains it, so an index over pairs finds all candidates.
    """
    found: set[str] = set()
    for word in text.split():
        found.update(word)
        found.update(word[at : at + 2] for at in range(len(word) - 1))
    return sorted(found)


def query_grams(text: str) -> list[str]:
    """What a text must have to contain this normalised query: its pairs; a lone character's own."""
    found: set[str] = set()
    for word in text.split():
        pairs = {word[at : at + 2] for at in range(len(word) - 1)}
        found.update(pairs or {word})
    return sorted(found)[:MAX_GRAMS_OF_A_QUERY]


def region_bounds(prefix: str) -> tuple[str, str]:
    """The first and last region code below a prefix; trailing zeros of a code mean its whole."""
    head = prefix
    while len(head) > 2 and head.endswith("00"):
        head = head[:-2]
    return head.ljust(6, "0"), head.ljust(6, "9")
