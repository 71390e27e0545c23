"""Drives the application as its users do: over HTTP, as each role."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from httpx import AsyncClient, Response
from sqlalchemy import text

from app.auctions.intake import BidIntake
from app.kit.db import Sessions
from app.kit.deadlines import Ticker
from app.kit.identifiers import make_uscc
from app.kit.settings import Settings
from app.parties import tokens
from app.worker import settle

API = "/api/v1"
PASSWORD = "correct horse battery staple"
_counter = iter(range(10_000_000, 99_999_999))


def credit_code(prefix: str = "91110000") -> str:
    """A valid unified social credit code that no other test uses."""
    return make_uscc(prefix, str(next(_counter)))


@dataclass
class User:
    """A logged-in person of an organisation."""

    client: AsyncClient
    token: str
    organisation_id: UUID | None
    person_id: UUID | None = None
    on_behalf_of: UUID | None = None

    async def request(self, method: str, path: str, **options: Any) -> Response:
        """One request with this user's token; paths are below /api/v1."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept-Language": "en",
            "User-Agent": f"test of {self.organisation_id}",
        }
        if self.on_behalf_of is not None:
            headers["X-On-Behalf-Of"] = str(self.on_behalf_of)
        headers |= options.pop("headers", {})
        return await self.client.request(method, API + path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> Response:
        return await self.request("POST", path, json=json, **options)

    async def patch(self, path: str, json: Any, version: str, **options: Any) -> Response:
        """An edit against the ETag that was read."""
        headers = {"If-Match": version} | options.pop("headers", {})
        return await self.request("PATCH", path, json=json, headers=headers, **options)

    async def ok(self, method: str, path: str, json: Any = None, **options: Any) -> Any:
        """The decoded answer of a request that must succeed."""
        response = await self.request(method, path, json=json, **options)
        assert response.status_code < 300, (response.status_code, response.text)
        return response.json() if response.content else None


@dataclass
class Market:
    """The running application and ways to set up its people."""

    client: AsyncClient
    sessions: Sessions
    settings: Settings
    database_url: str
    ticker: Ticker
    intake: BidIntake | None = None
    _admin: User | None = None
    users: dict[str, User] = field(default_factory=dict)

    @property
    def anonymous(self) -> User:
        """A visitor without credentials (its token is empty and not sent)."""
        return Anonymous(self.client, "", None)

    async def settle(self) -> None:
        """Handle everything that is due and run every job that waits, until nothing is left."""
        await settle(self.database_url, self.sessions, self.settings)

    async def advance(self, **amount: int) -> None:
        """Move the market clock on (days=, hours=, minutes=, seconds=) and settle."""
        units = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
        seconds = sum(units[unit] * count for unit, count in amount.items())
        admin = await self.admin()
        await admin.ok("POST", "/sandbox/clock", {"advance_seconds": seconds})
        await self.settle()

    async def admin(self) -> User:
        """The platform administrator, who is an operator too."""
        if self._admin is None:
            self._admin = await self.seed(
                "exchange_operator", ["organisation_admin", "operator", "platform_admin"]
            )
        return self._admin

    async def join(self, kind: str, name: str = "", *, roles: list[str] | None = None) -> User:
        """A user of a new, active organisation of this kind, as its administrator and trader.

        Put into the database directly: hashing passwords would take longer than most tests.
        """
        own = {
            "exchange_operator": "operator",
            "registration_office": "registrar",
            "regulator": "regulator",
        }.get(kind, "trader")
        roles = ["organisation_admin", own] if roles is None else roles
        return await self.seed(kind, roles, name, person_name="负责人")

    async def register(self, kind: str, name: str = "") -> User:
        """The same as a newcomer does it: registered, approved and logged in over HTTP."""
        login = f"user-{uuid4().hex[:12]}"
        made = await self.anonymous.ok(
            "POST", "/organisations", new_organisation(kind, name, login)
        )
        admin = await self.admin()
        await admin.ok("POST", f"/organisations/{made['id']}/review", {"act": "approve"})
        return await self.log_in(login, UUID(made["id"]))

    async def log_in(
        self, login: str, organisation_id: UUID | None = None, *, password: str = PASSWORD
    ) -> User:
        """A user with a fresh access token."""
        response = await self.client.post(
            API + "/auth/token", data={"username": login, "password": password}
        )
        assert response.status_code == 200, response.text
        user = User(self.client, response.json()["access_token"], organisation_id)
        me = await user.ok("GET", "/auth/me")
        user.person_id = UUID(me["person_id"])
        return user

    async def seed(
        self, kind: str, roles: list[str], name: str = "", *, person_name: str = ""
    ) -> User:
        """A user put into the database directly, logged in for a day.

        The organisation has the version that its review leaves behind.
        """
        token = tokens.make_secret(tokens.ACCESS_PREFIX)
        async with self.sessions() as session, session.begin():
            row = await session.execute(
                text(
                    "WITH o AS (INSERT INTO organisation (id, kind, name, credit_code,"
                    " region_code, state, version) VALUES (uuidv7(), :kind, :name, :code,"
                    " '110108', 'active', 2) RETURNING id), p AS (INSERT INTO person (id, login,"
                    " name) VALUES (uuidv7(), :login, :person) RETURNING id), m AS (INSERT INTO"
                    " membership (id, person_id, organisation_id, roles) SELECT uuidv7(), p.id,"
                    " o.id, CAST(:roles AS text[]) FROM o, p RETURNING id) INSERT INTO"
                    " login_session (id, family_id, membership_id, access_hash, refresh_hash,"
                    " access_expires_at, refresh_expires_at) SELECT uuidv7(), uuidv7(), m.id,"
                    " :hash, :hash, now() + interval '1 day', now() + interval '1 day' FROM m"
                    " RETURNING (SELECT id FROM o), (SELECT id FROM p)"
                ),
                {
                    "kind": kind,
                    "name": (named := name or f"{kind} {uuid4().hex[:6]}"),
                    "person": person_name or named,
                    "code": credit_code(_prefix(kind)),
                    "login": f"seed-{uuid4().hex[:12]}",
                    "roles": roles,
                    "hash": tokens.digest(token),
                },
            )
            organisation_id, person_id = row.one()
        return User(self.client, token, organisation_id, person_id)


class Anonymous(User):
    """A visitor: the same calls, no credentials."""

    async def request(self, method: str, path: str, **options: Any) -> Response:
        headers = {"Accept-Language": "en"} | options.pop("headers", {})
        return await self.client.request(method, API + path, headers=headers, **options)


def _prefix(kind: str) -> str:
    """What the credit code of an organisation of this kind in Beijing begins with."""
    return "12110000" if kind in {"university", "institute"} else "91110000"


def new_organisation(kind: str, name: str = "", login: str = "") -> dict[str, Any]:
    """An application for registration."""
    return {
        "kind": kind,
        "name": name or f"{kind} {uuid4().hex[:6]}",
        "credit_code": credit_code(_prefix(kind)),
        "region_code": "110108",
        "administrator": {
            "login": login or f"user-{uuid4().hex[:12]}",
            "name": "负责人",
            "password": PASSWORD,
        },
    }


def calendar_year(year: int) -> dict[str, Any]:
    """An official table of a year as an administrator loads it; 4 January is off beyond the law."""
    days = ["01-01", "01-02", "01-03", "01-04", "05-01", "10-01", "10-02", "10-03"]
    return {
        "year": year,
        "papers": [f"urn:example:notice-{year}"],
        "days": [{"name": "假日", "date": f"{year}-{day}", "isOffDay": True} for day in days],
    }
