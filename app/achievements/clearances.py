"""Clearances: consents, statements, pledges and approvals that an offer depends on."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import access, repository, rules
from app.achievements.errors import ClearanceExists, DetailsNotGranted
from app.achievements.facts import ClearanceFacts, OfferFacts
from app.achievements.models import Achievement, Clearance
from app.achievements.schemas import NewClearance
from app.achievements.states import ClearanceKind
from app.kit import audit
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.parties.states import Role


async def add(
    session: AsyncSession, actor: Actor, achievement_id: UUID, new: NewClearance, now: datetime
) -> Clearance:
    """Put a clearance on record: the poster any, a co-owner of the market its own consent.

    Raises NotFound, ClearanceStatement, ClearanceSubject, ClearanceDates, ClearanceExists.
    """
    achievement = await _recording(session, actor, achievement_id, new)
    live = await repository.live_clearances(session, [achievement_id])
    pledgees = [row.subject for row in live if row.kind == ClearanceKind.PLEDGE]
    rules.check_clearance(
        new.kind, new.statement, new.subject, _subjects(achievement, pledgees).get(new.kind)
    )
    rules.check_clearance_dates(new.dated_on, new.valid_until, local_day(now))
    for known in live:
        if (known.kind, known.subject) == (new.kind, new.subject):
            raise ClearanceExists(clearance_id=str(known.id))
    clearance = Clearance(
        achievement_id=achievement_id,
        **new.model_dump(exclude={"kind"}),
        kind=new.kind.value,
        recorded_by=actor.require_party(),
    )
    session.add(clearance)
    await session.flush()
    after = {"clearance": clearance.id} | new.model_dump(mode="json")
    audit.record(
        session,
        actor,
        "achievement.clear",
        "achievement",
        achievement_id,
        after=after,
        audience=access.owners(achievement),
    )
    return clearance


async def _recording(
    session: AsyncSession, actor: Actor, achievement_id: UUID, new: NewClearance
) -> Achievement:
    """The achievement, locked, if the actor may put this on record."""
    found = await repository.achievement(session, achievement_id, lock=True)
    seen = access.visible(actor, found)
    party_id = actor.require_party()
    own_consent = new.kind == ClearanceKind.CO_OWNER_CONSENT and any(
        owner.organisation_id == party_id and owner.name == new.subject for owner in seen.owners
    )
    if own_consent:
        actor.require_role(Role.TRADER)
        actor.require_scope("trade")
        return seen
    return access.owned(actor, seen)


def _subjects(achievement: Achievement, pledgees: Sequence[str]) -> dict[ClearanceKind, list[str]]:
    """Whom clearances can be about, where that is limited."""
    return {
        ClearanceKind.CO_OWNER_CONSENT: list(_co_owners(achievement)),
        ClearanceKind.INVENTOR_STATEMENT: [person.name for person in achievement.persons],
        ClearanceKind.PLEDGEE_CONSENT: list(pledgees),
    }


def _co_owners(achievement: Achievement) -> tuple[str, ...]:
    return tuple(
        owner.name
        for owner in achievement.owners
        if owner.organisation_id != achievement.lead_party_id
    )


async def revoke(
    session: AsyncSession,
    actor: Actor,
    achievement_id: UUID,
    clearance_id: UUID,
    reason: str,
    now: datetime,
) -> Clearance:
    """Note that a clearance does not hold any more, such as a pledge that was released."""
    found = await repository.achievement(session, achievement_id, lock=True)
    achievement = access.owned(actor, found)
    clearance = await repository.clearance(session, achievement_id, clearance_id)
    if clearance is None:
        raise NotFound
    if clearance.revoked_at is None:
        clearance.revoked_at = now
        clearance.revocation = reason
        await session.flush()
        audit.record(
            session,
            actor,
            "achievement.revoke_clearance",
            "achievement",
            achievement_id,
            after={"clearance": clearance.id, "reason": reason},
            audience=access.owners(achievement),
        )
    return clearance


async def listed(session: AsyncSession, actor: Actor, achievement_id: UUID) -> Sequence[Clearance]:
    """All clearances of an achievement, for its owners and overseers."""
    seen = access.visible(actor, await repository.achievement(session, achievement_id))
    if not (access.owns(actor, seen) or access.oversees(actor)):
        raise DetailsNotGranted
    return await repository.clearances(session, achievement_id)


async def offer_facts_of(
    session: AsyncSession, achievement_ids: Sequence[UUID], day: date
) -> list[OfferFacts]:
    """What decides whether achievements may be offered on that day; those in a package too."""
    rows = await repository.achievements_by_id(session, achievement_ids)
    live = await repository.live_clearances(session, achievement_ids)
    documents = Counter(await repository.public_documents(session, achievement_ids))
    return [
        OfferFacts(
            achievement_id=row.id,
            co_owners=_co_owners(row),
            inventors=tuple(person.name for person in row.persons),
            funding=row.funding,
            details=row.details,
            public_documents=documents[row.id],
            clearances=tuple(
                ClearanceFacts(
                    kind=found.kind,
                    subject=found.subject,
                    statement=found.statement,
                    document=found.document,
                    dated_on=found.dated_on,
                    valid_until=found.valid_until,
                )
                for found in live
                if found.achievement_id == row.id
                and (found.valid_until is None or found.valid_until >= day)
            ),
        )
        for row in rows.values()
    ]
