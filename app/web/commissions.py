"""Pages of brokers' commissions: what is agreed, owed and paid, for the broker and who pays."""

import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.deals import service as deals
from app.deals.states import ENDED
from app.kit.errors import Unprocessable
from app.kit.http import PageRequest, cursor_id, make_page
from app.negotiations import brokers, commissions
from app.negotiations.schemas import FeeAgreement, FeeClaim, NewCommissionAgreement
from app.parties import service as parties
from app.web.forms import Complaint, fen, identity
from app.web.organisations import paging
from app.web.visit import Form, Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)
_AGREEMENTS = 50
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")


class BadPercentField(Unprocessable):
    """A rate in a form is not a percentage."""

    code = "bad_percent"
    zh = "应为百分比,最多两位小数,例如 3 或 2.5"
    en = "A percentage with at most two decimals is needed, such as 3 or 2.5"


@router.get("/commissions")
async def commission_list(visit: Visit, cursor: str = "") -> Response:
    """Commissions that the acting party earns or owes, and what was agreed on them."""
    return await _show(visit, paging(cursor), [], 200)


@router.post("/commissions/act")
async def act(visit: Visit, form: Posted) -> Response:
    """Propose or accept an agreement; claim a fee, agree to it, or note that it was paid."""
    visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        await _act(visit, form)
    if attempt.failed:
        return await _show(visit, paging(""), attempt.complaints, attempt.status)
    return visit.go("/commissions", "saved")


async def _act(visit: Visitor, form: Form) -> None:
    actor, session, now = visit.require_actor(), visit.session, visit.now
    chosen = form.text("act")
    if chosen == "propose":
        new = NewCommissionAgreement.model_validate(_terms(form))
        await brokers.propose_commission(session, actor, new)
        return
    object_id = identity(form.text("id"))
    if chosen == "accept":
        await brokers.accept_commission(session, actor, object_id, now)
    elif chosen == "claim":
        claimed = {
            "fee_fen": fen("body.fee_fen", form.text("fee")),
            "grounds": form.text("grounds"),
        }
        new_fee = FeeClaim.model_validate(claimed)
        await commissions.claim(session, actor, object_id, new_fee.fee_fen, new_fee.grounds)
    elif chosen == "agree":
        # The form holds the fee that its reader saw: another one claimed since is refused.
        agreed = FeeAgreement.model_validate({"fee_fen": fen("body.fee_fen", form.text("fee"))})
        await commissions.agree(session, actor, object_id, agreed.fee_fen, now)
    elif chosen == "received":
        await commissions.receive(session, actor, object_id, now)


def _terms(form: Form) -> dict[str, Any]:
    terms: dict[str, Any] = {"mandate_id": identity(form.text("mandate_id"))}
    if form.text("rate"):
        terms["rate_bp"] = _basis_points(form.text("rate"))
    for name in ("fixed", "cap"):
        if form.text(name):
            terms[f"{name}_fen"] = fen(f"body.{name}_fen", form.text(name))
    return terms


def _basis_points(text: str) -> int:
    if _PERCENT.fullmatch(text) is None:
        raise BadPercentField(field="body.rate_bp")
    return int(Decimal(text) * 100)


async def _show(visit: Visitor, page: PageRequest, said: list[Complaint], status: int) -> Response:
    visit.here = "/commissions"
    actor, session = visit.require_actor(), visit.session
    rows = await commissions.of_party(session, actor, after=cursor_id(page), limit=page.limit + 1)
    items, following = make_page(rows, page, lambda row: [row.id])
    agreed = await brokers.agreements(session, actor, after=None, limit=_AGREEMENTS)
    given: list[tuple[str, UUID]] = []
    own = actor.organisation_id if visit.has_role("trader") and actor.client_id is None else None
    if own is not None:
        given = [
            (str(one.id), one.broker_id)
            for one in await parties.mandates(session, actor)
            if one.client_id == own and one.revoked_at is None
        ]
    ids = {one for row in items for one in (row.broker_id, row.client_id)}
    ids |= {one for row in agreed for one in (row.broker_id, row.client_id)}
    names = await parties.facts_of(session, [*ids, *(broker_id for _, broker_id in given)])
    return visit.page(
        "commissions.html",
        status,
        items=items,
        next_cursor=following,
        deals=await deals.facts_of(session, [row.deal_id for row in items]),
        agreements=agreed,
        names=names,
        own=own,
        ended=ENDED,
        mandates=[(key, names[broker_id].name) for key, broker_id in given],
        complaints=said,
    )
