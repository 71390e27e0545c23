"""A load generator that costs little beside the server: raw keep-alive HTTP/1.1 connections."""

import asyncio
import contextlib
import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvicorn
from fastapi import FastAPI

START_TIMEOUT_S = 60.0
LATENCY_LIMIT_S = 10.0

Requests = Callable[[], bytes]


@dataclass
class Load:
    """What a load came to: answers a second, and the latency of every answer in seconds."""

    per_second: float
    latencies: list[float] = field(repr=False)
    statuses: dict[int, int]

    def percentile(self, share: float) -> float:
        """The latency that `share` of the answers did not exceed, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


class Connection(asyncio.Protocol):
    """One connection that sends the next request once it has the answer, or at its next time."""

    def __init__(
        self, next_request: Requests, until: float, allowed: frozenset[int], every_s: float
    ) -> None:
        self.next_request = next_request
        self.until = until
        self.allowed = allowed
        self.every_s = every_s
        self.sent = 0.0
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}
        self.buffer = b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self.transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Count an answer when it is whole."""
        self.buffer += data
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        status = int(head[9:12])
        if status not in self.allowed:
            self._end(RuntimeError(f"{status}: {body[:300].decode()}"))
            return
        now = time.monotonic()
        self.buffer = b""
        self.latencies.append(now - self.sent)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if now >= self.until:
            self._end(None)
        elif self.every_s > 0:
            pause = max(self.sent + self.every_s - now, 0)
            asyncio.get_running_loop().call_later(pause, self._send)
        else:
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """The server hung up."""
        self._end(error or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        self.sent = time.monotonic()
        self.transport.write(self.next_request())

    def _end(self, error: Exception | None) -> None:
        if not self.ended.done():
            if error is None:
                self.ended.set_result(None)
            else:
                self.ended.set_exception(error)
            self.transport.close()


async def load(
    port: int,
    next_request: Requests,
    seconds: float,
    *,
    connections: int,
    allowed: frozenset[int] = frozenset({200}),
    every_s: float = 0.0,
) -> Load:
    """Keep the connections busy for so long; raises when an answer's status is not allowed.

    With `every_s` each connection sends at most one request in that time.
    """
    loop = asyncio.get_running_loop()
    started = time.monotonic()
    opened: list[Connection] = []
    for _ in range(connections):
        _, connection = await loop.create_connection(
            lambda: Connection(next_request, started + seconds, allowed, every_s),
            "127.0.0.1",
            port,
        )
        opened.append(connection)
    async with asyncio.timeout(seconds + LATENCY_LIMIT_S):
        await asyncio.gather(*(connection.ended for connection in opened))
    took = time.monotonic() - started
    latencies = [latency for connection in opened for latency in connection.latencies]
    statuses: dict[int, int] = {}
    for connection in opened:
        for status, count in connection.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    return Load(len(latencies) / took, latencies, statuses)


def get(path: str) -> bytes:
    """A GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: keep-alive\r\n\r\n".encode()


def post(path: str, token: str, body: bytes) -> bytes:
    """A POST of JSON with a bearer token."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def add_first(app: FastAPI, path: str, endpoint: Callable[..., object], method: str) -> None:
    """Add a baseline in front of all routes, so that finding its route costs nothing."""
    app.add_api_route(path, endpoint, methods=[method])
    app.router.routes.insert(0, app.router.routes.pop())


def serve(app: FastAPI, port: int) -> None:
    """Serve an application as `techmarket run` does."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )


@contextlib.contextmanager
def server_process(
    serve_on: Callable[[str, int], None], database_url: str
) -> Iterator[tuple[int, int]]:
    """A server in a process of its own; gives its port and process id."""
    port = free_port()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=serve_on, args=(database_url, port))
    process.start()
    try:
        wait_until_served(port)
        assert process.pid is not None
        yield port, process.pid
    finally:
        process.terminate()
        process.join(timeout=5)
        if process.is_alive():
            process.kill()
            process.join()


def peak_mib(pid: int) -> float:
    """The most memory that a process ever had resident, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:", 1)[1].split()[0]) / 1024


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_served(port: int) -> None:
    """Until the server process takes connections."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
