"""Who may see and act on listings and applications."""

from uuid import UUID

from app.kit.actor import Actor
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound
from app.listings.models import Application, Listing
from app.listings.states import ListingState

OPERATOR = "operator"
OVERSEERS = frozenset({OPERATOR, "regulator"})
_BEFORE_CLOSE = frozenset(
    {
        ListingState.DRAFT.value,
        ListingState.UNDER_REVIEW.value,
        ListingState.PUBLISHED.value,
        ListingState.SUSPENDED.value,
    }
)


def sees_all_of(actor: Actor | None, listing: Listing) -> bool:
    """Whether the actor sees review notes and listings that were never published."""
    if actor is None:
        return False
    if actor.party_id == listing.seller_id:
        return True
    return bool(actor.roles & OVERSEERS) and listing.state != ListingState.DRAFT


def visible(actor: Actor | None, listing: Listing | None) -> Listing:
    """The listing, if the actor may see it: what was once published stays public."""
    if listing is None:
        raise NotFound
    if listing.published_at is not None or sees_all_of(actor, listing):
        return listing
    raise NotFound


def audience(listing: Listing) -> Audience:
    """Who may learn of a change: what was once published is public, a draft is the seller's."""
    circle = Circle.PARTIES if listing.published_at is None else Circle.PUBLIC
    return Audience(circle, frozenset({listing.seller_id}))


def owned(actor: Actor, listing: Listing | None) -> Listing:
    """The listing, if the actor acts in the seller's name."""
    if listing is None or actor.party_id != listing.seller_id:
        raise NotFound
    return listing


def sees_all_applications(actor: Actor) -> bool:
    """Whether the actor sees everyone's applications to every listing."""
    return OPERATOR in actor.roles


def sees_applicants(actor: Actor, listing: Listing) -> bool:
    """Whether the actor sees who applied.

    Bidders' identities are secret until the end (rules.md 5.2, article 18): the operator knows
    them, the seller once the period is over, nobody else.
    """
    if sees_all_applications(actor):
        return True
    return actor.party_id == listing.seller_id and listing.state not in _BEFORE_CLOSE


def own_application(actor: Actor, application: Application | None, listing_id: UUID) -> Application:
    """The application, if the actor made it."""
    if (
        application is None
        or application.listing_id != listing_id
        or application.applicant_id != actor.party_id
    ):
        raise NotFound
    return application
