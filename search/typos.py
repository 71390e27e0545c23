"""Slips: words of letters that are an edit or two away, and Chinese that sounds the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pypinyin

from search.definition import Typo
from search.words import Slot, is_han

MOST_SOUNDING = 12
"""Characters of Chinese in a row that are tried by their sound."""


@dataclass(frozen=True)
class Slips:
    """A word of letters and how many edits it may be away."""

    word: str
    most: int

    @classmethod
    def of(cls, word: str, typo: Typo) -> Iterator["Slips"]:
        """What may be wrong with a word: nothing, if it is short or not of Latin letters."""
        if typo.enabled and word.isascii() and word.isalpha() and len(word) >= typo.one_from:
            yield cls(word, 2 if len(word) >= typo.two_from else 1)


def within(given: str, other: str, most: int) -> int | None:
    """How many letters are added, left out, replaced or exchanged with the next; None above `most`.

    The optimal string alignment distance.
    """
    if abs(len(given) - len(other)) > most:
        return None
    before: list[int] = []
    last = list(range(len(other) + 1))
    for at, letter in enumerate(given, start=1):
        row = [at]
        for to, its in enumerate(other, start=1):
            cost = min(last[to] + 1, row[to - 1] + 1, last[to - 1] + (letter != its))
            if at > 1 and to > 1 and letter == other[to - 2] and given[at - 2] == its:
                cost = min(cost, before[to - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return None
        before, last = last, row
    return last[-1] if last[-1] <= most else None


def sounding(slots: Sequence[Slot], mark: str) -> list[Slot]:
    """The parts of a question, where Chinese ones that follow one another may be titles that sound
    the same: 锂离子电迟 is 锂离子电池. `mark` stands before what is pinyin."""
    result: list[Slot] = []
    run: list[Slot] = []

    def end() -> None:
        text = "".join("".join(one.alternatives[0]) for one in run)
        if 1 < len(text) <= MOST_SOUNDING:
            way = tuple(word for one in run for word in one.alternatives[0])
            result.append(Slot((way, (mark + "".join(pypinyin.lazy_pinyin(text)),))))
        else:
            result.extend(run)
        run.clear()

    for slot in slots:
        if len(slot.alternatives) == 1 and all(is_han(one) for one in slot.alternatives[0]):
            run.append(slot)
            continue
        end()
        result.append(slot)
    end()
    return result
