"""The page of advice before an auction: for the seller, who acts for it, and operators alone."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from app.kit.errors import NotFound
from app.listings import queries as listing_queries
from app.listings import service as listings
from app.listings.schemas import ListingEdit, ListingView
from app.listings.states import ListingState
from app.pricing import guiding
from app.pricing.guidance.advice import PricePoint
from app.pricing.guidance_schemas import GuidanceView, NewGuidance
from app.web import charts
from app.web.forms import Complaint, fen
from app.web.render import words
from app.web.visit import Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)
_ADVISED = frozenset({ListingState.DRAFT, ListingState.UNDER_REVIEW, ListingState.FAILED})
_COLUMNS = 2


def may_see(visit: Visitor, item: ListingView) -> bool:
    """Whether the visitor is the seller of a listing or an operator."""
    return visit.is_party(item.seller_id) or visit.has_role("operator")


@router.get("/listings/{listing_id}/guidance")
async def guidance_page(visit: Visit, listing_id: UUID) -> Response:
    """The latest advice on a listing, and the form that asks for new one."""
    return await _show(visit, listing_id, {}, [], 200)


@router.post("/listings/{listing_id}/guidance")
async def ask(visit: Visit, listing_id: UUID, form: Posted) -> Response:
    """Ask for advice."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        kept = fen("body.keep_fen", form.text("keep")) if form.text("keep") else 0
        new = NewGuidance(listing_id=listing_id, keep_fen=kept)
        await guiding.ask(visit.session, actor, new, visit.now)
    if attempt.failed:
        return await _show(visit, listing_id, form.values(), attempt.complaints, attempt.status)
    return visit.go(f"/listings/{listing_id}/guidance", "saved")


@router.post("/listings/{listing_id}/guidance/take")
async def take(visit: Visit, listing_id: UUID, form: Posted) -> Response:
    """Take start price and increment of the latest advice over into the own draft."""
    actor = visit.require_actor()
    attempt = visit.attempt()
    async with attempt:
        shown = await latest(visit, listing_id)
        if shown is None:
            raise NotFound
        listing = await listings.draft_of(visit.session, actor, listing_id)
        change = ListingEdit(
            price_fen=shown.advice.start.price_fen, increment_fen=shown.advice.increment.fen
        )
        await listings.edit(visit.session, actor, listing_id, change, listing.version)
    if attempt.failed:
        return await _show(visit, listing_id, form.values(), attempt.complaints, attempt.status)
    return visit.go(f"/listings/{listing_id}", "saved", "#plan")


async def latest(visit: Visitor, listing_id: UUID) -> GuidanceView | None:
    """The latest advice on a listing, if the visitor may see it."""
    actor = visit.require_actor()
    rows = await guiding.listed(visit.session, actor, listing_id=listing_id, after=None, limit=1)
    if not rows:
        return None
    return guiding.view(await guiding.get(visit.session, actor, rows[0].id))


async def _show(
    visit: Visitor,
    listing_id: UUID,
    values: dict[str, str],
    said: list[Complaint],
    status: int,
) -> Response:
    visit.here = f"/listings/{listing_id}/guidance"
    actor = visit.require_actor()
    item = await listing_queries.get(visit.session, actor, listing_id)
    if not may_see(visit, item):
        raise NotFound
    shown = await latest(visit, listing_id)
    return visit.page(
        "guidance.html",
        status,
        item=item,
        shown=shown,
        chart=None if shown is None else _chart(visit, shown),
        points=[] if shown is None else _some(shown),
        may_ask=item.state in _ADVISED and visit.has_role("trader", "operator"),
        may_take=item.state == ListingState.DRAFT
        and visit.is_party(item.seller_id)
        and visit.has_role("trader"),
        values=values or _kept(visit, shown),
        complaints=said,
    )


def _kept(visit: Visitor, shown: GuidanceView | None) -> dict[str, str]:
    """The form as it was filled in for the latest advice."""
    kept = 0 if shown is None else shown.inputs.keep_fen
    return {"keep": words(visit.language).plain(kept)} if kept else {}


def _some(shown: GuidanceView) -> list[PricePoint]:
    """Every other start price of the curve, and the one that is recommended."""
    start = shown.advice.start
    others = [one for one in shown.advice.curve if one.price_fen != start.price_fen]
    return sorted([*others[::_COLUMNS], start], key=lambda one: one.price_fen)


def _chart(visit: Visitor, shown: GuidanceView) -> Any:
    """What each start price is worth, with the probability of a sale above it."""
    points = _some(shown)
    worth = [
        charts.Point(_wan(visit, one.price_fen), one.worth_fen, _wan(visit, one.worth_fen))
        for one in points
    ]
    chance = [
        charts.Point(
            _wan(visit, one.price_fen),
            round(one.sale_probability * 1_000),
            f"{one.sale_probability:.0%}",
        )
        for one in points
    ]
    title = visit.t("各起拍价的期望收益与成交概率", "Expected worth and chance of a sale by start")
    return charts.column_chart(
        worth, title, chance, visit.t("折线为成交概率", "the line is the chance of a sale")
    )


def _wan(visit: Visitor, amount: int) -> str:
    """An amount in 万 yuan, or in thousands, for a chart where there is little room."""
    if visit.language == "zh":
        return f"{amount / 1_000_000:,.1f}"
    return f"{amount / 100_000:,.0f}k"
