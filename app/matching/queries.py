"""Matches: candidates by the search, ordered by the model, with reasons.

The index only proposes. Texts and what may be seen come from the database, so a match of something
that has ceased to be public is not shown, however stale the index is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.achievements.facts import AchievementFacts
from app.demands import service as demands
from app.demands.facts import DemandFacts
from app.finding import access as finding
from app.finding import sources
from app.finding.engines import Engines
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.http import API
from app.listings import service as listings
from app.listings.facts import ListingFacts
from app.matching import access, repository, rules
from app.matching.schemas import IpcReason, MatchesView, MatchView, ReasonsView
from app.matching.states import Verdict
from search.matching.features import Need
from search.matching.model import Model
from search.protocol import Facet, Kind, RankQuery

CANDIDATES = 100
SUMMARY_SHOWN = 200


async def for_demand(
    session: AsyncSession,
    engines: Engines,
    model: Model,
    actor: Actor | None,
    demand_id: UUID,
    limit: int,
) -> MatchesView:
    """Achievements that may answer a public demand, with their open listings; raises NotFound."""
    audiences = finding.audiences(actor)
    await _visible(session, audiences, Kind.DEMAND, demand_id)
    demand = await demands.facts(session, demand_id)
    asked = RankQuery(
        audiences=audiences,
        title=demand.title,
        text=rules.demand_rest(demand),
        narrowed={Facet.KIND: (Kind.ACHIEVEMENT, Kind.LISTING)},
        limit=CANDIDATES,
    )
    ranked, engine = await engines.ask(lambda index: index.rank(asked))
    found = await sources.documents(session, [_object(one.id) for one in ranked])
    seen = [_object(one) for one in found if found[one].audience in audiences]
    offers = await listings.facts_of(session, [one for kind, one in seen if kind == Kind.LISTING])
    behind = {one.achievement_id for one in offers.values()}
    direct = {one for kind, one in seen if kind == Kind.ACHIEVEMENT}
    supply = await achievements.facts_of(session, sorted(behind | direct))
    public = await _public(session, audiences, behind - direct)
    chosen = [one for one in supply.values() if one.id in direct or one.id in public]
    by_achievement = _open_listings(offers.values())
    scored = await _ordered(
        model,
        Need(demand.title, rules.demand_rest(demand)),
        [rules.achievement_text(one) for one in chosen],
    )
    judged = await _judged(session, actor, demand_id=demand_id)
    return MatchesView(
        items=[
            _view(demand, chosen[at], by_achievement, score, model, judged, of=Kind.ACHIEVEMENT)
            for at, score in scored[:limit]
        ],
        model=model.version,
        engine=engine,
        degraded=engine != engines.chosen,
    )


async def for_achievement(
    session: AsyncSession,
    engines: Engines,
    model: Model,
    actor: Actor | None,
    achievement_id: UUID,
    limit: int,
) -> MatchesView:
    """Published demands that an achievement may answer; raises NotFound."""
    audiences = finding.audiences(actor)
    await _visible(session, audiences, Kind.ACHIEVEMENT, achievement_id)
    achievement = await achievements.facts(session, achievement_id)
    asked = RankQuery(
        audiences=audiences,
        title=achievement.title,
        text=achievement.summary,
        narrowed={Facet.KIND: (Kind.DEMAND,), Facet.STAGE: ("published",)},
        limit=CANDIDATES,
    )
    ranked, engine = await engines.ask(lambda index: index.rank(asked))
    found = await sources.documents(session, [_object(one.id) for one in ranked])
    seen = [_object(one)[1] for one in found if found[one].audience in audiences]
    facts = await demands.facts_of(session, seen)
    chosen = [facts[one] for one in seen if facts[one].state == "published"]
    scored = await _ordered(
        model,
        Need(achievement.title, achievement.summary),
        [rules.demand_text(one) for one in chosen],
    )
    judged = await _judged(session, actor, achievement_id=achievement_id)
    return MatchesView(
        items=[
            _view(chosen[at], achievement, {}, score, model, judged, of=Kind.DEMAND)
            for at, score in scored[:limit]
        ],
        model=model.version,
        engine=engine,
        degraded=engine != engines.chosen,
    )


def _object(document: str) -> tuple[Kind, UUID]:
    kind, _, object_id = document.partition("-")
    return Kind(kind), UUID(object_id)


async def _visible(
    session: AsyncSession, audiences: frozenset[str], kind: Kind, object_id: UUID
) -> None:
    found = await sources.documents(session, [(kind, object_id)])
    if not any(one.audience in audiences for one in found.values()):
        raise NotFound


async def _public(
    session: AsyncSession, audiences: frozenset[str], ids: Iterable[UUID]
) -> frozenset[UUID]:
    found = await sources.documents(session, [(Kind.ACHIEVEMENT, one) for one in ids])
    return frozenset(_object(one)[1] for one in found if found[one].audience in audiences)


def _open_listings(offers: Iterable[ListingFacts]) -> dict[UUID, list[ListingFacts]]:
    found: dict[UUID, list[ListingFacts]] = {}
    for one in offers:
        if rules.is_open(one):
            found.setdefault(one.achievement_id, []).append(one)
    return found


async def _ordered(model: Model, need: Need, texts: Sequence[str]) -> list[tuple[int, float]]:
    """Places of texts and their scores, the best first. It takes some ten milliseconds, in a thread
    so that other requests go on."""
    scores = await to_thread.run_sync(model.scores, need, texts)
    order = sorted(range(len(texts)), key=lambda at: (-scores[at], at))
    return [(at, float(scores[at])) for at in order]


async def _judged(
    session: AsyncSession,
    actor: Actor | None,
    *,
    demand_id: UUID | None = None,
    achievement_id: UUID | None = None,
) -> dict[tuple[UUID, UUID], Verdict]:
    if actor is None or actor.organisation_id is None or not access.may_judge(actor):
        return {}
    rows = await repository.of_object(
        session, actor.organisation_id, demand_id=demand_id, achievement_id=achievement_id
    )
    return {(row.demand_id, row.achievement_id): Verdict(row.verdict) for row in rows}


def _view(
    demand: DemandFacts,
    achievement: AchievementFacts,
    by_achievement: Mapping[UUID, Sequence[ListingFacts]],
    score: float,
    model: Model,
    judged: Mapping[tuple[UUID, UUID], Verdict],
    *,
    of: Kind,
) -> MatchView:
    offers = by_achievement.get(achievement.id, ())
    why = rules.reasons(demand, achievement, offers, model)
    shown = achievement if of == Kind.ACHIEVEMENT else demand
    return MatchView(
        demand_id=demand.id,
        achievement_id=achievement.id,
        title=shown.title,
        summary=shown.summary[:SUMMARY_SHOWN],
        score=round(score, 4),
        listing_ids=[one.id for one in offers],
        reasons=ReasonsView(
            passages=list(why.passages),
            fields=list(why.fields),
            ipc=[IpcReason.model_validate(asdict(one)) for one in why.ipc],
            maturity=why.maturity,
            region=why.region,
        ),
        judged=judged.get((demand.id, achievement.id)),
        links={"self": f"{API}/{of}s/{shown.id}", "page": f"/{of}s/{shown.id}"},
    )
