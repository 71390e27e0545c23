"""Use cases of deals: record a result, follow its contract."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import service as auctions
from app.auctions.states import AuctionState
from app.deals import access, repository
from app.deals.facts import DealFacts
from app.deals.models import Deal
from app.deals.schemas import DealView
from app.deals.states import MOVES, DealMethod, DealState
from app.kit import audit, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.errors import NotFound, Unauthenticated
from app.kit.states import move
from app.listings import service as listings
from app.parties import service as parties

PUBLIC_STATES = (DealState.CONCLUDED.value, DealState.CONTRACTED.value)


async def record_auction(session: AsyncSession, auction_id: UUID) -> None:
    """Record the deal of a sold auction, with all that it needs copied; once only.

    The deal was concluded when the auction was decided, however late this runs.
    """
    auction = await auctions.facts(session, auction_id)
    if (
        auction.state != AuctionState.SOLD
        or auction.winner_id is None
        or auction.price_fen is None
        or auction.decided_at is None
    ):
        raise ValueError(f"auction {auction_id} is not sold; there is no deal to record")
    listing = await listings.facts(session, auction.listing_id)
    deal_id = await repository.record(
        session,
        listing_id=listing.id,
        auction_id=auction.id,
        achievement_id=listing.achievement_id,
        seller_id=auction.seller_id,
        buyer_id=auction.winner_id,
        price_fen=auction.price_fen,
        transfer_mode=listing.transfer_mode,
        license_manner=listing.license_manner,
        title=listing.title,
        concluded_at=auction.decided_at,
    )
    if deal_id is None:
        return
    audit.record(
        session,
        SYSTEM,
        "deal.conclude",
        "deal",
        deal_id,
        after={
            "state": DealState.CONCLUDED,
            "method": DealMethod.AUCTION,
            "auction": auction.id,
            "seller": auction.seller_id,
            "buyer": auction.winner_id,
            "price_fen": auction.price_fen,
        },
        audience=access.audience(auction.seller_id, auction.winner_id),
    )
    await jobs.defer(session, "contracts.draft", deal_id=str(deal_id))


async def mark_contracted(
    session: AsyncSession, actor: Actor, deal_id: UUID, now: datetime
) -> None:
    """Note that both parties signed the contract of a deal.

    Raises NotFound, NotAPartyOfDeal, and IllegalMove when the deal is not waiting for a contract.
    """
    deal = access.owned(actor, await repository.deal(session, deal_id, lock=True))
    before = deal.state
    deal.state = move(MOVES, DealState(before), "contract").value
    deal.contracted_at = now
    deal.version += 1
    audit.record(
        session,
        actor,
        "deal.contract",
        "deal",
        deal.id,
        before={"state": before},
        after={"state": deal.state},
        audience=access.audience(deal.seller_id, deal.buyer_id),
    )
    await session.flush()


async def get(session: AsyncSession, actor: Actor | None, deal_id: UUID) -> Deal:
    """One deal, if the actor may see it; raises NotFound."""
    return access.visible(actor, await repository.deal(session, deal_id))


async def deal_list(
    session: AsyncSession,
    actor: Actor | None,
    *,
    mine: bool,
    state: DealState | None,
    seller_id: UUID | None,
    buyer_id: UUID | None,
    listing_id: UUID | None,
    transfer_mode: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Deal]:
    """Results for everyone; cancelled deals only among the actor's own (`mine`).

    Raises Unauthenticated when nobody asks for `mine`, and NotFound when cancelled ones are asked
    for without it by somebody who is no overseer.
    """
    party_id = None
    if mine:
        if actor is None:
            raise Unauthenticated
        party_id = actor.require_party()
    elif state == DealState.CANCELLED and (actor is None or not actor.roles & access.OVERSEERS):
        raise NotFound
    states: Sequence[str] = PUBLIC_STATES
    if state is not None:
        states = (state.value,)
    elif mine:
        states = tuple(known.value for known in DealState)
    return await repository.deals(
        session,
        states=states,
        party_id=party_id,
        seller_id=seller_id,
        buyer_id=buyer_id,
        listing_id=listing_id,
        transfer_mode=transfer_mode,
        after=after,
        limit=limit,
    )


async def views(session: AsyncSession, deals: Sequence[Deal]) -> list[DealView]:
    """Deals with the names of their parties."""
    ids = {party for deal in deals for party in (deal.seller_id, deal.buyer_id)}
    names = await parties.facts_of(session, list(ids)) if ids else {}
    return [
        DealView(
            id=deal.id,
            version=deal.version,
            listing_id=deal.listing_id,
            auction_id=deal.auction_id,
            achievement_id=deal.achievement_id,
            title=deal.title,
            seller_id=deal.seller_id,
            seller_name=names[deal.seller_id].name,
            buyer_id=deal.buyer_id,
            buyer_name=names[deal.buyer_id].name,
            price_fen=deal.price_fen,
            transfer_mode=deal.transfer_mode,
            license_manner=deal.license_manner,
            method=DealMethod(deal.method),
            state=DealState(deal.state),
            concluded_at=deal.concluded_at,
            contracted_at=deal.contracted_at,
        )
        for deal in deals
    ]


async def facts(session: AsyncSession, deal_id: UUID) -> DealFacts:
    """What other modules may know of one deal; raises NotFound."""
    found = await facts_of(session, [deal_id])
    if deal_id not in found:
        raise NotFound
    return found[deal_id]


async def facts_of(session: AsyncSession, deal_ids: Sequence[UUID]) -> dict[UUID, DealFacts]:
    """What other modules may know of deals, by id; unknown ids are left out."""
    names = [field.name for field in fields(DealFacts)]
    return {
        row.id: DealFacts(**{name: getattr(row, name) for name in names})
        for row in await repository.deals_by_id(session, deal_ids)
    }
