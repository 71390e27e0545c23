"""Vectors and properties of the distribution of income (rules.md 1, 2.2)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.calendar import official_calendar
from app.kit.errors import Problem
from app.kit.money import share
from app.settlements import rules
from app.settlements.errors import (
    BelowFloor,
    ChiefWithoutEquity,
    LeaderUnexplained,
    ListTooShort,
    MainContributorsTooLittle,
    NamedTwice,
    NotAnInventor,
    OwnsPart,
    RouteMismatch,
    SharesWithoutStaff,
    TooMuch,
    TransferOfficeTooLittle,
    YearNotInPlan,
    YearNotOver,
    YearsOutOfRange,
)
from app.settlements.rules import Member, Plan, Recipient, Standing
from app.settlements.states import Basis, Leader, MemberRole, Route

YUAN = 100
NATIONAL, BEIJING, SHANGHAI, ZHEJIANG, SHANDONG = (
    rules.rule_set_on(region, date(2026, 3, 2))
    for region in ("420106", "110108", "310115", "330106", "370102")
)
TV_A1 = {
    "maintenance": 60_000 * YUAN,
    "appraisal": 80_000 * YUAN,
    "exchange_fee": 120_000 * YUAN,
    "brokerage": 240_000 * YUAN,
    "taxes": 48_000 * YUAN,
}
CALENDAR = official_calendar()


def test_the_institutions_province_and_the_day_pick_the_rules() -> None:
    assert [found.id for found in (NATIONAL, BEIJING, SHANGHAI, ZHEJIANG, SHANDONG)] == [
        "DIST_CN_2015",
        "DIST_BJ_2020",
        "DIST_SH_2017",
        "DIST_ZJ_2021",
        "DIST_SD_2018",
    ]
    assert rules.rule_set_on("330106", date(2020, 12, 31)).id == "DIST_CN_2015"
    with pytest.raises(LookupError):
        rules.rule_set_on("330106", date(2015, 9, 30))
    assert "valid_from" in ZHEJIANG.verify
    assert "A-26" not in ZHEJIANG.verify
    assert rules.known_rule_set("DIST_SH_2017") == SHANGHAI


def test_tv_a1_net_income() -> None:
    for found in rules.rule_sets():
        assert rules.net_income(8_000_000 * YUAN, TV_A1, found) == 7_452_000 * YUAN


def test_formulas_differ_in_what_they_deduct() -> None:
    costs = {"negotiation": 1_000, "research": 20_000, "public_research": 300_000}
    assert rules.net_income(1_000_000, costs, NATIONAL) == 1_000_000
    assert rules.net_income(1_000_000, costs, SHANGHAI) == 1_000_000
    assert rules.net_income(1_000_000, costs, SHANDONG) == 1_000_000
    assert rules.net_income(1_000_000, costs, BEIJING) == 999_000
    # Zhejiang: all costs, but public money spent on the research is none.
    assert rules.net_income(1_000_000, costs, ZHEJIANG) == 979_000
    assert rules.net_income(1, {"taxes": 2}, NATIONAL) == 0


def test_tv_a2_and_a3_rewards() -> None:
    net = 7_452_000 * YUAN
    assert rules.at_least(net, NATIONAL.transfer_floor_bp) == 3_726_000 * YUAN
    reward = rules.at_least(net, ZHEJIANG.transfer_floor_bp)
    assert reward == 5_216_400 * YUAN
    assert rules.at_least(reward, NATIONAL.main_floor_bp) == 2_608_200 * YUAN
    assert rules.at_least(reward, ZHEJIANG.main_floor_bp) == 3_651_480 * YUAN
    assert rules.at_least(reward, ZHEJIANG.office_floor_bp) == 260_820 * YUAN
    assert rules.at_least(net, SHANDONG.office_fund_bp) == 745_200 * YUAN


def test_tv_a4_equity() -> None:
    assert rules.staff_shares(10_000_000, 2_000, 5_000) == (2_000_000, 1_000_000)
    with pytest.raises(SharesWithoutStaff):
        rules.staff_shares(4, 2_000, 5_000)


@pytest.mark.parametrize(
    ("profit", "reward"),
    [(0, 0), (3_000_000, 150_000), (5_200_000, 260_000), (-1_000_000, 0)],
)
def test_tv_a5_own_implementation(profit: int, reward: int) -> None:
    assert rules.own_reward(profit * YUAN, 500) == reward * YUAN


def test_tv_a6_splits() -> None:
    equal = [Recipient(1, False, 0)] * 3
    assert rules.split_reward(10_000_000, equal) == [3_333_334, 3_333_333, 3_333_333]
    unequal = [
        Recipient(weight, main, 0)
        for weight, main in ((50, True), (30, False), (13, False), (7, False))
    ]
    assert rules.split_reward(521_640_000, unequal) == [
        260_820_000,
        156_492_000,
        67_813_200,
        36_514_800,
    ]


def member(name: str = "张三", weight: int = 100, **change: Any) -> Member:
    values: dict[str, Any] = {
        "role": MemberRole.INVENTOR,
        "main": True,
        "leader": Leader.NONE,
        "post": "",
        "contribution": "",
    }
    return Member(name=name, weight=weight, **values | change)


def plan(**change: Any) -> Plan:
    values: dict[str, Any] = {
        "route": Route.TRANSFER,
        "basis": Basis.UNIT_RULE,
        "contract_class": "transfer",
        "reward_bp": 7_000,
        "office_fund_bp": 0,
        "years": None,
        "days": 15,
        "members": (member(),),
    }
    return Plan(**values | change)


def refused(
    found: Plan,
    kind: type[Problem],
    by: rules.RuleSet = NATIONAL,
    *,
    public_unit: bool = True,
    inventors: tuple[str, ...] = (),
    co_owners: tuple[str, ...] = (),
) -> dict[str, Any]:
    with pytest.raises(kind) as refusal:
        rules.check_plan(
            found, by, public_unit=public_unit, inventors=inventors, co_owners=co_owners
        )
    return refusal.value.facts


def accepted(found: Plan, by: rules.RuleSet = NATIONAL, *, public_unit: bool = True) -> None:
    rules.check_plan(found, by, public_unit=public_unit, inventors=(), co_owners=())


def test_tv_a7_a_rule_below_the_floor() -> None:
    low = plan(reward_bp=4_500)
    facts = refused(low, BelowFloor)
    assert (facts["given_bp"], facts["floor_bp"]) == (4_500, 5_000)
    assert facts["source"] == "促进科技成果转化法 45"
    accepted(low, public_unit=False)
    # Without a rule or an agreement the statutory default holds for a company too.
    refused(plan(reward_bp=4_500, basis=Basis.STATUTORY), BelowFloor, public_unit=False)


@pytest.mark.parametrize(
    ("by", "route", "contract_class", "floor_bp"),
    [
        (NATIONAL, Route.TRANSFER, "transfer", 5_000),
        (BEIJING, Route.TRANSFER, "license", 5_000),
        (SHANGHAI, Route.EQUITY, "transfer", 5_000),
        (ZHEJIANG, Route.TRANSFER, "transfer", 7_000),
        (ZHEJIANG, Route.EQUITY, "transfer", 7_000),
        (ZHEJIANG, Route.OWN_IMPLEMENTATION, None, 500),
        (SHANDONG, Route.TRANSFER, "license", 7_000),
        (SHANDONG, Route.OWN_IMPLEMENTATION, None, 1_000),
        (BEIJING, Route.TRANSFER, "service", 2_000),
    ],
)
def test_floors_of_the_provinces(
    by: rules.RuleSet, route: Route, contract_class: str | None, floor_bp: int
) -> None:
    office = member("王五", 10, role=MemberRole.TRANSFER_OFFICE, main=False)
    lowest = plan(
        route=route,
        contract_class=contract_class,
        reward_bp=floor_bp,
        years=3,
        members=(member(weight=90), office),
    )
    accepted(lowest, by)
    below = Plan(
        **{name: getattr(lowest, name) for name in Plan.__dataclass_fields__}
        | {"reward_bp": floor_bp - 1}
    )
    assert refused(below, BelowFloor, by)["floor_bp"] == floor_bp


def test_parts_of_main_contributors_and_of_the_transfer_office() -> None:
    helper = member("李四", 51, main=False)
    assert refused(plan(members=(member(weight=49), helper)), MainContributorsTooLittle) == {
        "given_bp": 4_900,
        "floor_bp": 5_000,
    }
    accepted(plan(members=(member(weight=49), helper)), public_unit=False)
    facts = refused(plan(), TransferOfficeTooLittle, ZHEJIANG)
    assert facts == {"given_bp": 0, "floor_bp": 500}
    refused(plan(reward_bp=9_001, office_fund_bp=1_000), TooMuch, SHANDONG)


def test_leaders_are_explained_and_chiefs_get_no_equity() -> None:
    chief = member(leader=Leader.CHIEF, post="校长", contribution="发明专利第一完成人")
    accepted(plan(members=(chief,)))
    refused(plan(route=Route.EQUITY, members=(chief,)), ChiefWithoutEquity)
    deputy = member(leader=Leader.DEPUTY, post="副校长", contribution="负责工艺")
    accepted(plan(route=Route.EQUITY, members=(deputy,)))
    for missing in ({"post": ""}, {"contribution": ""}):
        silent = member(
            **{"leader": Leader.DEPUTY, "post": "副校长", "contribution": "x"} | missing
        )
        refused(plan(members=(silent,)), LeaderUnexplained)


def test_who_can_be_on_the_list() -> None:
    refused(plan(members=(member(), member(weight=1))), NamedTwice)
    refused(plan(), NotAnInventor, inventors=("李四",))
    refused(plan(), OwnsPart, co_owners=("张三",))
    helper = member("王五", 100, role=MemberRole.CONTRIBUTOR)
    rules.check_plan(
        plan(members=(helper,)), NATIONAL, public_unit=True, inventors=("李四",), co_owners=()
    )


def test_days_years_and_routes() -> None:
    assert refused(plan(days=14), ListTooShort) == {"given": 14, "minimum": 15}
    for years in (None, 2, 6):
        refused(
            plan(route=Route.OWN_IMPLEMENTATION, years=years, contract_class=None),
            YearsOutOfRange,
        )
    today = date(2026, 3, 2)
    rules.check_year(2025, 2023, 3, today)
    with pytest.raises(YearNotInPlan):
        rules.check_year(2026, 2023, 3, date(2027, 1, 1))
    with pytest.raises(YearNotOver):
        rules.check_year(2026, 2024, 3, today)
    rules.check_route(Route.EQUITY, "equity_contribution")
    for route, mode in ((Route.EQUITY, "assign"), (Route.TRANSFER, "equity_contribution")):
        with pytest.raises(RouteMismatch):
            rules.check_route(route, mode)


def test_bonus_of_a_patent() -> None:
    assert rules.patent_bonus("patent.invention") == 4_000 * YUAN
    assert rules.patent_bonus("patent.design") == 1_500 * YUAN


def test_terms_end_on_working_days() -> None:
    # 31 August + 6 months is 28 February, a make-up working Saturday in 2026.
    assert rules.payment_due(date(2025, 8, 31), ZHEJIANG, None, CALENDAR).day == date(2026, 2, 28)
    assert rules.payment_due(date(2025, 8, 1), ZHEJIANG, 2, CALENDAR).day == date(2025, 10, 9)
    assert rules.idle_due(date(2025, 2, 17), BEIJING, CALENDAR).day == date(2026, 2, 24)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2025-09-01", "2025-09-16"),
        ("2025-08-01", "2025-08-18"),
        ("2025-09-16", "2025-10-09"),
        ("2025-09-22", "2025-10-09"),
        ("2025-01-13", "2025-02-05"),
        ("2026-02-02", "2026-02-24"),
    ],
)
def test_lists_stand_as_tv_t1_to_t6_count(start: str, end: str) -> None:
    begun = datetime.fromisoformat(start + "T02:00:00+00:00").astimezone(UTC)
    period = rules.list_period(begun, 15, CALENDAR)
    assert period.counts_from == date.fromisoformat(start)
    assert period.ends_at.isoformat() == f"{end}T16:00:00+00:00"


amounts = st.lists(st.integers(1, 10**11), min_size=1, max_size=6)
weights = st.lists(st.tuples(st.integers(1, 997), st.booleans()), min_size=1, max_size=6)


@given(amounts, weights)
def test_parts_of_instalments_sum_and_follow_the_weights(
    pools: list[int], people: list[tuple[int, bool]]
) -> None:
    given_so_far = [0] * len(people)
    whole = sum(weight for weight, _ in people)
    for number, pool in enumerate(pools, start=1):
        recipients = [
            Recipient(weight, main, had)
            for (weight, main), had in zip(people, given_so_far, strict=True)
        ]
        parts = rules.split_reward(pool, recipients)
        assert sum(parts) == pool
        assert min(parts) >= 0
        given_so_far = [had + part for had, part in zip(given_so_far, parts, strict=True)]
        total = sum(pools[:number])
        main = sum(had for had, (_, is_main) in zip(given_so_far, people, strict=True) if is_main)
        main_weight = sum(weight for weight, is_main in people if is_main)
        assert main * whole >= total * main_weight
        for had, (weight, _) in zip(given_so_far, people, strict=True):
            assert abs(had * whole - total * weight) < 3 * whole


@given(st.integers(0, 10**13), st.lists(st.integers(1, 997), min_size=1, max_size=8))
def test_one_reward_is_split_by_largest_remainder(pool: int, shares: list[int]) -> None:
    recipients = [Recipient(weight, False, 0) for weight in shares]
    assert rules.split_reward(pool, recipients) == share(pool, shares)


@given(
    amounts,
    st.dictionaries(st.sampled_from(sorted(ZHEJIANG.deducted)), st.integers(0, 10**11)),
    st.integers(5_000, 9_000),
    st.sampled_from(rules.rule_sets()),
)
def test_instalments_add_up_to_the_whole_and_keep_the_floor(
    payments: list[int], costs: dict[str, int], reward_bp: int, by: rules.RuleSet
) -> None:
    standing = Standing(0, 0, 0)
    retained = 0
    for amount in payments:
        found = rules.distribute(amount, standing, costs, by, reward_bp, by.office_fund_bp)
        assert min(found.reward_fen, found.fund_fen, found.retained_fen) >= 0
        assert found.reward_fen + found.fund_fen + found.retained_fen == amount
        standing = Standing(
            standing.received_fen + amount,
            standing.reward_fen + found.reward_fen,
            standing.fund_fen + found.fund_fen,
        )
        retained += found.retained_fen
        net = rules.net_income(standing.received_fen, costs, by)
        assert standing.reward_fen * 10_000 >= net * reward_bp
        assert (standing.reward_fen - 1) * 10_000 < net * reward_bp
    at_once = rules.distribute(
        sum(payments), Standing(0, 0, 0), costs, by, reward_bp, by.office_fund_bp
    )
    assert (standing.reward_fen, standing.fund_fen, retained) == (
        at_once.reward_fen,
        at_once.fund_fen,
        at_once.retained_fen,
    )
    assert standing.received_fen == sum(payments)


def test_late_costs_take_nothing_back() -> None:
    first = rules.distribute(1_000, Standing(0, 0, 0), {}, NATIONAL, 5_000, 0)
    assert first.reward_fen == 500
    late = {"taxes": 600}
    second = rules.distribute(300, Standing(1_000, 500, 0), late, NATIONAL, 5_000, 0)
    assert (second.net_fen, second.reward_fen, second.retained_fen) == (700, 0, 300)
    third = rules.distribute(500, Standing(1_300, 500, 0), late, NATIONAL, 5_000, 0)
    assert (third.net_fen, third.reward_fen) == (1_200, 100)


def test_a_plan_that_is_succeeded_leaves_what_was_not_made_up_for() -> None:
    full = Standing(1_000, 500, 0)
    assert rules.carried(full, {}, NATIONAL, 5_000) == 0
    assert rules.carried(Standing(333, 167, 0), {}, NATIONAL, 5_000) == 0  # rounded up, no debt
    # 600 turned up after 1,000 had been rewarded: 400 are left of what was rewarded as 1,000.
    late = {"taxes": 600}
    assert rules.carried(full, late, NATIONAL, 5_000) == 600
    assert rules.carried(Standing(100, 0, 0), late, NATIONAL, 5_000) == 500
    next_ = {rules.CARRIED: 600}
    assert rules.distribute(300, Standing(0, 0, 0), next_, NATIONAL, 7_000, 0).reward_fen == 0
    assert rules.distribute(700, Standing(300, 0, 0), next_, NATIONAL, 7_000, 0).reward_fen == 280
