"""Plans, their lists, and the distribution of income, as institutions see them over HTTP."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kit.actor import Actor
from app.kit.calendar import local_day
from app.kit.errors import IllegalMove
from app.settlements import distributing
from app.settlements.schemas import PartPayment
from tests import flow
from tests.contracts.trades import audited, concluded, rows, signed
from tests.market import Market
from tests.settlements import stories

YUAN = 100
TV_A1 = {
    "maintenance": 60_000,
    "appraisal": 80_000,
    "exchange_fee": 120_000,
    "brokerage": 240_000,
    "taxes": 48_000,
    "public_research": 9_000_000,
}
TV_A6 = {"张三": 2_608_200, "李四": 1_564_920, "王五": 678_132, "赵六": 365_148}


async def balances(market: Market, owner: Any) -> dict[str, int]:
    """The sums of an institution's accounts by kind; the whole ledger is balanced."""
    async with market.sessions() as session:
        assert (
            await session.execute(text("SELECT sum(balance_fen) FROM ledger_account"))
        ).scalar_one() == 0
        found = await session.execute(
            text(
                "SELECT kind, sum(balance_fen)::bigint AS sum FROM ledger_account"
                " WHERE owner_id = :owner GROUP BY kind"
            ),
            {"owner": owner},
        )
        return {row.kind: row.sum for row in found}


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_instalments_are_divided_so_that_they_add_up(market: Market) -> None:
    trade = await signed(market, price_fen=8_000_000 * YUAN)
    seller = trade.seller
    first = await stories.paid(market, trade, 3_000_000 * YUAN)
    low = await seller.post("/income-plans", stories.plan_of(trade, reward_bp=4_999))
    facts = refused(low, 422, "below_floor")
    assert (facts["floor_bp"], facts["rule_set"]) == (5_000, "DIST_BJ_2020")
    foreign = await trade.buyer.post("/income-plans", stories.plan_of(trade))
    assert foreign.status_code == 404
    plan = await stories.published(trade)
    assert (plan["rule_set"], plan["recommended_bp"]) == ("DIST_BJ_2020", 7_000)
    twice = await seller.post("/income-plans", stories.plan_of(trade))
    assert refused(twice, 409, "plan_exists")["plan_id"] == plan["id"]
    path = f"/income-plans/{plan['id']}"
    for kind, yuan in TV_A1.items():
        cost = {"kind": kind, "amount_fen": yuan * YUAN, "document": f"凭证 {kind}"}
        made = await seller.ok("POST", path + "/costs", cost)
        assert made["deducted"] is (kind != "public_research")
    [waiting] = await seller.ok("GET", path + "/incomes")
    assert (waiting["state"], waiting["payment_id"], waiting["parts"]) == (
        "received",
        first["id"],
        [],
    )
    await flow.advance_to(market, plan["ends_at"])
    await stories.paid(market, trade, 5_000_000 * YUAN)
    incomes = await seller.ok("GET", path + "/incomes")
    assert [one["state"] for one in incomes] == ["distributed", "distributed"]
    assert [one["net_fen"] for one in incomes] == [2_452_000 * YUAN, 7_452_000 * YUAN]
    assert sum(one["reward"] for one in incomes) == 5_216_400 * YUAN
    sums: dict[str, int] = {}
    for income in incomes:
        assert income["reward"] + income["fund"] + income["retained"] == income["amount"]
        assert sum(part["amount"] for part in income["parts"]) == income["reward"]
        for part in income["parts"]:
            sums[part["name"]] = sums.get(part["name"], 0) + part["amount"]
    assert sums == {name: yuan * YUAN for name, yuan in TV_A6.items()}
    assert await balances(market, seller.organisation_id) == {
        "income": -8_000_000 * YUAN,
        "income_share": 5_216_400 * YUAN,
        "income_retained": 2_783_600 * YUAN,
    }
    await _pay_all_but_one(market, trade, path, incomes)


async def _pay_all_but_one(
    market: Market, trade: stories.Trade, path: str, incomes: list[dict[str, Any]]
) -> None:
    seller = trade.seller
    today = local_day(await flow.market_now(market)).isoformat()
    *parts, last = [part for income in incomes for part in income["parts"]]
    paid = {"paid_on": today, "document": "银行回单 1"}
    early = paid | {"paid_on": "2020-01-01"}
    refused(await seller.post(f"{path}/parts/{last['id']}/pay", early), 422, "paid_out_of_time")
    for part in parts:
        done = await seller.ok("POST", f"{path}/parts/{part['id']}/pay", paid)
        assert (done["state"], done["document"]) == ("paid", "银行回单 1")
    before = await rows(market, "ledger_entry", "income_part")
    again = await seller.post(f"{path}/parts/{parts[0]['id']}/pay", paid)
    refused(again, 409, "illegal_move")
    assert await rows(market, "ledger_entry", "income_part") == before
    first, second = await seller.ok("GET", path + "/incomes")
    assert (first["state"], second["state"]) == ("paid", "distributed")
    kept = await balances(market, seller.organisation_id)
    assert kept["income_share"] == last["amount"]
    assert kept["income"] == -kept["income_share"] - kept["income_retained"]
    await flow.advance_to(market, second["due_at"])
    first, second = await seller.ok("GET", path + "/incomes")
    assert first["overdue_at"] is None
    assert datetime.fromisoformat(second["overdue_at"]) >= datetime.fromisoformat(second["due_at"])
    await market.settle()
    assert (await audited(market, second["id"])) == ["income.distribute", "income.overdue"]
    assert (await trade.buyer.get(path)).status_code == 404
    async with market.sessions() as session:
        for change in (
            "UPDATE income_part SET amount = amount + 1",
            "DELETE FROM income",
            "UPDATE income_plan SET reward_bp = 5000",
            "UPDATE income_plan_member SET weight = 1",
            "UPDATE income_cost SET amount_fen = 1",
        ):
            with pytest.raises(DBAPIError):
                await session.execute(text(change))
            await session.rollback()


async def test_a_list_is_objected_to_and_decided_by_someone_who_is_not_on_it(
    market: Market,
) -> None:
    trade = await concluded(market)
    early = await trade.seller.post("/income-plans", stories.plan_of(trade))
    refused(early, 409, "contract_not_signed")
    await trade.conclude()
    await trade.seller.ok("POST", "/income-plans", stories.plan_of(trade))
    [draft] = (await trade.seller.ok("GET", "/income-plans"))["items"]
    path = f"/income-plans/{draft['id']}"
    regulator = await market.join("regulator")
    assert (await regulator.get(path)).status_code == 404
    zhang = await stories.colleague(market, trade.seller)
    helper = await stories.colleague(market, trade.seller, "organisation_admin")
    people = [dict(stories.PEOPLE[0], person_id=str(zhang.person_id)), *stories.PEOPLE[1:]]
    edited = await trade.seller.patch(path, {"members": people}, f'"v{draft["version"]}"')
    assert edited.status_code == 200, edited.text
    short = await trade.seller.patch(path, {"days": 14}, edited.headers["etag"])
    refused(short, 422, "list_too_short")
    plan = await trade.seller.ok("POST", path + "/publish")
    assert plan["members"][0]["person_id"] == str(zhang.person_id)
    assert (await regulator.ok("GET", path))["state"] == "published"
    assert (await trade.buyer.post(path + "/objections", {"grounds": "x"})).status_code == 404
    await market.advance(days=3)
    made = await helper.ok("POST", path + "/objections", {"grounds": "贡献排序有误"})
    again = await helper.post(path + "/objections", {"grounds": "再次异议"})
    refused(again, 409, "objected_already")
    stopped = await trade.seller.ok("GET", path)
    assert (stopped["state"], stopped["days_left"], stopped["ends_at"]) == ("suspended", 13, None)
    await flow.advance_to(market, plan["ends_at"])
    assert (await trade.seller.ok("GET", path))["state"] == "suspended"
    decision = f"{path}/objections/{made['id']}/decision"
    reject = {"act": "reject", "reason": "贡献说明经学术委员会确认"}
    refused(await zhang.post(decision, reject), 403, "decides_own_share")
    refused(
        await trade.seller.post(decision, reject | {"reason": ""}),
        422,
        "settlement_reason_required",
    )
    await trade.seller.ok("POST", decision, reject)
    assert (await trade.seller.ok("GET", path))["state"] == "published"
    second = await zhang.ok("POST", path + "/objections", {"grounds": "遗漏贡献人员"})
    upheld = await trade.seller.ok(
        "POST",
        f"{path}/objections/{second['id']}/decision",
        {"act": "uphold", "reason": "补充一名贡献人员"},
    )
    assert upheld["state"] == "upheld"
    void = await trade.seller.get(path)
    assert (void.json()["state"], void.json()["closing_note"]) == ("void", "补充一名贡献人员")
    people.append({"name": "钱七", "role": "contributor", "weight": 1})
    less = await trade.seller.patch(path, {"members": people}, void.headers["etag"])
    assert refused(less, 422, "main_contributors_too_little")["given_bp"] == 4_950
    people[1] = dict(people[1], weight=29)
    changed = await trade.seller.patch(path, {"members": people}, void.headers["etag"])
    assert changed.status_code == 200
    anew = await trade.seller.ok("POST", path + "/publish")
    assert (anew["edition"], anew["days_left"], len(anew["members"])) == (2, 15, 5)
    await flow.advance_to(market, anew["ends_at"])
    assert (await trade.seller.ok("GET", path))["state"] == "effective"
    late = await helper.post(path + "/objections", {"grounds": "迟到"})
    refused(late, 409, "list_not_open")
    gone = await trade.seller.post(path + "/withdraw", {"reason": "x"})
    refused(gone, 409, "illegal_move")
    roleless = await stories.colleague(market, trade.seller, "organisation_admin")
    shown = await roleless.ok("GET", path + "/objections")
    assert [one["state"] for one in shown] == ["rejected", "upheld"]
    assert {one["grounds"] for one in shown} == {None}
    async with market.sessions() as session:
        editions = await session.execute(
            text("SELECT edition, jsonb_array_length(content->'members') FROM income_plan_edition")
        )
        assert sorted(map(tuple, editions)) == [(1, 4), (2, 5)]


async def test_profits_of_own_implementation_and_shares_of_a_company(market: Market) -> None:
    university = await market.join("university")
    plan = await stories.own_plan(market, university)
    path = f"/income-plans/{plan['id']}"
    years = ((2023, -1_000_000, 0), (2024, 3_000_000, 150_000), (2025, 5_200_000, 260_000))
    for year, profit, reward in years:
        body = {"year": year, "operating_profit_fen": profit * YUAN}
        income = await university.ok("POST", path + "/profits", body)
        assert income["reward"] == reward * YUAN
        assert income["state"] == ("distributed" if reward else "paid")
        assert [part["amount"] for part in income["parts"]] == [reward * YUAN][: bool(reward)]
    body = {"year": 2025, "operating_profit_fen": 1}
    refused(await university.post(path + "/profits", body), 409, "income_reported_already")
    body["year"] = 2022
    refused(await university.post(path + "/profits", body), 422, "year_not_in_plan")
    shares = {"total_shares": 1, "technology_bp": 1, "registered_on": "2026-01-05"}
    refused(await university.post(path + "/equity", shares), 422, "route_mismatch")
    assert (await balances(market, university.organisation_id))["income_share"] == 410_000 * YUAN

    trade = await signed(market, transfer_mode="equity_contribution", seller=university)
    wrong = await university.post("/income-plans", stories.plan_of(trade))
    refused(wrong, 422, "route_mismatch")
    chief = dict(stories.PEOPLE[0], leader="chief", post="校长", contribution="第一发明人")
    equity = {"route": "equity", "reward_bp": 5_000}
    refusal = await university.post(
        "/income-plans", stories.plan_of(trade, members=[chief], **equity)
    )
    refused(refusal, 422, "chief_without_equity")
    plan = await stories.published(trade, **equity)
    path = f"/income-plans/{plan['id']}"
    shares = {"total_shares": 10_000_000, "technology_bp": 2_000, "registered_on": "2026-01-05"}
    refused(await university.post(path + "/equity", shares), 409, "plan_not_effective")
    await flow.advance_to(market, plan["ends_at"])
    income = await university.ok("POST", path + "/equity", shares)
    assert (income["amount"], income["reward"], income["net_fen"]) == (2_000_000, 1_000_000, None)
    assert [part["amount"] for part in income["parts"]] == [500_000, 300_000, 130_000, 70_000]
    refused(await university.post(path + "/equity", shares), 409, "income_reported_already")
    today = local_day(await flow.market_now(market)).isoformat()
    given = {"paid_on": today, "document": "工商变更登记"}
    done = await university.ok("POST", f"{path}/parts/{income['parts'][0]['id']}/pay", given)
    assert done["state"] == "paid"
    assert (await balances(market, university.organisation_id))["income_share"] == 410_000 * YUAN


async def test_nothing_is_divided_or_paid_twice(market: Market) -> None:
    trade = await signed(market, price_fen=1_000_003)
    plan = await stories.in_effect(market, trade)
    await stories.paid(market, trade, 1_000_003)
    [income] = await trade.seller.ok("GET", f"/income-plans/{plan['id']}/incomes")
    actor = Actor(
        trade.seller.person_id,
        trade.seller.organisation_id,
        "university",
        roles=frozenset({"trader"}),
    )
    now = await flow.market_now(market)
    report = PartPayment(paid_on=local_day(now), document="回单")
    plan_id, part_id = UUID(plan["id"]), UUID(income["parts"][0]["id"])

    async def pay() -> str:
        async with market.sessions() as session:
            try:
                async with session.begin():
                    await distributing.pay(session, actor, plan_id, part_id, report)
            except IllegalMove:
                return "refused"
            return "paid"

    async def take_in() -> str:
        async with market.sessions() as session, session.begin():
            await distributing.take_in(session, UUID(trade.contract_id), now)
            return "taken"

    outcomes = await asyncio.gather(*(pay() for _ in range(4)), *(take_in() for _ in range(4)))
    assert sorted(outcomes) == ["paid"] + ["refused"] * 3 + ["taken"] * 4
    [after] = await trade.seller.ok("GET", f"/income-plans/{plan['id']}/incomes")
    assert after["parts"][0]["state"] == "paid"
    assert [part["amount"] for part in after["parts"]] == [
        part["amount"] for part in income["parts"]
    ]
    found = await balances(market, trade.seller.organisation_id)
    assert found["income_share"] == income["reward"] - income["parts"][0]["amount"]
    async with market.sessions() as session:
        for key in (f"income.pay:{part_id}", f"income.distribute:{income['id']}"):
            count = text("SELECT count(*) FROM ledger_entry WHERE key = :key")
            assert (await session.execute(count, {"key": key})).scalar_one() == 1


async def test_payments_that_race_are_each_divided_once(market: Market) -> None:
    """Many payments are on record before any is taken in; several workers take them in at once."""
    trade = await signed(market, price_fen=10**9)
    plan = await stories.in_effect(market, trade)
    today = local_day(await flow.market_now(market)).isoformat()
    amounts = [1, 7, 33_333, 100_001, 9]
    for amount in amounts:
        body = {"kind": "royalty", "amount_fen": amount, "received_on": today}
        made = await trade.seller.ok("POST", trade.path + "/payments", body)
        answer = f"{trade.path}/payments/{made['id']}/answer"
        await trade.buyer.ok("POST", answer, {"confirmed": True})
    now = await flow.market_now(market)

    async def take_in() -> None:
        async with market.sessions() as session, session.begin():
            await distributing.take_in(session, UUID(trade.contract_id), now)

    await asyncio.gather(*(take_in() for _ in range(5)))
    incomes = await trade.seller.ok("GET", f"/income-plans/{plan['id']}/incomes")
    assert sorted(one["amount"] for one in incomes) == sorted(amounts)
    whole = sum(amounts)
    reward = sum(one["reward"] for one in incomes)
    assert reward == -(-whole * 7 // 10)
    given: dict[str, int] = {}
    for income in incomes:
        assert sum(part["amount"] for part in income["parts"]) == income["reward"]
        for part in income["parts"]:
            given[part["name"]] = given.get(part["name"], 0) + part["amount"]
    assert sum(given.values()) == reward
    assert given["张三"] * 100 >= reward * 50
    for person in stories.PEOPLE:
        assert abs(given[person["name"]] * 100 - reward * person["weight"]) < 200


async def test_a_plan_in_effect_is_changed_by_one_that_succeeds_it(market: Market) -> None:
    trade = await signed(market, price_fen=10_000_000)
    seller = trade.seller
    plan = await stories.in_effect(market, trade)
    path = f"/income-plans/{plan['id']}"
    await stories.paid(market, trade, 1_000_000)
    [before] = await seller.ok("GET", path + "/incomes")
    cost = {"kind": "taxes", "amount_fen": 400_000, "document": "补缴税款"}
    await seller.ok("POST", path + "/costs", cost)
    low = await seller.post(path + "/successor", {"reward_bp": 4_999})
    refused(low, 422, "below_floor")
    people = [{"name": "张三", "role": "inventor", "main": True, "weight": 1}]
    new = await seller.ok("POST", path + "/successor", {"reward_bp": 8_000, "members": people})
    assert (new["state"], new["succeeds"], new["reward_bp"]) == ("draft", plan["id"], 8_000)
    assert new["basis_note"] == plan["basis_note"]
    twice = await seller.post(path + "/successor", {})
    assert refused(twice, 409, "plan_exists")["plan_id"] == new["id"]
    listed = await seller.ok("POST", f"/income-plans/{new['id']}/publish")
    # Until the new list has stood its days the earlier plan divides: it makes up for the tax first.
    await stories.paid(market, trade, 100_000)
    _, waiting = await seller.ok("GET", path + "/incomes")
    assert (waiting["state"], waiting["reward"]) == ("paid", 0)
    await flow.advance_to(market, listed["ends_at"])
    assert (await seller.ok("GET", path))["state"] == "superseded"
    now = await seller.ok("GET", f"/income-plans/{new['id']}")
    # 1,100,000 - 400,000 are left of 1,000,000 that were rewarded.
    assert (now["state"], now["carried_fen"]) == ("effective", 300_000)
    await stories.paid(market, trade, 500_000)
    [after] = await seller.ok("GET", f"/income-plans/{new['id']}/incomes")
    assert (after["net_fen"], after["reward"]) == (200_000, 160_000)
    assert [(part["name"], part["amount"]) for part in after["parts"]] == [("张三", 160_000)]
    assert (await seller.ok("GET", path + "/incomes"))[0] == before
    refused(await seller.post(path + "/costs", cost), 409, "illegal_move")
    part = before["parts"][0]
    today = local_day(await flow.market_now(market)).isoformat()
    given = {"paid_on": today, "document": "银行回单"}
    assert (await seller.ok("POST", f"{path}/parts/{part['id']}/pay", given))["state"] == "paid"
    refused(await seller.post(path + "/successor", {}), 409, "illegal_move")
    third = await seller.ok("POST", f"/income-plans/{new['id']}/successor", {})
    withdrawn = await seller.ok("POST", f"/income-plans/{third['id']}/withdraw", {})
    assert withdrawn["state"] == "withdrawn"
