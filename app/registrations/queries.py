"""Reading: registrations of a party or an office, and the public register."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service as contracts
from app.contracts.facts import ContractDocument
from app.kit import search_terms
from app.kit.actor import Actor
from app.kit.calendar import end_of_day
from app.kit.errors import NotFound
from app.parties import service as parties
from app.parties.states import Role
from app.registrations import access, repository, rules
from app.registrations.errors import RegisterPeriodReversed
from app.registrations.models import Registration
from app.registrations.repository import RegisterFilters
from app.registrations.schemas import RegisterEntry, RegistrationView
from app.registrations.states import RegistrationState


async def get(session: AsyncSession, actor: Actor, registration_id: UUID) -> Registration:
    """One registration, if the actor may see it."""
    return access.visible(actor, await repository.registration(session, registration_id))


async def contract_text(
    session: AsyncSession, actor: Actor, registration_id: UUID
) -> ContractDocument:
    """The contract's text, for whoever sees the registration: the office examines it."""
    row = await get(session, actor, registration_id)
    return await contracts.document(session, row.contract_id)


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
    """The entry of a number; raises NotFound."""
    row = await repository.by_number(session, number)
    if row is None or row.state != RegistrationState.REGISTERED:
        raise NotFound
    [entry] = await register_entries(session, [row])
    return entry


async def register_entries(
    session: AsyncSession, rows: Sequence[Registration]
) -> list[RegisterEntry]:
    """What the register shows of registrations to everyone."""
    ids = {party for row in rows for party in (row.seller_id, row.buyer_id, row.office_id)}
    found = await parties.facts_of(session, list(ids))
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
                "office_name": found[row.office_id].name,
                "registered_at": row.registered_at,
            }
        )
        for row in rows
    ]
