"""HTTP of the statistics module."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from app.kit import audit
from app.kit.actor import CurrentActor, OptionalActor, RoleRequired
from app.kit.db import Uow
from app.kit.errors import Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import trade_router
from app.kit.ids import new_id
from app.parties.states import Role
from app.statistics import exports, queries, rules
from app.statistics.errors import PeriodReversed, PeriodTooFine
from app.statistics.queries import Asked
from app.statistics.schemas import Flow, Flows, Row, Summary, Table, Targets, YearFigures
from app.statistics.states import ExportFormat, GroupBy, OutputFormat

statistics = trade_router("/statistics", "statistics")
routers: tuple[APIRouter, ...] = (statistics,)

First = Annotated[
    date | None, Query(alias="from", description="first day of registration (Shanghai)")
]
Last = Annotated[date | None, Query(alias="to", description="last day of registration (Shanghai)")]
Format = Annotated[OutputFormat, Query(alias="format")]
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            exports.XLSX: {"schema": {"type": "string", "format": "binary"}},
        }
    }
}


def _file(output: OutputFormat, name: str, shape: type[BaseModel], rows: Sequence[Any]) -> Response:
    """A table as a file to be saved."""
    names = list(shape.model_fields)
    lines = [[getattr(row, one) for one in names] for row in rows]
    if output is OutputFormat.CSV:
        return Response(exports.as_csv(names, lines), media_type=exports.CSV)
    headers = {"content-disposition": f'attachment; filename="{name}.xlsx"'}
    content = exports.as_xlsx(name, names, lines)
    return Response(content, media_type=exports.XLSX, headers=headers)


@statistics.get(
    "/contracts",
    response_model=Table,
    responses={**declared(PeriodTooFine, PeriodReversed), **_FILES},
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

    The public reads what was published, by whole months; cells of fewer than three units are
    withheld, and others with them (统计法 28). Regulators read the register as it stands, by days.
    Growth is given for a period with both ends, and for years, quarters and months.
    """
    asked = Asked(group_by, first, last, four_class)
    found = await queries.table(session, actor, asked)
    if output is OutputFormat.JSON:
        return found
    return _file(output, group_by.value, Row, found.rows)


@statistics.get(
    "/flows", response_model=Flows, responses={**declared(PeriodTooFine, PeriodReversed), **_FILES}
)
async def flows(
    session: Uow,
    actor: OptionalActor,
    first: First = None,
    last: Last = None,
    output: Format = OutputFormat.JSON,
) -> Flows | Response:
    """The flow matrix: provinces of output (sellers) to provinces of input (buyers).

    It is published by years; the public gets the years that lie wholly between the days.
    """
    found = await queries.flows(session, actor, first, last)
    if output is OutputFormat.JSON:
        return found
    return _file(output, "flows", Flow, found.rows)


@statistics.get("/summary", response_model=Summary, responses={**declared(), **_FILES})
async def summary(
    session: Uow, actor: OptionalActor, output: Format = OutputFormat.JSON
) -> Summary | Response:
    """Contracts and amounts by year, with the growth over the year before."""
    found = await queries.summary(session, actor)
    if output is OutputFormat.JSON:
        return found
    return _file(output, "years", YearFigures, found.years)


@statistics.get("/targets", responses=declared())
async def targets() -> Targets:
    """National series that were published, and the progress to the targets of plans."""
    return queries.targets()


@statistics.get(
    "/export",
    response_class=StreamingResponse,
    responses={**declared(Unauthenticated, RoleRequired, PeriodReversed), **_FILES},
)
async def export(
    request: Request,
    session: Uow,
    actor: CurrentActor,
    first: First = None,
    last: Last = None,
    output: Annotated[ExportFormat, Query(alias="format")] = ExportFormat.CSV,
) -> StreamingResponse:
    """Every counted contract of a period, without names of parties; for regulators (统计法 28).

    The answer is streamed. A workbook is sent when it is whole: a million rows take a minute or
    two. The export is in the audit log.
    """
    actor.require_role(Role.REGULATOR)
    rules.check_period(first, last, public=False)
    begin, end = first or queries.FIRST_DAY, last or queries.LAST_DAY
    audit.record(
        session,
        actor,
        "statistics.export",
        "statistics",
        new_id(),
        after={"from": begin, "to": end, "format": output.value},
    )
    as_csv = output is ExportFormat.CSV
    make = exports.lines_as_csv if as_csv else exports.lines_as_xlsx
    return StreamingResponse(
        make(request.app.state.sessions, begin, end),
        media_type=exports.CSV if as_csv else exports.XLSX,
        headers={"content-disposition": f'attachment; filename="registered.{output.value}"'},
    )
