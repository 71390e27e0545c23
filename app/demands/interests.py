"""Expressions of interest (意向表达): an accepted one opens contact through the two advisers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.demands import access, repository, rules
from app.demands.errors import AlreadyAnswered, OwnAchievement, OwnDemand
from app.demands.models import Interest
from app.demands.schemas import AdviserView, InterestDecision, InterestView, NewInterest
from app.demands.service import tell
from app.demands.solutions import require_solver
from app.demands.states import INTEREST_MOVES, InterestState
from app.demands.texts import DECIDED_MAIL, DECIDED_SUBJECT, INTEREST_MAIL, INTEREST_SUBJECT
from app.kit import audit, clock
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.states import move
from app.parties import service as parties

Box = Literal["sent", "received"]


@dataclass(frozen=True)
class _Object:
    """What somebody is interested in, and who speaks for it."""

    title: str
    owner_id: UUID
    demand_id: UUID | None = None
    achievement_id: UUID | None = None
    broker_id: UUID | None = None
    person_id: UUID | None = None


async def in_demand(
    session: AsyncSession, actor: Actor, demand_id: UUID, new: NewInterest
) -> Interest:
    """Express interest in a demand that is published, by its deadline.

    Raises NotFound, OwnDemand, NotASolver, DemandNotOpen, AlreadyAnswered.
    """
    party_id = access.trader(actor)
    demand = access.visible(actor, await repository.demand(session, demand_id, lock="share"))
    if access.wrote(actor, demand):
        raise OwnDemand
    party_name = await require_solver(session, party_id)
    until = rules.interest_until(demand.profile, demand.expires_at)
    rules.require_open(demand.state, until, await clock.now(session))
    found = _Object(
        demand.title,
        demand.owner_id,
        demand_id=demand.id,
        broker_id=demand.broker_id,
        person_id=demand.person_id,
    )
    return await _express(session, actor, party_name, found, new)


async def in_achievement(
    session: AsyncSession, actor: Actor, achievement_id: UUID, new: NewInterest
) -> Interest:
    """Express interest in an achievement that everyone may see.

    Raises NotFound, OwnAchievement, NotASolver, AlreadyAnswered.
    """
    party_id = access.trader(actor)
    achievement = await achievements.facts(session, achievement_id)
    if achievement.state != "published" or achievement.secrecy != "public":
        raise NotFound
    if party_id in {achievement.lead_party_id, *achievement.owner_ids}:
        raise OwnAchievement
    party_name = await require_solver(session, party_id)
    found = _Object(achievement.title, achievement.lead_party_id, achievement_id=achievement.id)
    return await _express(session, actor, party_name, found, new)


async def _express(
    session: AsyncSession, actor: Actor, party_name: str, found: _Object, new: NewInterest
) -> Interest:
    party_id = actor.require_party()
    known = await repository.live_interest(
        session, party_id, demand_id=found.demand_id, achievement_id=found.achievement_id
    )
    if known is not None:
        raise AlreadyAnswered(known_id=str(known))
    interest = Interest(
        **new.model_dump(),
        demand_id=found.demand_id,
        achievement_id=found.achievement_id,
        owner_id=found.owner_id,
        owner_broker_id=found.broker_id,
        owner_person_id=found.person_id,
        party_id=party_id,
        party_name=party_name,
        party_broker_id=actor.organisation_id if actor.client_id else None,
        party_person_id=actor.person_id,
        state=InterestState.EXPRESSED.value,
    )
    session.add(interest)
    await session.flush()
    _record(session, actor, "express", interest, before=None)
    told = [one for one in (found.owner_id, found.broker_id) if one is not None]
    text = INTEREST_MAIL.format(title=found.title, id=interest.id)
    await tell(session, told, INTEREST_SUBJECT, text)
    return interest


async def decide(
    session: AsyncSession, actor: Actor, interest_id: UUID, decision: InterestDecision
) -> Interest:
    """The owner accepts, which opens contact, or declines with a reason.

    A broker who decides in the owner's name speaks for it from then on.
    """
    access.trader(actor)
    interest = await repository.interest(session, interest_id, lock=True)
    if interest is None or not access.acts_for(actor, interest.owner_id):
        raise NotFound
    if decision.act == "decline":
        rules.require_reason(decision.reason)
    now = await clock.now(session)
    if actor.client_id is not None:
        interest.owner_broker_id = actor.organisation_id
        interest.owner_person_id = actor.person_id
    elif interest.owner_person_id is None:
        interest.owner_person_id = actor.person_id
    _move(session, actor, interest, decision.act, now, decision.reason)
    if interest.state == InterestState.ACCEPTED and interest.achievement_id is not None:
        await achievements.meet(session, interest.achievement_id, interest.party_id)
    told = [one for one in (interest.party_id, interest.party_broker_id) if one is not None]
    text = DECIDED_MAIL.format(title=await _title(session, interest), id=interest.id)
    await tell(session, told, DECIDED_SUBJECT, text)
    await session.flush()
    return interest


async def _title(session: AsyncSession, interest: Interest) -> str:
    if interest.achievement_id is not None:
        return (await achievements.facts(session, interest.achievement_id)).title
    assert interest.demand_id is not None
    demand = await repository.demand(session, interest.demand_id)
    assert demand is not None
    return demand.title


async def withdraw(session: AsyncSession, actor: Actor, interest_id: UUID) -> Interest:
    """Whoever expressed an interest takes it back before it is decided."""
    access.trader(actor)
    interest = await repository.interest(session, interest_id, lock=True)
    if interest is None or not access.acts_for(actor, interest.party_id):
        raise NotFound
    _move(session, actor, interest, "withdraw", await clock.now(session), "")
    await session.flush()
    return interest


async def get(session: AsyncSession, actor: Actor, interest_id: UUID) -> InterestView:
    """One interest, for its two sides."""
    interest = access.side_of(actor, await repository.interest(session, interest_id))
    return (await views(session, actor, [interest]))[0]


async def listed(
    session: AsyncSession,
    actor: Actor,
    box: Box,
    demand_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Interest]:
    """Interests that the acting party expressed or was sent, the newest first."""
    party_id = actor.require_party()
    return await repository.interests(
        session,
        party_id=party_id if box == "sent" else None,
        owner_id=party_id if box == "received" else None,
        demand_id=demand_id,
        after=after,
        limit=limit,
    )


async def views(
    session: AsyncSession, actor: Actor, rows: Sequence[Interest]
) -> list[InterestView]:
    """What a side sees of interests: names and advisers once contact is open."""
    now = await clock.now(session)
    owners = await parties.facts_of(session, [row.owner_id for row in rows])
    return [await _view(session, actor, row, owners[row.owner_id].name, now) for row in rows]


async def _view(
    session: AsyncSession, actor: Actor, interest: Interest, owner_name: str, now: datetime
) -> InterestView:
    hidden = {"owner_id", "owner_name", "owner_adviser", "party_adviser"}
    shown = InterestView.model_validate(
        {name: getattr(interest, name) for name in InterestView.model_fields if name not in hidden}
    )
    if access.acts_for(actor, interest.owner_id) or interest.state == InterestState.ACCEPTED:
        shown.owner_id = interest.owner_id
        shown.owner_name = owner_name
    if interest.state == InterestState.ACCEPTED:
        owner = await parties.adviser(
            session,
            interest.owner_id,
            broker_id=interest.owner_broker_id,
            person_id=interest.owner_person_id,
            now=now,
        )
        party = await parties.adviser(
            session,
            interest.party_id,
            broker_id=interest.party_broker_id,
            person_id=interest.party_person_id,
            now=now,
        )
        shown.owner_adviser = AdviserView(**asdict(owner))
        shown.party_adviser = AdviserView(**asdict(party))
    return shown


def _move(
    session: AsyncSession, actor: Actor, interest: Interest, act: str, now: datetime, reason: str
) -> None:
    before = {"state": interest.state}
    interest.state = move(INTEREST_MOVES, InterestState(interest.state), act).value
    interest.reason = reason or None
    interest.decided_at = now
    interest.version += 1
    _record(session, actor, act, interest, before=before)


def _record(
    session: AsyncSession,
    actor: Actor,
    act: str,
    interest: Interest,
    *,
    before: dict[str, Any] | None,
) -> None:
    after = {
        "demand": interest.demand_id,
        "achievement": interest.achievement_id,
        "owner": interest.owner_id,
        "party": interest.party_id,
        "state": interest.state,
        "reason": interest.reason,
    }
    audit.record(
        session, actor, f"interest.{act}", "interest", interest.id, before=before, after=after
    )
