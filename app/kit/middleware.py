"""Around every request: an id, a log line, a metric, and a limit on the body's size."""

import re
import time
from uuid import UUID

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.http import API
from app.kit.ids import new_id
from app.kit.problems import TooLarge, respond
from app.kit.settings import Settings

REQUESTS = Counter("http_requests_total", "Requests answered", ["method", "route", "status"])
DURATION = Histogram(
    "http_request_duration_seconds",
    "Time from the request's arrival to the end of its response",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_UPLOADS = (
    b"multipart/form-data",
    b"application/x-ndjson",
    b"text/csv",
    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
_REQUEST_ID = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")
log = structlog.get_logger()


class RequestMiddleware:
    """Pure ASGI, so that streaming responses stay streaming."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._limited(scope, receive, send_with_id)
            finally:
                self._account(scope, status, time.perf_counter() - started)

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self._limit(scope)
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit:
            await respond(Request(scope), TooLarge(limit_bytes=limit))(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise TooLarge(limit_bytes=limit)
            return message

        await self.app(scope, counted, send)

    def _limit(self, scope: Scope) -> int:
        content_type = dict(scope["headers"]).get(b"content-type", b"")
        if content_type.startswith(_UPLOADS):
            return self.settings.upload_limit_bytes
        return self.settings.json_body_limit_bytes

    def _account(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        method = scope["method"]
        REQUESTS.labels(method, route, str(status)).inc()
        DURATION.labels(method, route).observe(seconds)
        if method != "GET" or status >= 500:
            log.info(
                "request",
                method=method,
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
            )


def _route(scope: Scope) -> str:
    """The whole template of the route; the framework tells an included route's part of it."""
    template = str(getattr(scope.get("route"), "path_format", "unmatched"))
    if scope["path"].startswith(API) and template.startswith("/") and API not in template:
        return API + template
    return template


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            if _REQUEST_ID.match(text):
                return str(text)
    made: UUID = new_id()
    return made.hex
