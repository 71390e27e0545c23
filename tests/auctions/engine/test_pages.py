"""The pages of the formats: every worked example is run, and no format or rule goes without."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.auctions.engine.codes import Code, Kind
from app.auctions.engine.profiles import PROFILES
from app.auctions.engine.replay import replay_line, schema
from app.auctions.engine.terms import Rules

PAGES = Path(__file__).resolve().parents[3] / "docs" / "auctions"
NAMES = [*PROFILES, "proxy"]
BLOCK = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(name: str) -> list[tuple[Any, Any]]:
    """The pairs of a page: what goes in, what comes out."""
    blocks = [json.loads(block) for block in BLOCK.findall((PAGES / f"{name}.md").read_text())]
    assert len(blocks) % 2 == 0
    return list(zip(blocks[::2], blocks[1::2], strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_worked_examples_come_out(name: str) -> None:
    pairs = examples(name)
    validator = Draft202012Validator(schema())
    assert pairs, "a page shows an example"
    for line, expected in pairs:
        assert [error.message for error in validator.iter_errors(line)] == []
        answer = replay_line(json.dumps(line).encode())
        if "proof" in answer:
            assert answer["proof"].pop("solver").startswith("HiGHS ")
        assert answer == expected
        assert line["profile"] == name or name == "proxy"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_names_its_source(name: str) -> None:
    text = (PAGES / f"{name}.md").read_text()
    for heading in ("## Rule", "## Worked example", "## Source"):
        assert f"\n{heading}\n" in text


def test_there_is_a_page_for_each_format_and_the_list_names_every_rule_and_code() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == {*NAMES, "README"}
    text = (PAGES / "README.md").read_text()
    words = [f"`{word}`" for word in (*Rules.model_fields, *Kind, *Code)]
    links = [f"({name}.md)" for name in NAMES]
    assert [word for word in (*words, *links) if word not in text] == []
