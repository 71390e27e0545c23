"""Use cases: draft, publish, object, decide, take effect; what other modules ask."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.kit import audit, calendar_store, clock, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.http import require_version
from app.kit.states import move
from app.notices import access, repository, rules
from app.notices.errors import (
    AlreadyObjected,
    NoStanding,
    NothingChanged,
    NoticeNotEffective,
    TakerUnclear,
)
from app.notices.facts import NoticeFacts, NoticeSubject
from app.notices.models import CONTENT, Notice, NoticeEdition, Objection
from app.notices.schemas import NewNotice, NoticeEdit, ObjectionDecision
from app.notices.states import (
    MOVES,
    OBJECTION_MOVES,
    NoticeKind,
    NoticeState,
    ObjectionState,
)
from app.parties import service as parties
from app.parties.states import OrganisationState, Role

RECOUNT_BATCH = 200
RECOUNT = "notices.recount"
_KEPT_WHEN_NULL = frozenset(CONTENT) - {"license_manner", "taker_id"}


async def create(session: AsyncSession, actor: Actor, new: NewNotice) -> Notice:
    """Draft a price notice of an own, published achievement (促进科技成果转化法 18).

    Raises NotFound, AchievementNotPublished, OwnerAnonymous, UnknownValue, TakerUnclear, and what
    `rules.check_content` raises.
    """
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    publisher_id = actor.require_party()
    achievement = await achievements.require_named(session, actor, new.achievement_id)
    publisher = await parties.facts(session, publisher_id)
    given = new.model_dump(exclude={"achievement_id", "taker_name"}) | {
        "title": new.title or achievement.title,
        "summary": achievement.summary if new.summary is None else new.summary,
        "taker_name": await _taker(session, publisher_id, new.taker_id, new.taker_name),
        "interest": new.interest.value,
    }
    notice = Notice(
        **given,
        achievement_id=achievement.id,
        kind=NoticeKind.PRICE_NOTICE.value,
        publisher_id=publisher_id,
        publisher_name=publisher.name,
        broker_id=actor.organisation_id if actor.client_id else None,
        days_left=new.days,
        state=NoticeState.DRAFT.value,
    )
    await _judge(session, notice)
    session.add(notice)
    await session.flush()
    _record(session, actor, "create", notice, before=None)
    return notice


async def edit(
    session: AsyncSession, actor: Actor, notice_id: UUID, change: NoticeEdit, version: int
) -> Notice:
    """Change a draft against the version that was read; raises what `create` raises."""
    notice = access.owned(actor, await repository.notice(session, notice_id, lock=True))
    require_version(notice.version, version)
    move(MOVES, NoticeState(notice.state), "edit")
    before = notice.standing()
    await _change_content(session, notice, change)
    notice.version += 1
    await session.flush()
    _record(session, actor, "edit", notice, before=before)
    return notice


async def _change_content(session: AsyncSession, notice: Notice, change: NoticeEdit) -> None:
    given = change.model_dump(exclude_unset=True)
    if given.keys() & {"taker_id", "taker_name"}:
        taker_id, name = given.get("taker_id"), given.get("taker_name")
        given["taker_name"] = await _taker(session, notice.publisher_id, taker_id, name)
        given["taker_id"] = taker_id
    if given.get("interest") is not None:
        given["interest"] = given["interest"].value
    if given.get("transfer_mode", "license") != "license":
        given.setdefault("license_manner", None)
    for name, value in given.items():
        if value is not None or name not in {*_KEPT_WHEN_NULL, "days"}:
            setattr(notice, name, value)
    notice.days_left = notice.days
    await _judge(session, notice)


async def _taker(
    session: AsyncSession, publisher_id: UUID, taker_id: UUID | None, name: str | None
) -> str:
    """The taker's name; raises TakerUnclear."""
    if (taker_id is None) == (name is None) or taker_id == publisher_id:
        raise TakerUnclear(field="body.taker_id")
    if taker_id is None:
        return name or ""
    known = await parties.facts_of(session, [taker_id])
    if taker_id not in known or known[taker_id].state != OrganisationState.ACTIVE:
        raise TakerUnclear(field="body.taker_id")
    return known[taker_id].name


async def _judge(session: AsyncSession, notice: Notice) -> datetime:
    """Let the rules of today decide about the content; returns the time they were asked at."""
    parties.require_code("transfer_modes", notice.transfer_mode, "body.transfer_mode")
    if notice.license_manner is not None:
        parties.require_code("license_manners", notice.license_manner, "body.license_manner")
    achievement = await achievements.facts(session, notice.achievement_id)
    now = await clock.now(session)
    found = rules.rule_set(notice.kind, local_day(now))
    rules.check_content(
        notice.content(),
        notice.days,
        found,
        [owner for owner in achievement.owner_ids if owner != notice.publisher_id],
        achievement.completing_persons,
        related=await _related(session, notice, now),
    )
    notice.rule_set = found.code
    return now


async def _related(session: AsyncSession, notice: Notice, now: datetime) -> bool:
    """Whether a taker on the market is tied to the publisher by a relation on record."""
    if notice.taker_id is None:
        return False
    ties = await parties.conflicts(
        session, notice.publisher_id, notice.taker_id, broker_ids=(), appraiser_ids=(), now=now
    )
    return any(tie.code.startswith("seller.") for tie in ties)


async def publish(session: AsyncSession, actor: Actor, notice_id: UUID) -> Notice:
    """Make a draft public; its days count from the day after."""
    notice = access.owned(actor, await repository.notice(session, notice_id, lock=True))
    state = move(MOVES, NoticeState(notice.state), "publish")
    await achievements.require_named(session, actor, notice.achievement_id)
    await _begin(session, actor, "publish", notice, state, await _judge(session, notice))
    return notice


async def republish(
    session: AsyncSession, actor: Actor, notice_id: UUID, change: NoticeEdit
) -> Notice:
    """Make a changed notice public; all of its days count anew (rules.md 2.1).

    Raises NothingChanged, IllegalMove while an objection is open, and what `create` raises.
    """
    notice = access.owned(actor, await repository.notice(session, notice_id, lock=True))
    state = move(MOVES, NoticeState(notice.state), "republish")
    was = notice.content()
    # The new edition is checked while it is put together, and written with its period.
    with session.no_autoflush:
        await _change_content(session, notice, change)
        now = await _judge(session, notice)
        if notice.content() == was:
            raise NothingChanged
        await _begin(session, actor, "republish", notice, state, now)
    return notice


async def _begin(
    session: AsyncSession,
    actor: Actor,
    act: str,
    notice: Notice,
    state: NoticeState,
    now: datetime,
) -> None:
    before = notice.standing()
    calendar = await calendar_store.calendar(session)
    notice.edition += 1
    notice.published_at = now
    notice.days_left = notice.days
    notice.effective_at = notice.closing_note = None
    notice.run(rules.period(now, notice.days, calendar))
    notice.state = state.value
    notice.version += 1
    await session.flush()
    content = asdict(notice.content())
    content["taker_id"] = None if notice.taker_id is None else str(notice.taker_id)
    session.add(
        NoticeEdition(
            notice_id=notice.id,
            edition=notice.edition,
            content=content,
            days=notice.days,
            published_at=now,
        )
    )
    await session.flush()
    _record(session, actor, act, notice, before=before)


async def withdraw(session: AsyncSession, actor: Actor, notice_id: UUID, reason: str) -> Notice:
    """The publisher takes a notice back; once it was published, with a reason everyone can read."""
    notice = access.owned(actor, await repository.notice(session, notice_id, lock=True))
    state = move(MOVES, NoticeState(notice.state), "withdraw")
    if notice.published_at is not None:
        rules.require_reason(reason)
    await _lapse(session, actor, notice, await clock.now(session), "notice_withdrawn")
    notice.closing_note = reason or None
    _enter(session, actor, "withdraw", notice, state)
    await session.flush()
    return notice


async def file_objection(
    session: AsyncSession, actor: Actor, notice_id: UUID, grounds: str
) -> Objection:
    """An identified person of an active organisation objects; the count stops (rules.md A-5).

    Raises NoStanding, NoticeNotOpen and AlreadyObjected.
    """
    actor.require_scope("trade")
    if actor.person_id is None or actor.organisation_id is None:
        raise NoStanding
    own = await parties.facts(session, actor.organisation_id)
    if own.state != OrganisationState.ACTIVE:
        raise NoStanding
    notice = access.visible(actor, await repository.notice(session, notice_id, lock=True))
    now = await clock.now(session)
    rules.require_open(notice.state, notice.ends_at, now)
    for known in await repository.open_objections(session, notice_id):
        if known.person_id == actor.person_id:
            raise AlreadyObjected(objection_id=str(known.id))
    calendar = await calendar_store.calendar(session)
    objection = Objection(
        notice_id=notice_id,
        edition=notice.edition,
        person_id=actor.person_id,
        organisation_id=actor.organisation_id,
        grounds=grounds,
        state=ObjectionState.FILED.value,
        due_at=rules.decision_due(now, rules.known_rule_set(notice.rule_set), calendar),
    )
    session.add(objection)
    await session.flush()
    _record_objection(session, actor, "file", objection, before=None)
    state = move(MOVES, NoticeState(notice.state), "object")
    if notice.state == NoticeState.PUBLISHED:
        assert notice.counts_from is not None
        notice.days_left = rules.days_left(notice.counts_from, notice.days_left, now)
        _enter(session, actor, "suspend", notice, state)
        await session.flush()
    return objection


async def decide(
    session: AsyncSession,
    actor: Actor,
    notice_id: UUID,
    objection_id: UUID,
    decision: ObjectionDecision,
) -> Objection:
    """The publisher or an operator decides an objection, with reasons that are published.

    Upheld, the price is void; rejected, the count goes on once no other objection is open.
    Raises OwnObjection, NoticeReasonRequired and IllegalMove.
    """
    notice = access.deciding(actor, await repository.notice(session, notice_id, lock=True))
    found = await repository.objection(session, notice_id, objection_id)
    objection = access.decidable(actor, found)
    rules.require_reason(decision.reason)
    now = await clock.now(session)
    _close_objection(session, actor, decision.act, objection, now, decision.reason)
    await session.flush()
    if decision.act == "uphold":
        await _lapse(session, actor, notice, now, "notice_void")
        notice.closing_note = decision.reason
        _enter(session, actor, "void", notice, move(MOVES, NoticeState(notice.state), "void"))
        await session.flush()
    else:
        await _resume(session, actor, notice, now)
    return objection


async def withdraw_objection(
    session: AsyncSession, actor: Actor, notice_id: UUID, objection_id: UUID
) -> Objection:
    """Who objected takes it back; the count goes on once no other objection is open."""
    actor.require_scope("trade")
    notice = access.visible(actor, await repository.notice(session, notice_id, lock=True))
    objection = access.filed(actor, await repository.objection(session, notice_id, objection_id))
    now = await clock.now(session)
    _close_objection(session, actor, "withdraw", objection, now, "")
    await session.flush()
    await _resume(session, actor, notice, now)
    return objection


async def _resume(session: AsyncSession, actor: Actor, notice: Notice, now: datetime) -> None:
    """Let the days that are left run, unless an objection is open."""
    if await repository.open_objections(session, notice.id):
        return
    calendar = await calendar_store.calendar(session)
    before = notice.standing()
    notice.state = move(MOVES, NoticeState(notice.state), "resume").value
    notice.run(rules.period(now, notice.days_left, calendar))
    notice.version += 1
    await session.flush()
    _record(session, actor, "resume", notice, before=before)


async def _lapse(
    session: AsyncSession, actor: Actor, notice: Notice, now: datetime, reason: str
) -> None:
    for objection in await repository.open_objections(session, notice.id):
        _close_objection(session, actor, "lapse", objection, now, reason)
    await session.flush()


def _close_objection(
    session: AsyncSession, actor: Actor, act: str, objection: Objection, now: datetime, reason: str
) -> None:
    before = {"state": objection.state}
    objection.state = move(OBJECTION_MOVES, ObjectionState(objection.state), act).value
    objection.decided_at = now
    objection.reason = reason or None
    if act in {"uphold", "reject"}:
        objection.decided_by = actor.organisation_id
    objection.version += 1
    _record_objection(session, actor, act, objection, before=before)


def _enter(
    session: AsyncSession, actor: Actor, act: str, notice: Notice, state: NoticeState
) -> None:
    """Enter a state in which the count does not run."""
    before = notice.standing()
    notice.state = state.value
    notice.stop()
    notice.version += 1
    _record(session, actor, act, notice, before=before)


async def take_effect(session: AsyncSession, notice_id: UUID, now: datetime) -> None:
    """End a period that ran without an open objection; does nothing when it is not due."""
    notice = await repository.unlocked_due(session, notice_id)
    if (
        notice is None
        or notice.state != NoticeState.PUBLISHED
        or notice.ends_at is None
        or notice.ends_at > now
    ):
        return
    before = notice.standing()
    notice.state = move(MOVES, NoticeState(notice.state), "take_effect").value
    notice.effective_at = now
    notice.days_left = 0
    notice.version += 1
    await session.flush()
    _record(session, SYSTEM, "take_effect", notice, before=before)


async def mark_overdue(session: AsyncSession, objection_id: UUID, now: datetime) -> None:
    """Note that a decision is late; the notice stays suspended until there is one."""
    objection = await repository.unlocked_overdue(session, objection_id)
    if (
        objection is None
        or objection.state != ObjectionState.FILED
        or objection.overdue_at is not None
        or objection.due_at > now
    ):
        return
    objection.overdue_at = now
    objection.version += 1
    _record_objection(session, SYSTEM, "overdue", objection, before=None)


async def recount(session: AsyncSession, after: UUID | None) -> None:
    """Count provisional ends anew, a batch in this transaction and the rest in the next job."""
    calendar = await calendar_store.calendar(session)
    rows = await repository.provisional(session, after, RECOUNT_BATCH)
    for notice in rows:
        assert notice.counts_from is not None
        assert notice.ends_at is not None
        before = notice.standing()
        notice.run(rules.recounted(notice.counts_from, notice.ends_at, notice.days_left, calendar))
        if notice.standing() != before:
            notice.version += 1
            _record(session, SYSTEM, "recount", notice, before=before)
    if len(rows) == RECOUNT_BATCH:
        await jobs.defer(session, RECOUNT, after=str(rows[-1].id))


async def effective(session: AsyncSession, subject: NoticeSubject) -> NoticeFacts | None:
    """The notice of this very sale that took effect; it stands until the transaction ends."""
    for notice in await repository.of_subject(session, subject):
        if notice.state == NoticeState.EFFECTIVE:
            return _facts(notice)
    return None


async def require_effective(session: AsyncSession, subject: NoticeSubject) -> None:
    """Raise NoticeNotEffective when a public unit's negotiated price has no notice in effect.

    For prices that were negotiated; one found by listing or auction needs none (促进科技成果转化法
    18). The trigger `signature_after_notice` asks the same of every signature.
    """
    seller = await parties.facts(session, subject.seller_id)
    if seller.kind not in rules.PUBLIC_UNITS or await effective(session, subject) is not None:
        return
    found = await repository.of_subject(session, subject)
    if not found:
        raise NoticeNotEffective(
            situation_zh="尚无与本次成交一致的公示",
            situation="no notice names this achievement, buyer, price and mode",
        )
    raise NoticeNotEffective(
        situation_zh=f"公示当前状态为 {found[0].state}",
        situation=f"the notice is {found[0].state}",
        notice_id=str(found[0].id),
        notice_state=found[0].state,
        ends_at=None if found[0].ends_at is None else found[0].ends_at.isoformat(),
    )


def _facts(notice: Notice) -> NoticeFacts:
    return NoticeFacts(**{name: getattr(notice, name) for name in NoticeFacts.__dataclass_fields__})


def _record(
    session: AsyncSession, actor: Actor, act: str, notice: Notice, *, before: dict[str, Any] | None
) -> None:
    audit.record(
        session,
        actor,
        f"notice.{act}",
        "notice",
        notice.id,
        before=before,
        after=notice.standing() | {"price_fen": notice.price_fen, "taker": notice.taker_name},
        rule_set=notice.rule_set,
        audience=access.audience(notice),
    )


def _record_objection(
    session: AsyncSession,
    actor: Actor,
    act: str,
    objection: Objection,
    *,
    before: dict[str, Any] | None,
) -> None:
    audit.record(
        session,
        actor,
        f"objection.{act}",
        "notice_objection",
        objection.id,
        before=before,
        after={
            "notice": objection.notice_id,
            "edition": objection.edition,
            "state": objection.state,
            "reason": objection.reason,
            "due_at": objection.due_at,
        },
    )
