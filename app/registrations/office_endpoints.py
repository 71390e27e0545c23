"""HTTP of the registration office: queue, examination, bulk work, and what follows registration."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response

from app.kit import clock
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
from app.kit.i18n import preferred_language
from app.kit.idempotency import Idempotent
from app.registrations import (
    certificates,
    examining,
    exports,
    imports,
    incomes,
    objections,
    queries,
    service,
    standing,
)
from app.registrations.errors import (
    AllowanceExceedsItem,
    AnswersMissing,
    BadImport,
    ClassNotSupported,
    DuplicateRegistration,
    EqualWeights,
    ExpertTwice,
    IncomeExceedsTechnical,
    IncomeStated,
    NonTechnicalExceeds,
    NothingChanged,
    NothingToClear,
    NotInForce,
    ObjectionOpen,
    OverrideNeedsReason,
    PartsDoNotSum,
    PaymentUnknown,
    RealisedExceedsTotal,
    ReasonForClass,
    ReviewerDecided,
    SubClassUnknown,
    TechnicalExceedsTotal,
    TooManyRows,
    UnknownItem,
    UnknownOffice,
)
from app.registrations.models import Registration
from app.registrations.records import (
    AmountsIn,
    AmountsView,
    Assessment,
    Because,
    Change,
    Clearing,
    Dispute,
    FindingView,
    IncomeIn,
    IncomePaper,
    IncomeView,
    ObjectionIn,
    ObjectionView,
    OpinionIn,
    RecognitionView,
    ReviewDecision,
    Split,
)
from app.registrations.schemas import (
    DecisionOutcome,
    Decisions,
    ImportOutcome,
    QueueRow,
    RegistrationView,
)

office = trade_router("/registrations", "registrations")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SIGNED_IN = (Unauthenticated, RoleRequired, ScopeRequired)
_ACT = (*_SIGNED_IN, NotFound, IllegalMove)
_FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_FORMS: dict[int | str, dict[str, Any]] = {200: {"content": {XLSX: _FILE}}}
_PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": _FILE}}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": dict.fromkeys(("application/x-ndjson", XLSX), _FILE),
    }
}
FormFormat = Annotated[Literal["json", "xlsx"], Query(alias="format")]


def _shown(response: Response, row: Registration) -> RegistrationView:
    response.headers["ETag"] = etag(row.version)
    return queries.view(row)


def _after(page: PageRequest) -> tuple[datetime, UUID] | None:
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


@office.get("/queue", responses=declared(Unauthenticated, RoleRequired, BadCursor))
async def list_queue(
    session: Uow,
    actor: CurrentActor,
    page: Paging,
    region: Annotated[str | None, Query(pattern=r"^[0-9]{2,4}$")] = None,
    due_before: Annotated[datetime | None, Query(description="a time with its zone")] = None,
) -> Page[QueueRow]:
    """What waits for the own office, by due time; for regulators by territory (`region`)."""
    rows = await queries.queue(
        session,
        actor,
        region=region,
        due_before=due_before,
        after=_after(page),
        limit=page.limit + 1,
        now=await clock.now(session),
    )
    items, cursor = make_page(rows, page, queries.queue_key)
    return Page(items=items, next_cursor=cursor)


@office.post(
    "/imports",
    openapi_extra=_BODY,
    responses=declared(*_SIGNED_IN, BadImport, TooManyRows, UnknownOffice),
)
async def import_contracts(request: Request, session: Uow, actor: CurrentActor) -> ImportOutcome:
    """Take contracts in that were handed to the office: JSON Lines or XLSX, up to 2,000 rows.

    Every row has its outcome; a row whose reference is known changes nothing.
    """
    language = preferred_language(request.headers.get("accept-language"))
    kind: imports.Format = (
        "xlsx" if request.headers.get("content-type", "").startswith(XLSX) else "jsonl"
    )
    return await imports.take_in(session, actor, await request.body(), kind, language)


@office.post("/decisions", responses=declared(*_SIGNED_IN))
async def decide(
    request: Request, session: Uow, actor: CurrentActor, given: Decisions
) -> list[DecisionOutcome]:
    """Decide on up to 500 applications; each has its own outcome."""
    language = preferred_language(request.headers.get("accept-language"))
    return await imports.decide(session, actor, given.decisions, language)


@office.get("/forms/fields")
async def list_form_fields() -> list[dict[str, Any]]:
    """The fields of form JJ-001 with their code lists and what is to be verified."""
    return exports.described()


@office.get("/forms", response_model=None, responses={**declared(*_SIGNED_IN), **_FORMS})
async def export_forms(
    session: Uow,
    actor: CurrentActor,
    first: Annotated[date, Query(alias="from", description="first day of registration")],
    last: Annotated[date, Query(alias="to", description="last day of registration")],
    output: FormFormat = "json",
) -> list[dict[str, Any]] | Response:
    """Forms JJ-001 of what the own office registered on days, at most 5,000."""
    found = await exports.of_days(session, actor, first, last)
    return await _forms(found, output, f"JJ-001-{first}-{last}")


async def _forms(
    found: list[dict[str, Any]], output: str, name: str
) -> list[dict[str, Any]] | Response:
    if output == "json":
        return found
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return Response(await exports.as_xlsx(found), media_type=XLSX, headers=headers)


@office.get(
    "/{registration_id}/form",
    response_model=None,
    responses={**declared(Unauthenticated, NotFound), **_FORMS},
)
async def export_form(
    session: Uow, actor: CurrentActor, registration_id: UUID, output: FormFormat = "json"
) -> dict[str, Any] | list[dict[str, Any]] | Response:
    """Form JJ-001 of one registration; money in fen in JSON, in yuan in XLSX."""
    found = await exports.of_one(session, actor, registration_id)
    shown = await _forms(found, output, f"JJ-001-{registration_id}")
    return shown[0] if isinstance(shown, list) else shown


@office.get(
    "/{registration_id}/recognition",
    responses=declared(Unauthenticated, RoleRequired, ScopeRequired, NotFound),
)
async def get_recognition(
    session: Uow, actor: CurrentActor, registration_id: UUID
) -> RecognitionView:
    """The class that the content proposes, why, the prefilled checklist, and look-alikes."""
    return await queries.recognition_of(session, actor, registration_id, await clock.now(session))


@office.get(
    "/{registration_id}/findings",
    responses=declared(Unauthenticated, RoleRequired, ScopeRequired, NotFound),
)
async def list_findings(
    session: Uow, actor: CurrentActor, registration_id: UUID
) -> list[FindingView]:
    """What the office noted: assessments, amounts, opinions, disputes, clearings, changes."""
    found = await queries.findings(session, actor, registration_id)
    return [FindingView.model_validate(one) for one in found]


@office.post(
    "/{registration_id}/assessment",
    responses=declared(
        *_ACT,
        SubClassUnknown,
        UnknownItem,
        AnswersMissing,
        ClassNotSupported,
        EqualWeights,
        ReasonForClass,
    ),
)
async def assess(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    registration_id: UUID,
    given: Assessment,
) -> RegistrationView:
    """Decide on class and sub-class by the checklist; the content wins over the name."""
    return _shown(response, await examining.assess(session, actor, registration_id, given))


@office.post(
    "/{registration_id}/amounts",
    responses=declared(
        *_ACT,
        NonTechnicalExceeds,
        AllowanceExceedsItem,
        OverrideNeedsReason,
        TechnicalExceedsTotal,
    ),
)
async def set_amounts(
    session: Uow, actor: CurrentActor, registration_id: UUID, given: AmountsIn
) -> AmountsView:
    """Approve the technical amount from itemised costs, or another one with a reason."""
    return await examining.set_amounts(session, actor, registration_id, given)


@office.post("/{registration_id}/dispute", responses=declared(*_ACT))
async def dispute(
    response: Response, session: Uow, actor: CurrentActor, registration_id: UUID, given: Dispute
) -> RegistrationView:
    """Note that the recognition is disputed: experts review it, with more time."""
    return _shown(response, await examining.dispute(session, actor, registration_id, given.note))


@office.post("/{registration_id}/opinions", responses=declared(*_ACT, ExpertTwice))
async def give_opinion(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    registration_id: UUID,
    given: OpinionIn,
) -> RegistrationView:
    """File an expert's opinion."""
    return _shown(response, await examining.give_opinion(session, actor, registration_id, given))


@office.post("/{registration_id}/clearings", responses=declared(*_ACT, NothingToClear))
async def clear(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    registration_id: UUID,
    given: Clearing,
) -> RegistrationView:
    """Note why a registration that looks like this one is of another contract."""
    return _shown(response, await examining.clear(session, actor, registration_id, given))


@office.post(
    "/{registration_id}/split",
    responses=declared(*_ACT, SubClassUnknown, PartsDoNotSum, TechnicalExceedsTotal),
)
async def split(
    session: Uow, actor: CurrentActor, registration_id: UUID, given: Split
) -> list[RegistrationView]:
    """Split a mixed contract into parts that are registered on their own."""
    made = await service.split(session, actor, registration_id, given)
    return [queries.view(row) for row in made]


@office.post(
    "/{registration_id}/change", responses=declared(*_ACT, NothingChanged, TechnicalExceedsTotal)
)
async def change(
    response: Response, session: Uow, actor: CurrentActor, registration_id: UUID, given: Change
) -> RegistrationView:
    """Change what is registered (变更); the number stays, the certificate gets a new edition."""
    return _shown(response, await standing.change(session, actor, registration_id, given))


@office.post("/{registration_id}/cancel", responses=declared(*_ACT))
async def cancel(
    response: Response, session: Uow, actor: CurrentActor, registration_id: UUID, because: Because
) -> RegistrationView:
    """Cancel the registration of a contract that ended (注销)."""
    return _shown(response, await standing.cancel(session, actor, registration_id, because.reason))


@office.post("/{registration_id}/revoke", responses=declared(*_ACT, ReviewerDecided))
async def revoke(
    response: Response, session: Uow, actor: CurrentActor, registration_id: UUID, because: Because
) -> RegistrationView:
    """Revoke a registration that was got by fraud (撤销)."""
    return _shown(response, await standing.revoke(session, actor, registration_id, because.reason))


@office.get("/{registration_id}/objections", responses=declared(Unauthenticated, NotFound))
async def list_objections(
    session: Uow, actor: CurrentActor, registration_id: UUID
) -> list[ObjectionView]:
    """Objections to the office's decision, and what became of them."""
    found = await objections.of(session, actor, registration_id)
    return [ObjectionView.model_validate(one) for one in found]


@office.post(
    "/{registration_id}/objections",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*_ACT, ObjectionOpen, DuplicateRegistration),
)
async def object_to(
    session: Uow, actor: CurrentActor, registration_id: UUID, given: ObjectionIn
) -> ObjectionView:
    """Object to a registration or to a refusal: a party, or a regulator for tax and finance."""
    filed = await objections.file(session, actor, registration_id, given.grounds)
    return ObjectionView.model_validate(filed)


@office.post("/{registration_id}/objections/{objection_id}/withdraw", responses=declared(*_ACT))
async def withdraw_objection(
    session: Uow, actor: CurrentActor, registration_id: UUID, objection_id: UUID
) -> ObjectionView:
    """Take an objection back; the decision stands."""
    found = await objections.withdraw(session, actor, registration_id, objection_id)
    return ObjectionView.model_validate(found)


@office.post(
    "/{registration_id}/objections/{objection_id}/decision",
    responses=declared(*_ACT, ReviewerDecided),
)
async def review_objection(
    session: Uow,
    actor: CurrentActor,
    registration_id: UUID,
    objection_id: UUID,
    given: ReviewDecision,
) -> ObjectionView:
    """Uphold or overturn the office's decision; another registrar than who made it."""
    found = await objections.review(session, actor, registration_id, objection_id, given)
    return ObjectionView.model_validate(found)


@office.get("/{registration_id}/incomes", responses=declared(Unauthenticated, NotFound))
async def list_incomes(
    session: Uow, actor: CurrentActor, registration_id: UUID
) -> list[IncomePaper]:
    """Verification forms of technical income (技术性收入核定表), one for each realised payment."""
    return await incomes.papers(session, actor, registration_id)


@office.post(
    "/{registration_id}/incomes",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        *_ACT,
        NotInForce,
        PaymentUnknown,
        IncomeStated,
        RealisedExceedsTotal,
        NonTechnicalExceeds,
        IncomeExceedsTechnical,
    ),
)
async def state_income(
    session: Uow, actor: CurrentActor, registration_id: UUID, given: IncomeIn
) -> IncomeView:
    """Approve the technical income of one realised payment."""
    return IncomeView.model_validate(await incomes.state(session, actor, registration_id, given))


@office.get(
    "/{registration_id}/certificate",
    response_class=Response,
    responses={**_PDF, **declared(Unauthenticated, NotFound, NotInForce)},
)
async def get_certificate(session: Uow, actor: CurrentActor, registration_id: UUID) -> Response:
    """The registration's newest certificate as PDF, the same bytes every time."""
    number, content = await certificates.document(session, actor, registration_id)
    headers = {"Content-Disposition": f'attachment; filename="{number}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)
