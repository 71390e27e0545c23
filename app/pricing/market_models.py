"""Market models: trained by a job, stored as they were trained, asked by valuations."""

import asyncio
import math
from array import array
from collections import OrderedDict
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from anyio import to_thread
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit
from app.kit.actor import SYSTEM
from app.kit.calendar import local_day
from app.kit.changes import Audience, Circle
from app.kit.errors import NotFound
from app.kit.ids import new_id
from app.kit.states import move
from app.pricing import model_repository
from app.pricing.approaches.inputs import Plan
from app.pricing.errors import TooFewToLearn
from app.pricing.learned import answers, backtest
from app.pricing.learned.answers import Answer, Used
from app.pricing.learned.configuration import Learning, learning_on
from app.pricing.learned.fitting import fit
from app.pricing.learned.model import Model, packed, unpacked
from app.pricing.learned.offers import UNKNOWN, Category, Offers
from app.pricing.model_schemas import MarketModelRow, MarketModelView
from app.pricing.models import MarketModel
from app.pricing.rules import Subject
from app.pricing.states import MODEL_MOVES, ModelState

JOB = "pricing.train"
PUBLIC = Audience(Circle.PUBLIC, frozenset())
MASKED_BELOW = 3
_KEPT_LOADED = 4
_STILL_HERE_S = 30.0
_loaded: OrderedDict[bytes, Model] = OrderedDict()
log = structlog.get_logger()


async def answer(session: AsyncSession, plan: Plan, subject: Subject, day: date) -> Answer | None:
    """What the model in use says of a subject; None where the plan does not ask it."""
    if plan.learned is None:
        return None
    row = await model_repository.in_use(session)
    if row is None:
        return answers.none()
    used = _used(row)
    return answers.answer(await loaded(session, row), used, subject.question(day))


async def answered(
    session: AsyncSession, result: dict[str, Any], subject: Subject, day: date
) -> Answer:
    """The answer that a stored result was computed with, by the model of that time."""
    used = _used_then(result)
    if used is None:
        return answers.none()
    row = await model_repository.model(session, UUID(used.model_id))
    if row is None:
        raise NotFound
    return answers.answer(await loaded(session, row), used, subject.question(day))


def _used_then(result: dict[str, Any]) -> Used | None:
    for one in result["approaches"]:
        figures = one["figures"]
        found = figures.get("model") or (figures.get("instead_of") or {}).get("used")
        if found is not None:
            return Used.model_validate(found)
    return None


def _used(row: MarketModel) -> Used:
    return Used(
        model_id=str(row.id),
        number=row.number,
        sha256=row.sha256.hex(),
        rule_set=row.rule_set,
        library=row.library,
        data_cut=row.data_cut.isoformat(),
        seed=row.seed,
        deals=row.deals,
        failed=row.failed,
        drifting=row.state == ModelState.DRIFTING,
    )


async def loaded(session: AsyncSession, row: MarketModel) -> Model:
    """The model of a row, checked against its digest; the latest few stay in memory."""
    if row.sha256 in _loaded:
        _loaded.move_to_end(row.sha256)
        return _loaded[row.sha256]
    artefact = await model_repository.artefact(session, row.id)
    found = await to_thread.run_sync(unpacked, artefact, row.sha256)
    _loaded[row.sha256] = found
    while len(_loaded) > _KEPT_LOADED:
        _loaded.popitem(last=False)
    return found


async def is_due(session: AsyncSession, now: datetime) -> bool:
    """Whether a model is to be trained: enough deals came in, or the one in use drifts."""
    rules = learning_on(local_day(now))
    row = await model_repository.in_use(session)
    if row is None:
        least = rules.least_deals
        return await model_repository.new_deals(session, None, least) >= least
    if row.state == ModelState.DRIFTING:
        return True
    least = rules.new_deals
    return await model_repository.new_deals(session, row.data_cut, least) >= least


async def train(session: AsyncSession, now: datetime) -> MarketModel | None:
    """Train a model on all outcomes and put it to use; None where it is not due, or one is trained.

    The work is done in a thread, in which XGBoost leaves the interpreter to others; the transaction
    says from time to time that it is still there. Nothing is locked that others wait for.
    """
    if not await model_repository.take_training_lock(session) or not await is_due(session, now):
        return None
    rules = learning_on(local_day(now))
    number = await model_repository.highest_number(session) + 1
    offers = await _read(session, rules.most_deals)
    trained = await _apart(session, offers, rules, number)
    if trained is None:
        return None
    model, tested, artefact, digest = trained
    before = await model_repository.in_use(session, lock=True)
    if before is not None:
        await _replace(session, before, now)
    row = MarketModel(
        id=new_id(),
        number=number,
        rule_set=rules.code,
        data_cut=now,
        first_day=model.first_day,
        last_day=model.last_day,
        deals=model.deals,
        failed=model.failed,
        seed=model.seed,
        library=model.library,
        sha256=digest,
        artefact=artefact,
        backtest=tested,
        state=ModelState.CURRENT.value,
    )
    session.add(row)
    await session.flush()
    _record(session, row, "train", None, number=number, deals=row.deals, sha256=digest.hex())
    log.info("market_model_trained", number=number, deals=row.deals, failed=row.failed)
    return row


async def _replace(session: AsyncSession, row: MarketModel, now: datetime) -> None:
    before = {"state": row.state}
    row.state = move(MODEL_MOVES, ModelState(row.state), "replace").value
    row.replaced_at = now
    row.version += 1
    await session.flush()
    _record(session, row, "replace", before)


async def alarm(
    session: AsyncSession, row: MarketModel, found: dict[str, Any], now: datetime
) -> None:
    """Note that a model drifts: pages and estimates say so, followers learn it."""
    before = {"state": row.state}
    row.state = move(MODEL_MOVES, ModelState(row.state), "drift").value
    row.alarm, row.alarmed_at = found, now
    row.version += 1
    await session.flush()
    _record(session, row, "drift", before, **found)


def _record(
    session: AsyncSession,
    row: MarketModel,
    act: str,
    before: dict[str, Any] | None,
    **after: Any,
) -> None:
    audit.record(
        session,
        SYSTEM,
        f"market_model.{act}",
        "market_model",
        row.id,
        before=before,
        after={"state": row.state} | after,
        rule_set=row.rule_set,
        audience=PUBLIC,
    )


def _train(
    offers: Offers, rules: Learning, seed: int
) -> tuple[Model, dict[str, Any], bytes, bytes] | None:
    """The model with its backtest and stored form; None where there is too little to learn."""
    try:
        model = fit(offers, rules, seed)
    except TooFewToLearn:
        return None
    return model, backtest.summary(backtest.run(offers, rules, seed)), *packed(model)


async def _apart(
    session: AsyncSession, offers: Offers, rules: Learning, seed: int
) -> tuple[Model, dict[str, Any], bytes, bytes] | None:
    """Train in a thread; the session is used meanwhile, so that it is not taken for idle."""
    task = asyncio.create_task(to_thread.run_sync(_train, offers, rules, seed))
    while True:
        done, _ = await asyncio.wait({task}, timeout=_STILL_HERE_S)
        if done:
            return task.result()
        await session.execute(text("SELECT 1"))


class _Names:
    """A column of names while it is read."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._codes = array("h")

    def add(self, value: str | None) -> None:
        """The next value."""
        code = UNKNOWN if value is None else self._places.setdefault(value, len(self._places))
        self._codes.append(code)

    def column(self) -> Category:
        """All values, the last one first."""
        return Category(tuple(self._places), np.array(self._codes, dtype=np.int16)[::-1])


async def _read(session: AsyncSession, most: int) -> Offers:
    """The latest offers in the order of their days; in batches, so that memory stays small."""
    names = {name: _Names() for name in ("field", "section", "mode", "ip_kind", "region", "seller")}
    day, bidders, exclusive = array("l"), array("h"), array("b")
    trl, price, floor = array("d"), array("d"), array("d")
    async for batch in model_repository.learned_from(session, most):
        for row in batch:
            day.append(row.happened_on.toordinal())
            names["field"].add(row.technical_field)
            names["section"].add(row.section)
            names["mode"].add(row.transfer_mode)
            names["ip_kind"].add(row.ip_kind)
            names["region"].add(row.region[:2])
            names["seller"].add(row.seller_kind)
            exclusive.append(row.exclusive)
            trl.append(math.nan if row.trl is None else row.trl)
            bidders.append(UNKNOWN if row.bidders is None else row.bidders)
            price.append(_log(row.cleared_fen))
            floor.append(_log(row.floor_fen))
    return Offers(
        day=np.array(day, dtype=np.int32)[::-1],
        **{name: one.column() for name, one in names.items()},
        exclusive=np.array(exclusive, dtype=np.bool_)[::-1],
        trl=np.array(trl)[::-1],
        bidders=np.array(bidders, dtype=np.int16)[::-1],
        log_price=np.array(price)[::-1],
        log_floor=np.array(floor)[::-1],
    )


def _log(fen: int | None) -> float:
    return math.nan if fen is None else math.log(fen)


async def get(session: AsyncSession, model_id: UUID) -> MarketModelView:
    """One model with its backtest, cells of fewer than three deals masked; raises NotFound."""
    row = await model_repository.model(session, model_id)
    if row is None:
        raise NotFound
    return MarketModelView(
        **MarketModelRow.model_validate(row).model_dump(),
        seed=row.seed,
        library=row.library,
        sha256=row.sha256.hex(),
        alarm=row.alarm,
        backtest=masked(row.backtest),
    )


def masked(found: dict[str, Any]) -> dict[str, Any]:
    """A backtest whose cells of fewer than three deals say nothing but that."""
    return found | {
        name: {key: _masked(cell) for key, cell in found[name].items() if cell["deals"]}
        for name in ("by_field", "by_seller")
    }


def _masked(cell: dict[str, Any]) -> dict[str, Any]:
    if cell["deals"] >= MASKED_BELOW:
        return cell
    return dict.fromkeys(cell, None)


async def listed(session: AsyncSession, after: UUID | None, limit: int) -> list[MarketModelRow]:
    """Models, the newest first."""
    rows = await model_repository.models(session, after, limit)
    return [MarketModelRow.model_validate(row) for row in rows]
