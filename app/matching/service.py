"""Judgments of matches, and the form in which models learn from them."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.demands import service as demands
from app.finding import access as finding
from app.finding import sources
from app.kit import audit
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.settings import Settings
from app.matching import access, repository, rules
from app.matching.errors import OwnMatch
from app.matching.models import MatchJudgment
from app.matching.schemas import NewJudgment
from search.matching import model as models
from search.matching.model import Model
from search.protocol import Kind


def chosen_model(settings: Settings) -> Model:
    """The model of the settings; raises BadModel or OSError, which end the start."""
    if settings.matching_model:
        return models.load(Path(settings.matching_model))
    return models.shipped()


async def judge(
    session: AsyncSession,
    actor: Actor,
    demand_id: UUID,
    achievement_id: UUID,
    new: NewJudgment,
    model: str,
) -> MatchJudgment:
    """Accept or reject a match of a demand and an achievement that the actor may see.

    A broker under a mandate of a side is of that side. Raises NotAJudge, NotFound, OwnMatch,
    RejectionNeedsReason.
    """
    organisation_id = access.judge(actor)
    pair = [(Kind.DEMAND, demand_id), (Kind.ACHIEVEMENT, achievement_id)]
    found = await sources.documents(session, pair)
    if len(found) < 2 or any(
        one.audience not in finding.audiences(actor) for one in found.values()
    ):
        raise NotFound
    demand = await demands.facts(session, demand_id)
    achievement = await achievements.facts(session, achievement_id)
    sides = {demand.owner_id, achievement.lead_party_id, *achievement.owner_ids}
    if sides & {organisation_id, actor.party_id}:
        raise OwnMatch
    rules.require_reason(new.verdict, new.reason)
    said = MatchJudgment(
        demand_id=demand_id,
        achievement_id=achievement_id,
        organisation_id=organisation_id,
        person_id=actor.person_id,
        verdict=new.verdict.value,
        reason=new.reason,
        model=model,
    )
    session.add(said)
    await session.flush()
    audit.record(
        session,
        actor,
        f"match_judgment.{new.verdict.value}",
        "match_judgment",
        said.id,
        after={
            "demand": demand_id,
            "achievement": achievement_id,
            "reason": new.reason,
            "model": model,
        },
    )
    return said


async def listed(
    session: AsyncSession, actor: Actor, after: UUID | None, limit: int
) -> Sequence[MatchJudgment]:
    """A page of judgments: all for overseers, a broker's own; raises NotAJudge."""
    return await repository.judgments(
        session, organisation_id=access.reads(actor), after=after, limit=limit
    )


async def exported(session: AsyncSession, actor: Actor, form: str) -> bytes:
    """A part of the judged set that judgments make: levels as TSV, texts as JSON Lines."""
    access.exports(actor)
    rows = await repository.holding(session)
    levels = rules.levels((row.demand_id, row.achievement_id, row.verdict) for row in rows)
    if form == "judgments":
        lines = [
            f"{demand}\t{achievement}\t{level}" for (demand, achievement), level in levels.items()
        ]
        return "\n".join(("demand_id\tachievement_id\tlevel", *lines, "")).encode()
    if form == "demands":
        needs = await demands.facts_of(session, sorted({demand for demand, _ in levels}))
        return b"".join(_line(one.id, one.title, rules.demand_rest(one)) for one in needs.values())
    supply = await achievements.facts_of(session, sorted({offer for _, offer in levels}))
    return b"".join(_line(one.id, one.title, one.summary) for one in supply.values())


def _line(object_id: UUID, title: str, text: str) -> bytes:
    return orjson.dumps({"id": str(object_id), "title": title, "text": text}) + b"\n"
