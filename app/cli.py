"""Composition root: the `techmarket` command."""

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, BinaryIO

import typer
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import imports
from app.kit import clock, migrate
from app.kit.actor import Actor
from app.kit.db import make_engine, make_sessions
from app.kit.embedded import EmbeddedPostgres
from app.kit.errors import Problem, Unauthenticated
from app.kit.log import configure_logging
from app.kit.settings import Settings, settings
from app.main import create_app
from app.parties import login
from app.worker import run_worker

cli = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
console = Console(stderr=True)


@contextmanager
def database(chosen: Settings) -> Iterator[str]:
    """The database's address; starts the embedded one when none is configured.

    Whoever started the embedded server stops it.
    """
    if chosen.database_url:
        yield chosen.database_url
        return
    server = EmbeddedPostgres(chosen.data_dir / "postgres")
    server.start()
    try:
        yield server.url()
    finally:
        if server.started_here:
            server.stop()


@cli.command()
def run(
    sandbox: bool = typer.Option(False, help="Serve the sample market with a movable clock"),
    host: str = typer.Option("", help="Address to listen on; overrides TECHMARKET_HOST"),
    port: int = typer.Option(0, help="Port to listen on; overrides TECHMARKET_PORT"),
) -> None:
    """Serve API, worker and pages in one process."""
    changes: dict[str, object] = {}
    if sandbox:
        changes["mode"] = "sandbox"
    if host:
        changes["host"] = host
    if port:
        changes["port"] = port
    chosen = settings().model_copy(update=changes)
    configure_logging(chosen)
    with database(chosen) as url:
        migrate.upgrade(url)
        asyncio.run(_serve(chosen, url))


async def _serve(chosen: Settings, url: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(chosen, url),
            host=chosen.host,
            port=chosen.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    web = asyncio.create_task(server._serve())
    worker = asyncio.create_task(run_worker(chosen, url, stop))
    stopped = asyncio.create_task(stop.wait())
    console.print(f"TechMarket: http://{chosen.host}:{chosen.port}/  API: /api/docs")
    await asyncio.wait({web, worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    server.should_exit = True
    results = await asyncio.gather(web, worker, return_exceptions=True)
    stopped.cancel()
    for result in results:
        if isinstance(result, BaseException):
            raise result


@cli.command()
def upgrade() -> None:
    """Bring the database to the newest migration."""
    with database(settings()) as url:
        migrate.upgrade(url)


@cli.command("check-migrations")
def check_migrations() -> None:
    """Run every migration on an empty database; fail when the models say something else."""
    with TemporaryDirectory(prefix="tm-") as directory:
        server = EmbeddedPostgres(Path(directory) / "pg", durable=False)
        server.start()
        try:
            migrate.upgrade(server.url())
            migrate.check(server.url())
        finally:
            server.stop()


@cli.command("import")
def import_achievements(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    as_login: Annotated[str, typer.Option("--as", help="Login of a trader who imports")],
    password: Annotated[
        str,
        typer.Option(
            prompt=True, hide_input=True, envvar="TECHMARKET_PASSWORD", help="Asked if absent"
        ),
    ],
    dry_run: Annotated[bool, typer.Option(help="Check and report; write nothing")] = False,
) -> None:
    """Import achievements from a .csv or .jsonl file: every row or none."""
    forms: dict[str, imports.Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
    form = forms.get(file.suffix.lower())
    if form is None:
        raise typer.BadParameter(f"the file's name must end in one of {', '.join(forms)}")
    chosen = settings()
    configure_logging(chosen)
    with database(chosen) as url:
        migrate.upgrade(url)
        try:
            with file.open("rb") as opened:
                size = file.stat().st_size
                report = asyncio.run(
                    _import(url, opened, size, form, (as_login, password), dry_run=dry_run)
                )
        except Problem as problem:
            for error in (details := problem.details("en"))["errors"]:
                line = f"line {error['line']}: " if "line" in error else ""
                field = f"{error['field']}: " if error["field"] else ""
                console.print(f"{line}{field}{error['message']}", markup=False, soft_wrap=True)
            console.print(details["detail"], style="red", markup=False)
            raise typer.Exit(1) from None
    typer.echo(report)


async def _import(
    url: str,
    file: BinaryIO,
    size: int,
    form: imports.Format,
    credentials: tuple[str, str],
    *,
    dry_run: bool,
) -> str:
    engine = make_engine(url, pool_size=1)
    sessions = make_sessions(engine)
    columns = (
        TextColumn("{task.fields[rows]} rows"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    try:
        async with sessions() as session, session.begin():
            actor = await _actor(session, *credentials)
        if isinstance(actor, Problem):
            raise actor
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("", total=size, rows=0)
            async with sessions() as session, session.begin():
                report = await imports.import_file(
                    session,
                    actor,
                    file,
                    form,
                    dry_run=dry_run,
                    progress=lambda done, rows: progress.update(task, completed=done, rows=rows),
                )
        return report.model_dump_json(indent=1)
    finally:
        await engine.dispose()


async def _actor(session: AsyncSession, who: str, password: str) -> Actor | Problem:
    """The person behind a login and password; the token made for it is closed at once.

    A refusal is returned, not raised, so that its count is committed.
    """
    now = await clock.real_now(session)
    life = login.TokenLife(access=timedelta(minutes=1), refresh=timedelta(minutes=1))
    pair = await login.log_in(session, who, password, None, now, life)
    if isinstance(pair, Problem):
        return pair
    await session.flush()
    actor = await login.authenticate(session, pair.access_token, None, now)
    await login.log_out(session, pair.access_token, now)
    return actor or Unauthenticated()


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    typer.echo(json.dumps(create_app(settings(), "").openapi(), ensure_ascii=False, indent=1))


def main() -> None:
    """Entry point."""
    cli()


if __name__ == "__main__":
    main()
