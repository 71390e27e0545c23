"""Pages of income distribution: plans with their lists, what came in, and tax estimates."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import TypeAdapter

from app.contracts import service as contracts
from app.contracts.states import ContractState
from app.kit.calendar import local_day
from app.settlements import distributing, queries, service, successors
from app.settlements.errors import BadRecipient
from app.settlements.estimate_schemas import EstimateView, Question
from app.settlements.schemas import (
    ListDecision,
    NewCost,
    NewEquity,
    NewListObjection,
    NewPlan,
    NewProfit,
    PartPayment,
    PlanEdit,
)
from app.settlements.states import Leader, MemberRole, PlanState, Route
from app.web import texts
from app.web.estimate_fields import FIELDS, KINDS, EstimateField
from app.web.forms import Complaint, fen, identity, whole
from app.web.organisations import paging
from app.web.visit import Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)
QUESTION: TypeAdapter[Question] = TypeAdapter(Question)
_YES = frozenset({"是", "主要", "yes", "y", "1"})
_COLUMNS = 7


@router.get("/income-plans")
async def plan_list(visit: Visit, state: str = "", cursor: str = "") -> Response:
    """Plans of the own institution; for overseers all that were published."""
    page = await queries.plans(
        visit.session,
        visit.require_actor(),
        PlanState(state) if state in set(PlanState) else None,
        paging(cursor),
    )
    return visit.page(
        "income_plans.html",
        items=page.items,
        next_cursor=page.next_cursor,
        filters={"state": state},
    )


@router.get("/income-plans/new")
async def new_page(visit: Visit, contract: str = "", achievement: str = "") -> Response:
    """The form of a new plan: for a contract, or for an achievement of one's own."""
    visit.require_actor().require_role("trader")
    values = {"contract_id": contract, "achievement_id": achievement}
    if achievement:
        values |= {"route": Route.OWN_IMPLEMENTATION.value, "reward_bp": "500"}
    return await _form(visit, values, [], 200)


@router.post("/income-plans/new")
async def create(visit: Visit, form: Posted) -> Response:
    """Draft a plan."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        values: dict[str, Any] = {
            name: form.text(name)
            for name in ("route", "basis", "basis_note", "objection_procedure")
        }
        values |= {
            name: form.text(name) for name in ("contract_id", "achievement_id") if form.text(name)
        } | {
            name: whole(f"body.{name}", form.text(name))
            for name in ("first_year", "years")
            if form.text(name)
        }
        values |= {
            "reward_bp": whole("body.reward_bp", form.text("reward_bp")),
            "days": whole("body.days", form.text("days") or "15"),
            "members": recipients(form.text("members")),
        }
        made = await service.create(visit.session, actor, NewPlan.model_validate(values))
        new_id = made.id
    if attempt.failed:
        return await _form(visit, form.values(), attempt.complaints, attempt.status)
    return visit.go(f"/income-plans/{new_id}", "saved")


def recipients(text: str) -> list[dict[str, Any]]:
    """Recipients, one a line: name, role, main or not, weight, leader, post, contribution.

    Roles and leaders are written as their codes or their names. Raises BadRecipient.
    """
    roles = _named("member_role", [one.value for one in MemberRole])
    leaders = _named("leader", [one.value for one in Leader]) | {"": Leader.NONE.value}
    found = []
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), start=1):
        cells = [cell.strip() for cell in line.replace(",", ",").split(",", _COLUMNS - 1)]
        name, role, main, weight, leader, post, contribution = (*cells, *[""] * _COLUMNS)[:_COLUMNS]
        if role not in roles or leader not in leaders or not weight.isdecimal():
            raise BadRecipient(field="body.members", line=number, text=line[:100])
        found.append(
            {
                "name": name,
                "role": roles[role],
                "main": main.lower() in _YES,
                "weight": whole("body.members", weight),
                "leader": leaders[leader],
                "post": post,
                "contribution": contribution,
            }
        )
    return found


def _named(domain: str, values: list[str]) -> dict[str, str]:
    return {word: value for value in values for word in (value, *texts.state_name(domain, value))}


async def _form(
    visit: Visitor, values: dict[str, str], said: list[Complaint], status: int
) -> Response:
    visit.here = "/income-plans/new"
    rows = await contracts.contract_list(
        visit.session,
        visit.require_actor(),
        state=ContractState.SIGNED,
        deal_id=None,
        after=None,
        limit=100,
    )
    return visit.page(
        "income_plan_new.html",
        status,
        values=values,
        own=[(str(row.id), row.title) for row in rows if visit.is_party(row.seller_id)],
        complaints=said,
    )


@router.get("/income-plans/{plan_id}")
async def plan_page(visit: Visit, plan_id: UUID) -> Response:
    """One plan with its list."""
    return await _show(visit, plan_id, [], 200)


@router.post("/income-plans/{plan_id}/act")
async def act(visit: Visit, plan_id: UUID, form: Posted) -> Response:
    """What the institution does with a plan: its list, costs, income and payments."""
    actor = visit.require_actor()
    chosen = form.text("act")
    attempt = visit.attempt()
    where = (visit.session, actor, plan_id)
    async with attempt:
        if chosen == "publish":
            await service.publish(*where)
        elif chosen == "withdraw":
            await service.withdraw(*where, form.text("reason")[:4000])
        elif chosen == "succeed":
            change: dict[str, Any] = {}
            if form.text("reward_bp"):
                change["reward_bp"] = whole("body.reward_bp", form.text("reward_bp"))
            if form.text("members"):
                change["members"] = recipients(form.text("members"))
            made = await successors.draft(*where, PlanEdit.model_validate(change))
            plan_id = made.id
        elif chosen == "cost":
            values: dict[str, Any] = {name: form.text(name) for name in ("kind", "document")}
            values["amount_fen"] = fen("body.amount_fen", form.text("amount"))
            await service.add_cost(*where, NewCost.model_validate(values))
        elif chosen == "profit":
            typed = form.text("profit")
            profit = fen("body.operating_profit_fen", typed.removeprefix("-"))
            profit = -profit if typed.startswith("-") else profit
            year = whole("body.year", form.text("year"))
            values = {"year": year, "operating_profit_fen": profit}
            await distributing.report_profit(*where, NewProfit.model_validate(values))
        elif chosen == "equity":
            values = {
                name: whole(f"body.{name}", form.text(name))
                for name in ("total_shares", "technology_bp")
            }
            values["registered_on"] = form.text("registered_on")
            await distributing.report_equity(*where, NewEquity.model_validate(values))
        else:
            values = {name: form.text(name) for name in ("paid_on", "document")}
            part_id = identity(form.text("part_id"))
            await distributing.pay(*where, part_id, PartPayment.model_validate(values))
    if attempt.failed:
        return await _show(visit, plan_id, attempt.complaints, attempt.status)
    done = {"publish": "published", "withdraw": "decided"}.get(chosen, "saved")
    return visit.go(f"/income-plans/{plan_id}", done)


@router.post("/income-plans/{plan_id}/objections")
async def object_to(visit: Visit, plan_id: UUID, form: Posted) -> Response:
    """Object to a list."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        new = NewListObjection.model_validate({"grounds": form.text("grounds")})
        await service.file_objection(visit.session, actor, plan_id, new.grounds)
    if attempt.failed:
        return await _show(visit, plan_id, attempt.complaints, attempt.status)
    return visit.go(f"/income-plans/{plan_id}", "submitted", "#objections")


@router.post("/income-plans/{plan_id}/objections/act")
async def act_on_objection(visit: Visit, plan_id: UUID, form: Posted) -> Response:
    """Decide an objection, or take the own one back."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        where = (visit.session, actor, plan_id, identity(form.text("objection_id")))
        if form.text("act") == "withdraw":
            await service.withdraw_objection(*where)
        else:
            values = {"act": form.text("act"), "reason": form.text("reason")}
            await service.decide(*where, ListDecision.model_validate(values))
    if attempt.failed:
        return await _show(visit, plan_id, attempt.complaints, attempt.status)
    return visit.go(f"/income-plans/{plan_id}", "decided", "#objections")


async def _show(visit: Visitor, plan_id: UUID, said: list[Complaint], status: int) -> Response:
    visit.here = f"/income-plans/{plan_id}"
    actor = visit.require_actor()
    item = await queries.plan(visit.session, actor, plan_id)
    own = visit.is_party(item.institution_id) and actor.client_id is None
    return visit.page(
        "income_plan.html",
        status,
        item=item,
        next_plan=await queries.successor(visit.session, actor, plan_id),
        whole=sum(one.weight for one in item.members),
        incomes=await queries.incomes(visit.session, actor, plan_id),
        costs=await queries.costs(visit.session, actor, plan_id),
        objections=await queries.objections(visit.session, actor, plan_id),
        rules=next(one for one in queries.rule_sets() if one.id == item.rule_set),
        trader=own and visit.has_role("trader"),
        may_object=own and item.state in {PlanState.PUBLISHED, PlanState.SUSPENDED},
        today=local_day(visit.now).isoformat(),
        complaints=said,
    )


@router.get("/tax-estimates")
async def estimate_page(visit: Visit, kind: str = "income_tax") -> Response:
    """The form of an estimate."""
    visit.require_actor()
    return _estimate(visit, kind if kind in FIELDS else "income_tax", {}, None, [], 200)


@router.post("/tax-estimates")
async def estimate(visit: Visit, form: Posted) -> Response:
    """An estimate, beside the form that it answers; nothing is kept."""
    visit.require_actor()
    kind = form.text("kind") if form.text("kind") in FIELDS else "income_tax"
    found: EstimateView | None = None
    attempt = visit.attempt()
    async with attempt:
        values: dict[str, Any] = {"kind": kind}
        for one in FIELDS[kind]:
            given = _answer(one, form.text(one.name))
            if given is not None:
                values[one.name] = given
        found = await queries.estimate(visit.session, QUESTION.validate_python(values))
    return _estimate(
        visit,
        kind,
        form.values(),
        found,
        attempt.complaints if attempt.failed else [],
        attempt.status if attempt.failed else 200,
    )


def _answer(asked: EstimateField, text: str) -> Any:
    """What was typed, None when nothing was."""
    if not text:
        return None
    if asked.type == "money":
        return fen(f"body.{asked.name}", text)
    if asked.type == "whole":
        return whole(f"body.{asked.name}", text)
    if asked.type == "asked":
        return text == "yes"
    return text


def _estimate(
    visit: Visitor,
    kind: str,
    values: dict[str, str],
    found: EstimateView | None,
    said: list[Complaint],
    status: int,
) -> Response:
    visit.here = "/tax-estimates"
    return visit.page(
        "tax_estimate.html",
        status,
        kind=kind,
        kinds=KINDS,
        fields=FIELDS[kind],
        values=values,
        found=found,
        complaints=said,
    )
