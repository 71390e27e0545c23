"""The intake of bids of one process: stamps arrivals, groups them, and says how far it got.

An auction may be decided only when every process has recorded the bids that it received before the
end. Each process therefore keeps a row with the market time up to which all its bids are recorded.
A process that has not renewed its row for a while is taken for dead and no longer waited for.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.auctions import access, bidding, repository
from app.auctions.bidding import Outcome, ReceivedBid
from app.kit.actor import Actor
from app.kit.db import Sessions
from app.kit.errors import Problem
from app.kit.ids import new_id
from app.kit.receipt import ClockUncertain, ReceiptClock, Sample, arrival

LARGEST_GROUP = 256
RENEWAL_S = 0.25
log = structlog.get_logger()


@dataclass(frozen=True)
class _Waiting:
    """A bid on its way to its decision."""

    actor: Actor
    party_id: UUID
    auction_id: UUID
    amount_fen: int
    request_id: str
    stamp: float
    answer: "asyncio.Future[Outcome | Problem]" = field(compare=False)


class BidIntake:
    """Takes the bids of one process; `run` must be running."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.id = new_id()
        self.clock = ReceiptClock()
        self._waiting: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._under_way: dict[object, float] = {}

    @contextmanager
    def receiving(self) -> Iterator[float]:
        """Stamp a bid that arrives now; until the block ends no auction is decided without it."""
        token, stamp = object(), arrival()
        self._under_way[token] = stamp
        try:
            yield stamp
        finally:
            del self._under_way[token]

    async def place(
        self, actor: Actor, auction_id: UUID, amount_fen: int, request_id: str, stamp: float
    ) -> Outcome:
        """Place a bid that `receiving` stamped; returns when its outcome is committed.

        Raises RoleRequired, ScopeRequired, the problems of `bidding.decide`, ClockUncertain.
        """
        answer: asyncio.Future[Outcome | Problem] = asyncio.get_running_loop().create_future()
        self._waiting.append(
            _Waiting(
                actor,
                access.bidding_party(actor),
                auction_id,
                amount_fen,
                request_id,
                stamp,
                answer,
            )
        )
        self._arrived.set()
        found = await answer
        if isinstance(found, Problem):
            raise found
        return found

    async def run(self, stop: asyncio.Event) -> None:
        """Decide groups and renew this process's row until `stop` is set and nothing waits."""
        renewing = asyncio.create_task(self._renew(stop))
        stopping = asyncio.create_task(stop.wait())
        try:
            while not (stop.is_set() and not self._waiting):
                arrived = asyncio.create_task(self._arrived.wait())
                await asyncio.wait({arrived, stopping}, return_when=asyncio.FIRST_COMPLETED)
                arrived.cancel()
                self._arrived.clear()
                while self._waiting:
                    await self._decide_group()
        finally:
            stopping.cancel()
            await renewing

    async def _decide_group(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_GROUP))]
        try:
            async with self.sessions() as session, session.begin():
                sample = await self.clock.read(session)
                outcomes = await bidding.decide(session, [_received(bid, sample) for bid in group])
        except ClockUncertain as problem:
            outcomes = [problem] * len(group)
        except Exception as error:  # noqa: BLE001 - every bidder of the group must be answered
            for bid in group:
                if not bid.answer.done():
                    bid.answer.set_exception(error)
            return
        for bid, found in zip(group, outcomes, strict=True):
            if not bid.answer.done():
                bid.answer.set_result(found)

    async def _renew(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with self.sessions() as session, session.begin():
                    sample = await self.clock.read(session)
                    await repository.renew_intake(session, self.id, self._recorded_until(sample))
            except (DBAPIError, PoolTimeout, OSError, TimeoutError, ClockUncertain):
                log.warning("intake_not_renewed", exc_info=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RENEWAL_S)
        with suppress(DBAPIError, PoolTimeout, OSError):
            async with self.sessions() as session, session.begin():
                await repository.drop_intake(session, self.id)

    def _recorded_until(self, sample: Sample) -> datetime:
        """Market time before which no bid of this process can still come into the record."""
        oldest = min([arrival(), *self._under_way.values()])
        return sample.market_time(oldest) - timedelta(
            seconds=2 * sample.error_at(oldest) * sample.rate
        )


def _received(bid: _Waiting, sample: Sample) -> ReceivedBid:
    return ReceivedBid(
        actor=bid.actor,
        party_id=bid.party_id,
        auction_id=bid.auction_id,
        amount_fen=bid.amount_fen,
        request_id=bid.request_id,
        received_at=sample.market_time(bid.stamp),
    )


async def receipt(request: Request) -> AsyncIterator[float]:
    """Stamp a bid that came by HTTP; it is under way until its answer is made.

    Name it before every other dependency, so that nothing is waited for before the stamp.
    """
    intake: BidIntake = request.app.state.intake
    with intake.receiving() as stamp:
        yield stamp


Receipt = Annotated[float, Depends(receipt, scope="function")]
