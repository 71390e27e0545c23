"""Pages of demands: list, one of them, posting and editing, review, solutions."""

import re
from typing import Any, cast
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.achievements import queries as achievement_queries
from app.demands import interests, queries, service, solutions
from app.demands.schemas import DemandReview, DemandView, NewSolution, SolutionDecision
from app.demands.states import DemandState
from app.kit import codes
from app.matching import access as matching_access
from app.matching import queries as matching
from app.matching import service as match_judgments
from app.matching.schemas import MatchView, NewJudgment
from app.standard import service as standard
from app.web.forms import Complaint, fen, identity, whole
from app.web.organisations import paging
from app.web.render import words
from app.web.texts import state_name
from app.web.visit import Form, Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)
SORTS = ("newest", "expiring", "-budget")
SHOWN = 100
MATCHES = 8
TYPES = ("TR", "RDR", "BR")
_TEXTS = (
    "type",
    "title",
    "summary",
    "description",
    "partner_role",
    "client_size",
    "confidentiality",
    "needed_by",
    "interest_deadline",
    "expires_on",
)
_BETWEEN = re.compile(r"[\s、,，]+")
_COLON = re.compile(r"[:：]")
_LISTS = ("technical_fields", "partnership_types", "partner_types")


@router.get("/demands")
async def demand_list(
    visit: Visit,
    q: str = "",
    type: str = "",
    field: str = "",
    province: str = "",
    state: str = "",
    mine: str = "",
    sort: str = "newest",
    cursor: str = "",
) -> Response:
    """Demands that match; the published ones unless a state is asked for."""
    filters = {
        "q": q,
        "type": type,
        "field": field,
        "province": province,
        "state": state,
        "mine": mine,
        "sort": sort if sort in SORTS else "newest",
    }
    narrowed = queries.narrowed(
        q=q.strip()[:200] or None,
        type_=type[:3] or None,
        technical_field=field or None,
        province=province if province in codes.regions() else None,
        state=DemandState(state) if state in set(DemandState) else None,
    )
    page = await queries.listed(
        visit.session,
        visit.actor,
        narrowed,
        cast("Any", filters["sort"]),
        paging(cursor),
        mine=bool(mine) and visit.actor is not None,
    )
    return visit.page(
        "demands.html",
        items=page.items,
        next_cursor=page.next_cursor,
        filters=filters,
        types=[(one, words(visit.language).member_value("type", one)) for one in TYPES],
        state_options=[
            (one.value, visit.t(*state_name("demand", one.value))) for one in DemandState
        ],
    )


@router.get("/demands/new")
async def new_page(visit: Visit) -> Response:
    """The form of a new demand."""
    visit.require_actor().require_role("trader")
    return _form(visit, {"type": "TR"}, "/demands/new", [], 200)


@router.post("/demands/new")
async def create(visit: Visit, form: Posted) -> Response:
    """Draft a demand."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        new_id = (await service.create(visit.session, actor, _profile(form))).id
    if attempt.failed:
        values = form.values() | {name: form.texts(name) for name in _LISTS}
        return _form(visit, values, "/demands/new", attempt.complaints, attempt.status)
    return visit.go(f"/demands/{new_id}", "saved")


@router.get("/demands/{demand_id}/edit")
async def edit_page(visit: Visit, demand_id: UUID) -> Response:
    """The form of a draft."""
    visit.require_actor().require_role("trader")
    item = await queries.get(visit.session, visit.actor, demand_id)
    values = _typed(item.profile, visit) | {"version": str(item.version)}
    return _form(visit, values, f"/demands/{demand_id}/edit", [], 200)


@router.post("/demands/{demand_id}/edit")
async def edit(visit: Visit, demand_id: UUID, form: Posted) -> Response:
    """Change a draft."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        version = whole("version", form.text("version"))
        await service.edit(visit.session, actor, demand_id, _profile(form), version)
    if attempt.failed:
        values = form.values() | {name: form.texts(name) for name in _LISTS}
        path = f"/demands/{demand_id}/edit"
        return _form(visit, values, path, attempt.complaints, attempt.status)
    return visit.go(f"/demands/{demand_id}", "saved")


def _profile(form: Form) -> dict[str, Any]:
    """The form as members of the standard; None for what was left empty."""
    profile: dict[str, Any] = {"version": "1.0", "anonymous": form.text("anonymous") == "1"}
    profile |= {name: form.text(name) or None for name in _TEXTS}
    profile |= {name: form.texts(name) or None for name in _LISTS}
    for name in ("budget_min", "budget_max"):
        amount = form.text(name)
        profile[f"{name}_fen"] = fen(f"body.{name}_fen", amount) if amount else None
    keywords = _BETWEEN.split(form.text("keywords"))
    profile["keywords"] = [word for word in dict.fromkeys(keywords) if word] or None
    profile["indicators"] = [
        _indicator(line) for line in form.text("indicators").splitlines() if line.strip()
    ] or None
    return profile


def _indicator(line: str) -> dict[str, str]:
    """A line such as `寿命:不低于 2000 小时`; without a colon the name alone, which is refused."""
    name, *rest = _COLON.split(line, 1)
    return {"name": name, "target": "".join(rest)}


def _typed(profile: dict[str, Any], visit: Visitor) -> dict[str, Any]:
    """A profile as it is typed into the form."""
    plain = words(visit.language).plain
    return {name: profile.get(name, "") for name in _TEXTS} | {
        **{name: profile.get(name, []) for name in _LISTS},
        "anonymous": "1" if profile.get("anonymous") else "",
        "budget_min": plain(profile.get("budget_min_fen")),
        "budget_max": plain(profile.get("budget_max_fen")),
        "keywords": "、".join(profile.get("keywords", [])),
        "indicators": "\n".join(
            f"{one['name']}:{one['target']}" for one in profile.get("indicators", [])
        ),
    }


def _form(
    visit: Visitor, values: dict[str, Any], action: str, said: list[Complaint], status: int
) -> Response:
    visit.here = action
    return visit.page(
        "demand_new.html",
        status,
        action=action,
        values=values,
        types=[(one, words(visit.language).member_value("type", one)) for one in TYPES],
        complaints=said,
    )


@router.get("/demands/{demand_id}")
async def demand_page(visit: Visit, demand_id: UUID) -> Response:
    """One demand."""
    return await _show(visit, demand_id, [], 200)


@router.post("/demands/{demand_id}/act")
async def act(visit: Visit, demand_id: UUID, form: Posted) -> Response:
    """What owner and operator do with a demand."""
    actor = visit.require_actor()
    chosen, reason = form.text("act"), form.text("reason")[:2000]
    attempt = visit.attempt()
    async with attempt:
        if chosen == "submit":
            await service.submit(visit.session, actor, demand_id)
        elif chosen == "renew":
            await service.renew(visit.session, actor, demand_id, None)
        elif chosen == "withdraw":
            await service.withdraw(visit.session, actor, demand_id, reason)
        elif chosen == "close":
            await service.close(visit.session, actor, demand_id, reason)
        else:
            decision = DemandReview.model_validate({"act": chosen, "reason": reason})
            await service.review(visit.session, actor, demand_id, decision)
    if attempt.failed:
        return await _show(visit, demand_id, attempt.complaints, attempt.status)
    done = {"submit": "submitted", "approve": "published"}.get(chosen, "decided")
    return visit.go(f"/demands/{demand_id}", done)


@router.post("/demands/{demand_id}/solutions")
async def offer(visit: Visit, demand_id: UUID, form: Posted) -> Response:
    """Submit a solution."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        new = NewSolution.model_validate(
            {
                "title": form.text("title"),
                "content": form.text("content"),
                "achievement_id": form.text("achievement_id") or None,
                "price_fen": fen("body.price_fen", form.text("price"))
                if form.text("price")
                else None,
                "months": whole("body.months", form.text("months"))
                if form.text("months")
                else None,
            }
        )
        await solutions.offer(visit.session, actor, demand_id, new)
    if attempt.failed:
        return await _show(visit, demand_id, attempt.complaints, attempt.status, form.values())
    return visit.go(f"/demands/{demand_id}", "submitted", "#solutions")


@router.post("/demands/{demand_id}/solutions/act")
async def act_on_solution(visit: Visit, demand_id: UUID, form: Posted) -> Response:
    """Shortlist or refuse a solution; or its author takes it back."""
    actor = visit.require_actor()
    chosen = form.text("act")
    attempt = visit.attempt()
    async with attempt:
        where = (visit.session, actor, demand_id, identity(form.text("solution_id")))
        if chosen == "withdraw":
            await solutions.withdraw(*where)
        else:
            decision = {"act": chosen, "reason": form.text("reason")}
            await solutions.decide(*where, SolutionDecision.model_validate(decision))
    if attempt.failed:
        return await _show(visit, demand_id, attempt.complaints, attempt.status)
    return visit.go(f"/demands/{demand_id}", "decided", "#solutions")


@router.post("/demands/{demand_id}/matches/{achievement_id}")
async def judge_match(
    visit: Visit, demand_id: UUID, achievement_id: UUID, form: Posted
) -> Response:
    """A broker or operator accepts or rejects a match."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        said = NewJudgment.model_validate(
            {"verdict": form.text("verdict"), "reason": form.text("reason")[:2000]}
        )
        model = visit.request.app.state.matching
        await match_judgments.judge(
            visit.session, actor, demand_id, achievement_id, said, model.version
        )
    if attempt.failed:
        return await _show(visit, demand_id, attempt.complaints, attempt.status)
    return visit.go(f"/demands/{demand_id}", "saved", "#matches")


async def _matches(visit: Visitor, item: DemandView) -> list[MatchView]:
    if item.state != DemandState.PUBLISHED:
        return []
    state = visit.request.app.state
    found = await matching.for_demand(
        visit.session, state.search, state.matching, visit.actor, item.id, MATCHES
    )
    return found.items


async def _show(
    visit: Visitor,
    demand_id: UUID,
    said: list[Complaint],
    status: int,
    values: dict[str, str] | None = None,
) -> Response:
    visit.here = f"/demands/{demand_id}"
    item = await queries.get(visit.session, visit.actor, demand_id)
    owner = visit.is_party(item.owner_id) and visit.has_role("trader")
    answers: list[Any] = []
    letters: list[Any] = []
    if visit.actor is not None and visit.actor.party_id is not None:
        answers = await solutions.listed(visit.session, visit.actor, demand_id, None, SHOWN)
        box: interests.Box = "received" if owner else "sent"
        rows = await interests.listed(visit.session, visit.actor, box, demand_id, None, SHOWN)
        letters = await interests.views(visit.session, visit.actor, rows)
    answering = _may_answer(visit, item)
    live = {"expressed", "accepted"}
    return visit.page(
        "demand.html",
        status,
        item=item,
        profile=dict.fromkeys(standard.schema()["properties"]) | item.profile,
        owner=owner,
        reviewer=visit.has_role("operator") and not owner,
        solutions=answers,
        letters=letters,
        may_solve=answering and not any(visit.is_party(one.author_id) for one in answers),
        may_contact=answering and not any(one.state in live for one in letters),
        own_achievements=await _own_achievements(visit) if answering else [],
        values=values or {},
        matches=await _matches(visit, item),
        may_judge=matching_access.may_judge(visit.actor),
        complaints=said,
    )


def _may_answer(visit: Visitor, item: DemandView) -> bool:
    return (
        item.state == DemandState.PUBLISHED
        and visit.has_role("trader")
        and visit.organisation is not None
        and visit.organisation.kind in solutions.SOLVERS
        and not visit.is_party(item.owner_id)
    )


async def _own_achievements(visit: Visitor) -> list[tuple[str, str]]:
    rows = await achievement_queries.achievement_list(
        visit.session,
        visit.actor,
        achievement_queries.Wanted(mine=True),
        sort="newest",
        after=None,
        limit=SHOWN,
    )
    return [(str(row.id), row.title) for row in rows if row.state == "published"]
