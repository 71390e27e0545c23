"""Use cases: advising a seller before a round, reading the advice, learning from outcomes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit, jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.calendar import local_day
from app.listings import outlook
from app.listings import service as listings
from app.listings.facts import ListingFacts
from app.listings.states import ListingState
from app.pricing import access, repository
from app.pricing.errors import KeptTooHigh, TermsFixed, ValuationElsewhere, ValuationNeeded
from app.pricing.guidance import relisting, words
from app.pricing.guidance.advice import (
    METHOD_VERSION,
    Advice,
    Inputs,
    Limits,
    TurnoutSeen,
    Value,
    advise,
    probability_at,
)
from app.pricing.guidance.calibration import AS_STATED, Calibration, calibrated
from app.pricing.guidance.parameters import Parameters, parameter_sets, parameters_on
from app.pricing.guidance_schemas import (
    GuidanceParameters,
    GuidanceReproduction,
    GuidanceRow,
    GuidanceView,
    NewGuidance,
)
from app.pricing.models import AuctionGuidance, SaleCalibration, Valuation
from app.pricing.schemas import ParameterOrigin, ParameterSetView
from app.pricing.states import ValuationState

CALIBRATE = "pricing.calibrate_sales"
CALIBRATED_FOR = timedelta(days=7)
MOST_OUTCOMES = 2_000
MOST_KEPT = 20
_DRAFTED = frozenset({ListingState.DRAFT.value, ListingState.UNDER_REVIEW.value})
_SOLD = ListingState.AWARDED.value
_ENDED = frozenset({_SOLD, ListingState.FAILED.value})
_WIDEST = 20
_LOOKED_AT = 20
_YEAR_DAYS = 365


async def ask(
    session: AsyncSession, actor: Actor, new: NewGuidance, now: datetime
) -> AuctionGuidance:
    """Advise the seller of a draft, or of a listing that failed, on its next round.

    Raises NotFound, RoleRequired, ScopeRequired, TermsFixed, ValuationNeeded, ValuationElsewhere
    and KeptTooHigh.
    """
    access.acting(actor)
    seen = await listings.seen_by(session, actor, new.listing_id)
    listing = access.may_be_advised(actor, seen)
    again = listing.state == ListingState.FAILED.value
    if not again and listing.state not in _DRAFTED:
        raise TermsFixed(state=listing.state)
    value = value_of(await _valuation(session, listing, new.valuation_id))
    if new.keep_fen > MOST_KEPT * value.high_fen:
        raise KeptTooHigh(field="body.keep_fen", given=new.keep_fen, most=MOST_KEPT)
    inputs = await _inputs(session, listing, value, new.keep_fen, now)
    advice = await to_thread.run_sync(advise, inputs)
    row = AuctionGuidance(
        listing_id=listing.id,
        valuation_id=value.valuation_id,
        calibration_id=inputs.calibration_id,
        party_id=listing.seller_id,
        asked_by=actor.person_id,
        next_round=again,
        inputs=inputs.model_dump(mode="json"),
        advice=advice.model_dump(mode="json"),
        start_fen=advice.start.price_fen,
        stated_probability=advice.stated_probability,
        rule_set=inputs.parameters,
        method_version=METHOD_VERSION,
        data_cut=now,
    )
    session.add(row)
    await session.flush()
    _record(session, actor, row)
    await _have_calibrated(session, now)
    return row


def _record(session: AsyncSession, actor: Actor, row: AuctionGuidance) -> None:
    """Note who was advised; what was advised is not for all who read the audit log."""
    audit.record(
        session,
        actor,
        "auction_guidance.ask",
        "auction_guidance",
        row.id,
        after={"listing": row.listing_id, "valuation": row.valuation_id},
        rule_set=row.rule_set,
    )


async def _valuation(
    session: AsyncSession, listing: ListingFacts, valuation_id: UUID | None
) -> Valuation:
    """The valuation that was named, or the seller's latest of the achievement that is listed."""
    if valuation_id is not None:
        named = await repository.valuation(session, valuation_id)
        if named is None or not _usable(named, listing):
            raise ValuationElsewhere(
                field="body.valuation_id", achievement_id=str(listing.achievement_id)
            )
        return named
    rows = await repository.valuations(
        session,
        party_id=listing.seller_id,
        achievement_id=listing.achievement_id,
        state=None,
        after=None,
        limit=_LOOKED_AT,
    )
    found = next((row for row in rows if _usable(row, listing)), None)
    if found is None:
        raise ValuationNeeded(achievement_id=str(listing.achievement_id))
    return found


def _usable(row: Valuation, listing: ListingFacts) -> bool:
    return (
        row.party_id == listing.seller_id
        and row.achievement_id == listing.achievement_id
        and row.state != ValuationState.DISCARDED.value
        and row.value_fen > 0
    )


def value_of(row: Valuation) -> Value:
    """What guidance takes of a valuation; a range is cut at 20 times the value to both sides."""
    approaches = row.result["approaches"]
    models = [one["figures"]["model"] for one in approaches if "model" in one["figures"]]
    return Value(
        valuation_id=row.id,
        low_fen=max(row.low_fen, row.value_fen // _WIDEST, 1),
        value_fen=row.value_fen,
        high_fen=min(row.high_fen, row.value_fen * _WIDEST),
        valued_on=row.valued_on,
        rule_set=row.rule_set,
        method_version=row.method_version,
        data_cut=row.data_cut,
        approaches=[one["approach"] for one in approaches],
        model=models[0] if models else None,
    )


async def _inputs(
    session: AsyncSession, listing: ListingFacts, value: Value, keep_fen: int, now: datetime
) -> Inputs:
    chosen = parameters_on(local_day(now))
    limits = await outlook.price_limits(session, listing.id)
    known = await repository.latest_calibration(session)
    return Inputs(
        asked_on=local_day(now),
        value=value,
        turnout=await _turnout(session, listing.technical_field, chosen, now),
        limits=Limits(
            **{name: getattr(limits, name) for name in Limits.model_fields if name != "failed_fen"},
            failed_fen=list(limits.failed_fen),
        ),
        keep_fen=keep_fen,
        calibration=AS_STATED if known is None else _calibration(known),
        calibration_id=None if known is None else known.id,
        parameters=chosen.code,
        curve=relisting.latest().code,
    )


async def _turnout(
    session: AsyncSession, technical_field: str, chosen: Parameters, now: datetime
) -> TurnoutSeen:
    since = now - timedelta(days=_YEAR_DAYS * chosen.turnout_years)
    of_field = await outlook.turnout(session, technical_field, since)
    of_all = await outlook.turnout(session, None, since)
    return TurnoutSeen(
        technical_field=technical_field,
        since=local_day(since),
        field_listings=of_field.listings,
        field_bidders=of_field.bidders,
        all_listings=of_all.listings,
        all_bidders=of_all.bidders,
    )


def _calibration(row: SaleCalibration) -> Calibration:
    return Calibration(
        intercept=row.intercept, slope=row.slope, outcomes=row.outcomes, error=row.error
    )


async def get(session: AsyncSession, actor: Actor, guidance_id: UUID) -> AuctionGuidance:
    """One advice; raises NotFound."""
    return access.advised(actor, await repository.guidance(session, guidance_id))


async def listed(
    session: AsyncSession,
    actor: Actor,
    *,
    listing_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[GuidanceRow]:
    """Advice to the actor's party, the newest first; an operator sees all."""
    party_id = None if access.operates(actor) else actor.require_party()
    rows = await repository.guidances(session, party_id, listing_id, after, limit)
    return [GuidanceRow.model_validate(row) for row in rows]


def view(row: AuctionGuidance) -> GuidanceView:
    """Advice as those see it who may."""
    shown = GuidanceRow.model_validate(row).model_dump()
    inputs = Inputs.model_validate(row.inputs)
    return GuidanceView(
        **shown,
        advice=Advice.model_validate(row.advice),
        inputs=inputs,
        sessions=relisting.curves()[inputs.curve],
        stated_probability=row.stated_probability,
        calibration_id=row.calibration_id,
        rule_set=row.rule_set,
        method_version=row.method_version,
        data_cut=row.data_cut,
    )


async def reproduce(session: AsyncSession, actor: Actor, guidance_id: UUID) -> GuidanceReproduction:
    """Compute advice anew from its stored inputs; `same` says whether every figure came out so."""
    row = await get(session, actor, guidance_id)
    again = await to_thread.run_sync(advise, Inputs.model_validate(row.inputs))
    return GuidanceReproduction(
        same=again == Advice.model_validate(row.advice),
        stored_fen=row.start_fen,
        start_fen=again.start.price_fen,
        rule_set=row.rule_set,
        method_version=row.method_version,
    )


def configuration() -> GuidanceParameters:
    """The dated parameters of guidance with their sources, and the evidence of sessions."""
    return GuidanceParameters(
        sets=[
            ParameterSetView(
                code=one.code,
                valid_from=one.valid_from,
                values=one.model_dump(mode="json", exclude={"code", "valid_from", "origins"}),
                origins=[ParameterOrigin.model_validate(origin) for origin in one.origins],
            )
            for one in parameter_sets()
        ],
        sessions=relisting.latest(),
        limits=[one.model_dump() for one in words.ALWAYS],
    )


async def _have_calibrated(session: AsyncSession, now: datetime) -> None:
    """Let a job learn from outcomes, a week after it did so last."""
    known = await repository.latest_calibration(session)
    if known is None or now - known.data_cut > CALIBRATED_FOR:
        await jobs.defer(session, CALIBRATE, lock=CALIBRATE)


async def calibrate(session: AsyncSession, now: datetime) -> None:
    """Learn how often listings sold that were stated to with some probability.

    The probability is that of the price that was asked in the end, by the latest advice. Does
    nothing while there are too few outcomes, all are alike, or it was done this week.
    """
    known = await repository.latest_calibration(session)
    if known is not None and now - known.data_cut <= CALIBRATED_FOR:
        return
    outcomes = await _outcomes(session)
    happened = [sold for _, sold in outcomes]
    least = parameters_on(local_day(now)).least_outcomes
    if len(outcomes) < least or len(set(happened)) < 2:
        return
    found = calibrated([stated for stated, _ in outcomes], happened)
    row = SaleCalibration(
        intercept=found.intercept,
        slope=found.slope,
        outcomes=found.outcomes,
        sold=sum(happened),
        error=found.error or 0.0,
        method_version=METHOD_VERSION,
        data_cut=now,
    )
    session.add(row)
    await session.flush()
    audit.record(
        session,
        SYSTEM,
        "sale_calibration.learn",
        "sale_calibration",
        row.id,
        after={"outcomes": row.outcomes, "intercept": row.intercept, "slope": row.slope},
    )


async def _outcomes(session: AsyncSession) -> list[tuple[float, bool]]:
    """The probability at the price that was asked, and whether it sold, of listings that ended."""
    rows: Sequence[AuctionGuidance] = await repository.latest_guidances(session, MOST_OUTCOMES)
    known = await listings.facts_of(session, [row.listing_id for row in rows])
    return [
        (
            probability_at(Inputs.model_validate(row.inputs), listing.price_fen),
            listing.state == _SOLD,
        )
        for row in rows
        for listing in [known[row.listing_id]]
        if listing.state in _ENDED
    ]
