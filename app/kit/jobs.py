"""Jobs: deferred in the transaction that made the fact, run at least once after it committed.

A job is named by its text, so that an upstream module can push to a downstream one without
importing it. A job runs in a transaction of its own and must be idempotent: it can run again
after a crash between its commit and its bookkeeping.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import procrastinate
from procrastinate.types import JSONValue
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock
from app.kit.db import Sessions, raw_connection

MAX_ATTEMPTS = 12
RETRY = procrastinate.RetryStrategy(max_attempts=MAX_ATTEMPTS, exponential_wait=2)
Handler = Callable[..., Awaitable[None]]

queue = procrastinate.App(connector=procrastinate.PsycopgConnector())
"""The application that owns all tasks; the worker opens it on a real connector."""


def job(name: str, *, with_settings: bool = False) -> Callable[[Handler], Handler]:
    """Register `handler(session, now, **arguments)` under `name` (`module.verb`).

    With `with_settings` the worker's settings come after `now`.
    """

    def register(handler: Handler) -> Handler:
        @queue.task(
            name=name,
            pass_context=True,
            retry=RETRY,
        )
        async def run(context: procrastinate.JobContext, /, **arguments: Any) -> None:
            sessions: Sessions = context.additional_context["sessions"]
            async with sessions() as session, session.begin():
                known = [context.additional_context["settings"]] if with_settings else []
                await handler(session, await clock.now(session), *known, **arguments)

        return handler

    return register


def effect(name: str) -> Callable[[Handler], Handler]:
    """Register `handler(settings, **arguments)` for an act on the outside world, such as mail.

    It runs in no transaction: nobody waits on the network with a lock in hand.
    """

    def register(handler: Handler) -> Handler:
        @queue.task(name=name, pass_context=True, retry=RETRY)
        async def run(context: procrastinate.JobContext, /, **arguments: Any) -> None:
            await handler(context.additional_context["settings"], **arguments)

        return handler

    return register


async def any_waits(session: AsyncSession) -> bool:
    """Whether a job could be taken up now; one that is to be retried later could not."""
    query = text(
        "SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status = 'todo'"
        " AND (scheduled_at IS NULL OR scheduled_at <= clock_timestamp()))"
    )
    return bool((await session.execute(query)).scalar_one())


async def defer(
    session: AsyncSession,
    name: str,
    *,
    schedule_at: datetime | None = None,
    lock: str | None = None,
    **arguments: JSONValue,
) -> None:
    """Defer a job in the caller's transaction: it exists if and only if that commits.

    `schedule_at` is real time. Jobs of one `lock` run one after the other, in order.
    """
    await queue.configure_task(
        name,
        allow_unknown=True,
        schedule_at=schedule_at,
        lock=lock,
        connection=await raw_connection(session),
    ).defer_async(**arguments)


async def defer_all(
    session: AsyncSession, calls: Sequence[tuple[str, Mapping[str, JSONValue]]]
) -> None:
    """Defer several jobs (name, arguments) with one statement, in the caller's transaction."""
    made = [
        queue.configure_task(name, allow_unknown=True).make_new_job(**arguments)
        for name, arguments in calls
    ]
    await queue.job_manager.batch_defer_jobs_async(made, connection=await raw_connection(session))
