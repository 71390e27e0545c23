"""SQL of the listings module."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.listings.models import (
    Application,
    ApplicationDocument,
    Listing,
    ListingChange,
    ListingCheck,
    ListingClaim,
)
from app.listings.states import (
    LIVE,
    OPEN_APPLICATIONS,
    ApplicationState,
    ChangeState,
    ListingState,
)

Sort = Literal["newest", "price", "-price", "closing"]
Reach = Literal["public", "overseer", "own"]


@dataclass(frozen=True)
class Filters:
    """What a list of listings is narrowed to; the search fields are already normalised."""

    phrases: tuple[str, ...] = ()
    grams: tuple[str, ...] = ()
    technical_field: str | None = None
    ipc_term: str | None = None
    regions: tuple[str, str] | None = None
    transfer_mode: str | None = None
    state: ListingState | None = None
    price_min_fen: int | None = None
    price_max_fen: int | None = None
    seller_id: UUID | None = None
    achievement_id: UUID | None = None
    reach: Reach = "public"


async def listing(
    session: AsyncSession, listing_id: UUID, *, lock: Literal["", "update", "share"] = ""
) -> Listing | None:
    """One listing; a locked one is read as it is once the lock is held."""
    query = select(Listing).where(Listing.id == listing_id)
    if lock:
        query = query.with_for_update(read=lock == "share").execution_options(
            populate_existing=True
        )
    return (await session.execute(query)).scalar_one_or_none()


async def unlocked_due(session: AsyncSession, listing_id: UUID) -> Listing | None:
    """The listing, locked; None when another process holds it."""
    query = (
        select(Listing)
        .where(Listing.id == listing_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def listings_by_id(session: AsyncSession, ids: Iterable[UUID]) -> Sequence[Listing]:
    """Listings with these ids, in no order."""
    query = select(Listing).where(Listing.id.in_(list(ids)))
    return (await session.execute(query)).scalars().all()


async def listings(
    session: AsyncSession, filters: Filters, sort: Sort, after: tuple[Any, UUID] | None, limit: int
) -> Sequence[Listing]:
    """A page of listings in the order of `sort`, ties by id."""
    query = _narrowed(select(Listing), filters)
    column = sort_column(sort)
    key = tuple_(column, Listing.id)
    descending = sort in {"newest", "-price"}
    if sort == "closing":
        query = query.where(Listing.closes_at.is_not(None))
    if after is not None:
        bound = tuple_(*after)
        query = query.where(key < bound if descending else key > bound)
    if descending:
        query = query.order_by(column.desc(), Listing.id.desc())
    else:
        query = query.order_by(column, Listing.id)
    return (await session.execute(query.limit(limit))).scalars().all()


def sort_column(sort: Sort) -> InstrumentedAttribute[Any]:
    """What a sort orders by, before the id."""
    if sort == "closing":
        return Listing.closes_at
    return Listing.listed_at if sort == "newest" else Listing.price_fen


def _narrowed(query: Select[Listing], filters: Filters) -> Select[Listing]:
    conditions: list[ColumnElement[bool]] = []
    if filters.reach == "public":
        conditions.append(Listing.published_at.is_not(None))
    elif filters.reach == "overseer":
        conditions.append(Listing.state != ListingState.DRAFT.value)
    if filters.grams:
        conditions.append(Listing.grams.contains(list(filters.grams)))
    conditions += [
        Listing.search_text.contains(phrase, autoescape=True) for phrase in filters.phrases
    ]
    if filters.ipc_term is not None:
        conditions.append(Listing.ipc_terms.contains([filters.ipc_term]))
    if filters.regions is not None:
        conditions.append(Listing.region_code.between(*filters.regions))
    if filters.price_min_fen is not None:
        conditions.append(Listing.price_fen >= filters.price_min_fen)
    if filters.price_max_fen is not None:
        conditions.append(Listing.price_fen <= filters.price_max_fen)
    for column, value in (
        (Listing.technical_field, filters.technical_field),
        (Listing.transfer_mode, filters.transfer_mode),
        (Listing.state, filters.state.value if filters.state is not None else None),
        (Listing.seller_id, filters.seller_id),
        (Listing.achievement_id, filters.achievement_id),
    ):
        if value is not None:
            conditions.append(column == value)
    return query.where(*conditions)


async def lock_achievements(session: AsyncSession, achievement_ids: Iterable[UUID]) -> None:
    """Serialise decisions about the rights of these achievements until the transaction ends."""
    for achievement_id in sorted(achievement_ids):
        await session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
            {"key": f"listing-right:{achievement_id}"},
        )


async def awarding_listing(session: AsyncSession, achievement_ids: Iterable[UUID]) -> UUID | None:
    """A listing that awarded an exclusive right to one of these achievements."""
    query = (
        select(ListingClaim.listing_id)
        .join(Listing, Listing.id == ListingClaim.listing_id)
        .where(
            ListingClaim.achievement_id.in_(list(achievement_ids)),
            Listing.state == ListingState.AWARDED.value,
        )
        .order_by(ListingClaim.listing_id)
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def excluding_listing(
    session: AsyncSession,
    achievement_ids: Iterable[UUID],
    *,
    exclusive: bool,
    but: UUID | None = None,
) -> UUID | None:
    """A listing, `but` this one, whose claim leaves no room for it on these achievements."""
    query = select(ListingClaim.listing_id).where(
        ListingClaim.achievement_id.in_(list(achievement_ids))
    )
    if not exclusive:
        query = query.where(ListingClaim.exclusive)
    if but is not None:
        query = query.where(ListingClaim.listing_id != but)
    query = query.order_by(ListingClaim.listing_id).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def release_claims(session: AsyncSession, listing_id: UUID) -> None:
    """Drop the claims of a listing that holds none any more."""
    await session.execute(delete(ListingClaim).where(ListingClaim.listing_id == listing_id))


async def checks(session: AsyncSession, listing_id: UUID) -> Sequence[ListingCheck]:
    """What operators checked of a listing, the oldest first."""
    query = select(ListingCheck).where(ListingCheck.listing_id == listing_id)
    return (await session.execute(query.order_by(ListingCheck.id))).scalars().all()


async def change(session: AsyncSession, listing_id: UUID, change_id: UUID) -> ListingChange | None:
    """One change of a listing's terms; the listing's lock guards it."""
    query = select(ListingChange).where(
        ListingChange.id == change_id, ListingChange.listing_id == listing_id
    )
    query = query.execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def changes(session: AsyncSession, listing_id: UUID) -> Sequence[ListingChange]:
    """Changes of a listing's terms, the oldest first."""
    query = select(ListingChange).where(ListingChange.listing_id == listing_id)
    return (await session.execute(query.order_by(ListingChange.id))).scalars().all()


async def pending_change(session: AsyncSession, listing_id: UUID) -> UUID | None:
    """The change that waits for a decision."""
    query = select(ListingChange.id).where(
        ListingChange.listing_id == listing_id, ListingChange.state == ChangeState.PROPOSED.value
    )
    return (await session.execute(query)).scalar_one_or_none()


async def next_round(session: AsyncSession, listing_id: UUID) -> UUID | None:
    """The listing that follows in the chain."""
    query = select(Listing.id).where(
        Listing.previous_id == listing_id, Listing.state != ListingState.WITHDRAWN.value
    )
    return (await session.execute(query)).scalar_one_or_none()


async def chain(session: AsyncSession, listing_id: UUID) -> Sequence[Listing]:
    """Every round of the chain that a listing belongs to, the first one first."""
    back = select(Listing.id, Listing.previous_id).where(Listing.id == listing_id)
    back_cte = back.cte(recursive=True)
    back_cte = back_cte.union(
        select(Listing.id, Listing.previous_id).join(back_cte, Listing.id == back_cte.c.previous_id)
    )
    whole = select(back_cte.c.id).cte(recursive=True)
    whole = whole.union(select(Listing.id).join(whole, Listing.previous_id == whole.c.id))
    query = select(Listing).where(Listing.id.in_(select(whole.c.id))).order_by(Listing.id)
    return (await session.execute(query)).scalars().all()


async def any_live(session: AsyncSession, achievement_ids: Sequence[UUID]) -> bool:
    """Whether a live listing offers one of these achievements."""
    live = select(Listing.id).where(
        Listing.achievement_id.in_(list(achievement_ids)), Listing.state.in_(sorted(LIVE))
    )
    return (await session.execute(live.limit(1))).first() is not None


async def due(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Published listings whose period has ended, the earliest first."""
    query = (
        select(Listing.id)
        .where(Listing.state == ListingState.PUBLISHED.value, Listing.closes_at <= now)
        .order_by(Listing.closes_at, Listing.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def suspensions_over(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Suspended listings that have been so for as long as they may, the earliest first."""
    query = (
        select(Listing.id)
        .where(Listing.suspended_until <= now)
        .order_by(Listing.suspended_until, Listing.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def provisional(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[Listing]:
    """Published listings with a provisional end, locked, by id."""
    query = select(Listing).where(
        Listing.state == ListingState.PUBLISHED.value, Listing.closes_provisional
    )
    if after is not None:
        query = query.where(Listing.id > after)
    query = (
        query.order_by(Listing.id)
        .limit(limit)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalars().all()


async def application(
    session: AsyncSession, application_id: UUID, *, lock: bool = False
) -> Application | None:
    """One application."""
    query = select(Application).where(Application.id == application_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def application_of(
    session: AsyncSession, listing_id: UUID, applicant_id: UUID
) -> Application | None:
    """A party's application to a listing."""
    query = select(Application).where(
        Application.listing_id == listing_id, Application.applicant_id == applicant_id
    )
    return (await session.execute(query)).scalar_one_or_none()


async def applications(
    session: AsyncSession,
    listing_id: UUID,
    *,
    applicant_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Application]:
    """A page of applications to a listing, the oldest first."""
    query = select(Application).where(Application.listing_id == listing_id)
    if applicant_id is not None:
        query = query.where(Application.applicant_id == applicant_id)
    if after is not None:
        query = query.where(Application.id > after)
    return (await session.execute(query.order_by(Application.id).limit(limit))).scalars().all()


async def applicants(session: AsyncSession, listing_id: UUID) -> Sequence[Row[UUID, UUID]]:
    """Every application to a listing (`id`) and who made it (`applicant_id`)."""
    query = select(Application.id, Application.applicant_id)
    query = query.where(Application.listing_id == listing_id).order_by(Application.id)
    return (await session.execute(query)).all()


async def applicants_of(
    session: AsyncSession, listing_ids: Iterable[UUID]
) -> Sequence[Row[UUID, UUID, UUID]]:
    """Every application to these listings (`id`, `listing_id`) and who made it (`applicant_id`)."""
    query = select(Application.id, Application.listing_id, Application.applicant_id)
    return (await session.execute(query.where(Application.listing_id.in_(listing_ids)))).all()


async def undecided_or_qualified(session: AsyncSession, listing_id: UUID) -> Sequence[Application]:
    """Applications that are not over, locked, the oldest first."""
    query = (
        select(Application)
        .where(
            Application.listing_id == listing_id,
            Application.state.in_([*OPEN_APPLICATIONS, ApplicationState.QUALIFIED]),
        )
        .order_by(Application.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalars().all()


async def qualified(
    session: AsyncSession, listing_id: UUID, *, with_deposit: bool
) -> Sequence[UUID]:
    """Applicants that qualified, and whose deposit arrived if one is due, in order of applying."""
    query = select(Application.applicant_id).where(
        Application.listing_id == listing_id,
        Application.state == ApplicationState.QUALIFIED.value,
    )
    if with_deposit:
        query = query.where(Application.deposit_confirmed_at.is_not(None))
    return (await session.execute(query.order_by(Application.id))).scalars().all()


async def overdue_applications(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Applications whose decision is late and not marked so, the earliest first."""
    query = (
        select(Application.id)
        .where(
            Application.state == ApplicationState.SUBMITTED.value,
            Application.overdue_at.is_(None),
            Application.due_at <= now,
        )
        .order_by(Application.due_at, Application.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def unlocked_application(session: AsyncSession, application_id: UUID) -> Application | None:
    """The application, locked; None when another process holds it."""
    query = select(Application).where(Application.id == application_id)
    query = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def application_documents(
    session: AsyncSession, application_id: UUID
) -> Sequence[ApplicationDocument]:
    """Files of an application, the oldest first."""
    query = select(ApplicationDocument).where(ApplicationDocument.application_id == application_id)
    return (await session.execute(query.order_by(ApplicationDocument.id))).scalars().all()


async def published_ids(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Ids of what was published, in their order; for those who keep copies."""
    query = select(Listing.id).where(Listing.published_at.is_not(None))
    if after is not None:
        query = query.where(Listing.id > after)
    return (await session.execute(query.order_by(Listing.id).limit(limit))).scalars().all()


async def turnout(
    session: AsyncSession, technical_field: str | None, since: datetime
) -> tuple[int, int]:
    """Listings that were awarded or failed since then, and their qualified applicants in all.

    Those that are negotiated with whoever comes are left out: nobody had to apply.
    """
    query = (
        select(func.count(Listing.id.distinct()), func.count(Application.id))
        .select_from(Listing)
        .outerjoin(
            Application,
            and_(
                Application.listing_id == Listing.id,
                Application.state == ApplicationState.QUALIFIED.value,
            ),
        )
        .where(
            Listing.published_at.is_not(None),
            Listing.state.in_((ListingState.AWARDED.value, ListingState.FAILED.value)),
            Listing.negotiation != "open",
            Listing.closed_at >= since,
        )
    )
    if technical_field is not None:
        query = query.where(Listing.technical_field == technical_field)
    listings, bidders = (await session.execute(query)).one()
    return listings, bidders
