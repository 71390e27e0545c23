"""Bids and closes that meet, on real sessions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text

from app.auctions import deciding, repository, rules, service
from app.auctions.bidding import Offer
from app.auctions.errors import BidRefused
from app.auctions.intake import BidIntake
from app.auctions.models import Auction, AuctionAward, AuctionBidder, Bid
from app.kit import clock
from app.kit.actor import Actor
from app.kit.deadlines import Ticker
from app.worker import DEADLINES
from tests import flow
from tests.flow import START_FEN, STEP_FEN
from tests.market import Market, User
from tests.replaying import replayed


def trader(user: User) -> Actor:
    return Actor(user.person_id, user.organisation_id, "enterprise", frozenset({"trader"}))


async def bid(
    market: Market,
    user: User,
    auction_id: UUID,
    amount: int,
    name: str,
    intake: BidIntake | None = None,
) -> bool | str:
    """One bid by a process's intake: True when accepted, otherwise the code of the refusal."""
    intake = intake or market.intake
    with intake.receiving() as stamp:
        try:
            outcome = await intake.place(trader(user), auction_id, Offer(amount), name, stamp)
        except BidRefused as refusal:
            return refusal.code
    return True if outcome.refusal is None else outcome.refusal.code


@asynccontextmanager
async def another_process(market: Market) -> AsyncIterator[BidIntake]:
    """A second intake on the same database, as another server has it."""
    intake, stop = BidIntake(market.sessions), asyncio.Event()
    running = asyncio.create_task(intake.run(stop))
    yield intake
    stop.set()
    await running


async def record(market: Market, auction_id: UUID) -> tuple[Auction, list[Bid]]:
    async with market.sessions() as session:
        auction = (await session.execute(select(Auction))).scalar_one()
        bids = await session.execute(
            select(Bid).where(Bid.auction_id == auction_id).order_by(Bid.sequence)
        )
        return auction, list(bids.scalars())


async def assert_record_is_whole(market: Market, auction_id: UUID) -> Auction:
    """No gap in the sequence; the engine, run again, decides every bid and the result the same."""
    auction, bids = await record(market, auction_id)
    assert [one.sequence for one in bids] == list(range(1, len(bids) + 1))
    assert auction.next_sequence == len(bids) + 1
    replayed(auction, bids)
    return auction


async def test_of_20_equal_bids_at_once_exactly_one_is_accepted(market: Market) -> None:
    shown, _, bidders = await flow.start_auction(market, bidders=4)
    auction_id = UUID(shown["id"])
    outcomes = await asyncio.gather(
        *(bid(market, bidders[n % 4], auction_id, START_FEN, f"r{n}") for n in range(20))
    )
    assert sorted(map(str, outcomes)) == ["True"] + ["bid_too_low"] * 19
    auction = await assert_record_is_whole(market, auction_id)
    assert (auction.price_fen, auction.bid_count, auction.next_sequence) == (START_FEN, 1, 21)


async def test_one_request_id_sent_20_times_at_once_is_one_bid(market: Market) -> None:
    shown, _, (first, _) = await flow.start_auction(market)
    answers = await asyncio.gather(
        *(flow.bid(first, shown, START_FEN, "the-same") for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    _, bids = await record(market, UUID(shown["id"]))
    assert len(bids) == 1


async def test_rising_bids_over_http_leave_a_record_that_replays(market: Market) -> None:
    shown, _, bidders = await flow.start_auction(market, bidders=3)
    answers = await asyncio.gather(
        *(flow.bid(bidders[n % 3], shown, START_FEN + (n % 7) * STEP_FEN) for n in range(24))
    )
    assert {answer.status_code for answer in answers} == {201, 409}
    auction = await assert_record_is_whole(market, UUID(shown["id"]))
    assert auction.price_fen == START_FEN + 6 * STEP_FEN


async def end_now(market: Market, shown: dict[str, Any], before_s: int) -> datetime:
    """Stop the clock `before_s` seconds before the end (a fraction more), and return the time."""
    ends_at = datetime.fromisoformat(shown["ends_at"])
    return await flow.stop_clock(market, ends_at - timedelta(seconds=before_s))


async def waits(market: Market, count: int) -> None:
    """Return when that many backends wait for a lock."""
    async with market.sessions() as session:
        while True:
            found = await session.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND wait_event_type = 'Lock'"
                )
            )
            if found.scalar_one() == count:
                return
            await session.rollback()


async def test_a_bid_in_time_that_waited_past_the_end_is_judged_in_time_before_the_close(
    market: Market,
) -> None:
    shown, _, (first, second) = await flow.start_auction(market)
    auction_id = UUID(shown["id"])
    await end_now(market, shown, 1)
    async with (
        another_process(market) as other,
        market.sessions() as blocker,
        blocker.begin(),
    ):
        await repository.auction(blocker, auction_id, lock=True)
        waiting = asyncio.create_task(bid(market, first, auction_id, START_FEN, "in time"))
        await waits(market, 1)
        await flow.step_clock(market, 30)
        late = asyncio.create_task(
            bid(market, second, auction_id, START_FEN + STEP_FEN, "late", other)
        )
        await waits(market, 2)
        closing = asyncio.create_task(Ticker(market.sessions, DEADLINES).tick())
        await waits(market, 3)
    assert await waiting is True
    # Judged after the first one, whose extension moved the end beyond it.
    assert await late is True
    await closing
    auction = await assert_record_is_whole(market, auction_id)
    assert auction.state == "open"
    assert auction.ends_at > auction.planned_end
    sold = await flow.close_auction(market, shown)
    assert sold["winner_id"] == str(second.organisation_id)


async def test_a_close_waits_for_a_bid_that_is_under_way_in_another_process(
    market: Market,
) -> None:
    shown, _, (first, _) = await flow.start_auction(market)
    auction_id = UUID(shown["id"])
    await end_now(market, shown, 1)
    ends_at = datetime.fromisoformat(shown["ends_at"])
    admin = await market.admin()
    async with another_process(market) as other:
        with other.receiving() as stamp:
            await admin.ok("POST", "/sandbox/clock", {"rate": 1})
            ticker = Ticker(market.sessions, DEADLINES)
            while await flow.market_now(market) < ends_at + 2 * rules.DRAIN:
                await ticker.tick()
            auction, _ = await record(market, auction_id)
            assert auction.state == "open"
            outcome = await other.place(trader(first), auction_id, Offer(START_FEN), "slow", stamp)
    assert outcome.refusal is None
    assert outcome.bid.received_at < ends_at
    auction = await assert_record_is_whole(market, auction_id)
    assert (auction.state, auction.price_fen) == ("open", START_FEN)
    assert auction.ends_at == outcome.bid.received_at + timedelta(seconds=300)


async def test_a_process_that_died_is_not_waited_for(market: Market) -> None:
    shown, _, (first, _) = await flow.start_auction(market)
    auction_id = UUID(shown["id"])
    assert await bid(market, first, auction_id, START_FEN, "only") is True
    async with market.sessions() as session, session.begin():
        await repository.renew_intake(session, uuid4(), datetime.fromisoformat(shown["opens_at"]))
        await session.execute(
            text("UPDATE bid_intake SET renewed_at = renewed_at - interval '1 minute'")
        )
    assert (await flow.close_auction(market, shown))["state"] == "sold"


async def test_bids_that_race_the_close_are_in_the_result_or_refused_as_late(
    market: Market,
) -> None:
    shown, _, bidders = await flow.start_auction(market, bidders=4)
    auction_id = UUID(shown["id"])
    assert await bid(market, bidders[0], auction_id, START_FEN, "opening") is True
    await end_now(market, shown, 1)
    tickers = [Ticker(market.sessions, DEADLINES) for _ in range(2)]
    outcomes: list[bool | str] = []
    # In every round the clock jumps over the end while bids and closes arrive.
    for number in range(8):
        lanes = [
            bid(
                market,
                bidders[lane % 4],
                auction_id,
                START_FEN + (8 * number + lane + 1) * STEP_FEN,
                f"{number}-{lane}",
            )
            for lane in range(8)
        ]
        jump = flow.step_clock(market, 302)
        done = await asyncio.gather(
            *lanes[:4], jump, *(ticker.tick() for ticker in tickers), *lanes[4:]
        )
        outcomes += [*done[:4], *done[-4:]]
    await flow.close_auction(market, shown)
    auction = await assert_record_is_whole(market, auction_id)
    _, bids = await record(market, auction_id)
    accepted = [one for one in bids if one.accepted]
    assert len(accepted) == 1 + outcomes.count(True)
    assert auction.state == "sold"
    assert auction.leading_number == accepted[-1].number
    assert auction.decided_at is not None
    assert auction.decided_at >= auction.ends_at + rules.DRAIN
    async with market.sessions() as session:
        won = await session.execute(select(AuctionAward.total_fen, AuctionAward.bidder_id))
        deals = await session.execute(text("SELECT price_fen, buyer_id FROM deal"))
        expected = [(accepted[-1].amount_fen, accepted[-1].bidder_id)]
        assert [tuple(row) for row in won] == [tuple(row) for row in deals] == expected


async def test_many_tickers_that_close_at_once_make_one_deal(market: Market) -> None:
    shown, _, (first, _) = await flow.start_auction(market)
    auction_id = UUID(shown["id"])
    assert await bid(market, first, auction_id, START_FEN, "only") is True
    stopped = await end_now(market, shown, 0)
    await flow.step_clock(market, 10)
    assert await flow.market_now(market) == stopped + timedelta(seconds=10)
    tickers = [Ticker(market.sessions, DEADLINES) for _ in range(4)]
    await asyncio.gather(*(ticker.tick() for ticker in tickers))
    await market.settle()
    async with market.sessions() as session:
        events = await session.execute(
            text("SELECT count(*) FROM audit_event WHERE action = 'auction.sell'")
        )
        deals = await session.execute(text("SELECT count(*) FROM deal"))
        assert (events.scalar_one(), deals.scalar_one()) == (1, 1)


async def test_a_close_waits_for_the_drain_and_then_reads_the_clock_itself(
    market: Market,
) -> None:
    shown, _, (first, _) = await flow.start_auction(market)
    auction_id = UUID(shown["id"])
    assert await bid(market, first, auction_id, START_FEN, "only") is True
    await end_now(market, shown, 0)
    await flow.step_clock(market, 1)
    async with market.sessions() as session, session.begin():
        now = await clock.now(session)
        assert now >= datetime.fromisoformat(shown["ends_at"])
        assert await service.due_to_close(session, now, 10) == []
        await deciding.settle(session, auction_id)
        assert (await session.get_one(Auction, auction_id)).state == "open"
        numbered = await session.execute(select(AuctionBidder.number).order_by("number"))
        assert list(numbered.scalars()) == [1, 2]
