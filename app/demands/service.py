"""Use cases: draft, review, publish, renew, expire; what other modules ask of demands."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.demands import access, repository, rules
from app.demands.errors import NotAPoster, NotARequest, NotQualified, OwnDemand
from app.demands.facts import DemandFacts
from app.demands.models import Demand
from app.demands.schemas import DemandReview
from app.demands.states import MOVES, DemandState
from app.demands.texts import REMINDER_MAIL, REMINDER_SUBJECT
from app.kit import audit, clock, codes, mail
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.changes import Audience
from app.kit.errors import NotFound
from app.kit.http import require_version
from app.kit.states import move
from app.parties import service as parties
from app.parties.facts import OrganisationFacts
from app.standard import service as standard


async def poster(session: AsyncSession, party_id: UUID) -> OrganisationFacts:
    """The enterprise in whose name demands are posted; raises NotAPoster."""
    party = await parties.facts(session, party_id)
    if party.kind != "enterprise":
        raise NotAPoster(kind=party.kind)
    return party


async def create(session: AsyncSession, actor: Actor, document: Mapping[str, Any]) -> Demand:
    """Draft a demand from a profile of the standard.

    Raises NotAPoster, NotARequest, ProfileInvalid, NotAnonymous.
    """
    owner = await poster(session, access.trader(actor))
    names = await parties.identifying_names(session, owner.id)
    demand = drafted(owner, actor, await broker_name(session, actor))
    fill(demand, owner, document, names, await clock.now(session))
    session.add(demand)
    await session.flush()
    record(session, actor, "create", demand, before=None, after=demand.standing())
    return demand


async def broker_name(session: AsyncSession, actor: Actor) -> str | None:
    """The name of the broker who acts in a client's name, if one does."""
    if actor.client_id is None or actor.organisation_id is None:
        return None
    return (await parties.facts(session, actor.organisation_id)).name


def drafted(owner: OrganisationFacts, actor: Actor, broker: str | None) -> Demand:
    """A demand without content, in the hands of the person or the broker who acts."""
    return Demand(
        owner_id=owner.id,
        owner_name=owner.name,
        broker_id=actor.organisation_id if broker is not None else None,
        broker_name=broker,
        person_id=actor.person_id,
        state=DemandState.DRAFT.value,
    )


def fill(
    demand: Demand,
    owner: OrganisationFacts,
    document: Mapping[str, Any],
    names: Iterable[str],
    now: datetime,
    *,
    prefix: str = "body.",
) -> None:
    """Take a profile over, with what is known of its owner anyway, if it may be published so.

    Raises NotARequest, ProfileInvalid, NotAnonymous.
    """
    known = {
        "country": "CN",
        "province": codes.province_of(owner.region_code).code,
        "client_type": owner.kind,
        "anonymous": False,
        "confidentiality": "open",
    }
    given = {name: value for name, value in document.items() if value is not None}
    if given.get("type") in standard.types_of("offer"):
        allowed = list(standard.types_of("request"))
        raise NotARequest(field=f"{prefix}type", given=given["type"], allowed=allowed)
    profile = standard.checked(known | given, prefix=prefix)
    if profile["anonymous"]:
        standard.require_anonymous(profile, names, prefix=prefix)
    demand.take(profile, standard.completeness(profile).score)
    demand.rule_set = rules.rules_of(local_day(now)).code


async def _refill(session: AsyncSession, demand: Demand, document: Mapping[str, Any]) -> datetime:
    """Check a demand's profile against its owner as it is today; returns the time of it."""
    owner = await poster(session, demand.owner_id)
    names = await parties.identifying_names(session, owner.id)
    now = await clock.now(session)
    fill(demand, owner, document, names, now)
    return now


async def edit(
    session: AsyncSession,
    actor: Actor,
    demand_id: UUID,
    change: Mapping[str, Any],
    version: int,
) -> Demand:
    """Change members of a draft's profile against the version that was read; null removes one."""
    access.trader(actor)
    demand = access.owned(actor, await repository.demand(session, demand_id, lock="update"))
    require_version(demand.version, version)
    move(MOVES, DemandState(demand.state), "edit")
    before = demand.standing()
    await _refill(session, demand, {**demand.profile, **change})
    demand.version += 1
    await session.flush()
    record(session, actor, "edit", demand, before=before, after=demand.standing())
    return demand


async def submit(session: AsyncSession, actor: Actor, demand_id: UUID) -> Demand:
    """Hand a draft in for review; a broker who does so speaks for the owner from then on.

    Raises TooIncomplete, BadExpiry and what `create` raises.
    """
    access.trader(actor)
    demand = access.owned(actor, await repository.demand(session, demand_id, lock="update"))
    state = move(MOVES, DemandState(demand.state), "submit")
    if actor.client_id is not None:
        demand.broker_id, demand.person_id = actor.organisation_id, actor.person_id
        demand.broker_name = await broker_name(session, actor)
    now = await _refill(session, demand, demand.profile)
    chosen = rules.rules_of(local_day(now))
    missing = standard.completeness(demand.profile).missing
    rules.require_complete(demand.completeness, missing, chosen)
    rules.publication(now, demand.profile.get("expires_on"), chosen)
    _change(session, actor, "submit", demand, state)
    await session.flush()
    return demand


async def review(
    session: AsyncSession, actor: Actor, demand_id: UUID, decision: DemandReview
) -> Demand:
    """An operator publishes a demand, or sends it back with a reason.

    Raises OwnDemand, ReasonRequired, and what `submit` raises of a profile that has become wrong
    since it was handed in.
    """
    access.operator(actor)
    demand = access.visible(actor, await repository.demand(session, demand_id, lock="update"))
    state = move(MOVES, DemandState(demand.state), decision.act)
    if access.wrote(actor, demand):
        raise OwnDemand
    if decision.act == "reject":
        rules.require_reason(decision.reason)
        now = await clock.now(session)
    else:
        now = await _refill(session, demand, demand.profile)
        _publish(demand, now, demand.profile.get("expires_on"))
        demand.posted_at = demand.published_at = now
    demand.review_note = decision.reason or None
    _change(
        session,
        actor,
        decision.act,
        demand,
        state,
        reason=decision.reason,
        at=now,
        expires_at=demand.expires_at,
    )
    await session.flush()
    return demand


def _publish(demand: Demand, now: datetime, asked: str | None) -> None:
    demand.publish(rules.publication(now, asked, rules.rules_of(local_day(now))))


async def renew(
    session: AsyncSession, actor: Actor, demand_id: UUID, expires_on: date | None
) -> Demand:
    """Publish a demand that is published or expired until another day, unchanged.

    Raises BadExpiry, and NotAnonymous when it has become telling in the meantime.
    """
    access.trader(actor)
    demand = access.owned(actor, await repository.demand(session, demand_id, lock="update"))
    state = move(MOVES, DemandState(demand.state), "renew")
    asked = None if expires_on is None else expires_on.isoformat()
    before = demand.expires_at
    now = await _refill(session, demand, {**demand.profile, "expires_on": asked})
    _publish(demand, now, asked)
    demand.closed_at = None
    _change(session, actor, "renew", demand, state, expired_at=before, expires_at=demand.expires_at)
    await session.flush()
    return demand


async def withdraw(session: AsyncSession, actor: Actor, demand_id: UUID, reason: str) -> Demand:
    """The owner takes a demand back; once it is published, with a reason."""
    access.trader(actor)
    demand = access.owned(actor, await repository.demand(session, demand_id, lock="update"))
    state = move(MOVES, DemandState(demand.state), "withdraw")
    if demand.state == DemandState.PUBLISHED:
        rules.require_reason(reason)
    return await _end(session, actor, "withdraw", demand, state, reason)


async def close(session: AsyncSession, actor: Actor, demand_id: UUID, reason: str) -> Demand:
    """The owner needs no more answers, for instance because contact led to an agreement."""
    access.trader(actor)
    demand = access.owned(actor, await repository.demand(session, demand_id, lock="update"))
    state = move(MOVES, DemandState(demand.state), "close")
    return await _end(session, actor, "close", demand, state, reason)


async def _end(
    session: AsyncSession, actor: Actor, act: str, demand: Demand, state: DemandState, reason: str
) -> Demand:
    demand.closed_at = await clock.now(session)
    demand.remind_at = None
    demand.review_note = reason or None
    _change(session, actor, act, demand, state, reason=reason, at=demand.closed_at)
    await session.flush()
    return demand


async def expire(session: AsyncSession, demand_id: UUID, now: datetime) -> None:
    """End a publication whose time is over; does nothing when it is not due any more."""
    demand = await repository.free_demand(session, demand_id)
    if (
        demand is None
        or demand.state != DemandState.PUBLISHED
        or demand.expires_at is None
        or demand.expires_at > now
    ):
        return
    demand.closed_at = demand.expires_at
    demand.remind_at = None
    _change(session, SYSTEM, "expire", demand, DemandState.EXPIRED, at=now)


async def remind(session: AsyncSession, demand_id: UUID, now: datetime) -> None:
    """Tell the owner and its adviser by mail that a publication ends soon; once.

    A publication that has ended while the system was down is not announced any more.
    """
    demand = await repository.free_demand(session, demand_id)
    if demand is None or demand.remind_at is None or demand.remind_at > now:
        return
    demand.remind_at = None
    if demand.expires_at is None or demand.expires_at <= now:
        return
    speaker = await parties.adviser(
        session, demand.owner_id, broker_id=demand.broker_id, person_id=demand.person_id, now=now
    )
    day = rules.last_day(demand.expires_at).isoformat()
    await tell(
        session,
        (demand.owner_id, speaker.organisation_id),
        REMINDER_SUBJECT,
        REMINDER_MAIL.format(title=demand.title, id=demand.id, day=day),
    )
    record(
        session,
        SYSTEM,
        "remind",
        demand,
        before=None,
        after={"expires_at": demand.expires_at},
        audience=access.owners(demand),
    )


async def tell(
    session: AsyncSession, organisation_ids: Iterable[UUID], subject: str, text: str
) -> None:
    """A mail to each organisation whose contact is an address."""
    for organisation_id in dict.fromkeys(organisation_ids):
        organisation = await parties.adviser(
            session, organisation_id, broker_id=None, person_id=None, now=await clock.now(session)
        )
        if mail.is_address(organisation.contact):
            await mail.defer(session, organisation.contact, subject, text)


published_ids = repository.published_ids


async def facts(session: AsyncSession, demand_id: UUID) -> DemandFacts:
    """What other modules may know of one demand; raises NotFound."""
    found = await facts_of(session, [demand_id])
    if demand_id not in found:
        raise NotFound
    return found[demand_id]


async def hiding_owner(
    session: AsyncSession, actor: Actor | None, ids: Sequence[UUID]
) -> frozenset[UUID]:
    """Those of the demands whose owner the actor is not to know (rules.md 9.5): an anonymous one is
    told to its own people, to overseers, to whom its interest was accepted, and to its supplier."""
    met: frozenset[UUID] = frozenset()
    if actor is not None and actor.party_id is not None:
        met = await repository.in_contact(session, actor.party_id, ids)
    return frozenset(
        row.id
        for row in await repository.demands_by_id(session, ids)
        if row.anonymous
        and row.id not in met
        and not access.sees_all_of(actor, row)
        and not (row.supplier_id is not None and access.acts_for(actor, row.supplier_id))
    )


async def facts_of(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, DemandFacts]:
    """What other modules may know of demands, by id; unknown ids are left out."""
    return {
        row.id: DemandFacts(
            id=row.id,
            version=row.version,
            owner_id=row.owner_id,
            owner_name=row.owner_name,
            broker_id=row.broker_id,
            type=row.type,
            title=row.title,
            summary=row.profile["summary"],
            technical_fields=tuple(row.technical_fields),
            province=row.province,
            budget_fen=row.budget_fen,
            anonymous=row.anonymous,
            state=row.state,
            published_at=row.published_at,
            expires_at=row.expires_at,
            internal=row.internal,
            keywords=tuple(row.profile.get("keywords", ())),
        )
        for row in await repository.demands_by_id(session, ids)
    }


async def qualified_suppliers(session: AsyncSession, demand_id: UUID) -> tuple[UUID, ...]:
    """Who may bid in a reverse auction: authors of shortlisted solutions, the oldest first."""
    if await repository.demand(session, demand_id) is None:
        raise NotFound
    return tuple(await repository.shortlisted(session, demand_id))


async def record_award(
    session: AsyncSession,
    actor: Actor,
    demand_id: UUID,
    supplier_id: UUID,
    price_fen: int,
    now: datetime,
) -> None:
    """A reverse auction found its supplier: the demand is matched.

    Raises NotFound, IllegalMove, and NotQualified for a supplier that is not shortlisted.
    """
    demand = await _existing(session, demand_id)
    state = move(MOVES, DemandState(demand.state), "award")
    if supplier_id not in await repository.shortlisted(session, demand_id):
        raise NotQualified(field="supplier_id", supplier_id=str(supplier_id))
    demand.supplier_id = supplier_id
    demand.awarded_fen = price_fen
    demand.closed_at = now
    demand.remind_at = None
    _change(
        session, actor, "award", demand, state, at=now, supplier=supplier_id, price_fen=price_fen
    )
    await session.flush()


async def reopen(
    session: AsyncSession, actor: Actor, demand_id: UUID, reason: str, now: datetime
) -> None:
    """The supplier defaulted: the demand is published again, and that supplier's solutions are
    refused, so that it does not bid again. Raises NotFound and IllegalMove."""
    demand = await _existing(session, demand_id)
    state = move(MOVES, DemandState(demand.state), "reopen")
    assert demand.supplier_id is not None
    supplier_id = demand.supplier_id
    refused = await repository.refuse_solutions(session, demand_id, supplier_id, reason, now)
    demand.supplier_id = demand.awarded_fen = demand.closed_at = None
    _change(
        session,
        actor,
        "reopen",
        demand,
        state,
        supplier=supplier_id,
        reason=reason,
        solutions=[str(one) for one in refused],
    )
    await session.flush()


async def annul_award(session: AsyncSession, actor: Actor, demand_id: UUID, reason: str) -> None:
    """The auction that found the supplier was annulled: the demand is published again.

    Solutions stay as they are, for an annulment says nothing of the supplier. Raises NotFound and
    IllegalMove.
    """
    demand = await _existing(session, demand_id)
    state = move(MOVES, DemandState(demand.state), "annul")
    supplier_id = demand.supplier_id
    demand.supplier_id = demand.awarded_fen = demand.closed_at = None
    _change(session, actor, "annul", demand, state, supplier=supplier_id, reason=reason)
    await session.flush()


async def record_failure(
    session: AsyncSession, actor: Actor, demand_id: UUID, reason: str, now: datetime
) -> None:
    """A reverse auction found no supplier: the demand stays as it is, and may be tried again."""
    demand = await _existing(session, demand_id)
    record(
        session,
        actor,
        "fail",
        demand,
        before={"state": demand.state},
        after={"state": demand.state, "reason": reason, "at": now},
    )


async def _existing(session: AsyncSession, demand_id: UUID) -> Demand:
    demand = await repository.demand(session, demand_id, lock="update")
    if demand is None:
        raise NotFound
    return demand


def _change(
    session: AsyncSession,
    actor: Actor,
    act: str,
    demand: Demand,
    state: DemandState,
    **facts: Any,
) -> None:
    """Move a demand to its next state and note it."""
    before, seen_by = {"state": demand.state}, access.audience(demand)
    demand.state = state.value
    demand.version += 1
    record(
        session,
        actor,
        act,
        demand,
        before=before,
        after={"state": state, **facts},
        audience=seen_by | access.audience(demand),
    )


def record(
    session: AsyncSession,
    actor: Actor,
    act: str,
    demand: Demand,
    *,
    before: dict[str, Any] | None,
    after: dict[str, Any],
    audience: Audience | None = None,
) -> None:
    """Note a change of a demand; those who may see it now learn of it, or `audience`."""
    audit.record(
        session,
        actor,
        f"demand.{act}",
        "demand",
        demand.id,
        before=before,
        after=after,
        rule_set=demand.rule_set,
        audience=audience or access.audience(demand),
    )
