"""Who may see and act on plans of distribution, idle achievements and benefits.

A list names people and what they get. It is publicised inside the institution (促进科技成果转化法
44-45): its own people see it, besides those who oversee the market.
"""

from app.kit.actor import Actor, RoleRequired
from app.kit.errors import NotFound
from app.parties.states import Role
from app.settlements.errors import DecidesOwnShare
from app.settlements.models import Benefit, IdleWatch, IncomePlan, IncomePlanObjection

OVERSEERS = frozenset({Role.OPERATOR, Role.REGULATOR})


def oversees(actor: Actor) -> bool:
    """Whether the actor is an operator or regulator."""
    return bool(actor.roles & OVERSEERS)


def belongs(actor: Actor, plan: IncomePlan) -> bool:
    """Whether the actor is of the institution itself; a broker who acts for it is not."""
    return actor.client_id is None and actor.organisation_id == plan.institution_id


def visible(actor: Actor, plan: IncomePlan | None) -> IncomePlan:
    """The plan, for the institution's people, and once it was published for overseers."""
    if plan is None:
        raise NotFound
    if belongs(actor, plan) or (oversees(actor) and plan.published_at is not None):
        return plan
    raise NotFound


def owned(actor: Actor, plan: IncomePlan | None) -> IncomePlan:
    """The plan, for a trader of the institution itself."""
    seen = visible(actor, plan)
    require_own_trader(actor)
    if not belongs(actor, seen):
        raise NotFound
    return seen


def require_own_trader(actor: Actor) -> None:
    """Raise RoleRequired unless a trader acts for the own organisation: rewards of the staff are
    no matter of a broker."""
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    if actor.client_id is not None:
        raise RoleRequired(roles=["trader"])


def require_person(actor: Actor) -> None:
    """Raise RoleRequired for what only a person can do."""
    if actor.person_id is None:
        raise RoleRequired(roles=["trader"])


def objecting(actor: Actor, plan: IncomePlan | None) -> IncomePlan:
    """The plan, for an identified person of the institution."""
    seen = visible(actor, plan)
    actor.require_scope("trade")
    require_person(actor)
    if not belongs(actor, seen):
        raise NotFound
    return seen


def decidable(
    actor: Actor,
    objection: IncomePlanObjection | None,
    recipients: frozenset[object],
) -> IncomePlanObjection:
    """The objection, unless the actor made it or is on the list."""
    if objection is None:
        raise NotFound
    if actor.person_id in recipients or actor.person_id == objection.person_id:
        raise DecidesOwnShare
    return objection


def filed(actor: Actor, objection: IncomePlanObjection | None) -> IncomePlanObjection:
    """The objection, if the actor made it."""
    if objection is None or actor.person_id is None or actor.person_id != objection.person_id:
        raise NotFound
    return objection


def sees_grounds(actor: Actor, objection: IncomePlanObjection) -> bool:
    """Whether the actor reads who objected: the objector, traders of the unit, overseers."""
    if oversees(actor) or Role.TRADER in actor.roles:
        return True
    return actor.person_id is not None and actor.person_id == objection.person_id


def watched(actor: Actor, watch: IdleWatch | None) -> IdleWatch:
    """The watch, for a trader of the institution."""
    require_own_trader(actor)
    if watch is None or watch.institution_id != actor.organisation_id:
        raise NotFound
    return watch


def sees_benefit(actor: Actor, benefit: Benefit | None) -> Benefit:
    """The benefit, for whoever enjoys it and for regulators."""
    if benefit is None:
        raise NotFound
    if Role.REGULATOR in actor.roles or actor.organisation_id == benefit.party_id:
        return benefit
    raise NotFound
