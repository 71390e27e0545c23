"""Who may see and act on contracts."""

from app.contracts.models import Contract
from app.kit.actor import Actor
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound
from app.parties.states import Role


def sees_all(actor: Actor) -> bool:
    """Regulators see every contract."""
    return Role.REGULATOR in actor.roles


def visible(actor: Actor, contract: Contract | None) -> Contract:
    """The contract, for its parties, for brokers acting for them, and for regulators."""
    if contract is None:
        raise NotFound
    if sees_all(actor) or actor.party_id in {contract.seller_id, contract.buyer_id}:
        return contract
    raise NotFound


def audience(contract: Contract) -> Audience:
    """Who may learn of a change: the contract's parties."""
    return Audience(Circle.PARTIES, frozenset({contract.seller_id, contract.buyer_id}))


def owned(actor: Actor, contract: Contract | None) -> Contract:
    """The contract, for a trader of one of its parties."""
    found = visible(actor, contract)
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    if actor.party_id not in {found.seller_id, found.buyer_id}:
        raise NotFound
    return found
