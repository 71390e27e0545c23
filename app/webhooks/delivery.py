"""Delivery of webhooks: claims what is due, posts it in order, notes what came of it.

No transaction is open while something is posted. A webhook is posted to by one worker at a time;
the claim of a worker that died runs out, and another repeats what was not noted (at least once).
"""

import asyncio
import time
from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from standardwebhooks import Webhook as Signer

from app.kit import clock
from app.kit.db import Sessions
from app.kit.outbound import Outbound, Resolver, Undelivered, resolve
from app.kit.settings import Settings
from app.webhooks import service
from app.webhooks.facts import Answer, Batch, Claim, Message
from app.webhooks.tokens import secret_key

CONCURRENCY = 16
"""Webhooks that one worker posts to at a time; a slow one holds up no job and no deadline."""
PAUSE_S = 0.2
_DATABASE_AWAY = (DBAPIError, PoolTimeout, OSError)
log = structlog.get_logger()


class Deliverer:
    """Posts what is due; an async context manager."""

    def __init__(
        self, sessions: Sessions, settings: Settings, resolver: Resolver = resolve
    ) -> None:
        self._sessions = sessions
        self._settings = settings
        self._outbound = Outbound(private=settings.webhook_private_addresses, resolver=resolver)
        self._stopping = False

    async def __aenter__(self) -> "Deliverer":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._outbound.__aexit__()

    async def deliver_due(self) -> int:
        """Post what is due by now, and return once it is; gives how many webhooks that were."""
        served = 0
        while claims := await self._claim(CONCURRENCY):
            await asyncio.gather(*(self._serve(claim) for claim in claims))
            served += len(claims)
        return served

    async def run(self, stop: asyncio.Event) -> None:
        """Post what becomes due until `stop` is set; a message under way is finished first."""
        serving: set[asyncio.Task[None]] = set()
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                for claim in await self._claim(CONCURRENCY - len(serving)):
                    serving.add(asyncio.create_task(self._serve(claim)))
                await asyncio.wait({stopped}, timeout=PAUSE_S)
                serving = {task for task in serving if not task.done()}
        finally:
            self._stopping = True
            stopped.cancel()
            await asyncio.gather(*serving)

    async def _claim(self, limit: int) -> list[Claim]:
        if limit == 0:
            return []
        try:
            async with self._sessions() as session, session.begin():
                return await service.claim_due(session, limit)
        except _DATABASE_AWAY:
            log.warning("webhooks_not_claimed", exc_info=True)
            return []

    async def _serve(self, claim: Claim) -> None:
        """Post to one webhook until nothing is left or something goes wrong."""
        try:
            while not self._stopping and await self._post_batch(claim):
                pass
            async with self._sessions() as session, session.begin():
                await service.release(session, claim)
        except Exception:
            # The claim runs out, and it is tried again.
            log.error("webhook_failed", webhook=str(claim.webhook_id), exc_info=True)

    async def _post_batch(self, claim: Claim) -> bool:
        """Post the next messages; returns whether all were taken."""
        async with self._sessions() as session, session.begin():
            now = await clock.real_now(session)
            batch = await service.next_batch(session, claim, secret_key(self._settings), now)
        if batch is None:
            return False
        for message in batch.messages:
            async with self._sessions() as session:
                sent_at = await clock.real_now(session)
            answer = await self._post(batch, message, sent_at)
            async with self._sessions() as session, session.begin():
                now = await clock.real_now(session)
                if not await service.record_attempt(session, claim, message, answer, now):
                    return False
            if self._stopping:
                return False
        return True

    async def _post(self, batch: Batch, message: Message, sent_at: datetime) -> Answer:
        headers = {
            "content-type": "application/json",
            "user-agent": "TechMarket-Webhooks",
            "webhook-id": message.id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": " ".join(
                Signer(secret).sign(message.id, sent_at, message.body) for secret in batch.secrets
            ),
        }
        started = time.monotonic()
        status, error = None, None
        try:
            status = await self._outbound.post(batch.url, headers, message.body.encode())
        except Undelivered as failure:
            error = str(failure)
        return Answer(round((time.monotonic() - started) * 1000), status, error)


async def keep_delivering(sessions: Sessions, settings: Settings, stop: asyncio.Event) -> None:
    """Deliver until `stop` is set."""
    async with Deliverer(sessions, settings) as deliverer:
        await deliverer.run(stop)
