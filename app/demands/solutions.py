"""Use cases of solutions: confidential between their author and the demand's owner."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.demands import access, repository, rules
from app.demands.errors import AlreadyAnswered, NotASolver, OwnDemand
from app.demands.models import Demand, Solution
from app.demands.schemas import NewSolution, SolutionDecision, SolutionView
from app.demands.states import SOLUTION_MOVES, SolutionState
from app.kit import audit, clock
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.states import move
from app.parties import service as parties

SOLVERS = frozenset({"university", "institute", "enterprise"})


async def offer(session: AsyncSession, actor: Actor, demand_id: UUID, new: NewSolution) -> Solution:
    """Submit a solution while the demand is published; an achievement in it must be the own one.

    Raises NotFound, OwnDemand, NotASolver, DemandNotOpen, AlreadyAnswered,
    AchievementNotPublished.
    """
    author_id = access.trader(actor)
    demand = access.visible(actor, await repository.demand(session, demand_id, lock="share"))
    if access.wrote(actor, demand):
        raise OwnDemand
    await require_solver(session, author_id)
    rules.require_open(demand.state, demand.expires_at, await clock.now(session))
    if new.achievement_id is not None:
        await achievements.require_postable(session, actor, new.achievement_id)
    known = await repository.solution_of(session, demand_id, author_id)
    if known is not None:
        raise AlreadyAnswered(known_id=str(known.id))
    solution = Solution(
        **new.model_dump(),
        demand_id=demand_id,
        author_id=author_id,
        broker_id=actor.organisation_id if actor.client_id else None,
        person_id=actor.person_id,
        state=SolutionState.SUBMITTED.value,
    )
    session.add(solution)
    await session.flush()
    _record(session, actor, "submit", solution, before=None)
    return solution


async def require_solver(session: AsyncSession, party_id: UUID) -> str:
    """The name of a party that may answer a demand; raises NotASolver."""
    party = await parties.facts(session, party_id)
    if party.kind not in SOLVERS:
        raise NotASolver(kind=party.kind)
    return party.name


async def decide(
    session: AsyncSession,
    actor: Actor,
    demand_id: UUID,
    solution_id: UUID,
    decision: SolutionDecision,
) -> Solution:
    """The owner, or an operator for it, shortlists or refuses a solution; a refusal says why.

    Whoever is shortlisted may bid in a reverse auction for the demand.
    """
    demand = await repository.demand(session, demand_id, lock="share")
    if access.OPERATOR in actor.roles:
        access.operator(actor)
        demand = access.visible(actor, demand)
    else:
        access.trader(actor)
        demand = access.owned(actor, demand)
    solution = await repository.solution(session, solution_id, lock=True)
    if solution is None or solution.demand_id != demand.id:
        raise NotFound
    if decision.act == "refuse":
        rules.require_reason(decision.reason)
    now = await clock.now(session)
    _move(session, actor, solution, decision.act, now, decision.reason)
    await session.flush()
    return solution


async def withdraw(
    session: AsyncSession, actor: Actor, demand_id: UUID, solution_id: UUID
) -> Solution:
    """The author takes a solution back."""
    access.trader(actor)
    solution = access.own_solution(
        actor, await repository.solution(session, solution_id, lock=True), demand_id
    )
    _move(session, actor, solution, "withdraw", await clock.now(session), "")
    await session.flush()
    return solution


async def listed(
    session: AsyncSession, actor: Actor, demand_id: UUID, after: UUID | None, limit: int
) -> list[SolutionView]:
    """Solutions: all for the owner, and without their content for operators; else the own one."""
    demand = await repository.demand(session, demand_id)
    own = None
    if demand is not None and actor.party_id is not None:
        own = await repository.solution_of(session, demand_id, actor.party_id)
    if own is None:
        demand = access.visible(actor, demand)
    assert demand is not None
    everyone = access.acts_for(actor, demand.owner_id) or access.OPERATOR in actor.roles
    rows = await repository.solutions(
        session,
        demand_id,
        author_id=None if everyone else actor.require_party(),
        after=after,
        limit=limit,
    )
    return await views(session, actor, demand, rows)


async def view(session: AsyncSession, actor: Actor, solution: Solution) -> SolutionView:
    """A solution after an act on it."""
    demand = await repository.demand(session, solution.demand_id)
    assert demand is not None
    return (await views(session, actor, demand, [solution]))[0]


async def views(
    session: AsyncSession, actor: Actor, demand: Demand, rows: Sequence[Solution]
) -> list[SolutionView]:
    """What the actor sees of solutions to one demand."""
    names = await parties.facts_of(session, [row.author_id for row in rows])
    return [_view(actor, demand, row, names[row.author_id].name) for row in rows]


def _view(actor: Actor, demand: Demand, solution: Solution, author_name: str) -> SolutionView:
    always = {
        name: getattr(solution, name)
        for name in ("id", "demand_id", "author_id", "state", "created_at", "decided_at")
    }
    shown = SolutionView(author_name=author_name, **always)
    if access.reads(actor, demand, solution):
        for name in (
            "broker_id",
            "achievement_id",
            "title",
            "content",
            "price_fen",
            "months",
            "reason",
        ):
            setattr(shown, name, getattr(solution, name))
    return shown


def _move(
    session: AsyncSession, actor: Actor, solution: Solution, act: str, now: datetime, reason: str
) -> None:
    before = {"state": solution.state}
    solution.state = move(SOLUTION_MOVES, SolutionState(solution.state), act).value
    solution.reason = reason or None
    solution.decided_at = now
    solution.version += 1
    _record(session, actor, act, solution, before=before)


def _record(
    session: AsyncSession,
    actor: Actor,
    act: str,
    solution: Solution,
    *,
    before: dict[str, Any] | None,
) -> None:
    after = {
        "demand": solution.demand_id,
        "author": solution.author_id,
        "state": solution.state,
        "reason": solution.reason,
    }
    audit.record(
        session,
        actor,
        f"solution.{act}",
        "demand_solution",
        solution.id,
        before=before,
        after=after,
    )
