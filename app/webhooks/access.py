"""Who may see and manage webhooks: the administrators of the organisation they belong to."""

from uuid import UUID

from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.parties.states import Role
from app.webhooks.models import Webhook


def reading_party(actor: Actor) -> UUID:
    """Whose webhooks the actor sees; a broker has its own and none of its clients'.

    A webhook outlives a mandate, so nobody makes one in another's name. Raises RoleRequired.
    """
    actor.require_role(Role.ORGANISATION_ADMIN)
    return actor.require_party()


def managing_party(actor: Actor) -> UUID:
    """Whose webhooks the actor may change; raises RoleRequired and ScopeRequired."""
    party_id = reading_party(actor)
    actor.require_scope("trade")
    return party_id


def owned(party_id: UUID, webhook: Webhook | None) -> Webhook:
    """The webhook, if it belongs to the party."""
    if webhook is None or webhook.party_id != party_id:
        raise NotFound
    return webhook
