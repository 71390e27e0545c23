"""HTTP of a disclosure that does not just run: suspended, changed, relisted."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.kit.actor import CurrentActor, OptionalActor
from app.kit.db import Uow
from app.kit.errors import IllegalMove, NotFound
from app.kit.errors import problems as declared
from app.kit.http import etag, trade_router
from app.kit.idempotency import Idempotent
from app.listings import disclosure, queries
from app.listings.errors import (
    AlreadyRelisted,
    ChangeDecided,
    ChangePending,
    ChecksOpen,
    GuardsFailed,
    ListingNotOpen,
    OwnListing,
    PriceCutTooDeep,
    ReasonRequired,
    RelistTooLate,
)
from app.listings.responses import ACTING, TERMS, Register
from app.listings.schemas import (
    ApplicationView,
    ChangeDecision,
    ChangeView,
    ListingView,
    NewChange,
    Relisting,
    RoundView,
    Standstill,
)

listings = trade_router("/listings", "listings")
routers: tuple[APIRouter, ...] = (listings,)

STANDSTILL = declared(*ACTING, IllegalMove, ListingNotOpen, OwnListing, ReasonRequired)


@listings.post("/{listing_id}/suspend", responses=STANDSTILL)
async def suspend_listing(
    session: Uow, actor: CurrentActor, listing_id: UUID, standstill: Standstill
) -> ListingView:
    """An operator stops a disclosure; the days that are left stay."""
    listing = await disclosure.suspend(session, actor, listing_id, standstill.reason)
    return queries.view(actor, listing)


@listings.post("/{listing_id}/resume", responses=STANDSTILL)
async def resume_listing(
    session: Uow, actor: CurrentActor, listing_id: UUID, standstill: Standstill
) -> ListingView:
    """An operator lets the days that are left run from the day after."""
    listing = await disclosure.resume(session, actor, listing_id, standstill.reason)
    return queries.view(actor, listing)


@listings.post("/{listing_id}/terminate", responses=STANDSTILL)
async def terminate_listing(
    session: Uow, actor: CurrentActor, listing_id: UUID, standstill: Standstill
) -> ListingView:
    """An operator ends a suspended disclosure for good."""
    listing = await disclosure.terminate(session, actor, listing_id, standstill.reason)
    return queries.view(actor, listing)


@listings.post(
    "/{listing_id}/changes",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*ACTING, ListingNotOpen, ChangePending),
)
async def propose_change(
    session: Uow, actor: CurrentActor, listing_id: UUID, new: NewChange
) -> ChangeView:
    """The seller asks to change published terms, with the approval it has for that."""
    return ChangeView.model_validate(
        await disclosure.propose_change(session, actor, listing_id, new)
    )


@listings.get("/{listing_id}/changes", responses=declared(NotFound))
async def list_changes(session: Uow, actor: OptionalActor, listing_id: UUID) -> list[ChangeView]:
    """Changes of the terms: published ones for everyone, all for the seller and overseers."""
    rows = await disclosure.changes(session, actor, listing_id)
    return [ChangeView.model_validate(row) for row in rows]


@listings.post(
    "/{listing_id}/changes/{change_id}/decision",
    responses=declared(
        *ACTING,
        IllegalMove,
        ListingNotOpen,
        OwnListing,
        ReasonRequired,
        ChangeDecided,
        GuardsFailed,
        ChecksOpen,
        *TERMS,
    ),
)
async def decide_change(
    session: Uow,
    actor: CurrentActor,
    register: Register,
    listing_id: UUID,
    change_id: UUID,
    decision: ChangeDecision,
) -> ChangeView:
    """An operator publishes a change, whose period starts anew, or refuses it."""
    return ChangeView.model_validate(
        await disclosure.decide_change(session, actor, listing_id, change_id, decision, register)
    )


@listings.post(
    "/{listing_id}/relist",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        *ACTING, IllegalMove, AlreadyRelisted, RelistTooLate, PriceCutTooDeep, *TERMS
    ),
)
async def relist(
    response: Response, session: Uow, actor: CurrentActor, listing_id: UUID, new: Relisting
) -> ListingView:
    """Draft the next round of a listing that failed."""
    listing = await disclosure.relist(session, actor, listing_id, new)
    response.headers["Location"] = f"/api/v1/listings/{listing.id}"
    response.headers["ETag"] = etag(listing.version)
    return queries.view(actor, listing)


@listings.get("/{listing_id}/chain", responses=declared(NotFound))
async def get_chain(session: Uow, actor: OptionalActor, listing_id: UUID) -> list[RoundView]:
    """Every round of the listing that was published, the first one first."""
    rows = await disclosure.chain(session, actor, listing_id)
    return [RoundView.model_validate(row) for row in rows]


@listings.post(
    "/{listing_id}/applications/{application_id}/reconfirm",
    responses=declared(*ACTING, IllegalMove, ListingNotOpen),
)
async def reconfirm_application(
    session: Uow, actor: CurrentActor, listing_id: UUID, application_id: UUID
) -> ApplicationView:
    """The applicant stands by the application after a change of terms."""
    application = await disclosure.reconfirm(session, actor, listing_id, application_id)
    return await queries.own_view(session, actor, application)
