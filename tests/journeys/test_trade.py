"""The whole trade, undisturbed, in one process."""

from sqlalchemy import text

from app.worker import DEADLINES
from tests.journeys.trade import walk
from tests.market import Market


async def test_a_trade_goes_all_the_way_and_everyone_sees_what_is_theirs(market: Market) -> None:
    cast, trade = await walk(market)
    assert trade.deal["price_fen"] == trade.price_fen == trade.contract["total_fen"]
    number = trade.registration["number"]
    entry = await market.anonymous.ok("GET", f"/register/{number}")
    assert entry["title"] == trade.registration["title"]
    summary = await market.anonymous.ok("GET", "/statistics/summary")
    assert (summary["count"], summary["total_fen"]) == (1, trade.price_fen)
    hidden = await cast.refused.get(f"/contracts/{trade.contract['id']}")
    assert hidden.status_code == 404
    seen = await cast.regulator.get(f"/contracts/{trade.contract['id']}")
    assert seen.status_code == 200
    assert (await market.anonymous.get(f"/contracts/{trade.contract['id']}")).status_code == 401


async def test_every_step_is_in_the_audit_log_with_who_did_it_for_whom(market: Market) -> None:
    cast, trade = await walk(market)
    async with market.sessions() as session:
        rows = await session.execute(
            text(
                "SELECT action, person_id, organisation_id, client_id FROM audit_event"
                " WHERE object_id = :id ORDER BY id"
            ),
            {"id": trade.auction["id"]},
        )
        events = rows.all()
    actions = [event.action for event in events]
    assert actions == [
        "auction.schedule",
        "auction.open",
        "bid.accept",
        "bid.refuse",
        "bid.accept",
        "bid.accept",
        "auction.sell",
    ]
    by_broker = events[4]
    assert by_broker.person_id == cast.broker.person_id
    assert by_broker.organisation_id == cast.broker.organisation_id
    assert by_broker.client_id == cast.second.organisation_id


async def test_nothing_is_due_and_no_job_waits_after_the_trade(market: Market) -> None:
    await walk(market)
    async with market.sessions() as session:
        waiting = await session.execute(text("SELECT count(*) FROM procrastinate_jobs"))
        assert waiting.scalar_one() == 0
        now = (await session.execute(text("SELECT market_now()"))).scalar_one()
        for deadline in DEADLINES:
            assert list(await deadline.due(session, now, 10)) == [], deadline.name
