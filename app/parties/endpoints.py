"""HTTP of the parties module."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse

from app.kit import clock, problems
from app.kit.actor import CurrentActor, OptionalActor, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import (
    Forbidden,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    Unauthenticated,
)
from app.kit.errors import problems as declared
from app.kit.http import BadCursor, IfMatch, Page, Paging, cursor_id, etag, make_page, trade_router
from app.kit.idempotency import Idempotent
from app.parties import login, relations, service, tokens
from app.parties.errors import (
    AlreadyRegistered,
    BadCreditCode,
    BadMandatePeriod,
    BadRelation,
    LoginPaused,
    LoginTaken,
    NotABroker,
    RefreshTokenReused,
    RelationDeclared,
    RelationEnded,
    UnsupportedGrant,
    WrongCredentials,
)
from app.parties.facts import TokenPair
from app.parties.schemas import (
    ApiKeyMade,
    ApiKeyView,
    MandateView,
    Me,
    MemberView,
    NewApiKey,
    NewMandate,
    NewMember,
    NewOrganisation,
    NewRelation,
    OrganisationEdit,
    OrganisationView,
    RelationView,
    Review,
    TokenResponse,
)
from app.parties.states import OrganisationKind, OrganisationState

auth = trade_router("/auth", "login")
organisations = trade_router("/organisations", "parties")
mandates = trade_router("/mandates", "parties")
routers: tuple[APIRouter, ...] = (auth, organisations, mandates)


@auth.post(
    "/token",
    response_model=TokenResponse,
    responses=declared(WrongCredentials, LoginPaused, RefreshTokenReused, UnsupportedGrant),
)
async def token(
    request: Request,
    session: Uow,
    grant_type: Annotated[str, Form(max_length=40)] = "password",
    username: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    refresh_token: Annotated[str, Form(max_length=200)] = "",
    organisation_id: Annotated[UUID | None, Form()] = None,
) -> TokenResponse | JSONResponse:
    """Log in (OAuth2 password flow), or take a new pair for a refresh token (RFC 6749, 6).

    Every refresh hands out a new refresh token; the old one is spent.
    """
    now = await clock.real_now(session)
    life: login.TokenLife = request.app.state.token_life
    outcome: TokenPair | Problem
    if grant_type == "password":
        outcome = await login.log_in(session, username, password, organisation_id, now, life)
    elif grant_type == "refresh_token":
        outcome = await login.refresh(session, refresh_token, now, life)
    else:
        raise UnsupportedGrant(field="body.grant_type")
    if isinstance(outcome, Problem):
        return problems.respond(request, outcome)
    return TokenResponse(
        access_token=outcome.access_token,
        refresh_token=outcome.refresh_token,
        expires_in=outcome.expires_in_s,
    )


@auth.post("/logout", status_code=204, responses=declared(Unauthenticated, ScopeRequired))
async def logout(request: Request, session: Uow, actor: CurrentActor) -> Response:
    """Close the login of the token that is sent."""
    access_token = request.headers.get("authorization", "").partition(" ")[2]
    if access_token.startswith(tokens.KEY_PREFIX):
        actor.require_scope("trade")
    await login.log_out(session, access_token, await clock.real_now(session))
    return Response(status_code=204)


@auth.get("/me", responses=declared(Unauthenticated))
async def me(actor: CurrentActor) -> Me:
    """Who the caller is, and in whose name it acts."""
    return Me(
        person_id=actor.person_id,
        organisation_id=actor.organisation_id,
        organisation_kind=actor.organisation_kind,
        roles=sorted(actor.roles),
        scopes=None if actor.scopes is None else sorted(actor.scopes),
        client_id=actor.client_id,
        mandate_id=actor.mandate_id,
    )


@auth.post(
    "/keys",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(Unauthenticated, ScopeRequired, NotFound),
)
async def make_key(session: Uow, actor: CurrentActor, new: NewApiKey) -> ApiKeyMade:
    """Make an API key; its secret is in this answer and nowhere else."""
    key, secret = await login.make_api_key(session, actor, new)
    return ApiKeyMade.model_validate(
        ApiKeyView.model_validate(key).model_dump() | {"secret": secret}
    )


@auth.get("/keys", responses=declared(Unauthenticated))
async def list_keys(session: Uow, actor: CurrentActor) -> list[ApiKeyView]:
    """The caller's API keys."""
    return [ApiKeyView.model_validate(key) for key in await login.api_keys(session, actor)]


@auth.delete(
    "/keys/{key_id}",
    status_code=204,
    responses=declared(Unauthenticated, ScopeRequired, NotFound),
)
async def revoke_key(session: Uow, actor: CurrentActor, key_id: UUID) -> Response:
    """Stop an API key at once."""
    await login.revoke_api_key(session, actor, key_id, await clock.real_now(session))
    return Response(status_code=204)


@organisations.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(ScopeRequired, BadCreditCode, AlreadyRegistered, LoginTaken),
)
async def register(
    response: Response, session: Uow, actor: OptionalActor, new: NewOrganisation
) -> OrganisationView:
    """Apply for registration of an organisation with its first person; open to everyone."""
    organisation = await service.register(session, actor, new)
    response.headers["Location"] = f"/api/v1/organisations/{organisation.id}"
    response.headers["ETag"] = etag(organisation.version)
    return OrganisationView.model_validate(organisation)


@organisations.get("", responses=declared(NotFound, Forbidden))
async def list_organisations(
    session: Uow,
    actor: OptionalActor,
    page: Paging,
    kind: OrganisationKind | None = None,
    state: OrganisationState | None = None,
    name: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
) -> Page[OrganisationView]:
    """Organisations, the newest first; states other than `active` are for overseers."""
    rows = await service.organisation_list(
        session,
        actor,
        state=state,
        kind=kind,
        name=name,
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=[service.view(actor, row) for row in items], next_cursor=cursor)


@organisations.get("/{organisation_id}", responses=declared(NotFound))
async def get_organisation(
    response: Response, session: Uow, actor: OptionalActor, organisation_id: UUID
) -> OrganisationView:
    """One organisation."""
    organisation = await service.get(session, actor, organisation_id)
    response.headers["ETag"] = etag(organisation.version)
    return service.view(actor, organisation)


@organisations.patch(
    "/{organisation_id}",
    responses=declared(
        Unauthenticated, Forbidden, NotFound, PreconditionFailed, PreconditionRequired
    ),
)
async def edit_organisation(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    organisation_id: UUID,
    version: IfMatch,
    change: OrganisationEdit,
) -> OrganisationView:
    """Change the own organisation's data."""
    organisation = await service.edit(session, actor, organisation_id, change, version)
    response.headers["ETag"] = etag(organisation.version)
    return service.view(actor, organisation)


@organisations.post(
    "/{organisation_id}/review", responses=declared(Unauthenticated, Forbidden, NotFound)
)
async def review_organisation(
    session: Uow, actor: CurrentActor, organisation_id: UUID, decision: Review
) -> OrganisationView:
    """An operator decides on an organisation."""
    return service.view(actor, await service.review(session, actor, organisation_id, decision))


@organisations.get(
    "/{organisation_id}/members", responses=declared(Unauthenticated, Forbidden, NotFound)
)
async def list_members(
    session: Uow, actor: CurrentActor, organisation_id: UUID
) -> list[MemberView]:
    """People of the own organisation."""
    rows = await service.members(session, actor, organisation_id)
    return [
        MemberView(
            person_id=person.id,
            login=person.login,
            name=person.name,
            roles=membership.roles,
            ended_at=membership.ended_at,
        )
        for membership, person in rows
    ]


@organisations.post(
    "/{organisation_id}/members",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(Unauthenticated, Forbidden, NotFound, LoginTaken),
)
async def add_member(
    session: Uow, actor: CurrentActor, organisation_id: UUID, new: NewMember
) -> MemberView:
    """Add a person to the own organisation."""
    membership, person = await service.add_member(session, actor, organisation_id, new)
    return MemberView(
        person_id=person.id,
        login=person.login,
        name=person.name,
        roles=membership.roles,
        ended_at=None,
    )


@organisations.delete(
    "/{organisation_id}/members/{person_id}",
    status_code=204,
    responses=declared(Unauthenticated, Forbidden, NotFound),
)
async def end_membership(
    session: Uow, actor: CurrentActor, organisation_id: UUID, person_id: UUID
) -> Response:
    """End a person's membership of the own organisation."""
    now = await clock.real_now(session)
    await service.end_membership(session, actor, organisation_id, person_id, now)
    return Response(status_code=204)


@organisations.post(
    "/{organisation_id}/relations",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        Unauthenticated, Forbidden, NotFound, BadRelation, BadCreditCode, RelationDeclared
    ),
)
async def declare_relation(
    session: Uow, actor: CurrentActor, organisation_id: UUID, new: NewRelation
) -> RelationView:
    """Declare whom an organisation controls, belongs to, is related to, or works for.

    Declared by its administrator, by the platform's staff about themselves, or by an operator. A
    declared relation bars from bidding (拍卖法 22, 23, 30; 法释〔2016〕18号 34).
    """
    relation = await relations.declare(session, actor, organisation_id, new)
    return RelationView.model_validate(relation)


@organisations.get(
    "/{organisation_id}/relations", responses=declared(Unauthenticated, NotFound, BadCursor)
)
async def list_relations(
    session: Uow, actor: CurrentActor, organisation_id: UUID, page: Paging
) -> Page[RelationView]:
    """Relations that an organisation declared or is named in, ended ones too, newest first.

    For its own people, operators and regulators.
    """
    rows = await relations.listed(session, actor, organisation_id, cursor_id(page), page.limit + 1)
    items, cursor = make_page(rows, page, lambda row: [row.id])
    return Page(items=[RelationView.model_validate(row) for row in items], next_cursor=cursor)


@organisations.delete(
    "/{organisation_id}/relations/{relation_id}",
    status_code=204,
    responses=declared(Unauthenticated, Forbidden, NotFound, RelationEnded),
)
async def end_relation(
    session: Uow, actor: CurrentActor, organisation_id: UUID, relation_id: UUID
) -> Response:
    """End a declared relation; it stays on record. An operator's is ended by an operator."""
    now = await clock.now(session)
    await relations.end(session, actor, organisation_id, relation_id, now)
    return Response(status_code=204)


@mandates.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(Unauthenticated, Forbidden, NotABroker, BadMandatePeriod),
)
async def grant_mandate(session: Uow, actor: CurrentActor, new: NewMandate) -> MandateView:
    """Authorise a broker to act in the own organisation's name."""
    mandate = await service.grant_mandate(session, actor, new, await clock.now(session))
    return MandateView.model_validate(mandate)


@mandates.get("", responses=declared(Unauthenticated))
async def list_mandates(session: Uow, actor: CurrentActor) -> list[MandateView]:
    """Mandates that the own organisation gave or got."""
    return [MandateView.model_validate(row) for row in await service.mandates(session, actor)]


@mandates.post("/{mandate_id}/revoke", responses=declared(Unauthenticated, Forbidden, NotFound))
async def revoke_mandate(session: Uow, actor: CurrentActor, mandate_id: UUID) -> MandateView:
    """End a mandate at once."""
    mandate = await service.revoke_mandate(session, actor, mandate_id, await clock.now(session))
    return MandateView.model_validate(mandate)
