"""Engines for the market's indexes, and a way to cut a server off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from app.finding.engines import opened
from app.finding.indexing import Indexer
from app.kit.db import Sessions
from app.kit.settings import Settings
from tests.search.conftest import MEILISEARCH_KEY, MEILISEARCH_URL


class Line:
    """A line to a server that can be cut and joined again; a stopped server looks the same."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def join(self) -> None:
        """Let through from now on."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Refuse connections, and break those that are open."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection(self._to.hostname, self._to.port)
            self._open |= {writer, back}
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        self._open.discard(writer)
        writer.close()


@pytest.fixture
def unreachable(settings: Settings) -> Settings:
    """Settings of a Meilisearch that is away: nothing listens on the discard port."""
    return settings.model_copy(update={"search": "meilisearch", "search_url": "http://127.0.0.1:9"})


@asynccontextmanager
async def indexer_of(sessions: Sessions, settings: Settings) -> AsyncIterator[Indexer]:
    """An indexer with the engines of these settings."""
    async with opened(settings, sessions) as engines:
        yield Indexer(sessions, engines)


def on_server(settings: Settings, url: str = MEILISEARCH_URL) -> Settings:
    """Settings with an index of the test's own on the server."""
    return Settings(
        mode="sandbox",
        data_dir=settings.data_dir,
        search="meilisearch",
        search_url=url,
        search_key=MEILISEARCH_KEY,
        search_index=f"test_{uuid4().hex}",
        _env_file=None,
    )
