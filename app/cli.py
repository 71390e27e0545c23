"""Composition root: the `techmarket` command."""

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import typer
import uvicorn
from rich.console import Console

from app.kit import migrate
from app.kit.embedded import EmbeddedPostgres
from app.kit.log import configure_logging
from app.kit.settings import Settings, settings
from app.main import create_app
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


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    typer.echo(json.dumps(create_app(settings(), "").openapi(), ensure_ascii=False, indent=1))


def main() -> None:
    """Entry point."""
    cli()


if __name__ == "__main__":
    main()
