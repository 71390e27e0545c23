"""Logging in with a browser: cookies, rotating tokens, and refusing foreign forms.

The cookies are HttpOnly and SameSite=Strict. API requests never authenticate by cookie; only
pages do, and every form carries the token of its session.
"""

import asyncio
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from fastapi import Request, Response

from app.kit import clock
from app.kit.db import Sessions
from app.kit.errors import Forbidden, Problem
from app.parties import login
from app.parties.facts import TokenPair

SESSION = "tm_session"
CSRF = "tm_form"
CLIENT = "tm_client"
LANGUAGE = "tm_lang"
FORM_FIELD = "form_token"
_YEAR_S = 365 * 86400
_SHARED = timedelta(seconds=30)
_REMEMBERED = 1000


class ForeignForm(Forbidden):
    """A form did not come from a page of this session."""

    code = "foreign_form"
    zh = "表单不是由本站当前会话的页面提交的,请刷新页面后重试"
    en = "The form was not sent from a page of this session; reload the page and try again"


@dataclass(frozen=True)
class Login:
    """The two tokens that the session cookie carries."""

    access: str
    refresh: str

    @classmethod
    def read(cls, request: Request) -> "Login | None":
        """The login in the request's cookie."""
        access, dot, refresh = request.cookies.get(SESSION, "").partition(".")
        return cls(access, refresh) if dot and access and refresh else None

    @classmethod
    def of(cls, pair: TokenPair) -> "Login":
        """The login of a fresh pair."""
        return cls(pair.access_token, pair.refresh_token)


class Rotations:
    """Takes new pairs for expired access tokens, once per refresh token.

    A refresh token that comes twice closes its login. Tabs that a browser restores at once all
    send the same one, so those that come within half a minute share one outcome.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._recent: OrderedDict[str, tuple[datetime, Login]] = OrderedDict()

    async def rotate(self, sessions: Sessions, refresh: str, life: login.TokenLife) -> Login | None:
        """The new login, or None when the refresh token is not in force."""
        async with self._lock, sessions() as session, session.begin():
            now = await clock.real_now(session)
            known = self._recent.get(refresh)
            if known is not None and known[0] > now - _SHARED:
                return known[1]
            outcome = await login.refresh(session, refresh, now, life)
            if isinstance(outcome, Problem):
                return None
            fresh = Login.of(outcome)
        self._recent[refresh] = (now, fresh)
        while len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        return fresh


def write(
    response: Response, request: Request, name: str, value: str, max_age_s: int = _YEAR_S
) -> None:
    """Set a cookie of the pages."""
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def drop(response: Response, name: str) -> None:
    """Remove a cookie of the pages."""
    same_site: Literal["strict"] = "strict"
    response.delete_cookie(name, path="/", httponly=True, samesite=same_site)


def new_form_token() -> str:
    """A token that ties forms to one browser session."""
    return secrets.token_urlsafe(24)


def require_own_form(request: Request, sent: str, expected: str) -> None:
    """Raise ForeignForm unless the form came from a page that this session was given.

    A browser says where a form comes from in Sec-Fetch-Site or Origin; a request that says
    neither is refused as well.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        own = site == "same-origin"
    else:
        own = origin is not None and _same_host(request, origin)
    if not own or not expected or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise ForeignForm


def _same_host(request: Request, origin: str) -> bool:
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return False
    hosts = {request.headers.get("host", "")}
    hosts.add(urlsplit(request.app.state.settings.public_url).netloc)
    return bool(host) and host in hosts


def safe_next(path: str | None) -> str:
    """The page to go on to after the login: a path of this site, or the desk."""
    if path and path.startswith("/") and not path.startswith(("//", "/\\", "/login")):
        printable = path.isprintable() and "\\" not in path
        return path if printable and len(path) <= 500 else "/desk"
    return "/desk"
