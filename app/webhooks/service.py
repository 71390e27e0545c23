"""Use cases of webhooks: manage them, and what a delivery does to them."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.feed import service as feed
from app.feed.facts import ChangeFacts, Place, Reader
from app.kit import audit, mail
from app.kit.actor import SYSTEM, Actor
from app.kit.changes import ChangeKind
from app.kit.errors import NotFound
from app.kit.http import require_version
from app.kit.ids import new_id
from app.kit.states import move
from app.parties import service as parties
from app.parties.states import OrganisationState
from app.webhooks import access, repository, rules
from app.webhooks.errors import KeyChanged, NothingToReplay, ReplayFromOnePlace, TooManyWebhooks
from app.webhooks.facts import Answer, Batch, Claim, Message
from app.webhooks.models import Webhook, WebhookDelivery
from app.webhooks.schemas import NewWebhook, Replay, WebhookEdit, WebhookView
from app.webhooks.states import MOVES, DisabledBecause, Outcome, WebhookState
from app.webhooks.texts import MAIL_SUBJECT, MAIL_TEXT
from app.webhooks.tokens import SecretKey

MESSAGES = 20
"""Messages that are read from the feed at a time."""
KEEP_DELIVERIES = timedelta(days=30)
_spread = random.SystemRandom()


async def create(
    session: AsyncSession, actor: Actor, new: NewWebhook, key: SecretKey
) -> tuple[Webhook, str]:
    """A webhook of the actor's organisation and its secret; the address was checked before.

    Raises RoleRequired, ScopeRequired, TooManyWebhooks, BadOffset, UnknownOffset.
    """
    party_id = access.managing_party(actor)
    await repository.serialise(session, party_id)
    if await repository.count(session, party_id) >= rules.MAX_WEBHOOKS:
        raise TooManyWebhooks(limit=rules.MAX_WEBHOOKS)
    row = Webhook(
        id=new_id(),
        party_id=party_id,
        url=new.url,
        description=new.description,
        kinds=_kinds(new.kinds),
        mine=new.mine,
        state=WebhookState.ACTIVE.value,
        key_id=key.key_id,
        generation=1,
        position=await feed.position_of(session, new.offset, "body.offset"),
    )
    session.add(row)
    await session.flush()
    _record(session, actor, row, "create", url=row.url, kinds=row.kinds, mine=row.mine)
    return row, key.secret(row.id, row.generation)


def _kinds(asked: Iterable[ChangeKind]) -> list[str]:
    return sorted({kind.value for kind in asked})


async def edit(
    session: AsyncSession,
    actor: Actor,
    webhook_id: UUID,
    change: WebhookEdit,
    version: int,
    now: datetime,
) -> Webhook:
    """Change address, kinds or description against the version that was read.

    A new address was checked before; it is tried at once, with the change that is next. Kinds
    hold for all that was not delivered yet. Secret and state stay. Raises PreconditionFailed.
    """
    row = await _managed(session, actor, webhook_id)
    require_version(row.version, version)
    before = {"url": row.url, "kinds": row.kinds, "description": row.description}
    given = change.model_fields_set
    if change.url is not None:
        row.url = change.url
    if change.kinds is not None:
        row.kinds = _kinds(change.kinds)
    if "description" in given:
        row.description = change.description
    after = {"url": row.url, "kinds": row.kinds, "description": row.description}
    if after != before:
        row.version += 1
        _try_at_once(row, now)
        audit.record(session, actor, "webhook.edit", "webhook", row.id, before=before, after=after)
    await session.flush()
    return row


async def webhook_list(session: AsyncSession, actor: Actor) -> Sequence[Webhook]:
    """The webhooks of the actor's organisation."""
    return await repository.webhooks(session, access.reading_party(actor))


async def get(session: AsyncSession, actor: Actor, webhook_id: UUID) -> Webhook:
    """One webhook of the actor's organisation; raises NotFound."""
    party_id = access.reading_party(actor)
    return access.owned(party_id, await repository.webhook(session, webhook_id))


async def view(session: AsyncSession, row: Webhook) -> WebhookView:
    """A webhook as its organisation sees it."""
    shown = {name: getattr(row, name) for name in WebhookView.model_fields if name != "offset"}
    return WebhookView(offset=await feed.offset_at(session, row.position), **shown)


async def rotate_secret(
    session: AsyncSession, actor: Actor, webhook_id: UUID, key: SecretKey, now: datetime
) -> tuple[Webhook, str]:
    """A new secret; for a day messages are signed with the former one too."""
    row = await _managed(session, actor, webhook_id)
    row.rotated_at = now if row.key_id == key.key_id else None
    row.key_id = key.key_id
    row.generation += 1
    _record(session, actor, row, "rotate_secret", generation=row.generation)
    return row, key.secret(row.id, row.generation)


async def disable(session: AsyncSession, actor: Actor, webhook_id: UUID) -> Webhook:
    """Post nothing more until it is enabled; raises IllegalMove."""
    row = await _managed(session, actor, webhook_id)
    _disable(session, actor, row, DisabledBecause.OWNER)
    return row


async def enable(
    session: AsyncSession, actor: Actor, webhook_id: UUID, key: SecretKey, now: datetime
) -> Webhook:
    """Go on where delivery ended, so that nothing is left out; raises IllegalMove, KeyChanged."""
    row = await _managed(session, actor, webhook_id)
    state = move(MOVES, WebhookState(row.state), "enable")
    if row.key_id != key.key_id:
        raise KeyChanged
    row.state = state.value
    row.disabled_because = None
    _try_at_once(row, now)
    _record(session, actor, row, "enable", state=row.state)
    return row


async def test(session: AsyncSession, actor: Actor, webhook_id: UUID) -> Webhook:
    """Have one test message posted, also to a disabled webhook; its fate is in the deliveries."""
    row = await _managed(session, actor, webhook_id)
    row.test_id = new_id()
    _record(session, actor, row, "test", test=row.test_id)
    return row


async def replay(
    session: AsyncSession, actor: Actor, webhook_id: UUID, start: Replay, now: datetime
) -> Webhook:
    """Deliver again from a place of the feed on; messages keep their ids.

    Raises ReplayFromOnePlace, NothingToReplay, BadOffset, UnknownOffset, NotFound.
    """
    row = await _managed(session, actor, webhook_id)
    before = row.position
    if start.offset is not None and start.delivery_id is None:
        row.position = await feed.position_of(session, start.offset, "body.offset")
    elif start.delivery_id is not None and start.offset is None:
        delivery = await repository.delivery(session, row.id, start.delivery_id)
        if delivery is None:
            raise NotFound(field="body.delivery_id")
        if delivery.position is None:
            raise NothingToReplay
        row.position = delivery.position - 1
    else:
        raise ReplayFromOnePlace(field="body")
    _try_at_once(row, now)
    _record(session, actor, row, "replay", before=before, position=row.position)
    return row


async def remove(session: AsyncSession, actor: Actor, webhook_id: UUID) -> None:
    """Delete a webhook with its deliveries."""
    row = await _managed(session, actor, webhook_id)
    _record(session, actor, row, "delete", url=row.url)
    await session.delete(row)


async def deliveries(
    session: AsyncSession, actor: Actor, webhook_id: UUID, after: UUID | None, limit: int
) -> Sequence[WebhookDelivery]:
    """Attempts of the last 30 days, the newest first."""
    row = await get(session, actor, webhook_id)
    return await repository.deliveries(session, row.id, after, limit)


async def forget_old(session: AsyncSession, now: datetime) -> None:
    """Drop attempts older than 30 days."""
    await repository.forget_before(session, now - KEEP_DELIVERIES)


async def claim_due(session: AsyncSession, limit: int) -> list[Claim]:
    """Claim webhooks that have something to be posted now."""
    return await repository.claim_due(session, await feed.end(session), limit)


async def next_batch(
    session: AsyncSession, claim: Claim, key: SecretKey, now: datetime
) -> Batch | None:
    """What is to be posted next; None when there is nothing or the claim holds no longer."""
    row = await repository.claimed(session, claim)
    if row is None:
        return None
    party = await parties.facts(session, row.party_id)
    if party.state != OrganisationState.ACTIVE:
        _give_up(session, row, DisabledBecause.PARTY_INACTIVE)
        return None
    if row.key_id != key.key_id:
        _give_up(session, row, DisabledBecause.KEY_CHANGED)
        return None
    messages = []
    if row.test_id is not None:
        messages.append(_test_message(row, row.test_id, now))
    if row.state == WebhookState.ACTIVE and row.next_attempt_at <= now:
        messages += await _next_messages(session, row)
    generations = [row.generation]
    if rules.overlaps(row.rotated_at, now):
        generations.append(row.generation - 1)
    secrets = tuple(key.secret(row.id, generation) for generation in generations)
    return Batch(row.url, secrets, tuple(messages)) if messages else None


async def _next_messages(session: AsyncSession, row: Webhook) -> list[Message]:
    """The next changes that the webhook asks for; what it does not ask for is passed over."""
    asking = Reader(party_id=row.party_id) if row.mine else Reader(member=True)
    kinds = [ChangeKind(kind) for kind in row.kinds]
    part = await feed.read(session, asking, kinds, after=Place(row.position), limit=MESSAGES)
    if not part.changes:
        row.position = part.end
    return [_message(change) for change in part.changes]


def _message(change: ChangeFacts) -> Message:
    body = {
        "type": f"{change.kind}.{change.act}",
        "timestamp": change.at,
        "data": feed.wire(change),
    }
    return Message(_message_id(change.id), change.position, orjson.dumps(body).decode())


def _message_id(change_id: UUID | str) -> str:
    """The same for every attempt and every receiver, so that receivers can drop repetitions."""
    return f"msg_{str(change_id).replace('-', '')}"


def _test_message(row: Webhook, test_id: UUID, now: datetime) -> Message:
    body = {"type": "webhook.test", "timestamp": now, "data": {"webhook_id": row.id}}
    return Message(_message_id(test_id), None, orjson.dumps(body).decode())


async def record_attempt(
    session: AsyncSession, claim: Claim, message: Message, answer: Answer, now: datetime
) -> bool:
    """Note what an attempt came to; returns whether the next message may be posted.

    A change that was not taken is tried again before any that follows it.
    """
    row = await repository.claimed(session, claim)
    if row is None:
        return False
    delivered = answer.status is not None and rules.is_delivered(answer.status)
    session.add(
        WebhookDelivery(
            webhook_id=row.id,
            message_id=message.id,
            position=message.position,
            attempt=1 if message.position is None else row.failures + 1,
            attempted_at=now,
            outcome=(Outcome.DELIVERED if delivered else Outcome.FAILED).value,
            status=answer.status,
            error=answer.error,
            took_ms=answer.took_ms,
        )
    )
    row.claimed_until = now + timedelta(seconds=repository.CLAIMED_S)
    if message.position is None:
        if row.test_id is not None and message.id == _message_id(row.test_id):
            row.test_id = None
        return True
    if delivered:
        row.position = message.position
        row.failures, row.failing_since = 0, None
        return True
    row.failures += 1
    row.failing_since = row.failing_since or now
    row.next_attempt_at = now + rules.pause(row.failures, _spread.random())
    if answer.status == rules.GONE:
        _give_up(session, row, DisabledBecause.GONE)
    elif rules.is_given_up(row.failing_since, now):
        _give_up(session, row, DisabledBecause.FAILING)
    if row.state == WebhookState.DISABLED:
        await _tell_owner(session, row)
    return False


async def release(session: AsyncSession, claim: Claim) -> None:
    """Let others post to the webhook."""
    await repository.release(session, claim)


async def _managed(session: AsyncSession, actor: Actor, webhook_id: UUID) -> Webhook:
    party_id = access.managing_party(actor)
    return access.owned(party_id, await repository.webhook(session, webhook_id, lock=True))


def _try_at_once(row: Webhook, now: datetime) -> None:
    """Forget failures, and what a worker is about to post: it was read from another place."""
    row.failures, row.failing_since = 0, None
    row.next_attempt_at = now
    row.claim = row.claimed_until = None


def _give_up(session: AsyncSession, row: Webhook, because: DisabledBecause) -> None:
    row.test_id = None
    if row.state == WebhookState.ACTIVE:
        _disable(session, SYSTEM, row, because)


def _disable(session: AsyncSession, actor: Actor, row: Webhook, because: DisabledBecause) -> None:
    row.state = move(MOVES, WebhookState(row.state), "disable").value
    row.disabled_because = because.value
    row.claim = row.claimed_until = None
    _record(session, actor, row, "disable", state=row.state, because=because)


async def _tell_owner(session: AsyncSession, row: Webhook) -> None:
    """A mail to the organisation, if its contact is an address."""
    party = await parties.get(session, SYSTEM, row.party_id)
    if mail.is_address(party.contact):
        text = MAIL_TEXT.format(name=party.name, url=row.url, id=row.id)
        await mail.defer(session, party.contact, MAIL_SUBJECT, text)


def _record(session: AsyncSession, actor: Actor, row: Webhook, act: str, **after: Any) -> None:
    audit.record(session, actor, f"webhook.{act}", "webhook", row.id, after=after)
