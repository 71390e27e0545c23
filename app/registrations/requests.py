"""Requests of applicants for a change (变更) or cancellation (注销) of what is registered (B-6)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit, clock
from app.kit.actor import Actor, RoleRequired
from app.kit.errors import NotFound
from app.kit.states import move
from app.parties import service as parties
from app.parties.states import Role
from app.registrations import access, outcomes, recording, repository, rules, standing
from app.registrations.errors import NothingChanged, ReasonMissing, RequestOpen
from app.registrations.models import Registration, RegistrationRequest
from app.registrations.records import Change, RequestDecision, RequestIn
from app.registrations.states import REQUEST_MOVES, RequestKind, RequestState

_VALUES = ("title", "total_fen", "technical_fen", "valid_until")
SHOWN = 100


async def file(
    session: AsyncSession, actor: Actor, registration_id: UUID, given: RequestIn
) -> RegistrationRequest:
    """The applicant asks its office; for a contract that was handed in on paper a registrar does.

    Raises RequestOpen, NothingChanged, TechnicalExceedsTotal, and IllegalMove when the registration
    is not in force.
    """
    row = await repository.registration(session, registration_id, lock=True)
    row = access.applied_for(actor, row)
    recording.check_move(row, given.kind.value)
    if any(one.state == RequestState.FILED for one in await outcomes.requests(session, row.id)):
        raise RequestOpen
    wanted = given.model_dump(mode="json", include=set(_VALUES), exclude_none=True)
    if given.kind is RequestKind.CHANGE:
        known = {name: getattr(row, name) for name in _VALUES[:3]}
        known["valid_until"] = row.details.get("valid_until")
        if all(known[name] == value for name, value in wanted.items()):
            raise NothingChanged(field="body")
        rules.check_amounts(
            wanted.get("total_fen", row.total_fen), wanted.get("technical_fen", row.technical_fen)
        )
    elif wanted:
        raise NothingChanged(field=f"body.{next(iter(wanted))}")
    made = RegistrationRequest(
        registration_id=row.id,
        kind=given.kind.value,
        wanted=wanted,
        basis=given.basis,
        organisation_id=actor.require_party(),
        person_id=recording.actor_person(actor),
        state=RequestState.FILED.value,
    )
    session.add(made)
    await session.flush()
    _record(session, actor, "file", made, None, row)
    return made


async def withdraw(
    session: AsyncSession, actor: Actor, registration_id: UUID, request_id: UUID
) -> RegistrationRequest:
    """Whoever asked takes the request back."""
    row = await repository.registration(session, registration_id, lock=True)
    row = access.applied_for(actor, row)
    found = await _of(session, row, request_id)
    if found.organisation_id != actor.party_id:
        raise NotFound
    await _close(session, actor, row, found, "withdraw", None)
    return found


async def decide(
    session: AsyncSession,
    actor: Actor,
    registration_id: UUID,
    request_id: UUID,
    given: RequestDecision,
) -> RegistrationRequest:
    """A registrar grants the request, which changes or ends the registration, or rejects it.

    Not who entered it for a contract on paper, where a colleague could. Raises ReviewerDecided,
    ReasonMissing, NothingChanged, and IllegalMove, as when an objection is under review.
    """
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    found = await _of(session, row, request_id)
    rules.check_reviewer(
        same_person=found.person_id == actor.person_id,
        registrars=await parties.role_holders(session, row.office_id, Role.REGISTRAR),
    )
    move(REQUEST_MOVES, RequestState(found.state), given.outcome)
    if given.outcome == "reject" and not given.note:
        raise ReasonMissing(field="body.note")
    if given.outcome == "grant" and found.kind == RequestKind.CHANGE:
        change = Change.model_validate({"basis": found.basis} | found.wanted)
        await standing.change(session, actor, row.id, change)
    elif given.outcome == "grant":
        await standing.cancel(session, actor, row.id, found.basis)
    await _close(session, actor, row, found, given.outcome, given.note or None)
    return found


async def _of(session: AsyncSession, row: Registration, request_id: UUID) -> RegistrationRequest:
    for one in await outcomes.requests(session, row.id):
        if one.id == request_id:
            return one
    raise NotFound


async def _close(
    session: AsyncSession,
    actor: Actor,
    row: Registration,
    request: RegistrationRequest,
    act: str,
    note: str | None,
) -> None:
    before = {"state": request.state}
    after = move(REQUEST_MOVES, RequestState(request.state), act).value
    now = await clock.now(session)
    request.state, request.closed_at, request.note = after, now, note
    request.decided_by = None if act == "withdraw" else actor.person_id
    _record(session, actor, act, request, before, row)
    await session.flush()


def _record(
    session: AsyncSession,
    actor: Actor,
    act: str,
    request: RegistrationRequest,
    before: dict[str, Any] | None,
    row: Registration,
) -> None:
    audit.record(
        session,
        actor,
        f"registration_request.{act}",
        "registration_request",
        request.id,
        before=before,
        after={
            "state": request.state,
            "kind": request.kind,
            "registration": row.id,
            "wanted": request.wanted,
            "note": request.note,
        },
        rule_set=row.rule_set,
    )


async def of(
    session: AsyncSession, actor: Actor, registration_id: UUID
) -> Sequence[RegistrationRequest]:
    """The requests about a registration, for whoever sees it."""
    row = access.visible(actor, await repository.registration(session, registration_id))
    return await outcomes.requests(session, row.id)


async def waiting(
    session: AsyncSession, actor: Actor
) -> Sequence[tuple[RegistrationRequest, Registration]]:
    """The oldest requests that wait for the own office; for regulators at all offices."""
    if access.sees_all(actor):
        return await outcomes.open_requests(session, None, SHOWN)
    if Role.REGISTRAR not in actor.roles or actor.organisation_id is None:
        raise RoleRequired(roles=[Role.REGISTRAR.value, Role.REGULATOR.value])
    return await outcomes.open_requests(session, actor.organisation_id, SHOWN)
