"""Opening sealed bids and secret reserves after their end: who brings the key, and what follows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import access, bidding, deciding, outcomes, repository, sealing
from app.auctions.engine import core
from app.auctions.engine.state import Event
from app.auctions.errors import NotAwaitingOpening, WrongOpeningKey
from app.auctions.live import EventRow, LiveAuction
from app.auctions.models import OpenedBid, OpeningShare
from app.auctions.schemas import OpeningView
from app.auctions.states import MOVES, AuctionState, EventKind
from app.kit import clock
from app.kit.actor import SYSTEM, Actor
from app.kit.errors import NotFound
from app.kit.opening import BadOpeningKey, CannotOpen, ephemeral_key
from app.kit.settings import Settings
from app.kit.states import move

_UNFIT = (sealing.BadContent, sealing.BadCustody, sealing.BadShare, CannotOpen, BadOpeningKey)


async def custody(session: AsyncSession, actor: Actor, auction_id: UUID) -> OpeningView:
    """How an auction is opened and how far that got; raises RoleRequired and NotFound."""
    actor.require_role(*access.OPENERS)
    auction = access.visible(await repository.auction(session, auction_id))
    if auction.custody is None:
        raise NotFound
    officers = await outcomes.officers_in(session, auction_id)
    return OpeningView(
        auction_id=auction.id,
        state=AuctionState(auction.state),
        custody=auction.custody,
        officers_in=list(officers),
    )


async def hand_in_key(
    session: AsyncSession, actor: Actor, auction_id: UUID, private_key: bytes
) -> None:
    """Open an auction with its private key.

    Raises RoleRequired, ScopeRequired, NotFound, NotAwaitingOpening and WrongOpeningKey.
    """
    auction = await _awaiting(session, actor, auction_id)
    assert auction.public_key is not None
    try:
        fits = sealing.key_matches(private_key, auction.public_key)
    except BadOpeningKey as error:
        raise WrongOpeningKey(field="body.private_key", reason=str(error)) from None
    if not fits:
        reason = "it is not the private half of this auction's public key"
        raise WrongOpeningKey(field="body.private_key", reason=reason)
    await _open(session, actor, auction, private_key)


async def hand_in_share(
    session: AsyncSession, actor: Actor, auction_id: UUID, document: Mapping[str, Any]
) -> None:
    """Take an officer's share; the one that makes them enough opens the auction.

    Raises RoleRequired, ScopeRequired, NotFound, NotAwaitingOpening and WrongOpeningKey.
    """
    auction = await _awaiting(session, actor, auction_id)
    held = await outcomes.custody_of(session, auction_id)
    try:
        share = sealing.read_share(document)
        sealing.check_share(held, share)
        earlier = [sealing.read_share(one) for one in await outcomes.shares(session, auction_id)]
        if share.officer in {one.officer for one in earlier}:
            raise sealing.BadShare(f"{share.officer} has handed in the share already")
        session.add(
            OpeningShare(
                auction_id=auction_id,
                officer=share.officer,
                share=dict(document),
                person_id=actor.person_id,
            )
        )
        await session.flush()
        deciding.note(session, actor, "share", auction, auction.state, officer=share.officer)
        if len(earlier) + 1 < held["threshold"]:
            return
        key = sealing.rebuild(held, [*earlier, share])
    except _UNFIT as error:
        raise WrongOpeningKey(field="body.share", reason=str(error)) from None
    await _open(session, actor, auction, key.private)


async def open_ephemeral(session: AsyncSession, settings: Settings, auction_id: UUID) -> None:
    """Open an auction of the sandbox, which keeps the opening key itself; once only."""
    auction = await bidding.lock(session, auction_id)
    if auction is None or auction.state != AuctionState.OPENING:
        return
    held = await outcomes.custody_of(session, auction_id)
    key = sealing.open_custody(held, ephemeral_key(settings))
    await _open(session, SYSTEM, auction, key.private)


async def _awaiting(session: AsyncSession, actor: Actor, auction_id: UUID) -> LiveAuction:
    access.opener(actor)
    auction = await bidding.lock(session, auction_id)
    if auction is None:
        raise NotFound
    if auction.state != AuctionState.OPENING:
        raise NotAwaitingOpening(state=auction.state)
    return auction


async def _open(
    session: AsyncSession, actor: Actor, auction: LiveAuction, private_key: bytes
) -> None:
    """Read the sealed bids and the reserve, publish the key, and go on or decide."""
    now = await clock.now(session)
    before = auction.state
    events: list[EventRow] = []
    if core.is_sealed(auction.state_now):
        events.append(await _unseal(session, auction, private_key, now))
    state = auction.state_now
    if not state.over and state.phase < state.terms.last_phase:
        auction.state = move(MOVES, AuctionState(before), "go_on").value
        deciding.note(session, actor, "go_on", auction, before, phase=core.phase_name(state))
        await bidding.save(session, auction, *events, deciding.phase_event(auction, now))
        return
    reserve = await _reserve(session, auction, private_key)
    await deciding.decide(session, actor, auction, now, reserve, *events)
    await outcomes.forget_reserve(session, auction.id)


async def _unseal(
    session: AsyncSession, auction: LiveAuction, private_key: bytes, now: datetime
) -> EventRow:
    """Judge the sealed bids by what they say; gives the event that publishes them."""
    rows = await outcomes.sealed_bids(session, auction.id)
    read = [
        sealing.open_sealed(
            private_key,
            row.sealed or b"",
            auction_id=auction.id,
            number=row.number,
            request_id=row.request_id,
        )
        for row in rows
    ]
    revealed = [
        Event(
            row.received_at,
            str(row.number),
            bid.amount_fen,
            quantity=bid.quantity,
            lots=bid.lots,
            values=tuple(bid.values.items()),
        )
        for row, bid in zip(rows, read, strict=True)
    ]
    auction.state_now, judgements = core.unseal(auction.state_now, revealed, now)
    opened = [
        OpenedBid(
            auction_id=auction.id,
            sequence=row.sequence,
            amount_fen=bid.amount_fen,
            quantity=bid.quantity,
            lots=list(bid.lots),
            scored=bid.values,
            refusal=None if judged.code is None else judged.code.value,
        )
        for row, bid, judged in zip(rows, read, judgements, strict=True)
    ]
    session.add_all(opened)
    await session.flush()
    return bidding.link(
        auction,
        EventKind.UNSEALED,
        now,
        opening_key=private_key.hex(),
        bids=[
            {
                "sequence": one.sequence,
                "request_id": row.request_id,
                "amount_fen": one.amount_fen,
                "quantity": one.quantity,
                "lots": one.lots,
                "values": one.scored,
                "refusal": one.refusal,
            }
            for row, one in zip(rows, opened, strict=True)
        ],
    )


async def _reserve(
    session: AsyncSession, auction: LiveAuction, private_key: bytes
) -> deciding.Reserve | None:
    published = auction.state_now.terms.rules.reserve_commitment
    if published is None:
        return None
    sealed = await outcomes.sealed_reserve(session, auction.id)
    found = sealing.open_reserve(private_key, sealed, auction_id=auction.id, published=published)
    return found.reserve_fen, found.salt
