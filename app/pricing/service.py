"""Use cases: asking for a valuation, computing it, reading it, computing it anew."""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.achievements.facts import AchievementFacts
from app.kit import audit
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.states import move
from app.parties import service as parties
from app.pricing import access, comparables, market_models, repository, rules
from app.pricing.approaches.inputs import Plan
from app.pricing.approaches.market import Comparable
from app.pricing.approaches.parameters import ParameterSet, parameter_sets, parameters_on
from app.pricing.approaches.parameters import parameters as parameters_named
from app.pricing.approaches.results import METHOD_VERSION, Note
from app.pricing.errors import ValuedLater
from app.pricing.learned.answers import Answer
from app.pricing.models import Valuation
from app.pricing.rules import Subject, Valued
from app.pricing.schemas import (
    NewValuation,
    ParameterOrigin,
    ParameterSetView,
    Reproduction,
    ResultView,
    SignatureOfAppraiser,
    ValuationRow,
    ValuationView,
)
from app.pricing.states import MOVES, ValuationState

PATENT = "patent"
collect_deal = comparables.collect_deal
collect_contract = comparables.collect_contract


async def ask(session: AsyncSession, actor: Actor, new: NewValuation, now: datetime) -> Valuation:
    """Value an achievement of the actor's party, or any one for the platform, as a draft.

    Nothing is written when an approach refuses its inputs. Raises NotFound, RoleRequired,
    ScopeRequired, ValuedLater, UnknownValue, TwoMethodsNeeded and the refusals of the approaches.
    """
    access.acting(actor)
    party_id = actor.require_party()
    found = await achievements.facts_of(session, [new.achievement_id])
    achievement = access.may_value(actor, found.get(new.achievement_id))
    day = valuation_day(new.valued_on, now)
    parameters = parameters_on(day)
    subject = await subject_of(session, achievement, new.plan)
    answer = await market_models.answer(session, new.plan, subject, day)
    among = await pool_for(session, subject, rules.effective(new.plan, answer), day)
    seed = default_seed(achievement.id, day) if new.seed is None else new.seed
    chosen, valued = await to_thread.run_sync(
        compute, subject, new.plan, among, day, parameters, seed, answer
    )
    if new.statutory:
        rules.check_statutory(new.plan, len(valued.results), parameters)
    row = valuation(achievement, subject, new.plan, chosen, valued, day, parameters, seed, now)
    row.party_id, row.asked_by = party_id, actor.person_id
    row.purpose, row.statutory = new.purpose.value, new.statutory
    row.signatures_needed = parameters.statutory_signatures if new.statutory else 1
    await add(session, actor, row)
    return row


def valuation_day(given: date | None, now: datetime) -> date:
    """The day of the valuation; raises ValuedLater for one to come."""
    today = local_day(now)
    if given is None:
        return today
    if given > today:
        raise ValuedLater(field="body.valued_on", given=given.isoformat(), today=today.isoformat())
    return given


def default_seed(achievement_id: UUID, day: date) -> int:
    """A seed that the same achievement has on the same day."""
    return int.from_bytes(sha256(f"{achievement_id}:{day.isoformat()}".encode()).digest()[:6])


async def subject_of(session: AsyncSession, achievement: AchievementFacts, plan: Plan) -> Subject:
    """What is valued of an achievement; raises UnknownValue for a mode that is none."""
    mode = plan.mode or next(iter(achievement.transfer_modes), "assign")
    parties.require_code("transfer_modes", mode, "body.plan.mode")
    owner = await parties.facts(session, achievement.lead_party_id)
    ends = [
        right.expires_on
        for right in achievement.rights
        if right.type.split(".")[0] == PATENT and right.expires_on is not None
    ]
    return Subject(
        title=achievement.title,
        text=f"{achievement.title}\n{achievement.summary}",
        technical_field=achievement.technical_field,
        ipc=list(achievement.ipc),
        trl=achievement.trl,
        mode=mode,
        exclusive=plan.exclusive,
        region=owner.region_code,
        expires_on=min(ends, default=None),
        ip_kind=comparables.ip_kind_of(achievement),
        seller=owner.kind,
    )


async def pool_for(
    session: AsyncSession, subject: Subject, plan: Plan, day: date
) -> comparables.Pool:
    """The deals that a plan compares with; none where it does not."""
    if not rules.needs_comparables(plan):
        return []
    return await comparables.pool(session, subject.technical_field, day)


def compute(
    subject: Subject,
    plan: Plan,
    among: comparables.Pool | comparables.Prepared,
    day: date,
    parameters: ParameterSet,
    seed: int,
    answer: Answer | None = None,
) -> tuple[list[Comparable], Valued]:
    """The comparables that were used and the results; takes a while, so not on the event loop."""
    ready = among if isinstance(among, comparables.Prepared) else comparables.prepare(among)
    chosen: list[Comparable] = []
    if rules.needs_comparables(rules.effective(plan, answer)):
        chosen = comparables.nearest(subject, ready, day, parameters)
    return chosen, rules.value(subject, plan, chosen, day, parameters, seed, answer)


def valuation(
    achievement: AchievementFacts,
    subject: Subject,
    plan: Plan,
    chosen: Sequence[Comparable],
    valued: Valued,
    day: date,
    parameters: ParameterSet,
    seed: int,
    now: datetime,
) -> Valuation:
    """The row of a computed valuation, without who asked for it and what for."""
    together = valued.together
    return Valuation(
        achievement_id=achievement.id,
        achievement_version=achievement.version,
        title=achievement.title,
        valued_on=day,
        subject=subject.model_dump(mode="json"),
        plan=plan.model_dump(mode="json"),
        comparables=[one.model_dump(mode="json") for one in chosen],
        result=valued.shown(),
        low_fen=together.low_fen,
        value_fen=together.value_fen,
        high_fen=together.high_fen,
        rule_set=parameters.code,
        method_version=METHOD_VERSION,
        data_cut=now,
        seed=seed,
        explanation=plan.explanation,
        statutory=False,
        state=ValuationState.DRAFT.value,
    )


async def add(session: AsyncSession, actor: Actor, row: Valuation) -> None:
    """Write a computed valuation and note it."""
    session.add(row)
    await session.flush()
    record(session, actor, row, "compute", None, value_fen=row.value_fen, purpose=row.purpose)


def record(
    session: AsyncSession,
    actor: Actor,
    row: Valuation,
    act: str,
    before: dict[str, Any] | None,
    **after: Any,
) -> None:
    """Note a change of a valuation in the audit log."""
    audit.record(
        session,
        actor,
        f"valuation.{act}",
        "valuation",
        row.id,
        before=before,
        after={"state": row.state} | after,
        rule_set=row.rule_set,
    )


async def discard(session: AsyncSession, actor: Actor, valuation_id: UUID) -> Valuation:
    """Drop a draft; it stays on record. Raises NotFound and IllegalMove."""
    row = access.owned(actor, await repository.valuation(session, valuation_id, lock=True))
    before = {"state": row.state}
    row.state = move(MOVES, ValuationState(row.state), "discard").value
    row.version += 1
    record(session, actor, row, "discard", before)
    await session.flush()
    return row


async def get(session: AsyncSession, actor: Actor, valuation_id: UUID) -> Valuation:
    """One valuation; raises NotFound."""
    return access.visible(actor, await repository.valuation(session, valuation_id))


async def listed(
    session: AsyncSession,
    actor: Actor,
    *,
    achievement_id: UUID | None,
    state: ValuationState | None,
    after: UUID | None,
    limit: int,
) -> list[ValuationRow]:
    """Valuations that the actor's party asked for or is to sign; overseers see all."""
    rows = await repository.valuations(
        session,
        party_id=None if access.oversees(actor) else actor.require_party(),
        achievement_id=achievement_id,
        state=None if state is None else state.value,
        after=after,
        limit=limit,
    )
    return [ValuationRow.model_validate(row) for row in rows]


async def view(session: AsyncSession, row: Valuation) -> ValuationView:
    """A valuation as those see it who may."""
    shown = ValuationRow.model_validate(row).model_dump()
    return ValuationView(
        **shown,
        achievement_version=row.achievement_version,
        plan=Plan.model_validate(row.plan),
        result=ResultView.model_validate(row.result),
        rule_set=row.rule_set,
        method_version=row.method_version,
        data_cut=row.data_cut,
        seed=row.seed,
        explanation=row.explanation,
        signatures_needed=row.signatures_needed,
        content_sha256=None if row.content_sha256 is None else row.content_sha256.hex(),
        signatures=await signatures(session, row.id),
    )


async def signatures(session: AsyncSession, valuation_id: UUID) -> list[SignatureOfAppraiser]:
    """Who signed, the first one first."""
    rows = await repository.signatures(session, valuation_id)
    return [SignatureOfAppraiser.model_validate(row) for row in rows]


async def reproduce(session: AsyncSession, actor: Actor, valuation_id: UUID) -> Reproduction:
    """Compute a valuation anew from its plan, comparables, parameters and seed as they are stored.

    `same` says whether every figure and every step came out as they were.
    """
    row = await get(session, actor, valuation_id)
    chosen = [Comparable.model_validate(one) for one in row.comparables]
    subject, plan = Subject.model_validate(row.subject), Plan.model_validate(row.plan)
    answer = None
    if plan.learned is not None:
        answer = await market_models.answered(session, row.result, subject, row.valued_on)
    valued = await to_thread.run_sync(
        rules.value,
        subject,
        plan,
        chosen,
        row.valued_on,
        parameters_named(row.rule_set),
        row.seed,
        answer,
    )
    return Reproduction(
        same=ResultView.model_validate(valued.shown()) == ResultView.model_validate(row.result),
        stored_fen=row.value_fen,
        value_fen=valued.together.value_fen,
        rule_set=row.rule_set,
        method_version=row.method_version,
        seed=row.seed,
        comparables=len(chosen),
    )


def configuration() -> list[ParameterSetView]:
    """The dated parameters of valuations with their sources."""
    return [
        ParameterSetView(
            code=one.code,
            valid_from=one.valid_from,
            values=one.model_dump(mode="json", exclude={"code", "valid_from", "origins"}),
            origins=[ParameterOrigin.model_validate(origin) for origin in one.origins],
        )
        for one in parameter_sets()
    ]


def limits() -> Sequence[Note]:
    """The limits of use that every report and page states."""
    return rules.LIMITS
