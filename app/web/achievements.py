"""Pages of achievements: list, one of them with its staged disclosure, entering and publishing."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.achievements import clearances, documents, queries, service
from app.achievements.schemas import (
    AchievementEdit,
    AchievementReview,
    NewAchievement,
    NewClearance,
)
from app.demands.solutions import SOLVERS
from app.kit.errors import Unprocessable
from app.kit.http import BadCursor, PageRequest, cursor_id, make_page
from app.parties import service as parties
from app.standard import service as standard
from app.web import texts
from app.web.forms import Complaint, whole
from app.web.organisations import paging
from app.web.search import similar
from app.web.visit import Form, Posted, Visit, Visitor
from search.protocol import Kind

router = APIRouter(include_in_schema=False)
_IPC = re.compile(r"[A-H][0-9A-Z/]{0,15}")
_OWNER = re.compile(r"(?P<name>.+?)[\s,，:：]+(?P<share>[0-9]{1,3}(?:\.[0-9]{1,2})?)\s*[%％]?")
_BETWEEN = re.compile(r"[\s、,，]+")
_RIGHTS = range(3)
_OFFER_TEXTS = ("advantages", "stage", "partner_role", "client_size", "expires_on")
_OFFER_WORDS = ("keywords", "market_keywords")
_SHOWN_READINGS = 20

CLEARANCES: dict[str, texts.Pair] = {
    "co_owner_consent:consents": ("共有权利人同意", "Co-owner consents"),
    "inventor_statement:waived": ("完成人放弃优先受让权", "Inventor waives first refusal"),
    "inventor_statement:reserved": ("完成人保留优先受让权", "Inventor reserves first refusal"),
    "pledge:pledged": ("已质押", "Pledged"),
    "pledgee_consent:consents": ("质权人同意", "Pledgee consents"),
    "funding_approval:approved": ("项目管理机构批准", "Programme authority approves"),
    "export_licence:approved": ("技术出口许可", "Export licence"),
    "unfiled_invention:unfiled": ("发明尚未申请专利", "Invention not filed yet"),
}
"""What clearances say, by kind and statement."""


class BadOwnerLine(Unprocessable):
    """A line of the form's other owners cannot be read."""

    code = "bad_owner_line"
    zh = "“{line}”应为“名称 百分比”,例如“某某研究院 30”"
    en = "'{line}' must be a name and a percentage, such as 'Some Institute 30'"


@router.get("/achievements")
async def achievement_list(
    visit: Visit,
    q: str = "",
    field: str = "",
    ipc: str = "",
    trl: str = "",
    mode: str = "",
    party: str = "",
    mine: str = "",
    review: str = "",
    sort: str = "newest",
    cursor: str = "",
) -> Response:
    """Published achievements, the own ones, or those that wait for an operator's review."""
    page = paging(cursor)
    symbol = ipc.replace(" ", "").upper()
    sort = sort if sort in {"newest", "oldest", "title"} else "newest"
    wanted = queries.Wanted(
        q=q.strip()[:100] or None,
        technical_field=field or None,
        ipc=symbol if _IPC.fullmatch(symbol) else None,
        trl_min=int(trl) if re.fullmatch("[1-9]", trl) else None,
        transfer_mode=mode or None,
        party_id=_uuid(party),
        mine=bool(mine) and visit.actor is not None,
        review="waiting" if review else None,
    )
    rows = await queries.achievement_list(
        visit.session,
        visit.actor,
        wanted,
        sort=sort,
        after=_after(page, sort),
        limit=page.limit + 1,
    )
    items, following = make_page(
        rows, page, lambda row: [row.title, row.id] if sort == "title" else [row.id]
    )
    shown = await queries.views(visit.session, visit.actor, items, visit.now)
    posters = [one.lead_party_id for one in shown if one.lead_party_id is not None]
    names = await parties.facts_of(visit.session, posters)
    wrong = []
    if symbol and wanted.ipc is None:
        wrong = [Complaint("ipc", visit.t("应为 IPC 分类号的开头", "The beginning of a symbol"))]
    return visit.page(
        "achievements.html",
        items=shown,
        names=names,
        next_cursor=following,
        complaints=wrong,
        filters={
            "q": q,
            "field": field,
            "ipc": ipc,
            "trl": trl,
            "mode": mode,
            "party": party,
            "mine": mine,
            "review": review,
            "sort": sort,
        },
        party=names.get(wanted.party_id) if wanted.party_id else None,
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _after(page: PageRequest, sort: str) -> Sequence[Any] | None:
    last = cursor_id(page)
    if last is None or page.after is None:
        return None
    if sort != "title":
        return [last]
    if len(page.after) != 2 or not isinstance(page.after[0], str):
        raise BadCursor(field="query.cursor")
    return [page.after[0], last]


@router.get("/achievements/new")
async def new_page(visit: Visit) -> Response:
    """The form of a new achievement."""
    visit.require_actor().require_role("trader")
    return _form(visit, {}, [], [], 200)


@router.post("/achievements/new")
async def create(visit: Visit, form: Posted) -> Response:
    """Enter an achievement as a draft."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        values = _values(form, actor.party_id)
        made = await service.create(visit.session, actor, NewAchievement.model_validate(values))
        new_id = made.id
    if attempt.failed:
        chosen = form.texts("transfer_modes")
        return _form(visit, form.values(), chosen, attempt.complaints, attempt.status)
    return visit.go(f"/achievements/{new_id}", "saved")


def _form(
    visit: Visitor,
    values: dict[str, str],
    modes: list[str],
    said: list[Complaint],
    status: int,
) -> Response:
    return visit.page(
        "achievement_new.html",
        status,
        values=values,
        modes=modes,
        right_rows=list(_RIGHTS),
        complaints=said,
    )


def _values(form: Form, party_id: UUID | None) -> dict[str, Any]:
    """What the form says, in the shape that the use case takes."""
    values: dict[str, Any] = {
        "title": form.text("title"),
        "summary": form.text("summary"),
        "details": form.text("details"),
        "ipc": form.text("ipc").replace(",", " ").replace("，", " ").split(),
        "transfer_modes": form.texts("transfer_modes"),
        "secrecy": form.text("secrecy") or "public",
        "persons": [
            {"name": line.strip()} for line in form.text("persons").splitlines() if line.strip()
        ],
        "rights": [right for row in _RIGHTS if (right := _right(form, row)) is not None],
    }
    for name in ("technical_field", "industry_code", "funding"):
        values[name] = form.text(name) or None
    values["anonymous"] = form.text("anonymous") == "1"
    if form.text("trl"):
        values["trl"] = whole("body.trl", form.text("trl"))
    owners = _owners(form.text("owners"), party_id)
    if owners:
        values["owners"] = owners
    return values


def _right(form: Form, row: int) -> dict[str, Any] | None:
    kind = form.text(f"right_type_{row}")
    number = form.text(f"right_number_{row}")
    if not kind and not number:
        return None
    return {
        "type": kind,
        "number": number or None,
        "expires_on": form.text(f"right_expires_{row}") or None,
    }


def _owners(text: str, party_id: UUID | None) -> list[dict[str, Any]]:
    """The other owners by line, and the poster with what is left; raises BadOwnerLine."""
    others: list[dict[str, Any]] = []
    for position, line in enumerate(filter(None, map(str.strip, text.splitlines()))):
        match = _OWNER.fullmatch(line)
        if match is None:
            raise BadOwnerLine(field=f"body.owners.{position}", line=line[:100])
        basis_points = int(Decimal(match["share"]) * 100)
        others.append({"name": match["name"].strip(), "share_bp": basis_points})
    if not others:
        return []
    rest = 10_000 - sum(owner["share_bp"] for owner in others)
    return [{"organisation_id": party_id, "share_bp": rest}, *others]


@router.get("/achievements/{achievement_id}")
async def achievement_page(visit: Visit, achievement_id: UUID) -> Response:
    """One achievement: its public part."""
    return await _show(visit, achievement_id, [], 200)


@router.post("/achievements/{achievement_id}/details")
async def read_details(visit: Visit, achievement_id: UUID, form: Posted) -> Response:
    """The restricted part; the reading is logged, so it takes a deliberate act."""
    del form
    actor = visit.require_actor()
    details = ""
    attempt = visit.attempt()
    async with attempt:
        row = await queries.read_details(visit.session, actor, achievement_id, visit.now)
        details = row.details
    return await _show(visit, achievement_id, attempt.complaints, attempt.status, details, True)


@router.post("/achievements/{achievement_id}/state")
async def change_state(visit: Visit, achievement_id: UUID, form: Posted) -> Response:
    """Publish or withdraw an achievement, or make its owner known."""
    actor = visit.require_actor()
    act = form.text("act")
    attempt = visit.attempt()
    async with attempt:
        if act == "withdraw":
            await service.withdraw(visit.session, actor, achievement_id)
        elif act == "name":
            named = AchievementEdit(anonymous=False)
            version = whole("body.version", form.text("version"))
            await service.edit(visit.session, actor, achievement_id, named, version)
        elif act == "renew":
            await service.renew(visit.session, actor, achievement_id, None)
        else:
            await service.publish(visit.session, actor, achievement_id, visit.now)
    if attempt.failed:
        return await _show(visit, achievement_id, attempt.complaints, attempt.status)
    saved = act in {"withdraw", "name", "renew"}
    return visit.go(f"/achievements/{achievement_id}", "saved" if saved else "published")


@router.post("/achievements/{achievement_id}/review")
async def review(visit: Visit, achievement_id: UUID, form: Posted) -> Response:
    """An operator approves an achievement, or withdraws it."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        said = {"act": form.text("act"), "reason": form.text("reason")[:2000]}
        decision = AchievementReview.model_validate(said)
        await service.review(visit.session, actor, achievement_id, decision)
    if attempt.failed:
        return await _show(visit, achievement_id, attempt.complaints, attempt.status)
    return visit.go(f"/achievements/{achievement_id}", "decided")


@router.post("/achievements/{achievement_id}/offer")
async def complete(visit: Visit, achievement_id: UUID, form: Posted) -> Response:
    """Set members of the standard that an achievement has no field of its own for."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        change: dict[str, Any] = {name: form.text(name) or None for name in _OFFER_TEXTS}
        for name in _OFFER_WORDS:
            words = _BETWEEN.split(form.text(name))
            change[name] = [word for word in dict.fromkeys(words) if word] or None
        version = whole("body.version", form.text("version"))
        edit = AchievementEdit(offer=change)
        await service.edit(visit.session, actor, achievement_id, edit, version)
    if attempt.failed:
        return await _show(
            visit, achievement_id, attempt.complaints, attempt.status, typed=form.values()
        )
    return visit.go(f"/achievements/{achievement_id}", "saved", "#offer")


@router.post("/achievements/{achievement_id}/clearances")
async def add_clearance(visit: Visit, achievement_id: UUID, form: Posted) -> Response:
    """Put a consent, statement, pledge or approval on record."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        kind, _, statement = form.text("says").partition(":")
        values = {name: form.text(name) for name in ("subject", "document", "dated_on")}
        new = NewClearance.model_validate(values | {"kind": kind, "statement": statement})
        await clearances.add(visit.session, actor, achievement_id, new, visit.now)
    if attempt.failed:
        return await _show(visit, achievement_id, attempt.complaints, attempt.status)
    return visit.go(f"/achievements/{achievement_id}", "saved", "#clearances")


def _typed(offer: dict[str, Any]) -> dict[str, str]:
    """Members of the standard as they are typed into the form."""
    return {name: offer.get(name, "") for name in _OFFER_TEXTS} | {
        name: "、".join(offer.get(name, ())) for name in _OFFER_WORDS
    }


async def _show(
    visit: Visitor,
    achievement_id: UUID,
    said: list[Complaint],
    status: int,
    details: str = "",
    disclosed: bool = False,
    typed: dict[str, str] | None = None,
) -> Response:
    visit.here = f"/achievements/{achievement_id}"
    row = await queries.get(visit.session, visit.actor, achievement_id, visit.now)
    [shown] = await queries.views(visit.session, visit.actor, [row], visit.now)
    members = await service.facts_of(visit.session, row.member_ids) if row.member_ids else {}
    owner = visit.is_party(row.lead_party_id, *row.owner_ids)
    readings: Sequence[Any] = []
    if owner and visit.actor is not None:
        readings = await queries.disclosures(
            visit.session, visit.actor, achievement_id, after=None, limit=_SHOWN_READINGS
        )
    readers = {item.client_id or item.organisation_id for item in readings}
    ids = [reader for reader in readers if reader is not None]
    return visit.page(
        "achievement.html",
        status,
        item=shown,
        members=[members[i] for i in row.member_ids if i in members],
        names=await parties.facts_of(visit.session, ids),
        owner=owner,
        reviewer=visit.has_role("operator") and not owner,
        offer=dict.fromkeys(standard.schema()["properties"]) | shown.offer,
        offer_values=typed or _typed(shown.offer),
        poster=visit.is_party(row.lead_party_id) and visit.has_role("trader"),
        files=await documents.listed(visit.session, visit.actor, achievement_id, visit.now),
        readings=readings,
        clearances=(
            await clearances.listed(visit.session, visit.actor, achievement_id)
            if owner and visit.actor is not None
            else []
        ),
        clearance_choices=[(key, visit.t(*CLEARANCES[key])) for key in CLEARANCES],
        clearance_names=CLEARANCES,
        details=details,
        may_contact=(
            not owner
            and (row.state, row.secrecy) == ("published", "public")
            and visit.has_role("trader")
            and visit.organisation is not None
            and visit.organisation.kind in SOLVERS
        ),
        disclosed=disclosed and not said,
        similar=await similar(visit, Kind.ACHIEVEMENT, achievement_id),
        complaints=said,
    )
