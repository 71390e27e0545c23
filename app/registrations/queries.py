"""Reading: registrations of a party or an office, and the public register."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service as contracts
from app.contracts.facts import ContractDocument
from app.kit import search_terms
from app.kit.actor import Actor, RoleRequired
from app.kit.calendar import end_of_day, local_day
from app.kit.errors import NotFound
from app.parties import service as parties
from app.parties.states import Role
from app.registrations import access, checks, recognition, recording, repository, rules
from app.registrations.errors import RegisterPeriodReversed
from app.registrations.models import Registration, RegistrationFinding, RegistrationParty
from app.registrations.records import (
    CandidateView,
    ChecklistItem,
    LikeView,
    MonopolyView,
    Reason,
    RecognitionView,
)
from app.registrations.repository import RegisterFilters
from app.registrations.schemas import (
    QueueRow,
    RegisterEntry,
    RegistrationView,
)
from app.registrations.states import NUMBERED, RegistrationState


async def get(session: AsyncSession, actor: Actor, registration_id: UUID) -> Registration:
    """One registration, if the actor may see it."""
    return access.visible(actor, await repository.registration(session, registration_id))


async def contract_text(
    session: AsyncSession, actor: Actor, registration_id: UUID
) -> ContractDocument:
    """The contract's text, for whoever sees the registration: the office examines it."""
    row = await get(session, actor, registration_id)
    return await checks.document(session, row)


def view(row: Registration) -> RegistrationView:
    """A registration as it is shown."""
    shown = RegistrationView.model_validate(row)
    if row.rule_set is not None:
        shown.rule_set_verify = rules.rule_set(row.rule_set).verify
    return shown


async def registration_list(
    session: AsyncSession,
    actor: Actor,
    *,
    state: RegistrationState | None,
    contract_id: UUID | None,
    overdue: bool | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Registration]:
    """The acting party's registrations, an office's queue, or all of them for regulators."""
    all_of_them = access.sees_all(actor)
    of_office = Role.REGISTRAR in actor.roles
    if actor.party_id is None and not all_of_them:
        return []
    return await repository.registrations(
        session,
        party_id=None if all_of_them or of_office else actor.party_id,
        office_id=actor.organisation_id if of_office and not all_of_them else None,
        state=None if state is None else state.value,
        contract_id=contract_id,
        overdue=overdue,
        after=after,
        limit=limit,
    )


def narrowed(
    *,
    q: str | None = None,
    contract_class: str | None = None,
    sub_class: str | None = None,
    technical_field: str | None = None,
    seller_region: str | None = None,
    buyer_region: str | None = None,
    office_id: UUID | None = None,
    first: date | None = None,
    last: date | None = None,
) -> RegisterFilters:
    """What the register is narrowed to: words of a title, codes, heads of region codes, days.

    Raises RegisterPeriodReversed.
    """
    if first is not None and last is not None and first > last:
        raise RegisterPeriodReversed(field="query.from")
    words = search_terms.normalised(q or "").replace("\x00", "")
    return RegisterFilters(
        phrases=tuple(words.split()),
        grams=tuple(search_terms.query_grams(words)),
        contract_class=contract_class,
        sub_class=sub_class,
        technical_field=technical_field,
        seller_region=None if seller_region is None else search_terms.region_bounds(seller_region),
        buyer_region=None if buyer_region is None else search_terms.region_bounds(buyer_region),
        office_id=office_id,
        since=None if first is None or first == date.min else end_of_day(first - timedelta(days=1)),
        before=None if last is None or last == date.max else end_of_day(last),
    )


async def register_page(
    session: AsyncSession,
    filters: RegisterFilters,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Registration]:
    """Registered contracts, the last one first."""
    return await repository.registered(session, filters, after=after, limit=limit)


async def register_entry(session: AsyncSession, number: str) -> RegisterEntry:
    """The entry of a number, one that fell included; raises NotFound."""
    row = await repository.by_number(session, number)
    if row is None:
        raise NotFound
    [entry] = await register_entries(session, [row])
    return entry


async def register_entries(
    session: AsyncSession, rows: Sequence[Registration]
) -> list[RegisterEntry]:
    """What the register shows of registrations to everyone."""
    found = await party_names(session, rows)
    offices = await parties.facts_of(session, list({row.office_id for row in rows}))
    return [
        RegisterEntry.model_validate(
            {
                "number": row.number,
                "title": row.title,
                "contract_class": row.contract_class,
                "sub_class": row.sub_class,
                "technical_field": row.technical_field,
                "seller_name": found[row.seller_id].name,
                "seller_region": row.seller_region,
                "buyer_name": found[row.buyer_id].name,
                "buyer_region": row.buyer_region,
                "office_name": offices[row.office_id].name,
                "registered_at": row.registered_at,
                "state": row.state,
                "in_force": row.state in NUMBERED,
            }
        )
        for row in rows
    ]


async def party_names(
    session: AsyncSession, rows: Sequence[Registration]
) -> dict[UUID, RegistrationParty]:
    """The parties of registrations by id, members of the market or not."""
    ids = {party for row in rows for party in (row.seller_id, row.buyer_id)}
    return await repository.parties_of(session, list(ids))


async def queue(
    session: AsyncSession,
    actor: Actor,
    *,
    region: str | None,
    due_before: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
    now: datetime,
) -> list[QueueRow]:
    """What waits for the own office, or for regulators what waits in a territory; by due time."""
    if access.sees_all(actor):
        office_id = None
    elif Role.REGISTRAR in actor.roles and actor.organisation_id is not None:
        office_id = actor.organisation_id
    else:
        raise RoleRequired(roles=[Role.REGISTRAR.value, Role.REGULATOR.value])
    found = await repository.queue(
        session, office_id=office_id, region=region, due_before=due_before, after=after, limit=limit
    )
    rows = [row for row, _ in found]
    known = await party_names(session, rows)
    names = await parties.facts_of(session, list({row.office_id for row in rows}))
    return [
        QueueRow(
            registration=view(row),
            office_name=names[row.office_id].name,
            region4=office.region4,
            seller_name=known[row.seller_id].name,
            buyer_name=known[row.buyer_id].name,
            days_left=None
            if row.due_at is None
            else (recording.last_day(row.due_at) - local_day(now)).days,
            expert_review=_expert_review(row, now),
        )
        for row, office in found
    ]


def queue_key(item: QueueRow) -> list[object]:
    """The sort key of a row of the queue, for the cursor."""
    row = item.registration
    return [row.due_at or row.submitted_at, row.id]


def _expert_review(row: Registration, now: datetime) -> Literal["large", "disputed"] | None:
    """Why experts review it, by the rule set of its acceptance, or of today before that."""
    found = (
        rules.rule_set_on(local_day(now)) if row.rule_set is None else rules.rule_set(row.rule_set)
    )
    return rules.expert_review(found, row.technical_fen, disputed=row.disputed)


async def recognition_of(
    session: AsyncSession, actor: Actor, registration_id: UUID, now: datetime
) -> RecognitionView:
    """The proposed class with its checklist, and look-alikes; for the office and regulators."""
    row = await get(session, actor, registration_id)
    if not access.sees_all(actor):
        row = access.examined(actor, row)
    text = (await checks.document(session, row)).text
    found = recognition.propose(row.title, text, row.contract_class, row.sub_class)
    suspected = await contracts.monopoly_clauses(session, row.contract_id, text)
    known = await checks.cleared(session, row)
    likes = await checks.duplicates(session, row)
    names = await parties.facts_of(session, list({one.row.office_id for one in likes}))
    because = _expert_review(row, now)
    return RecognitionView(
        contract_class=found.contract_class,
        sub_class=found.sub_class,
        verdict=found.verdict,
        verify=found.verify,
        name_scheme=found.name_scheme,
        name_differs=found.name_differs,
        mixed=list(found.mixed),
        reasons=[Reason(zh=zh, en=en) for zh, en in found.reasons],
        candidates=[_candidate(one) for one in found.candidates],
        duplicates=[
            LikeView(
                registration_id=one.row.id,
                number=one.row.number,
                title=one.row.title,
                office_name=names[one.row.office_id].name,
                state=RegistrationState(one.row.state),
                why=one.why,
                likeness=round(one.likeness, 3),
                blocks=one.blocks and one.row.id not in known,
                cleared=known.get(one.row.id),
            )
            for one in likes
        ],
        monopoly=[MonopolyView.model_validate(one) for one in suspected],
        expert_review=because,
        experts_needed=None
        if because is None
        else rules.rule_set(row.rule_set or rules.rule_set_on(local_day(now)).id).experts,
    )


def _candidate(one: recognition.Candidate) -> CandidateView:
    return CandidateView(
        scheme=one.scheme.id,
        contract_class=one.scheme.contract_class,
        sub_classes=list(one.scheme.sub_classes),
        zh=one.scheme.zh,
        en=one.scheme.en,
        points=one.points,
        words=list(one.words),
        excluded_by=list(one.excluded_by),
        checklist=[
            ChecklistItem(
                id=answer.item.id,
                kind=answer.item.kind,
                zh=answer.item.zh,
                en=answer.item.en,
                source=answer.item.source,
                verify=answer.item.verify,
                answer=answer.answer,
                words=list(answer.words),
            )
            for answer in one.answers
        ],
    )


async def findings(
    session: AsyncSession, actor: Actor, registration_id: UUID
) -> Sequence[RegistrationFinding]:
    """What the office noted, for the office and regulators."""
    row = await get(session, actor, registration_id)
    if not access.sees_all(actor):
        row = access.examined(actor, row)
    return await repository.findings(session, row.id)
