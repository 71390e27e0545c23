"""Screening runs over real auctions of the market, and what regulators do with flags."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.kit.calendar import local_day
from tests import flow
from tests.market import Market, User


async def contest(
    market: Market, seller: User, winner: User, *others: User, **terms: Any
) -> dict[str, Any]:
    """A decided auction in which every one of these bids, the winner last."""
    operator = await market.admin()
    listing = await flow.open_listing(market, seller, **terms)
    for bidder in (*others, winner):
        await flow.qualify(market, operator, listing, bidder)
    auction = await flow.open_auction(market, listing)
    amount = auction["min_next_fen"]
    for bidder in (*others, winner):
        placed = await flow.bid(bidder, auction, amount)
        assert placed.status_code == 201, placed.text
        amount = placed.json()["min_next_fen"]
    return await flow.close_auction(market, auction)


async def period(market: Market, days: int = 365) -> dict[str, str]:
    """The days up to today."""
    today = local_day(await flow.market_now(market))
    return {
        "period_from": (today - timedelta(days=days)).isoformat(),
        "period_until": today.isoformat(),
    }


async def flags(regulator: User, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await regulator.ok("GET", f"/screening/flags{query}"))["items"]
    return items


async def mandate(market: Market, client: User, broker: User) -> User:
    """The broker as the client's agent."""
    today = local_day(await flow.market_now(market))
    await client.ok(
        "POST",
        "/mandates",
        {
            "broker_id": str(broker.organisation_id),
            "scopes": ["trade"],
            "valid_from": today.isoformat(),
            "valid_until": (today + timedelta(days=300)).isoformat(),
        },
    )
    return User(
        market.client,
        broker.token,
        broker.organisation_id,
        broker.person_id,
        on_behalf_of=client.organisation_id,
    )


async def set_device(market: Market, auction_id: str, device: str) -> None:
    """Give every bid of an auction the same device; only with the trigger off can this be done."""
    async with market.sessions() as session, session.begin():
        await session.execute(text("ALTER TABLE bid DISABLE TRIGGER bid_append_only"))
        await session.execute(
            text("UPDATE bid SET device = :device WHERE auction_id = :id"),
            {"device": device, "id": auction_id},
        )
        await session.execute(text("ALTER TABLE bid ENABLE TRIGGER bid_append_only"))


async def test_bidders_that_belong_together_are_flagged_once_and_decided_on(
    market: Market,
) -> None:
    seller, regulator, broker = [
        await market.join(kind) for kind in ("university", "regulator", "broker")
    ]
    first, second = await market.join("enterprise"), await market.join("enterprise")
    agents = [await mandate(market, client, broker) for client in (first, second)]
    relation = await first.ok(
        "POST",
        f"/organisations/{first.organisation_id}/relations",
        {
            "kind": "controls",
            "other_id": str(second.organisation_id),
            "valid_from": "2020-01-01",
            "evidence": "持股 80%",
        },
    )
    auction = await contest(market, seller, *agents)
    await set_device(market, auction["id"], "d1")
    path = f"/organisations/{first.organisation_id}/relations/{relation['id']}"
    await first.ok("DELETE", path)
    body = await period(market)
    run = await regulator.ok("POST", "/screening/runs", body)
    assert (run["auctions"], run["found"], run["raised"]) == (1, 3, 3)
    found = await flags(regulator)
    assert {flag["screen"] for flag in found} == {
        "shared_control",
        "shared_device",
        "shared_agent",
    }
    bidders = sorted([str(first.organisation_id), str(second.organisation_id)])
    for flag in found:
        assert flag["auctions"] == [auction["id"]]
        assert flag["bidders"] == bidders
        assert (flag["state"], flag["run_id"]) == ("open", run["run_id"])
        assert flag["evidence"]["zh"].endswith("。")
    by_screen = {flag["screen"]: flag for flag in found}
    assert by_screen["shared_control"]["evidence"]["facts"] == {"relations": [relation["id"]]}
    shared = by_screen["shared_agent"]["evidence"]["facts"]
    assert shared == {"agent": str(broker.organisation_id), "bids": dict.fromkeys(bidders, 1)}

    path = f"/screening/flags/{by_screen['shared_device']['id']}"
    decision = {"act": "dismiss", "reason": "同一代理机构办公地址"}
    decided = await regulator.ok("POST", f"{path}/decision", decision)
    assert (decided["state"], decided["reason"]) == ("dismissed", decision["reason"])
    assert decided["decided_by"] == str(regulator.person_id)
    again = await regulator.ok("POST", "/screening/runs", body)
    assert (again["found"], again["raised"]) == (3, 0)
    assert await regulator.ok("GET", path) == decided
    assert len(await flags(regulator, "?state=open")) == 2
    assert len(await flags(regulator, "?screen=shared_agent")) == 1
    assert len(await flags(regulator, f"?auction_id={auction['id']}")) == 3
    assert len(await flags(regulator, f"?bidder_id={first.organisation_id}")) == 3
    assert await flags(regulator, f"?bidder_id={seller.organisation_id}") == []
    referral = {"act": "refer", "reason": "发现新证据"}
    assert (await regulator.ok("POST", f"{path}/decision", referral))["state"] == "referred"
    stands = await regulator.post(f"{path}/decision", decision)
    assert (stands.status_code, stands.json()["code"]) == (409, "illegal_move")
    async with market.sessions() as session:
        rows = await session.execute(
            text("SELECT action, before, after FROM audit_event WHERE object_id = :id ORDER BY id"),
            {"id": decided["id"]},
        )
        history = [(row.action, row.after["state"]) for row in rows]
    assert history == [
        ("collusion_flag.raise", "open"),
        ("collusion_flag.dismiss", "dismissed"),
        ("collusion_flag.refer", "referred"),
    ]


async def test_enterprises_that_win_in_turn_are_flagged_as_a_group(market: Market) -> None:
    seller, regulator = await market.join("university"), await market.join("regulator")
    first, second, third = [await market.join("enterprise") for _ in range(3)]
    auctions = [
        await contest(market, seller, *pair)
        for pair in ((first, second), (second, first), (first, second), (second, first))
    ]
    await contest(market, seller, third, first)
    run = await regulator.ok("POST", "/screening/runs", await period(market))
    assert (run["auctions"], run["raised"]) == (5, 1)
    [flag] = await flags(regulator)
    assert (flag["screen"], flag["strength"]) == ("bid_rotation", 1.0)
    assert set(flag["auctions"]) == {auction["id"] for auction in auctions}
    assert set(flag["bidders"]) == {str(first.organisation_id), str(second.organisation_id)}
    assert flag["market"] == "new_energy_efficiency"


async def test_a_run_takes_the_auctions_of_its_days_alone(market: Market) -> None:
    seller, regulator = await market.join("university"), await market.join("regulator")
    auction = await contest(market, seller, *[await market.join("enterprise") for _ in range(2)])
    day = local_day(await flow.market_now(market))
    await market.advance(days=2)

    async def auctions(start: int, end: int) -> int:
        body = {
            "period_from": (day + timedelta(days=start)).isoformat(),
            "period_until": (day + timedelta(days=end)).isoformat(),
        }
        return int((await regulator.ok("POST", "/screening/runs", body))["auctions"])

    assert auction["decided_at"] is not None
    assert [await auctions(0, 0), await auctions(-9, -1), await auctions(1, 2)] == [1, 0, 0]


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (0, -1, "bad_screening_period"),
        (-1, 1, "bad_screening_period"),
        (-1099, 0, "bad_screening_period"),
        (-20_000, 0, "invalid_request"),
    ],
)
async def test_a_period_that_cannot_be_is_refused(
    market: Market, start: int, end: int, code: str
) -> None:
    regulator = await market.join("regulator")
    today = local_day(await flow.market_now(market))
    body = {
        "period_from": (today + timedelta(days=start)).isoformat(),
        "period_until": (today + timedelta(days=end)).isoformat(),
    }
    refused = await regulator.post("/screening/runs", body)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    async with market.sessions() as session:
        runs = await session.execute(
            text("SELECT count(*) FROM audit_event WHERE action = 'screening.run'")
        )
        assert runs.scalar_one() == 0


async def test_the_database_asks_for_a_reason_and_knows_a_pattern_once(market: Market) -> None:
    insert = text(
        "INSERT INTO collusion_flag (id, run_id, fingerprint, screen, rule_set, period_from,"
        " period_until, market, auctions, bidders, strength, threshold, evidence) VALUES"
        " (uuidv7(), uuidv7(), 'same', 'bid_rotation', 'SCREENS_1', '2026-01-01', '2026-01-01',"
        " 'm', :auctions, :bidders, 1, 1, '{}')"
    )
    pair = {"auctions": [UUID(int=1)], "bidders": [UUID(int=2), UUID(int=3)]}
    async with market.sessions() as session, session.begin():
        await session.execute(insert, pair)
    for statement, values, constraint in (
        (insert, pair, "uq_collusion_flag_fingerprint"),
        (insert, pair | {"bidders": [UUID(int=2)]}, "ck_collusion_flag_concerns"),
        (
            text("UPDATE collusion_flag SET state = 'dismissed'"),
            {},
            "ck_collusion_flag_decision",
        ),
    ):
        with pytest.raises(IntegrityError, match=constraint):
            async with market.sessions() as session, session.begin():
                await session.execute(statement, values)
