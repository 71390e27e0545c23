"""Composition root: jobs and deadlines."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import procrastinate
import structlog
from sqlalchemy.exc import DBAPIError

from app.achievements import jobs as achievements
from app.auctions import jobs as auctions
from app.contracts import jobs as contracts
from app.deals import jobs as deals
from app.demands import jobs as demands
from app.feed import jobs as feed
from app.finding import indexing
from app.finding import jobs as finding
from app.kit import clock, idempotency
from app.kit.db import Sessions, make_engine, make_sessions
from app.kit.deadlines import Deadline, Ticker
from app.kit.jobs import any_waits, queue
from app.kit.settings import Settings
from app.ledger import jobs as ledger
from app.listings import jobs as listings
from app.matching import jobs as matching
from app.negotiations import jobs as negotiations
from app.notices import jobs as notices
from app.pricing import jobs as pricing
from app.registrations import jobs as registrations
from app.settlements import jobs as settlements
from app.statistics import jobs as statistics
from app.webhooks import jobs as webhooks
from app.webhooks import service as webhook_service
from app.webhooks.delivery import Deliverer, keep_delivering

_MODULES = (
    ledger,
    achievements,
    demands,
    listings,
    finding,
    matching,
    notices,
    auctions,
    negotiations,
    deals,
    contracts,
    registrations,
    settlements,
    statistics,
    pricing,
    feed,
    webhooks,
)
DEADLINES: Sequence[Deadline] = tuple(item for module in _MODULES for item in module.DEADLINES)
CALENDAR_JOBS: Sequence[str] = tuple(name for module in _MODULES for name in module.CALENDAR_JOBS)
"""Jobs that count provisional dates anew when a year's official table is loaded."""

CONCURRENCY = 4
OTHER_CONNECTIONS = 8
"""For deadlines, the sweep, the feed's numbering, the delivery of webhooks and the indexes."""
STALLED_AFTER_S = 30.0
SWEEP_PAUSE_S = 10.0
RESTART_PAUSE_S = 1.0
log = structlog.get_logger()


async def run_worker(settings: Settings, database_url: str, stop: asyncio.Event) -> None:
    """Run jobs and deadlines until `stop` is set; running jobs are finished first.

    Raises RuntimeError for a database whose clock was moved, unless this is a sandbox.
    """
    engine = make_engine(database_url, pool_size=CONCURRENCY + OTHER_CONNECTIONS)
    sessions = make_sessions(engine)
    try:
        await _require_own_clock(sessions, settings, stop)
        while not stop.is_set():
            connector = procrastinate.PsycopgConnector(
                conninfo=database_url, min_size=1, max_size=4
            )
            try:
                with queue.replace_connector(connector) as opened:
                    async with opened.open_async():
                        await _work(opened, sessions, settings, stop)
            except Exception:
                log.warning("worker_restarts", exc_info=True)
                await _pause(stop, RESTART_PAUSE_S)
    finally:
        await engine.dispose()


async def _require_own_clock(sessions: Sessions, settings: Settings, stop: asyncio.Event) -> None:
    """Check the clock once, as soon as the database answers: an outage is waited out."""
    while not stop.is_set():
        try:
            async with sessions() as session:
                await clock.require_real_outside_sandbox(session, sandbox=settings.sandbox)
        except DBAPIError:
            log.warning("worker_waits_for_database", exc_info=True)
            await _pause(stop, RESTART_PAUSE_S)
        else:
            return


async def _work(
    opened: procrastinate.App, sessions: Sessions, settings: Settings, stop: asyncio.Event
) -> None:
    worker = asyncio.create_task(
        opened.run_worker_async(
            concurrency=CONCURRENCY,
            fetch_job_polling_interval=1.0,
            delete_jobs="successful",
            additional_context={"sessions": sessions, "settings": settings},
            install_signal_handlers=False,
            update_heartbeat_interval=5.0,
            stalled_worker_timeout=STALLED_AFTER_S,
            shutdown_graceful_timeout=10.0,
        )
    )
    ticker = asyncio.create_task(Ticker(sessions, DEADLINES).run(settings.tick_seconds, stop))
    sweeper = asyncio.create_task(_sweep(opened, sessions, settings, stop))
    numberer = asyncio.create_task(feed.keep_numbering(sessions, stop))
    deliverer = asyncio.create_task(keep_delivering(sessions, settings, stop))
    banking = asyncio.create_task(_bank(sessions, settings, stop))
    indexer = asyncio.create_task(indexing.keep_indexing(sessions, settings, stop))
    others = {ticker, sweeper, numberer, deliverer, banking, indexer}
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait(
            {worker, stopped, ticker, numberer, deliverer, indexer},
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        ended_by_itself = not stop.is_set()
        for task in {stopped, *others} if ended_by_itself else {stopped}:
            task.cancel()
        worker.cancel()
        results = await asyncio.gather(worker, *others, return_exceptions=True)
    if ended_by_itself:
        raise RuntimeError("the worker ended by itself") from next(
            (result for result in results if isinstance(result, Exception)), None
        )


async def _sweep(
    opened: procrastinate.App, sessions: Sessions, settings: Settings, stop: asyncio.Event
) -> None:
    """Take up jobs whose worker died, and drop answers to old idempotency keys."""
    keep = timedelta(hours=settings.idempotency_hours)
    while not stop.is_set():
        try:
            for stalled in await opened.job_manager.get_stalled_jobs(
                seconds_since_heartbeat=STALLED_AFTER_S
            ):
                await opened.job_manager.retry_job(stalled)
            async with sessions() as session, session.begin():
                now = await clock.real_now(session)
                await idempotency.forget_old(session, now, keep)
                await webhook_service.forget_old(session, now)
        except Exception:
            log.warning("sweep_failed", exc_info=True)
        await _pause(stop, SWEEP_PAUSE_S)


async def _bank(sessions: Sessions, settings: Settings, stop: asyncio.Event) -> None:
    """Exchange files with the bank again and again; a bank that is away is waited for."""
    while not stop.is_set():
        try:
            await ledger.exchange(settings, sessions)
        except Exception:
            log.warning("bank_exchange_failed", exc_info=True)
        await _pause(stop, settings.bank_poll_seconds)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), timeout=seconds)


async def settle(database_url: str, sessions: Sessions, settings: Settings) -> None:
    """Handle everything that is due and run every job that waits, until nothing is left.

    Then the feed has it all, and webhooks were told.
    """
    ticker = Ticker(sessions, DEADLINES)
    async with Deliverer(sessions, settings) as deliverer:
        while True:
            handled = await ticker.tick()
            await drain_jobs(database_url, sessions, settings)
            await ledger.exchange(settings, sessions)
            handled += await indexing.index_all(sessions, settings)
            await feed.number_all(sessions)
            handled += await deliverer.deliver_due()
            if handled == 0 and await ticker.tick() == 0:
                return


async def drain_jobs(database_url: str, sessions: Sessions, settings: Settings) -> None:
    """Run every job that waits, and return; for the sample market and for tests."""
    async with sessions() as session:
        if not await any_waits(session):
            return
    connector = procrastinate.PsycopgConnector(conninfo=database_url, min_size=1, max_size=2)
    with queue.replace_connector(connector) as opened:
        async with opened.open_async():
            await opened.run_worker_async(
                wait=False,
                listen_notify=False,
                delete_jobs="successful",
                additional_context={"sessions": sessions, "settings": settings},
                install_signal_handlers=False,
            )
