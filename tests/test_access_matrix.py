"""Role by route, for every operation of the API; a refusal writes nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from app.kit.db import make_engine, make_sessions
from app.kit.embedded import EmbeddedPostgres
from app.kit.settings import Settings
from app.main import create_app
from tests.access_routes import ALLOWED, HIDDEN, ROLES, ROUTES, Row
from tests.access_stage import Stage, set_stage
from tests.conftest import cloned_database, running_market
from tests.market import API, User

WITHOUT_PREFIX = frozenset({"/healthz", "/readyz"})
READING = frozenset({"GET", "HEAD"})
MUTATING = [key for key in ROUTES if key[0] not in READING]
Key = tuple[str, str]


@pytest.fixture(scope="module")
async def stage(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """One market for all cells: they leave its objects as they are."""
    data_dir: Path = tmp_path_factory.mktemp("access")
    settings = Settings(
        mode="sandbox", data_dir=data_dir, opening_public_key="ephemeral", _env_file=None
    )
    with cloned_database(postgres, template) as url:
        engine = make_engine(url, pool_size=5)
        try:
            async with running_market(url, make_sessions(engine), settings) as market:
                yield await set_stage(market)
        finally:
            await engine.dispose()


def names(keys: Any) -> list[str]:
    return [" ".join(key) for key in keys]


async def ask(stage: Stage, user: User, key: Key, row: Row) -> Response:
    """The row's request, made by the user."""
    method, template = key
    path = template.format_map(stage.objects | stage.filled(row.path))
    asked: dict[str, Any] = stage.filled(row.request)
    if template in WITHOUT_PREFIX:
        return await stage.market.client.request(method, path, **asked)
    return await user.request(method, path, **asked)


def fits(response: Response, expected: int | str) -> bool:
    """Whether the answer is the expected one; a refusal is a problem document."""
    if expected == ALLOWED:
        return response.status_code < 500 and response.status_code not in {401, 403, 404}
    told = response.headers.get("content-type") == "application/problem+json"
    return response.status_code == expected and told


async def wrong_cells(stage: Stage, key: Key, row: Row, roles: list[str]) -> list[str]:
    """The cells that are answered otherwise than the row says."""
    wrong = []
    for role in roles:
        user = stage.people[role]
        if row.ends_login and row.expected(role) == ALLOWED:
            user = await stage.fresh_login(user)
        response = await ask(stage, user, key, row)
        if not fits(response, row.expected(role)):
            shown = f"{response.status_code}, not {row.expected(role)}"
            wrong.append(f"{role}: {shown}: {response.text[:200]}")
    return wrong


async def check_row(stage: Stage, key: Key, row: Row) -> None:
    """Refusals first, and nothing is written; then those who are allowed."""
    refused = [role for role in ROLES if row.expected(role) != ALLOWED]
    allowed = [role for role in ROLES if row.expected(role) == ALLOWED]
    before = await stage.digest()
    assert await wrong_cells(stage, key, row, refused) == []
    assert await stage.digest() == before
    assert await wrong_cells(stage, key, row, allowed) == []


def test_the_matrix_has_every_operation_of_the_api() -> None:
    settings = Settings(mode="sandbox", _env_file=None)
    document = create_app(settings, "postgresql://nowhere/none").openapi()
    operations = {
        (method.upper(), path.removeprefix(API))
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert set(ROUTES) == operations
    assert set(HIDDEN) <= operations


@pytest.mark.parametrize("key", ROUTES, ids=names(ROUTES))
async def test_role_by_route(stage: Stage, key: Key) -> None:
    await check_row(stage, key, ROUTES[key])


@pytest.mark.parametrize("key", HIDDEN, ids=names(HIDDEN))
async def test_role_by_route_for_what_is_not_public(stage: Stage, key: Key) -> None:
    await check_row(stage, key, HIDDEN[key])


@pytest.mark.parametrize("key", MUTATING, ids=names(MUTATING))
async def test_an_api_key_that_may_only_read_changes_nothing(stage: Stage, key: Key) -> None:
    """Whoever may act, its key without the scope may not."""
    row = ROUTES[key]
    if not row.takes_credentials:
        response = await ask(stage, stage.people["broker_read_key"], key, row)
        assert response.status_code == 422
        return
    roles = [role for role in stage.read_keys if row.expected(role) == ALLOWED]
    assert roles, "someone must be allowed to do this, or the refusal shows nothing"
    before = await stage.digest()
    for role in roles:
        response = await ask(stage, stage.read_keys[role], key, row)
        assert (response.status_code, response.json()["code"]) == (403, "scope_required"), role
    assert await stage.digest() == before


async def test_reading_with_a_read_key_works(stage: Stage) -> None:
    for role, user in stage.read_keys.items():
        me = await user.ok("GET", "/auth/me")
        assert (role, me["scopes"]) == (role, ["read"])
