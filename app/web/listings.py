"""Pages of listings: list, one of them, drafting, review, and applications to bid."""

import re
from typing import Any, cast
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.achievements import queries as achievement_queries
from app.achievements import service as achievements
from app.auctions import service as auctions
from app.kit.errors import Problem
from app.kit.patents import PatentRegister, patent_register
from app.listings import checks as listing_checks
from app.listings import disclosure, qualification, queries, service
from app.listings.schemas import (
    AppealDecision,
    ApplicationDecision,
    CheckEvidence,
    ListingReview,
    NewApplication,
    NewListing,
    Relisting,
)
from app.listings.states import ListingState
from app.parties import service as parties
from app.web import auction_plans, guidance
from app.web.auction_texts import formats
from app.web.forms import Complaint, complaints, fen, identity, whole
from app.web.organisations import paging
from app.web.texts import state_name
from app.web.visit import Form, Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)
_REGION = re.compile(r"([0-9]{2}){1,3}")
_APPLICATIONS = 100
_BEFORE_PUBLICATION = frozenset({ListingState.DRAFT, ListingState.UNDER_REVIEW})
_STANDSTILLS = {
    "suspend": disclosure.suspend,
    "resume": disclosure.resume,
    "terminate": disclosure.terminate,
}
SORTS = ("newest", "closing", "price", "-price")


@router.get("/listings")
async def listing_list(
    visit: Visit,
    q: str = "",
    field: str = "",
    ipc: str = "",
    region: str = "",
    mode: str = "",
    state: str = "",
    price_min: str = "",
    price_max: str = "",
    seller: str = "",
    sort: str = "newest",
    cursor: str = "",
) -> Response:
    """Listings that match, and what is wrong with the filters that cannot be read."""
    filters = {
        "q": q,
        "field": field,
        "ipc": ipc,
        "region": region,
        "mode": mode,
        "state": state,
        "price_min": price_min,
        "price_max": price_max,
        "seller": seller,
        "sort": sort if sort in SORTS else "newest",
    }
    narrowed, wrong = _narrowed(visit, filters)
    page = await queries.listed(
        visit.session,
        visit.actor,
        narrowed,
        cast("Any", filters["sort"]),
        paging(cursor),
    )
    return visit.page(
        "listings.html",
        items=page.items,
        next_cursor=page.next_cursor,
        filters=filters,
        seller=await _seller(visit, seller),
        complaints=wrong,
        state_options=[
            (one.value, visit.t(*state_name("listing", one.value))) for one in ListingState
        ],
    )


def _narrowed(visit: Visitor, filters: dict[str, str]) -> tuple[Any, list[Complaint]]:
    wrong: list[Complaint] = []
    prices: dict[str, int | None] = {}
    for name in ("price_min", "price_max"):
        try:
            prices[name] = fen(f"query.{name}", filters[name]) if filters[name] else None
        except Problem as problem:
            prices[name] = None
            wrong += complaints(problem, visit.language)
    region = filters["region"].strip()
    if region and _REGION.fullmatch(region) is None:
        needed = visit.t("应为 2、4 或 6 位行政区划代码", "A code of 2, 4 or 6 digits is needed")
        wrong.append(Complaint("query.region", needed))
        region = ""
    state = filters["state"]
    narrowed = queries.narrowed(
        q=filters["q"].strip()[:200] or None,
        technical_field=filters["field"] or None,
        ipc=filters["ipc"].replace(" ", "").upper()[:20] or None,
        region=region or None,
        transfer_mode=filters["mode"] or None,
        state=ListingState(state) if state in set(ListingState) else None,
        price_min_fen=prices["price_min"],
        price_max_fen=prices["price_max"],
        seller_id=_uuid(filters["seller"]),
    )
    return narrowed, wrong


def _register(visit: Visitor) -> PatentRegister:
    return patent_register(visit.request.app.state.settings)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def _seller(visit: Visitor, seller: str) -> Any:
    seller_id = _uuid(seller)
    if seller_id is None:
        return None
    return (await parties.facts_of(visit.session, [seller_id])).get(seller_id)


@router.get("/listings/new")
async def new_page(visit: Visit, achievement: str = "") -> Response:
    """The form of a new listing of an own achievement."""
    visit.require_actor().require_role("trader")
    return await _form(visit, {"achievement_id": achievement}, [], 200)


@router.post("/listings/new")
async def create(visit: Visit, form: Posted) -> Response:
    """Draft a listing."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        made = await service.create(visit.session, actor, NewListing.model_validate(_values(form)))
        new_id = made.id
    if attempt.failed:
        return await _form(visit, form.values(), attempt.complaints, attempt.status)
    return visit.go(f"/listings/{new_id}", "saved")


def _values(form: Form) -> dict[str, Any]:
    values: dict[str, Any] = {
        "achievement_id": form.text("achievement_id"),
        "transfer_mode": form.text("transfer_mode"),
        "license_manner": form.text("license_manner") or None,
        "profile": form.text("profile") or None,
        "title": form.text("title") or None,
        "price_fen": fen("body.price_fen", form.text("price")),
        "deposit_fen": fen("body.deposit_fen", form.text("deposit") or "0"),
        "increment_fen": fen("body.increment_fen", form.text("increment")),
        "conditions": form.text("conditions"),
        "requirements": [
            {"code": f"c{number}", "text": line.strip()}
            for number, line in enumerate(form.text("requirements").splitlines(), start=1)
            if line.strip()
        ],
        "security": form.text("security") or "clear",
        "security_document": form.text("security_document"),
        "open_to_foreign": form.text("open_to_foreign") == "yes",
        "negotiation": form.text("negotiation") or "none",
    }
    for name in ("disclosure_working_days", "bidding_minutes", "opens_after_minutes"):
        if form.text(name):
            values[name] = whole(f"body.{name}", form.text(name))
    return values


async def _form(
    visit: Visitor, values: dict[str, str], said: list[Complaint], status: int
) -> Response:
    visit.here = "/listings/new"
    achievement_id = _uuid(values.get("achievement_id", ""))
    known = await achievements.facts_of(
        visit.session, [achievement_id] if achievement_id is not None else []
    )
    found = known.get(achievement_id) if achievement_id is not None else None
    if found is not None and not visit.is_party(found.lead_party_id):
        found = None
    kind = visit.organisation.kind if visit.organisation is not None else ""
    profiles = [one for one in queries.profiles() if kind in one.seller_kinds]
    own = await achievement_queries.achievement_list(
        visit.session,
        visit.actor,
        achievement_queries.Wanted(mine=True),
        sort="newest",
        after=None,
        limit=100,
    )
    return visit.page(
        "listing_new.html",
        status,
        values=values,
        achievement=found,
        own=[(str(row.id), row.title) for row in own if row.state == "published"],
        profiles=profiles,
        complaints=said,
    )


@router.get("/listings/{listing_id}")
async def listing_page(visit: Visit, listing_id: UUID) -> Response:
    """One listing."""
    return await _show(visit, listing_id, [], 200)


@router.post("/listings/{listing_id}/act")
async def act(visit: Visit, listing_id: UUID, form: Posted) -> Response:
    """What seller and operator do with a listing: submit, withdraw, approve, reject."""
    actor = visit.require_actor()
    chosen = form.text("act")
    attempt = visit.attempt()
    async with attempt:
        if chosen == "submit":
            await service.submit(visit.session, actor, listing_id, _register(visit))
        elif chosen == "check":
            given = CheckEvidence(code=form.text("code"), evidence=form.text("evidence"))
            where = (visit.session, actor, listing_id)
            await listing_checks.add(*where, given.code, given.evidence, _register(visit))
        elif chosen == "relist":
            price = fen("body.price_fen", form.text("price"))
            made = await disclosure.relist(
                visit.session, actor, listing_id, Relisting(price_fen=price)
            )
            listing_id = made.id
        elif chosen in _STANDSTILLS:
            await _STANDSTILLS[chosen](visit.session, actor, listing_id, form.text("reason"))
        elif chosen == "withdraw":
            await service.withdraw(visit.session, actor, listing_id, form.text("reason")[:2000])
        else:
            decision = ListingReview.model_validate({"act": chosen, "reason": form.text("reason")})
            await service.review(visit.session, actor, listing_id, decision, _register(visit))
    if attempt.failed:
        return await _show(visit, listing_id, attempt.complaints, attempt.status)
    done = {"submit": "submitted", "approve": "published"}.get(chosen, "decided")
    return visit.go(f"/listings/{listing_id}", done)


@router.post("/listings/{listing_id}/auction-plan")
async def set_plan(request: Request, visit: Visit, listing_id: UUID, form: Posted) -> Response:
    """The seller of a draft chooses the format of its auction and its rules."""
    attempt = visit.attempt()
    async with attempt:
        await auction_plans.save(visit, request, listing_id, form)
    if attempt.failed:
        return await _show(visit, listing_id, attempt.complaints, attempt.status, form)
    return visit.go(f"/listings/{listing_id}", "planned", "#plan")


@router.post("/listings/{listing_id}/applications")
async def apply(visit: Visit, listing_id: UUID, form: Posted) -> Response:
    """An enterprise applies to bid."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        new = NewApplication.model_validate({"statement": form.text("statement")})
        await service.apply(visit.session, actor, listing_id, new)
    if attempt.failed:
        return await _show(visit, listing_id, attempt.complaints, attempt.status)
    return visit.go(f"/listings/{listing_id}", "applied")


@router.post("/listings/{listing_id}/applications/act")
async def act_on_application(visit: Visit, listing_id: UUID, form: Posted) -> Response:
    """Qualify, refuse, confirm the deposit; or the applicant steps back."""
    actor = visit.require_actor()
    chosen = form.text("act")
    attempt = visit.attempt()
    async with attempt:
        application_id = identity(form.text("application_id"))
        where = (visit.session, actor, listing_id, application_id)
        if chosen == "confirm_deposit":
            await service.confirm_deposit(*where)
        elif chosen == "withdraw":
            await service.withdraw_application(*where)
        elif chosen == "reconfirm":
            await disclosure.reconfirm(*where)
        elif chosen == "correct":
            await qualification.correct(*where, form.text("statement"))
        elif chosen == "appeal":
            await qualification.appeal(*where, form.text("grounds"))
        elif chosen in {"uphold", "reject"}:
            values = {"act": chosen, "reason": form.text("reason")}
            await qualification.decide_appeal(*where, AppealDecision.model_validate(values))
        else:
            codes = form.texts("codes") if chosen == "refuse" else []
            decision = ApplicationDecision.model_validate(
                {"act": chosen, "reason": form.text("reason"), "codes": codes}
            )
            await service.decide(*where, decision)
    if attempt.failed:
        return await _show(visit, listing_id, attempt.complaints, attempt.status)
    done = "deposit" if chosen == "confirm_deposit" else "decided"
    return visit.go(f"/listings/{listing_id}", done, "#applications")


async def _show(
    visit: Visitor,
    listing_id: UUID,
    said: list[Complaint],
    status: int,
    plan: Form | None = None,
) -> Response:
    visit.here = f"/listings/{listing_id}"
    item = await queries.get(visit.session, visit.actor, listing_id)
    applications: list[Any] = []
    if visit.actor is not None and visit.actor.party_id is not None:
        applications = await queries.applications(
            visit.session, visit.actor, listing_id, None, _APPLICATIONS
        )
    held = await auctions.auction_list(
        visit.session,
        state=None,
        seller_id=None,
        listing_id=listing_id,
        bidder_id=None,
        by_end=False,
        after=None,
        limit=1,
    )
    names = [one.applicant_id for one in applications if one.applicant_id is not None]
    own = next((one for one in applications if visit.is_party(one.applicant_id)), None)
    seller = visit.is_party(item.seller_id) and visit.has_role("trader")
    reviewer = visit.has_role("operator") and not visit.is_party(item.seller_id)
    checks: list[Any] = []
    if visit.actor is not None and (seller or reviewer) and item.state in _BEFORE_PUBLICATION:
        checks = await queries.findings(visit.session, visit.actor, listing_id, _register(visit))
    profiles = {one.code: one for one in queries.profiles()}
    return visit.page(
        "listing.html",
        status,
        item=item,
        profile=profiles.get(item.profile),
        auction=held[0] if held else None,
        plan=await auction_plans.shown(visit, item, plan),
        formats=[(code, visit.t(*state_name("format", code))) for code in formats()],
        listing_id=item.id,
        applications=applications,
        names=await parties.facts_of(visit.session, names),
        own=own,
        seller=seller,
        reviewer=reviewer,
        checks=checks,
        choices_of=[(one.code, one.text) for one in item.requirements],
        papers={
            one.id: await qualification.documents(visit.session, visit.actor, listing_id, one.id)
            for one in applications
            if visit.actor is not None and (reviewer or visit.is_party(one.applicant_id))
        },
        may_apply=_may_apply(visit, item) and own is None,
        advisable=guidance.may_see(visit, item),
        complaints=said,
    )


def _may_apply(visit: Visitor, item: Any) -> bool:
    return (
        item.state == ListingState.PUBLISHED
        and visit.has_role("trader")
        and visit.organisation is not None
        and visit.organisation.kind == "enterprise"
        and not visit.is_party(item.seller_id)
    )
