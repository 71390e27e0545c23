"""The forms of judged sets: documents and queries as JSON Lines, judgments as TSV."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

MOST_SHOWN = 20


@dataclass(frozen=True)
class Text:
    """A document or a query: what its title says, and everything else."""

    id: str
    title: str
    text: str

    @property
    def whole(self) -> str:
        """Title and text."""
        return f"{self.title}\n{self.text}" if self.text else self.title


@dataclass(frozen=True)
class BadLine:
    """A line that cannot be read; numbers start at 1."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class BadSet(Exception):
    """Files that are no judged set; `problems` names every line."""

    def __init__(self, problems: Sequence[BadLine]) -> None:
        super().__init__("\n".join(str(one) for one in problems[:MOST_SHOWN]))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class JudgedSet:
    """`levels` by query and document; `ignored` are judgments of texts that are not there."""

    documents: Mapping[str, Text]
    queries: Mapping[str, Text]
    levels: Mapping[str, Mapping[str, int]]
    ignored: Sequence[BadLine] = ()

    def gains(self) -> dict[str, dict[str, float]]:
        """Linear gains: level - 1; level itself where 0 occurs. If there is one level alone, every
        judged pair is a find and gains 1."""
        all_levels = {one for pool in self.levels.values() for one in pool.values()}
        if len(all_levels) == 1:
            return {query: dict.fromkeys(pool, 1.0) for query, pool in self.levels.items()}
        lowest = min(1, *all_levels)
        return {
            query: {document: float(level - lowest) for document, level in pool.items()}
            for query, pool in self.levels.items()
        }


def read_set(documents: Path, queries: Path, judgments: Path) -> JudgedSet:
    """Read a judged set; raises BadSet with every bad line, or OSError."""
    problems: list[BadLine] = []
    known_documents = _read(documents, problems)
    known_queries = _read(queries, problems)
    ignored: list[BadLine] = []
    levels: dict[str, dict[str, int]] = {}
    for number, (query, document, level) in _judgments(judgments, known_queries, problems):
        if query not in known_queries:
            ignored.append(BadLine(judgments.name, number, f"no query has the id {query!r}"))
        elif document not in known_documents:
            ignored.append(BadLine(judgments.name, number, f"no document has the id {document!r}"))
        elif document in levels.setdefault(query, {}):
            problems.append(BadLine(judgments.name, number, "this pair was judged before"))
        else:
            levels[query][document] = level
    if not levels and not problems:
        problems.append(BadLine(judgments.name, 1, "no judgment of these documents and queries"))
    if problems:
        raise BadSet(problems)
    return JudgedSet(known_documents, known_queries, levels, ignored)


def read_texts(path: Path, fields: Sequence[str] = ()) -> dict[str, Text]:
    """Documents alone, of these fields if any are named; raises BadSet or OSError.

    A document without an id gets the number of its line.
    """
    problems: list[BadLine] = []
    found = _read(path, problems, numbered=True, fields=frozenset(fields))
    if problems:
        raise BadSet(problems)
    return found


def _lines(path: Path, problems: list[BadLine]) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                content = line.decode("utf-8-sig" if number == 1 else "utf-8").strip("\r\n")
            except UnicodeDecodeError:
                problems.append(BadLine(path.name, number, "not UTF-8"))
                continue
            if content.strip():
                yield number, content


def _read(
    path: Path,
    problems: list[BadLine],
    *,
    numbered: bool = False,
    fields: frozenset[str] = frozenset(),
) -> dict[str, Text]:
    found: dict[str, Text] = {}
    for number, line in _lines(path, problems):
        made = _text(line, number if numbered else None, fields)
        if isinstance(made, str):
            problems.append(BadLine(path.name, number, made))
        elif made.id in found:
            problems.append(BadLine(path.name, number, f"id {made.id!r} occurs twice"))
        else:
            found[made.id] = made
    return found


def _text(line: str, number: int | None, chosen: frozenset[str]) -> Text | str:
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return f"not JSON: {error}"
    if not isinstance(content, dict):
        return "not a JSON object"
    name = content.pop("id", number)
    if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
        return "no id (a text or a whole number)"
    wanted = chosen or content.keys()
    fields = {key: _plain(value) for key, value in content.items() if key in wanted}
    if all(value is None for value in fields.values()):
        return "no text field beside the id"
    texts = {key: value for key, value in fields.items() if value}
    titled = next((key for key in texts if key.startswith("title")), next(iter(texts), None))
    title = texts.pop(titled) if titled is not None else ""
    return Text(str(name), title, "\n".join(texts.values()))


def _plain(value: Any) -> str | None:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value).strip()
    return None


def _judgments(
    path: Path, queries: Container[str], problems: list[BadLine]
) -> Iterator[tuple[int, tuple[str, str, int]]]:
    """Numbered judgments. A first line without a level and without a known query is a heading."""
    for number, line in _lines(path, problems):
        parts = [one.strip() for one in line.split("\t")]
        if len(parts) != 3 or not parts[0] or not parts[1]:
            reason = "not three columns: query, document and level, with tabs between them"
            problems.append(BadLine(path.name, number, reason))
        elif parts[2].isascii() and parts[2].isdigit():
            yield number, (parts[0], parts[1], int(parts[2]))
        elif number > 1 or parts[0] in queries:
            reason = f"level {parts[2]!r} is no whole number from 0"
            problems.append(BadLine(path.name, number, reason))
