"""Who may see money and who may move it."""

from uuid import UUID

from app.kit.actor import Actor
from app.parties.states import Role

OVERSEERS = frozenset({Role.OPERATOR.value, Role.REGULATOR.value})


def owner_seen(actor: Actor) -> UUID | None:
    """Whose accounts the actor sees: overseers everyone's (None), others their own party's."""
    return None if actor.roles & OVERSEERS else actor.require_party()


def require_overseer(actor: Actor) -> None:
    """Raise RoleRequired for anyone but operators and regulators."""
    actor.require_role(*OVERSEERS)


def require_operator(actor: Actor) -> UUID:
    """The person who moves money by hand as an operator; raises RoleRequired."""
    actor.require_role(Role.OPERATOR)
    actor.require_scope("trade")
    assert actor.person_id is not None  # roles are given to persons
    return actor.person_id


def require_trader(actor: Actor) -> UUID:
    """The party in whose name a trader acts."""
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    return actor.require_party()


def require_administrator(actor: Actor) -> None:
    """Raise RoleRequired for anyone but the platform's administrator."""
    actor.require_role(Role.PLATFORM_ADMIN)
    actor.require_scope("trade")
