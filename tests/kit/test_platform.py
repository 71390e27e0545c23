"""The platform's own endpoints and guarantees."""

import asyncio

import pytest
from httpx import ASGITransport, AsyncClient
from psycopg import errors
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kit import clock
from app.main import create_app
from app.worker import run_worker
from tests.market import API, Market, calendar_year


async def test_health_readiness_metrics_schema_and_reference(market: Market) -> None:
    assert (await market.client.get("/healthz")).json() == {"status": "ok"}
    assert (await market.client.get("/readyz")).json() == {"status": "ready"}
    metrics = await market.client.get("/metrics")
    assert 'http_requests_total{method="GET",route="/readyz",status="200"}' in metrics.text
    schema = (await market.client.get("/api/openapi.json")).json()
    assert "application/problem+json" in str(schema["paths"][API + "/organisations"]["post"])
    page = await market.client.get("/api/docs")
    assert "https://" not in page.text
    assert "http://" not in page.text
    script = await market.client.get("/static/reference/swagger-ui-bundle.js")
    assert script.status_code == 200


async def test_every_answer_carries_the_request_id_it_was_asked_with(market: Market) -> None:
    given = await market.client.get("/healthz", headers={"X-Request-ID": "abc-1"})
    assert given.headers["x-request-id"] == "abc-1"
    made = await market.client.get("/healthz", headers={"X-Request-ID": "not valid!"})
    assert len(made.headers["x-request-id"]) == 32
    missing = await market.client.get(API + "/nowhere", headers={"X-Request-ID": "abc-2"})
    assert missing.status_code == 404
    assert missing.json()["request_id"] == "abc-2"


@pytest.mark.parametrize(
    ("content", "status"),
    [(b'{"kind": "\xff"}', 400), (b"{", 422), (b"[]", 422)],
)
async def test_unreadable_bodies_are_refused_with_problem_details(
    market: Market, content: bytes, status: int
) -> None:
    response = await market.client.post(
        API + "/organisations", content=content, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_body_that_is_not_utf8_is_refused_with_the_place_and_what_would_be_right(
    market: Market,
) -> None:
    response = await market.client.post(
        API + "/organisations",
        content=b'{"name": "\xb8\xdf\xd0\xa3"}',
        headers={"Content-Type": "application/json", "Accept-Language": "zh"},
    )
    problem = response.json()
    assert (response.status_code, problem["code"]) == (400, "not_utf8")
    assert [error["field"] for error in problem["errors"]] == ["body"]
    assert "第 10 个字节" in problem["detail"]
    assert "UTF-8" in problem["detail"]


async def test_a_body_over_the_limit_is_refused(market: Market) -> None:
    content = b" " * (market.settings.json_body_limit_bytes + 1)
    response = await market.client.post(API + "/organisations", content=content)
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


async def test_the_audit_log_cannot_be_changed(market: Market) -> None:
    await market.join("enterprise")
    for statement in ("UPDATE audit_event SET action = 'x'", "DELETE FROM audit_event"):
        async with market.sessions() as session:
            with pytest.raises(DBAPIError, match="append-only"):
                await session.execute(text(statement))


async def test_the_market_clock_moves_forward_only_and_in_the_sandbox_only(
    market: Market,
) -> None:
    admin = await market.admin()
    before = (await admin.ok("GET", "/sandbox/clock"))["now"]
    moved = await admin.ok("POST", "/sandbox/clock", {"advance_seconds": 86400, "rate": 2})
    assert moved["now"] > before
    assert moved["rate"] == 2
    back = await admin.post("/sandbox/clock", {"advance_seconds": -1})
    assert back.status_code == 422
    user = await market.join("enterprise")
    assert (await user.post("/sandbox/clock", {})).json()["code"] == "role_required"
    production = market.settings.model_copy(update={"mode": "production"})
    app = create_app(production, market.database_url)
    with pytest.raises(RuntimeError, match="sandbox"):
        async with app.router.lifespan_context(app):
            pass
    async with market.sessions() as session:
        with pytest.raises(clock.ClockNotMovable):
            await clock.move(session, sandbox=False, advance=clock.timedelta(1), rate=1)


async def test_a_loaded_calendar_year_stops_being_provisional(market: Market) -> None:
    path = "/calendar/working-days?start=2026-12-21&days=15"
    before = await market.anonymous.ok("GET", path)
    assert before["provisional"] is True
    document = calendar_year(2027)
    user = await market.join("enterprise")
    refused = await user.request("PUT", "/calendar/years/2027", json=document)
    assert refused.json()["code"] == "role_required"
    admin = await market.admin()
    wrong = await admin.request("PUT", "/calendar/years/2028", json=document)
    assert wrong.json()["code"] == "bad_calendar"
    await admin.ok("PUT", "/calendar/years/2027", document)
    after = await market.anonymous.ok("GET", path)
    assert after["provisional"] is False
    assert after["day"] > before["day"]
    assert after["calendar_version"] != before["calendar_version"]


async def test_code_lists_name_their_origin(market: Market) -> None:
    lists = await market.anonymous.ok("GET", "/codes")
    assert all(row["origin"] and row["licence"] for row in lists)
    provinces = await market.anonymous.ok("GET", "/codes/regions?limit=3")
    assert provinces[0]["zh"] == "北京市"
    assert (await market.anonymous.get("/codes/none")).status_code == 404


async def test_a_worker_does_not_serve_a_moved_clock_in_production(market: Market) -> None:
    stop = asyncio.Event()
    stop.set()
    await run_worker(market.settings, market.database_url, stop)
    await market.advance(days=1)
    production = market.settings.model_copy(update={"mode": "production"})
    with pytest.raises(RuntimeError, match="clock was moved"):
        await run_worker(production, market.database_url, asyncio.Event())


async def test_a_lock_that_does_not_come_is_a_conflict_also_past_the_object_mapper(
    market: Market,
) -> None:
    async def raw() -> None:
        raise errors.LockNotAvailable("canceling statement due to lock timeout")

    app = create_app(market.settings, market.database_url)
    app.add_api_route("/api/raw", raw)
    async with AsyncClient(
        transport=ASGITransport(app, raise_app_exceptions=False), base_url="http://market"
    ) as client:
        response = await client.get("/api/raw")
    assert (response.status_code, response.json()["code"]) == (409, "concurrent_change")
