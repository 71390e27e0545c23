"""HTTP of the negotiations module."""

from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response, UploadFile
from fastapi.responses import StreamingResponse

from app.achievements import documents as files
from app.achievements.errors import DocumentNameNeeded
from app.achievements.states import Audience
from app.kit import clock
from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Sessions, Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import BadCursor, Page, Paging, cursor_id, etag, make_page, trade_router
from app.kit.idempotency import Idempotent
from app.kit.problems import TooLarge
from app.kit.storage import StorageUnavailable, document_store
from app.kit.uploads import chunks, signed_in
from app.listings.errors import ListingNotOpen, OthersApplied, OwnListing
from app.negotiations import brokers, commissions, documents, service
from app.negotiations.errors import (
    AlreadyNegotiating,
    BrokerConflict,
    CommissionAccepted,
    CommissionTermsWrong,
    EmptyFile,
    ExclusivityNotListed,
    FeeAmountOpen,
    FeeNotClaimed,
    FeeNotOpen,
    NdaNotSigned,
    NegotiationOver,
    NotANegotiator,
    NotNegotiable,
    NotTheClient,
    OfferAnswered,
    OfferExpired,
    OfferSuperseded,
    OfferValidityWrong,
    OwnOffer,
    PriceBelowFloor,
    RoyaltyWrong,
    StaleNda,
    TermWrong,
)
from app.negotiations.models import Negotiation
from app.negotiations.schemas import (
    Acceptance,
    CommissionAgreementView,
    CommissionView,
    ConsentView,
    Declining,
    Ending,
    FeeAgreement,
    FeeClaim,
    NdaSigning,
    NdaView,
    NegotiationDocumentView,
    NegotiationView,
    NewCommissionAgreement,
    NewConsent,
    NewNegotiation,
    NewOffer,
    OfferView,
    ReadingView,
)
from app.negotiations.states import NegotiationState

negotiations = trade_router("/negotiations", "negotiations")
consents = trade_router("/broker-consents", "negotiations")
agreements = trade_router("/commission-agreements", "negotiations")
commissions_router = trade_router("/commissions", "negotiations")
routers: tuple[APIRouter, ...] = (negotiations, consents, agreements, commissions_router)

_SIGNED_IN = (Unauthenticated, RoleRequired, ScopeRequired, NotFound)
_ACT = (*_SIGNED_IN, IllegalMove, NegotiationOver, BrokerConflict)
_ANSWER = (*_ACT, OfferSuperseded, OfferAnswered, OwnOffer)


async def _shown(response: Response, session: Uow, negotiation: Negotiation) -> NegotiationView:
    response.headers["ETag"] = etag(negotiation.version)
    return (await service.views(session, [negotiation]))[0]


@negotiations.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        *_SIGNED_IN,
        OwnListing,
        NotANegotiator,
        NotNegotiable,
        ListingNotOpen,
        AlreadyNegotiating,
        BrokerConflict,
    ),
)
async def open_negotiation(
    response: Response, session: Uow, actor: CurrentActor, new: NewNegotiation
) -> NegotiationView:
    """An enterprise opens a negotiation on a listing that is open to it."""
    made = await service.open_negotiation(session, actor, new, await clock.now(session))
    response.headers["Location"] = f"/api/v1/negotiations/{made.id}"
    return await _shown(response, session, made)


@negotiations.get("", responses=declared(Unauthenticated, BadCursor))
async def list_negotiations(
    session: Uow,
    actor: CurrentActor,
    page: Paging,
    state: NegotiationState | None = None,
    listing_id: UUID | None = None,
) -> Page[NegotiationView]:
    """The acting party's negotiations, the newest first; overseers see all."""
    rows = await service.negotiation_list(
        session,
        actor,
        state=state,
        listing_id=listing_id,
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=await service.views(session, items), next_cursor=cursor)


@negotiations.get("/{negotiation_id}", responses=declared(Unauthenticated, NotFound))
async def get_negotiation(
    response: Response, session: Uow, actor: CurrentActor, negotiation_id: UUID
) -> NegotiationView:
    """One negotiation, for its two sides and overseers."""
    return await _shown(response, session, await service.get(session, actor, negotiation_id))


@negotiations.post(
    "/{negotiation_id}/offers",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        *_ACT, OfferValidityWrong, PriceBelowFloor, RoyaltyWrong, TermWrong, ExclusivityNotListed
    ),
)
async def make_offer(
    session: Uow, actor: CurrentActor, negotiation_id: UUID, new: NewOffer
) -> OfferView:
    """Make an offer, or counter the latest one."""
    now = await clock.now(session)
    return service.offer_view(await service.make_offer(session, actor, negotiation_id, new, now))


@negotiations.get(
    "/{negotiation_id}/offers", responses=declared(Unauthenticated, NotFound, BadCursor)
)
async def list_offers(
    session: Uow, actor: CurrentActor, page: Paging, negotiation_id: UUID
) -> Page[OfferView]:
    """Every offer with its answer, the latest first."""
    before = page.after[0] if page.after is not None else None
    if before is not None and not (isinstance(before, int) and 0 < before < 2**62):
        raise BadCursor(field="query.cursor")
    rows = await service.offer_list(
        session, actor, negotiation_id, before=before, limit=page.limit + 1
    )
    items, cursor = make_page(rows, page, lambda row: [row.sequence])
    return Page(items=items, next_cursor=cursor)


@negotiations.post(
    "/{negotiation_id}/accept",
    responses=declared(*_ANSWER, OfferExpired, ListingNotOpen, OthersApplied),
)
async def accept_offer(
    response: Response, session: Uow, actor: CurrentActor, negotiation_id: UUID, body: Acceptance
) -> NegotiationView:
    """Accept the other side's latest offer; that makes the deal."""
    now = await clock.now(session)
    done = await service.accept(session, actor, negotiation_id, body.offer_id, now)
    return await _shown(response, session, done)


@negotiations.post("/{negotiation_id}/decline", responses=declared(*_ANSWER))
async def decline_offer(
    response: Response, session: Uow, actor: CurrentActor, negotiation_id: UUID, body: Declining
) -> NegotiationView:
    """Decline the other side's latest offer; the negotiation goes on."""
    now = await clock.now(session)
    done = await service.decline(session, actor, negotiation_id, body.offer_id, body.reason, now)
    return await _shown(response, session, done)


@negotiations.post("/{negotiation_id}/end", responses=declared(*_SIGNED_IN, IllegalMove))
async def end_negotiation(
    response: Response, session: Uow, actor: CurrentActor, negotiation_id: UUID, body: Ending
) -> NegotiationView:
    """Break the negotiation off."""
    now = await clock.now(session)
    done = await service.end(session, actor, negotiation_id, body.reason, now)
    return await _shown(response, session, done)


@negotiations.get("/{negotiation_id}/nda", responses=declared(Unauthenticated, NotFound))
async def get_nda(session: Uow, actor: CurrentActor, negotiation_id: UUID) -> NdaView:
    """The confidentiality agreement that documents are read under."""
    return await documents.nda(session, actor, negotiation_id)


@negotiations.post("/{negotiation_id}/nda", responses=declared(*_SIGNED_IN, StaleNda))
async def sign_nda(
    session: Uow, actor: CurrentActor, negotiation_id: UUID, signing: NdaSigning
) -> NdaView:
    """Sign the confidentiality agreement for one's party; names the text by its hash."""
    now = await clock.now(session)
    return await documents.sign_nda(session, actor, negotiation_id, signing.text_sha256, now)


@negotiations.post(
    "/{negotiation_id}/documents",
    status_code=201,
    responses=declared(
        *_SIGNED_IN, IllegalMove, TooLarge, EmptyFile, DocumentNameNeeded, StorageUnavailable
    ),
)
async def add_document(
    request: Request, response: Response, negotiation_id: UUID, file: UploadFile
) -> NegotiationDocumentView:
    """Show the other side a file; the same bytes again give the same document."""
    sessions: Sessions = request.app.state.sessions
    new = files.described(file.filename, file.content_type, Audience.RESTRICTED)
    actor = await signed_in(request)
    async with sessions() as session, session.begin():
        await documents.require_uploader(session, actor, negotiation_id)
    settings = request.app.state.settings
    stored = await document_store(settings).put(chunks(file), settings.upload_limit_bytes)
    async with sessions() as session, session.begin():
        made = await documents.add(session, actor, negotiation_id, new.name, new.media_type, stored)
    response.headers["Location"] = f"/api/v1/negotiations/{negotiation_id}/documents/{made.id}"
    return NegotiationDocumentView.model_validate(made)


@negotiations.get("/{negotiation_id}/documents", responses=declared(Unauthenticated, NotFound))
async def list_documents(
    session: Uow, actor: CurrentActor, negotiation_id: UUID
) -> list[NegotiationDocumentView]:
    """Names of both sides' documents."""
    rows = await documents.listed(session, actor, negotiation_id)
    return [NegotiationDocumentView.model_validate(row) for row in rows]


@negotiations.get(
    "/{negotiation_id}/documents/{document_id}",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string"}}}},
        **declared(Unauthenticated, NotFound, NdaNotSigned, StorageUnavailable),
    },
)
async def get_document(request: Request, negotiation_id: UUID, document_id: UUID) -> Response:
    """A document's bytes; the other side signs the agreement first, and its reading is logged."""
    actor = await signed_in(request)
    sessions: Sessions = request.app.state.sessions
    async with sessions() as session, session.begin():
        now = await clock.now(session)
        found = await documents.read(session, actor, negotiation_id, document_id, now)
    chunks = await document_store(request.app.state.settings).open(found.sha256)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
        "Content-Length": str(found.size_bytes),
    }
    return StreamingResponse(chunks, media_type=found.media_type, headers=headers)


@negotiations.get(
    "/{negotiation_id}/documents/{document_id}/readings",
    responses=declared(Unauthenticated, NotFound, BadCursor),
)
async def list_readings(
    session: Uow, actor: CurrentActor, page: Paging, negotiation_id: UUID, document_id: UUID
) -> Page[ReadingView]:
    """Who of the other side read a document, the newest first; for its owner."""
    rows = await documents.readings(
        session,
        actor,
        negotiation_id,
        document_id,
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=[ReadingView.model_validate(row) for row in items], next_cursor=cursor)


@consents.post("", status_code=201, responses=declared(*_SIGNED_IN, NotTheClient))
async def consent_to_dual_agency(session: Uow, actor: CurrentActor, new: NewConsent) -> ConsentView:
    """Let one's broker act for the other side of a listing too; both sides must."""
    given = await brokers.consent(session, actor, new, await clock.now(session))
    return ConsentView.model_validate(given)


@agreements.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*_SIGNED_IN, NotTheClient, CommissionTermsWrong),
)
async def propose_commission(
    session: Uow, actor: CurrentActor, new: NewCommissionAgreement
) -> CommissionAgreementView:
    """A client proposes what its broker earns by a deal."""
    made = await brokers.propose_commission(session, actor, new)
    return CommissionAgreementView.model_validate(made)


@agreements.get("", responses=declared(Unauthenticated, BadCursor))
async def list_commission_agreements(
    session: Uow, actor: CurrentActor, page: Paging
) -> Page[CommissionAgreementView]:
    """Commission agreements that the acting party gave or got, the newest first."""
    rows = await brokers.agreements(session, actor, after=cursor_id(page), limit=page.limit + 1)
    items, cursor = make_page(rows, page, lambda row: [row.id])
    shown = [CommissionAgreementView.model_validate(row) for row in items]
    return Page(items=shown, next_cursor=cursor)


@agreements.post(
    "/{agreement_id}/accept",
    responses=declared(*_SIGNED_IN, NotTheClient, CommissionAccepted),
)
async def accept_commission(
    session: Uow, actor: CurrentActor, agreement_id: UUID
) -> CommissionAgreementView:
    """The broker accepts a commission."""
    done = await brokers.accept_commission(session, actor, agreement_id, await clock.now(session))
    return CommissionAgreementView.model_validate(done)


@commissions_router.get("", responses=declared(Unauthenticated, BadCursor))
async def list_commissions(session: Uow, actor: CurrentActor, page: Paging) -> Page[CommissionView]:
    """Commissions that the acting party earns or owes, the newest first."""
    rows = await commissions.of_party(session, actor, after=cursor_id(page), limit=page.limit + 1)
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=[CommissionView.model_validate(row) for row in items], next_cursor=cursor)


@commissions_router.post(
    "/{commission_id}/claim", responses=declared(*_SIGNED_IN, NotTheClient, FeeNotOpen)
)
async def claim_fee(
    session: Uow, actor: CurrentActor, commission_id: UUID, new: FeeClaim
) -> CommissionView:
    """The broker claims a reasonable fee, where no amount was agreed on."""
    row = await commissions.claim(session, actor, commission_id, new.fee_fen, new.grounds)
    return CommissionView.model_validate(row)


@commissions_router.post(
    "/{commission_id}/agree",
    responses=declared(*_SIGNED_IN, NotTheClient, FeeNotOpen, FeeNotClaimed),
)
async def agree_to_fee(
    session: Uow, actor: CurrentActor, commission_id: UUID, agreed: FeeAgreement
) -> CommissionView:
    """Who owes a commission agrees to the claimed fee, and owes its own part of it."""
    now = await clock.now(session)
    row = await commissions.agree(session, actor, commission_id, agreed.fee_fen, now)
    return CommissionView.model_validate(row)


@commissions_router.post(
    "/{commission_id}/received",
    responses=declared(*_SIGNED_IN, NotTheClient, FeeAmountOpen, IllegalMove),
)
async def note_commission_received(
    session: Uow, actor: CurrentActor, commission_id: UUID
) -> CommissionView:
    """The broker notes that it was paid."""
    row = await commissions.receive(session, actor, commission_id, await clock.now(session))
    return CommissionView.model_validate(row)
