"""The engines that the settings choose: one that answers, and the embedded one behind it."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from app.kit.db import Sessions
from app.kit.settings import Settings
from search.definition import definition
from search.embedded import EmbeddedEngine
from search.meilisearch import MeilisearchEngine, connected
from search.protocol import EngineRefused, EngineUnavailable, Index

LEFT_ALONE_S = 5.0
"""For so long an engine that failed is not asked again by people; indexing goes on trying."""
T = TypeVar("T")
log = structlog.get_logger()


@dataclass
class Engines:
    """The engine of the settings, and the embedded one, which is always kept."""

    embedded: EmbeddedEngine
    meilisearch: MeilisearchEngine | None = None
    _failed_at: float = field(default=-LEFT_ALONE_S)

    @property
    def targets(self) -> tuple[EmbeddedEngine | MeilisearchEngine, ...]:
        """All indexes that are kept, in the order in which changes reach them."""
        return (self.embedded,) if self.meilisearch is None else (self.embedded, self.meilisearch)

    @property
    def chosen(self) -> str:
        """The name of the engine that answers."""
        return self.targets[-1].name

    async def ask(self, question: Callable[[Index], Awaitable[T]]) -> tuple[T, str]:
        """An answer and the engine that gave it; if the chosen one cannot, the embedded one."""
        if self.meilisearch is not None and time.monotonic() - self._failed_at >= LEFT_ALONE_S:
            try:
                return await question(self.meilisearch), self.meilisearch.name
            except (EngineUnavailable, EngineRefused) as error:
                self._failed_at = time.monotonic()
                log.warning("search_falls_back", error=str(error))
        return await question(self.embedded), self.embedded.name

    def forgive(self) -> None:
        """Ask the chosen engine again from now on."""
        self._failed_at = -LEFT_ALONE_S


@asynccontextmanager
async def opened(settings: Settings, sessions: Sessions) -> AsyncIterator[Engines]:
    """The engines of these settings."""
    embedded = EmbeddedEngine(sessions, definition())
    if settings.search != "meilisearch":
        yield Engines(embedded)
        return
    async with connected(settings.search_url, settings.search_key.get_secret_value()) as client:
        yield Engines(embedded, MeilisearchEngine(client, settings.search_index, definition()))
