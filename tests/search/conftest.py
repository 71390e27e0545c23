"""Both engines, each with an index of the test's own."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from app.kit.db import Sessions
from search.definition import definition
from search.embedded import EmbeddedEngine
from search.meilisearch import MeilisearchEngine, connected
from search.protocol import Engine

MEILISEARCH_URL = os.environ.get("TECHMARKET_TEST_MEILISEARCH_URL", "")
MEILISEARCH_KEY = os.environ.get("TECHMARKET_TEST_MEILISEARCH_KEY", "")
"""Read when tests are collected: afterwards the machine's settings are taken out of the way."""
NO_SERVER = "no Meilisearch server: set TECHMARKET_TEST_MEILISEARCH_URL"


@asynccontextmanager
async def server() -> AsyncIterator[MeilisearchEngine]:
    """An engine on the server of the settings, with an index of its own."""
    async with connected(MEILISEARCH_URL, MEILISEARCH_KEY) as client:
        uid = f"test_{uuid4().hex}"
        yield MeilisearchEngine(client, uid, definition())
        await client.delete_index_if_exists(uid)


@pytest.fixture(
    params=[
        "embedded",
        pytest.param(
            "meilisearch", marks=pytest.mark.skipif(not MEILISEARCH_URL, reason=NO_SERVER)
        ),
    ]
)
async def engine(request: pytest.FixtureRequest, sessions: Sessions) -> AsyncIterator[Engine]:
    """Each of the engines."""
    if request.param == "embedded":
        yield EmbeddedEngine(sessions, definition())
    else:
        async with server() as made:
            yield made
