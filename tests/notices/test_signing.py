"""A negotiated price is contracted after its notice took effect; the database asks it too."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests import flow
from tests.contracts.trades import Trade, concluded, rows
from tests.market import Market
from tests.notices.posted import PROCEDURE, objected

PRICE = 123_456_789


async def negotiated(market: Market, **options: Any) -> Trade:
    """A deal by negotiation whose contract is open for signing."""
    trade = await concluded(market, method="negotiation", price_fen=PRICE, **options)
    await trade.seller.ok("POST", trade.path + "/propose")
    return trade


async def noticed(trade: Trade, **change: Any) -> dict[str, Any]:
    """The published notice of the deal."""
    contract = await trade.contract()
    body = {
        "achievement_id": contract["achievement_id"],
        "transfer_mode": "assign",
        "price_fen": PRICE,
        "taker_id": str(trade.buyer.organisation_id),
        "objection_procedure": PROCEDURE,
    } | change
    made = await trade.seller.ok("POST", "/notices", body)
    shown: dict[str, Any] = await trade.seller.ok("POST", f"/notices/{made['id']}/publish")
    return shown


async def refused(market: Market, trade: Trade) -> dict[str, Any]:
    """The refusal of a signature, which writes nothing."""
    tables = ("contract", "contract_signature", "deal", "audit_event")
    before = await rows(market, *tables)
    contract = await trade.contract()
    body = {"text_sha256": contract["text_sha256"]}
    response = await trade.seller.post(trade.path + "/sign", body)
    assert (response.status_code, response.json()["code"]) == (409, "notice_not_effective")
    assert await rows(market, *tables) == before
    problem: dict[str, Any] = response.json()
    return problem


async def test_a_contract_is_signed_after_its_notice_took_effect(market: Market) -> None:
    trade = await negotiated(market)
    assert "notice_id" not in await refused(market, trade)
    await noticed(trade, price_fen=PRICE - 1)
    assert "notice_id" not in await refused(market, trade)
    notice = await noticed(trade)
    problem = await refused(market, trade)
    assert (problem["notice_id"], problem["notice_state"]) == (notice["id"], "published")
    objection = await objected(trade.buyer, notice)
    await market.advance(days=60)
    assert (await refused(market, trade))["notice_state"] == "suspended"
    path = f"/notices/{notice['id']}"
    decision = {"act": "reject", "reason": "不成立"}
    await trade.seller.ok("POST", f"{path}/objections/{objection['id']}/decision", decision)
    await flow.advance_to(market, (await trade.seller.ok("GET", path))["ends_at"])
    assert (await trade.sign(trade.seller, trade.buyer))["state"] == "signed"


async def test_a_notice_that_was_republished_lets_nobody_sign(market: Market) -> None:
    trade = await negotiated(market)
    notice = await noticed(trade)
    await flow.advance_to(market, notice["ends_at"])
    await trade.seller.ok("POST", f"/notices/{notice['id']}/republish", {"title": "改名"})
    assert (await refused(market, trade))["notice_state"] == "published"


async def test_an_enterprise_that_negotiates_and_a_price_found_in_public_need_no_notice(
    market: Market,
) -> None:
    private = await negotiated(market, seller=await market.join("enterprise"))
    assert (await private.sign(private.seller, private.buyer))["state"] == "signed"
    public = await concluded(market, price_fen=PRICE)
    assert (await public.conclude())["state"] == "signed"


async def test_the_database_refuses_a_signature_before_the_notice_took_effect(
    market: Market,
) -> None:
    trade = await negotiated(market)
    notice = await noticed(trade)
    insert = text(
        "INSERT INTO contract_signature (id, contract_id, party_id, person_id, text_version,"
        " text_sha256, signed_at) SELECT uuidv7(), id, seller_id, :person, text_version,"
        " text_sha256, market_now() FROM contract WHERE id = :id"
    )
    values = {"person": trade.seller.person_id, "id": trade.contract_id}
    async with market.sessions() as session:
        with pytest.raises(IntegrityError, match="has no notice in effect"):
            await session.execute(insert, values)
    await flow.advance_to(market, notice["ends_at"])
    async with market.sessions() as session:
        assert (await session.execute(insert, values)).rowcount == 1
