"""Use cases of applicants and their office up to the decision, and what others may know."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service as contracts
from app.contracts.states import ContractState
from app.kit import audit, clock, codes
from app.kit.actor import SYSTEM, Actor, RoleRequired
from app.kit.calendar import CountedDate, recount
from app.kit.errors import NotFound
from app.parties import service as parties
from app.parties.facts import OrganisationFacts
from app.parties.states import OrganisationKind, OrganisationState, Role
from app.registrations import access, forms, outcomes, recording, repository, rules
from app.registrations.deciding import refuse, register, split
from app.registrations.errors import (
    BadRegion,
    ContractNotEffective,
    DuplicateRegistration,
    OfficeInUse,
    OutsideTerritory,
    PointTaken,
    TextIsTheContracts,
    UnknownOffice,
    WrongApplicant,
)
from app.registrations.facts import IncomeFacts, RegistrationFacts, StandingFacts
from app.registrations.models import (
    Registration,
    RegistrationOffice,
    RegistrationParty,
    RegistrationText,
)
from app.registrations.schemas import Correction, NewRegistration, OfficeCodes, OfficeView
from app.registrations.states import NUMBERED, RegistrationState, Side

__all__ = ["refuse", "register", "split"]


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
    if await repository.is_live(session, contract.id):
        raise DuplicateRegistration(field="body.contract_id")
    forms.check_details(new.details)
    row = Registration(
        contract_id=contract.id,
        office_id=office.organisation_id,
        applicant_id=applicant.id,
        seller_id=await _keep(session, seller),
        seller_kind=seller.kind,
        seller_region=seller.region_code,
        buyer_id=await _keep(session, buyer),
        buyer_kind=buyer.kind,
        buyer_region=buyer.region_code,
        title=contract.title,
        contract_class=contract.contract_class,
        sub_class=contract.sub_class,
        technical_field=contract.technical_field,
        total_fen=contract.total_fen,
        technical_fen=contract.technical_fen,
        payment_mode=contract.payment_mode,
        details=new.details.model_dump(mode="json"),
        signed_at=contract.signed_at,
        state=RegistrationState.DRAFT.value,
    )
    recording.remember_text(row, (await contracts.document(session, contract.id)).text)
    session.add(row)
    await session.flush()
    recording.record(session, actor, row, "apply", None, contract=contract.id, office=row.office_id)
    return row


async def _keep(session: AsyncSession, organisation: OrganisationFacts) -> UUID:
    """The organisation as a party of registrations; its id is the same."""
    return await repository.keep_party(
        session,
        {
            "id": organisation.id,
            "organisation_id": organisation.id,
            "name": organisation.name,
            "credit_code": organisation.credit_code,
            "region_code": organisation.region_code,
        },
    )


async def submit(session: AsyncSession, actor: Actor, registration_id: UUID) -> Registration:
    """Hand the application to its office."""
    row = await repository.registration(session, registration_id, lock=True)
    row = access.applied_for(actor, row)
    recording.check_move(row, "submit")
    now = await clock.now(session)
    before = recording.enter(row, "submit")
    row.submitted_at = now
    recording.record(session, actor, row, "submit", before)
    await session.flush()
    return row


async def accept(session: AsyncSession, actor: Actor, registration_id: UUID) -> Registration:
    """A registrar accepts; the time for the decision runs from the next day (B-4)."""
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    recording.check_move(row, "accept")
    now = await clock.now(session)
    found, counted = await recording.time_to_decide(session, row, now, row.technical_fen)
    before = recording.enter(row, "accept")
    row.accepted_by = actor.person_id
    recording.start_clock(row, now, found, counted)
    recording.record(
        session, actor, row, "accept", before, due_at=row.due_at, accepted_at=row.accepted_at
    )
    await session.flush()
    return row


async def request_correction(
    session: AsyncSession, actor: Actor, registration_id: UUID, note: str
) -> Registration:
    """A registrar asks for corrected material; until it comes no time runs."""
    row = await repository.registration(session, registration_id, lock=True)
    row = access.examined(actor, row)
    due_at = row.due_at
    before = recording.enter(row, "request_correction") | {"due_at": due_at}
    row.correction_note = note
    row.answer_note = None
    row.due_at, row.due_provisional = None, False
    recording.record(session, actor, row, "request_correction", before, note=note)
    await session.flush()
    return row


async def correct(
    session: AsyncSession, actor: Actor, registration_id: UUID, given: Correction
) -> Registration:
    """Corrected material: its day is the day of acceptance, so the time runs anew (TV-B6)."""
    row = await repository.registration(session, registration_id, lock=True)
    row = access.applied_for(actor, row)
    recording.check_move(row, "correct")
    technical_fen = row.technical_fen if given.technical_fen is None else given.technical_fen
    rules.check_amounts(row.total_fen, technical_fen)
    if given.text is not None:
        await _replace_text(session, row, given.text)
    now = await clock.now(session)
    found, counted = await recording.time_to_decide(session, row, now, technical_fen)
    was = {"technical_fen": row.technical_fen, "overdue_at": row.overdue_at}
    before = recording.enter(row, "correct") | was
    row.technical_fen = technical_fen
    row.answer_note = given.note
    recording.start_clock(row, now, found, counted)
    recording.record(
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


async def _replace_text(session: AsyncSession, row: Registration, text: str) -> None:
    """Take the corrected text of an imported contract; raises TextIsTheContracts for others."""
    last = await repository.text_of(session, row.id)
    if last is None:
        raise TextIsTheContracts(field="body.text")
    session.add(
        RegistrationText(
            registration_id=row.id,
            text_version=last.text_version + 1,
            text=text,
            text_sha256=sha256(text.encode()).hexdigest(),
        )
    )
    recording.remember_text(row, text)


async def mark_overdue(session: AsyncSession, registration_id: UUID, now: datetime) -> None:
    """Note, once per due day, that the office has not decided in time."""
    row = await repository.lock_overdue(session, registration_id, now)
    if row is None:
        return
    row.overdue_at = now
    row.version += 1
    recording.record(
        session, SYSTEM, row, "overdue", {"overdue_at": None}, overdue_at=now, due=row.due_at
    )


async def recount_due(session: AsyncSession) -> None:
    """Count provisional due days anew by the calendar in force; a day only becomes later."""
    for row in await repository.lock_provisional(session):
        assert row.due_at is not None
        assert row.accepted_at is not None
        old = CountedDate(
            day=recording.last_day(row.due_at),
            provisional=True,
            calendar_version=row.calendar_version or "",
        )
        found = rules.rule_set(row.rule_set or "")
        new = recount(
            old, await recording.due(session, row, found, row.accepted_at, row.technical_fen)
        )
        before = {"due_at": row.due_at, "calendar_version": old.calendar_version}
        if (new.day, new.provisional, new.calendar_version) == (
            old.day,
            old.provisional,
            old.calendar_version,
        ):
            continue
        recording.set_due(row, new)
        row.version += 1
        recording.record(
            session,
            SYSTEM,
            row,
            "recount",
            before,
            due_at=row.due_at,
            due_provisional=row.due_provisional,
            calendar_version=row.calendar_version,
        )


async def facts(session: AsyncSession, registration_id: UUID) -> RegistrationFacts:
    """A registration with a number, fallen ones included: its state says so. Else NotFound."""
    row = await repository.registration(session, registration_id)
    if row is None or row.number is None:
        raise NotFound
    [facts] = await _facts(session, [row])
    return facts


async def numbered(
    session: AsyncSession, after: UUID | None, limit: int
) -> list[RegistrationFacts]:
    """Registrations with a number in the order of their ids, those after an id."""
    return await _facts(session, await repository.numbered(session, after, limit))


async def _facts(session: AsyncSession, rows: Sequence[Registration]) -> list[RegistrationFacts]:
    sides = {party for row in rows for party in (row.seller_id, row.buyer_id)}
    known = await repository.parties_of(session, list(sides))
    return [_facts_of(row, known) for row in rows]


def _facts_of(row: Registration, known: Mapping[UUID, RegistrationParty]) -> RegistrationFacts:
    assert row.number is not None
    assert row.registered_at is not None
    return RegistrationFacts(
        id=row.id,
        contract_id=row.contract_id or row.id,
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
        state=row.state,
        source=row.source,
        ip_type=row.details.get("ip_type") or rules.ip_type_of(row.sub_class),
        plan_category=row.details.get("plan_category") or "outside_plan",
        objective=row.details.get("objective"),
        seller_type=known[row.seller_id].party_type,
        buyer_type=known[row.buyer_id].party_type,
        seller_code=known[row.seller_id].credit_code,
        buyer_code=known[row.buyer_id].credit_code,
    )


async def standing(session: AsyncSession, registration_id: UUID) -> StandingFacts:
    """Where a registration stands, fallen ones included; raises NotFound without a number."""
    row = await repository.registration(session, registration_id)
    if row is None or row.number is None:
        raise NotFound
    return StandingFacts(
        id=row.id,
        contract_id=row.contract_id,
        number=row.number,
        state=row.state,
        in_force=row.state in NUMBERED,
        technical_fen=row.technical_fen,
        fell_at=row.fell_at,
        fall_note=row.fall_note,
    )


async def technical_income(session: AsyncSession, registration_id: UUID) -> list[IncomeFacts]:
    """The approved technical income of a registration, one for each realised payment."""
    return [
        IncomeFacts(
            payment_id=one.payment_id,
            received_on=one.received_on,
            realised_total_fen=one.realised_total_fen,
            realised_technical_fen=one.realised_technical_fen,
            income_fen=one.income_fen,
        )
        for one in await outcomes.incomes(session, registration_id)
    ]
