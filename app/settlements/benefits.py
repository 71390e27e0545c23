"""Use cases of benefits that rest on a registration: claimed, at risk, confirmed or recovered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit, clock, mail
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.kit.errors import NotFound
from app.kit.states import move
from app.parties import service as parties
from app.parties.states import Role
from app.registrations import service as registrations
from app.settlements import access, repository, rules, texts
from app.settlements.errors import AlreadyClaimed, PaidInFuture, RegistrationFell
from app.settlements.models import Benefit
from app.settlements.schemas import BenefitDecision, NewBenefit
from app.settlements.states import AUTHORITY_OF, BENEFIT_MOVES, BenefitState


async def claim(session: AsyncSession, actor: Actor, new: NewBenefit) -> Benefit:
    """A party of a registered contract states a benefit that it took because of it.

    Raises NotFound unless it is a party of the contract, RegistrationFell, AlreadyClaimed, and
    PaidInFuture for a day before the registration or to come.
    """
    access.require_own_trader(actor)
    party_id = actor.require_party()
    # A fall that is being noted at this moment is waited for, and then seen.
    await repository.serialise(session, f"benefits:{new.registration_id}")
    registration = await registrations.facts(session, new.registration_id)
    if party_id not in {registration.seller_id, registration.buyer_id}:
        raise NotFound
    if await repository.has_fallen(session, registration.id):
        raise RegistrationFell(field="body.registration_id", registration_state="fallen")
    now = await clock.now(session)
    first, last = local_day(registration.registered_at), local_day(now)
    if not first <= new.taken_on <= last:
        raise PaidInFuture(
            field="body.taken_on", earliest=first.isoformat(), latest=last.isoformat()
        )
    known = await repository.same_benefit(
        session, registration.id, party_id, new.kind.value, new.document
    )
    if known is not None:
        raise AlreadyClaimed(field="body.document", benefit_id=str(known.id))
    party = await parties.facts(session, party_id)
    benefit = Benefit(
        registration_id=registration.id,
        registration_number=registration.number,
        party_id=party_id,
        region=party.region_code,
        kind=new.kind.value,
        authority=AUTHORITY_OF[new.kind].value,
        amount_fen=new.amount_fen,
        taken_on=new.taken_on,
        document=new.document,
        state=BenefitState.CLAIMED.value,
    )
    session.add(benefit)
    await session.flush()
    _record(session, actor, "claim", benefit, None)
    return benefit


async def endanger(session: AsyncSession, registration_id: UUID, now: datetime) -> None:
    """A registration fell: everything that rests on it goes to its authority's list.

    Run again, it finds nothing left to flag; what an authority has decided stays decided.
    """
    await repository.serialise(session, f"benefits:{registration_id}")
    await repository.note_fall(session, registration_id, now)
    for benefit in await repository.claimed_benefits(session, registration_id):
        before = {"state": benefit.state}
        benefit.state = move(BENEFIT_MOVES, BenefitState(benefit.state), "endanger").value
        benefit.at_risk_since = now
        benefit.version += 1
        await session.flush()
        _record(session, SYSTEM, "endanger", benefit, before)
        party = await parties.get(session, SYSTEM, benefit.party_id)
        if mail.is_address(party.contact):
            text = texts.AT_RISK.format(
                name=party.name,
                number=benefit.registration_number,
                kind=benefit.kind,
                document=benefit.document,
            )
            await mail.defer(session, party.contact, texts.AT_RISK_SUBJECT, text)


async def decide(
    session: AsyncSession, actor: Actor, benefit_id: UUID, decision: BenefitDecision
) -> Benefit:
    """A regulator confirms a benefit at risk, or notes that it was recovered, with reasons."""
    actor.require_role(Role.REGULATOR)
    actor.require_scope("trade")
    benefit = access.sees_benefit(actor, await repository.benefit(session, benefit_id, lock=True))
    state = move(BENEFIT_MOVES, BenefitState(benefit.state), decision.act)
    rules.require_reason(decision.note)
    now = await clock.now(session)
    before = {"state": benefit.state}
    benefit.state = state.value
    benefit.decided_at = now
    benefit.decided_by = actor.person_id
    benefit.decision_note = decision.note
    benefit.version += 1
    await session.flush()
    _record(session, actor, decision.act, benefit, before)
    return benefit


def _record(
    session: AsyncSession,
    actor: Actor,
    act: str,
    benefit: Benefit,
    before: dict[str, Any] | None,
) -> None:
    audit.record(
        session,
        actor,
        f"benefit.{act}",
        "benefit",
        benefit.id,
        before=before,
        after={
            "state": benefit.state,
            "registration": benefit.registration_id,
            "kind": benefit.kind,
            "authority": benefit.authority,
            "amount_fen": benefit.amount_fen,
            "note": benefit.decision_note,
        },
    )
