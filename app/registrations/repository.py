"""SQL of the registrations module."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.registrations.models import Registration, RegistrationCounter, RegistrationOffice
from app.registrations.states import RegistrationState


async def serialise(session: AsyncSession, key: str) -> None:
    """Let one transaction after the other pass that names the same key; until its end."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


async def office(
    session: AsyncSession, office_id: UUID, *, lock: bool = False
) -> RegistrationOffice | None:
    """One office. Its lock lets others refer to the office, but not issue numbers for it."""
    query = select(RegistrationOffice).where(RegistrationOffice.organisation_id == office_id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def office_at(session: AsyncSession, region4: str, point: str) -> RegistrationOffice | None:
    """The office of a region and point."""
    query = select(RegistrationOffice).where(
        RegistrationOffice.region4 == region4, RegistrationOffice.point == point
    )
    return (await session.execute(query)).scalar_one_or_none()


async def offices(session: AsyncSession, region: str | None) -> Sequence[RegistrationOffice]:
    """Offices whose region starts with `region`, by region and point."""
    query = select(RegistrationOffice)
    if region is not None:
        query = query.where(RegistrationOffice.region4.startswith(region, autoescape=True))
    query = query.order_by(RegistrationOffice.region4, RegistrationOffice.point)
    return (await session.execute(query)).scalars().all()


async def has_issued(session: AsyncSession, office_id: UUID) -> bool:
    """Whether an office ever issued a number."""
    query = select(RegistrationCounter.year).where(RegistrationCounter.office_id == office_id)
    return (await session.execute(query.limit(1))).scalar_one_or_none() is not None


async def last_serial(session: AsyncSession, office_id: UUID, year: int) -> int:
    """The last serial of an office's year, 0 before the first."""
    query = select(RegistrationCounter.last_serial).where(
        RegistrationCounter.office_id == office_id, RegistrationCounter.year == year
    )
    return (await session.execute(query)).scalar_one_or_none() or 0


async def take_serial(session: AsyncSession, office_id: UUID, year: int) -> int:
    """The next serial of an office's year; given back when the transaction rolls back."""
    statement = insert(RegistrationCounter).values(office_id=office_id, year=year, last_serial=1)
    taken = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["office_id", "year"],
            set_={"last_serial": RegistrationCounter.last_serial + 1},
        ).returning(RegistrationCounter.last_serial)
    )
    return taken.scalar_one()


async def registration(
    session: AsyncSession, registration_id: UUID, *, lock: bool = False
) -> Registration | None:
    """One registration."""
    query = select(Registration).where(Registration.id == registration_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def live_of_contract(session: AsyncSession, contract_id: UUID) -> Registration | None:
    """The registration of a contract that is not refused."""
    query = select(Registration).where(
        Registration.contract_id == contract_id,
        Registration.state != RegistrationState.REFUSED.value,
    )
    return (await session.execute(query)).scalar_one_or_none()


async def numbered(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[Registration]:
    """Registrations that have a number, by id."""
    query = select(Registration).where(Registration.number.is_not(None))
    if after is not None:
        query = query.where(Registration.id > after)
    query = query.order_by(Registration.id).limit(limit)
    return (await session.execute(query)).scalars().all()


async def registrations(
    session: AsyncSession,
    *,
    party_id: UUID | None,
    office_id: UUID | None,
    state: str | None,
    contract_id: UUID | None,
    overdue: bool | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Registration]:
    """A page of registrations, the newest first; drafts are not in an office's list."""
    query = select(Registration)
    if office_id is not None:
        query = query.where(
            Registration.office_id == office_id,
            Registration.state != RegistrationState.DRAFT.value,
        )
    if party_id is not None:
        query = query.where(
            or_(Registration.seller_id == party_id, Registration.buyer_id == party_id)
        )
    if state is not None:
        query = query.where(Registration.state == state)
    if contract_id is not None:
        query = query.where(Registration.contract_id == contract_id)
    if overdue is not None:
        missing = Registration.overdue_at.is_(None)
        query = query.where(~missing if overdue else missing)
    if after is not None:
        query = query.where(Registration.id < after)
    query = query.order_by(Registration.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


@dataclass(frozen=True)
class RegisterFilters:
    """What the register is narrowed to; phrases and grams are normalised (ADR 0010).

    Regions are bounds of codes; days are those of registration in Shanghai, as moments: from the
    first on, before the second.
    """

    phrases: tuple[str, ...] = ()
    grams: tuple[str, ...] = ()
    contract_class: str | None = None
    sub_class: str | None = None
    technical_field: str | None = None
    seller_region: tuple[str, str] | None = None
    buyer_region: tuple[str, str] | None = None
    office_id: UUID | None = None
    since: datetime | None = None
    before: datetime | None = None


async def registered(
    session: AsyncSession,
    filters: RegisterFilters,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Registration]:
    """A page of the register, the last registered first."""
    query = select(Registration).where(
        Registration.state == RegistrationState.REGISTERED.value,
        Registration.number.is_not(None),
        *_narrowed(filters),
    )
    if after is not None:
        query = query.where(tuple_(Registration.registered_at, Registration.id) < after)
    query = query.order_by(Registration.registered_at.desc(), Registration.id.desc())
    return (await session.execute(query.limit(limit))).scalars().all()


def _narrowed(filters: RegisterFilters) -> list[ColumnElement[bool]]:
    conditions = [
        Registration.search_text.contains(phrase, autoescape=True) for phrase in filters.phrases
    ]
    if filters.grams:
        conditions.append(Registration.grams.contains(list(filters.grams)))
    for column, value in (
        (Registration.contract_class, filters.contract_class),
        (Registration.sub_class, filters.sub_class),
        (Registration.technical_field, filters.technical_field),
    ):
        if value is not None:
            conditions.append(column == value)
    if filters.office_id is not None:
        conditions.append(Registration.office_id == filters.office_id)
    for region, bounds in (
        (Registration.seller_region, filters.seller_region),
        (Registration.buyer_region, filters.buyer_region),
    ):
        if bounds is not None:
            conditions.append(region.between(*bounds))
    if filters.since is not None:
        conditions.append(Registration.registered_at >= filters.since)
    if filters.before is not None:
        conditions.append(Registration.registered_at < filters.before)
    return conditions


async def by_number(session: AsyncSession, number: str) -> Registration | None:
    """The registration with this number."""
    query = select(Registration).where(Registration.number == number)
    return (await session.execute(query)).scalar_one_or_none()


async def overdue(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Accepted registrations whose decision is late and not marked, the latest first."""
    query = (
        select(Registration.id)
        .where(
            Registration.state == RegistrationState.ACCEPTED.value,
            Registration.overdue_at.is_(None),
            Registration.due_at <= now,
        )
        .order_by(Registration.due_at)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def lock_overdue(
    session: AsyncSession, registration_id: UUID, now: datetime
) -> Registration | None:
    """The registration, if it is still late and not marked, and no other process holds it."""
    query = (
        select(Registration)
        .where(
            Registration.id == registration_id,
            Registration.state == RegistrationState.ACCEPTED.value,
            Registration.overdue_at.is_(None),
            Registration.due_at <= now,
        )
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def lock_provisional(session: AsyncSession) -> Sequence[Registration]:
    """Accepted registrations whose due day was counted on an assumed calendar, locked."""
    query = (
        select(Registration)
        .where(
            Registration.state == RegistrationState.ACCEPTED.value,
            Registration.due_provisional,
        )
        .order_by(Registration.id)
        .with_for_update()
    )
    return (await session.execute(query)).scalars().all()
