"""SQL of the parties module."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.calendar import local_day
from app.parties.models import (
    ApiKey,
    LoginSession,
    Mandate,
    Membership,
    Organisation,
    Person,
    Relation,
)
from app.parties.rules import ControlEdge
from app.parties.states import PLATFORM_KINDS, RelationKind


async def organisation(
    session: AsyncSession, organisation_id: UUID, *, lock: bool = False
) -> Organisation | None:
    """One organisation."""
    query = select(Organisation).where(Organisation.id == organisation_id)
    if lock:
        query = query.with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def organisations_by_id(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[Organisation]:
    """Organisations with these ids, in no order."""
    query = select(Organisation).where(Organisation.id.in_(ids))
    return (await session.execute(query)).scalars().all()


async def organisations(
    session: AsyncSession,
    *,
    states: Sequence[str],
    kind: str | None,
    name: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Organisation]:
    """A page of organisations, the newest first."""
    query = select(Organisation).where(Organisation.state.in_(states))
    if kind is not None:
        query = query.where(Organisation.kind == kind)
    if name is not None:
        query = query.where(Organisation.name.contains(name, autoescape=True))
    if after is not None:
        query = query.where(Organisation.id < after)
    query = query.order_by(Organisation.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def person_by_login(
    session: AsyncSession, login: str, *, lock: bool = False
) -> Person | None:
    """The person with this login."""
    query = select(Person).where(Person.login == login)
    if lock:
        query = query.with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def memberships_of(
    session: AsyncSession, person_id: UUID
) -> Sequence[tuple[Membership, Organisation]]:
    """A person's memberships that have not ended, the oldest first."""
    query = (
        select(Membership, Organisation)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.person_id == person_id, Membership.ended_at.is_(None))
        .order_by(Membership.id)
    )
    return [(row[0], row[1]) for row in (await session.execute(query)).all()]


async def members(
    session: AsyncSession, organisation_id: UUID
) -> Sequence[tuple[Membership, Person]]:
    """People of an organisation."""
    query = (
        select(Membership, Person)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.organisation_id == organisation_id)
        .order_by(Membership.id)
    )
    return [(row[0], row[1]) for row in (await session.execute(query)).all()]


async def membership(
    session: AsyncSession, person_id: UUID, organisation_id: UUID
) -> Membership | None:
    """A person's membership in an organisation."""
    query = select(Membership).where(
        Membership.person_id == person_id, Membership.organisation_id == organisation_id
    )
    return (await session.execute(query)).scalar_one_or_none()


_BEHIND = text(
    "SELECT s.access_hash AS secret_hash, m.person_id, o.id, o.kind, o.state, m.roles,"
    " CAST(NULL AS text[]) AS scopes FROM login_session s JOIN membership m ON m.id ="
    " s.membership_id JOIN organisation o ON o.id = m.organisation_id WHERE s.access_hash ="
    " ANY(:hashes) AND s.access_expires_at > clock_timestamp() AND s.revoked_at IS NULL"
    " AND m.ended_at IS NULL"
    " UNION ALL SELECT k.secret_hash, m.person_id, o.id, o.kind, o.state, m.roles, k.scopes"
    " FROM api_key k JOIN membership m ON m.id = k.membership_id JOIN organisation o"
    " ON o.id = m.organisation_id WHERE k.secret_hash = ANY(:hashes) AND k.revoked_at IS NULL"
    " AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()) AND m.ended_at IS NULL"
)


async def behind(session: AsyncSession, hashes: Sequence[bytes]) -> Sequence[Row[Any]]:
    """Who is behind access tokens and API keys that are in force now, by real time.

    Columns: secret_hash, person_id, id, kind and state of the organisation, roles, scopes.
    """
    return (await session.execute(_BEHIND, {"hashes": list(hashes)})).all()


async def login_session_by_refresh(
    session: AsyncSession, refresh_hash: bytes
) -> LoginSession | None:
    """The session row of a refresh token, locked."""
    query = select(LoginSession).where(LoginSession.refresh_hash == refresh_hash).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def revoke_family(session: AsyncSession, family_id: UUID, now: datetime) -> None:
    """Close every token of a login."""
    await session.execute(
        update(LoginSession)
        .where(LoginSession.family_id == family_id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


async def family_of_access(session: AsyncSession, access_hash: bytes) -> UUID | None:
    """The login that an access token belongs to."""
    query = select(LoginSession.family_id).where(LoginSession.access_hash == access_hash)
    return (await session.execute(query)).scalar_one_or_none()


async def api_keys(session: AsyncSession, membership_ids: Sequence[UUID]) -> Sequence[ApiKey]:
    """Keys of these memberships."""
    query = select(ApiKey).where(ApiKey.membership_id.in_(membership_ids)).order_by(ApiKey.id)
    return (await session.execute(query)).scalars().all()


async def mandates_in_force(
    session: AsyncSession, broker_id: UUID, client_id: UUID, today: date
) -> Sequence[Mandate]:
    """Mandates from this client to this broker that are in force today."""
    query = select(Mandate).where(
        Mandate.broker_id == broker_id,
        Mandate.client_id == client_id,
        Mandate.valid_from <= today,
        Mandate.valid_until >= today,
        Mandate.revoked_at.is_(None),
    )
    return (await session.execute(query)).scalars().all()


async def mandates_of(session: AsyncSession, organisation_id: UUID) -> Sequence[Mandate]:
    """Mandates that an organisation gave or got."""
    query = (
        select(Mandate)
        .where((Mandate.broker_id == organisation_id) | (Mandate.client_id == organisation_id))
        .order_by(Mandate.id.desc())
    )
    return (await session.execute(query)).scalars().all()


async def mandate(session: AsyncSession, mandate_id: UUID) -> Mandate | None:
    """One mandate, locked."""
    query = select(Mandate).where(Mandate.id == mandate_id).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def organisation_by_credit_code(
    session: AsyncSession, credit_code: str
) -> Organisation | None:
    """The organisation with this unified social credit code."""
    query = select(Organisation).where(Organisation.credit_code == credit_code)
    return (await session.execute(query)).scalar_one_or_none()


async def platform_administrator_exists(session: AsyncSession) -> bool:
    """Whether anyone administers the platform."""
    query = select(Membership.id).where(Membership.roles.contains(["platform_admin"])).limit(1)
    return (await session.execute(query)).scalar_one_or_none() is not None


async def any_organisation_exists(session: AsyncSession) -> bool:
    """Whether the market has any party."""
    return (
        await session.execute(select(Organisation.id).limit(1))
    ).scalar_one_or_none() is not None


def _in_force(today: date) -> ColumnElement[bool]:
    return (
        (Relation.valid_from <= today)
        & (func.coalesce(Relation.valid_until, today) >= today)
        & Relation.ended_at.is_(None)
    )


async def relation(session: AsyncSession, relation_id: UUID) -> Relation | None:
    """One relation, locked."""
    query = (
        select(Relation)
        .where(Relation.id == relation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def same_relation(session: AsyncSession, new: Relation) -> UUID | None:
    """A relation that has not ended and says the same as a new one."""
    query = select(Relation.id).where(
        Relation.organisation_id == new.organisation_id,
        Relation.kind == new.kind,
        Relation.other_credit_code == new.other_credit_code,
        Relation.achievement_id.is_not_distinct_from(new.achievement_id),
        Relation.listing_id.is_not_distinct_from(new.listing_id),
        Relation.ended_at.is_(None),
        func.coalesce(Relation.valid_until, new.valid_from) >= new.valid_from,
    )
    return (await session.execute(query.limit(1))).scalar_one_or_none()


async def relations_of(
    session: AsyncSession, organisation: Organisation, after: UUID | None, limit: int
) -> Sequence[Relation]:
    """A page of relations that an organisation is an end of, the newest first."""
    query = select(Relation).where(
        (Relation.organisation_id == organisation.id)
        | (Relation.other_credit_code == organisation.credit_code)
    )
    if after is not None:
        query = query.where(Relation.id < after)
    query = query.order_by(Relation.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


_CONTROL = text(
    "WITH RECURSIVE edge AS MATERIALIZED ("
    " SELECT r.id, CASE r.kind WHEN 'controls' THEN r.other_credit_code ELSE o.credit_code END"
    " AS lower, CASE r.kind WHEN 'controls' THEN o.credit_code ELSE r.other_credit_code END"
    " AS upper FROM party_relation r JOIN organisation o ON o.id = r.organisation_id"
    " WHERE r.kind IN ('controls','controlled_by','same_controller')"
    " AND r.valid_from <= :today AND coalesce(r.valid_until, :today) >= :today"
    " AND (r.ended_at IS NULL OR r.ended_at > :now)"
    " UNION ALL SELECT r.id, r.other_credit_code, o.credit_code FROM party_relation r"
    " JOIN organisation o ON o.id = r.organisation_id WHERE r.kind = 'same_controller'"
    " AND r.valid_from <= :today AND coalesce(r.valid_until, :today) >= :today"
    " AND (r.ended_at IS NULL OR r.ended_at > :now)"
    "), reach (code) AS ("
    " SELECT unnest(CAST(:codes AS text[]))"
    " UNION SELECT edge.upper FROM edge JOIN reach ON edge.lower = reach.code"
    ") SELECT edge.lower, edge.upper, edge.id FROM edge JOIN reach ON edge.lower = reach.code"
)


async def control_edges(
    session: AsyncSession, credit_codes: Sequence[str], now: datetime
) -> list[ControlEdge]:
    """Every step of control above these organisations that was in force, over any number of steps.

    Organisations of one undisclosed controller stand above each other.
    """
    rows = await session.execute(
        _CONTROL, {"codes": list(credit_codes), "today": local_day(now), "now": now}
    )
    return [ControlEdge(lower, upper, relation_id) for lower, upper, relation_id in rows]


async def relatives(
    session: AsyncSession, first: Organisation, second: Organisation, today: date
) -> Sequence[UUID]:
    """Relations in force that declare close relatives between two organisations."""
    between = (
        (Relation.organisation_id == first.id) & (Relation.other_credit_code == second.credit_code)
    ) | (
        (Relation.organisation_id == second.id) & (Relation.other_credit_code == first.credit_code)
    )
    query = select(Relation.id).where(
        between, Relation.kind == RelationKind.CLOSE_RELATIVE.value, _in_force(today)
    )
    return (await session.execute(query.order_by(Relation.id))).scalars().all()


async def platform_relations(
    session: AsyncSession, bidder: Organisation, today: date
) -> Sequence[Row[UUID, str]]:
    """Relations in force, with their kinds, that tie an organisation to the platform's staff.

    Its own declaration that it employs or belongs to such staff, and close relatives declared from
    either side.
    """
    platform = select(Organisation.id).where(Organisation.kind.in_(PLATFORM_KINDS))
    platform_codes = select(Organisation.credit_code).where(Organisation.kind.in_(PLATFORM_KINDS))
    own = (Relation.organisation_id == bidder.id) & (
        (Relation.kind == RelationKind.PLATFORM_STAFF.value)
        | (
            (Relation.kind == RelationKind.CLOSE_RELATIVE.value)
            & Relation.other_credit_code.in_(platform_codes)
        )
    )
    theirs = (
        (Relation.other_credit_code == bidder.credit_code)
        & (Relation.kind == RelationKind.CLOSE_RELATIVE.value)
        & Relation.organisation_id.in_(platform)
    )
    query = select(Relation.id, Relation.kind).where(own | theirs, _in_force(today))
    return (await session.execute(query.order_by(Relation.id))).all()


async def shared_with_platform(session: AsyncSession, organisation_id: UUID) -> int:
    """How many people of an organisation also work for the platform."""
    query = text(
        "SELECT count(DISTINCT here.person_id) FROM membership here"
        " JOIN membership there ON there.person_id = here.person_id AND there.ended_at IS NULL"
        " JOIN organisation o ON o.id = there.organisation_id"
        " WHERE here.organisation_id = :id AND here.ended_at IS NULL AND o.kind = ANY(:kinds)"
        " AND there.organisation_id <> :id"
    )
    found = await session.execute(
        query, {"id": organisation_id, "kinds": [kind.value for kind in PLATFORM_KINDS]}
    )
    return int(found.scalar_one())


async def declared_for_sale(
    session: AsyncSession,
    kind: RelationKind,
    seller: Organisation,
    achievement_ids: Sequence[UUID],
    listing_id: UUID,
    today: date,
) -> Sequence[UUID]:
    """Organisations that declare, or are declared, to appraise or broker a sale of this seller.

    A relation without achievement and listing is about every sale of the seller.
    """
    query = (
        select(Relation.organisation_id)
        .where(
            Relation.kind == kind.value,
            Relation.other_credit_code == seller.credit_code,
            Relation.achievement_id.is_(None) | Relation.achievement_id.in_(achievement_ids),
            Relation.listing_id.is_(None) | (Relation.listing_id == listing_id),
            _in_force(today),
        )
        .distinct()
        .order_by(Relation.organisation_id)
    )
    return (await session.execute(query)).scalars().all()


async def platform_organisations(session: AsyncSession) -> Sequence[Organisation]:
    """Everyone that runs or oversees the market; there are few."""
    query = select(Organisation).where(Organisation.kind.in_(PLATFORM_KINDS))
    return (await session.execute(query.order_by(Organisation.id))).scalars().all()


async def person_name(session: AsyncSession, person_id: UUID) -> str | None:
    """The name of a person."""
    query = select(Person.name).where(Person.id == person_id)
    return (await session.execute(query)).scalar_one_or_none()
