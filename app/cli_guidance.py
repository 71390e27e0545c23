"""The command `techmarket pricing learn-relist`: what failed sessions teach about price cuts."""

import csv
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.pricing.guidance import relisting

COLUMNS = ("productid", "quantity", "price", "outbidstate", "createtime")
FAILED = "1"


def add_to(group: typer.Typer) -> None:
    """Put the command into the group `pricing`."""
    group.command("learn-relist")(learn_relist)


def learn_relist(
    data: Annotated[
        Path,
        typer.Option(
            exists=True,
            dir_okay=False,
            help=f"CSV of sessions: {', '.join(COLUMNS)} (day/month/year)",
        ),
    ],
    out: Annotated[Path, typer.Option(dir_okay=False, help="The parameter file to write")],
    code: Annotated[str, typer.Option(help="Name of the curve; guidance keeps it")],
    origin: Annotated[str, typer.Option(help="Where the sessions come from")],
    licence: Annotated[str, typer.Option(help="Under which licence")],
) -> None:
    """Learn how often a relisting sold, by how far it was below the failed price.

    The curve is added to the file; one with the same code is replaced. The same data give the same
    bytes.
    """
    try:
        recipe = {
            "command": "techmarket pricing learn-relist",
            "file": data.name,
            "sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
        }
        learned = relisting.learn(
            list(read(data)), code=code, origin=origin, licence=licence, recipe=recipe
        )
    except (ValueError, KeyError) as error:
        typer.echo(f"{data.name}: {error}", err=True)
        raise typer.Exit(1) from None
    known = json.loads(out.read_text("utf-8")) if out.exists() else []
    kept = [one for one in known if one["code"] != code]
    text = json.dumps([*kept, learned.model_dump()], ensure_ascii=False, indent=1)
    out.write_text(text + "\n", "utf-8")
    typer.echo(json.dumps(learned.evaluation.model_dump(), indent=1))


def read(path: Path) -> Iterator[relisting.Session]:
    """The sessions of a file; raises ValueError and KeyError for what is no such file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield relisting.Session(
                product=row["productid"],
                quantity=int(row["quantity"]),
                at=datetime.strptime(row["createtime"], "%d/%m/%Y %H:%M:%S"),  # noqa: DTZ007
                price=float(row["price"]),
                sold=row["outbidstate"] != FAILED,
            )
