"""A browser for tests: cookies, forms as the pages hold them, and a reader of HTML."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from httpx import AsyncClient, Response

from app.web import session
from tests.market import Market, User

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
VOID |= {"rect", "circle", "line", "polyline", "path"}
EXTERNAL = re.compile(r"""(?:https?:)?//[a-z0-9.-]+""", re.IGNORECASE)


@dataclass
class Form:
    """A form of a page: where it goes, and what it sends as it stands."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """Reads a page: checks that its tags are balanced, and collects links and forms."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.open: list[str] = []
        self.faults: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[tuple[str, bool]] = []
        self.landmarks: list[str] = []
        self.forms: list[Form] = []
        self.text: list[str] = []
        self.lang = ""
        self._select = ""
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self.open]

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if len(given) != len(attributes):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag not in VOID:
            self.open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "html":
            self.lang = given.get("lang", "")
        if tag == "a":
            self.links.append(given.get("href", ""))
        if tag in {"link", "script", "img"}:
            self.loaded.append(given.get("href", given.get("src", "")))
        if tag in {"main", "nav", "header", "footer", "h1"}:
            self.landmarks.append(tag)
        if "style" in given or any(name.startswith("on") for name in given):
            self.faults.append(f"<{tag}> has style or script in an attribute")
        self._form(tag, given)

    def _form(self, tag: str, given: dict[str, str]) -> None:
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        if tag == "label" and "for" in given:
            self.labelled.add(given["for"])
        if tag in {"input", "select", "textarea"} and given.get("type") != "hidden":
            inside = "label" in self.open
            self.controls.append((given.get("id", ""), inside or "aria-label" in given))
        if not self.forms or "form" not in self.open:
            return
        name = given.get("name", "")
        if tag == "input" and name and given.get("type") not in {"checkbox", "file"}:
            self.forms[-1].values[name] = given.get("value", "")
        if tag == "select":
            self._select = name
        if tag == "option" and self._select:
            chosen = "selected" in given or self._select not in self.forms[-1].values
            if chosen:
                self.forms[-1].values[self._select] = given.get("value", "")
        if tag == "button" and name:
            self.forms[-1].buttons.append((name, given.get("value", "")))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-1:] or 'nothing'}")
            return
        self.open.pop()
        if tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def words(self) -> str:
        """All text of the page."""
        return " ".join(" ".join(self.text).split())

    def form(self, action: str) -> Form:
        """The first form that goes to an address."""
        return next(form for form in self.forms if form.action == action)

    def check(self) -> list[str]:
        """What is wrong with the page as HTML, for people who cannot see it, or with its links."""
        wrong = list(self.faults)
        wrong += [f"id {one} is there twice" for one in set(self.ids) if self.ids.count(one) > 1]
        wrong += [
            f"control {name or '?'} has no label"
            for name, labelled in self.controls
            if not labelled and name not in self.labelled
        ]
        wrong += [
            f"no {one}"
            for one in ("main", "nav", "header", "footer", "h1")
            if one not in self.landmarks
        ]
        if self.landmarks.count("h1") != 1:
            wrong.append("not one h1")
        wrong += [
            f"external address {one}"
            for one in [*self.links, *self.loaded, *(form.action for form in self.forms)]
            if EXTERNAL.match(one) or not one.startswith(("/", "#"))
        ]
        return wrong


class Browser:
    """A visitor with cookies of their own."""

    def __init__(self, market: Market, user: User | None = None, language: str = "zh") -> None:
        self.client = AsyncClient(
            transport=market.client._transport,
            base_url="http://market",
            headers={"Accept-Language": language, "Accept": "text/html"},
        )
        self.user = user
        if user is not None:
            self.client.cookies.set(session.SESSION, f"{user.token}.{user.token}")

    async def get(self, path: str) -> Response:
        """A page, as the address answers."""
        return await self.client.get(path)

    async def page(self, path: str, status: int = 200) -> Page:
        """A page that must come with this status and be right."""
        response = await self.client.get(path)
        return read(response, status)

    async def send(self, path: str, action: str, values: dict[str, Any] | None = None) -> Response:
        """Fill in and send the form of a page."""
        form = (await self.page(path)).form(action)
        return await self.post(action, form.values | (values or {}))

    async def post(self, path: str, values: dict[str, Any], **headers: str) -> Response:
        """Send a form as a browser does from a page of this site."""
        return await self.client.post(
            path, data=values, headers={"Sec-Fetch-Site": "same-origin"} | headers
        )

    async def done(self, path: str, action: str, values: dict[str, Any] | None = None) -> str:
        """Send a form that must be accepted; gives the address that it leads to."""
        response = await self.send(path, action, values)
        assert response.status_code == 303, (response.status_code, Page(response.text).words)
        return response.headers["location"]


def read(response: Response, status: int = 200) -> Page:
    """A page that must have this status and nothing wrong with it."""
    page = Page(response.text)
    assert response.status_code == status, (response.status_code, page.words[:2000])
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert page.check() == [], (response.url, page.check())
    return page
