"""Commands of the register: state diagrams from the code's own tables, contracts to try it with."""

import pkgutil
from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import orjson
import typer

import app
from app.sample import handed_in as contracts

cli = typer.Typer()
DOCUMENTS = Path("docs/states")
Moves = Mapping[tuple[StrEnum, str], StrEnum]
_HEAD = "<!-- Made by `techmarket states` from {source}; do not edit. -->"


def tables() -> Iterator[tuple[str, str, Moves]]:
    """Every table of moves: its module, its name, and itself; by module and name."""
    for found in pkgutil.iter_modules(app.__path__):
        if not found.ispkg or not (Path(app.__path__[0]) / found.name / "states.py").exists():
            continue
        module = import_module(f"app.{found.name}.states")
        for name in sorted(vars(module)):
            value = getattr(module, name)
            if name.endswith("MOVES") and isinstance(value, dict):
                yield found.name, name, value


def diagram(moves: Moves) -> str:
    """A table of moves as a Mermaid state diagram; states that nothing leads to begin it."""
    reached = set(moves.values())
    left = {start for start, _ in moves}
    states_ = list(dict.fromkeys([start for start, _ in moves] + list(moves.values())))
    lines = ["stateDiagram-v2"]
    begins = [state for state in states_ if state not in reached] or states_[:1]
    lines += [f"    [*] --> {state.value}" for state in begins]
    lines += [f"    {start.value} --> {to.value}: {act}" for (start, act), to in moves.items()]
    lines += [f"    {state.value} --> [*]" for state in states_ if state not in left]
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """The pages by file name: one per table, and their list."""
    made: dict[str, str] = {}
    rows = []
    for module, name, moves in tables():
        prefix = name.removesuffix("MOVES").strip("_").lower()
        title = f"{module}{'.' + prefix if prefix else ''}"
        file = f"{title.replace('.', '_')}.md"
        first = next(iter(moves))[0]
        what = (type(first).__doc__ or "").strip().splitlines()[0]
        source = f"app/{module}/states.py"
        made[file] = (
            f"{_HEAD.format(source=source)}\n\n# States: {title}\n\n{what} The table is `{name}` in"
            f" `{source}`.\n\n```mermaid\n{diagram(moves)}\n```\n"
        )
        rows.append(f"| [{title}]({file}) | {len(set(moves.values()))} | {len(moves)} |")
    listed = "\n".join(rows)
    made["README.md"] = (
        f"{_HEAD.format(source='app/*/states.py')}\n\n# State diagrams\n\nEvery state machine of"
        " the house, drawn from the tables of moves that the code follows. `techmarket states`"
        " writes them anew; a test holds them in step.\n\n"
        f"| machine | states that are entered | moves |\n| --- | --- | --- |\n{listed}\n"
    )
    return made


@cli.command("states")
def write_states(
    directory: Annotated[Path, typer.Argument(help="where the pages are")] = DOCUMENTS,
) -> None:
    """Write the state diagrams of all modules, and take away those of tables that are gone."""
    wanted = pages()
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, content in wanted.items():
        (directory / name).write_text(content, encoding="utf-8")
    typer.echo(f"{len(wanted) - 1} diagrams in {directory}")


@cli.command("handed-in")
def write_handed_in(
    count: Annotated[int, typer.Argument(min=1, max=100_000)],
    region: Annotated[str, typer.Option(help="region of the sellers")] = "110108",
    start: Annotated[int, typer.Option(min=0, help="index of the first one")] = 0,
) -> None:
    """Print invented contracts of every class as JSON Lines, to try an office's import with."""
    for index in range(start, start + count):
        typer.echo(orjson.dumps(contracts.handed_in(index, region=region)))
