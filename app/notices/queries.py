"""Reads of the notices module."""

from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import Actor
from app.kit.http import Page, PageRequest, cursor_id, make_page
from app.notices import access, repository, rules
from app.notices.models import Notice, Objection
from app.notices.schemas import EditionView, NoticeRuleSetView, NoticeView, ObjectionView
from app.notices.states import NoticeState

due = repository.due
overdue = repository.overdue


async def get(session: AsyncSession, actor: Actor | None, notice_id: UUID) -> NoticeView:
    """One notice, if the actor may see it."""
    found = access.visible(actor, await repository.notice(session, notice_id))
    return NoticeView.model_validate(found)


async def listed(
    session: AsyncSession,
    actor: Actor | None,
    *,
    state: NoticeState | None,
    achievement_id: UUID | None,
    publisher_id: UUID | None,
    request: PageRequest,
) -> Page[NoticeView]:
    """A page of notices: published ones, and with the own `publisher_id` drafts too."""
    reach: Literal["public", "overseer", "own"] = "public"
    if actor is not None and publisher_id is not None and actor.party_id == publisher_id:
        reach = "own"
    elif access.oversees(actor):
        reach = "overseer"
    rows = await repository.notices(
        session,
        reach=reach,
        state=None if state is None else state.value,
        achievement_id=achievement_id,
        publisher_id=publisher_id,
        after=cursor_id(request),
        limit=request.limit + 1,
    )
    items, cursor = make_page(rows, request, lambda row: [row.id])
    return Page(items=[NoticeView.model_validate(row) for row in items], next_cursor=cursor)


async def editions(
    session: AsyncSession, actor: Actor | None, notice_id: UUID
) -> list[EditionView]:
    """What a notice made public, the first edition first."""
    access.visible(actor, await repository.notice(session, notice_id))
    rows = await repository.editions(session, notice_id)
    return [EditionView.model_validate(row) for row in rows]


async def objections(
    session: AsyncSession, actor: Actor | None, notice_id: UUID
) -> list[ObjectionView]:
    """Objections to a notice with their outcome, as much of each as the actor may see."""
    notice = access.visible(actor, await repository.notice(session, notice_id))
    rows = await repository.objections(session, notice_id)
    return [_view(actor, notice, row) for row in rows]


async def objection_view(
    session: AsyncSession, actor: Actor, objection: Objection
) -> ObjectionView:
    """An objection after an act on it."""
    notice = await repository.notice(session, objection.notice_id)
    assert notice is not None
    return _view(actor, notice, objection)


def _view(actor: Actor | None, notice: Notice, objection: Objection) -> ObjectionView:
    shown = ObjectionView.model_validate(objection)
    if not access.sees_grounds(actor, notice, objection):
        shown.person_id = shown.organisation_id = shown.grounds = None
    return shown


def rule_sets() -> list[NoticeRuleSetView]:
    """The rules of notices of every time."""
    return [NoticeRuleSetView.model_validate(found) for found in rules.RULE_SETS]
