"""Composition root: builds the FastAPI application."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import endpoints as achievements
from app.auctions import endpoints as auctions
from app.auctions import watch
from app.contracts import endpoints as contracts
from app.deals import endpoints as deals
from app.kit import clock, endpoints, problems
from app.kit.actor import Actor
from app.kit.db import make_engine, make_sessions
from app.kit.errors import BadRequest, ProblemDetails, Unauthenticated
from app.kit.middleware import RequestMiddleware
from app.kit.settings import Settings
from app.listings import endpoints as listings
from app.parties import endpoints as parties
from app.parties import login
from app.registrations import endpoints as registrations
from app.statistics import endpoints as statistics
from app.web import pages
from app.worker import CALENDAR_JOBS

API = "/api/v1"
MODULES = (
    parties.routers,
    achievements.routers,
    listings.routers,
    auctions.routers,
    deals.routers,
    contracts.routers,
    registrations.routers,
    statistics.routers,
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
    app.openapi = _openapi(app)  # type: ignore[method-assign]
    return app


def _lifespan(
    settings: Settings, database_url: str
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = make_engine(database_url, pool_size=settings.database_pool_size)
        app.state.engine = engine
        app.state.sessions = make_sessions(engine)
        try:
            async with app.state.sessions() as session:
                await clock.require_real_outside_sandbox(session, sandbox=settings.sandbox)
            async with watch.Hub(app.state.sessions, database_url).running() as app.state.watch:
                yield
        finally:
            await engine.dispose()

    return lifespan


async def authenticate(session: AsyncSession, request: Request) -> Actor | None:
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
    return await login.authenticate(session, token, client, await clock.real_now(session))


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
