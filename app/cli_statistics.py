"""Composition root: the commands `techmarket statistics`."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import migrate
from app.kit.db import make_engine, make_sessions
from app.kit.log import configure_logging
from app.kit.settings import Settings, settings
from app.statistics import service

OpenDatabase = Callable[[Settings], AbstractContextManager[Any]]
"""Gives the database's address first."""


def commands(database: OpenDatabase) -> typer.Typer:
    """The commands, on databases opened so."""
    cli = typer.Typer(no_args_is_help=True, help="Check and rebuild the aggregates")

    @cli.command()
    def verify() -> None:
        """Compare the aggregates with the journal and with the register; exit with 1 if not."""
        check = _on(database, service.verify)
        typer.echo(f"{check.checked} registrations compared")
        for month, dimension, key in check.cells:
            typer.echo(f"cell differs: {month:%Y-%m} {dimension} {key}".rstrip())
        for registration_id in check.registrations:
            typer.echo(f"not counted as it stands: {registration_id}")
        if not check.agrees:
            typer.echo("rebuild with: techmarket statistics rebuild")
            raise typer.Exit(1)
        typer.echo("everything agrees")

    @cli.command()
    def rebuild() -> None:
        """Compute all aggregates from the journal; count anew what is not in step."""
        cells, recounted = _on(database, service.rebuild)
        typer.echo(f"{cells} cells computed; {recounted} registrations will be counted again")

    return cli


def _on(database: OpenDatabase, work: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
    """Work in one transaction on the migrated database."""
    chosen = settings()
    configure_logging(chosen)

    async def run(url: str) -> Any:
        engine = make_engine(url, pool_size=1)
        try:
            async with make_sessions(engine)() as session, session.begin():
                return await work(session)
        finally:
            await engine.dispose()

    with database(chosen) as (url, _):
        migrate.upgrade(url)
        return asyncio.run(run(url))
