"""The definition of the index, read from the files in `search/definitions`.

A change of a file is a change of the index: its `version` in index.json goes up with it, and
`techmarket search apply` shows the difference and rebuilds.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

import orjson

from search.words import Lexicon

HERE = files("search") / "definitions"


@dataclass(frozen=True)
class Typo:
    """From how many characters on a word may have one typo or two, and where it may have none."""

    enabled: bool
    one_from: int
    two_from: int
    not_on: tuple[str, ...]


@dataclass(frozen=True)
class Definition:
    """What is searched, narrowed and sorted by, and how answers are ranked.

    `weights` are of the embedded engine; `title_weight`, `rank_words` and `candidates` of ranking
    by a long text: how much a title's words count, how many words are used, and how many documents
    are compared. `counted`: of facets whose values are within one another, what the values look
    like that answers count (a pattern); of the others all are counted.
    """

    version: int
    searchable: tuple[str, ...]
    filterable: tuple[str, ...]
    sortable: tuple[str, ...]
    ranking_rules: tuple[str, ...]
    typo: Typo
    weights: dict[str, float]
    title_weight: float
    rank_words: int
    candidates: int
    counted: dict[str, str]
    synonyms: tuple[tuple[str, ...], ...]
    stop_words: tuple[str, ...]

    @cached_property
    def lexicon(self) -> Lexicon:
        """The synonyms and stop words, ready for use."""
        return Lexicon(self.synonyms, self.stop_words)

    @cached_property
    def digest(self) -> str:
        """Of what the files say."""
        return hashlib.blake2b(
            orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS), digest_size=16
        ).hexdigest()


def counted(levels: Mapping[str, str], facet: str, values: Sequence[str]) -> list[str]:
    """Of these values of a facet those that answers count: of a nested one, one level."""
    level = levels.get(facet)
    return [one for one in values if level is None or re.search(level, one)]


def _read(name: str) -> Any:
    return orjson.loads((HERE / name).read_bytes())


@lru_cache
def definition() -> Definition:
    """The definition of this release."""
    index = _read("index.json")
    typo = index["typo"]
    return Definition(
        version=index["version"],
        searchable=tuple(index["searchable"]),
        filterable=tuple(index["filterable"]),
        sortable=tuple(index["sortable"]),
        ranking_rules=tuple(index["ranking_rules"]),
        typo=Typo(typo["enabled"], typo["one_from"], typo["two_from"], tuple(typo["not_on"])),
        weights=index["weights"],
        title_weight=index["rank"]["title_weight"],
        rank_words=index["rank"]["words"],
        candidates=index["rank"]["candidates"],
        counted=index["counted"],
        synonyms=tuple(tuple(group) for group in _read("synonyms.json")),
        stop_words=tuple(_read("stop_words.json")),
    )
