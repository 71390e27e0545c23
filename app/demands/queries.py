"""Reads of the demands module: lists, one demand, and profiles for others to read."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.demands import access, repository, rules
from app.demands.models import Demand
from app.demands.repository import Filters, Reach, Sort
from app.demands.schemas import PRIVATE_MEMBERS, Completeness, DemandView, MissingMember
from app.demands.states import DemandState
from app.kit import search_terms
from app.kit.actor import Actor
from app.kit.db import Sessions
from app.kit.errors import Unauthenticated
from app.kit.http import BadCursor, Page, PageRequest, make_page
from app.standard import service as standard

EXPORT_BATCH = 500
_IDENTITY = ("owner_id", "owner_name")
_PLAIN = (
    "id",
    "version",
    "state",
    "anonymous",
    "broker_id",
    "broker_name",
    "published_at",
    "expires_at",
    "closed_at",
    "rule_set",
)

expired = repository.expired
to_remind = repository.to_remind


async def get(session: AsyncSession, actor: Actor | None, demand_id: UUID) -> DemandView:
    """One demand, as much of it as the actor may see."""
    demand = await repository.demand(session, demand_id)
    known = await _in_contact(session, actor, [demand_id])
    if demand is not None and demand_id in known:
        return _view(actor, demand, known=True)
    return _view(actor, access.visible(actor, demand), known=False)


async def view(session: AsyncSession, actor: Actor | None, demand: Demand) -> DemandView:
    """A demand after an act on it."""
    known = await _in_contact(session, actor, [demand.id])
    return _view(actor, demand, known=demand.id in known)


async def _in_contact(
    session: AsyncSession, actor: Actor | None, ids: Sequence[UUID]
) -> frozenset[UUID]:
    if actor is None or actor.party_id is None:
        return frozenset()
    return await repository.in_contact(session, actor.party_id, ids)


def _view(actor: Actor | None, demand: Demand, *, known: bool) -> DemandView:
    found = standard.completeness(demand.profile)
    everything = access.sees_all_of(actor, demand)
    supplies = demand.supplier_id is not None and access.acts_for(actor, demand.supplier_id)
    names = [*_PLAIN]
    if everything or known or supplies or not demand.anonymous:
        names += _IDENTITY
    if everything:
        names += PRIVATE_MEMBERS
    return DemandView.model_validate(
        dict.fromkeys((*_IDENTITY, *PRIVATE_MEMBERS))
        | {name: getattr(demand, name) for name in names}
        | {
            "profile": exported(demand),
            "completeness": Completeness(
                score=found.score,
                missing=[MissingMember(field=name, weight=w) for name, w in found.missing],
            ),
        }
    )


def exported(demand: Demand) -> dict[str, Any]:
    """A demand's profile by the standard; a published one says until when."""
    if demand.expires_at is None:
        return demand.profile
    return demand.profile | {"expires_on": rules.last_day(demand.expires_at).isoformat()}


def narrowed(
    *,
    q: str | None = None,
    type_: str | None = None,
    technical_field: str | None = None,
    province: str | None = None,
    budget_min_fen: int | None = None,
    state: DemandState | None = None,
) -> Filters:
    """What a list is narrowed to: words of title, summary or keywords, and codes."""
    words = search_terms.normalised(q or "").replace("\x00", "")
    return Filters(
        phrases=tuple(words.split()),
        grams=tuple(search_terms.query_grams(words)),
        type=type_,
        technical_field=technical_field,
        province=province,
        budget_min_fen=budget_min_fen,
        state=state,
    )


async def listed(
    session: AsyncSession,
    actor: Actor | None,
    filters: Filters,
    sort: Sort,
    request: PageRequest,
    *,
    mine: bool = False,
) -> Page[DemandView]:
    """A page of demands: the published ones unless a state is asked for, or all of the own.

    Overseers see those that are not public if they ask for their state. Raises Unauthenticated
    when a visitor asks for its own.
    """
    if mine:
        if actor is None:
            raise Unauthenticated
        filters = replace(filters, reach="own", owner_id=actor.require_party())
    else:
        filters = replace(
            filters, reach=_reach(actor), state=filters.state or DemandState.PUBLISHED
        )
    rows = await repository.demands(
        session, filters, sort, _position(sort, request), request.limit + 1
    )
    items, cursor = make_page(rows, request, lambda row: _position_of(sort, row))
    known = await _in_contact(session, actor, [row.id for row in items])
    return Page(
        items=[_view(actor, row, known=row.id in known) for row in items], next_cursor=cursor
    )


def _reach(actor: Actor | None) -> Reach:
    if actor is None or not actor.roles:
        return "public"
    return "overseer" if actor.roles & access.OVERSEERS else "registered"


def _position_of(sort: Sort, demand: Demand) -> list[Any]:
    """The cursor after this demand."""
    value = getattr(demand, repository.sort_column(sort).key)
    return [value.isoformat() if isinstance(value, datetime) else value, str(demand.id)]


def _position(sort: Sort, request: PageRequest) -> tuple[Any, UUID] | None:
    if request.after is None:
        return None
    try:
        value, last = request.after
        demand_id = UUID(last)
        if sort != "-budget":
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise BadCursor(field="query.cursor")
            return moment, demand_id
    except (ValueError, TypeError, AttributeError):
        raise BadCursor(field="query.cursor") from None
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise BadCursor(field="query.cursor")
    return value, demand_id


async def export(sessions: Sessions, actor: Actor | None) -> AsyncIterator[bytes]:
    """Profiles of all published demands that the actor may see, as JSON Lines, the newest first.

    Every batch is read in a transaction of its own, so that a slow reader holds none.
    """
    filters = Filters(reach=_reach(actor), state=DemandState.PUBLISHED)
    after: tuple[Any, UUID] | None = None
    while True:
        async with sessions() as session:
            rows = await repository.demands(session, filters, "newest", after, EXPORT_BATCH)
        if rows:
            yield b"".join(orjson.dumps(exported(row)) + b"\n" for row in rows)
        if len(rows) < EXPORT_BATCH:
            return
        after = (rows[-1].posted_at, rows[-1].id)
