"""Portfolios: many achievements valued one after the other by a job that can be killed."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import xlsxwriter
from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.achievements.facts import AchievementFacts
from app.kit import audit, jobs
from app.kit.actor import Actor
from app.kit.errors import Problem
from app.kit.money import format_yuan
from app.kit.states import move
from app.pricing import access, comparables, market_models, repository, rules, service
from app.pricing.approaches.inputs import Plan
from app.pricing.approaches.market import Comparable
from app.pricing.approaches.parameters import parameters_on
from app.pricing.errors import DuplicateItem, PortfolioRunning
from app.pricing.learned.answers import Answer
from app.pricing.models import Portfolio, PortfolioItem
from app.pricing.rules import Subject, Valued
from app.pricing.schemas import ItemView, NewPortfolio, PortfolioView
from app.pricing.states import PORTFOLIO_MOVES, ItemState, PortfolioState

JOB = "pricing.value_portfolio"
BATCH = 50
"""Items of one transaction: what a kill takes back at most."""

PAGE = 1_000
COLUMNS = (
    ("position", "序号"),
    ("achievement_id", "成果编号"),
    ("title", "成果名称"),
    ("state", "状态"),
    ("low_yuan", "低值(元)"),
    ("value_yuan", "估值(元)"),
    ("high_yuan", "高值(元)"),
    ("valuation_id", "估值编号"),
    ("error", "未估值原因"),
)


async def create(
    session: AsyncSession, actor: Actor, new: NewPortfolio, now: datetime
) -> Portfolio:
    """Take in a list and begin; what is wrong with one achievement is noted at that one.

    Raises DuplicateItem, ValuedLater, RoleRequired, ScopeRequired.
    """
    access.acting(actor)
    seen: set[UUID] = set()
    for place, item in enumerate(new.items):
        if item.achievement_id in seen:
            raise DuplicateItem(
                field=f"body.items.{place}.achievement_id", achievement_id=str(item.achievement_id)
            )
        seen.add(item.achievement_id)
    row = Portfolio(
        party_id=actor.require_party(),
        asked_by=actor.person_id,
        title=new.title,
        purpose=new.purpose.value,
        valued_on=service.valuation_day(new.valued_on, now),
        plan=new.plan.model_dump(mode="json"),
        seed=new.seed,
        state=PortfolioState.RUNNING.value,
    )
    session.add(row)
    await session.flush()
    await repository.add_items(
        session,
        [
            {
                "portfolio_id": row.id,
                "position": place,
                "achievement_id": item.achievement_id,
                "plan": None if item.plan is None else item.plan.model_dump(mode="json"),
            }
            for place, item in enumerate(new.items, start=1)
        ],
    )
    _record(session, actor, row, "create", items=len(new.items))
    await jobs.defer(session, JOB, portfolio_id=str(row.id))
    return row


def _record(session: AsyncSession, actor: Actor, row: Portfolio, act: str, **after: Any) -> None:
    audit.record(
        session,
        actor,
        f"valuation_portfolio.{act}",
        "valuation_portfolio",
        row.id,
        after={"state": row.state} | after,
    )


async def value_some(session: AsyncSession, portfolio_id: UUID, now: datetime) -> None:
    """Value the next items and go on in another job; the last one ends the portfolio.

    Items are written with their valuations, so a job that was killed or runs twice does each once.
    """
    row = await repository.portfolio(session, portfolio_id, lock=True)
    if row is None or row.state != PortfolioState.RUNNING:
        return
    waiting = await repository.waiting_items(session, row.id, BATCH)
    asker = _asker(row)
    if waiting:
        await _value(session, asker, row, waiting, now)
    if len(waiting) == BATCH:
        await jobs.defer(session, JOB, portfolio_id=str(row.id))
        return
    row.state = move(PORTFOLIO_MOVES, PortfolioState(row.state), "finish").value
    row.ended_at = now
    row.version += 1
    _record(session, asker, row, "finish")


def _asker(row: Portfolio) -> Actor:
    """Who asked: the valuations are that person's."""
    return Actor(person_id=row.asked_by, organisation_id=row.party_id, organisation_kind=None)


async def _value(
    session: AsyncSession,
    asker: Actor,
    row: Portfolio,
    waiting: Sequence[PortfolioItem],
    now: datetime,
) -> None:
    known = await achievements.facts_of(session, [item.achievement_id for item in waiting])
    default = Plan.model_validate(row.plan)
    pools: dict[str, comparables.Prepared] = {}
    for item in waiting:
        plan = default if item.plan is None else Plan.model_validate(item.plan)
        try:
            achievement = access.may_value(asker, known.get(item.achievement_id))
            subject = await service.subject_of(session, achievement, plan)
            answer = await market_models.answer(session, plan, subject, row.valued_on)
            rules.effective(plan, answer)
            field = subject.technical_field
            if field not in pools:
                among = await comparables.pool(session, field, row.valued_on)
                pools[field] = await to_thread.run_sync(comparables.prepare, among)
            computed = await to_thread.run_sync(_compute, row, subject, plan, pools[field], answer)
        except Problem as refusal:
            error = refusal.details("zh")
            await repository.settle_item(session, item, error=error)
            continue
        valuation_id = await _write(session, asker, row, achievement, subject, plan, computed, now)
        await repository.settle_item(session, item, valuation_id=valuation_id)


def _compute(
    row: Portfolio,
    subject: Subject,
    plan: Plan,
    pool: comparables.Prepared,
    answer: Answer | None,
) -> tuple[list[Comparable], Valued]:
    parameters = parameters_on(row.valued_on)
    return service.compute(subject, plan, pool, row.valued_on, parameters, row.seed, answer)


async def _write(
    session: AsyncSession,
    asker: Actor,
    row: Portfolio,
    achievement: AchievementFacts,
    subject: Subject,
    plan: Plan,
    computed: tuple[list[Comparable], Valued],
    now: datetime,
) -> UUID:
    chosen, valued = computed
    day, parameters = row.valued_on, parameters_on(row.valued_on)
    made = service.valuation(
        achievement, subject, plan, chosen, valued, day, parameters, row.seed, now
    )
    made.party_id, made.asked_by, made.purpose = row.party_id, row.asked_by, row.purpose
    await service.add(session, asker, made)
    return made.id


async def stop(session: AsyncSession, actor: Actor, portfolio_id: UUID, now: datetime) -> Portfolio:
    """End a portfolio early; what is valued stays. Raises NotFound and IllegalMove."""
    row = access.own_portfolio(actor, await repository.portfolio(session, portfolio_id, lock=True))
    row.state = move(PORTFOLIO_MOVES, PortfolioState(row.state), "stop").value
    row.ended_at = now
    row.version += 1
    _record(session, actor, row, "stop")
    await session.flush()
    return row


async def get(session: AsyncSession, actor: Actor, portfolio_id: UUID) -> PortfolioView:
    """A portfolio and how far it is; raises NotFound."""
    row = access.portfolio_of(actor, await repository.portfolio(session, portfolio_id))
    return (await views(session, [row]))[0]


async def listed(
    session: AsyncSession, actor: Actor, after: UUID | None, limit: int
) -> list[PortfolioView]:
    """Portfolios of the actor's party; overseers see all."""
    party_id = None if access.oversees(actor) else actor.require_party()
    return await views(session, await repository.portfolios(session, party_id, after, limit))


async def views(session: AsyncSession, rows: Sequence[Portfolio]) -> list[PortfolioView]:
    """Portfolios with the numbers of their items."""
    counts = await repository.counts(session, [row.id for row in rows])
    return [
        PortfolioView(
            id=row.id,
            version=row.version,
            title=row.title,
            party_id=row.party_id,
            purpose=row.purpose,
            valued_on=row.valued_on,
            state=row.state,
            total=sum(counts[row.id].values()),
            waiting=counts[row.id].get(ItemState.WAITING, 0),
            valued=counts[row.id].get(ItemState.VALUED, 0),
            failed=counts[row.id].get(ItemState.FAILED, 0),
            created_at=row.created_at,
            ended_at=row.ended_at,
        )
        for row in rows
    ]


async def items(
    session: AsyncSession,
    actor: Actor,
    portfolio_id: UUID,
    state: ItemState | None,
    after: int,
    limit: int,
) -> list[ItemView]:
    """Items after a position; raises NotFound."""
    access.portfolio_of(actor, await repository.portfolio(session, portfolio_id))
    wanted = None if state is None else state.value
    rows = await repository.items(session, portfolio_id, wanted, after, limit)
    return [
        ItemView(
            position=item.position,
            achievement_id=item.achievement_id,
            title=title,
            state=ItemState(item.state),
            valuation_id=item.valuation_id,
            low_fen=low,
            value_fen=value,
            high_fen=high,
            error=item.error,
        )
        for item, title, low, value, high in rows
    ]


async def result(session: AsyncSession, actor: Actor, portfolio_id: UUID) -> list[ItemView]:
    """All items of a portfolio that ended; raises NotFound and PortfolioRunning."""
    found = await get(session, actor, portfolio_id)
    if found.state is PortfolioState.RUNNING:
        raise PortfolioRunning(handled=found.total - found.waiting, total=found.total)
    whole: list[ItemView] = []
    while True:
        after = whole[-1].position if whole else 0
        page = await items(session, actor, portfolio_id, None, after, PAGE)
        whole += page
        if len(page) < PAGE:
            return whole


def _cells(rows: Sequence[ItemView]) -> Iterator[list[str | int | None]]:
    for row in rows:
        yield [
            row.position,
            str(row.achievement_id),
            row.title,
            row.state.value,
            *[
                None if fen is None else format_yuan(fen).replace(",", "")
                for fen in (row.low_fen, row.value_fen, row.high_fen)
            ],
            None if row.valuation_id is None else str(row.valuation_id),
            None if row.error is None else row.error["detail"],
        ]


def as_csv(rows: Sequence[ItemView]) -> bytes:
    """The result as CSV in UTF-8; amounts in yuan with two decimals."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([name for name, _ in COLUMNS])
    for cells in _cells(rows):
        writer.writerow(["" if cell is None else cell for cell in cells])
    return out.getvalue().encode()


def as_xlsx(rows: Sequence[ItemView]) -> bytes:
    """The result as a workbook, written row by row; texts are never read as formulas."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(
        out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet("估值结果")
        money = book.add_format({"num_format": "#,##0.00"})
        sheet.set_column(1, 2, 40)
        sheet.set_column(4, 6, 18, money)
        sheet.write_row(0, 0, [zh for _, zh in COLUMNS])
        for line, cells in enumerate(_cells(rows), start=1):
            for column, cell in enumerate(cells):
                if cell is None:
                    continue
                if COLUMNS[column][0].endswith("_yuan"):
                    sheet.write_number(line, column, float(cell), money)
                else:
                    sheet.write(line, column, cell)
    return out.getvalue()
