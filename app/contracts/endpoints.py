"""HTTP of the contracts module."""

from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response, UploadFile
from starlette import datastructures

from app.contracts import imports, service
from app.contracts.errors import (
    ClassFixedByDeal,
    EmptyTerm,
    LicenceOutlastsPatent,
    LicenceTermMissing,
    NonTechnicalExceedsTotal,
    NotABroker,
    PatentTermsMissing,
    PatentUnknown,
    PaymentTermsWrong,
    SubClassMismatch,
    SubjectExceedsItem,
    TextFileEmpty,
    TextFileNotRead,
    TextFileTooLong,
)
from app.contracts.schemas import (
    ContractEdit,
    ContractRow,
    ContractView,
    DifferenceView,
    FindingView,
    TemplateView,
    TextRow,
    TextView,
)
from app.contracts.states import ContractState
from app.kit import clock
from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import (
    IllegalMove,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unauthenticated,
)
from app.kit.errors import problems as declared
from app.kit.http import BadCursor, IfMatch, Page, Paging, cursor_id, etag, make_page, trade_router
from app.kit.problems import TooLarge
from app.kit.uploads import signed_in

contracts = trade_router("/contracts", "contracts")
routers: tuple[APIRouter, ...] = (contracts,)

MOST_BYTES = 10 * 1024 * 1024
_ACT = (Unauthenticated, RoleRequired, ScopeRequired, NotFound, IllegalMove)


@contracts.get("", responses=declared(Unauthenticated, BadCursor))
async def list_contracts(
    session: Uow,
    actor: CurrentActor,
    page: Paging,
    state: ContractState | None = None,
    deal_id: UUID | None = None,
) -> Page[ContractRow]:
    """The acting party's contracts, the newest first; regulators see all."""
    rows = await service.contract_list(
        session, actor, state=state, deal_id=deal_id, after=cursor_id(page), limit=page.limit + 1
    )
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=[ContractRow.model_validate(row) for row in items], next_cursor=cursor)


@contracts.get("/templates", responses=declared())
async def list_templates() -> list[TemplateView]:
    """The templates of the package with their classes and dates, the oldest first."""
    return service.template_list()


@contracts.get("/{contract_id}", responses=declared(Unauthenticated, NotFound))
async def get_contract(
    response: Response, session: Uow, actor: CurrentActor, contract_id: UUID
) -> ContractView:
    """One contract with its text, for its parties and regulators."""
    contract = await service.get(session, actor, contract_id)
    response.headers["ETag"] = etag(contract.version)
    return await service.view(session, contract)


@contracts.get("/{contract_id}/versions", responses=declared(Unauthenticated, NotFound))
async def list_versions(session: Uow, actor: CurrentActor, contract_id: UUID) -> list[TextRow]:
    """All texts that the contract had, the first one first."""
    rows = await service.text_list(session, actor, contract_id)
    return [TextRow.model_validate(row) for row in rows]


@contracts.get(
    "/{contract_id}/versions/{text_version}", responses=declared(Unauthenticated, NotFound)
)
async def get_version(
    session: Uow,
    actor: CurrentActor,
    contract_id: UUID,
    text_version: Annotated[int, Path(ge=1, le=1_000_000)],
) -> TextView:
    """One text that the contract had, in full."""
    found = await service.text_version(session, actor, contract_id, text_version)
    return TextView.model_validate(found)


@contracts.patch(
    "/{contract_id}",
    responses=declared(
        *_ACT,
        PreconditionFailed,
        PreconditionRequired,
        ClassFixedByDeal,
        SubClassMismatch,
        NonTechnicalExceedsTotal,
        SubjectExceedsItem,
        PaymentTermsWrong,
        PatentUnknown,
        LicenceOutlastsPatent,
        NotABroker,
    ),
)
async def edit_contract(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    contract_id: UUID,
    version: IfMatch,
    change: ContractEdit,
) -> ContractView:
    """Change the terms of a draft; either party may. The text is generated anew."""
    contract = await service.edit(session, actor, contract_id, change, version)
    response.headers["ETag"] = etag(contract.version)
    return await service.view(session, contract)


@contracts.put(
    "/{contract_id}/text",
    responses=declared(
        *_ACT,
        PreconditionFailed,
        PreconditionRequired,
        TooLarge,
        TextFileNotRead,
        TextFileEmpty,
        TextFileTooLong,
    ),
)
async def upload_text(
    request: Request, response: Response, contract_id: UUID, version: IfMatch, file: UploadFile
) -> ContractView:
    """Bring an own text to a draft, from a PDF or a plain text file: a new version of the text."""
    actor = await signed_in(request)
    text = await to_thread.run_sync(imports.text_of, await content_of(file))
    change = {"full_text": text, "full_text_name": (file.filename or "")[:200] or None}
    async with request.app.state.sessions() as session, session.begin():
        contract = await service.edit(
            session, actor, contract_id, ContractEdit.model_validate(change), version
        )
        response.headers["ETag"] = etag(contract.version)
        return await service.view(session, contract)


async def content_of(file: datastructures.UploadFile) -> bytes:
    """The bytes of a text file; raises TooLarge."""
    content = await file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise TooLarge(limit_bytes=MOST_BYTES)
    return content


@contracts.post(
    "/{contract_id}/propose",
    responses=declared(*_ACT, EmptyTerm, PatentTermsMissing, LicenceTermMissing),
)
async def propose_contract(
    response: Response, session: Uow, actor: CurrentActor, contract_id: UUID
) -> ContractView:
    """Freeze the text for signing; either party may."""
    contract = await service.propose(session, actor, contract_id)
    response.headers["ETag"] = etag(contract.version)
    return await service.view(session, contract)


@contracts.post("/{contract_id}/withdraw-proposal", responses=declared(*_ACT))
async def withdraw_proposal(
    response: Response, session: Uow, actor: CurrentActor, contract_id: UUID
) -> ContractView:
    """Take a text that is not signed by both back to draft; either party may."""
    contract = await service.withdraw_proposal(session, actor, contract_id)
    response.headers["ETag"] = etag(contract.version)
    return await service.view(session, contract)


@contracts.get("/{contract_id}/findings", responses=declared(Unauthenticated, NotFound))
async def list_findings(session: Uow, actor: CurrentActor, contract_id: UUID) -> list[FindingView]:
    """What the checks before signing find in the text in force, those that block first."""
    return await service.findings(session, actor, contract_id, await clock.now(session))


@contracts.get(
    "/{contract_id}/versions/{text_version}/difference",
    responses=declared(Unauthenticated, NotFound),
)
async def get_difference(
    session: Uow,
    actor: CurrentActor,
    contract_id: UUID,
    text_version: Annotated[int, Path(ge=1, le=1_000_000)],
    since: Annotated[int, Query(ge=1, le=1_000_000, description="the version compared with")],
) -> DifferenceView:
    """How a version of the text differs from an earlier one, line by line."""
    return await service.difference(session, actor, contract_id, since, text_version)
