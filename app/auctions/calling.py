"""Reverse auctions: the owner of a demand calls for bids, and the lowest valid price wins."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auctions import repository, rules, scheduling, sealing, subjects
from app.auctions.engine.codes import Direction
from app.auctions.engine.profiles import Profile
from app.auctions.engine.terms import BadRules, Rules, profile_of, rules_of
from app.auctions.errors import DemandNotReady, NoSuppliers, NotTheDemandsOwner
from app.auctions.models import Auction
from app.auctions.schemas import NewCall
from app.auctions.states import DECIDED
from app.demands import service as demands
from app.demands.facts import DemandFacts
from app.demands.states import DemandState
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.ids import new_id
from app.kit.opening import Openers
from app.parties.states import Role


async def call(
    session: AsyncSession,
    actor: Actor,
    demand_id: UUID,
    new: NewCall,
    openers: Openers | None,
    now: datetime,
) -> UUID:
    """Set up a reverse auction among the shortlisted suppliers of a demand; gives its id.

    Raises RoleRequired, ScopeRequired, NotFound, NotTheDemandsOwner, DemandNotReady, NoSuppliers
    and BadPlan.
    """
    actor.require_role(Role.TRADER)
    actor.require_scope("trade")
    await repository.lock_listing(session, demand_id)
    demand = await demands.facts(session, demand_id)
    if actor.party_id != demand.owner_id:
        raise NotTheDemandsOwner
    before = await repository.auction_of_demand(session, demand_id)
    running = before is not None and before.state not in DECIDED
    if demand.state != DemandState.PUBLISHED or running:
        raise DemandNotReady(state=demand.state)
    suppliers = [
        supplier
        for supplier in await demands.qualified_suppliers(session, demand_id)
        if not await subjects.barred_supplier(session, demand_id, supplier, now)
    ]
    if not suppliers:
        raise NoSuppliers
    auction = _auction(demand, new, openers, now)
    auction.round = 1 if before is None else before.round + 1
    await scheduling.begin(session, auction, suppliers, now)
    return auction.id


def _auction(demand: DemandFacts, new: NewCall, openers: Openers | None, now: datetime) -> Auction:
    opens_at = now + timedelta(minutes=new.opens_after_minutes)
    closes_at = opens_at + timedelta(minutes=new.bidding_minutes)
    auction = Auction(
        id=new_id(),
        demand_id=demand.id,
        seller_id=demand.owner_id,
        rule_set=rules.rule_set_on(local_day(now)).code,
        opens_at=opens_at,
    )
    try:
        profile = profile_of(new.format)
        commitment = _lock_away(auction, profile, new, openers, closes_at)
        terms = _terms(profile, new.terms, demand, opens_at, closes_at, commitment)
    except BadRules as error:
        raise scheduling.bad_plan(error.problems) from None
    auction.format, auction.terms = profile.code, rules.terms_of(profile, terms)
    return auction


def _lock_away(
    auction: Auction, profile: Profile, new: NewCall, openers: Openers | None, closes_at: datetime
) -> str | None:
    """Make the auction's keys if anything is to be sealed; gives the reserve's commitment."""
    if new.reserve_fen is not None and "reserve_commitment" not in profile.fields:
        raise BadRules([("reserve_fen", f"{profile.code} has no secret reserve")])
    if new.reserve_fen is None and not rules.is_sealed(profile):
        return None
    if openers is None:
        raise BadRules([("format", "this node has not named who opens sealed bids")])
    keys = sealing.new_keys(openers, auction_id=auction.id, not_before=closes_at)
    auction.public_key, auction.custody = keys.public_key, keys.custody
    if new.reserve_fen is None:
        return None
    sealed = sealing.commit_reserve(
        keys.public_key, auction_id=auction.id, reserve_fen=new.reserve_fen
    )
    auction.reserve_sealed = sealed.sealed
    return sealed.commitment


def _terms(
    profile: Profile,
    given: Mapping[str, Any],
    demand: DemandFacts,
    opens_at: datetime,
    closes_at: datetime,
    commitment: str | None,
) -> Rules:
    """The rules of the call; the budget is the start price where none is given."""
    if Direction.REVERSE not in profile.directions:
        raise BadRules([("format", f"{profile.code} has no reverse form")])
    allowed = rules.plan_fields(profile, reverse=True)
    foreign = sorted(set(given) - allowed)
    if foreign:
        text = f"a call for bids may set {', '.join(sorted(allowed))}"
        raise BadRules([(f"rules.{name}", text) for name in foreign])
    terms = dict(given) | {"direction": Direction.REVERSE.value, "opens_at": rules.moment(opens_at)}
    if "start_fen" in profile.fields and demand.budget_fen is not None:
        terms.setdefault("start_fen", demand.budget_fen)
    if "closes_at" in profile.fields:
        terms["closes_at"] = rules.moment(closes_at)
    if commitment is not None:
        terms["reserve_commitment"] = commitment
    return rules_of(profile, terms)
