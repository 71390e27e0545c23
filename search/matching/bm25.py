"""The yardstick: BM25 over pairs of characters, without anything else."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from search.matching.terms import pairs, rarity

K1 = 1.2
B = 0.75


class PairBm25:
    """An inverted index; every occurrence of a pair in the query counts."""

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [Counter(pairs(one)) for one in texts]
        rare = rarity(pairs, texts)
        lengths = np.array([one.total() for one in counted], dtype=np.float64)
        damped = K1 * (1 - B + B * lengths / max(float(lengths.mean()), 1e-12))
        self._columns = {term: at for at, term in enumerate(rare.counts)}
        weights = np.array([rare.weight(term) for term in rare.counts])
        rows = np.repeat(np.arange(len(texts)), [len(one) for one in counted])
        columns = np.array([self._columns[term] for one in counted for term in one], dtype=np.int64)
        counts = np.array([count for one in counted for count in one.values()], dtype=np.float64)
        parts = weights[columns] * counts * (K1 + 1) / (counts + damped[rows])
        shape = (len(texts), len(weights))
        self._by_text = sparse.csr_array((parts, (rows, columns)), shape=shape)
        self._by_pair = self._by_text.tocsc()

    def scores(self, text: str, among: Sequence[int] | None = None) -> NDArray[np.float64]:
        """Of all texts, or of those among them, in their order; 0 where no pair is shared."""
        asked = {
            self._columns[term]: count
            for term, count in Counter(pairs(text)).items()
            if term in self._columns
        }
        columns = np.array(list(asked), dtype=np.int64)
        times = np.array(list(asked.values()), dtype=np.float64)
        chosen = self._by_pair if among is None else self._by_text[list(among)].tocsc()
        return np.asarray(chosen[:, columns] @ times)
