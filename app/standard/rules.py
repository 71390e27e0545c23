"""Whether a document keeps to the standard, and how complete it is.

The JSON Schema beside this file is the one source: the API, the bulk import, the pages and the
exports take types, limits, code lists and weights from it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from itertools import islice
from typing import Any, Literal

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from app.kit import codes
from app.standard.errors import Fault, UnknownStandard

Side = Literal["offer", "request"]
CURRENT = "1.0"
VERSIONS = (CURRENT,)
SHOWN_FAULTS = 50
DEEPEST = 4
"""No member of a profile lies deeper; a document that does is not read further."""

LONGEST = 100
"""No list and no object of a profile has so many members; what is beyond is not read."""


@lru_cache
def schema(version: str = CURRENT) -> dict[str, Any]:
    """The published schema of a version; treat it as read-only. Raises UnknownStandard."""
    if version not in VERSIONS:
        raise UnknownStandard(field="path.version", version=version[:64], versions=list(VERSIONS))
    text = files("app.standard").joinpath(f"profile-{version}.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def side_of(type_: str) -> Side:
    """Whether profiles of a type offer or request."""
    side: Side = schema()["x-sides"][type_]
    return side


def types_of(side: Side) -> tuple[str, ...]:
    """The types of profiles of one side."""
    return tuple(name for name, found in schema()["x-sides"].items() if found == side)


def tidied(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without outer white space, and without members that say nothing."""
    members = islice(document.items(), LONGEST)
    return {name: plain for name, value in members if not _empty(plain := _tidy(value, 1))}


def _tidy(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if depth < DEEPEST and isinstance(value, list):
        return [_tidy(item, depth + 1) for item in value[:LONGEST]]
    if depth < DEEPEST and isinstance(value, dict):
        return {name: _tidy(item, depth + 1) for name, item in islice(value.items(), LONGEST)}
    return None if isinstance(value, list | dict) else value


def _empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def faults(document: Mapping[str, Any]) -> list[Fault]:
    """What keeps a tidied document from the standard; empty when nothing does."""
    errors = _validator().iter_errors(dict(document))
    found = [_fault(error) for error in islice(errors, SHOWN_FAULTS)]
    if not found:
        found = list(_contradictions(document))
    found.sort(key=lambda fault: (fault.field, fault.code))
    return found


def _code_list(_: Any, name: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """The keyword `x-code-list`: the value is in the code list of this name."""
    if isinstance(value, str) and value not in codes.code_list(name):
        yield ValidationError("not in the code list")


@lru_cache(maxsize=1)
def _validator() -> Any:
    kind = extend(Draft202012Validator, {"x-code-list": _code_list})
    return kind(schema(), format_checker=FormatChecker(["date"]))


_TYPES = {
    "string": ("文字", "a text"),
    "integer": ("整数", "a whole number"),
    "array": ("列表", "a list"),
    "object": ("对象", "an object"),
    "boolean": ("true 或 false", "true or false"),
}
_MESSAGES: dict[str, tuple[str, str]] = {
    "required": ("缺少必填字段", "This member is required"),
    "additionalProperties": ("标准中没有此字段", "The standard has no such member"),
    "other_side": ("此类型的信息没有该字段", "Profiles of this type have no such member"),
    "type": ("应为{type_zh}", "It must be {type_en}"),
    "enum": ("取值应为其中之一:{values}", "It must be one of {values}"),
    "minLength": ("至少 {limit} 个字符", "At least {limit} characters are needed"),
    "maxLength": ("最多 {limit} 个字符", "At most {limit} characters are allowed"),
    "minItems": ("至少 {limit} 项", "At least {limit} items are needed"),
    "maxItems": ("最多 {limit} 项", "At most {limit} items are allowed"),
    "uniqueItems": ("各项不得重复", "No item may come twice"),
    "minimum": ("应不小于 {limit}", "It must not be less than {limit}"),
    "maximum": ("应不大于 {limit}", "It must not be more than {limit}"),
    "pattern": ("格式应匹配 {limit}", "It must match {limit}"),
    "format": ("应为实际存在的日期,如 2026-01-31", "It must be a date, such as 2026-01-31"),
    "x-code-list": (
        "“{value}”不在代码表 {limit} 中,相近的有:{nearest}",
        "'{value}' is not in the code list {limit}; near it: {nearest}",
    ),
}


def _fault(error: ValidationError) -> Fault:
    keyword = "other_side" if error.validator == "not" else str(error.validator)
    path = [str(part) for part in error.absolute_path]
    expected: dict[str, Any] = {"limit": error.validator_value}
    if keyword == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        path, expected = [*path, missing], {}
    elif keyword == "additionalProperties":
        extra = next(name for name in error.instance if name not in error.schema["properties"])
        path, expected = [*path, extra[:64]], {}
    elif keyword == "other_side":
        expected = {}
    elif keyword == "type":
        zh, en = _TYPES[str(error.validator_value)]
        expected = {"type": error.validator_value, "type_zh": zh, "type_en": en}
    elif keyword == "enum":
        expected = {"values": error.validator_value}
    elif keyword == "x-code-list":
        value = str(error.instance)[:64]
        nearest = codes.code_list(str(error.validator_value)).nearest(value)
        expected |= {"value": value, "nearest": list(nearest)}
    return Fault(".".join(path), keyword, *_MESSAGES[keyword], expected)


def _contradictions(document: Mapping[str, Any]) -> Iterator[Fault]:
    """What a schema cannot say: the date in an EEN number exists, a range is a range."""
    reference = document.get("reference")
    if reference is not None and not _is_day(reference[-11:-3]):
        yield Fault("reference", "format", *_MESSAGES["format"])
    least, most = document.get("budget_min_fen"), document.get("budget_max_fen")
    if least is not None and most is not None and least > most:
        yield Fault("budget_max_fen", "minimum", *_MESSAGES["minimum"], {"limit": least})


def _is_day(digits: str) -> bool:
    try:
        date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Completeness:
    """How much of what the standard asks for a profile has.

    Attributes:
        score: the weights of the members that it has, of 100.
        missing: members that it lacks and their weights, the heaviest first.
    """

    score: int
    missing: tuple[tuple[str, int], ...]


def completeness(document: Mapping[str, Any]) -> Completeness:
    """The completeness of a document that keeps to the standard, by the schema's weights."""
    side = side_of(document["type"])
    weights = {
        name: member["x-weight"][side]
        for name, member in schema()["properties"].items()
        if member.get("x-weight", {}).get(side, 0) > 0
    }
    lacking = [(name, weight) for name, weight in weights.items() if name not in document]
    lacking.sort(key=lambda item: -item[1])
    return Completeness(100 - sum(weight for _, weight in lacking), tuple(lacking))


def texts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text of a document, with the path of its member."""
    waiting: list[tuple[str, Any]] = list(document.items())
    while waiting:
        path, value = waiting.pop(0)
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            waiting += [(f"{path}.{name}", item) for name, item in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}.{at}", item) for at, item in enumerate(value)]
