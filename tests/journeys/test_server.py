"""The server as a process: starts, survives kill -9 of itself and of PostgreSQL, stops cleanly."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.market import API, new_organisation
from tests.server import LiveServer, free_port, wait_until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    live = LiveServer(tmp_path, free_port())
    live.start()
    yield live
    live.stop()


def test_ctrl_c_stops_everything_and_a_second_start_keeps_the_data(server: LiveServer) -> None:
    body = new_organisation("enterprise")
    made = httpx.post(server.url + API + "/organisations", json=body).json()["id"]
    server.stop()
    assert server.process is not None
    assert server.process.returncode == 0
    assert server.postgres.pid() is None
    server.start()
    again = httpx.post(server.url + API + "/organisations", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "already_registered")
    assert made


def test_a_killed_server_and_a_killed_postgres_lose_nothing_acknowledged(
    server: LiveServer,
) -> None:
    body = new_organisation("enterprise")
    key = {"Idempotency-Key": "kept-over-a-crash"}
    first = httpx.post(server.url + API + "/organisations", json=body, headers=key)
    server.kill()
    server.start()
    replayed = httpx.post(server.url + API + "/organisations", json=body, headers=key)
    assert (replayed.status_code, replayed.json()) == (201, first.json())
    before = server.postgres.pid()
    server.kill_postgres()
    wait_until(lambda: server.postgres.pid() not in {None, before}, "PostgreSQL's return")
    server.wait_until_ready()
    replayed = httpx.post(server.url + API + "/organisations", json=body, headers=key)
    assert (replayed.status_code, replayed.json()) == (201, first.json())
