"""Composition root: builds the FastAPI application."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.achievements import endpoints as achievements
from app.achievements import publication_endpoints as publications
from app.auctions import control_endpoints, watch
from app.auctions import endpoints as auctions
from app.auctions import screening_endpoints as screening
from app.auctions.intake import BidIntake
from app.contracts import amendment_endpoints as contract_amendments
from app.contracts import endpoints as contracts
from app.contracts import payment_endpoints as contract_payments
from app.contracts import performance_endpoints as contract_performance
from app.contracts import signing_endpoints as contract_signing
from app.deals import endpoints as deals
from app.demands import endpoints as demands
from app.feed import endpoints as feed
from app.feed.watch import Bell
from app.finding import endpoints as finding
from app.finding import status as search_status
from app.finding.engines import opened
from app.kit import clock, endpoints, problems
from app.kit.actor import Actor
from app.kit.coalesce import Coalescer
from app.kit.db import Sessions, make_engine, make_sessions
from app.kit.errors import BadRequest, ProblemDetails, Unauthenticated
from app.kit.http import API, hoist
from app.kit.middleware import RequestMiddleware
from app.kit.settings import Settings
from app.kit.signing import signing_key
from app.ledger import endpoints as ledger
from app.listings import disclosure_endpoints as disclosures
from app.listings import endpoints as listings
from app.listings import qualification_endpoints as qualifications
from app.matching import endpoints as matching
from app.matching.service import chosen_model
from app.negotiations import endpoints as negotiations
from app.notices import endpoints as notices
from app.parties import endpoints as parties
from app.parties import login, tokens
from app.pricing import endpoints as pricing
from app.registrations import endpoints as registrations
from app.settlements import endpoints as settlements
from app.standard import endpoints as standard
from app.statistics import endpoints as statistics
from app.web import pages
from app.webhooks import endpoints as webhooks
from app.webhooks.tokens import secret_key
from app.worker import CALENDAR_JOBS

RESERVED_CONNECTIONS = 4
DEVICE_KEY = b"techmarket key for digests of devices\n"
"""What is signed to make that key: only who has the record key can make it, and any process."""
MODULES = (
    parties.routers,
    standard.routers,
    ledger.routers,
    achievements.routers,
    publications.routers,
    demands.routers,
    listings.routers,
    finding.routers,
    matching.routers,
    disclosures.routers,
    qualifications.routers,
    notices.routers,
    auctions.routers,
    control_endpoints.routers,
    screening.routers,
    negotiations.routers,
    deals.routers,
    contracts.routers,
    contract_signing.routers,
    contract_payments.routers,
    contract_performance.routers,
    contract_amendments.routers,
    registrations.routers,
    settlements.routers,
    statistics.routers,
    pricing.routers,
    feed.routers,
    webhooks.routers,
)


def create_app(settings: Settings, database_url: str) -> FastAPI:
    """The application on one database."""
    app = FastAPI(
        title="TechMarket 国家技术交易网络",
        version="1.0.0",
        description="The unified, open technology trading network (统一开放的国家技术交易网络).",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(settings, database_url),
    )
    app.state.settings = settings
    app.state.authenticate = authenticate
    app.state.calendar_jobs = CALENDAR_JOBS
    app.state.measures = (partial(_measure_search, app),)
    app.state.token_life = login.TokenLife(
        access=timedelta(minutes=settings.access_token_minutes),
        refresh=timedelta(days=settings.refresh_token_days),
    )
    problems.install(app)
    app.add_middleware(RequestMiddleware, settings=settings)
    for routers in MODULES:
        for router in routers:
            app.include_router(router, prefix=API)
    for router in endpoints.routers:
        app.include_router(router, prefix=API)
    app.include_router(endpoints.operations)
    endpoints.serve_reference(app)
    app.state.demo_logins = []
    pages.install(app)
    app.router.routes.insert(0, listings.SHORT_WAY)
    hoist(app, auctions.auctions, "GET", "/auctions/{auction_id}", "auction_id")
    app.router.routes.insert(0, auctions.SHORT_WAY)
    app.openapi = _openapi(app)  # type: ignore[method-assign]
    return app


async def _measure_search(app: FastAPI) -> None:
    """Bring the gauges of the indexes up to date; without a database they stay as they were."""
    with suppress(DBAPIError, PoolTimeout, OSError):
        async with app.state.sessions() as session:
            await search_status.indexes(session, app.state.search)


def _lifespan(
    settings: Settings, database_url: str
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # A bad key must end the start, not the first record.
        device_key = signing_key(settings).sign(DEVICE_KEY)
        if settings.webhook_key_file:
            secret_key(settings)
        app.state.matching = chosen_model(settings)
        engine = make_engine(database_url, pool_size=settings.database_pool_size)
        app.state.engine = engine
        app.state.sessions = make_sessions(engine)
        # The feed reads single statements; each sees all that is numbered, without a transaction.
        reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        app.state.feed_bell = Bell(make_sessions(reading))
        # Of their own, so that bids and logins never wait for a connection others hold.
        reserved = make_engine(database_url, pool_size=RESERVED_CONNECTIONS)
        app.state.doorkeeper = Doorkeeper(make_sessions(reserved))
        app.state.intake = BidIntake(make_sessions(reserved), device_key)
        stop = asyncio.Event()
        intake = asyncio.create_task(app.state.intake.run(stop))
        try:
            async with app.state.sessions() as session:
                await clock.require_real_outside_sandbox(session, sandbox=settings.sandbox)
            async with (
                opened(settings, app.state.sessions) as app.state.search,
                watch.Hub(app.state.sessions, database_url).running() as app.state.watch,
            ):
                yield
        finally:
            stop.set()
            await intake
            await reserved.dispose()
            await engine.dispose()

    return lifespan


class Doorkeeper:
    """Finds the actors behind tokens; requests that arrive together are looked up together."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._actors: Coalescer[bytes, Actor] = Coalescer(self._load)

    async def actor(self, token: str, client_id: UUID | None) -> Actor:
        """As `login.authenticate`, always by the database's present state."""
        actor = await self._actors.get(tokens.digest(token))
        if actor is None:
            raise Unauthenticated
        if client_id is None:
            return actor
        async with self._sessions() as session:
            return await login.acting_for(session, actor, client_id)

    async def _load(self, digests: Sequence[bytes]) -> dict[bytes, Actor]:
        async with self._sessions() as session:
            return await login.actors_behind(session, digests)


async def authenticate(request: Request) -> Actor | None:
    """The actor behind a request's bearer token, and the client it acts for.

    API requests never authenticate by cookie, so that no other site's page can make them.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    client: UUID | None = None
    if on_behalf_of := request.headers.get("x-on-behalf-of"):
        try:
            client = UUID(on_behalf_of)
        except ValueError:
            raise BadRequest(
                field="header.X-On-Behalf-Of", reason="X-On-Behalf-Of must be a UUID"
            ) from None
    doorkeeper: Doorkeeper = request.app.state.doorkeeper
    return await doorkeeper.actor(token, client)


def _openapi(app: FastAPI) -> Callable[[], dict[str, Any]]:
    def schema() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            components = document.setdefault("components", {})
            components.setdefault("schemas", {})["ProblemDetails"] = _self_contained(
                ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}"),
                components["schemas"],
            )
            components["securitySchemes"] = {
                "token": {
                    "type": "oauth2",
                    "flows": {"password": {"tokenUrl": f"{API}/auth/token", "scopes": {}}},
                }
            }
            document["security"] = [{}, {"token": []}]
            app.openapi_schema = document
        return app.openapi_schema

    return schema


def _self_contained(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    schemas.update(schema.pop("$defs", {}))
    return schema
