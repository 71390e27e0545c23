"""HTTP of the ledger module."""

import asyncio
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.kit import clock
from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import BadCursor, Page, Paging, cursor_id, make_page, trade_router
from app.kit.problems import TooLarge
from app.ledger import access, imports, matching, queries, refunds, reports, service
from app.ledger.errors import (
    BankNotSimulated,
    NoAccountToReturnTo,
    NotInYuan,
    NotOurAccount,
    NotWholeFen,
    RefundNotReplaceable,
    ReportUnreadable,
    SecondPersonRequired,
    StatementUnreadable,
    UnknownOrder,
    UnknownReference,
    UnknownRefund,
    UseNotPossible,
)
from app.ledger.messages import BankAccount
from app.ledger.schemas import (
    AccountView,
    BankLineView,
    BatchView,
    EntryView,
    NewRefundAccount,
    NewSettlementAccount,
    Proposal,
    RefundView,
    Refusal,
    Replacement,
    SettlementAccountView,
    SimulatedPayment,
    StatementReport,
    StatusReportView,
    TrialBalance,
)
from app.ledger.states import LineState, RefundState

ledger = trade_router("/ledger", "ledger")
routers: tuple[APIRouter, ...] = (ledger,)

READING = (Unauthenticated, RoleRequired, BadCursor)
ACTING = (Unauthenticated, RoleRequired, ScopeRequired, NotFound)
XML_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/xml": {"schema": {"type": "string", "format": "binary"}}},
    }
}
XML_FILE = {"content": {"application/xml": {}}, "description": "pain.001.001.09"}


@ledger.get("/settlement-account", responses=declared(NotFound))
async def get_settlement_account(session: Uow) -> SettlementAccountView:
    """The bank account that deposits are paid to."""
    return SettlementAccountView.model_validate(await queries.settlement_account(session))


@ledger.put("/settlement-account", responses=declared(*ACTING))
async def choose_settlement_account(
    session: Uow, actor: CurrentActor, chosen: NewSettlementAccount
) -> SettlementAccountView:
    """The platform's administrator names its bank account; statements of earlier ones are taken."""
    account = await service.choose_settlement_account(session, actor, chosen)
    return SettlementAccountView.model_validate(account)


@ledger.put("/refund-account", responses=declared(*ACTING))
async def name_refund_account(
    session: Uow, actor: CurrentActor, named: NewRefundAccount
) -> NewRefundAccount:
    """A party names where refunds go that have no account to go back to."""
    account = await service.name_refund_account(session, actor, named)
    return NewRefundAccount(number=account.number, name=account.name, bank_code=account.bank_code)


@ledger.get("/accounts", responses=declared(*READING))
async def list_accounts(session: Uow, actor: CurrentActor, page: Paging) -> Page[AccountView]:
    """The accounts of the own party: what is received, held, due back, owed."""
    rows = await queries.accounts(session, actor, cursor_id(page), page.limit + 1)
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=[AccountView.model_validate(row) for row in items], next_cursor=cursor)


@ledger.get("/entries", responses=declared(*READING))
async def list_entries(
    session: Uow, actor: CurrentActor, page: Paging, account_id: UUID | None = None
) -> Page[EntryView]:
    """Postings on the accounts of the own party, the newest first; overseers see all."""
    rows = await queries.entries(session, actor, account_id, cursor_id(page), page.limit + 1)
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=items, next_cursor=cursor)


@ledger.get("/trial-balance", responses=declared(*READING))
async def get_trial_balance(session: Uow, actor: CurrentActor) -> TrialBalance:
    """The sums of all kinds of accounts, for overseers; their total is zero."""
    return await queries.trial_balance(session, actor)


@ledger.post(
    "/statements",
    status_code=201,
    openapi_extra=XML_BODY,
    responses=declared(
        *ACTING, StatementUnreadable, NotOurAccount, NotInYuan, NotWholeFen, TooLarge
    ),
)
async def import_statement(request: Request, session: Uow, actor: CurrentActor) -> StatementReport:
    """An operator takes in a camt.053 statement; a file twice, or a payment twice, counts once."""
    access.require_operator(actor)
    taken = await imports.import_statement(session, actor, await request.body(), "upload")
    return StatementReport.model_validate(taken)


@ledger.post(
    "/status-reports",
    status_code=201,
    openapi_extra=XML_BODY,
    responses=declared(*ACTING, ReportUnreadable, UnknownOrder, TooLarge),
)
async def take_status_report(
    request: Request, session: Uow, actor: CurrentActor
) -> StatusReportView:
    """An operator takes in a pain.002 report: payments that the bank refuses are to be replaced."""
    access.require_operator(actor)
    report = await asyncio.to_thread(reports.read_report, await request.body())
    taken, refused = await refunds.take_report(session, actor, report, await clock.now(session))
    return StatusReportView(
        message_id=report.message_id, order_id=report.order_id, taken=taken, refused=refused
    )


@ledger.get("/bank-lines", responses=declared(*READING))
async def list_bank_lines(
    session: Uow, actor: CurrentActor, page: Paging, state: LineState | None = None
) -> Page[BankLineView]:
    """Payments on statements, for overseers; `state=unmatched` is the queue."""
    rows = await queries.bank_lines(session, actor, state, cursor_id(page), page.limit + 1)
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=[BankLineView.model_validate(row) for row in items], next_cursor=cursor)


@ledger.post(
    "/bank-lines/{line_id}/propose",
    responses=declared(
        *ACTING, IllegalMove, UseNotPossible, UnknownReference, UnknownRefund, NoAccountToReturnTo
    ),
)
async def propose_use(
    session: Uow, actor: CurrentActor, line_id: UUID, proposal: Proposal
) -> BankLineView:
    """An operator says what a payment in the queue is; nothing moves yet."""
    line = await matching.propose(session, actor, line_id, proposal)
    return BankLineView.model_validate(line)


@ledger.post(
    "/bank-lines/{line_id}/confirm",
    responses=declared(*ACTING, IllegalMove, SecondPersonRequired, UnknownRefund),
)
async def confirm_use(session: Uow, actor: CurrentActor, line_id: UUID) -> BankLineView:
    """Another operator confirms it, and the money moves."""
    line = await matching.confirm(session, actor, line_id, await clock.now(session))
    return BankLineView.model_validate(line)


@ledger.post("/bank-lines/{line_id}/decline", responses=declared(*ACTING, IllegalMove))
async def decline_use(
    session: Uow, actor: CurrentActor, line_id: UUID, refusal: Refusal
) -> BankLineView:
    """An operator takes a proposal back to the queue."""
    return BankLineView.model_validate(
        await matching.decline(session, actor, line_id, refusal.reason)
    )


@ledger.get("/refunds", responses=declared(*READING))
async def list_refunds(
    session: Uow, actor: CurrentActor, page: Paging, state: RefundState | None = None
) -> Page[RefundView]:
    """Refunds of the own party, the newest first; overseers see all."""
    rows = await queries.refunds(session, actor, state, cursor_id(page), page.limit + 1)
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=[RefundView.model_validate(row) for row in items], next_cursor=cursor)


@ledger.post("/refunds/{refund_id}/refuse", responses=declared(*ACTING, IllegalMove))
async def refuse_refund(
    session: Uow, actor: CurrentActor, refund_id: UUID, refusal: Refusal
) -> RefundView:
    """An operator notes that the bank refused an order and did not pay."""
    now = await clock.now(session)
    refund = await refunds.refuse(session, actor, refund_id, refusal.reason, now)
    return RefundView.model_validate(refund)


@ledger.post(
    "/refunds/{refund_id}/replace",
    status_code=201,
    responses=declared(*ACTING, RefundNotReplaceable, SecondPersonRequired),
)
async def replace_refund(
    session: Uow, actor: CurrentActor, refund_id: UUID, replacement: Replacement
) -> RefundView:
    """An operator has a rejected refund ordered anew; another one than who noted the refusal."""
    to = replacement.account
    back_to = None if to is None else BankAccount(to.number, to.name, to.bank_code)
    now = await clock.now(session)
    return RefundView.model_validate(await refunds.replace(session, actor, refund_id, back_to, now))


@ledger.get("/payment-batches", responses=declared(*READING))
async def list_payment_batches(session: Uow, actor: CurrentActor, page: Paging) -> Page[BatchView]:
    """Payment files, the newest first, for overseers."""
    rows = await queries.batches(session, actor, cursor_id(page), page.limit + 1)
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=[BatchView.model_validate(row) for row in items], next_cursor=cursor)


@ledger.get(
    "/payment-batches/{batch_id}/document",
    response_class=Response,
    responses=declared(*ACTING) | {200: XML_FILE},
)
async def get_payment_file(session: Uow, actor: CurrentActor, batch_id: UUID) -> Response:
    """A payment file as the bank gets it, for operators who carry it by hand."""
    document = await queries.document(session, actor, batch_id)
    name = f'attachment; filename="{batch_id.hex}.xml"'
    return Response(document, media_type="application/xml", headers={"Content-Disposition": name})


@ledger.post(
    "/simulated-payments",
    status_code=202,
    responses=declared(Unauthenticated, ScopeRequired, BankNotSimulated, NotFound),
)
async def simulate_payment(
    request: Request, session: Uow, actor: CurrentActor, payment: SimulatedPayment
) -> SimulatedPayment:
    """Pay to the platform's account at the simulated bank; in a sandbox that runs with it."""
    actor.require_scope("trade")
    await queries.simulate_payment(session, request.app.state.settings, payment)
    return payment
