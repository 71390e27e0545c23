"""The loop: what was asked, valued and paid is kept, estimates are judged by it, and models too."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.auctions import service as auctions
from app.auctions.states import AuctionState
from app.deals import service as deals
from app.kit import audit, codes, jobs
from app.kit.actor import SYSTEM
from app.kit.calendar import local_day
from app.kit.errors import Problem
from app.kit.money import round_half_up
from app.listings import service as listings
from app.parties import service as parties
from app.pricing import market_models, model_repository
from app.pricing.approaches.parameters import parameters_on
from app.pricing.approaches.terms import Payment, present_value
from app.pricing.comparables import ip_kind_of, is_exclusive
from app.pricing.errors import PeriodBackwards
from app.pricing.learned import answers, backtest, drift
from app.pricing.learned.configuration import learning_on
from app.pricing.learned.drift import Judged
from app.pricing.learned.model import Model, Question
from app.pricing.learned.offers import Category
from app.pricing.model_schemas import Accuracy, Cell, MarketModelRow, Series
from app.pricing.models import ComparablePrice, MarketModel, PriceOutcome
from app.pricing.rules import section_of
from app.pricing.states import ModelState

BATCH = 500
PERIOD_DAYS = 730
MOST_REPORTED = 50_000
"""The latest deals of a period that a report counts: it is public, and is to stay quick."""

_KEPT_REPORTS = 8
_counted: OrderedDict[
    tuple[date, date, UUID | None, datetime], tuple[int, int, Series, Series, Series]
] = OrderedDict()
"""Reports of this minute; a new outcome makes a new one."""

FLOORED = frozenset({"ascending", "online_2016", "free_then_limited", "sealed_once"})
"""Formats whose lowest bid is the listing's price: with no bid, nobody would pay that."""


async def follow(session: AsyncSession, now: datetime) -> bool:
    """Keep the outcomes of the next deals; says whether more wait.

    The last batch looks for drift and has a model trained where one is due. Each deal is kept once,
    however often this runs.
    """
    rows = await model_repository.unfollowed(session, BATCH)
    in_use = await model_repository.in_use(session)
    if rows:
        model = None if in_use is None else await market_models.loaded(session, in_use)
        kept = await _kept(session, rows)
        estimates = await to_thread.run_sync(_estimates, model, in_use, kept)
        outcomes = [row | one for row, one in zip(kept, estimates, strict=True)]
        await model_repository.put_outcomes(session, outcomes)
        await model_repository.mark_followed(session, [row.id for row in rows], now)
    if len(rows) == BATCH:
        return True
    await _watch(session, now)
    if await market_models.is_due(session, now):
        await jobs.defer(session, market_models.JOB, lock=market_models.JOB)
    return False


async def _kept(session: AsyncSession, rows: Sequence[ComparablePrice]) -> list[dict[str, Any]]:
    """What is kept of these deals, but for the model's estimates."""
    of_deal = [row.deal_id for row in rows if row.deal_id is not None]
    known = await deals.facts_of(session, of_deal)
    offered = await listings.facts_of(session, [one.listing_id for one in known.values()])
    wanted = [(row.achievement_id, row.traded_on) for row in rows if row.achievement_id is not None]
    valued = await model_repository.valuations_before(session, wanted)
    kept = []
    for row in rows:
        deal = known.get(row.deal_id) if row.deal_id is not None else None
        listing = None if deal is None else offered.get(deal.listing_id)
        valuation = valued.get(row.achievement_id) if row.achievement_id is not None else None
        parameters = parameters_on(row.traded_on)
        cleared = present_value(Payment.model_validate(row.payment), parameters.terms_rate)
        kept.append(
            {
                "source": row.source,
                "comparable_id": row.id,
                "achievement_id": row.achievement_id,
                "happened_on": row.traded_on,
                "technical_field": row.technical_field,
                "section": section_of(row.ipc),
                "transfer_mode": row.transfer_mode,
                "ip_kind": row.ip_kind,
                "region": codes.province_of(row.region).code,
                "seller_kind": row.seller_kind,
                "exclusive": row.exclusive,
                "trl": row.trl,
                "bidders": None,
                "asked_fen": None if listing is None else listing.price_fen,
                "floor_fen": None,
                "cleared_fen": max(1, round_half_up(cleared)),
                "valuation_id": None if valuation is None else valuation.id,
                "valued_low_fen": None if valuation is None else valuation.low_fen,
                "valued_fen": None if valuation is None else valuation.value_fen,
                "valued_high_fen": None if valuation is None else valuation.high_fen,
                "voided_at": row.voided_at,
            }
        )
    return kept


def _estimates(
    model: Model | None, in_use: MarketModel | None, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """What the model in use says of each offer; it has not learned from any of them."""
    return [_estimate(model, in_use, row) for row in rows]


def _estimate(
    model: Model | None, in_use: MarketModel | None, row: dict[str, Any]
) -> dict[str, Any]:
    names = ("model_id", "model_low_fen", "model_fen", "model_high_fen", "refused")
    if model is None or in_use is None:
        return dict.fromkeys(names) | {"refused": answers.none_code()}
    try:
        found = model.estimate(
            Question(
                field=row["technical_field"],
                section=row["section"],
                mode=row["transfer_mode"],
                ip_kind=row["ip_kind"],
                region=row["region"][:2],
                seller=row["seller_kind"],
                exclusive=row["exclusive"],
                trl=row["trl"],
                day=row["happened_on"],
            )
        )
    except Problem as refusal:
        return dict.fromkeys(names) | {"refused": refusal.code}
    values = (in_use.id, found.low_fen, found.middle_fen, found.high_fen, None)
    return dict(zip(names, values, strict=True))


async def collect_auction(session: AsyncSession, auction_id: UUID, now: datetime) -> None:
    """Keep the outcome of an auction that failed; once.

    Where nobody bid the lowest price, the market would have paid less than that, and a model learns
    it. Where the bids stayed below a secret reserve, neither a price nor a bound is known.
    """
    auction = await auctions.facts(session, auction_id)
    if auction.state != AuctionState.FAILED or auction.listing_id is None:
        return
    listing = await listings.facts(session, auction.listing_id)
    achievement = await achievements.facts(session, listing.achievement_id)
    seller = await parties.facts(session, listing.seller_id)
    happened = local_day(auction.decided_at or now)
    floored = auction.bid_count == 0 and auction.format in FLOORED
    valued = await model_repository.valuations_before(session, [(achievement.id, happened)])
    valuation = valued.get(achievement.id)
    row = {
        "source": "failed",
        "auction_id": auction.id,
        "achievement_id": achievement.id,
        "happened_on": happened,
        "technical_field": achievement.technical_field,
        "section": section_of(achievement.ipc),
        "transfer_mode": listing.transfer_mode,
        "ip_kind": ip_kind_of(achievement),
        "region": codes.province_of(seller.region_code).code,
        "seller_kind": seller.kind,
        "exclusive": is_exclusive(listing.transfer_mode, listing.license_manner),
        "trl": achievement.trl,
        "bidders": len(await listings.qualified_bidders(session, listing.id)),
        "asked_fen": listing.price_fen,
        "floor_fen": listing.price_fen if floored else None,
        "valuation_id": None if valuation is None else valuation.id,
        "valued_low_fen": None if valuation is None else valuation.low_fen,
        "valued_fen": None if valuation is None else valuation.value_fen,
        "valued_high_fen": None if valuation is None else valuation.high_fen,
    }
    in_use = await model_repository.in_use(session)
    model = None if in_use is None else await market_models.loaded(session, in_use)
    [estimate] = await to_thread.run_sync(_estimates, model, in_use, [row])
    if await model_repository.add_failed(session, row | estimate):
        audit.record(
            session,
            SYSTEM,
            "price_outcome.fail",
            "auction",
            auction.id,
            after={"asked_fen": listing.price_fen, "floor_fen": row["floor_fen"]},
        )


async def _watch(session: AsyncSession, now: datetime) -> None:
    """Raise the alarm where the latest outcomes do not fit the model in use."""
    row = await model_repository.in_use(session, lock=True)
    if row is None or row.state == ModelState.DRIFTING:
        return
    rules = learning_on(local_day(now))
    seen = await model_repository.judged(session, row.id, rules.alarm_deals)
    found = drift.found([_judged(one) for one in seen], rules)
    if found is not None:
        await market_models.alarm(session, row, found, now)


def _judged(row: PriceOutcome) -> Judged:
    assert row.model_low_fen is not None
    assert row.model_fen is not None
    assert row.model_high_fen is not None
    return Judged(
        row.model_low_fen, row.model_fen, row.model_high_fen, row.cleared_fen, row.floor_fen
    )


class _Tally:
    """Estimates of one kind and the prices that came, as logarithms, with what they are of."""

    def __init__(self) -> None:
        self.prices: list[float] = []
        self.estimates: list[tuple[float, float, float]] = []
        self.fields: list[str] = []
        self.sellers: list[str | None] = []
        self.quarters: list[str] = []

    def add(self, row: Any, low: int | None, middle: int | None, high: int | None) -> None:
        """One deal, if there was an estimate of it; an end of nothing is the smallest amount."""
        if low is None or middle is None or high is None or middle <= 0:
            return
        self.prices.append(math.log(row.cleared_fen))
        self.estimates.append((math.log(max(1, low)), math.log(middle), math.log(max(1, high))))
        self.fields.append(row.technical_field)
        self.sellers.append(row.seller_kind)
        self.quarters.append(f"{row.happened_on.year}-Q{(row.happened_on.month + 2) // 3}")

    def series(self, *, interval: bool = True) -> Series:
        """The figures; cells of fewer than three deals are masked."""
        prices = np.array(self.prices)
        estimates = np.array(self.estimates).reshape(-1, 3)

        def of(values: Sequence[str | None]) -> dict[str, Cell]:
            found = backtest.by_category(prices, estimates, Category.of(values))
            return {key: cell(one, interval=interval) for key, one in found.items()}

        return Series(
            whole=cell(backtest.figures(prices, estimates), interval=interval),
            by_field=of(self.fields),
            by_seller=of(self.sellers),
            by_quarter=of(self.quarters),
        )


def cell(found: dict[str, Any], *, interval: bool = True) -> Cell:
    """A cell as it is shown: nothing of fewer than three deals, no coverage without an interval."""
    if 0 < found["deals"] < market_models.MASKED_BELOW:
        return Cell.model_validate(dict.fromkeys(found))
    return Cell.model_validate(found | ({} if interval else {"coverage": None}))


async def report(
    session: AsyncSession, first: date | None, last: date | None, now: datetime
) -> Accuracy:
    """The published report on a period, its latest deals; without one, on two years.

    Raises PeriodBackwards.
    """
    last = last or local_day(now)
    first = first or last - timedelta(days=PERIOD_DAYS)
    if last < first:
        raise PeriodBackwards(field="query.to", first=first.isoformat(), last=last.isoformat())
    latest = await model_repository.latest_outcome(session)
    key = (first, last, latest, now.replace(second=0, microsecond=0))
    if key not in _counted:
        _counted[key] = await _count(session, first, last)
        while len(_counted) > _KEPT_REPORTS:
            _counted.popitem(last=False)
    counted, failed, by_model, by_valuation, by_asking = _counted[key]
    in_use = await model_repository.in_use(session)
    return Accuracy(
        first_day=first,
        last_day=last,
        deals=counted,
        failed=failed,
        model=by_model,
        valuation=by_valuation,
        asked=by_asking,
        in_use=None if in_use is None else MarketModelRow.model_validate(in_use),
        notice_zh=answers.NO_DATA_SET.zh,
        notice_en=answers.NO_DATA_SET.en,
    )


async def _count(
    session: AsyncSession, first: date, last: date
) -> tuple[int, int, Series, Series, Series]:
    """Deals, failed auctions, and the figures of models, valuations and asking prices."""
    by_model, by_valuation, by_asking = _Tally(), _Tally(), _Tally()
    counted = 0
    async for batch in model_repository.outcomes(session, first, last, MOST_REPORTED):
        counted += len(batch)
        for row in batch:
            by_model.add(row, row.model_low_fen, row.model_fen, row.model_high_fen)
            by_valuation.add(row, row.valued_low_fen, row.valued_fen, row.valued_high_fen)
            by_asking.add(row, row.asked_fen, row.asked_fen, row.asked_fen)
    failed = await model_repository.failed_count(session, first, last)
    tallies = (by_model.series(), by_valuation.series(), by_asking.series(interval=False))
    return counted, failed, *tallies
