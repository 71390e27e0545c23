"""Who may see a negotiation and who may act in it."""

from uuid import UUID

from app.kit.actor import Actor
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound
from app.negotiations.errors import NotTheClient
from app.negotiations.models import Commission, CommissionAgreement, Negotiation
from app.negotiations.states import Side
from app.parties.states import Role

OVERSEERS = frozenset({Role.OPERATOR, Role.REGULATOR})


def sees_all(actor: Actor) -> bool:
    """Overseers see every negotiation; documents under the agreement they do not."""
    return bool(actor.roles & OVERSEERS)


def is_party(actor: Actor, negotiation: Negotiation) -> bool:
    """Whether the actor acts in the name of one of the two sides."""
    return actor.party_id in {negotiation.seller_id, negotiation.buyer_id}


def visible(actor: Actor, negotiation: Negotiation | None) -> Negotiation:
    """The negotiation, for its two sides, their brokers and overseers; raises NotFound."""
    if negotiation is None or not (sees_all(actor) or is_party(actor, negotiation)):
        raise NotFound
    return negotiation


def audience(negotiation: Negotiation) -> Audience:
    """Who may learn of a change: the two sides, and nobody else."""
    return Audience(Circle.PARTIES, frozenset({negotiation.seller_id, negotiation.buyer_id}))


def shared(actor: Actor, negotiation: Negotiation | None) -> Negotiation:
    """The negotiation with its documents, for its two sides alone; raises NotFound."""
    if negotiation is None or not is_party(actor, negotiation):
        raise NotFound
    return negotiation


def acting(actor: Actor, negotiation: Negotiation | None) -> tuple[Negotiation, Side]:
    """The negotiation and the side of a trader; raises NotFound, RoleRequired, ScopeRequired."""
    found = visible(actor, negotiation)
    trading_party(actor)
    return shared(actor, found), side_of(actor, found)


def side_of(actor: Actor, negotiation: Negotiation) -> Side:
    """The side that an actor of one of the parties speaks for."""
    return Side.SELLER if actor.party_id == negotiation.seller_id else Side.BUYER


def trading_party(actor: Actor) -> UUID:
    """In whose name a trader acts; raises RoleRequired and ScopeRequired."""
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    return actor.require_party()


def person_of(actor: Actor) -> UUID:
    """The person behind an act that is recorded with its name."""
    assert actor.person_id is not None
    return actor.person_id


def client_itself(actor: Actor) -> UUID:
    """The client, acting by its own people; raises NotTheClient."""
    party_id = trading_party(actor)
    if actor.client_id is not None:
        raise NotTheClient
    return party_id


def brokered(actor: Actor, agreement: CommissionAgreement | None) -> CommissionAgreement:
    """The commission agreement, for the broker that it was proposed to."""
    if agreement is None or actor.organisation_id not in {
        agreement.broker_id,
        agreement.client_id,
    }:
        raise NotFound
    client_itself(actor)
    if actor.organisation_id != agreement.broker_id:
        raise NotFound
    return agreement


def earning(actor: Actor, commission: Commission | None) -> Commission:
    """The commission, for the broker's own people; raises NotFound and NotTheClient."""
    return _own(actor, commission, broker=True)


def owing(actor: Actor, commission: Commission | None) -> Commission:
    """The commission, for the own people of the one who owes it, for a broker does not agree to its
    own fee in a client's name; raises NotFound and NotTheClient."""
    return _own(actor, commission, broker=False)


def _own(actor: Actor, commission: Commission | None, *, broker: bool) -> Commission:
    if commission is None or actor.organisation_id not in {
        commission.broker_id,
        commission.client_id,
    }:
        raise NotFound
    client_itself(actor)
    if actor.organisation_id != (commission.broker_id if broker else commission.client_id):
        raise NotFound
    return commission
