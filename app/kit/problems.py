"""Turns every failure into problem details in the reader's language."""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from app.kit.errors import (
    PROBLEM_MEDIA_TYPE,
    BadRequest,
    Conflict,
    NotFound,
    Problem,
    Unauthenticated,
    Unprocessable,
)
from app.kit.i18n import Language, preferred_language

log = structlog.get_logger()

CHINESE: dict[str, str] = {
    "missing": "缺少必填字段",
    "extra_forbidden": "不接受此字段",
    "string_too_long": "文字过长,最多 {max_length} 个字符",
    "string_too_short": "文字过短,至少 {min_length} 个字符",
    "string_type": "应为文字",
    "string_pattern_mismatch": "格式不符,应匹配 {pattern}",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "float_parsing": "应为数字",
    "bool_parsing": "应为 true 或 false",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "enum": "取值应为 {expected} 之一",
    "literal_error": "取值应为 {expected} 之一",
    "uuid_parsing": "应为 UUID",
    "uuid_type": "应为 UUID",
    "date_from_datetime_parsing": "应为日期,如 2026-01-31",
    "date_parsing": "应为日期,如 2026-01-31",
    "datetime_parsing": "应为带时区的时间,如 2026-01-31T09:00:00+08:00",
    "datetime_from_date_parsing": "应为带时区的时间,如 2026-01-31T09:00:00+08:00",
    "timezone_aware": "时间必须带时区",
    "json_invalid": "不是有效的 JSON",
    "too_long": "最多 {max_length} 项",
    "too_short": "至少 {min_length} 项",
    "list_type": "应为列表",
    "dict_type": "应为对象",
    "model_attributes_type": "应为对象",
    "value_error": "取值无效",
}


class Unavailable(Problem):
    """503: the database is away; nothing was written."""

    status = 503
    code = "unavailable"
    zh = "数据库暂不可用,操作未生效,请稍后重试"
    en = "The database is away for the moment; nothing was written; try again"


class NotUtf8(BadRequest):
    """JSON is exchanged in UTF-8 (RFC 8259, 8.1)."""

    code = "not_utf8"
    zh = "请求体从第 {position} 个字节(自 0 起)开始不是有效的 UTF-8,请以 UTF-8 编码提交"
    en = "The body is not valid UTF-8 at byte {position} (counted from 0); send it in UTF-8"


class MethodNotAllowed(Problem):
    """405."""

    status = 405
    code = "method_not_allowed"
    zh = "该地址不支持此方法"
    en = "This address does not take that method"


class TooLarge(Problem):
    """413."""

    status = 413
    code = "payload_too_large"
    zh = "请求体超过上限 {limit_bytes} 字节"
    en = "The body is larger than the limit of {limit_bytes} bytes"


class UnsupportedMedia(Problem):
    """415."""

    status = 415
    code = "unsupported_media_type"
    zh = "不支持此内容类型"
    en = "This content type is not taken"


class Busy(Conflict):
    """Two writers met; the other one won."""

    code = "concurrent_change"
    zh = "与另一操作冲突,请重新读取后再试"
    en = "Another operation was first; read again and retry"


BY_STATUS: dict[int, type[Problem]] = {
    400: BadRequest,
    401: Unauthenticated,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
    415: UnsupportedMedia,
}


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(pg.Error, _database)  # from statements past SQLAlchemy
    app.add_exception_handler(PoolTimeout, _unavailable)
    app.add_exception_handler(Exception, _unexpected)


def respond(request: Request, problem: Problem) -> JSONResponse:
    """The response that carries a problem."""
    headers = {"Content-Language": "zh"}
    language = preferred_language(request.headers.get("accept-language"))
    headers["Content-Language"] = language
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.status == 503:
        headers["Retry-After"] = "1"
    document = problem.details(language, getattr(request.state, "request_id", None))
    return JSONResponse(
        _encodable(document), problem.status, headers, media_type=PROBLEM_MEDIA_TYPE
    )


async def _problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return respond(request, error)


async def _validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    language = preferred_language(request.headers.get("accept-language"))
    response = Unprocessable().details(language, getattr(request.state, "request_id", None))
    response["errors"] = [_field_problem(item, language) for item in error.errors()]
    return JSONResponse(
        _encodable(response),
        422,
        {"Content-Language": language},
        media_type=PROBLEM_MEDIA_TYPE,
    )


def _field_problem(item: dict[str, Any], language: Language) -> dict[str, Any]:
    context = {name: value for name, value in (item.get("ctx") or {}).items() if name != "error"}
    message = item["msg"]
    if language == "zh" and item["type"] in CHINESE:
        message = CHINESE[item["type"]].format_map(context | {"_": ""})
    return {
        "field": ".".join(str(part) for part in item["loc"]),
        "code": item["type"],
        "message": message,
        "expected": context,
    }


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, UnicodeDecodeError):
        return respond(request, NotUtf8(field="body", position=error.__cause__.start))
    kind = BY_STATUS.get(error.status_code, Conflict if error.status_code < 500 else Problem)
    response = respond(request, kind(reason=error.detail))
    response.status_code = error.status_code
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def _database(request: Request, error: Exception) -> JSONResponse:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, pg.DataError):
        return respond(request, Unprocessable(reason="a value cannot be stored"))
    if isinstance(cause, pg.UniqueViolation | pg.ExclusionViolation | pg.SerializationFailure):
        return respond(request, Busy())
    if isinstance(cause, pg.LockNotAvailable | pg.DeadlockDetected):
        return respond(request, Busy())
    if isinstance(cause, pg.OperationalError):
        log.warning("database_unavailable", exc_info=error)
        return respond(request, Unavailable())
    return await _unexpected(request, error)


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    log.warning("database_unavailable", exc_info=error)
    return respond(request, Unavailable())


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected_error", exc_info=error)
    return respond(request, Problem())


def _encodable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _encodable(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_encodable(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)
