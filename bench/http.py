"""Requests per second of a listing's JSON and of a listing search, against a constant endpoint.

The real application (uvicorn on uvloop, an embedded, durable PostgreSQL with a few thousand
published listings) runs in a process of its own. This process keeps 32 connections busy. Every
figure is measured in rounds that alternate with the constant endpoint, so that both meet the same
machine. Prints one JSON line per figure.
"""

import asyncio
import json
import multiprocessing
import random
import socket
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import cast
from urllib.parse import quote
from uuid import UUID

import uvicorn
import uvloop
from sqlalchemy import text

from app.achievements import service as achievements
from app.achievements.schemas import NewAchievement
from app.kit import migrate
from app.kit.actor import Actor
from app.kit.calendar import end_of_day
from app.kit.db import make_engine, make_sessions
from app.kit.embedded import EmbeddedPostgres
from app.kit.ids import new_id
from app.kit.log import configure_logging
from app.kit.settings import Settings
from app.listings.models import Listing
from app.main import create_app

LISTINGS = 3000
CONNECTIONS = 32
ROUNDS = 5
ROUND_S = 1.0
START_TIMEOUT_S = 60.0
LATENCY_LIMIT_S = 10.0
CONSTANT = "/bench/constant"
FIELDS = ("new_materials", "advanced_manufacturing", "electronics_information", "aerospace")
WORDS = (
    *(
        "钙钛矿",
        "太阳能",
        "电池",
        "石墨烯",
        "激光",
        "雷达",
        "机器人",
        "控制",
        "方法",
        "装置",
        "系统",
    ),
    *("制备", "工艺", "催化剂", "锂离子", "电极", "涂层", "传感器", "图像", "识别", "算法", "芯片"),
    *("封装", "无人机", "导航", "复合材料", "高温", "合金", "发酵", "酶", "抗体", "检测", "试剂"),
)


async def constant() -> dict[str, str]:
    """What every figure is compared with: an endpoint that does nothing."""
    return {"status": "ok"}


def serve(database_url: str, port: int) -> None:
    """The server process."""
    settings = Settings(mode="sandbox", log_level="warning", _env_file=None)
    configure_logging(settings)
    app = create_app(settings, database_url)
    app.add_api_route(CONSTANT, constant)
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


class Connection(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection that sends the next request once it has the answer."""

    def __init__(self, requests: list[bytes], start: int, until: float) -> None:
        self.requests = requests
        self.next = start
        self.until = until
        self.answered = 0
        self.buffer = b""
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

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
        if not head.startswith(b"HTTP/1.1 200"):
            self._end(RuntimeError(head.split(b"\r\n", 1)[0].decode("latin-1")))
            return
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self.buffer = b""
        self.answered += 1
        if time.monotonic() < self.until:
            self._send()
        else:
            self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        """The server hung up."""
        self._end(error or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        self.transport.write(self.requests[self.next % len(self.requests)])
        self.next += 1

    def _end(self, error: Exception | None) -> None:
        if not self.ended.done():
            if error is None:
                self.ended.set_result(self.answered)
            else:
                self.ended.set_exception(error)
            self.transport.close()


async def load(port: int, paths: list[str], seconds: float) -> float:
    """Answers per second over 32 connections; raises when one of them is not a 200."""
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: keep-alive\r\n\r\n".encode()
        for path in paths
    ]
    loop = asyncio.get_running_loop()
    started = time.monotonic()
    connections: list[Connection] = []
    for number in range(CONNECTIONS):
        start = number * len(requests) // CONNECTIONS
        _, connection = await loop.create_connection(
            lambda start=start: Connection(requests, start, started + seconds),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
        connections.append(connection)
    async with asyncio.timeout(seconds + LATENCY_LIMIT_S):
        answered = sum(await asyncio.gather(*(connection.ended for connection in connections)))
    return answered / (time.monotonic() - started)


async def insert_listings(database_url: str) -> list[UUID]:
    """Published listings of one seller, written directly; the ids of the listings."""
    chance = random.Random(20260101)
    engine = make_engine(database_url)
    published = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
    rows: list[Listing] = []
    async with make_sessions(engine)() as session, session.begin():
        seller = new_id()
        await session.execute(
            text(
                "INSERT INTO organisation (id, kind, name, credit_code, region_code, state)"
                " VALUES (:id, 'university', '示范大学', '12100000400000624D', '110108', 'active')"
            ),
            {"id": seller},
        )
        trader = Actor(None, seller, "university", frozenset({"trader"}))
        achievement = await achievements.create(
            session, trader, NewAchievement(title="示范成果", technical_field=FIELDS[0])
        )
        for number in range(LISTINGS):
            title = "".join(chance.sample(WORDS, 5)) + str(number)
            summary = ",".join("".join(chance.sample(WORDS, 4)) for _ in range(8))
            listing = Listing(
                id=new_id(),
                achievement_id=achievement.id,
                seller_id=seller,
                seller_name="示范大学",
                title=title,
                summary=summary,
                technical_field=chance.choice(FIELDS),
                ipc=["H01L31/04"],
                region_code="110108",
                transfer_mode="license",
                license_manner="ordinary",
                disclosure_working_days=20,
                price_fen=chance.randrange(1_000_000, 900_000_000, 10_000),
                deposit_fen=0,
                increment_fen=1_000_000,
                extension_s=300,
                bidding_minutes=1440,
                opens_after_minutes=0,
                conditions="",
                state="published",
                listed_at=published + timedelta(seconds=number),
                published_at=published + timedelta(seconds=number),
                disclosure_from=date(2026, 9, 1),
                closes_at=end_of_day(date(2026, 9, 29)),
                calendar_version="bench",
            )
            listing.judge("university", None, date(2026, 9, 1))
            rows.append(listing)
        session.add_all(rows)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE"))
    await engine.dispose()
    return [row.id for row in rows]


@dataclass
class Figure:
    """A figure and the constant endpoint's rate beside it, round by round."""

    name: str
    paths: list[str]
    rates: list[float]
    constants: list[float]


def measure(port: int, figures: list[Figure]) -> None:
    """Fill the figures: after a warm-up, every round is followed by one of the constant."""
    for figure in figures:
        uvloop.run(load(port, figure.paths, ROUND_S / 2))
        for _ in range(ROUNDS):
            figure.rates.append(uvloop.run(load(port, figure.paths, ROUND_S)))
            figure.constants.append(uvloop.run(load(port, [CONSTANT], ROUND_S)))


def report(figure: Figure, peak_mib: float) -> None:
    """One JSON line: medians of the rounds, in requests per second."""
    value, baseline = median(figure.rates), median(figure.constants)
    line = {
        "name": figure.name,
        "value": round(value, 1),
        "unit": "requests/s",
        "baseline": {"name": "constant_endpoint", "value": round(baseline, 1)},
        "ratio": round(value / baseline, 3),
        "peak_mib": round(peak_mib, 1),
    }
    print(json.dumps(line), flush=True)


def peak_mib(pid: int | None) -> float:
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


def searches() -> list[str]:
    """Searches with words, a field and a sort."""
    return [
        f"/api/v1/listings?q={quote(word)}&technical_field={field}&sort={sort}"
        for word in WORDS
        for field in FIELDS
        for sort in ("price", "newest")
    ]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="tm-bench-") as directory:
        postgres = EmbeddedPostgres(Path(directory) / "pg")
        postgres.start()
        try:
            run(postgres.url())
        finally:
            postgres.stop()


def run(database_url: str) -> None:
    """All figures on one database."""
    migrate.upgrade(database_url)
    ids = uvloop.run(insert_listings(database_url))
    random.Random(1).shuffle(ids)
    port = free_port()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(database_url, port))
    server.start()
    try:
        wait_until_served(port)
        figures = [
            Figure("listing_detail", [f"/api/v1/listings/{item}" for item in ids], [], []),
            Figure("listing_search", searches(), [], []),
        ]
        for figure in figures:
            measure(port, [figure])
            report(figure, peak_mib(server.pid))
    finally:
        server.terminate()
        server.join(timeout=5)
        if server.is_alive():
            server.kill()
            server.join()


if __name__ == "__main__":
    main()
