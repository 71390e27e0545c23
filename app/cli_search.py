"""The commands `techmarket search ...`: apply, rebuild, verify, status."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

import typer
from rich.console import Console

from app.finding import status as states
from app.finding.engines import Engines, opened
from app.finding.indexing import Comparison, Indexer
from app.kit.db import Sessions, make_engine, make_sessions
from app.kit.log import configure_logging
from app.kit.settings import Settings, settings
from search.definition import definition
from search.protocol import Difference, EngineRefused, EngineUnavailable

console = Console(stderr=True)
SHOWN = 20


def commands(database: Callable[[Settings], Iterator[str]]) -> typer.Typer:
    """The group of commands; `database` opens the database and gives its address."""
    cli = typer.Typer(no_args_is_help=True, help="The indexes of the search.")

    def running(act: Callable[[Sessions, Engines], Awaitable[bool]]) -> None:
        chosen = settings()
        configure_logging(chosen)
        with contextmanager(database)(chosen) as url:
            try:
                well = asyncio.run(_with_engines(chosen, url, act))
            except (EngineUnavailable, EngineRefused) as error:
                console.print(str(error), style="red", markup=False)
                raise typer.Exit(2) from None
        if not well:
            raise typer.Exit(1)

    @cli.command()
    def apply(
        yes: bool = typer.Option(False, "--yes", help="Do not ask before rebuilding"),
    ) -> None:
        """Show where the indexes depart from their definition, and rebuild those that do."""
        running(partial(_apply, yes=yes))

    @cli.command()
    def rebuild() -> None:
        """Make every index anew from the database; the old one answers until it is whole."""
        running(_rebuild)

    @cli.command()
    def verify(
        repair: bool = typer.Option(True, help="Bring what differs in step with the database"),
    ) -> None:
        """Compare every index with the database; exits with 1 if one differed."""
        running(partial(_verify, repair=repair))

    @cli.command()
    def status() -> None:
        """Print as JSON what waits for each index, since when, and what went wrong."""
        running(_status)

    return cli


async def _apply(sessions: Sessions, engines: Engines, *, yes: bool) -> bool:
    for engine in engines.targets:
        found = await engine.differences()
        typer.echo(_differences(engine.name, found))
        if found and (yes or typer.confirm(f"Rebuild {engine.name}?")):
            typer.echo(_made(engine.name, await Indexer(sessions, engines).rebuild(engine)))
    return True


async def _rebuild(sessions: Sessions, engines: Engines) -> bool:
    for engine in engines.targets:
        typer.echo(_made(engine.name, await Indexer(sessions, engines).rebuild(engine)))
    return True


async def _verify(sessions: Sessions, engines: Engines, *, repair: bool) -> bool:
    equal = True
    indexer = Indexer(sessions, engines)
    for engine in engines.targets:
        if repair:
            different, found = await indexer.verify(engine)
        else:
            different, found = await engine.differences(), await indexer.compare(engine)
        typer.echo(_differences(engine.name, different))
        typer.echo(_comparison(engine.name, found))
        equal = equal and not different and found.equal
    return equal


async def _status(sessions: Sessions, engines: Engines) -> bool:
    async with sessions() as session:
        shown = [one.model_dump(mode="json") for one in await states.indexes(session, engines)]
    if engines.meilisearch is not None:
        try:
            shown[-1]["failed_tasks"] = await engines.meilisearch.failed_tasks()
        except EngineUnavailable as error:
            shown[-1]["unavailable"] = str(error)
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=1))
    return True


async def _with_engines(
    chosen: Settings, url: str, act: Callable[[Sessions, Engines], Awaitable[bool]]
) -> bool:
    engine = make_engine(url, pool_size=4)
    sessions = make_sessions(engine)
    try:
        async with opened(chosen, sessions) as engines:
            return await act(sessions, engines)
    finally:
        await engine.dispose()


def _differences(name: str, found: list[Difference]) -> str:
    if not found:
        return f"{name}: as defined, version {definition().version}"
    lines = [f"{name}: {len(found)} settings differ"]
    for one in found:
        present = json.dumps(one.present, ensure_ascii=False, default=str)
        wanted = json.dumps(one.wanted, ensure_ascii=False, default=str)
        lines += [f"  {one.setting}", f"    - {present[:400]}", f"    + {wanted[:400]}"]
    return "\n".join(lines)


def _comparison(name: str, found: Comparison) -> str:
    lines = [
        f"{name}: {found.documents} documents, {len(found.missing)} missing,"
        f" {len(found.stale)} stale, {len(found.extra)} that should not be there"
    ]
    for what in ("missing", "stale", "extra"):
        ids = getattr(found, what)
        lines += [f"  {what}: {one}" for one in ids[:SHOWN]]
        if len(ids) > SHOWN:
            lines.append(f"  {what}: and {len(ids) - SHOWN} more")
    return "\n".join(lines)


def _made(name: str, count: int) -> str:
    return f"{name}: {count} documents, version {definition().version}"
