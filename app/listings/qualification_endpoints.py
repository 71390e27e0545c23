"""HTTP of a qualification beyond the first decision: corrections, appeals, documents."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, UploadFile
from fastapi.responses import StreamingResponse

from app.achievements.documents import described
from app.achievements.errors import DocumentEmpty, DocumentNameNeeded
from app.achievements.states import Audience
from app.kit.actor import CurrentActor
from app.kit.db import Sessions, Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import trade_router
from app.kit.problems import TooLarge
from app.kit.storage import StorageUnavailable, document_store
from app.kit.uploads import chunks, signed_in
from app.listings import qualification, queries
from app.listings.errors import (
    AppealDecided,
    BidderBarred,
    FirstDecider,
    ListingNotOpen,
    OwnListing,
    ReasonRequired,
    RequirementNotPublished,
    TermPassed,
)
from app.listings.responses import ACTING
from app.listings.schemas import (
    AppealDecision,
    ApplicationDocumentView,
    ApplicationView,
    Correction,
    NewAppeal,
)

listings = trade_router("/listings", "listings")
routers: tuple[APIRouter, ...] = (listings,)
_ONE = "/{listing_id}/applications/{application_id}"


@listings.post(
    _ONE + "/correct", responses=declared(*ACTING, IllegalMove, ListingNotOpen, TermPassed)
)
async def correct_application(
    session: Uow,
    actor: CurrentActor,
    listing_id: UUID,
    application_id: UUID,
    correction: Correction,
) -> ApplicationView:
    """The applicant completes what the operator asked for."""
    application = await qualification.correct(
        session, actor, listing_id, application_id, correction.statement
    )
    return await queries.own_view(session, actor, application)


@listings.post(
    _ONE + "/appeal",
    responses=declared(*ACTING, IllegalMove, ListingNotOpen, TermPassed, AppealDecided),
)
async def appeal_refusal(
    session: Uow, actor: CurrentActor, listing_id: UUID, application_id: UUID, new: NewAppeal
) -> ApplicationView:
    """A refused applicant appeals, once."""
    application = await qualification.appeal(
        session, actor, listing_id, application_id, new.grounds
    )
    return await queries.own_view(session, actor, application)


@listings.post(
    _ONE + "/appeal-decision",
    responses=declared(
        *ACTING,
        IllegalMove,
        ListingNotOpen,
        ReasonRequired,
        FirstDecider,
        OwnListing,
        BidderBarred,
    ),
)
async def decide_appeal(
    session: Uow,
    actor: CurrentActor,
    listing_id: UUID,
    application_id: UUID,
    decision: AppealDecision,
) -> ApplicationView:
    """An operator other than who refused decides the appeal."""
    application = await qualification.decide_appeal(
        session, actor, listing_id, application_id, decision
    )
    return await queries.own_view(session, actor, application)


@listings.post(
    _ONE + "/documents",
    status_code=201,
    responses=declared(
        *ACTING,
        ListingNotOpen,
        RequirementNotPublished,
        TooLarge,
        DocumentEmpty,
        DocumentNameNeeded,
        StorageUnavailable,
    ),
)
async def add_application_document(
    request: Request,
    listing_id: UUID,
    application_id: UUID,
    requirement: Annotated[str, Query(max_length=64, description="code of the condition")],
    file: UploadFile,
) -> ApplicationDocumentView:
    """Add a file that shows a published condition is met."""
    sessions: Sessions = request.app.state.sessions
    plain = described(file.filename, file.content_type, Audience.RESTRICTED)
    actor = await signed_in(request)
    async with sessions() as session, session.begin():
        await qualification.require_uploader(
            session, actor, listing_id, application_id, requirement
        )
    settings = request.app.state.settings
    stored = await document_store(settings).put(chunks(file), settings.upload_limit_bytes)
    new = qualification.described(requirement, plain.name, plain.media_type)
    async with sessions() as session, session.begin():
        document = await qualification.add_document(
            session, actor, listing_id, application_id, new, stored
        )
    return ApplicationDocumentView.model_validate(document)


@listings.get(_ONE + "/documents", responses=declared(Unauthenticated, NotFound))
async def list_application_documents(
    session: Uow, actor: CurrentActor, listing_id: UUID, application_id: UUID
) -> list[ApplicationDocumentView]:
    """Files of an application; for the applicant and operators."""
    rows = await qualification.documents(session, actor, listing_id, application_id)
    return [ApplicationDocumentView.model_validate(row) for row in rows]


@listings.get(
    _ONE + "/documents/{document_id}",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "the file's bytes"},
        **declared(Unauthenticated, NotFound, StorageUnavailable),
    },
)
async def download_application_document(
    request: Request,
    session: Uow,
    actor: CurrentActor,
    listing_id: UUID,
    application_id: UUID,
    document_id: UUID,
) -> Response:
    """A file's bytes; for the applicant and operators."""
    found = await qualification.document(session, actor, listing_id, application_id, document_id)
    chunks = await document_store(request.app.state.settings).open(found.sha256)
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
        "Content-Length": str(found.size_bytes),
    }
    return StreamingResponse(chunks, media_type=found.media_type, headers=headers)
