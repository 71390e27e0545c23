"""HTTP of the finding module."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.finding import queries, service, status
from app.finding.engines import Engines
from app.finding.errors import NotAMailAddress, NothingAsked, TooManyAlerts
from app.finding.schemas import (
    IndexView,
    NewSearchAlert,
    Question,
    SearchAlertView,
    SearchView,
    SuggestionsView,
    Value,
)
from app.kit.actor import CurrentActor, OptionalActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import API, FEN_LIMIT, trade_router
from app.kit.idempotency import Idempotent
from search.protocol import MAX_HITS, Kind, Sort

search = trade_router("/search", "search")
alerts = trade_router("/search_alerts", "search")
in_achievements = trade_router("/achievements", "search")
routers: tuple[APIRouter, ...] = (search, alerts, in_achievements)
Many = Annotated[list[Value], Query(max_length=20)]
ACTING = (Unauthenticated, RoleRequired, ScopeRequired)


def engines(request: Request) -> Engines:
    """The engines of this process."""
    found: Engines = request.app.state.search
    return found


Searching = Annotated[Engines, Depends(engines)]


def question(
    q: Annotated[str, Query(max_length=200, description="words, pinyin or letters")] = "",
    kind: Annotated[list[Kind], Query(max_length=3)] = [],  # noqa: B006
    field: Many = [],  # noqa: B006
    ipc: Many = [],  # noqa: B006
    region: Many = [],  # noqa: B006
    industry: Many = [],  # noqa: B006
    maturity: Many = [],  # noqa: B006
    transfer_mode: Many = [],  # noqa: B006
    price_band: Many = [],  # noqa: B006
    stage: Many = [],  # noqa: B006
    price_min_fen: Annotated[int | None, Query(ge=0, le=FEN_LIMIT)] = None,
    price_max_fen: Annotated[int | None, Query(ge=0, le=FEN_LIMIT)] = None,
) -> Question:
    """Words and filters; of one filter any value counts, of several all."""
    return Question(
        q=q,
        kind=kind,
        field=field,
        ipc=ipc,
        region=region,
        industry=industry,
        maturity=maturity,
        transfer_mode=transfer_mode,
        price_band=price_band,
        stage=stage,
        price_min_fen=price_min_fen,
        price_max_fen=price_max_fen,
    )


Asked = Annotated[Question, Depends(question)]


@search.get("", responses=declared(Unauthenticated))
async def search_market(
    session: Uow,
    actor: OptionalActor,
    searching: Searching,
    asked: Asked,
    sort: Sort = Sort.RELEVANCE,
    offset: Annotated[int, Query(ge=0, le=MAX_HITS)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> SearchView:
    """Achievements, listings and demands that answer, with counts for every filter."""
    query = queries.query_of(asked, actor, sort, offset, limit)
    return await queries.find(session, searching, query)


@search.get("/suggestions", responses=declared(Unauthenticated))
async def suggestions(
    session: Uow,
    actor: OptionalActor,
    searching: Searching,
    q: Annotated[str, Query(min_length=1, max_length=100)],
) -> SuggestionsView:
    """Titles that what was typed so far may become."""
    return await queries.suggest(session, searching, actor, q)


@search.get("/indexes", responses=declared(*ACTING))
async def indexes(session: Uow, actor: CurrentActor, searching: Searching) -> list[IndexView]:
    """The state of each index, for those who operate the platform."""
    actor.require_role("operator", "platform_admin")
    return await status.indexes(session, searching)


@in_achievements.get("/{achievement_id}/similar", responses=declared(Unauthenticated, NotFound))
async def similar_achievements(
    session: Uow, actor: OptionalActor, searching: Searching, achievement_id: UUID
) -> SearchView:
    """Achievements that resemble this one by their words, the nearest first."""
    return await queries.similar(session, searching, actor, Kind.ACHIEVEMENT, achievement_id)


@alerts.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*ACTING, NothingAsked, NotAMailAddress, TooManyAlerts),
)
async def create_alert(
    response: Response, session: Uow, actor: CurrentActor, new: NewSearchAlert
) -> SearchAlertView:
    """Save a search; new answers are told by mail, feed and webhooks."""
    alert = await service.create(session, actor, new)
    await session.refresh(alert)
    response.headers["Location"] = f"{API}/search_alerts/{alert.id}"
    return await service.view(session, alert)


@alerts.get("", responses=declared(*ACTING))
async def list_alerts(session: Uow, actor: CurrentActor) -> list[SearchAlertView]:
    """The own search alerts, the newest first."""
    return [await service.view(session, one) for one in await service.own_alerts(session, actor)]


@alerts.get("/{alert_id}", responses=declared(*ACTING, NotFound))
async def get_alert(session: Uow, actor: CurrentActor, alert_id: UUID) -> SearchAlertView:
    """One search alert with what it found."""
    return await service.get(session, actor, alert_id)


@alerts.delete("/{alert_id}", status_code=204, responses=declared(*ACTING, NotFound))
async def end_alert(session: Uow, actor: CurrentActor, alert_id: UUID) -> None:
    """End a search alert."""
    await service.end(session, actor, alert_id)
