"""The front page, and the desk that shows what waits for the visitor."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from app.achievements import queries as offers
from app.auctions import service as auctions
from app.auctions.states import AuctionState
from app.contracts import service as contracts
from app.contracts.states import ContractState
from app.deals import succession
from app.demands import queries as demands
from app.demands.states import DemandState
from app.kit.http import PageRequest
from app.listings import queries as listings
from app.listings.states import ListingState
from app.parties import service as parties
from app.parties.states import OrganisationState
from app.registrations import queries as registrations
from app.registrations.states import RegistrationState
from app.web.statistics import market_figures
from app.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)
SHORT = PageRequest(limit=6)
LONG = PageRequest(limit=30)


@router.get("/")
async def front_page(visit: Visit) -> Response:
    """The market at a glance."""
    live = await _auctions(visit, AuctionState.OPEN)
    coming = await _auctions(visit, AuctionState.SCHEDULED) if len(live) < 3 else []
    return visit.page(
        "home.html",
        figures=await market_figures(visit),
        closing=await _listings(visit, SHORT, "closing", state=ListingState.PUBLISHED),
        newest=await _listings(visit, SHORT, "newest", state=ListingState.PUBLISHED),
        live=live,
        coming=coming,
    )


async def _listings(visit: Visitor, page: PageRequest, sort: Any, **wanted: Any) -> list[Any]:
    narrowed = listings.narrowed(**wanted)
    found = await listings.listed(visit.session, visit.actor, narrowed, sort, page)
    return found.items


async def _auctions(visit: Visitor, state: AuctionState, *, mine: bool = False) -> list[Any]:
    own = visit.actor.party_id if mine and visit.actor is not None else None
    rows = await auctions.auction_list(
        visit.session,
        state=state,
        seller_id=None,
        listing_id=None,
        bidder_id=own,
        by_end=True,
        after=None,
        limit=SHORT.limit,
    )
    return list(await auctions.views(visit.session, visit.actor, rows, visit.now))


@router.get("/desk")
async def desk(visit: Visit) -> Response:
    """What waits for the visitor, by role."""
    actor = visit.require_actor()
    trader = visit.has_role("trader") and actor.party_id is not None
    shown: dict[str, Any] = {
        "own_listings": [],
        "to_sign": [],
        "drafts": [],
        "bidding": [],
        "reviews": [],
        "applicants": [],
        "organisations": [],
        "queue": [],
        "own_registrations": [],
        "own_demands": [],
        "demand_reviews": [],
        "offer_reviews": [],
    }
    if trader:
        shown["own_listings"] = await _listings(visit, LONG, "newest", seller_id=actor.party_id)
        shown["own_demands"] = await _demands(visit, mine=True)
        shown["to_sign"] = await _contracts(visit, ContractState.SIGNING)
        shown["drafts"] = await _contracts(visit, ContractState.DRAFT)
        shown["bidding"] = [
            *await _auctions(visit, AuctionState.OPEN, mine=True),
            *await _auctions(visit, AuctionState.SCHEDULED, mine=True),
        ]
        shown["runner_up"] = await succession.open_offers(visit.session, actor)
        shown["own_registrations"] = [
            row
            for state in (RegistrationState.DRAFT, RegistrationState.NEEDS_CORRECTION)
            for row in await _registrations(visit, state)
        ]
    if visit.has_role("registrar"):
        shown["queue"] = [
            row
            for state in (RegistrationState.SUBMITTED, RegistrationState.ACCEPTED)
            for row in await _registrations(visit, state)
        ]
    if visit.has_role("operator"):
        shown["reviews"] = await _listings(visit, LONG, "newest", state=ListingState.UNDER_REVIEW)
        shown["demand_reviews"] = await _demands(visit, state=DemandState.UNDER_REVIEW)
        shown["offer_reviews"] = await offers.achievement_list(
            visit.session,
            actor,
            offers.Wanted(review="waiting"),
            sort="oldest",
            after=None,
            limit=LONG.limit,
        )
        shown["applicants"] = await _listings(visit, LONG, "closing", state=ListingState.PUBLISHED)
    if visit.has_role("operator", "platform_admin"):
        shown["organisations"] = await parties.organisation_list(
            visit.session,
            actor,
            state=OrganisationState.PENDING,
            kind=None,
            name=None,
            after=None,
            limit=LONG.limit,
        )
    return visit.page(
        "desk.html",
        trader=trader,
        roles=sorted(actor.roles),
        clients=await _clients(visit),
        **shown,
    )


async def _demands(
    visit: Visitor, *, mine: bool = False, state: DemandState | None = None
) -> list[Any]:
    narrowed = demands.narrowed(state=state)
    page = await demands.listed(visit.session, visit.actor, narrowed, "newest", LONG, mine=mine)
    return page.items


async def _contracts(visit: Visitor, state: ContractState) -> list[Any]:
    return list(
        await contracts.contract_list(
            visit.session,
            visit.require_actor(),
            state=state,
            deal_id=None,
            after=None,
            limit=LONG.limit,
        )
    )


async def _registrations(visit: Visitor, state: RegistrationState) -> list[Any]:
    rows = await registrations.registration_list(
        visit.session,
        visit.require_actor(),
        state=state,
        contract_id=None,
        overdue=None,
        after=None,
        limit=LONG.limit,
    )
    return [registrations.view(row) for row in rows]


async def _clients(visit: Visitor) -> list[tuple[str, str]]:
    """The clients that a broker may choose to act for."""
    if visit.own is None or visit.own.kind != "broker" or visit.actor is None:
        return []
    rows = await parties.mandates(visit.session, visit.actor)
    given = [
        row.client_id for row in rows if row.revoked_at is None and row.broker_id == visit.own.id
    ]
    names = await parties.facts_of(visit.session, given)
    return [(str(client), names[client].name) for client in dict.fromkeys(given)]
