"""The front page."""

from fastapi import APIRouter
from fastapi.responses import Response

from app.web.visit import Visit

router = APIRouter(include_in_schema=False)


@router.get("/")
async def front_page(visit: Visit) -> Response:
    """The market at a glance."""
    return visit.page("home.html")


@router.get("/desk")
async def desk(visit: Visit) -> Response:
    """What waits for the visitor."""
    visit.require_actor()
    return visit.page("desk.html")
