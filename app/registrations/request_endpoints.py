"""HTTP of applicants' requests for a change or cancellation of what is registered."""

from uuid import UUID

from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import trade_router
from app.kit.idempotency import Idempotent
from app.registrations import requests
from app.registrations.errors import (
    NothingChanged,
    ReasonMissing,
    RequestOpen,
    ReviewerDecided,
    TechnicalExceedsTotal,
    WrongApplicant,
)
from app.registrations.records import RequestDecision, RequestIn, RequestView

office = trade_router("/registrations", "registrations")
_ACT = (Unauthenticated, RoleRequired, ScopeRequired, NotFound, IllegalMove)


@office.get("/requests", responses=declared(Unauthenticated, RoleRequired))
async def list_waiting_requests(session: Uow, actor: CurrentActor) -> list[RequestView]:
    """Requests for changes and cancellations that wait for the own office, the oldest first."""
    found = await requests.waiting(session, actor)
    return [RequestView.model_validate(one) for one, _ in found]


@office.get("/{registration_id}/requests", responses=declared(Unauthenticated, NotFound))
async def list_requests(
    session: Uow, actor: CurrentActor, registration_id: UUID
) -> list[RequestView]:
    """Requests for a change or cancellation, and what became of them."""
    found = await requests.of(session, actor, registration_id)
    return [RequestView.model_validate(one) for one in found]


@office.post(
    "/{registration_id}/requests",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*_ACT, WrongApplicant, RequestOpen, NothingChanged, TechnicalExceedsTotal),
)
async def request(
    session: Uow, actor: CurrentActor, registration_id: UUID, given: RequestIn
) -> RequestView:
    """Ask the office for a change (变更) or cancellation (注销); the applicant."""
    made = await requests.file(session, actor, registration_id, given)
    return RequestView.model_validate(made)


@office.post(
    "/{registration_id}/requests/{request_id}/withdraw",
    responses=declared(*_ACT, WrongApplicant),
)
async def withdraw_request(
    session: Uow, actor: CurrentActor, registration_id: UUID, request_id: UUID
) -> RequestView:
    """Take a request back."""
    found = await requests.withdraw(session, actor, registration_id, request_id)
    return RequestView.model_validate(found)


@office.post(
    "/{registration_id}/requests/{request_id}/decision",
    responses=declared(
        *_ACT, ReviewerDecided, ReasonMissing, NothingChanged, TechnicalExceedsTotal
    ),
)
async def decide_request(
    session: Uow,
    actor: CurrentActor,
    registration_id: UUID,
    request_id: UUID,
    given: RequestDecision,
) -> RequestView:
    """Grant a request, which changes or ends the registration, or reject it with a reason."""
    found = await requests.decide(session, actor, registration_id, request_id, given)
    return RequestView.model_validate(found)
