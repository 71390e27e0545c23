"""Use cases of auctions: schedule, open, bid, close.

Order in an auction is the order of its record: each bid takes the auction's row lock, is judged by
the time it was received at, and gets the next sequence number. An auction ends at its `ends_at`
also when the platform was away at that time.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import access, repository, rules
from app.auctions.errors import REFUSALS, AuctionClosed, BidRefused, RequestIdReused
from app.auctions.facts import AuctionFacts
from app.auctions.models import Auction, AuctionBidder, Bid
from app.auctions.schemas import AuctionView, BidPlaced, BidView, NewBid
from app.auctions.states import DECIDED, MOVES, AuctionState, Phase, Refusal
from app.kit import audit, clock, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.ids import new_id
from app.kit.states import move
from app.listings import service as listings
from app.parties import service as parties

_NO_BIDDER = "没有具备竞买资格的竞买人"
_NO_BID = "竞价期内无人有效出价"
_shuffle = random.SystemRandom().shuffle


async def schedule(session: AsyncSession, listing_id: UUID, now: datetime) -> None:
    """Set up the auction of a listing that closed with qualified bidders; once only.

    Bidders are numbered at random: numbers in the order of applications would tell the seller,
    who knows that order, who is who (法释〔2016〕18号 art. 18).
    """
    await repository.lock_listing(session, listing_id)
    if await repository.auction_of_listing(session, listing_id) is not None:
        return
    listing = await listings.facts(session, listing_id)
    bidders = list(await listings.qualified_bidders(session, listing_id))
    rule_set = rules.rule_set_on(local_day(now))
    if len(bidders) < rule_set.minimum_bidders.value:
        await listings.record_failure(session, SYSTEM, listing_id, _NO_BIDDER, now)
        return
    opens_at, ends_at = rules.schedule(
        listing.closed_at or now, listing.opens_after_minutes, listing.bidding_minutes, now
    )
    auction = Auction(
        id=new_id(),
        listing_id=listing.id,
        seller_id=listing.seller_id,
        start_fen=listing.price_fen,
        increment_fen=listing.increment_fen,
        extension_s=listing.extension_s,
        first_bid_at_start=bool(rule_set.first_bid_at_start.value),
        state=AuctionState.SCHEDULED.value,
        opens_at=opens_at,
        planned_end=ends_at,
        ends_at=ends_at,
        rule_set=rule_set.code,
    )
    session.add(auction)
    await session.flush()
    _shuffle(bidders)
    session.add_all(
        AuctionBidder(auction_id=auction.id, bidder_id=bidder, number=number)
        for number, bidder in enumerate(bidders, start=1)
    )
    audit.record(
        session,
        SYSTEM,
        "auction.schedule",
        "auction",
        auction.id,
        after={
            "state": auction.state,
            "listing": listing.id,
            "opens_at": opens_at,
            "ends_at": ends_at,
            "bidders": len(bidders),
            "deviations": rules.deviations(rule_set, listing.extension_s, listing.bidding_minutes),
        },
        rule_set=auction.rule_set,
    )
    await session.flush()


async def open_due(session: AsyncSession, auction_id: UUID, now: datetime) -> None:
    """Note that an auction's opening has come; does nothing when that is noted already."""
    auction = await repository.auction(session, auction_id, lock=True, skip_locked=True)
    if auction is not None and auction.state == AuctionState.SCHEDULED and auction.opens_at <= now:
        _open(session, auction)
        await repository.announce(session, [auction.id])


def _open(session: AsyncSession, auction: Auction) -> None:
    before = auction.state
    auction.state = move(MOVES, AuctionState(before), "open").value
    audit.record(
        session,
        SYSTEM,
        "auction.open",
        "auction",
        auction.id,
        before={"state": before},
        after={"state": auction.state},
        rule_set=auction.rule_set,
    )


async def receive(session: AsyncSession, auction_id: UUID) -> datetime:
    """Stamp the arrival of a bid on the market's clock; call it before anything else.

    From here to the end of the transaction the auction is not decided without this bid.
    """
    return await repository.stamp_and_queue(session, auction_id)


@dataclass(frozen=True)
class Outcome:
    """What became of a bid: the bid that leads, or the refusal (which is in the record too)."""

    bid: Bid
    placed: BidPlaced | None
    refusal: BidRefused | None


async def place_bid(
    session: AsyncSession, actor: Actor, auction_id: UUID, new: NewBid, received_at: datetime
) -> Outcome:
    """Judge a bid under the auction's lock by the time it was received, and record it.

    A refused bid is an `Outcome`, not an exception: its row must commit. The same request id gets
    the outcome that it got first. Raises NotFound, RoleRequired, SellerMayNotBid, NotABidder,
    RequestIdReused, and AuctionClosed without a record once the auction is decided.
    """
    party_id = access.bidding_party(actor)
    bidder = await repository.bidder(session, auction_id, party_id)
    auction = await repository.auction(session, auction_id, lock=bidder is not None)
    bidder = access.admitted(actor, auction, bidder)
    auction = access.visible(auction)
    earlier = await repository.bid_by_request(session, auction_id, party_id, new.request_id)
    if earlier is not None:
        if earlier.amount_fen != new.amount_fen:
            raise RequestIdReused(field="body.request_id", amount_fen=earlier.amount_fen)
        return _outcome(auction, earlier)
    if auction.state in DECIDED:
        closed = _refusal_facts(auction, Refusal.CLOSED, auction.ends_at, None, received_at)
        raise AuctionClosed(**(closed | {"phase": auction.state}))
    if auction.state == AuctionState.SCHEDULED and auction.opens_at <= received_at:
        _open(session, auction)
    state = _bidding_state(auction)
    decision = rules.decide_bid(state, new.amount_fen, received_at)
    bid = _bid_row(auction, bidder, new, received_at, decision)
    session.add(bid)
    await session.flush()
    before = {"price_fen": auction.price_fen, "ends_at": auction.ends_at}
    auction.next_sequence += 1
    if isinstance(decision, rules.Accepted):
        after = rules.after_bid(state, bidder.number, new.amount_fen, decision)
        auction.leading_bid_id = bid.id
        auction.leading_number = after.leader
        auction.price_fen = after.price_fen
        auction.ends_at = after.ends_at
        auction.bid_count += 1
    audit.record(
        session,
        actor,
        "bid.accept" if bid.accepted else "bid.refuse",
        "auction",
        auction.id,
        before=before,
        after={
            "price_fen": auction.price_fen,
            "ends_at": auction.ends_at,
            "sequence": bid.sequence,
            "refusal": bid.refusal,
        },
        rule_set=auction.rule_set,
    )
    await repository.announce(session, [auction.id])
    return _outcome(auction, bid)


def _bid_row(
    auction: Auction,
    bidder: AuctionBidder,
    new: NewBid,
    received_at: datetime,
    decision: rules.Decision,
) -> Bid:
    accepted = isinstance(decision, rules.Accepted)
    return Bid(
        id=new_id(),
        auction_id=auction.id,
        sequence=auction.next_sequence,
        bidder_id=bidder.bidder_id,
        number=bidder.number,
        amount_fen=new.amount_fen,
        received_at=received_at,
        request_id=new.request_id,
        accepted=accepted,
        refusal=decision.code.value if isinstance(decision, rules.Refused) else None,
        required_fen=decision.required_fen if isinstance(decision, rules.Refused) else None,
        ends_at_after=decision.ends_at if isinstance(decision, rules.Accepted) else auction.ends_at,
    )


def _bidding_state(auction: Auction) -> rules.BiddingState:
    return rules.BiddingState(
        start_fen=auction.start_fen,
        increment_fen=auction.increment_fen,
        extension_s=auction.extension_s,
        first_bid_at_start=auction.first_bid_at_start,
        opens_at=auction.opens_at,
        ends_at=auction.ends_at,
        price_fen=auction.price_fen,
        leader=auction.leading_number,
    )


def _outcome(auction: Auction, bid: Bid) -> Outcome:
    """Made of the bid's row and the auction's fixed terms alone, so that it never changes."""
    if bid.refusal is None:
        shown = BidView.model_validate(bid).model_dump()
        placed = BidPlaced(**shown, min_next_fen=bid.amount_fen + auction.increment_fen)
        return Outcome(bid, placed, None)
    code = Refusal(bid.refusal)
    facts = _refusal_facts(auction, code, bid.ends_at_after, bid.required_fen, bid.received_at)
    field = "body.amount_fen" if code in {Refusal.TOO_LOW, Refusal.OFF_STEP} else None
    return Outcome(bid, None, REFUSALS[code](field=field, sequence=bid.sequence, **facts))


def _refusal_facts(
    auction: Auction,
    code: Refusal,
    ends_at: datetime,
    required_fen: int | None,
    received_at: datetime,
) -> dict[str, Any]:
    phases = {Refusal.NOT_OPEN: Phase.SCHEDULED, Refusal.CLOSED: Phase.CLOSING}
    return {
        "required_fen": required_fen,
        "increment_fen": auction.increment_fen,
        "phase": phases.get(code, Phase.OPEN).value,
        "opens_at": auction.opens_at.isoformat(),
        "ends_at": ends_at.isoformat(),
        "server_time": received_at.isoformat(),
    }


async def close_due(session: AsyncSession, auction_id: UUID) -> None:
    """Decide an auction whose end has passed; exactly once, whoever comes.

    It first waits for the bids that were received before, then locks the row and reads the end
    anew: a bid among them may have moved it. The clock is read after that.
    """
    await repository.wait_for_bids(session, auction_id)
    auction = await repository.auction(session, auction_id, lock=True)
    now = await clock.now(session)
    if (
        auction is None
        or auction.state != AuctionState.OPEN
        or not rules.may_decide(auction.ends_at, now)
    ):
        return
    winner_id = None
    if auction.leading_bid_id is not None:
        winner_id = (await repository.bid(session, auction.leading_bid_id)).bidder_id
    before = auction.state
    act = rules.result_act(auction.price_fen)
    auction.state = move(MOVES, AuctionState(before), act).value
    auction.winner_id = winner_id
    auction.decided_at = now
    audit.record(
        session,
        SYSTEM,
        f"auction.{act}",
        "auction",
        auction.id,
        before={"state": before},
        after={
            "state": auction.state,
            "price_fen": auction.price_fen,
            "winner": auction.winner_id,
            "ends_at": auction.ends_at,
        },
        rule_set=auction.rule_set,
    )
    await session.flush()
    await repository.announce(session, [auction.id])
    if auction.state == AuctionState.SOLD:
        await listings.record_award(session, SYSTEM, auction.listing_id, now)
        await jobs.defer(session, "deals.record", auction_id=str(auction.id))
    else:
        await listings.record_failure(session, SYSTEM, auction.listing_id, _NO_BID, now)


async def due_to_close(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Auctions to be decided, the earliest end first."""
    return await repository.due_to_close(session, now, limit)


async def due_to_open(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Auctions to be opened, the earliest first."""
    return await repository.due_to_open(session, now, limit)


async def get(
    session: AsyncSession, actor: Actor | None, auction_id: UUID, now: datetime
) -> AuctionView:
    """One auction as the actor sees it; raises NotFound."""
    auction = access.visible(await repository.auction(session, auction_id))
    return (await views(session, actor, [auction], now))[0]


async def auction_list(
    session: AsyncSession,
    *,
    state: AuctionState | None,
    seller_id: UUID | None,
    listing_id: UUID | None,
    bidder_id: UUID | None,
    by_end: bool,
    after: tuple[datetime | None, UUID] | None,
    limit: int,
) -> Sequence[Auction]:
    """A page of auctions; `bidder_id` must be the asker's own party."""
    return await repository.auctions(
        session,
        state=None if state is None else state.value,
        seller_id=seller_id,
        listing_id=listing_id,
        bidder_id=bidder_id,
        by_end=by_end,
        after=after,
        limit=limit,
    )


async def views(
    session: AsyncSession, actor: Actor | None, auctions: Sequence[Auction], now: datetime
) -> list[AuctionView]:
    """What the actor sees of auctions, with titles and the names of winners."""
    ids = [auction.id for auction in auctions]
    counts = await repository.bidder_counts(session, ids)
    own: dict[UUID, int] = {}
    if actor is not None and actor.party_id is not None:
        own = await repository.numbers_of(session, ids, actor.party_id)
    titles = await listings.facts_of(session, [auction.listing_id for auction in auctions])
    winners = [auction.winner_id for auction in auctions if auction.winner_id is not None]
    names = await parties.facts_of(session, winners) if winners else {}
    shown = []
    for auction in auctions:
        phase = rules.phase(AuctionState(auction.state), auction.opens_at, auction.ends_at, now)
        biddable = phase in {Phase.SCHEDULED, Phase.OPEN}
        winner = auction.winner_id
        shown.append(
            AuctionView(
                id=auction.id,
                listing_id=auction.listing_id,
                title=titles[auction.listing_id].title,
                seller_id=auction.seller_id,
                state=AuctionState(auction.state),
                phase=phase,
                rule_set=auction.rule_set,
                start_fen=auction.start_fen,
                increment_fen=auction.increment_fen,
                extension_s=auction.extension_s,
                opens_at=auction.opens_at,
                planned_end=auction.planned_end,
                ends_at=auction.ends_at,
                server_time=now,
                bidder_count=counts[auction.id],
                bid_count=auction.bid_count,
                price_fen=auction.price_fen,
                leading_number=auction.leading_number,
                min_next_fen=rules.min_next_fen(_bidding_state(auction)) if biddable else None,
                my_number=own.get(auction.id),
                winner_id=winner,
                winner_name=None if winner is None else names[winner].name,
                decided_at=auction.decided_at,
            )
        )
    return shown


async def bid_list(
    session: AsyncSession,
    auction_id: UUID,
    *,
    accepted: bool | None,
    before: int | None,
    limit: int,
) -> Sequence[Bid]:
    """A page of an auction's record, the newest first; raises NotFound."""
    access.visible(await repository.auction(session, auction_id))
    return await repository.bids(session, auction_id, accepted=accepted, before=before, limit=limit)


async def bid_of_record(session: AsyncSession, auction_id: UUID, sequence: int) -> Bid:
    """The bid at one place of an auction's record; raises NotFound."""
    found = await repository.bid_by_sequence(session, auction_id, sequence)
    if found is None:
        raise NotFound
    return found


async def facts(session: AsyncSession, auction_id: UUID) -> AuctionFacts:
    """What other modules may know of one auction; raises NotFound."""
    found = await facts_of(session, [auction_id])
    if auction_id not in found:
        raise NotFound
    return found[auction_id]


async def facts_of(session: AsyncSession, auction_ids: Sequence[UUID]) -> dict[UUID, AuctionFacts]:
    """What other modules may know of auctions, by id; unknown ids are left out."""
    return {
        row.id: AuctionFacts(
            id=row.id,
            listing_id=row.listing_id,
            seller_id=row.seller_id,
            state=row.state,
            start_fen=row.start_fen,
            increment_fen=row.increment_fen,
            extension_s=row.extension_s,
            opens_at=row.opens_at,
            ends_at=row.ends_at,
            price_fen=row.price_fen,
            winner_id=row.winner_id,
            bid_count=row.bid_count,
            decided_at=row.decided_at,
        )
        for row in await repository.auctions_by_id(session, auction_ids)
    }
