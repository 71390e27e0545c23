"""Bulk import of demands from JSON Lines: every line a profile of the standard, all or nothing."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO, TypeAlias
from uuid import UUID

import orjson
from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.demands import access, repository, service
from app.demands.errors import BadRow, ImportRefused, NotARequest
from app.demands.models import Demand
from app.demands.schemas import DemandDuplicate, DemandImport
from app.kit import audit, clock
from app.kit.actor import Actor
from app.kit.errors import Problem
from app.kit.ids import new_id
from app.kit.lines import LONGEST_LINE, READ_BYTES, Buffered, HashingReader, lines
from app.parties import service as parties
from app.parties.facts import OrganisationFacts
from app.standard.errors import Fault, NotAnonymous, ProfileInvalid

BATCH_ROWS = 200
SHOWN = 100
"""How many faults and duplicates a report lists."""

Progress: TypeAlias = Callable[[int, int], None]
Row: TypeAlias = tuple[int, dict[str, Any] | Problem]


def rows(file: Buffered) -> Iterator[Row]:
    """Objects of a JSON Lines file with their line numbers; empty lines are passed over."""
    for number, raw in lines(file):
        if raw is None:
            yield number, BadRow(field="", reason=f"longer than {LONGEST_LINE} bytes")
        elif raw.strip():
            yield number, _decoded(raw)


def _decoded(raw: bytes) -> dict[str, Any] | Problem:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return BadRow(field="", reason=str(error)[:200])
    if not isinstance(found, dict):
        return BadRow(field="", reason="not an object")
    return found


@dataclass
class _Found:
    """What the import has found so far."""

    rows: int = 0
    created: int = 0
    error_count: int = 0
    duplicate_count: int = 0
    wrong: list[tuple[int, Fault]] = field(default_factory=list)
    duplicates: list[DemandDuplicate] = field(default_factory=list)
    lines: dict[UUID, int] = field(default_factory=dict)

    def refuse(self, line: int, problem: Problem) -> None:
        """Count a wrong line, and keep what is wrong if it is one of the first."""
        self.error_count += 1
        self.wrong += [(line, fault) for fault in _faults(problem)]
        del self.wrong[SHOWN:]

    def leave_out(self, line: int, first_line: int | None, demand_id: UUID | None) -> None:
        """Count a duplicate, and keep it if it is one of the first."""
        self.duplicate_count += 1
        if len(self.duplicates) < SHOWN:
            self.duplicates.append(
                DemandDuplicate(line=line, first_line=first_line, demand_id=demand_id)
            )


def _faults(problem: Problem) -> Sequence[Fault]:
    if isinstance(problem, ProfileInvalid | NotAnonymous):
        return problem.faults
    return [Fault(problem.field or "", problem.code, problem.zh, problem.en, problem.facts)]


def require_importer(actor: Actor) -> UUID:
    """The party that imports; raises RoleRequired or ScopeRequired."""
    actor.require_role(access.TRADER)
    actor.require_scope("import")
    return actor.require_party()


async def import_file(
    session: AsyncSession,
    actor: Actor,
    file: BinaryIO,
    *,
    dry_run: bool,
    progress: Progress | None = None,
) -> DemandImport:
    """Import a file as drafts of the acting party, or only say what an import would do.

    Lines that say what a demand of the party or an earlier line says are left out. Every other
    line is written, or none: raises ImportRefused with what is wrong in the first wrong lines,
    NotAPoster. `progress` is told the bytes and rows read so far.
    """
    owner = await service.poster(session, require_importer(actor))
    await repository.lock_imports(session, owner.id)
    names = await parties.identifying_names(session, owner.id)
    broker = await service.broker_name(session, actor)
    now = await clock.now(session)
    reader = HashingReader(file)
    found = _Found()
    waiting = rows(io.BufferedReader(reader, READ_BYTES))

    def check() -> list[tuple[int, Demand | Problem]]:
        """The next lines as demands, or what is wrong with them."""
        return [
            (line, _demand(row, service.drafted(owner, actor, broker), owner, names, now))
            for line, row in islice(waiting, BATCH_ROWS)
        ]

    # In a thread, so that others are served meanwhile.
    while part := await to_thread.run_sync(check):
        made: list[tuple[int, Demand]] = []
        for line, checked in part:
            found.rows += 1
            if isinstance(checked, Demand):
                made.append((line, checked))
            else:
                found.refuse(line, checked)
        fresh = await _new_ones(session, owner.id, made, found)
        found.created += len(fresh)
        if not found.error_count and not dry_run:
            session.add_all(fresh)
            await session.flush()
        if progress is not None:
            progress(reader.bytes_read, found.rows)
    facts = {"dry_run": dry_run, "sha256": reader.hash.hexdigest(), "rows": found.rows}
    if found.error_count:
        raise ImportRefused(found.wrong, error_count=found.error_count, **facts)
    report = DemandImport(
        id=new_id(),
        created=found.created,
        duplicate_count=found.duplicate_count,
        duplicates=found.duplicates,
        **facts,
    )
    if not dry_run:
        after = report.model_dump(exclude={"id", "dry_run", "duplicates"})
        audit.record(session, actor, "demand.import", "demand_import", report.id, after=after)
    return report


def _demand(
    row: dict[str, Any] | Problem,
    draft: Demand,
    owner: OrganisationFacts,
    names: Sequence[str],
    now: datetime,
) -> Demand | Problem:
    if isinstance(row, Problem):
        return row
    try:
        service.fill(draft, owner, row, names, now, prefix="")
    except (ProfileInvalid, NotAnonymous, NotARequest) as problem:
        return problem
    return draft


async def _new_ones(
    session: AsyncSession, owner_id: UUID, made: Sequence[tuple[int, Demand]], found: _Found
) -> list[Demand]:
    """Those of a batch that neither the market nor an earlier line has."""
    keys = {demand.content_key for _, demand in made}
    known = await repository.known_contents(session, owner_id, keys - found.lines.keys())
    fresh: list[Demand] = []
    for line, demand in made:
        key = demand.content_key
        if key in found.lines:
            found.leave_out(line, found.lines[key], None)
        elif key in known:
            found.leave_out(line, None, known[key])
        else:
            found.lines[key] = line
            fresh.append(demand)
    return fresh
