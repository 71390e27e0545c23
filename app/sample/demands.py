"""Demands of the sample market: invented, at every stage, with solutions and an open contact."""

import json
from importlib.resources import files
from itertools import cycle
from typing import Any
from uuid import UUID

from app.demands import interests, service, solutions
from app.demands.schemas import (
    DemandReview,
    InterestDecision,
    NewInterest,
    NewSolution,
    SolutionDecision,
)
from app.kit.actor import Actor
from app.kit.db import Sessions
from app.sample.people import Cast

PUBLISHED = 4
"""So many demands are published; the next is under review, the last is a draft."""


async def post_demands(sessions: Sessions, cast: Cast) -> None:
    """Post the sample's demands; universities answer, and the first two owners react."""
    text = (files("app.sample") / "data" / "demands.jsonl").read_text(encoding="utf-8")
    profiles = [json.loads(line) for line in text.splitlines()]
    posted = [
        (owner, await _post(sessions, cast, owner, profile, stage))
        for stage, (owner, profile) in enumerate(
            zip(cycle(cast.enterprises), profiles, strict=False)
        )
    ]
    (owner, demand_id), (anonymous, anonymous_id) = posted[:2]
    first, second = cast.universities[:2]
    await _solve(sessions, first, demand_id, owner, "shortlist")
    await _solve(sessions, second, demand_id, owner, None)
    await _contact(sessions, first, anonymous_id, anonymous, accept=True)
    await _contact(sessions, second, anonymous_id, anonymous, accept=False)


async def _post(
    sessions: Sessions, cast: Cast, owner: Actor, profile: dict[str, Any], stage: int
) -> UUID:
    async with sessions() as session, session.begin():
        demand = await service.create(session, owner, profile)
        if stage <= PUBLISHED:
            await service.submit(session, owner, demand.id)
        if stage < PUBLISHED:
            await service.review(session, cast.operator, demand.id, DemandReview(act="approve"))
        return demand.id


async def _solve(
    sessions: Sessions, author: Actor, demand_id: UUID, owner: Actor, act: str | None
) -> None:
    async with sessions() as session, session.begin():
        solution = await solutions.offer(
            session,
            author,
            demand_id,
            NewSolution(
                title="贝氏体等温淬火与深冷处理组合工艺",
                content="在现有盐浴线上实施,三个月内完成中试并交付检验规程。示例内容,虚构。",
                price_fen=90_000_000,
                months=6,
            ),
        )
        if act is not None:
            decision = SolutionDecision.model_validate({"act": act})
            await solutions.decide(session, owner, demand_id, solution.id, decision)


async def _contact(
    sessions: Sessions, party: Actor, demand_id: UUID, owner: Actor, *, accept: bool
) -> None:
    async with sessions() as session, session.begin():
        interest = await interests.in_demand(
            session,
            party,
            demand_id,
            NewInterest(
                cooperation="research_cooperation",
                about="从事电池热管理研究的团队,具备低温试验条件。示例内容,虚构。",
                questions="是否提供电池包样件?",
            ),
        )
        if accept:
            await interests.decide(session, owner, interest.id, InterestDecision(act="accept"))
