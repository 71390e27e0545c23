"""Bulk import from CSV and JSON Lines: everything or nothing, in bounded memory.

Rows stream through a check into staging tables by COPY; duplicates are found there, and what is
left is written by one statement per table. `docs/guide/import.md` describes the files.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Annotated, Any, BinaryIO, Literal, TypeAlias
from uuid import UUID

import msgspec
from anyio import to_thread
from msgspec import Meta
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import offers, repository, rules
from app.achievements.errors import BadHeader, BadIpc, BadRow, FieldNeeded, ImportRefused
from app.achievements.schemas import AchievementDuplicate, AchievementImport
from app.kit import audit, clock, codes
from app.kit.actor import Actor
from app.kit.db import raw_connection
from app.kit.errors import Problem
from app.kit.identifiers import BadIdentifier, check_ipc
from app.kit.ids import new_id
from app.kit.lines import LONGEST_LINE, READ_BYTES, Buffered, HashingReader, lines
from app.parties import service as parties
from app.parties.facts import OrganisationFacts
from app.parties.states import Role
from app.standard import service as standard

BATCH_ROWS = 4_000
SHOWN = 100
"""How many wrong rows and duplicates a report lists."""


Format = Literal["csv", "jsonl"]
Code: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Title: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Prose: TypeAlias = Annotated[str, Meta(max_length=20_000)]


class ImportRight(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A right of a row."""

    type: Code
    number: Code | None = None
    office: Annotated[str, Meta(pattern="^[A-Z]{2}$")] = "CN"
    title: Title | None = None
    expires_on: date | None = None
    status: Code | None = None


class ImportRow(msgspec.Struct, forbid_unknown_fields=True):
    """An achievement as a file brings it; the importing party owns it alone."""

    title: Title
    summary: Prose = ""
    details: Prose = ""
    technical_field: Code | None = None
    ipc: Annotated[list[Code], Meta(max_length=20)] = []
    industry_code: Code | None = None
    trl: Annotated[int, Meta(ge=1, le=9)] | None = None
    transfer_modes: Annotated[list[Code], Meta(max_length=6)] = []
    funding: Code | None = None
    secrecy: Literal["public", "internal", "confidential"] = "public"
    anonymous: bool = False
    rights: Annotated[list[ImportRight], Meta(max_length=100)] = []


class ProfileRow(ImportRow, forbid_unknown_fields=True):
    """A row that was a profile of the standard, with the members beside an achievement's fields."""

    offer: dict[str, Any] = {}


COLUMNS = ImportRow.__struct_fields__
LISTS = ("ipc", "transfer_modes")
Rows: TypeAlias = Iterator[tuple[int, ImportRow | Problem]]
Progress: TypeAlias = Callable[[int, int], None]


def jsonl_rows(file: Buffered, poster: OrganisationFacts) -> Rows:
    """Rows of a JSON Lines file with their line numbers; empty lines are passed over.

    A line with the member `version` is a profile of the standard.
    """
    decode = msgspec.json.Decoder(ImportRow).decode
    for number, raw in lines(file):
        if raw is None:
            yield number, _too_long()
        elif raw.strip():
            try:
                yield number, _profile_row(raw, poster) or decode(raw)
            except Problem as problem:
                yield number, problem
            except msgspec.DecodeError as error:
                yield number, _unreadable(error)
            except UnicodeDecodeError:
                yield number, _not_utf8()


def _profile_row(raw: bytes, poster: OrganisationFacts) -> ProfileRow | None:
    """The row of a profile, or None for a line of another form.

    Raises BadRow, NotAnOffer and ProfileInvalid.
    """
    if b'"version"' not in raw:
        return None
    document = msgspec.json.decode(raw)
    if not isinstance(document, dict) or "version" not in document:
        return None
    fields, beside = offers.taken(document, poster)
    return ProfileRow(**fields, offer=beside)


def csv_rows(file: Buffered) -> Rows:
    """Rows of a CSV file with the number of their first line; raises BadHeader."""
    bad: dict[int, Problem] = {}
    reader = csv.reader(_decoded(file, bad), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise BadHeader(field="body.1", reason=str(error), columns=list(COLUMNS)) from None
    _check_header(header)
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader, None)
        except csv.Error as error:
            yield line, BadRow(field="", reason=f"{error}; the rest of the file was not read")
            return
        if values is None:
            return
        unreadable = [bad.pop(n) for n in range(line, reader.line_num + 1) if n in bad]
        if unreadable:
            yield line, unreadable[0]
        elif values:
            yield line, _csv_row(header, values)


def _csv_row(header: Sequence[str], values: Sequence[str]) -> ImportRow | Problem:
    if len(values) != len(header):
        return BadRow(field="", reason=f"{len(values)} values, right are {len(header)}")
    given: dict[str, Any] = {}
    for name, value in zip(header, values, strict=True):
        if not value.strip():
            continue
        if name in LISTS:
            given[name] = _items(value)
        elif name == "rights":
            given[name] = [_csv_right(item) for item in _items(value)]
        else:
            given[name] = value
    try:
        return msgspec.convert(given, ImportRow, strict=False)
    except msgspec.ValidationError as error:
        return _unreadable(error)


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(";") if item.strip()]


def _csv_right(item: str) -> dict[str, str]:
    """`type`, `type:number` or `type:number:YYYY-MM-DD`; `type@US` names another office."""
    type_, _, rest = item.partition(":")
    number, _, expires_on = rest.partition(":")
    type_, _, office = type_.partition("@")
    given = {"type": type_, "number": number, "office": office, "expires_on": expires_on}
    return {name: value.strip() for name, value in given.items() if value.strip()}


def _check_header(header: Sequence[str]) -> None:
    columns = list(COLUMNS)
    reason = ""
    if "title" not in header:
        reason = "the column title is missing"
    elif unknown := [name for name in header if name not in columns]:
        reason = f"unknown column {unknown[0][:64]!r}"
    elif len(set(header)) != len(header):
        reason = "a column comes twice"
    if reason:
        raise BadHeader(field="body.1", reason=reason, columns=columns)


def _too_long() -> Problem:
    return BadRow(field="", reason=f"longer than {LONGEST_LINE} bytes")


def _decoded(file: Buffered, bad: dict[int, Problem]) -> Iterator[str]:
    """Lines as text; what is wrong with lines that cannot be read goes into `bad`."""
    for number, raw in lines(file):
        if raw is None:
            bad[number] = _too_long()
            yield "\n"
            continue
        try:
            yield raw.decode() + "\n"
        except UnicodeDecodeError:
            bad[number] = _not_utf8()
            yield raw.decode("utf-8", "replace") + "\n"


def _not_utf8() -> Problem:
    return BadRow(field="", reason="not UTF-8")


_PATH = re.compile(r" - at `(?:key in )?\$(?P<path>.*)`$")


def _unreadable(error: msgspec.DecodeError) -> Problem:
    """Where and what, from the decoder's message."""
    reason = str(error)[:300]
    found = _PATH.search(reason)
    path = found.group("path") if found else ""
    name = re.sub(r"\[(\d+)\]", r".\1", path).strip(".")
    return BadRow(field=name, reason=reason[: found.start()] if found else reason)


@lru_cache
def _known(list_name: str) -> frozenset[str]:
    return frozenset(entry.code for entry in codes.all_lists()[list_name].entries)


def _require(list_name: str, code: str | None, name: str) -> None:
    if code is not None and code not in _known(list_name):
        parties.require_code(list_name, code, name)


@lru_cache(maxsize=65_536)
def _symbol(symbol: str) -> tuple[str, str]:
    """An IPC symbol in its one written form, and the technical field it suggests."""
    written = check_ipc(symbol)
    return written, codes.field_of_ipc(written)


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
NULL = "\\N"


def _written(value: str | None, name: str) -> str:
    """A text as COPY takes it; raises BadRow for control characters."""
    if value is None:
        return NULL
    if value.isprintable() and "\\" not in value:
        return value
    if _CONTROL.search(value):
        raise BadRow(field=name, reason="control characters are not allowed")
    return (
        value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    )


def _ipc(row: ImportRow) -> tuple[str, str]:
    """The symbols as COPY takes a list, and the technical field; raises BadIpc, FieldNeeded."""
    symbols: dict[str, str] = {}
    for position, symbol in enumerate(row.ipc):
        try:
            written, suggested = _symbol(symbol)
        except BadIdentifier as error:
            raise BadIpc(field=f"ipc.{position}", value=symbol, expected=error.expected) from None
        symbols[written] = suggested
    if row.technical_field is not None:
        _require("technical_fields", row.technical_field, "technical_field")
        return ",".join(symbols), row.technical_field
    if not symbols:
        raise FieldNeeded(field="technical_field")
    return ",".join(symbols), next(iter(symbols.values()))


def _checked_rights(row: ImportRow, year: int) -> list[str | None]:
    numbers = []
    for position, right in enumerate(row.rights):
        name = f"rights.{position}"
        _require("ip_types", right.type, f"{name}.type")
        numbers.append(rules.check_right(right.type, right.number, right.office, year, name))
    if len(numbers) > 1:
        offices = [right.office for right in row.rights]
        rules.check_distinct(list(zip(offices, numbers, strict=True)), "rights")
    return numbers


def _ids() -> Iterator[str]:
    """UUIDv7s that share their time and count up in their last 32 bits (RFC 9562, 6.2)."""
    start = new_id().int >> 32 << 32
    return (f"{start + n:032x}" for n in range(2**32))


def _offer(row: ImportRow, names: Sequence[str]) -> str:
    """The members beside the fields; raises NotAnonymous if an anonymous row tells whose it is."""
    beside = row.offer if isinstance(row, ProfileRow) else {}
    if row.anonymous:
        told = {"title": row.title, "summary": row.summary, **beside}
        standard.require_anonymous(told, names, prefix="")
    return json.dumps(beside, ensure_ascii=False)


def stage(
    line: int, row: ImportRow, row_id: str, year: int, names: Sequence[str]
) -> tuple[str, list[str]]:
    """A checked row and its rights as lines for COPY; raises the Problem that is found first.

    `names` are what an anonymous row must not tell.
    """
    title = " ".join(row.title.split())
    if not title:
        raise BadRow(field="title", reason="a title of 1 to 200 characters is needed")
    ipc, technical_field = _ipc(row)
    _require("industries", row.industry_code, "industry_code")
    _require("plan_categories", row.funding, "funding")
    for position, mode in enumerate(row.transfer_modes):
        _require("transfer_modes", mode, f"transfer_modes.{position}")
    numbers = _checked_rights(row, year)
    first = "\t".join(
        (
            str(line),
            row_id,
            rules.title_key(title).hex(),
            "t" if any(numbers) else "f",
            _written(title, "title"),
            _written(row.summary.strip(), "summary"),
            _written(row.details.strip(), "details"),
            technical_field,
            f"{{{ipc}}}",
            row.industry_code or NULL,
            NULL if row.trl is None else str(row.trl),
            f"{{{','.join(dict.fromkeys(row.transfer_modes))}}}",
            row.funding or NULL,
            row.secrecy,
            "t" if row.anonymous else "f",
            _written(_offer(row, names), "offer"),
        )
    )
    rights = [
        "\t".join(
            (
                str(line),
                row_id,
                str(position),
                right.type,
                right.office,
                _written(number, f"rights.{position}.number"),
                _written(right.title, f"rights.{position}.title"),
                NULL if right.expires_on is None else right.expires_on.isoformat(),
                _written(right.status, f"rights.{position}.status"),
            )
        )
        for position, (right, number) in enumerate(zip(row.rights, numbers, strict=True))
    ]
    return first, rights


@dataclass
class Checked:
    """What the check has found so far."""

    rows: int = 0
    error_count: int = 0
    wrong: list[tuple[int, Problem]] = field(default_factory=list)

    def refuse(self, line: int, problem: Problem) -> None:
        """Count a wrong row, and keep it if it is one of the first."""
        self.error_count += 1
        if len(self.wrong) < SHOWN:
            self.wrong.append((line, problem))


def batches(
    rows: Rows, checked: Checked, year: int, names: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Checked rows and their rights, as text for COPY, some thousand at a time."""
    while part := list(islice(rows, BATCH_ROWS)):
        staged: list[str] = []
        rights: list[str] = []
        ids = _ids()
        for line, row in part:
            checked.rows += 1
            if isinstance(row, Problem):
                checked.refuse(line, row)
                continue
            try:
                first, more = stage(line, row, next(ids), year, names)
            except Problem as problem:
                checked.refuse(line, problem)
                continue
            staged.append(first)
            rights.extend(more)
        yield _block(staged), _block(rights)


def _block(lines: list[str]) -> str:
    return "\n".join(lines) + "\n" if lines else ""


def require_importer(actor: Actor) -> UUID:
    """The party that imports; raises RoleRequired or ScopeRequired."""
    actor.require_role(Role.TRADER)
    actor.require_scope("import")
    return actor.require_party()


async def import_file(
    session: AsyncSession,
    actor: Actor,
    file: BinaryIO,
    file_format: Format,
    *,
    dry_run: bool,
    progress: Progress | None = None,
) -> AchievementImport:
    """Import a file as drafts of the acting party, or only say what an import would do.

    Rows whose right, or whose title if no right has a number, the party has entered already or
    an earlier line brings are left out. Every other row is written, or none: raises ImportRefused
    with the wrong rows, BadHeader. `progress` is told the bytes and rows read so far.
    """
    party_id = require_importer(actor)
    poster = await parties.facts(session, party_id)
    names = await parties.identifying_names(session, party_id)
    await repository.open_staging(session, party_id)
    now = await clock.now(session)
    reader = HashingReader(file)
    checked = Checked()
    buffered = io.BufferedReader(reader, READ_BYTES)
    rows = csv_rows(buffered) if file_format == "csv" else jsonl_rows(buffered, poster)
    parts = batches(rows, checked, now.year, [poster.name, *names])
    await _copy_all(session, reader, parts, checked, progress)
    facts = {"dry_run": dry_run, "sha256": reader.hash.hexdigest(), "rows": checked.rows}
    if checked.error_count:
        raise ImportRefused(checked.wrong, error_count=checked.error_count, **facts)
    duplicate_count, duplicates = await repository.drop_duplicates(session, party_id, shown=SHOWN)
    report = AchievementImport(
        id=new_id(),
        created=await repository.staged(session),
        duplicate_count=duplicate_count,
        duplicates=[AchievementDuplicate.model_validate(row) for row in duplicates],
        **facts,
    )
    if not dry_run:
        await repository.insert_staged(session, party_id, poster.name, now)
        _record(session, actor, report)
    return report


def _record(session: AsyncSession, actor: Actor, report: AchievementImport) -> None:
    after: Mapping[str, Any] = report.model_dump(exclude={"id", "dry_run", "duplicates"})
    audit.record(
        session, actor, "achievement.import", "achievement_import", report.id, after=dict(after)
    )


async def _copy_all(
    session: AsyncSession,
    reader: HashingReader,
    parts: Iterator[tuple[str, str]],
    checked: Checked,
    progress: Progress | None,
) -> None:
    """Check in a thread, so that others are served meanwhile, and COPY what is right."""
    connection = await raw_connection(session)
    targets = (
        f"COPY import_row ({', '.join(repository.STAGED_ROW)}) FROM STDIN",
        f"COPY import_right ({', '.join(repository.STAGED_RIGHT)}) FROM STDIN",
    )
    async with connection.cursor() as cursor:
        while (part := await to_thread.run_sync(next, parts, None)) is not None:
            for target, block in zip(targets, part, strict=True):
                if block and not checked.error_count:
                    async with cursor.copy(target) as copy:
                        await copy.write(block)
            if progress is not None:
                progress(reader.bytes_read, checked.rows)
