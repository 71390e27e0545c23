"""The state diagrams of the documents are those of the code."""

from pathlib import Path

from app import cli_registry
from app.registrations.states import MOVES, RegistrationState

ROOT = Path(__file__).resolve().parents[1]


def test_the_committed_diagrams_are_in_step_with_the_code() -> None:
    """Run `techmarket states` after a change of a table of moves."""
    written = {
        page.name: page.read_text(encoding="utf-8")
        for page in (ROOT / cli_registry.DOCUMENTS).glob("*.md")
    }
    assert written == cli_registry.pages()


def test_every_module_with_moves_has_its_diagram() -> None:
    with_moves = {
        path.parent.name
        for path in (ROOT / "app").glob("*/states.py")
        if "MOVES" in path.read_text(encoding="utf-8")
    }
    assert {module for module, _, _ in cli_registry.tables()} == with_moves
    assert {"contracts", "registrations"} <= with_moves


def test_a_diagram_has_every_move_its_beginning_and_its_ends() -> None:
    lines = cli_registry.diagram(MOVES).splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> draft"]
    arrows = [line.strip() for line in lines if "[*]" not in line][1:]
    assert arrows == [f"{a.value} --> {b.value}: {act}" for (a, act), b in MOVES.items()]
    ends = {line.split(" --> ")[0].strip() for line in lines if line.endswith("--> [*]")}
    assert ends == {"split", "cancelled", "revoked", "overturned"}
    assert set(RegistrationState) == {state for state, _ in MOVES} | set(MOVES.values())
