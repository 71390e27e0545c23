"""Who may have an achievement valued, and who may see and act on a valuation."""

from typing import TypeVar

from app.achievements.facts import AchievementFacts
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.listings.facts import ListingFacts
from app.parties.states import Role
from app.pricing.models import AuctionGuidance, Portfolio, Valuation
from app.pricing.states import ValuationState

OVERSEERS = frozenset({Role.OPERATOR, Role.REGULATOR})
_REPORTED = frozenset({ValuationState.ISSUED, ValuationState.SIGNED})
Owned = TypeVar("Owned", Valuation, Portfolio)


def oversees(actor: Actor | None) -> bool:
    """Whether the actor is an operator or regulator."""
    return actor is not None and bool(actor.roles & OVERSEERS)


def acting(actor: Actor) -> None:
    """Raise unless the actor trades or operates the market, with the scope to act."""
    actor.require_role(Role.TRADER, Role.OPERATOR)
    actor.require_scope("trade")


def may_value(actor: Actor, achievement: AchievementFacts | None) -> AchievementFacts:
    """The achievement, if the actor may have it valued: for an owner, or for the platform."""
    if achievement is None:
        raise NotFound
    if Role.OPERATOR in actor.roles:
        return achievement
    if actor.party_id in {achievement.lead_party_id, *achievement.owner_ids}:
        return achievement
    raise NotFound


def visible(actor: Actor, valuation: Valuation | None) -> Valuation:
    """The valuation, for who asked for it, overseers, and once issued its appraiser."""
    if valuation is None:
        raise NotFound
    if actor.party_id is not None and actor.party_id == valuation.party_id:
        return valuation
    if oversees(actor):
        return valuation
    if actor.organisation_id == valuation.appraiser_id and valuation.state in _REPORTED:
        return valuation
    raise NotFound


def owned(actor: Actor, valuation: Valuation | None) -> Valuation:
    """The valuation, if the actor acts for who asked for it."""
    return _own(actor, None if valuation is None else visible(actor, valuation))


def signable(actor: Actor, valuation: Valuation | None) -> Valuation:
    """The valuation, if the actor trades for some organisation that may see it."""
    found = visible(actor, valuation)
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    return found


def portfolio_of(actor: Actor, portfolio: Portfolio | None) -> Portfolio:
    """The portfolio, for who asked for it and for overseers."""
    if portfolio is None:
        raise NotFound
    if oversees(actor) or (actor.party_id is not None and actor.party_id == portfolio.party_id):
        return portfolio
    raise NotFound


def own_portfolio(actor: Actor, portfolio: Portfolio | None) -> Portfolio:
    """The portfolio, if the actor acts for who asked for it."""
    return _own(actor, None if portfolio is None else portfolio_of(actor, portfolio))


def _own(actor: Actor, found: Owned | None) -> Owned:
    if found is None:
        raise NotFound
    acting(actor)
    if actor.party_id != found.party_id:
        raise NotFound
    return found


def operates(actor: Actor | None) -> bool:
    """Whether the actor operates the market."""
    return actor is not None and Role.OPERATOR in actor.roles


def may_be_advised(actor: Actor, listing: ListingFacts) -> ListingFacts:
    """The listing, if the actor may be advised on its prices: the seller, or an operator.

    Advice tells what the seller may have as a secret reserve: no bidder may ever see it, whatever
    the listing's state.
    """
    if operates(actor) or (actor.party_id is not None and actor.party_id == listing.seller_id):
        return listing
    raise NotFound


def advised(actor: Actor, guidance: AuctionGuidance | None) -> AuctionGuidance:
    """The advice, for the seller and whoever acts in its name, and for operators."""
    if guidance is None:
        raise NotFound
    if operates(actor) or (actor.party_id is not None and actor.party_id == guidance.party_id):
        return guidance
    raise NotFound
