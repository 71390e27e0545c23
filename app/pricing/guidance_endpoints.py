"""HTTP of the pricing module: advice to a seller before an auction."""

from uuid import UUID

from fastapi import Response

from app.kit import clock
from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import BadCursor, Page, Paging, cursor_id, make_page, trade_router
from app.kit.idempotency import Idempotent
from app.pricing import guiding
from app.pricing.errors import KeptTooHigh, TermsFixed, ValuationElsewhere, ValuationNeeded
from app.pricing.guidance_schemas import (
    GuidanceParameters,
    GuidanceReproduction,
    GuidanceRow,
    GuidanceView,
    NewGuidance,
)

guidance = trade_router("/auction-guidance", "pricing")
READING = (Unauthenticated, NotFound)


@guidance.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        *READING,
        RoleRequired,
        ScopeRequired,
        TermsFixed,
        ValuationNeeded,
        ValuationElsewhere,
        KeptTooHigh,
    ),
)
async def ask_guidance(
    response: Response, session: Uow, actor: CurrentActor, new: NewGuidance
) -> GuidanceView:
    """Advise the seller of a draft, or of a failed listing, on start price, reserve and increment.

    Advice only, and never for bidders: it is shown to the seller, to who acts for it, and to
    operators. There is no public data set of technology deal prices; it builds on the seller's own
    valuation, on turnouts of this platform and on parameters that are listed.
    """
    row = await guiding.ask(session, actor, new, await clock.now(session))
    response.headers["Location"] = f"/api/v1/auction-guidance/{row.id}"
    return guiding.view(row)


@guidance.get("", responses=declared(Unauthenticated, RoleRequired, BadCursor))
async def list_guidance(
    session: Uow, actor: CurrentActor, request: Paging, listing_id: UUID | None = None
) -> Page[GuidanceRow]:
    """Advice to the own party, the newest first; operators see all."""
    rows = await guiding.listed(
        session,
        actor,
        listing_id=listing_id,
        after=cursor_id(request),
        limit=request.limit + 1,
    )
    items, cursor = make_page(rows, request, lambda row: [row.id])
    return Page(items=items, next_cursor=cursor)


@guidance.get("/parameters")
async def list_guidance_parameters() -> GuidanceParameters:
    """The dated configuration with sources, and what failed sessions of traded goods teach."""
    return guiding.configuration()


@guidance.get("/{guidance_id}", responses=declared(*READING))
async def get_guidance(session: Uow, actor: CurrentActor, guidance_id: UUID) -> GuidanceView:
    """One advice, with everything that it follows from."""
    return guiding.view(await guiding.get(session, actor, guidance_id))


@guidance.get("/{guidance_id}/reproduction", responses=declared(*READING))
async def reproduce_guidance(
    session: Uow, actor: CurrentActor, guidance_id: UUID
) -> GuidanceReproduction:
    """Compute the advice anew from what is stored with it, and compare."""
    return await guiding.reproduce(session, actor, guidance_id)
