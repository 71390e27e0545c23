"""HTTP of the pricing module: valuations and their reports, comparables, parameters."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.achievements.errors import BadIpc
from app.kit import clock
from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import (
    BadCursor,
    Page,
    Paging,
    UnknownValue,
    cursor_id,
    etag,
    make_page,
    trade_router,
)
from app.kit.idempotency import Idempotent
from app.pricing import (
    guidance_endpoints,
    imports,
    model_endpoints,
    portfolio_endpoints,
    service,
    valuation_reports,
)
from app.pricing.errors import (
    AppraiserConflicted,
    AppraiserNeeded,
    AppraiserUnknown,
    BadAmounts,
    BadDistribution,
    BadIndicator,
    BadLife,
    BadRate,
    BadScore,
    BadWeights,
    BeyondTheModel,
    CategoryUnknown,
    CurrencyMixed,
    DuplicateComparable,
    ExplanationNeeded,
    MaturityUnseen,
    ModelMissing,
    NoAppraiser,
    NoApproach,
    NoComparables,
    NotIssued,
    NotTheAppraiser,
    OptionNotForMature,
    OtherReport,
    ReadinessUnknown,
    SignedAlready,
    TooFewComparables,
    TooFewOfField,
    TwoMethodsNeeded,
    UnknownIndustry,
    ValuedLater,
    ValueTooLarge,
    WeightsMisplaced,
)
from app.pricing.models import Valuation
from app.pricing.schemas import (
    AppraiserSigning,
    Assignment,
    ComparableImport,
    ComparableView,
    Figure,
    ImportedComparables,
    Issue,
    NewValuation,
    ParameterSetView,
    Report,
    Reproduction,
    ValuationRow,
    ValuationView,
)
from app.pricing.states import ValuationState

valuations = trade_router("/valuations", "pricing")
comparables = trade_router("/comparables", "pricing")
routers: tuple[APIRouter, ...] = (
    valuations,
    comparables,
    portfolio_endpoints.portfolios,
    guidance_endpoints.guidance,
    *model_endpoints.routers,
)

READING = (Unauthenticated, NotFound)
ACTING = (*READING, RoleRequired, ScopeRequired)
PLANNED = (
    ValuedLater,
    UnknownValue,
    NoApproach,
    BadRate,
    BadLife,
    BadWeights,
    WeightsMisplaced,
    BadScore,
    BadIndicator,
    BadDistribution,
    BadAmounts,
    ValueTooLarge,
    CurrencyMixed,
    NoComparables,
    TooFewComparables,
    TwoMethodsNeeded,
    OptionNotForMature,
    ReadinessUnknown,
    UnknownIndustry,
    ModelMissing,
    TooFewOfField,
    CategoryUnknown,
    MaturityUnseen,
    BeyondTheModel,
)


async def _shown(response: Response, session: Uow, row: Valuation) -> ValuationView:
    response.headers["ETag"] = etag(row.version)
    return await service.view(session, row)


@valuations.post(
    "", status_code=201, dependencies=[Idempotent], responses=declared(*ACTING, *PLANNED)
)
async def ask_valuation(
    response: Response, session: Uow, actor: CurrentActor, new: NewValuation
) -> ValuationView:
    """Value an achievement: an owner its own, the platform any. The result is a draft.

    Rates are fractions (0.18 is 18 %). There is no public data set of technology deal prices;
    comparables are deals of this platform and imports.
    """
    row = await service.ask(session, actor, new, await clock.now(session))
    response.headers["Location"] = f"/api/v1/valuations/{row.id}"
    return await _shown(response, session, row)


@valuations.get("", responses=declared(Unauthenticated, RoleRequired, BadCursor))
async def list_valuations(
    session: Uow,
    actor: CurrentActor,
    request: Paging,
    achievement_id: UUID | None = None,
    state: ValuationState | None = None,
) -> Page[ValuationRow]:
    """Valuations that the own party asked for or is to sign, the newest first; overseers see all.

    Those of portfolios are in the portfolio, unless an achievement is asked for.
    """
    rows = await service.listed(
        session,
        actor,
        achievement_id=achievement_id,
        state=state,
        after=cursor_id(request),
        limit=request.limit + 1,
    )
    items, cursor = make_page(rows, request, lambda row: [row.id])
    return Page(items=items, next_cursor=cursor)


@valuations.get("/parameters")
async def list_valuation_parameters() -> list[ParameterSetView]:
    """The dated configuration: bounds, weights, limits, their sources, what is to be verified."""
    return service.configuration()


@valuations.get("/{valuation_id}", responses=declared(*READING))
async def get_valuation(
    response: Response, session: Uow, actor: CurrentActor, valuation_id: UUID
) -> ValuationView:
    """One valuation, with everything that its value follows from."""
    return await _shown(response, session, await service.get(session, actor, valuation_id))


@valuations.post("/{valuation_id}/discard", responses=declared(*ACTING, IllegalMove))
async def discard_valuation(
    response: Response, session: Uow, actor: CurrentActor, valuation_id: UUID
) -> ValuationView:
    """Drop a draft; it stays on record."""
    return await _shown(response, session, await service.discard(session, actor, valuation_id))


@valuations.post(
    "/{valuation_id}/appraiser",
    responses=declared(*ACTING, IllegalMove, AppraiserUnknown, AppraiserConflicted),
)
async def assign_appraiser(
    response: Response, session: Uow, actor: CurrentActor, valuation_id: UUID, given: Assignment
) -> ValuationView:
    """Name the organisation that is to sign the report; one that is related is refused."""
    now = await clock.now(session)
    row = await valuation_reports.assign(session, actor, valuation_id, given.appraiser_id, now)
    return await _shown(response, session, row)


@valuations.post(
    "/{valuation_id}/issue",
    responses=declared(
        *ACTING, IllegalMove, ExplanationNeeded, AppraiserNeeded, AppraiserConflicted
    ),
)
async def issue_valuation(
    response: Response, session: Uow, actor: CurrentActor, valuation_id: UUID, given: Issue
) -> ValuationView:
    """Issue the report; what it says stands from now on."""
    now = await clock.now(session)
    return await _shown(
        response, session, await valuation_reports.issue(session, actor, valuation_id, given, now)
    )


@valuations.post(
    "/{valuation_id}/sign",
    responses=declared(
        *ACTING,
        NoAppraiser,
        NotTheAppraiser,
        NotIssued,
        OtherReport,
        SignedAlready,
        AppraiserConflicted,
        IllegalMove,
    ),
)
async def sign_valuation(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    valuation_id: UUID,
    given: AppraiserSigning,
) -> ValuationView:
    """An appraiser signs what was issued; a statutory report takes two people."""
    now = await clock.now(session)
    return await _shown(
        response, session, await valuation_reports.sign(session, actor, valuation_id, given, now)
    )


@valuations.get("/{valuation_id}/report", responses=declared(*READING, NotIssued))
async def get_valuation_report(session: Uow, actor: CurrentActor, valuation_id: UUID) -> Report:
    """The report as JSON: its digest is SHA-256 over the content as canonical JSON."""
    return await valuation_reports.report(session, actor, valuation_id)


@valuations.get(
    "/{valuation_id}/report.pdf",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
        **declared(*READING, NotIssued),
    },
)
async def get_valuation_document(session: Uow, actor: CurrentActor, valuation_id: UUID) -> Response:
    """The report as PDF, the same bytes every time."""
    return Response(
        await valuation_reports.document(session, actor, valuation_id),
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="valuation-{valuation_id}.pdf"'},
    )


@valuations.get("/{valuation_id}/reproduction", responses=declared(*READING))
async def reproduce_valuation(
    session: Uow, actor: CurrentActor, valuation_id: UUID
) -> Reproduction:
    """Compute the valuation anew from what is stored with it, and compare to the fen."""
    return await service.reproduce(session, actor, valuation_id)


@valuations.get("/{valuation_id}/figure", responses=declared(*READING, NotIssued))
async def get_valuation_figure(session: Uow, actor: CurrentActor, valuation_id: UUID) -> Figure:
    """What a listing takes over of an issued valuation: members for the listing's own edit."""
    return valuation_reports.figure(await service.get(session, actor, valuation_id))


@comparables.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        Unauthenticated,
        RoleRequired,
        ScopeRequired,
        UnknownValue,
        BadIpc,
        BadAmounts,
        CurrencyMixed,
        DuplicateComparable,
    ),
)
async def import_comparables(
    session: Uow, actor: CurrentActor, given: ComparableImport
) -> ImportedComparables:
    """An operator imports deals from elsewhere, all or none, each with its published source."""
    now = await clock.now(session)
    return ImportedComparables(imported=await imports.add(session, actor, given, now))


@comparables.get("", responses=declared(Unauthenticated, RoleRequired, BadCursor))
async def list_comparables(
    session: Uow, actor: CurrentActor, request: Paging
) -> Page[ComparableView]:
    """All comparables, the newest first; for operators and regulators."""
    rows = await imports.listed(session, actor, cursor_id(request), request.limit + 1)
    items, cursor = make_page(rows, request, lambda row: [row.id])
    return Page(items=items, next_cursor=cursor)


@comparables.post(
    "/{comparable_id}/void",
    responses=declared(Unauthenticated, RoleRequired, ScopeRequired, NotFound),
)
async def void_comparable(session: Uow, actor: CurrentActor, comparable_id: UUID) -> ComparableView:
    """Take an imported comparable out; valuations that used it keep it."""
    row = await imports.void(session, actor, comparable_id, await clock.now(session))
    return ComparableView.model_validate(row)
