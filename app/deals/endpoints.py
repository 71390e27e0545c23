"""HTTP of the deals module."""

from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response

from app.auctions.errors import NoFurtherBidder
from app.deals import certificates, payments, service, succession
from app.deals.errors import (
    AlreadyRevoked,
    AlreadySettled,
    CertificateStands,
    CommissionTooHigh,
    NoRunnerUp,
    NotContracted,
    PricePaid,
    RunnerUpOfferClosed,
)
from app.deals.models import Deal
from app.deals.schemas import (
    Because,
    CertificateView,
    DealView,
    Default,
    NewCertificate,
    NewSettlement,
    PriceView,
    RunnerUpAnswer,
    RunnerUpView,
)
from app.deals.states import DealState, PriceReturn
from app.kit import clock
from app.kit.actor import CurrentActor, OptionalActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import (
    BadCursor,
    Page,
    Paging,
    ShortCode,
    cursor_id,
    etag,
    make_page,
    trade_router,
)
from app.kit.idempotency import Idempotent
from app.kit.signing import signing_key
from app.ledger.errors import NotShownByBank, ProceedsTooSmall

deals = trade_router("/deals", "deals")
certificates_router = trade_router("/certificates", "deals")
routers: tuple[APIRouter, ...] = (deals, certificates_router)

_OPERATED = (Unauthenticated, RoleRequired, ScopeRequired, NotFound, IllegalMove)
Number = Annotated[str, Path(pattern=r"^[A-Z0-9]{2,8}-[0-9]{4}-[0-9]{6,9}$")]


async def _shown(response: Response, session: Uow, deal: Deal) -> DealView:
    response.headers["ETag"] = etag(deal.version)
    return (await service.views(session, [deal]))[0]


@deals.get("", responses=declared(BadCursor, Unauthenticated, NotFound))
async def list_deals(
    session: Uow,
    actor: OptionalActor,
    page: Paging,
    mine: Annotated[bool, Query(description="only those the caller sold or bought")] = False,
    state: DealState | None = None,
    seller_id: UUID | None = None,
    buyer_id: UUID | None = None,
    listing_id: UUID | None = None,
    transfer_mode: ShortCode | None = None,
    price_return: Annotated[
        PriceReturn | None, Query(description="what becomes of the price of an ended deal")
    ] = None,
) -> Page[DealView]:
    """Results, the newest first; those that ended are for their parties and overseers."""
    rows = await service.deal_list(
        session,
        actor,
        mine=mine,
        state=state,
        seller_id=seller_id,
        buyer_id=buyer_id,
        listing_id=listing_id,
        transfer_mode=transfer_mode,
        price_return=price_return,
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=await service.views(session, items), next_cursor=cursor)


@deals.get("/{deal_id}", responses=declared(NotFound))
async def get_deal(
    response: Response, session: Uow, actor: OptionalActor, deal_id: UUID
) -> DealView:
    """One deal."""
    return await _shown(response, session, await service.get(session, actor, deal_id))


@deals.post("/{deal_id}/suspend", responses=declared(*_OPERATED))
async def suspend_publicity(
    response: Response, session: Uow, actor: CurrentActor, deal_id: UUID, because: Because
) -> DealView:
    """An operator stops the publicity of a result, such as for an objection."""
    deal = await service.suspend(session, actor, deal_id, because.reason)
    return await _shown(response, session, deal)


@deals.post("/{deal_id}/resume", responses=declared(*_OPERATED))
async def resume_publicity(
    response: Response, session: Uow, actor: CurrentActor, deal_id: UUID
) -> DealView:
    """An operator lets a suspended publicity begin anew, in full."""
    deal = await service.resume(session, actor, deal_id, await clock.now(session))
    return await _shown(response, session, deal)


@deals.post("/{deal_id}/cancel", responses=declared(*_OPERATED))
async def cancel_deal(
    response: Response, session: Uow, actor: CurrentActor, deal_id: UUID, because: Because
) -> DealView:
    """An operator cancels a deal that has no contract yet; the right can be listed again."""
    now = await clock.now(session)
    deal = await service.cancel(session, actor, deal_id, because.reason, now)
    return await _shown(response, session, deal)


@deals.post(
    "/{deal_id}/default",
    responses=declared(*_OPERATED, NoRunnerUp, NoFurtherBidder, CertificateStands),
)
async def note_default(
    response: Response, session: Uow, actor: CurrentActor, deal_id: UUID, default: Default
) -> DealView:
    """The buyer does not perform: the next bidder is asked, or all others bid again, or nobody."""
    deal = await service.default(
        session,
        actor,
        deal_id,
        default.reason,
        await clock.now(session),
        following=default.following,
        commissions_fen=default.commissions_fen,
    )
    return await _shown(response, session, deal)


@deals.post(
    "/{deal_id}/payment",
    responses=declared(
        Unauthenticated,
        RoleRequired,
        ScopeRequired,
        NotFound,
        NotContracted,
        AlreadySettled,
        PricePaid,
    ),
)
async def ask_how_to_pay(session: Uow, actor: CurrentActor, deal_id: UUID) -> PriceView:
    """The buyer asks how to pay what is missing of the price to the platform's account."""
    return PriceView.model_validate(await payments.ask(session, actor, deal_id))


@deals.post(
    "/{deal_id}/settlement",
    responses=declared(
        Unauthenticated,
        RoleRequired,
        ScopeRequired,
        NotFound,
        NotContracted,
        AlreadySettled,
        CommissionTooHigh,
        ProceedsTooSmall,
        NotShownByBank,
    ),
)
async def settle_price(
    response: Response, session: Uow, actor: CurrentActor, deal_id: UUID, new: NewSettlement
) -> DealView:
    """An operator has the price that the platform holds paid out, less the seller's commission."""
    deal = await payments.settle(session, actor, deal_id, new, await clock.now(session))
    return await _shown(response, session, deal)


@deals.post("/{deal_id}/price-return", responses=declared(*_OPERATED))
async def resolve_price(
    response: Response, session: Uow, actor: CurrentActor, deal_id: UUID, because: Because
) -> DealView:
    """An operator notes how a price was settled that had been paid out when its deal ended."""
    deal = await payments.resolve(session, actor, deal_id, because.reason)
    return await _shown(response, session, deal)


@deals.get("/{deal_id}/runner-up", responses=declared(Unauthenticated, NotFound))
async def get_runner_up_offer(session: Uow, actor: CurrentActor, deal_id: UUID) -> RunnerUpView:
    """The offer that followed a default, for the seller, that bidder and overseers."""
    return RunnerUpView.model_validate(await succession.offer_of(session, actor, deal_id))


@deals.post(
    "/{deal_id}/runner-up",
    responses=declared(Unauthenticated, RoleRequired, ScopeRequired, NotFound, RunnerUpOfferClosed),
)
async def answer_runner_up_offer(
    session: Uow, actor: CurrentActor, deal_id: UUID, answer: RunnerUpAnswer
) -> RunnerUpView:
    """The next bidder takes the deal at its own highest bid, or declines it."""
    now = await clock.now(session)
    offer = await succession.answer(session, actor, deal_id, now, accept=answer.accept)
    return RunnerUpView.model_validate(offer)


@deals.post(
    "/{deal_id}/certificate",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        Unauthenticated, RoleRequired, ScopeRequired, NotFound, NotContracted, CertificateStands
    ),
)
async def issue_certificate(
    request: Request,
    response: Response,
    session: Uow,
    actor: CurrentActor,
    deal_id: UUID,
    new: NewCertificate,
) -> CertificateView:
    """An operator issues the trade certificate (交易凭证) of a deal whose contract is signed."""
    settings = request.app.state.settings
    key = await to_thread.run_sync(signing_key, settings)
    issuer = certificates.Issuer(settings.node_code, settings.public_url, key)
    now = await clock.now(session)
    made = await certificates.issue(session, actor, deal_id, new, issuer, now)
    response.headers["Location"] = f"/api/v1/certificates/{made.number}"
    return made


@certificates_router.get("/{number}", responses=declared(NotFound))
async def verify_certificate(session: Uow, number: Number) -> CertificateView:
    """A trade certificate with its seal, for everyone to verify; says whether it was revoked."""
    return await certificates.get(session, number)


@certificates_router.get(
    "/{number}/document",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
        **declared(Unauthenticated, NotFound),
    },
)
async def get_certificate_document(session: Uow, actor: CurrentActor, number: Number) -> Response:
    """The certificate as PDF, the same bytes every time; for the parties and overseers."""
    return Response(
        await certificates.document(session, actor, number),
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{number}.pdf"'},
    )


@certificates_router.post(
    "/{number}/revoke",
    responses=declared(Unauthenticated, RoleRequired, ScopeRequired, NotFound, AlreadyRevoked),
)
async def revoke_certificate(
    session: Uow, actor: CurrentActor, number: Number, because: Because
) -> CertificateView:
    """An operator revokes a certificate; the verification page says so and why."""
    now = await clock.now(session)
    return await certificates.revoke(session, actor, number, because.reason, now)
