"""Use cases of deals: record a result, make it public, follow its contract or its end."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import service as auctions
from app.auctions.states import AuctionState, AwardState
from app.deals import access, payments, repository, results, rules, succession
from app.deals.errors import CertificateStands, DealEnded, PublicityRunning
from app.deals.facts import DealFacts
from app.deals.models import Deal
from app.deals.schemas import DealView, Following
from app.deals.states import ENDED, DealMethod, DealState, PriceReturn
from app.kit import audit, calendar_store, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.errors import NotFound, Unauthenticated
from app.ledger import service as ledger
from app.listings import service as listings
from app.negotiations import service as negotiations
from app.notices import service as notices
from app.notices.facts import NoticeSubject
from app.parties import service as parties

RECOUNT = "deals.recount"
RECOUNT_BATCH = 200
PUBLIC_STATES = tuple(state.value for state in DealState if state not in ENDED)


async def record_auction(session: AsyncSession, auction_id: UUID) -> None:
    """Record the deals of a sold auction, one for each winner; once only.

    The deal was concluded when the auction was decided, however late this runs.
    """
    auction = await auctions.facts(session, auction_id)
    standing = [award for award in auction.awards if award.state == AwardState.AWARDED]
    if (
        auction.state != AuctionState.SOLD
        or not standing
        or auction.decided_at is None
        or auction.listing_id is None
    ):
        raise ValueError(f"auction {auction_id} is not sold; there is no deal to record")
    listing = await listings.facts(session, auction.listing_id)
    for award in standing:
        made = await results.conclude(
            session,
            SYSTEM,
            results.of_listing(listing)
            | {
                "auction_id": auction.id,
                "award_id": award.id,
                "sole": not auction.many_winners,
                "buyer_id": award.winner_id,
                "buyer_broker_id": await listings.applicants_broker(
                    session, listing.id, award.winner_id
                ),
                "price_fen": award.total_fen,
                "method": DealMethod.AUCTION.value,
                "concluded_at": auction.decided_at,
            },
        )
        if made is not None and award.instead_of is not None:
            await repository.note_shortfall(session, award.instead_of, award.shortfall_fen)


async def annul_auction(
    session: AsyncSession, auction_id: UUID, reason: str, now: datetime
) -> None:
    """Cancel the deals of an auction that was annulled; a signed contract is terminated."""
    for deal in await repository.standing_of_auction(session, auction_id):
        act = "terminate" if deal.state == DealState.CONTRACTED else "cancel"
        await results.end(session, SYSTEM, deal, act, reason, now)
        if deal.contracted_at is not None:
            await payments.give_back(session, SYSTEM, deal, now)
            await jobs.defer(session, "contracts.terminate", deal_id=str(deal.id))
    auction = await auctions.facts(session, auction_id)
    if auction.listing_id is not None:
        await succession.free(session, SYSTEM, auction.listing_id, reason, now)


async def record_negotiation(session: AsyncSession, negotiation_id: UUID) -> None:
    """Record the deal of a negotiation that came to an agreement, with its terms; once only."""
    agreed = await negotiations.agreement(session, negotiation_id)
    listing = await listings.facts(session, agreed.listing_id)
    await results.conclude(
        session,
        SYSTEM,
        results.of_listing(listing)
        | {
            "negotiation_id": agreed.negotiation_id,
            "buyer_id": agreed.buyer_id,
            "seller_broker_id": agreed.seller_broker_id,
            "buyer_broker_id": agreed.buyer_broker_id,
            "price_fen": agreed.price_fen,
            "terms": agreed.terms,
            "method": DealMethod.NEGOTIATION.value,
            "concluded_at": agreed.agreed_at,
        },
    )


async def publicise_due(session: AsyncSession, deal_id: UUID, now: datetime) -> None:
    """End a publicity that passed without suspension; does nothing when it is not due."""
    deal = await repository.deal(session, deal_id, lock=True, skip_locked=True)
    if deal is not None and _publicity_passed(deal, now):
        results.change(session, SYSTEM, deal, "publicise")
        await session.flush()


def _publicity_passed(deal: Deal, now: datetime) -> bool:
    return deal.state == DealState.CONCLUDED and deal.publicity_ends_at <= now


async def require_signable(session: AsyncSession, deal_id: UUID, now: datetime) -> None:
    """Raise PublicityRunning, DealEnded or NoticeNotEffective unless the deal's contract can be
    signed now.

    The stored end decides, not whether the tick has run. The deal stays locked.
    """
    deal = await repository.deal(session, deal_id, lock=True)
    if deal is None:
        raise NotFound
    if _publicity_passed(deal, now):
        results.change(session, SYSTEM, deal, "publicise")
        await session.flush()
    if DealState(deal.state) in ENDED:
        raise DealEnded(state=deal.state)
    if deal.state in {DealState.CONCLUDED, DealState.SUSPENDED}:
        raise PublicityRunning(
            state=deal.state, publicity_ends_at=deal.publicity_ends_at.isoformat()
        )
    if deal.method == DealMethod.NEGOTIATION:
        names = NoticeSubject.__dataclass_fields__
        subject = NoticeSubject(**{name: getattr(deal, name) for name in names})
        await notices.require_effective(session, subject)


async def mark_contracted(
    session: AsyncSession,
    actor: Actor,
    deal_id: UUID,
    now: datetime,
    payment_mode: str | None = None,
    intermediary_id: UUID | None = None,
) -> None:
    """Note that both parties signed the contract of a deal, and how the price is paid.

    Commissions are earned now (rules.md 9.2); `intermediary_id` is the broker whom the contract
    names. Raises NotFound, NotAPartyOfDeal, and IllegalMove when the deal is not waiting for a
    contract.
    """
    deal = access.owned(actor, await repository.deal(session, deal_id, lock=True))
    results.change(session, actor, deal, "contract")
    deal.contracted_at = now
    deal.payment_mode = payment_mode
    await session.flush()
    await listings.apply_deposit(session, deal.listing_id, deal.buyer_id, deal.price_fen, now)
    await negotiations.conclude_commissions(
        session, actor, results.brokerage(deal), intermediary_id, now
    )


async def end_with_contract(
    session: AsyncSession, actor: Actor, deal_id: UUID, reason: str, now: datetime
) -> None:
    """The parties ended their contract: the deal ends, what the platform holds of its price goes
    back, and the right can be listed again. Nothing happens to a deal that had ended before."""
    deal = await repository.deal(session, deal_id, lock=True)
    assert deal is not None
    if deal.state != DealState.CONTRACTED:
        return
    await results.end(session, actor, deal, "terminate", reason, now)
    await payments.give_back(session, actor, deal, now)
    await succession.free(session, actor, deal.listing_id, reason, now)


async def suspend(session: AsyncSession, actor: Actor, deal_id: UUID, reason: str) -> Deal:
    """An operator stops a publicity, such as for an objection. Raises IllegalMove."""
    deal = await _operated(session, actor, deal_id)
    results.change(session, actor, deal, "suspend", reason=reason)
    deal.note = reason
    await session.flush()
    return deal


async def resume(session: AsyncSession, actor: Actor, deal_id: UUID, now: datetime) -> Deal:
    """An operator lets a suspended publicity begin anew, in full. Raises IllegalMove."""
    deal = await _operated(session, actor, deal_id)
    period = rules.publicity(
        now, deal.publicity_working_days, await calendar_store.calendar(session)
    )
    deal.publicity_from = period.starts_on
    deal.publicity_ends_at = period.ends_at
    deal.publicity_provisional = period.provisional
    deal.calendar_version = period.calendar_version
    deal.note = None
    results.change(session, actor, deal, "resume", **deal.period())
    await session.flush()
    return deal


async def cancel(
    session: AsyncSession, actor: Actor, deal_id: UUID, reason: str, now: datetime
) -> Deal:
    """An operator cancels a deal before its contract; the right can be listed again.

    Raises NotFound, RoleRequired and IllegalMove.
    """
    deal = await _operated(session, actor, deal_id)
    await results.end(session, actor, deal, "cancel", reason, now)
    await succession.free(session, actor, deal.listing_id, reason, now)
    return deal


async def default(
    session: AsyncSession,
    actor: Actor,
    deal_id: UUID,
    reason: str,
    now: datetime,
    *,
    following: Following = "none",
    commissions_fen: int = 0,
) -> Deal:
    """An operator notes that the buyer does not perform (法释〔2016〕18号 art. 24).

    Then the bidder who came next is offered the deal at its own best bid, or the others bid again,
    or the right can be listed again. The buyer owes both commissions of the sale and the shortfall
    of a second one (拍卖法 art. 39; TV-D2). A signed contract is terminated by a job. Raises
    NoRunnerUp, NoFurtherBidder, CertificateStands while a certificate is in force, and IllegalMove.
    """
    deal = await _operated(session, actor, deal_id)
    standing = await repository.numbers_in_force(session, [deal.id])
    if standing:
        raise CertificateStands(number=standing[deal.id])
    deal.commissions_fen = commissions_fen
    await results.end(session, actor, deal, "default", reason, now, following=following)
    if deal.award_id is not None:
        await auctions.default_award(session, actor, deal.award_id, commissions_fen)
    await _collect(session, actor, deal, commissions_fen, now)
    await listings.forfeit_deposit(session, deal.listing_id, deal.buyer_id, reason, now)
    if deal.contracted_at is not None:
        await payments.give_back(session, actor, deal, now)
        await jobs.defer(session, "contracts.terminate", deal_id=str(deal.id))
    if following == "runner_up":
        await succession.offer(session, actor, deal, now)
    elif following == "re_auction":
        await succession.auction_again(session, actor, deal, now)
    else:
        await succession.free(session, actor, deal.listing_id, reason, now)
    return deal


async def _collect(
    session: AsyncSession, actor: Actor, deal: Deal, commissions_fen: int, now: datetime
) -> None:
    """Take the commissions of a defaulted sale out of the buyer's deposit, also when it was set off
    against the price already; claim what is more. What is left of that deposit is forfeited."""
    collected = 0
    if deal.contracted_at is not None:
        collected = await payments.forfeit(session, actor, deal, commissions_fen, now)
    elif commissions_fen:
        collected = await listings.collect_commission(
            session, deal.listing_id, deal.buyer_id, commissions_fen, now
        )
    if commissions_fen > collected:
        await ledger.charge_commission(
            session,
            actor,
            key=f"deal:{deal.id}",
            party_id=deal.buyer_id,
            purpose_id=deal.id,
            amount_fen=commissions_fen - collected,
            now=now,
        )


async def _operated(session: AsyncSession, actor: Actor, deal_id: UUID) -> Deal:
    access.require_operator(actor)
    deal = await repository.deal(session, deal_id, lock=True)
    if deal is None:
        raise NotFound
    return deal


async def recount(session: AsyncSession, after: UUID | None) -> None:
    """Count provisional publicities anew, a batch here and the rest in the next job.

    The end never becomes earlier than people were told; running it again changes nothing.
    """
    calendar = await calendar_store.calendar(session)
    rows = await repository.provisional(session, after, RECOUNT_BATCH)
    for deal in rows:
        before = deal.period()
        period = rules.recounted(
            deal.publicity_from, deal.publicity_ends_at, deal.publicity_working_days, calendar
        )
        deal.publicity_ends_at = period.ends_at
        deal.publicity_provisional = period.provisional
        deal.calendar_version = period.calendar_version
        if deal.period() != before:
            deal.version += 1
            audit.record(
                session,
                SYSTEM,
                "deal.recount",
                "deal",
                deal.id,
                before=before,
                after=deal.period(),
                rule_set=deal.rule_set,
                audience=access.audience(deal.seller_id, deal.buyer_id),
            )
    if len(rows) == RECOUNT_BATCH:
        await jobs.defer(session, RECOUNT, after=str(rows[-1].id))


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
    price_return: PriceReturn | None = None,
) -> Sequence[Deal]:
    """Results for everyone; deals that ended only among the actor's own (`mine`).

    Deals by what becomes of their price are for overseers, among all that ended. Raises
    Unauthenticated when nobody asks for `mine`, and NotFound when ended ones are asked for without
    it by somebody who is no overseer.
    """
    party_id = None
    if mine:
        if actor is None:
            raise Unauthenticated
        party_id = actor.require_party()
    elif state in ENDED and (actor is None or not actor.roles & access.OVERSEERS):
        raise NotFound
    states: Sequence[str] = PUBLIC_STATES
    if price_return is not None:
        if actor is None or not actor.roles & access.OVERSEERS:
            raise NotFound
        states = tuple(known.value for known in ENDED)
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
        price_return=None if price_return is None else price_return.value,
        after=after,
        limit=limit,
    )


async def views(session: AsyncSession, deals: Sequence[Deal]) -> list[DealView]:
    """Deals with the names of their parties."""
    ids = {party for deal in deals for party in (deal.seller_id, deal.buyer_id)}
    names = await parties.facts_of(session, list(ids)) if ids else {}
    numbers = await repository.numbers_in_force(session, [deal.id for deal in deals])
    added = {"seller_name", "buyer_name", "certificate_number"}
    return [
        DealView(
            **{name: getattr(deal, name) for name in DealView.model_fields if name not in added},
            seller_name=names[deal.seller_id].name,
            buyer_name=names[deal.buyer_id].name,
            certificate_number=numbers.get(deal.id),
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
