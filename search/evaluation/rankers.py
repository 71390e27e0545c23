"""Rankers that can be evaluated: the yardstick, matching, and the engines of the market."""

from collections.abc import Mapping, Sequence

import numpy as np

from search.evaluation.forms import JudgedSet, Text
from search.evaluation.metrics import Floats
from search.evaluation.run import Scored
from search.evaluation.training import Lesson
from search.matching.bm25 import PairBm25
from search.matching.features import Need, Offers
from search.matching.model import Model
from search.protocol import Audience, Document, Index, RankQuery

WRITTEN_AT_ONCE = 1000
_PUBLIC = frozenset({Audience.PUBLIC.value})


class Bigram:
    """BM25 over pairs of characters."""

    def __init__(self, documents: Mapping[str, Text]) -> None:
        self._ids = list(documents)
        self._places = {one: at for at, one in enumerate(self._ids)}
        self._index = PairBm25([one.whole for one in documents.values()])

    async def rank(self, query: Text, pool: Sequence[str] | None, limit: int) -> Scored:
        """See `Ranker`."""
        among = None if pool is None else [self._places[one] for one in pool]
        names = self._ids if pool is None else list(pool)
        return _best(names, self._index.scores(query.whole, among), limit)


class Matching:
    """A model of matching, with the rarities of these documents themselves."""

    def __init__(self, documents: Mapping[str, Text], model: Model) -> None:
        self._ids = list(documents)
        self._places = {one: at for at, one in enumerate(self._ids)}
        self._offers = Offers([one.whole for one in documents.values()])
        self._weights = model.vector

    async def rank(self, query: Text, pool: Sequence[str] | None, limit: int) -> Scored:
        """See `Ranker`."""
        need = Need(query.title, query.text)
        if pool is None:
            rows = self._offers.candidates(need)
        else:
            rows = np.array([self._places[one] for one in pool], dtype=np.int64)
        scores = self._offers.features(need, rows) @ self._weights
        order = np.argsort(-scores, kind="stable")[:limit]
        return [(self._ids[rows[at]], float(scores[at])) for at in order]


def _best(ids: Sequence[str], scores: Floats, limit: int) -> Scored:
    """Those that share something with the query."""
    order = np.argsort(-scores, kind="stable")[:limit]
    return [(ids[at], float(scores[at])) for at in order if scores[at] > 0]


def lessons(judged: JudgedSet) -> list[Lesson]:
    """What there is to learn from: every query with a find, in the order of the judgments."""
    offers = Offers([one.whole for one in judged.documents.values()])
    places = {one: at for at, one in enumerate(judged.documents)}
    made: list[Lesson] = []
    for name, pool in judged.gains().items():
        if max(pool.values()) <= 0:
            continue
        query = judged.queries[name]
        rows = np.array([places[one] for one in pool], dtype=np.int64)
        features = offers.features(Need(query.title, query.text), rows)
        made.append(Lesson(features, np.array(list(pool.values()))))
    return made


class OfEngine:
    """An engine of the market on an index of its own; ids go by number, because engines are strict
    about them."""

    def __init__(self, index: Index, documents: Mapping[str, Text]) -> None:
        self._index = index
        self._ids = list(documents)
        self._documents = documents
        self._places = {one: at for at, one in enumerate(self._ids)}

    async def fill(self) -> None:
        """Write all documents."""
        texts = list(self._documents.values())
        for start in range(0, len(texts), WRITTEN_AT_ONCE):
            await self._index.write(
                [
                    Document(str(start + at), 1, one.title, one.text)
                    for at, one in enumerate(texts[start : start + WRITTEN_AT_ONCE])
                ]
            )

    async def rank(self, query: Text, pool: Sequence[str] | None, limit: int) -> Scored:
        """See `Ranker`."""
        among = None if pool is None else tuple(str(self._places[one]) for one in pool)
        asked = RankQuery(_PUBLIC, query.title, query.text, among, limit=limit)
        return [(self._ids[int(one.id)], one.score) for one in await self._index.rank(asked)]
