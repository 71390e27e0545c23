"""Puts an offer's facts together, lets the guards look at them, and keeps operators' evidence."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.achievements.facts import AchievementFacts
from app.kit import clock
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.patents import NO_REGISTER, PatentRegister
from app.kit.states import move
from app.listings import access, guards, repository, rules, sale_profiles
from app.listings.errors import ChecksOpen, GuardsFailed, NotCheckable, OwnListing
from app.listings.models import Listing, ListingCheck
from app.listings.recording import record
from app.listings.states import MOVES, ListingState, Outcome, SecurityDeclaration


async def findings(
    session: AsyncSession,
    listing: Listing,
    achievement: AchievementFacts,
    register: PatentRegister,
) -> list[guards.Finding]:
    """What every guard finds about a listing today."""
    ids = [achievement.id, *achievement.member_ids]
    day = local_day(await clock.now(session))
    other = await repository.excluding_listing(
        session, ids, exclusive=listing.exclusive, but=listing.id
    )
    profile = sale_profiles.profile(listing.profile)
    members = (await achievements.facts_of(session, achievement.member_ids)).values()
    numbers = [right.number for right in achievement.rights if right.number]
    return guards.findings(
        guards.Offer(
            day=day,
            title="\n".join((listing.title, achievement.title, *(one.title for one in members))),
            text=f"{listing.summary}\n{listing.conditions}",
            ipc=[*listing.ipc, *(symbol for one in members for symbol in one.ipc)],
            transfer_mode=listing.transfer_mode,
            license_manner=listing.license_manner,
            licence_until=listing.licence_until,
            open_to_foreign=listing.open_to_foreign,
            security=SecurityDeclaration(listing.security),
            security_document=listing.security_document,
            parts=await achievements.offer_facts_of(session, ids, day),
            rights=achievement.rights,
            patents=await register.find(numbers),
            other_listing=other,
            price_fen=listing.price_fen,
            floor_fen=rules.price_floor(profile, listing.appraisal_fen, listing.round),
            price_approved=listing.price_approval is not None,
            redo_from=rules.redo_from(profile, listing.first_disclosed_on),
            appraisal_on=listing.appraisal_on,
            checked=frozenset(row.code for row in await repository.checks(session, listing.id)),
        )
    )


async def require(
    session: AsyncSession,
    listing: Listing,
    achievement: AchievementFacts,
    register: PatentRegister,
    *,
    to_publish: bool,
) -> None:
    """Raise GuardsFailed where a guard stops the listing, and ChecksOpen where one is to be
    published with a check open."""
    found = await findings(session, listing, achievement, register)
    failed = [one for one in found if one.outcome == Outcome.FAILED]
    if failed:
        raise GuardsFailed(field="listing.achievement_id", **_told(failed))
    open_checks = [one for one in found if one.outcome == Outcome.NEEDS_APPROVAL]
    if to_publish and open_checks:
        raise ChecksOpen(**_told(open_checks))


def _told(found: Sequence[guards.Finding]) -> dict[str, Any]:
    return {
        "reasons": [one.code for one in found],
        "reasons_zh": ";".join(one.zh for one in found),
        "reasons_en": "; ".join(one.en for one in found),
        "sources": [one.source for one in found],
    }


async def add(
    session: AsyncSession,
    actor: Actor,
    listing_id: UUID,
    code: str,
    evidence: str,
    register: PatentRegister = NO_REGISTER,
) -> list[guards.Finding]:
    """An operator puts on record what was checked where a guard could not decide.

    Raises NotCheckable unless that guard waits for a check, OwnListing, and IllegalMove when the
    listing is not under review.
    """
    actor.require_role(access.OPERATOR)
    actor.require_scope("trade")
    listing = access.visible(actor, await repository.listing(session, listing_id, lock="update"))
    move(MOVES, ListingState(listing.state), "approve")
    if actor.party_id == listing.seller_id:
        raise OwnListing
    achievement = await achievements.facts(session, listing.achievement_id)
    found = await findings(session, listing, achievement, register)
    waiting = [one.code for one in found if one.outcome == Outcome.NEEDS_APPROVAL]
    if code not in waiting:
        raise NotCheckable(field="body.code", check=code, allowed=waiting)
    session.add(
        ListingCheck(
            listing_id=listing.id,
            code=code,
            evidence=evidence,
            person_id=actor.person_id,
            organisation_id=actor.organisation_id,
        )
    )
    record(session, actor, "check", listing, before=None, after={"check": code, "why": evidence})
    await session.flush()
    return await findings(session, listing, achievement, register)
