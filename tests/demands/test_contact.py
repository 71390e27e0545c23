"""Solutions are confidential; an accepted interest, and nothing else, opens contact."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.demands import service
from app.demands.errors import NotQualified
from app.kit import clock
from app.kit.actor import SYSTEM
from app.kit.errors import IllegalMove, NotFound
from tests.demands.steps import INTEREST, SOLUTION, broker_of, published, reachable
from tests.demands.test_flow import audit, count, mails
from tests.flow import market_now, post_achievement
from tests.market import Market, User

NOBODY = UUID("01980000-0000-7000-8000-000000000000")


async def listed(reader: User, demand: dict[str, Any]) -> list[dict[str, Any]]:
    found = await reader.ok("GET", f"/demands/{demand['id']}/solutions")
    return list(found["items"])


async def test_a_solution_is_read_by_the_demands_side_and_its_author_alone(market: Market) -> None:
    owner = await market.join("enterprise")
    broker = await broker_of(market, owner)
    author, other = await market.join("university"), await market.join("institute")
    demand = await published(market, broker)
    achievement = await post_achievement(market, author)
    path = f"/demands/{demand['id']}/solutions"
    made = await author.ok("POST", path, SOLUTION | {"achievement_id": achievement["id"]})
    assert made["achievement_id"] == achievement["id"]
    await other.ok("POST", path, SOLUTION | {"title": "另一方案"})
    for reader in (owner, broker):
        assert [row["title"] for row in await listed(reader, demand)] == [
            SOLUTION["title"],
            "另一方案",
        ]
    assert [row["title"] for row in await listed(author, demand)] == [SOLUTION["title"]]
    assert await listed(await market.join("enterprise"), demand) == []
    for row in await listed(await market.admin(), demand):
        hidden = ("title", "content", "price_fen", "months", "achievement_id", "reason")
        assert [row[name] for name in hidden] == [None] * len(hidden)
        assert row["author_name"]
    assert await listed(await market.join("regulator"), demand) == []
    assert (await market.anonymous.get(path)).status_code == 401
    await market.advance(days=400)
    assert [row["title"] for row in await listed(author, demand)] == [SOLUTION["title"]]


async def test_who_cannot_offer_a_solution(market: Market) -> None:
    owner = await market.join("enterprise")
    broker = await broker_of(market, owner)
    demand = await published(market, broker)
    path = f"/demands/{demand['id']}/solutions"
    author = await market.join("university")
    of_another = await post_achievement(market, await market.join("university"))
    await author.ok("POST", path, SOLUTION)
    before = await count(market, "demand_solution")
    tries = [
        (owner, {}, 403, "own_demand"),
        (broker, {}, 403, "own_demand"),
        (await market.join("broker"), {}, 403, "not_a_solver"),
        (author, {}, 409, "already_answered"),
        (await market.join("institute"), {"achievement_id": of_another["id"]}, 404, "not_found"),
        (await market.join("institute"), {"price_fen": 0}, 422, "invalid_request"),
    ]
    broker.on_behalf_of = None
    tries.append((broker, {}, 403, "own_demand"))
    for user, change, status, code in tries:
        answer = await user.post(path, SOLUTION | change)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    await market.advance(days=400)
    late = await (await market.join("institute")).post(path, SOLUTION)
    assert late.status_code == 404
    assert await count(market, "demand_solution") == before


async def test_solutions_are_shortlisted_refused_with_a_reason_and_withdrawn(
    market: Market,
) -> None:
    owner = await market.join("enterprise")
    demand = await published(market, owner)
    path = f"/demands/{demand['id']}/solutions"
    authors = [await market.join("university") for _ in range(3)]
    first, second, third = [
        f"{path}/{(await author.ok('POST', path, SOLUTION))['id']}" for author in authors
    ]
    await owner.ok("POST", first + "/decision", {"act": "shortlist"})
    bare = await owner.post(second + "/decision", {"act": "refuse"})
    assert (bare.status_code, bare.json()["code"]) == (422, "reason_required")
    refused = await owner.ok("POST", second + "/decision", {"act": "refuse", "reason": "指标不足"})
    assert (refused["state"], refused["reason"]) == ("refused", "指标不足")
    by_operator = await (await market.admin()).ok("POST", third + "/decision", {"act": "shortlist"})
    assert (by_operator["state"], by_operator["content"]) == ("shortlisted", None)
    assert (await authors[0].post(first + "/decision", {"act": "shortlist"})).status_code == 404
    assert (await authors[1].post(first + "/withdraw")).status_code == 404
    async with market.sessions() as session:
        found = await service.qualified_suppliers(session, UUID(demand["id"]))
    assert found == (authors[0].organisation_id, authors[2].organisation_id)
    await authors[2].ok("POST", third + "/withdraw")
    again = await owner.post(third + "/decision", {"act": "shortlist"})
    assert (again.status_code, again.json()["code"]) == (409, "illegal_move")
    async with market.sessions() as session:
        assert await service.qualified_suppliers(session, UUID(demand["id"])) == found[:1]


async def test_a_reverse_auction_is_recorded_for_those_who_are_shortlisted(
    market: Market,
) -> None:
    owner = await market.join("enterprise", "北京云岭新材料科技有限公司")
    demand = await published(market, owner, anonymous=True)
    demand_id = UUID(demand["id"])
    path = f"/demands/{demand['id']}"
    supplier, refused = await market.join("university"), await market.join("institute")
    for author in (supplier, refused):
        await author.ok("POST", f"{path}/solutions", SOLUTION)
    [first, _] = await listed(owner, demand)
    await owner.ok("POST", f"{path}/solutions/{first['id']}/decision", {"act": "shortlist"})
    now = await market_now(market)
    async with market.sessions() as session, session.begin():
        facts = await service.facts(session, demand_id)
        await service.record_failure(session, SYSTEM, demand_id, "no_bids", now)
    assert (facts.owner_id, facts.budget_fen, facts.state) == (
        owner.organisation_id,
        80_000_000,
        "published",
    )
    assert refused.organisation_id is not None
    assert supplier.organisation_id is not None
    async with market.sessions() as session, session.begin():
        with pytest.raises(NotQualified):
            await service.record_award(session, SYSTEM, demand_id, refused.organisation_id, 5, now)
        with pytest.raises(NotFound):
            await service.record_award(session, SYSTEM, NOBODY, NOBODY, 5, now)
    async with market.sessions() as session, session.begin():
        await service.record_award(
            session, SYSTEM, demand_id, supplier.organisation_id, 55_000_000, now
        )
    async with market.sessions() as session, session.begin():
        with pytest.raises(IllegalMove):
            await service.record_award(session, SYSTEM, demand_id, supplier.organisation_id, 1, now)
    won = await owner.ok("GET", path)
    assert (won["state"], won["awarded_fen"]) == ("matched", 55_000_000)
    public = await market.anonymous.ok("GET", path)
    assert (public["state"], public["awarded_fen"], public["owner_id"]) == ("matched", None, None)
    assert (await supplier.ok("GET", path))["owner_name"] == "北京云岭新材料科技有限公司"
    assert (await refused.ok("GET", path))["owner_name"] is None
    assert (await audit(market, demand["id"]))[-2:] == ["demand.fail", "demand.award"]


async def test_contact_opens_through_the_advisers_when_the_interest_is_accepted(
    market: Market,
) -> None:
    owner = await market.join("enterprise", "北京云岭新材料科技有限公司")
    broker = await broker_of(market, owner)
    broker.on_behalf_of, client = None, broker.on_behalf_of
    await reachable(broker, "broker@market.example")
    broker.on_behalf_of = client
    demand = await published(market, broker, anonymous=True)
    path = f"/demands/{demand['id']}"
    team, stranger = await market.join("university", "某某大学"), await market.join("institute")
    await reachable(team, "team@market.example")
    sent = await team.ok("POST", f"{path}/interests", INTEREST)
    assert (sent["state"], sent["owner_id"], sent["owner_adviser"]) == ("expressed", None, None)
    [received] = (await owner.ok("GET", "/interests?box=received"))["items"]
    assert (received["party_name"], received["party_adviser"]) == ("某某大学", None)
    assert received["owner_name"] == "北京云岭新材料科技有限公司", "the owner knows itself"
    [mine] = (await team.ok("GET", f"/interests?demand_id={demand['id']}"))["items"]
    assert "云岭" not in str(mine)
    assert (await team.ok("GET", path))["owner_id"] is None
    twice = await team.post(f"{path}/interests", INTEREST)
    assert (twice.status_code, twice.json()["code"]) == (409, "already_answered")
    where = f"/interests/{sent['id']}"
    for reader in (stranger, await market.admin()):
        assert (await reader.get(where)).status_code == 404
    for user in (team, stranger):
        assert (await user.post(where + "/decision", {"act": "accept"})).status_code == 404
    opened = await broker.ok("POST", where + "/decision", {"act": "accept"})
    assert opened["party_adviser"] == {
        "organisation_id": str(team.organisation_id),
        "organisation_name": "某某大学",
        "person_name": "负责人",
        "contact": "team@market.example",
    }
    seen = await team.ok("GET", where)
    assert seen["owner_name"] == "北京云岭新材料科技有限公司"
    assert seen["owner_adviser"]["organisation_name"] == "某某技术经纪事务所"
    assert seen["owner_adviser"]["contact"] == "broker@market.example"
    assert (await team.ok("GET", path))["owner_id"] == str(owner.organisation_id)
    assert (await stranger.ok("GET", path))["owner_id"] is None
    await market.settle()
    told = sorted(line for mail in mails(market) for line in mail.splitlines() if line[:3] == "To:")
    assert told == ["To: broker@market.example", "To: team@market.example"]
    assert not any("云岭" in mail for mail in mails(market))


async def test_when_the_mandate_has_ended_the_owner_speaks_for_itself(market: Market) -> None:
    owner = await market.join("enterprise", "钱塘数字科技有限公司")
    await reachable(owner, "owner@market.example")
    broker = await broker_of(market, owner)
    demand = await published(market, broker)
    team = await market.join("university")
    sent = await team.ok("POST", f"/demands/{demand['id']}/interests", INTEREST)
    [mandate] = await owner.ok("GET", "/mandates")
    await owner.ok("POST", f"/mandates/{mandate['id']}/revoke")
    await owner.ok("POST", f"/interests/{sent['id']}/decision", {"act": "accept"})
    adviser = (await team.ok("GET", f"/interests/{sent['id']}"))["owner_adviser"]
    assert (adviser["organisation_name"], adviser["contact"], adviser["person_name"]) == (
        "钱塘数字科技有限公司",
        "owner@market.example",
        "负责人",
    )


async def test_declined_and_withdrawn_interests_open_nothing_and_can_be_renewed(
    market: Market,
) -> None:
    owner = await market.join("enterprise", "北京云岭新材料科技有限公司")
    demand = await published(market, owner, anonymous=True)
    path = f"/demands/{demand['id']}"
    team = await market.join("university")
    first = await team.ok("POST", f"{path}/interests", INTEREST)
    where = f"/interests/{first['id']}/decision"
    bare = await owner.post(where, {"act": "decline"})
    assert (bare.status_code, bare.json()["code"]) == (422, "reason_required")
    await owner.ok("POST", where, {"act": "decline", "reason": "方向不符"})
    seen = await team.ok("GET", f"/interests/{first['id']}")
    assert (seen["state"], seen["reason"], seen["owner_id"]) == ("declined", "方向不符", None)
    assert (await owner.post(where, {"act": "accept"})).status_code == 409
    second = await team.ok("POST", f"{path}/interests", INTEREST)
    assert (await owner.post(f"/interests/{second['id']}/withdraw")).status_code == 404
    await team.ok("POST", f"/interests/{second['id']}/withdraw")
    assert (await team.ok("GET", path))["owner_id"] is None


async def test_interest_ends_with_its_deadline(market: Market) -> None:
    owner = await market.join("enterprise")
    today = (await market_now(market)).date()
    demand = await published(market, owner, interest_deadline=today.isoformat())
    team = await market.join("university")
    await market.advance(days=2)
    late = await team.post(f"/demands/{demand['id']}/interests", INTEREST)
    assert (late.status_code, late.json()["code"]) == (409, "demand_not_open")
    await team.ok("POST", f"/demands/{demand['id']}/solutions", SOLUTION)


async def test_an_interest_in_an_achievement_opens_contact_as_well(market: Market) -> None:
    poster, buyer = await market.join("university"), await market.join("enterprise")
    achievement = await post_achievement(market, poster)
    path = f"/achievements/{achievement['id']}/interests"
    own = await poster.post(path, INTEREST)
    assert (own.status_code, own.json()["code"]) == (403, "own_achievement")
    sent = await buyer.ok("POST", path, INTEREST | {"cooperation": "license"})
    assert (sent["achievement_id"], sent["owner_adviser"]) == (achievement["id"], None)
    where = f"/interests/{sent['id']}"
    await poster.ok("POST", where + "/decision", {"act": "accept"})
    seen = await buyer.ok("GET", where)
    assert seen["owner_adviser"]["organisation_id"] == str(poster.organisation_id)
    assert seen["party_adviser"]["organisation_id"] == str(buyer.organisation_id)
    hidden = await poster.ok(
        "POST", "/achievements", {"title": "未发布", "technical_field": "new_materials"}
    )
    assert (
        await buyer.post(f"/achievements/{hidden['id']}/interests", INTEREST)
    ).status_code == 404


async def test_of_two_interests_at_once_one_is_kept(market: Market) -> None:
    owner, team = await market.join("enterprise"), await market.join("university")
    demand = await published(market, owner)
    path = f"/demands/{demand['id']}"
    answers = await asyncio.gather(
        *(team.post(f"{path}/interests", INTEREST) for _ in range(4)),
        *(team.post(f"{path}/solutions", SOLUTION) for _ in range(4)),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, *[409] * 6]
    assert (await count(market, "interest"), await count(market, "demand_solution")) == (1, 1)


async def test_expiry_by_two_processes_happens_once(market: Market) -> None:
    owner = await market.join("enterprise")
    demand = await published(market, owner)
    async with market.sessions() as session, session.begin():
        await session.execute(
            text("UPDATE demand SET expires_at = market_now() WHERE id = :id"),
            {"id": demand["id"]},
        )

    async def expire() -> None:
        async with market.sessions() as session, session.begin():
            await service.expire(session, UUID(demand["id"]), await clock.now(session))

    await asyncio.gather(*(expire() for _ in range(4)))
    assert (await audit(market, demand["id"])).count("demand.expire") == 1
