"""SQL of the webhooks module."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.webhooks.facts import Claim
from app.webhooks.models import Webhook, WebhookDelivery

CLAIMED_S = 60
"""How long a claim holds; longer than any attempt. A worker that died is waited for so long."""

_CLAIM = text(
    "UPDATE webhook SET claim = gen_random_uuid(),"
    " claimed_until = clock_timestamp() + make_interval(secs => :claimed_s)"
    " WHERE id IN (SELECT id FROM webhook WHERE (test_id IS NOT NULL OR (state = 'active'"
    " AND position < :end AND next_attempt_at <= clock_timestamp()))"
    " AND (claim IS NULL OR claimed_until < clock_timestamp())"
    " ORDER BY next_attempt_at LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING id, claim"
)


async def serialise(session: AsyncSession, party_id: UUID) -> None:
    """Let no other transaction make a webhook of this party until the end of this one."""
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    await session.execute(lock, {"name": f"webhooks:{party_id}"})


async def count(session: AsyncSession, party_id: UUID) -> int:
    """How many webhooks a party has."""
    query = select(func.count()).select_from(Webhook).where(Webhook.party_id == party_id)
    return (await session.execute(query)).scalar_one()


async def webhooks(session: AsyncSession, party_id: UUID) -> Sequence[Webhook]:
    """The webhooks of a party, the oldest first."""
    query = select(Webhook).where(Webhook.party_id == party_id).order_by(Webhook.id)
    return (await session.execute(query)).scalars().all()


async def webhook(session: AsyncSession, webhook_id: UUID, *, lock: bool = False) -> Webhook | None:
    """One webhook."""
    return await session.get(Webhook, webhook_id, with_for_update=lock, populate_existing=lock)


async def claimed(session: AsyncSession, claim: Claim) -> Webhook | None:
    """The webhook of a claim, locked; None when the claim holds no longer."""
    row = await webhook(session, claim.webhook_id, lock=True)
    return row if row is not None and row.claim == claim.token else None


async def claim_due(session: AsyncSession, end: int, limit: int) -> list[Claim]:
    """Claim webhooks that have something to be posted now; `end` is the end of the feed."""
    values = {"end": end, "limit": limit, "claimed_s": CLAIMED_S}
    return [Claim(row.id, row.claim) for row in await session.execute(_CLAIM, values)]


async def release(session: AsyncSession, claim: Claim) -> None:
    """Give a claim back."""
    await session.execute(
        update(Webhook)
        .where(Webhook.id == claim.webhook_id, Webhook.claim == claim.token)
        .values(claim=None, claimed_until=None)
    )


async def delivery(
    session: AsyncSession, webhook_id: UUID, delivery_id: UUID
) -> WebhookDelivery | None:
    """One attempt of a webhook."""
    found = await session.get(WebhookDelivery, delivery_id)
    return found if found is not None and found.webhook_id == webhook_id else None


async def deliveries(
    session: AsyncSession, webhook_id: UUID, after: UUID | None, limit: int
) -> Sequence[WebhookDelivery]:
    """Attempts of a webhook, the newest first."""
    query = (
        select(WebhookDelivery)
        .where(WebhookDelivery.webhook_id == webhook_id)
        .order_by(WebhookDelivery.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(WebhookDelivery.id < after)
    return (await session.execute(query)).scalars().all()


async def forget_before(session: AsyncSession, moment: datetime) -> None:
    """Drop the attempts before a moment."""
    await session.execute(delete(WebhookDelivery).where(WebhookDelivery.attempted_at < moment))
