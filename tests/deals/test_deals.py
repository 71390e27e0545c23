"""Deals: recorded once from a sold auction, public, and followed by their contract."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.deals import service
from app.deals.errors import NotAPartyOfDeal
from app.kit import jobs
from app.kit.actor import SYSTEM, Actor
from app.kit.errors import IllegalMove, NotFound
from tests import flow
from tests.flow import START_FEN, STEP_FEN
from tests.market import Market, User


def trader(user: User) -> Actor:
    return Actor(user.person_id, user.organisation_id, "enterprise", frozenset({"trader"}))


async def test_a_sold_auction_becomes_a_public_deal_with_everything_copied(
    market: Market,
) -> None:
    deal, seller, buyer = await flow.conclude_deal(market)
    listing = await market.anonymous.ok("GET", f"/listings/{deal['listing_id']}")
    auction = await market.anonymous.ok("GET", f"/auctions/{deal['auction_id']}")
    assert deal["seller_id"] == str(seller.organisation_id)
    assert deal["buyer_id"] == str(buyer.organisation_id)
    assert deal["price_fen"] == auction["price_fen"] == START_FEN + STEP_FEN
    for name in ("title", "achievement_id", "transfer_mode", "license_manner"):
        assert deal[name] == listing[name]
    assert (deal["method"], deal["concluded_at"]) == ("auction", auction["decided_at"])
    shown = await market.anonymous.get(f"/deals/{deal['id']}")
    assert shown.headers["etag"] == f'"v{deal["version"]}"'
    assert shown.json() == deal
    assert (deal["buyer_name"], deal["seller_name"]) == (
        auction["winner_name"],
        listing["seller_name"],
    )
    async with market.sessions() as session:
        facts = await service.facts(session, UUID(deal["id"]))
        actions = await session.execute(
            text("SELECT action FROM audit_event WHERE object_id = :id ORDER BY id"),
            {"id": deal["id"]},
        )
        assert next(iter(actions.scalars())) == "deal.conclude"
    assert (facts.buyer_id, facts.price_fen, facts.title) == (
        buyer.organisation_id,
        deal["price_fen"],
        deal["title"],
    )


async def test_recording_twice_makes_one_deal_and_one_draft(market: Market) -> None:
    deal, _, _ = await flow.conclude_deal(market)
    async with market.sessions() as session, session.begin():
        await jobs.defer(session, "deals.record", auction_id=deal["auction_id"])
    await market.settle()
    async with market.sessions() as session, session.begin():
        await service.record_auction(session, UUID(deal["auction_id"]))
        deals = await session.execute(text("SELECT count(*) FROM deal"))
        waiting = await session.execute(
            text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'contracts.draft'")
        )
        assert deals.scalar_one() == 1
        assert waiting.scalar_one() <= 1


async def test_an_auction_that_is_not_sold_has_no_deal(market: Market) -> None:
    auction, _, _ = await flow.start_auction(market)
    async with market.sessions() as session:
        with pytest.raises(ValueError, match="not sold"):
            await service.record_auction(session, UUID(auction["id"]))
        with pytest.raises(NotFound):
            await service.record_auction(session, uuid4())


async def test_only_its_parties_and_the_platform_mark_a_deal_contracted_once(
    market: Market,
) -> None:
    deal, _, buyer = await flow.conclude_deal(market)
    deal = await flow.make_public(market, deal)
    deal_id = UUID(deal["id"])
    stranger = await market.join("enterprise")
    now = await flow.market_now(market)
    async with market.sessions() as session, session.begin():
        with pytest.raises(NotAPartyOfDeal):
            await service.mark_contracted(session, trader(stranger), deal_id, now)
        with pytest.raises(NotFound):
            await service.mark_contracted(session, SYSTEM, uuid4(), now)
    assert (await market.anonymous.ok("GET", f"/deals/{deal_id}"))["state"] == "publicised"
    async with market.sessions() as session, session.begin():
        await service.mark_contracted(session, trader(buyer), deal_id, now)
    marked = await market.anonymous.ok("GET", f"/deals/{deal_id}")
    assert (marked["state"], marked["version"]) == ("contracted", deal["version"] + 1)
    async with market.sessions() as session, session.begin():
        with pytest.raises(IllegalMove):
            await service.mark_contracted(session, SYSTEM, deal_id, now)


async def test_lists_filter_and_cancelled_deals_are_for_their_parties(market: Market) -> None:
    first, seller, buyer = await flow.conclude_deal(market, bidders=1)
    second, other, _ = await flow.conclude_deal(market, bidders=1, license_manner="sole")

    async def ids(user: User, query: str) -> list[str]:
        return [row["id"] for row in (await user.ok("GET", f"/deals?{query}"))["items"]]

    nobody = market.anonymous
    assert await ids(nobody, "") == [second["id"], first["id"]]
    assert await ids(nobody, f"seller_id={seller.organisation_id}") == [first["id"]]
    assert await ids(nobody, f"buyer_id={buyer.organisation_id}") == [first["id"]]
    assert await ids(nobody, f"listing_id={second['listing_id']}") == [second["id"]]
    assert await ids(nobody, "transfer_mode=assign") == []
    assert await ids(nobody, "state=contracted") == []
    assert await ids(seller, "mine=true") == await ids(buyer, "mine=true") == [first["id"]]
    page = await nobody.ok("GET", "/deals?limit=1")
    rest = await nobody.ok("GET", f"/deals?limit=1&cursor={page['next_cursor']}")
    assert [row["id"] for row in page["items"] + rest["items"]] == [second["id"], first["id"]]
    assert rest["next_cursor"] is None
    operator = await market.admin()
    await operator.ok("POST", f"/deals/{first['id']}/cancel", {"reason": "转让方撤回"})
    assert await ids(nobody, "") == [second["id"]]
    assert (await nobody.get(f"/deals/{first['id']}")).status_code == 404
    assert (await other.get(f"/deals/{first['id']}")).status_code == 404
    assert (await nobody.get("/deals?state=cancelled")).status_code == 404
    assert (await nobody.get("/deals?mine=true")).status_code == 401
    assert await ids(buyer, "mine=true&state=cancelled") == [first["id"]]
    assert await ids(await market.admin(), "state=cancelled") == [first["id"]]
    assert (await seller.get(f"/deals/{first['id']}")).status_code == 200
