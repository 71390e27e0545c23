"""Search terms: pairs of characters and regions by prefix."""

import pytest

from app.kit import search_terms


@pytest.mark.parametrize("query", ["太阳能", "能电", "电", "LED", "led 太阳", "ＬＥＤ"])
def test_a_text_has_all_pairs_of_what_it_contains(query: str) -> None:
    wanted = search_terms.query_grams(search_terms.normalised(query))
    have = set(search_terms.grams(search_terms.search_text("太阳能电池", "Led 照明")))
    assert wanted
    assert set(wanted) <= have


@pytest.mark.parametrize(
    ("prefix", "bounds"),
    [
        ("33", ("330000", "339999")),
        ("330000", ("330000", "339999")),
        ("3301", ("330100", "330199")),
        ("330106", ("330106", "330106")),
    ],
)
def test_a_region_stands_for_what_lies_below_it(prefix: str, bounds: tuple[str, str]) -> None:
    assert search_terms.region_bounds(prefix) == bounds
