"""Two databases: a fast one (outer transaction, savepoints) and a real one (a cloned template)."""

import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import migrate
from app.kit.db import Sessions, make_engine, make_sessions
from app.kit.deadlines import Ticker
from app.kit.embedded import EmbeddedPostgres
from app.kit.log import configure_logging
from app.kit.settings import Settings
from app.main import create_app
from app.worker import DEADLINES
from tests.market import Market

TEMPLATE = "market_template"
gc.freeze()  # what is loaded stays: no collection needs to look at a million objects again


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One embedded PostgreSQL for the run."""
    directory = Path(tempfile.mkdtemp(prefix="tm-test-"))
    server = EmbeddedPostgres(directory / "pg", durable=False)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """A migrated database that others are cloned from."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    migrate.upgrade(postgres.url(TEMPLATE))
    return TEMPLATE


@contextmanager
def cloned_database(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """A real database with the template's contents, dropped afterwards."""
    name = f"market_{uuid4().hex}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield postgres.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """A real database of this test alone."""
    with cloned_database(postgres, template) as url:
        yield url


@pytest.fixture(scope="session")
def fast_url(postgres: EmbeddedPostgres, template: str) -> str:
    """The database that the fast fixture rolls back in."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE market_fast TEMPLATE {template}")
    return postgres.url("market_fast")


@pytest.fixture
async def session(fast_url: str) -> AsyncIterator[AsyncSession]:
    """The fast database: everything is rolled back; commits inside become savepoints."""
    engine = make_engine(fast_url, pool_size=1)
    async with engine.connect() as connection, connection.begin() as outer:
        async with AsyncSession(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as made:
            yield made
        await outer.rollback()
    await engine.dispose()


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    """Real sessions on a database of this test alone; for races and commits."""
    engine = make_engine(database_url, pool_size=20)
    yield make_sessions(engine)
    await engine.dispose()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Sandbox settings; documents and mail go to the test's own directory."""
    return Settings(mode="sandbox", data_dir=tmp_path, _env_file=None)


@pytest.fixture
async def market(
    database_url: str, sessions: Sessions, settings: Settings
) -> AsyncIterator[Market]:
    """The whole application on a real database, driven over HTTP."""
    async with running_market(database_url, sessions, settings) as running:
        yield running


@asynccontextmanager
async def running_market(
    database_url: str, sessions: Sessions, settings: Settings
) -> AsyncIterator[Market]:
    """The whole application on this database; for fixtures of any scope."""
    app = create_app(settings, database_url)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(
            transport=ASGITransport(app, raise_app_exceptions=False), base_url="http://market"
        ) as client,
    ):
        yield Market(
            client, sessions, settings, database_url, Ticker(sessions, DEADLINES), app.state.intake
        )


@pytest.fixture(scope="session", autouse=True)
def _no_local_environment() -> None:
    """Settings of the machine must not leak into tests."""
    for name in [name for name in os.environ if name.startswith("TECHMARKET_")]:
        del os.environ[name]
    os.environ.pop("DATABASE_URL", None)
    configure_logging(Settings(log_level="warning", _env_file=None))
