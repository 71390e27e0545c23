"""HTTP of the registrations module: applications and decisions, and the public register."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import (
    BadCursor,
    Page,
    PageRequest,
    Paging,
    cursor_id,
    etag,
    make_page,
    trade_router,
)
from app.kit.idempotency import Idempotent
from app.registrations import certificates, queries, rules, service
from app.registrations.errors import (
    AssessmentNeeded,
    BadCode,
    BadRegion,
    ContractNotEffective,
    DuplicateRegistration,
    ExpertReviewNeeded,
    FourEyes,
    OfficeInUse,
    OutsideTerritory,
    PointTaken,
    PossibleDuplicate,
    ReasonMissing,
    RegisterPeriodReversed,
    SerialsExhausted,
    TechnicalExceedsTotal,
    TextIsTheContracts,
    UnknownOffice,
    WrongApplicant,
)
from app.registrations.models import Registration
from app.registrations.office_endpoints import office
from app.registrations.request_endpoints import office as requests
from app.registrations.schemas import (
    ContractText,
    Correction,
    CorrectionRequest,
    NewRegistration,
    OfficeCodes,
    OfficeView,
    Refusal,
    RegisterEntry,
    RegistrationCertificateView,
    RegistrationView,
    RuleSetView,
)
from app.registrations.states import RegistrationState

registrations = trade_router("/registrations", "registrations")
register = trade_router("/register", "register")
# The office's router stands first: its paths would else be taken for a registration's id.
routers: tuple[APIRouter, ...] = (office, requests, registrations, register)

Region = Annotated[
    str | None,
    Query(pattern=r"^([0-9]{2}|[0-9]{4}|[0-9]{6})$", description="head of a region code"),
]
_ACT = (Unauthenticated, RoleRequired, ScopeRequired, NotFound, IllegalMove)


def _shown(response: Response, row: Registration) -> RegistrationView:
    response.headers["ETag"] = etag(row.version)
    return queries.view(row)


@registrations.put(
    "/office",
    responses=declared(
        Unauthenticated, RoleRequired, ScopeRequired, BadRegion, PointTaken, OfficeInUse
    ),
)
async def set_up_office(session: Uow, actor: CurrentActor, given: OfficeCodes) -> OfficeView:
    """Set the own office's region and point; not changed any more once numbers were issued."""
    return await service.set_up_office(session, actor, given)


@registrations.get("/offices")
async def list_offices(
    session: Uow,
    region: Annotated[str | None, Query(pattern=r"^[0-9]{2,4}$")] = None,
) -> list[OfficeView]:
    """Registration offices, by region; `region` is the beginning of the code."""
    return await service.office_list(session, region)


@registrations.get("/rule-sets")
async def list_rule_sets() -> list[RuleSetView]:
    """The registration rules by their time, with their sources and what is to be verified."""
    return [RuleSetView.model_validate(found) for found in rules.rule_sets()]


@registrations.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        Unauthenticated,
        RoleRequired,
        ScopeRequired,
        NotFound,
        ContractNotEffective,
        WrongApplicant,
        UnknownOffice,
        OutsideTerritory,
        DuplicateRegistration,
        BadCode,
    ),
)
async def apply(
    response: Response, session: Uow, actor: CurrentActor, new: NewRegistration
) -> RegistrationView:
    """Start the registration of a signed contract; the seller does, at an office of its place."""
    row = await service.apply(session, actor, new)
    response.headers["Location"] = f"/api/v1/registrations/{row.id}"
    return _shown(response, row)


@registrations.get("", responses=declared(Unauthenticated, BadCursor))
async def list_registrations(
    session: Uow,
    actor: CurrentActor,
    page: Paging,
    state: RegistrationState | None = None,
    contract_id: UUID | None = None,
    overdue: bool | None = None,
) -> Page[RegistrationView]:
    """Own registrations, an office's queue, or all for regulators; the newest first."""
    rows = await queries.registration_list(
        session,
        actor,
        state=state,
        contract_id=contract_id,
        overdue=overdue,
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=[queries.view(row) for row in items], next_cursor=cursor)


@registrations.get("/{registration_id}", responses=declared(Unauthenticated, NotFound))
async def get_registration(
    response: Response, session: Uow, actor: CurrentActor, registration_id: UUID
) -> RegistrationView:
    """One registration, for the contract's parties, its office and regulators."""
    return _shown(response, await queries.get(session, actor, registration_id))


@registrations.get("/{registration_id}/contract", responses=declared(Unauthenticated, NotFound))
async def get_contract_text(
    session: Uow, actor: CurrentActor, registration_id: UUID
) -> ContractText:
    """The contract that is examined."""
    found = await queries.contract_text(session, actor, registration_id)
    return ContractText.model_validate(found)


@registrations.post("/{registration_id}/submit", responses=declared(*_ACT, WrongApplicant))
async def submit(
    response: Response, session: Uow, actor: CurrentActor, registration_id: UUID
) -> RegistrationView:
    """Hand the application to its office."""
    return _shown(response, await service.submit(session, actor, registration_id))


@registrations.post("/{registration_id}/accept", responses=declared(*_ACT))
async def accept(
    response: Response, session: Uow, actor: CurrentActor, registration_id: UUID
) -> RegistrationView:
    """Accept the application; the time for the decision begins."""
    return _shown(response, await service.accept(session, actor, registration_id))


@registrations.post("/{registration_id}/request-correction", responses=declared(*_ACT))
async def request_correction(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    registration_id: UUID,
    request: CorrectionRequest,
) -> RegistrationView:
    """Ask for corrected material."""
    row = await service.request_correction(session, actor, registration_id, request.note)
    return _shown(response, row)


@registrations.post(
    "/{registration_id}/correct",
    responses=declared(*_ACT, WrongApplicant, TechnicalExceedsTotal, TextIsTheContracts),
)
async def correct(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    registration_id: UUID,
    correction: Correction,
) -> RegistrationView:
    """Hand in corrected material; the time for the decision begins anew."""
    return _shown(response, await service.correct(session, actor, registration_id, correction))


@registrations.post(
    "/{registration_id}/register",
    responses=declared(
        *_ACT,
        FourEyes,
        TechnicalExceedsTotal,
        SerialsExhausted,
        ExpertReviewNeeded,
        AssessmentNeeded,
        PossibleDuplicate,
    ),
)
async def register_contract(
    response: Response, session: Uow, actor: CurrentActor, registration_id: UUID
) -> RegistrationView:
    """Register the contract and issue its number."""
    return _shown(response, await service.register(session, actor, registration_id))


@registrations.post("/{registration_id}/refuse", responses=declared(*_ACT, ReasonMissing))
async def refuse(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    registration_id: UUID,
    refusal: Refusal,
) -> RegistrationView:
    """Refuse registration, for a reason of the rules."""
    return _shown(response, await service.refuse(session, actor, registration_id, refusal))


def _after(page: PageRequest) -> tuple[datetime, UUID] | None:
    """The time and id in a cursor of the register; raises BadCursor."""
    if page.after is None:
        return None
    identifier = cursor_id(page)
    try:
        moment = datetime.fromisoformat(page.after[0])
    except (ValueError, TypeError):
        raise BadCursor(field="query.cursor") from None
    if identifier is None or moment.tzinfo is None:
        raise BadCursor(field="query.cursor")
    return moment, identifier


@register.get("", responses=declared(BadCursor, RegisterPeriodReversed))
async def list_register(
    session: Uow,
    page: Paging,
    q: Annotated[
        str | None, Query(min_length=1, max_length=100, description="words of the title")
    ] = None,
    contract_class: Annotated[str | None, Query(max_length=40)] = None,
    sub_class: Annotated[str | None, Query(max_length=60)] = None,
    technical_field: Annotated[str | None, Query(max_length=40)] = None,
    seller_region: Region = None,
    buyer_region: Region = None,
    office_id: UUID | None = None,
    first: Annotated[date | None, Query(alias="from", description="registered on or after")] = None,
    last: Annotated[date | None, Query(alias="to", description="registered on or before")] = None,
) -> Page[RegisterEntry]:
    """The public register of technology contracts, the last registered first.

    Amounts are not shown: offices keep the business secrets in what they register (北京市技术市场
    条例 30, 浙江省技术市场条例 21), and statistics identify no unit (统计法 28).
    """
    filters = queries.narrowed(
        q=q,
        contract_class=contract_class,
        sub_class=sub_class,
        technical_field=technical_field,
        seller_region=seller_region,
        buyer_region=buyer_region,
        office_id=office_id,
        first=first,
        last=last,
    )
    rows = await queries.register_page(session, filters, after=_after(page), limit=page.limit + 1)
    items, cursor = make_page(rows, page, lambda row: [row.registered_at, row.id])
    return Page(items=await queries.register_entries(session, items), next_cursor=cursor)


@register.get("/{number}", responses=declared(NotFound))
async def get_register_entry(
    session: Uow, number: Annotated[str, Path(pattern=r"^[0-9]{16}$")]
) -> RegisterEntry:
    """One entry of the register; without amounts, for the reason that the list gives."""
    return await queries.register_entry(session, number)


@register.get("/{number}/certificate", responses=declared(NotFound))
async def verify_registration_certificate(
    session: Uow,
    number: Annotated[str, Path(pattern=r"^[0-9]{16}$")],
    code: Annotated[str | None, Query(max_length=40)] = None,
) -> RegistrationCertificateView:
    """Whether a registration is in force; with the code on its certificate what that says too."""
    return await certificates.verify(session, await queries.register_entry(session, number), code)
