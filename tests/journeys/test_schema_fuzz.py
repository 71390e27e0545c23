"""schemathesis over the OpenAPI document, against a real server: no server error, ever."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from app.kit.changes import ChangeKind
from app.parties import tokens
from tests.market import API, PASSWORD, new_organisation
from tests.server import LiveServer, free_port

EXAMPLES_PER_OPERATION = 8
SEED = 20261121


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = LiveServer(tmp_path_factory.mktemp("fuzz"), free_port())
    live.start()
    yield live
    live.stop()


def administrator_token(server: LiveServer) -> str:
    """A person with every role of an operator, so that the fuzzer gets past the doors."""
    body = new_organisation("exchange_operator")
    made = httpx.post(server.url + API + "/organisations", json=body, timeout=30).json()
    with psycopg.connect(server.postgres.url("market"), autocommit=True) as connection:
        connection.execute("UPDATE organisation SET state = 'active' WHERE id = %s", (made["id"],))
        connection.execute(
            "UPDATE membership SET roles = %s WHERE organisation_id = %s",
            (["organisation_admin", "operator", "platform_admin", "trader"], made["id"]),
        )
    form = {"username": body["administrator"]["login"], "password": PASSWORD}
    token = httpx.post(server.url + API + "/auth/token", data=form, timeout=30).json()
    with psycopg.connect(server.postgres.url("market"), autocommit=True) as connection:
        connection.execute("UPDATE login_session SET access_expires_at = now() + interval '1 day'")
    assert token["access_token"].startswith(tokens.ACCESS_PREFIX)
    return str(token["access_token"])


def fill_feed(server: LiveServer) -> None:
    """A change of every kind, so that no request waits for one."""
    with psycopg.connect(server.postgres.url("market"), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO change (position, id, kind, act, object_id, at, circle, party_ids)"
            " SELECT row_number() OVER () + (SELECT coalesce(max(position), 0) FROM change),"
            " uuidv7(), kind, 'edit', uuidv7(), now(), 'public', '{}'"
            " FROM unnest(%s::text[]) AS kind",
            [[kind.value for kind in ChangeKind]],
        )


def test_no_input_causes_a_server_error(server: LiveServer, tmp_path: Path) -> None:
    fill_feed(server)
    completed = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{server.url}/api/openapi.json",
            "--checks=not_a_server_error",
            f"--header=Authorization: Bearer {administrator_token(server)}",
            f"--max-examples={EXAMPLES_PER_OPERATION}",
            f"--seed={SEED}",
            "--phases=examples,coverage,fuzzing",
            "--exclude-path-regex=/(auth/logout|sandbox/clock|demands/import|registrations/imports)$",
            "--request-timeout=30",
            "--workers=1",  # with threads, CPython 3.11 fails in ast.parse now and then
            "--no-shrink",
            "--warnings=off",
            "--max-time=30",
            "--generation-database=none",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout[-6000:] + completed.stderr[-2000:]
    document = json.loads(httpx.get(server.url + "/api/openapi.json").content)
    assert f"{API}/organisations" in document["paths"]
