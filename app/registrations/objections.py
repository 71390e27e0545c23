"""Objections to an office's decision and their review (B-7): upheld or overturned."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit, clock
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.states import move
from app.parties import service as parties
from app.parties.states import Role
from app.registrations import access, outcomes, recording, repository, rules, standing
from app.registrations.errors import DuplicateRegistration, ObjectionOpen
from app.registrations.models import Registration, RegistrationObjection
from app.registrations.records import (
    ReviewDecision,
)
from app.registrations.states import (
    OBJECTION_MOVES,
    ObjectionState,
    RegistrationState,
)


async def file(
    session: AsyncSession, actor: Actor, registration_id: UUID, grounds: str
) -> RegistrationObjection:
    """A party of the contract, or a regulator for the tax and finance bodies, objects.

    Raises ObjectionOpen, and DuplicateRegistration when the refused contract was applied for anew.
    """
    row = await repository.registration(session, registration_id, lock=True)
    row = access.objecting(actor, row)
    if row.state == RegistrationState.UNDER_REVIEW:
        raise ObjectionOpen
    recording.check_move(row, "object")
    if row.contract_id is not None and row.part == 0:
        await repository.serialise(session, f"registration:{row.contract_id}")
        if await repository.is_live(session, row.contract_id, besides=row.id):
            raise DuplicateRegistration
    assert actor.organisation_id is not None
    objection = RegistrationObjection(
        registration_id=row.id,
        against=row.state,
        organisation_id=actor.party_id or actor.organisation_id,
        person_id=recording.actor_person(actor),
        grounds=grounds,
        state=ObjectionState.UNDER_REVIEW.value,
    )
    session.add(objection)
    before = recording.enter(row, "object")
    recording.record(session, actor, row, "object", before, grounds=grounds)
    await session.flush()
    return objection


async def withdraw(
    session: AsyncSession, actor: Actor, registration_id: UUID, objection_id: UUID
) -> RegistrationObjection:
    """Who objected takes it back; the decision stands as it was."""
    row = await repository.registration(session, registration_id, lock=True)
    row = access.objecting(actor, row)
    objection = await _of(session, row, objection_id)
    if objection.organisation_id not in {actor.party_id, actor.organisation_id}:
        raise NotFound
    await _close(session, actor, row, objection, "withdraw")
    return objection


async def review(
    session: AsyncSession,
    actor: Actor,
    registration_id: UUID,
    objection_id: UUID,
    given: ReviewDecision,
) -> RegistrationObjection:
    """A registrar of the office who did not decide upholds or overturns the decision.

    A refusal that is overturned is accepted anew as of now; a registration that is overturned
    falls. Raises ReviewerDecided.
    """
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    objection = await _of(session, row, objection_id)
    rules.check_reviewer(
        same_person=row.decided_by == actor.person_id,
        registrars=await parties.role_holders(session, row.office_id, Role.REGISTRAR),
    )
    objection.note = given.note
    objection.decided_by = actor.person_id
    await _close(session, actor, row, objection, given.outcome)
    return objection


async def _of(
    session: AsyncSession, row: Registration, objection_id: UUID
) -> RegistrationObjection:
    for one in await outcomes.objections(session, row.id):
        if one.id == objection_id:
            return one
    raise NotFound


async def _close(
    session: AsyncSession,
    actor: Actor,
    row: Registration,
    objection: RegistrationObjection,
    outcome: str,
) -> None:
    """Close an objection and move its registration with it."""
    now = await clock.now(session)
    was = objection.state
    after = move(OBJECTION_MOVES, ObjectionState(objection.state), outcome).value
    if outcome == "overturn" and objection.against == RegistrationState.REFUSED:
        found, counted = await recording.time_to_decide(session, row, now, row.technical_fen)
        before = recording.enter(row, "overturn_refusal") | {"reason": row.refusal_reason}
        row.refusal_reason = row.refusal_note = None
        row.accepted_by = actor.person_id
        row.decided_by = None
        recording.start_clock(row, now, found, counted)
        recording.record(session, actor, row, "overturn_refusal", before, due_at=row.due_at)
    elif outcome == "overturn":
        before = recording.enter(row, "overturn_registration")
        await standing.fall(
            session, actor, row, "overturn_registration", before, now, objection.note or ""
        )
    else:
        act = f"uphold_{objection.against}"
        before = recording.enter(row, act)
        recording.record(session, actor, row, act, before, outcome=outcome)
    objection.state = after
    objection.closed_at = now
    audit.record(
        session,
        actor,
        f"registration_objection.{outcome}",
        "registration_objection",
        objection.id,
        before={"state": was},
        after={"state": after, "note": objection.note},
        rule_set=row.rule_set,
    )
    await session.flush()


async def of(
    session: AsyncSession, actor: Actor, registration_id: UUID
) -> Sequence[RegistrationObjection]:
    """The objections to a registration, for whoever sees it."""
    row = access.visible(actor, await repository.registration(session, registration_id))
    return await outcomes.objections(session, row.id)
