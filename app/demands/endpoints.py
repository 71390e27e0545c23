"""HTTP of the demands module."""

import tempfile
from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.achievements.errors import AchievementNotPublished
from app.demands import imports, interests, queries, service, solutions
from app.demands.errors import (
    AlreadyAnswered,
    DemandNotOpen,
    ImportRefused,
    NotAPoster,
    NotARequest,
    NotASolver,
    OwnAchievement,
    OwnDemand,
    ReasonRequired,
    TooIncomplete,
)
from app.demands.interests import Box
from app.demands.models import Demand
from app.demands.repository import Filters, Sort
from app.demands.schemas import (
    DemandImport,
    DemandReview,
    DemandView,
    Ending,
    InterestDecision,
    InterestView,
    NewInterest,
    NewSolution,
    Renewal,
    SolutionDecision,
    SolutionView,
)
from app.demands.states import DemandState
from app.kit.actor import Actor, CurrentActor, OptionalActor, RoleRequired, ScopeRequired
from app.kit.db import Sessions, Uow
from app.kit.errors import (
    IllegalMove,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unauthenticated,
)
from app.kit.errors import problems as declared
from app.kit.http import (
    API,
    FEN_LIMIT,
    BadCursor,
    IfMatch,
    Page,
    Paging,
    cursor_id,
    etag,
    make_page,
    trade_router,
)
from app.kit.idempotency import Idempotent
from app.kit.problems import TooLarge
from app.kit.uploads import signed_in
from app.standard.errors import BadExpiry, NotAnonymous, ProfileInvalid
from app.standard.service import ProfileChange, ProfileDocument

demands = trade_router("/demands", "demands")
interest_routes = trade_router("/interests", "demands")
in_achievements = trade_router("/achievements", "demands")
routers: tuple[APIRouter, ...] = (demands, interest_routes, in_achievements)

ACTING = (Unauthenticated, RoleRequired, ScopeRequired, NotFound)
CONTENT = (NotAPoster, NotARequest, ProfileInvalid, NotAnonymous)
LINES = "application/x-ndjson"


async def _shown(
    response: Response, session: Uow, actor: Actor | None, demand: Demand
) -> DemandView:
    response.headers["ETag"] = etag(demand.version)
    return await queries.view(session, actor, demand)


@demands.post("", status_code=201, dependencies=[Idempotent], responses=declared(*ACTING, *CONTENT))
async def create_demand(
    response: Response, session: Uow, actor: CurrentActor, profile: ProfileDocument
) -> DemandView:
    """Draft a demand from a profile of the standard; a broker does so in a client's name."""
    demand = await service.create(session, actor, profile)
    response.headers["Location"] = f"{API}/demands/{demand.id}"
    return await _shown(response, session, actor, demand)


def filters(
    q: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="words of title, summary or keywords"),
    ] = None,
    type: Annotated[str | None, Query(max_length=3, description="TR, BR or RDR")] = None,
    technical_field: Annotated[str | None, Query(max_length=64)] = None,
    province: Annotated[str | None, Query(pattern=r"^[0-9]{2}0000$")] = None,
    budget_min_fen: Annotated[int | None, Query(ge=0, le=FEN_LIMIT)] = None,
    state: DemandState | None = None,
) -> Filters:
    """What a list of demands is narrowed to."""
    return queries.narrowed(
        q=q,
        type_=type,
        technical_field=technical_field,
        province=province,
        budget_min_fen=budget_min_fen,
        state=state,
    )


@demands.get("", responses=declared(BadCursor, Unauthenticated))
async def list_demands(
    session: Uow,
    actor: OptionalActor,
    request: Paging,
    narrowed: Annotated[Filters, Depends(filters)],
    sort: Sort = "newest",
    mine: Annotated[bool, Query(description="the own organisation's, drafts included")] = False,
) -> Page[DemandView]:
    """Published demands, or those of another state that may be seen, or the own ones."""
    return await queries.listed(session, actor, narrowed, sort, request, mine=mine)


@demands.post(
    "/import",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {LINES: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
    responses={
        200: {"model": DemandImport, "description": "what the import would do (dry run)"},
        **declared(
            Unauthenticated, RoleRequired, ScopeRequired, NotAPoster, ImportRefused, TooLarge
        ),
    },
)
async def import_demands(
    request: Request, response: Response, dry_run: bool = False
) -> DemandImport:
    """Import JSON Lines, every line a profile of the standard, as drafts: every line or none.

    Demands that are known already are left out, so a retry is safe. A dry run checks and reports
    the same, with status 200, and writes nothing.
    """
    sessions: Sessions = request.app.state.sessions
    imports.require_importer(await signed_in(request))
    # The file is taken whole before a transaction begins: a slow sender must not hold one.
    with tempfile.TemporaryFile() as file:
        async for chunk in request.stream():
            await to_thread.run_sync(file.write, chunk)
        file.seek(0)
        actor = await signed_in(request)
        async with sessions() as session, session.begin():
            report = await imports.import_file(session, actor, file, dry_run=dry_run)
    if dry_run:
        response.status_code = 200
    return report


@demands.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {LINES: {}}, "description": "one profile a line"}},
)
async def export_demands(request: Request, actor: OptionalActor) -> StreamingResponse:
    """Profiles of all published demands as JSON Lines of the standard, the newest first."""
    return StreamingResponse(queries.export(request.app.state.sessions, actor), media_type=LINES)


@demands.get("/{demand_id}", responses=declared(NotFound, Unauthenticated))
async def get_demand(
    response: Response, session: Uow, actor: OptionalActor, demand_id: UUID
) -> DemandView:
    """One demand."""
    shown = await queries.get(session, actor, demand_id)
    response.headers["ETag"] = etag(shown.version)
    return shown


@demands.get("/{demand_id}/profile", responses=declared(NotFound, Unauthenticated))
async def get_profile(session: Uow, actor: OptionalActor, demand_id: UUID) -> ProfileDocument:
    """A demand as a document of the standard."""
    return (await queries.get(session, actor, demand_id)).profile


@demands.patch(
    "/{demand_id}",
    responses=declared(*ACTING, *CONTENT, IllegalMove, PreconditionFailed, PreconditionRequired),
)
async def edit_demand(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    demand_id: UUID,
    version: IfMatch,
    change: ProfileChange,
) -> DemandView:
    """Change members of a draft's profile; absent ones stay, null removes one."""
    demand = await service.edit(session, actor, demand_id, change, version)
    return await _shown(response, session, actor, demand)


@demands.post(
    "/{demand_id}/submit",
    responses=declared(*ACTING, *CONTENT, IllegalMove, TooIncomplete, BadExpiry),
)
async def submit_demand(
    response: Response, session: Uow, actor: CurrentActor, demand_id: UUID
) -> DemandView:
    """Hand a draft in for review."""
    return await _shown(response, session, actor, await service.submit(session, actor, demand_id))


@demands.post(
    "/{demand_id}/review",
    responses=declared(*ACTING, *CONTENT, IllegalMove, OwnDemand, ReasonRequired, BadExpiry),
)
async def review_demand(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    demand_id: UUID,
    decision: DemandReview,
) -> DemandView:
    """An operator publishes a demand, or sends it back."""
    demand = await service.review(session, actor, demand_id, decision)
    return await _shown(response, session, actor, demand)


@demands.post("/{demand_id}/renew", responses=declared(*ACTING, *CONTENT, IllegalMove, BadExpiry))
async def renew_demand(
    response: Response, session: Uow, actor: CurrentActor, demand_id: UUID, renewal: Renewal
) -> DemandView:
    """Publish a demand that is published or expired until another day."""
    demand = await service.renew(session, actor, demand_id, renewal.expires_on)
    return await _shown(response, session, actor, demand)


@demands.post("/{demand_id}/withdraw", responses=declared(*ACTING, IllegalMove, ReasonRequired))
async def withdraw_demand(
    response: Response, session: Uow, actor: CurrentActor, demand_id: UUID, ending: Ending
) -> DemandView:
    """The owner takes a demand back."""
    demand = await service.withdraw(session, actor, demand_id, ending.reason)
    return await _shown(response, session, actor, demand)


@demands.post("/{demand_id}/close", responses=declared(*ACTING, IllegalMove))
async def close_demand(
    response: Response, session: Uow, actor: CurrentActor, demand_id: UUID, ending: Ending
) -> DemandView:
    """The owner needs no more answers."""
    demand = await service.close(session, actor, demand_id, ending.reason)
    return await _shown(response, session, actor, demand)


@demands.post(
    "/{demand_id}/solutions",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        *ACTING, OwnDemand, NotASolver, DemandNotOpen, AlreadyAnswered, AchievementNotPublished
    ),
)
async def offer_solution(
    response: Response, session: Uow, actor: CurrentActor, demand_id: UUID, new: NewSolution
) -> SolutionView:
    """Submit a solution; only the demand's side and its author read it."""
    solution = await solutions.offer(session, actor, demand_id, new)
    response.headers["Location"] = f"{API}/demands/{demand_id}/solutions"
    return await solutions.view(session, actor, solution)


@demands.get("/{demand_id}/solutions", responses=declared(Unauthenticated, NotFound, BadCursor))
async def list_solutions(
    session: Uow, actor: CurrentActor, demand_id: UUID, request: Paging
) -> Page[SolutionView]:
    """Solutions: all for the owner, who and in what state for operators, else the own one."""
    rows = await solutions.listed(session, actor, demand_id, cursor_id(request), request.limit + 1)
    items, cursor = make_page(rows, request, lambda row: [row.id])
    return Page(items=items, next_cursor=cursor)


@demands.post(
    "/{demand_id}/solutions/{solution_id}/decision",
    responses=declared(*ACTING, IllegalMove, ReasonRequired),
)
async def decide_solution(
    session: Uow,
    actor: CurrentActor,
    demand_id: UUID,
    solution_id: UUID,
    decision: SolutionDecision,
) -> SolutionView:
    """The owner or an operator shortlists or refuses a solution."""
    solution = await solutions.decide(session, actor, demand_id, solution_id, decision)
    return await solutions.view(session, actor, solution)


@demands.post(
    "/{demand_id}/solutions/{solution_id}/withdraw", responses=declared(*ACTING, IllegalMove)
)
async def withdraw_solution(
    session: Uow, actor: CurrentActor, demand_id: UUID, solution_id: UUID
) -> SolutionView:
    """The author takes a solution back."""
    solution = await solutions.withdraw(session, actor, demand_id, solution_id)
    return await solutions.view(session, actor, solution)


@demands.post(
    "/{demand_id}/interests",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*ACTING, OwnDemand, NotASolver, DemandNotOpen, AlreadyAnswered),
)
async def express_interest(
    response: Response, session: Uow, actor: CurrentActor, demand_id: UUID, new: NewInterest
) -> InterestView:
    """Express interest in a demand; contact opens when its owner accepts."""
    interest = await interests.in_demand(session, actor, demand_id, new)
    response.headers["Location"] = f"{API}/interests/{interest.id}"
    return await interests.get(session, actor, interest.id)


@in_achievements.post(
    "/{achievement_id}/interests",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*ACTING, OwnAchievement, NotASolver, AlreadyAnswered),
)
async def express_interest_in_achievement(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    achievement_id: UUID,
    new: NewInterest,
) -> InterestView:
    """Express interest in an achievement; contact opens when its poster accepts."""
    interest = await interests.in_achievement(session, actor, achievement_id, new)
    response.headers["Location"] = f"{API}/interests/{interest.id}"
    return await interests.get(session, actor, interest.id)


@interest_routes.get("", responses=declared(Unauthenticated, RoleRequired, BadCursor))
async def list_interests(
    session: Uow,
    actor: CurrentActor,
    request: Paging,
    box: Box = "sent",
    demand_id: UUID | None = None,
) -> Page[InterestView]:
    """Interests that the own organisation expressed, or was sent."""
    rows = await interests.listed(
        session, actor, box, demand_id, cursor_id(request), request.limit + 1
    )
    items, cursor = make_page(rows, request, lambda row: [row.id])
    return Page(items=await interests.views(session, actor, items), next_cursor=cursor)


@interest_routes.get("/{interest_id}", responses=declared(Unauthenticated, NotFound))
async def get_interest(session: Uow, actor: CurrentActor, interest_id: UUID) -> InterestView:
    """One interest, for its two sides; the advisers are there once it is accepted."""
    return await interests.get(session, actor, interest_id)


@interest_routes.post(
    "/{interest_id}/decision", responses=declared(*ACTING, IllegalMove, ReasonRequired)
)
async def decide_interest(
    session: Uow, actor: CurrentActor, interest_id: UUID, decision: InterestDecision
) -> InterestView:
    """The owner accepts, which opens contact, or declines with a reason."""
    interest = await interests.decide(session, actor, interest_id, decision)
    return await interests.get(session, actor, interest.id)


@interest_routes.post("/{interest_id}/withdraw", responses=declared(*ACTING, IllegalMove))
async def withdraw_interest(session: Uow, actor: CurrentActor, interest_id: UUID) -> InterestView:
    """Whoever expressed an interest takes it back before it is decided."""
    interest = await interests.withdraw(session, actor, interest_id)
    return await interests.get(session, actor, interest.id)
