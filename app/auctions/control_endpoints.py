"""HTTP of plans, of the operator's acts on auctions, and of their opening."""

from uuid import UUID

from fastapi import Request

from app.auctions import awards, calling, control, opening, scheduling, service
from app.auctions.errors import (
    BadPlan,
    DefaultOfDeal,
    DemandNotReady,
    NoSuppliers,
    NotAwaitingOpening,
    NotTheDemandsOwner,
    PlanFixed,
    WrongOpeningKey,
)
from app.auctions.schemas import (
    AuctionView,
    KeyIn,
    NewCall,
    NewPlan,
    OpeningView,
    OperatorAct,
    PlanView,
    ShareIn,
    SupplierDefault,
)
from app.kit import clock
from app.kit.actor import CurrentActor, OptionalActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import IllegalMove, NotFound, Unauthenticated
from app.kit.errors import problems as declared
from app.kit.http import trade_router
from app.kit.opening import known_openers

auctions = trade_router("/auctions", "auctions")
plans = trade_router("/listings", "auctions")
calls = trade_router("/demands", "auctions")
routers = (auctions, plans, calls)
_ACTING = (Unauthenticated, RoleRequired, ScopeRequired, NotFound)


@plans.put("/{listing_id}/auction-plan", responses=declared(*_ACTING, BadPlan, PlanFixed))
async def set_plan(
    request: Request, session: Uow, actor: CurrentActor, listing_id: UUID, new: NewPlan
) -> PlanView:
    """Choose the format of a drafted listing's auction, its rules and a secret reserve.

    What is left open follows from the listing. The plan is fixed when the listing is handed in.
    """
    now = await clock.now(session)
    known = known_openers(request.app.state.settings)
    return await scheduling.set_plan(session, actor, listing_id, new, known, now)


@plans.get("/{listing_id}/auction-plan", responses=declared(NotFound))
async def get_plan(session: Uow, actor: OptionalActor, listing_id: UUID) -> PlanView:
    """How the auction of a listing will be held; without a plan, bids rise openly."""
    return await scheduling.plan(session, actor, listing_id)


@calls.post(
    "/{demand_id}/auction",
    status_code=201,
    responses=declared(*_ACTING, BadPlan, NotTheDemandsOwner, DemandNotReady, NoSuppliers),
)
async def call_for_bids(
    request: Request, session: Uow, actor: CurrentActor, demand_id: UUID, new: NewCall
) -> AuctionView:
    """Hold a reverse auction for a demand among its shortlisted suppliers; the lowest bid wins."""
    now = await clock.now(session)
    known = known_openers(request.app.state.settings)
    made = await calling.call(session, actor, demand_id, new, known, now)
    return await service.get(session, actor, made, now)


@auctions.post("/{auction_id}/pause", responses=declared(*_ACTING, IllegalMove))
async def pause_auction(
    session: Uow, actor: CurrentActor, auction_id: UUID, act: OperatorAct
) -> AuctionView:
    """Stop an open auction's clock, for a fault or a security event (法释〔2016〕18号 art. 28)."""
    await control.pause(session, actor, auction_id, act.reason)
    return await service.get(session, actor, auction_id, await clock.now(session))


@auctions.post("/{auction_id}/resume", responses=declared(*_ACTING, IllegalMove))
async def resume_auction(
    session: Uow, actor: CurrentActor, auction_id: UUID, act: OperatorAct
) -> AuctionView:
    """Let a paused auction go on; its end moves by the length of the pause."""
    await control.resume(session, actor, auction_id, act.reason)
    return await service.get(session, actor, auction_id, await clock.now(session))


@auctions.post("/{auction_id}/annul", responses=declared(*_ACTING, IllegalMove))
async def annul_auction(
    session: Uow, actor: CurrentActor, auction_id: UUID, act: OperatorAct
) -> AuctionView:
    """Annul an auction, also one that was sold (法释〔2016〕18号 art. 31)."""
    await control.annul(session, actor, auction_id, act.reason)
    return await service.get(session, actor, auction_id, await clock.now(session))


@auctions.post("/{auction_id}/default", responses=declared(*_ACTING, IllegalMove, DefaultOfDeal))
async def note_supplier_default(
    session: Uow, actor: CurrentActor, auction_id: UUID, act: SupplierDefault
) -> AuctionView:
    """The supplier who won does not perform: the demand is open again for the others."""
    now = await clock.now(session)
    await awards.default_of_supplier(
        session, actor, auction_id, act.reason, act.commissions_fen, now
    )
    return await service.get(session, actor, auction_id, now)


@auctions.get("/{auction_id}/opening", responses=declared(*_ACTING))
async def get_opening(session: Uow, actor: CurrentActor, auction_id: UUID) -> OpeningView:
    """How an auction with sealed content is opened: what officers need for their commands."""
    return await opening.custody(session, actor, auction_id)


@auctions.post(
    "/{auction_id}/opening", responses=declared(*_ACTING, NotAwaitingOpening, WrongOpeningKey)
)
async def open_auction(
    session: Uow, actor: CurrentActor, auction_id: UUID, key: KeyIn
) -> OpeningView:
    """Hand in the opening key, or one officer's share, after the end of the sealed phase."""
    if isinstance(key, ShareIn):
        await opening.hand_in_share(session, actor, auction_id, key.model_dump(mode="json"))
    else:
        await opening.hand_in_key(session, actor, auction_id, bytes.fromhex(key.private_key))
    return await opening.custody(session, actor, auction_id)
