"""The commands `techmarket search evaluate` and `train`: rankings on judged sets."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NoReturn
from uuid import uuid4

import typer
from rich.console import Console

from app.kit import migrate
from app.kit.db import make_engine, make_sessions
from app.kit.embedded import EmbeddedPostgres
from app.kit.settings import settings
from search.definition import definition
from search.embedded import EmbeddedEngine
from search.evaluation import training
from search.evaluation.forms import BadSet, JudgedSet, Text, read_set, read_texts
from search.evaluation.rankers import Bigram, Matching, OfEngine, lessons
from search.evaluation.run import Ranker, evaluate
from search.matching import model as models
from search.matching.features import FEATURES, statistics
from search.matching.model import BadModel, Model
from search.meilisearch import MeilisearchEngine, connected
from search.protocol import Engine, EngineRefused, EngineUnavailable

console = Console(stderr=True)
LEAST = 5
"""A model file keeps the terms of so many documents or more; rarer ones count alike."""
RULED_BY = "ridge regression of gains, centred within each query"
Documents = Annotated[
    Path,
    typer.Option(exists=True, dir_okay=False, help="JSON Lines: an id and fields of text"),
]
Queries = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="JSON Lines, the same form")
]
Judgments = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="TSV: query, document, level")
]


class Ranking(StrEnum):
    """What can be evaluated."""

    BIGRAM = "bigram"
    EMBEDDED = "embedded"
    MEILISEARCH = "meilisearch"
    MATCHING = "matching"


OWN = (Ranking.BIGRAM, Ranking.EMBEDDED, Ranking.MATCHING)


def add_to(group: typer.Typer) -> None:
    """Put the commands into the group `search`."""
    group.command("evaluate")(evaluate_command)
    group.command("train")(train_command)


def evaluate_command(
    documents: Documents,
    queries: Annotated[Path, typer.Option(exists=True, dir_okay=False)],
    judgments: Annotated[Path, typer.Option(exists=True, dir_okay=False)],
    engine: Annotated[
        list[Ranking] | None,
        typer.Option(help="May be given several times; by default all that need no server"),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="For matching: a file made by `train`"),
    ] = None,
    cross_validate: Annotated[
        bool, typer.Option(help="For matching: learn from other queries of this set")
    ] = False,
) -> None:
    """Print as JSON how well and how fast rankings answer judged queries."""
    judged = _judged(documents, queries, judgments)
    chosen = _model(model)
    for one in dict.fromkeys(engine or OWN):
        figures: dict[str, Any] = {"engine": one.value}
        if one == Ranking.MATCHING:
            figures["model"] = chosen.version
        try:
            figures |= asyncio.run(_evaluated(one, judged, chosen))
        except (EngineUnavailable, EngineRefused) as error:
            _refuse(f"{one.value}: {error}")
        if one == Ranking.MATCHING and cross_validate:
            found = training.cross_validated(lessons(judged))
            figures["cross_validated"] = _quality(found)
        typer.echo(json.dumps(figures, ensure_ascii=False, indent=1))


def train_command(
    documents: Documents,
    out: Annotated[Path, typer.Option(dir_okay=False, help="The model file to write")],
    queries: Queries = None,
    judgments: Judgments = None,
    field: Annotated[
        list[str] | None,
        typer.Option(help="Without judgments: a field of text to read; all by default"),
    ] = None,
) -> None:
    """Make a model of matching: rarities from documents, and weights from judgments if given.

    The same files give the same bytes.
    """
    if (queries is None) != (judgments is None):
        raise typer.BadParameter("--queries and --judgments belong together")
    recipe: dict[str, Any] = {"command": "techmarket search train", "least_documents": LEAST}
    weights: Mapping[str, float] = models.PLAIN
    given = {"documents": documents}
    texts: Mapping[str, Text]
    if queries is None or judgments is None:
        texts = _texts(documents, field or [])
        recipe["fields"] = field or "all"
        recipe["weights"] = "plain: nothing was learned"
    else:
        given |= {"queries": queries, "judgments": judgments}
        judged = _judged(documents, queries, judgments)
        texts = judged.documents
        taught = lessons(judged)
        if len(taught) < training.FOLDS:
            _refuse(f"{len(taught)} queries have a find, at least {training.FOLDS} are needed")
        learned = training.learn(taught)
        weights = {name: round(float(one), 6) for name, one in zip(FEATURES, learned, strict=True)}
        recipe |= {
            "weights": RULED_BY,
            "penalty": training.PENALTY,
            "cross_validated": _quality(training.cross_validated(taught)),
        }
    recipe["sha256"] = {name: _digest(path) for name, path in given.items()}
    rarities = statistics([one.whole for one in texts.values()], least=LEAST)
    made = Model(weights, rarities, recipe)
    out.write_bytes(made.dump())
    typer.echo(
        json.dumps(
            {"version": made.version, "weights": dict(made.weights), "recipe": recipe}, indent=1
        )
    )


def _quality(found: training.Quality) -> dict[str, Any]:
    return {
        "ndcg@10": round(found.ndcg, 4),
        "standard_error": round(found.error, 4),
        "queries": found.needs,
        "folds": training.FOLDS,
        "seeds": training.SEEDS,
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _judged(documents: Path, queries: Path, judgments: Path) -> JudgedSet:
    try:
        judged = read_set(documents, queries, judgments)
    except BadSet as error:
        _refuse(str(error), len(error.problems))
    for one in judged.ignored[:20]:
        console.print(f"ignored {one}", style="yellow", markup=False, soft_wrap=True)
    return judged


def _texts(path: Path, fields: list[str]) -> dict[str, Text]:
    try:
        return read_texts(path, fields)
    except BadSet as error:
        _refuse(str(error), len(error.problems))


def _model(path: Path | None) -> Model:
    if path is None:
        return models.shipped()
    try:
        return models.load(path)
    except BadModel as error:
        _refuse(f"{path.name}: {error}")


def _refuse(reason: str, problems: int = 1) -> NoReturn:
    console.print(reason, style="red", markup=False, soft_wrap=True)
    if problems > 1:
        console.print(f"{problems} lines in all are bad", style="red", markup=False)
    raise typer.Exit(2)


async def _evaluated(ranking: Ranking, judged: JudgedSet, model: Model) -> dict[str, Any]:
    async with _ranker(ranking, judged, model) as ranker:
        return await evaluate(ranker, judged)


@asynccontextmanager
async def _ranker(ranking: Ranking, judged: JudgedSet, model: Model) -> AsyncIterator[Ranker]:
    if ranking == Ranking.BIGRAM:
        yield Bigram(judged.documents)
    elif ranking == Ranking.MATCHING:
        yield Matching(judged.documents, model)
    else:
        opened = _embedded() if ranking == Ranking.EMBEDDED else _meilisearch()
        async with opened as engine, engine.scratch() as index:
            ranker = OfEngine(index, judged.documents)
            await ranker.fill()
            yield ranker


@asynccontextmanager
async def _meilisearch() -> AsyncIterator[Engine]:
    """The engine on the server of the settings, with an index of its own."""
    chosen = settings()
    if not chosen.search_url:
        _refuse("meilisearch needs the address of a server: TECHMARKET_SEARCH_URL")
    key = chosen.search_key.get_secret_value()
    async with connected(chosen.search_url, key) as client:
        yield MeilisearchEngine(client, f"evaluate_{uuid4().hex}", definition())


@asynccontextmanager
async def _embedded() -> AsyncIterator[Engine]:
    """The embedded engine on a PostgreSQL of its own, which is gone afterwards."""
    with TemporaryDirectory(prefix="tm-") as directory:
        server = EmbeddedPostgres(Path(directory) / "pg", durable=False)
        server.start()
        try:
            migrate.upgrade(server.url())
            engine = make_engine(server.url(), pool_size=2)
            try:
                yield EmbeddedEngine(make_sessions(engine), definition())
            finally:
                await engine.dispose()
        finally:
            server.stop()
