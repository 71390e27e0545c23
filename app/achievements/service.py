"""Use cases: entering, packaging, publishing and disclosing; what other modules ask."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import access, clearances, offers, publications, repository, rules
from app.achievements.errors import (
    AchievementNotPublished,
    AnonymityOver,
    BadPackageMember,
    FieldNeeded,
    OwnerAnonymous,
    OwnerUnclear,
    OwnerUnknown,
    PersonUnknown,
)
from app.achievements.facts import AchievementFacts, RightFacts
from app.achievements.models import (
    Achievement,
    AchievementOwner,
    AchievementPerson,
    AchievementRight,
    PackageMember,
)
from app.achievements.schemas import (
    AchievementEdit,
    NewAchievement,
    NewOwner,
    NewPackage,
    NewPerson,
    NewRight,
)
from app.achievements.states import AchievementKind, AchievementState, Secrecy
from app.kit import audit, clock, codes
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.http import require_version
from app.parties import service as parties
from app.parties.states import OrganisationState, Role

PLAIN = ("title", "summary", "details", "industry_code", "trl", "funding")
"""Columns that are taken from the wire as they are."""
offer_facts_of = clearances.offer_facts_of
published_ids = repository.published_ids
to_expire = repository.to_expire
shown_with = repository.shown_with
publish = publications.publish
renew = publications.renew
review = publications.review
withdraw = publications.withdraw
expire = publications.expire
put_off = publications.put_off


async def create(session: AsyncSession, actor: Actor, new: NewAchievement) -> Achievement:
    """Enter an achievement as a draft in the acting party's name.

    Raises SharesNotWhole, OwnerUnclear, OwnerUnknown, OwnerTwice, PosterNotOwner, BadRightNumber,
    RightNumberMissing, RightKindMismatch, RightTwice, UnknownValue, BadIpc, FieldNeeded,
    PersonUnknown, NotAnonymous, ProfileInvalid, MemberFollows, NotAnOffer.
    """
    party_id = _poster(actor)
    achievement = await _described(session, party_id, new, AchievementKind.SINGLE)
    achievement.rights = _rights(new.rights, (await clock.now(session)).year)
    achievement.anonymous = new.anonymous
    await _complete(session, achievement, new.offer)
    return await _entered(session, actor, achievement, new.persons)


async def create_package(session: AsyncSession, actor: Actor, new: NewPackage) -> Achievement:
    """Put several single achievements of the acting party into a package.

    Raises BadPackageMember and what `create` raises.
    """
    party_id = _poster(actor)
    members = await _members(session, party_id, new.member_ids)
    if new.technical_field is None and not new.ipc:
        new = new.model_copy(update={"technical_field": members[0].technical_field})
    achievement = await _described(session, party_id, new, AchievementKind.PACKAGE)
    achievement.members = [
        PackageMember(position=position, member_id=member.id)
        for position, member in enumerate(members)
    ]
    await _complete(session, achievement, new.offer)
    return await _entered(session, actor, achievement, new.persons)


def _poster(actor: Actor) -> UUID:
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    return actor.require_party()


async def _described(
    session: AsyncSession, party_id: UUID, new: NewAchievement | NewPackage, kind: AchievementKind
) -> Achievement:
    ipc = rules.checked_ipc(new.ipc)
    _require_codes(new.industry_code, new.funding, new.transfer_modes)
    owners = [NewOwner(organisation_id=party_id, share_bp=rules.WHOLE_BP)]
    return Achievement(
        kind=kind.value,
        **{name: getattr(new, name) for name in PLAIN},
        title_key=UUID(bytes=rules.title_key(new.title)),
        technical_field=_field(new.technical_field, ipc),
        ipc=ipc,
        transfer_modes=rules.distinct(new.transfer_modes),
        secrecy=new.secrecy.value,
        lead_party_id=party_id,
        state=AchievementState.DRAFT.value,
        owners=await _owners(session, party_id, new.owners or owners),
        rights=[],
        persons=[],
        members=[],
        anonymous=False,
        offer={},
    )


async def _complete(
    session: AsyncSession, achievement: Achievement, change: Mapping[str, Any] | None
) -> None:
    """Set members of the standard beside the fields; raises what `offers.completed` raises."""
    if change:
        poster = await parties.facts(session, achievement.lead_party_id)
        achievement.offer = offers.completed(achievement, poster, change)


async def _entered(
    session: AsyncSession, actor: Actor, achievement: Achievement, persons: Sequence[NewPerson]
) -> Achievement:
    session.add(achievement)
    await session.flush()
    await _set_persons(session, achievement, persons)
    await publications.require_untold(session, achievement)
    after = {"state": achievement.state, "kind": achievement.kind} | _summary_of(achievement)
    audit.record(
        session,
        actor,
        "achievement.create",
        "achievement",
        achievement.id,
        after=after,
        audience=access.audience(achievement),
    )
    return achievement


def _summary_of(achievement: Achievement) -> dict[str, Any]:
    return {
        "title": achievement.title,
        "secrecy": achievement.secrecy,
        "anonymous": achievement.anonymous,
        "offer": achievement.offer,
        "owners": [[o.name, o.share_bp] for o in achievement.owners],
        "rights": [[r.type, r.office, r.number] for r in achievement.rights],
        "members": [str(member_id) for member_id in achievement.member_ids],
    }


def _material(achievement: Achievement) -> dict[str, Any]:
    """What an operator reviews; a change of it is reviewed again."""
    persons = [person.name for person in achievement.persons]
    return _summary_of(achievement) | {"summary": achievement.summary, "persons": persons}


def _field(given: str | None, ipc: Sequence[str]) -> str:
    if given is not None:
        parties.require_code("technical_fields", given, "body.technical_field")
        return given
    if not ipc:
        raise FieldNeeded(field="body.technical_field")
    return codes.field_of_ipc(ipc[0])


def _require_codes(industry: str | None, funding: str | None, modes: Sequence[str]) -> None:
    if industry is not None:
        parties.require_code("industries", industry, "body.industry_code")
    if funding is not None:
        parties.require_code("plan_categories", funding, "body.funding")
    for position, mode in enumerate(modes):
        parties.require_code("transfer_modes", mode, f"body.transfer_modes.{position}")


def _rights(new: Sequence[NewRight], year: int) -> list[AchievementRight]:
    rights = []
    for position, right in enumerate(new):
        field = f"body.rights.{position}"
        parties.require_code("ip_types", right.type, f"{field}.type")
        number = rules.check_right(right.type, right.number, right.office, year, field)
        values = right.model_dump() | {"number": number, "position": position}
        rights.append(AchievementRight(**values))
    rules.check_distinct([(right.office, right.number) for right in rights], "body.rights")
    return rights


async def _owners(
    session: AsyncSession, party_id: UUID, new: Sequence[NewOwner]
) -> list[AchievementOwner]:
    known = await parties.facts_of(
        session, [owner.organisation_id for owner in new if owner.organisation_id is not None]
    )
    owners = []
    for position, owner in enumerate(new):
        field = f"body.owners.{position}"
        name = owner.name
        if (owner.organisation_id is None) == (name is None):
            raise OwnerUnclear(field=field)
        if owner.organisation_id is not None:
            facts = known.get(owner.organisation_id)
            if facts is None or facts.state != OrganisationState.ACTIVE:
                raise OwnerUnknown(
                    field=f"{field}.organisation_id", organisation_id=str(owner.organisation_id)
                )
            name = facts.name
        owners.append(
            AchievementOwner(
                position=position,
                organisation_id=owner.organisation_id,
                name=name,
                share_bp=owner.share_bp,
            )
        )
    rules.check_owners(
        party_id, [(o.organisation_id, o.name, o.share_bp) for o in owners], "body.owners"
    )
    return owners


async def _set_persons(
    session: AsyncSession, achievement: Achievement, new: Sequence[NewPerson]
) -> None:
    """Each in a savepoint: whether a person exists is the foreign key's to say."""
    achievement.persons = []
    await session.flush()
    for position, person in enumerate(new):
        row = AchievementPerson(position=position, name=person.name, person_id=person.person_id)
        try:
            async with session.begin_nested():
                achievement.persons.append(row)
                await session.flush()
        except IntegrityError:
            raise PersonUnknown(
                field=f"body.persons.{position}.person_id", person_id=str(person.person_id)
            ) from None


async def _members(session: AsyncSession, party_id: UUID, ids: Sequence[UUID]) -> list[Achievement]:
    found = await repository.achievements_by_id(session, ids, lock=True)
    members: list[Achievement] = []
    for position, member_id in enumerate(ids):
        member = found.get(member_id)
        reason = None
        if member is None or member.lead_party_id != party_id:
            reason = "not an achievement of this organisation"
        elif member.kind != AchievementKind.SINGLE:
            reason = "it is a package itself"
        elif member_id in ids[:position]:
            reason = "it is listed twice"
        elif member.anonymous:
            reason = "it is anonymous, and a package is not"
        if member is None or reason is not None:
            raise BadPackageMember(
                field=f"body.member_ids.{position}", achievement_id=str(member_id), reason=reason
            )
        members.append(member)
    return members


async def edit(
    session: AsyncSession,
    actor: Actor,
    achievement_id: UUID,
    change: AchievementEdit,
    version: int,
) -> Achievement:
    """Change an achievement against the version that was read; lists are replaced whole.

    What is published stays publishable: raises NoRight or ConfidentialNotPublic otherwise,
    AnonymityOver, and what `create` raises.
    """
    achievement = await publications.locked(session, actor, achievement_id)
    require_version(achievement.version, version)
    before, told = _summary_of(achievement), access.audience(achievement)
    read, given = _material(achievement), change.model_fields_set
    removable = {"industry_code", "trl", "funding"}
    for name in PLAIN:
        value = getattr(change, name)
        if name in given and (value is not None or name in removable):
            setattr(achievement, name, value)
    achievement.title_key = UUID(bytes=rules.title_key(achievement.title))
    _require_codes(change.industry_code, change.funding, change.transfer_modes or [])
    if change.transfer_modes is not None:
        achievement.transfer_modes = rules.distinct(change.transfer_modes)
    if change.ipc is not None:
        achievement.ipc = rules.checked_ipc(change.ipc)
    if change.technical_field is not None:
        achievement.technical_field = _field(change.technical_field, [])
    if change.secrecy is not None:
        achievement.secrecy = change.secrecy.value
    if change.rights is not None:
        achievement.rights = _rights(change.rights, (await clock.now(session)).year)
    if change.owners is not None:
        achievement.owners = await _owners(session, achievement.lead_party_id, change.owners)
    if change.anonymous is not None:
        await _set_anonymous(session, achievement, change.anonymous)
    ended = {member for name in given for member in offers.FOLLOWING.get(name, ())}
    achievement.offer = {k: v for k, v in achievement.offer.items() if k not in ended}
    await _complete(session, achievement, change.offer)
    if achievement.state == AchievementState.PUBLISHED or await repository.in_published_package(
        session, achievement.id
    ):
        await publications.require_publishable(session, achievement)
    achievement.version += 1
    if change.persons is not None:
        await _set_persons(session, achievement, change.persons)
    await publications.require_untold(session, achievement)
    if _material(achievement) != read:
        achievement.reviewed_at = None
    await session.flush()
    audit.record(
        session,
        actor,
        "achievement.edit",
        "achievement",
        achievement.id,
        before=before,
        after={"changed": sorted(given)} | _summary_of(achievement),
        audience=told | access.audience(achievement),
    )
    return achievement


async def _set_anonymous(session: AsyncSession, achievement: Achievement, anonymous: bool) -> None:
    """An owner can be named at any time, and cannot be hidden once it was public."""
    if (
        anonymous
        and not achievement.anonymous
        and (
            achievement.kind == AchievementKind.PACKAGE
            or achievement.public_from is not None
            or await repository.in_package(session, achievement.id)
        )
    ):
        raise AnonymityOver(field="body.anonymous")
    achievement.anonymous = anonymous


async def facts(session: AsyncSession, achievement_id: UUID) -> AchievementFacts:
    """What other modules may know of one achievement; raises NotFound."""
    found = await facts_of(session, [achievement_id])
    if achievement_id not in found:
        raise NotFound
    return found[achievement_id]


async def facts_of(
    session: AsyncSession, achievement_ids: Sequence[UUID]
) -> dict[UUID, AchievementFacts]:
    """What other modules may know of achievements, by id; unknown ids are left out."""
    rows = await repository.achievements_by_id(session, achievement_ids)
    member_ids = [member_id for row in rows.values() for member_id in row.member_ids]
    members = await repository.achievements_by_id(session, member_ids) if member_ids else {}
    return {row.id: _facts(row, [members[i] for i in row.member_ids]) for row in rows.values()}


def _facts(row: Achievement, members: Sequence[Achievement]) -> AchievementFacts:
    return AchievementFacts(
        id=row.id,
        version=row.version,
        title=row.title,
        summary=row.summary,
        kind=row.kind,
        state=row.state,
        lead_party_id=row.lead_party_id,
        owner_ids=row.owner_ids,
        technical_field=row.technical_field,
        ipc=tuple(row.ipc),
        industry_code=row.industry_code,
        trl=row.trl,
        transfer_modes=tuple(row.transfer_modes),
        rights=tuple(
            RightFacts(right.type, right.number, right.title, right.expires_on, right.office)
            for part in (row, *members)
            for right in part.rights
        ),
        funding=row.funding,
        secrecy=row.secrecy,
        completing_persons=tuple(person.name for person in row.persons),
        member_ids=row.member_ids,
        public_from=row.public_from,
        anonymous=row.anonymous,
    )


async def require_postable(
    session: AsyncSession, actor: Actor, achievement_id: UUID
) -> AchievementFacts:
    """Facts of an achievement that the acting party may offer on the market.

    Raises NotFound unless the acting party posted it, AchievementNotPublished unless everyone
    may see it.
    """
    achievement = access.owned(actor, await repository.achievement(session, achievement_id))
    if achievement.state != AchievementState.PUBLISHED or achievement.secrecy != Secrecy.PUBLIC:
        raise AchievementNotPublished(
            field="body.achievement_id", state=achievement.state, secrecy=achievement.secrecy
        )
    return await facts(session, achievement_id)


async def require_named(
    session: AsyncSession, actor: Actor, achievement_id: UUID
) -> AchievementFacts:
    """What `require_postable` gives, of an achievement whose owner may be made public.

    Listings and price notices tell the transferor, so they need it. Raises OwnerAnonymous besides.
    """
    found = await require_postable(session, actor, achievement_id)
    if found.anonymous:
        raise OwnerAnonymous(field="body.achievement_id", achievement_id=str(achievement_id))
    return found


async def meet(session: AsyncSession, achievement_id: UUID, organisation_id: UUID) -> None:
    """An interest in an achievement was accepted: from now on the organisation knows its owner."""
    await repository.meet(session, achievement_id, organisation_id)
