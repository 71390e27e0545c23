"""HTTP of signing: by account or certificate, the PDF, and its verification."""

from typing import Any
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from app.contracts import authorities, service, signing
from app.contracts.errors import (
    AlreadySigned,
    CertificateNeeded,
    CertificateOfAnother,
    ContractBlocked,
    NoCertificateSource,
    SignatureWrong,
    SigningOutdated,
    StaleText,
    WarningsUnread,
)
from app.contracts.pdf_signing import Pens
from app.contracts.schemas import (
    CmsUpload,
    ContractView,
    Signing,
    SigningRequestView,
    SigningStart,
    VerificationView,
)
from app.deals.errors import DealEnded, PublicityRunning
from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import etag, trade_router
from app.kit.settings import Settings
from app.notices.errors import NoticeNotEffective

signatures = trade_router("/contracts", "contracts")
routers: tuple[APIRouter, ...] = (signatures,)

_SIGN = (
    Unauthenticated,
    RoleRequired,
    ScopeRequired,
    NotFound,
    IllegalMove,
    StaleText,
    AlreadySigned,
    NoticeNotEffective,
    PublicityRunning,
    DealEnded,
    ContractBlocked,
    WarningsUnread,
)
PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}}}


async def pens(settings: Settings) -> Pens:
    """What signatures are given with on this market."""
    return Pens(
        required=settings.contract_signing == "certificate",
        source=await to_thread.run_sync(authorities.certificate_source, settings),
        roots=tuple(await to_thread.run_sync(authorities.trusted_roots, settings)),
    )


@signatures.post(
    "/{contract_id}/sign", responses=declared(*_SIGN, CertificateNeeded, NoCertificateSource)
)
async def sign_contract(
    request: Request,
    response: Response,
    session: Uow,
    actor: CurrentActor,
    contract_id: UUID,
    given: Signing,
) -> ContractView:
    """Sign the proposed text for one's party; names the text by its hash."""
    contract = await service.sign(
        session,
        actor,
        contract_id,
        given.text_sha256,
        acknowledged=given.acknowledged,
        method=given.method,
        pens=await pens(request.app.state.settings),
    )
    response.headers["ETag"] = etag(contract.version)
    return await service.view(session, contract)


@signatures.post("/{contract_id}/signing-requests", status_code=201, responses=declared(*_SIGN))
async def ask_to_sign(
    session: Uow, actor: CurrentActor, contract_id: UUID, start: SigningStart
) -> SigningRequestView:
    """Ask for the digest to be signed with one's own certificate; the key stays with its holder."""
    return await signing.ask(session, actor, contract_id, start)


@signatures.post(
    "/{contract_id}/signing-requests/{request_id}/complete",
    responses=declared(*_SIGN, SigningOutdated, SignatureWrong, CertificateOfAnother),
)
async def complete_signing(
    request: Request,
    session: Uow,
    actor: CurrentActor,
    contract_id: UUID,
    request_id: UUID,
    upload: CmsUpload,
) -> ContractView:
    """Hand in the CMS object over the digest; it goes into the PDF as a PAdES signature."""
    known = await pens(request.app.state.settings)
    contract = await signing.finish(
        session, actor, contract_id, request_id, upload.cms_base64, known
    )
    return await service.view(session, contract)


@signatures.get(
    "/{contract_id}/document",
    response_class=Response,
    responses={**declared(Unauthenticated, NotFound), **PDF},
)
async def get_document(session: Uow, actor: CurrentActor, contract_id: UUID) -> Response:
    """The PDF of the text in force with the certificate signatures that it has."""
    content = await signing.document(session, actor, contract_id)
    return Response(
        content,
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="contract-{contract_id}.pdf"'},
    )


@signatures.get("/{contract_id}/verification", responses=declared(Unauthenticated, NotFound))
async def verify_document(
    request: Request, session: Uow, actor: CurrentActor, contract_id: UUID
) -> VerificationView:
    """Who signed the PDF in force with which certificate and when, by the library's validator."""
    known = await pens(request.app.state.settings)
    return await signing.verification(session, actor, contract_id, known)
