"""Tables and lines as CSV (RFC 4180) and XLSX, row by row: memory does not grow with the rows."""

import csv
import io
import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter
from anyio import open_file, to_thread
from xlsxwriter.worksheet import Worksheet

from app.kit.db import Sessions
from app.statistics import repository

BATCH = 2_000
CHUNK = 1 << 16
LAST_ROW = 1_048_576
"""Rows of a sheet in the format; what is more goes on the next one."""

EXACT = 10**15
"""A number cell has fifteen digits; larger amounts are written as text."""

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_csv(names: Sequence[str], rows: Iterable[Sequence[object]], *, heading: bool = True) -> str:
    """Rows as CSV; what is None, such as a withheld figure, is an empty field."""
    out = io.StringIO()
    writer = csv.writer(out)
    if heading:
        writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue()


class Workbook:
    """A workbook that is written row by row into a file; a full sheet is followed by the next."""

    def __init__(self, path: Path, title: str, names: Sequence[str]) -> None:
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        self._bold = self._book.add_format({"bold": True})
        self._title = title
        self._names = names
        self._sheets = 0
        self._row = LAST_ROW

    def add(self, rows: Iterable[Sequence[object]]) -> None:
        """Write rows."""
        for row in rows:
            if self._row == LAST_ROW:
                self._sheet = self._next_sheet()
            for column, value in enumerate(row):
                _write(self._sheet, self._row, column, value)
            self._row += 1

    def close(self) -> None:
        """Finish the file; an empty table keeps its heading."""
        if self._sheets == 0:
            self._next_sheet()
        self._book.close()

    def _next_sheet(self) -> Worksheet:
        self._sheets += 1
        name = self._title if self._sheets == 1 else f"{self._title} {self._sheets}"
        sheet: Worksheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(self._names) - 1, 18)
        sheet.write_row(0, 0, self._names, self._bold)
        self._row = 1
        return sheet


def _write(sheet: Worksheet, row: int, column: int, value: object) -> None:
    """One cell: numbers as numbers, everything else as text, never as a formula."""
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int) and abs(value) < EXACT:
        sheet.write_number(row, column, value)
    elif isinstance(value, date):
        sheet.write_string(row, column, value.isoformat())
    else:
        sheet.write_string(row, column, str(value))


@contextmanager
def _scratch() -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix="tm-export-", suffix=".xlsx")
    os.close(handle)
    path = Path(name)
    try:
        yield path
    finally:
        path.unlink()


def as_xlsx(title: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A small table as a workbook."""
    with _scratch() as path:
        book = Workbook(path, title, names)
        book.add(rows)
        book.close()
        return path.read_bytes()


async def lines_as_csv(sessions: Sessions, first: date, last: date) -> AsyncIterator[bytes]:
    """The lines in force of a period; one transaction reads them, as they are at one moment."""
    yield as_csv(repository.EXPORTED, []).encode()
    async with sessions() as session:
        async for rows in repository.exported(session, first, last, BATCH):
            yield as_csv((), _plain(rows), heading=False).encode()


async def lines_as_xlsx(sessions: Sessions, first: date, last: date) -> AsyncIterator[bytes]:
    """The same as a workbook: it is written to a file beside, then sent from it."""
    with _scratch() as path:
        book = Workbook(path, "registered", repository.EXPORTED)
        async with sessions() as session:
            async for rows in repository.exported(session, first, last, BATCH):
                await to_thread.run_sync(book.add, _plain(rows))
        await to_thread.run_sync(book.close)
        async with await open_file(path, "rb") as made:
            while chunk := await made.read(CHUNK):
                yield chunk


def _plain(rows: Sequence[Any]) -> list[tuple[object, ...]]:
    return [tuple(row) for row in rows]
