"""Grants: an owner lets an organisation read the details, and takes that back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import access, repository, rules
from app.achievements.errors import GranteeUnknown
from app.achievements.models import Achievement, DisclosureGrant
from app.achievements.schemas import NewGrant
from app.achievements.texts import GRANT_MAIL, GRANT_SUBJECT
from app.kit import audit, mail
from app.kit.actor import SYSTEM, Actor
from app.kit.errors import NotFound
from app.parties import service as parties
from app.parties.states import OrganisationState


async def grant_details(
    session: AsyncSession, actor: Actor, achievement_id: UUID, new: NewGrant, now: datetime
) -> DisclosureGrant:
    """Let an organisation read the details; a grant that is in force is given anew its end.

    Raises GranteeUnknown, GrantEnded.
    """
    achievement = access.owned(
        actor, await repository.achievement(session, achievement_id, lock=True)
    )
    known = await parties.facts_of(session, [new.organisation_id])
    facts = known.get(new.organisation_id)
    if facts is None or facts.state != OrganisationState.ACTIVE:
        raise GranteeUnknown(field="body.organisation_id", organisation_id=str(new.organisation_id))
    rules.check_grant_end(now, new.ends_at)
    grant = await repository.live_grant(session, achievement.id, new.organisation_id)
    if grant is None:
        grant = DisclosureGrant(achievement_id=achievement.id, organisation_id=new.organisation_id)
        session.add(grant)
    grant.granted_by = actor.person_id
    grant.ends_at = new.ends_at
    await session.flush()
    audit.record(
        session,
        actor,
        "achievement.grant",
        "achievement",
        achievement.id,
        after={"organisation": new.organisation_id, "ends_at": new.ends_at},
        audience=access.owners(achievement),
    )
    await _tell_grantee(session, achievement, grant)
    return grant


async def _tell_grantee(
    session: AsyncSession, achievement: Achievement, grant: DisclosureGrant
) -> None:
    """A mail to the grantee, if its contact is an address; without anything that is restricted."""
    grantee = await parties.get(session, SYSTEM, grant.organisation_id)
    if not mail.is_address(grantee.contact):
        return
    text = GRANT_MAIL.format(name=grantee.name, owner=achievement.owners[0].name, id=achievement.id)
    await mail.defer(session, grantee.contact, GRANT_SUBJECT, text)


async def revoke_grant(
    session: AsyncSession, actor: Actor, achievement_id: UUID, grant_id: UUID, now: datetime
) -> DisclosureGrant:
    """End a grant at once; what was read stays in the log."""
    achievement = access.owned(
        actor, await repository.achievement(session, achievement_id, lock=True)
    )
    grant = await repository.grant(session, grant_id)
    if grant is None or grant.achievement_id != achievement.id:
        raise NotFound
    if grant.revoked_at is None:
        grant.revoked_at = now
        audit.record(
            session,
            actor,
            "achievement.revoke_grant",
            "achievement",
            achievement.id,
            before={"organisation": grant.organisation_id},
            audience=access.owners(achievement),
        )
    return grant
