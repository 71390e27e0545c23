"""Both engines, each with an index of the test's own."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from app.kit.db import Sessions, make_engine, make_sessions
from app.kit.embedded import EmbeddedPostgres
from search.definition import definition
from search.embedded import EmbeddedEngine
from search.meilisearch import MeilisearchEngine, connected
from search.protocol import Engine
from tests.conftest import cloned_database

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


@pytest.fixture(scope="module")
async def shared_sessions(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Sessions]:
    """Real sessions on a database of the tests of one file; each leaves the index empty."""
    with cloned_database(postgres, template) as url:
        made = make_engine(url, pool_size=5)
        yield make_sessions(made)
        await made.dispose()


@pytest.fixture
async def embedded(shared_sessions: Sessions) -> AsyncIterator[EmbeddedEngine]:
    """The embedded engine, with an empty index."""
    made = EmbeddedEngine(shared_sessions, definition())
    yield made
    async with made.rebuilding():
        pass


@pytest.fixture(
    params=[
        "embedded",
        pytest.param(
            "meilisearch", marks=pytest.mark.skipif(not MEILISEARCH_URL, reason=NO_SERVER)
        ),
    ]
)
async def engine(request: pytest.FixtureRequest, embedded: EmbeddedEngine) -> AsyncIterator[Engine]:
    """Each of the engines."""
    if request.param == "embedded":
        yield embedded
    else:
        async with server() as made:
            yield made
