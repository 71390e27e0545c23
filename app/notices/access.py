"""Who may see and act on notices and objections."""

from app.kit.actor import Actor
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound
from app.notices.errors import OwnObjection
from app.notices.models import Notice, Objection
from app.notices.states import NoticeState
from app.parties.states import Role

OVERSEERS = frozenset({Role.OPERATOR, Role.REGULATOR})


def oversees(actor: Actor | None) -> bool:
    """Whether the actor is an operator or regulator."""
    return actor is not None and bool(actor.roles & OVERSEERS)


def visible(actor: Actor | None, notice: Notice | None) -> Notice:
    """The notice, if the actor may see it: what was once published stays public."""
    if notice is None:
        raise NotFound
    if notice.published_at is not None:
        return notice
    if actor is not None and actor.party_id == notice.publisher_id:
        return notice
    if oversees(actor) and notice.state != NoticeState.DRAFT:
        return notice
    raise NotFound


def audience(notice: Notice) -> Audience:
    """Who may learn of a change: what was once published is public, a draft is its publisher's."""
    parties = {notice.publisher_id}
    if notice.published_at is None:
        return Audience(Circle.PARTIES, frozenset(parties))
    if notice.taker_id is not None:
        parties.add(notice.taker_id)
    return Audience(Circle.PUBLIC, frozenset(parties))


def owned(actor: Actor, notice: Notice | None) -> Notice:
    """The notice, if the actor trades for its publisher."""
    seen = visible(actor, notice)
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    if actor.party_id != seen.publisher_id:
        raise NotFound
    return seen


def deciding(actor: Actor, notice: Notice | None) -> Notice:
    """The notice, if the actor may decide objections to it: its publisher's own trader, or an
    operator. A broker who negotiated the price does not judge complaints about it."""
    seen = visible(actor, notice)
    actor.require_role(Role.TRADER, Role.OPERATOR)
    actor.require_scope("trade")
    own = actor.client_id is None and actor.organisation_id == seen.publisher_id
    if not own and Role.OPERATOR not in actor.roles:
        raise NotFound
    return seen


def decidable(actor: Actor, objection: Objection | None) -> Objection:
    """The objection, unless the actor's person made it."""
    if objection is None:
        raise NotFound
    if actor.person_id == objection.person_id:
        raise OwnObjection
    return objection


def filed(actor: Actor, objection: Objection | None) -> Objection:
    """The objection, if the actor's person made it."""
    if objection is None or actor.person_id != objection.person_id:
        raise NotFound
    return objection


def sees_grounds(actor: Actor | None, notice: Notice, objection: Objection) -> bool:
    """Whether the actor reads who objected and why; the public reads the outcome."""
    if actor is None:
        return False
    if actor.person_id is not None and actor.person_id == objection.person_id:
        return True
    return oversees(actor) or actor.party_id == notice.publisher_id
