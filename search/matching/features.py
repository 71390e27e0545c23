"""How much an offer resembles a need, in numbers that compare the candidates of one need.

Every feature is standardised within the candidates of one need (mean 0, deviation 1), so that
long and short needs weigh the same and a linear model needs no constant.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from search.matching.terms import Rarity, Tokens, characters, pairs, rarity

Floats = NDArray[np.float64]
FEATURES = (
    "char_title",
    "char_all",
    "pair_title",
    "pair_all",
    "pool_subject",
)
"""Cosine of TF-IDF over characters or pairs with the need's title or whole text; likeness to
all other candidates, whose common subject is what the need is about."""
FIRST_STAGE = 100


@dataclass(frozen=True)
class Statistics:
    """Rarity of characters and of pairs in a collection."""

    characters: Rarity
    pairs: Rarity


def statistics(texts: Sequence[str], *, least: int = 1) -> Statistics:
    """Count a collection of offers."""
    return Statistics(rarity(characters, texts, least=least), rarity(pairs, texts, least=least))


@dataclass(frozen=True)
class Need:
    """What is sought: a title and everything else that is said."""

    title: str
    text: str = ""

    @property
    def whole(self) -> str:
        """Title and text."""
        return f"{self.title}\n{self.text}" if self.text else self.title


class Space:
    """Texts as weighted vectors of unit length over one kind of terms."""

    def __init__(self, tokens: Tokens, rare: Rarity, texts: Sequence[str]) -> None:
        self._tokens = tokens
        self._columns: dict[str, int] = {}
        weights: list[float] = []
        rows: list[int] = []
        columns: list[int] = []
        counts: list[int] = []
        for at, one in enumerate(texts):
            for term, count in Counter(tokens(one)).items():
                column = self._columns.get(term)
                if column is None:
                    column = self._columns[term] = len(weights)
                    weights.append(rare.weight(term))
                rows.append(at)
                columns.append(column)
                counts.append(count)
        self._weights = np.array(weights)
        row = np.array(rows, dtype=np.int64)
        shape = (len(texts), len(weights))
        weight = self._weights[columns] if columns else np.zeros(0)
        self.vectors: Any = _unit(np.log1p(counts) * weight, row, columns, shape)

    def vector(self, text: str) -> Floats:
        """A need's text in this space."""
        made = np.zeros(len(self._weights))
        for term, count in Counter(self._tokens(text)).items():
            column = self._columns.get(term)
            if column is not None:
                made[column] = np.log1p(count) * self._weights[column]
        length = np.linalg.norm(made)
        return made if length == 0 else made / length


def _unit(values: Floats, row: Any, columns: Any, shape: tuple[int, int]) -> Any:
    length = np.sqrt(np.bincount(row, values**2, shape[0]))
    return sparse.csr_array((values / np.maximum(length, 1e-12)[row], (row, columns)), shape=shape)


def standardised(values: Floats) -> Floats:
    """Mean 0 and deviation 1; all zero where all are equal."""
    deviation = values.std()
    if deviation < 1e-12:
        return np.zeros_like(values)
    return np.asarray((values - values.mean()) / deviation)


class Offers:
    """Descriptions that needs are compared with."""

    def __init__(self, texts: Sequence[str], known: Statistics | None = None) -> None:
        """`known`: rarities of a larger collection; without, those of these texts."""
        self.statistics = known or statistics(texts)
        self._characters = Space(characters, self.statistics.characters, texts)
        self._pairs = Space(pairs, self.statistics.pairs, texts)
        self._size = len(texts)

    def candidates(self, need: Need, limit: int = FIRST_STAGE) -> NDArray[np.int64]:
        """The offers that resemble a need at first sight, the best first: by pairs of the whole
        and characters of the title."""
        score = self._pairs.vectors @ self._pairs.vector(need.whole)
        score = score + self._characters.vectors @ self._characters.vector(need.title)
        order = np.argsort(-score, kind="stable")[:limit]
        return np.asarray(order[score[order] > 0], dtype=np.int64)

    def features(self, need: Need, rows: NDArray[np.int64] | None = None) -> Floats:
        """A row of `FEATURES` for each candidate."""
        chosen = np.arange(self._size) if rows is None else rows
        if len(chosen) == 0:
            return np.zeros((0, len(FEATURES)))
        single, double = self._characters.vectors[chosen], self._pairs.vectors[chosen]
        lexical = [
            standardised(vectors @ space.vector(text))
            for space, vectors in ((self._characters, single), (self._pairs, double))
            for text in (need.title, need.whole)
        ]
        subject = _likeness(single) + _likeness(double)
        return np.column_stack([*lexical, standardised(subject)])


def _likeness(vectors: Any) -> Floats:
    """Mean cosine with the others, itself left out."""
    total = np.asarray(vectors.sum(axis=0)).ravel()
    return np.asarray((vectors @ total - 1) / max(vectors.shape[0] - 1, 1))
