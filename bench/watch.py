"""5,000 watchers of one auction on one process, while 50 bids a second arrive there.

Three processes: the real application (uvicorn on uvloop, an embedded, durable PostgreSQL), the
watchers (plain sockets), and this one, which bids over HTTP. A bid counts as committed when its
first notification reaches this process, or its answer if that is sooner. What is measured is the
time from there until the last watcher has the bid, the p99 over all bids, against the same with
one watcher, measured before and after. Every watcher counts its bids and checks their order.
"""

import asyncio
import json
import multiprocessing
import re
import resource
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import psycopg
import uvicorn
import uvloop
from sqlalchemy import text

from app.auctions import chain, rules
from app.auctions.engine import core, standing
from app.auctions.engine.profiles import PROFILES
from app.auctions.models import Auction, AuctionBidder
from app.kit.calendar import end_of_day
from app.kit.db import make_engine, make_sessions
from app.kit.ids import new_id
from app.kit.log import configure_logging
from app.kit.settings import Settings
from app.main import create_app
from app.parties import tokens
from bench import harness, load
from bench.http import insert_listings

WATCHERS = 5000
BIDS_PER_S = 50
ALONE_S = 10.0
TOGETHER_S = 20.0
OPENING_AT_ONCE = 100
PATIENCE_S = 30.0
STEP_FEN = 1_000_000
BID_ID = re.compile(rb"id: (\d+)\nevent: bid\n")


def raise_limits() -> None:
    """As many open sockets as the machine allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def serve(database_url: str, port: int) -> None:
    """The server process."""
    raise_limits()
    settings = Settings(mode="sandbox", log_level="warning", _env_file=None)
    configure_logging(settings)
    uvicorn.run(
        create_app(settings, database_url),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )


@dataclass
class Crowd:
    """What all watchers of the process share: when the last of them had each bid."""

    had: dict[int, float] = field(default_factory=dict)
    received: int = 0
    wrong: int = 0
    parsed: dict[bytes, list[int]] = field(default_factory=dict)

    def ids(self, data: bytes) -> list[int]:
        """The bids in some bytes; most watchers get the same bytes."""
        found = self.parsed.get(data)
        if found is None:
            if len(self.parsed) > 1000:
                self.parsed.clear()
            found = self.parsed[data] = [int(number) for number in BID_ID.findall(data)]
        return found


class Watcher(asyncio.Protocol):
    """One event stream on a plain socket."""

    def __init__(self, crowd: Crowd, path: str) -> None:
        self.crowd = crowd
        self.path = path
        self.rest = b""
        self.last = -1
        self.awaited = sys.maxsize
        self.reached = asyncio.Event()
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(f"GET {self.path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())

    async def wait_for(self, number: int) -> None:
        """Return when this watcher has the bid."""
        self.awaited = number
        if self.last < number:
            await self.reached.wait()

    def data_received(self, data: bytes) -> None:
        """Note the bids of the events that are whole."""
        now = time.monotonic()
        if self.rest or not data.endswith(b"\n\n\r\n"):
            whole, separator, self.rest = (self.rest + data).rpartition(b"\n\n")
            data = whole + separator
        if self.last < 0:
            self._begin(data)
            return
        crowd = self.crowd
        for number in crowd.ids(data):
            crowd.wrong += number <= self.last
            self.last = number
            crowd.had[number] = now
            crowd.received += 1
        if self.last >= self.awaited:
            self.reached.set()

    def connection_lost(self, error: Exception | None) -> None:
        """A stream that ends while the auction runs is a failure, unless we ended it."""
        if not self.begun.done():
            self.begun.set_exception(error or ConnectionError("the stream did not begin"))

    def _begin(self, data: bytes) -> None:
        found = re.search(rb"\nid: (\d+)\nevent: state\n", data)
        if found is None:
            self.rest = data + self.rest
            return
        self.last = int(found[1])
        self.begun.set_result(None)


def watch(port: int, path: str, orders: "Connection[object, object]") -> None:
    """The watchers' process: opens so many streams as it is told, reports, and closes them."""
    raise_limits()
    uvloop.run(_watch(port, path, orders))


async def _watch(port: int, path: str, orders: "Connection[object, object]") -> None:
    loop = asyncio.get_running_loop()
    while count := await asyncio.to_thread(orders.recv):
        crowd = Crowd()
        make = partial(Watcher, crowd, path)
        watchers: list[Watcher] = []
        while len(watchers) < cast(int, count):
            more = min(OPENING_AT_ONCE, cast(int, count) - len(watchers))
            made = await asyncio.gather(
                *(loop.create_connection(make, "127.0.0.1", port) for _ in range(more))
            )
            opened = [watcher for _, watcher in made]
            await asyncio.gather(*(watcher.begun for watcher in opened))
            watchers += opened
        orders.send("open")
        last = cast(int, await asyncio.to_thread(orders.recv))
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.gather(*(watcher.wait_for(last) for watcher in watchers))
        orders.send((crowd.had, crowd.received, crowd.wrong))
        for watcher in watchers:
            watcher.transport.abort()


async def insert_auction(database_url: str, listing_id: UUID) -> tuple[UUID, str]:
    """An open auction with one bidder, and the bidder's access token."""
    token = tokens.make_secret(tokens.ACCESS_PREFIX)
    now = datetime.now(UTC)
    opens_at, ends_at = now - timedelta(hours=1), end_of_day(date(now.year + 1, 1, 1))
    profile, offer = PROFILES["ascending"], rules.Offer(STEP_FEN, STEP_FEN, 300)
    terms = rules.terms_of(profile, rules.complete(profile, {}, offer, opens_at, ends_at))
    start = rules.start_of(profile.code, terms, hidden=False)
    auction_id, bidder_id, person_id, membership_id = (new_id() for _ in range(4))
    engine = make_engine(database_url)
    async with make_sessions(engine)() as session, session.begin():
        values = {
            "bidder": bidder_id,
            "person": person_id,
            "membership": membership_id,
            "login": new_id(),
            "listing": listing_id,
            "hash": tokens.digest(token),
        }
        for statement in (
            "INSERT INTO organisation (id, kind, name, credit_code, region_code, state)"
            " VALUES (:bidder, 'enterprise', '示范企业', '91110000600037341L', '110108', 'active')",
            "INSERT INTO person (id, login, name) VALUES (:person, 'bidder', '竞买人')",
            "INSERT INTO membership (id, person_id, organisation_id, roles)"
            " VALUES (:membership, :person, :bidder, ARRAY['trader'])",
            "INSERT INTO login_session (id, family_id, membership_id, access_hash, refresh_hash,"
            " access_expires_at, refresh_expires_at) VALUES (:login, :login, :membership, :hash,"
            " :hash, now() + interval '1 day', now() + interval '1 day')",
        ):
            await session.execute(text(statement), values)
        seller = text("SELECT seller_id FROM listing WHERE id = :listing")
        session.add(
            Auction(
                id=auction_id,
                listing_id=listing_id,
                seller_id=(await session.execute(seller, values)).scalar_one(),
                format=profile.code,
                terms=terms,
                standing=standing.dump(start),
                phase=core.phase_name(start),
                state="open",
                opens_at=opens_at,
                planned_end=ends_at,
                ends_at=ends_at,
                rule_set="ONLINE_2016",
                chain_head=chain.GENESIS,
            )
        )
        await session.flush()
        session.add(AuctionBidder(auction_id=auction_id, bidder_id=bidder_id, number=1))
    await engine.dispose()
    return auction_id, token


@dataclass
class Bidding:
    """Bids over HTTP, at a steady pace whatever the answers take, and when each was committed."""

    url: str
    token: str
    database_url: str
    auction_id: UUID
    placed: int = 0
    seconds: float = 0.0

    async def place(self, seconds: float) -> dict[int, float]:
        """Bid for so long; the times of commit of the accepted bids by their place."""
        answered: dict[int, float] = {}
        known: dict[int, float] = {}
        connect = psycopg.AsyncConnection.connect
        async with (
            await connect(self.database_url, autocommit=True) as listener,
            await connect(self.database_url, autocommit=True) as reader,
            httpx.AsyncClient(
                headers={"Authorization": f"Bearer {self.token}"}, timeout=PATIENCE_S
            ) as client,
            asyncio.TaskGroup() as tasks,
        ):
            await listener.execute("LISTEN auction_changed")
            announced: asyncio.Queue[float] = asyncio.Queue()
            listening = tasks.create_task(self._listen(listener, announced))
            noting = tasks.create_task(self._note(reader, announced, known))
            started = time.monotonic()
            bids = []
            for number in range(int(seconds * BIDS_PER_S)):
                await asyncio.sleep(max(0.0, started + number / BIDS_PER_S - time.monotonic()))
                self.placed += 1
                bids.append(tasks.create_task(self._bid(client, self.placed, answered)))
            await asyncio.gather(*bids)
            self.seconds = time.monotonic() - started
            await asyncio.sleep(1)
            listening.cancel()
            noting.cancel()
        return {number: min(at, known[number]) for number, at in answered.items()}

    async def _bid(
        self, client: httpx.AsyncClient, number: int, answered: dict[int, float]
    ) -> None:
        """One bid; one that a higher one overtook is refused, as it should be, and not counted."""
        bid = {"amount_fen": number * STEP_FEN, "request_id": new_id().hex}
        answer = await client.post(self.url, json=bid)
        if answer.status_code != httpx.codes.CONFLICT:
            answer.raise_for_status()
            answered[answer.json()["sequence"]] = time.monotonic()

    async def _listen(
        self, listener: psycopg.AsyncConnection[Any], announced: asyncio.Queue[float]
    ) -> None:
        async for _ in listener.notifies():
            announced.put_nowait(time.monotonic())

    async def _note(
        self,
        reader: psycopg.AsyncConnection[Any],
        announced: asyncio.Queue[float],
        known: dict[int, float],
    ) -> None:
        """Give bids the time of the first notification after which they are in the record.

        Reading takes a moment, in which more may be committed: such a bid gets a time that is too
        early, so that its latency is never shown too small.
        """
        query = "SELECT next_sequence - 1 FROM auction WHERE id = %s"
        cursor = await reader.execute(query, [self.auction_id])
        noted = (await cursor.fetchone() or (0,))[0]
        while True:
            at = await announced.get()
            cursor = await reader.execute(query, [self.auction_id])
            last = (await cursor.fetchone() or (0,))[0]
            known.update(dict.fromkeys(range(noted + 1, last + 1), at))
            noted = max(noted, last)


@dataclass
class Round:
    """What one crowd of watchers saw; times in milliseconds."""

    latencies: list[float]
    expected: int
    received: int
    wrong: int
    bids_per_s: float

    def p(self, share: float) -> float:
        """A quantile of the time from commit to the last watcher."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def play(
    orders: "Connection[object, object]", bidding: Bidding, watchers: int, seconds: float
) -> Round:
    """Open the streams, bid, and gather what they saw."""
    orders.send(watchers)
    assert orders.recv() == "open"
    committed = uvloop.run(bidding.place(seconds))
    orders.send(max(committed))
    had, received, wrong = cast("tuple[dict[int, float], int, int]", orders.recv())
    return Round(
        [(had[number] - at) * 1000 for number, at in committed.items() if number in had],
        len(committed) * watchers,
        received,
        wrong,
        len(committed) / bidding.seconds,
    )


def resident_mib(pid: int | None) -> float:
    """Memory that a process has resident now, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:", 1)[1].split()[0]) / 1024


def run(database_url: str) -> int:
    """Measure and print; 1 when an event was lost."""
    listings = uvloop.run(insert_listings(database_url))
    auction_id, token = uvloop.run(insert_auction(database_url, listings[0]))
    port = load.free_port()
    path = f"/api/v1/auctions/{auction_id}"
    spawn = multiprocessing.get_context("spawn")
    orders, theirs = spawn.Pipe()
    server = spawn.Process(target=serve, args=(database_url, port))
    crowd = spawn.Process(target=watch, args=(port, path + "/events", theirs))
    server.start()
    crowd.start()
    try:
        load.wait_until_served(port)
        bidding = Bidding(f"http://127.0.0.1:{port}{path}/bids", token, database_url, auction_id)
        play(orders, bidding, 1, 2.0)
        before = play(orders, bidding, 1, ALONE_S)
        alone_mib = resident_mib(server.pid)
        many = play(orders, bidding, WATCHERS, TOGETHER_S)
        many_mib = load.peak_mib(server.pid or 0)
        after = play(orders, bidding, 1, ALONE_S)
        orders.send(0)
    finally:
        for process in (server, crowd):
            process.kill()
            process.join()
    one = Round([*before.latencies, *after.latencies], 0, 0, 0, 0.0)
    report(one, many, alone_mib, many_mib)
    rounds = (before, many, after)
    return int(any(item.received != item.expected or item.wrong for item in rounds))


def report(one: Round, many: Round, alone_mib: float, many_mib: float) -> None:
    """The figures as JSON lines, and what stands behind them as remarks."""
    harness.figure(
        "watch_events_received",
        many.received,
        "events",
        baseline=("events_expected", many.expected),
        peak_mib=many_mib,
    )
    for share in (0.5, 0.99):
        harness.figure(
            f"watch_last_of_{WATCHERS}_p{share * 100:.0f}",
            many.p(share),
            "ms",
            baseline=("one_watcher", one.p(share)),
            peak_mib=many_mib,
            higher_is_better=False,
        )
    harness.figure(
        "watch_memory",
        many_mib,
        "MiB",
        baseline=("one_watcher", alone_mib),
        peak_mib=many_mib,
        higher_is_better=False,
    )
    harness.say(
        json.dumps(
            {
                "accepted_bids_per_s": round(many.bids_per_s, 1),
                "lost": many.expected - many.received,
                "out_of_order": many.wrong,
                "kib_per_watcher": round((many_mib - alone_mib) * 1024 / WATCHERS, 1),
            }
        )
    )


def main() -> int:
    """Run on a scratch database."""
    with harness.scratch_database() as database_url:
        return run(database_url)


if __name__ == "__main__":
    sys.exit(main())
