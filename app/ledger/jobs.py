"""What runs later in the ledger: matching, refunds, and the exchange of files with the bank."""

import structlog

from app.kit import clock
from app.kit.actor import SYSTEM
from app.kit.db import Sessions
from app.kit.deadlines import Deadline
from app.kit.errors import Problem
from app.kit.settings import Settings
from app.ledger import imports, matching, queries, refunds, reports
from app.ledger.bank import Bank, bank_of

log = structlog.get_logger()


async def exchange(settings: Settings, sessions: Sessions) -> None:
    """Hand waiting payment files to the bank and take its statements in.

    No transaction is open while the bank is talked to. After a crash a file is handed over, or a
    statement taken in, a second time; both are known by then and change nothing.
    """
    bank = bank_of(settings)
    if bank is None:
        return
    async with sessions() as session:
        waiting = [(batch.id, batch.document) for batch in await queries.waiting(session)]
    for batch_id, document in waiting:
        await bank.submit(batch_id, document)
        async with sessions() as session, session.begin():
            await refunds.note_submitted(session, batch_id, await clock.now(session))
    for name in await bank.arrivals():
        try:
            await _take_in(bank, name, sessions)
        except FileNotFoundError:
            log.info("statement_taken_by_another", name=name)


async def _take_in(bank: Bank, name: str, sessions: Sessions) -> None:
    document = await bank.read(name)
    refusal = None
    try:
        async with sessions() as session, session.begin():
            if reports.is_report(document):
                report = reports.read_report(document)
                await refunds.take_report(session, SYSTEM, report, await clock.now(session))
            else:
                await imports.import_statement(session, SYSTEM, document, name)
    except Problem as problem:
        refusal = problem.detail("en")
        log.error("statement_refused", name=name, code=problem.code)
    await bank.file_away(name, refusal)


DEADLINES: tuple[Deadline, ...] = (
    Deadline("ledger.match", matching.due, matching.match),
    Deadline("ledger.order_refunds", refunds.due, refunds.order),
)
CALENDAR_JOBS: tuple[str, ...] = ()
