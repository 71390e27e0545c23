"""Changing a plan in effect: another plan is drafted, publicised and then succeeds it.

What the earlier plan distributed stays as it is, paid or not. Until the new list has stood its days
income is distributed by the earlier plan; afterwards by the new one, which starts anew but for the
costs that the earlier one's income has not made up for.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock
from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.states import move
from app.parties import service as parties
from app.settlements import access, recording, repository, rules
from app.settlements.errors import AlreadyReported, PlanExists
from app.settlements.models import IncomePlan
from app.settlements.schemas import PlanEdit
from app.settlements.service import CONTENT, judge, list_of, write_members
from app.settlements.states import PLAN_MOVES, IncomeKind, PlanState, Route

_SUBJECT = (
    "institution_id",
    "contract_id",
    "achievement_id",
    "title",
    "contract_class",
    "route",
)


async def draft(session: AsyncSession, actor: Actor, plan_id: UUID, change: PlanEdit) -> IncomePlan:
    """Draft the plan that is to succeed one in effect: its content with these changes.

    The rules of today decide about it. Raises IllegalMove unless the plan is in effect, PlanExists
    when a successor is there, AlreadyReported when the shares are divided, and what
    `rules.check_plan` raises.
    """
    plan = access.owned(actor, await repository.plan(session, plan_id, lock=True))
    move(PLAN_MOVES, PlanState(plan.state), "succeed")
    known = await repository.successor(session, plan.id)
    if known is not None:
        raise PlanExists(plan_id=str(known.id))
    if plan.route == Route.EQUITY:
        given = await repository.reported(session, plan, IncomeKind.EQUITY, None)
        if given is not None:
            raise AlreadyReported(field="body", income_id=str(given.id))
    institution = await parties.facts(session, plan.institution_id)
    found = rules.rule_set_on(institution.region_code, local_day(await clock.now(session)))
    wanted = {
        name: value
        for name, value in change.model_dump(mode="json", exclude={"members"}).items()
        if value is not None
    }
    new = IncomePlan(
        **{name: getattr(plan, name) for name in (*_SUBJECT, *CONTENT)} | wanted,
        public_unit=institution.is_public_research_unit,
        rule_set=found.id,
        state=PlanState.DRAFT.value,
        succeeds=plan.id,
    )
    new.days_left = new.days
    members = await list_of(session, plan, change.members)
    await judge(session, new, members)
    session.add(new)
    await session.flush()
    await write_members(session, new, members)
    recording.note(session, actor, "create", new, None)
    return new
