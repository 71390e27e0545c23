"""Bids through two server processes: across the end while a worker closes, and through kill -9."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from app.auctions import rules
from app.kit.receipt import LARGEST_ERROR_S
from bench.bids import START_FEN, STEP_FEN
from tests.bidders import Amounts, Answer, Bidder, pause_until
from tests.cluster import Cluster, Process, running_cluster
from tests.replaying import replayed
from tests.server import wait_until

CLIENTS = 64
BIDS = 2000
CLOCK_ERROR = timedelta(seconds=LARGEST_ERROR_S)
BY_AMOUNT = {"bid_too_low", "bid_off_step"}
AUCTION = "SELECT * FROM auction WHERE id = %(auction)s"
RECORD = "SELECT * FROM bid WHERE auction_id = %(auction)s ORDER BY sequence"
AWARDS = """
SELECT rank, bidder_id, number, total_fen, state FROM auction_award WHERE auction_id = %(auction)s
"""
DEAL = "SELECT buyer_id, price_fen FROM deal WHERE auction_id = %(auction)s"
WAITING = """
SELECT count(*) AS processes FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND query LIKE 'SELECT %%FROM auction WHERE %%FOR UPDATE'
"""
ROUNDS = 2
PROGRESS = 150
"""How many bids are answered between two kills."""
SENT_AGAIN = 10
"""Of so many answered bids one is sent again at the end, under the same request id."""
LOST_CONNECTION = (
    "ConnectionRefusedError",
    "ConnectionResetError",
    "BrokenPipeError",
    "IncompleteReadError",
    "TimeoutError",
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    directory: Path = tmp_path_factory.mktemp("cluster")
    with running_cluster(directory, CLIENTS) as running:
        yield running


@dataclass(frozen=True)
class Leg:
    """Bids of every client, evenly between two offsets (seconds) from the end as it then is."""

    bids: int
    first_s: float
    last_s: float
    amount: Callable[[Amounts], int]


@dataclass(frozen=True)
class Deadline:
    """An auction about to end, and how its 2,000 bids lie around the end."""

    extension_s: int
    legs: tuple[Leg, ...]


FIXED_END = Deadline(0, (Leg(20, -1.0, 0.4, Amounts.mixed), Leg(10, 0.4, 2.0, Amounts.mixed)))
MOVING_END = Deadline(
    2,
    (
        # The accepted ones of the first leg move the end; those of the second are refused and do
        # not, so that the third lies behind an end that holds.
        Leg(15, -1.0, 0.5, Amounts.mixed),
        Leg(4, -1.0, -0.2, Amounts.low),
        Leg(7, 0.01, 1.0, Amounts.mixed),
    ),
)


@pytest.mark.parametrize("deadline", [FIXED_END, MOVING_END], ids=["fixed end", "moving end"])
def test_every_bid_across_the_end_is_judged_by_the_time_it_was_received_at(
    cluster: Cluster, deadline: Deadline
) -> None:
    auction = cluster.auction(extension_s=deadline.extension_s)
    answers = asyncio.run(bid_across_the_end(cluster, auction, deadline))
    assert len(answers) == BIDS
    assert {answer.status for answer in answers} == {201, 409}, Counter(
        (answer.status, answer.body.get("code")) for answer in answers
    )
    row, record = recorded(cluster, auction)
    assert_record_follows_the_rules(row, record)
    assert_answers_are_the_record(answers, record)
    after_decision = [answer for answer in answers if answer.sequence is None]
    assert len(after_decision) >= CLIENTS
    for answer in after_decision:
        assert answer.body["code"] == "auction_closed"
        assert datetime.fromisoformat(answer.body["server_time"]) >= row.ends_at
        assert answer.sent_at + CLOCK_ERROR >= row.ends_at
    assert_receipts_lie_between_sending_and_answer(answers, record, row.ends_at)
    assert_result_is_the_last_accepted_bid(cluster, row, record)
    refusals = Counter(bid.refusal for bid in record)
    assert min(refusals[None], refusals["bid_too_low"], refusals["auction_closed"]) > 0, refusals
    assert any(bid.accepted and bid.received_at > row.planned_end for bid in record) == (
        deadline.extension_s > 0
    )


@pytest.mark.parametrize("extension_s", [0, 2])
def test_bids_that_wait_for_the_row_until_after_the_end_are_in_time(
    cluster: Cluster, extension_s: int
) -> None:
    auction = cluster.auction(extension_s=extension_s)
    answers = asyncio.run(bid_behind_a_lock(cluster, auction))
    row, record = recorded(cluster, auction)
    assert all(answer.answered_at > row.planned_end for answer in answers)
    assert {bid.refusal for bid in record} <= {None, *BY_AMOUNT}
    assert all(bid.received_at < row.planned_end < bid.created_at for bid in record)
    assert_record_follows_the_rules(row, record)
    assert_answers_are_the_record(answers, record)
    assert len(record) == CLIENTS
    assert (row.ends_at > row.planned_end) == (extension_s > 0)
    assert_result_is_the_last_accepted_bid(cluster, row, record)


def test_acknowledged_bids_survive_kills_of_a_server_and_of_postgres(cluster: Cluster) -> None:
    auctions = [cluster.auction(extension_s=300) for _ in range(3)]
    answers, tries = asyncio.run(bid_through_kills(cluster, auctions))
    assert len(answers) > 2 * ROUNDS * PROGRESS
    assert {answer.status for answer in answers} == {201, 409}
    assert set(tries) <= {"201", "409", "503", *LOST_CONNECTION}, tries
    assert sum(tries[name] for name in ("503", *LOST_CONNECTION)) > 0, tries
    assert all(answer.sequence is not None for answer in answers)
    for auction in auctions:
        row, record = recorded(cluster, auction)
        assert row.state == "open"
        assert_record_follows_the_rules(row, record)
        assert_answers_are_the_record(
            [answer for answer in answers if answer.auction == auction], record
        )


async def bid_across_the_end(cluster: Cluster, auction: UUID, deadline: Deadline) -> list[Answer]:
    """All bids in their legs; every client keeps its last ones until the auction is decided."""
    bidders = await connected(cluster, auction)
    amounts = Amounts(seed=deadline.extension_s)
    cluster.end_soon(auction, 2.0)
    answers: list[Answer] = []
    for leg in deadline.legs:
        ends_at = cluster.rows(AUCTION, auction=auction)[0].ends_at
        bids = [bid_in_leg(bidder, auction, leg, amounts, ends_at) for bidder in bidders]
        answers += [answer for given in await asyncio.gather(*bids) for answer in given]
    await decided(cluster, auction)
    turns = cycle(bidders)
    late = [next(turns).bid for _ in range(BIDS - len(answers))]
    for group in range(0, len(late), CLIENTS):
        bids = [bid(auction, amounts.mixed()) for bid in late[group : group + CLIENTS]]
        answers += await asyncio.gather(*bids)
    await asyncio.gather(*(bidder.close() for bidder in bidders))
    return answers


async def bid_behind_a_lock(cluster: Cluster, auction: UUID) -> list[Answer]:
    """One bid of every client before the end, held up at the row until the worker closes too."""
    bidders = await connected(cluster, auction)
    cluster.end_soon(auction, 2.0)
    ends_at = cluster.rows(AUCTION, auction=auction)[0].ends_at
    async with await AsyncConnection.connect(cluster.postgres.url()) as holder:
        await holder.execute("SELECT FROM auction WHERE id = %s FOR UPDATE", [auction])
        bids = [
            asyncio.create_task(bidder.bid(auction, START_FEN + bidder.number * STEP_FEN))
            for bidder in bidders
        ]
        await pause_until(ends_at + rules.DRAIN)
        await asyncio.to_thread(
            wait_until,
            lambda: cluster.rows(WAITING)[0].processes == len(cluster.servers) + 1,
            "both servers and the worker waiting for the auction's row",
        )
        assert not any(bid.done() for bid in bids)
        await holder.rollback()
    answers = await asyncio.gather(*bids)
    await decided(cluster, auction)
    await asyncio.gather(*(bidder.close() for bidder in bidders))
    return answers


async def connected(cluster: Cluster, auction: UUID) -> list[Bidder]:
    """Bidders whose connections are open, every other one to the second server."""
    bidders = [Bidder(number, cluster.ports) for number in range(1, CLIENTS + 1)]
    path = f"/api/v1/auctions/{auction}"
    assert set(await asyncio.gather(*(bidder.get(path) for bidder in bidders))) == {200}
    return bidders


async def decided(cluster: Cluster, auction: UUID) -> None:
    """Return when the worker has decided the auction."""
    await asyncio.to_thread(
        wait_until,
        lambda: cluster.rows(AUCTION, auction=auction)[0].state == "sold",
        "the result of the auction",
    )


async def bid_in_leg(
    bidder: Bidder, auction: UUID, leg: Leg, amounts: Amounts, ends_at: datetime
) -> list[Answer]:
    """One client's bids of a leg, each at its time or as soon as the one before is answered."""
    spacing = (leg.last_s - leg.first_s) / leg.bids
    offset = leg.first_s + spacing * bidder.number / CLIENTS
    answers = []
    for number in range(leg.bids):
        await pause_until(ends_at + timedelta(seconds=offset + spacing * number))
        answers.append(await bidder.bid(auction, leg.amount(amounts)))
    return answers


async def bid_through_kills(
    cluster: Cluster, auctions: Sequence[UUID]
) -> tuple[list[Answer], Counter[str]]:
    """Continuous bids while servers and PostgreSQL are killed in turn, until all are answered."""
    bidders = [Bidder(number, cluster.ports) for number in range(1, CLIENTS // 2 + 1)]
    amounts, answers, over = Amounts(seed=7), list[Answer](), asyncio.Event()

    async def keep_bidding(bidder: Bidder) -> None:
        targets = cycle(auctions[bidder.number % len(auctions) :] + auctions)
        own = []
        while not over.is_set():
            own.append(await bidder.until_answered(next(targets), amounts.mixed()))
            answers.append(own[-1])
        for answer in own[::SENT_AGAIN]:
            again = await bidder.until_answered(
                answer.auction, answer.amount_fen, answer.request_id
            )
            assert (again.status, again.decision) == (answer.status, answer.decision)
        await bidder.close()

    load = asyncio.gather(*(keep_bidding(bidder) for bidder in bidders))

    async def progress() -> None:
        enough = len(answers) + PROGRESS
        await asyncio.to_thread(
            wait_until, lambda: len(answers) >= enough or load.done(), "bids being answered"
        )

    try:
        for server in cluster.servers[:ROUNDS]:
            await progress()
            await asyncio.to_thread(server.kill)
            await progress()
            await asyncio.to_thread(start_again, server)
            await progress()
            await asyncio.to_thread(cluster.restart_postgres)
        await progress()
    finally:
        over.set()
        await load
    return answers, sum((bidder.tries for bidder in bidders), Counter())


def start_again(server: Process) -> None:
    server.start()
    server.wait_until_ready()


def recorded(cluster: Cluster, auction: UUID) -> tuple[Any, list[Any]]:
    """The auction and its bids in the order of the record."""
    return cluster.rows(AUCTION, auction=auction)[0], cluster.rows(RECORD, auction=auction)


def assert_record_follows_the_rules(row: Any, record: list[Any]) -> None:
    """No gap; each bid judged by its receipt and the state before it; the same when replayed."""
    assert [bid.sequence for bid in record] == list(range(1, len(record) + 1))
    assert row.next_sequence == len(record) + 1
    ends_at, price = row.planned_end, None
    extension = timedelta(seconds=row.terms.get("extension_s", 0))
    for bid in record:
        if bid.received_at >= ends_at:
            assert bid.refusal == "auction_closed", bid
        else:
            assert bid.accepted or bid.refusal in BY_AMOUNT, bid
            required = START_FEN if price is None else price + STEP_FEN
            on_step = (bid.amount_fen - START_FEN) % STEP_FEN == 0
            assert bid.accepted == (bid.amount_fen >= required and on_step), bid
        if bid.accepted:
            price = bid.amount_fen
            ends_at = max(ends_at, bid.received_at + extension)
        assert bid.ends_at_after == ends_at, bid
    assert (row.price_fen, row.ends_at) == (price, ends_at)
    replayed(row, record)


def assert_answers_are_the_record(answers: Sequence[Answer], record: list[Any]) -> None:
    """Every answer that names a place in the record is that row, and every row was answered."""
    answered = {
        (answer.request_id, answer.sequence, answer.amount_fen, answer.body.get("code"))
        for answer in answers
        if answer.sequence is not None
    }
    assert len(answered) == sum(answer.sequence is not None for answer in answers)
    assert answered == {
        (bid.request_id, bid.sequence, bid.amount_fen, bid.refusal) for bid in record
    }
    for answer in answers:
        assert (answer.status == 201) == ("code" not in answer.body), answer
    assert len({bid.request_id for bid in record}) == len(record)


def assert_receipts_lie_between_sending_and_answer(
    answers: Sequence[Answer], record: list[Any], ends_at: datetime
) -> None:
    """The stamps are honest: by the bidders' own clock too, nobody was judged by another time."""
    received = {bid.request_id: bid.received_at for bid in record}
    for answer in answers:
        if answer.sequence is not None:
            stamp = received[answer.request_id]
            assert answer.sent_at - CLOCK_ERROR <= stamp <= answer.answered_at + CLOCK_ERROR
        if answer.status == 201:
            assert answer.sent_at - CLOCK_ERROR < ends_at
        if answer.body.get("code") == "auction_closed":
            assert answer.answered_at + CLOCK_ERROR >= ends_at


def assert_result_is_the_last_accepted_bid(cluster: Cluster, row: Any, record: list[Any]) -> None:
    """Sold once, after the drain, to the bidder of the last accepted bid at its amount."""
    last = [bid for bid in record if bid.accepted][-1]
    assert row.state == "sold"
    assert (row.leading_number, row.price_fen) == (last.number, last.amount_fen)
    awards = cluster.rows(AWARDS, auction=row.id)
    assert awards == [(1, last.bidder_id, last.number, last.amount_fen, "awarded")]
    assert row.bid_count == sum(bid.accepted for bid in record)
    assert row.decided_at >= row.ends_at + rules.DRAIN
    assert all(bid.created_at <= row.decided_at for bid in record)
    wait_until(
        lambda: cluster.rows(DEAL, auction=row.id) == [(last.bidder_id, last.amount_fen)],
        "the deal of the last accepted bid",
    )
