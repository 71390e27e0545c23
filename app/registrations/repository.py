"""SQL of the registrations module."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.registrations.models import (
    Registration,
    RegistrationCounter,
    RegistrationFinding,
    RegistrationOffice,
    RegistrationParty,
    RegistrationText,
)
from app.registrations.states import ENDED, NUMBERED, RegistrationState

_ENDED = [state.value for state in ENDED]


def _in_force() -> ColumnElement[bool]:
    """Registered and not fallen; the states as they are listed in the partial index."""
    return and_(
        Registration.number.is_not(None),
        Registration.state.in_([state.value for state in NUMBERED]),
    )


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


@dataclass(frozen=True)
class Turn:
    """An office's turn to issue a number: its codes, the time, and the serial that was taken.

    `serial` is None when the year has no more.
    """

    region4: str
    point: str
    now: datetime
    year: int
    serial: int | None


# The lock comes first, then the time, then the serial: each part reads the one before it.
_TAKE_TURN = text(
    "WITH held AS MATERIALIZED (SELECT organisation_id, region4, point FROM registration_office"
    " WHERE organisation_id = :office_id FOR NO KEY UPDATE),"
    " dated AS MATERIALIZED (SELECT held.*, market_now() AS now FROM held),"
    " taken AS (INSERT INTO registration_counter AS c (office_id, year, last_serial)"
    " SELECT organisation_id, extract(year FROM now AT TIME ZONE 'Asia/Shanghai'), 1 FROM dated"
    " ON CONFLICT (office_id, year) DO UPDATE SET last_serial = c.last_serial + 1"
    " WHERE c.last_serial < :last RETURNING last_serial)"
    " SELECT region4, point, now, extract(year FROM now AT TIME ZONE 'Asia/Shanghai')::int,"
    " (SELECT last_serial FROM taken) FROM dated"
)


async def take_turn(session: AsyncSession, office_id: UUID, last: int) -> Turn:
    """Wait for the office's other decisions, then take the next serial of its year, up to `last`.

    The serial is given back when the transaction rolls back. One round trip: everybody else who
    decides at the office waits from here to the commit.
    """
    row = (await session.execute(_TAKE_TURN, {"office_id": office_id, "last": last})).one()
    return Turn(*row)


async def registration(
    session: AsyncSession, registration_id: UUID, *, lock: bool = False
) -> Registration | None:
    """One registration."""
    query = select(Registration).where(Registration.id == registration_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def lock_all(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Lock registrations in one order, so that two who decide on many do not block each other."""
    query = select(Registration.id).where(Registration.id.in_(ids)).order_by(Registration.id)
    await session.execute(query.with_for_update())


async def is_live(session: AsyncSession, contract_id: UUID, *, besides: UUID | None = None) -> bool:
    """Whether a contract, or a part of it, is being registered or is registered."""
    query = select(Registration.id).where(
        Registration.contract_id == contract_id, Registration.state.not_in(_ENDED)
    )
    if besides is not None:
        query = query.where(Registration.id != besides)
    return (await session.execute(query.limit(1))).scalar_one_or_none() is not None


async def by_reference(
    session: AsyncSession, office_id: UUID, reference: str
) -> Registration | None:
    """The application that an office entered under its own reference."""
    query = select(Registration).where(
        Registration.office_id == office_id, Registration.reference == reference
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
    query = select(Registration).where(_in_force(), *_narrowed(filters))
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


async def queue(
    session: AsyncSession,
    *,
    office_id: UUID | None,
    region: str | None,
    due_before: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[tuple[Registration, RegistrationOffice]]:
    """What waits for offices, by due time; those not accepted yet by the time they came."""
    waits = func.coalesce(Registration.due_at, Registration.submitted_at)
    query = (
        select(Registration, RegistrationOffice)
        .join(RegistrationOffice, RegistrationOffice.organisation_id == Registration.office_id)
        .where(
            Registration.state.in_(
                [RegistrationState.SUBMITTED.value, RegistrationState.ACCEPTED.value]
            )
        )
    )
    if office_id is not None:
        query = query.where(Registration.office_id == office_id)
    if region is not None:
        query = query.where(RegistrationOffice.region4.startswith(region, autoescape=True))
    if due_before is not None:
        query = query.where(Registration.due_at < due_before)
    if after is not None:
        query = query.where(tuple_(waits, Registration.id) > after)
    query = query.order_by(waits, Registration.id).limit(limit)
    return [(row, at) for row, at in (await session.execute(query)).all()]


async def alike(
    session: AsyncSession, row: Registration, limit: int = 50
) -> Sequence[Registration]:
    """Registrations at any office that may be of the same contract, the newest first.

    Same parties, title and total; the same text; or a common band of text and a common party.
    What was refused, split or has fallen counts too, but not the parts of the same contract.
    """
    same_parties = and_(
        Registration.seller_id == row.seller_id, Registration.buyer_id == row.buyer_id
    )
    a_party = or_(Registration.seller_id == row.seller_id, Registration.buyer_id == row.buyer_id)
    conditions = [
        and_(
            same_parties,
            Registration.title == row.title,
            Registration.total_fen == row.total_fen,
        )
    ]
    if row.digest is not None and row.bands:
        conditions += [
            Registration.digest == row.digest,
            and_(a_party, Registration.bands.overlap(row.bands)),
        ]
    query = select(Registration).where(
        Registration.id != row.id,
        Registration.state.not_in(
            [
                RegistrationState.DRAFT.value,
                RegistrationState.REFUSED.value,
                RegistrationState.SPLIT.value,
            ]
        ),
        or_(*conditions),
    )
    if row.contract_id is not None:
        query = query.where(Registration.contract_id.is_distinct_from(row.contract_id))
    if row.part and row.reference is not None:
        stem = row.reference.rpartition("/")[0]
        query = query.where(
            or_(
                Registration.office_id != row.office_id,
                ~Registration.reference.startswith(f"{stem}/", autoescape=True),
            )
        )
    query = query.order_by(Registration.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def keep_party(session: AsyncSession, values: dict[str, Any]) -> UUID:
    """The party of a credit code as it is known now; added when it is new.

    An organisation takes over what was entered under its code before it joined.
    """
    statement = insert(RegistrationParty).values(values)
    names = ["name", "region_code", "country", "party_type"]
    if values.get("organisation_id") is not None:
        names += ["id", "organisation_id"]
    kept = {name: statement.excluded[name] for name in names if values.get(name) is not None}
    done = await session.execute(
        statement.on_conflict_do_update(index_elements=["credit_code"], set_=kept).returning(
            RegistrationParty.id
        )
    )
    return done.scalar_one()


async def parties_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, RegistrationParty]:
    """Parties of registrations by id."""
    query = select(RegistrationParty).where(RegistrationParty.id.in_(set(ids)))
    return {row.id: row for row in (await session.execute(query)).scalars()}


async def text_of(session: AsyncSession, registration_id: UUID) -> RegistrationText | None:
    """The last text that was handed to the office."""
    query = (
        select(RegistrationText)
        .where(RegistrationText.registration_id == registration_id)
        .order_by(RegistrationText.text_version.desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def findings(
    session: AsyncSession, registration_id: UUID, *kinds: str, since: datetime | None = None
) -> Sequence[RegistrationFinding]:
    """What the office noted, the first one first."""
    query = select(RegistrationFinding).where(
        RegistrationFinding.registration_id == registration_id
    )
    if kinds:
        query = query.where(RegistrationFinding.kind.in_(kinds))
    if since is not None:
        query = query.where(RegistrationFinding.created_at >= since)
    return (await session.execute(query.order_by(RegistrationFinding.id))).scalars().all()


async def in_force(
    session: AsyncSession, office_id: UUID | None, first: date, last: date, limit: int
) -> Sequence[Registration]:
    """Registrations in force that were registered on days (Shanghai), by number."""
    day = func.date(func.timezone("Asia/Shanghai", Registration.registered_at))
    query = select(Registration).where(_in_force(), day >= first, day <= last)
    if office_id is not None:
        query = query.where(Registration.office_id == office_id)
    query = query.order_by(Registration.number).limit(limit)
    return (await session.execute(query)).scalars().all()
