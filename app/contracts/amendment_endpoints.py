"""HTTP of changes, supplements, transfers of a position, and terminations."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from app.contracts import amending, signing
from app.contracts.amendment_schemas import (
    AmendmentAnswer,
    AmendmentSigning,
    AmendmentStart,
    AmendmentView,
    NewAmendment,
)
from app.contracts.errors import (
    AlreadySigned,
    AmendmentContentWrong,
    AmendmentOpen,
    CertificateNeeded,
    CertificateOfAnother,
    LicenceOutlastsPatent,
    NoCertificateSource,
    NonTechnicalExceedsTotal,
    NotASigner,
    NoticeNotMature,
    NotInForce,
    NotYourAnswer,
    PatentUnknown,
    PaymentTermsWrong,
    SignatureWrong,
    SigningOutdated,
    StaleText,
    SubjectExceedsItem,
)
from app.contracts.schemas import CmsUpload, SigningRequestView
from app.contracts.signing_endpoints import PDF, pens
from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import trade_router

amendments = trade_router("/contracts", "contracts")
routers: tuple[APIRouter, ...] = (amendments,)

Number = Annotated[int, Path(ge=1, le=10_000)]
_ACT = (Unauthenticated, RoleRequired, ScopeRequired, NotFound)
_SIGN = (*_ACT, IllegalMove, StaleText, AlreadySigned, NotASigner)


@amendments.get("/{contract_id}/amendments", responses=declared(Unauthenticated, NotFound))
async def list_amendments(
    session: Uow, actor: CurrentActor, contract_id: UUID
) -> list[AmendmentView]:
    """What was proposed about a signed contract, with texts and signatures."""
    return await amending.listed(session, actor, contract_id)


@amendments.post(
    "/{contract_id}/amendments",
    status_code=201,
    responses=declared(
        *_ACT,
        NotInForce,
        AmendmentOpen,
        AmendmentContentWrong,
        NoticeNotMature,
        NotYourAnswer,
        PaymentTermsWrong,
        PatentUnknown,
        LicenceOutlastsPatent,
        NonTechnicalExceedsTotal,
        SubjectExceedsItem,
    ),
)
async def propose_amendment(
    session: Uow, actor: CurrentActor, contract_id: UUID, new: NewAmendment
) -> AmendmentView:
    """Propose a change, a supplement, a transfer of one's position, or a termination."""
    return await amending.propose(session, actor, contract_id, new)


@amendments.post(
    "/{contract_id}/amendments/{number}/sign",
    responses=declared(*_SIGN, CertificateNeeded, NoCertificateSource),
)
async def sign_amendment(
    request: Request,
    session: Uow,
    actor: CurrentActor,
    contract_id: UUID,
    number: Number,
    given: AmendmentSigning,
) -> AmendmentView:
    """Sign an amendment; the last signature that it needs puts it into effect."""
    known = await pens(request.app.state.settings)
    return await amending.sign(
        session, actor, contract_id, number, given.text_sha256, given.method, known
    )


@amendments.post(
    "/{contract_id}/amendments/{number}/signing-requests",
    status_code=201,
    responses=declared(*_SIGN),
)
async def ask_to_sign_amendment(
    session: Uow, actor: CurrentActor, contract_id: UUID, number: Number, start: AmendmentStart
) -> SigningRequestView:
    """Ask for the digest of an amendment, to be signed with one's own certificate."""
    return await amending.ask(session, actor, contract_id, number, start.text_sha256)


@amendments.post(
    "/{contract_id}/amendments/{number}/signing-requests/{request_id}/complete",
    responses=declared(*_SIGN, SigningOutdated, SignatureWrong, CertificateOfAnother),
)
async def complete_amendment(
    request: Request,
    session: Uow,
    actor: CurrentActor,
    contract_id: UUID,
    number: Number,
    request_id: UUID,
    upload: CmsUpload,
) -> AmendmentView:
    """Hand in the CMS object over the digest of an amendment."""
    known = await pens(request.app.state.settings)
    content = signing.decoded(upload.cms_base64)
    return await amending.finish(session, actor, contract_id, number, request_id, content, known)


@amendments.post(
    "/{contract_id}/amendments/{number}/decline",
    responses=declared(*_ACT, IllegalMove, NotASigner),
)
async def decline_amendment(
    session: Uow, actor: CurrentActor, contract_id: UUID, number: Number, given: AmendmentAnswer
) -> AmendmentView:
    """Take back one's own proposal, or reject another's."""
    return await amending.decline(session, actor, contract_id, number, given.reason)


@amendments.get(
    "/{contract_id}/amendments/{number}/document",
    response_class=Response,
    responses={**declared(Unauthenticated, NotFound), **PDF},
)
async def get_amendment_document(
    session: Uow, actor: CurrentActor, contract_id: UUID, number: Number
) -> Response:
    """The PDF of an amendment with its certificate signatures."""
    content = await amending.document(session, actor, contract_id, number)
    name = f'attachment; filename="contract-{contract_id}-{number}.pdf"'
    return Response(content, media_type="application/pdf", headers={"Content-Disposition": name})
