"""What texts and questions are taken apart into, the same for every engine.

Texts are made simplified, half-width and lower case character by character, so that a place in the
folded text is the same place in the original. Chinese is segmented by rjieba (jieba's dictionary
and model): "for search", so that 锂离子电池 also gives 离子 and 电池.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import opencc
import pypinyin
import rjieba

from search.protocol import Spans

MAX_WORD = 40
MAX_PINYIN_WORDS = 4
MAX_PINYIN_STARTS = 12
_RUN = re.compile(r"[㐀-鿿]+|[^\W_㐀-鿿]+")
_HAN = re.compile(r"[㐀-鿿]")
_SIMPLE = opencc.OpenCC("t2s")


@lru_cache(maxsize=65536)
def _folded(character: str) -> str:
    """One character as it is compared; what would become several stays as it is."""
    found = unicodedata.normalize("NFKC", character).casefold()
    if len(found) != 1:
        return character
    simple = _SIMPLE.convert(found)
    return simple if len(simple) == 1 else found


def folded(text: str) -> str:
    """The text as it is compared: simplified, half-width, lower case, of the same length."""
    if text.isascii():
        return text.lower()
    return "".join(map(_folded, text))


def is_han(word: str) -> bool:
    """Whether a word has Chinese characters."""
    return _HAN.search(word) is not None


def words(text: str) -> list[str]:
    """All words of a folded text, those within longer ones too."""
    found: list[str] = []
    for run in _RUN.findall(text):
        if _HAN.match(run):
            found += rjieba.cut_for_search(run)
        else:
            found.append(run[:MAX_WORD])
    return found


def plain_words(text: str) -> list[str]:
    """The words of a folded text one after the other, none twice for one place."""
    found: list[str] = []
    for run in _RUN.findall(text):
        found += rjieba.cut(run) if _HAN.match(run) else [run[:MAX_WORD]]
    return found


@lru_cache(maxsize=65536)
def _syllables(word: str) -> tuple[str, ...]:
    return tuple(pypinyin.lazy_pinyin(word))


def pinyin(title: str) -> list[str]:
    """What a title is found by in pinyin: from every word on, whole syllables and first letters.

    锂离子电池 gives lilizidianchi, llzdc, dianchi and dc; beginnings of them find it.
    """
    found: dict[str, None] = {}
    for run in _RUN.findall(title):
        if not _HAN.match(run):
            continue
        syllables = [_syllables(word) for word in rjieba.cut(run)]
        for start in range(min(len(syllables), MAX_PINYIN_STARTS)):
            parts = [one for word in syllables[start : start + MAX_PINYIN_WORDS] for one in word]
            found["".join(parts)[:MAX_WORD]] = None
            found["".join(part[0] for part in parts)] = None
    return [one for one in found if len(one) > 1 and one.isascii() and one.isalpha()]


@dataclass(frozen=True)
class Slot:
    """A part of a question: it is answered by all words of any of its alternatives."""

    alternatives: tuple[tuple[str, ...], ...]


class Lexicon:
    """Synonyms and stop words of one definition."""

    def __init__(self, synonyms: Iterable[Sequence[str]], stop_words: Iterable[str]) -> None:
        self.stop_words = frozenset(stop_words)
        self._groups: dict[str, tuple[str, ...]] = {}
        for group in synonyms:
            members = tuple(dict.fromkeys(folded(one) for one in group))
            for member in members:
                self._groups[member] = tuple(
                    dict.fromkeys((*self._groups.get(member, ()), member, *members))
                )
        longest_first = sorted(self._groups, key=len, reverse=True)
        patterns = [
            re.escape(one) if is_han(one) else rf"(?<![^\W_㐀-鿿]){re.escape(one)}(?![^\W_㐀-鿿])"
            for one in longest_first
        ]
        self._phrase = re.compile("|".join(patterns)) if patterns else None

    def slots(self, text: str) -> list[Slot]:
        """A folded question as parts that all have to be answered; stop words are no part of it.

        A question of stop words alone keeps them: they are all that was asked for.
        """
        found: list[Slot] = []
        at = 0
        for match in self._phrase.finditer(text) if self._phrase else ():
            found += self._single(text[at : match.start()])
            group = self._groups[match[0]]
            found.append(Slot(tuple(tuple(plain_words(member)) for member in group)))
            at = match.end()
        found += self._single(text[at:])
        telling = [slot for slot in found if not self._stops(slot)]
        return list(dict.fromkeys(telling or found))

    def synonyms(self) -> dict[str, list[str]]:
        """For each phrase, the others of its groups."""
        return {one: [m for m in group if m != one] for one, group in self._groups.items()}

    def weighed(self, title: str, text: str, title_weight: float) -> dict[str, float]:
        """How often each word occurs in a long question, those of its title counted more.

        The count of a word levels off, so that one that is repeated does not drown the others.
        """
        counts: dict[str, float] = {}
        for part, weight in ((title, title_weight), (text, 1.0)):
            for word in words(folded(part)):
                if word not in self.stop_words:
                    counts[word] = counts.get(word, 0.0) + weight
        return {word: count * 9 / (count + 8) for word, count in counts.items()}

    def _single(self, text: str) -> list[Slot]:
        return [Slot(((word,),)) for word in plain_words(text)]

    def _stops(self, slot: Slot) -> bool:
        return all(word in self.stop_words for way in slot.alternatives for word in way)


def spans(text: str, wanted: Iterable[str]) -> Spans:
    """Where any of these folded words stand in a text; places that touch are joined.

    A word of letters is found at the beginning of one: cat in catalyst, not in located.
    """
    compared = folded(text)
    marked: list[tuple[int, int]] = []
    for word in set(wanted):
        edge = "" if is_han(word) else r"(?<![^\W_㐀-鿿])"
        found = re.finditer(edge + re.escape(word), compared)
        marked += [match.span() for match in found if match[0]]
    return joined(marked)


def joined(marked: Iterable[tuple[int, int]]) -> Spans:
    """Spans in order, those that touch or overlap as one."""
    result: list[tuple[int, int]] = []
    for start, end in sorted(marked):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return tuple(result)
