"""Who acts: the person or machine behind a request, and in whose name."""

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from app.kit.errors import Forbidden, Unauthenticated


class RoleRequired(Forbidden):
    """The act belongs to another role."""

    code = "role_required"
    zh = "此操作需要以下角色之一:{roles}"
    en = "This act needs one of the roles {roles}"


class ScopeRequired(Forbidden):
    """The API key was not given this scope."""

    code = "scope_required"
    zh = "此 API 密钥缺少权限范围 {scope}"
    en = "This API key lacks the scope {scope}"


@dataclass(frozen=True)
class Actor:
    """An authenticated actor.

    `organisation_id` is where the person works. `party_id` is in whose name the act is done: the
    client when a broker acts under a mandate, otherwise the own organisation. Records keep both.
    """

    person_id: UUID | None
    organisation_id: UUID | None
    organisation_kind: str | None
    roles: frozenset[str] = field(default_factory=frozenset)
    scopes: frozenset[str] | None = None
    client_id: UUID | None = None
    mandate_id: UUID | None = None

    @property
    def party_id(self) -> UUID | None:
        """The organisation in whose name this actor acts."""
        return self.client_id or self.organisation_id

    def require_role(self, *roles: str) -> None:
        """Raise RoleRequired unless the actor has one of the roles."""
        if not self.roles & set(roles):
            raise RoleRequired(roles=sorted(map(str, roles)))

    def require_scope(self, scope: str) -> None:
        """Raise ScopeRequired when an API key without this scope asks."""
        if self.scopes is not None and scope not in self.scopes:
            raise ScopeRequired(scope=scope)

    def require_party(self) -> UUID:
        """The acting party's id; a platform account without organisation cannot trade."""
        if self.party_id is None:
            raise RoleRequired(roles=["trader"])
        return self.party_id


SYSTEM = Actor(person_id=None, organisation_id=None, organisation_kind=None)
"""The platform itself: deadlines and jobs."""


async def optional_actor(request: Request) -> Actor | None:
    """The actor behind the request, or None when it carries no credentials.

    How credentials are checked is `app.parties`' business; the composition root hands it in.
    """
    actor: Actor | None = await request.app.state.authenticate(request)
    request.state.actor = actor
    return actor


async def current_actor(actor: Annotated[Actor | None, Depends(optional_actor)]) -> Actor:
    """The actor behind the request; raises Unauthenticated."""
    if actor is None:
        raise Unauthenticated
    return actor


CurrentActor = Annotated[Actor, Depends(current_actor)]
OptionalActor = Annotated[Actor | None, Depends(optional_actor)]
