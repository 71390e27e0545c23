"""Who may see and act on organisations."""

from uuid import UUID

from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.parties.models import Organisation
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
