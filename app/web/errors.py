"""Failures as pages: people get HTML where programs get problem details."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from app.kit.errors import Problem, Unauthenticated
from app.web import session
from app.web.forms import Complaint, in_words
from app.web.forms import message as said_of
from app.web.render import render
from app.web.visit import SecureHTML, Visitor, chosen_language, language_links, page_context

Handler = Callable[[Request, Any], Awaitable[Response]]
_PROGRAMS = ("/api/", "/static/", "/healthz", "/readyz", "/metrics")
TITLES: dict[int, tuple[str, str]] = {
    400: ("请求无法解析", "The request cannot be read"),
    401: ("请先登录", "Please log in"),
    403: ("无权访问", "Not allowed"),
    404: ("页面不存在", "Page not found"),
    405: ("不支持的操作", "Not possible here"),
    409: ("当前状态不允许此操作", "Not possible in the present state"),
    412: ("内容已被修改", "The object has changed"),
    413: ("提交内容过大", "Too large"),
    422: ("提交的内容不符合要求", "The content does not meet the requirements"),
    500: ("系统内部错误", "Internal error"),
    503: ("服务暂不可用", "The service is away for the moment"),
}


def install(app: FastAPI) -> None:
    """Put HTML in front of the handlers that the API installed."""
    for kind in (
        Problem,
        RequestValidationError,
        HTTPException,
        DBAPIError,
        PoolTimeout,
        Exception,
    ):
        app.add_exception_handler(kind, _html_or(app.exception_handlers[kind]))


def is_page(request: Request) -> bool:
    """Whether the address belongs to people rather than to programs."""
    return not request.url.path.startswith(_PROGRAMS) and request.url.path != "/api"


def _html_or(handler: Any) -> Handler:
    async def handle(request: Request, error: Any) -> Response:
        plain: Response = await handler(request, error)
        if not is_page(request):
            return plain
        if isinstance(error, Unauthenticated) and request.method == "GET":
            query = "?" + request.url.query if request.url.query else ""
            return RedirectResponse("/login?next=" + quote(request.url.path + query, safe="/"), 303)
        return _page(request, error, plain)

    return handle


def _page(request: Request, error: Any, plain: Response) -> Response:
    language = chosen_language(request)
    status = plain.status_code
    message = in_words(error, language).detail(language) if isinstance(error, Problem) else ""
    details: list[Complaint] = []
    if isinstance(error, RequestValidationError):
        in_path = any(item["loc"] and item["loc"][0] == "path" for item in error.errors())
        status = 404 if in_path else 422
        details = [
            Complaint(".".join(str(part) for part in item["loc"]), said_of(item, language))
            for item in error.errors()
            if not in_path
        ]
    title = TITLES.get(status, TITLES[500] if status >= 500 else TITLES[409])
    text = render(
        "error.html",
        language,
        _context(request)
        | {
            "status": status,
            "title": title[0 if language == "zh" else 1],
            "message": message,
            "details": details,
            "request_id": getattr(request.state, "request_id", ""),
        },
    )
    response = SecureHTML(text, status, {"content-language": language})
    for name in ("retry-after", "allow"):
        if name in plain.headers:
            response.headers[name] = plain.headers[name]
    found = getattr(request.state, "visitor", None)
    return found.finish(response) if isinstance(found, Visitor) else response


def _context(request: Request) -> dict[str, Any]:
    """The layout's context; a visitor is known when the failure came after recognising it."""
    found = getattr(request.state, "visitor", None)
    if isinstance(found, Visitor):
        return page_context(found) | {"done": None}
    return {
        "visit": None,
        "actor": None,
        "organisation": None,
        "now": None,
        "clock": None,
        "sandbox": False,
        "here": "/",
        "section": "",
        "language_links": language_links(request, request.url.path),
        "done": None,
        "complaints": [],
        "label": lambda _: "",
        "demo_logins": [],
        "form_token": request.cookies.get(session.CSRF, ""),
    }
