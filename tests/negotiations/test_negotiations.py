"""Negotiations over HTTP: opened, offered, answered, ended; and what follows."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests import flow
from tests.contracts.trades import rows
from tests.market import Market, User
from tests.notices import posted

TABLES = (
    "negotiation",
    "negotiation_offer",
    "negotiation_answer",
    "listing",
    "deal",
    "commission",
    "audit_event",
)
PRICE = flow.START_FEN
PART = [{"amount_fen": 1, "due": "验收后"}]


async def talks(market: Market, **terms: Any) -> tuple[dict[str, Any], User, User]:
    """A negotiation that a buyer opened, its seller and buyer."""
    seller = await market.join("university")
    buyer = await market.join("enterprise")
    listing = await flow.open_listing(market, seller, negotiation="open", **terms)
    body = {"listing_id": listing["id"], "message": "拟用于储能产品"}
    return await buyer.ok("POST", "/negotiations", body), seller, buyer


async def refused(market: Market, user: User, path: str, body: dict[str, Any]) -> tuple[int, str]:
    """The refusal of a POST, which must leave everything as it was."""
    before = await rows(market, *TABLES)
    response = await user.post(path, body)
    assert response.status_code >= 400, response.text
    assert await rows(market, *TABLES) == before
    return response.status_code, response.json()["code"]


async def test_offer_counter_offer_and_acceptance_make_the_deal(market: Market) -> None:
    made, seller, buyer = await talks(market)
    assert (made["origin"], made["floor_fen"], made["state"]) == ("buyer", PRICE, "open")
    path = f"/negotiations/{made['id']}"
    first = await flow.offer(buyer, made, PRICE)
    royalty = {"base": "net_sales", "rate_bp": 300, "minimum_fen": 5_000_000}
    second = await flow.offer(seller, made, PRICE, royalty=royalty, field_of_use="储能")
    assert (second["sequence"], second["committed_fen"]) == (2, PRICE + 5_000_000)
    stale = await refused(market, buyer, f"{path}/accept", {"offer_id": first["id"]})
    assert stale == (409, "offer_superseded")
    own = await refused(market, seller, f"{path}/accept", {"offer_id": second["id"]})
    assert own == (403, "own_offer")
    done = await buyer.ok("POST", f"{path}/accept", {"offer_id": second["id"]})
    assert (done["state"], done["agreed_fen"]) == ("agreed", PRICE + 5_000_000)
    await market.settle()
    [deal] = (await market.anonymous.ok("GET", f"/deals?listing_id={made['listing_id']}"))["items"]
    assert (deal["method"], deal["negotiation_id"]) == ("negotiation", made["id"])
    assert (deal["price_fen"], deal["state"]) == (PRICE + 5_000_000, "concluded")
    listing = await market.anonymous.ok("GET", f"/listings/{made['listing_id']}")
    assert listing["state"] == "awarded"
    [latest, earlier] = (await seller.ok("GET", f"{path}/offers"))["items"]
    assert (latest["accepted"], earlier["accepted"]) == (True, None)
    notice = await posted.in_effect(market, deal, seller, buyer)
    assert notice["state"] == "effective"
    contract = await flow.contract_of(market, deal, seller, buyer)
    assert (contract["state"], contract["payment_mode"]) == ("signed", "royalty_with_upfront")
    assert contract["terms"]["royalty"]["rate_bp"] == 300
    assert "储能" in contract["text"]


async def test_a_declined_offer_leaves_room_for_another(market: Market) -> None:
    made, seller, buyer = await talks(market)
    path = f"/negotiations/{made['id']}"
    first = await flow.offer(buyer, made, PRICE)
    body = {"offer_id": first["id"], "reason": "价格偏低"}
    await seller.ok("POST", f"{path}/decline", body)
    twice = await refused(market, seller, f"{path}/accept", {"offer_id": first["id"]})
    assert twice == (409, "offer_answered")
    second = await flow.offer(buyer, made, PRICE + 1)
    await seller.ok("POST", f"{path}/accept", {"offer_id": second["id"]})
    shown = (await buyer.ok("GET", f"{path}/offers?limit=1"))["items"]
    assert [one["sequence"] for one in shown] == [2]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"upfront_fen": PRICE - 1}, (422, "price_below_floor")),
        ({"exclusivity": "ordinary"}, (422, "exclusivity_not_listed")),
        ({"term_months": None}, (422, "term_wrong")),
        ({"royalty": {"base": "units"}}, (422, "royalty_wrong")),
        ({"upfront_fen": -1}, (422, "invalid_request")),
        ({"upfront_fen": 10**15, "instalments": PART}, (422, "invalid_request")),
    ],
)
async def test_terms_that_are_refused(
    market: Market, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    made, _, buyer = await talks(market)
    body = {"terms": flow.terms(PRICE) | change, "valid_until": made["expires_at"]}
    assert await refused(market, buyer, f"/negotiations/{made['id']}/offers", body) == expected


async def test_who_can_open_a_negotiation_on_what(market: Market) -> None:
    made, seller, buyer = await talks(market)
    body = {"listing_id": made["listing_id"]}
    assert await refused(market, buyer, "/negotiations", body) == (409, "already_negotiating")
    assert await refused(market, seller, "/negotiations", body) == (403, "own_listing")
    other = await market.join("university")
    assert await refused(market, other, "/negotiations", body) == (403, "not_a_negotiator")
    closed = await flow.open_listing(market, seller)
    asked = {"listing_id": closed["id"]}
    assert await refused(market, buyer, "/negotiations", asked) == (409, "not_negotiable")
    assert (await buyer.post("/negotiations", {"listing_id": str(uuid4())})).status_code == 404
    await flow.advance_to(market, closed["closes_at"])
    assert await refused(market, buyer, "/negotiations", body) == (409, "listing_not_open")


async def test_state_owned_assets_of_enterprises_are_not_open_to_negotiation(
    market: Market,
) -> None:
    seller = await market.join("enterprise")
    achievement = await flow.post_achievement(market, seller)
    body = {
        "achievement_id": achievement["id"],
        "transfer_mode": "license",
        "license_manner": "exclusive",
        "profile": "SOE_ASSET_100_1000",
        "disclosure_working_days": 10,
        "price_fen": PRICE,
        "increment_fen": flow.STEP_FEN,
        "negotiation": "open",
    }
    expected = (422, "negotiation_not_for_profile")
    assert await refused(market, seller, "/listings", body) == expected
    assert (await seller.post("/listings", body | {"negotiation": "one_bidder"})).status_code == 201


async def test_with_another_applicant_the_price_is_found_in_public(market: Market) -> None:
    made, seller, buyer = await talks(market)
    offer = await flow.offer(buyer, made, PRICE)
    await flow.apply(market, {"id": made["listing_id"]}, await market.join("enterprise"))
    path = f"/negotiations/{made['id']}/accept"
    code = await refused(market, seller, path, {"offer_id": offer["id"]})
    assert code == (409, "others_applied")


async def test_an_offer_and_a_negotiation_end_with_their_time(market: Market) -> None:
    made, seller, buyer = await talks(market)
    path = f"/negotiations/{made['id']}"
    until = await flow.market_now(market) + timedelta(hours=1)
    body = {"terms": flow.terms(PRICE), "valid_until": until.isoformat()}
    offer = await buyer.ok("POST", f"{path}/offers", body)
    await market.advance(hours=1)
    late = await refused(market, seller, f"{path}/accept", {"offer_id": offer["id"]})
    assert late == (409, "offer_expired")
    await flow.advance_to(market, made["expires_at"])
    assert (await buyer.ok("GET", path))["state"] == "expired"
    ended = await refused(market, seller, f"{path}/end", {"reason": "太晚"})
    assert ended == (409, "illegal_move")


async def one_bidder(market: Market) -> tuple[dict[str, Any], User, User]:
    """The negotiation that the platform opens when one bidder alone qualified."""
    seller = await market.join("university")
    listing = await flow.open_listing(market, seller, negotiation="one_bidder")
    bidder = await market.join("enterprise")
    await flow.qualify(market, await market.admin(), listing, bidder)
    await flow.advance_to(market, listing["closes_at"])
    [made] = (await bidder.ok("GET", "/negotiations"))["items"]
    return made, seller, bidder


async def test_one_qualified_bidder_agrees_at_the_base_price_at_least(market: Market) -> None:
    made, seller, bidder = await one_bidder(market)
    assert (made["origin"], made["floor_fen"]) == ("one_bidder", PRICE)
    below = {"terms": flow.terms(PRICE - 1), "valid_until": made["expires_at"]}
    path = f"/negotiations/{made['id']}"
    assert await refused(market, bidder, f"{path}/offers", below) == (422, "price_below_floor")
    offer = await flow.offer(bidder, made, PRICE)
    await seller.ok("POST", f"{path}/accept", {"offer_id": offer["id"]})
    await market.settle()
    [deal] = (await market.anonymous.ok("GET", f"/deals?listing_id={made['listing_id']}"))["items"]
    assert (deal["price_fen"], deal["method"]) == (PRICE, "negotiation")
    auctions = await market.anonymous.ok("GET", f"/auctions?listing_id={made['listing_id']}")
    assert auctions["items"] == []


@pytest.mark.parametrize("broken_off", [True, False])
async def test_without_agreement_the_listing_has_failed(market: Market, broken_off: bool) -> None:
    made, seller, bidder = await one_bidder(market)
    path = f"/negotiations/{made['id']}"
    if broken_off:
        await bidder.ok("POST", f"{path}/end", {"reason": "资金安排变化"})
    else:
        await flow.advance_to(market, made["expires_at"])
    shown = await seller.ok("GET", path)
    assert shown["state"] == ("ended" if broken_off else "expired")
    listing = await market.anonymous.ok("GET", f"/listings/{made['listing_id']}")
    assert listing["state"] == "failed"


async def test_with_two_bidders_there_is_an_auction_whatever_the_seller_chose(
    market: Market,
) -> None:
    auction, _, _ = await flow.start_auction(market, bidders=2, negotiation="one_bidder")
    assert auction["state"] == "open"


async def test_the_database_keeps_offers_answers_and_agreements(market: Market) -> None:
    made, seller, buyer = await talks(market)
    old = await flow.offer(buyer, made, PRICE)
    await flow.offer(seller, made, PRICE)
    answer = (
        "INSERT INTO negotiation_answer (id, offer_id, accepted, side, person_id, answered_at)"
        " SELECT uuidv7(), '{offer}', true, '{side}', person_id, market_now()"
        " FROM negotiation_offer LIMIT 1"
    )
    for statement in (
        "UPDATE negotiation_offer SET committed_fen = 0",
        "DELETE FROM negotiation_offer",
        "UPDATE negotiation SET state = 'agreed', agreed_at = now(), agreed_fen = floor_fen",
        answer.format(offer=old["id"], side="seller"),
        answer.format(offer=old["id"], side="buyer"),
        "INSERT INTO negotiation_offer SELECT (jsonb_populate_record(o, jsonb_build_object('id',"
        " uuidv7(), 'sequence', 3))).* FROM negotiation_offer o LIMIT 1",
    ):
        async with market.sessions() as session:
            with pytest.raises(DBAPIError, match=r"append-only|fit|accepted"):
                await session.execute(text(statement))
