"""Keys that open sealed bids, and their use: on the officers' machines, without the service."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from app.auctions import sealing
from app.kit import clock
from app.kit.opening import (
    BadOpeningKey,
    CannotOpen,
    is_protected,
    new_key_file,
    read_private_key,
    read_public_key,
)

cli = typer.Typer(no_args_is_help=True, help=__doc__)
console = Console(stderr=True)

Existing = typer.Argument(exists=True, dir_okay=False, readable=True)
KeyFile = Annotated[Path, Existing]
KeyOption = Annotated[
    Path, typer.Option("--key", exists=True, dir_okay=False, readable=True, help="Your key file")
]
Custody = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, readable=True, help="The auction's custody document (JSON)"
    ),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, readable=True, help="File with the key file's passphrase"
    ),
]
Early = Annotated[
    bool, typer.Option(help="Open before the time: for a sandbox whose clock was moved")
]


@cli.command()
def new(
    file: Annotated[Path, typer.Argument(help="Where to put it; must not exist")],
    passphrase_file: PassphraseFile = None,
    ask_passphrase: Annotated[bool, typer.Option(help="Ask for a passphrase")] = False,
) -> None:
    """Make a key, for an officer or for the platform; prints its public half."""
    passphrase = _from_file(passphrase_file)
    if ask_passphrase and passphrase is None:
        passphrase = _asked(confirm=True)
    with _refusals():
        public = new_key_file(file, passphrase)
    if passphrase is None:
        console.print(f"{file} has no passphrase: whoever reads it has the key.", markup=False)
    typer.echo(public)


@cli.command()
def public(file: KeyFile) -> None:
    """Print the public half of a key file."""
    with _refusals():
        typer.echo(read_public_key(file))


@cli.command("open")
def open_(
    custody: Custody, key: KeyOption, passphrase_file: PassphraseFile = None, early: Early = False
) -> None:
    """Print an auction's private key, opened by the one opening key."""
    with _refusals():
        opened = sealing.open_custody(_document(custody), _private(key, passphrase_file))
        _require_time(opened.not_before, early=early)
    _print(opened)


@cli.command("open-share")
def open_share(
    custody: Custody, key: KeyOption, passphrase_file: PassphraseFile = None, early: Early = False
) -> None:
    """Print your share of an auction's private key, to be handed in."""
    with _refusals():
        opened = sealing.open_share(_document(custody), _private(key, passphrase_file))
        _require_time(opened.not_before, early=early)
    _print(opened)


@cli.command()
def rebuild(
    custody: Custody,
    shares: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, readable=True, help="Opened shares (JSON)"),
    ],
) -> None:
    """Print an auction's private key, rebuilt from opened shares."""
    with _refusals():
        opened = sealing.rebuild(
            _document(custody), [sealing.read_share(_document(share)) for share in shares]
        )
    _print(opened)


class _TooEarly(ValueError):
    """The auction may not be opened yet."""


def _require_time(not_before: datetime, *, early: bool) -> None:
    if not early and clock.machine_now() < not_before:
        raise _TooEarly(
            f"this auction may not be opened before {not_before.isoformat()};"
            " whoever asks you to open it now would read bids that others can still beat"
        )


@contextmanager
def _refusals() -> Iterator[None]:
    """What cannot be done ends the command with status 1 and the reason."""
    try:
        yield
    except FileExistsError as error:
        taken = error.filename2 or error.filename
        console.print(f"{taken} exists already and stays", markup=False, soft_wrap=True)
    except OSError as error:
        console.print(f"the file cannot be written: {error}", markup=False, soft_wrap=True)
    except (
        BadOpeningKey,
        CannotOpen,
        sealing.BadContent,
        sealing.BadCustody,
        sealing.BadShare,
        _TooEarly,
    ) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
    else:
        return
    raise typer.Exit(1)


def _private(file: Path, passphrase_file: Path | None) -> bytes:
    passphrase = _from_file(passphrase_file)
    if passphrase is None and is_protected(file):
        passphrase = _asked()
    return read_private_key(file, passphrase)


def _from_file(file: Path | None) -> bytes | None:
    return file.read_bytes().rstrip(b"\r\n") if file else None


def _asked(*, confirm: bool = False) -> bytes:
    text: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    return text.encode()


def _document(file: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(file.read_bytes())
    except ValueError as error:
        raise sealing.BadCustody(f"{file} is not JSON: {error}") from None
    return document


def _print(opened: sealing.AuctionKey | sealing.Share) -> None:
    typer.echo(msgspec.json.encode(opened, order="sorted"))
