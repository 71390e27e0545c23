"""HTTP of the standard: its versions, and the schema of each."""

from typing import Any

import orjson
from fastapi import APIRouter, Response

from app.kit.errors import problems as declared
from app.kit.http import API, trade_router
from app.standard import service
from app.standard.errors import UnknownStandard
from app.standard.schemas import StandardView

standard = trade_router("/standard", "standard")
routers: tuple[APIRouter, ...] = (standard,)


@standard.get("/profiles")
async def list_versions() -> list[StandardView]:
    """The versions of the information-publication standard."""
    return [_view(version, service.schema(version)) for version in service.VERSIONS]


def _view(version: str, document: dict[str, Any]) -> StandardView:
    return StandardView(
        version=version,
        id=document["$id"],
        effective_from=document["x-effective-from"],
        verify=document["x-verify"],
        href=f"{API}/standard/profiles/{version}",
        current=version == service.CURRENT,
    )


@standard.get(
    "/profiles/{version}",
    response_class=Response,
    responses={
        200: {"content": {"application/schema+json": {}}, "description": "JSON Schema 2020-12"},
        **declared(UnknownStandard),
    },
)
async def get_version(version: str) -> Response:
    """The JSON Schema of a version: what offers and requests are checked by, here and elsewhere."""
    document = orjson.dumps(service.schema(version), option=orjson.OPT_INDENT_2)
    return Response(document, media_type="application/schema+json")
