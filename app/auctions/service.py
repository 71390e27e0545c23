"""Use cases of auctions: schedule, open, bid, close.

Order in an auction is the order of its record (see `bidding`). An auction ends at its `ends_at`
also when the platform was away at that time.
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import access, bidding, chain, repository, rules
from app.auctions.bidding import bidding_state
from app.auctions.errors import RecordNotReady
from app.auctions.facts import AuctionFacts
from app.auctions.models import Auction, AuctionBidder, AuctionEvent, Bid
from app.auctions.schemas import AuctionView
from app.auctions.states import DECIDED, MOVES, AuctionState, Phase
from app.kit import audit, clock, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.ids import new_id
from app.kit.signing import SigningKey
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
        chain_head=chain.GENESIS,
    )
    scheduled = bidding.link(auction, chain.scheduled(auction, len(bidders), now), now)
    session.add(auction)
    await session.flush()
    session.add(scheduled)
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
        audience=access.audience(auction),
    )
    await session.flush()


async def open_due(session: AsyncSession, auction_id: UUID, now: datetime) -> None:
    """Note that an auction's opening has come; does nothing when that is noted already."""
    auction = await repository.auction(session, auction_id, lock=True, skip_locked=True)
    if auction is not None and auction.state == AuctionState.SCHEDULED and auction.opens_at <= now:
        noted, opening = bidding.open_auction(auction)
        session.add(opening)
        await audit.record_many(session, [noted])
        await repository.announce(session, [auction.id])


async def close_due(session: AsyncSession, auction_id: UUID) -> None:
    """Decide an auction whose end has passed; exactly once, whoever comes.

    It locks the row, reads the end anew, for a bid may have moved it, and then the clock. It leaves
    the auction to a later tick while a process may still record bids received before the end.
    """
    auction = await repository.auction(session, auction_id, lock=True)
    now = await clock.now(session)
    if (
        auction is None
        or auction.state != AuctionState.OPEN
        or not rules.may_decide(auction.ends_at, now)
        or await repository.intake_is_behind(session, auction.ends_at)
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
    session.add(_result(auction, now))
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
        audience=access.audience(auction),
    )
    await session.flush()
    await repository.announce(session, [auction.id])
    if auction.state == AuctionState.SOLD:
        await listings.record_award(session, SYSTEM, auction.listing_id, now)
        await jobs.defer(session, "deals.record", auction_id=str(auction.id))
    else:
        await listings.record_failure(session, SYSTEM, auction.listing_id, _NO_BID, now)


def _result(auction: Auction, now: datetime) -> AuctionEvent:
    """The last event of a decided auction's chain."""
    result = chain.result(
        auction.state,
        now,
        auction.next_sequence - 1,
        number=auction.leading_number,
        price_fen=auction.price_fen,
        ends_at=auction.ends_at,
    )
    return bidding.link(auction, result, now)


async def record(session: AsyncSession, auction_id: UUID, key: SigningKey) -> dict[str, Any]:
    """The signed record of a decided auction, as JSON; raises NotFound and RecordNotReady.

    It is made from the append-only rows, and the same record is made every time.
    """
    auction = access.visible(await repository.auction(session, auction_id))
    if auction.state not in DECIDED:
        raise RecordNotReady(state=auction.state)
    others = sorted(
        await repository.events(session, auction_id),
        key=lambda event: (event.after_sequence, chain.ORDER.index(event.kind)),
    )
    bids = await repository.all_bids(session, auction_id)
    return await asyncio.to_thread(_document, auction, others, bids, key)


def _document(
    auction: Auction,
    others: Sequence[AuctionEvent],
    bids: Sequence[Row[*tuple[Any, ...]]],
    key: SigningKey,
) -> dict[str, Any]:
    placed = [
        ((row.sequence, -1), chain.bid(row) | {"digest": row.digest.hex()}) for row in bids
    ] + [
        ((event.after_sequence, place), event.payload | {"digest": event.digest.hex()})
        for place, event in enumerate(others)
    ]
    placed.sort(key=lambda item: item[0])
    signature = key.sign(chain.to_sign(auction.id, auction.chain_head))
    return {
        "format": chain.FORMAT,
        "auction_id": str(auction.id),
        "events": [event for _, event in placed],
        "chain_head": auction.chain_head.hex(),
        "signature": {
            "algorithm": "Ed25519",
            "key_id": key.key_id,
            "public_key": key.public_pem,
            "value": signature.hex(),
        },
    }


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
                min_next_fen=rules.min_next_fen(bidding_state(auction)) if biddable else None,
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
