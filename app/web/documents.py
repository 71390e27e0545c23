"""Documents of achievements, applications and negotiations by page: upload and download.

Bytes move in no database transaction, so these do not use the transaction of the request.
"""

from collections.abc import AsyncIterator
from urllib.parse import quote
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.datastructures import UploadFile

from app.achievements import documents
from app.achievements.states import Audience
from app.contracts import service as contracts
from app.contracts.endpoints import content_of
from app.contracts.imports import text_of
from app.contracts.schemas import ContractEdit
from app.kit.errors import NotFound
from app.kit.storage import document_store
from app.kit.uploads import chunks
from app.listings import qualification
from app.negotiations import documents as secrets
from app.web import session
from app.web.contracts import show
from app.web.forms import whole
from app.web.visit import visitor

router = APIRouter(include_in_schema=False)


@router.get("/achievements/{achievement_id}/documents/{document_id}")
async def download(request: Request, achievement_id: UUID, document_id: UUID) -> Response:
    """A document's bytes, always as a file to save; the reading of a restricted one is logged."""
    async with request.app.state.sessions() as uow, uow.begin():
        visit = await visitor(request, uow)
        found = await documents.read(uow, visit.actor, achievement_id, document_id, visit.now)
    stored = await document_store(request.app.state.settings).open(found.sha256)
    return visit.finish(_saved(stored, found.name, found.media_type, found.size_bytes))


@router.post("/achievements/{achievement_id}/documents")
async def upload(request: Request, achievement_id: UUID) -> Response:
    """Add a document to an own achievement."""
    async with request.form(max_files=1, max_fields=10) as data:
        sent = data.get(session.FORM_FIELD, "")
        expected = request.cookies.get(session.CSRF, "")
        session.require_own_form(request, sent if isinstance(sent, str) else "", expected)
        file = data.get("file")
        if not isinstance(file, UploadFile):
            raise NotFound(field="body.file")
        audience = Audience.PUBLIC if data.get("audience") == "public" else Audience.RESTRICTED
        return await _add(request, achievement_id, file, audience)


async def _add(
    request: Request, achievement_id: UUID, file: UploadFile, audience: Audience
) -> Response:
    new = documents.described(file.filename, file.content_type, audience)
    sessions = request.app.state.sessions
    async with sessions() as uow, uow.begin():
        visit = await visitor(request, uow)
        actor = visit.require_actor()
        await documents.require_uploader(uow, actor, achievement_id)
    settings = request.app.state.settings
    stored = await document_store(settings).put(chunks(file), settings.upload_limit_bytes)
    async with sessions() as uow, uow.begin():
        await documents.add(uow, actor, achievement_id, new, stored)
    return visit.go(f"/achievements/{achievement_id}", "saved")


@router.get("/listings/{listing_id}/applications/{application_id}/documents/{document_id}")
async def download_paper(
    request: Request, listing_id: UUID, application_id: UUID, document_id: UUID
) -> Response:
    """A file of an application, for the applicant and operators."""
    async with request.app.state.sessions() as uow, uow.begin():
        visit = await visitor(request, uow)
        actor = visit.require_actor()
        found = await qualification.document(uow, actor, listing_id, application_id, document_id)
    stored = await document_store(request.app.state.settings).open(found.sha256)
    return visit.finish(_saved(stored, found.name, found.media_type, found.size_bytes))


@router.post("/listings/{listing_id}/applications/{application_id}/documents")
async def upload_paper(request: Request, listing_id: UUID, application_id: UUID) -> Response:
    """Add a file to an own application."""
    async with request.form(max_files=1, max_fields=10) as data:
        sent = data.get(session.FORM_FIELD, "")
        expected = request.cookies.get(session.CSRF, "")
        session.require_own_form(request, sent if isinstance(sent, str) else "", expected)
        file = data.get("file")
        if not isinstance(file, UploadFile):
            raise NotFound(field="body.file")
        where = (listing_id, application_id)
        return await _add_paper(request, where, file, str(data.get("requirement", "")))


async def _add_paper(
    request: Request, where: tuple[UUID, UUID], file: UploadFile, requirement: str
) -> Response:
    plain = documents.described(file.filename, file.content_type, Audience.RESTRICTED)
    new = qualification.described(requirement, plain.name, plain.media_type)
    sessions = request.app.state.sessions
    async with sessions() as uow, uow.begin():
        visit = await visitor(request, uow)
        actor = visit.require_actor()
        await qualification.require_uploader(uow, actor, *where, requirement)
    settings = request.app.state.settings
    stored = await document_store(settings).put(chunks(file), settings.upload_limit_bytes)
    async with sessions() as uow, uow.begin():
        await qualification.add_document(uow, actor, *where, new, stored)
    return visit.go(f"/listings/{where[0]}", "saved")


@router.get("/negotiations/{negotiation_id}/documents/{document_id}")
async def download_secret(request: Request, negotiation_id: UUID, document_id: UUID) -> Response:
    """A document under the confidentiality agreement; the other side's reading is logged."""
    async with request.app.state.sessions() as uow, uow.begin():
        visit = await visitor(request, uow)
        actor = visit.require_actor()
        found = await secrets.read(uow, actor, negotiation_id, document_id, visit.now)
    stored = await document_store(request.app.state.settings).open(found.sha256)
    return visit.finish(_saved(stored, found.name, found.media_type, found.size_bytes))


@router.post("/negotiations/{negotiation_id}/documents")
async def upload_secret(request: Request, negotiation_id: UUID) -> Response:
    """Show the other side of a negotiation a file."""
    async with request.form(max_files=1, max_fields=10) as data:
        sent = data.get(session.FORM_FIELD, "")
        expected = request.cookies.get(session.CSRF, "")
        session.require_own_form(request, sent if isinstance(sent, str) else "", expected)
        file = data.get("file")
        if not isinstance(file, UploadFile):
            raise NotFound(field="body.file")
        return await _add_secret(request, negotiation_id, file)


async def _add_secret(request: Request, negotiation_id: UUID, file: UploadFile) -> Response:
    new = documents.described(file.filename, file.content_type, Audience.RESTRICTED)
    sessions = request.app.state.sessions
    async with sessions() as uow, uow.begin():
        visit = await visitor(request, uow)
        actor = visit.require_actor()
        await secrets.require_uploader(uow, actor, negotiation_id)
    settings = request.app.state.settings
    stored = await document_store(settings).put(chunks(file), settings.upload_limit_bytes)
    async with sessions() as uow, uow.begin():
        await secrets.add(uow, actor, negotiation_id, new.name, new.media_type, stored)
    return visit.go(f"/negotiations/{negotiation_id}", "saved", "#documents")


def _saved(content: AsyncIterator[bytes], name: str, media_type: str, size: int) -> Response:
    """Bytes, always as a file to save."""
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Length": str(size),
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "sandbox",
    }
    return StreamingResponse(content, media_type=media_type, headers=headers)


@router.post("/contracts/{contract_id}/text")
async def upload_text(request: Request, contract_id: UUID) -> Response:
    """Bring an own text to a draft, from a PDF or a plain text file."""
    async with request.form(max_files=1, max_fields=10) as data:
        sent = data.get(session.FORM_FIELD, "")
        expected = request.cookies.get(session.CSRF, "")
        session.require_own_form(request, sent if isinstance(sent, str) else "", expected)
        file, version = data.get("file"), data.get("version")
        if not isinstance(file, UploadFile) or not isinstance(version, str):
            raise NotFound(field="body.file")
        content = await content_of(file)
        name = file.filename or ""
    async with request.app.state.sessions() as uow, uow.begin():
        visit = await visitor(request, uow)
        actor = visit.require_actor()
        attempt = visit.attempt()
        async with attempt:
            text = await to_thread.run_sync(text_of, content)
            change = {"full_text": text, "full_text_name": name[:200] or None}
            read = whole("body.version", version)
            await contracts.edit(uow, actor, contract_id, ContractEdit.model_validate(change), read)
        if attempt.failed:
            return await show(visit, contract_id, attempt.complaints, attempt.status)
    return visit.go(f"/contracts/{contract_id}", "saved")
