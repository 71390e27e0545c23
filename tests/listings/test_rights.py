"""What may be offered of a right: ways of transfer, patents in force, and once only."""

from datetime import timedelta
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.kit.actor import SYSTEM
from app.kit.calendar import local_day
from app.listings import service
from tests import flow
from tests.listings.offers import (
    achievement_body,
    applied,
    counts,
    drafted,
    published_achievement,
    terms,
)
from tests.market import Market, User

ORDINARY = {"transfer_mode": "license", "license_manner": "ordinary"}
EXCLUSIVE = {"transfer_mode": "license", "license_manner": "exclusive"}


def refusal(response: Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def awarded(market: Market, seller: User, achievement_id: str, **change: object) -> str:
    """A listing of the achievement whose bidding found a winner."""
    made = await drafted(seller, achievement_id, **change)
    path = f"/listings/{made['id']}"
    await seller.ok("POST", path + "/submit")
    admin = await market.admin()
    shown = await admin.ok("POST", path + "/review", {"act": "approve"})
    await applied(market, shown)
    await flow.advance_to(market, shown["closes_at"])
    async with market.sessions() as session, session.begin():
        await service.record_award(session, SYSTEM, UUID(made["id"]), await flow.market_now(market))
    return made["id"]


@pytest.mark.parametrize("offer", [{"transfer_mode": "assign"}, EXCLUSIVE])
async def test_an_exclusive_right_that_was_awarded_is_not_listed_again(
    market: Market, offer: dict
) -> None:
    seller = await market.join("university")
    first, second = [await published_achievement(seller) for _ in range(2)]
    before_award = await drafted(seller, first, **ORDINARY)
    listing_id = await awarded(market, seller, first, **offer)
    before = await counts(market)
    for again in (terms(first), terms(first, **ORDINARY), terms(first, **EXCLUSIVE)):
        response = await seller.post("/listings", again)
        assert refusal(response) == (409, "right_already_awarded")
        assert response.json()["listing_id"] == listing_id
        assert response.json()["errors"][0]["field"] == "body.achievement_id"
    response = await seller.post(f"/listings/{before_award['id']}/submit")
    assert refusal(response) == (409, "right_already_awarded")
    assert await counts(market) == before
    package = await seller.ok(
        "POST", "/packages", {"title": "成果包", "member_ids": [first, second]}
    )
    await seller.ok("POST", f"/achievements/{package['id']}/publish")
    response = await seller.post("/listings", terms(package["id"]))
    assert refusal(response) == (409, "right_already_awarded")
    assert (await drafted(seller, second))["state"] == "draft"


async def test_a_package_that_was_awarded_takes_its_members_off_the_market(
    market: Market,
) -> None:
    seller = await market.join("university")
    members = [await published_achievement(seller) for _ in range(2)]
    package = await seller.ok("POST", "/packages", {"title": "成果包", "member_ids": members})
    await seller.ok("POST", f"/achievements/{package['id']}/publish")
    await awarded(market, seller, package["id"])
    for member in members:
        response = await seller.post("/listings", terms(member))
        assert refusal(response) == (409, "right_already_awarded")


async def test_an_ordinary_licence_that_was_awarded_leaves_room_for_more(market: Market) -> None:
    seller = await market.join("university")
    achievement_id = await published_achievement(seller)
    await awarded(market, seller, achievement_id, **ORDINARY)
    again = await drafted(seller, achievement_id, **ORDINARY)
    assert (await seller.ok("POST", f"/listings/{again['id']}/submit"))["state"] == "under_review"


async def test_the_database_itself_refuses_a_second_exclusive_listing(market: Market) -> None:
    seller = await market.join("university")
    achievement_id = await published_achievement(seller)
    draft = await drafted(seller, achievement_id)
    await awarded(market, seller, achievement_id)
    force = text("UPDATE listing SET state = 'under_review' WHERE id = :id")
    async with market.sessions() as session:
        with pytest.raises(IntegrityError, match="uq_listing_exclusive_right"):
            await session.execute(force, {"id": draft["id"]})


async def test_only_the_ways_of_transfer_that_the_owner_offers_are_listed(market: Market) -> None:
    seller = await market.join("university")
    listing = await drafted(seller)
    path = f"/listings/{listing['id']}"
    tag = (await seller.get(path)).headers["etag"]
    response = await seller.patch(path, {"transfer_mode": "equity_contribution"}, tag)
    assert refusal(response) == (422, "transfer_mode_not_offered")
    assert response.json()["allowed"] == ["assign", "license"]
    assert response.json()["errors"][0]["field"] == "body.transfer_mode"
    open_to_all = await published_achievement(seller, transfer_modes=[])
    assert (await drafted(seller, open_to_all, transfer_mode="equity_contribution"))["id"]
    achievement = f"/achievements/{listing['achievement_id']}"
    tag = (await seller.get(achievement)).headers["etag"]
    changed = await seller.patch(achievement, {"transfer_modes": ["license"]}, tag)
    assert changed.status_code == 200
    response = await seller.post(path + "/submit")
    assert refusal(response) == (422, "transfer_mode_not_offered")


def patent(number: str, expires_on: object) -> dict:
    return {
        "type": "patent.invention",
        "number": number,
        "title": "一种器件",
        "expires_on": None if expires_on is None else str(expires_on),
    }


async def test_an_achievement_whose_every_patent_expired_is_not_listed(market: Market) -> None:
    seller = await market.join("university")
    today = local_day(await flow.market_now(market))
    past, last_day = today - timedelta(days=3), today + timedelta(days=3)
    for rights, listed in (
        ([patent("201710601862.3", past)], False),
        ([patent("201710601862.3", past), {"type": "know_how", "title": "工艺"}], False),
        ([patent("201710601862.3", last_day)], True),
        ([patent("201710601862.3", None)], True),
        ([{"type": "know_how", "title": "工艺", "expires_on": str(past)}], True),
    ):
        body = achievement_body(rights=rights)
        achievement_id = await published_achievement(seller, **body)
        before = await counts(market)
        response = await seller.post("/listings", terms(achievement_id))
        if listed:
            assert response.status_code == 201, response.text
            continue
        assert refusal(response) == (422, "patents_expired")
        assert response.json()["expired_on"] == str(past)
        assert response.json()["errors"][0]["field"] == "body.achievement_id"
        assert await counts(market) == before


async def test_a_patent_that_expires_before_publication_stops_the_listing(market: Market) -> None:
    seller = await market.join("university")
    today = local_day(await flow.market_now(market))
    rights = [patent("201710601862.3", today + timedelta(days=2))]
    achievement_id = await published_achievement(seller, rights=rights)
    draft = await drafted(seller, achievement_id)
    path = f"/listings/{draft['id']}"
    await seller.ok("POST", path + "/submit")
    await market.advance(days=5)
    admin = await market.admin()
    response = await admin.post(path + "/review", {"act": "approve"})
    assert refusal(response) == (422, "patents_expired")
    assert (await seller.ok("GET", path))["state"] == "under_review"
