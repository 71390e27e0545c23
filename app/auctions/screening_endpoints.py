"""HTTP of the collusion screens, for regulators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from app.auctions import screening
from app.auctions.errors import BadScreeningPeriod
from app.auctions.screening_repository import FlagFilters
from app.auctions.screening_schemas import FlagDecision, FlagView, NewScreening, ScreeningView
from app.auctions.states import FlagState, Screen
from app.kit import clock
from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import BadCursor, Page, Paging, cursor_id, make_page, trade_router
from app.kit.idempotency import Idempotent

collusion = trade_router("/screening", "screening")
routers: tuple[APIRouter, ...] = (collusion,)


def flag_filters(
    state: FlagState | None = None,
    screen: Screen | None = None,
    auction_id: UUID | None = None,
    bidder_id: UUID | None = None,
) -> FlagFilters:
    """What the list is narrowed to."""
    return FlagFilters(state, screen, auction_id, bidder_id)


@collusion.post(
    "/runs",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(Unauthenticated, RoleRequired, ScopeRequired, BadScreeningPeriod),
)
async def run_screens(session: Uow, actor: CurrentActor, new: NewScreening) -> ScreeningView:
    """Screen the auctions that were decided in a period of days in Shanghai, for collusion.

    A pattern that was flagged before keeps its flag and its decision.
    """
    return await screening.run(session, actor, new, await clock.now(session))


@collusion.get("/flags", responses=declared(Unauthenticated, RoleRequired, BadCursor))
async def list_flags(
    session: Uow,
    actor: CurrentActor,
    page: Paging,
    filters: Annotated[FlagFilters, Depends(flag_filters)],
) -> Page[FlagView]:
    """Flags, the newest first. A flag is a reason to ask, not a finding of collusion."""
    rows = await screening.flag_list(session, actor, filters, cursor_id(page), page.limit + 1)
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=[FlagView.model_validate(row) for row in items], next_cursor=cursor)


@collusion.get("/flags/{flag_id}", responses=declared(Unauthenticated, RoleRequired, NotFound))
async def get_flag(session: Uow, actor: CurrentActor, flag_id: UUID) -> FlagView:
    """One flag with its evidence."""
    return FlagView.model_validate(await screening.flag(session, actor, flag_id))


@collusion.post(
    "/flags/{flag_id}/decision",
    responses=declared(Unauthenticated, RoleRequired, ScopeRequired, NotFound, IllegalMove),
)
async def decide_flag(
    session: Uow, actor: CurrentActor, flag_id: UUID, decision: FlagDecision
) -> FlagView:
    """Dismiss a flag, or refer it to the competent authority (拍卖法 65), with a reason."""
    now = await clock.now(session)
    return FlagView.model_validate(await screening.decide(session, actor, flag_id, decision, now))
