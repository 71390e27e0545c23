"""Use cases: application, acceptance, correction, decision, numbers, the public register."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service as contracts
from app.contracts.states import ContractState
from app.kit import audit, calendar_store, clock, codes, jobs
from app.kit.actor import SYSTEM, Actor, RoleRequired
from app.kit.calendar import CountedDate, end_of_day, local_day, recount
from app.kit.errors import NotFound
from app.kit.states import move
from app.parties import service as parties
from app.parties.states import OrganisationKind, OrganisationState, Role
from app.registrations import access, repository, rules
from app.registrations.errors import (
    BadRegion,
    ContractNotEffective,
    DuplicateRegistration,
    OfficeInUse,
    OutsideTerritory,
    PointTaken,
    ReasonMissing,
    UnknownOffice,
    WrongApplicant,
)
from app.registrations.facts import RegistrationFacts
from app.registrations.models import Registration, RegistrationOffice
from app.registrations.schemas import (
    Correction,
    NewRegistration,
    OfficeCodes,
    OfficeView,
    Refusal,
)
from app.registrations.states import MOVES, RefusalReason, RegistrationState, Side


async def set_up_office(session: AsyncSession, actor: Actor, given: OfficeCodes) -> OfficeView:
    """The own office's region and point, which its numbers begin with.

    Raises BadRegion, PointTaken, and OfficeInUse once numbers were issued under other codes.
    """
    actor.require_role(Role.ORGANISATION_ADMIN)
    office_id = actor.organisation_id
    if office_id is None or actor.organisation_kind != OrganisationKind.REGISTRATION_OFFICE:
        raise RoleRequired(roles=[f"{Role.ORGANISATION_ADMIN} of a registration office"])
    actor.require_scope("trade")
    if f"{given.region4}00" not in codes.regions():
        raise BadRegion(field="body.region4", region4=given.region4)
    await repository.serialise(session, f"registration_office:{given.region4}{given.point}")
    row = await repository.office(session, office_id, lock=True)
    holder = await repository.office_at(session, given.region4, given.point)
    if holder is not None and holder.organisation_id != office_id:
        raise PointTaken(field="body.point", region4=given.region4, point=given.point)
    before: dict[str, Any] | None = None
    if row is None:
        row = RegistrationOffice(organisation_id=office_id)
    else:
        before = {"region4": row.region4, "point": row.point}
        changes = (row.region4, row.point) != (given.region4, given.point)
        if changes and await repository.has_issued(session, office_id):
            raise OfficeInUse
    row.region4, row.point = given.region4, given.point
    session.add(row)
    audit.record(
        session,
        actor,
        "registration_office.set_up",
        "registration_office",
        office_id,
        before=before,
        after={"region4": given.region4, "point": given.point},
    )
    await session.flush()
    [view] = await _office_views(session, [row])
    return view


async def office_list(session: AsyncSession, region: str | None) -> list[OfficeView]:
    """Offices that take applications, by region."""
    return await _office_views(session, await repository.offices(session, region))


async def _office_views(
    session: AsyncSession, rows: Sequence[RegistrationOffice]
) -> list[OfficeView]:
    found = await parties.facts_of(session, [row.organisation_id for row in rows])
    return [
        OfficeView(
            organisation_id=row.organisation_id,
            name=found[row.organisation_id].name,
            region4=row.region4,
            point=row.point,
        )
        for row in rows
        if found[row.organisation_id].state == OrganisationState.ACTIVE
    ]


async def apply(session: AsyncSession, actor: Actor, new: NewRegistration) -> Registration:
    """Start the registration of a signed contract at an office of the applicant's province.

    Raises NotFound (not a party of the contract), ContractNotEffective (B-2), WrongApplicant,
    UnknownOffice, OutsideTerritory (B-1), DuplicateRegistration (TV-B7).
    """
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    contract = await contracts.facts(session, new.contract_id)
    if actor.party_id not in {contract.seller_id, contract.buyer_id}:
        raise NotFound
    if contract.state != ContractState.SIGNED or contract.signed_at is None:
        raise ContractNotEffective(field="body.contract_id", state=contract.state)
    found = await parties.facts_of(session, [contract.seller_id, contract.buyer_id, new.office_id])
    seller, buyer = found[contract.seller_id], found[contract.buyer_id]
    side = rules.registering_side(seller.region_code, buyer.region_code)
    applicant = seller if side is Side.SELLER else buyer
    if actor.party_id != applicant.id:
        raise WrongApplicant(side=side.value, side_zh=access.SIDES_ZH[side])
    office = await repository.office(session, new.office_id)
    if office is None or found[new.office_id].state != OrganisationState.ACTIVE:
        raise UnknownOffice(field="body.office_id")
    if office.region4[:2] != applicant.region_code[:2]:
        raise OutsideTerritory(
            field="body.office_id",
            province=applicant.region_code[:2],
            office_region=office.region4,
        )
    await repository.serialise(session, f"registration:{contract.id}")
    if await repository.live_of_contract(session, contract.id) is not None:
        raise DuplicateRegistration(field="body.contract_id")
    row = Registration(
        contract_id=contract.id,
        office_id=office.organisation_id,
        applicant_id=applicant.id,
        seller_id=seller.id,
        seller_kind=seller.kind,
        seller_region=seller.region_code,
        buyer_id=buyer.id,
        buyer_kind=buyer.kind,
        buyer_region=buyer.region_code,
        title=contract.title,
        contract_class=contract.contract_class,
        sub_class=contract.sub_class,
        technical_field=contract.technical_field,
        total_fen=contract.total_fen,
        technical_fen=contract.technical_fen,
        signed_at=contract.signed_at,
        state=RegistrationState.DRAFT.value,
    )
    session.add(row)
    await session.flush()
    _record(session, actor, row, "apply", None, contract=contract.id, office=row.office_id)
    return row


def _record(
    session: AsyncSession,
    actor: Actor,
    row: Registration,
    act: str,
    before: dict[str, Any] | None,
    **after: Any,
) -> None:
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


def _check_move(row: Registration, act: str) -> None:
    """Raise IllegalMove unless the registration's state allows the act."""
    move(MOVES, RegistrationState(row.state), act)


def _enter(row: Registration, act: str) -> dict[str, Any]:
    """Make a move; returns what was before, for the audit log.

    State and what belongs to it are set together, after the last query: the table's checks hold
    for every row that is written.
    """
    before = {"state": row.state}
    row.state = move(MOVES, RegistrationState(row.state), act).value
    row.version += 1
    return before


async def submit(session: AsyncSession, actor: Actor, registration_id: UUID) -> Registration:
    """Hand the application to its office."""
    row = await repository.registration(session, registration_id, lock=True)
    row = access.applied_for(actor, row)
    _check_move(row, "submit")
    now = await clock.now(session)
    before = _enter(row, "submit")
    row.submitted_at = now
    _record(session, actor, row, "submit", before)
    await session.flush()
    return row


async def accept(session: AsyncSession, actor: Actor, registration_id: UUID) -> Registration:
    """A registrar accepts; the time for the decision runs from the next day (B-4)."""
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    _check_move(row, "accept")
    now = await clock.now(session)
    found, counted = await _time_to_decide(session, row, now, row.technical_fen)
    before = _enter(row, "accept")
    row.accepted_by = actor.person_id
    _start_clock(row, now, found, counted)
    _record(session, actor, row, "accept", before, due_at=row.due_at, accepted_at=row.accepted_at)
    await session.flush()
    return row


async def _time_to_decide(
    session: AsyncSession, row: Registration, accepted_at: datetime, technical_fen: int
) -> tuple[rules.RuleSet, CountedDate]:
    """The rule set in force on the day of acceptance, and until when it lets the office decide."""
    found = rules.rule_set_on(local_day(accepted_at))
    return found, await _due(session, row, found, accepted_at, technical_fen)


def _start_clock(
    row: Registration, now: datetime, found: rules.RuleSet, counted: CountedDate
) -> None:
    """Accepted as of now; the office has until the counted day."""
    row.rule_set = found.id
    row.accepted_at = now
    row.overdue_at = None
    _set_due(row, counted)


def _set_due(row: Registration, counted: CountedDate) -> None:
    row.due_at = end_of_day(counted.day)
    row.due_provisional = counted.provisional
    row.calendar_version = counted.calendar_version


async def _due(
    session: AsyncSession,
    row: Registration,
    found: rules.RuleSet,
    accepted_at: datetime,
    technical_fen: int,
) -> CountedDate:
    office = await repository.office(session, row.office_id)
    assert office is not None
    return rules.decision_due(
        found,
        await calendar_store.calendar(session),
        local_day(accepted_at),
        technical_fen,
        office.region4[:2],
    )


async def request_correction(
    session: AsyncSession, actor: Actor, registration_id: UUID, note: str
) -> Registration:
    """A registrar asks for corrected material; until it comes no time runs."""
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    due_at = row.due_at
    before = _enter(row, "request_correction") | {"due_at": due_at}
    row.correction_note = note
    row.answer_note = None
    row.due_at, row.due_provisional = None, False
    _record(session, actor, row, "request_correction", before, note=note)
    await session.flush()
    return row


async def correct(
    session: AsyncSession, actor: Actor, registration_id: UUID, given: Correction
) -> Registration:
    """Corrected material: its day is the day of acceptance, so the time runs anew (TV-B6)."""
    row = await repository.registration(session, registration_id, lock=True)
    row = access.applied_for(actor, row)
    _check_move(row, "correct")
    technical_fen = row.technical_fen if given.technical_fen is None else given.technical_fen
    rules.check_amounts(row.total_fen, technical_fen)
    now = await clock.now(session)
    found, counted = await _time_to_decide(session, row, now, technical_fen)
    was = {"technical_fen": row.technical_fen, "overdue_at": row.overdue_at}
    before = _enter(row, "correct") | was
    row.technical_fen = technical_fen
    row.answer_note = given.note
    _start_clock(row, now, found, counted)
    _record(
        session,
        actor,
        row,
        "correct",
        before,
        technical_fen=row.technical_fen,
        due_at=row.due_at,
        accepted_at=row.accepted_at,
    )
    await session.flush()
    return row


async def register(session: AsyncSession, actor: Actor, registration_id: UUID) -> Registration:
    """A registrar registers the contract and issues the next number of the office's year.

    Decisions of one office wait for each other on its row, and the number is taken in the
    deciding transaction, so numbers have no gaps, no duplicates, and the order of their times.
    """
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    _check_move(row, "register")
    rule_set = rules.rule_set(row.rule_set or "")
    rules.check_four_eyes(
        rule_set,
        same_person=row.accepted_by == actor.person_id,
        registrars=await parties.role_holders(session, row.office_id, Role.REGISTRAR),
    )
    rules.check_amounts(row.total_fen, row.technical_fen)
    office = await repository.office(session, row.office_id, lock=True)
    assert office is not None
    now = await clock.now(session)
    year = local_day(now).year
    # The number is formed first: a serial beyond the last one is refused, not stored.
    serial = await repository.last_serial(session, row.office_id, year) + 1
    number = rules.number(year, office.region4, office.point, serial)
    taken = await repository.take_serial(session, row.office_id, year)
    assert taken == serial
    before = _enter(row, "register")
    row.number = number
    row.registered_at = now
    row.decided_by = actor.person_id
    _record(session, actor, row, "register", before, number=row.number, registered_at=now)
    await session.flush()
    await jobs.defer(session, "statistics.count", registration_id=str(row.id))
    await jobs.defer(session, "pricing.collect_contract", registration_id=str(row.id))
    return row


async def refuse(
    session: AsyncSession, actor: Actor, registration_id: UUID, refusal: Refusal
) -> Registration:
    """A registrar refuses, for one of the nine reasons (rules.md 3.2)."""
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    _check_move(row, "refuse")
    if refusal.reason is RefusalReason.OTHER and not refusal.note:
        raise ReasonMissing(field="body.note")
    before = _enter(row, "refuse")
    row.refusal_reason = refusal.reason.value
    row.refusal_note = refusal.note or None
    row.decided_by = actor.person_id
    _record(session, actor, row, "refuse", before, reason=refusal.reason, note=refusal.note)
    await session.flush()
    return row


async def mark_overdue(session: AsyncSession, registration_id: UUID, now: datetime) -> None:
    """Note, once per due day, that the office has not decided in time."""
    row = await repository.lock_overdue(session, registration_id, now)
    if row is None:
        return
    row.overdue_at = now
    row.version += 1
    _record(session, SYSTEM, row, "overdue", {"overdue_at": None}, overdue_at=now, due=row.due_at)


async def recount_due(session: AsyncSession) -> None:
    """Count provisional due days anew by the calendar in force; a day only becomes later."""
    for row in await repository.lock_provisional(session):
        assert row.due_at is not None
        assert row.accepted_at is not None
        old = CountedDate(
            day=_last_day(row.due_at), provisional=True, calendar_version=row.calendar_version or ""
        )
        found = rules.rule_set(row.rule_set or "")
        new = recount(old, await _due(session, row, found, row.accepted_at, row.technical_fen))
        before = {"due_at": row.due_at, "calendar_version": old.calendar_version}
        if (new.day, new.provisional, new.calendar_version) == (
            old.day,
            old.provisional,
            old.calendar_version,
        ):
            continue
        _set_due(row, new)
        row.version += 1
        _record(
            session,
            SYSTEM,
            row,
            "recount",
            before,
            due_at=row.due_at,
            due_provisional=row.due_provisional,
            calendar_version=row.calendar_version,
        )


def _last_day(due_at: datetime) -> date:
    """The day whose 24:00 a due time is."""
    return local_day(due_at - timedelta(microseconds=1))


async def facts(session: AsyncSession, registration_id: UUID) -> RegistrationFacts:
    """A registered contract, for the statistics; raises NotFound unless it is registered."""
    row = await repository.registration(session, registration_id)
    if row is None or row.number is None or row.registered_at is None:
        raise NotFound
    return RegistrationFacts(
        id=row.id,
        contract_id=row.contract_id,
        number=row.number,
        contract_class=row.contract_class,
        sub_class=row.sub_class,
        total_fen=row.total_fen,
        technical_fen=row.technical_fen,
        technical_field=row.technical_field,
        seller_id=row.seller_id,
        seller_kind=row.seller_kind,
        seller_region=row.seller_region,
        buyer_id=row.buyer_id,
        buyer_kind=row.buyer_kind,
        buyer_region=row.buyer_region,
        office_id=row.office_id,
        registered_at=row.registered_at,
        signed_at=row.signed_at,
    )
