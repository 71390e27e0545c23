"""What every endpoint shares: route class, wire shapes, pages of results, versions of objects."""

import base64
import binascii
import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from starlette.routing import Match
from starlette.types import Scope

from app.kit import idempotency
from app.kit.errors import BadRequest, PreconditionFailed, PreconditionRequired, Unprocessable
from app.kit.i18n import Language, preferred_language

API = "/api/v1"
T = TypeVar("T")
MAX_PAGE = 100
FEN_LIMIT = 10**15
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ETAG = re.compile(r'^(?:W/)?"v(\d{1,18})"$')


class TradeRoute(APIRoute):
    """A route that stores the answer to an Idempotency-Key before its transaction commits."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the endpoint; the wrapper still runs inside the request's transaction."""
        endpoint = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await endpoint(request)
            except idempotency.Replay as replay:
                return replay.response
            await idempotency.remember(request, response)
            return response

        return handle


class TradeRouter(APIRouter):
    """A router that is passed over at once by requests outside its prefix.

    Otherwise every request tries the pattern of every route before its own; with the routes of
    all modules that took most of the time of a request.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match by the prefix first."""
        if not scope["path"].startswith(API + self.prefix):
            return Match.NONE, {}
        return super().matches(scope)


def hoist(app: FastAPI, router: APIRouter, method: str, path: str, parameter: str) -> None:
    """Put a busy route in front of all others; `parameter` is the UUID in its path.

    It stays where it is declared, for the API's document and for everything but a UUID there.
    """
    declared = next(
        route
        for route in router.routes
        if isinstance(route, APIRoute) and route.path == path and method in (route.methods or ())
    )
    first = TradeRoute(
        API + path.replace(f"{{{parameter}}}", f"{{{parameter}:uuid}}"),
        declared.endpoint,
        methods=[method],
        status_code=declared.status_code,
        response_model=declared.response_model,
        responses=declared.responses,
        dependencies=declared.dependencies,
        include_in_schema=False,
    )
    app.router.routes.insert(0, first)


def trade_router(prefix: str, tag: str) -> APIRouter:
    """A router of one module below /api/v1."""
    return TradeRouter(prefix=prefix, tags=[tag], route_class=TradeRoute)


class WireModel(BaseModel):
    """A wire shape: unknown members are refused, outer white space of texts is dropped."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, from_attributes=True, use_enum_values=False
    )


def _printable(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("control characters are not allowed")
    return text


Line = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]
"""One line of text, 1 to 200 characters."""

Paragraphs = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_printable)]
"""Longer text, up to 20,000 characters."""

ShortCode = Annotated[
    str, StringConstraints(min_length=1, max_length=64), AfterValidator(_printable)
]
"""A code or number, 1 to 64 characters."""

Fen = Annotated[int, Field(ge=0, le=FEN_LIMIT, strict=True, description="Money in fen (分)")]
"""Money in fen, not negative, at most 10^15."""


class Page(BaseModel, Generic[T]):
    """A page of results; hand `next_cursor` back to get the next one."""

    items: list[T]
    next_cursor: str | None = Field(None, description="absent on the last page")


class PageRequest(BaseModel):
    """Which page is asked for."""

    limit: int
    after: list[Any] | None = None


class BadCursor(BadRequest):
    """The cursor was not made by this API."""

    code = "bad_cursor"
    zh = "游标无效,请使用上一页返回的 next_cursor"
    en = "The cursor is not valid; use the next_cursor of the page before"


def page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> PageRequest:
    """The page asked for by `limit` and `cursor`."""
    return PageRequest(limit=limit, after=None if cursor is None else decode_cursor(cursor))


Paging = Annotated[PageRequest, Depends(page_request)]


def encode_cursor(key: Sequence[Any]) -> str:
    """An opaque cursor for the sort key of a page's last row."""
    return base64.urlsafe_b64encode(orjson.dumps(list(key), default=str)).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> list[Any]:
    """The sort key in a cursor; raises BadCursor."""
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise BadCursor(field="query.cursor") from None
    if not isinstance(key, list) or not key:
        raise BadCursor(field="query.cursor")
    return key


def cursor_id(page: PageRequest) -> UUID | None:
    """The id in the cursor of a list that is sorted by id alone; raises BadCursor."""
    if page.after is None:
        return None
    try:
        return UUID(page.after[-1])
    except (ValueError, AttributeError, TypeError):
        raise BadCursor(field="query.cursor") from None


def make_page(
    rows: Sequence[T], page: PageRequest, key: Callable[[T], Sequence[Any]]
) -> tuple[list[T], str | None]:
    """Split `limit + 1` rows into the page and the cursor of the next one."""
    items = list(rows[: page.limit])
    more = len(rows) > page.limit
    return items, encode_cursor(key(items[-1])) if more else None


def etag(version: int) -> str:
    """The ETag of a version."""
    return f'"v{version}"'


def if_match(if_match: Annotated[str | None, Header(max_length=64)] = None) -> int:
    """The version that an edit was made against; raises PreconditionRequired."""
    if if_match is None:
        raise PreconditionRequired(field="header.If-Match")
    found = _ETAG.match(if_match.strip())
    if found is None:
        raise PreconditionRequired(field="header.If-Match")
    return int(found.group(1))


IfMatch = Annotated[int, Depends(if_match)]


def require_version(current: int, expected: int) -> None:
    """Raise PreconditionFailed when the object moved on since it was read."""
    if current != expected:
        raise PreconditionFailed(field="header.If-Match", current_version=current)


def language(request: Request) -> Language:
    """The reader's language."""
    return preferred_language(request.headers.get("accept-language"))


class UnknownValue(Unprocessable):
    """A code is not in its list."""

    code = "unknown_code"
    zh = "“{value}”不在代码表 {list_name} 中,相近的有:{nearest}"
    en = "'{value}' is not in the code list {list_name}; near it: {nearest}"
