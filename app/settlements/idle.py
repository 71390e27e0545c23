"""Use cases of achievements that nobody takes up: the term, the alert, its end (rules.md A-29c)."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.kit import audit, calendar_store, clock, mail
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import CountedDate, end_of_day, local_day, recount
from app.kit.states import move
from app.parties import service as parties
from app.settlements import access, repository, rules, texts
from app.settlements.errors import PaidInFuture, WatchEnded
from app.settlements.models import IdleWatch
from app.settlements.schemas import IdleStart
from app.settlements.states import IDLE_MOVES, IdleState

ENTERED = "market_publication"
TAKEN_UP = "taken_up"


async def begin(session: AsyncSession, achievement_id: UUID, now: datetime) -> None:
    """Watch a public unit's achievement from its publication on; again, it changes nothing.

    The provinces count from registration in the unit, grant or completion. Where the unit does not
    state that day, the publication on the market is the first one that is known for sure.
    """
    achievement = await achievements.facts(session, achievement_id)
    institution = await parties.facts(session, achievement.lead_party_id)
    today = local_day(now)
    found = rules.rule_set_on(institution.region_code, today)
    wanted = found.idle_public_funds_only is False or achievement.funding is not None
    if not institution.is_public_research_unit or not wanted:
        return
    if await repository.is_implemented(session, achievement_id):
        return
    calendar = await calendar_store.calendar(session)
    due = rules.idle_due(today, found, calendar)
    made = await repository.begin_watch(
        session,
        {
            "achievement_id": achievement_id,
            "institution_id": institution.id,
            "since": today,
            "since_note": ENTERED,
            "rule_set": found.id,
            "due_at": end_of_day(due.day),
            "due_provisional": due.provisional,
            "calendar_version": due.calendar_version,
        },
    )
    if made is not None:
        audit.record(
            session,
            SYSTEM,
            "idle_watch.begin",
            "idle_watch",
            made,
            after={"achievement": achievement_id, "since": today, "due_at": end_of_day(due.day)},
            rule_set=found.id,
        )


async def state_start(
    session: AsyncSession, actor: Actor, achievement_id: UUID, start: IdleStart
) -> IdleWatch:
    """The unit states from which day the term runs, and why: registration, grant, completion.

    Raises NotFound, WatchEnded, PaidInFuture for a day to come.
    """
    watch = access.watched(actor, await repository.watch_of(session, achievement_id, lock=True))
    if watch.state == IdleState.ENDED:
        raise WatchEnded
    today = local_day(await clock.now(session))
    if not rules.rule_sets()[0].valid_from <= start.since <= today:
        earliest = rules.rule_sets()[0].valid_from.isoformat()
        raise PaidInFuture(field="body.since", earliest=earliest, latest=today.isoformat())
    before = _standing(watch)
    watch.since, watch.since_note = start.since, start.note
    await _count(session, watch)
    watch.state, watch.alerted_at = IdleState.WATCHED.value, None
    watch.version += 1
    await session.flush()
    _record(session, actor, "state_start", watch, before)
    return watch


async def _count(session: AsyncSession, watch: IdleWatch) -> None:
    calendar = await calendar_store.calendar(session)
    due = rules.idle_due(watch.since, rules.known_rule_set(watch.rule_set), calendar)
    watch.due_at = end_of_day(due.day)
    watch.due_provisional = due.provisional
    watch.calendar_version = due.calendar_version


async def end(session: AsyncSession, achievement_id: UUID) -> None:
    """The achievement was taken up: by a contract, or by the institution itself."""
    watch = await repository.watch_of(session, achievement_id, lock=True)
    if watch is None or watch.state == IdleState.ENDED:
        return
    before = _standing(watch)
    watch.state = move(IDLE_MOVES, IdleState(watch.state), "end").value
    watch.ended_because = TAKEN_UP
    watch.version += 1
    _record(session, SYSTEM, "end", watch, before)


async def alert(session: AsyncSession, watch_id: UUID, now: datetime) -> None:
    """Note, once, that an achievement is idle, and tell its institution."""
    watch = await repository.unlocked_watch(session, watch_id)
    if watch is None or watch.state != IdleState.WATCHED or watch.due_at > now:
        return
    before = _standing(watch)
    watch.state = move(IDLE_MOVES, IdleState(watch.state), "alert").value
    watch.alerted_at = now
    watch.version += 1
    await session.flush()
    _record(session, SYSTEM, "alert", watch, before)
    party = await parties.get(session, SYSTEM, watch.institution_id)
    if mail.is_address(party.contact):
        achievement = await achievements.facts(session, watch.achievement_id)
        text = texts.IDLE.format(
            name=party.name,
            title=achievement.title,
            since=watch.since,
            day=_last_day(watch.due_at),
            rule_set=watch.rule_set,
        )
        await mail.defer(session, party.contact, texts.IDLE_SUBJECT, text)


def _last_day(due_at: datetime) -> date:
    return local_day(due_at - timedelta(microseconds=1))


async def recount_terms(session: AsyncSession) -> None:
    """Count provisional terms anew; a term only becomes longer."""
    calendar = await calendar_store.calendar(session)
    for watch in await repository.provisional_watches(session):
        old = CountedDate(_last_day(watch.due_at), True, "")
        found = rules.known_rule_set(watch.rule_set)
        new = recount(old, rules.idle_due(watch.since, found, calendar))
        if (new.day, new.provisional) == (old.day, True):
            continue
        before = _standing(watch)
        watch.due_at = end_of_day(new.day)
        watch.due_provisional = new.provisional
        watch.calendar_version = new.calendar_version
        watch.version += 1
        _record(session, SYSTEM, "recount", watch, before)


def _standing(watch: IdleWatch) -> dict[str, Any]:
    return {"state": watch.state, "since": watch.since, "due_at": watch.due_at}


def _record(
    session: AsyncSession, actor: Actor, act: str, watch: IdleWatch, before: dict[str, Any]
) -> None:
    audit.record(
        session,
        actor,
        f"idle_watch.{act}",
        "idle_watch",
        watch.id,
        before=before,
        after=_standing(watch) | {"ended_because": watch.ended_because},
        rule_set=watch.rule_set,
    )
