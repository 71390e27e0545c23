"""Live watching of auctions: server-sent events, fanned out by PostgreSQL's notifications.

Whoever changes an auction announces its id in the same transaction (`live.update_live`). Every
process that serves watchers listens on one connection, reads what is new in the auctions that
somebody watches with one statement for all of them, encodes each event once, and hands the same
bytes to all. A notification only says where to look: what is sent always comes from the record, so
that a lost connection, a lost notification or a second one changes nothing.

Ids of events are places in the record of bids, so a watcher can go on with any process. The result
has the place after the last bid; no bid gets that one, because the auction is decided.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import islice
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.auctions import repository
from app.auctions.errors import BeyondRecord
from app.auctions.feeds import Feed, Place, bid_event, standing_event
from app.kit.db import Sessions
from app.kit.errors import NotFound

PAGE = 500
FEEDS_A_READ = 500
SLICE = 16
"""Watchers woken at once: less than a millisecond in which nobody else has a turn."""
REST = 0.5
"""Pause after a round of handing out, as a share of its length: room for other requests."""
HEARTBEAT_S = 15.0
RETRY_MS = (1000, 4000)
PAUSE_S = 0.25
TOO_SLOW = b": too slow, go on with Last-Event-ID\n\n"
INTERRUPTED = b": interrupted, go on with Last-Event-ID\n\n"
_DATABASE_AWAY = (DBAPIError, PoolTimeout, OSError)
_spread = random.SystemRandom()
log = structlog.get_logger()


class Hub:
    """What the watchers of one process share: a listener, a reader and a timer."""

    def __init__(self, sessions: Sessions, database_url: str) -> None:
        """Nothing runs yet; see `running`."""
        self.heartbeat_s = HEARTBEAT_S
        self._sessions = sessions
        self._database_url = database_url
        self._feeds: dict[UUID, Feed] = {}
        self._dirty: set[UUID] = set()
        self._to_read = asyncio.Event()
        self._fresh: set[Feed] = set()
        self._to_hand_out = asyncio.Event()
        self.closing = False

    def end_streams(self) -> None:
        """Send every watcher away: the process stops, and another one goes on."""
        self.closing = True
        for feed in self._feeds.values():
            for watcher in tuple(feed.watchers):
                watcher.wake()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Hub"]:
        """Listen, read and hand out until the context ends."""
        parts = (self._listen(), self._read(), self._hand_out(), self._beat())
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def watch(self, auction_id: UUID, after: int | None) -> Response:
        """The stream of an auction's events after a place of its record (None: from now on).

        204 tells a reader who has the result not to come again. Raises NotFound and BeyondRecord.
        """
        feed = self._feeds.setdefault(auction_id, Feed(auction_id))
        feed.arriving += 1
        try:
            await self._refreshed(feed)
            assert feed.place is not None
            last = feed.place.sequence + feed.ended
            if after is not None and after > last:
                raise BeyondRecord(field="query.after", last=last)
            if feed.ended and after == last:
                return Response(status_code=204)
            return EventStream(self, feed, feed.place.sequence if after is None else after)
        finally:
            feed.arriving -= 1

    async def page(self, feed: Feed, place: Place) -> tuple[bytes, Place]:
        """Bids after a place that are no longer kept, as events, and the place after them."""
        async with self._sessions() as session:
            found = await repository.read_on(session, {feed.auction_id: place.sequence}, PAGE)
        reading = found[feed.auction_id]
        # From here on the feed has everything, even if the reading is newer than the feed.
        end = feed.complete_after
        events = []
        for bid in reading.bids:
            if bid.sequence <= end:
                event, place = bid_event(reading, bid, place)
                events.append(event)
        if not reading.more or reading.bids[-1].sequence >= end:
            place = Place(end, place.bid_count, place.ends_at)
        return b"".join(events), place

    async def place_at(self, feed: Feed, sequence: int) -> Place:
        """A place of the record by its number."""
        assert feed.reading is not None
        async with self._sessions() as session:
            count, ends_at = await repository.count_and_end_at(session, feed.auction_id, sequence)
        return Place(sequence, count, ends_at or feed.reading.auction.planned_end)

    def _look_at(self, *auction_ids: UUID) -> None:
        self._dirty.update(auction_ids)
        self._to_read.set()

    async def _listen(self) -> None:
        """Note which watched auctions changed; after a pause, look at all of them."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._database_url,
                    autocommit=True,
                    connect_timeout=10,
                    keepalives_idle=10,
                    keepalives_interval=5,
                    keepalives_count=3,
                ) as connection:
                    await connection.execute(f"LISTEN {repository.CHANNEL}")
                    self._look_at(*self._feeds)
                    async for notice in connection.notifies():
                        with suppress(ValueError):
                            auction_id = UUID(notice.payload)
                            if auction_id in self._feeds:
                                self._look_at(auction_id)
            except (psycopg.Error, OSError) as error:
                log.warning("watch_listener_lost", error=str(error))
            await asyncio.sleep(PAUSE_S)

    async def _read(self) -> None:
        """Read what is new in all auctions that were noted, one statement for all of them."""
        while True:
            await self._to_read.wait()
            self._to_read.clear()
            while self._dirty:
                noted = [self._dirty.pop() for _ in range(min(len(self._dirty), FEEDS_A_READ))]
                feeds = [self._feeds[item] for item in noted if item in self._feeds]
                joining = {feed: feed.joining for feed in feeds}
                for feed in feeds:
                    feed.joining = []
                try:
                    await self._read_feeds(feeds)
                except Exception as error:
                    log.warning("watch_read_failed", exc_info=error)
                    for feed in feeds:
                        _settle(joining[feed], error)
                    await asyncio.sleep(PAUSE_S)
                    self._dirty.update(feed.auction_id for feed in feeds if feed.used)
                else:
                    for feed in feeds:
                        _settle(joining[feed], None if feed.reading is not None else NotFound())

    async def _read_feeds(self, feeds: list[Feed]) -> None:
        # Of a feed that is new only the auction is wanted: it begins at the record's end.
        places = {
            feed.auction_id: 2**63 - 1 if feed.place is None else feed.place.sequence
            for feed in feeds
        }
        async with self._sessions() as session:
            found = await repository.read_on(session, places, PAGE)
        for feed in feeds:
            reading = found.get(feed.auction_id)
            if reading is None:
                del self._feeds[feed.auction_id]
                _settle(feed.joining, NotFound())
                continue
            end = feed.end
            feed.take(reading)
            if reading.more:
                self._look_at(feed.auction_id)
            if feed.end > end:
                self._has_news(feed)

    def _has_news(self, feed: Feed) -> None:
        self._fresh.add(feed)
        self._to_hand_out.set()

    async def _hand_out(self) -> None:
        """Wake the watchers of auctions with news, in slices, so that others get their turns.

        While a round lasts, news gathers and goes out as one piece in the next round.
        """
        loop = asyncio.get_running_loop()
        while True:
            await self._to_hand_out.wait()
            self._to_hand_out.clear()
            feeds, self._fresh = self._fresh, set()
            started = loop.time()
            for feed in feeds:
                watchers = iter(tuple(feed.watchers))
                while group := tuple(islice(watchers, SLICE)):
                    for watcher in group:
                        watcher.wake()
                    await asyncio.sleep(0)
            await asyncio.sleep((loop.time() - started) * REST)

    async def _beat(self) -> None:
        """Keep quiet streams alive, look at every auction once more, and forget unused ones."""
        while True:
            await asyncio.sleep(self.heartbeat_s)
            for feed in tuple(self._feeds.values()):
                if not feed.used:
                    del self._feeds[feed.auction_id]
            beating = [feed for feed in self._feeds.values() if feed.reading is not None]
            read = await asyncio.gather(
                *(self._refreshed(feed) for feed in beating), return_exceptions=True
            )
            for feed, result in zip(beating, read, strict=True):
                end = feed.end
                feed.beat(knows_time=result is None)
                if feed.end > end:
                    self._has_news(feed)

    async def _refreshed(self, feed: Feed) -> None:
        """Return when the feed has been read; the reading begins after the call."""
        done = asyncio.get_running_loop().create_future()
        feed.joining.append(done)
        self._look_at(feed.auction_id)
        await done


def _settle(waiting: list[asyncio.Future[None]], error: Exception | None) -> None:
    for future in waiting:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


class EventStream(Response):
    """One watcher: an ASGI response that sends what its feed has and sleeps in between.

    It has no task, no timer and no connection of its own, and holds no copies: only a position in
    the events that its feed keeps for everybody.
    """

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, feed: Feed, after: int) -> None:
        """Watch a feed that has been read, after a place of the record."""
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        assert feed.reading is not None
        self.hub = hub
        self.feed = feed
        self.after = after
        self.position = feed.position_after(after) if after >= feed.complete_after else None
        self.waiting: asyncio.Future[None] | None = None
        retry = b"retry: %d\n" % _spread.randint(*RETRY_MS)
        self.opening = retry + standing_event("state", feed.reading, after)
        feed.watchers.add(self)

    def wake(self) -> None:
        """Look at the feed again."""
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the result, or until the reader goes away or falls behind."""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await _send(send, self.opening)
            self.opening = b""
            try:
                await self._catch_up(send)
            except _DATABASE_AWAY:
                await _send(send, INTERRUPTED, more=False)
                return
            await self._follow(Request(scope, receive), send)
        finally:
            self.feed.watchers.discard(self)

    async def _catch_up(self, send: Send) -> None:
        """Send what is no longer kept from the record, page by page."""
        if self.position is not None:
            return
        place = await self.hub.place_at(self.feed, self.after)
        while place.sequence < self.feed.complete_after:
            events, place = await self.hub.page(self.feed, place)
            await _send(send, events)
        self.position = self.feed.position_after(place.sequence)

    async def _follow(self, request: Request, send: Send) -> None:
        loop = asyncio.get_running_loop()
        feed, heartbeat_s = self.feed, self.hub.heartbeat_s
        assert self.position is not None
        # Servers tell that a reader has gone only to those who ask.
        ask_at = loop.time() + heartbeat_s * (0.5 + _spread.random() / 2)
        while True:
            if self.hub.closing:
                await _send(send, INTERRUPTED, more=False)
                return
            if self.position < feed.first:
                await _send(send, TOO_SLOW, more=False)
                return
            if self.position < feed.end:
                events, self.position = feed.chunk(self.position), feed.end
                ended = feed.ended
                await _send(send, events, more=not ended)
                if ended:
                    return
            elif loop.time() >= ask_at:
                if await request.is_disconnected():
                    return
                ask_at = loop.time() + heartbeat_s
            else:
                self.waiting = loop.create_future()
                await self.waiting
                self.waiting = None


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    if body or not more:
        await send({"type": "http.response.body", "body": body, "more_body": more})
