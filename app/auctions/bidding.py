"""Deciding bids: a group that arrived together is decided together, in one transaction.

The auctions of the group are locked in the order of their ids, read anew, and every bid is judged
in the order of arrival by the pure rules and the time it was received at. All outcomes are written
in bulk. The row locks keep this right with any number of processes; the group makes it fast.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import access, chain, repository, rules
from app.auctions.errors import REFUSALS, AuctionClosed, BidRefused, RequestIdReused
from app.auctions.models import Auction, AuctionBidder, AuctionEvent, Bid
from app.auctions.schemas import BidPlaced, BidView
from app.auctions.states import DECIDED, MOVES, AuctionState, Phase, Refusal
from app.kit import audit
from app.kit.actor import SYSTEM, Actor
from app.kit.errors import Problem
from app.kit.ids import new_id
from app.kit.states import move


@dataclass(frozen=True)
class ReceivedBid:
    """A bid that waits for its decision: whose, in which auction, how much, since when."""

    actor: Actor
    party_id: UUID
    auction_id: UUID
    amount_fen: int
    request_id: str
    received_at: datetime

    @property
    def key(self) -> tuple[UUID, UUID, str]:
        """What makes it the same bid when it is sent again."""
        return self.auction_id, self.party_id, self.request_id


@dataclass(frozen=True)
class Outcome:
    """What became of a bid: the bid that leads, or the refusal (which is in the record too)."""

    bid: Bid
    placed: BidPlaced | None
    refusal: BidRefused | None


async def decide(session: AsyncSession, received: Sequence[ReceivedBid]) -> list[Outcome | Problem]:
    """Decide bids in their order and record them; a Problem is an answer that is not recorded.

    Problems are NotFound, SellerMayNotBid, NotABidder, RequestIdReused, and AuctionClosed for a
    bid that comes when the auction is decided already.
    """
    auctions = await repository.lock_auctions(session, {bid.auction_id for bid in received})
    group = _Group(
        auctions,
        await repository.bidders_of(session, [(bid.auction_id, bid.party_id) for bid in received]),
        await repository.bids_by_request(session, [bid.key for bid in received]),
    )
    outcomes = [group.answer(bid) for bid in received]
    await repository.insert_bids(session, group.new_bids)
    await audit.record_many(session, group.events)
    session.add_all(group.openings)
    await session.flush()
    await repository.announce(session, group.changed)
    return outcomes


class _Group:
    """One group's auctions, and what its bids do to them."""

    def __init__(
        self,
        auctions: Mapping[UUID, Auction],
        bidders: Mapping[tuple[UUID, UUID], AuctionBidder],
        earlier: Mapping[tuple[UUID, UUID, str], Bid],
    ) -> None:
        self.auctions = auctions
        self.bidders = bidders
        self.known = dict(earlier)
        self.new_bids: list[Bid] = []
        self.events: list[audit.Event] = []
        self.openings: list[AuctionEvent] = []
        self.changed: set[UUID] = set()

    def answer(self, received: ReceivedBid) -> Outcome | Problem:
        """Decide one bid; a refusal of access is given back, so that it spoils no other bid."""
        try:
            return self._decide(received)
        except Problem as problem:
            return problem

    def _decide(self, received: ReceivedBid) -> Outcome:
        auction = self.auctions.get(received.auction_id)
        bidder = access.admitted(
            received.actor, auction, self.bidders.get((received.auction_id, received.party_id))
        )
        auction = access.visible(auction)
        earlier = self.known.get(received.key)
        if earlier is not None:
            if earlier.amount_fen != received.amount_fen:
                raise RequestIdReused(field="body.request_id", amount_fen=earlier.amount_fen)
            return outcome(auction, earlier)
        if auction.state in DECIDED:
            facts = _refusal_facts(
                auction, Refusal.CLOSED, auction.ends_at, None, received.received_at
            )
            raise AuctionClosed(**(facts | {"phase": auction.state}))
        if auction.state == AuctionState.SCHEDULED and auction.opens_at <= received.received_at:
            event, opening = open_auction(auction)
            self.events.append(event)
            self.openings.append(opening)
        return self._record(auction, bidder, received)

    def _record(self, auction: Auction, bidder: AuctionBidder, received: ReceivedBid) -> Outcome:
        state = bidding_state(auction)
        decision = rules.decide_bid(state, received.amount_fen, received.received_at)
        bid = _bid_row(auction, bidder, received, decision)
        before = {"price_fen": auction.price_fen, "ends_at": auction.ends_at}
        bid.digest = auction.chain_head = chain.follow(auction.chain_head, chain.bid(bid))
        auction.next_sequence += 1
        if isinstance(decision, rules.Accepted):
            after = rules.after_bid(state, bidder.number, received.amount_fen, decision)
            auction.leading_bid_id = bid.id
            auction.leading_number = after.leader
            auction.price_fen = after.price_fen
            auction.ends_at = after.ends_at
            auction.bid_count += 1
        self.new_bids.append(bid)
        self.known[received.key] = bid
        self.changed.add(auction.id)
        self.events.append(
            audit.Event(
                received.actor,
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
        )
        return outcome(auction, bid)


def open_auction(auction: Auction) -> tuple[audit.Event, AuctionEvent]:
    """Open an auction whose time has come; gives the events for the audit log and the record."""
    before = auction.state
    auction.state = move(MOVES, AuctionState(before), "open").value
    noted = audit.Event(
        SYSTEM,
        "auction.open",
        "auction",
        auction.id,
        before={"state": before},
        after={"state": auction.state},
        rule_set=auction.rule_set,
        audience=access.audience(auction),
    )
    opened = chain.opened(auction.opens_at, auction.next_sequence - 1)
    return noted, link(auction, opened, auction.opens_at)


def link(auction: Auction, event: dict[str, Any], at: datetime) -> AuctionEvent:
    """Put an event that is not a bid at the end of a locked auction's chain."""
    auction.chain_head = chain.follow(auction.chain_head, event)
    return AuctionEvent(
        auction_id=auction.id,
        after_sequence=event["after_sequence"],
        kind=event["kind"],
        at=at,
        payload=event,
        digest=auction.chain_head,
    )


def _bid_row(
    auction: Auction, bidder: AuctionBidder, received: ReceivedBid, decision: rules.Decision
) -> Bid:
    accepted = isinstance(decision, rules.Accepted)
    return Bid(
        id=new_id(),
        auction_id=auction.id,
        sequence=auction.next_sequence,
        bidder_id=bidder.bidder_id,
        number=bidder.number,
        amount_fen=received.amount_fen,
        received_at=received.received_at,
        request_id=received.request_id,
        accepted=accepted,
        refusal=decision.code.value if isinstance(decision, rules.Refused) else None,
        required_fen=decision.required_fen if isinstance(decision, rules.Refused) else None,
        ends_at_after=decision.ends_at if isinstance(decision, rules.Accepted) else auction.ends_at,
    )


def bidding_state(auction: Auction) -> rules.BiddingState:
    """The auction as the rules see it."""
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


def outcome(auction: Auction, bid: Bid) -> Outcome:
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
