"""HTTP of the achievements module."""

import tempfile
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Form, Query, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import clearances, documents, grants, imports, profiles, queries, service
from app.achievements.errors import (
    AnonymityOver,
    BadHeader,
    BadIpc,
    BadPackageMember,
    BadRightNumber,
    ClearanceDates,
    ClearanceExists,
    ClearanceStatement,
    ClearanceSubject,
    ConfidentialNotPublic,
    DetailsNotGranted,
    DocumentEmpty,
    DocumentNameNeeded,
    FieldNeeded,
    GranteeUnknown,
    GrantEnded,
    ImportRefused,
    MemberFollows,
    NoRight,
    NotAnOffer,
    OwnerTwice,
    OwnerUnclear,
    OwnerUnknown,
    PersonUnknown,
    PosterNotOwner,
    RightKindMismatch,
    RightNumberMissing,
    RightTwice,
    SharesNotWhole,
)
from app.achievements.models import Achievement
from app.achievements.schemas import (
    AchievementEdit,
    AchievementImport,
    AchievementView,
    ClearanceRevocation,
    ClearanceView,
    DetailsView,
    DisclosureView,
    DocumentView,
    GrantView,
    NewAchievement,
    NewClearance,
    NewGrant,
    NewPackage,
)
from app.achievements.states import AchievementKind, AchievementState, Audience
from app.kit import clock
from app.kit.actor import Actor, CurrentActor, OptionalActor
from app.kit.db import Sessions, Uow
from app.kit.errors import (
    Forbidden,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unauthenticated,
)
from app.kit.errors import problems as declared
from app.kit.http import (
    BadCursor,
    IfMatch,
    Page,
    Paging,
    UnknownValue,
    cursor_id,
    etag,
    make_page,
    trade_router,
)
from app.kit.idempotency import Idempotent
from app.kit.problems import TooLarge
from app.kit.storage import StorageUnavailable, document_store
from app.kit.uploads import chunks, signed_in
from app.parties import service as parties
from app.standard.errors import NotAnonymous, ProfileInvalid
from app.standard.service import ProfileDocument

achievements = trade_router("/achievements", "achievements")
packages = trade_router("/packages", "achievements")
routers: tuple[APIRouter, ...] = (achievements, packages)

_SIGNED_IN = (Unauthenticated, Forbidden)
_OWN = (*_SIGNED_IN, NotFound)
_CONTENT = (
    SharesNotWhole,
    OwnerUnclear,
    OwnerUnknown,
    OwnerTwice,
    PosterNotOwner,
    BadRightNumber,
    RightNumberMissing,
    RightKindMismatch,
    RightTwice,
    UnknownValue,
    BadIpc,
    FieldNeeded,
    PersonUnknown,
    NotAnonymous,
    ProfileInvalid,
    MemberFollows,
    NotAnOffer,
)
Text = Annotated[str | None, Query(min_length=1, max_length=100)]
Code = Annotated[str | None, Query(min_length=1, max_length=64)]


async def _shown(
    response: Response, session: AsyncSession, actor: Actor, achievement: Achievement
) -> AchievementView:
    response.headers["ETag"] = etag(achievement.version)
    return (await queries.views(session, actor, [achievement], await clock.now(session)))[0]


async def _made(
    response: Response, session: AsyncSession, actor: Actor, achievement: Achievement
) -> AchievementView:
    response.headers["Location"] = f"/api/v1/achievements/{achievement.id}"
    return await _shown(response, session, actor, achievement)


@achievements.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*_SIGNED_IN, *_CONTENT),
)
async def create_achievement(
    response: Response, session: Uow, actor: CurrentActor, new: NewAchievement
) -> AchievementView:
    """Enter an achievement as a draft."""
    made = await service.create(session, actor, new)
    return await _made(response, session, actor, made)


IMPORT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/x-ndjson", "text/csv")
        },
    }
}


@achievements.post(
    "/import",
    status_code=201,
    openapi_extra=IMPORT_BODY,
    responses={
        200: {"model": AchievementImport, "description": "what the import would do (dry run)"},
        **declared(*_SIGNED_IN, ImportRefused, BadHeader, TooLarge),
    },
)
async def import_achievements(
    request: Request,
    response: Response,
    format: imports.Format,
    dry_run: bool = False,
) -> AchievementImport:
    """Import a CSV or JSON Lines file as drafts: every row or none.

    Rows that are known already are left out, so a retry is safe. A dry run checks and reports the
    same, with status 200, and writes nothing.
    """
    sessions: Sessions = request.app.state.sessions
    imports.require_importer(await signed_in(request))
    # The file is taken whole before a transaction begins: a slow sender must not hold one.
    with tempfile.TemporaryFile() as file:
        async for chunk in request.stream():
            await to_thread.run_sync(file.write, chunk)
        file.seek(0)
        actor = await signed_in(request)
        async with sessions() as session, session.begin():
            report = await imports.import_file(session, actor, file, format, dry_run=dry_run)
    if dry_run:
        response.status_code = 200
    return report


@packages.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*_SIGNED_IN, *_CONTENT, BadPackageMember),
)
async def create_package(
    response: Response, session: Uow, actor: CurrentActor, new: NewPackage
) -> AchievementView:
    """Put several single achievements of the own organisation into a package, as a draft."""
    made = await service.create_package(session, actor, new)
    return await _made(response, session, actor, made)


@achievements.get("", responses=declared(BadCursor, Unauthenticated))
async def list_achievements(
    session: Uow,
    actor: OptionalActor,
    page: Paging,
    q: Text = None,
    technical_field: Code = None,
    ipc: Annotated[str | None, Query(pattern=r"^[A-H][0-9A-Z/]{0,15}$")] = None,
    trl_min: Annotated[int | None, Query(ge=1, le=9)] = None,
    transfer_mode: Code = None,
    party_id: UUID | None = None,
    kind: AchievementKind | None = None,
    state: AchievementState | None = None,
    mine: Annotated[bool, Query(description="the own organisation's, drafts included")] = False,
    review: Annotated[
        Literal["waiting"] | None, Query(description="published, not reviewed; for overseers")
    ] = None,
    sort: Literal["newest", "oldest", "title"] = "newest",
) -> Page[AchievementView]:
    """Published achievements, or the own ones; `ipc` is the beginning of a symbol."""
    rows = await queries.achievement_list(
        session,
        actor,
        queries.Wanted(
            q=q,
            technical_field=technical_field,
            ipc=ipc,
            trl_min=trl_min,
            transfer_mode=transfer_mode,
            party_id=party_id,
            kind=None if kind is None else kind.value,
            state=state,
            mine=mine,
            review=review,
        ),
        sort=sort,
        after=_after(page, sort),
        limit=page.limit + 1,
    )
    items, cursor = make_page(
        rows, page, lambda row: [row.title, row.id] if sort == "title" else [row.id]
    )
    shown = await queries.views(session, actor, items, await clock.now(session))
    return Page(items=shown, next_cursor=cursor)


def _after(page: Paging, sort: str) -> Sequence[Any] | None:
    last = cursor_id(page)
    if last is None or page.after is None:
        return None
    if sort != "title":
        return [last]
    if len(page.after) != 2 or not isinstance(page.after[0], str) or "\0" in page.after[0]:
        raise BadCursor(field="query.cursor")
    return [page.after[0], last]


@achievements.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {}}, "description": "a profile a line"}},
)
async def export_achievements(request: Request) -> StreamingResponse:
    """Profiles of all achievements that everyone may see, as JSON Lines of the standard."""
    lines = profiles.export(request.app.state.sessions)
    return StreamingResponse(lines, media_type="application/x-ndjson")


@achievements.get("/{achievement_id}", responses=declared(NotFound, Unauthenticated))
async def get_achievement(
    response: Response, session: Uow, actor: OptionalActor, achievement_id: UUID
) -> AchievementView:
    """The public part of an achievement."""
    now = await clock.now(session)
    achievement = await queries.get(session, actor, achievement_id, now)
    response.headers["ETag"] = etag(achievement.version)
    return (await queries.views(session, actor, [achievement], now))[0]


@achievements.get("/{achievement_id}/profile", responses=declared(NotFound, Unauthenticated))
async def get_profile(session: Uow, actor: OptionalActor, achievement_id: UUID) -> ProfileDocument:
    """The public part of an achievement as an offer of the standard."""
    now = await clock.now(session)
    achievement = await queries.get(session, actor, achievement_id, now)
    poster = await parties.facts(session, achievement.lead_party_id)
    return profiles.profile(achievement, poster)


@achievements.patch(
    "/{achievement_id}",
    responses=declared(
        *_OWN,
        *_CONTENT,
        AnonymityOver,
        NoRight,
        ConfidentialNotPublic,
        PreconditionFailed,
        PreconditionRequired,
    ),
)
async def edit_achievement(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    achievement_id: UUID,
    version: IfMatch,
    change: AchievementEdit,
) -> AchievementView:
    """Change an achievement of the own organisation."""
    edited = await service.edit(session, actor, achievement_id, change, version)
    return await _shown(response, session, actor, edited)


@achievements.get(
    "/{achievement_id}/details", responses=declared(Unauthenticated, NotFound, DetailsNotGranted)
)
async def read_details(
    response: Response, session: Uow, actor: CurrentActor, achievement_id: UUID
) -> DetailsView:
    """The restricted part; every reading is logged for the owners to see."""
    now = await clock.now(session)
    achievement = await queries.read_details(session, actor, achievement_id, now)
    response.headers["ETag"] = etag(achievement.version)
    response.headers["Cache-Control"] = "no-store"
    return DetailsView.model_validate(achievement)


@achievements.post(
    "/{achievement_id}/grants",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(*_OWN, GranteeUnknown, GrantEnded),
)
async def grant_details(
    session: Uow, actor: CurrentActor, achievement_id: UUID, new: NewGrant
) -> GrantView:
    """Let an organisation read the details."""
    now = await clock.now(session)
    return GrantView.model_validate(
        await grants.grant_details(session, actor, achievement_id, new, now)
    )


@achievements.get("/{achievement_id}/grants", responses=declared(*_OWN, DetailsNotGranted))
async def list_grants(session: Uow, actor: CurrentActor, achievement_id: UUID) -> list[GrantView]:
    """Who was granted the details; for owners and overseers."""
    rows = await queries.grants(session, actor, achievement_id)
    return [GrantView.model_validate(row) for row in rows]


@achievements.post("/{achievement_id}/grants/{grant_id}/revoke", responses=declared(*_OWN))
async def revoke_grant(
    session: Uow, actor: CurrentActor, achievement_id: UUID, grant_id: UUID
) -> GrantView:
    """End a grant at once."""
    now = await clock.now(session)
    return GrantView.model_validate(
        await grants.revoke_grant(session, actor, achievement_id, grant_id, now)
    )


@achievements.get(
    "/{achievement_id}/disclosures", responses=declared(*_OWN, DetailsNotGranted, BadCursor)
)
async def list_disclosures(
    session: Uow, actor: CurrentActor, achievement_id: UUID, page: Paging
) -> Page[DisclosureView]:
    """Who read the details, the newest first; for owners and overseers."""
    rows = await queries.disclosures(
        session, actor, achievement_id, after=cursor_id(page), limit=page.limit + 1
    )
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=[DisclosureView.model_validate(row) for row in items], next_cursor=cursor)


@achievements.post(
    "/{achievement_id}/clearances",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        *_OWN, ClearanceStatement, ClearanceSubject, ClearanceDates, ClearanceExists
    ),
)
async def add_clearance(
    session: Uow, actor: CurrentActor, achievement_id: UUID, new: NewClearance
) -> ClearanceView:
    """Put a consent, statement, pledge or approval on record, which listings depend on."""
    now = await clock.now(session)
    found = await clearances.add(session, actor, achievement_id, new, now)
    return ClearanceView.model_validate(found)


@achievements.get("/{achievement_id}/clearances", responses=declared(*_OWN, DetailsNotGranted))
async def list_clearances(
    session: Uow, actor: CurrentActor, achievement_id: UUID
) -> list[ClearanceView]:
    """Clearances of an achievement, revoked ones too; for owners and overseers."""
    rows = await clearances.listed(session, actor, achievement_id)
    return [ClearanceView.model_validate(row) for row in rows]


@achievements.post("/{achievement_id}/clearances/{clearance_id}/revoke", responses=declared(*_OWN))
async def revoke_clearance(
    session: Uow,
    actor: CurrentActor,
    achievement_id: UUID,
    clearance_id: UUID,
    revocation: ClearanceRevocation,
) -> ClearanceView:
    """Note that a clearance does not hold any more; it stays on record."""
    now = await clock.now(session)
    found = await clearances.revoke(
        session, actor, achievement_id, clearance_id, revocation.reason, now
    )
    return ClearanceView.model_validate(found)


@achievements.post(
    "/{achievement_id}/documents",
    status_code=201,
    responses=declared(*_OWN, TooLarge, DocumentEmpty, DocumentNameNeeded, StorageUnavailable),
)
async def add_document(
    request: Request,
    response: Response,
    achievement_id: UUID,
    file: UploadFile,
    audience: Annotated[Audience, Form()] = Audience.RESTRICTED,
) -> DocumentView:
    """Add a file; the same bytes again give the same document, so a retry is safe."""
    sessions: Sessions = request.app.state.sessions
    new = documents.described(file.filename, file.content_type, audience)
    actor = await signed_in(request)
    async with sessions() as session, session.begin():
        await documents.require_uploader(session, actor, achievement_id)
    settings = request.app.state.settings
    stored = await document_store(settings).put(chunks(file), settings.upload_limit_bytes)
    async with sessions() as session, session.begin():
        document = await documents.add(session, actor, achievement_id, new, stored)
    response.headers["Location"] = f"/api/v1/achievements/{achievement_id}/documents/{document.id}"
    return DocumentView.model_validate(document)


@achievements.get("/{achievement_id}/documents", responses=declared(Unauthenticated, NotFound))
async def list_documents(
    session: Uow, actor: OptionalActor, achievement_id: UUID
) -> list[DocumentView]:
    """Files of an achievement that the caller may read."""
    rows = await documents.listed(session, actor, achievement_id, await clock.now(session))
    return [DocumentView.model_validate(row) for row in rows]


@achievements.get(
    "/{achievement_id}/documents/{document_id}",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "the file's bytes"},
        304: {"description": "the caller has these bytes"},
        **declared(Unauthenticated, NotFound, DetailsNotGranted, StorageUnavailable),
    },
)
async def download_document(request: Request, achievement_id: UUID, document_id: UUID) -> Response:
    """A file's bytes; the ETag is their SHA-256, and the reading of a restricted one is logged."""
    sessions: Sessions = request.app.state.sessions
    actor = await request.app.state.authenticate(request)
    async with sessions() as session, session.begin():
        now = await clock.now(session)
        document = await documents.read(session, actor, achievement_id, document_id, now)
    tag = f'"{document.sha256}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(document.name, safe='')}",
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    chunks = await document_store(request.app.state.settings).open(document.sha256)
    headers["Content-Length"] = str(document.size_bytes)
    return StreamingResponse(chunks, media_type=document.media_type, headers=headers)
