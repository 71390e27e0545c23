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
    assert (summary["count"], summary["total_fen"]) == (1, 0), "its month is not published yet"
    summary = await cast.regulator.ok("GET", "/statistics/summary")
    assert (summary["count"], summary["total_fen"]) == (1, trade.price_fen)
    hidden = await cast.refused.get(f"/contracts/{trade.contract['id']}")
    assert hidden.status_code == 404
    seen = await cast.regulator.get(f"/contracts/{trade.contract['id']}")
    assert seen.status_code == 200
    assert (await market.anonymous.get(f"/contracts/{trade.contract['id']}")).status_code == 401


async def test_every_step_is_recorded_with_who_did_it_for_whom(market: Market) -> None:
    """Steps are in the audit log; a bid's row is its own audit event."""
    cast, trade = await walk(market)
    auction = {"id": trade.auction["id"]}
    async with market.sessions() as session:
        actions = await session.execute(
            text("SELECT action FROM audit_event WHERE object_id = :id ORDER BY id"), auction
        )
        bids = await session.execute(
            text(
                "SELECT b.accepted, b.person_id, b.bidder_id, m.broker_id FROM bid b"
                " LEFT JOIN mandate m ON m.id = b.mandate_id WHERE b.auction_id = :id"
                " ORDER BY b.sequence"
            ),
            auction,
        )
        assert list(actions.scalars()) == ["auction.schedule", "auction.open", "auction.sell"]
        by_first = (cast.first.person_id, cast.first.organisation_id, None)
        by_broker = (
            cast.broker.person_id,
            cast.second.organisation_id,
            cast.broker.organisation_id,
        )
        assert [tuple(bid) for bid in bids] == [
            (True, *by_first),
            (False, *by_broker),
            (True, *by_broker),
            (True, *by_first),
        ]


async def test_nothing_is_due_and_no_job_waits_after_the_trade(market: Market) -> None:
    await walk(market)
    async with market.sessions() as session:
        waiting = await session.execute(text("SELECT count(*) FROM procrastinate_jobs"))
        assert waiting.scalar_one() == 0
        now = (await session.execute(text("SELECT market_now()"))).scalar_one()
        for deadline in DEADLINES:
            assert list(await deadline.due(session, now, 10)) == [], deadline.name
