"""Who may see and act on contracts."""

from uuid import UUID

from app.contracts.errors import NotInForce
from app.contracts.models import Contract
from app.contracts.states import ContractState
from app.kit.actor import Actor, RoleRequired
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound
from app.parties.states import Role


def sees_all(actor: Actor) -> bool:
    """Regulators see every contract."""
    return Role.REGULATOR in actor.roles


def visible(actor: Actor, contract: Contract | None) -> Contract:
    """The contract, for its parties, for brokers acting for them, and for regulators.

    Also for one who is asked to take over a party's position, and one who gave it up.
    """
    if contract is None:
        raise NotFound
    if sees_all(actor) or actor.party_id in {contract.seller_id, contract.buyer_id}:
        return contract
    if actor.party_id is not None and str(actor.party_id) in contract.reader_ids:
        return contract
    raise NotFound


def audience(contract: Contract) -> Audience:
    """Who may learn of a change: the contract's parties, and who may read it besides."""
    readers = {UUID(one) for one in contract.reader_ids or ()}
    return Audience(Circle.PARTIES, frozenset({contract.seller_id, contract.buyer_id} | readers))


def performed(
    actor: Actor, contract: Contract | None, *states: ContractState
) -> tuple[Contract, UUID]:
    """The contract in one of these states, and the person who acts for one of its parties.

    Raises NotInForce otherwise.
    """
    found = owned(actor, contract)
    if found.state not in states:
        raise NotInForce(state=found.state)
    return found, person(actor)


def person(actor: Actor) -> UUID:
    """Who answers for an act that is put on record; raises RoleRequired for the platform itself."""
    if actor.person_id is None:
        raise RoleRequired(roles=["trader"])
    return actor.person_id


def owned(actor: Actor, contract: Contract | None) -> Contract:
    """The contract, for a trader of one of its parties."""
    found = visible(actor, contract)
    trading(actor)
    if actor.party_id not in {found.seller_id, found.buyer_id}:
        raise NotFound
    return found


def trading(actor: Actor) -> None:
    """Raise RoleRequired or ScopeRequired unless the actor may trade."""
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
