"""Reads of the listings module."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.achievements import service as achievements
from app.kit import search_terms
from app.kit.actor import Actor
from app.kit.coalesce import Coalescer
from app.kit.errors import NotFound
from app.kit.http import BadCursor, Page, PageRequest, make_page
from app.kit.patents import PatentRegister
from app.ledger.facts import DepositFacts
from app.listings import access, checks, deposits, repository
from app.listings.models import Application, Listing
from app.listings.repository import Filters, Reach, Sort
from app.listings.sale_profiles import PROFILES
from app.listings.schemas import (
    PRIVATE_MEMBERS,
    PUBLIC_MEMBERS,
    ApplicationView,
    DepositView,
    FindingView,
    ListingView,
    ProfileView,
)
from app.listings.states import ListingState

due = repository.due
any_live = repository.any_live
suspensions_over = repository.suspensions_over
overdue_applications = repository.overdue_applications


_PUBLIC_COLUMNS = tuple(getattr(Listing, name) for name in PUBLIC_MEMBERS)
_PUBLIC_BY_ID = select(*_PUBLIC_COLUMNS).where(
    Listing.id == any_(bindparam("ids", type_=ARRAY(Uuid()))), Listing.published_at.is_not(None)
)


@dataclass(frozen=True, slots=True)
class PublicListing:
    """A published listing as everyone sees it: its version and its JSON document."""

    version: int
    document: bytes


class PublicReader:
    """Published listings by id, read in batches and never kept (ADR 0010)."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._coalescer: Coalescer[UUID, PublicListing] = Coalescer(self._load)

    async def get(self, listing_id: UUID) -> PublicListing:
        """One published listing; raises NotFound."""
        found = await self._coalescer.get(listing_id)
        if found is None:
            raise NotFound
        return found

    async def _load(self, ids: Sequence[UUID]) -> dict[UUID, PublicListing]:
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_PUBLIC_BY_ID, {"ids": list(ids)})).all()
        return {
            row.id: PublicListing(
                row.version,
                orjson.dumps(dict(zip(PUBLIC_MEMBERS, row, strict=True)), option=orjson.OPT_UTC_Z),
            )
            for row in rows
        }


async def get(session: AsyncSession, actor: Actor | None, listing_id: UUID) -> ListingView:
    """One listing, as much of it as the actor may see."""
    return view(actor, access.visible(actor, await repository.listing(session, listing_id)))


async def findings(
    session: AsyncSession, actor: Actor, listing_id: UUID, register: PatentRegister
) -> list[FindingView]:
    """What the guards find about a listing today; for the seller and overseers."""
    listing = access.visible(actor, await repository.listing(session, listing_id))
    if not access.sees_all_of(actor, listing):
        raise NotFound
    achievement = await achievements.facts(session, listing.achievement_id)
    found = await checks.findings(session, listing, achievement, register)
    return [FindingView.model_validate(one) for one in found]


def view(actor: Actor | None, listing: Listing) -> ListingView:
    """What the actor sees of a listing."""
    shown = ListingView.model_validate(listing)
    if not access.sees_all_of(actor, listing):
        for name in PRIVATE_MEMBERS:
            setattr(shown, name, None)
    return shown


def narrowed(
    *,
    q: str | None = None,
    technical_field: str | None = None,
    ipc: str | None = None,
    region: str | None = None,
    transfer_mode: str | None = None,
    state: ListingState | None = None,
    price_min_fen: int | None = None,
    price_max_fen: int | None = None,
    seller_id: UUID | None = None,
    achievement_id: UUID | None = None,
) -> Filters:
    """What a list is narrowed to: words of title or summary, the head of an IPC symbol or of a
    region code, prices in fen."""
    words = search_terms.normalised(q or "").replace("\x00", "")
    return Filters(
        phrases=tuple(words.split()),
        grams=tuple(search_terms.query_grams(words)),
        technical_field=technical_field,
        ipc_term=ipc,
        regions=None if region is None else search_terms.region_bounds(region),
        transfer_mode=transfer_mode,
        state=state,
        price_min_fen=price_min_fen,
        price_max_fen=price_max_fen,
        seller_id=seller_id,
        achievement_id=achievement_id,
    )


async def listed(
    session: AsyncSession,
    actor: Actor | None,
    filters: Filters,
    sort: Sort,
    request: PageRequest,
) -> Page[ListingView]:
    """A page of the listings that the actor may see, as much of each as it may see."""
    filters = replace(filters, reach=_reach(actor, filters.seller_id))
    rows = await repository.listings(
        session, filters, sort, _position(sort, request), request.limit + 1
    )
    items, cursor = make_page(rows, request, lambda row: _position_of(sort, row))
    return Page(items=[view(actor, row) for row in items], next_cursor=cursor)


def profiles() -> list[ProfileView]:
    """The listing profiles of every time and kind of seller."""
    return [
        ProfileView.model_validate(
            asdict(found) | {"seller_kinds": sorted(found.seller_kinds), "verify": found.verify}
        )
        for found in PROFILES
    ]


def _reach(actor: Actor | None, seller_id: UUID | None) -> Reach:
    """Which listings a list for this seller may show: own ones all, overseers all but drafts."""
    if actor is not None and seller_id is not None and seller_id == actor.party_id:
        return "own"
    if actor is not None and actor.roles & access.OVERSEERS:
        return "overseer"
    return "public"


def _position_of(sort: Sort, listing: Listing) -> list[Any]:
    """The cursor after this listing."""
    value = getattr(listing, repository.sort_column(sort).key)
    return [value.isoformat() if isinstance(value, datetime) else value, str(listing.id)]


def _position(sort: Sort, request: PageRequest) -> tuple[Any, UUID] | None:
    if request.after is None:
        return None
    try:
        value, last = request.after
        listing_id = UUID(last)
        if sort not in {"price", "-price"}:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise BadCursor(field="query.cursor")
            return moment, listing_id
    except (ValueError, TypeError, AttributeError):
        raise BadCursor(field="query.cursor") from None
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise BadCursor(field="query.cursor")
    return value, listing_id


async def applications(
    session: AsyncSession, actor: Actor, listing_id: UUID, after: UUID | None, limit: int
) -> list[ApplicationView]:
    """Applications: all for the operator and the seller, the own one for others."""
    listing = access.visible(actor, await repository.listing(session, listing_id))
    everyone = access.sees_all_applications(actor) or actor.party_id == listing.seller_id
    rows = await repository.applications(
        session,
        listing_id,
        applicant_id=None if everyone else actor.require_party(),
        after=after,
        limit=limit,
    )
    paid = await deposits.of_applications(session, rows)
    return [application_view(actor, listing, row, paid.get(row.id)) for row in rows]


def application_view(
    actor: Actor, listing: Listing, application: Application, deposit: DepositFacts | None
) -> ApplicationView:
    """What the actor sees of an application: sellers learn names when the period is over, and
    deposits are between the applicant and the operator."""
    shown = ApplicationView.model_validate(application)
    own = application.applicant_id == actor.party_id
    if not own and not access.sees_applicants(actor, listing):
        shown.applicant_id = shown.broker_id = shown.statement = shown.reason = None
        shown.appeal = None
    if deposit is not None and (own or access.sees_all_applications(actor)):
        shown.deposit = DepositView.model_validate(deposit)
    return shown


async def own_view(
    session: AsyncSession, actor: Actor, application: Application
) -> ApplicationView:
    """An application after an act on it."""
    listing = await repository.listing(session, application.listing_id)
    assert listing is not None
    paid = await deposits.of_applications(session, [application])
    return application_view(actor, listing, application, paid.get(application.id))
