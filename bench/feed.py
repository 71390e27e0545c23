"""The change feed: changes read per second, and how late they are under 500 writes a second.

Reading: one reader pages through the feed over HTTP and decodes it, against the same rows by a
plain ordered SELECT in pages of the same size, served and decoded the same way by an endpoint that
does nothing else. Against the SELECT on a connection of the reader's own, without HTTP, as well.

Lag: a worker numbers, 16 writers commit 500 transactions a second, and a reader waits at the feed's
end. The lag is from a commit's acknowledgement to the reader's having the change. It is compared
with the method that the feed replaces, in the same run: a look at the audit log by id every 50 ms,
beginning after the last id that was seen. That one loses what commits out of order.
"""

import asyncio
import http.client
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from statistics import median
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

import httpx
import orjson
import psycopg
import uvloop
from fastapi import Request, Response

from app.kit.db import raw_connection
from app.kit.ids import new_id
from app.kit.log import configure_logging
from app.kit.settings import Settings
from app.main import create_app
from app.worker import run_worker
from bench import load
from bench.harness import figure, say, scratch_database

CHANGES = 100_000
PAGE = 1000
ROUNDS = 5
WRITERS = 16
WRITES_PER_S = 500
SECONDS = 10.0
POLL_S = 0.05
PATIENCE_S = 60.0
FEED = "/api/v1/feed"
SELECT = "/bench/select"
PLAIN = (
    "SELECT position, id, kind, act, object_id, at FROM change"
    " WHERE position > %s ORDER BY position LIMIT %s"
)

NOTE = (
    "INSERT INTO noted_change (id, kind, act, object_id, circle, party_ids)"
    " VALUES (%s, 'listing', 'approve', %s, 'public', '{}')"
)


def settings() -> Settings:
    """A sandbox that is quiet."""
    chosen = Settings(mode="sandbox", log_level="warning", _env_file=None)
    configure_logging(chosen)
    return chosen


async def plain_select(request: Request, after: int = 0, limit: int = PAGE) -> Response:
    """The baseline: the same columns by a plain ordered SELECT."""
    async with request.app.state.sessions() as session:
        connection = await raw_connection(session)
        rows = await (await connection.execute(PLAIN, [after, limit])).fetchall()
    return Response(orjson.dumps(rows), media_type="application/json")


def serve(database_url: str, port: int) -> None:
    """The server process."""
    app = create_app(settings(), database_url)
    load.add_first(app, SELECT, plain_select, "GET")
    load.serve(app, port)


def work(database_url: str) -> None:
    """The worker process."""
    uvloop.run(run_worker(settings(), database_url, asyncio.Event()))


@contextmanager
def process(target: Callable[..., None], *arguments: object) -> Iterator[None]:
    """Something in a process of its own."""
    started = multiprocessing.get_context("spawn").Process(target=target, args=arguments)
    started.start()
    try:
        yield
    finally:
        started.kill()
        started.join()


def insert_changes(database_url: str) -> None:
    """A feed of some length, written directly."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO change (position, id, kind, act, object_id, at, circle, party_ids)"
            " SELECT number, uuidv7(), 'listing', 'approve', uuidv7(), clock_timestamp(),"
            " 'public', ARRAY[uuidv7()] FROM generate_series(1, %s) AS number",
            [CHANGES],
        )
        connection.execute("VACUUM ANALYZE change")


def get(connection: http.client.HTTPConnection, path: str, asked: dict[str, Any]) -> Any:
    """The decoded answer."""
    connection.request("GET", f"{path}?{urlencode(asked)}")
    return orjson.loads(connection.getresponse().read())


def read_feed(port: int) -> int:
    """Page through the whole feed; returns how many changes it has."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    asked: dict[str, Any] = {"limit": PAGE}
    count = 0
    while True:
        page = get(connection, FEED, asked)
        count += len(page["items"])
        asked["offset"] = page["next_offset"]
        if not page["more"]:
            connection.close()
            return count


def read_select(port: int) -> int:
    """The same rows from the endpoint with the plain SELECT."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    count = position = 0
    while rows := get(connection, SELECT, {"after": position, "limit": PAGE}):
        count += len(rows)
        position = rows[-1][0]
    connection.close()
    return count


def select_all(database_url: str) -> int:
    """The same rows by the plain SELECT, without HTTP."""
    count = position = 0
    with psycopg.connect(database_url) as connection:
        while rows := connection.execute(PLAIN, [position, PAGE]).fetchall():
            count += len(rows)
            position = rows[-1][0]
    return count


def measure_reading(port: int, pid: int, database_url: str) -> None:
    """Whole passes that alternate; the first of each is a warm-up."""
    passes: dict[str, Callable[[], int]] = {
        "feed": lambda: read_feed(port),
        "select_over_http": lambda: read_select(port),
        "select": lambda: select_all(database_url),
    }
    rates: dict[str, list[float]] = {name: [] for name in passes}
    for number in range(ROUNDS + 1):
        for name, whole in passes.items():
            started = time.monotonic()
            assert whole() == CHANGES
            if number > 0:
                rates[name].append(CHANGES / (time.monotonic() - started))
    for name in ("select_over_http", "select"):
        figure(
            f"feed_read_to_{name}",
            median(rates["feed"]),
            "changes/s",
            baseline=(name, median(rates[name])),
            peak_mib=load.peak_mib(pid),
        )


def write(database_url: str, results: "Connection[object, object]") -> None:
    """The writers' process; sends when each object's change was acknowledged."""
    results.send(uvloop.run(_write(database_url)))


async def _write(database_url: str) -> dict[UUID, float]:
    """What `audit.record` writes, at a steady pace, each in a transaction of its own."""
    committed: dict[UUID, float] = {}
    started = time.monotonic()
    numbers = iter(range(int(SECONDS * WRITES_PER_S)))

    async def writer() -> None:
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            for number in numbers:
                await asyncio.sleep(max(0.0, started + number / WRITES_PER_S - time.monotonic()))
                changed = new_id()
                async with connection.pipeline():
                    await connection.execute(
                        "INSERT INTO audit_event (id, action, object_type, object_id)"
                        " VALUES (%s, 'listing.approve', 'listing', %s)",
                        [new_id(), changed],
                    )
                    await connection.execute(NOTE, [new_id(), changed])
                    await connection.commit()
                committed[changed] = time.monotonic()

    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    return committed


@dataclass
class Readers:
    """When each change was seen, in the feed and in the audit log."""

    in_feed: dict[UUID, float] = field(default_factory=dict)
    in_log: dict[UUID, float] = field(default_factory=dict)
    twice: int = 0
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(
        self, port: int, database_url: str, results: "Connection[object, object]"
    ) -> dict[UUID, float]:
        """Read until everything that was written has come; returns when it was committed."""
        async with asyncio.timeout(SECONDS + PATIENCE_S), asyncio.TaskGroup() as tasks:
            following = tasks.create_task(self._follow_feed(port))
            polling = tasks.create_task(self._poll_log(database_url))
            received = await asyncio.to_thread(results.recv)
            committed = cast("dict[UUID, float]", received)
            while not committed.keys() <= self.in_feed.keys():
                self.grown.clear()
                await self.grown.wait()
            await asyncio.sleep(4 * POLL_S)
            following.cancel()
            polling.cancel()
        return committed

    async def _follow_feed(self, port: int) -> None:
        asked: dict[str, Any] = {"limit": PAGE, "wait": 1, "offset": "latest"}
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            while True:
                answer = await client.get(f"http://127.0.0.1:{port}{FEED}", params=asked)
                page = orjson.loads(answer.raise_for_status().content)
                now = time.monotonic()
                asked["offset"] = page["next_offset"]
                for change in page["items"]:
                    changed = UUID(change["object_id"])
                    self.twice += changed in self.in_feed
                    self.in_feed[changed] = now
                self.grown.set()

    async def _poll_log(self, database_url: str) -> None:
        last = UUID(int=0)
        connect = psycopg.AsyncConnection.connect
        async with await connect(database_url, autocommit=True) as connection:
            while True:
                cursor = await connection.execute(
                    "SELECT id, object_id FROM audit_event WHERE id > %s ORDER BY id", [last]
                )
                rows = await cursor.fetchall()
                now = time.monotonic()
                self.in_log |= {changed: now for _, changed in rows}
                last = rows[-1][0] if rows else last
                await asyncio.sleep(POLL_S)


def lags(committed: dict[UUID, float], seen: dict[UUID, float]) -> list[float]:
    """Milliseconds from commit to reader, sorted; seen before the acknowledgement counts as 0."""
    return sorted(
        max(0.0, seen[changed] - at) * 1000 for changed, at in committed.items() if changed in seen
    )


def wait_for_worker(database_url: str) -> None:
    """Until a change is numbered."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(NOTE, [new_id(), new_id()])
        while connection.execute("SELECT FROM noted_change").fetchall():
            time.sleep(POLL_S)


def measure_lag(port: int, pid: int, database_url: str) -> int:
    """Write and read; returns 1 when the feed told a change twice. A lost one ends in a timeout."""
    readers = Readers()
    results, ours = multiprocessing.Pipe(duplex=False)
    with process(work, database_url):
        wait_for_worker(database_url)
        with process(write, database_url, ours):
            committed = uvloop.run(readers.run(port, database_url, results))
    feed, log = lags(committed, readers.in_feed), lags(committed, readers.in_log)
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        figure(
            f"feed_lag_{name}",
            feed[int(len(feed) * share)],
            "ms",
            baseline=(f"audit_log_by_id_{name}", log[int(len(log) * share)]),
            higher_is_better=False,
            peak_mib=load.peak_mib(pid),
        )
    rate = len(committed) / (max(committed.values()) - min(committed.values()))
    say(
        f"{rate:.0f} writes/s; the feed told {readers.twice} twice and lost"
        f" {len(committed) - len(feed)} of {len(committed)};"
        f" the log, read by id, lost {len(committed) - len(log)}"
    )
    return int(readers.twice > 0)


def main() -> int:
    """Measure and print."""
    with scratch_database() as database_url:
        insert_changes(database_url)
        with load.server_process(serve, database_url) as (port, pid):
            measure_reading(port, pid, database_url)
            return measure_lag(port, pid, database_url)


if __name__ == "__main__":
    raise SystemExit(main())
