"""Opening sealed auctions over HTTP by officers, two of three of whom open together."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from nacl.public import PrivateKey

from app.auctions import sealing
from app.kit.opening import new_key_file, read_private_key
from app.kit.settings import Settings
from tests.auctions import plans
from tests.auctions.plans import Sale, event
from tests.flow import START_FEN, STEP_FEN
from tests.market import Market, User

OFFICERS = ("王芳", "李强", "赵敏")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Three officers open; their keys are in files that the service does not have."""
    keys = {name: new_key_file(tmp_path / f"{name}.json") for name in OFFICERS}
    return Settings(
        mode="sandbox",
        data_dir=tmp_path,
        opening_officers=",".join(f"{name}={key}" for name, key in keys.items()),
        opening_threshold=2,
        _env_file=None,
    )


def share_of(market: Market, custody: dict[str, Any], officer: str) -> dict[str, Any]:
    """What `techmarket opening-key open-share` prints for an officer."""
    key = read_private_key(market.settings.data_dir / f"{officer}.json")
    opened = sealing.open_share(custody, key)
    return {
        "kind": "share",
        "auction_id": str(opened.auction_id),
        "not_before": opened.not_before.isoformat(),
        "officer": opened.officer,
        "index": opened.index,
        "share": opened.share,
    }


async def refused(user: User, sale: Sale, body: dict[str, Any]) -> tuple[int, str, str]:
    answer = await user.post(f"/auctions/{sale.id}/opening", body)
    problem = answer.json()
    return answer.status_code, problem["code"], problem["detail"]


async def nothing_opened(market: Market) -> list[Any]:
    return await plans.rows(
        market,
        "SELECT 'share' FROM opening_share UNION ALL SELECT 'bid' FROM opened_bid"
        " UNION ALL SELECT kind FROM auction_event WHERE kind = 'unsealed'",
    )


async def test_two_of_three_officers_open_and_everything_else_is_refused(market: Market) -> None:
    reserve = START_FEN + 2 * STEP_FEN
    terms = {"rounds": 1, "turn_s": 60}
    other = await plans.held(market, "sealed_once", bidders=1, bidding_minutes=30 * 24 * 60)
    sale = await plans.held(market, "multi_round", terms, reserve_fen=reserve)
    operator, regulator = await market.admin(), await market.join("regulator")
    path = f"/auctions/{sale.id}/opening"
    await sale.bid(1, START_FEN + STEP_FEN)
    await sale.bid(2, START_FEN)
    held = await operator.ok("GET", path)
    custody = held["custody"]
    assert (custody["custody"], custody["threshold"], held["officers_in"]) == ("officers", 2, [])
    first, second, third = (share_of(market, custody, name) for name in OFFICERS)
    status, code, detail = await refused(operator, sale, first)
    assert (status, code) == (409, "not_awaiting_opening")
    assert "state open" in detail

    waiting = await sale.close()
    assert (waiting["state"], waiting["phase"]) == ("opening", "opening")
    assert (await sale.refused(2, START_FEN + 2 * STEP_FEN))["code"] == "auction_closed"
    assert (await market.anonymous.get(f"/auctions/{sale.id}/record")).status_code == 409
    assert (await sale.seller.post(path, first)).status_code == 403
    foreign = share_of(
        market, (await operator.ok("GET", f"/auctions/{other.id}/opening"))["custody"], OFFICERS[0]
    )
    stranger = PrivateKey.generate().encode().hex()
    key = {"kind": "auction_key", "auction_id": sale.id, "not_before": first["not_before"]}
    reading = await operator.ok("POST", "/auth/keys", {"name": "reader", "scopes": ["read"]})
    robot = User(market.client, reading["secret"], operator.organisation_id)
    wrong: list[tuple[User, dict[str, Any], int, str, str]] = [
        (robot, first, 403, "scope_required", "trade"),
        (operator, foreign, 422, "wrong_opening_key", other.id),
        (operator, first | {"share": second["share"]}, 422, "wrong_opening_key", OFFICERS[0]),
        (operator, first | {"officer": "外人"}, 422, "wrong_opening_key", "外人"),
        (operator, key | {"private_key": stranger}, 422, "wrong_opening_key", "private half"),
    ]
    for user, body, status, code, reason in wrong:
        found = await refused(user, sale, body)
        assert found[:2] == (status, code)
        assert reason in found[2], found
    assert await nothing_opened(market) == []

    half = await operator.ok("POST", path, first)
    assert (half["state"], half["officers_in"]) == ("opening", [OFFICERS[0]])
    twice = await refused(regulator, sale, first)
    assert (twice[0], "already" in twice[2]) == (422, True)
    assert [row[0] for row in await nothing_opened(market)] == ["share"]
    opened = await regulator.ok("POST", path, third)
    assert (opened["state"], opened["officers_in"]) == ("open", [OFFICERS[0], OFFICERS[2]])
    assert (await refused(operator, sale, second))[1] == "not_awaiting_opening"

    # One round is held after the opening, from the worst offer on.
    turns = await sale.read()
    assert (turns["phase_name"], turns["turns"]) == ("round_1", [2, 1])
    await sale.bid(2, reserve)
    sold = await sale.close()
    assert (sold["state"], sold["price_fen"], sold["leading_number"]) == ("sold", reserve, 2)
    record = await sale.record()
    assert event(record, "sold")["reserve"]["reserve_fen"] == reserve
    noted = await plans.rows(
        market, "SELECT count(*) FROM audit_event WHERE action = 'auction.share'"
    )
    assert noted[0][0] == 2


async def test_the_key_that_officers_rebuilt_themselves_opens_too(market: Market) -> None:
    sale = await plans.held(market, "sealed_once", bidders=1)
    await sale.bid(1, START_FEN)
    await sale.close()
    operator = await market.admin()
    path = f"/auctions/{sale.id}/opening"
    custody = (await operator.ok("GET", path))["custody"]
    keys = [read_private_key(market.settings.data_dir / f"{name}.json") for name in OFFICERS[:2]]
    key = sealing.rebuild(custody, [sealing.open_share(custody, one) for one in keys])
    body = {
        "kind": "auction_key",
        "auction_id": sale.id,
        "not_before": key.not_before.isoformat(),
        "private_key": key.private_key,
    }
    done = await operator.ok("POST", path, body)
    assert done["state"] == "sold"
    record = await sale.record()
    assert event(record, "unsealed")["opening_key"] == key.private_key
    assert (await refused(operator, sale, body))[1] == "not_awaiting_opening"
    assert (await operator.get(f"/auctions/{uuid4()}/opening")).status_code == 404
