"""Who may see and act on organisations."""

from uuid import UUID

from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.parties.models import Organisation, Relation
from app.parties.states import OrganisationState, Role

OVERSEERS = frozenset({Role.OPERATOR, Role.REGULATOR, Role.PLATFORM_ADMIN})


def sees_all_of(actor: Actor | None, organisation: Organisation) -> bool:
    """Whether the actor sees contact data and review notes."""
    if actor is None:
        return False
    return bool(actor.roles & OVERSEERS) or actor.organisation_id == organisation.id


def visible(actor: Actor | None, organisation: Organisation | None) -> Organisation:
    """The organisation, if the actor may see it: active ones are public."""
    if organisation is None:
        raise NotFound
    if organisation.state == OrganisationState.ACTIVE or sees_all_of(actor, organisation):
        return organisation
    raise NotFound


def administered(actor: Actor, organisation_id: UUID) -> None:
    """Raise unless the actor administers this organisation."""
    if actor.organisation_id != organisation_id:
        raise NotFound
    actor.require_role(Role.ORGANISATION_ADMIN)


_DECLARES = (Role.ORGANISATION_ADMIN, Role.OPERATOR, Role.REGISTRAR, Role.REGULATOR)


def sees_relations(actor: Actor, organisation_id: UUID) -> None:
    """Raise NotFound unless the actor may see whom an organisation is related to."""
    if actor.organisation_id != organisation_id and not actor.roles & OVERSEERS:
        raise NotFound


def declares(actor: Actor, organisation_id: UUID) -> UUID:
    """In whose name the actor declares a relation of an organisation, or ends one.

    An operator does so about everyone; others about their own organisation: its administrator, and
    the platform's staff, who have to declare where they or their close relatives work.
    """
    if actor.organisation_id is None:
        raise NotFound
    if Role.OPERATOR not in actor.roles:
        if actor.organisation_id != organisation_id:
            raise NotFound
        actor.require_role(*_DECLARES)
    return actor.organisation_id


def ends(actor: Actor, relation: Relation) -> None:
    """Raise RoleRequired if an operator declared what an organisation wants to end."""
    if relation.declared_by != actor.organisation_id:
        actor.require_role(Role.OPERATOR)
