"""Who judges matches, and who reads judgments."""

from uuid import UUID

from app.kit.actor import Actor
from app.matching.errors import NotAJudge
from app.parties.states import OrganisationKind, Role

OVERSEERS = frozenset({Role.OPERATOR, Role.REGULATOR})


def may_judge(actor: Actor | None) -> bool:
    """Whether the actor is a broker's trader or an operator."""
    if actor is None or actor.organisation_id is None:
        return False
    # Under a mandate the kind is the client's; only brokers hold mandates.
    broker = actor.client_id is not None or actor.organisation_kind == OrganisationKind.BROKER
    return (broker and Role.TRADER in actor.roles) or Role.OPERATOR in actor.roles


def judge(actor: Actor) -> UUID:
    """The organisation that judges; raises RoleRequired, ScopeRequired or NotAJudge."""
    actor.require_role(Role.TRADER, Role.OPERATOR)
    actor.require_scope("trade")
    if not may_judge(actor) or actor.organisation_id is None:
        raise NotAJudge
    return actor.organisation_id


def reads(actor: Actor) -> UUID | None:
    """Whose judgments the actor reads; None means everyone's. Raises RoleRequired, NotAJudge."""
    if actor.roles & OVERSEERS:
        return None
    return judge(actor)


def exports(actor: Actor) -> None:
    """Raise unless the actor operates the market."""
    actor.require_role(Role.OPERATOR)
    actor.require_scope("trade")
