"""Use cases of a disclosure that does not just run: suspended, changed, relisted, recounted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.kit import calendar_store, clock, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.patents import NO_REGISTER, PatentRegister
from app.kit.states import move
from app.listings import access, checks, deposits, repository, rules, sale_profiles
from app.listings.errors import AlreadyRelisted, ChangeDecided, ChangePending, OwnListing
from app.listings.models import Application, Listing, ListingChange
from app.listings.recording import change as enter
from app.listings.recording import record, record_application
from app.listings.schemas import ChangeDecision, ChangedTerms, NewChange, Relisting
from app.listings.states import (
    APPLICATION_MOVES,
    CHANGE_MOVES,
    MOVES,
    ApplicationState,
    ChangeState,
    ListingState,
)
from app.parties import service as parties

RECOUNT_BATCH = 200
RECOUNT = "listings.recount"
SUSPENSION_OVER = "suspension_over"
"""The reason noted when a suspension has lasted as long as it may."""


async def suspend(session: AsyncSession, actor: Actor, listing_id: UUID, reason: str) -> Listing:
    """An operator stops a disclosure, on an objection or on its own account (rules.md C-11).

    It goes on by itself after the profile's months, unless an operator decides before.
    """
    listing = await _operated(session, actor, listing_id)
    state = move(MOVES, ListingState(listing.state), "suspend")
    rules.require_reason(reason)
    now = await clock.now(session)
    rules.require_open(listing.state, listing.closes_at, now)
    assert listing.counts_from is not None
    assert listing.days_left is not None
    profile = sale_profiles.profile(listing.profile)
    calendar = await calendar_store.calendar(session)
    listing.days_left = rules.working_days_left(
        listing.counts_from, listing.days_left, now, profile, calendar
    )
    listing.suspended_until = rules.suspension_end(now, profile.suspension_months, calendar)
    listing.closes_at = None
    listing.closes_provisional = False
    listing.review_note = reason
    facts = {"days_left": listing.days_left, "until": listing.suspended_until}
    enter(session, actor, "suspend", listing, state, reason=reason, **facts)
    await session.flush()
    await deposits.move_due(session, actor, listing)
    return listing


async def resume(session: AsyncSession, actor: Actor, listing_id: UUID, reason: str) -> Listing:
    """An operator lets the working days that are left run from the day after."""
    listing = await _operated(session, actor, listing_id)
    state = move(MOVES, ListingState(listing.state), "resume")
    rules.require_reason(reason)
    await _go_on(session, actor, listing, state, reason, await clock.now(session))
    return listing


async def _go_on(
    session: AsyncSession,
    actor: Actor,
    listing: Listing,
    state: ListingState,
    reason: str,
    now: datetime,
) -> None:
    assert listing.days_left is not None
    await _run(session, listing, listing.days_left, now)
    listing.suspended_until = None
    enter(session, actor, "resume", listing, state, reason=reason, **listing.period())
    await session.flush()
    await deposits.move_due(session, actor, listing)


async def end_suspension(session: AsyncSession, listing_id: UUID, now: datetime) -> None:
    """Let a disclosure go on whose suspension has lasted as long as it may (rules.md C-11).

    Does nothing when it is not due any more, or another process is at it.
    """
    listing = await repository.unlocked_due(session, listing_id)
    if (
        listing is None
        or listing.state != ListingState.SUSPENDED
        or listing.suspended_until is None
        or listing.suspended_until > now
    ):
        return
    state = move(MOVES, ListingState(listing.state), "resume")
    await _go_on(session, SYSTEM, listing, state, SUSPENSION_OVER, now)


async def terminate(session: AsyncSession, actor: Actor, listing_id: UUID, reason: str) -> Listing:
    """An operator ends a suspended disclosure for good (rules.md C-11)."""
    listing = await _operated(session, actor, listing_id)
    state = move(MOVES, ListingState(listing.state), "terminate")
    rules.require_reason(reason)
    now = await clock.now(session)
    listing.closed_at = now
    listing.suspended_until = None
    listing.review_note = reason
    await repository.release_claims(session, listing.id)
    enter(session, actor, "terminate", listing, state, reason=reason)
    await session.flush()
    await deposits.release_all_but(session, listing_id, (), now, reason="terminated", rule_set=None)
    return listing


async def _operated(session: AsyncSession, actor: Actor, listing_id: UUID) -> Listing:
    actor.require_role(access.OPERATOR)
    actor.require_scope("trade")
    listing = access.visible(actor, await repository.listing(session, listing_id, lock="update"))
    if actor.party_id == listing.seller_id:
        raise OwnListing
    return listing


async def _run(session: AsyncSession, listing: Listing, days: int, now: datetime) -> None:
    """Let a period of working days run from now."""
    calendar = await calendar_store.calendar(session)
    listing.run(rules.period(now, days, calendar), days)


async def propose_change(
    session: AsyncSession, actor: Actor, listing_id: UUID, new: NewChange
) -> ListingChange:
    """The seller asks to change published terms, with the approval it has for that (rules.md C-7).

    Raises ListingNotOpen, ChangePending, and what the rules say of the new terms.
    """
    actor.require_role("trader")
    actor.require_scope("trade")
    listing = access.owned(actor, await repository.listing(session, listing_id, lock="update"))
    now = await clock.now(session)
    rules.require_open(listing.state, listing.closes_at, now)
    if await repository.pending_change(session, listing_id) is not None:
        raise ChangePending
    given = new.terms.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    proposed = ListingChange(
        listing_id=listing_id,
        terms=given,
        reason=new.reason,
        approval=new.approval,
        state=ChangeState.PROPOSED.value,
    )
    session.add(proposed)
    await session.flush()
    after = {"change": proposed.id, "terms": given, "approval": new.approval}
    record(session, actor, "propose_change", listing, before=None, after=after)
    return proposed


async def decide_change(
    session: AsyncSession,
    actor: Actor,
    listing_id: UUID,
    change_id: UUID,
    decision: ChangeDecision,
    register: PatentRegister = NO_REGISTER,
) -> ListingChange:
    """An operator publishes a change, whose whole period starts anew, or refuses it.

    Applications have to be confirmed again by the end (rules.md C-7). Raises ChangeDecided,
    ListingNotOpen, GuardsFailed, ChecksOpen, and what the rules say of the new terms.
    """
    listing = await _operated(session, actor, listing_id)
    proposed = await repository.change(session, listing_id, change_id)
    if proposed is None:
        raise NotFound
    if proposed.state != ChangeState.PROPOSED:
        raise ChangeDecided(change_state=proposed.state)
    now = await clock.now(session)
    proposed.state = move(CHANGE_MOVES, ChangeState(proposed.state), decision.act).value
    proposed.decided_at = now
    proposed.published_at = now if decision.act == "publish" else None
    proposed.decision = decision.reason or None
    if decision.act == "refuse":
        rules.require_reason(decision.reason)
        record(session, actor, "refuse_change", listing, before=None, after={"change": proposed.id})
        await session.flush()
        return proposed
    rules.require_open(listing.state, listing.closes_at, now)
    before = listing.terms()
    await _take_over(session, listing, proposed.terms, register, now)
    listing.terms_edition += 1
    proposed.edition = listing.terms_edition
    listing.version += 1
    await session.flush()
    after = listing.terms() | listing.period() | {"approval": proposed.approval}
    record(session, actor, "publish_change", listing, before=before, after=after)
    await deposits.move_due(session, actor, listing)
    return proposed


async def _take_over(
    session: AsyncSession,
    listing: Listing,
    terms: dict[str, Any],
    register: PatentRegister,
    now: datetime,
) -> None:
    seller = await parties.facts(session, listing.seller_id)
    achievement = await achievements.facts(session, listing.achievement_id)
    with session.no_autoflush:
        listing.change(ChangedTerms.model_validate(terms).model_dump(exclude_unset=True))
        listing.judge(seller.kind, listing.profile, local_day(now))
        await checks.require(session, listing, achievement, register, to_publish=True)
        await _run(session, listing, listing.disclosure_working_days, now)


async def changes(
    session: AsyncSession, actor: Actor | None, listing_id: UUID
) -> Sequence[ListingChange]:
    """Changes of a listing's terms: published ones for everyone, all for seller and overseers."""
    listing = access.visible(actor, await repository.listing(session, listing_id))
    rows = await repository.changes(session, listing_id)
    if access.sees_all_of(actor, listing):
        return rows
    return [row for row in rows if row.state == ChangeState.PUBLISHED]


async def reconfirm(
    session: AsyncSession, actor: Actor, listing_id: UUID, application_id: UUID
) -> Application:
    """An applicant stands by its application after a change of terms; raises ListingNotOpen."""
    actor.require_role("trader")
    actor.require_scope("trade")
    listing = await repository.listing(session, listing_id, lock="share")
    found = await repository.application(session, application_id, lock=True)
    application = access.own_application(actor, found, listing_id)
    if listing is None:
        raise NotFound
    rules.require_open(listing.state, listing.closes_at, await clock.now(session))
    move(APPLICATION_MOVES, ApplicationState(application.state), "reconfirm")
    if application.terms_edition < listing.terms_edition:
        before = {"terms_edition": application.terms_edition}
        application.terms_edition = listing.terms_edition
        application.version += 1
        record_application(session, actor, "reconfirm", application, before=before)
        await session.flush()
    return application


async def relist(session: AsyncSession, actor: Actor, listing_id: UUID, new: Relisting) -> Listing:
    """A draft of the next round of a listing that failed, cheaper by the profile's cut at most.

    Raises IllegalMove, AlreadyRelisted, RelistTooLate and PriceCutTooDeep.
    """
    actor.require_role("trader")
    actor.require_scope("trade")
    failed = access.owned(actor, await repository.listing(session, listing_id, lock="update"))
    move(MOVES, ListingState(failed.state), "relist")
    following = await repository.next_round(session, listing_id)
    if following is not None:
        raise AlreadyRelisted(listing_id=str(following))
    now = await clock.now(session)
    assert failed.closed_at is not None
    price = new.price_fen or failed.price_fen
    rules.check_relisting(
        sale_profiles.profile(failed.profile),
        failed.price_fen,
        price,
        local_day(failed.closed_at),
        local_day(now),
    )
    listing = failed.next_round()
    listing.change(new.model_dump(exclude_unset=True))
    listing.deposit_fen = min(listing.deposit_fen, price)
    redo = rules.redo_from(sale_profiles.profile(failed.profile), failed.first_disclosed_on)
    if redo is not None and local_day(now) > redo:
        listing.round = 1
    seller = await parties.facts(session, listing.seller_id)
    listing.judge(seller.kind, listing.profile, local_day(now))
    session.add(listing)
    await session.flush()
    before = {"previous": failed.id}
    record(session, actor, "relist", listing, before=before, after=listing.terms())
    return listing


async def chain(session: AsyncSession, actor: Actor | None, listing_id: UUID) -> Sequence[Listing]:
    """The rounds of a listing that the actor may see, the first one first."""
    access.visible(actor, await repository.listing(session, listing_id))
    rows = await repository.chain(session, listing_id)
    return [row for row in rows if row.published_at is not None or access.sees_all_of(actor, row)]


async def recount(session: AsyncSession, after: UUID | None) -> None:
    """Count provisional periods anew, a batch in this transaction and the rest in the next job.

    The end never becomes earlier than people were told; running it again changes nothing.
    """
    calendar = await calendar_store.calendar(session)
    rows = await repository.provisional(session, after, RECOUNT_BATCH)
    for listing in rows:
        assert listing.counts_from is not None
        assert listing.days_left is not None
        assert listing.closes_at is not None
        before = listing.period()
        new = rules.recounted(listing.counts_from, listing.closes_at, listing.days_left, calendar)
        listing.run(new, listing.days_left)
        if listing.period() != before:
            listing.version += 1
            record(session, SYSTEM, "recount", listing, before=before, after=listing.period())
            await deposits.move_due(session, SYSTEM, listing)
    if len(rows) == RECOUNT_BATCH:
        await jobs.defer(session, RECOUNT, after=str(rows[-1].id))
