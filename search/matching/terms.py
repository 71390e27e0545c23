"""What texts are compared by: single characters, pairs of characters, and shared passages."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

Tokens = Callable[[str], list[str]]
_OTHER = re.compile(r"[\W_]+")
_UNIT = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]")
_PART = re.compile(r"[a-z0-9]+(?:[.\-][a-z0-9]+)*|[^\W_a-z0-9]+")


def normalised(text: str) -> str:
    """One width and one case."""
    return unicodedata.normalize("NFKC", text).casefold()


def characters(text: str) -> list[str]:
    """Chinese characters one by one, Latin words and numbers whole."""
    return _UNIT.findall(normalised(text))


def pairs(text: str) -> list[str]:
    """Pairs of neighbouring characters, over spaces and punctuation."""
    run = _OTHER.sub("", normalised(text))
    return [first + second for first, second in pairwise(run)]


@dataclass(frozen=True)
class Rarity:
    """In how many of `documents` texts each term occurs; terms that are not there are rarest."""

    documents: int
    counts: Mapping[str, int]

    def weight(self, term: str) -> float:
        """The inverse document frequency of BM25, always positive."""
        count = self.counts.get(term, 0)
        return math.log(1 + (self.documents - count + 0.5) / (count + 0.5))


def rarity(tokens: Tokens, texts: Iterable[str], *, least: int = 1) -> Rarity:
    """Count a collection; terms in fewer than `least` texts are left out."""
    counts: Counter[str] = Counter()
    documents = 0
    for one in texts:
        counts.update(set(tokens(one)))
        documents += 1
    return Rarity(documents, {term: n for term, n in sorted(counts.items()) if n >= least})


def shared_passages(need: str, offer: str, rare: Rarity, limit: int = 6) -> list[str]:
    """The longest passages of two characters or more that stand in both texts, the rarest first.

    Each can be found by eye in either text, once both are in one width and one case.
    """
    wanted = [part for part in _PART.findall(normalised(need)) if len(part) > 1]
    haystack = "\n".join(wanted)
    words = set(wanted)
    found: dict[str, float] = {}
    for part in _PART.findall(normalised(offer)):
        if part[0].isascii():
            if part in words and len(part) > 1:
                found[part] = rare.weight(part[:2]) * 2
            continue
        for passage in _common(part, haystack):
            found[passage] = sum(rare.weight(a + b) for a, b in pairwise(passage))
    ordered = sorted(found, key=lambda passage: (-found[passage], passage))
    kept: list[str] = []
    for passage in ordered:
        if not any(passage in longer for longer in kept):
            kept.append(passage)
    return kept[:limit]


def _common(part: str, haystack: str) -> Iterable[str]:
    at = 0
    while at < len(part) - 1:
        end = at + 1
        while end < len(part) and part[at : end + 1] in haystack:
            end += 1
        if end - at > 1:
            yield part[at:end]
            at = end
        else:
            at += 1
