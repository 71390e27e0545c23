"""HTTP of the platform itself: health, metrics, calendar, code lists, sandbox clock, reference."""

from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Annotated, Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field
from sqlalchemy import text

from app.kit import audit, calendar_store, clock, codes, jobs
from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.calendar import CalendarError, CountedDate, parse_year_table
from app.kit.db import Uow
from app.kit.errors import NotFound, Unauthenticated, Unprocessable, problems
from app.kit.http import Line, ShortCode, WireModel, trade_router
from app.kit.ids import new_id
from app.kit.signing import signing_key

calendar = trade_router("/calendar", "platform")
code_lists = trade_router("/codes", "platform")
sandbox = trade_router("/sandbox", "platform")
operations = APIRouter(tags=["operations"])
records = trade_router("/record-key", "platform")
routers = (calendar, code_lists, sandbox, records)


class BadCalendar(Unprocessable):
    """The table of a year cannot be taken."""

    code = "bad_calendar"
    zh = "日历数据有误:{reason}"
    en = "The calendar table is wrong: {reason}"


class CountedDay(WireModel):
    """A counted day; `provisional` when a year in it has no official table yet."""

    day: date
    provisional: bool
    calendar_version: str


class OfficialDay(WireModel):
    """A day off, or a make-up working day on a weekend."""

    name: Line
    date: date
    isOffDay: bool  # noqa: N815 - the published form of the table


class YearDocument(WireModel):
    """The official table of a year; `papers` are the addresses of the State Council's notices."""

    year: int = Field(ge=2007, le=2100)
    papers: list[ShortCode | Line] = Field(min_length=1, max_length=10)
    days: list[OfficialDay] = Field(min_length=1, max_length=80)


class ClockView(WireModel):
    """Market time and its rate (market seconds per real second)."""

    now: datetime
    rate: float
    moved: bool


class ClockMove(WireModel):
    """How to move the sandbox's clock."""

    advance_seconds: int = Field(0, ge=0, le=10 * 366 * 86400)
    rate: float = Field(1.0, ge=0, le=clock.MAX_RATE)


class RecordKeyView(WireModel):
    """The public half of the key that signs records; `techmarket verify-record` takes its PEM."""

    algorithm: str
    key_id: str = Field(description="16 hex digits of the SHA-256 of the public key's 32 bytes")
    public_key: str = Field(description="PEM")


class CodeView(WireModel):
    """One entry of a code list."""

    code: str
    zh: str | None
    en: str | None
    parent: str | None


class CodeListView(WireModel):
    """A code list and where it comes from; `verify` marks what was not read at its source."""

    name: str
    origin: str
    licence: str
    as_of: str
    verify: bool
    size: int


@calendar.get("/working-days", responses=problems(Unprocessable))
async def count_working_days(
    session: Uow,
    start: date,
    days: Annotated[int, Query(ge=1, le=1000)],
    count_start_day: bool = False,
) -> CountedDay:
    """The end of a period of working days by the official calendar, make-up days included."""
    table = await calendar_store.calendar(session)
    return _counted(lambda: table.end_of_working_days(start, days, count_start_day=count_start_day))


@calendar.get("/calendar-days", responses=problems(Unprocessable))
async def count_calendar_days(
    session: Uow, start: date, days: Annotated[int, Query(ge=1, le=4000)]
) -> CountedDay:
    """The end of a period of calendar days (民法典 201, 203)."""
    table = await calendar_store.calendar(session)
    return _counted(lambda: table.end_of_calendar_days(start, days))


def _counted(count: Any) -> CountedDay:
    try:
        found: CountedDate = count()
    except CalendarError as error:
        raise BadCalendar(field="query.start", reason=str(error)) from None
    return CountedDay(
        day=found.day, provisional=found.provisional, calendar_version=found.calendar_version
    )


@calendar.put(
    "/years/{year}", responses=problems(Unauthenticated, RoleRequired, ScopeRequired, BadCalendar)
)
async def load_year(
    request: Request, session: Uow, actor: CurrentActor, year: int, document: YearDocument
) -> CountedDay:
    """Load the official table of a year; every provisional date is counted anew.

    A date that people relied on never moves to their disadvantage: it can only become later.
    Answers with 31 December of that year and the new calendar version.
    """
    actor.require_role("platform_admin")
    actor.require_scope("trade")
    plain = document.model_dump(mode="json")
    try:
        parse_year_table(year, orjson.dumps(plain))
    except CalendarError as error:
        raise BadCalendar(field="body.days", reason=str(error)) from None
    await calendar_store.store(session, year, plain, document.papers[0])
    audit.record(session, actor, "calendar.load", "calendar_year", new_id(), after={"year": year})
    for name in request.app.state.calendar_jobs:
        await jobs.defer(session, name, year=year)
    table = await calendar_store.calendar(session)
    return CountedDay(day=date(year, 12, 31), provisional=False, calendar_version=table.version)


@code_lists.get("")
async def list_code_lists() -> list[CodeListView]:
    """The code lists of the market."""
    return [
        CodeListView(
            name=found.name,
            origin=found.origin,
            licence=found.licence,
            as_of=found.as_of,
            verify=found.verify,
            size=len(found.entries),
        )
        for found in codes.all_lists().values()
    ]


@code_lists.get("/{name}", responses=problems(NotFound))
async def list_codes(
    name: str,
    parent: Annotated[str | None, Query(max_length=20)] = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> list[CodeView]:
    """Entries of one list, below `parent` if given."""
    found = codes.all_lists().get(name)
    if found is None:
        raise NotFound(field="path.name")
    entries = (entry for entry in found.entries if parent is None or entry.parent == parent)
    return [
        CodeView(code=entry.code, zh=entry.zh, en=entry.en, parent=entry.parent)
        for entry, _ in zip(entries, range(limit), strict=False)
    ]


@records.get("")
async def record_key(request: Request) -> RecordKeyView:
    """The key that the records of this platform are signed with."""
    key = await to_thread.run_sync(signing_key, request.app.state.settings)
    return RecordKeyView(algorithm="Ed25519", key_id=key.key_id, public_key=key.public_pem)


@sandbox.get("/clock")
async def read_clock(session: Uow) -> ClockView:
    """Market time."""
    return ClockView.model_validate(await clock.state(session))


@sandbox.post(
    "/clock",
    responses=problems(
        Unauthenticated,
        RoleRequired,
        ScopeRequired,
        clock.ClockNotMovable,
        clock.ClockGoesForward,
    ),
)
async def move_clock(
    request: Request, session: Uow, actor: CurrentActor, change: ClockMove
) -> ClockView:
    """Advance the market clock or change its rate; refused outside the sandbox."""
    if not request.app.state.settings.sandbox:
        raise clock.ClockNotMovable
    actor.require_role("platform_admin")
    actor.require_scope("trade")
    before = await clock.state(session)
    after = await clock.move(
        session,
        sandbox=request.app.state.settings.sandbox,
        advance=timedelta(seconds=change.advance_seconds),
        rate=change.rate,
    )
    audit.record(
        session,
        actor,
        "clock.move",
        "market_clock",
        new_id(),
        before={"now": before.now, "rate": before.rate},
        after={"now": after.now, "rate": after.rate},
    )
    return ClockView.model_validate(after)


@operations.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@operations.get("/readyz")
async def readyz(session: Uow) -> dict[str, str]:
    """The process can reach its database; 503 when it cannot."""
    await session.execute(text("SELECT 1"))
    return {"status": "ready"}


@operations.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Prometheus metrics of this process; what is measured in the database is read now."""
    for measure in request.app.state.measures:
        await measure()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def serve_reference(app: FastAPI) -> None:
    """The API reference page; its script and style come from an installed package."""
    assets = files("fastapi_offline") / "static"
    app.mount("/static/reference", StaticFiles(directory=str(assets)), name="reference")

    @app.get("/api/docs", include_in_schema=False)
    async def reference() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/api/openapi.json",
            title="TechMarket API",
            swagger_js_url="/static/reference/swagger-ui-bundle.js",
            swagger_css_url="/static/reference/swagger-ui.css",
            swagger_favicon_url="/static/reference/favicon.png",
        )
