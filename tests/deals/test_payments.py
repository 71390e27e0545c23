"""The price of a deal through the platform's account: paid in, paid out, and what is refused."""

from typing import Any

import pytest

from app.deals import rules
from app.deals.errors import CommissionTooHigh
from tests import flow
from tests.ledger.books import books
from tests.listings.test_deposits import SETTLEMENT, refunds_of, sums
from tests.market import Market

RULES = rules.RULE_SETS[0]
PAY_TO = {"number": "6222020200998877665", "name": "某大学"}


def test_tv_d3_without_an_agreement_a_commission_is_five_percent_at_most() -> None:
    price, limit = 320_500_000, 16_025_000
    rules.check_commission(price, limit, None, RULES)
    rules.check_commission(price, limit + 1, "委托合同第 6 条", RULES)
    with pytest.raises(CommissionTooHigh) as refused:
        rules.check_commission(price, limit + 1, None, RULES)
    assert refused.value.facts["limit_fen"] == limit


async def test_a_price_is_paid_in_and_paid_out_once(market: Market) -> None:
    admin = await market.admin()
    await admin.ok("PUT", "/ledger/settlement-account", SETTLEMENT)
    deal, seller, buyer = await flow.conclude_deal(market)
    path = f"/deals/{deal['id']}"
    early = await buyer.post(f"{path}/payment")
    assert (early.status_code, early.json()["code"]) == (409, "deal_not_contracted")
    await flow.contract_of(market, deal, seller, buyer)
    asked = await buyer.ok("POST", f"{path}/payment")
    assert asked["amount_fen"] == deal["price_fen"] - flow.DEPOSIT_FEN
    assert await buyer.ok("POST", f"{path}/payment") == asked
    assert (await seller.post(f"{path}/payment")).status_code == 404
    await flow.tell_bank(market, [flow.paid(asked["amount_fen"], asked["reference"])])
    assert (await sums(market))["price"] == deal["price_fen"]
    too_much: dict[str, Any] = {"commission_fen": deal["price_fen"] // 20 + 1}
    refused = await admin.post(f"{path}/settlement", too_much)
    assert (refused.status_code, refused.json()["code"]) == (422, "commission_too_high")
    vouched = await admin.post(f"{path}/settlement", {})
    assert (vouched.status_code, vouched.json()["code"]) == (409, "not_shown_by_bank")
    applications = f"/listings/{deal['listing_id']}/applications"
    [own] = (await buyer.ok("GET", applications))["items"]
    await flow.tell_bank(market, [flow.paid(flow.DEPOSIT_FEN, own["deposit"]["reference"])])
    before = (await sums(market)).get("refund_due", 0)
    settled = await admin.ok("POST", f"{path}/settlement", {"commission_fen": 1_000_000})
    assert settled["settled_at"] is not None
    again = await admin.post(f"{path}/settlement", {})
    assert (again.status_code, again.json()["code"]) == (409, "deal_already_settled")
    paid_out = deal["price_fen"] - 1_000_000
    assert await refunds_of(seller) == [("due", paid_out, "price")]
    found = await sums(market)
    assert (found["commission"], found["refund_due"] - before) == (1_000_000, paid_out)
    # The seller names an account, and the payout is ordered.
    await seller.ok("PUT", "/ledger/refund-account", PAY_TO)
    await market.settle()
    assert await refunds_of(seller) == [("ordered", paid_out, "price")]
    changes = await seller.ok("GET", "/feed", params={"mine": True, "kind": "deal", "limit": 1000})
    assert [one["act"] for one in changes["items"]][-1] == "settle"
    public = await market.anonymous.ok("GET", "/feed", params={"kind": "deal", "limit": 1000})
    assert "settle" not in [one["act"] for one in public["items"]]
    async with market.sessions() as session:
        assert (await books(session)).wrong == []


async def test_commissions_of_a_default_come_out_of_the_deposit(market: Market) -> None:
    admin = await market.admin()
    deal, _, buyer = await flow.conclude_deal(market)
    held = flow.DEPOSIT_FEN
    body = {"reason": "逾期未签约", "commissions_fen": held - 5}
    await admin.ok("POST", f"/deals/{deal['id']}/default", body)
    found = await sums(market)
    assert (found["commission"], found["forfeited"]) == (held - 5, 5)
    assert "held" not in found
    assert await refunds_of(buyer) == []
