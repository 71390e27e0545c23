"""Use cases of logging in: passwords, rotating tokens, API keys, and who is behind a request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit, clock
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound, Problem, Unauthenticated
from app.kit.ids import new_id
from app.parties import repository, rules, tokens
from app.parties.errors import LoginPaused, NoMandate, RefreshTokenReused, WrongCredentials
from app.parties.facts import TokenPair
from app.parties.models import ApiKey, LoginSession
from app.parties.schemas import NewApiKey
from app.parties.states import OrganisationKind, OrganisationState, Role


@dataclass(frozen=True)
class TokenLife:
    """How long tokens live."""

    access: timedelta
    refresh: timedelta


async def log_in(
    session: AsyncSession,
    login: str,
    password: str,
    organisation_id: UUID | None,
    now: datetime,
    life: TokenLife,
) -> TokenPair | Problem:
    """Tokens for a login; a refusal is returned, not raised, so that its count is committed."""
    person = await repository.person_by_login(session, login.lower(), lock=True)
    if person is not None and person.locked_until is not None and person.locked_until > now:
        return LoginPaused(until=person.locked_until.isoformat())
    matches = await tokens.password_matches(
        None if person is None else person.password_hash, password
    )
    if person is None:
        return WrongCredentials()
    if not matches:
        person.failed_logins += 1
        person.locked_until = rules.login_pause(now, person.failed_logins)
        return WrongCredentials()
    person.failed_logins = 0
    person.locked_until = None
    memberships = [
        membership
        for membership, organisation in await repository.memberships_of(session, person.id)
        if organisation_id in {None, organisation.id}
    ]
    if not memberships:
        return WrongCredentials()
    return _issue(session, memberships[0].id, new_id(), now, life)


async def refresh(
    session: AsyncSession, refresh_token: str, now: datetime, life: TokenLife
) -> TokenPair | Problem:
    """A new pair for a refresh token; a token that comes twice closes the whole login."""
    row = await repository.login_session_by_refresh(session, tokens.digest(refresh_token))
    if row is None or row.revoked_at is not None or row.refresh_expires_at <= now:
        return Unauthenticated()
    if row.rotated_at is not None:
        await repository.revoke_family(session, row.family_id, now)
        return RefreshTokenReused()
    row.rotated_at = now
    row.access_expires_at = min(row.access_expires_at, now)
    return _issue(session, row.membership_id, row.family_id, now, life)


def _issue(
    session: AsyncSession, membership_id: UUID, family_id: UUID, now: datetime, life: TokenLife
) -> TokenPair:
    pair = TokenPair(
        access_token=tokens.make_secret(tokens.ACCESS_PREFIX),
        refresh_token=tokens.make_secret(tokens.REFRESH_PREFIX),
        expires_in_s=int(life.access.total_seconds()),
    )
    session.add(
        LoginSession(
            family_id=family_id,
            membership_id=membership_id,
            access_hash=tokens.digest(pair.access_token),
            refresh_hash=tokens.digest(pair.refresh_token),
            access_expires_at=now + life.access,
            refresh_expires_at=now + life.refresh,
        )
    )
    return pair


async def log_out(session: AsyncSession, access_token: str, now: datetime) -> None:
    """Close the login that the token belongs to."""
    family_id = await repository.family_of_access(session, tokens.digest(access_token))
    if family_id is not None:
        await repository.revoke_family(session, family_id, now)


async def actors_behind(session: AsyncSession, digests: Sequence[bytes]) -> dict[bytes, Actor]:
    """Who is behind tokens and API keys, by their digests; those not in force are left out.

    Real time decides: tokens do not live faster when the sandbox's market clock does.
    """
    return {
        bytes(row.secret_hash): Actor(
            person_id=row.person_id,
            organisation_id=row.id,
            organisation_kind=row.kind,
            roles=frozenset(row.roles) if row.state == OrganisationState.ACTIVE else frozenset(),
            scopes=None if row.scopes is None else frozenset(row.scopes),
        )
        for row in await repository.behind(session, digests)
    }


async def authenticate(session: AsyncSession, token: str, client_id: UUID | None) -> Actor:
    """Who is behind a token, acting for `client_id` if a mandate allows it.

    Raises Unauthenticated for a token that is not in force, NoMandate for a client that gave none.
    """
    digest = tokens.digest(token)
    found = await actors_behind(session, [digest])
    if digest not in found:
        raise Unauthenticated
    return await acting_for(session, found[digest], client_id)


async def acting_for(session: AsyncSession, actor: Actor, client_id: UUID | None) -> Actor:
    """The actor in the name of a client; itself when no client or its own party is named."""
    if client_id is None or client_id == actor.organisation_id:
        return actor
    if actor.organisation_kind != OrganisationKind.BROKER or actor.organisation_id is None:
        raise NoMandate(field="header.X-On-Behalf-Of", scope="trade")
    mandates = await repository.mandates_in_force(
        session, actor.organisation_id, client_id, local_day(await clock.now(session))
    )
    client = await repository.organisation(session, client_id)
    if not mandates or client is None or client.state != OrganisationState.ACTIVE:
        raise NoMandate(field="header.X-On-Behalf-Of", scope="trade")
    mandated = frozenset(scope for mandate in mandates for scope in mandate.scopes)
    return Actor(
        person_id=actor.person_id,
        organisation_id=actor.organisation_id,
        organisation_kind=client.kind,
        roles=actor.roles & {Role.TRADER},
        scopes=mandated if actor.scopes is None else actor.scopes & mandated,
        client_id=client_id,
        mandate_id=mandates[0].id,
    )


async def make_api_key(session: AsyncSession, actor: Actor, new: NewApiKey) -> tuple[ApiKey, str]:
    """A key for a machine of the own organisation; gives the row and the secret."""
    actor.require_scope("trade")
    if actor.organisation_id is None or actor.person_id is None or actor.client_id is not None:
        raise NotFound
    membership = await repository.membership(session, actor.person_id, actor.organisation_id)
    if membership is None or not actor.roles or actor.scopes is not None:
        raise NotFound
    secret = tokens.make_secret(tokens.KEY_PREFIX)
    key = ApiKey(
        membership_id=membership.id,
        name=new.name,
        hint=secret[-4:],
        secret_hash=tokens.digest(secret),
        scopes=rules.check_scopes(new.scopes),
        expires_at=new.expires_at,
    )
    session.add(key)
    await session.flush()
    audit.record(session, actor, "api_key.make", "api_key", key.id, after={"scopes": key.scopes})
    return key, secret


async def api_keys(session: AsyncSession, actor: Actor) -> Sequence[ApiKey]:
    """The keys that the caller made."""
    return await repository.api_keys(session, await _own_memberships(session, actor))


async def revoke_api_key(session: AsyncSession, actor: Actor, key_id: UUID, now: datetime) -> None:
    """Stop a key of the caller at once."""
    actor.require_scope("trade")
    for key in await api_keys(session, actor):
        if key.id == key_id:
            key.revoked_at = key.revoked_at or now
            audit.record(session, actor, "api_key.revoke", "api_key", key.id)
            return
    raise NotFound


async def _own_memberships(session: AsyncSession, actor: Actor) -> list[UUID]:
    if actor.organisation_id is None or actor.person_id is None:
        return []
    membership = await repository.membership(session, actor.person_id, actor.organisation_id)
    return [] if membership is None else [membership.id]
