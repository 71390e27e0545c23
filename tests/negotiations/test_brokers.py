"""Brokers negotiate for clients with an API key and a mandate; conflicts and commissions."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests import flow
from tests.contracts.trades import rows
from tests.listings.test_deposits import sums
from tests.market import Market, User
from tests.negotiations.test_negotiations import PRICE, talks


async def engaged(market: Market, client: User, broker: User) -> tuple[User, dict[str, Any]]:
    """The broker with an API key, acting for the client; and the mandate."""
    mandate = await flow.grant_mandate(market, client, broker)
    key = await broker.ok("POST", "/auth/keys", {"name": "bot", "scopes": ["read", "trade"]})
    return replace(broker, token=key["secret"], on_behalf_of=client.organisation_id), mandate


async def test_a_broker_negotiates_by_key_and_mandate_and_earns_what_was_agreed(
    market: Market,
) -> None:
    seller, buyer = await market.join("university"), await market.join("enterprise")
    broker = await market.join("broker")
    machine, mandate = await engaged(market, buyer, broker)
    body = {"mandate_id": mandate["id"], "rate_bp": 300, "cap_fen": 5_000_000}
    own = await machine.post("/commission-agreements", body)
    assert (own.status_code, own.json()["code"]) == (403, "not_the_client")
    proposed = await buyer.ok("POST", "/commission-agreements", body)
    path = f"/commission-agreements/{proposed['id']}/accept"
    assert (await buyer.post(path)).status_code == 404
    await broker.ok("POST", path)
    assert (await broker.post(path)).json()["code"] == "commission_accepted"
    listing = await flow.open_listing(market, seller, negotiation="open")
    made = await machine.ok("POST", "/negotiations", {"listing_id": listing["id"]})
    assert made["buyer_id"] == str(buyer.organisation_id)
    assert made["buyer_broker_id"] == str(broker.organisation_id)
    offer = await flow.offer(machine, made, PRICE)
    assert offer["by_broker"] is True
    await seller.ok("POST", f"/negotiations/{made['id']}/accept", {"offer_id": offer["id"]})
    await market.settle()
    for reader in (buyer, broker):
        [promised] = (await reader.ok("GET", "/commissions"))["items"]
        assert (promised["amount_fen"], promised["price_fen"]) == (5_000_000, PRICE)
        assert (promised["state"], promised["earned_at"]) == ("pending", None)
    assert (await seller.ok("GET", "/commissions"))["items"] == []
    # 司法解释 40: a deal that ends without a contract leaves no commission, and nothing is booked.
    deal = promised["deal_id"]
    operator = await market.admin()
    await operator.ok("POST", f"/deals/{deal}/cancel", {"reason": "转让方撤回"})
    [lapsed] = (await broker.ok("GET", "/commissions"))["items"]
    assert (lapsed["state"], lapsed["earned_at"]) == ("lapsed", None)
    refused = await broker.post(f"/commissions/{lapsed['id']}/received")
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_move")
    assert await sums(market) == {}


async def brokered(market: Market) -> tuple[dict[str, Any], dict[str, User]]:
    """A negotiated deal between two enterprises, each with a broker; the seller's has a rate."""
    who = {
        "seller": await market.join("enterprise"),
        "buyer": await market.join("enterprise"),
        "sellers_broker": await market.join("broker"),
        "buyers_broker": await market.join("broker"),
    }
    for_seller, mandate = await engaged(market, who["seller"], who["sellers_broker"])
    for_buyer, _ = await engaged(market, who["buyer"], who["buyers_broker"])
    terms = {"mandate_id": mandate["id"], "rate_bp": 300}
    agreed = await who["seller"].ok("POST", "/commission-agreements", terms)
    await who["sellers_broker"].ok("POST", f"/commission-agreements/{agreed['id']}/accept")
    listing = await flow.open_listing(market, who["seller"], negotiation="open")
    made = await for_buyer.ok("POST", "/negotiations", {"listing_id": listing["id"]})
    offer = await flow.offer(for_buyer, made, PRICE)
    path = f"/negotiations/{made['id']}/accept"
    await for_seller.ok("POST", path, {"offer_id": offer["id"]})
    await market.settle()
    [deal] = (await market.anonymous.ok("GET", f"/deals?listing_id={listing['id']}"))["items"]
    return deal, who


async def own(user: User) -> dict[str, Any]:
    """The one commission that a user earns or owes."""
    [found] = (await user.ok("GET", "/commissions"))["items"]
    return dict(found)


async def test_a_commission_is_earned_when_the_contract_is_concluded(market: Market) -> None:
    """rules.md 9.2: earned only when the technology contract is concluded."""
    deal, who = await brokered(market)
    seller, buyer, broker = who["seller"], who["buyer"], who["sellers_broker"]
    assert (await own(broker))["state"] == "pending"
    assert await sums(market) == {}
    await flow.contract_of(market, deal, seller, buyer)
    earned = await own(broker)
    assert (earned["state"], earned["basis"]) == ("earned", "agreement")
    assert (earned["amount_fen"], earned["share_bp"]) == (PRICE * 3 // 100, 10_000)
    assert await sums(market) == {
        "broker_charge": -earned["amount_fen"],
        "broker_fee": earned["amount_fen"],
    }
    early = await who["buyers_broker"].post(
        f"/commissions/{(await own(who['buyers_broker']))['id']}/received"
    )
    assert (early.status_code, early.json()["code"]) == (409, "fee_amount_open")
    assert (await own(who["buyers_broker"]))["state"] == "earned"
    assert (await buyer.post(f"/commissions/{earned['id']}/received")).status_code == 404
    paid = await broker.ok("POST", f"/commissions/{earned['id']}/received")
    assert paid["state"] == "paid"
    assert await sums(market) == {}
    # A default after the contract takes nothing away: the broker did its part.
    operator = await market.admin()
    await operator.ok("POST", f"/deals/{deal['id']}/default", {"reason": "逾期未付款"})
    assert (await own(who["buyers_broker"]))["state"] == "earned"
    for change in ("amount_fen = 1", "state = 'pending'", "client_id = broker_id"):
        async with market.sessions() as session:
            with pytest.raises(DBAPIError, match=r"what commission .* says stands"):
                await session.execute(text(f"UPDATE commission SET {change} WHERE state = 'paid'"))


async def test_a_reasonable_fee_is_claimed_by_the_broker_and_agreed_to_by_its_client(
    market: Market,
) -> None:
    """司法解释 39: where no amount was agreed on the client pays a reasonable one."""
    deal, who = await brokered(market)
    buyer, broker = who["buyer"], who["buyers_broker"]
    path = f"/commissions/{(await own(broker))['id']}"
    claim = {"fee_fen": 3_000_001, "grounds": "尽职调查与三轮谈判"}
    early = await broker.post(f"{path}/claim", claim)
    assert (early.status_code, early.json()["code"]) == (409, "fee_not_open")
    await flow.contract_of(market, deal, who["seller"], buyer)
    unclaimed = await buyer.post(f"{path}/agree", {"fee_fen": 3_000_001})
    assert (unclaimed.status_code, unclaimed.json()["code"]) == (409, "fee_not_claimed")
    assert (await buyer.post(f"{path}/claim", claim)).status_code == 404
    assert (await broker.ok("POST", f"{path}/claim", claim))["fee_fen"] == 3_000_001
    other = await buyer.post(f"{path}/agree", {"fee_fen": 3_000_000})
    assert (other.json()["code"], other.json()["claimed_fen"]) == ("fee_not_claimed", 3_000_001)
    before = (await sums(market))["broker_fee"]
    agreed = await buyer.ok("POST", f"{path}/agree", {"fee_fen": 3_000_001})
    assert (agreed["basis"], agreed["amount_fen"]) == ("reasonable", 3_000_001)
    assert (await sums(market))["broker_fee"] == before + 3_000_001
    again = await broker.post(f"{path}/claim", claim)
    assert again.json()["code"] == "fee_not_open"


async def test_where_only_the_contract_names_the_broker_both_sides_bear_half(
    market: Market,
) -> None:
    """司法解释 39, rules.md V-3: the clause stands in the main contract alone, with no amount."""
    deal, who = await brokered(market)
    seller, buyer, broker = who["seller"], who["buyer"], who["buyers_broker"]
    await flow.make_public(market, deal)
    [contract] = (await seller.ok("GET", f"/contracts?deal_id={deal['id']}"))["items"]
    path = f"/contracts/{contract['id']}"
    tag = (await seller.get(path)).headers["etag"]
    stranger = await seller.patch(path, {"intermediary_id": str(buyer.organisation_id)}, tag)
    assert (stranger.status_code, stranger.json()["code"]) == (422, "not_a_broker")
    named = await seller.patch(path, {"intermediary_id": str(broker.organisation_id)}, tag)
    assert "由双方平均承担" in named.json()["text"]
    await flow.contract_of(market, deal, seller, buyer)
    shares = (await broker.ok("GET", "/commissions"))["items"]
    assert [(one["basis"], one["share_bp"]) for one in shares] == [("main_contract", 5_000)] * 2
    assert {one["client_id"] for one in shares} == {
        str(seller.organisation_id),
        str(buyer.organisation_id),
    }
    claim = {"fee_fen": 3_000_001, "grounds": "促成交易"}
    await broker.ok("POST", f"/commissions/{shares[0]['id']}/claim", claim)
    amounts = []
    for payer in (seller, buyer):
        owed = [
            one
            for one in (await payer.ok("GET", "/commissions"))["items"]
            if one["broker_id"] == str(broker.organisation_id)
        ]
        agreed = await payer.ok(
            "POST", f"/commissions/{owed[0]['id']}/agree", {"fee_fen": 3_000_001}
        )
        amounts.append(agreed["amount_fen"])
    assert sorted(amounts) == [1_500_000, 1_500_001]
    # The seller's own broker has what it agreed on: the clause is not about it.
    [theirs] = (await who["sellers_broker"].ok("GET", "/commissions"))["items"]
    assert (theirs["basis"], theirs["share_bp"]) == ("agreement", 10_000)
    assert (await sums(market))["broker_fee"] == 3_000_001 + theirs["amount_fen"]


async def test_the_broker_of_a_listing_that_is_auctioned_earns_too(market: Market) -> None:
    """For every deal that it brings about, also one that the bidding found."""
    seller, bidder = await market.join("enterprise"), await market.join("enterprise")
    for_seller, _ = await engaged(market, seller, await market.join("broker"))
    machine, _ = await engaged(market, bidder, await market.join("broker"))
    achievement = await flow.post_achievement(market, seller)
    listing = await flow.open_listing(market, for_seller, achievement, deposit_fen=0)
    operator = await market.admin()
    await flow.qualify(market, operator, listing, machine)
    auction = await flow.open_auction(market, listing)
    assert (await flow.bid(machine, auction, flow.START_FEN)).status_code == 201
    await flow.close_auction(market, auction)
    deal = await flow.deal_of(market, auction)
    for client in (seller, bidder):
        promised = await own(client)
        assert (promised["deal_id"], promised["negotiation_id"]) == (deal["id"], None)
        assert (promised["state"], promised["client_id"]) == (
            "pending",
            str(client.organisation_id),
        )


async def test_a_broker_for_both_sides_needs_both_consents(market: Market) -> None:
    made, seller, buyer = await talks(market)
    broker = await market.join("broker")
    for_seller, _ = await engaged(market, seller, broker)
    for_buyer, _ = await engaged(market, buyer, broker)
    path = f"/negotiations/{made['id']}/offers"
    body = {"terms": flow.terms(PRICE), "valid_until": made["expires_at"]}
    await for_seller.ok("POST", path, body)
    consent = {"listing_id": made["listing_id"], "broker_id": str(broker.organisation_id)}
    missing = [["seller", "buyer"], ["buyer"]]
    for client, expected in zip((seller, buyer), missing, strict=True):
        before = await rows(market, "negotiation", "negotiation_offer")
        refused = await for_buyer.post(path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "broker_conflict")
        assert refused.json()["missing"] == expected
        assert await rows(market, "negotiation", "negotiation_offer") == before
        by_broker = await for_buyer.post("/broker-consents", consent)
        assert by_broker.json()["code"] == "not_the_client"
        await client.ok("POST", "/broker-consents", consent)
    assert (await for_buyer.ok("POST", path, body))["side"] == "buyer"


async def test_a_revoked_mandate_ends_the_brokers_part(market: Market) -> None:
    made, seller, _ = await talks(market)
    machine, mandate = await engaged(market, seller, await market.join("broker"))
    await machine.ok("GET", f"/negotiations/{made['id']}")
    await seller.ok("POST", f"/mandates/{mandate['id']}/revoke")
    assert (await machine.get(f"/negotiations/{made['id']}")).status_code == 403
    refused = await seller.post(
        "/commission-agreements", {"mandate_id": mandate["id"], "fixed_fen": 1}
    )
    assert refused.status_code == 404
