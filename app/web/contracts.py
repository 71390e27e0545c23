"""Pages of contracts: the own ones, and one with its text and signatures."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.contracts import amending, performance, service
from app.contracts.schemas import ContractView
from app.contracts.signing_endpoints import pens
from app.contracts.states import ContractState, ReportState, SignMethod
from app.kit.calendar import local_day
from app.kit.http import cursor_id, make_page
from app.parties import service as parties
from app.registrations import queries as registrations
from app.registrations import service as offices
from app.web.forms import Complaint
from app.web.organisations import paging
from app.web.visit import Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)
_PAYMENT_KINDS: dict[str, tuple[str, str]] = {
    "upfront": ("入门费", "Upfront"),
    "instalment": ("价款、分期款", "Price, instalment"),
    "royalty": ("提成", "Royalty"),
    "other": ("其他", "Other"),
}


@router.get("/contracts")
async def contract_list(visit: Visit, state: str = "", cursor: str = "") -> Response:
    """The acting party's contracts; regulators see all."""
    page = paging(cursor)
    rows = await service.contract_list(
        visit.session,
        visit.require_actor(),
        state=ContractState(state) if state in set(ContractState) else None,
        deal_id=None,
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    items, following = make_page(rows, page, lambda row: [row.id])
    ids = {party for row in items for party in (row.seller_id, row.buyer_id)}
    return visit.page(
        "contracts.html",
        items=items,
        names=await parties.facts_of(visit.session, list(ids)),
        next_cursor=following,
        filters={"state": state},
    )


@router.get("/contracts/{contract_id}")
async def contract_page(visit: Visit, contract_id: UUID) -> Response:
    """One contract."""
    return await show(visit, contract_id, [], 200)


@router.post("/contracts/{contract_id}/propose")
async def propose(visit: Visit, contract_id: UUID, form: Posted) -> Response:
    """Freeze the text for signing."""
    del form
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        await service.propose(visit.session, actor, contract_id)
    if attempt.failed:
        return await show(visit, contract_id, attempt.complaints, attempt.status)
    return visit.go(f"/contracts/{contract_id}", "proposed")


@router.post("/contracts/{contract_id}/withdraw-proposal")
async def withdraw_proposal(visit: Visit, contract_id: UUID, form: Posted) -> Response:
    """Take the text back to draft."""
    del form
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        await service.withdraw_proposal(visit.session, actor, contract_id)
    if attempt.failed:
        return await show(visit, contract_id, attempt.complaints, attempt.status)
    return visit.go(f"/contracts/{contract_id}", "saved")


@router.post("/contracts/{contract_id}/sign")
async def sign(visit: Visit, contract_id: UUID, form: Posted) -> Response:
    """Sign the text that the page showed."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        settings = visit.request.app.state.settings
        await service.sign(
            visit.session,
            actor,
            contract_id,
            form.text("text_sha256"),
            acknowledged=form.texts("acknowledged"),
            method=SignMethod(form.text("method") or SignMethod.ACCOUNT),
            pens=await pens(settings),
        )
    if attempt.failed:
        return await show(visit, contract_id, attempt.complaints, attempt.status)
    return visit.go(f"/contracts/{contract_id}", "signed")


async def show(visit: Visitor, contract_id: UUID, said: list[Complaint], status: int) -> Response:
    """The page of a contract, with what a form on it was refused for."""
    visit.here = f"/contracts/{contract_id}"
    actor = visit.require_actor()
    item = await service.view(visit.session, await service.get(visit.session, actor, contract_id))
    current = [one for one in item.signatures if one.text_version == item.text_version]
    party = visit.is_party(item.seller_id, item.buyer_id) and visit.has_role("trader")
    signed = {one.party_id for one in current}
    seller = await parties.facts(visit.session, item.seller_id)
    choices = await offices.office_list(visit.session, seller.region_code[:2])
    known = await registrations.registration_list(
        visit.session,
        actor,
        state=None,
        contract_id=contract_id,
        overdue=None,
        after=None,
        limit=10,
    )
    settings = visit.request.app.state.settings
    since = item.text_version - 1
    return visit.page(
        "contract.html",
        status,
        item=item,
        findings=[]
        if item.signed_at
        else await service.findings(visit.session, actor, contract_id, visit.now),
        difference=await service.difference(
            visit.session, actor, contract_id, since, item.text_version
        )
        if since
        else None,
        **await _work(visit, contract_id, item, trader=party),
        amendments=await amending.listed(visit.session, actor, contract_id),
        test_certificates=settings.contract_certificates == "test",
        names=await parties.facts_of(visit.session, [item.seller_id, item.buyer_id]),
        signatures=current,
        party=party,
        may_sign=party and item.state == ContractState.SIGNING and actor.party_id not in signed,
        may_register=party
        and item.state == ContractState.SIGNED
        and all(row.state == "refused" for row in known),
        offices=[(str(office.organisation_id), office.name) for office in choices],
        registrations=known,
        complaints=said,
    )


async def _work(
    visit: Visitor, contract_id: UUID, item: ContractView, *, trader: bool
) -> dict[str, Any]:
    """How the contract is performed, and what the visitor may do about it."""
    actor = visit.require_actor()
    work = await performance.view(visit.session, actor, contract_id, visit.now)
    acts = trader and item.state == ContractState.SIGNED
    return {
        "work": work,
        "seller_acts": acts and actor.party_id == item.seller_id,
        "buyer_acts": acts and actor.party_id == item.buyer_id,
        "kinds": {kind: visit.t(*names) for kind, names in _PAYMENT_KINDS.items()},
        "reports": [
            (str(one.id), f"{one.period_from} – {one.period_to}")
            for one in work.royalty_reports
            if one.state == ReportState.CONFIRMED
        ],
        "today": local_day(visit.now).isoformat(),
    }
