"""HTTP of the pricing module: portfolios."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import Query, Response

from app.kit import clock
from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import BadCursor, Page, Paging, cursor_id, make_page, trade_router
from app.kit.idempotency import Idempotent
from app.pricing import portfolios as use_cases
from app.pricing.errors import DuplicateItem, PortfolioRunning, ValuedLater
from app.pricing.schemas import ItemView, NewPortfolio, PortfolioView
from app.pricing.states import ItemState

portfolios = trade_router("/valuation-portfolios", "pricing")
READING = (Unauthenticated, NotFound)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ResultFormat(StrEnum):
    """How a portfolio's result is answered."""

    CSV = "csv"
    XLSX = "xlsx"


@portfolios.post(
    "",
    status_code=202,
    dependencies=[Idempotent],
    responses=declared(Unauthenticated, RoleRequired, ScopeRequired, DuplicateItem, ValuedLater),
)
async def create_portfolio(
    response: Response, session: Uow, actor: CurrentActor, new: NewPortfolio
) -> PortfolioView:
    """Have many achievements valued, up to 10,000; look at the portfolio for its progress.

    What is wrong with one achievement is noted at that one and stops no other.
    """
    row = await use_cases.create(session, actor, new, await clock.now(session))
    response.headers["Location"] = f"/api/v1/valuation-portfolios/{row.id}"
    return (await use_cases.views(session, [row]))[0]


@portfolios.get("", responses=declared(Unauthenticated, RoleRequired, BadCursor))
async def list_portfolios(
    session: Uow, actor: CurrentActor, request: Paging
) -> Page[PortfolioView]:
    """The own portfolios with their progress, the newest first; overseers see all."""
    rows = await use_cases.listed(session, actor, cursor_id(request), request.limit + 1)
    items, cursor = make_page(rows, request, lambda row: [row.id])
    return Page(items=items, next_cursor=cursor)


@portfolios.get("/{portfolio_id}", responses=declared(*READING))
async def get_portfolio(session: Uow, actor: CurrentActor, portfolio_id: UUID) -> PortfolioView:
    """A portfolio and its progress: how many wait, are valued, have failed."""
    return await use_cases.get(session, actor, portfolio_id)


@portfolios.get("/{portfolio_id}/items", responses=declared(*READING))
async def list_portfolio_items(
    session: Uow,
    actor: CurrentActor,
    portfolio_id: UUID,
    state: ItemState | None = None,
    after: Annotated[int, Query(ge=0, le=10**6, description="the last position read")] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> list[ItemView]:
    """Items by position with their values, or why there is none."""
    return await use_cases.items(session, actor, portfolio_id, state, after, limit)


@portfolios.post(
    "/{portfolio_id}/stop",
    responses=declared(*READING, RoleRequired, ScopeRequired, IllegalMove),
)
async def stop_portfolio(session: Uow, actor: CurrentActor, portfolio_id: UUID) -> PortfolioView:
    """End a portfolio early; what is valued stays."""
    row = await use_cases.stop(session, actor, portfolio_id, await clock.now(session))
    return (await use_cases.views(session, [row]))[0]


@portfolios.get(
    "/{portfolio_id}/result",
    response_class=Response,
    responses={
        200: {"content": {"text/csv": {}, XLSX: {}}},
        **declared(*READING, PortfolioRunning),
    },
)
async def get_portfolio_result(
    session: Uow,
    actor: CurrentActor,
    portfolio_id: UUID,
    output: Annotated[ResultFormat, Query(alias="format")] = ResultFormat.CSV,
) -> Response:
    """The whole result as CSV or XLSX, once the portfolio ended."""
    rows = await use_cases.result(session, actor, portfolio_id)
    if output is ResultFormat.CSV:
        body, media = await to_thread.run_sync(use_cases.as_csv, rows), "text/csv; charset=utf-8"
    else:
        body, media = await to_thread.run_sync(use_cases.as_xlsx, rows), XLSX
    name = f'attachment; filename="portfolio-{portfolio_id}.{output.value}"'
    return Response(body, media_type=media, headers={"Content-Disposition": name})
