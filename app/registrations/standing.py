"""After registration: change, cancellation, revocation, and what follows when one falls."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock
from app.kit.actor import Actor
from app.parties import service as parties
from app.parties.states import Role
from app.registrations import access, recording, repository, rules
from app.registrations.errors import NothingChanged
from app.registrations.models import Registration
from app.registrations.records import (
    Change,
)
from app.registrations.states import FindingKind


async def change(
    session: AsyncSession, actor: Actor, registration_id: UUID, given: Change
) -> Registration:
    """The original office changes what is registered (B-6); the number stays.

    Raises NothingChanged and TechnicalExceedsTotal.
    """
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    recording.check_move(row, "change")
    wanted: dict[str, Any] = {
        name: value
        for name in ("title", "total_fen", "technical_fen")
        if (value := getattr(given, name)) is not None and value != getattr(row, name)
    }
    valid_until = None if given.valid_until is None else given.valid_until.isoformat()
    details = dict(row.details)
    if valid_until is not None and valid_until != details.get("valid_until"):
        details["valid_until"] = valid_until
    if not wanted and details == row.details:
        raise NothingChanged(field="body")
    rules.check_amounts(
        wanted.get("total_fen", row.total_fen), wanted.get("technical_fen", row.technical_fen)
    )
    now = await clock.now(session)
    was: dict[str, Any] = {name: getattr(row, name) for name in wanted}
    was["valid_until"] = row.details.get("valid_until")
    before = recording.enter(row, "change") | was
    for name, value in wanted.items():
        setattr(row, name, value)
    row.details = details
    row.changed_at = now
    content = {"basis": given.basis, "before": was, "after": wanted | {"valid_until": valid_until}}
    recording.record(session, actor, row, "change", before, **wanted, basis=given.basis)
    recording.note(session, actor, row, FindingKind.CHANGE, content)
    await session.flush()
    await recording.follow(session, row, last="registrations.certify")
    return row


async def cancel(
    session: AsyncSession, actor: Actor, registration_id: UUID, why: str
) -> Registration:
    """The original office cancels the registration of a contract that ended (注销, B-6)."""
    return await _end(session, actor, registration_id, "cancel", why)


async def revoke(
    session: AsyncSession, actor: Actor, registration_id: UUID, why: str
) -> Registration:
    """The office revokes a registration got by fraud (撤销, B-9); not who registered it."""
    return await _end(session, actor, registration_id, "revoke", why)


async def _end(
    session: AsyncSession, actor: Actor, registration_id: UUID, act: str, why: str
) -> Registration:
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    recording.check_move(row, act)
    if act == "revoke":
        rules.check_reviewer(
            same_person=row.decided_by == actor.person_id,
            registrars=await parties.role_holders(session, row.office_id, Role.REGISTRAR),
        )
    now = await clock.now(session)
    before = recording.enter(row, act)
    await fall(session, actor, row, act, before, now, why)
    return row


async def fall(
    session: AsyncSession,
    actor: Actor,
    row: Registration,
    act: str,
    before: dict[str, Any],
    now: datetime,
    why: str,
) -> None:
    """A registration that has just been moved to its end: what rests on it is at risk."""
    row.fell_at = now
    row.fall_note = why
    recording.record(session, actor, row, act, before, reason=why, fell_at=now)
    await session.flush()
    await recording.follow(session, row, first="settlements.benefits_at_risk")
