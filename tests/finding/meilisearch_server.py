"""A real Meilisearch process of the test's own, to be killed, started again and emptied."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.server import free_port, wait_until

BINARY = os.environ.get("TECHMARKET_TEST_MEILISEARCH_BINARY", "")
"""Read when tests are collected: afterwards the machine's settings are taken out of the way."""
NO_BINARY = "no Meilisearch program: set TECHMARKET_TEST_MEILISEARCH_BINARY to its path"


@dataclass
class MeilisearchServer:
    """One server and its data below a folder."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start on the data that is there, and wait until it answers."""
        address = f"127.0.0.1:{self.port}"
        data = str(self.folder / "data")
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "--no-analytics", "--http-addr", address, "--db-path", data],
                cwd=self.folder,
                env={"PATH": os.defpath},
                stdout=log,
                stderr=log,
            )
        wait_until(self.ready, "the start of Meilisearch")

    def ready(self) -> bool:
        """Whether it answers."""
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "server.log").read_text()[-4000:]
        try:
            return httpx.get(self.url + "/health", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def delete_data(self) -> None:
        """Everything that it has stored; it must not run."""
        shutil.rmtree(self.folder / "data")
