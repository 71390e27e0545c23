"""Use cases: draft, review, publish, apply, qualify, close; what other modules ask."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.achievements.facts import AchievementFacts
from app.kit import calendar_store, clock, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.http import require_version
from app.kit.patents import NO_REGISTER, PatentRegister
from app.kit.states import move
from app.listings import (
    access,
    checks,
    deposits,
    eligibility,
    endings,
    repository,
    rules,
    sale_profiles,
)
from app.listings.errors import (
    AchievementNotListable,
    AlreadyApplied,
    ExclusiveRightListed,
    NotAnApplicant,
    OwnListing,
    RightAlreadyAwarded,
)
from app.listings.facts import ListingFacts
from app.listings.models import Application, Listing, ListingClaim
from app.listings.recording import change, record, record_application
from app.listings.schemas import (
    ApplicationDecision,
    ListingEdit,
    ListingReview,
    NewApplication,
    NewListing,
)
from app.listings.states import (
    APPLICATION_MOVES,
    MOVES,
    OPEN_APPLICATIONS,
    ApplicationState,
    ListingState,
)
from app.parties import service as parties

SCHEDULE_AUCTION = "auctions.schedule"
published_ids = repository.published_ids
bidder_conflicts = eligibility.bidder_conflicts

confirm_deposit = deposits.confirm
release_deposits = deposits.release_all_but
apply_deposit = deposits.apply
forfeit_deposit = deposits.forfeit
ask_deposits_again = deposits.ask_again
collect_commission = deposits.collect_commission
deposit_purpose = deposits.purpose
deposit_payers = deposits.payers
deposit_stands = deposits.stands
applicants_broker = deposits.brokers_of
record_award = endings.record_award
record_failure = endings.record_failure


async def create(session: AsyncSession, actor: Actor, new: NewListing) -> Listing:
    """Draft a listing of an own, published achievement.

    Raises NotFound, AchievementNotPublished, UnknownValue, RightAlreadyAwarded, and what
    `rules.judge` and `rules.check_offer` raise.
    """
    seller_id = _trader(actor)
    achievement = await achievements.require_postable(session, actor, new.achievement_id)
    seller = await parties.facts(session, seller_id)
    _check_codes(new.transfer_mode, new.license_manner)
    listing = Listing(
        **new.model_dump(exclude={"title", "summary", "profile", "security", "price_approval"}),
        security=new.security.value,
        price_approval=new.price_approval and new.price_approval.model_dump(mode="json"),
        round=1,
        title=new.title or achievement.title,
        summary=achievement.summary if new.summary is None else new.summary,
        technical_field=achievement.technical_field,
        ipc=list(achievement.ipc),
        seller_id=seller_id,
        seller_name=seller.name,
        broker_id=actor.organisation_id if actor.client_id else None,
        region_code=seller.region_code,
        state=ListingState.DRAFT.value,
    )
    await _judge(session, listing, achievement, new.profile)
    await _require_not_awarded(session, achievement, "body.achievement_id")
    session.add(listing)
    await session.flush()
    record(session, actor, "create", listing, before=None, after=listing.terms())
    return listing


async def edit(
    session: AsyncSession, actor: Actor, listing_id: UUID, change: ListingEdit, version: int
) -> Listing:
    """Change a draft's terms against the version that was read."""
    _trader(actor)
    listing = access.owned(actor, await repository.listing(session, listing_id, lock="update"))
    require_version(listing.version, version)
    move(MOVES, ListingState(listing.state), "edit")
    before = listing.terms()
    listing.change(change.model_dump(exclude_unset=True))
    _check_codes(listing.transfer_mode, listing.license_manner)
    achievement = await achievements.facts(session, listing.achievement_id)
    await _judge(session, listing, achievement, listing.profile)
    listing.version += 1
    await session.flush()
    record(session, actor, "edit", listing, before=before, after=listing.terms())
    return listing


async def _judge(
    session: AsyncSession, listing: Listing, achievement: AchievementFacts, profile: str | None
) -> datetime:
    """Let the rules of today decide about a listing; returns the time they were asked at."""
    seller = await parties.facts(session, listing.seller_id)
    now = await clock.now(session)
    listing.judge(seller.kind, profile, local_day(now))
    ends = [right.expires_on for right in achievement.rights if right.type.startswith("patent")]
    rules.check_offer(listing.transfer_mode, achievement.transfer_modes, ends, local_day(now))
    return now


async def _require_not_awarded(
    session: AsyncSession, achievement: AchievementFacts, field: str
) -> None:
    awarded = await repository.awarding_listing(session, [achievement.id, *achievement.member_ids])
    if awarded is not None:
        raise RightAlreadyAwarded(field=field, listing_id=str(awarded))


async def submit(
    session: AsyncSession,
    actor: Actor,
    listing_id: UUID,
    register: PatentRegister = NO_REGISTER,
) -> Listing:
    """Hand a draft in for review; from here on it holds its claim on the right.

    Raises ExclusiveRightListed when a live listing leaves no room for it, RightAlreadyAwarded
    when a buyer has the right, GuardsFailed when a guard stops it.
    """
    _trader(actor)
    listing = access.owned(actor, await repository.listing(session, listing_id, lock="update"))
    state = move(MOVES, ListingState(listing.state), "submit")
    achievement = await achievements.require_postable(session, actor, listing.achievement_id)
    await _judge(session, listing, achievement, listing.profile)
    await _claim(session, listing, achievement)
    await checks.require(session, listing, achievement, register, to_publish=False)
    change(session, actor, "submit", listing, state)
    await session.flush()
    return listing


async def _claim(session: AsyncSession, listing: Listing, achievement: AchievementFacts) -> None:
    """Claim the right to the achievement, and to every member of a package."""
    ids = {achievement.id, *achievement.member_ids}
    await repository.lock_achievements(session, ids)
    await _require_not_awarded(session, achievement, "listing.achievement_id")
    other = await repository.excluding_listing(session, ids, exclusive=listing.exclusive)
    if other is not None:
        raise ExclusiveRightListed(field="listing.achievement_id", listing_id=str(other))
    session.add_all(
        ListingClaim(listing_id=listing.id, achievement_id=item, exclusive=listing.exclusive)
        for item in sorted(ids)
    )


async def review(
    session: AsyncSession,
    actor: Actor,
    listing_id: UUID,
    decision: ListingReview,
    register: PatentRegister = NO_REGISTER,
) -> Listing:
    """An operator publishes a listing, or sends it back to the seller with a reason.

    The guards look again: raises GuardsFailed, and ChecksOpen while a check is missing.
    """
    _operator(actor)
    listing = access.visible(actor, await repository.listing(session, listing_id, lock="update"))
    state = move(MOVES, ListingState(listing.state), decision.act)
    if actor.party_id == listing.seller_id:
        raise OwnListing
    if decision.act == "reject":
        rules.require_reason(decision.reason)
        await repository.release_claims(session, listing.id)
        listing.review_note = decision.reason
        change(session, actor, "reject", listing, state, reason=decision.reason)
    else:
        await _publish(session, actor, listing, state, decision.reason, register)
    await session.flush()
    return listing


async def _publish(
    session: AsyncSession,
    actor: Actor,
    listing: Listing,
    state: ListingState,
    note: str,
    register: PatentRegister,
) -> None:
    achievement = await achievements.facts(session, listing.achievement_id)
    if achievement.state != "published" or achievement.secrecy != "public":
        raise AchievementNotListable(
            field="listing.achievement_id", state=achievement.state, secrecy=achievement.secrecy
        )
    now = await _judge(session, listing, achievement, listing.profile)
    await checks.require(session, listing, achievement, register, to_publish=True)
    calendar = await calendar_store.calendar(session)
    listing.disclose(rules.period(now, listing.disclosure_working_days, calendar), now)
    listing.review_note = note or None
    change(
        session,
        actor,
        "approve",
        listing,
        state,
        reason=note,
        published_at=now,
        rule_notes=listing.rule_notes,
        **listing.period(),
    )


async def withdraw(session: AsyncSession, actor: Actor, listing_id: UUID, reason: str) -> Listing:
    """The seller takes a listing back; once it is published, with a reason everyone can read."""
    _trader(actor)
    listing = access.owned(actor, await repository.listing(session, listing_id, lock="update"))
    state = move(MOVES, ListingState(listing.state), "withdraw")
    now = await clock.now(session)
    if listing.state == ListingState.PUBLISHED:
        rules.require_open(listing.state, listing.closes_at, now)
    if listing.published_at is not None:
        rules.require_reason(reason)
        listing.closed_at = now
        await release_deposits(session, listing_id, (), now, reason="withdrawn", rule_set=None)
    listing.suspended_until = None
    listing.review_note = reason or None
    await repository.release_claims(session, listing.id)
    change(session, actor, "withdraw", listing, state, reason=reason)
    await session.flush()
    return listing


async def apply(
    session: AsyncSession, actor: Actor, listing_id: UUID, new: NewApplication
) -> Application:
    """An enterprise applies to be a bidder, within the disclosure period (rules.md C-14).

    Raises NotFound, OwnListing, BidderBarred, NotAnApplicant, ListingNotOpen and AlreadyApplied.
    """
    applicant_id = _trader(actor)
    listing = access.visible(actor, await repository.listing(session, listing_id, lock="share"))
    now = await clock.now(session)
    await eligibility.require_unrelated(session, listing, now, applicant_id, actor.organisation_id)
    applicant = await parties.facts(session, applicant_id)
    if applicant.kind != "enterprise":
        raise NotAnApplicant(kind=applicant.kind)
    rules.require_open(listing.state, listing.closes_at, now)
    calendar = await calendar_store.calendar(session)
    known = await repository.application_of(session, listing_id, applicant_id)
    if known is not None:
        raise AlreadyApplied(application_id=str(known.id))
    application = Application(
        listing_id=listing_id,
        applicant_id=applicant_id,
        broker_id=actor.organisation_id if actor.client_id else None,
        statement=new.statement,
        terms_edition=listing.terms_edition,
        due_at=rules.term_end(
            now, sale_profiles.profile(listing.profile).qualification_wd, calendar
        ),
        state=ApplicationState.SUBMITTED.value,
    )
    session.add(application)
    await session.flush()
    record_application(session, actor, "submit", application, before=None)
    return application


async def decide(
    session: AsyncSession,
    actor: Actor,
    listing_id: UUID,
    application_id: UUID,
    decision: ApplicationDecision,
) -> Application:
    """An operator qualifies or refuses an applicant within the period; a refusal says why."""
    _operator(actor)
    if decision.act != "qualify":
        rules.require_reason(decision.reason)
    listing, application, now = await _open_application(session, listing_id, application_id)
    if decision.act == "qualify":
        bidders = application.applicant_id, application.broker_id
        await eligibility.require_unrelated(session, listing, now, *bidders)
    if decision.act == "refuse":
        published = [one["code"] for one in listing.requirements]
        found = rules.refusal_codes(decision.codes, published, listing.conditions)
        application.reason_codes = list(found)
    if decision.act == "request_correction":
        days = sale_profiles.profile(listing.profile).correction_wd
        calendar = await calendar_store.calendar(session)
        application.due_at = rules.term_end(now, days, calendar)
    _move_application(session, actor, application, decision.act, now, decision.reason)
    await session.flush()
    await deposits.follow(session, actor, listing, application, now)
    return application


async def withdraw_application(
    session: AsyncSession, actor: Actor, listing_id: UUID, application_id: UUID
) -> Application:
    """An applicant steps back, within the period."""
    _trader(actor)
    access.own_application(actor, await repository.application(session, application_id), listing_id)
    listing, application, now = await _open_application(session, listing_id, application_id)
    _move_application(session, actor, application, "withdraw", now, "")
    await session.flush()
    await deposits.follow(session, actor, listing, application, now)
    return application


async def _open_application(
    session: AsyncSession, listing_id: UUID, application_id: UUID
) -> tuple[Listing, Application, datetime]:
    """An application, locked after its listing, and both within the disclosure period."""
    listing = await repository.listing(session, listing_id, lock="share")
    application = await repository.application(session, application_id, lock=True)
    if listing is None or application is None or application.listing_id != listing_id:
        raise NotFound
    now = await clock.now(session)
    rules.require_open(listing.state, listing.closes_at, now)
    return listing, application, now


def _move_application(
    session: AsyncSession,
    actor: Actor,
    application: Application,
    act: str,
    now: datetime,
    reason: str,
) -> None:
    before = {"state": application.state}
    state = move(APPLICATION_MOVES, ApplicationState(application.state), act)
    application.state = state.value
    application.reason = reason or None
    application.decided_at = now
    application.decided_by = actor.person_id
    application.version += 1
    record_application(session, actor, act, application, before=before)


async def close(session: AsyncSession, listing_id: UUID, now: datetime) -> None:
    """End a disclosure period: go on to auction or negotiation, or fail without a bidder.

    Does nothing when the listing is not due or another process is at it. Who is not qualified by
    now, or whose deposit did not arrive, is out (rules.md C-14).
    """
    listing = await repository.unlocked_due(session, listing_id)
    if (
        listing is None
        or listing.state != ListingState.PUBLISHED
        or listing.closes_at is None
        or listing.closes_at > now
    ):
        return
    applications = await repository.undecided_or_qualified(session, listing_id)
    if not any(one.may_bid(listing) for one in applications) and await _prolong(session, listing):
        return
    bidders = set()
    for application in applications:
        if application.state in OPEN_APPLICATIONS:
            _move_application(session, SYSTEM, application, "refuse", now, "period_over")
        elif listing.deposit_fen > 0 and application.deposit_confirmed_at is None:
            _move_application(session, SYSTEM, application, "withdraw", now, "deposit_missing")
        elif application.terms_edition < listing.terms_edition:
            _move_application(session, SYSTEM, application, "withdraw", now, "change_unconfirmed")
        else:
            bidders.add(application.applicant_id)
    act = "close" if bidders else "fail"
    state = move(MOVES, ListingState(listing.state), act)
    listing.closed_at = now
    if bidders:
        way = rules.way_to_price(listing.negotiation, len(bidders))
        await jobs.defer(session, way, listing_id=str(listing_id))
    else:
        await repository.release_claims(session, listing_id)
    change(session, SYSTEM, act, listing, state, qualified=len(bidders), closed_at=now)
    await release_deposits(session, listing_id, bidders, now, rule_set=None)


async def _prolong(session: AsyncSession, listing: Listing) -> bool:
    """Prolong a disclosure as it was announced, if it was (rules.md C-8, TV-C6)."""
    if listing.prolongations >= listing.prolongations_max or listing.closes_at is None:
        return False
    state = move(MOVES, ListingState(listing.state), "prolong")
    calendar = await calendar_store.calendar(session)
    days = listing.prolong_working_days
    listing.run(rules.prolonged(listing.closes_at, days, calendar), days)
    listing.prolongations += 1
    facts = listing.period() | {"prolongations": listing.prolongations}
    change(session, SYSTEM, "prolong", listing, state, **facts)
    await deposits.move_due(session, SYSTEM, listing)
    return True


async def reopen(session: AsyncSession, actor: Actor, listing_id: UUID, now: datetime) -> None:
    """The winner defaulted: the listing waits for another result of its bidding.

    Raises ExclusiveRightListed when the right was offered elsewhere in between.
    """
    listing = await _existing(session, listing_id)
    state = move(MOVES, ListingState(listing.state), "reopen")
    if not listing.exclusive:
        await _claim(session, listing, await achievements.facts(session, listing.achievement_id))
    change(session, actor, "reopen", listing, state, at=now)
    await session.flush()


async def draft_of(session: AsyncSession, actor: Actor, listing_id: UUID) -> ListingFacts:
    """The seller's own listing, locked, for a change of what is published with it.

    Raises NotFound, and what `access.owned` raises to others.
    """
    _trader(actor)
    row = access.owned(actor, await repository.listing(session, listing_id, lock="update"))
    return _facts(row)


async def seen_by(session: AsyncSession, actor: Actor | None, listing_id: UUID) -> ListingFacts:
    """The listing, if the actor may see it; raises NotFound."""
    return _facts(access.visible(actor, await repository.listing(session, listing_id)))


async def _existing(session: AsyncSession, listing_id: UUID) -> Listing:
    listing = await repository.listing(session, listing_id, lock="update")
    if listing is None:
        raise NotFound
    return listing


async def facts(session: AsyncSession, listing_id: UUID) -> ListingFacts:
    """What other modules may know of one listing; raises NotFound."""
    found = await facts_of(session, [listing_id])
    if listing_id not in found:
        raise NotFound
    return found[listing_id]


async def facts_of(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, ListingFacts]:
    """What other modules may know of listings, by id; unknown ids are left out."""
    return {row.id: _facts(row) for row in await repository.listings_by_id(session, ids)}


def _facts(row: Listing) -> ListingFacts:
    names = [name for name in ListingFacts.__dataclass_fields__ if name != "ipc"]
    return ListingFacts(ipc=tuple(row.ipc), **{name: getattr(row, name) for name in names})


async def qualified_bidders(session: AsyncSession, listing_id: UUID) -> tuple[UUID, ...]:
    """Who may bid: qualified, and with a confirmed deposit if one is due; in order of applying."""
    listing = await repository.listing(session, listing_id)
    if listing is None:
        raise NotFound
    return tuple(
        await repository.qualified(session, listing_id, with_deposit=listing.deposit_fen > 0)
    )


def _trader(actor: Actor) -> UUID:
    actor.require_role("trader")
    actor.require_scope("trade")
    return actor.require_party()


def _operator(actor: Actor) -> None:
    actor.require_role(access.OPERATOR)
    actor.require_scope("trade")


def _check_codes(transfer_mode: str, license_manner: str | None) -> None:
    parties.require_code("transfer_modes", transfer_mode, "body.transfer_mode")
    if license_manner is not None:
        parties.require_code("license_manners", license_manner, "body.license_manner")
