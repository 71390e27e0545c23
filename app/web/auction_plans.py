"""The plan of a listing's auction: shown to everybody, and set by the seller of a draft."""

from typing import Any
from uuid import UUID

from fastapi import Request

from app.achievements import service as achievements
from app.auctions import scheduling
from app.kit.opening import known_openers
from app.listings.schemas import ListingView
from app.listings.states import ListingState
from app.web import auction_texts
from app.web.auction_forms import FLAGS, MONEY, new_plan, plan_fields, plan_values
from app.web.render import words
from app.web.visit import Form, Visitor


async def save(visit: Visitor, request: Request, listing_id: UUID, form: Form) -> None:
    """Set the plan that a form describes; raises what `scheduling.set_plan` raises."""
    openers = known_openers(request.app.state.settings)
    await scheduling.set_plan(
        visit.session, visit.require_actor(), listing_id, new_plan(form), openers, visit.now
    )


async def shown(visit: Visitor, item: ListingView, typed: Form | None) -> dict[str, Any]:
    """The plan in words; for the seller of a draft, also the form of a chosen format."""
    plan = await scheduling.plan(visit.session, visit.actor, item.id)
    write = words(visit.language)
    found: dict[str, Any] = {
        "format": plan.format,
        "how": auction_texts.how(write, plan.format, plan.terms),
        "rules": auction_texts.rules_in_words(write, plan.format, plan.terms),
        "terms": plan.terms,
        "reserve_commitment": plan.reserve_commitment,
        "form": None,
    }
    seller = visit.is_party(item.seller_id) and visit.has_role("trader")
    if not seller or item.state != ListingState.DRAFT:
        return found
    asked = visit.request.query_params.get("format", "") if typed is None else typed.text("format")
    code = asked if asked in auction_texts.formats() else plan.format
    values = plan_values(code, plan.terms if code == plan.format else {}, write.plain)
    found["form"] = {
        "code": code,
        "typed": values if typed is None else typed.values(),
        "fields": _fields(visit, code),
        "payments": _payments(visit, code),
        "lots": await _lots(visit, item, code),
        "tiers": "increments" in _properties(code),
        "scored": "terms" in _properties(code),
        "reserve": auction_texts.formats()[code].reserve,
    }
    return found


def _properties(code: str) -> dict[str, Any]:
    """The rules that a plan of this format may set."""
    found: dict[str, Any] = auction_texts.formats()[code].terms["properties"]
    return found


def _fields(visit: Visitor, code: str) -> list[tuple[str, str, str]]:
    """The form's fields of a format: name, label, and which kind of value."""
    found = []
    for name in plan_fields(code):
        kind = "money" if name in MONEY else "flag" if name in FLAGS else "count"
        unit = visit.t("(元)", " (yuan)") if kind == "money" else ""
        unit = visit.t("(秒)", " (seconds)") if name.endswith("_s") else unit
        if name != "payment":
            found.append((name, visit.t(*auction_texts.RULES[name][0]) + unit, kind))
    return found


def _payments(visit: Visitor, code: str) -> list[tuple[str, str]]:
    """What a winner of this format may be made to pay."""
    schema = _properties(code).get("payment", {})
    return [(name, visit.t(*auction_texts.PAYMENTS[name])) for name in schema.get("enum", ())]


async def _lots(visit: Visitor, item: ListingView, code: str) -> list[tuple[str, str]]:
    """The achievements of a package by id and title, where a format sells them apart."""
    if "lots" not in _properties(code):
        return []
    package = await achievements.facts(visit.session, item.achievement_id)
    members = await achievements.facts_of(visit.session, package.member_ids)
    return [(str(key), members[key].title) for key in package.member_ids]
