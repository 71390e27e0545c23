"""Use cases of a qualification beyond the first decision: corrections, appeals, documents."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements.errors import DocumentEmpty
from app.kit import audit, calendar_store, clock
from app.kit.actor import SYSTEM, Actor
from app.kit.errors import NotFound
from app.kit.states import move
from app.kit.storage import Stored
from app.listings import access, deposits, eligibility, repository, rules, sale_profiles
from app.listings.errors import AppealDecided, FirstDecider, RequirementNotPublished, TermPassed
from app.listings.models import Application, ApplicationDocument, Listing
from app.listings.recording import record_application
from app.listings.schemas import AppealDecision
from app.listings.states import APPLICATION_MOVES, ApplicationState


async def _own(
    session: AsyncSession, actor: Actor, listing_id: UUID, application_id: UUID
) -> tuple[Listing, Application, datetime]:
    """The actor's own application, locked after its listing, while the disclosure runs."""
    actor.require_role("trader")
    actor.require_scope("trade")
    listing = await repository.listing(session, listing_id, lock="share")
    found = await repository.application(session, application_id, lock=True)
    application = access.own_application(actor, found, listing_id)
    if listing is None:
        raise NotFound
    now = await clock.now(session)
    rules.require_open(listing.state, listing.closes_at, now)
    return listing, application, now


def _enter(session: AsyncSession, actor: Actor, act: str, application: Application) -> None:
    before = {"state": application.state}
    state = move(APPLICATION_MOVES, ApplicationState(application.state), act)
    application.state = state.value
    application.version += 1
    record_application(session, actor, act, application, before=before)


async def correct(
    session: AsyncSession, actor: Actor, listing_id: UUID, application_id: UUID, statement: str
) -> Application:
    """The applicant completes what the operator asked for, within the term.

    Raises TermPassed, IllegalMove, ListingNotOpen.
    """
    listing, application, now = await _own(session, actor, listing_id, application_id)
    move(APPLICATION_MOVES, ApplicationState(application.state), "correct")
    _require_term(application.due_at, now)
    application.statement = statement
    days = sale_profiles.profile(listing.profile).qualification_wd
    application.due_at = rules.term_end(now, days, await calendar_store.calendar(session))
    application.overdue_at = None
    _enter(session, actor, "correct", application)
    await session.flush()
    return application


def _require_term(due_at: datetime | None, now: datetime) -> None:
    if due_at is not None and now >= due_at:
        raise TermPassed(due_at=due_at.isoformat())


async def appeal(
    session: AsyncSession, actor: Actor, listing_id: UUID, application_id: UUID, grounds: str
) -> Application:
    """A refused applicant appeals once, within the profile's term and the disclosure.

    Raises AppealDecided, TermPassed, IllegalMove, ListingNotOpen.
    """
    listing, application, now = await _own(session, actor, listing_id, application_id)
    move(APPLICATION_MOVES, ApplicationState(application.state), "appeal")
    if application.appeal_decided_at is not None:
        raise AppealDecided
    assert application.decided_at is not None
    days = sale_profiles.profile(listing.profile).appeal_wd
    calendar = await calendar_store.calendar(session)
    _require_term(rules.term_end(application.decided_at, days, calendar), now)
    application.appeal = grounds
    _enter(session, actor, "appeal", application)
    await session.flush()
    return application


async def decide_appeal(
    session: AsyncSession,
    actor: Actor,
    listing_id: UUID,
    application_id: UUID,
    decision: AppealDecision,
) -> Application:
    """An operator other than who refused decides an appeal; upheld, the applicant is qualified.

    A deposit that went back with the refusal is asked for again. Raises FirstDecider,
    ReasonRequired, OwnListing, BidderBarred, IllegalMove, ListingNotOpen.
    """
    actor.require_role(access.OPERATOR)
    actor.require_scope("trade")
    listing = await repository.listing(session, listing_id, lock="share")
    application = await repository.application(session, application_id, lock=True)
    if listing is None or application is None or application.listing_id != listing_id:
        raise NotFound
    now = await clock.now(session)
    rules.require_open(listing.state, listing.closes_at, now)
    rules.require_reason(decision.reason)
    move(APPLICATION_MOVES, ApplicationState(application.state), decision.act)
    if application.decided_by == actor.person_id:
        raise FirstDecider
    application.appeal_decided_at = application.decided_at = now
    application.decided_by = actor.person_id
    application.reason = decision.reason
    if decision.act == "uphold":
        application.reason_codes = []
        bidders = application.applicant_id, application.broker_id
        await eligibility.require_unrelated(session, listing, now, *bidders)
        if await deposits.is_settled(session, application.id):
            application.deposit_confirmed_at = None
    _enter(session, actor, decision.act, application)
    await session.flush()
    await deposits.follow(session, actor, listing, application, now)
    return application


async def mark_overdue(session: AsyncSession, application_id: UUID, now: datetime) -> None:
    """Note that the decision on an application is late."""
    application = await repository.unlocked_application(session, application_id)
    if (
        application is None
        or application.state != ApplicationState.SUBMITTED
        or application.overdue_at is not None
        or application.due_at is None
        or application.due_at > now
    ):
        return
    application.overdue_at = now
    application.version += 1
    record_application(session, SYSTEM, "overdue", application, before=None)


async def require_uploader(
    session: AsyncSession, actor: Actor, listing_id: UUID, application_id: UUID, requirement: str
) -> None:
    """Raise unless the actor may add a document for a published condition.

    Raises NotFound, ListingNotOpen and RequirementNotPublished.
    """
    listing, _, _ = await _own(session, actor, listing_id, application_id)
    published = [one["code"] for one in listing.requirements]
    if requirement not in published:
        raise RequirementNotPublished(
            field="query.requirement", requirement=requirement, allowed=published
        )


def described(requirement: str, name: str, media_type: str) -> ApplicationDocument:
    """A document of which everything is known but its bytes."""
    return ApplicationDocument(requirement=requirement, name=name, media_type=media_type)


async def add_document(
    session: AsyncSession,
    actor: Actor,
    listing_id: UUID,
    application_id: UUID,
    new: ApplicationDocument,
    stored: Stored,
) -> ApplicationDocument:
    """Note a document whose bytes are stored; the same bytes again give the same document."""
    await require_uploader(session, actor, listing_id, application_id, new.requirement)
    if stored.size_bytes == 0:
        raise DocumentEmpty(field="body.file")
    for known in await repository.application_documents(session, application_id):
        if known.sha256 == stored.sha256:
            return known
    new.application_id = application_id
    new.sha256, new.size_bytes = stored.sha256, stored.size_bytes
    new.uploaded_by = actor.person_id
    session.add(new)
    await session.flush()
    audit.record(
        session,
        actor,
        "application.add_document",
        "listing_application",
        application_id,
        after={"document": new.id, "name": new.name, "sha256": new.sha256},
    )
    return new


async def documents(
    session: AsyncSession, actor: Actor, listing_id: UUID, application_id: UUID
) -> Sequence[ApplicationDocument]:
    """Files of an application, for the applicant and operators; bidders' papers are secret."""
    application = await repository.application(session, application_id)
    if application is None or application.listing_id != listing_id:
        raise NotFound
    if application.applicant_id != actor.party_id and not access.sees_all_applications(actor):
        raise NotFound
    return await repository.application_documents(session, application_id)


async def document(
    session: AsyncSession, actor: Actor, listing_id: UUID, application_id: UUID, document_id: UUID
) -> ApplicationDocument:
    """One file of an application that the actor may read; raises NotFound."""
    for found in await documents(session, actor, listing_id, application_id):
        if found.id == document_id:
            return found
    raise NotFound
