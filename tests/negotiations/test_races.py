"""Two acts at one moment, with real sessions: exactly one of them stands."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from typing import Any
from uuid import UUID

from app.kit.actor import Actor
from app.kit.errors import Problem
from app.negotiations import service
from app.negotiations.schemas import NewOffer
from tests import flow
from tests.market import Market, User
from tests.negotiations.test_negotiations import PRICE, talks

ROUNDS = 5


def trader(user: User, kind: str) -> Actor:
    return Actor(user.person_id, user.organisation_id, kind, frozenset({"trader"}))


async def outcome(act: Awaitable[Any]) -> str:
    try:
        await act
    except Problem as problem:
        return problem.code
    return "done"


async def test_two_acceptances_make_one_agreement(market: Market) -> None:
    made, seller, buyer = await talks(market)
    offer = await flow.offer(buyer, made, PRICE)
    now = await flow.market_now(market)

    async def accept() -> None:
        async with market.sessions() as session, session.begin():
            actor = trader(seller, "university")
            await service.accept(session, actor, UUID(made["id"]), UUID(offer["id"]), now)

    outcomes = await asyncio.gather(*(outcome(accept()) for _ in range(4)))
    assert sorted(outcomes) == ["done", "illegal_move", "illegal_move", "illegal_move"]
    await market.settle()
    deals = await market.anonymous.ok("GET", f"/deals?listing_id={made['listing_id']}")
    assert len(deals["items"]) == 1


async def test_of_an_acceptance_and_a_counter_offer_one_stands(market: Market) -> None:
    seen = set()
    for _ in range(ROUNDS):
        made, seller, buyer = await talks(market)
        offer = await flow.offer(buyer, made, PRICE)
        now = await flow.market_now(market)
        outcomes = await race(market, made, offer, seller, buyer, now)
        seen.add(outcomes)
        shown = await seller.ok("GET", f"/negotiations/{made['id']}")
        if outcomes == ("done", "illegal_move"):
            assert (shown["state"], shown["last_sequence"]) == ("agreed", 1)
        else:
            assert outcomes == ("offer_superseded", "done")
            assert (shown["state"], shown["last_sequence"]) == ("open", 2)
    assert seen <= {("done", "illegal_move"), ("offer_superseded", "done")}


async def race(
    market: Market,
    made: dict[str, Any],
    offer: dict[str, Any],
    seller: User,
    buyer: User,
    now: datetime,
) -> tuple[str, str]:
    """The seller accepts while the buyer, whose offer it is, makes another one."""
    negotiation_id = UUID(made["id"])

    async def accept() -> None:
        async with market.sessions() as session, session.begin():
            actor = trader(seller, "university")
            await service.accept(session, actor, negotiation_id, UUID(offer["id"]), now)

    async def counter() -> None:
        new = NewOffer.model_validate(
            {"terms": flow.terms(PRICE + 1), "valid_until": made["expires_at"]}
        )
        async with market.sessions() as session, session.begin():
            actor = trader(buyer, "enterprise")
            await service.make_offer(session, actor, negotiation_id, new, now)

    first, second = await asyncio.gather(outcome(accept()), outcome(counter()))
    return first, second


async def test_one_party_opens_one_negotiation_at_a_time(market: Market) -> None:
    seller = await market.join("university")
    buyer = await market.join("enterprise")
    listing = await flow.open_listing(market, seller, negotiation="open")
    body = {"listing_id": listing["id"]}
    answers = await asyncio.gather(*(buyer.post("/negotiations", body) for _ in range(4)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201, 409, 409, 409], [answer.text for answer in answers]
    assert len((await buyer.ok("GET", "/negotiations"))["items"]) == 1
