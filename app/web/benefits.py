"""Pages of achievements that lie idle, and of benefits that rest on registrations."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.achievements import service as achievements
from app.kit.calendar import local_day
from app.registrations import queries as registrations
from app.registrations.states import NUMBERED
from app.settlements import benefits, idle, queries
from app.settlements.schemas import BenefitDecision, IdleStart, NewBenefit
from app.settlements.states import Authority, BenefitKind, BenefitState, IdleState
from app.web.forms import Complaint, fen, identity
from app.web.organisations import paging
from app.web.visit import Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)
KINDS: dict[str, tuple[str, str]] = {
    BenefitKind.INCOME_TAX_RELIEF: ("企业所得税减免", "Income tax relief"),
    BenefitKind.VAT_EXEMPTION: ("增值税免税", "VAT exemption"),
    BenefitKind.REWARD_RELIEF: ("个人所得税优惠", "Income tax relief of persons"),
    BenefitKind.EQUITY_DEFERRAL: ("递延纳税", "Deferral"),
    BenefitKind.REWARD: ("奖酬", "Reward"),
}
STATES: dict[str, tuple[str, str]] = {
    BenefitState.CLAIMED: ("已享受", "Taken"),
    BenefitState.AT_RISK: ("登记失效,待核实", "At risk: its registration fell"),
    BenefitState.CONFIRMED: ("已核实保留", "Confirmed"),
    BenefitState.RECOVERED: ("已追缴", "Recovered"),
}


@router.get("/idle-watches")
async def idle_list(visit: Visit, state: str = "", cursor: str = "") -> Response:
    """Achievements that wait to be taken up: the own ones, for overseers everyone's."""
    return await _idle(visit, state, cursor, [], 200)


@router.post("/idle-watches/{achievement_id}/start")
async def state_start(visit: Visit, achievement_id: UUID, form: Posted) -> Response:
    """State from which day an achievement counts as waiting."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        given = IdleStart.model_validate({"since": form.text("since"), "note": form.text("note")})
        await idle.state_start(visit.session, actor, achievement_id, given)
    if attempt.failed:
        return await _idle(visit, "", "", attempt.complaints, attempt.status)
    return visit.go("/idle-watches", "saved")


async def _idle(
    visit: Visitor, state: str, cursor: str, said: list[Complaint], status: int
) -> Response:
    visit.here = "/idle-watches"
    chosen = IdleState(state) if state in set(IdleState) else None
    page = await queries.watches(visit.session, visit.require_actor(), chosen, paging(cursor))
    titles = {
        one.achievement_id: (await achievements.facts(visit.session, one.achievement_id)).title
        for one in page.items
    }
    return visit.page(
        "idle_watches.html",
        status,
        items=page.items,
        titles=titles,
        next_cursor=page.next_cursor,
        filters={"state": state},
        trader=visit.has_role("trader"),
        complaints=said,
    )


@router.get("/benefits")
async def benefit_list(visit: Visit, state: str = "", cursor: str = "") -> Response:
    """Benefits that rest on registrations: the own ones, for regulators all."""
    return await _benefits(visit, state, cursor, [], 200)


@router.post("/benefits/claim")
async def claim(visit: Visit, form: Posted) -> Response:
    """State a benefit that was taken."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        values: dict[str, Any] = {
            name: form.text(name) for name in ("registration_id", "kind", "taken_on", "document")
        }
        values["amount_fen"] = fen("body.amount_fen", form.text("amount"))
        await benefits.claim(visit.session, actor, NewBenefit.model_validate(values))
    if attempt.failed:
        return await _benefits(visit, "", "", attempt.complaints, attempt.status)
    return visit.go("/benefits", "saved")


@router.post("/benefits/decision")
async def decide(visit: Visit, form: Posted) -> Response:
    """Confirm a benefit at risk, or note that it was recovered."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        said = {"act": form.text("act"), "note": form.text("note")}
        benefit_id = identity(form.text("benefit"))
        await benefits.decide(
            visit.session, actor, benefit_id, BenefitDecision.model_validate(said)
        )
    if attempt.failed:
        return await _benefits(visit, "", "", attempt.complaints, attempt.status)
    return visit.go("/benefits", "decided")


async def _benefits(
    visit: Visitor, state: str, cursor: str, said: list[Complaint], status: int
) -> Response:
    visit.here = "/benefits"
    actor = visit.require_actor()
    page = await queries.benefits(
        visit.session,
        actor,
        authority=_authority(visit),
        state=BenefitState(state) if state in set(BenefitState) else None,
        region=None,
        registration_id=None,
        request=paging(cursor),
    )
    trader = visit.has_role("trader") and actor.client_id is None
    own = await registrations.registration_list(
        visit.session, actor, state=None, contract_id=None, overdue=None, after=None, limit=100
    )
    return visit.page(
        "benefits.html",
        status,
        items=page.items,
        next_cursor=page.next_cursor,
        filters={"state": state},
        kinds={kind: visit.t(*names) for kind, names in KINDS.items()},
        states={one: visit.t(*names) for one, names in STATES.items()},
        registrations=[
            (str(row.id), f"{row.number} {row.title}")
            for row in own
            if trader and row.number and row.state in NUMBERED
        ],
        regulator=visit.has_role("regulator"),
        today=local_day(visit.now).isoformat(),
        complaints=said,
    )


def _authority(visit: Visitor) -> Authority | None:
    asked = visit.request.query_params.get("authority", "")
    return Authority(asked) if asked in set(Authority) else None
