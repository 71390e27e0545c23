"""Real server processes and a worker on one durable PostgreSQL; every one of them can be killed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
from psycopg.rows import namedtuple_row

from app.kit import migrate
from app.kit.embedded import EmbeddedPostgres
from bench.bids import PEOPLE, draft_listing, open_bids
from tests.server import ROOT, free_port, kill_postgres, wait_until

CLOSED_LISTING = """
INSERT INTO listing SELECT (jsonb_populate_record(l, jsonb_build_object('id', uuidv7(),
  'state', 'closed', 'published_at', now(), 'disclosure_from', current_date, 'closes_at', now(),
  'closed_at', now(), 'calendar_version', 'test'))).*
FROM listing l WHERE l.id = (SELECT id FROM listing ORDER BY id LIMIT 1) RETURNING id
"""
AUCTION = """
INSERT INTO auction (id, listing_id, seller_id, format, terms, standing, phase, state, opens_at,
  planned_end, ends_at, rule_set, chain_head)
SELECT uuidv7(), l.id, l.seller_id, 'ascending', %(terms)s, %(standing)s, 'bidding', 'open',
  %(opens_at)s, %(ends_at)s, %(ends_at)s, 'ONLINE_2016', decode(repeat('00', 32), 'hex')
FROM listing l WHERE l.id = %(listing)s RETURNING id
"""
BIDDERS = """
INSERT INTO auction_bidder (id, auction_id, bidder_id, number)
SELECT uuidv7(), %(auction)s, o.id, row_number() OVER (ORDER BY o.id)
FROM organisation o WHERE o.kind = 'enterprise'
"""
END_SOON = """
UPDATE auction SET terms = %(terms)s, standing = %(standing)s, planned_end = %(ends_at)s,
  ends_at = %(ends_at)s WHERE id = %(auction)s
"""


@dataclass
class Process:
    """`techmarket serve` or `techmarket worker`."""

    command: str
    database_url: str
    data_dir: Path
    port: int = field(default_factory=free_port)
    running: subprocess.Popen[bytes] | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.data_dir / f"{self.command}-{self.port}.log"

    def start(self) -> None:
        """Start; `wait_until_ready` tells when it serves."""
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "app", self.command],
                cwd=ROOT,
                env={
                    "DATABASE_URL": self.database_url,
                    "TECHMARKET_MODE": "sandbox",
                    "TECHMARKET_DATA_DIR": str(self.data_dir),
                    "TECHMARKET_PORT": str(self.port),
                    "TECHMARKET_LOG_LEVEL": "warning",
                    "TECHMARKET_TICK_SECONDS": "0.05",
                    "PATH": os.environ["PATH"],
                }
                | self.settings,
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> None:
        """Until a server answers and reaches its database."""
        wait_until(self._ready, f"readiness of the server on {self.port}", 120)

    def _ready(self) -> bool:
        assert self.running is not None
        assert self.running.poll() is None, self.log.read_text()[-4000:]
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """kill -9."""
        assert self.running is not None
        self.running.kill()
        self.running.wait()

    def stop(self) -> None:
        """End it as an operator does; one that does not end is killed."""
        if self.running is None or self.running.poll() is not None:
            return
        self.running.send_signal(signal.SIGTERM)
        try:
            self.running.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@dataclass
class Cluster:
    """Two servers and a worker on one database."""

    postgres: EmbeddedPostgres
    servers: list[Process]
    worker: Process

    @property
    def ports(self) -> list[int]:
        return [server.port for server in self.servers]

    def rows(self, statement: str, **parameters: Any) -> list[Any]:
        """The rows that a statement gives, committed."""
        with psycopg.connect(
            self.postgres.url(), row_factory=namedtuple_row, options="-c timezone=UTC"
        ) as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def auction(self, *, extension_s: int) -> UUID:
        """An open auction of a closed listing; it ends in an hour, all enterprises may bid."""
        listing = self.rows(CLOSED_LISTING)[0].id
        now = datetime.now(UTC)
        terms = open_bids(now - timedelta(hours=1), now + timedelta(hours=1), extension_s)
        auction = self.rows(AUCTION, listing=listing, **terms)[0].id
        self.rows(BIDDERS, auction=auction)
        return auction

    def end_soon(self, auction: UUID, seconds: float) -> None:
        """Let an auction end in so many seconds, of which no process has read the rules yet."""
        row = self.rows("SELECT opens_at, terms FROM auction WHERE id = %(id)s", id=auction)[0]
        ends_at = datetime.now(UTC) + timedelta(seconds=seconds)
        terms = open_bids(row.opens_at, ends_at, row.terms.get("extension_s", 0))
        self.rows(END_SOON, auction=auction, **terms)

    def restart_postgres(self) -> None:
        """kill -9 of PostgreSQL with all its backends, and its recovery."""
        kill_postgres(self.postgres)
        self.postgres.start()


@contextmanager
def running_cluster(data_dir: Path, bidders: int) -> Iterator[Cluster]:
    """A cluster with this many enterprises, whose tokens are those of `bench.bids.PEOPLE`."""
    postgres = EmbeddedPostgres(data_dir / "postgres")
    postgres.start()
    url = postgres.url()
    cluster = Cluster(
        postgres,
        [Process("serve", url, data_dir), Process("serve", url, data_dir)],
        Process("worker", url, data_dir),
    )
    processes = [*cluster.servers, cluster.worker]
    try:
        migrate.upgrade(url)
        for process in processes:
            process.start()
        cluster.rows(PEOPLE, bidders=bidders)
        asyncio.run(draft_listing(url))
        for server in cluster.servers:
            server.wait_until_ready()
        yield cluster
    finally:
        for process in processes:
            process.stop()
        postgres.stop()
