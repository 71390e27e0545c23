"""The intake of bids of one process: stamps arrivals, groups them, and says how far it got.

An auction may be decided only when every process has recorded the bids that it received before the
end. Each process therefore keeps a row with the market time up to which all its bids are recorded.
A process that has not renewed its row for a while is taken for dead and no longer waited for.
"""

import asyncio
import hmac
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import access, bidding, outcomes, repository
from app.auctions.bidding import Answer, Later, Offer, Outcome, ReceivedBid
from app.kit.actor import Actor
from app.kit.db import Sessions
from app.kit.errors import Problem
from app.kit.ids import new_id
from app.kit.problems import Unavailable
from app.kit.receipt import ClockUncertain, ReceiptClock, Sample, arrival

LARGEST_GROUP = 256
RENEWAL_S = 0.25
LATER_S = 0.1
OUTAGE_AFTER = timedelta(seconds=15)
"""From this on, a time without any process that takes bids is an outage. Our own figure: the rules
name none; verify."""
log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class Arrival:
    """When a bid arrived; `received_at` once that was turned into market time for good."""

    stamp: float
    received_at: datetime | None = None


@dataclass(slots=True, eq=False)
class _Waiting:
    """A bid on its way to its decision."""

    actor: Actor
    party_id: UUID
    auction_id: UUID
    offer: Offer
    request_id: str
    device: str | None
    arrival: Arrival
    answer: "asyncio.Future[Outcome | Problem]"


class BidIntake:
    """Takes the bids of one process; `run` must be running."""

    def __init__(self, sessions: Sessions, device_key: bytes = b"") -> None:
        """`device_key` is the platform's secret for digests of where bids come from."""
        self.sessions = sessions
        self.device_key = device_key
        self.id = new_id()
        self.clock = ReceiptClock()
        self._waiting: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._under_way: set[Arrival] = set()
        self._later: list[_Waiting] = []

    def device(self, request: Request) -> str:
        """A digest of the sender's address and program; without the key it tells neither."""
        address = "" if request.client is None else request.client.host
        sender = f"{address}\n{request.headers.get('user-agent', '')}"
        return hmac.digest(self.device_key, sender.encode(), "sha256").hex()

    @contextmanager
    def receiving(self) -> Iterator[Arrival]:
        """Stamp a bid that arrives now; until the block ends no auction is decided without it."""
        arrived = Arrival(arrival())
        self._under_way.add(arrived)
        try:
            yield arrived
        finally:
            self._under_way.discard(arrived)

    async def place(
        self,
        actor: Actor,
        auction_id: UUID,
        offer: Offer,
        request_id: str,
        arrived: Arrival,
        device: str | None = None,
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
                offer,
                request_id,
                device,
                arrived,
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
                await asyncio.wait(
                    {arrived, stopping},
                    timeout=LATER_S if self._later else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                arrived.cancel()
                self._arrived.clear()
                later, self._later = self._later, []
                self._waiting.extend(later)
                while self._waiting:
                    await self._decide_group()
        finally:
            stopping.cancel()
            for bid in self._later:  # their phase begins without this process
                bid.answer.set_exception(Unavailable())
            await renewing

    async def _decide_group(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_GROUP))]
        outcomes: Sequence[Answer]
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
            if isinstance(found, Later):
                # Its time is fixed now; a time that is turned anew could fall before the end that
                # the bid waits for, and that end would wait for the bid.
                bid.arrival.received_at = found.received_at
                self._later.append(bid)
            elif not bid.answer.done():
                bid.answer.set_result(found)

    async def _renew(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with self.sessions() as session, session.begin():
                    sample = await self.clock.read(session)
                    await _beat(session, sample)
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
        stamps = [one.stamp for one in self._under_way if one.received_at is None]
        fixed = [one.received_at for one in self._under_way if one.received_at is not None]
        oldest = min([arrival(), *stamps])
        error = timedelta(seconds=2 * sample.error_at(oldest) * sample.rate)
        return min([sample.market_time(oldest) - error, *fixed])


async def _beat(session: AsyncSession, sample: Sample) -> None:
    """Note that bids can be taken, and the outage that ends with this, if there was one (I-8).

    How long it was is measured on the database's clock; the sandbox may move the market's.
    """
    now, before, market_now = await repository.beat(session)
    if before is None or now - before < OUTAGE_AFTER:
        return
    seconds = ceil((now - before).total_seconds() * sample.rate)
    if seconds == 0:  # the sandbox's clock stood still
        return
    log.warning("platform_outage", seconds=seconds)
    outcomes.add_outage(session, market_now - timedelta(seconds=seconds), market_now, seconds)


def _received(bid: _Waiting, sample: Sample) -> ReceivedBid:
    return ReceivedBid(
        actor=bid.actor,
        party_id=bid.party_id,
        auction_id=bid.auction_id,
        offer=bid.offer,
        request_id=bid.request_id,
        received_at=bid.arrival.received_at or sample.market_time(bid.arrival.stamp),
        device=bid.device,
    )


async def receipt(request: Request) -> AsyncIterator[Arrival]:
    """Stamp a bid that came by HTTP; it is under way until its answer is made.

    Name it before every other dependency, so that nothing is waited for before the stamp.
    """
    intake: BidIntake = request.app.state.intake
    with intake.receiving() as arrived:
        yield arrived


Receipt = Annotated[Arrival, Depends(receipt, scope="function")]
