"""Live watching, over HTTP on real server processes."""

import asyncio
import json
import multiprocessing
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn

from app.auctions import feeds, watch
from app.kit.settings import Settings
from app.main import create_app
from tests import flow
from tests.market import API, Market, User
from tests.server import free_port, wait_until

LIMIT_S = 120.0
SAID = {"server_time", "ends_at", "price_fen", "min_next_fen", "number", "bid_count", "state"}
MAY_SAY = SAID | {"sequence", "amount_fen", "received_at", "extended"}
MAY_SAY |= {"phase", "phase_name", "leading_number", "act", "opens_at", "decided_at"}


def serve(database_url: str, port: int, kept: int, heartbeat_s: float) -> None:
    """A server process; small socket buffers, so that a reader that stops is noticed soon."""
    feeds.KEPT, watch.HEARTBEAT_S = kept, heartbeat_s
    app = create_app(Settings(mode="sandbox", log_level="warning", _env_file=None), database_url)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def serving(
    database_url: str, count: int = 1, *, kept: int = 1024, heartbeat_s: float = 15.0
) -> Iterator[list[str]]:
    """Addresses of server processes on one database; what they load is loaded once for all."""
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["app.main"])
    ports = [free_port() for _ in range(count)]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    processes = [
        forks.Process(target=serve, args=(database_url, port, kept, heartbeat_s)) for port in ports
    ]

    def ready() -> bool:
        try:
            return all(httpx.get(url + "/readyz", timeout=5).status_code == 200 for url in urls)
        except httpx.TransportError:
            return False

    for process in processes:
        process.start()
    try:
        wait_until(ready, "the servers' readiness")
        yield urls
    finally:
        for process in processes:
            process.kill()
            process.join()


@dataclass
class Stream:
    """What a watcher has received so far."""

    text: str = ""
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    ended: bool = False
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def bids(self) -> list[dict[str, Any]]:
        return [data for name, data in self.events if name == "bid"]

    @property
    def sequences(self) -> list[int]:
        return [bid["sequence"] for bid in self.bids]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    def take(self, block: str) -> None:
        """One block of the stream: an event, or a comment."""
        self.text += block + "\n\n"
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line[0] != ":")
        if "data" in fields:
            self.events.append((fields["event"], json.loads(fields["data"])))
        if "id" in fields:
            self.ids.append(int(fields["id"]))
        self.heard.set()

    async def until(self, condition: Callable[["Stream"], bool]) -> None:
        """Return when the condition holds; fail with what was received when it never does."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while not condition(self):
                    self.heard.clear()
                    await self.heard.wait()
        except TimeoutError:
            raise AssertionError(f"not received in {LIMIT_S} s; so far: {self.text}") from None


@asynccontextmanager
async def watching(
    url: str, auction: dict[str, Any], after: int | None = None
) -> AsyncIterator[Stream]:
    """A watcher that has its first event."""
    stream = Stream()
    headers = {} if after is None else {"Last-Event-ID": str(after)}

    async def read(response: httpx.Response) -> None:
        block: list[str] = []
        async for line in response.aiter_lines():
            if line:
                block.append(line)
            else:
                stream.take("\n".join(block))
                block.clear()
        stream.ended = True
        stream.heard.set()

    path = f"{API}/auctions/{auction['id']}/events"
    async with (
        httpx.AsyncClient(base_url=url, timeout=60) as client,
        client.stream("GET", path, headers=headers) as response,
    ):
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        reading = asyncio.create_task(read(response))
        try:
            await stream.until(lambda got: bool(got.events))
            assert stream.names[0] == "state"
            yield stream
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def climb(bidders: list[User], auction: dict[str, Any], count: int) -> list[int]:
    """Accepted bids in turn, a refused one after every third; the accepted places."""
    sequences = []
    amount = (await bidders[0].ok("GET", f"/auctions/{auction['id']}"))["min_next_fen"]
    for number in range(count):
        bidder = bidders[number % len(bidders)]
        placed = await flow.bid(bidder, auction, amount)
        assert placed.status_code == 201, placed.text
        sequences.append(placed.json()["sequence"])
        if number % 3 == 2:
            assert (await flow.bid(bidder, auction, amount)).status_code == 409
        amount = placed.json()["min_next_fen"]
    return sequences


async def record(market: Market, auction: dict[str, Any]) -> list[dict[str, Any]]:
    """The accepted bids of the record, in order."""
    path = f"/auctions/{auction['id']}/bids?accepted=true&limit=100"
    return (await market.anonymous.ok("GET", path))["items"][::-1]


async def test_watchers_of_two_processes_get_every_bid_once_and_in_order(market: Market) -> None:
    auction, _, bidders = await flow.start_auction(market)
    organisations = [
        await market.anonymous.ok("GET", f"/organisations/{bidder.organisation_id}")
        for bidder in bidders
    ]
    with serving(market.database_url, 2) as urls:
        async with watching(urls[0], auction) as first, watching(urls[1], auction) as second:
            clients = [httpx.AsyncClient(base_url=url) for url in urls]
            remote = [
                User(client, bidder.token, bidder.organisation_id)
                for client, bidder in zip(clients, bidders, strict=True)
            ]
            sequences = await climb(remote, auction, 12)
            for client in clients:
                await client.aclose()
            for stream in (first, second):
                await stream.until(lambda got: len(got.bids) >= 12)
            closed = await flow.close_auction(market, auction)
            for stream in (first, second):
                await stream.until(lambda got: got.ended)

    accepted = await record(market, auction)
    for stream in (first, second):
        assert stream.names == ["state"] + ["bid"] * 12 + ["result"]
        assert stream.sequences == sequences == [bid["sequence"] for bid in accepted]
        assert [bid["bid_count"] for bid in stream.bids] == list(range(1, 13))
        assert stream.ids == [0, *sequences, 17]
        for bid, of_record in zip(stream.bids, accepted, strict=True):
            assert bid["price_fen"] == bid["amount_fen"] == of_record["amount_fen"]
            assert bid["min_next_fen"] == of_record["amount_fen"] + auction["increment_fen"]
            assert bid["number"] == of_record["number"]
            assert moment(bid["ends_at"]) == moment(of_record["ends_at_after"])
            assert moment(bid["server_time"]) >= moment(bid["received_at"])
        for _, data in stream.events:
            assert SAID <= data.keys() <= MAY_SAY
        result = stream.events[-1][1]
        assert result["state"] == "sold"
        assert result["price_fen"] == closed["price_fen"] == accepted[-1]["amount_fen"]
        assert result["number"] == accepted[-1]["number"]
        hidden = [str(bidder.organisation_id) for bidder in bidders]
        hidden += [str(bidder.person_id) for bidder in bidders]
        hidden += [organisation["name"] for organisation in organisations]
        assert not [value for value in hidden if value in stream.text]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_late_bid_says_that_it_extended_the_end(market: Market) -> None:
    auction, _, bidders = await flow.start_auction(market)
    with serving(market.database_url) as [url]:
        async with watching(url, auction) as stream:
            placed = await flow.bid(bidders[0], auction, auction["min_next_fen"])
            await stream.until(lambda got: len(got.bids) == 1)
            await flow.stop_clock(market, auction["ends_at"])
            late = await flow.bid(bidders[1], auction, placed.json()["min_next_fen"])
            assert late.status_code == 201, late.text
            await stream.until(lambda got: len(got.bids) == 2)
    assert [bid["extended"] for bid in stream.bids] == [False, True]
    assert moment(stream.bids[0]["ends_at"]) == moment(auction["ends_at"])
    assert moment(stream.bids[1]["ends_at"]) == moment(late.json()["ends_at_after"])
    assert stream.bids[1]["ends_at"] > stream.bids[0]["ends_at"]


@pytest.mark.parametrize("kept", [1024, 3])
async def test_resuming_loses_nothing_and_repeats_nothing(market: Market, kept: int) -> None:
    """With any process, from what it keeps in memory and from the record."""
    auction, _, bidders = await flow.start_auction(market)
    with serving(market.database_url, 2, kept=kept) as urls:
        async with watching(urls[0], auction) as keeper:
            sequences = await climb(bidders, auction, 4)
            await keeper.until(lambda got: got.sequences[-1:] == sequences[-1:])
            sequences += await climb(bidders, auction, 9)
            for url in urls:
                for seen in (0, 1, 5, 12, 13):
                    after = sequences[seen - 1] if seen else 0
                    async with watching(url, auction, after) as stream:
                        rest = sequences[seen:]
                        await stream.until(lambda got, rest=rest: len(got.bids) == len(rest))
                        more = await climb(bidders, auction, 1)
                        await stream.until(lambda got, more=more: got.sequences[-1:] == more)
                        sequences += more
                    assert stream.sequences == rest + more
                    assert stream.ids == [after, *rest, *more]
                    counts = list(range(seen + 1, len(sequences) + 1))
                    assert [bid["bid_count"] for bid in stream.bids] == counts


def listeners(market: Market, act: str = "pid") -> int:
    """Connections that listen: the server's, and that of the market beside it; acts on each."""
    with psycopg.connect(market.database_url, autocommit=True) as connection:
        query = (
            f"SELECT {act} FROM pg_stat_activity WHERE datname = current_database()"
            " AND query = 'LISTEN auction_changed'"
        )
        return len(connection.execute(query).fetchall())


async def test_watchers_survive_the_loss_of_the_listener(market: Market) -> None:
    auction, _, bidders = await flow.start_auction(market)
    with serving(market.database_url) as [url]:
        async with watching(url, auction) as stream:
            sequences = await climb(bidders, auction, 3)
            await stream.until(lambda got: len(got.bids) == 3)
            for _ in range(2):
                await asyncio.to_thread(wait_until, lambda: listeners(market) == 2, "listening")
                assert listeners(market, "pg_terminate_backend(pid)") == 2
                sequences += await climb(bidders, auction, 3)
                await stream.until(lambda got, last=sequences[-1]: got.sequences[-1] >= last)
            await flow.close_auction(market, auction)
            await stream.until(lambda got: got.ended)
    assert stream.sequences == sequences
    assert stream.names[-1] == "result"


async def test_a_watcher_that_does_not_read_is_dropped_and_goes_on(market: Market) -> None:
    auction, _, bidders = await flow.start_auction(market)
    with serving(market.database_url, kept=32) as [url]:
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        slow.connect(("127.0.0.1", int(url.rpartition(":")[2])))
        path = f"{API}/auctions/{auction['id']}/events"
        slow.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        beginning = slow.recv(256)
        assert beginning.startswith(b"HTTP/1.1 200")
        async with watching(url, auction) as quick:
            sequences: list[int] = []
            while len(sequences) < 500:  # in steps below what is kept: this one never falls behind
                sequences += await climb(bidders, auction, 25)
                await quick.until(lambda got, last=sequences[-1]: got.sequences[-1:] == [last])  # type: ignore[misc]
        reader, writer = await asyncio.open_connection(sock=slow)
        async with asyncio.timeout(LIMIT_S):
            raw = await reader.read()
        writer.close()
        text = (beginning + raw).decode()
        seen = [int(part.split("\n", 1)[0]) for part in text.split("\nid: ")[2:]]
        assert watch.TOO_SLOW.decode().strip() in text
        assert 0 < len(seen) < 500
        assert seen == sequences[: len(seen)]
        async with watching(url, auction, seen[-1]) as stream:
            await stream.until(lambda got: got.sequences[-1:] == sequences[-1:])
        assert seen + stream.sequences == sequences


async def test_opening_time_and_result_are_told_and_then_there_is_nothing(market: Market) -> None:
    auction, _, _ = await flow.start_auction(market, opens_after_minutes=60)
    assert auction["state"] == "scheduled"
    path = f"{API}/auctions/{auction['id']}/events"
    with serving(market.database_url, heartbeat_s=0.2) as [url]:
        async with watching(url, auction) as stream:
            await stream.until(lambda got: "time" in got.names)
            await flow.advance_to(market, auction["opens_at"])
            await stream.until(lambda got: "opened" in got.names)
            await flow.close_auction(market, auction)
            await stream.until(lambda got: got.ended)
        kinds = [name for name in stream.names if name != "time"]
        assert kinds == ["state", "opened", "result"]
        told = dict(stream.events)
        assert [told[name]["state"] for name in kinds] == ["scheduled", "open", "failed"]
        assert told["state"]["min_next_fen"] == told["opened"]["min_next_fen"] == flow.START_FEN
        assert told["result"]["min_next_fen"] is None
        times = [data["server_time"] for _, data in stream.events]
        assert times == sorted(times)
        async with watching(url, auction) as again:
            await again.until(lambda got: got.ended)
        assert again.names == ["state", "result"]
        async with httpx.AsyncClient(base_url=url) as client:
            last = {"Last-Event-ID": str(stream.ids[-1])}
            assert (await client.get(path, headers=last)).status_code == 204


async def test_wrong_places_and_unknown_auctions_are_refused(market: Market) -> None:
    auction, _, bidders = await flow.start_auction(market)
    sequences = await climb(bidders, auction, 2)
    events = f"/auctions/{auction['id']}/events"
    beyond = await market.anonymous.get(f"{events}?after={sequences[-1] + 1}")
    assert beyond.status_code == 422
    assert beyond.json()["code"] == "beyond_record"
    assert beyond.json()["last"] == sequences[-1]
    for headers in ({"Last-Event-ID": "-1"}, {"Last-Event-ID": "yesterday"}):
        refused = await market.anonymous.get(events, headers=headers)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "header.last-event-id"
    unknown = await market.anonymous.get(f"/auctions/{bidders[0].organisation_id}/events")
    assert unknown.status_code == 404


async def test_a_watcher_that_left_is_forgotten(market: Market) -> None:
    auction, _, _ = await flow.start_auction(market)
    with serving(market.database_url, heartbeat_s=0.2) as [url]:

        def ended() -> bool:
            metrics = httpx.get(url + "/metrics").text.splitlines()
            counted = [line for line in metrics if line.startswith("http_requests_total")]
            return any("/events" in line and line.endswith(" 1.0") for line in counted)

        async with watching(url, auction):
            assert not ended()
        await asyncio.to_thread(wait_until, ended, "the end of the request", LIMIT_S)
