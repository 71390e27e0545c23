"""Formats of open bids, live over HTTP, with priority rights and secret reserves."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from app.auctions import feeds
from app.auctions.bidding import Offer
from app.auctions.feeds import Place
from app.auctions.repository import read_on
from app.kit.actor import Actor
from app.kit.settings import Settings
from tests import flow
from tests.auctions import plans
from tests.auctions.plans import Sale, event, moment
from tests.flow import START_FEN, STEP_FEN
from tests.market import Market, User


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The sandbox opens sealed bids and reserves by itself."""
    return Settings(
        mode="sandbox", data_dir=tmp_path, opening_public_key="ephemeral", _env_file=None
    )


async def told_to_watchers(sale: Sale) -> bytes:
    """What watchers are told of every accepted bid and of the auction as it stands."""
    key = UUID(sale.id)
    async with sale.market.sessions() as session:
        reading = (await read_on(session, {key: 0}, 100))[key]
    place = Place(0, 0, reading.auction.planned_end)
    told = [feeds.standing_event("state", reading)]
    for bid in reading.bids:
        said, place = feeds.bid_event(reading, bid, place)
        told.append(said)
    return b"".join(told)


PROXY = {"proxy": True, "increments": [[0, 50], [500, 100], [10_000, 250]]}
TOP, SECOND = 20_111, 17_511


async def test_a_proxy_bids_for_its_owner_and_its_maximum_is_nobody_elses(market: Market) -> None:
    sale = await plans.held(market, "ascending", PROXY, bidders=3, price_fen=9_900)
    await sale.bid(1, TOP)
    low = await sale.refused(2, 9_900)
    assert (low["code"], low["required_fen"]) == ("bid_too_low", 10_000)
    placed = await sale.bid(2, SECOND)
    assert (placed["amount_fen"], placed["price_after_fen"]) == (SECOND, SECOND + 250)
    assert (placed["leading"], placed["leader_after"]) == (False, 1)
    assert (placed["min_next_fen"], placed["required_fen"]) == (SECOND + 500, None)
    paths = [f"/auctions/{sale.id}{path}" for path in ("", "/bids", "/bids/1", "/bids/3")]
    for reader in (market.anonymous, sale.seller, sale.bidders[2], await market.admin()):
        for path in paths:
            told = (await reader.get(path)).text
            assert str(TOP) not in told, path
            assert str(SECOND) + "," not in told, path
    assert str(TOP).encode() not in await told_to_watchers(sale)
    assert (await market.anonymous.get(f"/auctions/{sale.id}/record")).status_code == 409
    own = await sale.bidders[1].ok("GET", f"/auctions/{sale.id}/bids")
    assert [row["amount_fen"] for row in own["items"]] == [SECOND, 9_900, None]

    equal = await sale.bid(3, TOP)
    assert (equal["price_after_fen"], equal["leader_after"]) == (TOP, 1)
    same = await sale.refused(1, TOP)
    assert (same["code"], same["required_fen"]) == ("bid_too_low", TOP + 1)
    ends_at = (await sale.read())["ends_at"]
    raised = await sale.bid(1, TOP + 1_000)
    assert (raised["leading"], raised["price_after_fen"]) == (True, TOP + 250)
    assert raised["ends_at_after"] == ends_at
    sold = await sale.close()
    assert (sold["price_fen"], sold["leading_number"]) == (TOP + 250, 1)
    assert sold["winner_id"] == str(sale.bidders[0].organisation_id)
    record = await sale.record()
    bids = [one["amount_fen"] for one in record["events"] if one["kind"] == "bid"]
    assert bids == [TOP, 9_900, SECOND, TOP, TOP, TOP + 1_000]
    assert any("result" in found for found in await sale.forged_result(record))


async def test_tv_d9_a_limited_period_ends_five_minutes_after_its_last_bid(market: Market) -> None:
    sale = await plans.held(market, "free_then_limited", {"cycle_s": 300}, bidders=3)
    free_end = moment(sale.auction["ends_at"])
    await sale.bid(1, START_FEN)
    await sale.bid(2, START_FEN + STEP_FEN)
    early = await sale.refused(1, act="confirm")
    assert (early["code"], early["phase_name"]) == ("not_in_this_phase", "free")
    # The tick has not come yet; a confirmation for the phase that follows waits for it.
    await flow.stop_clock(market, free_end + timedelta(seconds=1))
    waiting = asyncio.create_task(sale.act(1, act="confirm"))
    await asyncio.wait({waiting}, timeout=0.5)
    assert not waiting.done()
    await flow.step_clock(market, 1)
    await market.settle()
    answer = await asyncio.wait_for(waiting, 10)
    assert answer.status_code == 201, answer.text
    confirmed = answer.json()
    assert (confirmed["phase"], confirmed["act"]) == ("confirmation", "confirm")
    assert free_end <= moment(confirmed["received_at"]) < free_end + timedelta(seconds=2)
    await sale.bid(2, act="confirm")
    outsider = await sale.refused(3, act="confirm")
    assert outsider["code"] == "not_admitted_to_phase"
    between = await sale.read()
    assert (between["phase_name"], between["bid_count"]) == ("confirmation", 2)
    limited = moment(between["ends_at"])
    assert limited == free_end + timedelta(seconds=300)

    at = await flow.stop_clock(market, limited + timedelta(seconds=2))
    await market.settle()
    start = at - limited
    assert (await sale.read())["phase_name"] == "limited"
    amount, end = START_FEN + 2 * STEP_FEN, limited
    for number, seconds in ((1, 0), (2, 200), (1, 250)):
        await flow.step_clock(market, seconds)
        placed = await sale.bid(number, amount)
        assert placed["phase"] == "limited"
        end, amount = moment(placed["ends_at_after"]), placed["min_next_fen"]
    assert end == limited + start + timedelta(seconds=750)
    assert (await sale.refused(3, amount))["code"] == "not_admitted_to_phase"
    await flow.step_clock(market, 300)
    late = await sale.refused(2, amount)
    assert (late["code"], late["phase"]) == ("auction_closed", "closing")
    sold = await sale.close()
    assert (sold["leading_number"], sold["price_fen"]) == (1, START_FEN + 4 * STEP_FEN)
    record = await sale.record()
    phases = [one["phase"] for one in record["events"] if one["kind"] == "phase"]
    assert phases == ["confirmation", "limited"]


async def test_nobody_confirms_and_the_free_bids_decide(market: Market) -> None:
    sale = await plans.held(market, "free_then_limited", bidders=1, reserve_fen=START_FEN)
    await sale.bid(1, START_FEN)
    between = await sale.close()
    assert (between["state"], between["phase_name"]) == ("open", "confirmation")
    sold = await sale.close()
    assert (sold["state"], sold["price_fen"]) == ("sold", START_FEN)
    assert moment(sold["ends_at"]) == moment(between["ends_at"])
    record = await sale.record()
    assert event(record, "phase")["phase"] == "confirmation"
    assert event(record, "sold")["reserve"]["reserve_fen"] == START_FEN


CLOCK = {"start_fen": 10_000_000, "decrement_fen": 1_000_000, "interval_s": 600}


async def test_the_first_taker_of_a_falling_clock_gets_it_at_its_price(market: Market) -> None:
    sale = await plans.held(market, "descending", CLOCK, bidders=3, price_fen=5_000_000)
    opens_at = moment(sale.auction["opens_at"])
    assert moment(sale.auction["ends_at"]) == opens_at + timedelta(seconds=6 * 600)
    high = await sale.refused(1, 8_000_000)
    assert (high["code"], high["required_fen"]) == ("bid_too_low", 10_000_000)
    await flow.advance_to(market, opens_at + timedelta(seconds=1500))
    assert (await sale.read())["min_next_fen"] == 8_000_000
    assert market.intake is not None
    taken = Offer(9_000_000)
    # The second is received later and decided first.
    with market.intake.receiving() as earlier:
        await flow.market_now(market)
        with market.intake.receiving() as later:
            fast = await market.intake.place(
                trader(sale.bidders[0]), UUID(sale.id), taken, "later", later
            )
        slow = await market.intake.place(
            trader(sale.bidders[1]), UUID(sale.id), taken, "earlier", earlier
        )
    assert (fast.refusal, slow.refusal) == (None, None)
    assert slow.bid.received_at < fast.bid.received_at
    assert (await sale.refused(3, 9_000_000))["code"] == "auction_closed"
    await market.advance(seconds=2)
    sold = await sale.read()
    assert (sold["state"], sold["leading_number"], sold["price_fen"]) == ("sold", 2, 8_000_000)
    assert moment(sold["ends_at"]) == slow.bid.received_at
    await sale.record()


def trader(user: User) -> Actor:
    """The user as the intake knows it."""
    return Actor(user.person_id, user.organisation_id, "enterprise", frozenset({"trader"}))


async def test_a_clock_without_a_taker_sells_nothing(market: Market) -> None:
    sale = await plans.held(market, "descending", CLOCK, bidders=1, price_fen=9_000_000)
    failed = await sale.close()
    assert (failed["state"], failed["reason"]) == ("failed", "no_valid_bid")
    listing = await market.anonymous.ok("GET", f"/listings/{failed['listing_id']}")
    assert listing["state"] == "failed"
    assert (await sale.record())["events"][-1]["awards"] == []


async def test_online_2016_one_bidder_a_day_and_five_minutes(market: Market) -> None:
    sale = await plans.held(market, "online_2016", bidders=1, bidding_minutes=24 * 60)
    assert sale.auction["extension_s"] == 300
    end = moment(sale.auction["ends_at"])
    assert end == moment(sale.auction["opens_at"]) + timedelta(hours=24)
    await flow.stop_clock(market, end - timedelta(seconds=60))
    placed = await sale.bid(1, START_FEN)
    extended = moment(placed["received_at"]) + timedelta(seconds=300)
    assert moment(placed["ends_at_after"]) == extended
    sold = await sale.close()
    assert (sold["price_fen"], moment(sold["ends_at"])) == (START_FEN, extended)
    await sale.record()


async def test_tv_d7_a_priority_right_takes_the_price_that_stands(market: Market) -> None:
    holder, other, away = [await market.join("enterprise", roles=["trader"]) for _ in range(3)]
    rights = {str(holder.organisation_id): 1, str(away.organisation_id): 2}
    sale = await plans.held(market, "ascending", {"priority": rights}, bidders=[holder, other])
    mine = sale.bidders.index(holder) + 1
    assert sale.auction["terms"]["priority"] == {str(mine): 1}
    path = f"/listings/{sale.auction['listing_id']}/auction-plan"
    assert "priority" not in (await other.ok("GET", path))["terms"]
    assert (await sale.seller.ok("GET", path))["terms"]["priority"] == rights
    await sale.bid(3 - mine, START_FEN)
    taken = await sale.bid(mine, START_FEN)
    assert (taken["leading"], taken["price_after_fen"]) == (True, START_FEN)
    assert (await sale.refused(3 - mine, START_FEN))["code"] == "bid_too_low"
    sold = await sale.close()
    assert sold["winner_id"] == str(holder.organisation_id)
    await sale.record()


async def test_tv_d4_a_reserve_that_is_not_met_is_told_to_nobody(market: Market) -> None:
    secret = 271_828_183
    sale = await plans.held(market, reserve_fen=secret)
    assert len(sale.auction["reserve_commitment"]) == 64
    assert sale.auction["terms"]["reserve_commitment"] == sale.auction["reserve_commitment"]
    await sale.bid(1, START_FEN)
    assert str(secret) not in await plans.everything_stored(market)
    failed = await sale.close()
    assert (failed["state"], failed["reason"]) == ("failed", "reserve_not_met")
    assert (failed["awards"], failed["winner_id"]) == ([], None)
    record = await sale.record()
    listing = (await market.anonymous.get(f"/listings/{failed['listing_id']}")).text
    assert not [one for one in (str(failed), str(record), listing) if str(secret) in one]
    stored = await plans.everything_stored(market)
    assert str(secret) not in stored
    sealed = await plans.rows(
        market,
        "SELECT a.reserve_sealed, p.reserve_sealed FROM auction a JOIN auction_plan p"
        " ON p.auction_id = a.id",
    )
    assert [tuple(row) for row in sealed] == [(None, b"")]


async def test_a_reserve_that_is_met_is_opened_with_the_result(market: Market) -> None:
    secret = START_FEN + STEP_FEN
    sale = await plans.held(market, "ascending", {"minimum_bidders": 2}, reserve_fen=secret)
    await sale.bid(1, START_FEN)
    await sale.bid(2, secret)
    sold = await sale.close()
    assert (sold["state"], sold["price_fen"]) == ("sold", secret)
    record = await sale.record()
    assert event(record, "sold")["reserve"]["reserve_fen"] == secret


async def test_fewer_bidders_than_the_plan_asks_for_fail_an_auction(market: Market) -> None:
    sale = await plans.held(market, "ascending", {"minimum_bidders": 2})
    await sale.bid(1, START_FEN)
    await sale.bid(1, START_FEN + STEP_FEN)
    failed = await sale.close()
    assert (failed["state"], failed["reason"]) == ("failed", "too_few_bidders")
    assert event(await sale.record(), "failed")["reason"] == "too_few_bidders"
