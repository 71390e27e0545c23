"""What each ingredient of matching adds, by cross-validation over the judged demands.

    python -m bench.matching

Every row adds features to a linear model, or replaces the model by boosted trees. A figure is the
mean nDCG@10 over demands that the model has not seen, of five folds and several splits; the
difference to the model of the product is paired by demand, with its standard error.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import rjieba
import xgboost
from scipy import sparse
from scipy.sparse.linalg import svds

from search.evaluation import metrics
from search.evaluation.forms import JudgedSet, read_set
from search.evaluation.rankers import lessons
from search.evaluation.training import Lesson, folds, learn
from search.matching.features import FEATURES, Floats, Space, standardised
from search.matching.terms import Tokens, normalised, pairs, rarity

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
OURS = range(len(FEATURES))
SEEDS = 3
ROUNDS = 80
Learner = Callable[[Sequence[Lesson], Sequence[int]], Callable[[Floats], Floats]]


def linear(taught: Sequence[Lesson], columns: Sequence[int]) -> Callable[[Floats], Floats]:
    """The model of the product."""
    weights = learn(taught, columns)
    return lambda features: features @ weights


def boosted(taught: Sequence[Lesson], columns: Sequence[int]) -> Callable[[Floats], Floats]:
    """LambdaMART: shallow trees, strong penalty, because there are few demands."""
    data = xgboost.DMatrix(
        np.vstack([one.features[:, columns] for one in taught]),
        label=np.concatenate([one.gains for one in taught]),
        qid=np.repeat(np.arange(len(taught)), [len(one.gains) for one in taught]),
    )
    options = {
        "objective": "rank:ndcg",
        "ndcg_exp_gain": False,
        "lambdarank_pair_method": "topk",
        "lambdarank_num_pair_per_sample": 10,
        "eta": 0.06,
        "max_depth": 3,
        "reg_lambda": 5,
        "subsample": 0.8,
        "colsample_bytree": 0.5,
        "seed": 1,
        "nthread": 1,
    }
    trees = xgboost.train(options, data, ROUNDS)
    return lambda features: trees.predict(xgboost.DMatrix(features[:, columns]))


def held_out(given: Sequence[Lesson], columns: Sequence[int], learner: Learner) -> Floats:
    """nDCG@10 of every demand by models that have not seen it."""
    figures = np.zeros(len(given))
    for seed in range(SEEDS):
        for part in folds(len(given), seed):
            away = set(part.tolist())
            score = learner([one for at, one in enumerate(given) if at not in away], columns)
            for at in part:
                figures[at] += metrics.ndcg(score(given[at].features), given[at].gains) / SEEDS
    return figures


def trigrams(text: str) -> list[str]:
    """Runs of three characters."""
    run = "".join(one for one in normalised(text) if one.isalnum())
    return [run[at : at + 3] for at in range(len(run) - 2)]


def words(text: str) -> list[str]:
    """Words as the segmenter cuts them."""
    return [one for one in rjieba.cut(normalised(text)) if one.strip() and one[0].isalnum()]


class Extra:
    """Further features of the same pools, as cosines of documents with title and whole text."""

    def __init__(self, judged: JudgedSet) -> None:
        self._judged = judged
        self._texts = [one.whole for one in judged.documents.values()]
        self._places = {one: at for at, one in enumerate(judged.documents)}

    def _pools(self, likeness: Callable[[str], Floats]) -> list[Floats]:
        made = []
        for name, pool in self._judged.gains().items():
            if max(pool.values()) <= 0:
                continue
            query = self._judged.queries[name]
            rows = [self._places[one] for one in pool]
            parts = [standardised(likeness(one)[rows]) for one in (query.title, query.whole)]
            made.append(np.column_stack(parts))
        return made

    def terms(self, tokens: Tokens) -> list[Floats]:
        """Cosine of TF-IDF over other terms."""
        space = Space(tokens, rarity(tokens, self._texts), self._texts)
        return self._pools(lambda text: space.vectors @ space.vector(text))

    def latent(self, size: int = 100) -> list[Floats]:
        """Cosine in a space of `size` dimensions learned from the documents (LSA)."""
        space = Space(pairs, rarity(pairs, self._texts), self._texts)
        _, _, axes = svds(space.vectors, k=size, random_state=0)
        documents = space.vectors @ axes.T
        documents /= np.maximum(np.linalg.norm(documents, axis=1, keepdims=True), 1e-12)
        return self._pools(lambda text: documents @ (axes @ space.vector(text)))

    def classes(self) -> list[Floats]:
        """Cosine of likenesses to IPC subclasses, learned from titles of patents."""
        path = DATA / "achievements" / "cn_patent_titles_ipc.jsonl"
        patents = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        titles = [one["title"] for one in patents]
        space = Space(pairs, rarity(pairs, titles), titles)
        codes = sorted({code for one in patents for code in one["ipc_subclasses"]})
        place = {code: at for at, code in enumerate(codes)}
        has = [(place[c], at) for at, one in enumerate(patents) for c in one["ipc_subclasses"]]
        shape = (len(codes), len(titles))
        member = sparse.csr_array((np.ones(len(has)), tuple(zip(*has, strict=True))), shape=shape)
        centres = (member @ space.vectors).tocsr()
        length = np.sqrt(np.asarray(centres.multiply(centres).sum(axis=1)).ravel())
        documents = np.array([centres @ space.vector(one) for one in self._texts]) / length
        mean = documents.mean(axis=0)
        documents -= mean
        documents /= np.maximum(np.linalg.norm(documents, axis=1, keepdims=True), 1e-12)
        return self._pools(lambda text: documents @ (centres @ space.vector(text) / length - mean))


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    demands = DATA / "demands"
    judged = read_set(
        DATA / "achievements" / "techmatch_titles.jsonl",
        demands / "techmatch_demands.jsonl",
        demands / "techmatch_judgments.tsv",
    )
    given = lessons(judged)
    ours = held_out(given, OURS, linear)

    def tell(name: str, figures: Floats) -> None:
        error = metrics.standard_error(figures)
        apart = figures - ours
        print(
            f"| {name} | {figures.mean():.4f} ± {error:.4f} |"
            f" {apart.mean():+.4f} ± {metrics.standard_error(apart):.4f} |",
            flush=True,
        )

    print("| ranking | nDCG@10 | to ours |\n| --- | --- | --- |")
    tell("random order", np.array([metrics.random_ndcg(one.gains) for one in given]))
    for at, name in enumerate(FEATURES):
        tell(
            f"{name} alone",
            np.array([metrics.ndcg(one.features[:, at], one.gains) for one in given]),
        )
    pair, both, every = [2, 3], [0, 1, 2, 3], list(OURS)
    tell("linear: pairs", held_out(given, pair, linear))
    tell("linear: pairs, characters", held_out(given, both, linear))
    tell("linear: pairs, characters, subject (ours)", ours)
    tell("boosted: the same five", held_out(given, every, boosted))
    extra = Extra(judged)
    for name, more in (
        ("words", extra.terms(words)),
        ("runs of three", extra.terms(trigrams)),
        ("IPC predicted", extra.classes()),
        ("LSA of 100", extra.latent()),
    ):
        wider = [
            Lesson(np.hstack([one.features, further]), one.gains)
            for one, further in zip(given, more, strict=True)
        ]
        columns = range(wider[0].features.shape[1])
        tell(f"linear: ours and {name}", held_out(wider, columns, linear))


if __name__ == "__main__":
    main()
