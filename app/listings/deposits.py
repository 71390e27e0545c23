"""Deposits of applicants: when they count, when they go back. The ledger keeps the money.

A deposit's purpose in the ledger is the application.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit, calendar_store, clock, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.errors import NotFound
from app.kit.states import move
from app.ledger import service as ledger
from app.ledger.facts import DepositFacts
from app.ledger.states import DepositState, Target
from app.listings import access, refund_terms, repository, rules
from app.listings.errors import NoDepositDue
from app.listings.models import Application, Listing
from app.listings.recording import record_application
from app.listings.states import APPLICATION_MOVES, OPEN_APPLICATIONS, ApplicationState, ListingState

PURPOSE = "listings"
BY_WORD = "operator_statement"
"""The evidence noted when an operator names none."""

_TAKEN = frozenset({*OPEN_APPLICATIONS, ApplicationState.QUALIFIED})
"""States of applications whose deposits are taken into custody."""


_ASKED_AGAIN = frozenset({ListingState.CLOSED, ListingState.AWARDED})
"""States in which a deposit counts that was asked for again: for a bidding that is to be repeated,
or from the bidder who came next."""


async def expect(
    session: AsyncSession,
    listing: Listing,
    application: Application,
    *,
    again: bool = False,
    due_at: datetime | None = None,
) -> None:
    """Expect the deposit of an applicant, if the listing asks for one: by the end of the
    disclosure, or by `due_at`; `again` when an earlier one was given back."""
    if listing.deposit_fen > 0:
        await ledger.expect_deposit(
            session,
            purpose_kind=PURPOSE,
            purpose_id=application.id,
            payer_id=application.applicant_id,
            amount_fen=listing.deposit_fen,
            due_at=due_at or listing.closes_at,
            again=again,
        )


async def move_due(session: AsyncSession, actor: Actor, listing: Listing) -> None:
    """Deposits that did not arrive yet are due when the disclosure ends now; while it is
    suspended nobody knows when (rules.md C-8, C-11, C-14)."""
    if listing.deposit_fen > 0:
        applicants = await repository.applicants(session, listing.id)
        ids = [row.id for row in applicants]
        await ledger.move_due(session, actor, ids, listing.closes_at)


async def ask_again(
    session: AsyncSession,
    actor: Actor,
    listing_id: UUID,
    bidder_ids: Collection[UUID],
    due_at: datetime,
) -> None:
    """Ask bidders whose deposits were given back for new ones, before they bid again."""
    listing = await repository.listing(session, listing_id)
    if listing is None:
        raise NotFound
    for row in await repository.applicants(session, listing_id):
        if row.applicant_id not in bidder_ids or not await is_settled(session, row.id):
            continue
        application = await repository.application(session, row.id, lock=True)
        assert application is not None
        before = {"deposit": application.deposit_confirmed_at}
        application.deposit_confirmed_at = None
        application.version += 1
        await expect(session, listing, application, again=True, due_at=due_at)
        record_application(session, actor, "ask_deposit_again", application, before=before)
    await session.flush()


async def follow(
    session: AsyncSession, actor: Actor, listing: Listing, application: Application, now: datetime
) -> None:
    """Expect the deposit of one who has qualified; give that of one who is out back."""
    if application.state == ApplicationState.QUALIFIED:
        await expect(session, listing, application, again=True)
    elif application.state not in OPEN_APPLICATIONS:
        await release(session, actor, listing, [application.id], application.state, now)


async def of_applications(
    session: AsyncSession, applications: Iterable[Application]
) -> dict[UUID, DepositFacts]:
    """The deposits of applications, by application."""
    return await ledger.deposits_of(session, [one.id for one in applications])


async def is_settled(session: AsyncSession, application_id: UUID) -> bool:
    """Whether a deposit was given back or set off, so that it does not count any more."""
    deposit = await ledger.deposit_state(session, application_id)
    return deposit is not None and deposit.state == DepositState.SETTLED


async def confirm(
    session: AsyncSession,
    actor: Actor,
    listing_id: UUID,
    application_id: UUID,
    evidence: str = "",
) -> Application:
    """An operator vouches that a deposit arrived in time, before the bank says so (rules.md C-14).

    Raises RoleRequired, NotFound, ListingNotOpen, IllegalMove and NoDepositDue.
    """
    actor.require_role(access.OPERATOR)
    actor.require_scope("trade")
    listing = await repository.listing(session, listing_id, lock="share")
    application = await repository.application(session, application_id, lock=True)
    if listing is None or application is None or application.listing_id != listing_id:
        raise NotFound
    now = await clock.now(session)
    rules.require_open(listing.state, listing.closes_at, now)
    move(APPLICATION_MOVES, ApplicationState(application.state), "confirm_deposit")
    if listing.deposit_fen == 0 or application.deposit_confirmed_at is not None:
        raise NoDepositDue
    await expect(session, listing, application)
    deposit = await ledger.deposit_state(session, application_id)
    if deposit is None or deposit.state == DepositState.EXPECTED:
        note = evidence or BY_WORD
        await ledger.receive_by_hand(session, actor, application_id, note, now)
    await _count(session, actor, application, now, now, evidence=evidence or BY_WORD)
    return application


async def received(
    session: AsyncSession, application_id: UUID, credited_at: datetime, now: datetime
) -> None:
    """A deposit is complete: it counts if it came within the period, else it goes back.

    What the bank tells of after the listing closed is late, for the bidders are known by then.
    """
    found = await repository.application(session, application_id)
    if found is None:
        raise NotFound
    listing = await repository.listing(session, found.listing_id, lock="share")
    application = await repository.application(session, application_id, lock=True)
    assert listing is not None
    assert application is not None
    if application.deposit_confirmed_at is not None:
        return
    deposit = await ledger.deposit_state(session, application_id)
    assert deposit is not None
    in_time = _in_time(listing, deposit, credited_at, now)
    if not in_time or application.state not in _TAKEN:
        await release(session, SYSTEM, listing, [application.id], "late", now)
        return
    await _count(session, SYSTEM, application, credited_at, now)
    if listing.state == ListingState.AWARDED:
        await jobs.defer(
            session,
            "deals.runner_up_paid",
            listing_id=str(listing.id),
            bidder_id=str(application.applicant_id),
        )


def _in_time(listing: Listing, deposit: DepositFacts, credited_at: datetime, now: datetime) -> bool:
    if listing.state in _ASKED_AGAIN and deposit.round > 1:
        return deposit.due_at is not None and max(credited_at, now) < deposit.due_at
    running = listing.closes_at is not None and credited_at < listing.closes_at
    return listing.state == ListingState.SUSPENDED or (
        listing.state == ListingState.PUBLISHED and running
    )


async def _count(
    session: AsyncSession,
    actor: Actor,
    application: Application,
    credited_at: datetime,
    now: datetime,
    **facts: str,
) -> None:
    """Take a deposit into custody: from here on the applicant may bid."""
    await ledger.hold(session, actor, application.id, now)
    application.deposit_confirmed_at = credited_at
    application.version += 1
    audit.record(
        session,
        actor,
        "application.confirm_deposit",
        "listing_application",
        application.id,
        before={"deposit": None},
        after=application.standing() | facts,
    )
    await session.flush()


async def release(
    session: AsyncSession,
    actor: Actor,
    listing: Listing,
    application_ids: Collection[UUID],
    reason: str,
    now: datetime,
    rule_set: str | None = None,
) -> None:
    """Owe deposits back within the term of the listing's profile, or of another rule set."""
    if listing.deposit_fen == 0 or not application_ids:
        return
    calendar = await calendar_store.calendar(session)
    due_at = refund_terms.due_at(rule_set or listing.rule_set, now, calendar)
    for application_id in sorted(application_ids):
        await ledger.release(session, actor, application_id, reason=reason, due_at=due_at, now=now)


async def release_all_but(
    session: AsyncSession,
    listing_id: UUID,
    except_bidders: Collection[UUID],
    now: datetime,
    *,
    reason: str = "not_awarded",
    rule_set: str | None = refund_terms.AFTER_AUCTION,
) -> None:
    """Owe everyone's deposit back but these bidders': within 24 hours of the end of the bidding
    (法释〔2016〕18号 art. 23), or within the term of another rule set."""
    listing = await repository.listing(session, listing_id)
    if listing is None:
        raise NotFound
    applicants = await repository.applicants(session, listing_id)
    out = [row.id for row in applicants if row.applicant_id not in except_bidders]
    await release(session, SYSTEM, listing, out, reason, now, rule_set)


async def apply(
    session: AsyncSession, listing_id: UUID, bidder_id: UUID, price_fen: int, now: datetime
) -> None:
    """Set the buyer's deposit off against the price, which the seller is owed; the rest of it
    goes back (法释〔2016〕18号 art. 23). Does nothing for a buyer who paid none."""
    listing = await repository.listing(session, listing_id)
    found = await _deposit_of(session, listing_id, bidder_id)
    if listing is None or found is None:
        return
    application_id, deposit = found
    await ledger.apply(
        session,
        SYSTEM,
        application_id,
        amount_fen=min(deposit.held_fen, price_fen),
        target=Target.PRICE,
        beneficiary_id=listing.seller_id,
        now=now,
    )
    rest = [application_id]
    await release(session, SYSTEM, listing, rest, "rest", now, refund_terms.AFTER_AUCTION)


async def collect_commission(
    session: AsyncSession, listing_id: UUID, bidder_id: UUID, amount_fen: int, now: datetime
) -> int:
    """Take a commission out of a buyer's deposit, as far as it goes; gives what was taken."""
    found = await _deposit_of(session, listing_id, bidder_id)
    if found is None:
        return 0
    application_id, deposit = found
    taken = min(deposit.held_fen, amount_fen)
    await ledger.apply(
        session,
        SYSTEM,
        application_id,
        amount_fen=taken,
        target=Target.COMMISSION,
        beneficiary_id=None,
        now=now,
    )
    return taken


async def purpose(session: AsyncSession, listing_id: UUID, bidder_id: UUID) -> UUID | None:
    """Under which purpose the ledger keeps a bidder's deposit; None for one who did not apply."""
    application = await repository.application_of(session, listing_id, bidder_id)
    return None if application is None else application.id


async def stands(session: AsyncSession, listing_id: UUID, bidder_id: UUID) -> bool:
    """Whether a bidder's deposit is held, or the listing asks for none."""
    listing = await repository.listing(session, listing_id)
    if listing is None:
        raise NotFound
    return listing.deposit_fen == 0 or await _deposit_of(session, listing_id, bidder_id) is not None


async def brokers_of(session: AsyncSession, listing_id: UUID, bidder_id: UUID) -> UUID | None:
    """The broker who applied in a bidder's name, if one did."""
    application = await repository.application_of(session, listing_id, bidder_id)
    return None if application is None else application.broker_id


async def payers(session: AsyncSession, listing_ids: Iterable[UUID]) -> dict[UUID, dict[UUID, str]]:
    """By listing and bidder a mark of the account that the bidder's deposit came from."""
    rows = await repository.applicants_of(session, listing_ids)
    found = await ledger.deposits_of(session, [row.id for row in rows])
    marks: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    for row in rows:
        mark = found[row.id].paid_from if row.id in found else None
        if mark is not None:
            marks[row.listing_id][row.applicant_id] = mark
    return marks


async def forfeit(
    session: AsyncSession,
    listing_id: UUID,
    bidder_id: UUID,
    reason: str,
    now: datetime,
    amount_fen: int | None = None,
) -> None:
    """Forfeit the deposit of a buyer who defaults (法释〔2016〕18号 art. 24), or a part of it.

    Does nothing for a buyer who paid none. Raises DepositNotHeld when less is held.
    """
    found = await _deposit_of(session, listing_id, bidder_id)
    if found is None:
        return
    application_id, _ = found
    await ledger.forfeit(
        session, SYSTEM, application_id, reason=reason, amount_fen=amount_fen, now=now
    )


async def _deposit_of(
    session: AsyncSession, listing_id: UUID, bidder_id: UUID
) -> tuple[UUID, DepositFacts] | None:
    """A buyer's application and the deposit that is held for it; None when nothing is held, as
    for a buyer who negotiated without having applied."""
    application = await repository.application_of(session, listing_id, bidder_id)
    if application is None:
        return None
    deposit = await ledger.deposit_state(session, application.id)
    return None if deposit is None or deposit.held_fen == 0 else (application.id, deposit)
