"""Decisions of the office: registration with its number, refusal, splitting of a contract."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import Actor
from app.parties import service as parties
from app.parties.states import Role
from app.registrations import access, checks, recognition, recording, repository, rules
from app.registrations.errors import PartsDoNotSum, ReasonMissing
from app.registrations.models import Registration
from app.registrations.records import (
    Split,
)
from app.registrations.schemas import (
    Refusal,
)
from app.registrations.states import RefusalReason, RegistrationState


async def register(session: AsyncSession, actor: Actor, registration_id: UUID) -> Registration:
    """A registrar registers the contract and issues the next number of the office's year.

    Decisions of one office wait for each other on its row, and the number is taken in the
    deciding transaction, so numbers have no gaps, no duplicates, and the order of their times.
    Raises FourEyes, ExpertReviewNeeded, AssessmentNeeded and PossibleDuplicate.
    """
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    recording.check_move(row, "register")
    rule_set = rules.rule_set(row.rule_set or "")
    accepted_it = row.accepted_by == actor.person_id
    rules.check_four_eyes(
        rule_set,
        same_person=accepted_it,
        registrars=await parties.role_holders(session, row.office_id, Role.REGISTRAR)
        if accepted_it
        else 0,
    )
    rules.check_amounts(row.total_fen, row.technical_fen)
    await checks.before_registering(session, row, rule_set)
    # Whatever needs no number comes before the turn: from there on the office's others wait.
    await recording.follow(session, row, last="registrations.certify")
    turn = await repository.take_turn(session, row.office_id, rules.LAST_SERIAL)
    number = rules.number(turn.year, turn.region4, turn.point, turn.serial)
    before = recording.enter(row, "register")
    row.number = number
    row.registered_at = turn.now
    row.decided_by = actor.person_id
    recording.record(session, actor, row, "register", before, number=number, registered_at=turn.now)
    await session.flush()
    return row


async def refuse(
    session: AsyncSession, actor: Actor, registration_id: UUID, refusal: Refusal
) -> Registration:
    """A registrar refuses, for one of the nine reasons (rules.md 3.2)."""
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    recording.check_move(row, "refuse")
    if refusal.reason is RefusalReason.OTHER and not refusal.note:
        raise ReasonMissing(field="body.note")
    before = recording.enter(row, "refuse")
    row.refusal_reason = refusal.reason.value
    row.refusal_note = refusal.note or None
    row.decided_by = actor.person_id
    recording.record(
        session, actor, row, "refuse", before, reason=refusal.reason, note=refusal.note
    )
    await session.flush()
    return row


async def split(
    session: AsyncSession, actor: Actor, registration_id: UUID, given: Split
) -> list[Registration]:
    """A registrar splits a mixed contract into parts that are registered on their own.

    The parts are accepted as of the whole's acceptance, each with the time that its amount gives.
    Raises SubClassUnknown and PartsDoNotSum.
    """
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    recording.check_move(row, "split")
    for one in given.parts:
        recognition.scheme_of(one.contract_class, one.sub_class)
        rules.check_amounts(one.total_fen, one.technical_fen)
    for name, whole in (("total_fen", row.total_fen), ("technical_fen", row.technical_fen)):
        summed = sum(getattr(one, name) for one in given.parts)
        if summed != whole:
            raise PartsDoNotSum(field=f"body.parts.0.{name}", given_fen=summed, expected_fen=whole)
    before = recording.enter(row, "split")
    recording.record(session, actor, row, "split", before, parts=len(given.parts))
    await session.flush()
    made = []
    for index, one in enumerate(given.parts, 1):
        part = _part_of(row, index)
        part.title, part.contract_class, part.sub_class = (
            one.title,
            one.contract_class,
            one.sub_class,
        )
        part.total_fen, part.technical_fen = one.total_fen, one.technical_fen
        await recording.count_again(session, part)
        session.add(part)
        await session.flush()
        recording.record(session, actor, part, "part", None, whole=row.id, part=index)
        made.append(part)
    await session.flush()
    return made


_OF_THE_WHOLE = (
    "source",
    "contract_id",
    "office_id",
    "applicant_id",
    "seller_id",
    "seller_kind",
    "seller_region",
    "buyer_id",
    "buyer_kind",
    "buyer_region",
    "technical_field",
    "payment_mode",
    "digest",
    "hashes",
    "bands",
    "signed_at",
    "rule_set",
    "submitted_at",
    "accepted_at",
    "accepted_by",
    "disputed",
)


def _part_of(row: Registration, index: int) -> Registration:
    """A part of a contract, accepted when the whole was."""
    part = Registration(**{name: getattr(row, name) for name in _OF_THE_WHOLE})
    part.part = index
    part.reference = None if row.reference is None else f"{row.reference}/{index}"
    part.details = {name: value for name, value in row.details.items() if name != "ip_type"}
    part.details["ip_type"] = None
    part.state = RegistrationState.ACCEPTED.value
    return part
