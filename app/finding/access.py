"""Who may see what: the audiences of a search, and a person's own alerts."""

from uuid import UUID

from app.finding.models import SavedSearch
from app.kit.actor import Actor
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound
from app.parties.states import Role
from search import protocol

TRADES = (Role.TRADER, Role.OPERATOR, Role.REGULATOR)


def audiences(actor: Actor | None) -> frozenset[str]:
    """What of the index an asker may see: with a role in an organisation, what members may."""
    if actor is not None and actor.roles:
        return frozenset({protocol.Audience.PUBLIC, protocol.Audience.MEMBERS})
    return frozenset({protocol.Audience.PUBLIC})


def asker(actor: Actor) -> tuple[UUID, UUID]:
    """The person and its organisation that an alert is for; raises RoleRequired, ScopeRequired."""
    actor.require_role(*TRADES)
    actor.require_scope("trade")
    if actor.person_id is None or actor.organisation_id is None:
        raise NotFound
    return actor.person_id, actor.organisation_id


def own(actor: Actor, alert: SavedSearch | None) -> SavedSearch:
    """The alert, if it is this person's; raises NotFound."""
    if alert is None or not alert.active or alert.person_id != actor.person_id:
        raise NotFound
    return alert


def audience(alert: SavedSearch) -> Audience:
    """Who may learn that an alert found something: its organisation."""
    return Audience(Circle.PARTIES, frozenset({alert.organisation_id}))
