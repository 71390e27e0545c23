"""The platform's hand on auctions: pauses, annulment, outages; all of it in the record."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.auctions import deciding, feeds
from app.auctions.intake import OUTAGE_AFTER
from app.auctions.repository import must_wait, read_on
from app.kit.db import raw_connection
from tests import flow
from tests.auctions import plans
from tests.auctions.plans import Sale, event, moment
from tests.flow import START_FEN, STEP_FEN
from tests.market import Market, User

REASON = {"reason": "系统故障"}


async def operate(market: Market, sale: Sale, act: str) -> Any:
    """An operator's act, which must be possible."""
    operator = await market.admin()
    return await operator.ok("POST", f"/auctions/{sale.id}/{act}", REASON)


async def refusal(user: User, sale: Sale, act: str, body: Any = REASON) -> tuple[int, str]:
    answer = await user.post(f"/auctions/{sale.id}/{act}", body)
    return answer.status_code, answer.json()["code"]


async def noted(market: Market, sale: Sale) -> list[str]:
    """The acts on an auction in the audit log."""
    rows = await plans.rows(
        market,
        "SELECT action FROM audit_event WHERE object_id = :id ORDER BY id",
        id=UUID(sale.id),
    )
    return [row[0].removeprefix("auction.") for row in rows]


async def test_a_pause_refuses_bids_and_comes_back_at_the_end(market: Market) -> None:
    sale = await plans.held(market)
    end = moment(sale.auction["ends_at"])
    await sale.bid(1, START_FEN)
    await flow.stop_clock(market, end - timedelta(minutes=20))
    operator = await market.admin()
    assert (await refusal(operator, sale, "pause", {"reason": " "}))[0] == 422
    assert (await refusal(operator, sale, "pause", {}))[0] == 422
    assert await refusal(sale.seller, sale, "pause") == (403, "role_required")
    assert await refusal(operator, sale, "resume") == (409, "illegal_move")
    assert (await sale.read())["state"] == "open"
    paused = await operate(market, sale, "pause")
    assert (paused["state"], paused["phase"], paused["min_next_fen"]) == ("paused", "paused", None)
    intake = market.intake
    assert intake is not None
    refused = await sale.refused(2, START_FEN + STEP_FEN)
    assert (refused["code"], refused["phase"]) == ("auction_paused", "paused")
    assert await refusal(operator, sale, "pause") == (409, "illegal_move")
    await flow.step_clock(market, 30 * 60)
    await market.settle()
    assert (await sale.read())["state"] == "paused"
    # This one is received in the pause, and decided after it: resuming is first at the lock.
    await operator.ok("POST", "/sandbox/clock", {"advance_seconds": 0, "rate": 1})
    async with market.sessions() as session, session.begin():
        await (await raw_connection(session)).execute(
            "SELECT FROM auction WHERE id = %s FOR UPDATE", [UUID(sale.id)]
        )
        resuming = asyncio.create_task(operate(market, sale, "resume"))
        await asyncio.wait({resuming}, timeout=0.5)
        waiting = asyncio.create_task(sale.act(2, START_FEN + STEP_FEN))
        await asyncio.wait({waiting}, timeout=0.5)
        assert not any(task.done() for task in (waiting, resuming))
    answer, resumed = await asyncio.gather(waiting, resuming)
    assert answer.json()["code"] == "auction_paused"
    assert resumed["state"] == "open"
    await sale.bid(2, START_FEN + STEP_FEN)
    sold = await sale.close()
    assert (sold["state"], sold["leading_number"]) == ("sold", 2)
    record = await sale.record()
    began, ended = event(record, "paused"), event(record, "resumed")
    assert began["reason"] == ended["reason"] == "系统故障"
    lasted = moment(ended["at"]) - moment(began["at"])
    assert lasted > timedelta(minutes=30)
    assert moment(resumed["ends_at"]) == moment(ended["ends_at"]) == end + lasted
    received = [one["received_at"] for one in record["events"] if one["kind"] == "bid"]
    assert moment(began["at"]) < moment(received[2]) < moment(ended["at"])
    assert ended["after_sequence"] == 2
    assert await noted(market, sale) == ["schedule", "open", "pause", "resume", "sell"]
    assert await refusal(operator, sale, "pause") == (409, "illegal_move")


async def states_told(market: Market, sale: Sale, *changes: str) -> list[str]:
    """The states that a watcher hears of, from now on, while an operator acts."""
    feed = feeds.Feed(UUID(sale.id))
    told = []
    for change in ("", *changes):
        if change:
            await operate(market, sale, change)
        async with market.sessions() as session:
            feed.take((await read_on(session, {feed.auction_id: 0}, 100))[feed.auction_id])
        told.append(feed.chunk(0).decode())
    return told


async def test_watchers_hear_of_every_act(market: Market) -> None:
    sale = await plans.held(market)
    told = await states_told(market, sale, "pause", "resume", "annul")
    kinds = [[line for line in one.split("\n") if line.startswith("event:")] for one in told]
    assert kinds == [
        [],
        ["event: state"],
        ["event: state"] * 2,
        ["event: state"] * 2 + ["event: result"],
    ]
    assert [f'"state":"{state}"' in told[-1] for state in ("paused", "open", "annulled")] == [
        True,
        True,
        True,
    ]


async def test_an_auction_can_be_annulled_before_and_while_it_runs(market: Market) -> None:
    for state, act in (("scheduled", None), ("open", None), ("paused", "pause")):
        opens_after = 60 if state == "scheduled" else 0
        sale = await plans.held(market, opens_after_minutes=opens_after)
        if state != "scheduled":
            await sale.bid(1, START_FEN)
        if act is not None:
            await operate(market, sale, act)
        assert (await sale.read())["state"] == state
        annulled = await operate(market, sale, "annul")
        assert (annulled["state"], annulled["reason"], annulled["awards"]) == (
            "annulled",
            REASON["reason"],
            [],
        )
        assert annulled["decided_at"] is not None
        late = await sale.act(1, START_FEN + STEP_FEN)
        assert late.json()["code"] == "auction_closed"
        listing = await sale.seller.ok("GET", f"/listings/{annulled['listing_id']}")
        assert (listing["state"], "系统故障" in listing["review_note"]) == ("failed", True)
        record = await sale.record()
        assert event(record, "annulled")["reason"] == "系统故障"
        assert await refusal(await market.admin(), sale, "annul") == (409, "illegal_move")


async def test_a_sale_can_be_annulled(market: Market) -> None:
    sale = await plans.held(market)
    await sale.bid(1, START_FEN)
    sold = await sale.close()
    annulled = await operate(market, sale, "annul")
    assert (annulled["state"], annulled["decided_at"]) == ("annulled", sold["decided_at"])
    record = await sale.record()
    assert [one["kind"] for one in record["events"]][-2:] == ["sold", "annulled"]
    assert await plans.waiting_jobs(market, "deals.annul") == [
        {"auction_id": sale.id, "reason": "系统故障"}
    ]


async def outage(market: Market) -> tuple[datetime, datetime]:
    """An outage of 20 seconds that has just ended, as the returning platform notes it."""
    gap = OUTAGE_AFTER + timedelta(seconds=5)
    async with market.sessions() as session, session.begin():
        await (await raw_connection(session)).execute(
            "UPDATE platform_pulse SET at = at - %s, market_at = market_at - %s", [gap, gap]
        )
    found: list[Any] = []
    while not found:
        found = await plans.rows(
            market, "SELECT began_at, ended_at FROM platform_outage WHERE handled_at IS NULL"
        )
    return found[0][0], found[0][1]


async def test_ends_in_or_shortly_after_an_outage_move_and_others_do_not(market: Market) -> None:
    far = await plans.held(market, bidding_minutes=30 * 24 * 60)
    seller = far.seller
    paused = await plans.held(market, seller=seller, bidding_minutes=30 * 24 * 60)
    near = await plans.held(market, seller=seller)
    await near.bid(1, START_FEN)
    end = moment(near.auction["ends_at"])
    await operate(market, paused, "pause")
    # The platform was away at the end, and nobody could have bid.
    admin = await market.admin()
    missing = (end - await flow.market_now(market)).total_seconds()
    await admin.ok("POST", "/sandbox/clock", {"advance_seconds": int(missing) + 4})
    began, ended = await asyncio.wait_for(outage(market), 30)
    assert began < end < ended
    seconds = round((ended - began).total_seconds())
    async with market.sessions() as session, session.begin():
        assert await must_wait(session, end)
        await deciding.settle(session, UUID(near.id))
    assert (await near.read())["state"] == "open"
    for _ in range(2):
        await market.settle()
    moved = await near.read()
    assert (moved["state"], moment(moved["ends_at"])) == ("open", end + timedelta(seconds=seconds))
    assert (await far.read())["ends_at"] == far.auction["ends_at"]
    assert (await paused.read())["ends_at"] == paused.auction["ends_at"]
    await near.bid(2, START_FEN + STEP_FEN)
    sold = await near.close()
    assert (sold["state"], sold["leading_number"]) == ("sold", 2)
    record = await near.record()
    noted_outage = event(record, "outage")
    assert (noted_outage["seconds"], moment(noted_outage["began_at"])) == (seconds, began)
    assert await noted(market, near) == ["schedule", "open", "extend", "sell"]
    handled = await plans.rows(market, "SELECT handled_at IS NOT NULL FROM platform_outage")
    assert [row[0] for row in handled] == [True]


@pytest.mark.parametrize(("minutes_left", "moves"), [(4, True), (8, False)])
async def test_an_end_up_to_five_minutes_after_an_outage_moves(
    market: Market, minutes_left: int, moves: bool
) -> None:
    sale = await plans.held(market, bidders=1)
    end = moment(sale.auction["ends_at"])
    missing = (end - await flow.market_now(market)).total_seconds()
    await market.advance(seconds=int(missing) - minutes_left * 60)
    began, ended = await asyncio.wait_for(outage(market), 30)
    await market.settle()
    shift = timedelta(seconds=round((ended - began).total_seconds())) if moves else timedelta(0)
    assert moment((await sale.read())["ends_at"]) == end + shift
