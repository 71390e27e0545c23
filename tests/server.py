"""A real server process: `techmarket run` on its own data directory, to be killed and restarted."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import httpx
import psutil

from app.kit.embedded import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[1]
START_TIMEOUT_S = 120.0
POLL_S = 0.05


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
    """Return when the condition holds; fail loudly when it never does."""
    deadline = monotonic() + timeout_s
    pause = threading.Event()
    while not condition():
        if monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {timeout_s} s")
        pause.wait(POLL_S)


def kill_postgres(postgres: EmbeddedPostgres) -> None:
    """kill -9 of a PostgreSQL with all its backends."""
    pid = postgres.pid()
    assert pid is not None
    postmaster = psutil.Process(pid)
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=30)


@dataclass
class LiveServer:
    """One `techmarket run` and the embedded PostgreSQL below its data directory."""

    data_dir: Path
    port: int
    options: tuple[str, ...] = ("--sandbox", "--empty")
    start_timeout_s: float = START_TIMEOUT_S
    settings: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def postgres(self) -> EmbeddedPostgres:
        return EmbeddedPostgres(self.data_dir / "postgres")

    def start(self) -> None:
        """Start and wait until it is ready."""
        with (self.data_dir / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", "run", *self.options, "--port", str(self.port)],
                cwd=ROOT,
                env={
                    "TECHMARKET_DATA_DIR": str(self.data_dir),
                    "TECHMARKET_LOG_LEVEL": "warning",
                    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    **self.settings,
                },
                stdout=log,
                stderr=log,
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return when the server answers; fail with both logs when it never does."""
        try:
            wait_until(self.ready, "the server's readiness", self.start_timeout_s)
        except AssertionError as error:
            logs = [self.data_dir / "server.log", self.data_dir / "postgres" / "server.log"]
            raise AssertionError("\n".join(log.read_text()[-3000:] for log in logs)) from error

    def ready(self) -> bool:
        """Whether it answers and reaches its database."""
        assert self.process is not None
        assert self.process.poll() is None, (self.data_dir / "server.log").read_text()[-4000:]
        try:
            return httpx.get(self.url + "/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """kill -9 of the server; PostgreSQL stays."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def kill_postgres(self) -> None:
        """kill -9 of PostgreSQL with all its backends."""
        kill_postgres(self.postgres)

    def stop(self) -> None:
        """Ctrl-C, as a user ends it; everything it started ends with it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        self.postgres.stop()
