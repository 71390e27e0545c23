"""Slips: which words are near one another, and what the embedded engine does with them."""

from dataclasses import replace

import pytest

from search.definition import Typo, definition
from search.embedded import EmbeddedEngine
from search.typos import Slips, sounding, within
from search.words import Slot, folded
from tests.search.test_contract import DAY, STOCK, ids

TYPO = Typo(enabled=True, one_from=5, two_from=9, not_on=())


@pytest.mark.parametrize(
    ("given", "other", "distance"),
    [
        ("laser", "laser", 0),
        ("lasr", "laser", 1),
        ("lasser", "laser", 1),
        ("lazer", "laser", 1),
        ("lsaer", "laser", 1),
        ("catalist", "catalysts", 2),
        ("abcd", "dcba", None),
        ("laser", "lasers plus", None),
    ],
)
def test_edits_are_counted_up_to_the_most(given: str, other: str, distance: int | None) -> None:
    assert within(given, other, 2) == distance
    assert within(other, given, 2) == distance
    if distance:
        assert within(given, other, distance - 1) is None


def test_how_many_slips_a_word_may_have() -> None:
    def most(word: str, typo: Typo = TYPO) -> list[int]:
        return [one.most for one in Slips.of(word, typo)]

    assert most("lase") == []
    assert most("laser") == [1]
    assert most("catalyst") == [1]
    assert most("catalysts") == [2]
    assert most("锂离子电池") == most("g06f3") == most("~dianchi") == most("") == []
    assert most("catalysts", replace(TYPO, enabled=False)) == []


def test_chinese_in_a_row_is_tried_by_its_sound() -> None:
    slots = definition().lexicon.slots(folded("固态电迟 compos 膜"))
    tried = sounding(slots, "~")
    assert tried[0].alternatives[-1] == ("~gutaidianchi",)
    assert "".join(tried[0].alternatives[0]) == "固态电迟"
    assert tried[1:] == [Slot((("compos",),)), Slot((("膜",),))]


async def test_the_embedded_engine_finds_what_sounds_the_same(embedded: EmbeddedEngine) -> None:
    await embedded.write([*STOCK, replace(STOCK[0], id="achievement-9", published_at=9 * DAY)])
    assert set(await ids(embedded, "锂离子电迟")) == {"1", "9"}
    assert await ids(embedded, "深度学习的电池胜余寿命") == ["3"]
    assert await ids(embedded, "satelite struts") == ["5"]
