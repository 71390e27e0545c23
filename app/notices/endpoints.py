"""HTTP of the notices module."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.achievements.errors import AchievementNotPublished, OwnerAnonymous
from app.kit.actor import CurrentActor, OptionalActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import (
    IllegalMove,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unauthenticated,
)
from app.kit.errors import problems as declared
from app.kit.http import BadCursor, IfMatch, Page, Paging, UnknownValue, etag, trade_router
from app.kit.idempotency import Idempotent
from app.notices import queries, service
from app.notices.errors import (
    AlreadyObjected,
    InterestNotMarked,
    InterestUnexplained,
    NoStanding,
    NothingChanged,
    NoticeMannerMismatch,
    NoticeNotOpen,
    NoticeReasonRequired,
    NoticeTooShort,
    NoTransfer,
    OwnObjection,
    TakerUnclear,
)
from app.notices.models import Notice
from app.notices.schemas import (
    EditionView,
    NewNotice,
    NewObjection,
    NoticeEdit,
    NoticeRuleSetView,
    NoticeView,
    NoticeWithdrawal,
    ObjectionDecision,
    ObjectionView,
)
from app.notices.states import NoticeState

notices = trade_router("/notices", "notices")
routers: tuple[APIRouter, ...] = (notices,)

ACTING = (Unauthenticated, RoleRequired, ScopeRequired, NotFound)
CONTENT = (
    AchievementNotPublished,
    OwnerAnonymous,
    UnknownValue,
    NoticeTooShort,
    NoTransfer,
    NoticeMannerMismatch,
    TakerUnclear,
    InterestNotMarked,
    InterestUnexplained,
)


def _shown(response: Response, notice: Notice) -> NoticeView:
    response.headers["ETag"] = etag(notice.version)
    return NoticeView.model_validate(notice)


@notices.post("", status_code=201, dependencies=[Idempotent], responses=declared(*ACTING, *CONTENT))
async def create_notice(
    response: Response, session: Uow, actor: CurrentActor, new: NewNotice
) -> NoticeView:
    """Draft a price notice (协议定价公示) of an own, published achievement."""
    notice = await service.create(session, actor, new)
    response.headers["Location"] = f"/api/v1/notices/{notice.id}"
    return _shown(response, notice)


@notices.get("", responses=declared(BadCursor))
async def list_notices(
    session: Uow,
    actor: OptionalActor,
    request: Paging,
    state: NoticeState | None = None,
    achievement_id: UUID | None = None,
    publisher_id: UUID | None = None,
) -> Page[NoticeView]:
    """Notices that were published, the newest first; with the own `publisher_id` also drafts."""
    return await queries.listed(
        session,
        actor,
        state=state,
        achievement_id=achievement_id,
        publisher_id=publisher_id,
        request=request,
    )


@notices.get("/rule-sets")
async def list_notice_rules() -> list[NoticeRuleSetView]:
    """The rules of notices: least days, terms, their sources, what is to be verified."""
    return queries.rule_sets()


@notices.get("/{notice_id}", responses=declared(NotFound))
async def get_notice(
    response: Response, session: Uow, actor: OptionalActor, notice_id: UUID
) -> NoticeView:
    """One notice."""
    shown = await queries.get(session, actor, notice_id)
    response.headers["ETag"] = etag(shown.version)
    return shown


@notices.get("/{notice_id}/editions", responses=declared(NotFound))
async def list_editions(session: Uow, actor: OptionalActor, notice_id: UUID) -> list[EditionView]:
    """Everything that the notice made public, the first edition first."""
    return await queries.editions(session, actor, notice_id)


@notices.patch(
    "/{notice_id}",
    responses=declared(*ACTING, IllegalMove, PreconditionFailed, PreconditionRequired, *CONTENT),
)
async def edit_notice(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    notice_id: UUID,
    version: IfMatch,
    change: NoticeEdit,
) -> NoticeView:
    """Change a draft; what is public is changed by republication."""
    return _shown(response, await service.edit(session, actor, notice_id, change, version))


@notices.post("/{notice_id}/publish", responses=declared(*ACTING, IllegalMove, *CONTENT))
async def publish_notice(
    response: Response, session: Uow, actor: CurrentActor, notice_id: UUID
) -> NoticeView:
    """Make a draft public; its days count from the day after."""
    return _shown(response, await service.publish(session, actor, notice_id))


@notices.post(
    "/{notice_id}/republish",
    responses=declared(*ACTING, IllegalMove, NothingChanged, *CONTENT),
)
async def republish_notice(
    response: Response, session: Uow, actor: CurrentActor, notice_id: UUID, change: NoticeEdit
) -> NoticeView:
    """Make a changed notice public as its next edition; all of its days count anew."""
    return _shown(response, await service.republish(session, actor, notice_id, change))


@notices.post(
    "/{notice_id}/withdraw", responses=declared(*ACTING, IllegalMove, NoticeReasonRequired)
)
async def withdraw_notice(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    notice_id: UUID,
    withdrawal: NoticeWithdrawal,
) -> NoticeView:
    """The publisher takes a notice back."""
    return _shown(response, await service.withdraw(session, actor, notice_id, withdrawal.reason))


@notices.post(
    "/{notice_id}/objections",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        Unauthenticated, ScopeRequired, NotFound, NoStanding, NoticeNotOpen, AlreadyObjected
    ),
)
async def object_to_notice(
    response: Response, session: Uow, actor: CurrentActor, notice_id: UUID, new: NewObjection
) -> ObjectionView:
    """Object to a notice within its period; the count stops until the objection is decided."""
    objection = await service.file_objection(session, actor, notice_id, new.grounds)
    response.headers["Location"] = f"/api/v1/notices/{notice_id}/objections"
    return await queries.objection_view(session, actor, objection)


@notices.get("/{notice_id}/objections", responses=declared(NotFound))
async def list_objections(
    session: Uow, actor: OptionalActor, notice_id: UUID
) -> list[ObjectionView]:
    """Objections and their outcome; who made them and why only for those concerned."""
    return await queries.objections(session, actor, notice_id)


@notices.post(
    "/{notice_id}/objections/{objection_id}/decision",
    responses=declared(*ACTING, IllegalMove, OwnObjection, NoticeReasonRequired),
)
async def decide_objection(
    session: Uow,
    actor: CurrentActor,
    notice_id: UUID,
    objection_id: UUID,
    decision: ObjectionDecision,
) -> ObjectionView:
    """The publisher or an operator decides an objection; the reasons are published."""
    objection = await service.decide(session, actor, notice_id, objection_id, decision)
    return await queries.objection_view(session, actor, objection)


@notices.post(
    "/{notice_id}/objections/{objection_id}/withdraw",
    responses=declared(Unauthenticated, ScopeRequired, NotFound, IllegalMove),
)
async def withdraw_objection(
    session: Uow, actor: CurrentActor, notice_id: UUID, objection_id: UUID
) -> ObjectionView:
    """Who objected takes the objection back."""
    objection = await service.withdraw_objection(session, actor, notice_id, objection_id)
    return await queries.objection_view(session, actor, objection)
