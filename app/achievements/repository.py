"""SQL of the achievements module."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, literal, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements.models import (
    Achievement,
    AchievementContact,
    AchievementOwner,
    Clearance,
    Disclosure,
    DisclosureGrant,
    Document,
    PackageMember,
)
from app.achievements.states import AchievementState, Audience
from app.kit.actor import Actor


@dataclass(frozen=True)
class Filter:
    """Which achievements a list shows."""

    states: Sequence[str]
    secrecies: Sequence[str]
    q: str | None = None
    technical_field: str | None = None
    ipc: str | None = None
    trl_min: int | None = None
    transfer_mode: str | None = None
    party_id: UUID | None = None
    owner_id: UUID | None = None
    kind: str | None = None
    named: bool = False
    known_to: UUID | None = None
    """With `named`, anonymous ones are left out but those whose owner this organisation knows."""
    unreviewed: bool = False


async def achievement(
    session: AsyncSession, achievement_id: UUID, *, lock: bool = False
) -> Achievement | None:
    """One achievement with its owners, rights, persons and members."""
    query = select(Achievement).where(Achievement.id == achievement_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def achievements_by_id(
    session: AsyncSession, ids: Sequence[UUID], *, lock: bool = False
) -> dict[UUID, Achievement]:
    """Achievements with these ids, locked in id order if asked."""
    query = select(Achievement).where(Achievement.id.in_(ids)).order_by(Achievement.id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return {row.id: row for row in (await session.execute(query)).scalars()}


async def achievements(
    session: AsyncSession, chosen: Filter, *, sort: str, after: Sequence[Any] | None, limit: int
) -> Sequence[Achievement]:
    """A page of achievements."""
    query = _filtered(select(Achievement), chosen)
    if sort == "title":
        query = query.order_by(Achievement.title, Achievement.id)
        if after is not None:
            place = tuple_(Achievement.title, Achievement.id)
            query = query.where(place > tuple_(literal(after[0]), literal(after[1])))
    elif sort == "oldest":
        query = query.order_by(Achievement.id)
        if after is not None:
            query = query.where(Achievement.id > after[-1])
    else:
        query = query.order_by(Achievement.id.desc())
        if after is not None:
            query = query.where(Achievement.id < after[-1])
    rows: Sequence[Achievement] = (await session.execute(query.limit(limit))).scalars().all()
    return rows


def _filtered(query: Any, chosen: Filter) -> Any:
    query = query.where(
        Achievement.state.in_(chosen.states), Achievement.secrecy.in_(chosen.secrecies)
    )
    exact = {
        Achievement.technical_field: chosen.technical_field,
        Achievement.lead_party_id: chosen.party_id,
        Achievement.kind: chosen.kind,
    }
    for column, value in exact.items():
        if value is not None:
            query = query.where(column == value)
    if chosen.q is not None:
        query = query.where(Achievement.title.icontains(chosen.q, autoescape=True))
    if chosen.ipc is not None:
        symbol = func.unnest(Achievement.ipc).column_valued("symbol")
        query = query.where(
            exists(select(symbol).where(symbol.startswith(chosen.ipc, autoescape=True)))
        )
    if chosen.trl_min is not None:
        query = query.where(Achievement.trl >= chosen.trl_min)
    if chosen.transfer_mode is not None:
        query = query.where(Achievement.transfer_modes.contains([chosen.transfer_mode]))
    if chosen.owner_id is not None:
        owned = exists().where(
            AchievementOwner.achievement_id == Achievement.id,
            AchievementOwner.organisation_id == chosen.owner_id,
        )
        query = query.where(or_(Achievement.lead_party_id == chosen.owner_id, owned))
    if chosen.unreviewed:
        query = query.where(Achievement.reviewed_at.is_(None))
    if chosen.named:
        query = query.where(or_(Achievement.anonymous.is_(False), *_known_to(chosen.known_to)))
    return query


def _known_to(organisation_id: UUID | None) -> Sequence[Any]:
    if organisation_id is None:
        return ()
    ties = (
        exists().where(tie.achievement_id == Achievement.id, tie.organisation_id == organisation_id)
        for tie in (AchievementOwner, AchievementContact)
    )
    return (Achievement.lead_party_id == organisation_id, *ties)


async def meet(session: AsyncSession, achievement_id: UUID, organisation_id: UUID) -> None:
    """Note that an organisation may know the owner; once."""
    await session.execute(
        insert(AchievementContact)
        .values(achievement_id=achievement_id, organisation_id=organisation_id)
        .on_conflict_do_nothing()
    )


async def met(
    session: AsyncSession, actor: Actor | None, ids: Sequence[UUID], now: datetime
) -> frozenset[UUID]:
    """Those whose owner the actor's party has met, or who granted it their details."""
    if actor is None or actor.party_id is None or not actor.roles or not ids:
        return frozenset()
    contacts = select(AchievementContact.achievement_id).where(
        AchievementContact.achievement_id.in_(ids),
        AchievementContact.organisation_id == actor.party_id,
    )
    grants = select(DisclosureGrant.achievement_id).where(
        DisclosureGrant.achievement_id.in_(ids),
        DisclosureGrant.organisation_id == actor.party_id,
        *_in_force(now),
    )
    return frozenset((await session.execute(contacts.union(grants))).scalars())


def _in_force(now: datetime) -> Sequence[Any]:
    return (
        DisclosureGrant.revoked_at.is_(None),
        or_(DisclosureGrant.ends_at.is_(None), DisclosureGrant.ends_at > now),
    )


async def in_package(session: AsyncSession, achievement_id: UUID) -> bool:
    """Whether any package has this achievement in it."""
    query = select(exists().where(PackageMember.member_id == achievement_id))
    return bool((await session.execute(query)).scalar_one())


async def in_published_package(session: AsyncSession, achievement_id: UUID) -> bool:
    """Whether a published package has this achievement in it."""
    query = select(
        exists().where(
            PackageMember.member_id == achievement_id,
            PackageMember.package_id == Achievement.id,
            Achievement.state == AchievementState.PUBLISHED,
        )
    )
    return bool((await session.execute(query)).scalar_one())


async def granted(
    session: AsyncSession, achievement_id: UUID, organisation_id: UUID, now: datetime
) -> bool:
    """Whether a grant to this organisation is in force."""
    query = select(
        exists().where(
            DisclosureGrant.achievement_id == achievement_id,
            DisclosureGrant.organisation_id == organisation_id,
            *_in_force(now),
        )
    )
    return bool((await session.execute(query)).scalar_one())


async def granted_to(
    session: AsyncSession, actor: Actor | None, achievement_id: UUID, now: datetime
) -> bool:
    """Whether the actor's party was granted the details."""
    if actor is None or actor.party_id is None or not actor.roles:
        return False
    return await granted(session, achievement_id, actor.party_id, now)


def log_disclosure(
    session: AsyncSession,
    actor: Actor,
    achievement: Achievement,
    now: datetime,
    document_id: UUID | None = None,
) -> None:
    """Note who read what, when, and in whose name."""
    session.add(
        Disclosure(
            achievement_id=achievement.id,
            document_id=document_id,
            person_id=actor.person_id,
            organisation_id=actor.organisation_id,
            client_id=actor.client_id,
            mandate_id=actor.mandate_id,
            version=achievement.version,
            read_at=now,
        )
    )


async def live_grant(
    session: AsyncSession, achievement_id: UUID, organisation_id: UUID
) -> DisclosureGrant | None:
    """The grant that was not revoked, ended or not."""
    query = select(DisclosureGrant).where(
        DisclosureGrant.achievement_id == achievement_id,
        DisclosureGrant.organisation_id == organisation_id,
        DisclosureGrant.revoked_at.is_(None),
    )
    return (await session.execute(query)).scalar_one_or_none()


async def grant(session: AsyncSession, grant_id: UUID) -> DisclosureGrant | None:
    """One grant."""
    return await session.get(DisclosureGrant, grant_id)


async def grants(session: AsyncSession, achievement_id: UUID) -> Sequence[DisclosureGrant]:
    """Every grant of an achievement, the oldest first."""
    query = select(DisclosureGrant).where(DisclosureGrant.achievement_id == achievement_id)
    return (await session.execute(query.order_by(DisclosureGrant.id))).scalars().all()


async def disclosures(
    session: AsyncSession, achievement_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[Disclosure]:
    """A page of readings, the newest first."""
    query = select(Disclosure).where(Disclosure.achievement_id == achievement_id)
    if after is not None:
        query = query.where(Disclosure.id < after)
    query = query.order_by(Disclosure.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def documents(session: AsyncSession, achievement_id: UUID) -> Sequence[Document]:
    """Documents of an achievement, the oldest first."""
    query = select(Document).where(Document.achievement_id == achievement_id).order_by(Document.id)
    return (await session.execute(query)).scalars().all()


async def document(
    session: AsyncSession, achievement_id: UUID, document_id: UUID
) -> Document | None:
    """One document of an achievement."""
    query = select(Document).where(
        Document.achievement_id == achievement_id, Document.id == document_id
    )
    return (await session.execute(query)).scalar_one_or_none()


async def document_by_hash(
    session: AsyncSession, achievement_id: UUID, sha256: str
) -> Document | None:
    """The document of an achievement with these bytes."""
    query = select(Document).where(
        Document.achievement_id == achievement_id, Document.sha256 == sha256
    )
    return (await session.execute(query)).scalar_one_or_none()


async def clearance(
    session: AsyncSession, achievement_id: UUID, clearance_id: UUID
) -> Clearance | None:
    """One clearance of an achievement."""
    query = select(Clearance).where(
        Clearance.id == clearance_id, Clearance.achievement_id == achievement_id
    )
    return (await session.execute(query)).scalar_one_or_none()


async def clearances(session: AsyncSession, achievement_id: UUID) -> Sequence[Clearance]:
    """Clearances of an achievement, revoked ones too, the oldest first."""
    query = select(Clearance).where(Clearance.achievement_id == achievement_id)
    return (await session.execute(query.order_by(Clearance.id))).scalars().all()


async def live_clearances(
    session: AsyncSession, achievement_ids: Sequence[UUID]
) -> Sequence[Clearance]:
    """Clearances of achievements that were not revoked, the oldest first."""
    query = select(Clearance).where(
        Clearance.achievement_id.in_(list(achievement_ids)), Clearance.revoked_at.is_(None)
    )
    return (await session.execute(query.order_by(Clearance.id))).scalars().all()


async def public_documents(
    session: AsyncSession, achievement_ids: Sequence[UUID]
) -> Sequence[UUID]:
    """The achievement of every document that everyone may read."""
    query = select(Document.achievement_id).where(
        Document.achievement_id.in_(list(achievement_ids)),
        Document.audience == Audience.PUBLIC.value,
    )
    return (await session.execute(query)).scalars().all()


STAGED_ROW = (
    "line",
    "id",
    "title_key",
    "numbered",
    "title",
    "summary",
    "details",
    "technical_field",
    "ipc",
    "industry_code",
    "trl",
    "transfer_modes",
    "funding",
    "secrecy",
    "anonymous",
    "offer",
)
"""Columns of a row that waits to be imported, in the order of their COPY."""

STAGED_RIGHT = (
    "line",
    "achievement_id",
    "position",
    "type",
    "office",
    "number",
    "title",
    "expires_on",
    "status",
)

_STAGING = (
    "CREATE TEMP TABLE import_row (line bigint, id uuid, title_key uuid, numbered boolean,"
    " title text, summary text, details text, technical_field text, ipc text[],"
    " industry_code text, trl bigint, transfer_modes text[], funding text, secrecy text,"
    " anonymous boolean, offer jsonb)"
    " ON COMMIT DROP",
    "CREATE TEMP TABLE import_right (line bigint, achievement_id uuid, position bigint, type text,"
    " office text, number text, title text, expires_on date, status text) ON COMMIT DROP",
    "CREATE TEMP TABLE import_duplicate (line bigint, first_line bigint, achievement_id uuid)"
    " ON COMMIT DROP",
    "SET LOCAL work_mem = '128MB'",
)

_DUPLICATES = (
    "ANALYZE import_row",
    "ANALYZE import_right",
    # In the file, by the number of a right: the first line with a number is kept.
    "INSERT INTO import_duplicate SELECT r.line, min(f.line), NULL FROM import_right r JOIN"
    " (SELECT office, number, min(line) AS line FROM import_right WHERE number IS NOT NULL"
    " GROUP BY office, number HAVING count(*) > 1) f"
    " ON f.office = r.office AND f.number = r.number AND f.line < r.line GROUP BY r.line",
    # In the file, by title, for rows whose rights have no number.
    "INSERT INTO import_duplicate SELECT r.line, f.line, NULL FROM import_row r JOIN"
    " (SELECT title_key, min(line) AS line FROM import_row WHERE NOT numbered"
    " GROUP BY title_key HAVING count(*) > 1) f"
    " ON f.title_key = r.title_key AND f.line < r.line WHERE NOT r.numbered",
    # On the market, among the party's own.
    "INSERT INTO import_duplicate SELECT r.line, NULL, (array_agg(a.id ORDER BY a.id))[1]"
    " FROM import_right r"
    " JOIN achievement_right k ON k.number = r.number AND k.office = r.office"
    " JOIN achievement a ON a.id = k.achievement_id AND a.lead_party_id = :party"
    " WHERE NOT EXISTS (SELECT FROM import_duplicate d WHERE d.line = r.line) GROUP BY r.line",
    "INSERT INTO import_duplicate SELECT r.line, NULL, (array_agg(a.id ORDER BY a.id))[1]"
    " FROM import_row r"
    " JOIN achievement a ON a.lead_party_id = :party AND a.title_key = r.title_key"
    " WHERE NOT r.numbered"
    " AND NOT EXISTS (SELECT FROM import_duplicate d WHERE d.line = r.line) GROUP BY r.line",
    "DELETE FROM import_row r USING import_duplicate d WHERE d.line = r.line",
    "DELETE FROM import_right r USING import_duplicate d WHERE d.line = r.line",
)

_INSERTS = (
    "INSERT INTO achievement (id, created_at, kind, title, title_key, summary, details,"
    " technical_field, ipc, industry_code, trl, transfer_modes, funding, secrecy, anonymous, offer,"
    " lead_party_id, state) SELECT id, :now, 'single', title, title_key, summary, details,"
    " technical_field, ipc, industry_code, trl, transfer_modes, funding, secrecy, anonymous, offer,"
    " :party, 'draft' FROM import_row",
    "INSERT INTO achievement_owner (achievement_id, position, organisation_id, name, share_bp)"
    " SELECT id, 0, :party, :name, 10000 FROM import_row",
    "INSERT INTO achievement_right (achievement_id, position, type, office, number, title,"
    " expires_on, status) SELECT achievement_id, position, type, office, number, title,"
    " expires_on, status FROM import_right",
)


async def open_staging(session: AsyncSession, party_id: UUID) -> None:
    """Tables that live as long as the transaction; imports of one party wait for each other."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('import:' || :party, 0))"),
        {"party": str(party_id)},
    )
    for statement in _STAGING:
        await session.execute(text(statement))


async def drop_duplicates(
    session: AsyncSession, party_id: UUID, *, shown: int
) -> tuple[int, Sequence[Any]]:
    """Take staged rows out that are known already; how many, and the first of them."""
    for statement in _DUPLICATES:
        parameters = {"party": party_id} if ":party" in statement else {}
        await session.execute(text(statement), parameters)
    total = (await session.execute(text("SELECT count(*) FROM import_duplicate"))).scalar_one()
    rows = await session.execute(
        text(
            "SELECT line, first_line, achievement_id FROM import_duplicate ORDER BY line LIMIT :n"
        ),
        {"n": shown},
    )
    return int(total), rows.all()


async def staged(session: AsyncSession) -> int:
    """How many rows are left to be imported."""
    return int((await session.execute(text("SELECT count(*) FROM import_row"))).scalar_one())


async def insert_staged(session: AsyncSession, party_id: UUID, name: str, now: datetime) -> None:
    """Write every staged row as a draft that the party owns alone."""
    for statement in _INSERTS:
        parameters = {"party": party_id, "name": name, "now": now}
        wanted = {key: value for key, value in parameters.items() if f":{key}" in statement}
        await session.execute(text(statement), wanted)


async def to_expire(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """What is published and whose end is due, the earliest first."""
    query = (
        select(Achievement.id)
        .where(
            Achievement.state == AchievementState.PUBLISHED.value, Achievement.expiry_due_at <= now
        )
        .order_by(Achievement.expiry_due_at, Achievement.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def free_to_expire(
    session: AsyncSession, achievement_id: UUID, now: datetime
) -> Achievement | None:
    """The achievement, locked, if its end is still due and nobody else works on it."""
    query = (
        select(Achievement)
        .where(
            Achievement.id == achievement_id,
            Achievement.state == AchievementState.PUBLISHED.value,
            Achievement.expiry_due_at <= now,
        )
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def shown_with(session: AsyncSession, achievement_id: UUID) -> Sequence[UUID]:
    """An achievement, and the packages that it is in."""
    query = select(PackageMember.package_id).where(PackageMember.member_id == achievement_id)
    return [achievement_id, *(await session.execute(query)).scalars()]


async def published_ids(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Ids of what was published, in their order; for those who keep copies."""
    query = select(Achievement.id).where(Achievement.state == AchievementState.PUBLISHED)
    if after is not None:
        query = query.where(Achievement.id > after)
    return (await session.execute(query.order_by(Achievement.id).limit(limit))).scalars().all()
