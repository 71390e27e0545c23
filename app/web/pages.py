"""All pages of the market, and what they need of the application."""

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from app.web import (
    account,
    achievements,
    auctions,
    benefits,
    changes,
    contracts,
    deals,
    demands,
    documents,
    errors,
    guidance,
    home,
    interests,
    listings,
    negotiations,
    notices,
    organisations,
    performance,
    platform,
    price_accuracy,
    registration_office,
    registrations,
    search,
    settlements,
    statistics,
    trade_certificates,
    valuations,
)
from app.web.render import HERE
from app.web.session import Rotations

router = APIRouter(include_in_schema=False)
for _part in (
    home,
    account,
    organisations,
    platform,
    achievements,
    documents,
    demands,
    interests,
    listings,
    guidance,
    changes,
    notices,
    auctions,
    negotiations,
    deals,
    trade_certificates,
    contracts,
    performance,
    registration_office,
    registrations,
    settlements,
    benefits,
    statistics,
    valuations,
    price_accuracy,
    search,
):
    router.include_router(_part.router)


def install(app: FastAPI) -> None:
    """Serve the pages; call it when the API has installed its error handlers."""
    app.state.rotations = Rotations()
    if not hasattr(app.state, "demo_logins"):
        app.state.demo_logins = []
    app.include_router(router)
    app.mount("/static/web", StaticFiles(directory=str(HERE / "static")), name="web")
    errors.install(app)
