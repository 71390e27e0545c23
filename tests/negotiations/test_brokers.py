"""Brokers negotiate for clients with an API key and a mandate; conflicts and commissions."""

from dataclasses import replace
from typing import Any

from tests import flow
from tests.contracts.trades import rows
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
    for reader in (buyer, broker):
        [earned] = (await reader.ok("GET", "/commissions"))["items"]
        assert (earned["amount_fen"], earned["price_fen"]) == (5_000_000, PRICE)
    assert (await seller.ok("GET", "/commissions"))["items"] == []


async def test_without_an_agreed_fee_the_amount_stays_open(market: Market) -> None:
    made, seller, buyer = await talks(market)
    machine, _ = await engaged(market, seller, await market.join("broker"))
    offer = await flow.offer(buyer, made, PRICE)
    await machine.ok("POST", f"/negotiations/{made['id']}/accept", {"offer_id": offer["id"]})
    [earned] = (await seller.ok("GET", "/commissions"))["items"]
    assert (earned["amount_fen"], earned["agreement_id"]) == (None, None)


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
