"""What is asked of auctions: lists, views, records, and what other modules may know."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import (
    access,
    awards,
    bidding,
    chain,
    outcomes,
    repository,
    rules,
    subjects,
)
from app.auctions.engine import standing
from app.auctions.engine.profiles import PROFILES
from app.auctions.engine.state import Event, State
from app.auctions.engine.terms import schema_of
from app.auctions.errors import RecordNotReady
from app.auctions.facts import AuctionFacts, AwardFacts
from app.auctions.models import Auction, AuctionAward, Bid, OpenedBid
from app.auctions.schemas import AuctionView, AwardView, BidView, FormatView, Notice
from app.auctions.states import DECIDED, AuctionState, AwardState, EventKind, Phase
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.signing import SigningKey
from app.parties import service as parties

runner_up = awards.runner_up
default_award = awards.default
succeed_award = awards.succeed
auction_again = awards.auction_again
others_of = awards.others_of
fail_again = awards.fail_again
shortfall = awards.shortfall

_TAKING = {Phase.SCHEDULED, Phase.OPEN}
_TOLD = {EventKind.PAUSED, EventKind.RESUMED, EventKind.OUTAGE, EventKind.ANNULLED}


def formats() -> list[FormatView]:
    """The formats that a listing's auction can have, each with the schema of its plan."""
    return [
        FormatView(
            code=profile.code,
            title=profile.title,
            source=profile.source,
            sealed=rules.is_sealed(profile),
            reserve="reserve_commitment" in profile.fields,
            phases=[phase.name for phase in profile.phases],
            terms=_plan_schema(schema_of(profile), rules.plan_fields(profile)),
        )
        for profile in PROFILES.values()
    ]


def _plan_schema(schema: dict[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    properties = {name: one for name, one in schema["properties"].items() if name in fields}
    given = {"stop_fen" if "stop_fen" in fields else "start_fen", "increments"}
    required = [name for name in schema["required"] if name in fields - given]
    return schema | {"properties": properties, "required": required}


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
    demand_id: UUID | None = None,
    bidder_id: UUID | None,
    by_end: bool,
    after: tuple[datetime | None, UUID] | None,
    limit: int,
    actor: Actor | None = None,
) -> Sequence[Auction]:
    """A page of auctions; `bidder_id` must be the asker's own party, and so must `seller_id` be to
    find calls for bids by it: a demand's owner can be anonymous. Overseers find them all."""
    return await repository.auctions(
        session,
        state=None if state is None else state.value,
        seller_id=seller_id,
        sales_only=seller_id is not None and not access.knows_seller(actor, seller_id),
        listing_id=listing_id,
        demand_id=demand_id,
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
    about = await subjects.subjects(session, auctions)
    hidden = await subjects.hidden_sellers(session, actor, auctions)
    found = await outcomes.awards(session, ids)
    winners = {award.bidder_id for won in found.values() for award in won}
    names = await parties.facts_of(session, list(winners)) if winners else {}
    shown = []
    for auction in auctions:
        won = [_award_view(award, names[award.bidder_id].name) for award in found[auction.id]]
        state = state_of(auction)
        shown.append(
            AuctionView(
                **_published(auction, state),
                seller_id=None if auction.id in hidden else auction.seller_id,
                title=about[auction.id].title,
                server_time=now,
                bidder_count=counts[auction.id],
                my_number=own.get(auction.id),
                awards=won,
                **_standing(auction, state, own.get(auction.id), now),
                **_winner(auction, won),
            )
        )
    return shown


def state_of(auction: Auction) -> State:
    """An auction's state as the engine sees it."""
    return standing.load(repository.first_state(auction), auction.standing)


def _published(auction: Auction, state: State) -> dict[str, Any]:
    """What is fixed or stands in the row."""
    terms = state.terms
    names = (
        "id",
        "listing_id",
        "demand_id",
        "round",
        "state",
        "rule_set",
        "format",
        "terms",
        "opens_at",
        "planned_end",
        "ends_at",
        "bid_count",
        "price_fen",
        "reason",
        "decided_at",
    )
    return {name: getattr(auction, name) for name in names} | {
        "direction": terms.rules.direction,
        "phase_name": auction.phase,
        "sealed": auction.public_key is not None and rules.is_sealed(terms.profile),
        "reserve_commitment": terms.rules.reserve_commitment,
        "start_fen": terms.rules.start_fen,
        "increment_fen": rules.step_fen(state, auction.price_fen),
        "extension_s": terms.rules.extension_s,
    }


def _standing(auction: Auction, state: State, number: int | None, now: datetime) -> dict[str, Any]:
    """What changes with time, and what the asker's own number may bid."""
    phase = rules.phase(AuctionState(auction.state), auction.opens_at, auction.ends_at, now)
    asked = None
    if phase in _TAKING:
        asked = rules.required_fen(state, Event(max(now, state.from_at), str(number or 0)))
    return {
        "phase": phase,
        "min_next_fen": asked,
        "leading_number": rules.shown_leader(state, auction.state, auction.leading_number),
        "turns": [int(one) for one in state.order],
    }


def _award_view(award: AuctionAward, name: str) -> AwardView:
    return AwardView(
        rank=award.rank,
        number=award.number,
        winner_id=award.bidder_id,
        winner_name=name,
        quantity=award.quantity,
        lots=award.lots,
        price_fen=award.price_fen,
        total_fen=award.total_fen,
        score=award.score,
        state=AwardState(award.state),
        commissions_fen=award.commissions_fen,
        shortfall_fen=award.shortfall_fen,
    )


def _winner(auction: Auction, won: Sequence[AwardView]) -> dict[str, Any]:
    """The one winner, if there is one; a sale that was annulled has none."""
    sold = auction.state == AuctionState.SOLD
    still = [award for award in won if sold and award.state == AwardState.AWARDED]
    alone = still[0] if len(still) == 1 else None
    return {
        "winner_id": None if alone is None else alone.winner_id,
        "winner_name": None if alone is None else alone.winner_name,
    }


async def bid_list(
    session: AsyncSession,
    actor: Actor | None,
    auction_id: UUID,
    *,
    accepted: bool | None,
    before: int | None,
    limit: int,
) -> list[BidView]:
    """A page of an auction's record, the newest first; raises NotFound."""
    auction = access.visible(await repository.auction(session, auction_id))
    own = await _own_number(session, actor, auction_id)
    rows = await repository.bids(session, auction_id, accepted=accepted, before=before, limit=limit)
    state = state_of(auction)
    return [_bid_view(auction, state, bid, opened, own) for bid, opened in rows]


async def bid_of_record(
    session: AsyncSession, actor: Actor | None, auction_id: UUID, sequence: int
) -> BidView:
    """The bid at one place of an auction's record; raises NotFound."""
    auction = access.visible(await repository.auction(session, auction_id))
    found = await repository.bid_by_sequence(session, auction_id, sequence)
    if found is None:
        raise NotFound
    own = await _own_number(session, actor, auction_id)
    return _bid_view(auction, state_of(auction), found[0], found[1], own)


async def _own_number(session: AsyncSession, actor: Actor | None, auction_id: UUID) -> int | None:
    if actor is None or actor.party_id is None:
        return None
    return (await repository.numbers_of(session, [auction_id], actor.party_id)).get(auction_id)


def _bid_view(
    auction: Auction, state: State, bid: Bid, opened: OpenedBid | None, own: int | None
) -> BidView:
    """A bid as the public sees it; a secret maximum is its owner's until the result."""
    decided = auction.state in DECIDED
    mine = own == bid.number
    secret = state.terms.proxy and not decided and not mine
    sealed = bid.sealed is not None and opened is None
    return BidView(
        auction_id=bid.auction_id,
        sequence=bid.sequence,
        number=None if sealed and not mine else bid.number,
        act=bid.act,
        phase=bid.phase,
        amount_fen=None if secret else opened.amount_fen if opened else bid.amount_fen,
        received_at=bid.received_at,
        accepted=bid.accepted and (opened is None or opened.refusal is None),
        refusal=bid.refusal if opened is None else opened.refusal,
        required_fen=None if secret else bid.required_fen,
        ends_at_after=bid.ends_at_after,
        price_after_fen=bid.price_after_fen,
        leader_after=bid.leader_after,
    )


async def notices(session: AsyncSession, auction_id: UUID) -> list[Notice]:
    """Pauses, outages and the annulment of an auction, the latest first."""
    found = await repository.events(session, auction_id)
    told = sorted((event for event in found if event.kind in _TOLD), key=lambda event: -event.place)
    return [
        Notice(
            kind=EventKind(event.kind),
            at=event.payload["at"],
            reason=event.payload.get("reason"),
            ends_at=event.payload["ends_at"],
        )
        for event in told
    ]


async def require_record(session: AsyncSession, auction_id: UUID) -> Auction:
    """The auction, which must be decided; raises NotFound and RecordNotReady."""
    auction = access.visible(await repository.auction(session, auction_id))
    if auction.state not in DECIDED:
        raise RecordNotReady(state=auction.state)
    return auction


async def record(session: AsyncSession, auction_id: UUID, key: SigningKey) -> AsyncIterator[bytes]:
    """The signed record of a decided auction, as JSON in pieces, however many bids it has.

    It is made from the append-only rows, and the same record is made every time. Raises NotFound
    and RecordNotReady.
    """
    auction = await require_record(session, auction_id)
    others = sorted(await repository.events(session, auction_id), key=lambda event: event.place)
    signature = key.sign(chain.to_sign(auction.id, auction.chain_head))
    start = {"format": chain.FORMAT, "auction_id": str(auction.id)}
    end = {
        "chain_head": auction.chain_head.hex(),
        "signature": {
            "algorithm": "Ed25519",
            "key_id": key.key_id,
            "public_key": key.public_pem,
            "value": signature.hex(),
        },
    }

    yield orjson.dumps(start)[:-1] + b',"events":'
    separator = b"["
    async for event in _in_order(session, auction_id, others):
        yield separator + orjson.dumps(event)
        separator = b","
    yield b"]," + orjson.dumps(end)[1:]


async def _in_order(
    session: AsyncSession, auction_id: UUID, others: Sequence[Any]
) -> AsyncIterator[dict[str, Any]]:
    """The events of a record with their digests, bids and others in the order of the chain."""
    waiting = list(others)
    async for bid in repository.all_bids(session, auction_id):
        for event in _up_to(waiting, bid.sequence - 1):
            yield event
        yield chain.bid(bid) | {"digest": bid.digest.hex()}
    for event in _up_to(waiting, None):
        yield event


def _up_to(waiting: list[Any], sequence: int | None) -> Iterable[dict[str, Any]]:
    while waiting and (sequence is None or waiting[0].after_sequence <= sequence):
        event = waiting.pop(0)
        yield event.payload | {"digest": event.digest.hex()}


async def due_to_open(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Auctions to be opened, the earliest first."""
    return await repository.due_to_open(session, now, limit)


async def due_to_close(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Auctions with a phase to be ended, the earliest end first."""
    return await repository.due_to_close(session, now, limit)


async def open_due(session: AsyncSession, auction_id: UUID, now: datetime) -> None:
    """Note that an auction's opening has come; does nothing when that is noted already."""
    auction = await bidding.lock(session, auction_id)
    if auction is not None and auction.state == AuctionState.SCHEDULED and auction.opens_at <= now:
        await bidding.open_now(session, auction)


async def facts(session: AsyncSession, auction_id: UUID) -> AuctionFacts:
    """What other modules may know of one auction; raises NotFound."""
    found = await facts_of(session, [auction_id])
    if auction_id not in found:
        raise NotFound
    return found[auction_id]


async def facts_of(session: AsyncSession, auction_ids: Sequence[UUID]) -> dict[UUID, AuctionFacts]:
    """What other modules may know of auctions, by id; unknown ids are left out."""
    found = await outcomes.awards(session, auction_ids)
    return {
        row.id: AuctionFacts(
            id=row.id,
            listing_id=row.listing_id,
            demand_id=row.demand_id,
            seller_id=row.seller_id,
            format=row.format,
            state=row.state,
            opens_at=row.opens_at,
            ends_at=row.ends_at,
            price_fen=row.price_fen,
            bid_count=row.bid_count,
            decided_at=row.decided_at,
            many_winners=PROFILES[row.format].many_winners,
            awards=tuple(_award_facts(award) for award in found[row.id]),
        )
        for row in await repository.auctions_by_id(session, auction_ids)
    }


def _award_facts(award: AuctionAward) -> AwardFacts:
    return AwardFacts(
        id=award.id,
        rank=award.rank,
        winner_id=award.bidder_id,
        quantity=award.quantity,
        lots=tuple(award.lots),
        total_fen=award.total_fen,
        state=award.state,
        instead_of=award.instead_of,
        shortfall_fen=award.shortfall_fen,
    )
