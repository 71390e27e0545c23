"""Composition root: the `techmarket` command."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, BinaryIO

import typer
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.ext.asyncio import AsyncSession

from app import (
    cli_guidance,
    cli_matching,
    cli_registry,
    cli_search,
    cli_statistics,
    opening,
    sample,
)
from app.achievements import imports
from app.auctions import verification
from app.auctions.engine import replay as histories
from app.cli_database import database
from app.contracts import verification as contract_check
from app.deals import verification as certificates
from app.demands import imports as demand_imports
from app.kit import clock, migrate
from app.kit.actor import Actor
from app.kit.db import make_engine, make_sessions
from app.kit.embedded import EmbeddedPostgres
from app.kit.errors import Problem
from app.kit.log import configure_logging
from app.kit.settings import EPHEMERAL, Settings, settings
from app.kit.signing import BadKey, plain_pem
from app.main import create_app
from app.parties import login
from app.parties import service as parties
from app.parties.schemas import NewOrganisation, NewPerson
from app.parties.states import OrganisationKind
from app.worker import run_worker

cli = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
cli.add_typer(opening.cli, name="opening-key")
cli.add_typer(cli_registry.cli)
console = Console(stderr=True)
WATCH_PAUSE_S = 0.5
cli.add_typer(cli_statistics.commands(database), name="statistics")


def _migrated(chosen: Settings) -> Iterator[str]:
    with database(chosen) as (url, _):
        migrate.upgrade(url)
        yield url


searching = cli_search.commands(_migrated)
cli_matching.add_to(searching)
cli.add_typer(searching, name="search")
pricing = typer.Typer(no_args_is_help=True, help="Learn parameters of prices from data")
cli_guidance.add_to(pricing)
cli.add_typer(pricing, name="pricing")


@cli.command()
def run(
    sandbox: bool = typer.Option(
        False, help="Serve the sample market with a movable clock and a simulated bank"
    ),
    empty: bool = typer.Option(False, help="Do not load the sample market into the sandbox"),
    ephemeral_opening_key: bool = typer.Option(
        False,
        help="Sandbox only: seal bids to a key in the data directory if no other is configured."
        " The service could open them at any time",
    ),
    host: str = typer.Option("", help="Address to listen on; overrides TECHMARKET_HOST"),
    port: int = typer.Option(0, help="Port to listen on; overrides TECHMARKET_PORT"),
) -> None:
    """Serve API, worker and pages in one process, on a migrated database."""
    changes: dict[str, object] = {}
    if sandbox:
        changes["mode"] = "sandbox"
        if not empty:
            changes["bank"] = "simulated"
    if host:
        changes["host"] = host
    if port:
        changes["port"] = port
    chosen = settings().model_copy(update=changes)
    if ephemeral_opening_key:
        if not chosen.sandbox:
            raise typer.BadParameter("--ephemeral-opening-key is for --sandbox alone")
        if not (chosen.opening_public_key or chosen.opening_officers):
            chosen = chosen.model_copy(update={"opening_public_key": EPHEMERAL})
    configure_logging(chosen)

    def prepare(url: str) -> None:
        migrate.upgrade(url)
        if chosen.sandbox and not empty:
            asyncio.run(sample.load(chosen, url, console))

    with database(chosen, prepare, stop_always=True) as (url, server):
        migrate.upgrade(url)
        demo = chosen.sandbox and not empty
        asyncio.run(_until_stopped(chosen, url, server, web=True, worker=True, demo=demo))


@cli.command()
def serve() -> None:
    """Serve API and pages; jobs and deadlines are the `worker`'s."""
    chosen = settings()
    configure_logging(chosen)
    with database(chosen) as (url, server):
        asyncio.run(_until_stopped(chosen, url, server, web=True, worker=False))


@cli.command()
def worker() -> None:
    """Run jobs and deadlines; any number of workers may run."""
    chosen = settings()
    configure_logging(chosen)
    with database(chosen) as (url, server):
        asyncio.run(_until_stopped(chosen, url, server, web=False, worker=True))


async def _until_stopped(
    chosen: Settings,
    url: str,
    embedded: EmbeddedPostgres | None,
    *,
    web: bool,
    worker: bool,
    demo: bool = False,
) -> None:
    """Run the parts until SIGINT or SIGTERM, or until one of them ends; then end them all."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    parts = [asyncio.create_task(_keep_running(embedded, stop))] if embedded else []
    if web:
        parts.append(asyncio.create_task(_web(chosen, url, stop, demo=demo)))
    if worker:
        parts.append(asyncio.create_task(run_worker(chosen, url, stop)))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({stopped, *parts}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await stopped
    for result in await asyncio.gather(*parts, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _web(chosen: Settings, url: str, stop: asyncio.Event, *, demo: bool) -> None:
    app = create_app(chosen, url)
    if demo:
        app.state.demo_logins = sample.DEMO_LOGINS
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=chosen.host,
            port=chosen.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    serving = asyncio.create_task(server._serve())  # serve() would take our signals
    _say_where(chosen, app)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if hasattr(app.state, "watch"):  # else it never got as far as taking requests
        app.state.watch.end_streams()
    server.should_exit = True
    await serving
    stopping.cancel()


def _say_where(chosen: Settings, app: FastAPI) -> None:
    """Tell the person at the terminal where to look, and as whom."""
    address = f"http://{chosen.host}:{chosen.port}"
    console.print(f"\nTechMarket 国家技术交易网络 ({chosen.mode})")
    console.print(f"  pages 页面  {address}/\n  API         {address}/api/docs")
    for name, password, zh, en in app.state.demo_logins:
        console.print(f"  {name}  {password}  {zh} / {en}", highlight=False)
    console.print("Ctrl-C stops everything; the data stays.\n")


async def _keep_running(embedded: EmbeddedPostgres, stop: asyncio.Event) -> None:
    """Start the embedded server again when it was killed; what it acknowledged is on disk."""
    while not stop.is_set():
        if embedded.pid() is None:
            await asyncio.to_thread(embedded.start)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=WATCH_PAUSE_S)


@cli.command()
def upgrade() -> None:
    """Bring the database to the newest migration."""
    with database(settings()) as (url, _):
        migrate.upgrade(url)


@cli.command("install-operator")
def install_operator(
    name: str = typer.Option(..., prompt=True, help="The operator's name"),
    credit_code: str = typer.Option(..., prompt=True, help="Its unified social credit code"),
    region_code: str = typer.Option(..., prompt=True, help="Its region, GB/T 2260, 6 digits"),
    login: str = typer.Option(..., prompt=True, help="Login of the platform administrator"),
    person: str = typer.Option(..., prompt=True, help="The administrator's name"),
    password: str = typer.Option(..., prompt=True, confirmation_prompt=True, hide_input=True),
) -> None:
    """Found the platform: its first operator and the platform administrator."""
    with database(settings()) as (url, _):
        migrate.upgrade(url)
        try:
            new = NewOrganisation(
                kind=OrganisationKind.EXCHANGE_OPERATOR,
                name=name,
                credit_code=credit_code,
                region_code=region_code,
                administrator=NewPerson(login=login, name=person, password=password),
            )
            asyncio.run(_install(url, new))
        except (ValidationError, Problem) as error:
            detail = error.detail("en") if isinstance(error, Problem) else str(error)
            console.print(detail, markup=False)
            raise typer.Exit(1) from None
    console.print(f"{login} administers the platform.")


async def _install(url: str, new: NewOrganisation) -> None:
    engine = make_engine(url, pool_size=1)
    try:
        async with make_sessions(engine)() as session, session.begin():
            await parties.install(session, new)
    finally:
        await engine.dispose()


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


Login = Annotated[str, typer.Option("--as", help="Login of a trader who imports")]
Password = Annotated[
    str,
    typer.Option(
        prompt=True, hide_input=True, envvar="TECHMARKET_PASSWORD", help="Asked if absent"
    ),
]
DryRun = Annotated[bool, typer.Option(help="Check and report; write nothing")]
ImportFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Importing = Callable[
    [AsyncSession, Actor, BinaryIO, Callable[[int, int], None]], Awaitable[BaseModel]
]
"""Reads a file in a transaction as an actor, and tells the bytes and rows read so far."""


@cli.command("import")
def import_achievements(
    file: ImportFile, as_login: Login, password: Password, dry_run: DryRun = False
) -> None:
    """Import achievements from a .csv or .jsonl file: every row or none."""
    forms: dict[str, imports.Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
    form = forms.get(file.suffix.lower())
    if form is None:
        raise typer.BadParameter(f"the file's name must end in one of {', '.join(forms)}")

    async def importing(
        session: AsyncSession, actor: Actor, opened: BinaryIO, progress: imports.Progress
    ) -> BaseModel:
        return await imports.import_file(
            session, actor, opened, form, dry_run=dry_run, progress=progress
        )

    _import_as(file, as_login, password, importing)


@cli.command("import-demands")
def import_demands(
    file: ImportFile, as_login: Login, password: Password, dry_run: DryRun = False
) -> None:
    """Import demands from JSON Lines of the standard: every line or none."""

    async def importing(
        session: AsyncSession, actor: Actor, opened: BinaryIO, progress: demand_imports.Progress
    ) -> BaseModel:
        return await demand_imports.import_file(
            session, actor, opened, dry_run=dry_run, progress=progress
        )

    _import_as(file, as_login, password, importing)


def _import_as(file: Path, as_login: str, password: str, importing: Importing) -> None:
    """Run an import; print its report, or what is wrong in which line and exit with 1."""
    chosen = settings()
    configure_logging(chosen)
    with database(chosen) as (url, _):
        migrate.upgrade(url)
        try:
            with file.open("rb") as opened:
                size = file.stat().st_size
                report = asyncio.run(_import(url, opened, size, (as_login, password), importing))
        except Problem as problem:
            for error in (details := problem.details("en"))["errors"]:
                line = f"line {error['line']}: " if "line" in error else ""
                field = f"{error['field']}: " if error["field"] else ""
                console.print(f"{line}{field}{error['message']}", markup=False, soft_wrap=True)
            console.print(details["detail"], style="red", markup=False)
            raise typer.Exit(1) from None
    typer.echo(report)


async def _import(
    url: str, file: BinaryIO, size: int, credentials: tuple[str, str], importing: Importing
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

            def show(done: int, rows: int) -> None:
                progress.update(task, completed=done, rows=rows)

            async with sessions() as session, session.begin():
                report = await importing(session, actor, file, show)
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
    actor = await login.authenticate(session, pair.access_token, None)
    await login.log_out(session, pair.access_token, now)
    return actor


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    typer.echo(json.dumps(create_app(settings(), "").openapi(), ensure_ascii=False, indent=1))


@cli.command()
def replay(
    file: Annotated[
        typer.FileBinaryRead | None, typer.Argument(help="JSON Lines; - reads stdin")
    ] = None,
    schema: bool = typer.Option(False, help="Print the JSON Schema of a line and stop"),
) -> None:
    """Run bid histories through the auction rules; print one JSON line per auction."""
    if schema:
        typer.echo(json.dumps(histories.schema(), ensure_ascii=False, indent=1))
        return
    if file is None:
        raise typer.BadParameter("name a file, or - for standard input")
    failed = False
    for answer in histories.replay(file):
        if answer.text is not None:
            typer.echo(answer.text)
        else:
            failed = True
            typer.echo(f"line {answer.number}: {answer.problem}", err=True)
    if failed:
        raise typer.Exit(1)


PublicKey = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        readable=True,
        help="The platform's public key (PEM), got from the platform in another way",
    ),
]


@cli.command("verify-record")
def verify_record(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="Record; - reads stdin")],
    public_key: PublicKey = None,
) -> None:
    """Check an auction's record offline: chain, signature, and the result by the rules."""
    _report(verification.verify(file.read(), _trusted(public_key)))


@cli.command("verify-certificate")
def verify_certificate(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="Certificate; - reads stdin")],
    public_key: PublicKey = None,
) -> None:
    """Check a trade certificate's JSON offline: content, signature, state when it was fetched."""
    _report(certificates.verify(file.read(), _trusted(public_key)))


@cli.command("verify-contract")
def verify_contract(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="Signed PDF; - reads stdin")],
    roots: Annotated[
        Path, typer.Option(help="PEM file with the roots of the authorities that are trusted")
    ],
) -> None:
    """Show who signed a contract's PDF, with which certificate and when; 1 if anything is wrong."""
    _report(contract_check.verify(file.read(), roots.read_bytes()))


def _trusted(public_key: Path | None) -> str | None:
    """The key in a file that a record must be signed with; raises BadParameter."""
    if public_key is None:
        return None
    try:
        return plain_pem(public_key.read_text("ascii"))
    except (BadKey, UnicodeDecodeError) as error:
        raise typer.BadParameter(str(error), param_hint="--public-key") from None


def _report(
    checks: Sequence[verification.Check]
    | Sequence[certificates.Check]
    | Sequence[contract_check.Check],
) -> None:
    """Print what was checked; end with 1 unless everything passed."""
    for check in checks:
        typer.echo(f"{'ok' if check.passed else 'WRONG'}  {check.name}: {check.finding}")
    if not all(check.passed for check in checks):
        raise typer.Exit(1)


def main() -> None:
    """Entry point."""
    cli()


if __name__ == "__main__":
    main()
