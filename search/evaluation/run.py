"""Ask a ranker all queries of a judged set, and say how well and how fast it answered."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from search.evaluation import metrics
from search.evaluation.forms import JudgedSet, Text
from search.evaluation.metrics import DEPTH, RECALL_DEPTH, Floats

Scored = Sequence[tuple[str, float]]
"""Ids and scores, the best first."""


class Ranker(Protocol):
    """What ranks documents for a query: those of a pool, or of the whole collection."""

    async def rank(self, query: Text, pool: Sequence[str] | None, limit: int) -> Scored:
        """At most `limit` documents; those of the pool that are missing count as the last."""


@dataclass(frozen=True)
class Judged:
    """One query's pool: scores that a ranker gave, and gains."""

    query: str
    scores: Floats
    gains: Floats


async def evaluate(ranker: Ranker, judged: JudgedSet) -> dict[str, Any]:
    """Metrics of one ranker.

    nDCG@10: the pool of each query reranked. MRR@10 and recall@100: the whole collection ranked,
    where documents that nobody judged count as misses. Queries without a find are left out of
    all three. Latency: one query after the other, the whole collection, every query of the file.
    """
    gains = judged.gains()
    with_finds = {query: pool for query, pool in gains.items() if max(pool.values()) > 0}
    pools = [
        await _rerank(ranker, judged.queries[query], with_finds[query]) for query in with_finds
    ]
    seconds, answers = await _ask_all(ranker, judged)
    figures = np.array([metrics.ndcg(one.scores, one.gains) for one in pools])
    by_chance = np.array([metrics.random_ndcg(one.gains) for one in pools])
    ranks, recalls = _of_collection(with_finds, answers)
    return {
        "documents": len(judged.documents),
        "queries": len(judged.queries),
        "judgments": sum(len(pool) for pool in gains.values()),
        "judgments_ignored": len(judged.ignored),
        "judged_queries": len(gains),
        "scored_queries": len(pools),
        "ndcg@10": _mean(figures),
        "ndcg@10_standard_error": round(metrics.standard_error(figures), 4),
        "ndcg@10_of_random_order": _mean(by_chance),
        "mrr@10": _mean(ranks),
        "recall@100": _mean(recalls),
        "latency_ms": metrics.percentiles(seconds),
    }


async def reranked(ranker: Ranker, judged: JudgedSet) -> float:
    """nDCG@10 alone: the pools of the queries with a find, reranked."""
    pools = [
        await _rerank(ranker, judged.queries[query], pool)
        for query, pool in judged.gains().items()
        if max(pool.values()) > 0
    ]
    return float(np.mean([metrics.ndcg(one.scores, one.gains) for one in pools]))


def _mean(values: Floats) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None


async def _rerank(ranker: Ranker, query: Text, pool: Mapping[str, float]) -> Judged:
    found = dict(await ranker.rank(query, list(pool), len(pool)))
    last = min(found.values(), default=0.0) - 1
    scores = np.array([found.get(document, last) for document in pool])
    return Judged(query.id, scores, np.array(list(pool.values())))


async def _ask_all(ranker: Ranker, judged: JudgedSet) -> tuple[list[float], dict[str, list[str]]]:
    seconds: list[float] = []
    answers: dict[str, list[str]] = {}
    for query in judged.queries.values():
        start = time.perf_counter()
        found = await ranker.rank(query, None, RECALL_DEPTH)
        seconds.append(time.perf_counter() - start)
        answers[query.id] = [document for document, _ in found]
    return seconds, answers


def _of_collection(
    finds: Mapping[str, Mapping[str, float]], answers: Mapping[str, Sequence[str]]
) -> tuple[Floats, Floats]:
    ranks: list[float] = []
    recalls: list[float] = []
    for query, pool in finds.items():
        wanted = {document for document, gain in pool.items() if gain > 0}
        relevant = [document in wanted for document in answers[query]]
        ranks.append(metrics.reciprocal_rank(relevant, DEPTH))
        recalls.append(sum(relevant[:RECALL_DEPTH]) / len(wanted))
    return np.array(ranks), np.array(recalls)
