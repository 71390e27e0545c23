"""How changes of listings and applications are made and noted."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit
from app.kit.actor import Actor
from app.listings import access
from app.listings.models import Application, Listing
from app.listings.states import ListingState


def change(
    session: AsyncSession,
    actor: Actor,
    act: str,
    listing: Listing,
    state: ListingState,
    **facts: Any,
) -> None:
    """Move a listing to its next state and note it."""
    before = {"state": listing.state}
    listing.state = state.value
    listing.version += 1
    record(session, actor, act, listing, before=before, after={"state": state, **facts})


def record(
    session: AsyncSession,
    actor: Actor,
    act: str,
    listing: Listing,
    *,
    before: dict[str, Any] | None,
    after: dict[str, Any],
) -> None:
    """Note an act on a listing."""
    audit.record(
        session,
        actor,
        f"listing.{act}",
        "listing",
        listing.id,
        before=before,
        after=after,
        rule_set=listing.rule_set,
        audience=access.audience(listing),
    )


def record_application(
    session: AsyncSession,
    actor: Actor,
    act: str,
    application: Application,
    *,
    before: dict[str, Any] | None,
) -> None:
    """Note an act on an application."""
    audit.record(
        session,
        actor,
        f"application.{act}",
        "listing_application",
        application.id,
        before=before,
        after=application.standing(),
    )
