"""Contract texts: versioned templates per class, filled in by a sandboxed template engine.

What parties write goes in as values only; it is never read as a template.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from app.contracts.rules import chinese_amount
from app.kit.money import format_yuan

_DIRECTORY = Path(__file__).parent / "templates"
CLAUSES_VERSION = "v1"
AMENDMENT = "amendment.v1"
_NUMERALS = "一二三四五六七八九"

LABELS: dict[str, dict[str, str]] = {
    "manner": {"exclusive": "独占", "sole": "排他", "ordinary": "普通"},
    "base": {
        "product_price": "产品价格",
        "added_output_value": "实施后新增的产值",
        "profit": "利润",
        "sales": "产品销售额",
        "other": "双方另行约定的基数",
    },
    "rate_kind": {"fixed": "固定比例", "increasing": "逐年递增比例", "decreasing": "逐年递减比例"},
}


@cache
def _environment() -> SandboxedEnvironment:
    # Plain text, not HTML: escaping would spoil the contract, and pages escape it themselves.
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(_DIRECTORY),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["yuan"] = format_yuan
    environment.filters["capitals"] = chinese_amount
    environment.globals["labels"] = LABELS
    return environment


@cache
def default_clauses(contract_class: str) -> dict[str, str]:
    """Clauses that a draft of the class starts with; they state the law's defaults."""
    loaded: dict[str, dict[str, str]] = json.loads(
        (_DIRECTORY / f"clauses.{CLAUSES_VERSION}.json").read_text(encoding="utf-8")
    )
    return loaded["common"] | loaded[contract_class]


@dataclass(frozen=True)
class Template:
    """A template of the package; drafts of the class use it from that day until a newer one."""

    code: str
    contract_class: str
    in_force_from: date


@cache
def catalogue() -> tuple[Template, ...]:
    """All templates, the oldest first."""
    listed = json.loads((_DIRECTORY / "catalogue.json").read_text(encoding="utf-8"))["templates"]
    found = [
        Template(one["code"], one["contract_class"], date.fromisoformat(one["in_force_from"]))
        for one in listed
    ]
    return tuple(sorted(found, key=lambda one: (one.in_force_from, one.code)))


def template_of(contract_class: str, day: date) -> str:
    """The code of the template in force for a class on a day; the first one before all of them."""
    own = [one for one in catalogue() if one.contract_class == contract_class]
    return ([one for one in own if one.in_force_from <= day] or own[:1])[-1].code


class _Articles:
    """Numbers the articles of one text: 第一条, 第二条, ..."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, name: str) -> str:
        self._count += 1
        return f"第{numeral(self._count)}条 {name}"


def numeral(value: int) -> str:
    """A number from 1 to 99 as articles are counted: 一, 十, 十一, 二十."""
    tens, ones = divmod(value, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else f"{_NUMERALS[tens - 1]}十")
    return head + (_NUMERALS[ones - 1] if ones else "")


def render(template: str, facts: Mapping[str, Any]) -> str:
    """The text of a contract: lines joined by a line feed, no line blank twice in a row.

    It has no white space at its ends, so that the text that is shown hashes to what is signed.
    """
    given = {"article": _Articles()} | dict(facts)
    text = _environment().get_template(f"{template}.txt").render(given)
    lines: list[str] = []
    for line in (line.rstrip() for line in text.splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip()


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal digits: what the parties sign."""
    return sha256(text.encode()).hexdigest()
