"""Judged sets: how they are read, what metrics they give, and the floors of the rankings."""

import asyncio
import json
import math
from collections.abc import Container
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import cli
from search.evaluation import metrics, training
from search.evaluation.forms import BadSet, JudgedSet, Text, read_set
from search.evaluation.rankers import Bigram, Matching, OfEngine, lessons
from search.evaluation.run import evaluate, reranked
from search.matching import model as models
from search.matching.bm25 import PairBm25
from search.matching.features import Need, Offers
from search.matching.terms import characters, pairs, rarity, shared_passages
from search.protocol import Engine

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DOCUMENTS = DATA / "achievements" / "techmatch_titles.jsonl"
QUERIES = DATA / "demands" / "techmatch_demands.jsonl"
JUDGMENTS = DATA / "demands" / "techmatch_judgments.tsv"
PAPERS = DATA / "achievements" / "csl_papers.jsonl"


@cache
def real_set() -> JudgedSet:
    """The judged demands."""
    return read_set(DOCUMENTS, QUERIES, JUDGMENTS)


def asked_of(judged: JudgedSet, queries: Container[str]) -> JudgedSet:
    """The set with some of its queries; what nobody judged is asked for its latency alone."""
    chosen = {name: one for name, one in judged.queries.items() if name in queries}
    levels = {name: one for name, one in judged.levels.items() if name in chosen}
    return replace(judged, queries=chosen, levels=levels)


@cache
def papers() -> JudgedSet:
    """Abstracts of papers, and their titles as queries."""
    lines = [json.loads(line) for line in PAPERS.read_text("utf-8").splitlines()]
    return JudgedSet(
        {str(n): Text(str(n), "", one["abstract"]) for n, one in enumerate(lines)},
        {str(n): Text(str(n), one["title"], "") for n, one in enumerate(lines)},
        {str(n): {str(n): 1} for n in range(len(lines))},
    )


def written(folder: Path, documents: str, queries: str, judgments: str) -> tuple[Path, Path, Path]:
    """A judged set as files."""
    paths = folder / "documents.jsonl", folder / "queries.jsonl", folder / "judgments.tsv"
    for path, content in zip(paths, (documents, queries, judgments), strict=True):
        path.write_text(content, "utf-8")
    return paths


def options(paths: tuple[Path, Path, Path]) -> list[str]:
    """The files as arguments of a command."""
    names = ("--documents", "--queries", "--judgments")
    return [one for pair in zip(names, map(str, paths), strict=True) for one in pair]


def test_terms_of_chinese_and_latin_text() -> None:
    assert characters("CNC 数控Ａ3") == ["cnc", "数", "控", "a3"]
    assert pairs("锂 电池,LiB") == ["锂电", "电池", "池l", "li", "ib"]


def test_shared_passages_stand_in_both_texts_and_the_rarest_come_first() -> None:
    rare = rarity(pairs, ["制备方法"] * 9 + ["锂电池隔膜"])
    need, offer = "需要 PVDF 涂覆锂电池隔膜的制备方法", "一种PVDF锂电池隔膜制备方法"
    assert shared_passages(need, offer, rare) == ["锂电池隔膜", "pvdf", "制备方法"]
    assert shared_passages("轴承", "隔膜", rare) == []


def test_bm25_is_the_formula() -> None:
    index = PairBm25(["甲乙", "乙丙丁"])
    idf = math.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    expected = 2 * idf * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1 / 1.5))
    assert index.scores("甲乙,甲乙") == pytest.approx([expected, 0])
    assert index.scores("甲乙", [1]) == pytest.approx([0])
    assert index.scores("戊") == pytest.approx([0, 0])


def test_ties_count_as_their_mean() -> None:
    gains = np.array([3.0, 0.0, 1.0])
    assert metrics.ndcg(np.array([3.0, 1.0, 2.0]), gains) == pytest.approx(1)
    ideal = 3 + 1 / math.log2(3)
    assert metrics.ndcg(np.array([1.0, 1.0, 0.0]), gains) == pytest.approx(
        (1.5 + 1.5 / math.log2(3) + 0.5) / ideal
    )
    orders = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    mean = np.mean([metrics.ndcg(-np.argsort(one).astype(float), gains) for one in orders])
    assert metrics.random_ndcg(gains) == pytest.approx(mean)
    assert metrics.reciprocal_rank([False, True, True]) == 0.5
    assert metrics.reciprocal_rank([False] * 10 + [True]) == 0
    assert metrics.percentiles([0.001, 0.003])["p50"] == 2


def test_every_bad_line_is_named_with_its_number(tmp_path: Path) -> None:
    paths = written(
        tmp_path,
        '{"id": "a", "title": "甲"}\nnot json\n{"title": "乙"}\n{"id": "a", "title": "丙"}\n[1]\n',
        '{"id": "q", "title": "甲"}\n\n{"id": "r", "n": 1}\n',
        "query\tdocument\tlevel\nq\ta\thigh\nq\ta\n",
    )
    with pytest.raises(BadSet) as refused:
        read_set(*paths)
    said = [(one.file, one.line) for one in refused.value.problems]
    assert said == [
        ("documents.jsonl", 2),
        ("documents.jsonl", 3),
        ("documents.jsonl", 4),
        ("documents.jsonl", 5),
        ("queries.jsonl", 3),
        ("judgments.tsv", 2),
        ("judgments.tsv", 3),
    ]
    reasons = [one.reason for one in refused.value.problems]
    assert reasons[0].startswith("not JSON")
    assert reasons[2] == "id 'a' occurs twice"
    assert reasons[5] == "level 'high' is no whole number from 0"
    answer = CliRunner().invoke(cli, ["search", "evaluate", *options(paths)])
    assert answer.exit_code == 2
    assert "judgments.tsv:3: not three columns" in answer.stderr


def test_gains_follow_the_levels_that_occur(tmp_path: Path) -> None:
    def gains(judgments: str) -> dict[str, dict[str, float]]:
        documents = "".join(f'{{"id": {n}, "title": "甲{n}"}}\n' for n in range(3))
        return read_set(
            *written(tmp_path, documents, '{"id": "q", "title": "甲"}\n', judgments)
        ).gains()

    assert gains("q\t0\t1\nq\t1\t4\n") == {"q": {"0": 0, "1": 3}}
    assert gains("q\t0\t0\nq\t1\t2\n") == {"q": {"0": 0, "1": 2}}
    assert gains("q\t0\t1\nq\t1\t1\n") == {"q": {"0": 1, "1": 1}}
    odd = read_set(
        tmp_path / "documents.jsonl",
        tmp_path / "queries.jsonl",
        written(tmp_path, '{"id": 0, "title": "甲"}\n', '{"id": "q", "text": "乙"}\n',
                "q\t0\t2\nq\t7\t2\nz\t0\t1\n")[2],
    )  # fmt: skip
    assert [(one.line, one.reason) for one in odd.ignored] == [
        (2, "no document has the id '7'"),
        (3, "no query has the id 'z'"),
    ]


def test_the_yardstick_and_matching_reach_their_floors() -> None:
    judged = asked_of(real_set(), set(real_set().levels))
    yardstick = asyncio.run(evaluate(Bigram(judged.documents), judged))
    assert yardstick["scored_queries"] == 96
    assert yardstick["ndcg@10"] == pytest.approx(0.720, abs=0.002)
    assert yardstick["ndcg@10_of_random_order"] == pytest.approx(0.4516, abs=0.0001)
    plain = asyncio.run(evaluate(Matching(judged.documents, models.shipped()), judged))
    assert plain["ndcg@10"] > 0.78, "weights that have learned nothing"
    assert plain["recall@100"] > yardstick["recall@100"]
    learned = training.cross_validated(lessons(judged))
    assert learned.needs == 96
    assert learned.ndcg > 0.785
    assert learned.error < 0.02


def test_titles_find_their_abstracts() -> None:
    some = asked_of(papers(), {str(n) for n in range(0, 2000, 4)})
    found = asyncio.run(evaluate(Bigram(some.documents), some))
    assert found["mrr@10"] >= 0.97


async def test_engines_reach_their_floors(engine: Engine) -> None:
    """Demands ask their own pools of all judged documents; of the papers every tenth title asks."""
    floor = {"embedded": 0.72, "meilisearch": 0.68}[engine.name]
    judged = asked_of(real_set(), set(real_set().levels))
    pools = {document for pool in judged.levels.values() for document in pool}
    known = {name: one for name, one in judged.documents.items() if name in pools}
    async with engine.scratch() as index:
        ranker = OfEngine(index, known)
        await ranker.fill()
        assert await reranked(ranker, judged) >= floor
    some = asked_of(papers(), {str(n) for n in range(0, 2000, 10)})
    async with engine.scratch() as index:
        ranker = OfEngine(index, some.documents)
        await ranker.fill()
        found = await evaluate(ranker, some)
        assert found["mrr@10"] >= 0.97


def test_a_model_that_was_learned_is_the_same_every_time(tmp_path: Path) -> None:
    documents = "".join(
        json.dumps({"id": f"d{n}", "title": f"{'锂电池隔膜' if n % 2 else '玉米种子'}{n}号工艺"})
        + "\n"
        for n in range(20)
    )
    queries = "".join(
        json.dumps({"id": f"q{n}", "title": "锂电池隔膜", "content": f"{n}号"}) + "\n"
        for n in range(5)
    )
    judgments = "".join(
        f"q{query}\td{document}\t{3 if document % 2 else 1}\n"
        for query in range(5)
        for document in range(query * 4, query * 4 + 4)
    )
    paths = written(tmp_path, documents, queries, judgments)
    made = [tmp_path / "one.json", tmp_path / "two.json"]
    for out in made:
        answer = CliRunner().invoke(cli, ["search", "train", *options(paths), "--out", str(out)])
        assert answer.exit_code == 0, answer.stderr
    assert made[0].read_bytes() == made[1].read_bytes()
    model = models.load(made[0])
    assert model.recipe["cross_validated"]["ndcg@10"] == 1
    assert set(model.recipe["sha256"]) == {"documents", "queries", "judgments"}
    assert model.weights["char_title"] > 0
    scores = model.scores(Need("锂电池隔膜"), ["玉米种子", "锂电池隔膜工艺", "隔膜"])
    assert scores.argmax() == 1
    changed = made[0].read_bytes().replace(b'"char_all":', b'"char_all":1', 1)
    with pytest.raises(models.BadModel):
        models.parse(changed)
    asked = ["--engine", "matching", "--engine", "bigram", "--model", str(made[0])]
    command = ["search", "evaluate", *options(paths), *asked, "--cross-validate"]
    answer = CliRunner().invoke(cli, command)
    assert answer.exit_code == 0, answer.stderr
    decoder = json.JSONDecoder()
    first, end = decoder.raw_decode(answer.stdout)
    second, _ = decoder.raw_decode(answer.stdout[end:].lstrip())
    assert (first["engine"], first["model"], first["ndcg@10"]) == ("matching", model.version, 1)
    assert second["engine"] == "bigram"


def test_candidates_that_are_alike_or_absent_give_no_score() -> None:
    assert Offers([]).features(Need("甲")).shape == (0, 5)
    assert Offers(["甲乙"]).features(Need("甲乙")).tolist() == [[0, 0, 0, 0, 0]]
    assert not Offers(["甲乙", "丙丁"]).candidates(Need("戊己")).size


def test_the_shipped_model_has_its_recipe() -> None:
    shipped = models.shipped()
    assert shipped.recipe["weights"].startswith("plain")
    assert shipped.recipe["fields"] == ["title", "abstract"]
    assert shipped.recipe["sha256"]["documents"] == sha256(PAPERS.read_bytes()).hexdigest()
