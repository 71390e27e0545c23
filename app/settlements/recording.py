"""What every act on a plan or on an objection to it leaves in the audit log."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit
from app.kit.actor import Actor
from app.settlements.models import IncomePlan, IncomePlanObjection


def note(
    session: AsyncSession, actor: Actor, act: str, plan: IncomePlan, before: dict[str, Any] | None
) -> None:
    """Note an act on a plan in the audit log."""
    audit.record(
        session,
        actor,
        f"income_plan.{act}",
        "income_plan",
        plan.id,
        before=before,
        after=plan.standing() | {"reward_bp": plan.reward_bp},
        rule_set=plan.rule_set,
    )


def note_objection(
    session: AsyncSession,
    actor: Actor,
    act: str,
    objection: IncomePlanObjection,
    before: dict[str, Any] | None,
) -> None:
    """Note an act on an objection in the audit log."""
    audit.record(
        session,
        actor,
        f"income_plan_objection.{act}",
        "income_plan_objection",
        objection.id,
        before=before,
        after={
            "plan": objection.plan_id,
            "edition": objection.edition,
            "state": objection.state,
            "reason": objection.reason,
        },
    )
