"""A visit: who looks at a page, in which language, at what market time, and how it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from app.kit import clock
from app.kit.actor import Actor
from app.kit.db import Uow
from app.kit.errors import Unauthenticated
from app.kit.i18n import Language, preferred_language
from app.parties import login, service
from app.parties.errors import NoMandate
from app.parties.facts import OrganisationFacts
from app.web import forms, session
from app.web.render import render

DONE: dict[str, tuple[str, str]] = {
    "saved": ("已保存", "Saved"),
    "published": ("已发布", "Published"),
    "submitted": ("已提交", "Submitted"),
    "approved": ("已通过审核", "Approved"),
    "decided": ("决定已记录", "The decision is recorded"),
    "applied": ("申请已提交,等待资格审查", "Your application waits for a decision"),
    "deposit": ("保证金已确认", "The deposit is confirmed"),
    "bid": ("出价有效,您当前领先", "Your bid is accepted and leads"),
    "taken": ("出价有效,但未领先", "Your bid is accepted and does not lead"),
    "sealed": ("报价已加密收存,截止前任何人不可见", "Your bid is encrypted; nobody sees it yet"),
    "confirmed": ("已确认进入限时报价期", "You take part in the limited period"),
    "passed": ("已放弃本轮报价", "You have passed"),
    "opened": ("开启密钥或份额已收到", "The key or share is taken"),
    "planned": ("竞价方案已保存", "The auction's plan is saved"),
    "proposed": ("合同已提交签署", "The contract is open for signing"),
    "signed": ("签署已记录", "Your signature is recorded"),
    "registered": ("已登记并赋予编号", "Registered and numbered"),
    "moved": ("市场时钟已调整", "The market clock has moved"),
    "acting": ("已切换身份", "You now act for another party"),
}
"""What a page says after an act went through, by the code in its address."""


class SecureHTML(HTMLResponse):
    """A page that runs nothing but its own script and is framed by no one."""

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """Add the protective headers."""
        super().init_headers(headers)
        self.headers["content-security-policy"] = (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
            " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        self.headers["referrer-policy"] = "same-origin"
        self.headers["cache-control"] = "private, no-store"


@dataclass
class Visitor:
    """One request of a page."""

    request: Request
    session: AsyncSession
    language: Language
    actor: Actor | None
    organisation: OrganisationFacts | None
    own: OrganisationFacts | None
    clock: clock.ClockState
    here: str
    cookies: dict[str, tuple[str, int]] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)

    @property
    def now(self) -> datetime:
        """Market time at the beginning of the request."""
        return self.clock.now

    @property
    def form_token(self) -> str:
        """The token that this session's forms carry; made when a form first needs it."""
        known = self.cookies.get(session.CSRF, ("", 0))[0]
        known = known or self.request.cookies.get(session.CSRF, "")
        if not known:
            known = session.new_form_token()
            self.cookies[session.CSRF] = (known, 86400)
        return known

    @property
    def sandbox(self) -> bool:
        """Whether the market clock may be moved."""
        return bool(self.request.app.state.settings.sandbox)

    def has_role(self, *roles: str) -> bool:
        """Whether the visitor has one of the roles."""
        return self.actor is not None and bool(self.actor.roles & set(roles))

    def is_party(self, *organisations: UUID | None) -> bool:
        """Whether the visitor acts in the name of one of the organisations."""
        return (
            self.actor is not None
            and self.actor.party_id is not None
            and self.actor.party_id in organisations
        )

    def require_actor(self) -> Actor:
        """The actor; raises Unauthenticated, which leads to the login page."""
        if self.actor is None:
            raise Unauthenticated
        return self.actor

    def t(self, zh: str, en: str) -> str:
        """The text in the visitor's language."""
        return zh if self.language == "zh" else en

    def attempt(self) -> forms.Attempt:
        """A savepoint around a use case that may refuse."""
        return forms.Attempt(self.session, self.language)

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        """Render a page and send the cookies that changed."""
        response = SecureHTML(render(template, self.language, page_context(self) | context), status)
        response.headers["content-language"] = self.language
        return self.finish(response)

    def go(self, path: str, done: str = "", anchor: str = "") -> Response:
        """Go on to another page, which says what was done."""
        query = f"?done={done}" if done else ""
        return self.finish(RedirectResponse(path + query + anchor, 303))

    def finish(self, response: Response) -> Response:
        """Write and drop cookies on the response."""
        for name, (value, seconds) in self.cookies.items():
            session.write(response, self.request, name, value, seconds)
        for name in self.dropped:
            session.drop(response, name)
        return response


def page_context(visitor: Visitor) -> dict[str, Any]:
    """What the layout shows on every page."""
    state = visitor.request.app.state
    done = DONE.get(visitor.request.query_params.get("done", ""))
    return {
        "visit": visitor,
        "actor": visitor.actor,
        "organisation": visitor.organisation,
        "now": visitor.now,
        "clock": visitor.clock,
        "sandbox": visitor.sandbox,
        "here": visitor.here,
        "section": "/" + visitor.here.split("/")[1].partition("?")[0],
        "language_links": language_links(visitor.request, visitor.here),
        "done": None if done is None else visitor.t(*done),
        "complaints": [],
        "label": lambda complaint: forms.label(complaint, visitor.language),
        "demo_logins": getattr(state, "demo_logins", []) if state.settings.sandbox else [],
    }


def language_links(request: Request, here: str) -> list[tuple[Language, str, str]]:
    """The languages, their own names, and where this page is in them."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in {"lang", "done"}]
    if request.method != "GET":
        kept = []
    return [
        ("zh", "中文", f"{here}?{urlencode([*kept, ('lang', 'zh')])}"),
        ("en", "English", f"{here}?{urlencode([*kept, ('lang', 'en')])}"),
    ]


def chosen_language(request: Request) -> Language:
    """The language asked for now, or chosen before, or preferred by the browser."""
    for value in (request.query_params.get("lang"), request.cookies.get(session.LANGUAGE)):
        if value == "zh":
            return "zh"
        if value == "en":
            return "en"
    return preferred_language(request.headers.get("accept-language"))


async def visitor(request: Request, uow: Uow) -> Visitor:
    """Who visits; an expired access token is renewed on the way."""
    found = Visitor(
        request=request,
        session=uow,
        language=chosen_language(request),
        actor=None,
        organisation=None,
        own=None,
        clock=await clock.state(uow),
        here=request.url.path,
    )
    if request.query_params.get("lang") in {"zh", "en"}:
        found.cookies[session.LANGUAGE] = (found.language, 365 * 86400)
    await _recognise(found)
    if found.actor is not None and found.actor.organisation_id is not None:
        ids = [i for i in (found.actor.party_id, found.actor.organisation_id) if i is not None]
        known = await service.facts_of(uow, ids)
        found.organisation = known.get(ids[0])
        found.own = known.get(found.actor.organisation_id)
    request.state.visitor = found
    return found


async def _recognise(found: Visitor) -> None:
    """Find the actor behind the session cookie, acting for the client that was chosen."""
    request = found.request
    known = session.Login.read(request)
    if known is None:
        return
    try:
        found.actor = await login.authenticate(found.session, known.access, None)
    except Unauthenticated:
        state = request.app.state
        fresh = await state.rotations.rotate(state.sessions, known.refresh, state.token_life)
        if fresh is None:
            found.dropped |= {session.SESSION, session.CLIENT}
            return
        keep = int(state.token_life.refresh.total_seconds())
        found.cookies[session.SESSION] = (f"{fresh.access}.{fresh.refresh}", keep)
        known = fresh
        found.actor = await login.authenticate(found.session, known.access, None)
    client = request.cookies.get(session.CLIENT, "")
    if client:
        try:
            found.actor = await login.authenticate(found.session, known.access, UUID(client))
        except (ValueError, NoMandate):
            found.dropped.add(session.CLIENT)


Visit = Annotated[Visitor, Depends(visitor)]


class Form:
    """The values of a form that a page of this session sent."""

    def __init__(self, data: FormData) -> None:
        self._data = data

    def text(self, name: str) -> str:
        """One value, without outer white space; empty when it is missing."""
        value = self._data.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def raw(self, name: str) -> str:
        """One value as it was typed: passwords."""
        value = self._data.get(name, "")
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """All values of a name that are not empty."""
        values = (value for value in self._data.getlist(name) if isinstance(value, str))
        return [value.strip() for value in values if value.strip()]

    def values(self) -> dict[str, str]:
        """What was typed, to be shown again; never the password."""
        return {
            name: value
            for name, value in self._data.items()
            if isinstance(value, str) and name not in {"password", session.FORM_FIELD}
        }


async def own_form(request: Request, visit: Visit) -> Form:
    """The form of a POST; raises ForeignForm when another site or session sent it."""
    expected = visit.request.cookies.get(session.CSRF, "")
    async with request.form(max_files=0, max_fields=300) as data:
        sent = data.get(session.FORM_FIELD, "")
        session.require_own_form(request, sent if isinstance(sent, str) else "", expected)
        return Form(data)


Posted = Annotated[Form, Depends(own_form)]
