"""Declared relations, and the conflicts that bar from bidding."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.kit.calendar import local_day
from app.kit.db import Sessions
from app.listings import service as listings
from app.parties import rules, service
from app.parties.rules import ControlEdge
from tests import flow
from tests.market import Market, User, credit_code


def edges(*steps: tuple[str, str]) -> list[ControlEdge]:
    """Steps of control upwards, with ids that count from 1."""
    return [ControlEdge(low, up, UUID(int=at)) for at, (low, up) in enumerate(steps, 1)]


def ids(*numbers: int) -> tuple[UUID, ...]:
    return tuple(UUID(int=number) for number in numbers)


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ([], None),
        ([("a", "b")], ids(1)),
        ([("b", "a")], ids(1)),
        ([("a", "x"), ("x", "b")], ids(1, 2)),
        ([("a", "x"), ("b", "x")], ids(1, 2)),
        ([("a", "x"), ("x", "y"), ("b", "z"), ("z", "y")], ids(1, 2, 3, 4)),
        ([("a", "b"), ("b", "a")], ids(1)),
        ([("a", "x"), ("b", "x"), ("a", "b")], ids(3)),
        ([("x", "a"), ("x", "b")], None),
        ([("a", "x"), ("b", "y")], None),
    ],
)
def test_control_is_one_over_the_other_or_a_third_over_both(
    steps: list[tuple[str, str]], path: tuple[UUID, ...] | None
) -> None:
    """The shortest way counts; two who control one company together are not linked by it."""
    assert rules.control_path(edges(*steps), "a", "b") == path


async def declare(user: User, of: User, kind: str, other: Any, **fields: Any) -> dict[str, Any]:
    """A relation that is declared over HTTP; `other` is a user or a credit code."""
    named = (
        {"other_credit_code": other}
        if isinstance(other, str)
        else {"other_id": str(other.organisation_id)}
    )
    body = {"kind": kind, "valid_from": "2020-01-01", "evidence": "国家企业信用信息公示系统"}
    path = f"/organisations/{of.organisation_id}/relations"
    made: dict[str, Any] = await user.ok("POST", path, body | named | fields)
    return made


async def codes(
    market: Market,
    seller: User,
    bidder: User,
    *,
    brokers: tuple[User, ...] = (),
    appraisers: tuple[User, ...] = (),
) -> list[str]:
    """Codes of the conflicts of a bidder, as another module asks for them."""
    now = await flow.market_now(market)
    async with market.sessions() as session:
        found = await service.conflicts(
            session,
            seller.organisation_id,
            bidder.organisation_id,
            broker_ids=[user.organisation_id for user in brokers],
            appraiser_ids=[user.organisation_id for user in appraisers],
            now=now,
        )
    return [conflict.code for conflict in found]


async def relation_rows(market: Market) -> int:
    async with market.sessions() as session:
        rows = await session.execute(text("SELECT count(*) FROM party_relation"))
        return int(rows.scalar_one())


async def test_a_relation_is_declared_seen_by_both_ends_and_ended(market: Market) -> None:
    owner, daughter = await market.join("enterprise"), await market.join("enterprise")
    made = await declare(owner, owner, "controls", daughter)
    path = f"/organisations/{owner.organisation_id}/relations"
    [seen] = (await owner.ok("GET", path))["items"]
    assert seen == made
    there = f"/organisations/{daughter.organisation_id}/relations"
    assert (await daughter.ok("GET", there))["items"] == [made]
    stranger = await market.join("enterprise")
    assert (await stranger.get(path)).status_code == 404
    regulator = await market.join("regulator")
    assert (await regulator.ok("GET", path))["items"] == [made]
    again = await owner.post(
        path,
        {
            "kind": "controls",
            "other_id": str(daughter.organisation_id),
            "valid_from": "2021-01-01",
            "evidence": "x",
        },
    )
    assert (again.status_code, again.json()["relation_id"]) == (409, made["id"])
    await owner.ok("DELETE", f"{path}/{made['id']}")
    twice = await owner.request("DELETE", f"{path}/{made['id']}")
    assert (twice.status_code, twice.json()["code"]) == (409, "relation_ended")
    [ended] = (await owner.ok("GET", path))["items"]
    assert ended["ended_at"] is not None
    async with market.sessions() as session:
        actions = await session.execute(
            text("SELECT action FROM audit_event WHERE object_id = :id ORDER BY id"),
            {"id": made["id"]},
        )
        assert list(actions.scalars()) == ["relation.declare", "relation.end"]


async def test_what_an_operator_declared_only_an_operator_ends(market: Market) -> None:
    operator, firm = await market.admin(), await market.join("enterprise")
    made = await declare(operator, firm, "controlled_by", credit_code())
    path = f"/organisations/{firm.organisation_id}/relations/{made['id']}"
    refused = await firm.request("DELETE", path)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_required")
    await operator.ok("DELETE", path)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"other_credit_code": None}, "bad_relation", "body.other_credit_code"),
        ({"other_credit_code": "91110000600037341A"}, "bad_credit_code", "body.other_credit_code"),
        ({"other_id": str(uuid4())}, "bad_relation", "body.other_credit_code"),
        (
            {"other_id": str(uuid4()), "other_credit_code": None},
            "bad_relation",
            "body.other_id",
        ),
        ({"valid_until": "2019-12-31"}, "bad_relation", "body.valid_until"),
        ({"achievement_id": str(uuid4())}, "bad_relation", "body.achievement_id"),
        ({"kind": "friends"}, "invalid_request", "body.kind"),
        ({"evidence": " "}, "invalid_request", "body.evidence"),
    ],
)
async def test_a_declaration_that_contradicts_itself_is_refused(
    market: Market, change: dict[str, Any], code: str, field: str
) -> None:
    firm = await market.join("enterprise")
    body = {
        "kind": "controls",
        "other_credit_code": credit_code(),
        "valid_from": "2020-01-01",
        "evidence": "章程",
    } | change
    refused = await firm.post(f"/organisations/{firm.organisation_id}/relations", body)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, code), problem
    assert problem["errors"][0]["field"] == field
    assert await relation_rows(market) == 0


async def test_nobody_is_related_to_itself(market: Market) -> None:
    firm = await market.join("enterprise")
    body = {
        "kind": "same_controller",
        "other_id": str(firm.organisation_id),
        "valid_from": "2020-01-01",
        "evidence": "x",
    }
    refused = await firm.post(f"/organisations/{firm.organisation_id}/relations", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_relation")
    assert await relation_rows(market) == 0


async def test_insiders_conflict_and_strangers_do_not(market: Market) -> None:
    seller, broker, bidder = [
        await market.join(kind) for kind in ("university", "broker", "enterprise")
    ]
    assert await codes(market, seller, bidder, brokers=(broker,)) == []
    assert await codes(market, seller, seller) == ["seller.same"]
    assert await codes(market, seller, broker, brokers=(broker,)) == ["broker.same"]
    assert await codes(market, seller, bidder, appraisers=(bidder,)) == ["appraiser.same"]
    assert await codes(market, seller, await market.admin()) == ["platform.same"]
    await declare(broker, broker, "controls", bidder)
    assert await codes(market, seller, bidder) == []
    assert await codes(market, seller, bidder, brokers=(broker,)) == ["broker.control"]


async def test_control_runs_over_any_number_of_steps_and_owners_unknown_here(
    market: Market,
) -> None:
    seller, between, bidder = [
        await market.join(kind) for kind in ("university", "enterprise", "enterprise")
    ]
    top = credit_code()
    chain = [
        await declare(seller, seller, "controlled_by", top),
        await declare(between, between, "same_controller", top),
        await declare(bidder, bidder, "controlled_by", between),
    ]
    assert await codes(market, seller, bidder) == ["seller.control"]
    now = await flow.market_now(market)
    async with market.sessions() as session:
        [found] = await service.conflicts(
            session,
            seller.organisation_id,
            bidder.organisation_id,
            broker_ids=[],
            appraiser_ids=[],
            now=now,
        )
        links = await service.control_links(
            session, [user.organisation_id for user in (seller, between, bidder)], now
        )
    assert found.evidence == {"relations": sorted(relation["id"] for relation in chain)}
    assert found.source == "拍卖法 art. 30"
    assert len(links) == 3
    path = f"/organisations/{between.organisation_id}/relations/{chain[1]['id']}"
    await between.ok("DELETE", path)
    assert await codes(market, seller, bidder) == []


async def test_a_relation_holds_from_its_first_to_its_last_day(market: Market) -> None:
    seller, bidder = await market.join("university"), await market.join("enterprise")
    today = local_day(await flow.market_now(market))
    tomorrow = (today + timedelta(days=1)).isoformat()
    await declare(bidder, bidder, "controls", seller, valid_from=tomorrow, valid_until=tomorrow)
    assert await codes(market, seller, bidder) == []
    await market.advance(days=1)
    assert await codes(market, seller, bidder) == ["seller.control"]
    await market.advance(days=1)
    assert await codes(market, seller, bidder) == []


async def test_relatives_bar_whichever_side_declared_them(market: Market) -> None:
    seller, first, second = [
        await market.join(kind) for kind in ("university", "enterprise", "enterprise")
    ]
    await declare(seller, seller, "close_relative", first)
    await declare(second, second, "close_relative", seller)
    assert await codes(market, seller, first) == ["seller.relative"]
    assert await codes(market, seller, second) == ["seller.relative"]
    assert await codes(market, first, second) == []


async def test_the_platforms_staff_and_their_relatives_do_not_bid(market: Market) -> None:
    seller = await market.join("university")
    operator = await market.join("exchange_operator")
    registrar = await market.seed("registration_office", ["registrar"])
    regulator = await market.join("regulator")
    employer, kin, owned, told, sister, owner = [await market.join("enterprise") for _ in range(6)]
    async with market.sessions() as session, session.begin():
        await session.execute(
            text(
                "INSERT INTO membership (id, person_id, organisation_id, roles)"
                " VALUES (uuidv7(), :person, :organisation, '{trader}')"
            ),
            {"person": operator.person_id, "organisation": employer.organisation_id},
        )
    await declare(registrar, registrar, "close_relative", kin)
    await declare(regulator, regulator, "controls", owned)
    await declare(told, told, "platform_staff", operator)
    parent = credit_code()
    await declare(operator, operator, "controlled_by", parent)
    await declare(sister, sister, "controlled_by", parent)
    await declare(owner, owner, "controls", operator)
    assert await codes(market, seller, sister) == ["platform.control"]
    assert await codes(market, seller, owner) == ["platform.control"]
    assert await codes(market, seller, employer) == ["platform.staff"]
    assert await codes(market, seller, kin) == ["platform.relative"]
    assert await codes(market, seller, owned) == ["platform.control"]
    assert await codes(market, seller, told) == ["platform.staff"]
    other = await registrar.post(
        f"/organisations/{employer.organisation_id}/relations",
        {"kind": "controls", "other_credit_code": credit_code(), "valid_from": "2020-01-01"}
        | {"evidence": "x"},
    )
    assert other.status_code == 404


async def test_an_application_of_a_related_bidder_is_refused_with_the_rule(market: Market) -> None:
    seller, bidder = await market.join("university"), await market.join("enterprise")
    listing = await flow.open_listing(market, seller)
    relation = await declare(seller, seller, "controls", bidder)
    path = f"/listings/{listing['id']}/applications"
    refused = await bidder.post(path, {"statement": "拟用于产业化"})
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (403, "bidder_barred")
    assert "(拍卖法 art. 30): it is under one control with the seller" in problem["detail"]
    assert problem["conflicts"] == [
        {
            "code": "seller.control",
            "source": "拍卖法 art. 30",
            "evidence": {"relations": [relation["id"]]},
        }
    ]
    operator = await market.admin()
    assert (await operator.ok("GET", path))["items"] == []


async def test_an_agent_related_to_the_seller_does_not_apply_for_its_client(
    market: Market,
) -> None:
    seller, broker, client = [
        await market.join(kind) for kind in ("university", "broker", "enterprise")
    ]
    listing = await flow.open_listing(market, seller)
    today = local_day(await flow.market_now(market)).isoformat()
    mandate = {"broker_id": str(broker.organisation_id), "scopes": ["trade"]}
    await client.ok("POST", "/mandates", mandate | {"valid_from": today, "valid_until": today})
    await declare(broker, broker, "broker_of", seller, listing_id=listing["id"])
    broker.on_behalf_of = client.organisation_id
    refused = await broker.post(f"/listings/{listing['id']}/applications", {"statement": "x"})
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (403, "own_listing")
    assert problem["conflicts"][0]["code"] == "broker.same"
    assert problem["party_id"] == str(broker.organisation_id)


async def test_an_operator_cannot_qualify_who_turned_out_to_be_the_appraiser(
    market: Market,
) -> None:
    seller, bidder, other = [
        await market.join(kind) for kind in ("university", "enterprise", "enterprise")
    ]
    achievement = await flow.post_achievement(market, seller)
    listing = await flow.open_listing(market, seller, achievement)
    application = await flow.apply(market, listing, bidder)
    operator = await market.admin()
    await declare(operator, bidder, "appraiser_of", seller, achievement_id=achievement["id"])
    await declare(operator, other, "appraiser_of", seller, achievement_id=str(uuid4()))
    path = f"/listings/{listing['id']}/applications/{application['id']}/decision"
    refused = await operator.post(path, {"act": "qualify"})
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (403, "bidder_barred")
    assert problem["rules"] == "法释〔2016〕18号 art. 34"
    [shown] = (await operator.ok("GET", f"/listings/{listing['id']}/applications"))["items"]
    assert shown["state"] == "submitted"
    await flow.qualify(market, operator, listing, other)
    now = await flow.market_now(market)
    async with market.sessions() as session:
        listing_id = UUID(listing["id"])
        assert bidder.organisation_id is not None
        assert other.organisation_id is not None
        found = await listings.bidder_conflicts(session, listing_id, bidder.organisation_id, now)
        assert [conflict.code for conflict in found] == ["appraiser.same"]
        assert not await listings.bidder_conflicts(session, listing_id, other.organisation_id, now)
    refusal = {"act": "refuse", "reason": "与评估机构为同一主体"}
    assert (await operator.ok("POST", path, refusal))["state"] == "refused"


async def test_the_database_keeps_a_sale_to_relations_about_one(sessions: Sessions) -> None:
    insert = text(
        "WITH o AS (INSERT INTO organisation (id, kind, name, credit_code, region_code)"
        " VALUES (uuidv7(), 'enterprise', 'x', 'x', '110108') RETURNING id)"
        " INSERT INTO party_relation (id, organisation_id, kind, other_credit_code, listing_id,"
        " valid_from, evidence, declared_by) SELECT uuidv7(), id, :kind, 'y', uuidv7(), now(),"
        " 'x', id FROM o"
    )
    async with sessions() as session, session.begin():
        await session.execute(insert, {"kind": "broker_of"})
    with pytest.raises(IntegrityError, match="ck_party_relation_subject"):
        async with sessions() as session, session.begin():
            await session.execute(
                text("UPDATE party_relation SET kind = :kind"), {"kind": "controls"}
            )
