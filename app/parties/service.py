"""Use cases: registration of organisations, people, mandates; what other modules ask."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit, codes
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.http import UnknownValue, require_version
from app.kit.identifiers import BadIdentifier, check_uscc
from app.kit.states import move
from app.parties import access, relations, repository, rules, tokens
from app.parties.errors import (
    AlreadyInstalled,
    AlreadyRegistered,
    BadCreditCode,
    LoginTaken,
    NotABroker,
    SelfReview,
)
from app.parties.facts import AdviserFacts, MandateFacts, OrganisationFacts
from app.parties.models import Mandate, Membership, Organisation, Person
from app.parties.schemas import (
    NewMandate,
    NewMember,
    NewOrganisation,
    NewPerson,
    OrganisationEdit,
    OrganisationView,
    Review,
)
from app.parties.states import MOVES, OrganisationKind, OrganisationState, Role


async def register(
    session: AsyncSession, actor: Actor | None, new: NewOrganisation
) -> Organisation:
    """Apply for registration; the organisation waits for review by an operator.

    Raises BadCreditCode, UnknownValue (region), AlreadyRegistered, LoginTaken, RoleNotForKind.
    """
    if actor is not None:
        actor.require_scope("trade")
    try:
        credit_code = check_uscc(new.credit_code)
    except BadIdentifier as error:
        raise BadCreditCode(
            field="body.credit_code", reason=error.reason, expected=error.expected
        ) from None
    require_code("regions", new.region_code, "body.region_code")
    if await repository.organisation_by_credit_code(session, credit_code) is not None:
        raise AlreadyRegistered(field="body.credit_code")
    organisation = Organisation(
        kind=new.kind.value,
        name=new.name,
        name_en=new.name_en,
        credit_code=credit_code,
        region_code=new.region_code,
        address=new.address,
        contact=new.contact,
        state=OrganisationState.PENDING.value,
    )
    session.add(organisation)
    await session.flush()
    person = await _new_person(session, new.administrator, "body.administrator.login")
    roles = rules.default_roles(new.kind)
    session.add(Membership(person_id=person.id, organisation_id=organisation.id, roles=roles))
    audit.record(
        session,
        actor or SYSTEM,
        "organisation.register",
        "organisation",
        organisation.id,
        after={"state": organisation.state, "kind": new.kind, "administrator": person.id},
    )
    await session.flush()
    return organisation


async def install(session: AsyncSession, new: NewOrganisation) -> Organisation:
    """Found the platform: its first operator, active at once, with the platform administrator.

    Everyone after it is reviewed by someone; raises AlreadyInstalled when there is one.
    """
    if await repository.platform_administrator_exists(session):
        raise AlreadyInstalled
    organisation = await register(session, None, new)
    organisation.state = OrganisationState.ACTIVE.value
    organisation.version += 1
    roles = rules.check_roles(
        new.kind, [Role.ORGANISATION_ADMIN, Role.OPERATOR, Role.PLATFORM_ADMIN]
    )
    for membership, _ in await repository.members(session, organisation.id):
        membership.roles = roles
    audit.record(
        session,
        SYSTEM,
        "organisation.install",
        "organisation",
        organisation.id,
        before={"state": OrganisationState.PENDING},
        after={"state": organisation.state, "roles": roles},
    )
    return organisation


def require_code(list_name: str, code: str, field: str) -> None:
    """Raise UnknownValue, naming codes near it, unless the list has the code."""
    try:
        codes.all_lists()[list_name].require(code)
    except codes.UnknownCode as error:
        raise UnknownValue(
            field=field, value=code, list_name=list_name, nearest=list(error.nearest)
        ) from None


async def _new_person(session: AsyncSession, new: NewPerson, field: str) -> Person:
    if await repository.person_by_login(session, new.login) is not None:
        raise LoginTaken(field=field)
    person = Person(
        login=new.login,
        name=new.name,
        password_hash=await tokens.hash_password(new.password),
    )
    session.add(person)
    await session.flush()
    return person


async def review(
    session: AsyncSession, actor: Actor, organisation_id: UUID, decision: Review
) -> Organisation:
    """An operator approves, rejects, suspends or reinstates an organisation.

    The registration of offices, regulators and other operators is the platform administrator's.
    """
    actor.require_role(Role.OPERATOR, Role.PLATFORM_ADMIN)
    actor.require_scope("trade")
    organisation = await repository.organisation(session, organisation_id, lock=True)
    if organisation is None:
        raise NotFound
    if organisation.id == actor.organisation_id:
        raise SelfReview
    trading = Role.TRADER in _roles_of(organisation)
    if not trading:
        actor.require_role(Role.PLATFORM_ADMIN)
    before = organisation.state
    organisation.state = move(MOVES, OrganisationState(before), decision.act).value
    organisation.review_note = decision.reason or None
    organisation.version += 1
    audit.record(
        session,
        actor,
        f"organisation.{decision.act}",
        "organisation",
        organisation.id,
        before={"state": before},
        after={"state": organisation.state, "reason": decision.reason},
    )
    return organisation


def _roles_of(organisation: Organisation) -> list[str]:
    return rules.default_roles(OrganisationKind(organisation.kind))


async def edit(
    session: AsyncSession,
    actor: Actor,
    organisation_id: UUID,
    change: OrganisationEdit,
    version: int,
) -> Organisation:
    """Change an organisation's own data against the version that was read."""
    actor.require_scope("trade")
    access.administered(actor, organisation_id)
    organisation = await repository.organisation(session, organisation_id, lock=True)
    if organisation is None:
        raise NotFound
    require_version(organisation.version, version)
    changed = change.model_dump(exclude_unset=True, exclude_none=True)
    before = {name: getattr(organisation, name) for name in changed}
    for name, value in changed.items():
        setattr(organisation, name, value)
    organisation.version += 1
    audit.record(
        session,
        actor,
        "organisation.edit",
        "organisation",
        organisation.id,
        before=before,
        after=changed,
    )
    return organisation


async def get(session: AsyncSession, actor: Actor | None, organisation_id: UUID) -> Organisation:
    """One organisation, if the actor may see it."""
    return access.visible(actor, await repository.organisation(session, organisation_id))


def view(actor: Actor | None, organisation: Organisation) -> OrganisationView:
    """What the actor sees of an organisation."""
    shown = OrganisationView.model_validate(organisation)
    if not access.sees_all_of(actor, organisation):
        shown.address = shown.contact = shown.review_note = None
    return shown


async def add_member(
    session: AsyncSession, actor: Actor, organisation_id: UUID, new: NewMember
) -> tuple[Membership, Person]:
    """An organisation's administrator adds a person."""
    actor.require_scope("trade")
    access.administered(actor, organisation_id)
    organisation = await repository.organisation(session, organisation_id)
    if organisation is None:
        raise NotFound
    roles = rules.check_roles(OrganisationKind(organisation.kind), new.roles)
    person = await _new_person(session, new.person, "body.person.login")
    membership = Membership(person_id=person.id, organisation_id=organisation_id, roles=roles)
    session.add(membership)
    await session.flush()
    audit.record(
        session,
        actor,
        "membership.add",
        "organisation",
        organisation_id,
        after={"person": person.id, "roles": roles},
    )
    return membership, person


async def end_membership(
    session: AsyncSession, actor: Actor, organisation_id: UUID, person_id: UUID, now: datetime
) -> None:
    """An administrator ends a person's membership; its tokens and keys stop at once."""
    actor.require_scope("trade")
    access.administered(actor, organisation_id)
    membership = await repository.membership(session, person_id, organisation_id)
    if membership is None or membership.ended_at is not None:
        raise NotFound
    membership.ended_at = now
    audit.record(
        session,
        actor,
        "membership.end",
        "organisation",
        organisation_id,
        before={"roles": membership.roles},
        after={"person": person_id},
    )


async def members(
    session: AsyncSession, actor: Actor, organisation_id: UUID
) -> Sequence[tuple[Membership, Person]]:
    """People of the own organisation."""
    access.administered(actor, organisation_id)
    return await repository.members(session, organisation_id)


async def role_holders(session: AsyncSession, organisation_id: UUID, role: Role) -> int:
    """How many people hold a role in an organisation now; 0 for one that does not exist."""
    return sum(
        membership.ended_at is None and role in membership.roles
        for membership, _ in await repository.members(session, organisation_id)
    )


async def grant_mandate(
    session: AsyncSession, actor: Actor, new: NewMandate, now: datetime
) -> Mandate:
    """A client authorises a broker to act in its name, from a day to a day, for scopes."""
    actor.require_scope("trade")
    actor.require_role(Role.ORGANISATION_ADMIN)
    client_id = actor.organisation_id
    broker = await repository.organisation(session, new.broker_id)
    if (
        broker is None
        or client_id is None
        or broker.kind != OrganisationKind.BROKER
        or broker.state != OrganisationState.ACTIVE
        or broker.id == client_id
    ):
        raise NotABroker(field="body.broker_id")
    rules.check_mandate_period(local_day(now), new.valid_from, new.valid_until)
    assert actor.person_id is not None
    mandate = Mandate(
        broker_id=broker.id,
        client_id=client_id,
        scopes=rules.check_scopes(new.scopes),
        valid_from=new.valid_from,
        valid_until=new.valid_until,
        granted_by=actor.person_id,
    )
    session.add(mandate)
    await session.flush()
    audit.record(
        session,
        actor,
        "mandate.grant",
        "mandate",
        mandate.id,
        after={
            "broker": broker.id,
            "scopes": mandate.scopes,
            "valid_from": new.valid_from,
            "valid_until": new.valid_until,
        },
    )
    return mandate


async def revoke_mandate(
    session: AsyncSession, actor: Actor, mandate_id: UUID, now: datetime
) -> Mandate:
    """Client or broker ends a mandate; it binds from this moment on."""
    actor.require_scope("trade")
    mandate = await repository.mandate(session, mandate_id)
    if mandate is None or actor.organisation_id not in {mandate.client_id, mandate.broker_id}:
        raise NotFound
    actor.require_role(Role.ORGANISATION_ADMIN)
    if mandate.revoked_at is None:
        mandate.revoked_at = now
        audit.record(session, actor, "mandate.revoke", "mandate", mandate.id)
    return mandate


async def mandates(session: AsyncSession, actor: Actor) -> Sequence[Mandate]:
    """Mandates that the own organisation gave or got."""
    if actor.organisation_id is None:
        return []
    return await repository.mandates_of(session, actor.organisation_id)


async def mandate_facts(session: AsyncSession, mandate_id: UUID) -> MandateFacts | None:
    """What other modules may know of one mandate."""
    found = await repository.mandate(session, mandate_id)
    if found is None:
        return None
    return MandateFacts(found.id, found.broker_id, found.client_id, found.revoked_at)


async def organisation_list(
    session: AsyncSession,
    actor: Actor | None,
    *,
    state: OrganisationState | None,
    kind: OrganisationKind | None,
    name: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Organisation]:
    """Active organisations for everyone; other states for overseers."""
    states = [OrganisationState.ACTIVE.value]
    if state is not None and state != OrganisationState.ACTIVE:
        if actor is None:
            raise NotFound
        actor.require_role(*access.OVERSEERS)
        states = [state.value]
    return await repository.organisations(
        session,
        states=states,
        kind=None if kind is None else kind.value,
        name=name,
        after=after,
        limit=limit,
    )


async def facts(session: AsyncSession, organisation_id: UUID) -> OrganisationFacts:
    """What other modules may know of one organisation; raises NotFound."""
    found = await facts_of(session, [organisation_id])
    if organisation_id not in found:
        raise NotFound
    return found[organisation_id]


async def facts_of(
    session: AsyncSession, organisation_ids: Sequence[UUID]
) -> dict[UUID, OrganisationFacts]:
    """What other modules may know of organisations, by id; unknown ids are left out."""
    rows = await repository.organisations_by_id(session, organisation_ids)
    return {row.id: _facts(row) for row in rows}


async def facts_by_code(session: AsyncSession, credit_code: str) -> OrganisationFacts | None:
    """What other modules may know of the organisation with a credit code; None without one."""
    row = await repository.by_credit_code(session, credit_code)
    return None if row is None else _facts(row)


def _facts(row: Organisation) -> OrganisationFacts:
    return OrganisationFacts(
        id=row.id,
        kind=row.kind,
        name=row.name,
        credit_code=row.credit_code,
        region_code=row.region_code,
        state=row.state,
    )


async def identifying_names(session: AsyncSession, organisation_id: UUID) -> tuple[str, ...]:
    """What tells who an organisation is: its names and those of its people; raises NotFound."""
    organisation = await repository.organisation(session, organisation_id)
    if organisation is None:
        raise NotFound
    people = [
        person.name
        for membership, person in await repository.members(session, organisation_id)
        if membership.ended_at is None
    ]
    return tuple(name for name in (organisation.name, organisation.name_en, *people) if name)


async def adviser(
    session: AsyncSession,
    party_id: UUID,
    *,
    broker_id: UUID | None,
    person_id: UUID | None,
    now: datetime,
) -> AdviserFacts:
    """Who speaks for a party: the broker if a mandate is in force, else the member in charge.

    `person_id` is who acted for the party; when that person is no member any more, the first
    trader stands in. Raises NotFound.
    """
    speaker_id = party_id
    if broker_id is not None and await repository.mandates_in_force(
        session, broker_id, party_id, local_day(now)
    ):
        speaker_id = broker_id
    organisation = await repository.organisation(session, speaker_id)
    if organisation is None:
        raise NotFound
    people = [
        (person.id, person.name, membership.roles)
        for membership, person in await repository.members(session, speaker_id)
        if membership.ended_at is None
    ]
    named = [name for known_id, name, _ in people if known_id == person_id]
    traders = [name for _, name, roles in people if Role.TRADER in roles]
    return AdviserFacts(
        organisation_id=organisation.id,
        organisation_name=organisation.name,
        person_name=next(iter((*named, *traders)), None),
        contact=organisation.contact,
    )


async def market_is_empty(session: AsyncSession) -> bool:
    """Whether no organisation was ever registered."""
    return not await repository.any_organisation_exists(session)


async def actor_of(session: AsyncSession, login: str) -> Actor:
    """The actor that a login stands for: for commands run on the server itself."""
    person = await repository.person_by_login(session, login)
    if person is None:
        raise NotFound(field="login")
    memberships = await repository.memberships_of(session, person.id)
    if not memberships:
        raise NotFound(field="login")
    membership, organisation = memberships[0]
    return Actor(
        person_id=person.id,
        organisation_id=organisation.id,
        organisation_kind=organisation.kind,
        roles=frozenset(membership.roles),
    )


conflicts = relations.conflicts
control_links = relations.control_links
declared_for_sale = relations.declared_for_sale
"""What other modules ask about declared relations."""


async def person_name(session: AsyncSession, person_id: UUID) -> str:
    """The name of a person who acts; raises NotFound."""
    name = await repository.person_name(session, person_id)
    if name is None:
        raise NotFound
    return name
