"""Every refusal in the code names its facts so that they can stand in the problem document."""

import ast
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import app
from app.kit.errors import BASE_MEMBERS, Problem

ROOT = Path(app.__file__).parent


def every_refusal() -> set[str]:
    """Names of all classes of refusals."""
    for module in walk_packages([str(ROOT)], "app."):
        import_module(module.name)
    found: set[str] = set()
    waiting = [Problem]
    while waiting:
        kind = waiting.pop()
        found.add(kind.__name__)
        waiting += kind.__subclasses__()
    return found


def test_no_refusal_is_made_with_a_fact_that_a_problem_document_has_itself() -> None:
    names = every_refusal()
    assert len(names) > 50
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} {keyword.arg}"
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
        for keyword in node.keywords
        if keyword.arg in BASE_MEMBERS
    ]
    assert wrong == []
