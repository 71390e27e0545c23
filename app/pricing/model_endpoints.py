"""HTTP of market models and of the published report on their accuracy: read by everyone."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.kit import clock
from app.kit.db import Uow
from app.kit.errors import NotFound
from app.kit.errors import problems as declared
from app.kit.http import BadCursor, Page, Paging, cursor_id, make_page, trade_router
from app.pricing import accuracy, market_models
from app.pricing.errors import PeriodBackwards
from app.pricing.model_schemas import Accuracy, MarketModelRow, MarketModelView

models = trade_router("/market_models", "pricing")
reports = trade_router("/price-accuracy", "pricing")
routers: tuple[APIRouter, ...] = (models, reports)


@models.get("", responses=declared(BadCursor))
async def list_market_models(session: Uow, request: Paging) -> Page[MarketModelRow]:
    """Market models, the newest first; one is in use (`current` or `drifting`), if there is any."""
    rows = await market_models.listed(session, cursor_id(request), request.limit + 1)
    items, cursor = make_page(rows, request, lambda row: [row.id])
    return Page(items=items, next_cursor=cursor)


@models.get("/{model_id}", responses=declared(NotFound))
async def get_market_model(session: Uow, model_id: UUID) -> MarketModelView:
    """One model with its time-ordered backtest; cells of fewer than three deals are masked."""
    return await market_models.get(session, model_id)


@reports.get("", responses=declared(PeriodBackwards))
async def get_price_accuracy(
    session: Uow,
    first: Annotated[date | None, Query(alias="from", description="absent: two years back")] = None,
    last: Annotated[date | None, Query(alias="to", description="absent: today")] = None,
) -> Accuracy:
    """Estimates made before a price was known against the prices of a period.

    There is no public data set of technology deal prices: these are deals of this platform, and
    imports. Cells of fewer than three deals are masked.
    """
    return await accuracy.report(session, first, last, await clock.now(session))
