"""What every act on a registration does: move its state, count its clock, note it."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit, calendar_store, jobs
from app.kit.actor import Actor
from app.kit.calendar import CountedDate, end_of_day, local_day
from app.kit.states import move
from app.registrations import access, fingerprints, repository, rules
from app.registrations.models import Registration, RegistrationFinding
from app.registrations.states import MOVES, FindingKind, RegistrationState


def record(
    session: AsyncSession,
    actor: Actor,
    row: Registration,
    act: str,
    before: dict[str, Any] | None,
    **after: Any,
) -> None:
    """Note an act in the audit log and the feed."""
    audit.record(
        session,
        actor,
        f"registration.{act}",
        "registration",
        row.id,
        before=before,
        after={"state": row.state} | after,
        rule_set=row.rule_set,
        audience=access.audience(row),
    )


async def follow(
    session: AsyncSession, row: Registration, *, first: str = "", last: str = ""
) -> None:
    """Have the statistics and the comparable prices follow what the registration becomes.

    The jobs run after this transaction's commit, and read the registration as it is then.
    """
    names = (first, "statistics.recount", "pricing.collect_contract", last)
    calls = [(name, {"registration_id": str(row.id)}) for name in names if name]
    await jobs.defer_all(session, calls)


def check_move(row: Registration, act: str) -> None:
    """Raise IllegalMove unless the registration's state allows the act."""
    move(MOVES, RegistrationState(row.state), act)


def enter(row: Registration, act: str) -> dict[str, Any]:
    """Make a move; returns what was before, for the audit log.

    State and what belongs to it are set together, after the last query: the table's checks hold
    for every row that is written.
    """
    before = {"state": row.state}
    row.state = move(MOVES, RegistrationState(row.state), act).value
    row.version += 1
    return before


def note(
    session: AsyncSession, actor: Actor, row: Registration, kind: FindingKind, content: Any
) -> None:
    """Add a finding of the office, and note it in the audit log."""
    assert actor.person_id is not None
    session.add(
        RegistrationFinding(
            registration_id=row.id, kind=kind.value, content=content, person_id=actor.person_id
        )
    )
    record(session, actor, row, kind.value, None, finding=content)


async def time_to_decide(
    session: AsyncSession, row: Registration, accepted_at: datetime, technical_fen: int
) -> tuple[rules.RuleSet, CountedDate]:
    """The rule set in force on the day of acceptance, and until when it lets the office decide."""
    found = rules.rule_set_on(local_day(accepted_at))
    return found, await due(session, row, found, accepted_at, technical_fen)


async def due(
    session: AsyncSession,
    row: Registration,
    found: rules.RuleSet,
    accepted_at: datetime,
    technical_fen: int,
) -> CountedDate:
    """The last day of the decision under a rule set."""
    office = await repository.office(session, row.office_id)
    assert office is not None
    return rules.decision_due(
        found,
        await calendar_store.calendar(session),
        local_day(accepted_at),
        technical_fen,
        office.region4[:2],
        disputed=row.disputed,
    )


async def count_again(session: AsyncSession, row: Registration) -> None:
    """Count the due day of an accepted application anew from its acceptance, after it changed."""
    assert row.accepted_at is not None
    found = rules.rule_set(row.rule_set or "")
    set_due(row, await due(session, row, found, row.accepted_at, row.technical_fen))


def start_clock(
    row: Registration, now: datetime, found: rules.RuleSet, counted: CountedDate
) -> None:
    """Accepted as of now; the office has until the counted day."""
    row.rule_set = found.id
    row.accepted_at = now
    row.overdue_at = None
    set_due(row, counted)


def set_due(row: Registration, counted: CountedDate) -> None:
    """Store a counted day with its marks."""
    row.due_at = end_of_day(counted.day)
    row.due_provisional = counted.provisional
    row.calendar_version = counted.calendar_version


def last_day(due_at: datetime) -> date:
    """The day whose 24:00 a due time is."""
    return local_day(due_at - timedelta(microseconds=1))


def remember_text(row: Registration, text: str) -> None:
    """Store what the text is like, so that it is found again at other offices."""
    row.digest = fingerprints.digest(text)
    row.hashes = fingerprints.minhashes(text)
    row.bands = fingerprints.bands(row.hashes)


def actor_person(actor: Actor) -> UUID:
    """The acting person, for rows that say who."""
    assert actor.person_id is not None
    return actor.person_id
