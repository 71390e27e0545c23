"""An auction over HTTP: scheduled, opened, bid in, extended, decided."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kit import jobs
from app.kit.calendar import local_day
from tests import flow
from tests.flow import START_FEN, STEP_FEN
from tests.market import Market, User


async def rows(market: Market, sql: str, **values: Any) -> list[Any]:
    async with market.sessions() as session:
        return list((await session.execute(text(sql), values)).all())


async def count(market: Market, table: str) -> int:
    return (await rows(market, f"SELECT count(*) FROM {table}"))[0][0]


def moment(value: str) -> datetime:
    return datetime.fromisoformat(value)


async def test_a_listing_with_bidders_becomes_an_auction_that_sells_to_the_highest(
    market: Market,
) -> None:
    auction, seller, (first, second) = await flow.start_auction(market)
    assert (auction["state"], auction["phase"]) == ("open", "open")
    assert auction["seller_id"] == str(seller.organisation_id)
    assert (auction["bidder_count"], auction["bid_count"]) == (2, 0)
    assert (auction["price_fen"], auction["min_next_fen"]) == (None, START_FEN)
    assert moment(auction["planned_end"]) - moment(auction["opens_at"]) == timedelta(days=1)
    placed = await flow.bid(first, auction, START_FEN)
    assert placed.status_code == 201
    body = placed.json()
    assert (body["sequence"], body["accepted"], body["refusal"]) == (1, True, None)
    assert body["min_next_fen"] == START_FEN + STEP_FEN
    assert body["ends_at_after"] == auction["planned_end"]
    stored = await market.anonymous.ok("GET", placed.headers["location"].removeprefix("/api/v1"))
    assert stored == {name: body[name] for name in stored}
    assert (await flow.bid(second, auction, START_FEN + 3 * STEP_FEN)).status_code == 201
    sold = await flow.close_auction(market, auction)
    assert (sold["state"], sold["phase"], sold["min_next_fen"]) == ("sold", "sold", None)
    assert (sold["price_fen"], sold["bid_count"]) == (START_FEN + 3 * STEP_FEN, 2)
    assert sold["winner_id"] == str(second.organisation_id)
    listing = await market.anonymous.ok("GET", f"/listings/{auction['listing_id']}")
    assert listing["state"] == "awarded"
    actions = await rows(
        market,
        "SELECT action, rule_set FROM audit_event WHERE object_id = :id ORDER BY id",
        id=auction["id"],
    )
    assert [tuple(row) for row in actions] == [
        ("auction.schedule", "ONLINE_2016"),
        ("auction.open", "ONLINE_2016"),
        ("auction.sell", "ONLINE_2016"),
    ]


async def test_one_bidder_at_the_start_price_is_enough(market: Market) -> None:
    auction, _, (only,) = await flow.start_auction(market, bidders=1)
    assert (await flow.bid(only, auction, START_FEN)).status_code == 201
    sold = await flow.close_auction(market, auction)
    assert (sold["state"], sold["price_fen"]) == ("sold", START_FEN)


async def test_an_auction_without_a_valid_bid_fails_and_so_does_its_listing(
    market: Market,
) -> None:
    auction, _, (only,) = await flow.start_auction(market, bidders=1)
    assert (await flow.bid(only, auction, START_FEN - STEP_FEN)).status_code == 409
    failed = await flow.close_auction(market, auction)
    assert (failed["state"], failed["price_fen"], failed["winner_id"]) == ("failed", None, None)
    listing = await market.anonymous.ok("GET", f"/listings/{auction['listing_id']}")
    assert listing["state"] == "failed"
    assert await count(market, "deal") == 0


async def test_nobody_learns_who_bids_before_the_result(market: Market) -> None:
    auction, seller, (first, second) = await flow.start_auction(market)
    assert (await flow.bid(first, auction, START_FEN)).status_code == 201
    operator = await market.admin()
    known = {str(first.organisation_id), str(second.organisation_id)}
    for reader in (market.anonymous, seller, second, operator):
        for path in ("/auctions", f"/auctions/{auction['id']}", f"/auctions/{auction['id']}/bids"):
            answer = await reader.get(path)
            assert answer.status_code == 200
            assert not [one for one in known if one in answer.text], path
    numbers = {
        (await flow.read_auction(market, auction, reader))["my_number"]
        for reader in (first, second)
    }
    assert numbers == {1, 2}
    assert (await flow.read_auction(market, auction, seller))["my_number"] is None
    sold = await flow.close_auction(market, auction)
    assert sold["winner_id"] == str(first.organisation_id)
    record = await market.anonymous.get(f"/auctions/{auction['id']}/bids")
    assert str(first.organisation_id) not in record.text
    assert (
        str(second.organisation_id)
        not in (await market.anonymous.get(f"/auctions/{auction['id']}")).text
    )


async def test_a_refusal_says_why_and_what_would_be_valid_and_is_in_the_record(
    market: Market,
) -> None:
    auction, _, (first, second) = await flow.start_auction(market)
    await flow.bid(first, auction, START_FEN)
    low = await flow.bid(second, auction, START_FEN)
    assert low.status_code == 409
    assert low.headers["content-type"] == "application/problem+json"
    body = low.json()
    assert (body["code"], body["required_fen"]) == ("bid_too_low", START_FEN + STEP_FEN)
    assert (body["phase"], body["sequence"]) == ("open", 2)
    assert body["errors"][0]["field"] == "body.amount_fen"
    off = (await flow.bid(second, auction, START_FEN + STEP_FEN + 1)).json()
    assert (off["code"], off["required_fen"], off["increment_fen"]) == (
        "bid_off_step",
        START_FEN + STEP_FEN,
        STEP_FEN,
    )
    page = await market.anonymous.ok("GET", f"/auctions/{auction['id']}/bids")
    assert [(row["sequence"], row["accepted"], row["refusal"]) for row in page["items"]] == [
        (3, False, "bid_off_step"),
        (2, False, "bid_too_low"),
        (1, True, None),
    ]
    assert page["items"][1]["received_at"] == moment(body["server_time"]).isoformat().replace(
        "+00:00", "Z"
    )
    kept = await market.anonymous.ok("GET", f"/auctions/{auction['id']}/bids?accepted=true")
    assert [row["sequence"] for row in kept["items"]] == [1]
    now = await flow.read_auction(market, auction)
    assert (now["price_fen"], now["bid_count"], now["ends_at"]) == (
        START_FEN,
        1,
        auction["ends_at"],
    )


async def test_the_same_request_id_gets_the_same_answer_and_is_one_bid(market: Market) -> None:
    auction, _, (first, second) = await flow.start_auction(market)
    placed = await flow.bid(first, auction, START_FEN, "r-1")
    refused = await flow.bid(second, auction, START_FEN, "r-1")
    assert (placed.status_code, refused.status_code) == (201, 409)
    await flow.bid(second, auction, START_FEN + STEP_FEN, "r-2")
    for user, earlier in ((first, placed), (second, refused)):
        again = await flow.bid(user, auction, START_FEN, "r-1")
        assert again.status_code == earlier.status_code
        assert again.headers.get("location") == earlier.headers.get("location")
        assert again.json() | {"request_id": ""} == earlier.json() | {"request_id": ""}
    other = await flow.bid(first, auction, START_FEN + 2 * STEP_FEN, "r-1")
    assert (other.status_code, other.json()["code"]) == (422, "request_id_reused")
    assert await count(market, "bid") == 3
    await flow.close_auction(market, auction)
    late = await flow.bid(first, auction, START_FEN, "r-1")
    assert late.json() == placed.json()


async def test_only_numbered_bidders_bid_and_denials_write_nothing(market: Market) -> None:
    auction, seller, (first, _) = await flow.start_auction(market)
    outsider = await market.join("enterprise")
    operator = await market.admin()
    office = await market.join("registration_office")
    cases: list[tuple[User, int, str]] = [
        (market.anonymous, 401, "unauthenticated"),
        (seller, 403, "seller_may_not_bid"),
        (outsider, 403, "not_a_bidder"),
        (operator, 403, "role_required"),
        (office, 403, "role_required"),
    ]
    for user, status, code in cases:
        answer = await flow.bid(user, auction, START_FEN)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    reading = await first.ok("POST", "/auth/keys", {"name": "reader", "scopes": ["read"]})
    robot = User(market.client, reading["secret"], first.organisation_id)
    assert (await flow.bid(robot, auction, START_FEN)).json()["code"] == "scope_required"
    nowhere = await first.post(
        f"/auctions/{uuid4()}/bids", {"amount_fen": START_FEN, "request_id": "x"}
    )
    assert nowhere.status_code == 404
    assert await count(market, "bid") == 0
    bidders = await count(market, "auction_bidder")
    assert bidders == 2


async def test_a_broker_bids_for_its_client_under_a_mandate_and_both_are_recorded(
    market: Market,
) -> None:
    auction, _, (client, _) = await flow.start_auction(market)
    broker = await market.join("broker")
    broker.on_behalf_of = client.organisation_id
    assert (await flow.bid(broker, auction, START_FEN)).json()["code"] == "no_mandate"
    today = local_day(await flow.market_now(market))
    mandate = {
        "broker_id": str(broker.organisation_id),
        "scopes": ["trade"],
        "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=30)).isoformat(),
    }
    granted = await client.ok("POST", "/mandates", mandate)
    placed = await flow.bid(broker, auction, START_FEN)
    assert placed.status_code == 201, placed.text
    own = await flow.read_auction(market, auction, client)
    assert own["leading_number"] == own["my_number"] == placed.json()["number"]
    events = await rows(market, "SELECT bidder_id, mandate_id FROM bid")
    assert [tuple(map(str, row)) for row in events] == [
        (str(client.organisation_id), granted["id"])
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount_fen": -1, "request_id": "x"}, "body.amount_fen"),
        ({"amount_fen": 1.5, "request_id": "x"}, "body.amount_fen"),
        ({"amount_fen": "100", "request_id": "x"}, "body.amount_fen"),
        ({"amount_fen": 10**15 + 1, "request_id": "x"}, "body.amount_fen"),
        ({"amount_fen": 100, "request_id": ""}, "body.request_id"),
        ({"amount_fen": 100, "request_id": "x" * 65}, "body.request_id"),
        ({"amount_fen": 100, "request_id": "a\x00b"}, "body.request_id"),
        ({"amount_fen": 100}, "body.request_id"),
        ({"amount_fen": 100, "request_id": "x", "number": 1}, "body.number"),
    ],
)
async def test_a_malformed_bid_names_its_field(
    market: Market, body: dict[str, Any], field: str
) -> None:
    user = await market.join("enterprise", roles=["trader"])
    answer = await user.post(f"/auctions/{uuid4()}/bids", body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_tv_d5_bids_in_the_last_five_minutes_move_the_end(market: Market) -> None:
    auction, _, bidders = await flow.start_auction(market)
    start = moment(auction["ends_at"]) - timedelta(minutes=5, seconds=2)
    stopped = await flow.stop_clock(market, start)
    end = moment(auction["ends_at"])
    lead = end - stopped
    amount = START_FEN
    for place, (step, extends) in enumerate([(0, False), (60, True), (240, True)]):
        await flow.step_clock(market, step)
        now = await flow.market_now(market)
        placed = await flow.bid(bidders[place % 2], auction, amount)
        assert placed.status_code == 201
        body = placed.json()
        assert moment(body["received_at"]) == now
        expected = max(end, now + timedelta(seconds=300))
        assert (expected > end) == extends
        assert moment(body["ends_at_after"]) == expected
        end, amount = expected, body["min_next_fen"]
    assert lead > timedelta(minutes=5)
    await flow.step_clock(market, 300)
    assert await flow.market_now(market) == end
    late = await flow.bid(bidders[1], auction, amount)
    assert (late.status_code, late.json()["code"]) == (409, "auction_closed")
    assert (late.json()["required_fen"], late.json()["phase"]) == (None, "closing")
    assert (await flow.read_auction(market, auction))["phase"] == "closing"
    sold = await flow.close_auction(market, auction)
    assert sold["winner_id"] == str(bidders[0].organisation_id)
    assert sold["price_fen"] == START_FEN + 2 * STEP_FEN
    assert moment(sold["ends_at"]) == end
    assert sold["planned_end"] == auction["planned_end"]
    after = await flow.bid(bidders[1], auction, amount)
    assert (after.json()["code"], after.json()["phase"]) == ("auction_closed", "sold")
    assert await count(market, "bid") == 4


async def test_before_the_opening_bids_are_refused_and_recorded(market: Market) -> None:
    auction, _, (first, _) = await flow.start_auction(market, opens_after_minutes=120)
    assert (auction["state"], auction["phase"]) == ("scheduled", "scheduled")
    early = await flow.bid(first, auction, START_FEN, "early")
    assert (early.status_code, early.json()["code"]) == (409, "auction_not_open")
    assert (early.json()["required_fen"], early.json()["phase"]) == (START_FEN, "scheduled")
    await flow.stop_clock(market, moment(auction["opens_at"]) + timedelta(seconds=2))
    waiting = await flow.read_auction(market, auction)
    assert (waiting["state"], waiting["phase"]) == ("scheduled", "open")
    assert (await flow.bid(first, auction, START_FEN)).status_code == 201
    again = await flow.bid(first, auction, START_FEN, "early")
    assert again.json()["code"] == "auction_not_open"
    await market.settle()
    opened = await rows(
        market,
        "SELECT count(*) FROM audit_event WHERE object_id = :id AND action = 'auction.open'",
        id=auction["id"],
    )
    assert opened[0][0] == 1


async def test_a_platform_that_was_away_opens_and_closes_once_when_it_returns(
    market: Market,
) -> None:
    auction, _, (first, _) = await flow.start_auction(market)
    assert (await flow.bid(first, auction, START_FEN)).status_code == 201
    await market.advance(days=40)
    for _ in range(2):
        await market.settle()
    sold = await flow.read_auction(market, auction)
    assert (sold["state"], sold["ends_at"]) == ("sold", auction["ends_at"])
    assert moment(sold["decided_at"]) > moment(sold["ends_at"]) + timedelta(days=30)
    assert await count(market, "deal") == 1


async def test_scheduling_twice_makes_one_auction(market: Market) -> None:
    auction, _, _ = await flow.start_auction(market)
    async with market.sessions() as session, session.begin():
        for _ in range(2):
            await jobs.defer(session, "auctions.schedule", listing_id=auction["listing_id"])
    await market.settle()
    assert await count(market, "auction") == 1
    assert await count(market, "auction_bidder") == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE bid SET amount_fen = amount_fen + 1",
        "DELETE FROM bid",
        "TRUNCATE bid CASCADE",
        "UPDATE auction_bidder SET number = number + 10",
    ],
)
async def test_the_record_cannot_be_changed(market: Market, change: str) -> None:
    auction, _, (first, _) = await flow.start_auction(market)
    await flow.bid(first, auction, START_FEN)
    with pytest.raises(DBAPIError, match="append-only"):
        async with market.sessions() as session, session.begin():
            await session.execute(text(change))
    assert (await rows(market, "SELECT amount_fen FROM bid"))[0][0] == START_FEN


async def test_pages_of_auctions_and_bids_follow_the_cursor(market: Market) -> None:
    seller = await market.join("university")
    operator = await market.admin()
    bidder = await market.join("enterprise")
    listings = []
    for minutes in (300, 100, 200):
        listing = await flow.open_listing(market, seller, bidding_minutes=minutes, deposit_fen=0)
        await flow.qualify(market, operator, listing, bidder)
        listings.append(listing["id"])
    await flow.advance_to(market, listing["closes_at"])

    async def walk(path: str, name: str) -> list[Any]:
        seen: list[Any] = []
        cursor = ""
        while True:
            page = await bidder.ok("GET", f"{path}&limit=1{cursor}")
            seen += [row[name] for row in page["items"]]
            if page["next_cursor"] is None:
                return seen
            cursor = f"&cursor={page['next_cursor']}"

    mine = f"/auctions?mine=true&seller_id={seller.organisation_id}&state=open"
    newest = await walk(mine, "listing_id")
    assert sorted(newest) == sorted(listings)
    assert await walk(mine + "&sort=ending", "listing_id") == [
        listings[1],
        listings[2],
        listings[0],
    ]
    assert await walk("/auctions?state=sold", "listing_id") == []
    auction = await flow.auction_of(market, listing)
    for amount in (START_FEN, START_FEN, START_FEN + STEP_FEN):
        await flow.bid(bidder, auction, amount)
    assert await walk(f"/auctions/{auction['id']}/bids?", "sequence") == [3, 2, 1]
    for path in (mine + "&sort=ending", f"/auctions/{auction['id']}/bids?"):
        bad = await bidder.get(f"{path}&cursor=WyJ4Il0")
        assert (bad.status_code, bad.json()["code"]) == (400, "bad_cursor")
    assert (await market.anonymous.get("/auctions?mine=true")).status_code == 401
    assert (await market.anonymous.get(f"/auctions/{uuid4()}/bids")).status_code == 404
    assert (await market.anonymous.get(f"/auctions/{auction['id']}/bids/9")).status_code == 404
