"""HTTP of the listings module."""

from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from starlette.routing import Route

from app.achievements.errors import AchievementNotPublished, OwnerAnonymous
from app.kit.actor import CurrentActor, OptionalActor, optional_actor
from app.kit.db import Uow, unit_of_work
from app.kit.errors import (
    IllegalMove,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unauthenticated,
)
from app.kit.errors import problems as declared
from app.kit.http import (
    API,
    FEN_LIMIT,
    BadCursor,
    IfMatch,
    Page,
    Paging,
    cursor_id,
    etag,
    make_page,
    trade_router,
)
from app.kit.idempotency import Idempotent
from app.listings import checks, queries, rules, service
from app.listings.errors import (
    AchievementNotListable,
    AlreadyApplied,
    BidderBarred,
    ChecksOpen,
    ExclusiveRightListed,
    GuardsFailed,
    ListingNotOpen,
    NoDepositDue,
    NotAnApplicant,
    NotCheckable,
    OwnListing,
    ReasonRequired,
    RequirementNotPublished,
    RightAlreadyAwarded,
)
from app.listings.repository import Filters, Sort
from app.listings.responses import ACTING, TERMS, Register
from app.listings.schemas import (
    ApplicationDecision,
    ApplicationView,
    CheckEvidence,
    DepositReceipt,
    FindingView,
    ListingEdit,
    ListingReview,
    ListingView,
    NewApplication,
    NewListing,
    ProfileView,
    Withdrawal,
)
from app.listings.states import ListingState

listings = trade_router("/listings", "listings")
routers: tuple[APIRouter, ...] = (listings,)


@listings.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        *ACTING, AchievementNotPublished, OwnerAnonymous, RightAlreadyAwarded, *TERMS
    ),
)
async def create_listing(
    response: Response, session: Uow, actor: CurrentActor, new: NewListing
) -> ListingView:
    """Draft a listing of an own, published achievement."""
    listing = await service.create(session, actor, new)
    response.headers["Location"] = f"/api/v1/listings/{listing.id}"
    response.headers["ETag"] = etag(listing.version)
    return queries.view(actor, listing)


def filters(
    q: Annotated[
        str | None, Query(min_length=1, max_length=200, description="words of title or summary")
    ] = None,
    technical_field: Annotated[str | None, Query(max_length=64)] = None,
    ipc: Annotated[
        str | None,
        Query(
            pattern=rules.IPC_PREFIX.pattern,
            description="section, class, subclass, main group or group",
            examples=["H01L"],
        ),
    ] = None,
    region: Annotated[
        str | None, Query(pattern=r"^([0-9]{2}){1,3}$", description="GB/T 2260 code or its head")
    ] = None,
    transfer_mode: Annotated[str | None, Query(max_length=64)] = None,
    state: ListingState | None = None,
    price_min_fen: Annotated[int | None, Query(ge=0, le=FEN_LIMIT)] = None,
    price_max_fen: Annotated[int | None, Query(ge=0, le=FEN_LIMIT)] = None,
    seller_id: UUID | None = None,
    achievement_id: UUID | None = None,
) -> Filters:
    """What a list of listings is narrowed to."""
    return queries.narrowed(
        q=q,
        technical_field=technical_field,
        ipc=ipc,
        region=region,
        transfer_mode=transfer_mode,
        state=state,
        price_min_fen=price_min_fen,
        price_max_fen=price_max_fen,
        seller_id=seller_id,
        achievement_id=achievement_id,
    )


@listings.get("", responses=declared(BadCursor))
async def list_listings(
    session: Uow,
    actor: OptionalActor,
    request: Paging,
    narrowed: Annotated[Filters, Depends(filters)],
    sort: Sort = "newest",
) -> Page[ListingView]:
    """Listings that were published; with the own `seller_id` also drafts, for overseers all others.

    `q` takes words, all of which must be in title or summary.
    """
    return await queries.listed(session, actor, narrowed, sort, request)


@listings.get("/profiles")
async def list_profiles() -> list[ProfileView]:
    """The listing profiles: minimum disclosure periods, their sources, what is to be verified."""
    return queries.profiles()


@listings.get(
    "/{listing_id}",
    response_model=ListingView,
    responses=declared(NotFound) | {304: {"description": "The ETag that was sent is current"}},
)
async def get_listing(
    request: Request,
    listing_id: UUID,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """One listing; with credentials, the seller and overseers see more of it.

    Without credentials it takes the short way: no transaction of its own, no model in between.
    """
    if "authorization" in request.headers:
        async with asynccontextmanager(unit_of_work)(request) as session:
            shown = await queries.get(session, await optional_actor(request), listing_id)
        version, document = shown.version, shown.model_dump_json().encode()
    else:
        found = await _public_reader(request.app).get(listing_id)
        version, document = found.version, found.document
    headers = {"ETag": etag(version), "Vary": "Authorization", "Cache-Control": "no-cache"}
    if if_none_match is not None and _matches(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(document, headers=headers, media_type="application/json")


def _public_reader(app: FastAPI) -> queries.PublicReader:
    reader: queries.PublicReader | None = getattr(app.state, "listing_reader", None)
    if reader is None:
        reader = app.state.listing_reader = queries.PublicReader(app.state.engine)
    return reader


def _matches(if_none_match: str, tag: str) -> bool:
    """Weak comparison (RFC 9110, 13.1.2)."""
    tags = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return tag in tags or "*" in tags


async def short_way(request: Request) -> Response:
    """`get_listing` without the framework's reading of parameters, which took half of its time.

    The composition root puts it in front of all routes for addresses with a UUID.
    """
    request.scope["route"] = SHORT_WAY
    return await get_listing(
        request, request.path_params["listing_id"], request.headers.get("if-none-match")
    )


SHORT_WAY = Route(API + "/listings/{listing_id:uuid}", short_way, methods=["GET"])


@listings.patch(
    "/{listing_id}",
    responses=declared(*ACTING, IllegalMove, PreconditionFailed, PreconditionRequired, *TERMS),
)
async def edit_listing(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    listing_id: UUID,
    version: IfMatch,
    change: ListingEdit,
) -> ListingView:
    """Change a draft; terms are fixed from the moment it is handed in (rules.md C-7)."""
    listing = await service.edit(session, actor, listing_id, change, version)
    response.headers["ETag"] = etag(listing.version)
    return queries.view(actor, listing)


@listings.post(
    "/{listing_id}/submit",
    responses=declared(
        *ACTING,
        IllegalMove,
        AchievementNotPublished,
        OwnerAnonymous,
        ExclusiveRightListed,
        RightAlreadyAwarded,
        GuardsFailed,
        *TERMS,
    ),
)
async def submit_listing(
    session: Uow, actor: CurrentActor, register: Register, listing_id: UUID
) -> ListingView:
    """Hand a draft in for review; the guards look at it first."""
    return queries.view(actor, await service.submit(session, actor, listing_id, register))


@listings.get("/{listing_id}/checks", responses=declared(Unauthenticated, NotFound))
async def list_checks(
    session: Uow, actor: CurrentActor, register: Register, listing_id: UUID
) -> list[FindingView]:
    """What every guard finds today, with its source; for the seller and overseers."""
    return await queries.findings(session, actor, listing_id, register)


@listings.post(
    "/{listing_id}/checks", responses=declared(*ACTING, IllegalMove, OwnListing, NotCheckable)
)
async def add_check(
    session: Uow,
    actor: CurrentActor,
    register: Register,
    listing_id: UUID,
    check: CheckEvidence,
) -> list[FindingView]:
    """An operator puts evidence on record for what a guard could not decide."""
    found = await checks.add(session, actor, listing_id, check.code, check.evidence, register)
    return [FindingView.model_validate(one) for one in found]


@listings.post(
    "/{listing_id}/review",
    responses=declared(
        *ACTING,
        IllegalMove,
        OwnListing,
        ReasonRequired,
        AchievementNotListable,
        GuardsFailed,
        ChecksOpen,
        *TERMS,
    ),
)
async def review_listing(
    session: Uow,
    actor: CurrentActor,
    register: Register,
    listing_id: UUID,
    decision: ListingReview,
) -> ListingView:
    """An operator publishes a listing for its disclosure period, or sends it back."""
    return queries.view(actor, await service.review(session, actor, listing_id, decision, register))


@listings.post(
    "/{listing_id}/withdraw",
    responses=declared(*ACTING, IllegalMove, ListingNotOpen, ReasonRequired),
)
async def withdraw_listing(
    session: Uow, actor: CurrentActor, listing_id: UUID, withdrawal: Withdrawal
) -> ListingView:
    """The seller takes a listing back."""
    return queries.view(
        actor, await service.withdraw(session, actor, listing_id, withdrawal.reason)
    )


@listings.post(
    "/{listing_id}/applications",
    status_code=201,
    dependencies=[Idempotent],
    responses=declared(
        *ACTING, OwnListing, BidderBarred, NotAnApplicant, ListingNotOpen, AlreadyApplied
    ),
)
async def apply(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    listing_id: UUID,
    new: NewApplication,
) -> ApplicationView:
    """An enterprise applies to be a bidder."""
    application = await service.apply(session, actor, listing_id, new)
    response.headers["Location"] = f"/api/v1/listings/{listing_id}/applications"
    response.headers["ETag"] = etag(application.version)
    return await queries.own_view(session, actor, application)


@listings.get(
    "/{listing_id}/applications", responses=declared(Unauthenticated, NotFound, BadCursor)
)
async def list_applications(
    session: Uow, actor: CurrentActor, listing_id: UUID, request: Paging
) -> Page[ApplicationView]:
    """Applications: all for the operator and the seller, who learns names after the period; the
    own one for everyone else."""
    rows = await queries.applications(
        session, actor, listing_id, cursor_id(request), request.limit + 1
    )
    items, cursor = make_page(rows, request, lambda row: [row.id])
    return Page(items=items, next_cursor=cursor)


@listings.post(
    "/{listing_id}/applications/{application_id}/decision",
    responses=declared(
        *ACTING,
        IllegalMove,
        OwnListing,
        BidderBarred,
        ListingNotOpen,
        ReasonRequired,
        RequirementNotPublished,
    ),
)
async def decide_application(
    session: Uow,
    actor: CurrentActor,
    listing_id: UUID,
    application_id: UUID,
    decision: ApplicationDecision,
) -> ApplicationView:
    """An operator qualifies or refuses an applicant."""
    application = await service.decide(session, actor, listing_id, application_id, decision)
    return await queries.own_view(session, actor, application)


@listings.post(
    "/{listing_id}/applications/{application_id}/confirm-deposit",
    responses=declared(*ACTING, IllegalMove, ListingNotOpen, NoDepositDue),
)
async def confirm_deposit(
    session: Uow,
    actor: CurrentActor,
    listing_id: UUID,
    application_id: UUID,
    receipt: DepositReceipt | None = None,
) -> ApplicationView:
    """An operator vouches that the deposit arrived, before the bank's statement shows it."""
    evidence = "" if receipt is None else receipt.evidence
    application = await service.confirm_deposit(
        session, actor, listing_id, application_id, evidence
    )
    return await queries.own_view(session, actor, application)


@listings.post(
    "/{listing_id}/applications/{application_id}/withdraw",
    responses=declared(*ACTING, IllegalMove, ListingNotOpen),
)
async def withdraw_application(
    session: Uow, actor: CurrentActor, listing_id: UUID, application_id: UUID
) -> ApplicationView:
    """The applicant steps back."""
    application = await service.withdraw_application(session, actor, listing_id, application_id)
    return await queries.own_view(session, actor, application)
