"""HTTP of the statistics module."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from app.kit.actor import OptionalActor
from app.kit.db import Uow
from app.kit.errors import problems as declared
from app.kit.http import trade_router
from app.statistics import service
from app.statistics.errors import PeriodReversed, PeriodTooFine
from app.statistics.schemas import Flow, Flows, Row, Summary, Table, YearFigures
from app.statistics.states import GroupBy, OutputFormat

statistics = trade_router("/statistics", "statistics")
routers: tuple[APIRouter, ...] = (statistics,)

First = Annotated[
    date | None, Query(alias="from", description="first day of registration (Shanghai)")
]
Last = Annotated[date | None, Query(alias="to", description="last day of registration (Shanghai)")]
Format = Annotated[OutputFormat, Query(alias="format")]
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}}
}


def _csv(shape: type[BaseModel], rows: Sequence[BaseModel]) -> Response:
    names = list(shape.model_fields)
    return Response(
        service.as_csv(names, (row.model_dump() for row in rows)),
        media_type="text/csv; charset=utf-8",
    )


@statistics.get(
    "/contracts",
    response_model=Table,
    responses={**declared(PeriodTooFine, PeriodReversed), **_CSV},
)
async def contracts(
    session: Uow,
    actor: OptionalActor,
    group_by: GroupBy = GroupBy.YEAR,
    first: First = None,
    last: Last = None,
    four_class: bool = False,
    output: Format = OutputFormat.JSON,
) -> Table | Response:
    """Registered contracts by one dimension; `four_class` counts licences as transfers.

    For the public, cells with fewer than three units are withheld (统计法 28), and periods are
    whole months; regulators see everything.
    """
    found = await service.table(session, actor, group_by, first, last, four_class=four_class)
    return _csv(Row, found.rows) if output is OutputFormat.CSV else found


@statistics.get(
    "/flows", response_model=Flows, responses={**declared(PeriodTooFine, PeriodReversed), **_CSV}
)
async def flows(
    session: Uow,
    actor: OptionalActor,
    first: First = None,
    last: Last = None,
    output: Format = OutputFormat.JSON,
) -> Flows | Response:
    """The flow matrix: provinces of output (sellers) to provinces of input (buyers)."""
    found = await service.flows(session, actor, first, last)
    return _csv(Flow, found.rows) if output is OutputFormat.CSV else found


@statistics.get("/summary", response_model=Summary, responses={**declared(), **_CSV})
async def summary(session: Uow, output: Format = OutputFormat.JSON) -> Summary | Response:
    """Contracts and amounts by year, with the growth over the year before."""
    found = await service.summary(session)
    return _csv(YearFigures, found.years) if output is OutputFormat.CSV else found
