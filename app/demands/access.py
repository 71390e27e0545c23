"""Who may see and act on demands, solutions and interests."""

from uuid import UUID

from app.demands.models import Demand, Interest, Solution
from app.demands.states import PUBLIC, DemandState
from app.kit.actor import Actor
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound

OPERATOR = "operator"
TRADER = "trader"
OVERSEERS = frozenset({OPERATOR, "regulator"})


def trader(actor: Actor) -> UUID:
    """The party in whose name the actor trades; raises RoleRequired or ScopeRequired."""
    actor.require_role(TRADER)
    actor.require_scope("trade")
    return actor.require_party()


def operator(actor: Actor) -> None:
    """Raise unless the actor operates the market."""
    actor.require_role(OPERATOR)
    actor.require_scope("trade")


def acts_for(actor: Actor | None, party_id: UUID) -> bool:
    """Whether the actor acts in a party's name."""
    return actor is not None and actor.party_id == party_id


def sees_all_of(actor: Actor | None, demand: Demand) -> bool:
    """Whether the actor sees review notes, the owner, and demands that are not public."""
    if actor is None:
        return False
    if acts_for(actor, demand.owner_id):
        return True
    return bool(actor.roles & OVERSEERS) and demand.state != DemandState.DRAFT


def is_public(actor: Actor | None, demand: Demand) -> bool:
    """Whether everyone may see it, or every registered organisation if it is internal."""
    if demand.state not in PUBLIC:
        return False
    return not demand.internal or (actor is not None and bool(actor.roles))


def visible(actor: Actor | None, demand: Demand | None) -> Demand:
    """The demand, if the actor may see it; raises NotFound."""
    if demand is not None and (is_public(actor, demand) or sees_all_of(actor, demand)):
        return demand
    raise NotFound


def audience(demand: Demand) -> Audience:
    """Who may learn of a change: whoever may see the demand without being its owner.

    An anonymous owner is found here, and is not told to anyone: changes carry no parties.
    """
    circle = Circle.PARTIES
    if demand.state in PUBLIC:
        circle = Circle.MEMBERS if demand.internal else Circle.PUBLIC
    return Audience(circle, frozenset({demand.owner_id}))


def owners(demand: Demand) -> Audience:
    """The owner alone, of what only concerns the owner."""
    return Audience(Circle.PARTIES, frozenset({demand.owner_id}))


def owned(actor: Actor, demand: Demand | None) -> Demand:
    """The demand, if the actor acts in its owner's name; raises NotFound."""
    if demand is None or not acts_for(actor, demand.owner_id):
        raise NotFound
    return demand


def wrote(actor: Actor, demand: Demand) -> bool:
    """Whether the actor acts for the owner, or is of the broker who wrote the demand."""
    return acts_for(actor, demand.owner_id) or (
        demand.broker_id is not None and actor.organisation_id == demand.broker_id
    )


def reads(actor: Actor, demand: Demand, solution: Solution) -> bool:
    """Whether the actor reads a solution: the demand's side and the author, nobody else."""
    return acts_for(actor, demand.owner_id) or acts_for(actor, solution.author_id)


def own_solution(actor: Actor, solution: Solution | None, demand_id: UUID) -> Solution:
    """The solution, if the actor acts for its author; raises NotFound."""
    if (
        solution is None
        or solution.demand_id != demand_id
        or not acts_for(actor, solution.author_id)
    ):
        raise NotFound
    return solution


def side_of(actor: Actor, interest: Interest | None) -> Interest:
    """The interest, if the actor acts for one of its two sides; raises NotFound."""
    if interest is not None and (
        acts_for(actor, interest.owner_id) or acts_for(actor, interest.party_id)
    ):
        return interest
    raise NotFound
