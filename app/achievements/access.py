"""Who may see and act on achievements."""

from app.achievements.errors import DetailsNotGranted
from app.achievements.models import Achievement
from app.achievements.states import AchievementState, Secrecy
from app.kit.actor import Actor
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound
from app.parties.states import Role

OVERSEERS = frozenset({Role.OPERATOR, Role.REGULATOR, Role.PLATFORM_ADMIN})
_CIRCLES = {
    Secrecy.PUBLIC: Circle.PUBLIC,
    Secrecy.INTERNAL: Circle.MEMBERS,
    Secrecy.CONFIDENTIAL: Circle.PARTIES,
}


def oversees(actor: Actor | None) -> bool:
    """Whether the actor is an operator or regulator of the market."""
    return actor is not None and bool(actor.roles & OVERSEERS)


def owns(actor: Actor | None, achievement: Achievement) -> bool:
    """Whether the actor acts for the poster or a co-owner."""
    return (
        actor is not None
        and actor.party_id is not None
        and (actor.party_id == achievement.lead_party_id or actor.party_id in achievement.owner_ids)
    )


def knows_owner(actor: Actor | None, achievement: Achievement, *, met: bool) -> bool:
    """Whether the actor may know whose an achievement is (rules.md 9.5).

    `met` says that its interest was accepted, or that it was granted the details.
    """
    return not achievement.anonymous or met or owns(actor, achievement) or oversees(actor)


def is_public(actor: Actor | None, achievement: Achievement) -> bool:
    """Whether the summary is open to this reader: everyone, or for `internal` any organisation."""
    if achievement.state != AchievementState.PUBLISHED:
        return False
    if achievement.secrecy == Secrecy.PUBLIC:
        return True
    return achievement.secrecy == Secrecy.INTERNAL and actor is not None and bool(actor.roles)


def audience(achievement: Achievement) -> Audience:
    """Who may learn of a change: those to whom the summary is open, and the owners."""
    circle = Circle.PARTIES
    if achievement.state == AchievementState.PUBLISHED:
        circle = _CIRCLES[Secrecy(achievement.secrecy)]
    return Audience(circle, owners(achievement).party_ids)


def owners(achievement: Achievement) -> Audience:
    """The poster and the co-owners alone."""
    party_ids = {achievement.lead_party_id, *achievement.owner_ids}
    return Audience(Circle.PARTIES, frozenset(party_ids))


def visible(
    actor: Actor | None, achievement: Achievement | None, *, granted: bool = False
) -> Achievement:
    """The achievement, if the actor may see its summary; raises NotFound."""
    if achievement is None:
        raise NotFound
    if granted or is_public(actor, achievement) or owns(actor, achievement) or oversees(actor):
        return achievement
    raise NotFound


def readable(actor: Actor, achievement: Achievement | None, *, granted: bool) -> Achievement:
    """The achievement, if the actor may read its details.

    Raises NotFound when not even the summary may be seen, DetailsNotGranted when only that.
    """
    seen = visible(actor, achievement, granted=granted)
    if granted or owns(actor, seen) or oversees(actor):
        return seen
    raise DetailsNotGranted


def owned(actor: Actor, achievement: Achievement | None) -> Achievement:
    """The achievement, if the actor trades for its poster; raises NotFound or Forbidden.

    A co-owner sees everything and changes nothing: the poster answers for the entry.
    """
    seen = visible(actor, achievement)
    if actor.require_party() != seen.lead_party_id:
        raise NotFound
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    return seen
