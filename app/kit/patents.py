"""Patent status by a register: a protocol, and files as its default source.

A register answers from its copy of the office's data; a number that it does not know is unknown,
never in force. A CSV file has the columns `number,status,expires_on,pledgee,as_of`: the number as
achievements write it, the status a `PatentState`, dates as YYYY-MM-DD, empty where not known.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Protocol

from app.kit.settings import Settings

COLUMNS = ("number", "status", "expires_on", "pledgee", "as_of")


class BadRegisterFile(ValueError):
    """A register's file cannot be read; the message says where and why."""


class PatentState(StrEnum):
    """What an office says of a patent (专利法 42-44)."""

    PENDING = "pending"
    IN_FORCE = "in_force"
    EXPIRED = "expired"
    LAPSED = "lapsed"
    INVALIDATED = "invalidated"


@dataclass(frozen=True)
class PatentStatus:
    """A patent as a register has it; `pledgee` has a pledge on it, `as_of` is the data's day."""

    number: str
    state: PatentState
    expires_on: date | None
    pledgee: str | None
    as_of: date


class PatentRegister(Protocol):
    """Who knows the status of patents."""

    async def find(self, numbers: Iterable[str]) -> dict[str, PatentStatus]:
        """The status of those patents that are known, by number."""
        ...


class FileRegister:
    """A register read from CSV files; of two lines on a number the later `as_of` counts."""

    def __init__(self, files: Iterable[tuple[str, str]]) -> None:
        """Take names and texts of files. Raises BadRegisterFile."""
        self._known: dict[str, PatentStatus] = {}
        for name, text in files:
            for found in _parse(name, text):
                known = self._known.get(found.number)
                if known is None or known.as_of <= found.as_of:
                    self._known[found.number] = found

    async def find(self, numbers: Iterable[str]) -> dict[str, PatentStatus]:
        """The status of those patents that are known, by number."""
        return {number: self._known[number] for number in numbers if number in self._known}


def _parse(name: str, text: str) -> Iterable[PatentStatus]:
    rows = csv.DictReader(text.splitlines())
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise BadRegisterFile(f"{name}: the first line must be {','.join(COLUMNS)}")
    for number, row in enumerate(rows, start=2):
        try:
            yield PatentStatus(
                number=row["number"],
                state=PatentState(row["status"]),
                expires_on=date.fromisoformat(row["expires_on"]) if row["expires_on"] else None,
                pledgee=row["pledgee"] or None,
                as_of=date.fromisoformat(row["as_of"]),
            )
        except (ValueError, TypeError) as error:
            raise BadRegisterFile(f"{name}, line {number}: {error}") from error


NO_REGISTER = FileRegister(())
"""Knows no patent."""


@lru_cache
def patent_register(settings: Settings) -> PatentRegister:
    """The register that the settings name; the sandbox has the shipped sample by default.

    Raises BadRegisterFile.
    """
    if settings.patent_register_dir:
        directory = Path(settings.patent_register_dir)
        paths = sorted(directory.glob("*.csv"))
        return FileRegister((path.name, path.read_text(encoding="utf-8")) for path in paths)
    if not settings.sandbox:
        return NO_REGISTER
    sample = resources.files("app.kit.data.patents") / "sample.csv"
    return FileRegister([(sample.name, sample.read_text(encoding="utf-8"))])
