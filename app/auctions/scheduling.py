"""From a listing to its auction: the seller's plan, and the auction that is made of it."""

import random
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.auctions import access, bidding, chain, live, outcomes, repository, rules, sealing, texts
from app.auctions.engine import core, standing
from app.auctions.engine.codes import Decides
from app.auctions.engine.profiles import PROFILES, Profile
from app.auctions.engine.terms import BadRules, profile_of
from app.auctions.errors import BadPlan, PlanFixed
from app.auctions.models import Auction, AuctionBidder, AuctionPlan
from app.auctions.schemas import NewPlan, PlanView
from app.auctions.states import AuctionState, EventKind
from app.kit import audit
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.db import raw_connection
from app.kit.ids import new_id
from app.kit.opening import Openers
from app.listings import service as listings
from app.listings.facts import ListingFacts
from app.listings.states import ListingState
from app.parties import service as parties
from app.parties.states import Role

DEFAULT_FORMAT = "ascending"
_NO_BIDDER = "没有具备竞买资格的竞买人"
_MISFIT = "竞价方案与挂牌条件不符"
_OVERSEERS = frozenset({Role.OPERATOR, Role.REGULATOR})
_shuffle = random.SystemRandom().shuffle


async def set_plan(
    session: AsyncSession,
    actor: Actor,
    listing_id: UUID,
    new: NewPlan,
    openers: Openers | None,
    now: datetime,
) -> PlanView:
    """Choose the format of a drafted listing's auction, its rules and a secret reserve.

    `openers` are those who will open sealed bids. Raises NotFound, BadPlan, PlanFixed, and what
    listings raise to others than the seller.
    """
    listing = await listings.draft_of(session, actor, listing_id)
    if listing.state != ListingState.DRAFT:
        raise PlanFixed(state=listing.state)
    try:
        profile = profile_of(new.format)
        rules.check_plan(profile, new.terms, _offer(listing), now)
    except BadRules as error:
        raise bad_plan(error.problems) from None
    problems = await _misfits(session, listing, profile, new.terms)
    problems += _reserve_misfits(listing, profile, new.reserve_fen)
    needs_key = rules.is_sealed(profile) or new.reserve_fen is not None
    if needs_key and openers is None:
        problems.append(("format", "this node has not named who opens sealed bids"))
    if problems:
        raise bad_plan(problems)
    row = await outcomes.plan(session, listing_id)
    if row is None:
        row = AuctionPlan(listing_id=listing_id, auction_id=new_id())
        session.add(row)
    row.format, row.terms = profile.code, dict(new.terms)
    if "priority" in new.terms:
        row.terms["priority"] = {
            str(UUID(party)): rank for party, rank in new.terms["priority"].items()
        }
    row.public_key = row.custody = row.reserve_sealed = row.reserve_commitment = None
    if needs_key and openers is not None:
        _lock_away(row, new.reserve_fen, openers, _not_before(listing, now))
    audit.record(
        session,
        actor,
        "auction_plan.set",
        "listing",
        listing_id,
        after={"format": row.format, "terms": row.terms, "reserve": row.reserve_commitment},
    )
    await session.flush()
    return _plan_view(row)


async def plan(session: AsyncSession, actor: Actor | None, listing_id: UUID) -> PlanView:
    """The plan of a listing that the actor sees; without one, bids rise openly. Raises NotFound.

    Who has a priority right is shown to the seller and the overseers alone: the number that has it
    is published, so others would learn who bids.
    """
    listing = await listings.seen_by(session, actor, listing_id)
    row = await outcomes.plan(session, listing_id)
    if row is None:
        return PlanView(
            listing_id=listing_id,
            format=DEFAULT_FORMAT,
            terms={},
            reserve_commitment=None,
            public_key=None,
        )
    view = _plan_view(row)
    if actor is None or not (actor.party_id == listing.seller_id or actor.roles & _OVERSEERS):
        view.terms = {name: value for name, value in view.terms.items() if name != "priority"}
    return view


def _plan_view(row: AuctionPlan) -> PlanView:
    return PlanView(
        listing_id=row.listing_id,
        format=row.format,
        terms=row.terms,
        reserve_commitment=row.reserve_commitment,
        public_key=None if row.public_key is None else row.public_key.hex(),
    )


def bad_plan(problems: Sequence[tuple[str, str]]) -> BadPlan:
    """The refusal by the members of the request: rules are `terms`, the profile is `format`."""
    named = []
    for field, problem in problems:
        member = re.sub("^rules(?=[.]|$)", "terms", re.sub("^profile$", "format", field))
        sentence = problem.removeprefix("Value error, ")
        zh = texts.in_chinese(sentence)
        named.append({"field": f"body.{member}", "message": sentence, "zh": zh})
    return BadPlan(field=named[0]["field"], problems=named)


async def _misfits(
    session: AsyncSession, listing: ListingFacts, profile: Profile, terms: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Where a plan does not fit what is sold."""
    problems = await _priority_misfits(session, listing, terms.get("priority", {}))
    least = profile.minimum_hours * 60
    if listing.bidding_minutes < least:
        problems.append(("format", f"needs a listing with {least} bidding_minutes or more"))
    if profile.decides is Decides.UNITS and listing.license_manner != "ordinary":
        problems.append(("format", "units are for listings of an ordinary licence"))
    if profile.decides is Decides.PACKAGES:
        achievement = await achievements.facts(session, listing.achievement_id)
        members = {str(member) for member in achievement.member_ids}
        if set(terms.get("lots", {})) != members:
            lots = ", ".join(sorted(members)) or "a package of achievements"
            problems.append(("rules.lots", f"must be the members of the package: {lots}"))
    return problems


async def _priority_misfits(
    session: AsyncSession, listing: ListingFacts, priority: Mapping[str, int]
) -> list[tuple[str, str]]:
    """A plan names who has a priority right by the ids of organisations other than the seller."""
    parsed = {name: _uuid(name) for name in priority}
    known = await parties.facts_of(session, [party for party in parsed.values() if party])
    return [
        (f"rules.priority.{name}", "must be the id of an organisation other than the seller")
        for name, party in parsed.items()
        if party not in known or party == listing.seller_id
    ]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _reserve_misfits(
    listing: ListingFacts, profile: Profile, reserve_fen: int | None
) -> list[tuple[str, str]]:
    if reserve_fen is None:
        return []
    if "reserve_commitment" not in profile.fields:
        return [("reserve_fen", f"{profile.code} has no secret reserve")]
    if reserve_fen < listing.price_fen:
        return [("reserve_fen", f"must be {listing.price_fen} fen or more")]
    return []


def _lock_away(
    row: AuctionPlan, reserve_fen: int | None, openers: Openers, not_before: datetime
) -> None:
    """Make the auction's keys, and seal the reserve to them."""
    keys = sealing.new_keys(openers, auction_id=row.auction_id, not_before=not_before)
    row.public_key, row.custody = keys.public_key, keys.custody
    if reserve_fen is not None:
        sealed = sealing.commit_reserve(
            keys.public_key, auction_id=row.auction_id, reserve_fen=reserve_fen
        )
        row.reserve_commitment, row.reserve_sealed = sealed.commitment, sealed.sealed


def _not_before(listing: ListingFacts, now: datetime) -> datetime:
    """A time before which the auction cannot have ended, even if it were published today."""
    return now + timedelta(minutes=listing.opens_after_minutes + listing.bidding_minutes)


async def schedule(session: AsyncSession, listing_id: UUID, now: datetime) -> None:
    """Set up the auction of a listing that closed with qualified bidders; once only."""
    await repository.lock_listing(session, listing_id)
    if await repository.auction_of_listing(session, listing_id) is not None:
        return
    listing = await listings.facts(session, listing_id)
    bidders = [
        bidder
        for bidder in await listings.qualified_bidders(session, listing_id)
        if not await _bars(session, listing_id, bidder, now)
    ]
    rule_set = rules.rule_set_on(local_day(now))
    if len(bidders) < rule_set.minimum_bidders.value:
        await listings.record_failure(session, SYSTEM, listing_id, _NO_BIDDER, now)
        return
    opens_at, ends_at = rules.schedule(
        listing.closed_at or now, listing.opens_after_minutes, listing.bidding_minutes, now
    )
    row = await outcomes.plan(session, listing_id)
    profile = PROFILES[DEFAULT_FORMAT if row is None else row.format]
    given = {} if row is None else row.terms
    try:
        terms = rules.complete(
            profile,
            given,
            _offer(listing),
            opens_at,
            ends_at,
            reserve_commitment=None if row is None else row.reserve_commitment,
            first_bid_at_start=bool(rule_set.first_bid_at_start.value),
        )
        problems = await _misfits(session, listing, profile, given)
    except BadRules as error:
        problems = error.problems
    if problems:
        # The draft was changed after its plan was set; nobody may guess what the seller wants.
        reasons = bad_plan(problems).reasons("zh")
        await listings.record_failure(session, SYSTEM, listing_id, f"{_MISFIT}:{reasons}", now)
        return
    auction = Auction(
        id=new_id() if row is None else row.auction_id,
        listing_id=listing.id,
        round=1,
        seller_id=listing.seller_id,
        format=profile.code,
        terms=rules.terms_of(profile, terms),
        rule_set=rule_set.code,
        opens_at=opens_at,
        public_key=None if row is None else row.public_key,
        custody=None if row is None else row.custody,
        reserve_sealed=None if row is None else row.reserve_sealed,
    )
    deviations = rules.deviations(rule_set, terms.extension_s, listing.bidding_minutes)
    await begin(session, auction, bidders, now, deviations)


async def _bars(session: AsyncSession, listing_id: UUID, bidder_id: UUID, now: datetime) -> bool:
    """Whether a conflict that was declared after the qualification bars a bidder (I-4)."""
    conflicts = await listings.bidder_conflicts(session, listing_id, bidder_id, now)
    for conflict in conflicts:
        audit.record(
            session,
            SYSTEM,
            "auction.bar",
            "listing",
            listing_id,
            after={"bidder": bidder_id, "conflict": conflict.code, "source": conflict.source},
        )
    return bool(conflicts)


def _offer(listing: ListingFacts) -> rules.Offer:
    return rules.Offer(listing.price_fen, listing.increment_fen, listing.extension_s)


def _subject(auction: Auction) -> dict[str, str]:
    if auction.listing_id is not None:
        return {"listing_id": str(auction.listing_id)}
    return {"demand_id": str(auction.demand_id)}


async def begin(
    session: AsyncSession,
    auction: Auction,
    bidders: Sequence[UUID],
    now: datetime,
    deviations: Sequence[str] = (),
) -> None:
    """Write a new auction with its numbered bidders and the first event of its record.

    Bidders are numbered at random: numbers in the order of applications would tell the seller,
    who knows that order, who is who (法释〔2016〕18号 art. 18). A priority right, given to
    organisations, goes to their numbers, as far as they are bidders.
    """
    shuffled = list(bidders)
    _shuffle(shuffled)
    numbers = {bidder: number for number, bidder in enumerate(shuffled, start=1)}
    if "priority" in auction.terms:
        ranks = {UUID(party): rank for party, rank in auction.terms["priority"].items()}
        auction.terms = auction.terms | {
            "priority": {str(numbers[one]): ranks[one] for one in ranks if one in numbers}
        }
    state = rules.start_of(auction.format, auction.terms, hidden=auction.public_key is not None)
    auction.state = AuctionState.SCHEDULED.value
    auction.phase = core.phase_name(state)
    auction.standing = standing.dump(state)
    auction.planned_end = auction.ends_at = state.ends_at
    auction.chain_head = chain.GENESIS
    auction.next_sequence, auction.event_count = 1, 0
    facts: dict[str, Any] = {
        "auction_id": str(auction.id),
        **_subject(auction),
        "round": auction.round,
        "rule_set": auction.rule_set,
        "format": auction.format,
        "terms": auction.terms,
        "public_key": None if auction.public_key is None else auction.public_key.hex(),
        "bidders": len(bidders),
    }
    scheduled = bidding.link(auction, EventKind.SCHEDULED, now, **facts)
    session.add(auction)
    await session.flush()
    await live.insert_events(await raw_connection(session), [scheduled])
    session.add_all(
        AuctionBidder(auction_id=auction.id, bidder_id=bidder, number=number)
        for bidder, number in numbers.items()
    )
    audit.record(
        session,
        SYSTEM,
        "auction.schedule",
        "auction",
        auction.id,
        after={
            "state": auction.state,
            "listing": auction.listing_id,
            "demand": auction.demand_id,
            "format": auction.format,
            "opens_at": auction.opens_at,
            "ends_at": auction.ends_at,
            "bidders": len(bidders),
            "deviations": list(deviations),
        },
        rule_set=auction.rule_set,
        audience=access.audience(auction),
    )
    await session.flush()
