"""The price of a deal through the platform's account: paid in, paid out, and what is refused."""

from typing import Any
from uuid import UUID

import pytest

from app.deals import payments, repository, rules
from app.deals.errors import CommissionTooHigh
from app.kit.actor import SYSTEM
from tests import flow
from tests.contracts.trades import rows
from tests.ledger.books import books
from tests.listings.test_deposits import SETTLEMENT, refunds_of, sums
from tests.market import Market, User

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


async def paid_in(market: Market) -> tuple[dict[str, Any], User, User, dict[str, Any]]:
    """A contracted deal whose whole price is on the platform's account; seller, buyer, contract."""
    admin = await market.admin()
    await admin.ok("PUT", "/ledger/settlement-account", SETTLEMENT)
    deal, seller, buyer = await flow.conclude_deal(market)
    contract = await flow.contract_of(market, deal, seller, buyer)
    asked = await buyer.ok("POST", f"/deals/{deal['id']}/payment")
    [own] = (await buyer.ok("GET", f"/listings/{deal['listing_id']}/applications"))["items"]
    await flow.tell_bank(
        market,
        [
            flow.paid(asked["amount_fen"], asked["reference"]),
            flow.paid(flow.DEPOSIT_FEN, own["deposit"]["reference"]),
        ],
    )
    assert (await sums(market))["price"] == deal["price_fen"]
    return deal, seller, buyer, contract


async def end_by_agreement(contract: dict[str, Any], seller: User, buyer: User) -> None:
    """Both parties sign that their contract ends."""
    path = f"/contracts/{contract['id']}/amendments"
    made = await seller.ok("POST", path, {"kind": "termination", "reason": "双方协商解除"})
    for party in (seller, buyer):
        text = {"text_sha256": made["text_sha256"]}
        await party.ok("POST", f"{path}/{made['number']}/sign", text)


async def test_the_price_of_a_terminated_deal_goes_back_by_itself_and_once(market: Market) -> None:
    """民法典 566: what was performed is given back when a contract is ended."""
    deal, seller, buyer, contract = await paid_in(market)
    admin, path = await market.admin(), f"/deals/{deal['id']}"
    await end_by_agreement(contract, seller, buyer)
    ended = await buyer.ok("GET", path)
    assert (ended["state"], ended["price_return"]) == ("terminated", "owed")
    assert (await market.anonymous.get(path)).status_code == 404
    back = [one for one in await refunds_of(buyer) if one[2] == "deal_ended"]
    assert sorted(fen for _, fen, _ in back) == [
        flow.DEPOSIT_FEN,
        deal["price_fen"] - flow.DEPOSIT_FEN,
    ]
    settled = await admin.post(f"{path}/settlement", {})
    assert (settled.status_code, settled.json()["code"]) == (409, "deal_not_contracted")
    resolved = await admin.post(f"{path}/price-return", {"reason": "x"})
    assert (resolved.status_code, resolved.json()["code"]) == (409, "illegal_move")
    async with market.sessions() as session, session.begin():
        row = await repository.deal(session, UUID(deal["id"]), lock=True)
        assert row is not None
        await payments.give_back(session, SYSTEM, row, row.ended_at or row.concluded_at)
    await market.settle()
    after = [one for one in await refunds_of(buyer) if one[2] == "deal_ended"]
    assert [state for state, _, _ in after] == ["ordered", "ordered"]
    found = await sums(market)
    assert ("price" in found, found["refund_ordered"]) == (False, deal["price_fen"])
    listing = await market.anonymous.ok("GET", f"/listings/{deal['listing_id']}")
    assert listing["state"] == "failed"


async def test_a_price_that_was_paid_out_before_is_an_operators_to_follow(market: Market) -> None:
    deal, seller, buyer, contract = await paid_in(market)
    admin, path = await market.admin(), f"/deals/{deal['id']}"
    await admin.ok("POST", f"{path}/settlement", {})
    await end_by_agreement(contract, seller, buyer)
    assert (await buyer.ok("GET", path))["price_return"] == "by_hand"
    assert "deal_ended" not in [reason for _, _, reason in await refunds_of(buyer)]
    [waiting] = (await admin.ok("GET", "/deals?price_return=by_hand"))["items"]
    assert waiting["id"] == deal["id"]
    assert (await buyer.get("/deals?price_return=by_hand")).status_code == 404
    before = await rows(market, "deal", "ledger_entry", "audit_event")
    assert (await seller.post(f"{path}/price-return", {"reason": "x"})).status_code == 403
    assert await rows(market, "deal", "ledger_entry", "audit_event") == before
    body = {"reason": "转让方已直接退还,凭证 0042"}
    assert (await admin.ok("POST", f"{path}/price-return", body))["price_return"] == "resolved"
    assert (await admin.ok("GET", "/deals?price_return=by_hand"))["items"] == []
    again = await admin.post(f"{path}/price-return", body)
    assert (again.status_code, again.json()["code"]) == (409, "illegal_move")


async def test_after_a_default_the_deposit_is_forfeited_and_the_rest_goes_back(
    market: Market,
) -> None:
    """法释〔2016〕18号 art. 24: the deposit stays, and pays for the commissions first."""
    deal, _, buyer, contract = await paid_in(market)
    admin = await market.admin()
    body = {"reason": "拒不受领", "commissions_fen": 7}
    await admin.ok("POST", f"/deals/{deal['id']}/default", body)
    await market.settle()
    assert (await buyer.ok("GET", f"/contracts/{contract['id']}"))["state"] == "terminated"
    [back] = [one for one in await refunds_of(buyer) if one[2] == "deal_ended"]
    assert back[:2] == ("ordered", deal["price_fen"] - flow.DEPOSIT_FEN)
    found = await sums(market)
    assert (found["commission"], found["forfeited"]) == (7, flow.DEPOSIT_FEN - 7)
    assert "price" not in found
    assert "receivable" not in found


async def test_an_annulled_auction_gives_the_whole_price_back(market: Market) -> None:
    """法释〔2016〕18号 art. 31: the sale is undone, and nobody is at fault by that alone."""
    deal, _, buyer, _ = await paid_in(market)
    admin = await market.admin()
    await admin.ok("POST", f"/auctions/{deal['auction_id']}/annul", {"reason": "系统故障"})
    await market.settle()
    assert (await buyer.ok("GET", f"/deals/{deal['id']}"))["state"] == "terminated"
    found = await sums(market)
    assert found["refund_ordered"] >= deal["price_fen"]
    assert not {"price", "forfeited", "commission"} & found.keys()
