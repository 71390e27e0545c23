"""Bids per second, from an authenticated HTTP POST to the committed bid, at 64 connections.

The real application runs in a process of its own on a durable PostgreSQL. Beside it stand, in the
same process and behind the same authentication, an endpoint that does nothing and one that takes
one ORM transaction per bid; every round of a figure is followed by a round of its baseline.
Amounts rise with every request, so most bids are accepted; refused ones are recorded too.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from statistics import median
from typing import Any
from uuid import UUID

import orjson
import psycopg
import uvloop
from psycopg.types.json import Jsonb
from sqlalchemy import select, text

from app.achievements import service as achievements
from app.achievements.schemas import NewAchievement
from app.auctions import chain, rules, service
from app.auctions.engine import core, standing
from app.auctions.engine.profiles import PROFILES
from app.auctions.engine.state import Event
from app.auctions.models import Auction, AuctionBidder, Bid
from app.auctions.schemas import NewBid
from app.kit.actor import Actor, CurrentActor
from app.kit.db import Uow, make_engine, make_sessions
from app.kit.log import configure_logging
from app.kit.settings import Settings
from app.listings import service as listings
from app.listings.schemas import NewListing
from app.main import create_app
from app.parties import tokens
from bench import load
from bench.harness import figure, say, scratch_database

CONNECTIONS = 64
BIDDERS = 64
ROUNDS = 4
ROUND_S = 2.0
MANY = 10_000
OLD_BIDS = int(os.environ.get("TECHMARKET_BENCH_OLD_BIDS", "1000000"))
START_FEN = 1_000_000
STEP_FEN = 100
ANSWERS = frozenset({200, 201, 409})

PEOPLE = """
WITH o AS (INSERT INTO organisation (id, kind, name, credit_code, region_code, state)
  SELECT uuidv7(), CASE WHEN n = 0 THEN 'university' ELSE 'enterprise' END, 'party ' || n,
    'code ' || n, '110108', 'active' FROM generate_series(0, %(bidders)s) n
  RETURNING id, kind, name),
p AS (INSERT INTO person (id, login, name) SELECT uuidv7(), name, name FROM o RETURNING id, name),
m AS (INSERT INTO membership (id, person_id, organisation_id, roles)
  SELECT uuidv7(), p.id, o.id, '{trader}' FROM o JOIN p USING (name)
  RETURNING id, organisation_id)
INSERT INTO login_session (id, family_id, membership_id, access_hash, refresh_hash,
  access_expires_at, refresh_expires_at)
SELECT uuidv7(), uuidv7(), m.id, sha256(convert_to('tma_' || o.name, 'UTF8')),
  sha256(convert_to('tmr_' || o.name, 'UTF8')), now() + interval '1 day', now() + interval '1 day'
FROM m JOIN o ON o.id = m.organisation_id
"""
AUCTIONS = """
WITH l AS (INSERT INTO listing
  SELECT (jsonb_populate_record(l, jsonb_build_object('id', uuidv7()))).*
  FROM listing l, generate_series(1, %(auctions)s) RETURNING id, seller_id)
INSERT INTO auction (id, listing_id, seller_id, format, terms, standing, phase, state, opens_at,
  planned_end, ends_at, rule_set, chain_head)
SELECT uuidv7(), l.id, l.seller_id, 'ascending', %(terms)s, %(standing)s, 'bidding', 'open',
  %(opens_at)s, %(ends_at)s, %(ends_at)s, 'ONLINE_2016', sha256('') FROM l RETURNING id
"""
NUMBERED = """
INSERT INTO auction_bidder (id, auction_id, bidder_id, number)
SELECT uuidv7(), a.id, o.id, o.number FROM auction a, (SELECT id, row_number() OVER (ORDER BY id)
  AS number FROM organisation WHERE kind = 'enterprise') o WHERE a.id = ANY(%(auctions)s)
"""
OLD = """
INSERT INTO bid (auction_id, sequence, bidder_id, number, amount_fen, received_at, request_id,
  accepted, ends_at_after, price_after_fen, leader_after, digest)
SELECT b.auction_id, n, b.bidder_id, b.number, %(start)s + n * %(step)s, now(), 'old-' || n, true,
  a.ends_at, %(start)s + n * %(step)s, b.number, sha256('')
FROM generate_series(1, %(bids)s) n JOIN auction_bidder b ON b.number = 1 + n %% %(bidders)s
JOIN auction a ON a.id = b.auction_id WHERE b.auction_id = %(auction)s
"""
LED = """
UPDATE auction a SET next_sequence = b.sequence + 1, bid_count = b.sequence,
  leading_number = b.number, price_fen = b.amount_fen, standing = standing || jsonb_build_object(
    'accepted', b.sequence, 'price_fen', b.amount_fen, 'leader', b.number::text)
FROM bid b WHERE b.auction_id = a.id AND a.id = %(auction)s AND b.sequence = %(bids)s
"""


def open_bids(opens_at: datetime, ends_at: datetime, extension_s: int) -> dict[str, Any]:
    """Rules, first state and times of an auction of open bids, as its row has them."""
    profile = PROFILES["ascending"]
    offer = rules.Offer(START_FEN, STEP_FEN, extension_s)
    terms = rules.terms_of(profile, rules.complete(profile, {}, offer, opens_at, ends_at))
    start = rules.start_of(profile.code, terms, hidden=False)
    return {
        "terms": Jsonb(terms),
        "standing": Jsonb(standing.dump(start)),
        "opens_at": opens_at,
        "ends_at": ends_at,
    }


async def nothing(_: CurrentActor, new: NewBid) -> dict[str, int | None]:
    """What bidding is compared with: the same door, the same body, no act."""
    return {"amount_fen": new.amount_fen}


async def one_transaction(
    session: Uow, actor: CurrentActor, auction_id: UUID, new: NewBid
) -> dict[str, bool]:
    """The usual way: lock the row, decide, add an object, commit; one bid a transaction."""
    auction = (
        await session.execute(select(Auction).where(Auction.id == auction_id).with_for_update())
    ).scalar_one()
    bidder = (
        await session.execute(
            select(AuctionBidder).where(
                AuctionBidder.auction_id == auction_id, AuctionBidder.bidder_id == actor.party_id
            )
        )
    ).scalar_one()
    known = await session.execute(
        select(Bid).where(
            Bid.auction_id == auction_id,
            Bid.bidder_id == actor.party_id,
            Bid.request_id == new.request_id,
        )
    )
    assert known.scalar_one_or_none() is None
    received_at = datetime.now(UTC)
    amount_fen = new.amount_fen or 0
    event = Event(received_at, str(bidder.number), amount_fen)
    after, judged = core.step(service.state_of(auction), event)
    session.add(
        Bid(
            auction_id=auction_id,
            sequence=auction.next_sequence,
            bidder_id=bidder.bidder_id,
            number=bidder.number,
            person_id=actor.person_id,
            phase=judged.phase,
            amount_fen=amount_fen,
            received_at=received_at,
            request_id=new.request_id,
            accepted=judged.accepted,
            refusal=judged.code,
            required_fen=judged.required_fen,
            ends_at_after=judged.ends_at,
            price_after_fen=judged.price_fen,
            digest=chain.GENESIS,
        )
    )
    auction.next_sequence += 1
    if judged.accepted:
        auction.standing = standing.dump(after)
        auction.ends_at = after.ends_at
        auction.leading_number, auction.price_fen = bidder.number, after.price_fen
        auction.bid_count += 1
    return {"accepted": judged.accepted}


def serve(database_url: str, port: int) -> None:
    """The server process."""
    settings = Settings(mode="sandbox", log_level="warning", _env_file=None)
    configure_logging(settings)
    app = create_app(settings, database_url)
    load.add_first(app, "/bench/nothing/{auction_id}", nothing, "POST")
    load.add_first(app, "/bench/orm/{auction_id}", one_transaction, "POST")
    load.serve(app, port)


class Bidders:
    """Makes bids: each request another bidder, a higher amount and a new request id."""

    def __init__(self) -> None:
        self.bidders: Iterator[str] = cycle(
            f"{tokens.ACCESS_PREFIX}party {n}" for n in range(1, BIDDERS + 1)
        )
        self.raises = count(OLD_BIDS + 2)

    def requests(self, pattern: str, auctions: list[UUID]) -> load.Requests:
        """Bids in these auctions in turn, at the path that the pattern gives."""
        paths = cycle(pattern.format(auction) for auction in auctions)

        def bid() -> bytes:
            number = next(self.raises)
            body = {"amount_fen": START_FEN + number * STEP_FEN, "request_id": f"r{number}"}
            return load.post(next(paths), next(self.bidders), orjson.dumps(body))

        return bid


async def draft_listing(database_url: str) -> None:
    """One listing, drafted by the service; the others are its copies."""
    engine = make_engine(database_url, pool_size=1)
    async with make_sessions(engine)() as session, session.begin():
        query = text("SELECT id FROM organisation WHERE kind = 'university'")
        seller = (await session.execute(query)).scalar_one()
        trader = Actor(None, seller, "university", frozenset({"trader"}))
        achievement = await achievements.create(
            session,
            trader,
            NewAchievement.model_validate(
                {
                    "title": "bench",
                    "technical_field": "aerospace",
                    "rights": [{"type": "know_how", "title": "bench"}],
                }
            ),
        )
        await achievements.publish(session, trader, achievement.id, datetime.now(UTC))
        await listings.create(
            session,
            trader,
            NewListing(
                achievement_id=achievement.id,
                transfer_mode="license",
                license_manner="ordinary",
                disclosure_working_days=5,
                price_fen=START_FEN,
                increment_fen=STEP_FEN,
            ),
        )
    await engine.dispose()


def prepare(database_url: str) -> list[UUID]:
    """Bidders with tokens, and open auctions: the first is hot, the second old."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(PEOPLE, {"bidders": BIDDERS})
        uvloop.run(draft_listing(database_url))
        now = datetime.now(UTC)
        terms = open_bids(now - timedelta(hours=1), now + timedelta(days=1), extension_s=300)
        rows = connection.execute(AUCTIONS, terms | {"auctions": MANY + 3}).fetchall()
        auctions = [row[0] for row in rows]
        connection.execute(NUMBERED, {"auctions": auctions})
        old = {
            "start": START_FEN,
            "step": STEP_FEN,
            "auction": auctions[1],
            "bids": OLD_BIDS,
            "bidders": BIDDERS,
        }
        connection.execute(OLD, old)
        connection.execute(LED, old)
        connection.execute("VACUUM ANALYZE")
    return auctions


def alternate(
    port: int, first: load.Requests, second: load.Requests, every_s: float = 0.0
) -> tuple[list[load.Load], list[load.Load]]:
    """Rounds of two loads in turn, after one of each to warm up."""
    loads: tuple[list[load.Load], list[load.Load]] = ([], [])
    for number in range(ROUNDS + 1):
        for kept, requests in zip(loads, (first, second), strict=True):
            done = uvloop.run(
                load.load(
                    port,
                    requests,
                    ROUND_S,
                    connections=CONNECTIONS,
                    allowed=ANSWERS,
                    every_s=every_s,
                )
            )
            if number > 0:
                kept.append(done)
    return loads


def rate(loads: list[load.Load]) -> float:
    """The median of the rounds, in answers per second."""
    return median(one.per_second for one in loads)


def main() -> None:
    """Measure and print."""
    say(f"preparing {MANY} auctions and {OLD_BIDS} old bids")
    with scratch_database() as database_url:
        hot, old, slow, *many = prepare(database_url)
        bidders = Bidders()
        bids, idle = "/api/v1/auctions/{}/bids", "/bench/nothing/{}"
        with load.server_process(serve, database_url) as (port, pid):
            done, nothing_done = alternate(
                port, bidders.requests(bids, [hot]), bidders.requests(idle, [hot])
            )
            say(f"hot auction: answers by status {[one.statuses for one in done]}")
            noop = ("authenticated_noop_post", rate(nothing_done))
            figure("bids_hot", rate(done), "bids/s", baseline=noop, peak_mib=load.peak_mib(pid))
            spread, nothing_done = alternate(
                port, bidders.requests(bids, many), bidders.requests(idle, many)
            )
            noop = ("authenticated_noop_post", rate(nothing_done))
            figure(
                "bids_10000_auctions",
                rate(spread),
                "bids/s",
                baseline=noop,
                peak_mib=load.peak_mib(pid),
            )
            again, orm = alternate(
                port, bidders.requests(bids, [hot]), bidders.requests("/bench/orm/{}", [slow])
            )
            figure(
                "bids_hot_against_orm",
                rate(again),
                "bids/s",
                baseline=("orm_transaction_per_bid", rate(orm)),
                peak_mib=load.peak_mib(pid),
            )
            every = CONNECTIONS / (rate(again) / 2)
            half, half_idle = alternate(
                port, bidders.requests(bids, [hot]), bidders.requests(idle, [hot]), every
            )
            figure(
                "bid_p99_at_half_load",
                median(one.percentile(0.99) for one in half) * 1000,
                "ms",
                baseline=(
                    "authenticated_noop_post_p99",
                    median(one.percentile(0.99) for one in half_idle) * 1000,
                ),
                peak_mib=load.peak_mib(pid),
                higher_is_better=False,
            )
            full, empty = alternate(
                port, bidders.requests(bids, [old]), bidders.requests(bids, [hot])
            )
            figure(
                "bids_with_old_bids",
                rate(full),
                "bids/s",
                baseline=("bids_in_a_young_auction", rate(empty)),
                peak_mib=load.peak_mib(pid),
            )


if __name__ == "__main__":
    main()
