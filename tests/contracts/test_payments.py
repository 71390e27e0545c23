"""Payments received: one party records, the other one confirms."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.contracts import rules, service
from app.kit.calendar import local_day
from tests.contracts.trades import audited, concluded, rows
from tests.flow import market_now
from tests.market import Market

TABLES = ("contract_payment", "contract_payment_answer", "audit_event")


@pytest.mark.parametrize(
    ("base_fen", "rate_bp", "royalty_fen"),
    [(0, 500, 0), (100_000_000, 300, 3_000_000), (1, 4_999, 0), (1, 5_000, 1), (33_333, 150, 500)],
)
def test_a_royalty_is_rounded_half_up_once(base_fen: int, rate_bp: int, royalty_fen: int) -> None:
    assert rules.royalty(base_fen, rate_bp) == royalty_fen


async def test_a_payment_counts_when_the_other_party_confirms_it(market: Market) -> None:
    trade = await concluded(market)
    today = local_day(await market_now(market))
    paid = {
        "kind": "upfront",
        "amount_fen": 100_000_000,
        "received_on": today.isoformat(),
        "invoice_number": "25117000000012345678",
    }
    path = trade.path + "/payments"
    early = await trade.seller.post(path, paid)
    assert (early.status_code, early.json()["code"]) == (409, "contract_not_in_force")
    await trade.conclude()
    before = await rows(market, *TABLES)
    tomorrow = paid | {"received_on": (today + timedelta(days=1)).isoformat()}
    for body, status, code in (
        (tomorrow, 422, "payment_in_future"),
        (paid | {"royalty_report_id": trade.deal_id}, 422, "royalty_report_unknown"),
        (paid | {"amount_fen": 0}, 422, "invalid_request"),
    ):
        refused = await trade.seller.post(path, body)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert await rows(market, *TABLES) == before
    first = await trade.seller.ok("POST", path, paid)
    second = await trade.buyer.ok("POST", path, paid | {"kind": "other", "amount_fen": 5})
    assert (first["confirmed"], second["confirmed"]) == (None, None)
    answer = f"{path}/{first['id']}/answer"
    own = await trade.seller.post(answer, {"confirmed": True})
    assert (own.status_code, own.json()["code"]) == (409, "other_party_acts")
    mute = await trade.buyer.post(answer, {"confirmed": False})
    assert (mute.status_code, mute.json()["code"]) == (422, "reason_missing")
    confirmed = await trade.buyer.ok("POST", answer, {"confirmed": True})
    assert confirmed["confirmed"] is True
    again = await trade.buyer.post(answer, {"confirmed": True})
    assert (again.status_code, again.json()["code"]) == (409, "payment_answered")
    denied = {"confirmed": False, "reason": "未收到该笔款项"}
    await trade.seller.ok("POST", f"{path}/{second['id']}/answer", denied)
    async with market.sessions() as session:
        [counted] = await service.payments_received(session, UUID(trade.contract_id))
    assert (str(counted.id), counted.kind, counted.amount_fen) == (
        first["id"],
        "upfront",
        100_000_000,
    )
    assert (counted.received_on, counted.invoice_number) == (today, paid["invoice_number"])
    shown = await trade.buyer.ok("GET", path)
    assert [row["confirmed"] for row in shown] == [True, False]
    assert (await audited(market, trade.contract_id))[-4:] == [
        "contract.record_payment",
        "contract.record_payment",
        "contract.confirm_payment",
        "contract.deny_payment",
    ]
    stranger = await market.join("enterprise")
    assert (await stranger.get(path)).status_code == 404
    async with market.sessions() as session:
        for change in (
            "UPDATE contract_payment SET amount_fen = 1",
            "DELETE FROM contract_payment_answer",
        ):
            with pytest.raises(DBAPIError):
                await session.execute(text(change))
            await session.rollback()
