"""HTTP of the matching module."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.finding.engines import Engines
from app.kit.actor import CurrentActor, OptionalActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import BadCursor, Page, Paging, cursor_id, make_page, trade_router
from app.kit.idempotency import Idempotent
from app.matching import queries, service
from app.matching.errors import NotAJudge, OwnMatch, RejectionNeedsReason
from app.matching.models import MatchJudgment
from app.matching.schemas import JudgmentView, MatchesView, NewJudgment
from search.matching.model import Model

of_demands = trade_router("/demands", "matching")
of_achievements = trade_router("/achievements", "matching")
judgments = trade_router("/match_judgments", "matching")
routers: tuple[APIRouter, ...] = (of_demands, of_achievements, judgments)
JUDGING = (Unauthenticated, RoleRequired, ScopeRequired, NotAJudge)
MEDIA = {"judgments": "text/tab-separated-values"}


def engines(request: Request) -> Engines:
    """The engines of this process."""
    found: Engines = request.app.state.search
    return found


def model(request: Request) -> Model:
    """The model of this process."""
    found: Model = request.app.state.matching
    return found


Searching = Annotated[Engines, Depends(engines)]
Ranking = Annotated[Model, Depends(model)]
Limit = Annotated[int, Query(ge=1, le=50)]


@of_demands.get("/{demand_id}/matches", responses=declared(NotFound, Unauthenticated))
async def matches_of_demand(
    session: Uow,
    actor: OptionalActor,
    searching: Searching,
    ranking: Ranking,
    demand_id: UUID,
    limit: Limit = 20,
) -> MatchesView:
    """Achievements that may answer a public demand, the best first, with reasons."""
    return await queries.for_demand(session, searching, ranking, actor, demand_id, limit)


@of_achievements.get("/{achievement_id}/matches", responses=declared(NotFound, Unauthenticated))
async def matches_of_achievement(
    session: Uow,
    actor: OptionalActor,
    searching: Searching,
    ranking: Ranking,
    achievement_id: UUID,
    limit: Limit = 20,
) -> MatchesView:
    """Published demands that an achievement may answer, the best first, with reasons."""
    return await queries.for_achievement(session, searching, ranking, actor, achievement_id, limit)


@of_demands.post(
    "/{demand_id}/matches/{achievement_id}/judgments",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*JUDGING, NotFound, OwnMatch, RejectionNeedsReason),
)
async def judge_match(
    session: Uow,
    actor: CurrentActor,
    ranking: Ranking,
    demand_id: UUID,
    achievement_id: UUID,
    new: NewJudgment,
) -> JudgmentView:
    """A broker or an operator accepts or rejects a match; a later judgment replaces an earlier."""
    said = await service.judge(session, actor, demand_id, achievement_id, new, ranking.version)
    return _view(said)


@judgments.get("", responses=declared(*JUDGING, BadCursor))
async def list_judgments(session: Uow, actor: CurrentActor, request: Paging) -> Page[JudgmentView]:
    """Judgments, the newest first: all for overseers, a broker's own."""
    rows = await service.listed(session, actor, cursor_id(request), request.limit + 1)
    items, cursor = make_page(rows, request, lambda row: [row.id])
    return Page(items=[_view(row) for row in items], next_cursor=cursor)


@judgments.get(
    "/export",
    response_class=Response,
    responses={
        200: {
            "content": {"text/tab-separated-values": {}, "application/x-ndjson": {}},
            "description": "one line for each",
        },
        **declared(Unauthenticated, RoleRequired, ScopeRequired),
    },
)
async def export_judgments(
    session: Uow,
    actor: CurrentActor,
    part: Literal["judgments", "demands", "achievements"] = "judgments",
) -> Response:
    """The judged set that the judgments make, in the forms of `techmarket search train`."""
    content = await service.exported(session, actor, part)
    return Response(content, media_type=MEDIA.get(part, "application/x-ndjson"))


def _view(row: MatchJudgment) -> JudgmentView:
    return JudgmentView.model_validate(row, from_attributes=True)
